//! Numbers that carry their derivatives (forward mode): every formula of the merit function is written once, for plain
//! numbers and for these, so that its derivatives are exact.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number, with or without derivatives.
pub(crate) trait Real:
    Copy
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
{
    /// A number that depends on nothing.
    fn of(v: f64) -> Self;
    /// The number itself.
    fn value(&self) -> f64;
    /// True where every derivative is 0.
    fn is_constant(&self) -> bool;
    /// f of it, by the value of f there and that of its derivative.
    fn chain(self, value: f64, slope: f64) -> Self;
    /// P(s) = sum a_j s^j, and P'(s). `live` are the indices of the coefficients that have derivatives.
    fn polynomial(a: &[Self], live: &[usize], s: Self) -> [Self; 2];

    /// Its square root; the derivative is 0 at 0.
    fn sqrt(self) -> Self {
        let v = self.value().sqrt();
        self.chain(v, if v > 0.0 { 0.5 / v } else { 0.0 })
    }
    /// The angle whose tangent it is, radians.
    fn atan(self) -> Self {
        let v = self.value();
        self.chain(v.atan(), 1.0 / (1.0 + v * v))
    }
    /// Sine and cosine.
    fn sin_cos(self) -> (Self, Self) {
        let (s, c) = self.value().sin_cos();
        (self.chain(s, c), self.chain(c, -s))
    }
    /// Its magnitude; the derivative is that of the side it lies on.
    fn abs(self) -> Self {
        if self.value() < 0.0 { -self } else { self }
    }
    /// The greater of two.
    fn max(self, other: Self) -> Self {
        if other.value() > self.value() { other } else { self }
    }
    /// The square root of the sum of the squares.
    fn hypot(self, other: Self) -> Self {
        (self * self + other * other).sqrt()
    }
}

impl Real for f64 {
    fn of(v: f64) -> Self {
        v
    }
    fn value(&self) -> f64 {
        *self
    }
    fn is_constant(&self) -> bool {
        true
    }
    fn chain(self, value: f64, _: f64) -> Self {
        value
    }
    fn polynomial(a: &[Self], _: &[usize], s: Self) -> [Self; 2] {
        let (mut p, mut d) = (0.0, 0.0);
        for c in a.iter().rev() {
            d = d * s + p;
            p = p * s + c;
        }
        [p, d]
    }
}

/// A number and its derivatives with respect to K variables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dual<const K: usize> {
    pub v: f64,
    pub d: [f64; K],
}

impl<const K: usize> Dual<K> {
    /// The variable of index `i`.
    pub fn variable(v: f64, i: usize) -> Self {
        let mut d = [0.0; K];
        d[i] = 1.0;
        Self { v, d }
    }

    #[inline]
    fn with(v: f64, d: impl Fn(usize) -> f64) -> Self {
        Self { v, d: std::array::from_fn(d) }
    }
}

// a derivative's rule has other signs than its operation
macro_rules! operator {
    ($trait:ident, $method:ident, |$a:ident, $b:ident| $v:expr, |$i:ident| $d:expr, $scalar:expr, |$j:ident| $ds:expr) => {
        impl<const K: usize> $trait for Dual<K> {
            type Output = Self;
            #[inline]
            #[allow(clippy::suspicious_arithmetic_impl)]
            fn $method(self, other: Self) -> Self {
                let ($a, $b) = (&self, &other);
                let v = $v;
                Self::with(v, |$i| $d(v))
            }
        }
        impl<const K: usize> $trait<f64> for Dual<K> {
            type Output = Self;
            #[inline]
            fn $method(self, $b: f64) -> Self {
                let $a = &self;
                Self::with($scalar, |$j| $ds)
            }
        }
    };
}
operator!(Add, add, |a, b| a.v + b.v, |i| |_| a.d[i] + b.d[i], a.v + b, |i| a.d[i]);
operator!(Sub, sub, |a, b| a.v - b.v, |i| |_| a.d[i] - b.d[i], a.v - b, |i| a.d[i]);
operator!(Mul, mul, |a, b| a.v * b.v, |i| |_| a.d[i] * b.v + a.v * b.d[i], a.v * b, |i| a.d[i] * b);
operator!(Div, div, |a, b| a.v / b.v, |i| |q: f64| (a.d[i] - q * b.d[i]) / b.v, a.v / b, |i| a.d[i] / b);

impl<const K: usize> Neg for Dual<K> {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self::with(-self.v, |i| -self.d[i])
    }
}

impl<const K: usize> Real for Dual<K> {
    fn of(v: f64) -> Self {
        Self { v, d: [0.0; K] }
    }
    fn value(&self) -> f64 {
        self.v
    }
    fn is_constant(&self) -> bool {
        self.d.iter().all(|d| *d == 0.0)
    }
    #[inline]
    fn chain(self, value: f64, slope: f64) -> Self {
        Self::with(value, |i| self.d[i] * slope)
    }
    fn polynomial(a: &[Self], live: &[usize], s: Self) -> [Self; 2] {
        let (mut p, mut d, mut dd) = (0.0, 0.0, 0.0);
        for c in a.iter().rev() {
            dd = dd * s.v + 2.0 * d;
            d = d * s.v + p;
            p = p * s.v + c.v;
        }
        let (mut value, mut slope) = (s.chain(p, d), s.chain(d, dd));
        for j in live {
            let power = s.v.powi(*j as i32);
            let below = if *j == 0 { 0.0 } else { *j as f64 * s.v.powi(*j as i32 - 1) };
            for i in 0..K {
                value.d[i] += a[*j].d[i] * power;
                slope.d[i] += a[*j].d[i] * below;
            }
        }
        [value, slope]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something of everything.
    fn formula<R: Real>(x: R, y: R) -> R {
        let p = R::polynomial(&[x, R::of(0.3), y * 2.0, x * y], &[0, 2, 3], y * y);
        let (s, c) = (x * y - 0.1).sin_cos();
        (x / y).atan() + (x * x + 1.0).sqrt() * p[0] - p[1] / (y + 3.0) + (-x).abs().max(y) + s * c * x.hypot(y)
    }

    #[test]
    fn derivatives_are_those_of_differences() {
        let (x, y, h) = (0.7, 0.4, 1e-5);
        let exact = formula(Dual::<2>::variable(x, 0), Dual::variable(y, 1));
        assert!((exact.v - formula(x, y)).abs() < 1e-15);
        let dx = (formula(x + h, y) - formula(x - h, y)) / (2.0 * h);
        let dy = (formula(x, y + h) - formula(x, y - h)) / (2.0 * h);
        assert!((exact.d[0] - dx).abs() < 1e-9 && (exact.d[1] - dy).abs() < 1e-9, "{exact:?} {dx} {dy}");
    }
}
