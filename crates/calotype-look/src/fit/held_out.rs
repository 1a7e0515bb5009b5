//! Errors in a few numbers.

/// CIEDE2000 of colours that were held out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HeldOut {
    /// Mean.
    pub mean: f64,
    /// Half the width of the 95 percent confidence interval of the mean.
    pub interval: f64,
    /// 95 of 100 colours are nearer.
    pub p95: f64,
}

impl HeldOut {
    /// Of single errors; zero where there are none.
    pub fn of(errors: &[f64]) -> Self {
        let n = errors.len().max(1) as f64;
        let mean = errors.iter().sum::<f64>() / n;
        let variance = errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        let mut sorted = errors.to_vec();
        sorted.sort_by(f64::total_cmp);
        let p95 = sorted.get(errors.len() * 95 / 100).copied().unwrap_or(0.0);
        Self { mean, interval: 1.96 * (variance / n).sqrt(), p95 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_list() {
        let list: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let h = HeldOut::of(&list);
        assert!((h.mean - 50.5).abs() < 1e-12 && h.p95 == 96.0);
        // standard deviation of 1 to 100
        assert!((h.interval - 1.96 * 29.011_49 / 10.0).abs() < 1e-4, "{h:?}");
        assert_eq!(HeldOut::of(&[]), HeldOut::default());
    }
}
