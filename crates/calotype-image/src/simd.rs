//! What loops over vectors share.
//!
//! Multiplying and adding in one step, where the instruction set can: loops take it as a constant, for without such an
//! instruction the step is a slow call. And rows in parts, which lay what repeats along a row side by side.

use fearless_simd::{Level, Simd, SimdBase};

/// A vector of one value.
#[inline(always)]
pub fn splat<S: Simd>(simd: S, v: f32) -> S::f32s {
    S::f32s::splat(simd, v)
}

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

/// Lays a row out in `P` parts (a power of two), `stride` apart: part p holds the numbers p, p + P, p + 2 P, ... The row's
/// length is a multiple of `P` times the lanes of a vector.
#[inline(always)]
pub fn spread<S: Simd, const P: usize>(simd: S, row: &[f32], stride: usize, parts: &mut [f32]) {
    let n = S::f32s::LEN;
    for (i, numbers) in row.chunks_exact(P * n).enumerate() {
        let mut v: [S::f32s; P] = std::array::from_fn(|k| S::f32s::from_slice(simd, &numbers[k * n..][..n]));
        // sorting even from odd places moves the last bit of a place to the front
        for _ in 0..P.ilog2() {
            let mut sorted = v;
            for k in 0..P / 2 {
                (sorted[k], sorted[P / 2 + k]) = v[2 * k].deinterleave(v[2 * k + 1]);
            }
            v = sorted;
        }
        for (p, v) in v.iter().enumerate() {
            v.store_slice(&mut parts[p * stride + i * n..][..n]);
        }
    }
}

/// Undoes [`spread`].
#[inline(always)]
pub fn join<S: Simd, const P: usize>(simd: S, parts: &[f32], stride: usize, row: &mut [f32]) {
    let n = S::f32s::LEN;
    for (i, numbers) in row.chunks_exact_mut(P * n).enumerate() {
        let mut v: [S::f32s; P] = std::array::from_fn(|p| S::f32s::from_slice(simd, &parts[p * stride + i * n..][..n]));
        for _ in 0..P.ilog2() {
            let mut mixed = v;
            for k in 0..P / 2 {
                (mixed[2 * k], mixed[2 * k + 1]) = v[k].interleave(v[P / 2 + k]);
            }
            v = mixed;
        }
        for (k, v) in v.iter().enumerate() {
            v.store_slice(&mut numbers[k * n..][..n]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::dispatch;

    #[inline(always)]
    fn there_and_back<S: Simd, const P: usize>(simd: S) {
        let row: Vec<f32> = (0..P * 32).map(|i| i as f32).collect();
        let (mut parts, mut back) = (vec![-1.0; P * 40], vec![0.0; P * 32]);
        spread::<S, P>(simd, &row, 40, &mut parts);
        for (i, v) in row.iter().enumerate() {
            assert_eq!(parts[i % P * 40 + i / P], *v, "{i} of {P} parts");
        }
        join::<S, P>(simd, &parts, 40, &mut back);
        assert_eq!(back, row);
    }

    #[test]
    fn rows_go_into_parts_and_back() {
        for level in [Level::new(), Level::baseline()] {
            dispatch!(level, simd => there_and_back::<_, 2>(simd));
            dispatch!(level, simd => there_and_back::<_, 4>(simd));
            dispatch!(level, simd => there_and_back::<_, 8>(simd));
        }
    }
}
