//! Automatic white balance: the colour of the light, from the picture alone.
//!
//! Four estimates that fail in different scenes vote: the mean of the brightest pixels, at two shares (lights and
//! pale things), grey edges (van de Weijer, Gevers and Gijsenij, 2007) and grey pixels, where all channels vary alike
//! (Yang, Gao and Li, 2015). Their geometric median in log chromaticity is the answer, so one of them may be far off.
//! Nothing is trained. Where the camera's colours are calibrated, [`WhiteEstimate::natural`] looks for the light that
//! exists and makes all of the picture's colours likely ([`lights`]).
//!
//! ```
//! use calotype_develop::WhiteEstimate;
//! use calotype_image::CameraRgb;
//!
//! assert!(WhiteEstimate::of(&CameraRgb::new(64, 48), [1.0; 3]).is_none(), "a black picture tells nothing");
//! ```

mod cues;
mod lights;

use crate::proxy::shrink;
use calotype_color::{CameraModel, ColorError, ResolvedCamera, WhiteBalance};
use calotype_image::CameraRgb;
use lights::{Chroma, Lights, chroma, likeliest};

/// Pixels that the estimate is made from.
const ENOUGH_PIXELS: usize = 100_000;

/// Standard deviations from the lights there are beyond which the calibration is doubted: by chance, one in 2000.
const SURPRISE: f64 = 3.9;

/// An estimate of the light's colour.
#[derive(Clone, Debug, PartialEq)]
pub struct WhiteEstimate {
    /// Camera colour of something neutral, green = 1.
    pub neutral: [f32; 3],
    /// How far apart the single estimates are: mean distance to the answer, in natural logarithms of chromaticity.
    /// Below 0.05 they agree; 0.2 is a guess.
    pub spread: f32,
    /// The single estimates, green = 1: brightest 3 percent, brightest 10 percent, grey edges, grey pixels.
    pub cues: [[f32; 3]; 4],
    /// All colours of the picture.
    chroma: Vec<Chroma>,
}

impl WhiteEstimate {
    /// Estimates from a picture in camera colours, before white balance. `clip` is where each channel saturates:
    /// clipped pixels say nothing about colour. `None` for pictures that are empty, black or clipped all over.
    pub fn of(picture: &CameraRgb, clip: [f32; 3]) -> Option<Self> {
        let small = shrink(picture, ENOUGH_PIXELS);
        let cues = cues::all(&small, clip)?;
        let points = cues.map(|c| [f64::from(c[0] / c[1]).ln(), f64::from(c[2] / c[1]).ln()]);
        let (middle, spread) = geometric_median(&points);
        let neutral = [middle[0].exp() as f32, 1.0, middle[1].exp() as f32];
        let plausible = neutral.iter().all(|v| v.is_finite() && (0.02..50.0).contains(v));
        let chroma = chroma(&small, &cues::trusted(&small, clip));
        let cues = cues.map(|c| c.map(|v| v / c[1]));
        plausible.then_some(Self { neutral, spread: spread as f32, cues, chroma })
    }

    /// The camera under the likeliest light: one that makes the picture's colours those of the world, agrees with
    /// the estimates, and exists: near the locus of daylight and lamps, 2000 to 12000 K, and, in the open
    /// (`scene_ev100` 11 or more), near daylight. Without calibration the estimate is taken as it is, and also where it is
    /// so far from all lights that the calibration must be another's (some cameras balance before they write).
    ///
    /// # Errors
    /// Those of [`CameraModel::resolve`].
    pub fn natural(&self, camera: &CameraModel, scene_ev100: Option<f32>) -> Result<ResolvedCamera, ColorError> {
        let direct = camera.resolve(WhiteBalance::Neutral(self.neutral.map(f64::from)))?;
        if !direct.calibrated {
            return Ok(direct);
        }
        // Uncertainty of the estimate: 0.04 in log chromaticity at best (the error of such estimates on indoor
        // scenes), which near 5000 K is about 22 mired along the locus and 12 units of tint across.
        let doubt = 0.04 + f64::from(self.spread);
        let (mired, tint) = (1e6 / direct.kelvin, direct.tint);
        let surprise = ((mired - 220.0) / (doubt * 550.0).hypot(70.0)).hypot(tint / (doubt * 300.0).hypot(14.0));
        if surprise > SURPRISE {
            return Ok(direct);
        }
        // Lights at large: 230 ± 110 mired, tint 0 ± 8. Daylight from sun to shade: 178 ± 25 mired, tint 3 ± 6.
        let outdoors = f64::from(scene_ev100.map_or(0.0, |ev| ((ev - 10.0) / 2.0).clamp(0.0, 1.0)));
        let blend = |all: f64, open: f64| all + outdoors * (open - all);
        let lights =
            Lights { mired: [blend(230.0, 178.0), blend(110.0, 25.0)], tint: [blend(0.0, 3.0), blend(8.0, 6.0)] };
        let [_, pale, _, grey] = self.cues.map(|c| [c[0].ln(), c[2].ln()]);
        likeliest(camera, &self.chroma, &[(grey, 0.06), (pale, 0.08)], lights)
    }
}

/// The point of least summed distance (Weiszfeld's iteration), and the mean distance to it.
fn geometric_median(points: &[[f64; 2]]) -> ([f64; 2], f64) {
    let count = points.len() as f64;
    let mut at = [0, 1].map(|k| points.iter().map(|p| p[k]).sum::<f64>() / count);
    let distance = |a: [f64; 2], b: &[f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    for _ in 0..60 {
        let mut sum = [0.0; 3];
        for p in points {
            // 1e-3 keeps the iteration off the singularity at a point
            let weight = 1.0 / (distance(at, p) + 1e-3);
            sum = [sum[0] + weight * p[0], sum[1] + weight * p[1], sum[2] + weight];
        }
        at = [sum[0] / sum[2], sum[1] / sum[2]];
    }
    (at, points.iter().map(|p| distance(at, p)).sum::<f64>() / count)
}

#[cfg(test)]
#[allow(clippy::print_stderr)] // figures for the reader of a test's output
mod tests;
