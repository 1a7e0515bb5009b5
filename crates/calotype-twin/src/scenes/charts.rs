//! Flat surfaces and colour charts.

use super::paint::in_box;
use crate::reflectance::chart24 as patches24;
use crate::scene::{Dab, Layer, Mark, Scene, Setting, Stimulus, Studio, mixed};

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

/// Patches in rows on a black board before a grey wall.
fn colour_chart(name: &str, studio: &Studio, setting: &Setting, patches: Vec<(String, Stimulus)>, across: usize) -> Scene {
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
