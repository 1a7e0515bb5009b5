//! Robust damped least squares with a prior, within ranges.

use calotype_image::par;
use nalgebra::{DMatrix, DVector};

/// Samples a thread takes at a time; a constant, so that sums are the same on any number of threads.
const CHUNK: usize = 64;
/// Step of the forward differences, in units of the spreads.
const STEP: f64 = 1e-3;

/// What is minimised over units u: the sum of `weight * scale^2 * rho(|difference|^2 / scale^2) / sigma^2` over samples,
/// with the soft absolute value `rho(s) = 2 (sqrt(1 + s) - 1)`, plus the sum of u^2: numbers are spread about 0 by 1.
pub(crate) struct Problem<'a> {
    /// Number of samples.
    pub count: usize,
    /// Weights of the samples.
    pub weight: &'a (dyn Fn(usize) -> f64 + Sync),
    /// Differences beyond this count linearly: what does not fit has no square say.
    pub scale: f64,
    /// Difference that a good fit leaves, as a standard deviation; the smaller, the weaker the prior.
    pub sigma: f64,
    /// Ranges of the numbers.
    pub ranges: Vec<(f64, f64)>,
}

/// Differences of a range of samples at given numbers.
type Differences<'a> = dyn Fn(&[f64], std::ops::Range<usize>) -> Vec<[f64; 3]> + Sync + 'a;

impl Problem<'_> {
    /// Minimises over the numbers in `active`, the others stay. `differences` gives those of a range of samples.
    pub fn solve(&self, start: &[f64], active: &[usize], most: usize, differences: &Differences<'_>) -> Vec<f64> {
        let chunks: Vec<_> = (0..self.count).step_by(CHUNK).map(|i| i..(i + CHUNK).min(self.count)).collect();
        let mut at = start.to_vec();
        let mut cost = self.cost(&at, &chunks, differences);
        let mut damping = 1e-2;
        for _ in 0..most {
            let (normal, gradient) = self.normal_equations(&at, active, &chunks, differences);
            let before = cost;
            for _ in 0..8 {
                let mut damped = normal.clone();
                (0..active.len()).for_each(|i| damped[(i, i)] *= 1.0 + damping);
                let Some(solver) = damped.cholesky() else { break };
                let step = solver.solve(&gradient);
                let mut next = at.clone();
                for (i, j) in active.iter().enumerate() {
                    let (low, high) = self.ranges[*j];
                    next[*j] = (next[*j] - step[i].clamp(-2.0, 2.0)).clamp(low, high);
                }
                let there = self.cost(&next, &chunks, differences);
                if there < cost {
                    (at, cost) = (next, there);
                    damping = (damping * 0.2).max(1e-7);
                    break;
                }
                damping *= 6.0;
            }
            if !(cost < before * (1.0 - 1e-4)) {
                break;
            }
        }
        at
    }

    fn cost(&self, at: &[f64], chunks: &[std::ops::Range<usize>], differences: &Differences<'_>) -> f64 {
        let sums = par::map(chunks.len(), |c| {
            let all = differences(at, chunks[c].clone());
            let one = |(i, d): (usize, &[f64; 3])| {
                let s = square(d) / (self.scale * self.scale);
                (self.weight)(i) * 2.0 * ((1.0 + s).sqrt() - 1.0)
            };
            chunks[c].clone().zip(&all).map(one).sum::<f64>()
        });
        let prior: f64 = at.iter().map(|u| u * u).sum();
        sums.iter().sum::<f64>() * (self.scale / self.sigma).powi(2) + prior
    }

    fn normal_equations(
        &self,
        at: &[f64],
        active: &[usize],
        chunks: &[std::ops::Range<usize>],
        differences: &Differences<'_>,
    ) -> (DMatrix<f64>, DVector<f64>) {
        let n = active.len();
        let parts = par::map(chunks.len(), |c| {
            let here = differences(at, chunks[c].clone());
            let columns: Vec<Vec<[f64; 3]>> = active
                .iter()
                .map(|j| {
                    let mut moved = at.to_vec();
                    // towards the inside of the range
                    let step = if at[*j] + STEP > self.ranges[*j].1 { -STEP } else { STEP };
                    moved[*j] += step;
                    let mut there = differences(&moved, chunks[c].clone());
                    there.iter_mut().zip(&here).for_each(|(t, h)| *t = [0, 1, 2].map(|k| (t[k] - h[k]) / step));
                    there
                })
                .collect();
            let weights: Vec<f64> = chunks[c]
                .clone()
                .zip(&here)
                .map(|(i, d)| (self.weight)(i) / (1.0 + square(d) / (self.scale * self.scale)).sqrt())
                .collect();
            let dot = |a: &[[f64; 3]], b: &[[f64; 3]]| -> f64 {
                let one = |((a, b), w): ((&[f64; 3], &[f64; 3]), &f64)| w * (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]);
                a.iter().zip(b).zip(&weights).map(one).sum()
            };
            let mut sums = Vec::with_capacity(n * (n + 3) / 2);
            for i in 0..n {
                sums.extend((0..=i).map(|j| dot(&columns[i], &columns[j])));
                sums.push(dot(&columns[i], &here));
            }
            sums
        });
        let mut total = vec![0.0; n * (n + 3) / 2];
        parts.iter().for_each(|part| total.iter_mut().zip(part).for_each(|(t, p)| *t += p));
        let scale = self.sigma.powi(-2);
        let (mut normal, mut gradient, mut k) = (DMatrix::zeros(n, n), DVector::zeros(n), 0);
        for i in 0..n {
            for j in 0..=i {
                (normal[(i, j)], normal[(j, i)]) = (total[k] * scale, total[k] * scale);
                k += 1;
            }
            normal[(i, i)] += 1.0;
            gradient[i] = total[k] * scale + at[active[i]];
            k += 1;
        }
        (normal, gradient)
    }
}

fn square(d: &[f64; 3]) -> f64 {
    d.iter().map(|v| v * v).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line through points with one far off: slope and offset come out, the outlier hardly counts, ranges hold.
    #[test]
    fn a_line_is_found_beside_an_outlier() {
        let points: Vec<(f64, f64)> =
            (0..200).map(|i| (f64::from(i) / 100.0, 0.5 + 0.3 * f64::from(i) / 100.0)).collect();
        let value = |i: usize| if i == 150 { 100.0 } else { points[i].1 };
        let differences = |u: &[f64], range: std::ops::Range<usize>| {
            range.map(|i| [u[0] + u[1] * points[i].0 - value(i), 0.0, 0.0]).collect()
        };
        let mut problem =
            Problem { count: 200, weight: &|_| 1.0, scale: 0.01, sigma: 1e-4, ranges: vec![(-2.0, 2.0); 2] };
        let u = problem.solve(&[0.0, 0.0], &[0, 1], 50, &differences);
        assert!((u[0] - 0.5).abs() < 1e-3 && (u[1] - 0.3).abs() < 1e-3, "{u:?}");
        problem.ranges[1] = (0.0, 0.1);
        let held = problem.solve(&[0.0, 0.0], &[0, 1], 50, &differences);
        assert!(held[1] <= 0.1, "{held:?}");
        // With a wide sigma the prior wins.
        problem.sigma = 1e6;
        assert!(problem.solve(&[0.5, 0.05], &[0, 1], 50, &differences).iter().all(|u| u.abs() < 1e-3));
    }
}
