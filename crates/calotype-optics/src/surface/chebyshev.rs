//! Chebyshev series: the form in which departures are evaluated and bounded.

use super::double::Double;

/// A series sum c_k T_k(w) over -1..=1, and those of its derivatives with respect to w.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chebyshev {
    /// Coefficients of the series.
    pub value: Vec<f64>,
    /// Coefficients of its derivative.
    pub slope: Vec<f64>,
    /// A bound of its second derivative: the sum of that one's coefficients' magnitudes.
    pub bend: f64,
}

impl Chebyshev {
    /// The series of sum a_j s^j, s = (w + 1) / 2, exactly: the conversion is made in doubled precision from
    /// s^j = 2^(1 - 2j) [C(2j, j) / 2 + sum over k of C(2j, j - k) T_k(w)], and rounded once at the end.
    ///
    /// `terms` are (j, a, h): the term's power, its published coefficient and the length whose power j times
    /// `per_step` multiplies it, so that not even h^p is rounded before.
    pub fn of_powers(terms: &[(u32, f64)], h: f64, step: u32) -> Self {
        let size = terms.iter().map(|t| (t.0 / step) as usize + 1).max().unwrap_or(0);
        let mut sums = vec![Double::ZERO; size];
        for (power, a) in terms {
            let j = power / step;
            let mut scaled = (0..*power).fold(Double::new(*a), |v, _| v.times(Double::new(h)));
            // C(2j, j), C(2j, j - 1), ... by their ratios (j - k) / (j + k + 1), over 4^j
            scaled =
                (0..j).fold(scaled, |v, i| v.times(Double::new(f64::from(2 * i + 1))).over(f64::from(2 * (i + 1))));
            let mut binomial = scaled;
            for k in 0..=j {
                let share = if k == 0 { binomial } else { binomial.times(Double::new(2.0)) };
                sums[k as usize] = sums[k as usize].plus(share);
                binomial = binomial.times(Double::new(f64::from(j - k))).over(f64::from(j + k + 1));
            }
        }
        Self::new(sums.into_iter().map(Double::value).collect())
    }

    /// The series through a smooth function at Chebyshev's points, as long as it needs for 1e-16 of its size.
    pub fn of_function(f: impl Fn(f64) -> f64) -> Self {
        let mut n = 16;
        loop {
            let mut series = through(&f, n);
            let size = series.iter().fold(0.0, |m: f64, c| m.max(c.abs()));
            let needed = series.iter().rposition(|c| c.abs() > 4e-16 * size).map_or(0, |k| k + 1);
            if needed < n - 3 || n >= 256 {
                series.truncate(needed);
                return Self::new(series);
            }
            n *= 2;
        }
    }

    /// The first terms of the series through a function at 32 of Chebyshev's points: as many as it takes for what is left
    /// out to sum to `error` at most, but no more than 16.
    pub fn rough(f: impl Fn(f64) -> f64, error: f64) -> Self {
        let mut series = through(&f, 32);
        let mut rest = 0.0;
        let needed = series.iter().rposition(|c| {
            rest += c.abs();
            rest > error
        });
        series.truncate(needed.map_or(0, |k| k + 1).min(16));
        Self::new(series)
    }

    fn new(value: Vec<f64>) -> Self {
        let slope = derivative(&value);
        let bend = derivative(&slope).iter().map(|c| c.abs()).sum();
        Self { value, slope, bend }
    }

    /// Value and derivative at w, by Clenshaw's recurrence.
    pub fn at(&self, w: f64) -> [f64; 2] {
        [clenshaw(&self.value, w), clenshaw(&self.slope, w)]
    }
}

/// The series through a function at n of Chebyshev's points.
fn through(f: impl Fn(f64) -> f64, n: usize) -> Vec<f64> {
    // every angle is a multiple of pi / 2n
    let cosines: Vec<f64> = (0..4 * n).map(|i| (std::f64::consts::PI * i as f64 / (2 * n) as f64).cos()).collect();
    let values: Vec<f64> = (0..n).map(|i| f(cosines[2 * i + 1])).collect();
    let coefficient = |k: usize| {
        let sum: f64 = values.iter().enumerate().map(|(i, v)| v * cosines[k * (2 * i + 1) % (4 * n)]).sum();
        sum * if k == 0 { 1.0 } else { 2.0 } / n as f64
    };
    (0..n).map(coefficient).collect()
}

fn clenshaw(series: &[f64], w: f64) -> f64 {
    let Some((first, rest)) = series.split_first() else { return 0.0 };
    let (mut b1, mut b2) = (0.0, 0.0);
    for c in rest.iter().rev() {
        (b1, b2) = (2.0 * w * b1 + (c - b2), b1);
    }
    w * b1 + (first - b2)
}

/// d_(k-1) = d_(k+1) + 2 k c_k, the first halved.
fn derivative(series: &[f64]) -> Vec<f64> {
    let n = series.len();
    let mut d = vec![0.0; n + 1];
    for k in (1..n).rev() {
        d[k - 1] = d[k + 1] + 2.0 * k as f64 * series[k];
    }
    d[0] *= 0.5;
    d.truncate(n.saturating_sub(1));
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_become_their_series() {
        // s^2 = (w + 1)^2 / 4 = 3/8 + w/2 + T2/8
        assert_eq!(Chebyshev::of_powers(&[(4, 1.0)], 1.0, 2).value, [0.375, 0.5, 0.125]);
        let terms = [(4, 0.3), (6, -0.7), (10, 2.0), (30, -1.5)];
        let series = Chebyshev::of_powers(&terms, 1.3, 2);
        for i in 0..=20 {
            let r = 1.3 * f64::from(i) / 20.0;
            let w = 2.0 * r * r / 1.69 - 1.0;
            let truth: f64 = terms.iter().map(|(p, a)| a * r.powi(*p as i32)).sum();
            let slope: f64 =
                terms.iter().map(|(p, a)| f64::from(*p) * a * r.powi(*p as i32 - 2)).sum::<f64>() * 1.69 / 4.0;
            let [v, s] = series.at(w);
            let size = |series: &[f64]| 4e-15 * series.iter().map(|c| c.abs()).sum::<f64>();
            let close = (v - truth).abs() < size(&series.value) && (s - slope).abs() < size(&series.slope);
            assert!(close, "{r}: {v} {truth} {s} {slope}");
        }
    }

    #[test]
    fn odd_powers_too() {
        let series = Chebyshev::of_powers(&[(3, 1.0), (5, -0.5)], 2.0, 1);
        let r = 1.1f64;
        assert!((series.at(r - 1.0)[0] - (r.powi(3) - 0.5 * r.powi(5))).abs() < 1e-14);
    }

    #[test]
    fn functions_become_short_series() {
        let series = Chebyshev::of_function(|w| (0.5 * w).exp());
        assert!(series.value.len() < 20);
        let [v, s] = series.at(0.3);
        assert!((v - 0.15f64.exp()).abs() < 2e-15 && (s - 0.5 * 0.15f64.exp()).abs() < 1e-13);
        assert!(series.bend >= 0.25 * 0.5f64.exp() * (1.0 - 1e-10));
        assert_eq!(Chebyshev::default().at(0.5), [0.0, 0.0]);
    }
}
