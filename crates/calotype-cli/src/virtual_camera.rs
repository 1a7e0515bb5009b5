//! The camera of the demonstration: a hand that moves, a Bayer sensor with noise, a calibration that is exactly known.

use crate::failure::Failure;
use crate::scene::{Canvas, Light};
use calotype::color::{AsShot, CameraCalibration, IlluminantCalibration, Matrix3, RgbSpace, matrix};
use calotype::dng::tiff::{IfdEntry, Value, tags};
use calotype::dng::write::{MergedDng, write_merged};
use calotype::dng::{Compression, Dng, DngInfo, Exif, Levels, RawImage, RawKind};
use calotype::image::{Cfa, NoiseModel, Orientation, Plane, RAW_BLACK, RAW_WHITE, Rect, SceneRgb, linear_to_raw};
use calotype::{Source, SourceError, SourceFrame, content_id};
use rayon::prelude::*;

/// Linear Rec.709 to the sensor's red, green and blue: broad filters that overlap, as real ones do.
const SENSOR: Matrix3 = [[0.42, 0.17, 0.02], [0.16, 0.72, 0.12], [0.03, 0.20, 0.47]];
/// Light that the canvas calls 1 arrives at this signal in the green channel.
const EXPOSURE: f32 = 0.55;
/// Noise of a small sensor in dim light: 500 electrons at saturation, 2.5 of them read noise.
const NOISE: NoiseModel = NoiseModel::uniform(1.0 / 500.0, 2.5e-5);
/// When the burst was shot, by the camera's clock.
const TAKEN: &str = "2026:01:01 12:00:00";

/// One frame, in memory.
pub struct Shot {
    name: String,
    dng: Dng,
    content: u128,
}

impl Source for Shot {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn read_info(&self) -> Result<DngInfo, SourceError> {
        Ok(self.dng.info.clone())
    }

    fn read(&self) -> Result<SourceFrame, SourceError> {
        Ok(SourceFrame { dng: self.dng.clone(), content: self.content })
    }
}

impl Shot {
    /// The frame as the bytes of a DNG file.
    pub fn to_dng(&self) -> Result<Vec<u8>, Failure> {
        let RawImage::Cfa { samples, cfa } = &self.dng.image else {
            return Err(Failure::new("the demonstration's camera has colour filters"));
        };
        let mut unique_id = [0; 16];
        unique_id.copy_from_slice(&self.content.to_be_bytes());
        let merged = MergedDng {
            samples,
            cfa: *cfa,
            black: RAW_BLACK,
            white: RAW_WHITE,
            default_crop: self.dng.info.default_crop,
            info: &self.dng.info,
            noise: NOISE,
            baseline_exposure_ev: 0.0,
            preview: None,
            unique_id,
            frames: [1, 1],
            shading_applied: false,
        };
        let mut bytes = Vec::new();
        write_merged(&mut bytes, &merged).map_err(|e| Failure::new("cannot make a DNG").because(e))?;
        Ok(bytes)
    }
}

/// A burst of the scene: the first frame is straight, the others as a hand moves. The same every time.
pub fn burst(canvas: &Canvas, size: (usize, usize), frames: usize) -> Vec<Shot> {
    let mut hand = Random(7);
    let (mut dx, mut dy, mut turn) = (0.0, 0.0, 0.0);
    (0..frames)
        .map(|i| {
            let shot = shoot(canvas, size, i, (dx, dy, turn));
            // A drift of up to two pixels and a tenth of a degree per frame.
            dx += 2.2 * hand.normal();
            dy += 2.2 * hand.normal();
            turn += 0.0012 * hand.normal();
            shot
        })
        .collect()
}

