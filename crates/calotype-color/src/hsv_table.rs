//! The tables of DNG camera profiles: hue, saturation and value of linear ProPhoto RGB.

use crate::transfer::{srgb_decode, srgb_encode};
use crate::{HueSatMap, RgbSpace, matrix};

/// Two tables of one shape, mixed entry by entry (`t` = 0 gives `a`); the nearer one where their shapes differ.
pub fn mix(a: &HueSatMap, b: &HueSatMap, t: f32) -> HueSatMap {
    if a.divisions != b.divisions || a.entries.len() != b.entries.len() {
        return if t < 0.5 { a.clone() } else { b.clone() };
    }
    let mut out = a.clone();
    for (v, b) in out.entries.iter_mut().zip(&b.entries) {
        for (v, b) in v.iter_mut().zip(b) {
            *v += (b - *v) * t;
        }
    }
    out
}

/// Applies a HueSatMap or LookTable to three rows of linear ProPhoto RGB, in place (DNG 1.7.1, chapter 6).
///
/// Hue wraps, saturation and value are held at the table's ends. What lies below zero passes by the table and is added
/// again, so that noise about black keeps its mean. A table whose sizes do not fit its entries changes nothing.
pub fn apply_hue_sat_map(map: &HueSatMap, r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
    let [hues, saturations, values] = map.divisions;
    if hues == 0 || saturations == 0 || values == 0 || map.entries.len() != hues * saturations * values {
        return;
    }
    let n = r.len().min(g.len()).min(b.len());
    for i in 0..n {
        let light = [r[i], g[i], b[i]].map(|v| v.max(0.0));
        let below = [r[i] - light[0], g[i] - light[1], b[i] - light[2]];
        let [hue, saturation, value] = rgb_to_hsv(light);
        if value <= 0.0 {
            continue;
        }
        let place = if map.srgb_encoded { srgb_encode(value.min(1.0)) } else { value };
        let [shift, scale_s, scale_v] = look_up(map, hue, saturation, place);
        let value = if map.srgb_encoded && value < 1.0 {
            srgb_decode((place * scale_v).clamp(0.0, 1.0))
        } else {
            value * scale_v
        };
        let [x, y, z] = hsv_to_rgb([hue + shift / 60.0, (saturation * scale_s).clamp(0.0, 1.0), value]);
        (r[i], g[i], b[i]) = (x + below[0], y + below[1], z + below[2]);
    }
}

/// A profile's HueSatMap made ready for scene-linear pictures: the step between camera colours and exposure.
#[derive(Clone, Debug)]
pub struct SceneHueSat {
    map: HueSatMap,
    to_prophoto: [[f32; 3]; 3],
    from_prophoto: [[f32; 3]; 3],
}

impl SceneHueSat {
    /// Takes the map of [`crate::ResolvedCamera::hue_sat_map`].
    pub fn new(map: HueSatMap) -> Self {
        let between = |a: RgbSpace, b| matrix::to_f32(&a.to_space(b));
        Self {
            map,
            to_prophoto: between(RgbSpace::Rec2020, RgbSpace::ProPhoto),
            from_prophoto: between(RgbSpace::ProPhoto, RgbSpace::Rec2020),
        }
    }

    /// Applies the map to three rows of scene-linear Rec.2020, in place. About 40 ns a pixel.
    pub fn apply_rows(&self, r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
        matrix::apply_rows(&self.to_prophoto, r, g, b);
        apply_hue_sat_map(&self.map, r, g, b);
        matrix::apply_rows(&self.from_prophoto, r, g, b);
    }
}

/// Trilinear: hue in sextants, saturation and value within 0 and 1.
fn look_up(map: &HueSatMap, hue: f32, saturation: f32, value: f32) -> [f32; 3] {
    let [hues, saturations, values] = map.divisions;
    let h = hue * hues as f32 / 6.0;
    let (h0, hf) = ((h as usize).min(hues - 1), h - (h as usize).min(hues - 1) as f32);
    let h1 = (h0 + 1) % hues;
    let along = |v: f32, count: usize| {
        let p = v.clamp(0.0, 1.0) * (count - 1) as f32;
        let i = (p as usize).min(count.saturating_sub(2));
        (i, (i + 1).min(count - 1), p - i as f32)
    };
    let (s0, s1, sf) = along(saturation, saturations);
    let (v0, v1, vf) = along(value, values);
    let entry = |v: usize, h: usize, s: usize| map.entries[(v * hues + h) * saturations + s];
    let mut out = [0.0; 3];
    for (v, wv) in [(v0, 1.0 - vf), (v1, vf)] {
        for (h, wh) in [(h0, 1.0 - hf), (h1, hf)] {
            for (s, ws) in [(s0, 1.0 - sf), (s1, sf)] {
                let weight = wv * wh * ws;
                if weight > 0.0 {
                    let e = entry(v, h, s);
                    out = [0, 1, 2].map(|k| out[k] + e[k] * weight);
                }
            }
        }
    }
    out
}

/// Hue in sextants (0 to 6, red 0, green 2, blue 4), saturation 0 to 1, value = the largest channel.
fn rgb_to_hsv([r, g, b]: [f32; 3]) -> [f32; 3] {
    let value = r.max(g).max(b);
    let gap = value - r.min(g).min(b);
    if gap <= 0.0 {
        return [0.0, 0.0, value];
    }
    let hue = if r == value {
        let h = (g - b) / gap;
        if h < 0.0 { h + 6.0 } else { h }
    } else if g == value {
        2.0 + (b - r) / gap
    } else {
        4.0 + (r - g) / gap
    };
    [hue, gap / value, value]
}

