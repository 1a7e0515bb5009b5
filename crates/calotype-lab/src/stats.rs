//! Means, spreads, quantiles, fits.

use nalgebra::{DMatrix, DVector};

/// The mean; 0 of nothing.
pub(crate) fn mean(v: &[f64]) -> f64 {
    if v.is_empty() { 0.0 } else { v.iter().sum::<f64>() / v.len() as f64 }
}

/// The standard deviation of a sample (divided by n - 1).
pub(crate) fn deviation(v: &[f64]) -> f64 {
    let m = mean(v);
    (v.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (v.len().max(2) - 1) as f64).sqrt()
}

/// The quantile `q` (0 to 1), linear between neighbours; 0 of nothing.
pub(crate) fn quantile(v: &[f64], q: f64) -> f64 {
    let mut sorted = v.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let at = q.clamp(0.0, 1.0) * last as f64;
    let i = at as usize;
    sorted[i] + (sorted[(i + 1).min(last)] - sorted[i]) * (at - i as f64)
}

/// The median.
pub(crate) fn median(v: &[f64]) -> f64 {
    quantile(v, 0.5)
}

/// Coefficients that bring rows of terms nearest to targets, by singular values; `None` where the rows are fewer than
/// the terms, or do not tell the terms apart.
pub(crate) fn least_squares(rows: &[Vec<f64>], targets: &[f64]) -> Option<Vec<f64>> {
    let (m, n) = (rows.len(), rows.first()?.len());
    if m < n || m != targets.len() {
        return None;
    }
    let a = DMatrix::from_fn(m, n, |i, j| rows[i][j]);
    let svd = a.svd(true, true);
    let largest = svd.singular_values.max();
    if !(largest > 0.0) || svd.singular_values.min() < 1e-10 * largest {
        return None;
    }
    let x = svd.solve(&DVector::from_column_slice(targets), 0.0).ok()?;
    x.iter().all(|v| v.is_finite()).then(|| x.iter().copied().collect())
}

/// The eight numbers of the projective map that carries `from` to `to` in the least squares sense (the ninth is 1):
/// x' = (h0 x + h1 y + h2) / (h6 x + h7 y + 1), y' likewise. `None` for fewer than four places, or places on a line.
pub(crate) fn homography(from: &[[f64; 2]], to: &[[f64; 2]]) -> Option<[f64; 8]> {
    if from.len() < 4 {
        return None;
    }
    let (mut rows, mut targets) = (Vec::new(), Vec::new());
    for (&[x, y], &[u, v]) in from.iter().zip(to) {
        rows.push(vec![x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y]);
        rows.push(vec![0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y]);
        targets.extend([u, v]);
    }
    least_squares(&rows, &targets)?.try_into().ok()
}

/// A place carried by [`homography`].
pub(crate) fn project(h: &[f64; 8], [x, y]: [f64; 2]) -> [f64; 2] {
    let w = h[6] * x + h[7] * y + 1.0;
    [(h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w]
}

/// Where a curve of points (x rising) first falls below `level`, linear between points.
pub(crate) fn first_below(curve: &[[f64; 2]], level: f64) -> Option<f64> {
    curve.windows(2).find(|w| w[0][1] >= level && w[1][1] < level).map(|w| {
        let t = (w[0][1] - level) / (w[0][1] - w[1][1]);
        w[0][0] + t * (w[1][0] - w[0][0])
    })
}

/// The value of a curve of points (x rising) at `x`, linear between points, constant beyond.
pub(crate) fn interpolate(curve: &[[f64; 2]], x: f64) -> f64 {
    match curve.iter().position(|p| p[0] >= x) {
        None => curve.last().map_or(0.0, |p| p[1]),
        Some(0) => curve[0][1],
        Some(i) => {
            let (a, b) = (curve[i - 1], curve[i]);
            a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]).max(1e-300)
        }
    }
}

/// The area under a curve of points from `from` to `to`, by trapezia.
pub(crate) fn area(curve: &[[f64; 2]], from: f64, to: f64) -> f64 {
    let mut xs: Vec<f64> = curve.iter().map(|p| p[0]).filter(|x| *x > from && *x < to).collect();
    xs.insert(0, from);
    xs.push(to);
    let step = |w: &[f64]| 0.5 * (interpolate(curve, w[0]) + interpolate(curve, w[1])) * (w[1] - w[0]);
    xs.windows(2).map(step).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_fits() {
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&[0.0, 1.0], 0.25), 0.25);
        let rows: Vec<Vec<f64>> = (0..5).map(|i| vec![1.0, i as f64]).collect();
        let fit = least_squares(&rows, &[1.0, 3.0, 5.0, 7.0, 9.0]).unwrap();
        assert!((fit[0] - 1.0).abs() < 1e-12 && (fit[1] - 2.0).abs() < 1e-12);
        assert!(least_squares(&[vec![1.0, 1.0], vec![1.0, 1.0]], &[1.0, 1.0]).is_none());
    }

    #[test]
    fn a_projective_map_comes_back() {
        let h = [1.1, 0.1, 5.0, -0.05, 0.9, 3.0, 1e-4, -2e-4];
        let from = [[0.0, 0.0], [100.0, 0.0], [100.0, 80.0], [0.0, 80.0], [50.0, 33.0]];
        let to = from.map(|p| project(&h, p));
        let got = homography(&from, &to).unwrap();
        assert!(got.iter().zip(h).all(|(a, b)| (a - b).abs() < 1e-9), "{got:?}");
        assert!(homography(&[[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], &[[0.0, 0.0]; 4]).is_none());
    }

    #[test]
    fn curves() {
        let c = [[0.0, 1.0], [1.0, 0.0]];
        assert_eq!(first_below(&c, 0.5), Some(0.5));
        assert_eq!(interpolate(&c, 0.25), 0.75);
        assert!((area(&c, 0.0, 0.5) - 0.375).abs() < 1e-12);
    }
}
