//! Light that goes astray in the lens, and metering: both look at a small picture of the scene.

use crate::lens::Glare;
use crate::scene::{DARK, Scene, Stimulus, scaled, sum};
use crate::view::Geometry;
use calotype_image::par;

/// Cells down; the map reaches half a picture beyond the picture, from where light comes into the lens as well.
const CELLS: usize = 96;
const BEYOND: f32 = 0.25;

/// Stray light over the picture.
pub struct GlareMap {
    /// Cells across and down.
    size: (usize, usize),
    /// Stray light of each cell.
    stray: Vec<Stimulus>,
    /// The scene itself, of the cells inside the picture.
    inside: Vec<Stimulus>,
    /// Cells per photosite, and the first cell's place relative to the centre.
    scale: f32,
    origin: (f32, f32),
}

impl GlareMap {
    /// Looks at the scene at time 0, four times in each cell.
    pub fn new(scene: &Scene, g: &Geometry, glare: Glare) -> Self {
        let aspect = g.width as f32 / g.height as f32;
        let d = 1.0 / CELLS as f32;
        let margin = (BEYOND * CELLS as f32) as usize;
        let size = ((aspect * CELLS as f32).ceil() as usize + 2 * margin, CELLS + 2 * margin);
        let rows = par::map(size.1, |j| {
            let at = |i: usize| {
                let quarter = |k: usize| {
                    let u = (i as f32 - margin as f32 + 0.25 + 0.5 * (k % 2) as f32) * d;
                    let v = (j as f32 - margin as f32 + 0.25 + 0.5 * (k / 2) as f32) * d;
                    scene.at(u, v, d / 2.0)
                };
                scaled((0..4).map(quarter).fold(DARK, sum), 0.25)
            };
            (0..size.0).map(at).collect::<Vec<_>>()
        });
        let cells: Vec<Stimulus> = rows.concat();
        let inside: Vec<Stimulus> = (0..CELLS)
            .flat_map(|j| (0..(aspect * CELLS as f32) as usize).map(move |i| (i, j)))
            .map(|(i, j)| cells[(j + margin) * size.0 + i + margin])
            .collect();
        let mean = scaled(inside.iter().copied().fold(DARK, sum), 1.0 / inside.len().max(1) as f32);
        let half_diagonal = 0.5 * aspect.hypot(1.0) * CELLS as f32;
        let halo = smooth(&cells, size, glare.halo_sigma as f32 * half_diagonal);
        let stray =
            halo.into_iter().map(|h| sum(scaled(mean, glare.veiling as f32), scaled(h, glare.halo as f32))).collect();
        let scale = CELLS as f32 / g.height as f32;
        let origin =
            (g.width as f32 / 2.0 * scale + margin as f32 - 0.5, g.height as f32 / 2.0 * scale + margin as f32 - 0.5);
        Self { size, stray, inside, scale, origin }
    }

    /// Stray light in a plane of a [`Stimulus`] at an ideal place relative to the centre.
    #[inline(always)]
    pub fn at(&self, plane: usize, x: f32, y: f32) -> f32 {
        let limit = |v: f32, n: usize| v.clamp(0.0, n as f32 - 1.001);
        let (x, y) =
            (limit(x * self.scale + self.origin.0, self.size.0), limit(y * self.scale + self.origin.1, self.size.1));
        let (i, j) = (x as usize, y as usize);
        let (fx, fy) = (x - i as f32, y - j as f32);
        let at = |i: usize, j: usize| self.stray[j * self.size.0 + i][plane];
        let (top, bottom) =
            (at(i, j) + (at(i + 1, j) - at(i, j)) * fx, at(i, j + 1) + (at(i + 1, j + 1) - at(i, j + 1)) * fx);
        top + (bottom - top) * fy
    }

    /// What a meter sees: electrons per second in green, and in the brightest colour, of even parts of the picture;
    /// the middle counts twice.
    pub fn meter(&self) -> (Vec<f32>, Vec<f32>) {
        let across = self.inside.len() / CELLS;
        let middle = |i: usize| {
            let (x, y) = (i % across, i / across);
            (across / 4..across - across / 4).contains(&x) && (CELLS / 4..CELLS - CELLS / 4).contains(&y)
        };
        let weighted = || {
            self.inside
                .iter()
                .enumerate()
                .flat_map(move |(i, s)| std::iter::repeat_n(*s, if middle(i) { 2 } else { 1 }))
        };
        (weighted().map(|s| s[1]).collect(), weighted().map(|s| s[0].max(s[1]).max(s[2])).collect())
    }
}

/// A Gaussian blur; the border goes on outside.
fn smooth(cells: &[Stimulus], size: (usize, usize), sigma: f32) -> Vec<Stimulus> {
    if sigma < 0.05 {
        return cells.to_vec();
    }
    let reach = (3.0 * sigma).ceil() as isize;
    let weights: Vec<f32> = (-reach..=reach).map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp()).collect();
    let total: f32 = weights.iter().sum();
    let pass = |from: &[Stimulus], step: (isize, isize)| -> Vec<Stimulus> {
        par::map(size.1, |j| {
            let at = |i: usize| {
                let mut out = DARK;
                for (w, k) in weights.iter().zip(-reach..=reach) {
                    let x = (i as isize + k * step.0).clamp(0, size.0 as isize - 1) as usize;
                    let y = (j as isize + k * step.1).clamp(0, size.1 as isize - 1) as usize;
                    out = sum(out, scaled(from[y * size.0 + x], w / total));
                }
                out
            };
            (0..size.0).map(at).collect::<Vec<_>>()
        })
        .concat()
    };
    pass(&pass(cells, (1, 0)), (0, 1))
}
