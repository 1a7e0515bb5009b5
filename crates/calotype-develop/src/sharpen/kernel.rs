//! The filter that undoes a small Gaussian blur.

use std::f64::consts::PI;

/// Pixels the filter reaches on each side.
pub const RADIUS: usize = 3;

/// What sharpening adds, as a 7x7 filter with the symmetry of the square: `taps[dy][dx]` for distances 0 to 3. The
/// taps of the whole filter sum to 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    pub taps: [[f32; RADIUS + 1]; RADIUS + 1],
}

impl Kernel {
    /// The regularised inverse of a Gaussian of standard deviation `sigma` pixels, less the identity.
    ///
    /// The gain at a frequency where the blur's response is m is that of Wiener's filter, m (1 + q) / (m² + q), 1 at
    /// frequency 0; q = 0.06 stands for what noise and the filter's few taps allow and keeps the gain below 2.2.
    /// Beyond the band that square pixels sample in all directions it falls back to 1: what lies there is mostly
    /// artefacts of demosaicing.
    pub fn new(sigma: f32) -> Self {
        const Q: f64 = 0.06;
        const GRID: usize = 48;
        let sigma = f64::from(sigma.clamp(0.0, 2.0));
        let gain = |wx: f64, wy: f64| {
            let w2 = wx * wx + wy * wy;
            let m = (-0.5 * sigma * sigma * w2).exp();
            let corner = ((w2.sqrt() / PI - 0.9) / 0.4).clamp(0.0, 1.0);
            (m * (1.0 + Q) / (m * m + Q) - 1.0) * (1.0 - corner)
        };
        let mut taps = [[0.0f64; RADIUS + 1]; RADIUS + 1];
        for (dy, row) in taps.iter_mut().enumerate() {
            for (dx, tap) in row.iter_mut().enumerate() {
                // inverse transform over one quadrant of frequencies, by the midpoint rule
                let mut sum = 0.0;
                for j in 0..GRID {
                    let wy = (j as f64 + 0.5) * PI / GRID as f64;
                    for i in 0..GRID {
                        let wx = (i as f64 + 0.5) * PI / GRID as f64;
                        sum += gain(wx, wy) * (wx * dx as f64).cos() * (wy * dy as f64).cos();
                    }
                }
                let window = |d: usize| (PI * d as f64 / (2.0 * (RADIUS as f64 + 1.5))).cos();
                *tap = sum / (GRID * GRID) as f64 * window(dx) * window(dy);
            }
        }
        // the window's loss at frequency 0 is put right at the centre
        let total: f64 = (0..49).map(|i| taps[(i / 7usize).abs_diff(3)][(i % 7usize).abs_diff(3)]).sum();
        taps[0][0] -= total;
        Self { taps: taps.map(|row| row.map(|v| v as f32)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is added to a wave of `cycles` per pixel along x, relative to its amplitude.
    fn response(k: &Kernel, cycles: f64) -> f64 {
        let w = 2.0 * PI * cycles;
        let mut sum = 0.0;
        for (dy, row) in k.taps.iter().enumerate() {
            for (dx, &tap) in row.iter().enumerate() {
                let times = if dy == 0 { 1.0 } else { 2.0 } * if dx == 0 { 1.0 } else { 2.0 };
                sum += times * f64::from(tap) * (w * dx as f64).cos();
            }
        }
        sum
    }

    #[test]
    fn it_undoes_the_blur_up_to_a_quarter_cycle() {
        for sigma in [0.4f32, 0.55, 0.7] {
            let k = Kernel::new(sigma);
            assert!(response(&k, 0.0).abs() < 1e-6);
            for f in [0.05, 0.1, 0.15, 0.2, 0.25] {
                let blur = (-2.0 * (PI * f64::from(sigma) * f).powi(2)).exp();
                let whole = blur * (1.0 + response(&k, f));
                assert!((0.87..1.06).contains(&whole), "sigma {sigma}, {f} cycles: {whole}");
            }
            assert!(response(&k, 0.5) < 2.0);
        }
    }

    #[test]
    fn no_blur_no_filter() {
        assert!(Kernel::new(0.0).taps.iter().flatten().all(|t| t.abs() < 1e-6));
    }
}
