//! Axes with round ticks.

/// A range with ticks at round numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub lo: f64,
    pub hi: f64,
    pub step: f64,
}

impl Axis {
    /// An axis that holds all values, with some five ticks; from -1 to 1 for none.
    pub fn new(values: impl Iterator<Item = f64>) -> Self {
        let (lo, hi) = values
            .filter(|v| v.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        let (lo, hi) = if lo > hi { (-1.0, 1.0) } else { (lo, hi) };
        let span =
            if hi - lo > 1e-12 * (hi.abs() + lo.abs()).max(1e-30) { hi - lo } else { (0.1 * hi.abs()).max(1e-9) };
        Self::over(lo - if hi - lo < span { span } else { 0.0 }, hi + if hi - lo < span { span } else { 0.0 })
    }

    /// An axis over a range, widened to ticks.
    pub fn over(lo: f64, hi: f64) -> Self {
        let rough = (hi - lo) / 5.0;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough * 0.999).unwrap_or(rough);
        Self { lo: (lo / step + 1e-9).floor() * step, hi: (hi / step - 1e-9).ceil() * step, step }
    }

    /// The ticks' values.
    pub fn ticks(&self) -> impl Iterator<Item = f64> + '_ {
        let first = (self.lo / self.step - 1e-6).ceil() as i64;
        let last = (self.hi / self.step + 1e-6).floor() as i64;
        (first..=last).map(|i| i as f64 * self.step)
    }

    /// A value's place, 0 to 1.
    pub fn place(&self, v: f64) -> f64 {
        (v - self.lo) / (self.hi - self.lo)
    }

    /// A tick as text, with as many places as the steps need.
    pub fn text(&self, v: f64) -> String {
        if self.step >= 1e5 || self.step < 1e-4 {
            return if v == 0.0 { "0".into() } else { format!("{v:.1e}") };
        }
        let places = (-(self.step * 1.0001).log10().floor()).max(0.0) as usize;
        let text = format!("{v:.places$}");
        if text.trim_start_matches('-').chars().all(|c| matches!(c, '0' | '.')) { "0".into() } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_hold_the_values() {
        let axis = Axis::new([-3.7, 12.2].into_iter());
        assert_eq!(axis.ticks().collect::<Vec<_>>(), [-5.0, 0.0, 5.0, 10.0, 15.0]);
        assert_eq!(axis.text(-5.0), "-5");
        let flat = Axis::new([2.0, 2.0].into_iter());
        assert!(flat.lo < 2.0 && flat.hi > 2.0 && flat.ticks().count() > 2);
        assert!(Axis::new(std::iter::empty()).ticks().count() > 2);
        assert_eq!(Axis::over(0.0, 1.0).ticks().count(), 6);
        assert_eq!(Axis::over(0.0, 1.0).text(0.2), "0.2");
    }
}