fn hsv_to_rgb([hue, saturation, value]: [f32; 3]) -> [f32; 3] {
    let hue = hue.rem_euclid(6.0);
    let (sextant, f) = ((hue as usize).min(5), hue - hue.floor());
    let p = value * (1.0 - saturation);
    let q = value * (1.0 - saturation * f);
    let t = value * (1.0 - saturation * (1.0 - f));
    match sextant {
        0 => [value, t, p],
        1 => [q, value, p],
        2 => [p, value, t],
        3 => [p, q, value],
        4 => [t, p, value],
        _ => [value, p, q],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(divisions: [usize; 3], f: impl Fn(usize, usize, usize) -> [f32; 3]) -> HueSatMap {
        let [hues, saturations, values] = divisions;
        let mut entries = Vec::new();
        for v in 0..values {
            for h in 0..hues {
                for s in 0..saturations {
                    entries.push(f(v, h, s));
                }
            }
        }
        HueSatMap { divisions, entries, srgb_encoded: false }
    }

    #[test]
    fn identity_changes_nothing() {
        for srgb_encoded in [false, true] {
            let map = HueSatMap { srgb_encoded, ..table([6, 4, 3], |_, _, _| [0.0, 1.0, 1.0]) };
            let colours = [[0.2, 0.5, 0.1], [0.9, 0.1, 0.4], [0.3, 0.3, 0.3], [0.0, 0.0, 0.0], [3.0, 1.0, 2.0]];
            for c in colours {
                let [mut r, mut g, mut b] = c.map(|v: f32| vec![v]);
                apply_hue_sat_map(&map, &mut r, &mut g, &mut b);
                for (got, want) in [r[0], g[0], b[0]].iter().zip(c) {
                    assert!((got - want).abs() < 2e-6 * want.max(1.0), "{got} {want}");
                }
            }
        }
    }

    #[test]
    fn scene_colours_go_there_and_back() {
        let identity = SceneHueSat::new(table([6, 4, 1], |_, _, _| [0.0, 1.0, 1.0]));
        let colours = [[0.2, 0.5, 0.1], [-0.01, 0.002, 0.01], [4.0, 0.1, 0.0], [0.18, 0.18, 0.18]];
        for c in colours {
            let [mut r, mut g, mut b] = c.map(|v: f32| vec![v]);
            identity.apply_rows(&mut r, &mut g, &mut b);
            for (got, want) in [r[0], g[0], b[0]].iter().zip(c) {
                assert!((got - want).abs() < 2e-6 * want.abs().max(1.0), "{got} {want}");
            }
        }
        // Greys have no saturation to scale.
        let vivid = SceneHueSat::new(table([6, 4, 1], |_, _, _| [30.0, 1.5, 1.0]));
        let [mut r, mut g, mut b] = [vec![0.18], vec![0.18], vec![0.18]];
        vivid.apply_rows(&mut r, &mut g, &mut b);
        assert!((r[0] - 0.18).abs() < 1e-5 && (b[0] - 0.18).abs() < 1e-5);
    }

    #[test]
    fn hue_turns_and_wraps() {
        let map = table([3, 2, 1], |_, _, _| [120.0, 1.0, 0.5]);
        let [mut r, mut g, mut b] = [vec![0.8], vec![0.2], vec![0.2]];
        apply_hue_sat_map(&map, &mut r, &mut g, &mut b);
        assert!((r[0] - 0.1).abs() < 1e-6 && (g[0] - 0.4).abs() < 1e-6 && (b[0] - 0.1).abs() < 1e-6);
        apply_hue_sat_map(&map, &mut r, &mut g, &mut b);
        apply_hue_sat_map(&map, &mut r, &mut g, &mut b);
        assert!((r[0] - 0.1).abs() < 1e-6 && (g[0] - 0.025).abs() < 1e-6);
    }

    #[test]
    fn values_lie_between_entries() {
        // Value scale 1 at saturation 0 and 3 at saturation 1: at saturation 0.5 it is 2.
        let map = table([1, 2, 1], |_, _, s| [0.0, 1.0, 1.0 + 2.0 * s as f32]);
        let [mut r, mut g, mut b] = [vec![0.4], vec![0.2], vec![0.2]];
        apply_hue_sat_map(&map, &mut r, &mut g, &mut b);
        assert!((r[0] - 0.8).abs() < 1e-6 && (g[0] - 0.4).abs() < 1e-6, "{r:?} {g:?}");
    }

    #[test]
    fn a_table_of_a_wrong_size_is_left_out() {
        let map = HueSatMap { divisions: [4, 4, 4], entries: vec![[0.0, 0.0, 0.0]], srgb_encoded: false };
        let [mut r, mut g, mut b] = [vec![0.4], vec![0.2], vec![0.2]];
        apply_hue_sat_map(&map, &mut r, &mut g, &mut b);
        assert_eq!([r[0], g[0], b[0]], [0.4, 0.2, 0.2]);
    }

    #[test]
    fn mixed_tables_lie_between() {
        let (a, b) = (table([1, 1, 1], |_, _, _| [10.0, 1.0, 1.0]), table([1, 1, 1], |_, _, _| [20.0, 2.0, 1.0]));
        assert_eq!(mix(&a, &b, 0.25).entries, [[12.5, 1.25, 1.0]]);
        assert_eq!(mix(&a, &table([2, 1, 1], |_, _, _| [0.0; 3]), 0.2), a);
    }
}
