//! What a DNG says about its picture.

use crate::tiff::IfdEntry;
use calotype_color::{CameraCalibration, HueSatMap};
use calotype_image::{Cfa, NoiseModel, Orientation, Plane, Rect};

/// Everything in a DNG but its pixels.
#[derive(Clone, Debug)]
pub struct DngInfo {
    /// DNGVersion, for example `[1, 7, 1, 0]`; `[1, 0, 0, 0]` where missing.
    pub dng_version: [u8; 4],
    /// Camera maker; empty where missing.
    pub make: String,
    /// Camera model; empty where missing.
    pub model: String,
    /// UniqueCameraModel; "make model" where missing.
    pub unique_camera_model: String,
    /// The program that wrote the file; empty where missing.
    pub software: String,
    /// How to turn the picture for display.
    pub orientation: Orientation,
    /// Width and height of the stored raw picture, masked borders included.
    pub stored_size: (usize, usize),
    /// The part of the stored picture that light reaches; its size is the size of the planes in
    /// [`RawImage`](crate::RawImage).
    pub active_area: Rect,
    /// The part to show, relative to the active area (DefaultCropOrigin and DefaultCropSize, rounded outwards from
    /// fractions to whole pixels inside the active area).
    pub default_crop: Rect,
    /// DefaultUserCrop: top, left, bottom, right in fractions of the default crop.
    pub default_user_crop: Option<[f64; 4]>,
    /// DefaultScale: pixels shown per pixel stored, across and down; 1 for square pixels.
    pub default_scale: [f64; 2],
    /// What the samples are.
    pub kind: RawKind,
    /// Bits of a stored sample.
    pub bits: u16,
    /// How the samples are compressed.
    pub compression: Compression,
    /// White level and mean black level per colour plane, in stored units after LinearizationTable. For reports:
    /// samples read are already on one scale.
    pub levels: Levels,
    /// Colour calibration with white balance and BaselineExposure.
    pub calibration: CameraCalibration,
    /// NoiseProfile, for a signal with black 0 and white 1.
    pub noise_profile: Option<NoiseModel>,
    /// BaselineExposure plus BaselineExposureOffset, in stops.
    pub baseline_exposure_ev: f64,
    /// BaselineNoise: noise at ISO 100 relative to a reference camera; 1 where missing.
    pub baseline_noise: f64,
    /// BaselineSharpness: sharpening relative to a reference camera; 1 where missing.
    pub baseline_sharpness: f64,
    /// LinearResponseLimit: the fraction of white up to which the sensor is linear; 1 where missing.
    pub linear_response_limit: f64,
    /// NoiseReductionApplied: 0 none, 1 as much as is ideal; `None` where unknown.
    pub noise_reduction_applied: Option<f64>,
    /// OpcodeList1, 2 and 3 as stored; empty where missing. [`crate::opcode`] parses them.
    pub opcode_lists: [Vec<u8>; 3],
    /// ProfileName; empty where missing.
    pub profile_name: String,
    /// ProfileLookTable.
    pub look_table: Option<HueSatMap>,
    /// ProfileToneCurve: input and output, 0 to 1, rising in input.
    pub tone_curve: Option<Vec<[f32; 2]>>,
    /// ProfileGainTableMap or ProfileGainTableMap2.
    pub gain_table_map: Option<GainTableMap>,
    /// DefaultBlackRender: true where the writer asks for no further shadow subtraction.
    pub default_black_render_none: bool,
    /// The exposure.
    pub exif: Exif,
    /// The EXIF directory as stored, offsets of other directories left out.
    pub exif_raw: Vec<IfdEntry>,
    /// The GPS directory as stored; empty where missing.
    pub gps_raw: Vec<IfdEntry>,
    /// XMP packet.
    pub xmp: Option<Vec<u8>>,
    /// Tags of the main and of the raw directory that say nothing about how pixels are stored, which a writer may
    /// carry over: description, copyright, calibration, profile, camera serial number and the like.
    pub preserve: Vec<IfdEntry>,
    /// RawDataUniqueID.
    pub raw_unique_id: Option<[u8; 16]>,
    /// OriginalRawFileName; empty where missing.
    pub original_raw_name: String,
}

/// What the samples of a raw picture are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawKind {
    /// A Bayer mosaic, seen from the top left pixel of the active area.
    Cfa(Cfa),
    /// A sensor without colour filters.
    Mono,
    /// Three linear camera colours at every pixel.
    Linear,
}

/// How samples are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all (1).
    None,
    /// Lossless JPEG (7).
    LosslessJpeg,
    /// Baseline JPEG (34892).
    LossyJpeg,
    /// zlib (8 and 32946).
    Deflate,
    /// JPEG XL (52546).
    JpegXl,
}

/// Levels of the stored samples, after LinearizationTable.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    /// Mean black level per colour: red, green, blue (all the same for mono).
    pub black: [f64; 3],
    /// White level per colour.
    pub white: [f64; 3],
}

/// A gain for every place and brightness: ProfileGainTableMap (DNG 1.6) and ProfileGainTableMap2 (DNG 1.7).
#[derive(Clone, Debug, PartialEq)]
pub struct GainTableMap {
    /// Place of the first node, across and down, in fractions of the picture (1 = width or height).
    pub origin: [f64; 2],
    /// Distance of nodes, across and down, in the same fractions.
    pub spacing: [f64; 2],
    /// Nodes across, down, and gains along brightness.
    pub size: [usize; 3],
    /// Weights of red, green, blue, their minimum and their maximum in the table's input.
    pub input_weights: [f32; 5],
    /// Exponent applied to the input before look-up (1 for the first version).
    pub gamma: f32,
    /// `size[0] * size[1]` rows of `size[2]` gains, node by node, row by row.
    pub gains: Plane<f32>,
}

/// The exposure as the EXIF directory (or, where missing there, the main one) tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exif {
    /// Exposure time in seconds.
    pub exposure_time_s: Option<f64>,
    /// f-number.
    pub f_number: Option<f64>,
    /// ISO sensitivity.
    pub iso: Option<f64>,
    /// Exposure bias in stops.
    pub exposure_bias_ev: Option<f64>,
    /// Focal length in millimetres.
    pub focal_mm: Option<f64>,
    /// Focal length of the same angle of view on 36x24 mm, in millimetres.
    pub focal_35mm: Option<f64>,
    /// "YYYY:MM:DD HH:MM:SS" of the exposure; empty where missing.
    pub date_time_original: String,
    /// Fraction of a second of it, as decimal digits; empty where missing.
    pub sub_sec_original: String,
    /// Its distance from UTC, like "+01:00"; empty where missing.
    pub offset_original: String,
    /// Lens maker; empty where missing.
    pub lens_make: String,
    /// Lens model; empty where missing.
    pub lens_model: String,
    /// BodySerialNumber or CameraSerialNumber; empty where missing.
    pub serial: String,
    /// True where the flash fired.
    pub flash_fired: Option<bool>,
    /// ImageUniqueID; empty where missing.
    pub unique_id: String,
}
