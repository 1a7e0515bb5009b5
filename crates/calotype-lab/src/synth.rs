//! Pictures with known answers, for tests.

use crate::Picture;
use calotype_dng::DngInfo;
use calotype_dng::tiff::{Endian, Value, tags};
use calotype_dng::write::{Ifd, write_tiff};
use calotype_image::Plane;

/// Random numbers with a seed (SplitMix64; Steele, Lea and Flood 2014).
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Normal numbers (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

pub(crate) fn grey(name: &str, plane: Plane<f32>) -> Picture {
    Picture::new(name, "linear", [plane.clone(), plane.clone(), plane]).unwrap()
}

pub(crate) fn gradient(width: usize, height: usize) -> Picture {
    let planes = [0.2f32, 0.5, 0.9].map(|k| {
        Plane::from_fn(width, height, move |x, y| {
            0.15 + 0.5 * k * (x as f32 / width as f32) + 0.1 * (y as f32 * 0.3).sin() * (x as f32 * 0.21).cos()
        })
    });
    Picture::new("gradient", "linear", planes).unwrap()
}

pub(crate) fn texture(width: usize, height: usize, seed: u64) -> Picture {
    let mut random = Random(seed);
    let plane = Plane::from_fn(width, height, |_, _| 0.4 + 0.3 * (random.uniform() as f32 - 0.5));
    grey("texture", crate::filter::gaussian(&plane, 0.6))
}

pub(crate) fn noisy_plane(plane: &Plane<f32>, sigma: f64, seed: u64) -> Plane<f32> {
    let mut random = Random(seed);
    Plane::from_fn(plane.width(), plane.height(), |x, y| plane.get(x, y) + (sigma * random.normal()) as f32)
}

pub(crate) fn noisy(picture: &Picture, sigma: f64, seed: u64) -> Picture {
    let mut out = picture.clone();
    for (i, plane) in out.rgb.planes.iter_mut().enumerate() {
        *plane = noisy_plane(plane, sigma, seed + 1000 * i as u64);
    }
    out
}

/// What a made-up raw file says.
pub(crate) fn info() -> DngInfo {
    let mut file = Vec::new();
    write_tiff(&mut file, Endian::Little, &[dng_ifd()]).unwrap();
    calotype_dng::read_info(&file, &calotype_dng::Limits::default()).unwrap()
}

/// A raw of two by two samples.
pub(crate) fn dng_ifd() -> Ifd<'static> {
    let mut ifd = Ifd::default();
    for (tag, value) in [
        (tags::NEW_SUBFILE_TYPE, Value::Long(vec![0])),
        (tags::IMAGE_WIDTH, Value::Long(vec![2])),
        (tags::IMAGE_LENGTH, Value::Long(vec![2])),
        (tags::BITS_PER_SAMPLE, Value::Short(vec![16])),
        (tags::COMPRESSION, Value::Short(vec![1])),
        (tags::PHOTOMETRIC_INTERPRETATION, Value::Short(vec![32803])),
        (tags::SAMPLES_PER_PIXEL, Value::Short(vec![1])),
        (tags::ROWS_PER_STRIP, Value::Long(vec![2])),
        (tags::CFA_REPEAT_PATTERN_DIM, Value::Short(vec![2, 2])),
        (tags::CFA_PATTERN, Value::Byte(vec![0, 1, 1, 2])),
        (tags::DNG_VERSION, Value::Byte(vec![1, 4, 0, 0])),
    ] {
        ifd.set(tag, value);
    }
    ifd.set_strips(vec![vec![0u8; 8].into()]);
    ifd
}
