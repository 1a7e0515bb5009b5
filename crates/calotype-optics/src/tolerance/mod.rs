//! How well a lens must be made: what errors of making cost, and how many of the made ones pass.

mod criterion;
mod file;
mod monte_carlo;
mod page;
mod perturb;
mod sensitivity;

pub use criterion::{Adjust, Compensator, Criterion, mtf_at};
pub use file::{KINDS, SCHEMA, Spread, Tolerance, Tolerances, lens_of_tolerances};
pub use monte_carlo::{MonteCarlo, Sample, Yield, monte_carlo, sample_lens};
pub use page::{chart, page};
pub use perturb::{Error, Part, elements};
pub use sensitivity::{Sensitivities, Sensitivity, inverse, sensitivity};
