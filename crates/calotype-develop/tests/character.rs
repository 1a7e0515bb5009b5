//! Character against brute force: a layered scene seen through many rays of the traced lens, each stopped by the first
//! layer that it meets.

use calotype_develop::{Arrival, Character, PointImages};
use calotype_image::{Plane, SceneRgb};
use calotype_optics::built_in_lens;
use calotype_optics::camera::{Bands, Discs, View};

const WIDTH: usize = 640;
const HEIGHT: usize = 480;
/// Pixels to a unit of the scene, which is 240 wide.
const UNIT: f64 = WIDTH as f64 / 240.0;
const FOCUS_M: f64 = 2.0;

/// A traced lens before a small picture.
struct Traced {
    discs: Discs,
    focal_px: f64,
    disc_px: f64,
}

impl Traced {
    fn new(name: &str, strength: f64) -> Self {
        // 85 mm on 35 mm film
        let (slope, focal_mm) = (21.633 / 85.0, 85.0);
        let view = View { corner_slope: slope, focal_mm, focus_m: FOCUS_M, range_m: [1.2, 12.0] };
        let lens = built_in_lens(name).unwrap().unwrap();
        let discs = Discs::trace(&lens, &view, &Bands::default()).unwrap();
        let focal_px = strength * corner() / slope;
        let disc_px = 1e-3 * focal_mm / discs.f_number() * focal_px;
        Self { discs, focal_px, disc_px }
    }
}

fn corner() -> f64 {
    0.5 * (WIDTH as f64).hypot(HEIGHT as f64)
}

impl PointImages for Traced {
    fn arrivals(&self, plane: usize, radius: f64, dioptres: f64, out: &mut Vec<Arrival>) {
        let px = self.focal_px as f32;
        out.extend(self.discs.arrivals(plane, radius, dioptres).map(|a| Arrival {
            radial_px: px * a.radial,
            tangential_px: px * a.tangential,
            share: a.share,
        }));
    }

    fn illumination(&self, _: usize, _: f64) -> f64 {
        1.0
    }

    fn disc_px(&self) -> f64 {
        self.disc_px
    }
}

/// A layer: how far, where it is, and what it looks like, beyond the picture and behind other layers too.
struct Layer {
    distance_m: f64,
    covers: fn(f64, f64) -> bool,
    light: fn(f64, f64) -> f64,
}

fn waves(x: f64, y: f64, period: f64) -> f64 {
    let k = std::f64::consts::TAU / period;
    1.0 + 0.6 * (k * x).sin() * (k * y + 0.4 * k * x).cos()
}

/// Far wall, a post in focus, a leaf in front; far to near.
fn scene() -> [Layer; 4] {
    [
        Layer { distance_m: 10.0, covers: |_, _| true, light: |x, y| 0.3 * waves(x, y, 37.0) + spots(x, y) },
        Layer { distance_m: 4.0, covers: |x, y| x + 0.3 * y > 215.0, light: |x, y| 0.15 * waves(x, y, 29.0) },
        Layer {
            distance_m: FOCUS_M,
            covers: |x, y| (90.0..150.0).contains(&x) && y > 40.0,
            light: |x, y| 0.5 * waves(x, y, 11.0),
        },
        Layer {
            distance_m: 1.3,
            covers: |x, y| (x - 40.0).hypot(y - 150.0) < 38.0,
            light: |x, y| 0.25 * waves(x, y, 31.0),
        },
    ]
}

/// Lights of the far wall: discs of three pixels.
fn spots(x: f64, y: f64) -> f64 {
    let lights = [(30.0, 30.0), (190.0, 50.0), (70.0, 70.0), (220.0, 20.0)];
    lights.iter().filter(|l| (x - l.0).hypot(y - l.1) < 1.6).count() as f64 * 12.0
}

/// The picture that a pinhole makes, and dioptres.
fn pinhole() -> (Plane<f32>, Plane<f32>) {
    let scene = scene();
    let front = |x: usize, y: usize| {
        let (x, y) = ((x as f64 + 0.5) / UNIT, (y as f64 + 0.5) / UNIT);
        scene.iter().rev().find(|l| (l.covers)(x, y)).map(|l| ((l.light)(x, y), 1.0 / l.distance_m - 1.0 / FOCUS_M))
    };
    let of = |f: fn((f64, f64)) -> f64| Plane::from_fn(WIDTH, HEIGHT, |x, y| front(x, y).map_or(0.0, |v| f(v) as f32));
    (of(|v| v.0), of(|v| v.1))
}

