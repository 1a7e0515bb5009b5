//! What is the same all along an edge, found under noise.
//!
//! A filter that looks at a block of 8x8 pixels sees too little of an edge of low contrast to tell its finest part from
//! noise, and leaves some of its slope away. Along the edge that part is the same everywhere and noise is not: the mean of
//! what was left away, over a stretch of the edge, is the slope. It counts where a picture has one direction (the
//! structure tensor's coherence; Foerstner and Guelch, "A fast operator for detection and precise location of distinct
//! points", 1987) and changes across it by more than its noise.

use crate::mirror;

/// Pixels on either side along an edge that are averaged.
const REACH: usize = 8;
/// Pixels on either side over which the direction is found.
const AROUND: usize = 3;
/// Pixels left and right of a row in hand, so that all that is looked at is there.
const MARGIN: usize = REACH + 2;
/// Standard deviation of luma's noise, under the root and so nearly in display codes, from which edges are looked for, and
/// from which they count fully: less noise takes nothing from them.
const NOISY: (f32, f32) = (1.2 / 255.0, 1.8 / 255.0);

/// Light at which noise is judged for a whole picture.
pub const GREY: f32 = 0.18;

/// How far edges need this, 0 to 1, where luma, from 0 to 1 and under a square root, has noise of this standard deviation.
pub fn share(deviation: f32) -> f32 {
    ((deviation - NOISY.0) / (NOISY.1 - NOISY.0)).clamp(0.0, 1.0)
}

/// What counts as an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    /// Coherence, 0 to 1, from which an edge counts, and from which it counts fully.
    pub coherent: (f32, f32),
    /// Slope in standard deviations of a pixel's noise, from which an edge counts; it does fully at 1.4 times that.
    pub steep: f32,
}

/// Luma of a band of rows, which tells where edges run, and the detail that is to be averaged along them.
#[derive(Debug)]
pub struct Edges {
    gate: Gate,
    first: usize,
    rows: usize,
    stride: usize,
    luma: Vec<f32>,
    detail: Vec<f32>,
    /// Products of slopes (across twice, across and down, down twice), summed along the row: the last rows of them.
    tensor: [Vec<f32>; 3],
    slopes: [Vec<f32>; 3],
    sums: [Vec<f32>; 3],
}

impl Edges {
    /// Rows needed above and below those that detail is averaged for.
    pub const ROWS: usize = REACH;

    /// For the picture rows from `first` to `end`, `width` pixels each.
    pub fn new(gate: Gate, width: usize, first: usize, end: usize) -> Self {
        let (rows, stride) = (end - first, width + 2 * MARGIN);
        let line = || [(); 3].map(|()| vec![0.0; stride]);
        Self {
            gate,
            first,
            rows,
            stride,
            luma: vec![0.0; rows * stride],
            detail: vec![0.0; rows * stride],
            tensor: [(); 3].map(|()| vec![0.0; (2 * AROUND + 1) * stride]),
            slopes: line(),
            sums: line(),
        }
    }

    /// The first row and the one after the last.
    pub fn rows(&self) -> (usize, usize) {
        (self.first, self.first + self.rows)
    }

    /// The pixels from column `left` on of row `y`, `width` of them, to be filled: luma, and detail.
    #[inline(always)]
    pub fn row_mut(&mut self, y: usize, left: usize, width: usize) -> [&mut [f32]; 2] {
        let at = (y - self.first) * self.stride + MARGIN + left;
        [&mut self.luma[at..at + width], &mut self.detail[at..at + width]]
    }

    /// All rows are in: calls `row` for those from `top` to `bottom` with the mean detail along the edge at every pixel, 0
    /// where there is none. `noise` fills a row with the variance of luma's noise, given the row's place and its luma.
    #[inline(always)]
    pub fn average(
        &mut self,
        (top, bottom): (usize, usize),
        noise: impl Fn(usize, &[f32], &mut [f32]),
        mut row: impl FnMut(usize, &[f32]),
    ) {
        self.mirror();
        let around = AROUND as isize;
        for t in -around..around {
            self.products(top as isize + t);
        }
        let width = self.stride - 2 * MARGIN;
        let (mut out, mut variance) = (vec![0.0; width], vec![0.0; width]);
        for y in top..bottom {
            self.products(y as isize + around);
            for (sums, tensor) in self.sums.iter_mut().zip(&self.tensor) {
                let mut rows = tensor.chunks_exact(self.stride);
                sums.copy_from_slice(rows.next().expect("there are rows"));
                for row in rows {
                    sums.iter_mut().zip(row).for_each(|(s, v)| *s += v);
                }
            }
            noise(y, &self.luma[self.held(y as isize) * self.stride + MARGIN..][..width], &mut variance);
            self.along(y, &variance, &mut out);
            row(y, &out);
        }
    }

