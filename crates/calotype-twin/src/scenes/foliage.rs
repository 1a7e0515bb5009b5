//! Leaves in the sun, and a branch in the wind.

use super::noise::{floor, fractal, hash};
use super::paint::{inside, mix3, smooth, sub_seed, times};
use crate::scene::{DARK, Dab, Layer, Motion, Scene, Setting, Studio};

type Rgb = [f32; 3];

/// One leaf: half its length, its place and direction; gives cover and colour.
fn leaf(seed: u32, (i, j): (i32, i32), x: f32, y: f32, d: f32, size: f32, sun: f32) -> (f32, Rgb) {
    let h = |n: u32| hash(seed + n, i, j);
    let angle = (0.15 + 0.9 * h(1)) * std::f32::consts::PI;
    let (s, c) = angle.sin_cos();
    let (a, b) = (c * x + s * y, c * y - s * x);
    let t = a / size;
    if t.abs() >= 1.0 {
        return (0.0, [0.0; 3]);
    }
    // pointed at the far end, round at the stalk
    let width = size * 0.42 * (1.0 - t * t).sqrt() * (1.0 - 0.45 * t) * (0.8 + 0.4 * h(2));
    let cover = inside(width - b.abs(), d);
    if cover == 0.0 {
        return (0.0, [0.0; 3]);
    }
    let ripe = h(3);
    let base = mix3([0.045, 0.11, 0.018], [0.17, 0.26, 0.03], ripe);
    let vein = 1.0 - 0.35 * inside(0.02 * size - b.abs(), d);
    // side veins run at an angle to the middle one
    let side = ((b.abs() * 0.9 - a) / size * 26.0).sin();
    let fine = 1.0 + 0.10 * side * (1.0 / (26.0 * d / size) - 1.0).clamp(0.0, 1.0);
    // one half faces the sun more than the other; some light comes through
    let facing = 0.45 + 0.55 * (0.5 + 0.5 * (angle + b.signum() * 0.6).cos()) * (0.4 + 0.6 * h(4));
    let shine = smooth(0.75, 1.0, h(5)) * smooth(0.0, 0.6, 1.0 - (b / width.max(1e-6) - 0.3).abs());
    let c = times(base, facing * vein * fine * (0.25 + 1.25 * sun));
    (cover, mix3(c, [0.75, 0.80, 0.78], 0.35 * shine * sun))
}

/// Several layers of leaves, from the back to the front.
fn crown(
    seed: u32,
    u: f32,
    v: f32,
    d: f32,
    layers: std::ops::Range<u32>,
    density: impl Fn(f32, f32) -> f32,
) -> (f32, Rgb) {
    let (mut cover, mut color) = (0.0f32, [0.0; 3]);
    for k in layers {
        let cells = 13.0 - 1.6 * k as f32;
        let (x, y) = (u * cells + 0.37 * k as f32, v * cells + 0.61 * k as f32);
        let (ci, cj) = (floor(x), floor(y));
        let light = smooth(0.30, 0.62, fractal(seed + 200 + k, u * 2.6, v * 2.6, 3, 0.01));
        let depth = 0.25 + 0.75 * (k as f32 + 1.0) / 6.0;
        for dj in -1..=1 {
            for di in -1..=1 {
                let (i, j) = (ci + di, cj + dj);
                let s = seed + 17 * k;
                // away from the rim of its cell, so that it reaches no further than the next
                let at = |n: u32| 0.25 + 0.5 * hash(s + n, i, j);
                let (px, py) = (i as f32 + at(7), j as f32 + at(8));
                let place = ((px - 0.37 * k as f32) / cells, (py - 0.61 * k as f32) / cells);
                if hash(s + 9, i, j) > density(place.0, place.1) {
                    continue;
                }
                let size = 0.55 + 0.50 * hash(s + 6, i, j);
                let (c, leaf_color) = leaf(s, (i, j), x - px, y - py, d * cells, size, light * depth);
                if c > 0.0 {
                    color = mix3(color, leaf_color, c);
                    cover = cover + c - cover * c;
                }
            }
        }
    }
    (cover, color)
}

/// The scene: a crown before the sky, a branch that swings before it.
pub(super) fn foliage(studio: &Studio, setting: &Setting) -> Scene {
    let dyes = studio.dyes(&setting.light, setting.lux);
    let (seed, other) = (sub_seed(setting.seed, 21), sub_seed(setting.seed, 22));
    let back = move |u: f32, v: f32, d: f32| {
        let sky =
            mix3([0.62, 0.80, 1.15], [1.5, 1.5, 1.4], smooth(0.2, 0.9, fractal(seed, u * 3.0, v * 3.0, 4, d * 3.0)));
        let (cover, color) = crown(seed, u, v, d, 0..5, |_, _| 0.80);
        Dab::full(dyes.rgb(mix3(sky, if cover > 0.0 { color } else { sky }, cover)))
    };
    let pivot = [-0.05f32, 0.30];
    let aspect = setting.aspect;
    let branch = move |u: f32, v: f32, d: f32| {
        let x = u - pivot[0];
        let middle = pivot[1] + 0.16 * x + 0.03 * (5.0 * x).sin();
        let off = v - middle;
        let end = 0.62 * aspect;
        let mut dab = Dab { light: DARK, cover: 0.0 };
        if x < 0.0 || x > end || off.abs() > 0.20 {
            return dab;
        }
        let wood = inside(0.011 * (1.0 - x / end) + 0.002 - off.abs(), d);
        if wood > 0.0 {
            let bark = 0.6 + 0.8 * fractal(other, x * 60.0, v * 160.0, 3, d * 160.0);
            dab = Dab::part(dyes.rgb(times([0.16, 0.11, 0.07], bark)), wood);
        }
        // leaves grow along the branch
        let room = |lu: f32, lv: f32| {
            let x = lu / 0.8 - 9.0 / 0.8 - pivot[0];
            let off = lv / 0.8 - 5.0 / 0.8 - (pivot[1] + 0.16 * x + 0.03 * (5.0 * x).sin());
            0.85 * smooth(0.085, 0.05, off.abs()) * smooth(0.10, 0.18, x) * smooth(end - 0.10, end - 0.16, x)
        };
        let (cover, color) = crown(other, u * 0.8 + 9.0, v * 0.8 + 5.0, d * 0.8, 4..6, room);
        if cover > 0.0 {
            let paint = dyes.rgb(times(color, 1.25));
            dab.light = std::array::from_fn(|i| dab.light[i] * (1.0 - cover) + paint[i] * cover);
            dab.cover = dab.cover + cover - dab.cover * cover;
        }
        dab
    };
    Scene {
        name: "foliage".into(),
        white: setting.light.clone(),
        lux: setting.lux,
        layers: vec![
            Layer::background("crown", 6.0, back),
            Layer {
                name: "branch",
                paint: Box::new(branch),
                depth_m: 3.0,
                motion: Motion { swing: [0.02, 0.9], pivot: pivot.map(f64::from), ..Motion::default() },
                bounds: Some([
                    pivot[0],
                    pivot[1] - 0.2,
                    pivot[0] + 0.65 * aspect,
                    pivot[1] + 0.16 * 0.65 * aspect + 0.25,
                ]),
            },
        ],
        marks: Vec::new(),
        approximate: false,
    }
}
