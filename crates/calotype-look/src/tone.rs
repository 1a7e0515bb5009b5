//! The tone curve: five numbers, closed form, exact slope and grey, invertible.
//!
//! A log-logistic shoulder `f` runs into a flare-type toe `h(f) = f^2 / (f + t)`:
//!
//! ```text
//! x = scene / 0.18
//! f = w (1 + ((w / g1)^(1/q) - 1) x^-p)^-q
//! y = min(ceiling, b + (1 - b) f^2 / (f + t))
//! ```
//!
//! with `up(v) = (v + sqrt(v^2 + 4 t v)) / 2`, the inverse of the toe, `g1 = up((g - b) / (1 - b))`, `w = up(W)`, and
//! the power `p` solved so that the slope at grey (stops out per stop in) is exactly `s`.

use crate::{Anchor, Tone};
use calotype_color::lab::luminance;

/// Stops above grey over which an HDR rendition leaves the SDR curve.
const HDR_FADE_EV: f64 = 2.5;

/// One log-logistic curve with its toe, solved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToneCurve {
    /// Ceiling of the shoulder before the toe.
    pub(crate) w: f64,
    /// `(w / g1)^(1/q) - 1`.
    pub(crate) k: f64,
    /// Power of x.
    pub(crate) p: f64,
    /// Length of the shoulder.
    pub(crate) q: f64,
    /// Depth of the toe.
    pub(crate) t: f64,
    /// Black.
    pub(crate) b: f64,
    /// Scene-linear grey.
    pub(crate) grey: f64,
    /// Largest output.
    pub(crate) ceiling: f64,
}

impl ToneCurve {
    /// The curve of a look for an ordinary display: white is 1.
    pub fn new(tone: &Tone, anchor: &Anchor) -> Self {
        Self::solve(tone, anchor, tone.white, 1.0)
    }

    fn solve(tone: &Tone, anchor: &Anchor, white: f64, ceiling: f64) -> Self {
        let &Tone { slope: s, shoulder: q, toe: t, black: b, .. } = tone;
        let g = luminance(anchor.grey_out_lstar);
        let up = |v: f64| (v + (v * v + 4.0 * t * v).sqrt()) / 2.0;
        let ge = (g - b) / (1.0 - b);
        let (g1, w) = (up(ge), up(white));
        let toe_slope = (g1 + t) / (g1 + 2.0 * t);
        let p = s * g / (ge * (1.0 - b)) * toe_slope / (q * (1.0 - (g1 / w).powf(1.0 / q)));
        Self { w, k: (w / g1).powf(1.0 / q) - 1.0, p, q, t, b, grey: anchor.grey_in, ceiling }
    }

    /// Display-linear light of scene-linear light; negative light counts as none.
    pub fn evaluate(&self, scene: f64) -> f64 {
        if scene <= 0.0 {
            return self.b;
        }
        let f = self.w * (1.0 + self.k * (scene / self.grey).powf(-self.p)).powf(-self.q);
        let y = if f > 0.0 { f * f / (f + self.t) } else { 0.0 };
        (self.b + (1.0 - self.b) * y).min(self.ceiling)
    }

    /// Scene-linear light of display-linear light: the inverse of [`Self::evaluate`] between black and white.
    /// 0 at black and below, infinite where no light is enough.
    pub fn invert(&self, display: f64) -> f64 {
        let y = (display - self.b) / (1.0 - self.b);
        if y <= 0.0 {
            return 0.0;
        }
        let f = (y + (y * y + 4.0 * self.t * y).sqrt()) / 2.0;
        let e = ((self.w / f).powf(1.0 / self.q) - 1.0) / self.k;
        if e > 0.0 { self.grey * e.powf(-1.0 / self.p) } else { f64::INFINITY }
    }
}

/// The tone of a rendition: the curve of the look, and for displays with headroom a second one that leaves it above grey.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToneScale {
    /// For an ordinary display.
    pub sdr: ToneCurve,
    /// The same toe and slope under a higher ceiling.
    pub hdr: Option<ToneCurve>,
}

