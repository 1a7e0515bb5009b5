//! Flat surfaces and colour charts.

use super::paint::{in_box, inside};
use crate::reflectance::{chart24 as patches24, samples};
use crate::scene::{Dab, Layer, Mark, Scene, Setting, Stimulus, Studio, mixed};
use crate::spectrum::Spectrum;
use crate::transfer::sinc;
use std::f32::consts::TAU;

/// A scene of one surface.
pub(super) fn single(name: &str, setting: &Setting, layer: Layer, marks: Vec<Mark>) -> Scene {
    Scene {
        name: name.into(),
        white: setting.light.clone(),
        lux: setting.lux,
        layers: vec![layer],
        marks,
        approximate: false,
    }
}

/// An even grey surface of 18 %.
pub(super) fn flat(studio: &Studio, setting: &Setting) -> Scene {
    let grey = studio.dyes(&setting.light, setting.lux).grey(0.18);
    let mark = Mark::patch("flat", "flat", [0.1, 0.1, setting.aspect - 0.1, 0.9], grey);
    let wall = Layer::background("surface", 1.5, move |_: f32, _: f32, _: f32| Dab::full(grey));
    single("flat", setting, wall, vec![mark])
}

/// The chart of 24 patches on a grey wall.
pub(super) fn chart24(studio: &Studio, setting: &Setting) -> Scene {
    let lights = patches24().iter().map(|(n, r)| (n.clone(), studio.surface(r, &setting.light, setting.lux)));
    colour_chart("chart", studio, setting, lights.collect(), 6)
}

/// 72 patches: the chart of 24, 44 further measured surfaces, four greys.
pub(super) fn target(studio: &Studio, setting: &Setting) -> Scene {
    let greys = [0.45, 0.18, 0.07, 0.02].map(|r| (format!("grey-{r}"), Spectrum::constant(r)));
    let all = patches24().iter().chain(samples()).chain(&greys);
    let lights = all.map(|(n, r)| (n.clone(), studio.surface(r, &setting.light, setting.lux))).collect();
    colour_chart("target", studio, setting, lights, 12)
}

/// Contrasts of the slanted edges, in the order of their squares.
const CONTRASTS: [f32; 5] = [20.0, 10.0, 4.0, 2.0, 1.2];
/// Rise over run of the edges: 5.7 degrees.
const SLANT: f32 = 0.1;

/// Squares turned by 5.7 degrees over the whole field, with edges of five contrasts.
pub(super) fn edges(studio: &Studio, setting: &Setting) -> Scene {
    let dyes = studio.dyes(&setting.light, setting.lux);
    let (across, down) = ((4.0 * setting.aspect / 1.333).round().max(1.0) as usize, 3);
    let (cell_u, cell_v) = (setting.aspect / across as f32, 1.0 / down as f32);
    let half = 0.3 * cell_u.min(cell_v);
    let light = 0.60;
    let (sin, cos) = (SLANT.atan().sin(), SLANT.atan().cos());
    let contrast = |i: usize, j: usize| CONTRASTS[(i + 2 * j) % CONTRASTS.len()];
    let mut marks = Vec::new();
    for j in 0..down {
        for i in 0..across {
            let (cu, cv) = ((i as f32 + 0.5) * cell_u, (j as f32 + 0.5) * cell_v);
            for (side, (nu, nv)) in
                [("left", (-1.0, 0.0)), ("right", (1.0, 0.0)), ("top", (0.0, -1.0)), ("bottom", (0.0, 1.0))]
            {
                // the middle of that side, on the turned square
                let (mu, mv) = (cu + half * (cos * nu - sin * nv), cv + half * (sin * nu + cos * nv));
                let (along, beside) = (0.6 * half, 0.3 * half);
                let (hu, hv) = if nu != 0.0 { (beside, along) } else { (along, beside) };
                marks.push(Mark {
                    kind: "edge",
                    name: format!("{side}-{i}-{j}"),
                    place: [mu - hu, mv - hv, mu + hu, mv + hv],
                    light: None,
                    figures: vec![
                        ("contrast", f64::from(contrast(i, j))),
                        ("angle_deg", f64::from(SLANT.atan().to_degrees())),
                        ("vertical", if nu != 0.0 { 1.0 } else { 0.0 }),
                    ],
                });
            }
        }
    }
    let wall = dyes.grey(light);
    let paint = move |u: f32, v: f32, d: f32| {
        let at = |x: f32, cell: f32, n: usize| ((x / cell).max(0.0) as usize).min(n - 1);
        let (i, j) = (at(u, cell_u, across), at(v, cell_v, down));
        let (du, dv) = (u - (i as f32 + 0.5) * cell_u, v - (j as f32 + 0.5) * cell_v);
        let (x, y) = (cos * du + sin * dv, cos * dv - sin * du);
        let cover = inside(half - x.abs(), d) * inside(half - y.abs(), d);
        Dab::full(mixed(wall, dyes.grey(light / contrast(i, j)), cover))
    };
    single("edges", setting, Layer::background("edges", 1.5, paint), marks)
}

/// Cycles around a Siemens star.
const STAR_CYCLES: f32 = 72.0;

