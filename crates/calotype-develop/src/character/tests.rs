use super::*;
use calotype_image::Plane;

/// An ideal lens: even discs of a diameter per dioptre, halved along the radius in the corner if it is a cat's eye.
struct Ideal {
    disc_px: f64,
    cat: bool,
}

impl PointImages for Ideal {
    fn arrivals(&self, _: usize, radius: f64, dioptres: f64, out: &mut Vec<Arrival>) {
        let r = 0.5 * self.disc_px * dioptres;
        let squeeze = if self.cat { 1.0 - 0.5 * radius } else { 1.0 };
        let n = 61;
        for i in 0..n * n {
            let at = |k: i32| f64::from(2 * k + 1 - n) / f64::from(n);
            let (x, y) = (at(i % n), at(i / n));
            if x.hypot(y) < 1.0 {
                out.push(Arrival { radial_px: (r * squeeze * x) as f32, tangential_px: (r * y) as f32, share: 1.0 });
            }
        }
        let share = 1.0 / out.len() as f32;
        out.iter_mut().for_each(|a| a.share = share);
    }

    fn illumination(&self, _: usize, _: f64) -> f64 {
        1.0
    }

    fn disc_px(&self) -> f64 {
        self.disc_px
    }
}

fn draw(images: &Ideal, plane: &Plane<f32>, dioptres: &Plane<f32>) -> Plane<f32> {
    let (w, h) = (plane.width() as f64, plane.height() as f64);
    let character = Character { images, axis: [0.5 * w, 0.5 * h], corner_px: 0.5 * w.hypot(h) };
    let picture = SceneRgb::from_planes([plane.clone(), plane.clone(), plane.clone()]);
    let [_, green, _] = character.apply(picture, Some(dioptres)).planes;
    green
}

fn sum(p: &Plane<f32>) -> f64 {
    p.rows().flatten().map(|v| f64::from(*v)).sum()
}

#[test]
fn light_is_kept() {
    // discs that differ from cell to cell, much more so in this small picture than in a large one, are evened out at borders
    for (cat, tolerance) in [(false, 1e-3), (true, 0.03)] {
        let images = Ideal { disc_px: 100.0, cat };
        for d in [0.0f32, 0.05, 0.15, -0.3, -0.7] {
            let depth = Plane::from_fn(400, 300, |_, _| d);
            let mut points = Plane::<f32>::new(400, 300);
            for (x, y) in [(200, 150), (128, 130), (255, 170), (127, 128)] {
                points.row_mut(y)[x] = 50.0;
            }
            let out = draw(&images, &points, &depth);
            assert!((sum(&out) / 200.0 - 1.0).abs() < tolerance, "{cat} {d}: {}", sum(&out));
            let grey = draw(&images, &Plane::from_fn(400, 300, |_, _| 0.18), &depth);
            let worst = grey.rows().flatten().map(|v| (v / 0.18 - 1.0).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "{cat} {d}: {worst}");
        }
    }
}

#[test]
fn a_cat_s_eye_points_at_the_axis() {
    let images = Ideal { disc_px: 100.0, cat: true };
    let mut points = Plane::<f32>::new(512, 384);
    points.row_mut(60)[70] = 1e4;
    let out = draw(&images, &points, &Plane::from_fn(512, 384, |_, _| -0.4));
    let (dx, dy) = (70.5 - 256.0, 60.5 - 192.0);
    let (ux, uy) = (dx / f64::hypot(dx, dy), dy / f64::hypot(dx, dy));
    let (mut along, mut across, mut total) = (0.0, 0.0, 0.0);
    for y in 0..384 {
        for x in 0..512 {
            let (x0, y0, v) = (x as f64 - 70.0, y as f64 - 60.0, f64::from(out.get(x, y)));
            along += v * (x0 * ux + y0 * uy).powi(2);
            across += v * (x0 * uy - y0 * ux).powi(2);
            total += v;
        }
    }
    let radius = f64::hypot(dx, dy) / 320.0;
    let ratio = (along / across).sqrt();
    assert!((ratio - (1.0 - 0.5 * radius)).abs() < 0.05, "{ratio} {radius}");
    // the root mean square across a disc of 40 pixels is a quarter of it
    assert!(((across / total).sqrt() / 10.0 - 1.0).abs() < 0.04, "{}", (across / total).sqrt());
}

