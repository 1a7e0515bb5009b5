//! Light made to look at: one gain and one curve for the truth and for everything that is held against it.

use super::fit_gain;
use crate::{Picture, Result};
use calotype_image::Plane;

/// Darkest truth that is still brightened to mid grey, as a gain.
const MOST: f64 = 256.0;

/// The point operations of a photograph, chosen by the truth alone, so that dim light is judged as it is seen: a gain that
/// brings its mean luminance (white where it saturates) to 0.18, and the curve of Reinhard et al. (2002, equation 4) per channel,
/// `x (1 + x / w²) / (1 + x)`, which leaves black and white where they are. With gain 1 nothing changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rendering {
    gain: f64,
}

impl Rendering {
    /// That of a truth: linear Rec.709, what saturates the camera at 1.
    pub fn of(truth: &Picture) -> Self {
        let luminance = truth.luminance();
        let sum: f64 = luminance.data().iter().map(|v| f64::from(v.clamp(0.0, 1.0))).sum();
        let mean = sum / luminance.data().len().max(1) as f64;
        // solves g m / (1 + g m) = 0.18
        Self { gain: (0.18 / 0.82 / mean.max(1e-9)).clamp(1.0, MOST) }
    }

    /// The gain.
    pub fn gain(self) -> f64 {
        self.gain
    }

    /// A picture of linear Rec.709, multiplied by `exposure` first, as it is seen: still linear light for a display, black 0
    /// and white 1. What saturated the camera stays above 1.
    ///
    /// # Errors
    /// [`crate::LabError::NotFinite`] where the exposure makes it so.
    pub fn apply(self, picture: &Picture, exposure: f64) -> Result<Picture> {
        let (g, w) = ((self.gain * exposure) as f32, self.gain as f32);
        let curve = |v: f32| {
            let x = (v * g).max(0.0);
            x * (1.0 + x / (w * w)) / (1.0 + x)
        };
        let planes =
            picture.rgb.planes.each_ref().map(|p| Plane::from_fn(p.width(), p.height(), |x, y| curve(p.get(x, y))));
        Picture::new(picture.name.clone(), picture.encoding.clone(), planes)
    }
}

/// The factor that brings a picture's mid-tones to the truth's, both linear and of one size, over places that did not
/// saturate; 1 where nothing fits.
pub fn exposure_gain(picture: &Picture, truth: &Picture) -> f64 {
    if picture.size() != truth.size() {
        return 1.0;
    }
    let usable = |x, y| u8::from(truth.rgb.get(x, y).iter().all(|v| *v <= 1.0));
    let usable = Plane::from_fn(truth.width(), truth.height(), usable);
    fit_gain(&picture.luminance(), &truth.luminance(), &usable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(values: [f32; 4]) -> Picture {
        Picture::new("t", "", [(); 3].map(|()| Plane::from_vec(4, 1, values.to_vec()).unwrap())).unwrap()
    }

    #[test]
    fn dim_light_is_brightened_and_white_stays_white() {
        let truth = grey([0.01, 0.02, 0.02, 0.07]);
        let rendering = Rendering::of(&truth);
        assert!((rendering.gain() - 7.317).abs() < 0.01, "{rendering:?}");
        let white = rendering.apply(&grey([0.0, 0.5, 1.0, 2.0]), 1.0).unwrap();
        let at = |i: usize| white.rgb.get(i, 0)[1];
        assert!(at(0) == 0.0 && at(1) < 1.0 && (at(2) - 1.0).abs() < 1e-6 && at(3) > 1.0);
        let even = grey([0.02; 4]);
        let seen = Rendering::of(&even).apply(&even, 1.0).unwrap();
        assert!((seen.rgb.get(0, 0)[0] - 0.18).abs() < 0.002, "{:?}", seen.rgb.get(0, 0));
        // half the exposure is made up for
        let half = grey([0.01; 4]);
        assert_eq!(Rendering::of(&even).apply(&half, 2.0).unwrap().rgb.get(1, 0), seen.rgb.get(1, 0));
    }

    #[test]
    fn bright_light_is_left_alone() {
        let truth = grey([0.0, 0.5, 0.9, 2.0]);
        let seen = Rendering::of(&truth).apply(&truth, 1.0).unwrap();
        for i in 0..4 {
            assert!((seen.rgb.get(i, 0)[2] - truth.rgb.get(i, 0)[2]).abs() < 1e-6);
        }
    }
}
