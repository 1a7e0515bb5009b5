//! Where the pixels of the reference frame are found in another frame.
//!
//! Positions are in index coordinates of the full-resolution mosaic: the centre of the sample in column 3 is at 3.0.

use calotype_image::Plane;
use std::fmt;
use std::ops::Range;

/// A plane projective map, row-major: (x, y) goes to ((a x + b y + c) / w, (d x + e y + f) / w), w = g x + h y + i.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Homography(pub [[f64; 3]; 3]);

impl Homography {
    /// Every point stays where it is.
    pub const IDENTITY: Self = Self([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);

    /// Every point moves by (dx, dy).
    pub const fn shift(dx: f64, dy: f64) -> Self {
        Self([[1.0, 0.0, dx], [0.0, 1.0, dy], [0.0, 0.0, 1.0]])
    }

    /// Where (x, y) goes.
    #[inline(always)]
    pub fn map(&self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c] = &self.0;
        let w = c[0] * x + c[1] * y + c[2];
        ((a[0] * x + a[1] * y + a[2]) / w, (b[0] * x + b[1] * y + b[2]) / w)
    }

    /// First `other`, then this map.
    pub fn after(&self, other: &Self) -> Self {
        let (l, r) = (&self.0, &other.0);
        Self(std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| l[i][k] * r[k][j]).sum()))).normalised()
    }

    /// The map that undoes this one; `None` where it folds the plane into a line.
    pub fn inverse(&self) -> Option<Self> {
        let m = &self.0;
        let cofactor = |i: usize, j: usize| {
            let (a, b, c, d) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
            m[a][c] * m[b][d] - m[a][d] * m[b][c]
        };
        let det: f64 = (0..3).map(|j| m[0][j] * cofactor(0, j)).sum();
        if !(det.abs() > 1e-12) {
            return None;
        }
        Some(Self(std::array::from_fn(|i| std::array::from_fn(|j| cofactor(j, i) / det))).normalised())
    }

    /// The same map with its last element 1.
    fn normalised(self) -> Self {
        let s = self.0[2][2];
        if s == 0.0 || !s.is_finite() { self } else { Self(self.0.map(|r| r.map(|v| v / s))) }
    }

    /// Turn of the picture around (x, y), in radians, positive from x towards y.
    pub fn rotation_at(&self, x: f64, y: f64) -> f64 {
        let (p, q, r) = (self.map(x, y), self.map(x + 1.0, y), self.map(x, y + 1.0));
        // the rotation nearest to the local Jacobian
        ((q.1 - p.1) - (r.0 - p.0)).atan2((q.0 - p.0) + (r.1 - p.1))
    }
}

/// What the alignment of one frame found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MotionReport {
    /// Shift of the picture's centre in pixels, (x, y).
    pub shift: (f32, f32),
    /// Turn of the picture, in radians, positive from x towards y.
    pub rotation_rad: f32,
    /// Root mean square of the frame's difference from the reference after alignment over textured pixels of the half
    /// size grey picture, robust, in standard deviations of its noise: 1 is perfect.
    pub residual: f32,
    /// Estimated standard error of the global motion in pixels, mean over the picture.
    pub error: f32,
    /// Share of textured tiles in which the frame repeats what the reference shows, 0 to 1; 1 where nothing has texture.
    pub support: f32,
    /// Share of all tiles that have a motion of their own, 0 to 1.
    pub local: f32,
    /// Why the frame must be left out, if it must.
    pub rejected: Option<Rejection>,
}

/// Why a frame cannot be merged with the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// It has another size.
    Size,
    /// Almost all of it is clipped.
    Blown,
    /// It is dark where the reference shows something, as with a covered lens.
    Dark,
    /// It shows the scene of the reference too blurred to add anything.
    Blurred,
    /// It shows another scene, or moved further than is searched.
    OtherScene,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "it has another size than the reference",
            Self::Blown => "almost all of it is overexposed",
            Self::Dark => "it is dark where the reference shows something",
            Self::Blurred => "it is too blurred to add anything to the reference",
            Self::OtherScene => "it shows another scene than the reference, or moved too far from it",
        })
    }
}

