use super::*;
use crate::stats::homography;
use crate::synth::noisy;

/// A chart drawn through a projective map, with its patches `scale` times too bright, white balance off by `gains`.
pub(crate) fn draw(size: (usize, usize), corners: [[f64; 2]; 4], gains: [f32; 3]) -> Picture {
    let grid = [[-0.5, -0.5], [5.5, -0.5], [5.5, 3.5], [-0.5, 3.5]];
    let back = homography(&corners, &grid).unwrap();
    let colors = ChartReference::Since2014.linear();
    let value = |x: usize, y: usize, c: usize| {
        // four samples a pixel are enough for soft borders
        let mut sum = 0.0;
        for s in 0..4 {
            let [i, j] =
                project(&back, [x as f64 + 0.25 + 0.5 * f64::from(s & 1), y as f64 + 0.25 + 0.5 * f64::from(s >> 1)]);
            let inside = (-0.5..5.5).contains(&i) && (-0.5..3.5).contains(&j);
            let (ri, rj) = (i.round(), j.round());
            sum += match (inside, (i - ri).abs() < 0.42 && (j - rj).abs() < 0.42) {
                (true, true) => colors[(rj * 6.0 + ri) as usize][c],
                (true, false) => 0.01,
                _ => 0.25 + 0.1 * (x as f64 * 0.4).sin() * (y as f64 * 0.33).cos(),
            };
        }
        (0.25 * sum) as f32 * gains[c]
    };
    let planes = [0, 1, 2].map(|c| Plane::from_fn(size.0, size.1, |x, y| value(x, y, c)));
    Picture::new("chart", "linear", planes).unwrap()
}

#[test]
fn a_chart_is_found_however_it_is_turned() {
    let straight = [[60.0, 50.0], [420.0, 70.0], [410.0, 310.0], [50.0, 290.0]];
    for turn in 0..4 {
        let corners = [0, 1, 2, 3].map(|i| straight[(i + turn) % 4]);
        let corners =
            if turn % 2 == 1 { [[60.0, 420.0], [70.0, 60.0], [310.0, 50.0], [290.0, 410.0]] } else { corners };
        let picture = noisy(&draw((480, 480), corners, [0.5, 1.0, 0.7]), 0.004, 3);
        let chart = find_chart(&picture).unwrap_or_else(|e| panic!("turn {turn}: {e}"));
        let grid = [[-0.5, -0.5], [5.5, -0.5], [5.5, 3.5], [-0.5, 3.5]];
        let map = homography(&grid, &corners).unwrap();
        for (k, c) in chart.centers.iter().enumerate() {
            let want = project(&map, [(k % 6) as f64, (k / 6) as f64]);
            let off = (c[0] - want[0]).hypot(c[1] - want[1]);
            assert!(off < 3.0, "turn {turn}, patch {k}: {c:?}, not {want:?}");
        }
    }
}

#[test]
fn a_cut_or_missing_chart_is_refused() {
    let picture = draw((480, 360), [[60.0, 50.0], [420.0, 70.0], [410.0, 310.0], [50.0, 290.0]], [1.0; 3]);
    let cut = picture.crop("300x360+0+0".parse().unwrap()).unwrap();
    assert!(matches!(find_chart(&cut), Err(LabError::NotFound { .. })));
    let other = crate::synth::texture(300, 300, 1);
    assert!(find_chart(&other).is_err());
    assert!(find_chart(&crate::synth::grey("small", Plane::filled(20, 20, 0.5))).is_err());
    // a lattice of flat patches that are all grey is no colour chart
    let grey = Plane::from_fn(480, 360, |x, y| {
        if x % 60 < 45 && y % 60 < 45 { 0.2 + 0.05 * ((x / 60 + 3 * (y / 60)) % 7) as f32 } else { 0.02 }
    });
    assert!(find_chart(&crate::synth::grey("lattice", grey)).is_err());
}

#[test]
fn reference_colours_are_where_they_should_be() {
    for reference in [ChartReference::Since2014, ChartReference::Until2014] {
        for (lab, linear) in reference.lab_d50().iter().zip(reference.linear()) {
            let back = reference::to_lab_d50(linear);
            assert!(lab.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }
}
