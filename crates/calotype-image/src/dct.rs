//! The orthonormal 8x8 cosine transform (DCT-II; Ahmed, Natarajan and Rao 1974) of as many blocks as a vector has lanes:
//! element k of an array holds value k of every block, so nothing is ever turned around.

use fearless_simd::{Simd, SimdFloat};

/// cos(k π / 16) / 2 for k = 0 to 7.
const C: [f32; 8] =
    [0.5, 0.490_392_64, 0.461_939_77, 0.415_734_81, 0.353_553_39, 0.277_785_12, 0.191_341_72, 0.097_545_161];

#[inline(always)]
fn dot<S: Simd>(v: [S::f32s; 4], c: [f32; 4]) -> S::f32s {
    v[3].mul_add(c[3], v[2].mul_add(c[2], v[1].mul_add(c[1], v[0] * c[0])))
}

/// The orthonormal transform of 8 values (DCT-II).
#[inline(always)]
fn forward8<S: Simd>(x: [S::f32s; 8]) -> [S::f32s; 8] {
    let (s0, s1, s2, s3) = (x[0] + x[7], x[1] + x[6], x[2] + x[5], x[3] + x[4]);
    let (d0, d1, d2, d3) = (x[0] - x[7], x[1] - x[6], x[2] - x[5], x[3] - x[4]);
    let (p0, p1, m0, m1) = (s0 + s3, s1 + s2, s0 - s3, s1 - s2);
    [
        (p0 + p1) * C[4],
        dot::<S>([d0, d1, d2, d3], [C[1], C[3], C[5], C[7]]),
        m1.mul_add(C[6], m0 * C[2]),
        dot::<S>([d0, d1, d2, d3], [C[3], -C[7], -C[1], -C[5]]),
        (p0 - p1) * C[4],
        dot::<S>([d0, d1, d2, d3], [C[5], -C[1], C[7], C[3]]),
        m1.mul_add(-C[2], m0 * C[6]),
        dot::<S>([d0, d1, d2, d3], [C[7], -C[5], C[3], -C[1]]),
    ]
}

/// The inverse of [`forward8`].
#[inline(always)]
fn inverse8<S: Simd>(t: [S::f32s; 8]) -> [S::f32s; 8] {
    let (a, b) = ((t[0] + t[4]) * C[4], (t[0] - t[4]) * C[4]);
    let (c, d) = (t[6].mul_add(C[6], t[2] * C[2]), t[6].mul_add(-C[2], t[2] * C[6]));
    let (e0, e1, e2, e3) = (a + c, b + d, b - d, a - c);
    let odd = [t[1], t[3], t[5], t[7]];
    let o0 = dot::<S>(odd, [C[1], C[3], C[5], C[7]]);
    let o1 = dot::<S>(odd, [C[3], -C[7], -C[1], -C[5]]);
    let o2 = dot::<S>(odd, [C[5], -C[1], C[7], C[3]]);
    let o3 = dot::<S>(odd, [C[7], -C[5], C[3], -C[1]]);
    [e0 + o0, e1 + o1, e2 + o2, e3 + o3, e3 - o3, e2 - o2, e1 - o1, e0 - o0]
}

/// Eight numbers from `first` on, `step` apart. Written out: a closure may become a call of its own, made without the vectors'
/// instructions.
#[inline(always)]
fn eight<S: Simd>(block: &[S::f32s; 64], first: usize, step: usize) -> [S::f32s; 8] {
    let [a, b, c, d] = [first, first + step, first + 2 * step, first + 3 * step];
    let on = 4 * step;
    [block[a], block[b], block[c], block[d], block[a + on], block[b + on], block[c + on], block[d + on]]
}

/// Transforms blocks in place, all rows, then all columns: coefficient 8 v + u is the one of frequency v down and u across.
#[inline(always)]
pub fn forward<S: Simd>(block: &mut [S::f32s; 64]) {
    for r in 0..8 {
        let row = forward8::<S>(eight::<S>(block, 8 * r, 1));
        block[8 * r..8 * r + 8].copy_from_slice(&row);
    }
    for c in 0..8 {
        let column = forward8::<S>(eight::<S>(block, c, 8));
        for r in 0..8 {
            block[8 * r + c] = column[r];
        }
    }
}

/// Undoes [`forward`].
#[inline(always)]
pub fn inverse<S: Simd>(block: &mut [S::f32s; 64]) {
    for c in 0..8 {
        let column = inverse8::<S>(eight::<S>(block, c, 8));
        for r in 0..8 {
            block[8 * r + c] = column[r];
        }
    }
    for r in 0..8 {
        let row = inverse8::<S>(eight::<S>(block, 8 * r, 1));
        block[8 * r..8 * r + 8].copy_from_slice(&row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::{Level, SimdBase, dispatch};

    #[inline(always)]
    fn check<S: Simd>(simd: S) {
        let at = |i: usize| ((i * 37 + 11) % 64) as f32 / 64.0;
        let mut block: [S::f32s; 64] = [S::f32s::splat(simd, 0.0); 64];
        for (i, v) in block.iter_mut().enumerate() {
            *v = S::f32s::splat(simd, at(i));
        }
        forward::<S>(&mut block);
        for v in 0..8 {
            for u in 0..8 {
                // the textbook sum
                let scale = |k: usize| if k == 0 { (1.0f64 / 8.0).sqrt() } else { 0.5 };
                let cos = |k: usize, x: usize| (std::f64::consts::PI * k as f64 * (x as f64 + 0.5) / 8.0).cos();
                let sum: f64 = (0..64).map(|i| f64::from(at(i)) * cos(v, i / 8) * cos(u, i % 8)).sum();
                let expected = sum * scale(u) * scale(v);
                assert!((f64::from(block[8 * v + u][0]) - expected).abs() < 1e-5, "{u} {v}");
            }
        }
        inverse::<S>(&mut block);
        for (i, v) in block.iter().enumerate() {
            assert!((v[S::f32s::LEN - 1] - at(i)).abs() < 1e-6);
        }
    }

    #[test]
    fn agrees_with_the_definition_and_inverts() {
        dispatch!(Level::new(), simd => check(simd));
        dispatch!(Level::baseline(), simd => check(simd));
    }
}