/// Where reference pixels are found in another frame.
///
/// A global projective motion, and a residual at the nodes of a regular grid of [`MotionField::SPACING`] pixels that is
/// bilinear in between. The sum is kept at the nodes, so that a row of positions costs next to nothing.
#[derive(Clone, Debug)]
pub struct MotionField {
    width: usize,
    height: usize,
    global: Homography,
    residual: Plane<[f32; 2]>,
    confidence: Plane<f32>,
    /// Displacement (position in the frame minus position in the reference) at the nodes.
    displacement: Plane<[f32; 2]>,
    report: MotionReport,
}

impl MotionField {
    /// Distance of the nodes in pixels; node (i, j) is at pixel (i * SPACING, j * SPACING).
    pub const SPACING: usize = 16;

    /// Number of nodes across and down for a picture of that size: the last node is on or beyond the last pixel.
    pub fn nodes(width: usize, height: usize) -> (usize, usize) {
        (width.saturating_sub(1).div_ceil(Self::SPACING) + 1, height.saturating_sub(1).div_ceil(Self::SPACING) + 1)
    }

    /// The motion of a frame that did not move, such as the reference itself, for a picture of that size.
    pub fn identity(width: usize, height: usize) -> Self {
        Self::from_global(width, height, Homography::IDENTITY, MotionReport { support: 1.0, ..Default::default() })
    }

    /// A motion without residual.
    pub fn from_global(width: usize, height: usize, global: Homography, report: MotionReport) -> Self {
        let (nx, ny) = Self::nodes(width, height);
        Self::new(width, height, global, Plane::new(nx, ny), Plane::filled(nx, ny, 1.0), report)
    }

    /// A motion from its parts; `residual` (x, y in pixels, added to the global motion) and `confidence` have
    /// [`nodes`](Self::nodes) values. Panics where they have not.
    pub fn new(
        width: usize,
        height: usize,
        global: Homography,
        residual: Plane<[f32; 2]>,
        confidence: Plane<f32>,
        report: MotionReport,
    ) -> Self {
        let (nx, ny) = Self::nodes(width, height);
        assert_eq!((residual.width(), residual.height()), (nx, ny), "one residual per node");
        assert_eq!((confidence.width(), confidence.height()), (nx, ny), "one confidence per node");
        let displacement = Plane::from_fn(nx, ny, |i, j| {
            let (x, y) = ((i * Self::SPACING) as f64, (j * Self::SPACING) as f64);
            let (u, v) = global.map(x, y);
            let r = residual.get(i, j);
            [(u - x) as f32 + r[0], (v - y) as f32 + r[1]]
        });
        Self { width, height, global, residual, confidence, displacement, report }
    }

    /// Width of the reference in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height of the reference in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The global motion, from reference to frame.
    pub fn global(&self) -> &Homography {
        &self.global
    }

    /// What is added to the global motion at the nodes, (x, y) in pixels.
    pub fn residual(&self) -> &Plane<[f32; 2]> {
        &self.residual
    }

    /// How well the motion at each node is supported by the pictures: 1 where the frames match within their noise, falling
    /// to 0 where nothing matches or the place lies outside the frame.
    pub fn confidence(&self) -> &Plane<f32> {
        &self.confidence
    }

    /// What the alignment found.
    pub fn report(&self) -> &MotionReport {
        &self.report
    }

    /// Where the reference's place (x, y) is found in the frame; places outside the picture are extrapolated.
    pub fn position(&self, x: f32, y: f32) -> (f32, f32) {
        const S: f32 = MotionField::SPACING as f32;
        let (nx, ny) = (self.displacement.width(), self.displacement.height());
        let i = ((x / S).max(0.0) as usize).min(nx.saturating_sub(2));
        let j = ((y / S).max(0.0) as usize).min(ny.saturating_sub(2));
        let (fx, fy) = (x / S - i as f32, y / S - j as f32);
        let (i1, j1) = ((i + 1).min(nx - 1), (j + 1).min(ny - 1));
        let at = |c: usize| {
            let (a, b) = (self.displacement.get(i, j)[c], self.displacement.get(i1, j)[c]);
            let (d, e) = (self.displacement.get(i, j1)[c], self.displacement.get(i1, j1)[c]);
            let (l, r) = (a + (d - a) * fy, b + (e - b) * fy);
            l + (r - l) * fx
        };
        (x + at(0), y + at(1))
    }

