//! Holding a look to what it promises: measurements of the point transform, and their comparison with the contract.
//!
//! All figures are taken with the exact transform into Rec.2020, where next to nothing is clipped, at strength 1.

use crate::{Look, OutputSpace, PointTransform, SECTORS};
use calotype_color::lab::lightness;
use calotype_color::oklab::{oklab_to_rgb, rgb_to_oklab};
use calotype_color::transfer::srgb_decode;
use calotype_color::{MONK_TONES, RgbSpace};

/// Oklab chroma at middle grey of the colours by which gain is measured.
const GAIN_CHROMA: f64 = 0.06;
/// Oklab chroma at middle grey of the colours by which hue shifts are measured.
const HUE_CHROMA: f64 = 0.10;

/// What a look measures.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Stops out per stop in at middle grey, neutral.
    pub slope: f64,
    /// L* of black.
    pub min_lstar: f64,
    /// Shift of Oklab hue in degrees at the eight sectors, at middle grey.
    pub hue: [f64; 8],
    /// Oklab chroma out over chroma in of the same colours.
    pub hue_gain: [f64; 8],
    /// Shift of Oklab hue in degrees of the ten Monk tones.
    pub skin: [f64; 10],
    /// Chroma out over chroma in of the ten Monk tones.
    pub skin_gain: [f64; 10],
    transform: PointTransform,
}

impl Measured {
    /// L* of a neutral `ev` stops from middle grey.
    pub fn lstar(&self, ev: f64) -> f64 {
        lightness(self.transform.apply([0.18 * ev.exp2(); 3])[1])
    }

    /// Oklab chroma out over chroma in, mean of the eight sectors, for muted colours `ev` stops from middle grey.
    pub fn gain(&self, ev: f64) -> f64 {
        let ratio = |hue: f64| {
            let (lab, out) = self.pair(hue, GAIN_CHROMA, ev);
            out[1].hypot(out[2]) / lab[1].hypot(lab[2])
        };
        SECTORS.iter().map(|s| ratio(s.0)).sum::<f64>() / 8.0
    }

    /// Largest hue shift of the Monk tones in degrees, either way.
    pub fn skin_shift(&self) -> f64 {
        self.skin.iter().fold(0.0, |m, v| v.abs().max(m))
    }

    /// Largest difference between hue shifts of the Monk tones in degrees.
    pub fn skin_spread(&self) -> f64 {
        let (min, max) = self.skin.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (v.min(a), v.max(b)));
        max - min
    }

    /// Oklab of a scene colour and of its rendition.
    fn pair(&self, hue: f64, chroma: f64, ev: f64) -> ([f64; 3], [f64; 3]) {
        let (sin, cos) = hue.to_radians().sin_cos();
        let grey = 0.18f64.cbrt();
        let scene = oklab_to_rgb(RgbSpace::Rec2020, [grey, chroma * cos, chroma * sin]).map(|v| v * ev.exp2());
        self.through(scene)
    }

    fn through(&self, scene: [f64; 3]) -> ([f64; 3], [f64; 3]) {
        let out = self.transform.apply(scene);
        (rgb_to_oklab(RgbSpace::Rec2020, scene), rgb_to_oklab(RgbSpace::Rec2020, out))
    }
}

/// Measures a look at strength 1.
pub fn measure(look: &Look) -> Measured {
    let transform = PointTransform::new(look, OutputSpace::Rec2020, 0.0);
    let at = |x: f64| transform.tone.evaluate(x);
    let h = 1e-5f64.exp2();
    let slope = (at(0.18 * h) / at(0.18 / h)).log2() / 2e-5;
    let mut m = Measured {
        slope,
        min_lstar: lightness(at(0.0)),
        hue: [0.0; 8],
        hue_gain: [0.0; 8],
        skin: [0.0; 10],
        skin_gain: [1.0; 10],
        transform,
    };
    // Black and white has no hues to shift.
    if look.mono.amount < 1.0 {
        let pairs = SECTORS.map(|s| m.pair(s.0, HUE_CHROMA, 0.0));
        m.hue = pairs.map(turn);
        m.hue_gain = pairs.map(|(a, b)| b[1].hypot(b[2]) / a[1].hypot(a[2]));
        let to_scene = RgbSpace::Rec709.to_space(RgbSpace::Rec2020);
        let tones = MONK_TONES.map(|tone| {
            let linear = tone.map(|v| f64::from(srgb_decode(f32::from(v) / 255.0)));
            m.through(calotype_color::matrix::transform(&to_scene, linear))
        });
        m.skin = tones.map(turn);
        m.skin_gain = tones.map(|(a, b)| b[1].hypot(b[2]) / a[1].hypot(a[2]));
    }
    m
}