/// What a perfect camera sees from where the first frame was shot, in the terms of the engine's scene-linear light: a
/// surface that just saturates green is 1.
pub fn truth(canvas: &Canvas, (width, height): (usize, usize)) -> SceneRgb {
    let to_rec2020 = matrix::to_f32(&RgbSpace::Rec709.to_space(RgbSpace::Rec2020));
    let mut truth = SceneRgb::new(width, height);
    for y in 0..height {
        for x in 0..width {
            let light = pixel(canvas, (width, height), (0.0, 0.0, 0.0), x, y);
            for c in 0..3 {
                let m = to_rec2020[c];
                let v = m[0] * light[0] + m[1] * light[1] + m[2] * light[2];
                truth.planes[c].row_mut(y)[x] = EXPOSURE * v;
            }
        }
    }
    truth
}

/// The light on one photosite: the mean over its area, which two by two pixels of the canvas cover.
fn pixel(canvas: &Canvas, size: (usize, usize), (dx, dy, turn): (f32, f32, f32), x: usize, y: usize) -> Light {
    let (sin, cos) = turn.sin_cos();
    let mut light = [0.0; 3];
    for i in 0..4 {
        let u = x as f32 + 0.25 + 0.5 * (i % 2) as f32 - 0.5 * size.0 as f32;
        let v = y as f32 + 0.25 + 0.5 * (i / 2) as f32 - 0.5 * size.1 as f32;
        let (u, v) = (cos * u - sin * v + dx, sin * u + cos * v + dy);
        let at = canvas.at(2.0 * u + 0.5 * canvas.width as f32, 2.0 * v + 0.5 * canvas.height as f32);
        for c in 0..3 {
            light[c] += 0.25 * at[c];
        }
    }
    light
}

fn shoot(canvas: &Canvas, size: (usize, usize), number: usize, pose: (f32, f32, f32)) -> Shot {
    let (width, height) = size;
    let cfa = Cfa::RGGB;
    let mut codes = vec![0u16; width * height];
    codes.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
        let mut random = Random(((number as u64) << 32) | (y as u64 + 1));
        for (x, code) in row.iter_mut().enumerate() {
            let light = pixel(canvas, size, pose, x, y);
            let color = cfa.color_at(x, y) as usize;
            let signal: f32 = (0..3).map(|k| SENSOR[color][k] as f32 * light[k]).sum::<f32>() * EXPOSURE;
            let noisy = signal + NOISE.variance(color, signal).sqrt() * random.normal();
            *code = linear_to_raw(noisy.min(1.0));
        }
    });
    let bytes: Vec<u8> = codes.iter().flat_map(|c| c.to_le_bytes()).collect();
    let samples = Plane::from_vec(width, height, codes).unwrap_or_else(|| Plane::new(width, height));
    let image = RawImage::Cfa { samples, cfa };
    let dng = Dng { info: info(size, cfa, number), image, warnings: Vec::new() };
    Shot { name: format!("demo_{number:02}.dng"), dng, content: content_id(&bytes) }
}

