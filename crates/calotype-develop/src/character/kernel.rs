//! The image of a point, sampled on pixels, and light spread by it.

use super::Arrival;
use fearless_simd::{Level, dispatch};

/// Samples that are summed in registers.
const RUN: usize = 32;

/// Shares of a point's light on samples around it.
pub(super) struct Kernel {
    /// First row and column relative to the point.
    pub top: isize,
    pub left: isize,
    pub width: usize,
    /// Rows of `width`, and where each begins and ends.
    weights: Vec<f32>,
    spans: Vec<[usize; 2]>,
    /// Sums of all weights above and to the left, with a row and a column of zeros before them.
    sums: Vec<f32>,
}

impl Kernel {
    /// Samples arrivals on squares of `scale` pixels, turned by the azimuth (radians from x to y). What arrives farther than
    /// `reach` pixels off arrives there.
    pub fn new(arrivals: &[Arrival], azimuth: f64, scale: usize, reach: f32) -> Self {
        let (sin, cos) = (azimuth.sin() as f32, azimuth.cos() as f32);
        let per = 1.0 / scale as f32;
        let limit = reach / scale as f32;
        let turn = |a: &Arrival| {
            let x = per * (a.radial_px * cos - a.tangential_px * sin);
            let y = per * (a.radial_px * sin + a.tangential_px * cos);
            [x.clamp(-limit, limit), y.clamp(-limit, limit)]
        };
        let places: Vec<[f32; 2]> = arrivals.iter().map(turn).collect();
        let bound = |k: usize| {
            let start = (f32::INFINITY, f32::NEG_INFINITY);
            let (low, high) = places.iter().fold(start, |b, p| (b.0.min(p[k]), b.1.max(p[k])));
            if low > high { (0, 1) } else { (low.floor() as isize, high.floor() as isize + 1) }
        };
        let ((left, right), (top, bottom)) = (bound(0), bound(1));
        let (width, height) = ((right - left + 1) as usize, (bottom - top + 1) as usize);
        let mut weights = vec![0f32; width * height];
        for ([x, y], a) in places.iter().zip(arrivals) {
            let (fx, fy) = (x.floor(), y.floor());
            let (tx, ty) = (x - fx, y - fy);
            let at = (fy as isize - top) as usize * width + (fx as isize - left) as usize;
            weights[at] += a.share * (1.0 - tx) * (1.0 - ty);
            weights[at + 1] += a.share * tx * (1.0 - ty);
            weights[at + width] += a.share * (1.0 - tx) * ty;
            weights[at + width + 1] += a.share * tx * ty;
        }
        let mut kernel = Self { top, left, width, weights, spans: vec![], sums: vec![] };
        kernel.finish();
        kernel
    }

    /// Cuts empty rows off, and sums up.
    fn finish(&mut self) {
        let used = |row: &[f32]| {
            let first = row.iter().position(|v| *v > 0.0);
            let last = row.iter().rposition(|v| *v > 0.0);
            first.zip(last).map_or([0, 0], |(a, b)| [a, b + 1])
        };
        self.spans = self.weights.chunks(self.width).map(used).collect();
        let filled = |s: &[usize; 2]| s[1] > s[0];
        let from = self.spans.iter().position(filled).unwrap_or(0);
        let to = self.spans.iter().rposition(filled).map_or(1, |i| i + 1);
        self.top += from as isize;
        self.spans = self.spans[from..to].to_vec();
        self.weights = self.weights[from * self.width..to * self.width].to_vec();
        let stride = self.width + 1;
        let mut sums = vec![0f64; stride * (self.height() + 1)];
        for (y, row) in self.weights.chunks(self.width).enumerate() {
            let mut line = 0.0;
            for (x, w) in row.iter().enumerate() {
                line += f64::from(*w);
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + line;
            }
        }
        self.sums = sums.into_iter().map(|v| v as f32).collect();
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.spans.len()
    }

    /// Adds light spread by this to `out` (rows of `across`, a multiple of [`RUN`] and of room for it; `rows` rows).
    /// `light` lies at (x, y) in `out`'s coordinates.
    pub fn spread(&self, level: Level, light: &Light, (x, y): (isize, isize), out: &mut [f32], across: usize) {
        dispatch!(level, _simd => self.spread_plain(light, (x, y), out, across));
    }

    /// Adds the light of a rectangle of ones, at (x, y) in `out`'s coordinates, spread by this.
    pub fn spread_ones(&self, (width, height): (usize, usize), (x, y): (isize, isize), out: &mut [f32], across: usize) {
        let rows = (out.len() / across) as isize;
        let (kh, kw) = (self.height() as isize, self.width as isize);
        let stride = self.width + 1;
        let (x, y) = (x + self.left, y + self.top);
        let columns = x.clamp(0, across as isize)..(x + width as isize + kw - 1).clamp(0, across as isize);
        for row in y.clamp(0, rows)..(y + height as isize + kh - 1).clamp(0, rows) {
            let k0 = (row - y - height as isize + 1).clamp(0, kh) as usize;
            let k1 = (row - y + 1).clamp(0, kh) as usize;
            let (above, below) = (&self.sums[k0 * stride..][..stride], &self.sums[k1 * stride..][..stride]);
            for column in columns.clone() {
                let a = (column - x - width as isize + 1).clamp(0, kw) as usize;
                let b = (column - x + 1).clamp(0, kw) as usize;
                out[row as usize * across + column as usize] += below[b] - below[a] - above[b] + above[a];
            }
        }
    }