#[test]
fn what_is_in_focus_stays_sharp_and_dry_before_what_is_not() {
    let images = Ideal { disc_px: 80.0, cat: false };
    let (w, h) = (320, 256);
    let near = |x: usize, y: usize| (100..220).contains(&x) && (80..200).contains(&y);
    for bright in [20.0f32, 0.0] {
        let plane = Plane::from_fn(w, h, |x, y| if near(x, y) { bright } else { 1.0 });
        let depth = Plane::from_fn(w, h, |x, y| if near(x, y) { 0.0 } else { -0.4 });
        let out = draw(&images, &plane, &depth);
        let worst = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).fold(0f32, |m, (x, y)| {
            let expected = if near(x, y) { bright } else { 1.0 };
            m.max((out.get(x, y) - expected).abs())
        });
        assert!(worst < 0.01 * bright.max(1.0), "{bright}: {worst}");
    }
}

#[test]
fn what_is_near_and_blurred_spreads_over_what_is_behind_it() {
    let images = Ideal { disc_px: 80.0, cat: false };
    let (w, h) = (320, 256);
    let plane = Plane::from_fn(w, h, |x, _| if x < 160 { 3.0 } else { 1.0 });
    let depth = Plane::from_fn(w, h, |x, _| if x < 160 { 0.4 } else { 0.0 });
    let out = draw(&images, &plane, &depth);
    // a straight edge seen through a disc of 32 pixels: half at the edge, nothing beyond 16 pixels
    let at = |x: usize| out.get(x, 128);
    assert!((at(180) - 1.0).abs() < 0.01 && (at(139) - 3.0).abs() < 0.02, "{} {}", at(180), at(139));
    let share = |t: f64| 0.5 - (t * (1.0 - t * t).sqrt() + t.asin()) / std::f64::consts::PI;
    for x in [146, 152, 159, 160, 166, 172] {
        let expected = 1.0 + 2.0 * share((x as f64 + 0.5 - 160.0) / 16.0);
        assert!((f64::from(at(x)) - expected).abs() < 0.08, "{x}: {} {expected}", at(x));
    }
}

#[test]
fn a_slanted_floor_stays_even_and_its_lights_whole() {
    let images = Ideal { disc_px: 120.0, cat: false };
    let (w, h) = (384, 384);
    let depth = Plane::from_fn(w, h, |_, y| -0.1 - 0.4 * y as f32 / 384.0);
    let mut plane = Plane::from_fn(w, h, |_, _| 0.2f32);
    let even = draw(&images, &plane, &depth);
    let worst = even.rows().flatten().map(|v| (v / 0.2 - 1.0).abs()).fold(0.0, f32::max);
    assert!(worst < 0.01, "{worst}");
    plane.row_mut(192)[192] = 500.0;
    let lit = draw(&images, &plane, &depth);
    assert!(((sum(&lit) - sum(&even)) / 499.8 - 1.0).abs() < 0.1, "{}", sum(&lit) - sum(&even));
}

#[test]
fn odd_sizes_and_wrong_maps_do_no_harm() {
    let images = Ideal { disc_px: 50.0, cat: true };
    for (w, h) in [(1, 1), (3, 2), (129, 1), (130, 257)] {
        let plane = Plane::from_fn(w, h, |_, _| 0.5f32);
        for (dw, dh) in [(w, h), (w + 1, h)] {
            let out = draw(&images, &plane, &Plane::from_fn(dw, dh, |x, y| ((x + y) % 7) as f32 * 0.2 - 0.6));
            let worst = out.rows().flatten().map(|v| (v - 0.5).abs()).fold(0f32, f32::max);
            assert!(worst < 1e-3, "{w}x{h}: {worst}");
        }
    }
}
