//! What the samples of a picture mean.

use crate::{Picture, Result};
use calotype_color::matrix::{apply_rows, to_f32};
use calotype_color::{Matrix3, RgbSpace, transfer};
use calotype_image::{Plane, par};
use std::str::FromStr;

/// From sample to linear light.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Transfer {
    /// Samples are light already.
    Linear,
    /// The curve of sRGB and Display P3 (IEC 61966-2-1).
    Srgb,
    /// Light is the sample to this power.
    Gamma(f32),
}

impl Transfer {
    /// Linear light of a sample.
    pub fn decode(self, v: f32) -> f32 {
        match self {
            Self::Linear => v,
            Self::Srgb => transfer::srgb_decode(v),
            Self::Gamma(g) => v.abs().powf(g).copysign(v),
        }
    }
}

/// What the samples of a picture mean: primaries and transfer curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Encoding {
    /// The primaries and white.
    pub space: RgbSpace,
    /// The curve.
    pub transfer: Transfer,
}

impl Encoding {
    /// sRGB: what a file means that says nothing.
    pub const SRGB: Self = Self { space: RgbSpace::Rec709, transfer: Transfer::Srgb };
    /// Linear Rec.709: what a floating point file means that says nothing.
    pub const LINEAR: Self = Self { space: RgbSpace::Rec709, transfer: Transfer::Linear };

    /// In words.
    pub fn describe(&self) -> String {
        let space = match self.space {
            RgbSpace::Rec709 if self.transfer == Transfer::Srgb => return "sRGB".into(),
            RgbSpace::Rec709 => "Rec.709",
            RgbSpace::DisplayP3 => "Display P3",
            RgbSpace::Rec2020 => "Rec.2020",
            RgbSpace::ProPhoto => "ProPhoto",
            RgbSpace::AcesAp0 => "ACES AP0",
        };
        match self.transfer {
            Transfer::Linear => format!("linear {space}"),
            Transfer::Srgb => space.into(),
            Transfer::Gamma(g) => format!("{space}, gamma {g}"),
        }
    }
}

impl FromStr for Encoding {
    type Err = String;

    /// `srgb`, `linear`, `display-p3`, `linear-p3`, `linear-rec2020` or `gamma=2.2`.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let of = |space, transfer| Ok(Self { space, transfer });
        match text {
            "srgb" => of(RgbSpace::Rec709, Transfer::Srgb),
            "linear" => of(RgbSpace::Rec709, Transfer::Linear),
            "display-p3" => of(RgbSpace::DisplayP3, Transfer::Srgb),
            "linear-p3" => of(RgbSpace::DisplayP3, Transfer::Linear),
            "linear-rec2020" => of(RgbSpace::Rec2020, Transfer::Linear),
            _ => match text.strip_prefix("gamma=").and_then(|g| g.parse().ok()) {
                Some(g) if (0.2..=5.0).contains(&g) => of(RgbSpace::Rec709, Transfer::Gamma(g)),
                _ => Err(format!(
                    "'{text}' is no encoding: use srgb, linear, display-p3, linear-p3, linear-rec2020 or gamma=2.2"
                )),
            },
        }
    }
}

/// A picture from samples that a curve and a matrix bring to linear Rec.709.
pub(super) fn to_picture(
    name: String,
    encoding: String,
    mut planes: [Plane<f32>; 3],
    decode: [&(dyn Fn(f32) -> f32 + Sync); 3],
    to_rec709: Option<Matrix3>,
) -> Result<Picture> {
    let m = to_rec709.map(|m| to_f32(&m));
    par::bands3_mut(&mut planes, 32, |_, bands| {
        let [mut r, mut g, mut b] = bands;
        for y in 0..r.height() {
            for (band, decode) in [&mut r, &mut g, &mut b].into_iter().zip(decode) {
                band.row_mut(y).iter_mut().for_each(|v| *v = decode(*v));
            }
            if let Some(m) = &m {
                apply_rows(m, r.row_mut(y), g.row_mut(y), b.row_mut(y));
            }
        }
    });
    Picture::new(name, encoding, planes)
}

/// A picture whose samples (white 1) have a known encoding.
pub(super) fn known(name: String, planes: [Plane<f32>; 3], encoding: Encoding, kind: &str) -> Result<Picture> {
    let words = format!("{}, {kind}", encoding.describe());
    let decode = |v| encoding.transfer.decode(v);
    let matrix = (encoding.space != RgbSpace::Rec709).then(|| encoding.space.to_space(RgbSpace::Rec709));
    to_picture(name, words, planes, [&decode; 3], matrix)
}

/// Planes from interleaved samples: one channel is grey, two are grey with alpha, alpha is left out.
pub(super) fn planes(
    width: usize,
    height: usize,
    channels: usize,
    sample: impl Fn(usize) -> f32 + Copy,
) -> [Plane<f32>; 3] {
    let pick = |c: usize| if channels < 3 { 0 } else { c };
    [0, 1, 2].map(|c| Plane::from_fn(width, height, |x, y| sample((y * width + x) * channels + pick(c))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_read_by_name() {
        assert_eq!("srgb".parse(), Ok(Encoding::SRGB));
        assert_eq!("gamma=2.2".parse::<Encoding>().unwrap().transfer, Transfer::Gamma(2.2));
        assert!("gamma=0".parse::<Encoding>().is_err() && "grey".parse::<Encoding>().is_err());
    }

    #[test]
    fn white_and_grey_survive_a_change_of_primaries() {
        let p3 = Encoding { space: RgbSpace::DisplayP3, transfer: Transfer::Srgb };
        let code = transfer::srgb_encode(0.18);
        let p = known("x".into(), [code; 3].map(|c| Plane::filled(2, 1, c)), p3, "8 bit").unwrap();
        assert!(p.rgb.get(1, 0).iter().all(|v| (v - 0.18).abs() < 1e-6));
    }
}
