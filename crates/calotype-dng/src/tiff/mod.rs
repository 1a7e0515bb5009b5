//! The container: byte order, directories, tags and their values.

mod endian;
mod reader;
pub mod tags;
mod value;

pub use endian::Endian;
pub(crate) use reader::{Directory, Tiff};
pub use value::{FieldType, IfdEntry, Value};