/// What the camera writes into its files.
fn info((width, height): (usize, usize), cfa: Cfa, number: usize) -> DngInfo {
    let neutral = SENSOR.map(|row| row.iter().sum::<f64>());
    let whole = Rect::whole(width, height);
    DngInfo {
        dng_version: [1, 4, 0, 0],
        make: "Calotype".into(),
        model: "Demo Camera".into(),
        unique_camera_model: "Calotype Demo Camera".into(),
        software: concat!("Calotype ", env!("CARGO_PKG_VERSION")).into(),
        orientation: Orientation::Normal,
        stored_size: (width, height),
        active_area: whole,
        default_crop: whole,
        default_user_crop: None,
        default_scale: [1.0; 2],
        kind: RawKind::Cfa(cfa),
        bits: 16,
        compression: Compression::None,
        levels: Levels { black: [f64::from(RAW_BLACK); 3], white: [f64::from(RAW_WHITE); 3] },
        calibration: CameraCalibration {
            illuminants: vec![IlluminantCalibration {
                white_xy: [0.3127, 0.3290],
                kelvin: 6500.0,
                color_matrix: matrix::multiply(&SENSOR, &RgbSpace::Rec709.from_xyz()),
                forward_matrix: None,
                camera_calibration: None,
                hue_sat_map: None,
            }],
            analog_balance: None,
            as_shot: AsShot::Neutral(neutral.map(|v| v / neutral[1])),
            baseline_exposure_ev: 0.0,
        },
        noise_profile: Some(NOISE),
        baseline_exposure_ev: 0.0,
        baseline_noise: 1.0,
        baseline_sharpness: 1.0,
        linear_response_limit: 1.0,
        noise_reduction_applied: None,
        opcode_lists: Default::default(),
        profile_name: String::new(),
        look_table: None,
        tone_curve: None,
        gain_table_map: None,
        default_black_render_none: false,
        exif: Exif {
            exposure_time_s: Some(1.0 / 60.0),
            f_number: Some(1.8),
            iso: Some(800.0),
            focal_mm: Some(4.4),
            date_time_original: TAKEN.into(),
            sub_sec_original: sub_sec(number),
            ..Exif::default()
        },
        exif_raw: exif_entries(number),
        gps_raw: Vec::new(),
        xmp: None,
        preserve: Vec::new(),
        raw_unique_id: None,
        original_raw_name: String::new(),
    }
}

/// Hundredths of a second at which a frame began: 20 frames a second.
fn sub_sec(number: usize) -> String {
    format!("{:02}", 5 * number % 100)
}

/// The exposure as the directory of a file that holds it.
fn exif_entries(number: usize) -> Vec<IfdEntry> {
    let entry = |tag, value| IfdEntry { tag, value };
    vec![
        entry(tags::EXPOSURE_TIME, Value::Rational(vec![[1, 60]])),
        entry(tags::F_NUMBER, Value::Rational(vec![[18, 10]])),
        entry(tags::PHOTOGRAPHIC_SENSITIVITY, Value::Short(vec![800])),
        entry(tags::DATE_TIME_ORIGINAL, Value::Ascii(TAKEN.into())),
        entry(tags::FOCAL_LENGTH, Value::Rational(vec![[44, 10]])),
        entry(tags::SUB_SEC_TIME_ORIGINAL, Value::Ascii(sub_sec(number))),
    ]
}

/// Numbers that look random and are the same every time: SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    /// Uniform in (0, 1].
    fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32 + 1.0 / (1u64 << 25) as f32
    }

    /// Normal with mean 0 and variance 1 (Box and Muller 1958).
    fn normal(&mut self) -> f32 {
        let (a, b) = (self.uniform(), self.uniform());
        (-2.0 * a.ln()).sqrt() * (std::f32::consts::TAU * b).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_normal() {
        let mut random = Random(1);
        let values: Vec<f32> = (0..20_000).map(|_| random.normal()).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
    }

    #[test]
    fn frames_have_the_noise_they_claim() {
        let canvas = Canvas::render(128, 96);
        let shots: Vec<Shot> = (0..2).map(|i| shoot(&canvas, (32, 24), i, (0.0, 0.0, 0.0))).collect();
        let codes = |i: usize| match &shots[i].dng.image {
            RawImage::Cfa { samples, .. } => samples.data().to_vec(),
            _ => Vec::new(),
        };
        assert_ne!(shots[0].content, shots[1].content);
        let (mut sum, mut expected) = (0.0, 0.0);
        for (a, b) in codes(0).into_iter().zip(codes(1)) {
            let (a, b) = (calotype::image::raw_to_linear(a), calotype::image::raw_to_linear(b));
            if a < 0.9 && b < 0.9 {
                sum += (a - b).powi(2);
                expected += 2.0 * NOISE.variance(1, 0.5 * (a + b));
            }
        }
        assert!((sum / expected - 1.0f32).abs() < 0.15, "{sum} {expected}");
    }
}
