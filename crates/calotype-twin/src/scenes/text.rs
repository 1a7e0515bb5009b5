//! A printed page.

use super::charts::single;
use super::noise::fractal;
use crate::scene::{Dab, Layer, Mark, Scene, Setting, Studio, mixed, scaled};

/// Letters of five by seven cells, row by row from the top; the lowest bit is the right column.
const LETTERS: &[(char, [u8; 7])] = &[
    ('a', [0, 0, 14, 1, 15, 17, 15]),
    ('b', [16, 16, 22, 25, 17, 17, 30]),
    ('c', [0, 0, 14, 16, 16, 17, 14]),
    ('d', [1, 1, 13, 19, 17, 17, 15]),
    ('e', [0, 0, 14, 17, 31, 16, 14]),
    ('f', [6, 9, 8, 28, 8, 8, 8]),
    ('g', [0, 15, 17, 17, 15, 1, 14]),
    ('h', [16, 16, 22, 25, 17, 17, 17]),
    ('i', [4, 0, 12, 4, 4, 4, 14]),
    ('k', [16, 16, 18, 20, 24, 20, 18]),
    ('l', [12, 4, 4, 4, 4, 4, 14]),
    ('m', [0, 0, 26, 21, 21, 17, 17]),
    ('n', [0, 0, 22, 25, 17, 17, 17]),
    ('o', [0, 0, 14, 17, 17, 17, 14]),
    ('p', [0, 0, 30, 17, 30, 16, 16]),
    ('q', [0, 0, 13, 19, 15, 1, 1]),
    ('r', [0, 0, 22, 25, 16, 16, 16]),
    ('s', [0, 0, 14, 16, 14, 1, 30]),
    ('t', [8, 8, 28, 8, 8, 9, 6]),
    ('u', [0, 0, 17, 17, 17, 19, 13]),
    ('v', [0, 0, 17, 17, 17, 10, 4]),
    ('w', [0, 0, 17, 17, 21, 21, 10]),
    ('x', [0, 0, 17, 10, 4, 10, 17]),
    ('y', [0, 0, 17, 17, 15, 1, 14]),
    ('z', [0, 0, 31, 2, 4, 8, 31]),
    ('j', [2, 0, 6, 2, 2, 18, 12]),
    ('.', [0, 0, 0, 0, 0, 12, 12]),
    (',', [0, 0, 0, 0, 12, 4, 8]),
];

const SENTENCE: &str = "the quick brown fox jumps over the lazy dog, and sphinx of black quartz judge my vow. ";

/// Lines of print that get smaller from the top to the bottom, on paper.
pub(super) fn text(studio: &Studio, setting: &Setting) -> Scene {
    let dyes = studio.dyes(&setting.light, setting.lux);
    let (paper, ink) = (dyes.rgb([0.84, 0.82, 0.77]), dyes.rgb([0.028, 0.027, 0.030]));
    // lines: top, and height of a cell; a line takes ten cells
    let mut lines = Vec::new();
    let (mut top, mut cell) = (0.05f32, 0.0115f32);
    while top + 10.0 * cell < 0.96 && lines.len() < 60 {
        lines.push((top, cell));
        top += 10.0 * cell;
        cell *= 0.9;
        cell = cell.max(0.0007);
    }
    let marks = lines
        .iter()
        .map(|&(top, cell)| Mark {
            kind: "text",
            name: format!("letters-{:.2}-percent", 700.0 * cell),
            place: [0.05, top, setting.aspect - 0.05, top + 8.0 * cell],
            light: None,
            figures: vec![("cell_heights", f64::from(cell))],
        })
        .collect();
    let letters: Vec<[u8; 7]> =
        SENTENCE.chars().map(|c| LETTERS.iter().find(|l| l.0 == c).map_or([0; 7], |l| l.1)).collect();
    let right = setting.aspect - 0.05;
    let seed = super::paint::sub_seed(setting.seed, 11);
    let print = move |u: f32, v: f32| -> bool {
        if u < 0.05 || u > right {
            return false;
        }
        let Some(i) = lines.iter().rposition(|l| v >= l.0) else { return false };
        let (top, cell) = lines[i];
        let (x, y) = (((u - 0.05) / cell) as usize, ((v - top) / cell) as usize);
        // no letter is cut at the end of a line
        if x % 6 == 5 || y >= 7 || ((x / 6 + 1) * 6) as f32 * cell > right - 0.05 {
            return false;
        }
        letters[(x / 6 + 7 * i) % letters.len()][y] >> (4 - x % 6) & 1 == 1
    };
    let paint = move |u: f32, v: f32, d: f32| {
        let cover = (0..16)
            .filter(|k| print(u + d * ((k % 4) as f32 - 1.5) / 4.0, v + d * ((k / 4) as f32 - 1.5) / 4.0))
            .count();
        let fibre = 0.97 + 0.06 * fractal(seed, u * 180.0, v * 180.0, 4, d * 180.0);
        Dab::full(mixed(scaled(paper, fibre), ink, cover as f32 / 16.0))
    };
    single("text", setting, Layer::background("page", 0.6, paint), marks)
}
