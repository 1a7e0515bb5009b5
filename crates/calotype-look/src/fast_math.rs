//! Elementary functions for pixels: plain arithmetic that compilers turn into vector code, with known errors.
//!
//! `F` tells whether the instruction set at hand multiplies and adds in one step; where it does not, `f32::mul_add` would be
//! a slow call. Coefficients are minimax fits over the stated intervals.

use calotype_image::simd::madd;

/// A row of a 3x3 matrix times a column.
#[inline(always)]
pub(crate) fn dot<const F: bool>(m: &[f32; 3], x: f32, y: f32, z: f32) -> f32 {
    madd::<F>(m[0], x, madd::<F>(m[1], y, m[2] * z))
}

/// The smaller of two numbers, `b` where either is not a number: one instruction, which [`f32::min`] is not.
#[inline(always)]
pub(crate) fn least(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The larger of two numbers, `b` where either is not a number.
#[inline(always)]
pub(crate) fn most(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// Base-2 logarithm of a positive normal number; absolute error below 1.2e-7 plus half a unit in the last place.
#[inline(always)]
pub(crate) fn log2<const F: bool>(v: f32) -> f32 {
    // The mantissa is brought to sqrt(1/2)..sqrt(2), so that the logarithm of 1 is exact.
    let bits = v.to_bits();
    let exponent = (bits.wrapping_sub(0x3f35_04f3) as i32) >> 23;
    let m = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32)) - 1.0;
    let p = madd::<F>(m, -0.145_743_95, 0.236_890_17);
    let p = madd::<F>(m, p, -0.250_069_14);
    let p = madd::<F>(m, p, 0.286_707_5);
    let p = madd::<F>(m, p, -0.360_087_22);
    let p = madd::<F>(m, p, 0.480_939_45);
    let p = madd::<F>(m, p, -0.721_357_17);
    let p = madd::<F>(m, p, 1.442_694_8);
    madd::<F>(m, p, exponent as f32)
}

/// 2 to the power of v, held within -126 and 126; relative error below 2.5e-7.
#[inline(always)]
pub(crate) fn exp2<const F: bool>(v: f32) -> f32 {
    let v = v.clamp(-126.0, 126.0);
    // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
    let rounded = v + 12_582_912.0;
    let f = v - (rounded - 12_582_912.0);
    let scale = f32::from_bits((rounded.to_bits() << 23).wrapping_add(0x3f80_0000));
    let p = madd::<F>(f, 0.001_327_647, 0.009_675_541);
    let p = madd::<F>(f, p, 0.055_507_135);
    let p = madd::<F>(f, p, 0.240_221_2);
    let p = madd::<F>(f, p, 0.693_146_94);
    madd::<F>(f, p, 1.000_000_1) * scale
}

/// Cube root, odd about zero, for magnitudes up to 1e15; relative error below 4e-6, and below 1e-15 in magnitude
/// everything counts as that.
///
/// A guess of the inverse root from the bits (minus a third of the logarithm, within 3.5 percent), then the binomial series
/// of (1 - e)^(-1/3) up to the fourth power; no division.
#[inline(always)]
pub(crate) fn cbrt<const F: bool>(v: f32) -> f32 {
    let a = v.abs().max(1e-15);
    let guess = madd::<F>(a.to_bits() as i32 as f32, -1.0 / 1536.0, 2_773_281.2 + 8_388_608.0);
    let r = f32::from_bits(guess.to_bits() << 9);
    let e = madd::<F>(-a * r, r * r, 1.0);
    let series = madd::<F>(e, madd::<F>(e, 35.0 / 243.0, 14.0 / 81.0), 2.0 / 9.0);
    let series = madd::<F>(e, series, 1.0 / 3.0);
    let r = madd::<F>(r * e, series, r);
    (a * r * r).copysign(v)
}

/// 0 below `from`, 1 above it by `1 / scale`, a cubic between.
#[inline(always)]
pub(crate) fn smoothstep<const F: bool>(from: f32, scale: f32, v: f32) -> f32 {
    step::<F>(madd::<F>(v, scale, -from * scale))
}

/// 0 below 0, 1 above 1, a cubic between.
#[inline(always)]
pub(crate) fn step<const F: bool>(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * madd::<F>(-2.0, t, 3.0)
}

/// Grows from 0 to 1 between the first two of four rising values and falls back to 0 between the last two.
#[inline(always)]
pub(crate) fn window<const F: bool>([from, whole, still, to]: [f32; 4], v: f32) -> f32 {
    let up = madd::<F>(v, 1.0 / (whole - from), -from / (whole - from));
    let down = madd::<F>(v, -1.0 / (to - still), to / (to - still));
    step::<F>(least(up, down))
}

/// A place of 0 and more as the nearest whole number at or below, in the low bits, and the rest: at a whole number that one, or
/// the one before with a rest of 1.
#[inline(always)]
pub(crate) fn split(place: f32) -> (u32, f32) {
    // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
    let rounded = (place - 0.5) + 12_582_912.0;
    (rounded.to_bits(), place - (rounded - 12_582_912.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Positive numbers over many octaves.
    fn numbers() -> impl Iterator<Item = f32> {
        (0..200_000u32).map(|i| f32::from_bits(0x2800_0000 + i * 4001))
    }

    fn logarithm<const F: bool>() {
        for v in numbers() {
            let want = f64::from(v).log2();
            let error = (f64::from(log2::<F>(v)) - want).abs();
            assert!(error < 2e-7 + want.abs() * 6e-8, "{v}: {error:e}");
        }
        assert_eq!(log2::<F>(1.0), 0.0);
    }

    fn power<const F: bool>() {
        for i in -126_000..=126_000 {
            let v = i as f32 / 1000.0;
            let error = f64::from(exp2::<F>(v)) / f64::from(v).exp2() - 1.0;
            assert!(error.abs() < 3e-7, "{v}: {error:e}");
        }
        assert!(exp2::<F>(-1e9) > 0.0 && exp2::<F>(1e9).is_finite());
    }

    fn cube_root<const F: bool>() {
        for v in numbers() {
            let error = f64::from(cbrt::<F>(v)) / f64::from(v).cbrt() - 1.0;
            assert!(error.abs() < 4e-6, "{v}: {error:e}");
            assert_eq!(cbrt::<F>(-v), -cbrt::<F>(v));
        }
        assert!(cbrt::<F>(0.0).abs() < 2e-5);
    }

    #[test]
    fn places_are_split_without_a_gap() {
        for i in 0..=4096 {
            let place = i as f32 / 4.0;
            let (whole, part) = split(place);
            let whole = whole & 0xffff;
            assert!((0.0..=1.0).contains(&part), "{place}: {part}");
            assert_eq!(whole as f32 + part, place);
        }
    }

    #[test]
    fn errors_are_as_stated() {
        logarithm::<false>();
        logarithm::<true>();
        power::<false>();
        power::<true>();
        cube_root::<false>();
        cube_root::<true>();
    }
}
