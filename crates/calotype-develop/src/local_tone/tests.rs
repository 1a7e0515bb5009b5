use super::*;

fn grey(w: usize, h: usize, f: impl Fn(usize, usize) -> f32) -> SceneRgb {
    let p = Plane::from_fn(w, h, f);
    SceneRgb::from_planes([p.clone(), p.clone(), p])
}

/// Lightness of a scene value as a plain look shows it: log-logistic tone with slope 1.08 at mid grey, white at 1.
fn lstar(scene: f32) -> f32 {
    let (grey, slope, q) = (0.18f32, 1.08f32, 2.5f32);
    let power = slope / (q * (1.0 - grey.powf(1.0 / q)));
    let y = (1.0 + (grey.powf(-1.0 / q) - 1.0) * (scene / grey).powf(-power)).powf(-q);
    if y > 0.008856 { 116.0 * y.cbrt() - 16.0 } else { 903.3 * y }
}

/// A step of several stops gets no halo: on either side of the edge lightness keeps within 2 L* of its plateau.
#[test]
fn a_step_gets_no_halo() {
    for (dark, bright) in [(0.005f32, 0.9f32), (0.002, 2.0), (0.02, 0.5), (0.01, 4.0)] {
        for angle in [0.0f32, 0.4] {
            let (w, h) = (800, 600);
            let mut p = grey(w, h, |x, y| if x as f32 + angle * (y as f32) < 400.5 { dark } else { bright });
            let map = LocalTone::plan(
                &shrink(&p, LocalTone::PROXY_PIXELS),
                1.0,
                &LocalToneParams { strength: 1.0, shortfall_ev: 0.5, ..Default::default() },
            );
            map.apply(&mut p);
            let row: Vec<f32> = p.planes[1].row(300).iter().map(|&v| lstar(v)).collect();
            let edge = (400.5 - angle * 300.0) as usize;
            let spread = |part: &[f32]| {
                let (a, b) = part.iter().fold((f32::MAX, f32::MIN), |(a, b), &v| (a.min(v), b.max(v)));
                b - a
            };
            let (left, right) = (spread(&row[20..edge]), spread(&row[edge + 1..780]));
            assert!(left < 2.0 && right < 2.0, "{dark} {bright} at {angle}: {left} and {right} L*");
            assert!(row[20] > lstar(dark) - 0.5, "the dark side is not darkened");
        }
    }
}

#[test]
fn rows_agree_with_the_definition() {
    for (w, h) in [(1, 1), (5, 3), (61, 47), (200, 131)] {
        let p = SceneRgb::from_planes([0, 1, 2].map(|c| {
            Plane::from_fn(w, h, |x, y| ((x * 7 + y * 13 + c * 5) % 29) as f32 * 0.004 * (1.0 + (x / 40) as f32 * 20.0))
        }));
        for contrast in [LocalContrast::default(), LocalContrast { fine: 0.1, medium: 0.2, coarse: -0.1 }] {
            let params = LocalToneParams { strength: 1.0, shortfall_ev: 0.8, contrast, ..Default::default() };
            let map = LocalTone::plan(&p, 1.5, &params);
            let mut out = p.clone();
            map.apply(&mut out);
            for (x, y) in [(0, 0), (w / 2, h / 2), (w - 1, h - 1), (w / 3, h - 1)] {
                let rgb = p.get(x, y);
                let expected = rgb.map(|v| v * 1.5 * map.change_ev(x, y, w, h, rgb).exp2());
                let got = out.get(x, y);
                for c in 0..3 {
                    assert!((got[c] - expected[c]).abs() <= 1e-4 * expected[c].abs(), "{got:?} {expected:?}");
                }
            }
        }
    }
}

#[test]
fn strength_zero_is_exposure_alone() {
    let p = grey(33, 21, |x, y| 0.01 * (x * y) as f32);
    let map = LocalTone::plan(&p, 2.0, &LocalToneParams { strength: 0.0, ..Default::default() });
    let mut out = p.clone();
    map.apply(&mut out);
    assert!(out.planes[0].data().iter().zip(p.planes[0].data()).all(|(a, b)| *a == 2.0 * b));
}

#[test]
fn a_scene_of_small_range_is_left_alone() {
    let p = grey(120, 90, |x, y| 0.18 * (((x * 3 + y * 5) % 40) as f32 / 10.0 - 2.0).exp2());
    let map = LocalTone::plan(&p, 1.0, &LocalToneParams { strength: 1.0, ..Default::default() });
    let mut out = p.clone();
    map.apply(&mut out);
    assert!(out.planes[0].data().iter().zip(p.planes[0].data()).all(|(a, b)| (a / b - 1.0).abs() < 0.03));
}

#[test]
fn brighter_stays_brighter() {
    let p = grey(256, 64, |x, _| (x as f32 / 16.0 - 11.0).exp2());
    let map = LocalTone::plan(&p, 1.0, &LocalToneParams { strength: 1.0, shortfall_ev: 1.4, ..Default::default() });
    let at = |v: f32| v * map.change_ev(128, 32, 256, 64, [v; 3]).exp2();
    let mut last = 0.0;
    for i in 0..200 {
        let out = at((i as f32 / 12.5 - 11.0).exp2());
        assert!(out > last);
        last = out;
    }
}

#[test]
fn odd_sizes_and_nothing() {
    for (w, h) in [(0, 0), (1, 1), (1, 7), (3, 2), (17, 1)] {
        let mut p = grey(w, h, |x, y| 0.001 + (x + y) as f32);
        LocalTone::plan(&p, 1.0, &LocalToneParams::default()).apply(&mut p);
        assert!(p.planes[0].data().iter().all(|v| v.is_finite()));
    }
}

#[test]
fn pixels_without_meaning_stay_finite_around() {
    let mut p = grey(40, 30, |x, _| if x == 3 { f32::NAN } else { -0.01 + 0.01 * x as f32 });
    LocalTone::plan(&p, 1.0, &LocalToneParams { strength: 1.0, ..Default::default() }).apply(&mut p);
    assert!(p.planes[0].row(7)[4..].iter().all(|v| v.is_finite()));
}

#[test]
fn local_contrast_raises_texture_and_spares_edges() {
    let p = grey(300, 240, |x, y| {
        let texture = 0.2 * ((x as f32 * 0.9).sin() + (y as f32 * 0.9).sin());
        0.18 * (texture + if x < 150 { -3.0 } else { 2.0 }).exp2()
    });
    let contrast = LocalContrast { medium: 0.3, ..Default::default() };
    let map = LocalTone::plan(&p, 1.0, &LocalToneParams { strength: 0.0, contrast, ..Default::default() });
    let mut out = p.clone();
    map.apply(&mut out);
    let deviation = |p: &SceneRgb| {
        let row: Vec<f32> = p.planes[1].row(120)[30..120].iter().map(|v| v.log2()).collect();
        let mean = row.iter().sum::<f32>() / row.len() as f32;
        (row.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / row.len() as f32).sqrt()
    };
    let gain = deviation(&out) / deviation(&p);
    assert!((1.15..1.35).contains(&gain), "contrast times {gain}");
    let most = (0..300).map(|x| (out.get(x, 9)[0] / p.get(x, 9)[0]).log2().abs()).fold(0.0, f32::max);
    assert!(most < 0.16);
}
