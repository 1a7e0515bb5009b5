//! A look between two others.

use crate::schema::{SECTOR_CHROMA, SECTOR_LIGHTNESS, SECTOR_SHIFT, blend};
use crate::{Blend, Lattice, Look, Meta, Residual, fields};
use std::sync::Arc;

/// How far from one look to another, 0 the first and 1 the second, each group of numbers on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlendShares {
    /// Anchor and tone curve.
    pub tone: f64,
    /// Rendering primaries, chroma, sectors, tint, black and white.
    pub color: f64,
    /// Local contrast and grain.
    pub texture: f64,
    /// Falloff, glow and halation.
    pub optics: f64,
}

impl BlendShares {
    /// The same share of everything.
    pub fn even(share: f64) -> Self {
        Self { tone: share, color: share, texture: share, optics: share }
    }

    fn of(&self, section: &str) -> f64 {
        let share = match section {
            "anchor" | "tone" => self.tone,
            "local" | "grain" => self.texture,
            "optics" => self.optics,
            _ => self.color,
        };
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }
}

impl Look {
    /// A look between this one and `other`: numbers are blended and not pixels, so that what comes out is a look again.
    ///
    /// Slopes and gains blend in the logarithm, everything else linearly, hue shifts as the small angles they are. A look
    /// without black and white brings no filter of its own, one without grain no size of grain, one without glow or
    /// halation no radius: there the other's numbers hold all along the way. The contract is what the blend measures.
    ///
    /// ```
    /// use calotype_look::{BlendShares, Look, verify};
    ///
    /// let (a, b) = (Look::builtin("authentic").unwrap(), Look::builtin("vibrant").unwrap());
    /// let between = a.blend(&b, &BlendShares { color: 1.0, ..BlendShares::even(0.4) });
    /// assert!((between.tone.slope / 1.22f64.powf(0.6) / 1.30f64.powf(0.4) - 1.0).abs() < 1e-12);
    /// assert_eq!(between.chroma, b.chroma);
    /// assert!(verify(&between).is_empty());
    /// ```
    pub fn blend(&self, other: &Self, shares: &BlendShares) -> Self {
        let (mut from, mut to, mut out) = (self.clone(), other.clone(), self.clone());
        adopt(&mut from, other);
        adopt(&mut to, self);
        for field in fields() {
            let (start, end) = (field.values(&mut from).to_vec(), field.values(&mut to).to_vec());
            for ((v, a), b) in field.values(&mut out).iter_mut().zip(start).zip(end) {
                *v = blend(field.blend, a, b, shares.of(field.section)).clamp(field.min, field.max);
            }
        }
        for ((s, a), b) in out.sectors.iter_mut().zip(from.sectors).zip(to.sectors) {
            let within = |how, a, b, (min, max): (f64, f64)| blend(how, a, b, shares.of("sector")).clamp(min, max);
            s.shift_deg = within(Blend::Linear, a.shift_deg, b.shift_deg, SECTOR_SHIFT);
            s.chroma = within(Blend::Log, a.chroma, b.chroma, SECTOR_CHROMA);
            s.lightness = within(Blend::Linear, a.lightness, b.lightness, SECTOR_LIGHTNESS);
        }
        out.residual = residual(self, other, shares.of("residual"));
        let weight = ["tone", "chroma", "local", "optics"].map(|s| shares.of(s)).iter().sum::<f64>() / 4.0;
        let (a, b) = (&self.meta, &other.meta);
        let mut name = format!("{}-{}", a.name, b.name);
        name.truncate(64);
        out.meta = Meta {
            name,
            family: if a.family == b.family { a.family.clone() } else { String::new() },
            author: if a.author == b.author { a.author.clone() } else { String::new() },
            licence: if a.licence == b.licence { a.licence.clone() } else { String::new() },
            description: format!("Between {} and {}.", a.name, b.name),
            created: String::new(),
            parents: vec![(a.name.clone(), 1.0 - weight), (b.name.clone(), weight)],
        };
        out.promise();
        out
    }
}

/// The table between those of two looks: one alone fades in or out, two are blended point by point into one of a new name.
fn residual(a: &Look, b: &Look, t: f64) -> Option<Residual> {
    let faded = |r: &Residual, share: f64| Residual { amount: r.amount * share, ..r.clone() };
    match (&a.residual, &b.residual) {
        (Some(a), None) if t < 1.0 => Some(faded(a, 1.0 - t)),
        (None, Some(b)) if t > 0.0 => Some(faded(b, t)),
        (Some(a), Some(_)) if t == 0.0 => Some(a.clone()),
        (Some(_), Some(b)) if t == 1.0 => Some(b.clone()),
        (Some(a), Some(b)) => {
            let size = a.lattice.size().max(b.lattice.size());
            let lattice = Lattice::sample(size, |[green, blue], reds, row| {
                for (red, out) in reds.iter().zip(row) {
                    let code = [*red, green, blue];
                    let (p, q) = (a.lattice.at(code), b.lattice.at(code));
                    *out = [0, 1, 2].map(|c| {
                        let change = a.amount * (1.0 - t) * (p[c] - code[c]) + b.amount * t * (q[c] - code[c]);
                        (code[c] + change) as f32
                    });
                }
            });
            Some(Residual { file: "blend.cube".into(), amount: 1.0, lattice: Arc::new(lattice) })
        }
        _ => None,
    }
}

