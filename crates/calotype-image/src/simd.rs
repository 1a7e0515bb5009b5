//! Multiplying and adding in one step, where the instruction set can: loops take it as a constant, for without such an
//! instruction the step is a slow call.

use fearless_simd::{Level, Simd};

/// True where the instruction set multiplies and adds in one step.
#[inline(always)]
pub fn fused<S: Simd>(simd: S) -> bool {
    match simd.level() {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Avx2(_) | Level::Avx512(_) => true,
        #[cfg(target_arch = "aarch64")]
        Level::Neon(_) => true,
        #[allow(unreachable_patterns)]
        _ => false,
    }
}

/// `a b + c`, rounded once where `F`.
#[inline(always)]
pub fn madd<const F: bool>(a: f32, b: f32, c: f32) -> f32 {
    if F { a.mul_add(b, c) } else { a * b + c }
}
