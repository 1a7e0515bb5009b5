//! The maker's own local tone: ProfileGainTableMap.

use calotype_color::{Matrix3, RgbSpace, matrix};
use calotype_dng::GainTableMap;
use calotype_image::{SceneRgb, par};

/// Multiplies every pixel of the uncropped picture by the gain that the table holds for its place and brightness.
///
/// By the DNG specification (1.7.1, ProfileGainTableMap and ProfileGainTableMap2) the input is a weighted sum of red,
/// green, blue, their minimum and their maximum in linear ProPhoto after BaselineExposure, held within 0 and 1 and raised
/// to the table's gamma; times the number of gains it is the place in the table. Between gains and between nodes values
/// are interpolated linearly, outside they are repeated.
pub(crate) fn apply(map: &GainTableMap, baseline_ev: f32, picture: &mut SceneRgb) {
    let [across, down, count] = map.size;
    let holds = across > 0 && down > 0 && count > 0 && map.gains.width() == count;
    if !holds || map.gains.height() != across * down || !(map.spacing.iter().all(|s| *s >= 0.0)) {
        return;
    }
    let to_prophoto = matrix::to_f32(&space_matrix());
    let exposure = baseline_ev.exp2();
    let (width, height) = (picture.width(), picture.height());
    par::bands3_mut(&mut picture.planes, 32, |top, mut bands| {
        for y in 0..bands[0].height() {
            let v = (top + y) as f64 + 0.5;
            let (j, fy) = node(v / height as f64, map.origin[1], map.spacing[1], down);
            let [r, g, b] = bands.each_mut().map(|band| band.row_mut(y));
            for x in 0..width {
                let u = (x as f64 + 0.5) / width as f64;
                let (i, fx) = node(u, map.origin[0], map.spacing[0], across);
                let place = input(map, &to_prophoto, exposure, [r[x], g[x], b[x]]) * count as f32;
                let at = |i: usize, j: usize| along(map.gains.row(j.min(down - 1) * across + i.min(across - 1)), place);
                let (near, far) = (at(i, j), at(i, j + 1));
                let upper = near + (at(i + 1, j) - near) * fx;
                let lower = far + (at(i + 1, j + 1) - far) * fx;
                let gain = upper + (lower - upper) * fy;
                (r[x], g[x], b[x]) = (r[x] * gain, g[x] * gain, b[x] * gain);
            }
        }
    });
}

fn space_matrix() -> Matrix3 {
    RgbSpace::Rec2020.to_space(RgbSpace::ProPhoto)
}

/// The node before a place along one side, and how far the place lies towards the next.
fn node(place: f64, origin: f64, spacing: f64, count: usize) -> (usize, f32) {
    if spacing <= 0.0 || count < 2 {
        return (0, 0.0);
    }
    let p = ((place - origin) / spacing).clamp(0.0, (count - 1) as f64);
    let i = (p as usize).min(count - 2);
    (i, (p - i as f64) as f32)
}

/// The table's input, 0 to 1.
fn input(map: &GainTableMap, to_prophoto: &[[f32; 3]; 3], exposure: f32, rgb: [f32; 3]) -> f32 {
    let [r, g, b] = to_prophoto.map(|m| m[0] * rgb[0] + m[1] * rgb[1] + m[2] * rgb[2]);
    let [wr, wg, wb, low, high] = map.input_weights;
    let sum = wr * r + wg * g + wb * b + low * r.min(g).min(b) + high * r.max(g).max(b);
    // what is not a number becomes 0
    let held = (sum * exposure).max(0.0).clamp(0.0, 1.0);
    if map.gamma == 1.0 { held } else { held.powf(map.gamma) }
}

/// A table at a place between its gains, held at its ends.
fn along(gains: &[f32], place: f32) -> f32 {
    let last = gains.len() - 1;
    let i = (place as usize).min(last);
    let next = (i + 1).min(last);
    gains[i] + (gains[next] - gains[i]) * (place - i as f32).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::Plane;

    fn table(size: [usize; 3], f: impl Fn(usize, usize) -> f32) -> GainTableMap {
        GainTableMap {
            origin: [0.0, 0.0],
            spacing: [1.0, 1.0],
            size,
            input_weights: [0.0, 0.0, 0.0, 0.0, 1.0],
            gamma: 1.0,
            gains: Plane::from_fn(size[2], size[0] * size[1], f),
        }
    }

    fn grey(level: f32) -> SceneRgb {
        SceneRgb::from_planes([(); 3].map(|()| Plane::filled(8, 4, level)))
    }

    #[test]
    fn a_gain_of_one_changes_nothing() {
        let mut picture = grey(0.3);
        apply(&table([2, 2, 5], |_, _| 1.0), 1.0, &mut picture);
        assert_eq!(picture.planes, grey(0.3).planes);
    }

    #[test]
    fn gain_follows_brightness_after_baseline_exposure() {
        // gain 1 + k at entry k of 4: at 0.25 after one stop it is that of entry 2
        let mut picture = grey(0.25);
        apply(&table([1, 1, 4], |k, _| 1.0 + k as f32), 1.0, &mut picture);
        assert!(picture.planes.iter().all(|p| p.data().iter().all(|v| (v - 0.75).abs() < 1e-5)));
        // beyond white the last gain holds
        let mut picture = grey(3.0);
        apply(&table([1, 1, 4], |k, _| 1.0 + k as f32), 0.0, &mut picture);
        assert!((picture.get(3, 2)[1] - 12.0).abs() < 1e-4);
    }

    #[test]
    fn gamma_bends_the_input() {
        let mut map = table([1, 1, 4], |k, _| 1.0 + k as f32);
        map.gamma = 0.5;
        let mut picture = grey(0.25);
        apply(&map, 0.0, &mut picture);
        assert!((picture.get(0, 0)[0] - 0.75).abs() < 1e-5);
    }

    #[test]
    fn gain_follows_the_place() {
        // two nodes across at 0 and 1 with gains 1 and 2; outside of the grid values repeat
        let mut picture = grey(1.0);
        apply(&table([2, 1, 1], |_, node| 1.0 + node as f32), 0.0, &mut picture);
        for x in 0..8 {
            assert!((picture.get(x, 1)[0] - (1.0 + (x as f32 + 0.5) / 8.0)).abs() < 1e-5, "{x}");
        }
        let mut map = table([2, 1, 1], |_, node| 1.0 + node as f32);
        (map.origin, map.spacing) = ([0.5, 0.0], [0.25, 1.0]);
        let mut picture = grey(1.0);
        apply(&map, 0.0, &mut picture);
        assert!((picture.get(0, 0)[0] - 1.0).abs() < 1e-6 && (picture.get(7, 0)[0] - 2.0).abs() < 1e-6);
    }

    #[test]
    fn tables_that_do_not_fit_are_left_out() {
        let mut map = table([2, 2, 3], |_, _| 9.0);
        map.size = [3, 2, 3];
        let mut picture = grey(0.5);
        apply(&map, 0.0, &mut picture);
        assert_eq!(picture.get(0, 0), [0.5; 3]);
    }
}
