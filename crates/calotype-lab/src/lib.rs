//! The lab: measures charts, photographs and whole cameras by the standards of the field, and pictures against the
//! truth.
//!
//! Every measure is a function from a picture to a plain value with its numbers; every such value can make a [`Card`]
//! of figures, tables and plots, which [`report`] draws and compares without knowing the measure.
//!
//! ```no_run
//! use calotype_lab::{CompareOptions, Limits, Measured, compare, read_picture};
//!
//! let picture = read_picture("photo.exr".as_ref(), None, &Limits::default())?;
//! let truth = read_picture("truth.exr".as_ref(), None, &Limits::default())?;
//! let result = compare(&picture, &truth, &CompareOptions::default())?;
//! println!("{:.2} dB, {:.2} dE2000", result.all.psnr_db, result.all.delta_e_mean);
//! for figure in result.card().figures {
//!     println!("{} = {:?} {}", figure.label, figure.value, figure.unit);
//! }
//! # Ok::<(), calotype_lab::LabError>(())
//! ```
//!
//! Pictures come from EXR, PNG, TIFF, JPEG and NPY files and are measured in linear light with Rec.709 primaries; raws
//! come from DNG files. The crate knows nothing of how a picture was made.

pub mod calibrate;
mod card;
mod chart;
mod colour;
mod compare;
mod distortion;
mod edge;
mod error;
mod filter;
mod flare;
mod fourier;
mod halo;
mod lattice;
mod mtf;
mod noise;
mod photon_transfer;
mod picture;
mod range;
mod read;
mod region;
pub mod report;
mod shading;
mod skin;
mod star;
mod stats;
mod svg;
#[cfg(test)]
mod synth;
mod texture;
mod thumbnail;
mod tone;

pub use card::{Card, Crop, Figure, Goal, Measured, Plot, Row, Series, Table};
pub use chart::{CHART_NAMES, Chart, ChartReference, chart_from_corners, find_chart};
pub use colour::{ColourPatch, ColourReport, WhiteBalanceError, colour, reference_from};
pub use compare::{
    CompareOptions, Comparison, Fidelity, MOST_BORDER, RawComparison, RawFidelity, Rendering, compare, compare_raw,
    exposure_gain,
};
pub use distortion::{DistortionReport, LateralColour, distortion};
pub use edge::{Edge, EdgeChannel, EdgeOptions, EdgeReport, edges, raw_edges};
pub use error::{LabError, Result};
pub use flare::{FlareReport, flare};
pub use halo::{HaloEdge, HaloReport, halo};
pub use mtf::{Mtf, Viewing};
pub use noise::{Area, NoisePatch, NoiseReport, flat_areas, neutral_areas, noise};
pub use photon_transfer::{PhotonTransfer, photon_transfer};
pub use picture::{Channel, Linear, Picture, to_lab};
pub use range::{RANGE_LEVELS, RangeReport, RangeStep, SensorRange, WedgeOptions, sensor_range, signal_at_snr, wedge};
pub use read::{Encoding, Limits, RawPicture, Source, Transfer, read, read_from, read_picture, read_raw};
pub use region::Region;
pub use shading::{SHADING_GRID, ShadingReport, raw_shading, shading};
pub use skin::{SkinReport, SkinTone, monk_strip, skin};
pub use star::{StarOptions, StarReport, star};
pub use svg::svg;
pub use texture::{TextureMethod, TextureOptions, TextureReport, texture};
pub use thumbnail::{base64, part};
pub use tone::{ToneReport, neutral_steps, tone};
