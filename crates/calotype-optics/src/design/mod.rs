//! Better lenses: what is asked of one, what may change in it, and the ways to the best.

mod base;
mod dense;
#[allow(clippy::module_inception)] // the noun of this folder
mod design;
mod form;
mod glass;
mod merit;
mod model;
mod operand;
mod place;
mod proof;
mod quantity;
mod ray;
mod real;
mod search;
mod solve;
mod vignetting;

pub use dense::{Dense, Density, optimise_dense};
pub use design::{Design, Operand, Pickup, SCHEMA, Solve, Variable, lens_of_design};
pub use glass::{Exchange, substitute};
pub use merit::{Figure, Merit, Rows};
pub use operand::{Needs, OPERANDS, Quantity, Word, operand};
pub use place::{Place, What};
pub use proof::{SpotProof, spot_proofs};
pub(crate) use quantity::{overlap, pupil_rule};
pub use search::{Found, Search, SearchState, search};
pub use solve::{Ending, Optimised, Settings, State, Unwatched, Watch, optimise, redundant};
pub use vignetting::vignetting_from_apertures;
