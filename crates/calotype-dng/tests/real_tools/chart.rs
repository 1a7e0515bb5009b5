//! A chart of patches of known colours, as a camera would store it.

use super::tools::Picture;
use calotype_dng::opcode::{self, Area, BayerPhase, GainMapOpcode, Opcode, Operation};
use calotype_dng::tiff::{Endian, Value, tags};
use calotype_dng::write::{Ifd, write_tiff};
use calotype_image::{Cfa, Orientation, Vignette};
use std::borrow::Cow;

/// Patches across and down.
pub const PATCHES: (usize, usize) = (6, 4);
/// RawTherapee refuses pictures that are too small.
const PATCH: usize = 128;
/// Odd, and more than a tile.
const WIDTH: usize = PATCHES.0 * PATCH + 1;
const HEIGHT: usize = PATCHES.1 * PATCH + 1;
/// Masked borders at the left and the top: an odd number of rows.
const BORDER: (usize, usize) = (4, 5);
const BLACK: f64 = 64.0;
const WHITE: f64 = 4095.0;
/// XYZ to camera under D65, made up but of the usual kind.
const COLOR_MATRIX: [[f64; 3]; 3] = [[0.75, -0.2, -0.09], [-0.42, 1.24, 0.19], [-0.06, 0.19, 0.58]];
/// Linear sRGB to XYZ (IEC 61966-2-1).
const XYZ_OF_SRGB: [[f64; 3]; 3] = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
/// Linear sRGB colours: a row of greys, then dull and strong colours.
const COLORS: [[f64; 3]; 24] = [
    [0.02, 0.02, 0.02],
    [0.06, 0.06, 0.06],
    [0.14, 0.14, 0.14],
    [0.3, 0.3, 0.3],
    [0.5, 0.5, 0.5],
    [0.7, 0.7, 0.7],
    [0.17, 0.08, 0.05],
    [0.54, 0.3, 0.22],
    [0.12, 0.2, 0.33],
    [0.1, 0.15, 0.05],
    [0.23, 0.22, 0.43],
    [0.13, 0.51, 0.41],
    [0.6, 0.2, 0.03],
    [0.07, 0.11, 0.38],
    [0.53, 0.08, 0.12],
    [0.11, 0.04, 0.14],
    [0.34, 0.5, 0.05],
    [0.6, 0.36, 0.03],
    [0.04, 0.06, 0.3],
    [0.06, 0.3, 0.07],
    [0.42, 0.04, 0.05],
    [0.6, 0.5, 0.04],
    [0.48, 0.09, 0.3],
    [0.03, 0.24, 0.36],
];

/// What the chart's file is like.
#[derive(Clone, Copy)]
pub struct Chart {
    pub cfa: Cfa,
    pub gain_maps: bool,
    pub orientation: Orientation,
}

impl Default for Chart {
    fn default() -> Self {
        Self { cfa: Cfa::RGGB, gain_maps: false, orientation: Orientation::Normal }
    }
}

