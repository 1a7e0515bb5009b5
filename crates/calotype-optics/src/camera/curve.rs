//! A smooth function of image height.

/// The cubic spline through values at even steps from 0 to 1. It begins level, as even functions of a height do; at the
/// end its slope is that of the cubic through the last four values, or of the parabola through three. Held beyond both ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    values: Vec<f64>,
    /// Slopes at the values, per step.
    slopes: Vec<f64>,
}

impl Curve {
    /// Through values, at least three.
    pub fn new(values: Vec<f64>) -> Self {
        let n = values.len();
        let mut slopes = vec![0.0; n];
        if n >= 3 {
            let back = |i: usize| values[n - 1 - i];
            slopes[n - 1] = match n {
                3 => 0.5 * (3.0 * back(0) - 4.0 * back(1) + back(2)),
                _ => (11.0 * back(0) - 18.0 * back(1) + 9.0 * back(2) - 2.0 * back(3)) / 6.0,
            };
            // s[i-1] + 4 s[i] + s[i+1] = 3 (v[i+1] - v[i-1]), eliminated from the front
            let (mut factor, mut before) = (vec![0.0; n], 0.0);
            for i in 1..n - 1 {
                let pivot = 4.0 - factor[i - 1];
                factor[i] = 1.0 / pivot;
                slopes[i] = (3.0 * (values[i + 1] - values[i - 1]) - before) / pivot;
                before = slopes[i];
            }
            for i in (1..n - 1).rev() {
                slopes[i] -= factor[i] * slopes[i + 1];
            }
        }
        Self { values, slopes }
    }

    /// The value at a place from 0 to 1.
    pub fn at(&self, place: f64) -> f64 {
        let Some(last) = self.values.len().checked_sub(2) else { return self.values.first().copied().unwrap_or(0.0) };
        let x = place.clamp(0.0, 1.0) * (last + 1) as f64;
        let i = (x as usize).min(last);
        let (t, a, b) = (x - i as f64, self.values[i], self.values[i + 1]);
        let (t2, t3) = (t * t, t * t * t);
        (2.0 * t3 - 3.0 * t2 + 1.0) * a
            + (t3 - 2.0 * t2 + t) * self.slopes[i]
            + (3.0 * t2 - 2.0 * t3) * b
            + (t3 - t2) * self.slopes[i + 1]
    }

    /// The values it goes through.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_functions_are_met() {
        let f = |x: f64| 1.0 + 0.02 * x.powi(2) - 0.06 * x.powi(4) + 0.05 * x.powi(8);
        let curve = Curve::new((0..33).map(|i| f(f64::from(i) / 32.0)).collect());
        for i in 0..=1000 {
            let x = f64::from(i) / 1000.0;
            assert!((curve.at(x) - f(x)).abs() < 5e-6, "{x}: {} {}", curve.at(x), f(x));
        }
        assert_eq!((curve.at(-1.0), curve.at(2.0)), (f(0.0), f(1.0)));
    }
}
