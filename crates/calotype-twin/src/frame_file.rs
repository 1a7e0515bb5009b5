//! Frames as DNG files, with everything a maker would write into them.

use crate::correction::Correction;
use crate::preview;
use crate::sensor::Gain;
use crate::shoot::FrameTime;
use crate::view::Geometry;
use calotype_color::{AsShot, CameraCalibration, Matrix3};
use calotype_dng::opcode::{Area, GainMapOpcode, Opcode, Operation, encode};
use calotype_dng::tiff::{Endian, Value, tags};
use calotype_dng::write::{Ifd, Preview, compress_tiles, tile_size, write_tiff};
use calotype_image::{Cfa, NoiseModel, Plane};
use std::borrow::Cow;

/// Nodes of the shading map across and down.
const NODES: (u32, u32) = (33, 25);
/// A date, since there must be one: simulated cameras have no clock.
const DATE: &str = "2026:06:21 12:00:00";

/// What a file says beside its samples.
pub(crate) struct FrameFile<'a> {
    /// Codes.
    pub samples: &'a Plane<u16>,
    /// Filters.
    pub cfa: Cfa,
    /// The code of no light.
    pub black: u16,
    /// The code of saturation.
    pub white: u16,
    /// Noise, black 0 and white 1.
    pub noise: NoiseModel,
    /// Colours.
    pub calibration: &'a CameraCalibration,
    /// Shading.
    pub geometry: &'a Geometry,
    /// Whether shading is described.
    pub corrects: bool,
    /// Distortion and lateral colour, where they are described.
    pub correction: Option<&'a Correction>,
    /// Exposure.
    pub time: &'a FrameTime,
    /// Setting.
    pub gain: &'a Gain,
    /// Name of the camera and of the lens.
    pub names: (&'a str, &'a str),
    /// Focal length in mm, f-number, and focal length for 36x24 mm.
    pub lens: (f64, f64, f64),
    /// The distance in focus, in metres.
    pub focus_m: f64,
    /// Distance of pixels in µm behind a lens of that focal length.
    pub pitch_um: f64,
    /// Seconds since the burst began.
    pub since_s: f64,
}

/// Numbers too large for it are infinite: EXIF's way to say it of a distance.
fn unsigned(x: f64) -> [u32; 2] {
    let denominator = if x < 1000.0 { 1_000_000 } else { 1000 };
    let above = (x * f64::from(denominator)).round();
    if above < f64::from(u32::MAX) { [above as u32, denominator] } else { [u32::MAX, 1] }
}

fn signed(x: f64) -> [i32; 2] {
    [(x * 1e6).round() as i32, 1_000_000]
}

fn matrix(m: &Matrix3) -> Value {
    Value::SRational(m.iter().flatten().map(|&x| signed(x)).collect())
}

