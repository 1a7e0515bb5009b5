//! Bringing colours into a display's gamut: chroma is compressed at constant Oklab hue and lightness.

use crate::RgbSpace;
use crate::oklab::FromOklab;

/// Share of the largest chroma a gamut holds below which colours are left alone.
pub const GAMUT_KNEE: f64 = 0.85;

/// How far a channel may leave the gamut and still count as inside; the caller clips it.
pub const GAMUT_SLACK: f64 = 1e-3;

/// Hues at which the cone of a gamut is known, around the circle.
pub const GAMUT_HUES: usize = 1024;

/// A display's gamut in Oklab: a cone of non-negative light, the same at every lightness, under a ceiling of the largest
/// channel.
///
/// At the hue of the blue primary the true edge of the cone dips inwards, and beside it the largest chroma jumps by a half
/// within a degree. There the cone is smoothed over some degrees, from outside: colours that change hue a little change
/// chroma a little, blue itself stays whole, and what remains outside by less than a few hundredths of red is clipped.
#[derive(Clone, Debug)]
pub struct Gamut {
    to_rgb: FromOklab,
    ceiling: f64,
    /// Largest chroma per lightness by diamond angle (see [`diamond`]), the first entry once more at the end.
    cone: Vec<f64>,
}

/// Place of a hue on the diamond |a| + |b| = 1, from 0 at a = 0, b = -1 around to 4: no arc tangent is needed.
pub fn diamond(a: f64, b: f64) -> f64 {
    let d = b / (a.abs() + b.abs()).max(1e-300);
    if a < 0.0 { 3.0 - d } else { 1.0 + d }
}

/// The direction of a place on the diamond, of length 1.
fn direction(place: f64) -> [f64; 2] {
    let d = place.rem_euclid(4.0) - 1.0;
    let (a, b) = if d <= 1.0 { (1.0 - d.abs(), d) } else { ((d - 2.0).abs() - 1.0, 2.0 - d) };
    let length = a.hypot(b);
    [a / length, b / length]
}

impl Gamut {
    /// The gamut of `space` with channels from 0 to `ceiling` (1 for an ordinary display). Takes some milliseconds.
    pub fn new(space: RgbSpace, ceiling: f64) -> Self {
        let to_rgb = FromOklab::new(space);
        let hues: Vec<f64> = (0..GAMUT_HUES)
            .map(|i| {
                let [a, b] = direction(4.0 * i as f64 / GAMUT_HUES as f64);
                b.atan2(a).to_degrees().rem_euclid(360.0)
            })
            .collect();
        let raw: Vec<f64> =
            (0..GAMUT_HUES).map(|i| cone_edge(&to_rgb, direction(4.0 * i as f64 / GAMUT_HUES as f64))).collect();
        // around the blue primary: the largest of the neighbourhood, then a weighted mean of those
        const NEAR_DEG: f64 = 3.0;
        let blue = |hue: f64| ((hue - 246.0) / 4.0).min((274.0 - hue) / 4.0).clamp(0.0, 1.0);
        let near = |hue: f64| (0..GAMUT_HUES).filter(|&j| (hue - hues[j]).abs() <= NEAR_DEG).collect::<Vec<_>>();
        let widened: Vec<f64> = hues
            .iter()
            .map(|&h| {
                if (240.0..280.0).contains(&h) { near(h).into_iter().map(|j| raw[j]).fold(0.0, f64::max) } else { 0.0 }
            })
            .collect();
        let mut cone: Vec<f64> = (0..GAMUT_HUES)
            .map(|i| {
                let share = blue(hues[i]);
                if share == 0.0 {
                    return raw[i];
                }
                let (mut sum, mut weight) = (0.0, 0.0);
                for j in near(hues[i]) {
                    let w = 1.0 - (hues[i] - hues[j]).abs() / (NEAR_DEG + 0.1);
                    sum += w * widened[j];
                    weight += w;
                }
                raw[i] + share * (sum / weight - raw[i])
            })
            .collect();
        cone.push(cone[0]);
        Self { to_rgb, ceiling, cone }
    }

    /// Largest chroma per lightness that non-negative light allows, at [`GAMUT_HUES`] places of the diamond and the first
    /// once more.
    pub fn cone(&self) -> &[f64] {
        &self.cone
    }

    /// The largest Oklab chroma at lightness `l` and the hue whose direction is (`a`, `b`), of length 1, give or take
    /// [`GAMUT_SLACK`]; 0 outside the range of lightness.
    pub fn max_chroma(&self, l: f64, [a, b]: [f64; 2]) -> f64 {
        let place = diamond(a, b) * GAMUT_HUES as f64 / 4.0;
        let i = (place as usize).min(GAMUT_HUES - 1);
        let low = l * (self.cone[i] + (self.cone[i + 1] - self.cone[i]) * (place - i as f64));
        let inside = |c: f64| self.to_rgb.rgb([l, c * a, c * b]).iter().all(|v| *v <= self.ceiling + GAMUT_SLACK);
        if !inside(0.0) || l <= 0.0 {
            return 0.0;
        }
        if inside(low) {
            return low;
        }
        let (mut from, mut to) = (0.0, low);
        while to - from > 1e-9 {
            let middle = (from + to) / 2.0;
            *if inside(middle) { &mut from } else { &mut to } = middle;
        }
        from
    }

