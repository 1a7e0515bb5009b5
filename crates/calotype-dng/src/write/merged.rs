//! A merged mosaic as a DNG.

use super::calibration::{self, fraction, signed_fraction};
use super::tiles::{self, tile_size};
use super::{Ifd, Preview, carry, write_tiff};
use crate::tiff::{Endian, Value, tags};
use crate::{DngError, DngInfo};
use calotype_image::{Cfa, NoiseModel, Plane, Rect};
use std::borrow::Cow;
use std::io::Write;

/// What DNG calls a mosaic of colour filters, and a picture of linear samples.
const PHOTOMETRIC_CFA: u16 = 32803;
const PHOTOMETRIC_LINEAR: u16 = 34892;

/// A mosaic merged from several frames, with all that goes into its file.
#[derive(Clone, Copy, Debug)]
pub struct MergedDng<'a> {
    /// Linear samples of the active area.
    pub samples: &'a Plane<u16>,
    /// The filters, from the top left sample.
    pub cfa: Cfa,
    /// The sample of no light.
    pub black: u16,
    /// The sample of saturation.
    pub white: u16,
    /// The part to show.
    pub default_crop: Rect,
    /// What the reference frame's file says.
    pub info: &'a DngInfo,
    /// Noise of the merged samples, for a signal with black 0 and white 1.
    pub noise: NoiseModel,
    /// BaselineExposure, in stops: that of the source, plus what the merge darkened.
    pub baseline_exposure_ev: f64,
    /// A rendered picture for file browsers.
    pub preview: Option<Preview<'a>>,
    /// Identifies the picture: the same for the same frames and settings, another for others.
    pub unique_id: [u8; 16],
    /// Frames of the burst, and how many of them went into the picture.
    pub frames: [u16; 2],
    /// True where the gain maps of OpcodeList2 are already in the samples.
    pub shading_applied: bool,
}

/// Writes a merged mosaic: 16 bits, lossless JPEG tiles, little-endian; the raw picture in a SubIFD behind the preview
/// where there is one. OpcodeList1 and all of OpcodeList2 but its gain maps must have been applied.
///
/// Cost: all tiles are in memory at once, about 1.4 bytes per pixel; 5 ns of CPU time per pixel on all cores. The same
/// input gives the same bytes.
///
/// # Errors
/// [`DngError::Write`] for sizes, levels or previews that make no sense, [`DngError::Io`] for what `out` says.
pub fn write_merged(out: &mut impl Write, merged: &MergedDng<'_>) -> Result<(), DngError> {
    merged.check()?;
    let mut raw = Ifd::default();
    merged.geometry(&mut raw);
    merged.levels(&mut raw);
    carry::raw(merged.info, &mut raw);
    carry::opcodes(merged.info, merged.shading_applied, &mut raw);
    raw.set_tiles(tiles::compress(merged.samples, !merged.cfa.is_mono()).into_iter().map(Cow::Owned).collect());

    let mut main = Ifd::default();
    carry::main(merged.info, &mut main);
    if !merged.cfa.is_mono() {
        calibration::complete(&merged.info.calibration, &mut main);
    }
    merged.identity(&mut main);
    merged.baseline(&mut main);
    let version = [&main, &raw].into_iter().map(needed_version).max().unwrap_or([1, 4, 0, 0]);
    main.set(tags::DNG_VERSION, Value::Byte(version.to_vec()));
    main.set(tags::DNG_BACKWARD_VERSION, Value::Byte(vec![1, 3, 0, 0]));
    main.set_child(tags::EXIF_IFD, carry::exif(merged.info, merged.frames, &merged.unique_id));
    main.set_child(tags::GPS_IFD, carry::gps(merged.info));
    if let Some(preview) = &merged.preview {
        preview.put(&mut main)?;
        main.set_children(tags::SUB_IFDS, vec![raw]);
    } else {
        main.absorb(raw);
    }
    Ok(write_tiff(out, Endian::Little, &[main])?)
}

