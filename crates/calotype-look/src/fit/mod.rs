//! Looks fitted from what people love.
//!
//! Three ways lead here: pairs of pictures of one scene before and after ([`examples`], then [`fit`]), somebody's table of
//! colours ([`fit_table`]), and one finished picture without its original ([`fit_reference`], soberly). What comes out is a
//! look: numbers with meaning first, and a smooth table for what they do not say where held-out examples approve of it.
//!
//! ```
//! use calotype_look::fit::{FitOptions, Sample, fit};
//! use calotype_look::{Look, OutputSpace, PointTransform};
//!
//! let loved = PointTransform::new(&Look::builtin("print-warm").unwrap(), OutputSpace::Srgb, 0.0);
//! let examples: Vec<Sample> = (0..125)
//!     .map(|i| [i % 5, i / 5 % 5, i / 25].map(|v| 0.02 * 2f64.powi(v)))
//!     .map(|scene| Sample::new(scene, loved.apply(scene)))
//!     .collect();
//! let fitted = fit(&examples, &FitOptions::default())?;
//! assert!(fitted.held_out.mean < 0.2 * fitted.neutral.mean);
//! # Ok::<(), calotype_look::fit::FitError>(())
//! ```

mod confidence;
mod engine;
mod error;
mod held_out;
mod least_squares;
mod metric;
mod pair;
mod parameters;
mod reference;
mod register;
mod sample;
mod smooth_lattice;
mod table;
mod unrender;

pub use confidence::{Confidence, Support};
pub use engine::{FitOptions, Fitted, Form, fit};
pub use error::FitError;
pub use held_out::HeldOut;
pub use pair::{Before, Pair, PatchUse, examples};
pub use reference::{ReferenceFit, Statistics, Zone, fit_reference};
pub use register::{Registration, register};
pub use sample::Sample;
pub use table::{TableFit, fit_table};
pub use unrender::scene_of_neutral;
