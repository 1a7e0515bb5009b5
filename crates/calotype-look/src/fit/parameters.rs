//! The numbers of a look that fitting may move: what they are before any example is seen, and in which order they join.

use crate::{Blend, Look, fields};

/// When a number joins the fit: each stage starts from the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The tone curve.
    Tone,
    /// Rendering primaries; for black and white the filter and the tone of the print.
    Render,
    /// Chroma by lightness and tint.
    Chroma,
    /// The eight sectors.
    Sectors,
}

impl Stage {
    /// All, in the order in which they join.
    pub const ALL: [Self; 4] = [Self::Tone, Self::Render, Self::Chroma, Self::Sectors];
}

/// One free number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Free {
    pub stage: Stage,
    place: Place,
    /// Range and prior in the scale of the fit: logarithms for slopes and gains.
    low: f64,
    high: f64,
    prior: f64,
    /// How far from the prior such numbers lie, as a standard deviation.
    spread: f64,
    log: bool,
}

/// Where in a look.
#[derive(Clone, Copy, Debug)]
enum Place {
    Field(usize, usize),
    Shift(usize),
    Chroma(usize),
    Lightness(usize),
}

/// Spread of each number over looks that people like: the built-in ones and the published figures behind them, rounded up.
/// Numbers that are not listed stay as they are.
const SPREADS: &[(Stage, &str, &str, f64)] = &[
    (Stage::Tone, "anchor", "grey_out_lstar", 5.0),
    (Stage::Tone, "tone", "slope", 0.25),
    (Stage::Tone, "tone", "shoulder", 1.5),
    (Stage::Tone, "tone", "white", 0.06),
    (Stage::Tone, "tone", "toe", 0.03),
    (Stage::Tone, "tone", "black", 0.01),
    (Stage::Render, "render", "inset", 0.15),
    (Stage::Render, "render", "rotate_deg", 8.0),
    (Stage::Render, "render", "recover", 0.3),
    (Stage::Render, "render", "hue_keep", 0.4),
    (Stage::Chroma, "chroma", "shadow", 0.4),
    (Stage::Chroma, "chroma", "mid", 0.3),
    (Stage::Chroma, "chroma", "highlight", 0.4),
    (Stage::Chroma, "chroma", "vibrance", 0.3),
    (Stage::Chroma, "tint", "shadow", 2.5),
    (Stage::Chroma, "tint", "mid", 2.5),
    (Stage::Chroma, "tint", "highlight", 2.5),
];
const SHIFT_DEG: f64 = 10.0;
const CHROMA: f64 = 0.25;
const LIGHTNESS: f64 = 0.08;
/// Smallest factor of chroma that a logarithm sees.
const LEAST_GAIN: f64 = 0.05;

/// The free numbers of looks, black and white or in colour, starting from the neutral rendition; with the falloff where
/// `falloff` says that the examples tell of it.
pub(crate) fn free(mono: bool, falloff: bool) -> Vec<Free> {
    let mut out = Vec::new();
    let mut start = start(mono);
    let mut add = |stage, section: &str, key: &str, spread: f64| {
        let index = fields().iter().position(|f| (f.section, f.key) == (section, key)).expect("the key exists");
        let field = fields()[index];
        let log = field.blend == Blend::Log;
        let scale = |v: f64| if log { v.max(LEAST_GAIN).ln() } else { v };
        for (i, value) in field.values(&mut start).iter().enumerate() {
            out.push(Free {
                stage,
                place: Place::Field(index, i),
                low: scale(field.min),
                high: scale(field.max),
                prior: scale(*value),
                spread,
                log,
            });
        }
    };
    for (stage, section, key, spread) in SPREADS {
        if !mono || *stage == Stage::Tone {
            add(*stage, section, key, *spread);
        }
    }
    if mono {
        add(Stage::Render, "mono", "weights", 0.25);
        add(Stage::Chroma, "mono", "tone", 3.0);
        add(Stage::Chroma, "tint", "shadow", 2.5);
        add(Stage::Chroma, "tint", "highlight", 2.5);
    }
    if falloff {
        add(Stage::Tone, "optics", "corner_ev", 0.5);
    }
    if !mono {
        for i in 0..8 {
            let one = |place, (low, high), spread, log| Free {
                stage: Stage::Sectors,
                place,
                low,
                high,
                prior: 0.0,
                spread,
                log,
            };
            out.push(one(Place::Shift(i), crate::schema::SECTOR_SHIFT, SHIFT_DEG, false));
            let (_, most) = crate::schema::SECTOR_CHROMA;
            out.push(one(Place::Chroma(i), (LEAST_GAIN.ln(), most.ln()), CHROMA, true));
            out.push(one(Place::Lightness(i), crate::schema::SECTOR_LIGHTNESS, LIGHTNESS, false));
        }
    }
    out
}

/// The look that fits begin with.
pub(crate) fn start(mono: bool) -> Look {
    let mut look = Look::default();
    if mono {
        look.mono.amount = 1.0;
    }
    look
}

impl Free {
    /// The prior in units of its spread is 0; the range, in those units.
    pub fn range(&self) -> (f64, f64) {
        ((self.low - self.prior) / self.spread, (self.high - self.prior) / self.spread)
    }

    /// Puts a number, in units of its spread from the prior, into a look.
    pub fn put(&self, look: &mut Look, unit: f64) {
        let scaled = (self.prior + unit * self.spread).clamp(self.low, self.high);
        let value = if self.log { scaled.exp() } else { scaled };
        match self.place {
            Place::Field(index, i) => {
                let field = fields()[index];
                field.values(look)[i] = value.clamp(field.min, field.max);
            }
            Place::Shift(i) => look.sectors[i].shift_deg = value,
            // A logarithm and back may step over the edge by the last bit.
            Place::Chroma(i) => look.sectors[i].chroma = value.min(crate::schema::SECTOR_CHROMA.1),
            Place::Lightness(i) => look.sectors[i].lightness = value,
        }
    }
}

/// The look of a point of the fit.
pub(crate) fn look_at(free: &[Free], units: &[f64], mono: bool) -> Look {
    let mut look = start(mono);
    free.iter().zip(units).for_each(|(f, u)| f.put(&mut look, *u));
    look
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prior_is_the_start_and_ranges_hold() {
        for (mono, count) in [(false, 48), (true, 15)] {
            let free = free(mono, false);
            assert_eq!(free.len(), count);
            let zero = vec![0.0; free.len()];
            let (got, want) = (look_at(&free, &zero, mono), start(mono));
            assert!(
                got.differences(&want)
                    .iter()
                    .all(|d| { d.first.iter().zip(&d.second).all(|(a, b)| (a - b).abs() < 1e-12) })
            );
            for units in [-1e3, 1e3] {
                let look = look_at(&free, &vec![units; free.len()], mono);
                let text = look.to_toml().replace("[meta]", "[meta]\nname = \"x\"");
                assert!(Look::from_toml(&text).is_ok(), "{:?}", Look::from_toml(&text));
            }
            assert!(free.iter().all(|f| f.range().0 <= 0.0 && f.range().1 >= 0.0));
        }
    }
}
