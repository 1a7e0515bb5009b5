//! The keys of a look file: units, ranges and meanings in one table, from which the parser, the writer, blending and the
//! reference documentation follow.

use crate::Look;

/// How two looks blend in a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blend {
    /// Linear: shifts, shares, stops.
    Linear,
    /// Linear in the logarithm: slopes and gains.
    Log,
}

/// The numbers behind a key.
#[derive(Clone, Copy)]
pub enum Slot {
    /// One.
    One(fn(&mut Look) -> &mut f64),
    /// Two: Oklab a and b.
    Two(fn(&mut Look) -> &mut [f64; 2]),
    /// Three: red, green, blue.
    Three(fn(&mut Look) -> &mut [f64; 3]),
}

/// One numeric key of a look file.
#[derive(Clone, Copy)]
pub struct Field {
    /// Section, `tone` in `tone.slope`.
    pub section: &'static str,
    /// Name within the section.
    pub key: &'static str,
    /// Smallest value allowed.
    pub min: f64,
    /// Largest value allowed.
    pub max: f64,
    /// Unit of the value; empty for plain factors and shares.
    pub unit: &'static str,
    /// What it does, in one line.
    pub meaning: &'static str,
    /// How two looks blend in it.
    pub blend: Blend,
    pub(crate) slot: Slot,
}

impl Field {
    /// How many numbers the key takes: 1, 2 or 3.
    pub fn count(&self) -> usize {
        match self.slot {
            Slot::One(_) => 1,
            Slot::Two(_) => 2,
            Slot::Three(_) => 3,
        }
    }

    /// The numbers of the key in a look.
    pub(crate) fn values(self, look: &mut Look) -> &mut [f64] {
        match self.slot {
            Slot::One(at) => std::slice::from_mut(at(look)),
            Slot::Two(at) => at(look),
            Slot::Three(at) => at(look),
        }
    }
}

macro_rules! field {
    ($slot:ident $section:ident . $key:ident, $min:expr, $max:expr, $unit:expr, $blend:ident, $meaning:expr) => {
        Field {
            section: stringify!($section),
            key: stringify!($key),
            min: $min,
            max: $max,
            unit: $unit,
            meaning: $meaning,
            blend: Blend::$blend,
            slot: Slot::$slot(|look| &mut look.$section.$key),
        }
    };
}

/// All numeric keys outside `[[sector]]` and `[contract]`, in the order files are written.
pub fn fields() -> &'static [Field] {
    const FIELDS: &[Field] = &[
        field!(One anchor.grey_in, 0.18, 0.18, "", Linear, "scene-linear middle grey, 0.18 by convention"),
        field!(One anchor.grey_out_lstar, 40.0, 60.0, "L*", Linear, "lightness that middle grey gets"),
        field!(One tone.slope, 0.5, 3.0, "", Log, "contrast at middle grey, stops out per stop in"),
        field!(One tone.shoulder, 0.5, 6.0, "", Linear, "length of the shoulder: small bends late and hard, large early and softly"),
        field!(One tone.white, 1.0, 1.2, "", Linear, "ceiling of the shoulder; whatever passes 1 is white"),
        field!(One tone.toe, 0.0, 0.1, "", Linear, "depth of the toe; beyond 0.1 it is only more contrast"),
        field!(One tone.black, 0.0, 0.05, "", Linear, "linear light of the deepest black"),
        field!(One tone.skin_lift_ev, 0.0, crate::skin_lift::MOST_EV, "EV", Linear, "stops by which dark skin is lifted before the curve"),
        field!(Three render.inset, 0.0, 0.6, "", Linear, "how far red, green and blue are drawn towards white before the curve"),
        field!(Three render.rotate_deg, -30.0, 30.0, "degrees", Linear, "turn of red, green and blue about white before the curve"),
        field!(One render.recover, 0.0, 1.0, "", Linear, "share of inset and turn undone after the curve"),
        field!(One render.hue_keep, 0.0, 1.0, "", Linear, "share of the ratio-preserving curve, which keeps hue"),
        field!(One chroma.shadow, 0.0, 3.0, "", Log, "factor of chroma two stops below grey and darker"),
        field!(One chroma.mid, 0.0, 3.0, "", Log, "factor of chroma at middle grey"),
        field!(One chroma.highlight, 0.0, 3.0, "", Log, "factor of chroma one and a half stops above grey and lighter"),
        field!(One chroma.vibrance, -0.8, 1.5, "", Linear, "additional gain for muted colours"),
        field!(One chroma.skin_guard, 0.0, 1.0, "", Linear, "share of all gains from which skin hues are spared"),
        field!(Two tint.shadow, -10.0, 10.0, "hundredths of Oklab", Linear, "colour laid over the shadows: a (green to red), b (blue to yellow)"),
        field!(Two tint.mid, -10.0, 10.0, "hundredths of Oklab", Linear, "colour laid over the mid-tones: a, b"),
        field!(Two tint.highlight, -10.0, 10.0, "hundredths of Oklab", Linear, "colour laid over the highlights: a, b"),
        field!(Three mono.weights, -1.0, 2.0, "", Linear, "shares of scene-linear red, green and blue in grey"),
        field!(One mono.amount, 0.0, 1.0, "", Linear, "0 is colour, 1 is black and white"),
        field!(Two mono.tone, -10.0, 10.0, "hundredths of Oklab", Linear, "tone of the print: a, b"),
        field!(One local.fine, -0.5, 1.0, "", Linear, "gain of local contrast at 0.2 to 0.5 percent of the height"),
        field!(One local.medium, -0.5, 1.0, "", Linear, "gain of local contrast at 1 to 2 percent of the height"),
        field!(One local.coarse, -0.5, 1.0, "", Linear, "gain of local contrast at 5 to 10 percent of the height"),
        field!(One local.lift_ev, 0.0, 3.0, "EV", Linear, "stops by which deep shadows are lifted at most"),
        field!(One local.hold_ev, 0.0, 4.0, "EV", Linear, "stops by which bright regions are held back at most"),
        field!(One local.dim_scene_lstar, 5.0, 100.0, "L*", Linear, "largest mean lightness of a picture of a scene below 5 lux; 100 is no limit"),
        field!(One optics.corner_ev, -3.0, 0.0, "EV", Linear, "light at the corner against the centre"),
        field!(One optics.glow, 0.0, 0.3, "", Linear, "share of light scattered into a wide halo"),
        field!(One optics.glow_radius, 0.001, 0.1, "of the diagonal", Linear, "radius of the glow"),
        field!(One optics.halation, 0.0, 0.3, "", Linear, "share of light reflected from the film's base"),
        field!(One optics.halation_radius, 0.001, 0.1, "of the diagonal", Linear, "radius of the halation"),
        field!(Three optics.halation_tint, 0.0, 1.0, "", Linear, "colour of the halation, linear red, green, blue"),
        field!(One grain.rms, 0.0, 60.0, "density x 1000", Linear, "RMS of density after a 48 micrometre aperture"),
        field!(One grain.size_um, 2.0, 60.0, "um", Linear, "size of the grain on a 36 x 24 mm frame"),
        field!(One grain.shadow_bias, 0.0, 1.0, "", Linear, "share of the grain that follows the shadows"),
        field!(One grain.chroma, 0.0, 1.0, "", Linear, "share of the grain that is coloured"),
    ];
    FIELDS
}

