//! Two vectors side by side. The steps of one ray wait for each other (roots, divisions, a polynomial's terms); a second
//! vector's fill the time.

use fearless_simd::{Select, Simd, SimdBase, SimdFloat, SimdMask, f64x8};
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Rays side by side.
pub(super) const LANES: usize = 16;
const HALF: usize = LANES / 2;

/// Sixteen numbers.
#[derive(Clone, Copy)]
pub(super) struct Wide<S: Simd>([f64x8<S>; 2]);

/// Yes or no for each of sixteen.
#[derive(Clone, Copy)]
pub(super) struct Mask<S: Simd>([<f64x8<S> as SimdBase<S>>::Mask; 2]);

macro_rules! operator {
    ($trait:ident, $method:ident, $operator:tt) => {
        impl<S: Simd> $trait for Wide<S> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self([self.0[0] $operator other.0[0], self.0[1] $operator other.0[1]])
            }
        }
        impl<S: Simd> $trait<f64> for Wide<S> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: f64) -> Self {
                Self([self.0[0] $operator other, self.0[1] $operator other])
            }
        }
    };
}
operator!(Add, add, +);
operator!(Sub, sub, -);
operator!(Mul, mul, *);
operator!(Div, div, /);

impl<S: Simd> Neg for Wide<S> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self([-self.0[0], -self.0[1]])
    }
}

impl<S: Simd> Wide<S> {
    #[inline(always)]
    pub fn splat(simd: S, v: f64) -> Self {
        Self([f64x8::splat(simd, v); 2])
    }

    #[inline(always)]
    pub fn from_slice(simd: S, v: &[f64]) -> Self {
        Self([f64x8::from_slice(simd, &v[..HALF]), f64x8::from_slice(simd, &v[HALF..LANES])])
    }

    #[inline(always)]
    pub fn store(self, to: &mut [f64]) {
        self.0[0].store_slice(&mut to[..HALF]);
        self.0[1].store_slice(&mut to[HALF..LANES]);
    }

    /// self b + c.
    #[inline(always)]
    pub fn mul_add(self, b: Self, c: Self) -> Self {
        Self([self.0[0].mul_add(b.0[0], c.0[0]), self.0[1].mul_add(b.0[1], c.0[1])])
    }

    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Self([self.0[0].sqrt(), self.0[1].sqrt()])
    }

    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        Self([self.0[0].max(other.0[0]), self.0[1].max(other.0[1])])
    }

    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        Self([self.0[0].min(other.0[0]), self.0[1].min(other.0[1])])
    }

    /// Its size with the sign of `of`.
    #[inline(always)]
    pub fn copysign(self, of: Self) -> Self {
        Self([self.0[0].copysign(of.0[0]), self.0[1].copysign(of.0[1])])
    }

    #[inline(always)]
    pub fn lt(self, other: Self) -> Mask<S> {
        Mask([self.0[0].simd_lt(other.0[0]), self.0[1].simd_lt(other.0[1])])
    }

    #[inline(always)]
    pub fn le(self, other: f64) -> Mask<S> {
        Mask([self.0[0].simd_le(other), self.0[1].simd_le(other)])
    }

    #[inline(always)]
    pub fn ge(self, other: f64) -> Mask<S> {
        Mask([self.0[0].simd_ge(other), self.0[1].simd_ge(other)])
    }

    #[inline(always)]
    pub fn gt(self, other: f64) -> Mask<S> {
        Mask([self.0[0].simd_gt(other), self.0[1].simd_gt(other)])
    }

    /// True for numbers, false for infinities and what is none.
    #[inline(always)]
    pub fn finite(self) -> Mask<S> {
        let rest = self * 0.0;
        Mask([rest.0[0].simd_eq(0.0), rest.0[1].simd_eq(0.0)])
    }

    #[inline(always)]
    pub fn lane(&self, i: usize) -> f64 {
        self.0[i / HALF][i % HALF]
    }

    #[inline(always)]
    pub fn set(&mut self, i: usize, v: f64) {
        self.0[i / HALF][i % HALF] = v;
    }
}

impl<S: Simd> Mask<S> {
    #[inline(always)]
    pub fn splat(simd: S, v: bool) -> Self {
        Self([SimdMask::splat(simd, v); 2])
    }

    #[inline(always)]
    pub fn select(self, yes: Wide<S>, no: Wide<S>) -> Wide<S> {
        Wide([self.0[0].select(yes.0[0], no.0[0]), self.0[1].select(yes.0[1], no.0[1])])
    }

    #[inline(always)]
    pub fn any(self) -> bool {
        (self.0[0] | self.0[1]).any_true()
    }

    #[inline(always)]
    pub fn all(self) -> bool {
        (self.0[0] & self.0[1]).all_true()
    }

    /// Bit i for lane i.
    #[inline(always)]
    pub fn bits(self) -> u64 {
        self.0[0].to_bitmask() | self.0[1].to_bitmask() << HALF
    }

    #[inline(always)]
    pub fn set(&mut self, i: usize, v: bool) {
        self.0[i / HALF].set(i % HALF, v);
    }
}

impl<S: Simd> BitAnd for Mask<S> {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self([self.0[0] & other.0[0], self.0[1] & other.0[1]])
    }
}

impl<S: Simd> BitOr for Mask<S> {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }
}

impl<S: Simd> Not for Mask<S> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self([!self.0[0], !self.0[1]])
    }
}