    /// Fills the columns beside the picture.
    fn mirror(&mut self) {
        let width = self.stride - 2 * MARGIN;
        for plane in [&mut self.luma, &mut self.detail] {
            for row in plane.chunks_exact_mut(self.stride) {
                for k in 0..MARGIN {
                    row[k] = row[MARGIN + mirror(k as isize - MARGIN as isize, width)];
                    row[MARGIN + width + k] = row[MARGIN + mirror((width + k) as isize, width)];
                }
            }
        }
    }

    /// Place of picture row `y` among those held, or of the nearest.
    #[inline(always)]
    fn held(&self, y: isize) -> usize {
        (y - self.first as isize).clamp(0, self.rows as isize - 1) as usize
    }

    /// Products of the slopes of row `y`, summed over the columns around each.
    #[inline(always)]
    fn products(&mut self, y: isize) {
        let starts = [-1, 0, 1].map(|j| self.held(y + j) * self.stride);
        let [above, here, below] = starts.map(|at| &self.luma[at..][..self.stride]);
        let n = self.stride - 2;
        let [xx, xy, yy] = &mut self.slopes;
        let (xx, xy, yy) = (&mut xx[1..][..n], &mut xy[1..][..n], &mut yy[1..][..n]);
        let (a0, a1, a2) = (&above[..n], &above[1..][..n], &above[2..][..n]);
        let (b0, b2) = (&here[..n], &here[2..][..n]);
        let (c0, c1, c2) = (&below[..n], &below[1..][..n], &below[2..][..n]);
        for k in 0..n {
            // Scharr's derivatives
            let dx = 0.09375 * ((a2[k] - a0[k]) + (c2[k] - c0[k])) + 0.3125 * (b2[k] - b0[k]);
            let dy = 0.09375 * ((c0[k] - a0[k]) + (c2[k] - a2[k])) + 0.3125 * (c1[k] - a1[k]);
            xx[k] = dx * dx;
            xy[k] = dx * dy;
            yy[k] = dy * dy;
        }
        let to = y.rem_euclid(2 * AROUND as isize + 1) as usize * self.stride;
        let n = self.stride - 2 * AROUND;
        for (tensor, slopes) in self.tensor.iter_mut().zip(&self.slopes) {
            let out = &mut tensor[to + AROUND..][..n];
            const { assert!(AROUND == 3, "seven are added") };
            let s: [&[f32]; 7] = std::array::from_fn(|k| &slopes[k..][..n]);
            for k in 0..n {
                out[k] = ((s[0][k] + s[6][k]) + (s[1][k] + s[5][k])) + ((s[2][k] + s[4][k]) + s[3][k]);
            }
        }
    }

    /// The mean detail at the pixels of row `y`, whose noise has this `variance`.
    #[inline(always)]
    fn along(&self, y: usize, variance: &[f32], out: &mut [f32]) {
        let Gate { coherent: (some, full), steep } = self.gate;
        let steep = ((2 * AROUND + 1) * (2 * AROUND + 1)) as f32 * steep * steep;
        let [xx, xy, yy] = self.sums.each_ref().map(|v| &v[MARGIN..][..out.len()]);
        let variance = &variance[..out.len()];
        for x in 0..out.len() {
            let (whole, across, both) = (xx[x] + yy[x], xx[x] - yy[x], 2.0 * xy[x]);
            let clear = whole / (steep * variance[x]).max(1e-20) - 1.0;
            let coherence = (across * across + both * both).sqrt();
            let certain = (coherence - some * whole) / ((full - some) * whole + 1e-20);
            out[x] = if clear > 0.0 && certain > 0.0 {
                let mean = if across > 0.0 {
                    self.mean_down(x, y, -both / (coherence + across))
                } else {
                    self.mean_across(x, y, -both / (coherence - across))
                };
                clear.min(1.0) * certain.min(1.0) * mean
            } else {
                0.0
            };
        }
    }

    /// Weighted mean of detail along a line that moves `slope` columns from row to row.
    #[inline(always)]
    fn mean_down(&self, x: usize, y: usize, slope: f32) -> f32 {
        let mut sum = 0.0;
        for (k, weight) in WEIGHTS.iter().enumerate() {
            let s = k as isize - REACH as isize;
            let place = (MARGIN + x) as f32 + s as f32 * slope;
            let whole = place.floor();
            // (what is no number has no place: any is as good)
            let first = (whole as usize).max(1) - 1;
            let row = &self.detail[self.held(y as isize + s) * self.stride + first..][..4];
            sum += weight * cubic([row[0], row[1], row[2], row[3]], place - whole);
        }
        sum
    }

    /// The same along a line that moves `slope` rows from column to column.
    #[inline(always)]
    fn mean_across(&self, x: usize, y: usize, slope: f32) -> f32 {
        let mut sum = 0.0;
        for (k, weight) in WEIGHTS.iter().enumerate() {
            let s = k as isize - REACH as isize;
            let place = y as f32 + s as f32 * slope;
            let whole = place.floor();
            let column = (MARGIN + x) as isize + s;
            let at = |j: isize| self.detail[self.held(whole as isize + j) * self.stride + column as usize];
            sum += weight * cubic([at(-1), at(0), at(1), at(2)], place - whole);
        }
        sum
    }
}