fn multiply(m: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// What the camera sees of a linear sRGB colour: 1 is saturation.
fn camera(color: [f64; 3]) -> [f64; 3] {
    multiply(&COLOR_MATRIX, multiply(&XYZ_OF_SRGB, color))
}

fn patch_at(x: usize, y: usize) -> usize {
    (y / PATCH).min(PATCHES.1 - 1) * PATCHES.0 + (x / PATCH).min(PATCHES.0 - 1)
}

impl Chart {
    /// The lens's falloff at a place in fractions of the picture, by site of the 2x2 cell.
    fn gain(&self, site: usize, x: f64) -> f64 {
        if self.gain_maps { 1.0 + (0.3 + 0.2 * site as f64) * x } else { 1.0 }
    }

    /// The file.
    pub fn dng(&self) -> Vec<u8> {
        let (w, h) = (WIDTH + BORDER.0, HEIGHT + BORDER.1);
        let mut samples = vec![BLACK as u16; w * h];
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let gain = self.gain((y % 2) * 2 + x % 2, (x as f64 + 0.5) / WIDTH as f64);
                let signal = camera(COLORS[patch_at(x, y)])[self.cfa.color_at(x, y) as usize] / gain;
                samples[(y + BORDER.1) * w + x + BORDER.0] = (BLACK + signal * (WHITE - BLACK)).round() as u16;
            }
        }
        let bad = [BORDER.1 + 100, BORDER.0 + 33];
        samples[bad[0] * w + bad[1]] = WHITE as u16;
        let mut main = self.tags(w, h, bad.map(|v| v as u32));
        main.set_strips(vec![Cow::Owned(samples.iter().flat_map(|s| s.to_le_bytes()).collect())]);
        let mut file = Vec::new();
        write_tiff(&mut file, Endian::Little, &[main]).expect("a file in memory");
        file
    }

    fn tags(&self, w: usize, h: usize, bad: [u32; 2]) -> Ifd<'static> {
        let long = |v: &[usize]| Value::Long(v.iter().map(|&v| v as u32).collect());
        let text = |s: &str| Value::Ascii(s.into());
        // as filters are counted from the corner of the active area
        let (phase, cfa) = (BayerPhase::Red, self.cfa);
        let stored = cfa.shifted(BORDER.0, BORDER.1);
        let phase = match (stored.red_at(), stored) {
            ((0, 0), _) => phase,
            ((1, 0), _) => BayerPhase::GreenInRedRow,
            ((0, 1), _) => BayerPhase::GreenInBlueRow,
            _ => BayerPhase::Blue,
        };
        let white = camera([1.0; 3]);
        let brightest = white.into_iter().fold(0.0, f64::max);
        let neutral = white.map(|v| [(v / brightest * 1e6).round() as u32, 1_000_000]);
        let matrix = COLOR_MATRIX.as_flattened().iter().map(|v| [(v * 1e4).round() as i32, 10_000]).collect();
        let mut ifd = Ifd::default();
        let shorts = [
            (tags::BITS_PER_SAMPLE, vec![16]),
            (tags::COMPRESSION, vec![1]),
            (tags::PHOTOMETRIC_INTERPRETATION, vec![32803]),
            (tags::ORIENTATION, vec![self.orientation.to_tiff()]),
            (tags::SAMPLES_PER_PIXEL, vec![1]),
            (tags::PLANAR_CONFIGURATION, vec![1]),
            (tags::CFA_REPEAT_PATTERN_DIM, vec![2, 2]),
            (tags::BLACK_LEVEL, vec![BLACK as u16]),
            (tags::WHITE_LEVEL, vec![WHITE as u16]),
            (tags::CALIBRATION_ILLUMINANT_1, vec![21]),
        ];
        for (tag, values) in shorts {
            ifd.set(tag, Value::Short(values));
        }
        ifd.set(tags::NEW_SUBFILE_TYPE, long(&[0]));
        ifd.set(tags::IMAGE_WIDTH, long(&[w]));
        ifd.set(tags::IMAGE_LENGTH, long(&[h]));
        ifd.set(tags::ROWS_PER_STRIP, long(&[h]));
        ifd.set(tags::ACTIVE_AREA, long(&[BORDER.1, BORDER.0, h, w]));
        ifd.set(tags::DEFAULT_CROP_ORIGIN, long(&[0, 0]));
        ifd.set(tags::DEFAULT_CROP_SIZE, long(&[WIDTH, HEIGHT]));
        ifd.set(tags::CFA_PATTERN, Value::Byte(self.cfa.0.map(|c| c as u8).to_vec()));
        ifd.set(tags::DNG_VERSION, Value::Byte(vec![1, 4, 0, 0]));
        ifd.set(tags::MAKE, text("Maker"));
        ifd.set(tags::MODEL, text("Model"));
        ifd.set(tags::UNIQUE_CAMERA_MODEL, text("Maker Model"));
        ifd.set(tags::DATE_TIME, text("2026:05:04 03:02:01"));
        ifd.set(tags::COLOR_MATRIX_1, Value::SRational(matrix));
        ifd.set(tags::AS_SHOT_NEUTRAL, Value::Rational(neutral.to_vec()));
        ifd.set(tags::BASELINE_EXPOSURE, Value::SRational(vec![[0, 1]]));
        ifd.set(tags::NOISE_PROFILE, Value::Double(vec![5e-4, 2e-7]));
        let fix = Operation::FixBadPixelsList { phase, points: vec![bad], rects: vec![] };
        ifd.set(tags::OPCODE_LIST_1, Value::Undefined(opcode::encode(&[Opcode::new(fix)])));
        if self.gain_maps {
            ifd.set(tags::OPCODE_LIST_2, Value::Undefined(opcode::encode(&self.opcodes())));
        }
        let vignette = Opcode::new(Operation::Vignette(Vignette { k: [0.0; 5], center: (0.5, 0.5) }));
        ifd.set(tags::OPCODE_LIST_3, Value::Undefined(opcode::encode(&[vignette])));
        ifd.set_child(tags::EXIF_IFD, exif());
        ifd.set_child(tags::GPS_IFD, gps());
        ifd
    }

    /// A gain map for each site of the 2x2 cell, from left to right.
    fn opcodes(&self) -> Vec<Opcode> {
        let map = |site: u32| {
            let whole = Area::whole(WIDTH as u32, HEIGHT as u32);
            let gains = (0..10).map(|i| self.gain(site as usize, f64::from(i % 5) / 4.0) as f32).collect();
            Opcode::new(Operation::GainMap(GainMapOpcode {
                area: Area { top: site / 2, left: site % 2, row_pitch: 2, column_pitch: 2, ..whole },
                points: [2, 5],
                spacing: [1.0, 0.25],
                origin: [0.0, 0.0],
                map_planes: 1,
                gains,
            }))
        };
        (0..4).map(map).collect()
    }

    /// Mean colours of the patches of a picture of the chart, away from their edges; a rim that the program cut off
    /// on all sides alike is allowed for.
    fn means(&self, picture: &Picture) -> Vec<[f64; 3]> {
        let rim = (WIDTH.saturating_sub(picture.width) / 2, HEIGHT.saturating_sub(picture.height) / 2);
        assert!(picture.width + 16 >= WIDTH && picture.height + 16 >= HEIGHT, "{}x{}", picture.width, picture.height);
        let mean = |i: usize| {
            let (left, top) = (i % PATCHES.0 * PATCH - rim.0.min(i % PATCHES.0 * PATCH), i / PATCHES.0 * PATCH);
            let top = top - rim.1.min(top);
            let (mut sum, mut count) = ([0.0; 3], 0.0);
            for y in top + 32..top + 96 {
                for x in left + 32..left + 96 {
                    let p = picture.pixels[y * picture.width + x];
                    (0..3).for_each(|c| sum[c] += p[c]);
                    count += 1.0;
                }
            }
            sum.map(|s| s / count)
        };
        (0..COLORS.len()).map(mean).collect()
    }

    /// Checks a picture in linear sRGB: up to one factor for all, every patch must be as close as `tolerance`.
    pub fn check_linear(&self, picture: &Picture, tolerance: f64, what: &str) {
        let means = self.means(picture);
        let factor = COLORS[3][1] / means[3][1];
        for (got, expected) in means.iter().zip(COLORS) {
            let got = got.map(|v| v * factor);
            let error = got.iter().zip(expected).fold(0f64, |e, (a, b)| e.max((a - b).abs()));
            assert!(error < tolerance, "{what}: {got:.3?} instead of {expected:.3?}");
        }
    }

    /// Checks a picture in encoded sRGB, rendered with any tone curve: greys must be grey, and strong colours must
    /// have the right hue.
    pub fn check_hues(&self, picture: &Picture, what: &str) {
        for (got, expected) in self.means(picture).iter().zip(COLORS) {
            let got = got.map(|v| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) });
            let (hue, strength) = hue(got);
            let (true_hue, true_strength) = self::hue(expected);
            if true_strength == 0.0 {
                assert!(strength < 0.06, "{what}: {got:.3?} is no grey");
            } else if true_strength > 0.5 {
                let apart = (hue - true_hue + 540.0).rem_euclid(360.0) - 180.0;
                assert!(apart.abs() < 20.0, "{what}: {got:.3?} is {apart:.0} degrees from {expected:.3?}");
                assert!(strength > 0.4 * true_strength, "{what}: {got:.3?} is paler than {expected:.3?}");
            }
        }
    }
}

