//! Logarithm and power of two that vectorise.

/// Logarithm to base 2 of a positive normal number, error below 4e-7 + 2e-7 |result|.
///
/// The mantissa m is taken in [sqrt(1/2), sqrt(2)) and log2(m) = 2/ln 2 · atanh(s), s = (m - 1)/(m + 1), by its series.
/// Zero, negative and subnormal numbers give some finite number far below; the caller clamps first.
#[inline(always)]
pub(crate) fn log2(x: f32) -> f32 {
    const SQRT_HALF: u32 = 0x3f35_04f3;
    let bits = x.to_bits();
    let exponent = (bits.wrapping_sub(SQRT_HALF) as i32) >> 23;
    let m = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32));
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    // 2/ln2 · (1, 1/3, 1/5, 1/7)
    let poly = ((0.412_198_58 * s2 + 0.577_078_02) * s2 + 0.961_796_7) * s2 + 2.885_390_1;
    exponent as f32 + s * poly
}

/// 2 to the power x, relative error below 4e-6; x is clamped to -126..=126.
#[inline(always)]
pub(crate) fn exp2(x: f32) -> f32 {
    // adding 1.5 · 2^23 leaves the nearest integer in the low bits of the sum
    const MAGIC: f32 = 12_582_912.0;
    let x = x.clamp(-126.0, 126.0);
    let rounded = x + MAGIC;
    let f = x - (rounded - MAGIC);
    // Taylor's series of 2^f for |f| <= 1/2
    let poly = ((((0.001_333_355_8 * f + 0.009_618_129) * f + 0.055_504_11) * f + 0.240_226_51) * f
        + std::f32::consts::LN_2)
        * f
        + 1.0;
    f32::from_bits(poly.to_bits().wrapping_add(rounded.to_bits() << 23))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_agree_with_the_standard_library() {
        let mut x = 1e-12f32;
        while x < 1e12 {
            let (a, b) = (log2(x), x.log2());
            assert!((a - b).abs() < 4e-7 + 2e-7 * b.abs(), "log2({x}) = {a}, not {b}");
            x *= 1.00137;
        }
        let mut x = -60.0f32;
        while x < 60.0 {
            let (a, b) = (exp2(x), x.exp2());
            assert!((a / b - 1.0).abs() < 4e-6, "exp2({x}) = {a}, not {b}");
            x += 0.00713;
        }
        assert_eq!(exp2(0.0), 1.0);
        assert_eq!(log2(1.0), 0.0);
    }
}