impl MergedDng<'_> {
    fn check(&self) -> Result<(), DngError> {
        let (w, h) = (self.samples.width(), self.samples.height());
        let (crop, noise) = (self.default_crop, self.noise.shot.iter().chain(&self.noise.read));
        let reason = if w == 0 || h == 0 || w.max(h) > 1 << 24 {
            format!("a picture of {w}x{h} pixels")
        } else if self.black >= self.white {
            format!("black level {} is not below white level {}", self.black, self.white)
        } else if !self.cfa.is_bayer() && !self.cfa.is_mono() {
            format!("colour filters {} are no Bayer array", self.cfa)
        } else if !crop.fits(w, h) || crop.width == 0 || crop.height == 0 {
            format!("the crop {}x{} at {},{} leaves {w}x{h} pixels", crop.width, crop.height, crop.x, crop.y)
        } else if noise.clone().any(|v| !v.is_finite() || *v < 0.0) {
            format!("noise {:?} is no variance", self.noise)
        } else {
            return Ok(());
        };
        Err(DngError::Write { reason })
    }

    /// How pixels are stored, and which to show.
    fn geometry(&self, ifd: &mut Ifd) {
        // sizes were checked to fit
        let long = |v: &[usize]| Value::Long(v.iter().map(|&v| v as u32).collect());
        let (w, h) = (self.samples.width(), self.samples.height());
        ifd.set(tags::NEW_SUBFILE_TYPE, Value::Long(vec![0]));
        ifd.set(tags::IMAGE_WIDTH, long(&[w]));
        ifd.set(tags::IMAGE_LENGTH, long(&[h]));
        ifd.set(tags::BITS_PER_SAMPLE, Value::Short(vec![16]));
        ifd.set(tags::COMPRESSION, Value::Short(vec![7]));
        ifd.set(tags::SAMPLES_PER_PIXEL, Value::Short(vec![1]));
        ifd.set(tags::PLANAR_CONFIGURATION, Value::Short(vec![1]));
        ifd.set(tags::TILE_WIDTH, long(&[tile_size(w)]));
        ifd.set(tags::TILE_LENGTH, long(&[tile_size(w)]));
        ifd.set(tags::ACTIVE_AREA, long(&[0, 0, h, w]));
        ifd.set(tags::DEFAULT_CROP_ORIGIN, long(&[self.default_crop.x, self.default_crop.y]));
        ifd.set(tags::DEFAULT_CROP_SIZE, long(&[self.default_crop.width, self.default_crop.height]));
        ifd.set(tags::DEFAULT_SCALE, Value::Rational(vec![[1, 1]; 2]));
        let photometric = if self.cfa.is_mono() { PHOTOMETRIC_LINEAR } else { PHOTOMETRIC_CFA };
        ifd.set(tags::PHOTOMETRIC_INTERPRETATION, Value::Short(vec![photometric]));
        if !self.cfa.is_mono() {
            ifd.set(tags::CFA_REPEAT_PATTERN_DIM, Value::Short(vec![2, 2]));
            ifd.set(tags::CFA_PATTERN, Value::Byte(self.cfa.0.map(|c| c as u8).to_vec()));
            ifd.set(tags::CFA_PLANE_COLOR, Value::Byte(vec![0, 1, 2]));
            ifd.set(tags::CFA_LAYOUT, Value::Short(vec![1]));
        }
    }

    /// What samples mean.
    fn levels(&self, ifd: &mut Ifd) {
        ifd.set(tags::BLACK_LEVEL_REPEAT_DIM, Value::Short(vec![1, 1]));
        ifd.set(tags::BLACK_LEVEL, Value::Short(vec![self.black]));
        ifd.set(tags::WHITE_LEVEL, Value::Short(vec![self.white]));
        let colors: &[usize] = if self.cfa.is_mono() { &[1] } else { &[0, 1, 2] };
        let pairs = colors.iter().flat_map(|&c| [f64::from(self.noise.shot[c]), f64::from(self.noise.read[c])]);
        ifd.set(tags::NOISE_PROFILE, Value::Double(pairs.collect()));
    }

    fn identity(&self, ifd: &mut Ifd) {
        ifd.set(tags::SOFTWARE, Value::Ascii(concat!("Calotype ", env!("CARGO_PKG_VERSION")).into()));
        ifd.set(tags::RAW_DATA_UNIQUE_ID, Value::Byte(self.unique_id.to_vec()));
    }

    /// How the picture compares with others of the camera.
    fn baseline(&self, ifd: &mut Ifd) {
        ifd.set(tags::BASELINE_EXPOSURE, Value::SRational(vec![signed_fraction(self.baseline_exposure_ev)]));
        // noise in the shadows and mid-tones alike, relative to the reference frame
        let less = match &self.info.noise_profile {
            Some(source) if source.variance(1, 0.18) > 0.0 => {
                (self.noise.variance(1, 0.18) / source.variance(1, 0.18)).sqrt()
            }
            _ => 1.0 / f32::from(self.frames[1].max(1)).sqrt(),
        };
        ifd.set(tags::BASELINE_NOISE, Value::Rational(vec![fraction(self.info.baseline_noise * f64::from(less))]));
    }
}

/// The DNG version that a directory's tags need, at least 1.4.
fn needed_version(ifd: &Ifd<'_>) -> [u8; 4] {
    let since_1_6 = [tags::PROFILE_GAIN_TABLE_MAP, tags::COLOR_MATRIX_3, tags::ILLUMINANT_DATA_1, tags::RGB_TABLES];
    let since_1_7 = [tags::PROFILE_GAIN_TABLE_MAP_2, tags::PROFILE_DYNAMIC_RANGE, tags::PROFILE_GROUP_NAME];
    // an opcode's version stands behind its number
    let opcodes = [(2, tags::OPCODE_LIST_2), (3, tags::OPCODE_LIST_3)]
        .into_iter()
        .filter_map(|(list, tag)| crate::opcode::parse(list, ifd.get(tag)?.bytes()?).ok())
        .flat_map(|(opcodes, _)| opcodes)
        .map(|o| o.version);
    let tags = match () {
        () if since_1_7.iter().any(|&t| ifd.contains(t)) => [1, 7, 0, 0],
        () if since_1_6.iter().any(|&t| ifd.contains(t)) => [1, 6, 0, 0],
        () => [1, 4, 0, 0],
    };
    opcodes.fold(tags, std::cmp::max)
}