/// Ranges of a `[[sector]]`: shift in degrees, chroma factor, relative lightness.
pub(crate) const SECTOR_SHIFT: (f64, f64) = (-45.0, 45.0);
pub(crate) const SECTOR_CHROMA: (f64, f64) = (0.0, 3.0);
pub(crate) const SECTOR_LIGHTNESS: (f64, f64) = (-0.3, 0.3);

impl Look {
    /// A look a share `strength` of the way from the neutral rendition (0) to this one (1), or beyond it (up to 2), with
    /// every number held within its range.
    ///
    /// Slopes and gains blend in the logarithm, everything else linearly; words and contract stay those of this look,
    /// though the contract holds at strength 1 only.
    pub fn at_strength(&self, strength: f64) -> Self {
        let strength = if strength.is_finite() { strength.clamp(0.0, 2.0) } else { 1.0 };
        let (mut neutral, mut target) = (Self::default(), self.clone());
        for field in fields() {
            let from = field.values(&mut neutral).to_vec();
            for (to, from) in field.values(&mut target).iter_mut().zip(from) {
                *to = blend(field.blend, from, *to, strength).clamp(field.min, field.max);
            }
        }
        // A filter is no half: between colour and black and white the weights stay.
        target.mono.weights = self.mono.weights;
        for s in &mut target.sectors {
            let clamp = |v: f64, (min, max): (f64, f64)| v.clamp(min, max);
            s.shift_deg = clamp(s.shift_deg * strength, SECTOR_SHIFT);
            s.chroma = clamp(blend(Blend::Log, 1.0, s.chroma, strength), SECTOR_CHROMA);
            s.lightness = clamp(s.lightness * strength, SECTOR_LIGHTNESS);
        }
        if let Some(residual) = &mut target.residual {
            residual.amount = (residual.amount * strength).clamp(0.0, 2.0);
        }
        target
    }
}

pub(crate) fn blend(how: Blend, from: f64, to: f64, t: f64) -> f64 {
    match how {
        _ if t == 1.0 => to,
        _ if t == 0.0 => from,
        Blend::Log if from > 0.0 && to > 0.0 => from * (to / from).powf(t),
        _ => from + (to - from) * t,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_lie_within_their_ranges() {
        let mut look = Look::default();
        for f in fields() {
            assert!(f.min <= f.max && !f.meaning.is_empty());
            for v in f.values(&mut look) {
                assert!((f.min..=f.max).contains(v), "{}.{} = {v}", f.section, f.key);
            }
        }
    }

    #[test]
    fn strength_one_is_the_look_and_zero_is_neutral() {
        let mut look = Look::default();
        look.tone.slope = 1.44;
        look.chroma.mid = 1.2;
        look.sectors[3].shift_deg = 8.0;
        look.optics.corner_ev = -2.0;
        assert_eq!(look.at_strength(1.0), look);
        assert_eq!(look.at_strength(0.0), Look::default());
        let half = look.at_strength(0.5);
        assert!((half.tone.slope - 1.2).abs() < 1e-12 && half.sectors[3].shift_deg == 4.0);
        assert_eq!(look.at_strength(9.0).optics.corner_ev, -3.0);
        assert_eq!(look.at_strength(f64::NAN), look);
    }
}
