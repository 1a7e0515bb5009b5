//! A scale on which noise is nearly the same everywhere, for the steps that must tell noise from detail.

use calotype_image::NoiseModel;

/// White balance and a square root, `y = sqrt(gain x + offset)`; then luma `(r + 2 g + b) / 4` and the chromas `r - b`
/// and `g - (r + b) / 2`.
///
/// For `var(x) = S x + O`, `2 sqrt(x + 3/8 S + O / S)` has variance S (Anscombe, Biometrika 1948, extended to
/// Gaussian read noise). The offset is the largest of the three, the same for all so that grey stays grey.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    /// White balance gains of red, green and blue.
    pub gains: [f32; 3],
    /// Added after the gain: keeps the slope finite at black and noise below black alive.
    pub offset: f32,
    /// Variance of each colour under the root `y`: `a + b / y²`.
    pub color_variance: [(f32, f32); 3],
    /// Variance of luma and chromas, relative to the table of a unit sample, in the same form.
    pub variance: [(f32, f32); 3],
}

/// The least offset, where there is no noise: a thousandth of white.
const FLOOR: f32 = 1e-3;

impl Scale {
    /// The scale for noise of single frames.
    pub(crate) fn new(noise: &NoiseModel, gains: [f32; 3]) -> Self {
        let shot = [0, 1, 2].map(|c| noise.shot[c].max(0.0) * gains[c]);
        let read = [0, 1, 2].map(|c| noise.read[c].max(0.0) * gains[c] * gains[c]);
        // below it lie 2 to 3 standard deviations of black in every colour
        let offset = (0..3).fold(FLOOR, |high, c| {
            high.max(if shot[c] > 0.0 { 0.375 * shot[c] + read[c] / shot[c] } else { FLOOR + read[c].sqrt() })
        });
        // var(sqrt(z + offset)) = (shot z + read) / 4 (z + offset), to first order
        let color_variance = [0, 1, 2].map(|c| (0.25 * shot[c], 0.25 * (read[c] - shot[c] * offset)));
        // red, green and blue weigh as the squares of their parts in luma and chromas
        let parts = [[1.0, 4.0, 1.0], [1.0, 0.0, 1.0], [1.0, 4.0, 1.0]];
        let variance = parts.map(|p: [f32; 3]| {
            let total: f32 = p.iter().sum();
            let mix = |f: fn((f32, f32)) -> f32| (0..3).map(|c| p[c] * f(color_variance[c])).sum::<f32>() / total;
            (mix(|v| v.0), mix(|v| v.1))
        });
        Self { gains, offset, color_variance, variance }
    }

    /// One sample of `color` under the root.
    #[inline(always)]
    pub(crate) fn root(&self, color: usize, x: f32) -> f32 {
        (self.gains[color] * x + self.offset).max(0.0).sqrt()
    }

    /// Variance of each colour under the root, at black.
    pub(crate) fn black_variance(&self) -> [f32; 3] {
        self.color_variance.map(|(a, b)| (a + b / self.offset).max(0.0))
    }

    /// Luma and chromas of one row of camera colours, written over it.
    #[inline(always)]
    pub(crate) fn encode(&self, row: &mut [Vec<f32>; 3]) {
        let [r, g, b] = row;
        let n = r.len().min(g.len()).min(b.len());
        let (r, g, b) = (&mut r[..n], &mut g[..n], &mut b[..n]);
        let ([gr, gg, gb], offset) = (self.gains, self.offset);
        for i in 0..n {
            let x = (r[i] * gr + offset).max(0.0).sqrt();
            let y = (g[i] * gg + offset).max(0.0).sqrt();
            let z = (b[i] * gb + offset).max(0.0).sqrt();
            r[i] = 0.25 * (x + z) + 0.5 * y;
            g[i] = x - z;
            b[i] = y - 0.5 * (x + z);
        }
    }

    /// Camera colours from luma and chromas. `removed` is the noise variance taken out relative to one sample's,
    /// `share` that of the colours relative to luma: the squared mean of roots is below the mean by their variance, so
    /// it is given back.
    #[inline(always)]
    pub(crate) fn decode(&self, yuv: [&[f32]; 3], removed: &[f32], out: [&mut [f32]; 3]) {
        let [r, g, b] = out;
        let n = r.len();
        let (g, b) = (&mut g[..n], &mut b[..n]);
        let (l, u, v, removed) = (&yuv[0][..n], &yuv[1][..n], &yuv[2][..n], &removed[..n]);
        let inverse = self.gains.map(|g| 1.0 / g);
        let [vr, vg, vb] = self.color_variance;
        let offset = self.offset;
        let floor = 0.25 * offset;
        for i in 0..n {
            let half = l[i] - 0.5 * v[i];
            let x = (half + 0.5 * u[i]).max(0.0);
            let y = (l[i] + 0.5 * v[i]).max(0.0);
            let z = (half - 0.5 * u[i]).max(0.0);
            let (x2, y2, z2) = (x * x, y * y, z * z);
            r[i] = (x2 - offset + removed[i] * (vr.0 + vr.1 / x2.max(floor))) * inverse[0];
            g[i] = (y2 - offset + removed[i] * (vg.0 + vg.1 / y2.max(floor))) * inverse[1];
            b[i] = (z2 - offset + removed[i] * (vb.0 + vb.1 / z2.max(floor))) * inverse[2];
        }
    }

    /// Adds a share of what is to be added to luma, under the root, to a row of camera colours.
    #[inline(always)]
    pub(crate) fn add(&self, luma: &[f32], share: f32, row: [&mut [f32]; 3]) {
        for (c, out) in row.into_iter().enumerate() {
            let (n, gain, inverse) = (luma.len(), self.gains[c], 1.0 / self.gains[c]);
            let out = &mut out[..n];
            for i in 0..n {
                let root = (gain * out[i] + self.offset).max(0.0).sqrt();
                let new = (root + share * luma[i]).max(0.0);
                out[i] += (new * new - root * root) * inverse;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let scale = Scale::new(&NoiseModel::uniform(1e-3, 1e-5), [2.0, 1.0, 1.5]);
        let source = [vec![0.0, 0.2, 0.9, -0.004], vec![0.1, 0.2, 1.4, 0.0], vec![0.5, 0.2, 0.0, 0.7]];
        let mut row = source.clone();
        scale.encode(&mut row);
        let mut out = [(); 3].map(|()| vec![0.0; 4]);
        let [r, g, b] = &mut out;
        scale.decode(row.each_ref().map(|v| &v[..]), &[0.0; 4], [r, g, b]);
        for c in 0..3 {
            for i in 0..4 {
                assert!((out[c][i] - source[c][i]).abs() < 1e-5, "{c} {i}");
            }
        }
    }

    #[test]
    fn variance_is_nearly_uniform_and_right() {
        let noise = NoiseModel::uniform(2e-3, 4e-6);
        let scale = Scale::new(&noise, [1.0; 3]);
        for x in [0.0f32, 0.01, 0.1, 1.0] {
            let y2 = x + scale.offset;
            let predicted = scale.color_variance[1].0 + scale.color_variance[1].1 / y2;
            let expected = noise.variance(1, x) / (4.0 * y2);
            assert!((predicted / expected - 1.0).abs() < 1e-3);
            assert!(predicted > 0.5e-3 * 0.6 && predicted < 0.5e-3 * 1.01);
        }
    }
}