impl FrameFile<'_> {
    /// The file.
    pub(crate) fn bytes(&self) -> std::io::Result<Vec<u8>> {
        let (mut main, mut raw) = (Ifd::default(), Ifd::default());
        self.picture(&mut raw);
        let preview = preview::jpeg(self)?;
        Preview::Jpeg(&preview).put(&mut main).map_err(|e| std::io::Error::other(e.to_string()))?;
        main.set_children(tags::SUB_IFDS, vec![raw]);
        self.colours(&mut main);
        let (camera, lens) = self.names;
        main.set(tags::MAKE, Value::Ascii("Calotype".into()));
        main.set(tags::MODEL, Value::Ascii(format!("Twin {camera}")));
        main.set(tags::UNIQUE_CAMERA_MODEL, Value::Ascii(format!("Calotype Twin {camera}")));
        main.set(tags::SOFTWARE, Value::Ascii(concat!("Calotype ", env!("CARGO_PKG_VERSION")).into()));
        main.set(tags::DATE_TIME, Value::Ascii(self.date()));
        main.set(tags::ORIENTATION, Value::Short(vec![1]));
        main.set(tags::DNG_VERSION, Value::Byte(vec![1, 4, 0, 0]));
        main.set(tags::DNG_BACKWARD_VERSION, Value::Byte(vec![1, 3, 0, 0]));
        let (focal_mm, f_number, focal_35mm) = self.lens;
        let mut exif = Ifd::default();
        exif.set(tags::EXIF_VERSION, Value::Undefined(b"0232".to_vec()));
        exif.set(tags::EXPOSURE_TIME, Value::Rational(vec![unsigned(self.time.exposure.shutter_s)]));
        exif.set(tags::F_NUMBER, Value::Rational(vec![unsigned(f_number)]));
        exif.set(tags::PHOTOGRAPHIC_SENSITIVITY, Value::Short(vec![self.gain.iso.round().min(65535.0) as u16]));
        exif.set(tags::DATE_TIME_ORIGINAL, Value::Ascii(self.date()));
        exif.set(tags::SUB_SEC_TIME_ORIGINAL, Value::Ascii(format!("{:03}", (self.since_s.fract() * 1000.0) as u32)));
        exif.set(tags::EXPOSURE_BIAS_VALUE, Value::SRational(vec![signed(self.time.ev)]));
        exif.set(tags::FOCAL_LENGTH, Value::Rational(vec![unsigned(focal_mm)]));
        exif.set(tags::FOCAL_LENGTH_IN_35MM_FILM, Value::Short(vec![focal_35mm.round() as u16]));
        exif.set(tags::SUBJECT_DISTANCE, Value::Rational(vec![unsigned(self.focus_m)]));
        exif.set(tags::FOCAL_PLANE_X_RESOLUTION, Value::Rational(vec![unsigned(1e4 / self.pitch_um)]));
        exif.set(tags::FOCAL_PLANE_Y_RESOLUTION, Value::Rational(vec![unsigned(1e4 / self.pitch_um)]));
        // pixels per centimetre
        exif.set(tags::FOCAL_PLANE_RESOLUTION_UNIT, Value::Short(vec![3]));
        exif.set(tags::LENS_MODEL, Value::Ascii(format!("Twin {lens}")));
        main.set_child(tags::EXIF_IFD, exif);
        let mut out = Vec::new();
        write_tiff(&mut out, Endian::Little, &[main])?;
        Ok(out)
    }

    fn date(&self) -> String {
        let seconds = (self.since_s as u32).min(3599);
        format!("{}{:02}:{:02}", &DATE[..14], seconds / 60, seconds % 60)
    }

    fn picture(&self, ifd: &mut Ifd<'_>) {
        let (w, h) = (self.samples.width() as u32, self.samples.height() as u32);
        let long = |v: &[u32]| Value::Long(v.to_vec());
        ifd.set(tags::NEW_SUBFILE_TYPE, long(&[0]));
        ifd.set(tags::IMAGE_WIDTH, long(&[w]));
        ifd.set(tags::IMAGE_LENGTH, long(&[h]));
        ifd.set(tags::BITS_PER_SAMPLE, Value::Short(vec![16]));
        ifd.set(tags::COMPRESSION, Value::Short(vec![7]));
        ifd.set(tags::PHOTOMETRIC_INTERPRETATION, Value::Short(vec![32803]));
        ifd.set(tags::SAMPLES_PER_PIXEL, Value::Short(vec![1]));
        ifd.set(tags::PLANAR_CONFIGURATION, Value::Short(vec![1]));
        ifd.set(tags::TILE_WIDTH, long(&[tile_size(self.samples.width()) as u32]));
        ifd.set(tags::TILE_LENGTH, long(&[tile_size(self.samples.width()) as u32]));
        ifd.set(tags::CFA_REPEAT_PATTERN_DIM, Value::Short(vec![2, 2]));
        ifd.set(tags::CFA_PATTERN, Value::Byte(self.cfa.0.map(|c| c as u8).to_vec()));
        ifd.set(tags::CFA_PLANE_COLOR, Value::Byte(vec![0, 1, 2]));
        ifd.set(tags::CFA_LAYOUT, Value::Short(vec![1]));
        ifd.set(tags::BLACK_LEVEL_REPEAT_DIM, Value::Short(vec![1, 1]));
        ifd.set(tags::BLACK_LEVEL, Value::Short(vec![self.black]));
        ifd.set(tags::WHITE_LEVEL, Value::Short(vec![self.white]));
        ifd.set(tags::ACTIVE_AREA, long(&[0, 0, h, w]));
        ifd.set(tags::DEFAULT_CROP_ORIGIN, long(&[0, 0]));
        ifd.set(tags::DEFAULT_CROP_SIZE, long(&[w, h]));
        ifd.set(tags::DEFAULT_SCALE, Value::Rational(vec![[1, 1]; 2]));
        let noise = (0..3).flat_map(|c| [f64::from(self.noise.shot[c]), f64::from(self.noise.read[c])]);
        ifd.set(tags::NOISE_PROFILE, Value::Double(noise.collect()));
        if let Some(list) = self.shading().filter(|_| self.corrects) {
            ifd.set(tags::OPCODE_LIST_2, Value::Undefined(list));
        }
        if let Some(correction) = self.correction {
            let warp = Opcode::new(Operation::Warp(correction.warp.clone()));
            ifd.set(tags::OPCODE_LIST_3, Value::Undefined(encode(&[warp])));
        }
        ifd.set_tiles(compress_tiles(self.samples, true).into_iter().map(Cow::Owned).collect());
    }

    fn colours(&self, ifd: &mut Ifd<'_>) {
        let illuminants = [
            (tags::CALIBRATION_ILLUMINANT_1, 17, tags::COLOR_MATRIX_1, tags::FORWARD_MATRIX_1),
            (tags::CALIBRATION_ILLUMINANT_2, 21, tags::COLOR_MATRIX_2, tags::FORWARD_MATRIX_2),
        ];
        for (c, (light, code, color, forward)) in self.calibration.illuminants.iter().zip(illuminants) {
            ifd.set(light, Value::Short(vec![code]));
            ifd.set(color, matrix(&c.color_matrix));
            if let Some(m) = &c.forward_matrix {
                ifd.set(forward, matrix(m));
            }
        }
        if let AsShot::Neutral(n) = self.calibration.as_shot {
            let largest = n.into_iter().fold(0.0, f64::max);
            ifd.set(tags::AS_SHOT_NEUTRAL, Value::Rational(n.map(|v| unsigned(v / largest)).to_vec()));
        }
        ifd.set(tags::BASELINE_EXPOSURE, Value::SRational(vec![[0, 1]]));
    }

    /// A GainMap for each place in the 2x2 cell that undoes the lens's falloff; `None` where there is none.
    fn shading(&self) -> Option<Vec<u8>> {
        let g = self.geometry;
        let (w, h) = (g.width as u32, g.height as u32);
        let map = |i: usize| {
            let channel = self.cfa.0[i] as usize;
            let (_, _, centre) = g.ideal(channel, g.width as f32 / 2.0, g.height as f32 / 2.0);
            let gain = |n: u32| {
                let (x, y) = (n % NODES.0, n / NODES.0);
                let at = |i: u32, nodes: u32, size: usize| i as f32 / (nodes - 1) as f32 * size as f32;
                let (_, _, light) = g.ideal(channel, at(x, NODES.0, g.width), at(y, NODES.1, g.height));
                centre / light.max(1e-3)
            };
            let area =
                Area { top: i as u32 / 2, left: i as u32 % 2, row_pitch: 2, column_pitch: 2, ..Area::whole(w, h) };
            GainMapOpcode {
                area,
                points: [NODES.1, NODES.0],
                spacing: [1.0 / f64::from(NODES.1 - 1), 1.0 / f64::from(NODES.0 - 1)],
                origin: [0.0; 2],
                map_planes: 1,
                gains: (0..NODES.0 * NODES.1).map(gain).collect(),
            }
        };
        let maps: Vec<GainMapOpcode> = (0..4).map(map).collect();
        let is_flat = maps.iter().flat_map(|m| &m.gains).all(|v| (v - 1.0).abs() < 1e-6);
        let list: Vec<Opcode> = maps.into_iter().map(|m| Opcode::new(Operation::GainMap(m))).collect();
        (!is_flat).then(|| encode(&list))
    }
}
