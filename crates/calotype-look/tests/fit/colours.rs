//! Colours of scenes to learn from and to be judged on.

use calotype_color::RgbSpace;
use calotype_color::matrix::transform;
use calotype_color::oklab::oklab_to_rgb;

/// Scene-linear Rec.2020 of `count` colours: 4 stops below grey to 2.5 above, all hues, chroma from neutral to that of
/// strong paints (0.14 in Oklab at grey); places of a low-discrepancy sequence (M. Roberts' R3) from `seed` on.
pub fn scattered(count: usize, seed: u32) -> Vec<[f64; 3]> {
    (0..count as u32)
        .map(|i| {
            let [u, v, w] =
                [0.819_172_513, 0.671_043_607, 0.549_700_478].map(|a: f64| (0.5 + a * f64::from(seed + i)).fract());
            let (sin, cos) = (v * std::f64::consts::TAU).sin_cos();
            let color = oklab_to_rgb(RgbSpace::Rec2020, [0.18f64.cbrt(), 0.14 * w * cos, 0.14 * w * sin]);
            color.map(|c| c.max(0.0) * (6.5 * u - 4.0).exp2())
        })
        .collect()
}

/// Scene-linear Rec.2020 of a chart of 24 patches, paints and greys (nominal sRGB codes as published for the usual chart),
/// at exposures in stops; white is 0.9.
pub fn chart(exposures: &[f64]) -> Vec<[f64; 3]> {
    const PATCHES: [[u8; 3]; 24] = [
        [115, 82, 68],
        [194, 150, 130],
        [98, 122, 157],
        [87, 108, 67],
        [133, 128, 177],
        [103, 189, 170],
        [214, 126, 44],
        [80, 91, 166],
        [193, 90, 99],
        [94, 60, 108],
        [157, 188, 64],
        [224, 163, 46],
        [56, 61, 150],
        [70, 148, 73],
        [175, 54, 60],
        [231, 199, 31],
        [187, 86, 149],
        [8, 133, 161],
        [243, 243, 242],
        [200, 200, 200],
        [160, 160, 160],
        [122, 122, 121],
        [85, 85, 85],
        [52, 52, 52],
    ];
    let to = RgbSpace::Rec709.to_space(RgbSpace::Rec2020);
    let light = |ev: &f64| {
        let gain = ev.exp2();
        PATCHES.map(|p| transform(&to, p.map(|v| super::graders::decode(f64::from(v) / 255.0))).map(|v| v * gain))
    };
    exposures.iter().flat_map(light).collect()
}
