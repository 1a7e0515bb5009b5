//! A simulated camera with ground truth: scene, lens, hand and sensor, from photons to a burst of DNG files.
//!
//! A [`Scene`] is light in real units, seen through spectra. [`Optics`] brings it to the [`Sensor`] with distortion,
//! lateral colour, blur that changes over the field, falloff and glare; a [`Hand`] moves the camera meanwhile; the sensor
//! counts photons and adds its own noise. [`Plan::shoot`] does all of it, [`write_burst`] writes frames and truth.
//!
//! ```no_run
//! use calotype_twin::{Camera, Request, write_burst};
//!
//! let camera = Camera::load("flagship")?;
//! let plan = Request { frames: 8, lux: Some(10.0), ..Request::new("chart") }.plan(camera)?;
//! let shot = plan.shoot(&|_| true)?;
//! write_burst(&plan, &shot, "out/chart".as_ref(), false)?;
//! # Ok::<(), calotype_twin::TwinError>(())
//! ```
//!
//! The same request gives the same bytes, on any number of threads. What is not simulated is listed in
//! `docs/explanation/twin.md`. The crate knows nothing of how frames are merged or developed.

mod blur;
mod calibration;
mod camera;
mod canvas;
mod correction;
mod error;
mod exposure;
mod film;
mod frame_file;
mod glare;
mod hand;
mod lens;
mod light;
mod look;
mod output;
mod picture;
mod preview;
mod quadrature;
mod random;
mod readout;
pub mod reflectance;
mod request;
mod scene;
mod scenes;
mod sensor;
mod shoot;
mod spectrum;
mod strict;
mod traced;
pub mod transfer;
mod truth;
mod view;

pub use calibration::{calibrate, color_error};
pub use camera::{Camera, CameraFile};
pub use correction::Correction;
pub use error::TwinError;
pub use exposure::{Choice, Exposure};
pub use hand::{GRIPS, Grip, Hand};
pub use lens::{Field, Glare, Kernel, Lens, Lobe, Optics, Psf, Spot, Spots, WAVELENGTHS_UM};
pub use light::{ILLUMINANTS, Illuminant, LUMENS_PER_WATT, observer, xyz};
pub use output::{check_target, size_on_disk, write_burst, write_requested};
pub use picture::{DepthMap, EXAMPLE as SCENE_FILE};
pub use request::Request;
pub use scene::{Dab, Dyes, Layer, Mark, Motion, Paint, Scene, Setting, Stimulus, Studio};
pub use scenes::{Entry, SCENES, find as find_scene};
pub use sensor::{Gain, QuantumEfficiency, Sensor};
pub use shoot::{FrameTime, Plan, Shot, Watch};
pub use spectrum::Spectrum;
pub use traced::Traced;
pub use truth::{MOTION_STEP, Shift, Truth};
pub use view::{Geometry, Pose};
