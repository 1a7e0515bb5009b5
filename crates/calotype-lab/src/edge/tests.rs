use super::*;
use crate::filter::gaussian;
use crate::synth::{Random, grey, noisy};
use calotype_image::{Cfa, Plane};

/// Integral of the normal density (Abramowitz and Stegun 7.1.26 is too coarse here; this sums the series).
fn normal_below(x: f64) -> f64 {
    if x.abs() > 7.0 {
        return f64::from(u8::from(x > 0.0));
    }
    let (mut term, mut sum) = (x, x);
    for k in 1..200 {
        term *= x * x / (2.0 * k as f64 + 1.0);
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

/// An edge through the middle, `angle` degrees off the vertical, blurred by a Gaussian of `sigma` pixels.
fn edge(width: usize, height: usize, angle: f64, sigma: f64, shift: f64) -> Plane<f32> {
    let (sin, cos) = angle.to_radians().sin_cos();
    Plane::from_fn(width, height, |x, y| {
        let d = (x as f64 + 0.5 - 0.5 * width as f64 - shift) * cos - (y as f64 + 0.5 - 0.5 * height as f64) * sin;
        (0.1 + 0.6 * normal_below(d / sigma)) as f32
    })
}

fn gaussian_mtf50(sigma: f64) -> f64 {
    (2f64.ln() / 2.0).sqrt() / (std::f64::consts::PI * sigma)
}

#[test]
fn a_gaussian_edge_has_its_response_within_one_percent() {
    for sigma in [0.5, 0.8, 1.2, 2.0, 3.0] {
        for (angle, turn) in [(5.0, false), (-7.0, false), (12.0, true)] {
            let mut plane = edge(160, 160, angle, sigma, 0.3);
            if turn {
                plane = Plane::from_fn(160, 160, |x, y| plane.get(y, x));
            }
            let report = edges(&grey("edge", plane), &EdgeOptions::default()).unwrap();
            let main = report.edges[0].main();
            let (got, want) = (main.mtf.mtf50.unwrap(), gaussian_mtf50(sigma));
            assert!((got / want - 1.0).abs() < 0.01, "sigma {sigma}, {angle} degrees: {got}, not {want}");
            for f in [0.05, 0.1, 0.2, 0.3] {
                let (got, want) = (main.mtf.at(f), (-2.0 * (std::f64::consts::PI * sigma * f).powi(2)).exp());
                assert!((got - want).abs() < 0.01, "sigma {sigma}, {angle} degrees at {f}: {got}, not {want}");
            }
            assert!(main.overshoot < 0.004 && main.undershoot < 0.004, "{} {}", main.overshoot, main.undershoot);
            assert!((report.edges[0].angle_deg.abs() - angle.abs()).abs() < 0.1);
            assert_eq!(report.edges[0].vertical, !turn);
        }
    }
}

#[test]
fn noise_moves_the_answer_little() {
    let picture = grey("edge", edge(200, 200, 6.0, 1.0, 0.0));
    for seed in 0..4 {
        let report = edges(&noisy(&picture, 0.02, seed), &EdgeOptions::default()).unwrap();
        let got = report.edges[0].main().mtf.mtf50.unwrap();
        assert!((got / gaussian_mtf50(1.0) - 1.0).abs() < 0.04, "seed {seed}: {got}");
        let snr = report.edges[0].main().snr;
        // luminance of three equal noisy channels: weights .2126, .7152, .0722
        let want = 0.6 / (0.02 * 0.2126f64.hypot(0.7152).hypot(0.0722));
        assert!((snr / want - 1.0).abs() < 0.15, "{snr} {want}");
    }
}

#[test]
fn sharpening_shows_as_overshoot_and_peak() {
    let plane = edge(160, 160, 5.0, 1.0, 0.0);
    let soft = gaussian(&plane, 1.5);
    let sharp = Plane::from_fn(160, 160, |x, y| plane.get(x, y) + 0.8 * (plane.get(x, y) - soft.get(x, y)));
    let report = edges(&grey("edge", sharp), &EdgeOptions::default()).unwrap();
    let main = report.edges[0].main();
    // the filter's own response: 1 + 0.8 (1 - Gaussian of 1.5)
    let want = |f: f64| {
        let g = |s: f64| (-2.0 * (std::f64::consts::PI * s * f).powi(2)).exp();
        g(1.0) * (1.0 + 0.8 * (1.0 - g(1.5)))
    };
    assert!(main.overshoot > 0.05 && main.mtf.peak > 1.03);
    for f in [0.05, 0.1, 0.2] {
        assert!((main.mtf.at(f) - want(f)).abs() < 0.015, "{f}: {} {}", main.mtf.at(f), want(f));
    }
}

#[test]
fn lateral_colour_is_the_shift_between_channels() {
    let planes = [0.4, 0.0, -0.25].map(|shift| edge(160, 160, 5.0, 1.0, shift));
    let report = edges(&Picture::new("edge", "", planes).unwrap(), &EdgeOptions::default()).unwrap();
    let shift = |c| report.edges[0].channels.iter().find(|x| x.channel == c).unwrap().shift_px;
    assert!((shift(Channel::Red) - shift(Channel::Green) - 0.4).abs() < 0.02);
    assert!((shift(Channel::Blue) - shift(Channel::Green) + 0.25).abs() < 0.02);
}

#[test]
fn raw_edges_are_measured_by_their_own_photosites() {
    let raw = RawPicture {
        name: "raw".into(),
        samples: edge(240, 240, 6.0, 1.1, 0.0),
        cfa: Cfa::GBRG,
        info: crate::synth::info(),
    };
    let report = raw_edges(&raw, &EdgeOptions::default()).unwrap();
    assert_eq!(report.edges[0].channels.len(), 3);
    for c in &report.edges[0].channels {
        let got = c.mtf.mtf50.unwrap();
        assert!((got / gaussian_mtf50(1.1) - 1.0).abs() < 0.015, "{:?}: {got}", c.channel);
    }
}

#[test]
fn what_is_no_edge_is_refused() {
    let flat = grey("flat", Plane::filled(120, 120, 0.4));
    assert!(matches!(edges(&flat, &EdgeOptions::default()), Err(LabError::NotFound { .. })));
    let mut random = Random(4);
    let noise = grey("noise", Plane::from_fn(300, 300, |_, _| random.uniform() as f32));
    assert!(edges(&noise, &EdgeOptions::default()).is_err());
    let upright = grey("upright", edge(160, 160, 0.2, 1.0, 0.0));
    assert!(edges(&upright, &EdgeOptions::default()).is_err(), "an edge along the pixels cannot be measured");
    let beyond = EdgeOptions { regions: vec!["50x50+100+100".parse().unwrap()], ..Default::default() };
    assert!(matches!(edges(&flat, &beyond), Err(LabError::Outside { .. })));
    assert!(edges(&grey("tiny", Plane::filled(1, 1, 0.4)), &EdgeOptions::default()).is_err());
}