/// Of the picture's pixels every eighth is looked at in each direction, and of a point's rays every seventh: some thousands.
const PIXELS: usize = 8;
const RAYS: usize = 7;

/// Rays of every pixel that is looked at, followed to the first layer they meet.
fn brute_force(lens: &Traced, channel: usize) -> Plane<f32> {
    let scene = scene();
    Plane::from_fn(WIDTH / PIXELS, HEIGHT / PIXELS, |x, y| {
        let place = |v: usize| (v * PIXELS + 1) as f64 + 0.5;
        let (px, py) = (place(x), place(y));
        let (dx, dy) = (px - 0.5 * WIDTH as f64, py - 0.5 * HEIGHT as f64);
        let (sin, cos) = dy.atan2(dx).sin_cos();
        let places = |layer: &Layer| {
            let mut list = Vec::new();
            lens.arrivals(channel, dx.hypot(dy) / corner(), 1.0 / layer.distance_m - 1.0 / FOCUS_M, &mut list);
            list
        };
        let all: Vec<Vec<Arrival>> = scene.iter().map(places).collect();
        let (mut sum, mut shares) = (0.0, 0.0);
        for i in (0..all[0].len()).step_by(RAYS) {
            // a point that is at q without a lens arrives at q + a
            let met = scene.iter().zip(&all).rev().find_map(|(layer, list)| {
                let (r, t) = (f64::from(list[i].radial_px), f64::from(list[i].tangential_px));
                let (qx, qy) = (px - (r * cos - t * sin), py - (r * sin + t * cos));
                let (u, v) = (qx / UNIT, qy / UNIT);
                (layer.covers)(u, v).then(|| (layer.light)(u, v))
            });
            let share = f64::from(all[0][i].share);
            sum += share * met.unwrap_or(0.0);
            shares += share;
        }
        (sum / shares) as f32
    })
}

/// PSNR in dB of two pictures seen in sRGB's curve, 1 white.
fn psnr(a: &Plane<f32>, b: &Plane<f32>) -> f64 {
    let seen = |v: &f32| f64::from(*v).clamp(0.0, 1.0).powf(1.0 / 2.2);
    let squares = a.rows().flatten().zip(b.rows().flatten()).map(|(a, b)| (seen(a) - seen(b)).powi(2));
    let (sum, n) = squares.fold((0.0, 0.0), |(sum, n), v| (sum + v, n + 1.0));
    -10.0 * (sum / n).log10()
}

/// The pixels that are looked at.
fn looked_at(plane: &Plane<f32>) -> Plane<f32> {
    Plane::from_fn(WIDTH / PIXELS, HEIGHT / PIXELS, |x, y| plane.get(x * PIXELS + 1, y * PIXELS + 1))
}

fn drawn(lens: &Traced, channel: usize) -> Plane<f32> {
    let (plane, dioptres) = pinhole();
    let picture = SceneRgb::from_planes([plane.clone(), plane.clone(), plane]);
    let axis = [0.5 * WIDTH as f64, 0.5 * HEIGHT as f64];
    let character = Character { images: lens, axis, corner_px: corner() };
    let [r, g, b] = character.apply(picture, Some(&dioptres)).planes;
    [r, g, b].into_iter().nth(channel).unwrap()
}

#[test]
fn blur_is_that_of_brute_force() {
    let sharp = looked_at(&pinhole().0);
    for (name, strength) in [("swirl-f1.4", 1.0), ("bubble-f2.7", 1.5), ("petzval-f1.9", 1.0)] {
        let lens = Traced::new(name, strength);
        let truth = brute_force(&lens, 1);
        let ours = looked_at(&drawn(&lens, 1));
        let (before, after) = (psnr(&sharp, &truth), psnr(&ours, &truth));
        // 38.2, 42.4 and 40.9 dB; 27.2 to 27.7 without character
        assert!(after > 35.0 && before < 30.0, "{name}: {after} dB (sharp: {before} dB)");
    }
}

#[test]
fn the_same_bytes_come_out_on_any_number_of_threads() {
    let lens = Traced::new("swirl-f1.4", 1.0);
    let on = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| drawn(&lens, 0)).into_vec()
    };
    assert_eq!(on(1), on(3));
}