    /// An Oklab colour brought into the gamut; hue stays, lightness is held within it.
    pub fn compress(&self, [l, a, b]: [f64; 3]) -> [f64; 3] {
        let l = l.clamp(0.0, self.ceiling.cbrt());
        let chroma = a.hypot(b);
        if chroma == 0.0 {
            return [l, 0.0, 0.0];
        }
        let direction = [a / chroma, b / chroma];
        let c = compress_chroma(chroma, self.max_chroma(l, direction));
        [l, c * direction[0], c * direction[1]]
    }
}

/// Chroma at lightness 1 where a channel first falls below the slack, searched outwards.
fn cone_edge(to_rgb: &FromOklab, [a, b]: [f64; 2]) -> f64 {
    let inside = |c: f64| to_rgb.rgb([1.0, c * a, c * b]).iter().all(|v| *v >= -GAMUT_SLACK);
    const STEP: f64 = 1.0 / 128.0;
    let mut low = 0.0;
    // no colour of positive light is as colourful as twice its lightness
    while low < 2.0 && inside(low + STEP) {
        low += STEP;
    }
    let mut high = low + STEP;
    while high - low > 1e-9 {
        let middle = (low + high) / 2.0;
        *if inside(middle) { &mut low } else { &mut high } = middle;
    }
    low
}

/// Chroma after compression towards `max`: unchanged up to [`GAMUT_KNEE`] of it, then bending smoothly and never
/// passing it.
pub fn compress_chroma(chroma: f64, max: f64) -> f64 {
    let knee = GAMUT_KNEE * max;
    if chroma <= knee {
        return chroma;
    }
    let room = max - knee;
    let t = (chroma - knee) / room.max(1e-12);
    knee + room * t / (1.0 + t * t).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oklab::{oklab_to_rgb, rgb_to_oklab};

    #[test]
    fn primaries_lie_on_the_boundary() {
        for space in [RgbSpace::Rec709, RgbSpace::DisplayP3] {
            let gamut = Gamut::new(space, 1.0);
            for rgb in
                [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]
            {
                let [l, a, b] = rgb_to_oklab(space, rgb);
                let c = a.hypot(b);
                let max = gamut.max_chroma(l, [a / c, b / c]);
                assert!(max > 0.98 * c && max < 1.02 * c, "{rgb:?}: {max} {c}");
            }
        }
    }

    #[test]
    fn everything_ends_inside_with_its_hue() {
        let gamut = Gamut::new(RgbSpace::Rec709, 1.0);
        for i in 0..4096u32 {
            let v = [i & 15, i >> 4 & 15, i >> 8].map(|k| f64::from(k) / 8.0 - 0.2);
            let lab = rgb_to_oklab(RgbSpace::Rec2020, v);
            let out = gamut.compress(lab);
            let rgb = oklab_to_rgb(RgbSpace::Rec709, out);
            let hue = out[2].atan2(out[1]).to_degrees().rem_euclid(360.0);
            let low = if (246.0..274.0).contains(&hue) { -0.03 } else { -2.0 * GAMUT_SLACK };
            assert!(rgb.iter().all(|v| (low..=1.0 + GAMUT_SLACK + 1e-9).contains(v)), "{v:?} {rgb:?} {hue}");
            assert!((out[1] * lab[2] - out[2] * lab[1]).abs() < 1e-9 && out[1] * lab[1] >= 0.0);
        }
    }

    #[test]
    fn a_little_more_hue_or_light_is_a_little_more_chroma() {
        for (space, ceiling) in [(RgbSpace::Rec709, 1.0), (RgbSpace::DisplayP3, 1.0), (RgbSpace::Rec709, 4.0)] {
            let gamut = Gamut::new(space, ceiling);
            for l in [0.2, 0.3, 0.4, 0.45, 0.5, 0.7, 0.9] {
                let at = |deg: f64, l: f64| {
                    let (sin, cos) = deg.to_radians().sin_cos();
                    gamut.max_chroma(l, [cos, sin])
                };
                for i in 0..3600 {
                    let deg = f64::from(i) / 10.0;
                    let change = (at(deg + 0.1, l) - at(deg, l)).abs();
                    assert!(change < 0.006, "{space:?} {l} {deg}: {change}");
                    assert!((at(deg, l + 1e-3) - at(deg, l)).abs() < 0.01, "{space:?} {l} {deg}");
                }
            }
        }
    }

    #[test]
    fn directions_and_places_agree() {
        for i in 0..400 {
            let place = f64::from(i) / 100.0;
            let [a, b] = direction(place);
            assert!((diamond(a, b) - place).abs() < 1e-9 || place < 1e-9, "{place}");
        }
    }

    #[test]
    fn inner_colours_stay() {
        let lab = rgb_to_oklab(RgbSpace::Rec709, [0.5, 0.3, 0.25]);
        let out = Gamut::new(RgbSpace::Rec709, 1.0).compress(lab);
        assert!(lab.iter().zip(out).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    #[test]
    fn compression_is_smooth_and_rises() {
        let f = |c| compress_chroma(c, 0.2);
        let mut last = 0.0;
        for i in 1..1000 {
            let v = f(f64::from(i) * 1e-3);
            assert!(v > last && v < 0.2);
            last = v;
        }
        let h = 1e-6;
        assert!(((f(0.17 + h) - f(0.17)) / h - 1.0).abs() < 1e-3);
    }
}