/// Hue in degrees, and how far a colour is from grey: 0 to 1.
fn hue([r, g, b]: [f64; 3]) -> (f64, f64) {
    let (top, low) = (r.max(g).max(b), r.min(g).min(b));
    ((3f64.sqrt() * (g - b)).atan2(2.0 * r - g - b).to_degrees(), (top - low) / top.max(1e-6))
}

fn exif() -> Ifd<'static> {
    let mut exif = Ifd::default();
    exif.set(tags::EXPOSURE_TIME, Value::Rational(vec![[1, 50]]));
    exif.set(tags::F_NUMBER, Value::Rational(vec![[18, 10]]));
    exif.set(tags::PHOTOGRAPHIC_SENSITIVITY, Value::Short(vec![200]));
    exif.set(tags::EXIF_VERSION, Value::Undefined(b"0230".to_vec()));
    exif.set(tags::DATE_TIME_ORIGINAL, Value::Ascii("2026:05:04 03:02:01".into()));
    exif.set(tags::FOCAL_LENGTH, Value::Rational(vec![[44, 10]]));
    exif.set(tags::MAKER_NOTE, Value::Undefined(b"Maker\0 of notes".to_vec()));
    exif
}

fn gps() -> Ifd<'static> {
    let degrees = |d: u32, m: u32| Value::Rational(vec![[d, 1], [m, 1], [0, 1]]);
    let mut gps = Ifd::default();
    gps.set(0, Value::Byte(vec![2, 3, 0, 0]));
    gps.set(1, Value::Ascii("N".into()));
    gps.set(2, degrees(48, 30));
    gps.set(3, Value::Ascii("E".into()));
    gps.set(4, degrees(9, 0));
    gps
}