    /// Smallest rectangle of the frame, as (x0, y0, x1, y1), with all places of the reference pixels `x` across and `y` down.
    pub(crate) fn extent(&self, x: Range<usize>, y: Range<usize>) -> (f32, f32, f32, f32) {
        const S: usize = MotionField::SPACING;
        let mut extent = (f32::MAX, f32::MAX, f32::MIN, f32::MIN);
        let mut add = |u: f32, v: f32| {
            extent = (extent.0.min(u), extent.1.min(v), extent.2.max(u), extent.3.max(v));
        };
        let last = (x.end - 1, y.end - 1);
        let nodes = |from: usize, last: usize| (from / S + 1..).take_while(move |i| i * S < last);
        // motion is bilinear between nodes: its extremes over the rectangle are at nodes and at the rectangle's rim
        for py in [y.start].into_iter().chain(nodes(y.start, last.1).map(|j| j * S)).chain([last.1]) {
            for px in [x.start, last.0] {
                let (u, v) = self.position(px as f32, py as f32);
                add(u, v);
            }
            let j = (py / S).min(self.displacement.height().saturating_sub(2));
            let below = (j + 1).min(self.displacement.height() - 1);
            let (top, bottom) = (self.displacement.row(j), self.displacement.row(below));
            let t = py as f32 / S as f32 - j as f32;
            for i in nodes(x.start, last.0) {
                let (a, b) = (top[i], bottom[i]);
                add((i * S) as f32 + (a[0] + (b[0] - a[0]) * t), py as f32 + (a[1] + (b[1] - a[1]) * t));
            }
        }
        extent
    }

    /// Fills the places in the frame of the reference pixels (x0, y) to (x0 + n - 1, y), n = `xs.len()` = `ys.len()`.
    ///
    /// `y` must be below the height and x0 + n at most the width. No allocation.
    pub fn row(&self, y: usize, x0: usize, xs: &mut [f32], ys: &mut [f32]) {
        fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => self.fill_row::<1>(y, x0, xs, ys));
    }

    /// Fills the places of the middles of the pairs of pixels (x0, y) and (x0 + 1, y), (x0 + 2, y) and (x0 + 3, y), ...: means
    /// of two places of [`Self::row`]. x0 must be even.
    pub(crate) fn row_of_pairs(&self, y: usize, x0: usize, xs: &mut [f32], ys: &mut [f32]) {
        fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => self.fill_row::<2>(y, x0, xs, ys));
    }

    /// Places of the middles of `P` pixels each, which divide the nodes' distance, from a multiple of `P` on.
    #[inline(always)]
    fn fill_row<const P: usize>(&self, y: usize, x0: usize, xs: &mut [f32], ys: &mut [f32]) {
        const S: usize = MotionField::SPACING;
        let middle = (P - 1) as f32 / 2.0;
        let (nx, ny) = (self.displacement.width(), self.displacement.height());
        let j = (y / S).min(ny - 1);
        let (top, bottom) = (self.displacement.row(j), self.displacement.row((j + 1).min(ny - 1)));
        let fy = (y - j * S) as f32 / S as f32;
        let ys = &mut ys[..xs.len()];
        let node = |i: usize| {
            let (t, b) = (top[i.min(nx - 1)], bottom[i.min(nx - 1)]);
            [t[0] + (b[0] - t[0]) * fy, t[1] + (b[1] - t[1]) * fy]
        };
        let mut i = x0 / S;
        let mut left = node(i);
        // up to the next node, then from node to node
        let first = ((S - (x0 - i * S)) / P).min(xs.len()) % (S / P);
        let (head_x, tail_x) = xs.split_at_mut(first);
        let (head_y, tail_y) = ys.split_at_mut(first);
        let chunks = tail_x.chunks_mut(S / P).zip(tail_y.chunks_mut(S / P));
        let mut x = x0;
        for (sx, sy) in (first > 0).then_some((head_x, head_y)).into_iter().chain(chunks) {
            let right = node(i + 1);
            let t = (x - i * S) as f32 + middle;
            let step = [(right[0] - left[0]) * (1.0 / S as f32), (right[1] - left[1]) * (1.0 / S as f32)];
            ramp(sx, x as f32 + middle + (left[0] + step[0] * t), P as f32 * (1.0 + step[0]));
            ramp(sy, y as f32 + (left[1] + step[1] * t), P as f32 * step[1]);
            x += P * sx.len();
            i += 1;
            left = right;
        }
    }
}