/// A parabola that ends beyond the reach; the sum is 1.
const WEIGHTS: [f32; 2 * REACH + 1] = {
    let (mut w, mut sum, mut k) = ([0.0; 2 * REACH + 1], 0.0, 0);
    while k < w.len() {
        let s = k as f32 - REACH as f32;
        w[k] = 1.0 - s * s / ((REACH + 1) * (REACH + 1)) as f32;
        sum += w[k];
        k += 1;
    }
    k = 0;
    while k < w.len() {
        w[k] /= sum;
        k += 1;
    }
    w
};

/// Between the second and the third of four numbers (Keys, "Cubic convolution interpolation", 1981).
#[inline(always)]
fn cubic([a, b, c, d]: [f32; 4], t: f32) -> f32 {
    b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 64;
    const GATE: Gate = Gate { coherent: (0.90, 0.95), steep: 1.0 };

    /// A picture whose slope was taken away by a blur, and noise with it: what comes back, as (smooth, taken, returned).
    fn returned(edge: impl Fn(f32, f32) -> f32, noise: f32) -> Vec<[f32; 3]> {
        let sharp = |d: f32| 0.5 + 0.1 * (2.0 * d).tanh();
        let soft = |d: f32| 0.5 + 0.1 * (0.8 * d).tanh();
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 8) as f32 / (1 << 24) as f32 - 0.5) * 12f32.sqrt()
        };
        let mut edges = Edges::new(GATE, SIZE, 0, SIZE);
        let mut all = Vec::new();
        for y in 0..SIZE {
            let place: Vec<f32> = (0..SIZE).map(|x| edge(x as f32, y as f32)).collect();
            let smooth: Vec<f32> = place.iter().map(|d| soft(*d)).collect();
            let noisy: Vec<f32> = place.iter().map(|d| sharp(*d) + noise * random()).collect();
            let [luma, detail] = edges.row_mut(y, 0, SIZE);
            luma.copy_from_slice(&smooth);
            detail.iter_mut().zip(noisy.iter().zip(&smooth)).for_each(|(d, (noisy, smooth))| *d = noisy - smooth);
            all.extend(place.iter().map(|d| [soft(*d), sharp(*d) - soft(*d), 0.0]));
        }
        edges.average(
            (0, SIZE),
            |_, _, variance| variance.fill(noise * noise),
            |y, row| {
                row.iter().enumerate().for_each(|(x, v)| all[SIZE * y + x][2] = *v);
            },
        );
        all
    }

    /// Share of the lost slope that is back, and rms of what else came.
    fn judged(all: &[[f32; 3]]) -> (f32, f32) {
        let dot = all.iter().map(|v| v[1] * v[2]).sum::<f32>() / all.iter().map(|v| v[1] * v[1]).sum::<f32>();
        let rest = all.iter().map(|v| (v[2] - dot * v[1]).powi(2)).sum::<f32>() / all.len() as f32;
        (dot, rest.sqrt())
    }

    #[test]
    fn edges_of_any_direction_get_their_slope_back() {
        for degrees in [0.0f32, 7.0, 38.0, 45.0, 90.0, 121.0, 175.0] {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let (share, rest) = judged(&returned(|x, y| (x - 31.3) * cos + (y - 31.9) * sin, 0.01));
            assert!(share > 0.75 && share < 1.1, "{degrees}: {share}");
            assert!(rest < 0.003, "{degrees}: noise and other shapes {rest}");
        }
    }

    #[test]
    fn numbers_without_bounds_do_no_harm() {
        for wild in [f32::NAN, f32::INFINITY, f32::MAX, 1e19, -1e30] {
            let edge = |x: f32, y: f32| if (x, y) == (20.0, 30.0) { wild } else { x - 30.0 + 0.5 * y };
            let mut edges = Edges::new(GATE, SIZE, 0, SIZE);
            for y in 0..SIZE {
                let row: Vec<f32> = (0..SIZE).map(|x| edge(x as f32, y as f32)).collect();
                edges.row_mut(y, 0, SIZE).into_iter().for_each(|to| to.copy_from_slice(&row));
            }
            let mut rows = 0;
            edges.average((0, SIZE), |_, _, variance| variance.fill(1e-4), |_, _| rows += 1);
            assert_eq!(rows, SIZE);
        }
    }

    #[test]
    fn flat_parts_and_little_noise_get_nothing() {
        assert!(returned(|_, _| 40.0, 0.01).iter().all(|v| v[2] == 0.0));
        assert_eq!((share(0.5 / 255.0), share(3.0 / 255.0)), (0.0, 1.0));
    }
}
