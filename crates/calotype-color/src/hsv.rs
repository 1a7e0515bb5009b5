//! Hue, saturation and value, as the tables of camera profiles count them (DNG specification 1.7, "Hue/Saturation/Value Mapping
//! Table"; A. R. Smith, SIGGRAPH 1978).

/// Hue (0 to 6, red 0, green 2, blue 4), saturation and value of RGB without negative parts. Black has neither hue nor
/// saturation.
pub fn rgb_to_hsv([r, g, b]: [f64; 3]) -> [f64; 3] {
    let (top, low) = (r.max(g).max(b), r.min(g).min(b));
    let gap = top - low;
    if !(gap > 0.0) {
        return [0.0, 0.0, top];
    }
    let hue = if r == top {
        (g - b) / gap
    } else if g == top {
        2.0 + (b - r) / gap
    } else {
        4.0 + (r - g) / gap
    };
    [hue.rem_euclid(6.0), gap / top, top]
}

/// RGB of hue (0 to 6, and round again), saturation and value.
pub fn hsv_to_rgb([h, s, v]: [f64; 3]) -> [f64; 3] {
    [5.0, 3.0, 1.0].map(|n: f64| {
        let k = (n + h).rem_euclid(6.0);
        v - v * s * k.min(4.0 - k).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hsv_and_back() {
        for rgb in [[0.2, 0.5, 0.9], [1.0, 0.0, 0.3], [0.4, 0.4, 0.4], [0.1, 0.9, 0.2]] {
            let back = hsv_to_rgb(rgb_to_hsv(rgb));
            assert!(rgb.iter().zip(back).all(|(a, b): (&f64, f64)| (a - b).abs() < 1e-12));
        }
    }
}
