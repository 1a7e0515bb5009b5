use super::*;

fn grey(w: usize, h: usize, f: impl Fn(usize, usize) -> f32) -> SceneRgb {
    let p = Plane::from_fn(w, h, f);
    SceneRgb::from_planes([p.clone(), p.clone(), p])
}

/// A step blurred by a Gaussian, by its definition as an integral.
fn step(x: f32, sigma: f32) -> f32 {
    let n = 400;
    let t = |i: usize| (i as f32 + 0.5) / n as f32 * 10.0 - 5.0;
    let sum: f32 = (0..n).filter(|&i| t(i) * sigma < x).map(|i| (-0.5 * t(i) * t(i)).exp()).sum();
    sum * (10.0 / n as f32) / (2.0 * std::f32::consts::PI).sqrt()
}

#[test]
fn a_blurred_edge_gets_steeper_without_halo() {
    for (dark, bright) in [(0.02f32, 0.9f32), (0.1, 0.3), (0.5, 0.6)] {
        let mut p = grey(41, 9, |x, y| dark + (bright - dark) * step(x as f32 - 20.0 + 0.1 * y as f32, 0.7));
        let before = p.clone();
        p = Sharpen { sigma: 0.7f32.hypot(NATURAL_SIGMA), amount: 1.0, ..Default::default() }.apply(p);
        let slope = |p: &SceneRgb| (0..40).map(|x| p.get(x + 1, 4)[1] - p.get(x, 4)[1]).fold(0.0, f32::max);
        assert!(slope(&p) > 1.25 * slope(&before), "{dark} to {bright}");
        for x in 0..41 {
            let v = p.get(x, 4)[1];
            let over = 0.07 * (bright - dark);
            assert!(v < bright + over && v > dark * 0.87 - 1e-4, "{v} at {x} of {dark} to {bright}");
        }
    }
}

#[test]
fn a_blurred_wave_regains_its_contrast() {
    let sigma = 0.6f32;
    let f = 0.2f32;
    let blur = (-2.0 * (std::f32::consts::PI * sigma * f).powi(2)).exp();
    let mut p = grey(100, 100, |x, _| 0.3 + 0.1 * blur * (2.0 * std::f32::consts::PI * f * x as f32).cos());
    p = Sharpen { sigma: sigma.hypot(NATURAL_SIGMA), amount: 1.0, ..Default::default() }.apply(p);
    let swing = 0.5 * (p.get(50, 50)[0] - p.get(52, 50)[0]) / (0.5 * (1.0 - (0.8f32 * std::f32::consts::PI).cos()));
    assert!((0.087..0.103).contains(&swing), "amplitude {swing} of 0.1, {} before", 0.1 * blur);
}

#[test]
fn noise_alone_is_left_alone() {
    // a fixed sequence of uniform numbers, summed to something near a normal distribution
    let mut state = 12345u32;
    let mut uniform = || {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    let sigma = 0.01f32;
    let mut plane = Plane::<f32>::new(200, 200);
    for v in plane.data_mut() {
        *v = 0.2 + sigma * (0..12).map(|_| uniform()).sum::<f32>();
    }
    let mut p = SceneRgb::from_planes([plane.clone(), plane.clone(), plane.clone()]);
    p = Sharpen { sigma: 0.8, noise: LuminanceNoise { shot: 0.0, read: sigma * sigma }, ..Default::default() }.apply(p);
    let deviation =
        |p: &Plane<f32>| (p.data().iter().map(|v| (v - 0.2).powi(2)).sum::<f32>() / p.data().len() as f32).sqrt();
    let growth = deviation(&p.planes[1]) / deviation(&plane);
    assert!(growth < 1.03, "noise grew {growth} times");
}

#[test]
fn bands_do_not_show() {
    crate::executor::assert_bands_agree(|_| Sharpen { sigma: 0.8, ..Default::default() }.stage());
}

#[test]
fn sharp_pictures_are_left_nearly_alone() {
    let undone = |sigma| Sharpen { sigma, ..Default::default() }.blur_to_undo();
    assert_eq!(undone(0.4), 0.2);
    assert!((undone(0.64) - 0.4).abs() < 0.01);
    assert_eq!(undone(3.0), 0.7);
}

#[test]
fn zero_amount_and_every_size_are_safe() {
    for (w, h) in [(0, 0), (1, 1), (2, 7), (5, 1), (64, 65)] {
        let mut p = grey(w, h, |x, y| (x * y) as f32 * 0.1 - 0.05);
        let before = p.planes[0].clone();
        p = Sharpen { amount: 0.0, ..Default::default() }.apply(p);
        assert_eq!(p.planes[0], before);
        p = Sharpen::default().apply(p);
        assert!(p.planes[0].data().iter().all(|v| v.is_finite()));
    }
    let mut flat = grey(9, 9, |_, _| 0.3);
    flat = Sharpen { amount: 2.0, ..Default::default() }.apply(flat);
    assert!(flat.planes[2].data().iter().all(|v| (v - 0.3).abs() < 1e-5));
}
