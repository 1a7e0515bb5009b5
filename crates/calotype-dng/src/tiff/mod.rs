//! The container: byte order, directories, tags and their values.

mod endian;
pub mod tags;
mod value;

pub use endian::Endian;
pub use value::{FieldType, IfdEntry, Value};