/// Degrees of Oklab hue from one colour to another, -180 to 180.
fn turn((from, to): ([f64; 3], [f64; 3])) -> f64 {
    let cross = from[1] * to[2] - from[2] * to[1];
    let dot = from[1] * to[1] + from[2] * to[2];
    cross.atan2(dot).to_degrees()
}

/// Tolerance of promises that are upper bounds.
const UPPER_BOUND: f64 = 1e-9;

/// A promise that does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// What was measured, as in `lstar at +2 EV`.
    pub what: String,
    /// What the contract says.
    pub promised: f64,
    /// What was measured.
    pub measured: f64,
    /// How far they may differ.
    pub tolerance: f64,
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, promised, measured, tolerance } = self;
        if *tolerance <= UPPER_BOUND {
            return write!(f, "{what}: at most {promised:.3} promised, {measured:.3} measured");
        }
        write!(f, "{what}: {promised:.3} promised, {measured:.3} measured, tolerance {tolerance}")
    }
}

/// Compares a look with its contract; empty where every promise holds.
pub fn verify(look: &Look) -> Vec<Breach> {
    let m = measure(look);
    let c = &look.contract;
    let mut breaches = Vec::new();
    let mut hold = |what: String, promised: f64, measured: f64, tolerance: f64| {
        let kept = (promised - measured).abs() <= tolerance;
        if !kept {
            breaches.push(Breach { what, promised, measured, tolerance });
        }
    };
    if let Some(slope) = c.slope {
        hold("slope".into(), slope, m.slope, 0.03);
    }
    if let Some(lstar) = c.min_lstar {
        hold("lightness of black".into(), lstar, m.min_lstar, 0.3);
    }
    for (ev, lstar) in &c.lstar {
        hold(format!("lightness at {ev:+} EV"), *lstar, m.lstar(*ev), 1.0);
    }
    for (ev, gain) in &c.gain {
        hold(format!("gain of chroma at {ev:+} EV"), *gain, m.gain(*ev), 0.05);
    }
    for (i, shift) in &c.hue {
        hold(format!("hue shift of {}", SECTORS[*i].1), *shift, m.hue[*i], 1.5);
    }
    if let Some(ev) = c.corner_ev {
        hold("light at the corner".into(), ev, look.optics.corner_ev, 0.05);
    }
    // Upper bounds: what lies below them is kept exactly.
    if let Some(most) = c.skin_shift_max {
        hold("largest hue shift of skin".into(), most, m.skin_shift().max(most), UPPER_BOUND);
    }
    if let Some(most) = c.skin_spread_max {
        hold("spread of the hue shifts of skin".into(), most, m.skin_spread().max(most), UPPER_BOUND);
    }
    breaches
}

impl Look {
    /// Makes the contract what the look measures: slope, black, lightness and gain at usual stops, hue shifts, falloff; and
    /// for skin what it keeps, upwards to the next half degree.
    pub fn promise(&mut self) {
        let m = measure(self);
        let round = |v: f64, digits: i32| {
            let scale = 10f64.powi(digits);
            // minus nothing is nothing
            (v * scale).round() / scale + 0.0
        };
        let colour = self.mono.amount < 1.0;
        let above = |v: f64| (v * 2.0 + 1e-6).ceil() / 2.0;
        self.contract = crate::Contract {
            slope: Some(round(m.slope, 3)),
            min_lstar: Some(round(m.min_lstar, 2)),
            lstar: [-3.0, -2.0, 0.0, 2.0, 3.0].map(|ev| (ev, round(m.lstar(ev), 1))).to_vec(),
            gain: [-2.0, 0.0, 1.5].map(|ev| (ev, round(m.gain(ev), 2))).to_vec(),
            hue: if colour { (0..8).map(|i| (i, round(m.hue[i], 1))).collect() } else { Vec::new() },
            skin_shift_max: colour.then(|| above(m.skin_shift())),
            skin_spread_max: colour.then(|| above(m.skin_spread())),
            corner_ev: Some(self.optics.corner_ev),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_promise_is_told() {
        let mut look = Look::default();
        let m = measure(&look);
        look.contract.slope = Some(1.0);
        look.contract.lstar = vec![(2.0, m.lstar(2.0) + 0.9), (-2.0, m.lstar(-2.0) - 2.0)];
        look.contract.skin_shift_max = Some(90.0);
        let breaches = verify(&look);
        assert_eq!(breaches.len(), 1);
        assert!(breaches[0].to_string().starts_with("lightness at -2 EV: "), "{}", breaches[0]);
        look.contract.skin_shift_max = Some(0.0);
        assert_eq!(verify(&look).len(), 2);
    }

    #[test]
    fn neutral_hardly_turns_skin() {
        let m = measure(&Look::default());
        assert!((m.slope - 1.0).abs() < 1e-6 && m.skin_shift() < 3.0 && m.skin_spread() < 2.0, "{:?}", m.skin);
    }
}