/// Takes from another look the numbers that mean nothing in this one.
fn adopt(look: &mut Look, other: &Look) {
    if look.mono.amount == 0.0 {
        look.mono.weights = other.mono.weights;
        look.mono.tone = other.mono.tone;
    }
    if look.grain.rms == 0.0 {
        look.grain = crate::Grain { rms: 0.0, ..other.grain };
    }
    if look.optics.glow == 0.0 {
        look.optics.glow_radius = other.optics.glow_radius;
    }
    if look.optics.halation == 0.0 {
        look.optics.halation_radius = other.optics.halation_radius;
        look.optics.halation_tint = other.optics.halation_tint;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OutputSpace, PointTransform, verify};
    use calotype_color::RgbSpace;
    use calotype_color::lab::lightness;
    use calotype_color::oklab::{oklab_to_rgb, rgb_to_oklab};

    fn looks() -> Vec<Look> {
        Look::builtin_names().iter().map(|name| Look::builtin(name).unwrap()).collect()
    }

    #[test]
    fn both_ends_are_the_looks() {
        for (a, b) in looks().iter().zip(looks().iter().skip(1)) {
            for (share, end) in [(0.0, a), (1.0, b)] {
                let mut got = a.blend(b, &BlendShares::even(share));
                let mut end = end.clone();
                let other = if share == 0.0 { b } else { a };
                adopt(&mut end, other);
                (got.meta, got.contract) = (end.meta.clone(), end.contract.clone());
                assert_eq!(got, end);
            }
        }
    }

    #[test]
    fn groups_blend_on_their_own_and_nonsense_is_the_first() {
        let (a, b) = (Look::builtin("authentic").unwrap(), Look::builtin("mono-natural").unwrap());
        let mixed = a.blend(&b, &BlendShares { tone: 0.0, color: 0.0, texture: 1.0, optics: f64::NAN });
        assert_eq!((mixed.tone, mixed.chroma, mixed.grain, mixed.optics), (a.tone, a.chroma, b.grain, a.optics));
        assert_eq!(mixed.meta.parents, [("authentic".to_owned(), 0.75), ("mono-natural".to_owned(), 0.25)]);
    }

    /// Along every path between two looks: a valid file whose contract holds, greys that rise without a jump, hues that keep
    /// their order and lie between those of the two ends, a degree to spare.
    #[test]
    fn paths_neither_band_nor_flip_hues() {
        let looks = looks();
        for (i, a) in looks.iter().enumerate() {
            for b in &looks[i + 1..] {
                let path: Vec<Look> = (0..=5).map(|t| a.blend(b, &BlendShares::even(f64::from(t) / 5.0))).collect();
                let ends = [hues(&path[0]), hues(&path[5])];
                for (t, look) in path.iter().enumerate() {
                    let place = format!("{} {t}/5 {}", a.meta.name, b.meta.name);
                    assert_eq!(&Look::from_toml(&look.to_toml()).unwrap(), look, "{place}");
                    assert!(verify(look).is_empty(), "{place}: {:?}", verify(look));
                    greys_rise_smoothly(look, &place);
                    // Black and white has no hues, and toned one for all.
                    if a.mono.amount == 0.0 && b.mono.amount == 0.0 {
                        hues_keep_order(&hues(look), &ends, &place);
                    }
                }
            }
        }
    }

    fn greys_rise_smoothly(look: &Look, place: &str) {
        let transform = PointTransform::new(look, OutputSpace::Srgb, 0.0);
        let at = |i: i32| lightness(transform.apply([0.18 * (f64::from(i) / 50.0).exp2(); 3])[1]);
        let mut last = [at(-451), at(-450)];
        for i in -449..300 {
            let l = at(i);
            let (step, before) = (l - last[1], last[1] - last[0]);
            assert!(step > -1e-6, "{place}: greys fall at {} EV", f64::from(i) / 50.0);
            assert!((step - before).abs() < 0.06, "{place}: a band at {} EV", f64::from(i) / 50.0);
            last = [last[1], l];
        }
    }

    /// Oklab hue and chroma after the look of 72 hues at middle grey.
    fn hues(look: &Look) -> Vec<[f64; 2]> {
        let transform = PointTransform::new(look, OutputSpace::Rec2020, 0.0);
        let at = |i: i32| {
            let (sin, cos) = f64::from(5 * i).to_radians().sin_cos();
            let scene = oklab_to_rgb(RgbSpace::Rec2020, [0.18f64.cbrt(), 0.08 * cos, 0.08 * sin]);
            let [_, a, b] = rgb_to_oklab(RgbSpace::Rec2020, transform.apply(scene));
            [b.atan2(a).to_degrees(), a.hypot(b)]
        };
        (0..72).map(at).collect()
    }

    fn hues_keep_order(hues: &[[f64; 2]], ends: &[Vec<[f64; 2]>; 2], place: &str) {
        let turn = |from: f64, to: f64| (to - from + 180.0).rem_euclid(360.0) - 180.0;
        for i in 0..72 {
            let step = turn(hues[i][0], hues[(i + 1) % 72][0]);
            assert!(step > 0.5 && step < 12.0, "{place}: hue {} steps by {step}", 5 * i);
            let (a, b) = (turn(hues[i][0], ends[0][i][0]), turn(hues[i][0], ends[1][i][0]));
            assert!(a.min(b) < 1.0 && a.max(b) > -1.0, "{place}: hue {} lies outside: {a} {b}", 5 * i);
        }
    }
}
