//! Light for dark faces: a gain of scene light for the hues of skin where the curve of a contrasty look would leave them black.
//!
//! The hue is read from the scene, before the filter of black and white and the curve: `q = (r - b) / (r + g + b)` is how
//! warm a colour is, `p = (g - b) / (r - b)` where between red and yellow it lies. Of the ten Monk tones q is 0.06 to 0.35 and
//! p 0.3 to 0.7 in Rec.2020. Neutrals have no hue and keep the curve of the look; so does everything from middle grey up.

use crate::fast_math::{step, window};
use calotype_image::simd::madd;

/// Warmth from which a hue counts, and from which it counts in full: as far apart as two points of a table of 33.
const WARMTH: [f32; 2] = [0.0, 0.12];
/// Place between red (0) and yellow (1) where skin begins, is in full, is still, and ends; lips lie on the side of magenta.
const PLACE: [f32; 4] = [-0.5, 0.3, 0.7, 1.4];
/// Stops from middle grey between which the lift grows from nothing to whole and fades to nothing again: deep shadows are
/// noise without a hue of their own.
const STOPS: [f32; 4] = [-9.0, -6.0, -5.0, 0.0];
/// Smallest and largest light that has a hue.
const LIGHT: [f32; 2] = [1e-6, 1e6];
/// Smallest difference of red and blue that has a hue.
const LEAST: f32 = 1e-9;

/// Largest lift in stops: brightness still rises with light, at a third of its pace or more.
pub(crate) const MOST_EV: f64 = 2.25;

/// Stops by which the light of a scene-linear Rec.2020 colour is raised, of a lift of one stop: 0 to 1.
#[inline(always)]
#[allow(clippy::manual_clamp, reason = "clamp would keep what is not a number")]
fn share<const F: bool>(r: f32, g: f32, b: f32) -> f32 {
    let [least, most] = LIGHT;
    let (r, g, b) = (r.max(least).min(most), g.max(least).min(most), b.max(least).min(most));
    let (sum, warm) = (r + g + b, (r - b).max(LEAST));
    // one division for both
    let part = 1.0 / (sum * warm);
    let (warmth, place) = (warm * warm * part, (g - b) * sum * part);
    let is_warm = step::<F>(madd::<F>(warmth, 1.0 / (WARMTH[1] - WARMTH[0]), -WARMTH[0] / (WARMTH[1] - WARMTH[0])));
    is_warm * window::<F>(PLACE, place) * window::<F>(STOPS, stops::<F>(sum * (1.0 / (3.0 * 0.18))))
}

/// Base-2 logarithm of a positive normal number within 0.01: a parabola between powers of two, whose slopes meet there.
#[inline(always)]
fn stops<const F: bool>(v: f32) -> f32 {
    // bits are a logarithm that is straight between powers of two
    let straight = madd::<F>(v.to_bits() as i32 as f32, 1.0 / 8_388_608.0, -127.0);
    let m = f32::from_bits(v.to_bits() & 0x007f_ffff | 0x3f80_0000);
    // a third of (m - 1) (2 - m)
    straight + madd::<F>(m, madd::<F>(m, -1.0 / 3.0, 1.0), -2.0 / 3.0)
}

/// 2 to the power of 0 to [`MOST_EV`], and 1 at 0; relative error below 1.7e-4, a minimax polynomial.
#[inline(always)]
fn power<const F: bool>(v: f32) -> f32 {
    let p = madd::<F>(v, 0.020_122_922, 0.034_978_887);
    let p = madd::<F>(v, p, 0.254_588_4);
    let p = madd::<F>(v, p, 0.690_242_26);
    madd::<F>(v, p, 1.0)
}

/// Factor of light of a scene-linear Rec.2020 colour under a lift in stops, 0 to [`MOST_EV`].
#[inline(always)]
pub(crate) fn gain<const F: bool>(lift_ev: f32, r: f32, g: f32, b: f32) -> f32 {
    power::<F>(lift_ev * share::<F>(r, g, b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_color::matrix::transform;
    use calotype_color::{MONK_TONES, RgbSpace};

    fn tone(i: usize, ev: f32) -> [f32; 3] {
        let to = RgbSpace::Rec709.to_space(RgbSpace::Rec2020);
        transform(&to, MONK_TONES[i].map(|v| crate::residual::decode(f64::from(v) / 255.0)))
            .map(|v| v as f32 * ev.exp2())
    }

    #[test]
    fn dark_tones_are_lifted_and_light_ones_and_neutrals_are_not() {
        for (i, least, most) in [(9, 0.6, 1.0), (8, 0.4, 0.8), (2, 0.0, 0.02), (0, 0.0, 0.01)] {
            let [r, g, b] = tone(i, 0.0);
            let got = share::<false>(r, g, b);
            assert!((least..=most).contains(&got), "tone {}: {got}", i + 1);
        }
        for ev in [-8.0f32, -4.0, -2.0, 0.0, 3.0] {
            let grey = 0.18 * ev.exp2();
            assert!((gain::<false>(1.5, grey, grey, grey) - 1.0).abs() < 1e-6);
            assert!((gain::<false>(1.5, 0.5 * grey, grey, 1.5 * grey) - 1.0).abs() < 1e-6);
        }
        assert!([f32::NAN, f32::INFINITY, -1.0].iter().all(|v| gain::<false>(1.5, *v, 0.1, 0.0) > 0.0));
    }

    #[test]
    fn errors_are_as_stated() {
        for i in 0..=2250 {
            let v = i as f32 / 1000.0;
            let error = f64::from(power::<false>(v)) / f64::from(v).exp2() - 1.0;
            assert!(error.abs() < 1.7e-4, "{v}: {error:e}");
            let light = (v * 8.0 - 9.0).exp2();
            assert!((stops::<false>(light) - light.log2()).abs() < 0.01, "{light}");
        }
        assert_eq!(power::<false>(0.0), 1.0);
    }

    /// More light is never less bright, at the largest lift, in every tone.
    #[test]
    fn brightness_rises_with_light() {
        for i in 0..10 {
            let mut last = 0.0;
            for step in -1200..400 {
                let [r, g, b] = tone(i, step as f32 / 100.0);
                let light = g * gain::<false>(MOST_EV as f32, r, g, b);
                assert!(light > last, "tone {} at {step}", i + 1);
                last = light;
            }
        }
    }
}