impl ToneScale {
    /// The tone of a look on a display that shows `headroom_ev` stops above white (0 for an ordinary one, at most 6).
    pub fn new(tone: &Tone, anchor: &Anchor, headroom_ev: f64) -> Self {
        let sdr = ToneCurve::new(tone, anchor);
        let ceiling = headroom_ev.clamp(0.0, 6.0).exp2();
        let hdr = (ceiling > 1.0).then(|| ToneCurve::solve(tone, anchor, tone.white * ceiling, ceiling));
        Self { sdr, hdr }
    }

    /// Largest output: 1, or 2 to the power of the headroom.
    pub fn ceiling(&self) -> f64 {
        self.hdr.map_or(1.0, |c| c.ceiling)
    }

    /// Display-linear light of scene-linear light. Up to middle grey the HDR rendition is the SDR one; above, it leaves
    /// it smoothly within two and a half stops.
    pub fn evaluate(&self, scene: f64) -> f64 {
        let sdr = self.sdr.evaluate(scene);
        match &self.hdr {
            Some(hdr) if scene > self.sdr.grey => {
                let fade = smoothstep(((scene / self.sdr.grey).log2() / HDR_FADE_EV).min(1.0));
                sdr + (hdr.evaluate(scene) - sdr) * fade
            }
            _ => sdr,
        }
    }
}

fn smoothstep(t: f64) -> f64 {
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_color::lab::lightness;

    const CURVES: [Tone; 4] = [
        Tone { slope: 1.22, shoulder: 2.01, white: 1.02, toe: 0.0, black: 0.0006, skin_lift_ev: 0.0 },
        Tone { slope: 1.26, shoulder: 2.37, white: 1.01, toe: 0.059, black: 0.0, skin_lift_ev: 0.0 },
        Tone { slope: 1.65, shoulder: 2.81, white: 1.01, toe: 0.0, black: 0.0, skin_lift_ev: 0.0 },
        Tone { slope: 1.02, shoulder: 1.50, white: 1.02, toe: 0.060, black: 0.0022, skin_lift_ev: 0.0 },
    ];

    #[test]
    fn grey_and_slope_are_exact() {
        for tone in CURVES {
            for headroom in [0.0, 2.0] {
                let scale = ToneScale::new(&tone, &Anchor::default(), headroom);
                assert!((lightness(scale.evaluate(0.18)) - 49.5).abs() < 1e-9);
                let (up, down) = (0.18 * 1e-6f64.exp2(), 0.18 * (-1e-6f64).exp2());
                let slope = (scale.evaluate(up) / scale.evaluate(down)).log2() / 2e-6;
                assert!((slope - tone.slope).abs() < 1e-6, "{slope}");
            }
        }
    }

    #[test]
    fn it_rises_and_inverts() {
        for tone in CURVES {
            let curve = ToneCurve::new(&tone, &Anchor::default());
            let mut last = -1.0;
            for i in -40..20 {
                let x = 0.18 * (f64::from(i) / 4.0).exp2();
                let y = curve.evaluate(x);
                assert!(y > last || y == 1.0);
                last = y;
                if y < 1.0 {
                    assert!((curve.invert(y) / x - 1.0).abs() < 1e-6, "{x} {y}");
                }
            }
            assert_eq!(curve.evaluate(0.0), tone.black);
            assert_eq!(curve.evaluate(-3.0), tone.black);
            assert_eq!(curve.invert(0.0), 0.0);
        }
    }

    #[test]
    fn hdr_leaves_sdr_above_grey_only_and_rises() {
        for tone in CURVES {
            let (sdr, hdr) =
                (ToneScale::new(&tone, &Anchor::default(), 0.0), ToneScale::new(&tone, &Anchor::default(), 2.0));
            let mut last = 0.0;
            for i in -32..48 {
                let x = 0.18 * (f64::from(i) / 4.0).exp2();
                let (s, h) = (sdr.evaluate(x), hdr.evaluate(x));
                assert!(h >= s && h >= last && h <= 4.0, "{x}: {s} {h}");
                assert!(i > 0 || h == s);
                last = h;
            }
            assert!(last > 3.0 && hdr.evaluate(0.18 * 16.0) > 1.0);
        }
    }
}
