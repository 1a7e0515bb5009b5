//! The low-pass colours of a frame at the 2x2 cells of the reference.
//!
//! Each Bayer plane is gathered under the same spline, so red, green and blue are blurred alike and their differences are
//! free of the false colour of a plain demosaic; what aliasing remains differs from frame to frame and averages out.

use super::patch::{Patch, Places, bounds, smooth};
use super::signal::{OUTSIDE, Signal};

/// A rectangle of cells of the reference: columns `x.0..x.1`, rows `y.0..y.1`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells {
    pub x: (usize, usize),
    pub y: (usize, usize),
}

impl Cells {
    pub fn width(&self) -> usize {
        self.x.1 - self.x.0
    }

    pub fn height(&self) -> usize {
        self.y.1 - self.y.0
    }
}

/// Buffers that are reused from frame to frame.
#[derive(Default)]
pub(crate) struct Scratch {
    planes: [Patch; 4],
    row: Vec<f32>,
    gains: Vec<f32>,
    places: Places,
    centres: (Vec<f32>, Vec<f32>),
    smoothed: Vec<f32>,
}

/// Fills `out` (red, green, blue; one number per cell, row by row) with the low-pass signal of one frame; clipped where the
/// neighbourhood touches a clipped sample, [`OUTSIDE`] beyond the frame's border.
///
/// For the reference itself `detail` receives the energy that the smoothing removed, per colour.
pub(crate) fn lowpass(
    signal: &Signal,
    cells: Cells,
    s: &mut Scratch,
    out: &mut [Vec<f32>; 3],
    mut detail: Option<&mut [Vec<f32>; 3]>,
) {
    let (nx, ny) = (cells.width(), cells.height());
    for v in out.iter_mut().chain(detail.iter_mut().flat_map(|d| d.iter_mut())) {
        v.clear();
        v.resize(nx * ny, 0.0);
    }
    let (fw, fh) = (signal.frame.samples.width() as f32, signal.frame.samples.height() as f32);
    let b = bounds(signal, (2 * cells.x.0, 2 * cells.x.1), (2 * cells.y.0, 2 * cells.y.1));
    if !(b.0 < fw + 8.0 && b.1 < fh + 8.0 && b.2 > -8.0 && b.3 > -8.0) {
        out.iter_mut().for_each(|v| v.fill(OUTSIDE));
        return;
    }
    let b = (b.0.max(-8.0), b.1.max(-8.0), b.2.min(fw + 8.0), b.3.min(fh + 8.0));
    let (x0, y0) = ((b.0 / 2.0).floor() as isize - 2, (b.1 / 2.0).floor() as isize - 2);
    let (pw, ph) = ((b.2 / 2.0).ceil() as isize + 4 - x0, (b.3 / 2.0).ceil() as isize + 4 - y0);
    let (pw, ph) = (pw as usize, ph as usize);
    s.planes.iter_mut().for_each(|p| p.reshape(x0, y0, pw, ph));
    s.row.resize(2 * pw, 0.0);
    for y in 0..2 * ph {
        signal.load_row(2 * y0 + y as isize, 2 * x0, &mut s.row, &mut s.gains);
        let [a, b] = &mut s.planes[y % 2 * 2..][..2] else { return };
        split(&s.row, a.row_mut(y / 2), b.row_mut(y / 2));
    }
    let n = 2 * nx;
    s.places.xs.resize(n, 0.0);
    s.places.ys.resize(n, 0.0);
    s.smoothed.resize(nx, 0.0);
    for j in 0..ny {
        s.places.xs.resize(n, 0.0);
        s.places.ys.resize(n, 0.0);
        signal.motion.row(2 * (cells.y.0 + j), 2 * cells.x.0, &mut s.places.xs, &mut s.places.ys);
        let (cx, cy) = &mut s.centres;
        cx.clear();
        cy.clear();
        cx.extend(s.places.xs.chunks_exact(2).map(|p| 0.5 * (p[0] + p[1])));
        cy.extend(s.places.ys.chunks_exact(2).map(|p| 0.5 * (p[0] + p[1]) + 0.5));
        s.places.xs.truncate(nx);
        s.places.ys.truncate(nx);
        let at = j * nx..(j + 1) * nx;
        for p in 0..4 {
            let (ox, oy) = ((p & 1) as f32, (p >> 1) as f32);
            for k in 0..nx {
                s.places.xs[k] = 0.5 * (s.centres.0[k] - ox);
                s.places.ys[k] = 0.5 * (s.centres.1[k] - oy);
            }
            s.places.cut();
            smooth(&s.planes[p], &s.places, &mut s.smoothed);
            let color = signal.frame.cfa.0[p] as usize;
            let share = match color {
                1 if signal.frame.cfa.is_mono() => 0.25,
                1 => 0.5,
                _ => 1.0,
            };
            let row = &mut out[color][at.clone()];
            for k in 0..nx {
                row[k] += share * s.smoothed[k];
            }
            if let Some(detail) = detail.as_deref_mut() {
                let y = (cells.y.0 + j) as isize - y0;
                let raw = &s.planes[p].row(y as usize)[(cells.x.0 as isize - x0) as usize..][..nx];
                let row = &mut detail[color][at.clone()];
                for k in 0..nx {
                    let d = raw[k] - s.smoothed[k];
                    row[k] += share * if d.is_finite() { d * d } else { 0.0 };
                }
            }
        }
        // beyond the frame's border the samples are mirrored: not the scene
        for k in 0..nx {
            let (u, v) = (s.centres.0[k], s.centres.1[k]);
            if !(u > -0.6 && v > -0.6 && u < fw - 0.4 && v < fh - 0.4) {
                out.iter_mut().for_each(|c| c[j * nx + k] = OUTSIDE);
            }
        }
    }
}

/// Even and odd samples of a row.
fn split(row: &[f32], even: &mut [f32], odd: &mut [f32]) {
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => split_row(row, even, odd));
}

#[inline(always)]
fn split_row(row: &[f32], even: &mut [f32], odd: &mut [f32]) {
    let n = even.len();
    let (row, odd) = (&row[..2 * n], &mut odd[..n]);
    for k in 0..n {
        even[k] = row[2 * k];
        odd[k] = row[2 * k + 1];
    }
}
