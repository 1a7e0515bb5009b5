//! The low-pass colours of a frame at the 2x2 cells of the reference.
//!
//! Each Bayer plane is gathered under the same spline, so red, green and blue are blurred alike and their differences are
//! free of the false colour of a plain demosaic; what aliasing remains differs from frame to frame and averages out.

use super::fill::{LEAST, Understudies};
use super::gather::smooth;
use super::patch::{LANES, Patch, Places};
use super::signal::{CLIPPED, FETCHED, OUTSIDE, Signal};

/// Cells from one node of the motion to the next.
const KNOTS: usize = crate::MotionField::SPACING / 2;

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
    /// 1 for honest samples, 0 for filled ones; up to date where any is.
    known: [Patch; 4],
    row: Vec<f32>,
    gains: Vec<f32>,
    places: Places,
    middles: (Vec<f32>, Vec<f32>),
    smoothed: Vec<f32>,
}

/// Fills `out` (red, green, blue; one number per cell, rows `stride` apart, [`LANES`] more at the end) with the low-pass
/// signal of one frame; clipped where too much of the neighbourhood is, [`OUTSIDE`] beyond the frame's border. Where
/// `understudies` stand in for some samples `honest` gets the share of the frame's own, and true is returned; elsewhere it
/// is left alone.
///
/// For the reference itself `detail` receives the energy that the smoothing removed, per colour.
pub(crate) fn lowpass(
    signal: &Signal,
    understudies: &Understudies,
    cells: Cells,
    stride: usize,
    s: &mut Scratch,
    out: &mut [Vec<f32>; 3],
    honest: &mut [Vec<f32>; 3],
    mut detail: Option<&mut [Vec<f32>; 3]>,
) -> bool {
    let (nx, ny) = (cells.width(), cells.height());
    for v in out.iter_mut().chain(detail.iter_mut().flat_map(|d| d.iter_mut())) {
        v.clear();
        v.resize(stride * ny + LANES, 0.0);
    }
    let (fw, fh) = (signal.frame.samples.width() as f32, signal.frame.samples.height() as f32);
    let b = signal.motion.extent(2 * cells.x.0..2 * cells.x.1, 2 * cells.y.0..2 * cells.y.1);
    if !(b.0 < fw + 8.0 && b.1 < fh + 8.0 && b.2 > -8.0 && b.3 > -8.0) {
        out.iter_mut().for_each(|v| v.fill(OUTSIDE));
        return false;
    }
    let b = (b.0.max(-8.0), b.1.max(-8.0), b.2.min(fw + 8.0), b.3.min(fh + 8.0));
    let (x0, y0) = ((b.0 / 2.0).floor() as isize - 2, (b.1 / 2.0).floor() as isize - 2);
    let (pw, ph) = ((b.2 / 2.0).ceil() as isize + 4 - x0, (b.3 / 2.0).ceil() as isize + 4 - y0);
    let (pw, ph) = (pw as usize, ph as usize);
    s.planes.iter_mut().for_each(|p| p.reshape(x0, y0, pw, ph));
    s.row.resize(2 * pw, 0.0);
    for y in 0..2 * ph {
        if y % FETCHED == 0 {
            signal.fetch(2 * y0 + y as isize, 2 * x0, 2 * pw);
        }
        signal.load_row(2 * y0 + y as isize, 2 * x0, &mut s.row, &mut s.gains);
        let [a, b] = &mut s.planes[y % 2 * 2..][..2] else { return false };
        split(&s.row, a.row_mut(y / 2), b.row_mut(y / 2));
    }
    let filled = understudies.fill(signal, &mut s.planes, &mut s.known);
    if filled {
        for v in honest.iter_mut() {
            v.clear();
            v.resize(stride * ny + LANES, 0.0);
        }
    }
    for j in 0..ny {
        // middles of cells across, and of their upper pixels down
        let (cx, cy) = &mut s.middles;
        cx.resize(nx, 0.0);
        cy.resize(nx, 0.0);
        signal.motion.row_of_pairs(2 * (cells.y.0 + j), 2 * cells.x.0, cx, cy);
        s.places.resize(nx);
        let at = j * stride;
        // in an order in which only one coordinate changes from plane to plane
        for p in [0, 1, 3, 2] {
            if p != 3 {
                in_plane(cx, (p & 1) as f32, &mut s.places.xs);
            }
            if p == 0 || p == 3 {
                in_plane(cy, (p >> 1) as f32 - 0.5, &mut s.places.ys);
            }
            s.places.cut(nx, cells.x.0.wrapping_neg() % KNOTS, KNOTS);
            let color = signal.frame.cfa.0[p] as usize;
            let share = match color {
                1 if signal.frame.cfa.is_mono() => 0.25,
                1 => 0.5,
                _ => 1.0,
            };
            if filled {
                smooth(&s.known[p], &s.places, share, &mut honest[color][at..]);
            }
            let Some(detail) = detail.as_deref_mut() else {
                smooth(&s.planes[p], &s.places, share, &mut out[color][at..]);
                continue;
            };
            s.smoothed.clear();
            s.smoothed.resize(nx + LANES, 0.0);
            smooth(&s.planes[p], &s.places, 1.0, &mut s.smoothed);
            let y = (cells.y.0 + j) as isize - y0;
            let raw = &s.planes[p].row(y as usize)[(cells.x.0 as isize - x0) as usize..][..nx];
            let (out, detail) = (&mut out[color][at..at + nx], &mut detail[color][at..at + nx]);
            fearless_simd::dispatch!(
                fearless_simd::Level::new(),
                _simd => removed(raw, &s.smoothed, share, out, detail)
            );
        }
        if filled {
            let colors = if signal.frame.cfa.is_mono() { 1..2 } else { 0..3 };
            for (out, honest) in out[colors.clone()].iter_mut().zip(&honest[colors]) {
                for k in at..at + nx {
                    out[k] = if honest[k] < LEAST { CLIPPED } else { out[k] };
                }
            }
        }
        // beyond the frame's border the samples are mirrored: not the scene
        if b.0 <= 0.0 || b.1 <= 0.0 || b.2 >= fw - 1.0 || b.3 >= fh - 1.0 {
            for k in 0..nx {
                let (u, v) = (cx[k], cy[k] + 0.5);
                if !(u > -0.6 && v > -0.6 && u < fw - 0.4 && v < fh - 0.4) {
                    out.iter_mut().for_each(|c| c[at + k] = OUTSIDE);
                }
            }
        }
    }
    filled
}

/// Adds `share` of what is left by smoothing to `out`, and of the energy that went to `detail`.
#[inline(always)]
fn removed(raw: &[f32], smoothed: &[f32], share: f32, out: &mut [f32], detail: &mut [f32]) {
    let n = raw.len();
    let (smoothed, out, detail) = (&smoothed[..n], &mut out[..n], &mut detail[..n]);
    for k in 0..n {
        let d = raw[k] - smoothed[k];
        out[k] += share * smoothed[k];
        detail[k] += if d.is_finite() { share * d * d } else { 0.0 };
    }
}

/// Places in a plane of every second sample, of which the first is at `first`.
fn in_plane(places: &[f32], first: f32, out: &mut [f32]) {
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => in_plane_row(places, first, out));
}

#[inline(always)]
fn in_plane_row(places: &[f32], first: f32, out: &mut [f32]) {
    let n = places.len().min(out.len());
    let (places, out) = (&places[..n], &mut out[..n]);
    for k in 0..n {
        out[k] = 0.5 * (places[k] - first);
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
