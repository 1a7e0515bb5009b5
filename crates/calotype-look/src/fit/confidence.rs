//! How many examples stand behind which colours.

use crate::SECTORS;
use crate::residual::decode;
use calotype_color::RgbSpace;
use calotype_color::oklab::rgb_to_oklab;

/// Oklab chroma under which a colour counts as neutral.
const NEUTRAL: f64 = 0.02;
/// Oklab lightness that parts shadows, mid-tones and lights: L* 33 and 66.
const ZONES: [f64; 2] = [0.42, 0.70];

/// Examples by hue and lightness of the neutral picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Confidence {
    /// The eight sectors of [`SECTORS`], then neutrals; each in shadows (L* under 33), mid-tones and lights (over 66).
    pub cells: [[Support; 3]; 9],
}

/// What stands behind some colours.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Support {
    /// Number of examples.
    pub samples: usize,
    /// Their mean CIEDE2000 while held out; 0 without any.
    pub mean: f64,
}

impl Support {
    /// In a word: `firm` from 20 examples on, `thin` from 4, else `none`.
    pub fn word(&self) -> &'static str {
        match self.samples {
            20.. => "firm",
            4.. => "thin",
            _ => "none",
        }
    }
}

impl Confidence {
    /// Of sRGB codes in the neutral rendition and the errors there.
    pub(crate) fn new(codes: &[[f64; 3]], errors: &[f64]) -> Self {
        let mut cells = [[Support::default(); 3]; 9];
        for (code, error) in codes.iter().zip(errors) {
            let [l, a, b] = rgb_to_oklab(RgbSpace::Rec709, code.map(decode));
            let zone = ZONES.iter().filter(|z| l > **z).count();
            let sector = if a.hypot(b) < NEUTRAL { 8 } else { nearest_sector(b.atan2(a).to_degrees()) };
            let cell = &mut cells[sector][zone];
            cell.samples += 1;
            cell.mean += (error - cell.mean) / cell.samples as f64;
        }
        Self { cells }
    }

    /// Name of a row: that of the sector, or `neutral`.
    pub fn name(row: usize) -> &'static str {
        SECTORS.get(row).map_or("neutral", |s| s.1)
    }
}

/// The sector nearest to a hue in degrees.
pub(crate) fn nearest_sector(hue: f64) -> usize {
    let away = |i: &usize| ((hue - SECTORS[*i].0 + 180.0).rem_euclid(360.0) - 180.0).abs();
    (0..8).min_by(|a, b| away(a).total_cmp(&away(b))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_counted_where_they_are() {
        let codes = [[0.5, 0.5, 0.5], [0.5, 0.5, 0.505], [0.9, 0.3, 0.25], [0.1, 0.1, 0.4]];
        let c = Confidence::new(&codes, &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(c.cells[8][1], Support { samples: 2, mean: 1.5 });
        assert_eq!(c.cells[0][1].samples + c.cells[0][2].samples, 1, "{c:?}");
        assert_eq!(c.cells[5][0].samples, 1, "{c:?}");
        assert_eq!(c.cells.iter().flatten().map(|s| s.samples).sum::<usize>(), 4);
        assert_eq!(c.cells[8][1].word(), "none");
        assert_eq!((Confidence::name(1), Confidence::name(8)), ("skin", "neutral"));
    }
}