    #[inline(always)]
    fn spread_plain(&self, light: &Light, (x, y): (isize, isize), out: &mut [f32], across: usize) {
        let rows = out.len() / across;
        let (kh, kw) = (self.height() as isize, self.width as isize);
        let first = (y + self.top).clamp(0, rows as isize);
        let last = (y + self.top + light.height as isize + kh - 1).clamp(0, rows as isize);
        let from = (x + self.left).clamp(0, across as isize) as usize / RUN;
        let to = ((x + self.left + light.width as isize + kw - 1).clamp(0, across as isize) as usize).div_ceil(RUN);
        for row in first..last {
            // rows of the kernel that bring light here
            let k0 = (row - y - self.top - light.height as isize + 1).max(0);
            let k1 = (row - y - self.top + 1).min(kh);
            for run in from..to {
                let mut sum = [0f32; RUN];
                for k in k0..k1 {
                    let source = (row - y - self.top - k) as usize;
                    let [a, b] = self.spans[k as usize];
                    let weights = &self.weights[k as usize * self.width..][..self.width];
                    // sample i of the run comes from light at run + i - x - left - kx
                    let base = (run * RUN) as isize - x - self.left + light.pad as isize;
                    let line = light.line(source);
                    // beyond the padding there is nothing
                    let low = (base + RUN as isize - line.len() as isize).max(a as isize);
                    let high = (base + 1).min(b as isize);
                    for kx in low..high {
                        let w = weights[kx as usize];
                        let from: &[f32; RUN] = match line[(base - kx) as usize..].first_chunk() {
                            Some(chunk) => chunk,
                            None => continue,
                        };
                        for i in 0..RUN {
                            sum[i] += w * from[i];
                        }
                    }
                }
                let to = &mut out[row as usize * across + run * RUN..][..RUN];
                for i in 0..RUN {
                    to[i] += sum[i];
                }
            }
        }
    }
}

/// Light to be spread: rows with room on both sides.
pub(super) struct Light {
    pub width: usize,
    pub height: usize,
    pad: usize,
    data: Vec<f32>,
}

impl Light {
    /// Darkness of this size.
    pub fn new(width: usize, height: usize) -> Self {
        let pad = RUN;
        Self { width, height, pad, data: vec![0.0; (width + 2 * pad) * height] }
    }

    fn line(&self, y: usize) -> &[f32] {
        let stride = self.width + 2 * self.pad;
        &self.data[y * stride..][..stride]
    }

    /// A row, to be written.
    pub fn row_mut(&mut self, y: usize) -> &mut [f32] {
        let stride = self.width + 2 * self.pad;
        &mut self.data[y * stride + self.pad..][..self.width]
    }
}

/// A number of samples across that [`Kernel::spread`] can fill.
pub(super) fn room(across: usize) -> usize {
    across.next_multiple_of(RUN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_is_spread_as_the_sum_says() {
        let arrivals: Vec<Arrival> = (0..40)
            .map(|i| {
                let t = i as f32;
                Arrival { radial_px: 5.3 * (0.7 * t).sin() + 1.0, tangential_px: 3.1 * (1.3 * t).cos(), share: 0.025 }
            })
            .collect();
        let kernel = Kernel::new(&arrivals, 0.6, 1, 50.0);
        let mut light = Light::new(9, 5);
        for y in 0..5 {
            for (x, v) in light.row_mut(y).iter_mut().enumerate() {
                *v = ((x * 7 + y * 13) % 11) as f32;
            }
        }
        let total: f32 = light.data.iter().sum();
        let mut out = vec![0.0; 64 * 40];
        kernel.spread(Level::new(), &light, (20, 15), &mut out, 64);
        assert!((out.iter().sum::<f32>() / total - 1.0).abs() < 1e-5);
        let mut expected = vec![0.0; 64 * 40];
        for y in 0..5 {
            for x in 0..9 {
                for ky in 0..kernel.height() {
                    for kx in 0..kernel.width {
                        let to = (15 + y as isize + kernel.top + ky as isize) * 64
                            + 20
                            + x as isize
                            + kernel.left
                            + kx as isize;
                        let v = ((x * 7 + y * 13) % 11) as f32;
                        expected[to as usize] += v * kernel.weights[ky * kernel.width + kx];
                    }
                }
            }
        }
        let worst = out.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        assert!(worst < 1e-5, "{worst}");
        // ones by their sums
        let mut ones = Light::new(9, 5);
        (0..5).for_each(|y| ones.row_mut(y).fill(1.0));
        let (mut a, mut b) = (vec![0.0; 32 * 20], vec![0.0; 32 * 20]);
        kernel.spread(Level::new(), &ones, (3, 2), &mut a, 32);
        kernel.spread_ones((9, 5), (3, 2), &mut b, 32);
        let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        assert!(worst < 1e-5, "{worst}");
        // and where only a part falls into the window
        let mut part = vec![0.0; 32 * 10];
        kernel.spread(Level::new(), &light, (20 - 12, 15 - 14), &mut part, 32);
        for y in 0..10 {
            for x in 0..32 {
                assert!((part[y * 32 + x] - expected[(y + 14) * 64 + x + 12]).abs() < 1e-5, "{x} {y}");
            }
        }
    }

    #[test]
    fn a_perfect_point_stays_one() {
        let point = [Arrival { radial_px: 0.0, tangential_px: 0.0, share: 1.0 }];
        let kernel = Kernel::new(&point, 1.0, 1, 50.0);
        assert_eq!((kernel.top, kernel.height(), &kernel.weights[..1]), (0, 1, &[1.0][..]));
    }
}