/// Fills up to [`MotionField::SPACING`] values with start, start + step, ...
#[inline(always)]
pub(crate) fn ramp(out: &mut [f32], start: f32, step: f32) {
    const COUNT: [f32; MotionField::SPACING] = [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];
    const HALF: usize = MotionField::SPACING / 2;
    if let Ok(out) = <&mut [f32; MotionField::SPACING]>::try_from(&mut *out) {
        for k in 0..MotionField::SPACING {
            out[k] = start + step * COUNT[k];
        }
    } else if let Ok(out) = <&mut [f32; HALF]>::try_from(&mut *out) {
        for k in 0..HALF {
            out[k] = start + step * COUNT[k];
        }
    } else {
        for (v, k) in out.iter_mut().zip(COUNT) {
            *v = start + step * k;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tilted() -> Homography {
        Homography([[1.01, -0.02, 3.5], [0.021, 0.99, -7.25], [1e-6, -2e-6, 1.0]])
    }

    #[test]
    fn a_map_and_its_inverse_cancel() {
        let h = tilted();
        let back = h.inverse().unwrap().after(&h);
        let (x, y) = back.map(1234.5, 987.0);
        assert!((x - 1234.5).abs() < 1e-8 && (y - 987.0).abs() < 1e-8);
        assert!(Homography([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 1.0]]).inverse().is_none());
    }

    #[test]
    fn rotation_is_read_back() {
        let (s, c) = 0.03f64.sin_cos();
        let h = Homography([[c, -s, 10.0], [s, c, -4.0], [0.0, 0.0, 1.0]]);
        assert!((h.rotation_at(200.0, 100.0) - 0.03).abs() < 1e-12);
    }

    #[test]
    fn rows_points_and_the_global_map_agree() {
        for (w, h) in [(1, 1), (16, 17), (17, 16), (133, 71)] {
            let m = MotionField::from_global(w, h, tilted(), MotionReport::default());
            for y in [0, h / 2, h - 1] {
                for x0 in [0, w / 3, w - 1] {
                    let n = w - x0;
                    let (mut xs, mut ys) = (vec![0.0; n], vec![0.0; n]);
                    m.row(y, x0, &mut xs, &mut ys);
                    for k in 0..n {
                        if (x0 + k) % 2 == 0 && k + 1 < n {
                            let (mut x, mut y_) = ([0.0], [0.0]);
                            m.row_of_pairs(y, x0 + k, &mut x, &mut y_);
                            let middle = (0.5 * (xs[k] + xs[k + 1]), 0.5 * (ys[k] + ys[k + 1]));
                            assert!((x[0] - middle.0).abs() < 1e-4 && (y_[0] - middle.1).abs() < 1e-4);
                        }
                        let p = m.position((x0 + k) as f32, y as f32);
                        let t = tilted().map((x0 + k) as f64, y as f64);
                        assert!((p.0 - xs[k]).abs() < 1e-4 && (p.1 - ys[k]).abs() < 1e-4, "{w}x{h} {x0}+{k}, {y}");
                        // at the right and bottom edge of a single node the motion is constant
                        if w > 1 && h > 1 {
                            assert!((t.0 as f32 - xs[k]).abs() < 1e-3 && (t.1 as f32 - ys[k]).abs() < 1e-3);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn residuals_are_bilinear() {
        let (nx, ny) = MotionField::nodes(40, 40);
        let mut residual = Plane::new(nx, ny);
        residual.row_mut(1)[1] = [2.0, -1.0];
        let m =
            MotionField::new(40, 40, Homography::IDENTITY, residual, Plane::filled(nx, ny, 1.0), Default::default());
        assert_eq!(m.position(16.0, 16.0), (18.0, 15.0));
        assert_eq!(m.position(24.0, 16.0), (25.0, 15.5));
        assert_eq!(m.position(24.0, 24.0), (24.5, 23.75));
    }
}
