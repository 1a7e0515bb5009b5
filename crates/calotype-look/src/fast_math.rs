//! Elementary functions for pixels: plain arithmetic that compilers turn into vector code, with known errors.

/// Base-2 logarithm of a positive normal number; absolute error below 2e-7 plus half a unit in the last place.
///
/// The mantissa is brought to sqrt(1/2)..sqrt(2) and the logarithm taken as a series in (m - 1) / (m + 1).
#[inline(always)]
pub(crate) fn log2(v: f32) -> f32 {
    let bits = v.to_bits();
    let exponent = (bits.wrapping_sub(0x3f35_04f3) as i32) >> 23;
    let m = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32));
    let t = (m - 1.0) / (m + 1.0);
    let t2 = t * t;
    // 2 log2(e) atanh(t), |t| <= 0.1716.
    let series = 2.885_390_1 + t2 * (0.961_796_7 + t2 * (0.577_078_0 + t2 * 0.431_8));
    exponent as f32 + t * series
}

/// 2 to the power of v, held within -126 and 126; relative error below 3e-7.
#[inline(always)]
pub(crate) fn exp2(v: f32) -> f32 {
    let v = v.clamp(-126.0, 126.0);
    // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
    let rounded = v + 12_582_912.0;
    let f = v - (rounded - 12_582_912.0);
    let scale = f32::from_bits((rounded.to_bits() << 23).wrapping_add(0x3f80_0000));
    // Taylor series of exp(f ln 2), |f| <= 1/2; the last term is tuned to the range.
    let p = 1.0
        + f * (0.693_147_2
            + f * (0.240_226_5 + f * (0.055_504_11 + f * (0.009_618_129 + f * (0.001_333_36 + f * 0.000_154_4)))));
    p * scale
}

/// Cube root, odd about zero; relative error below 3e-7, and below 1e-15 in magnitude everything counts as that.
///
/// A first guess from the bits (a third of the logarithm) and two steps of Halley's iteration.
#[inline(always)]
pub(crate) fn cbrt(v: f32) -> f32 {
    let a = v.abs().max(1e-15);
    let y = f32::from_bits(a.to_bits() / 3 + 0x2a51_37a0);
    let y3 = y * y * y;
    let y = y * (y3 + a + a) / (y3 + y3 + a);
    let y3 = y * y * y;
    let y = y * (y3 + a + a) / (y3 + y3 + a);
    y.copysign(v)
}

/// 0 below `from`, 1 above it by `1 / scale`, a cubic between.
#[inline(always)]
pub(crate) fn smoothstep(from: f32, scale: f32, v: f32) -> f32 {
    let t = ((v - from) * scale).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Positive numbers over many octaves.
    fn numbers() -> impl Iterator<Item = f32> {
        (0..200_000u32).map(|i| f32::from_bits(0x2800_0000 + i * 4001))
    }

    #[test]
    fn logarithm() {
        for v in numbers() {
            let want = f64::from(v).log2();
            let error = (f64::from(log2(v)) - want).abs();
            assert!(error < 2e-7 + want.abs() * 6e-8, "{v}: {error:e}");
        }
        assert_eq!(log2(1.0), 0.0);
    }

    #[test]
    fn power() {
        for i in -126_000..=126_000 {
            let v = i as f32 / 1000.0;
            let error = f64::from(exp2(v)) / f64::from(v).exp2() - 1.0;
            assert!(error.abs() < 3e-7, "{v}: {error:e}");
        }
        assert!(exp2(-1e9) > 0.0 && exp2(1e9).is_finite());
    }

    #[test]
    fn cube_root() {
        for v in numbers() {
            let error = f64::from(cbrt(v)) / f64::from(v).cbrt() - 1.0;
            assert!(error.abs() < 3e-7, "{v}: {error:e}");
            assert_eq!(cbrt(-v), -cbrt(v));
        }
        assert!(cbrt(0.0).abs() < 2e-5);
    }
}