/// A Siemens star of 72 sinusoidal cycles (ISO 12233, s-SFR) with four discs of its extremes.
pub(super) fn star(studio: &Studio, setting: &Setting) -> Scene {
    let dyes = studio.dyes(&setting.light, setting.lux);
    let (low, high) = (0.05f32, 0.75f32);
    let (cu, cv, radius) = (setting.aspect / 2.0, 0.5, 0.44f32.min(0.44 * setting.aspect));
    let grey = dyes.grey(0.5 * (low + high));
    let discs: [(f32, f32, f32); 4] = [(-1.0, -1.0, low), (1.0, -1.0, high), (1.0, 1.0, low), (-1.0, 1.0, high)];
    let mark = Mark {
        kind: "star",
        name: "star".into(),
        place: [cu - radius, cv - radius, cu + radius, cv + radius],
        light: None,
        figures: vec![
            ("cycles", f64::from(STAR_CYCLES)),
            ("reflectance_low", low.into()),
            ("reflectance_high", high.into()),
        ],
    };
    let paint = move |u: f32, v: f32, d: f32| {
        let (du, dv) = (u - cu, v - cv);
        let r = du.hypot(dv).max(1e-6);
        // the wave's mean over the width of a pixel
        let fade = sinc(f64::from(STAR_CYCLES * d / (TAU * r))).max(0.0) as f32;
        let wave = 0.5 * (low + high) + 0.5 * (high - low) * fade * (STAR_CYCLES * dv.atan2(du)).cos();
        let mut light = mixed(grey, dyes.grey(wave), inside(radius - r, d));
        for (x, y, reflectance) in discs {
            let corner = (x * (cu - 0.08), y * 0.42);
            let cover = inside(0.05 - (du - corner.0).hypot(dv - corner.1), d);
            light = mixed(light, dyes.grey(reflectance), cover);
        }
        Dab::full(light)
    };
    single("star", setting, Layer::background("star", 1.5, paint), vec![mark])
}

/// A transparency of 17 steps, each half as bright as the one before: 16 stops.
pub(super) fn wedge(studio: &Studio, setting: &Setting) -> Scene {
    let white = setting.lux / std::f64::consts::PI;
    let steps: Vec<Stimulus> = (0..17).map(|i| studio.glow(&setting.light, white * 0.5f64.powi(i))).collect();
    let around = studio.glow(&setting.light, white * 0.5f64.powi(8));
    let (left, width, top, height) = (0.04 * setting.aspect, 0.92 * setting.aspect / 9.0, 0.14, 0.36);
    let place = move |i: usize| {
        let (x, y) = (i % 9, i / 9);
        let u = left + width * (x as f32 + if y == 1 { 0.5 } else { 0.0 });
        let v = top + (height + 0.02) * y as f32;
        [u + 0.02 * width, v, u + 0.98 * width, v + height]
    };
    let marks = steps.iter().enumerate().map(|(i, light)| {
        let [u0, v0, u1, v1] = place(i);
        let inset = 0.15 * width;
        let place = [u0 + inset, v0 + inset, u1 - inset, v1 - inset];
        Mark { figures: vec![("stops", -(i as f64))], ..Mark::patch("step", format!("step-{i}"), place, *light) }
    });
    let marks = marks.collect();
    let paint = move |u: f32, v: f32, d: f32| {
        let light = steps.iter().enumerate().fold(around, |light, (i, step)| {
            let cover = in_box(place(i), u, v, d);
            if cover > 0.0 { mixed(light, *step, cover) } else { light }
        });
        Dab::full(light)
    };
    single("wedge", setting, Layer::background("wedge", 0.5, paint), marks)
}

/// Patches in rows on a black board before a grey wall.
fn colour_chart(
    name: &str,
    studio: &Studio,
    setting: &Setting,
    patches: Vec<(String, Stimulus)>,
    across: usize,
) -> Scene {
    let down = patches.len().div_ceil(across);
    let dyes = studio.dyes(&setting.light, setting.lux);
    let (wall, board) = (dyes.grey(0.35), dyes.grey(0.035));
    // as large as fits, with a margin of a tenth
    let pitch = (0.86 * setting.aspect / (across as f32 + 0.3)).min(0.86 / (down as f32 + 0.3));
    let (left, top) = ((setting.aspect - pitch * across as f32) / 2.0, (1.0 - pitch * down as f32) / 2.0);
    let rim = 0.15 * pitch;
    let frame = [left - rim, top - rim, left + pitch * across as f32 + rim, top + pitch * down as f32 + rim];
    let patch_box = move |i: usize| {
        let (x, y) = (left + pitch * (i % across) as f32, top + pitch * (i / across) as f32);
        [x + 0.07 * pitch, y + 0.07 * pitch, x + 0.93 * pitch, y + 0.93 * pitch]
    };
    let marks = patches
        .iter()
        .enumerate()
        .map(|(i, (name, light))| {
            let [u0, v0, u1, v1] = patch_box(i);
            let inset = 0.18 * pitch;
            Mark::patch("patch", name.clone(), [u0 + inset, v0 + inset, u1 - inset, v1 - inset], *light)
        })
        .collect();
    let lights: Vec<Stimulus> = patches.iter().map(|p| p.1).collect();
    let paint = move |u: f32, v: f32, d: f32| {
        let on_board = in_box(frame, u, v, d);
        if on_board == 0.0 {
            return Dab::full(wall);
        }
        let cell = |x: f32, from: f32, n: usize| (((x - from) / pitch).max(0.0) as usize).min(n - 1);
        let i = cell(v, top, down) * across + cell(u, left, across);
        let on_patch = lights.get(i).map_or(0.0, |_| in_box(patch_box(i), u, v, d));
        let here = mixed(mixed(wall, board, on_board), lights.get(i).copied().unwrap_or(board), on_patch);
        Dab::full(here)
    };
    single(name, setting, Layer::background("chart", 1.5, paint), marks)
}
