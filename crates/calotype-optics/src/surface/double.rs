//! Doubled precision: a number as the unevaluated sum of two `f64`, about 106 bits (Dekker 1971).
//!
//! Used once per surface, to change the form of a polynomial without loss.

/// `hi + lo`, with `lo` below half a unit in the last place of `hi`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Double {
    hi: f64,
    lo: f64,
}

impl Double {
    pub const ZERO: Self = Self { hi: 0.0, lo: 0.0 };

    pub fn new(v: f64) -> Self {
        Self { hi: v, lo: 0.0 }
    }

    /// The nearest `f64`.
    pub fn value(self) -> f64 {
        self.hi + self.lo
    }

    pub fn plus(self, other: Self) -> Self {
        let s = self.hi + other.hi;
        let b = s - self.hi;
        let error = (self.hi - (s - b)) + (other.hi - b);
        Self::fast(s, error + self.lo + other.lo)
    }

    pub fn times(self, other: Self) -> Self {
        let p = self.hi * other.hi;
        let error = self.hi.mul_add(other.hi, -p);
        Self::fast(p, error + (self.hi * other.lo + self.lo * other.hi))
    }

    pub fn over(self, divisor: f64) -> Self {
        let q = self.hi / divisor;
        let rest = (-q).mul_add(divisor, self.hi) + self.lo;
        Self::fast(q, rest / divisor)
    }

    fn fast(a: f64, b: f64) -> Self {
        let hi = a + b;
        Self { hi, lo: b - (hi - a) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_number_loses_two_keep() {
        let third = Double::new(1.0).over(3.0);
        let one = third.plus(third).plus(third);
        assert!((one.hi - 1.0).abs() + one.lo.abs() < 1e-31);
        let a = Double::new(1e16).plus(Double::new(1.0)).plus(Double::new(-1e16));
        assert_eq!(a.value(), 1.0);
        let square = Double::new(1.0 + f64::EPSILON).times(Double::new(1.0 + f64::EPSILON));
        assert_eq!((square.hi, square.lo), (1.0 + 2.0 * f64::EPSILON, f64::EPSILON * f64::EPSILON));
    }
}
