//! Dead leaves: discs that hide each other, with the statistics of natural pictures.

use super::charts::single;
use super::paint::inside;
use crate::random::Random;
use crate::reflectance::{chart24, samples};
use crate::scene::{DARK, Dab, Layer, Mark, Scene, Setting, Stimulus, Studio, scaled, sum};

/// Cells of the index per height.
const CELLS: f32 = 96.0;
/// Heights beyond the picture that are covered.
const BEYOND: f32 = 0.2;

struct Disc {
    u: f32,
    v: f32,
    r: f32,
    light: Stimulus,
}

/// Discs whose radii are distributed as r⁻³ between 0.003 and 0.12 heights (Lee, Mumford and Huang, "Occlusion models for
/// natural images", IJCV 2001), in the colours of measured surfaces.
pub(super) fn leaves(studio: &Studio, setting: &Setting) -> Scene {
    let colors: Vec<Stimulus> =
        chart24().iter().chain(samples()).map(|(_, r)| studio.surface(r, &setting.light, setting.lux)).collect();
    let mut random = Random::new(setting.seed, [0x6c65_6166, 0]);
    let (wide, high) = (setting.aspect + 2.0 * BEYOND, 1.0 + 2.0 * BEYOND);
    let (least, most) = (0.003f64, 0.12f64);
    let size = ((wide * CELLS) as usize + 1, (high * CELLS) as usize + 1);
    let mut cells: Vec<Vec<u32>> = vec![Vec::new(); size.0 * size.1];
    let mut closed = vec![false; cells.len()];
    let mut open = cells.len();
    let mut discs: Vec<Disc> = Vec::new();
    // from the front to the back, until every cell is hidden by one disc
    while open > 0 && discs.len() < 400_000 {
        let t = random.uniform();
        let r = ((1.0 - t) / (least * least) + t / (most * most)).powf(-0.5) as f32;
        let (u, v) = (random.uniform() as f32 * wide - BEYOND, random.uniform() as f32 * high - BEYOND);
        let color = colors[(random.uniform() * colors.len() as f64) as usize % colors.len()];
        let shade = random.within(0.55, 1.0) as f32;
        let span = |x: f32, n: usize| {
            let at = |x: f32| (((x + BEYOND) * CELLS).max(0.0) as usize).min(n - 1);
            at(x - r - 0.002)..=at(x + r + 0.002)
        };
        let mut used = false;
        for j in span(v, size.1) {
            for i in span(u, size.0) {
                let cell = j * size.0 + i;
                if closed[cell] {
                    continue;
                }
                let (x0, y0) = (i as f32 / CELLS - BEYOND - u, j as f32 / CELLS - BEYOND - v);
                let far = x0.abs().max((x0 + 1.0 / CELLS).abs()).hypot(y0.abs().max((y0 + 1.0 / CELLS).abs()));
                let near = x0.max(-(x0 + 1.0 / CELLS)).max(0.0).hypot(y0.max(-(y0 + 1.0 / CELLS)).max(0.0));
                if near > r + 0.002 {
                    continue;
                }
                cells[cell].push(discs.len() as u32);
                used = true;
                if far < r - 0.002 {
                    closed[cell] = true;
                    open -= 1;
                }
            }
        }
        if used {
            discs.push(Disc { u, v, r, light: scaled(color, shade) });
        }
    }
    let last = colors[12];
    let paint = move |u: f32, v: f32, d: f32| {
        let at = |x: f32, n: usize| (((x + BEYOND) * CELLS).max(0.0) as usize).min(n - 1);
        let (mut light, mut left) = (DARK, 1.0);
        for &k in &cells[at(v, size.1) * size.0 + at(u, size.0)] {
            let disc = &discs[k as usize];
            let cover = inside(disc.r - (u - disc.u).hypot(v - disc.v), d);
            if cover > 0.0 {
                light = sum(light, scaled(disc.light, left * cover));
                left *= 1.0 - cover;
                if left < 1e-3 {
                    break;
                }
            }
        }
        Dab::full(sum(light, scaled(last, left)))
    };
    let mark = Mark {
        kind: "texture",
        name: "leaves".into(),
        place: [0.05, 0.05, setting.aspect - 0.05, 0.95],
        light: None,
        figures: Vec::new(),
    };
    single("leaves", setting, Layer::background("leaves", 1.5, paint), vec![mark])
}
