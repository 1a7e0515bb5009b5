//! The transfer curve of sRGB and Display P3 (IEC 61966-2-1): linear light to display code and back.

/// Linear light to sRGB code, both 0 to 1; odd about zero, and continued by its own formula above one.
pub fn srgb_encode(linear: f32) -> f32 {
    let v = linear.abs();
    let code = if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
    code.copysign(linear)
}

/// sRGB code to linear light; the inverse of [`srgb_encode`].
pub fn srgb_decode(code: f32) -> f32 {
    let v = code.abs();
    let linear = if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) };
    linear.copysign(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert!((srgb_encode(0.18) - 0.461_356).abs() < 1e-5);
        assert!((srgb_encode(1.0) - 1.0).abs() < 1e-6);
        assert_eq!(srgb_encode(0.0), 0.0);
        assert_eq!(srgb_encode(-0.25), -srgb_encode(0.25));
    }

    #[test]
    fn codes_survive_the_round_trip() {
        let codes: Vec<f32> = (0..=4096).map(|i| i as f32 / 4096.0).collect();
        let light: Vec<f32> = codes.iter().map(|c| srgb_decode(*c)).collect();
        assert!(light.windows(2).all(|w| w[0] < w[1]));
        for (light, code) in light.into_iter().zip(codes) {
            assert!((srgb_encode(light) - code).abs() < 1e-6, "{light} {code}");
        }
    }
}
