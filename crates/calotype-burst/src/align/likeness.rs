//! Whether a frame shows what the reference shows, once it is aligned as well as can be.

use super::cells::{CELL, Probe, cubic};
use super::global::View;
use crate::motion::Homography;
use calotype_image::Plane;

/// Cells looked at, at most.
const CELLS: usize = 2048;
/// A cell is judged where its structure has this many times the variance of the noise.
const TEXTURED: f32 = 4.0;
/// So many textured cells are needed to judge by.
const ENOUGH: usize = 8;
/// A cell shows the same where at least this share of its structure is explained, or correlates so well.
const SAME: f32 = 0.5;

/// What textured cells of the reference have in common with the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Likeness {
    /// Share of the cells whose structure the frame repeats: its difference from the reference has less than half of the
    /// structure's variance.
    pub repeated: f32,
    /// Share of the cells that correlate with the frame, however faint its structure is.
    pub correlated: f32,
    /// Mean light of the frame there, relative to the reference's and for its exposure.
    pub brightness: f32,
}

/// Sums over a cell.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    count: f32,
    r: f32,
    f: f32,
    rr: f32,
    ff: f32,
    rf: f32,
}

/// Compares the textured cells of a level under a motion; `None` where too few can be seen in both.
pub(super) fn likeness(view: View, motion: &Homography) -> Option<Likeness> {
    let (reference, frame) = (view.reference.level(view.level), view.frame.level(view.level));
    let all = view.reference.all_cells(view.level);
    let cells: Vec<(u32, u32)> = all.iter().copied().step_by(all.len().div_ceil(CELLS).max(1)).collect();
    let (mut textured, mut repeated, mut correlated) = (0, 0, 0);
    let (mut light, mut light_frame) = (0.0, 0.0);
    for probe in view.probes(motion, &cells) {
        let s = sums(reference, frame, &probe);
        if s.count < 32.0 {
            continue;
        }
        let n = s.count;
        let (r, f) = (s.rr - s.r * s.r / n, s.ff - s.f * s.f / n);
        let rf = s.rf - s.r * s.f / n;
        let noise = probe.noise * (n - 1.0);
        let structure = r - 0.5 * noise;
        if structure < TEXTURED * noise {
            continue;
        }
        textured += 1;
        repeated += usize::from(r + f - 2.0 * rf - noise < SAME * structure);
        // what noise alone makes of the frame does not count
        correlated += usize::from(rf > SAME * (structure * (f - 0.5 * noise).max(0.1 * noise)).sqrt());
        light += view.reference.light(s.r / n);
        light_frame += view.frame.light(s.f / n);
    }
    let share = |n: usize| n as f32 / textured as f32;
    (textured >= ENOUGH).then(|| Likeness {
        repeated: share(repeated),
        correlated: share(correlated),
        brightness: light_frame / light.max(1e-9),
    })
}

/// The sums of one cell; empty where it leaves either picture.
fn sums(reference: &Plane<f32>, frame: &Plane<f32>, probe: &Probe) -> Sums {
    let mut s = Sums::default();
    let (x0, y0) = (probe.cell.0 as usize, probe.cell.1 as usize);
    let half = (CELL as f32 - 1.0) / 2.0;
    let (w, h) = (frame.width() as f32, frame.height() as f32);
    for j in 0..CELL {
        for i in 0..CELL {
            let (u, v) = (i as f32 - half, j as f32 - half);
            let x = (x0 + i) as f32 + probe.shift.0 + u * probe.across.0 + v * probe.down.0;
            let y = (y0 + j) as f32 + probe.shift.1 + u * probe.across.1 + v * probe.down.1;
            if !(x >= 1.0 && y >= 1.0 && x + 2.0 < w && y + 2.0 < h) {
                continue;
            }
            let (left, top) = (x as usize - 1, y as usize - 1);
            let (a, b) = (cubic(x - (left + 1) as f32), cubic(y - (top + 1) as f32));
            let mut f = 0.0;
            for (k, weight) in b.into_iter().enumerate() {
                let row = &frame.row(top + k)[left..left + 4];
                f += weight * (a[0] * row[0] + a[1] * row[1] + a[2] * row[2] + a[3] * row[3]);
            }
            let r = reference.get(x0 + i, y0 + j);
            if r.is_nan() || f.is_nan() {
                continue;
            }
            s.count += 1.0;
            s.r += r;
            s.f += f;
            s.rr += r * r;
            s.ff += f * f;
            s.rf += r * f;
        }
    }
    s
}
