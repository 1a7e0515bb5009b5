//! Bringing colours into a display's gamut: chroma is compressed at constant Oklab hue and lightness.

use crate::RgbSpace;
use crate::oklab::oklab_to_rgb;

/// Share of the largest chroma a gamut holds below which colours are left alone.
pub const GAMUT_KNEE: f64 = 0.85;

/// How far a channel may leave the gamut and still count as inside; the caller clips it.
///
/// At the hue of the blue primary the edge of sRGB dips inwards by 0.0007 in linear red. Without this slack the dip would
/// cost blue a sixth of its chroma.
pub const GAMUT_SLACK: f64 = 1e-3;

/// The largest Oklab chroma within a gamut at lightness `l` and the hue whose direction is (`cos`, `sin`), where the
/// gamut's channels span 0 to `ceiling` (1 for an ordinary display), give or take [`GAMUT_SLACK`].
///
/// Found by bisection to 1e-9; 0 outside the range of lightness.
pub fn max_chroma(space: RgbSpace, l: f64, [cos, sin]: [f64; 2], ceiling: f64) -> f64 {
    let inside = |c: f64| {
        oklab_to_rgb(space, [l, c * cos, c * sin]).iter().all(|v| *v >= -GAMUT_SLACK && *v <= ceiling + GAMUT_SLACK)
    };
    if !inside(0.0) {
        return 0.0;
    }
    // No colour of positive light is as colourful as 0.6 at L = 1, and chroma scales with L.
    let (mut low, mut high) = (0.0, 0.6 * ceiling.max(1.0).cbrt());
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

/// An Oklab colour brought into a gamut with channels from 0 to `ceiling`; hue stays, lightness is held within it.
pub fn compress_oklab(space: RgbSpace, [l, a, b]: [f64; 3], ceiling: f64) -> [f64; 3] {
    let l = l.clamp(0.0, ceiling.cbrt());
    let chroma = a.hypot(b);
    if chroma == 0.0 {
        return [l, 0.0, 0.0];
    }
    let direction = [a / chroma, b / chroma];
    let c = compress_chroma(chroma, max_chroma(space, l, direction, ceiling));
    [l, c * direction[0], c * direction[1]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oklab::rgb_to_oklab;

    #[test]
    fn primaries_lie_on_the_boundary() {
        for rgb in
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]
        {
            for space in [RgbSpace::Rec709, RgbSpace::DisplayP3] {
                let [l, a, b] = rgb_to_oklab(space, rgb);
                let c = a.hypot(b);
                let max = max_chroma(space, l, [a / c, b / c], 1.0);
                assert!(max >= c - 1e-9 && max < 1.02 * c, "{rgb:?}: {max} {c}");
            }
        }
    }

    #[test]
    fn everything_ends_inside_with_its_hue() {
        for i in 0..4096u32 {
            let v = [i & 15, i >> 4 & 15, i >> 8].map(|k| f64::from(k) / 8.0 - 0.2);
            let lab = rgb_to_oklab(RgbSpace::Rec2020, v);
            let out = compress_oklab(RgbSpace::Rec709, lab, 1.0);
            let rgb = oklab_to_rgb(RgbSpace::Rec709, out);
            assert!(rgb.iter().all(|v| (-GAMUT_SLACK - 1e-9..=1.0 + GAMUT_SLACK + 1e-9).contains(v)), "{v:?} {rgb:?}");
            assert!((out[1] * lab[2] - out[2] * lab[1]).abs() < 1e-9 && out[1] * lab[1] >= 0.0);
        }
    }

    #[test]
    fn inner_colours_stay() {
        let lab = rgb_to_oklab(RgbSpace::Rec709, [0.5, 0.3, 0.25]);
        let out = compress_oklab(RgbSpace::Rec709, lab, 1.0);
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
