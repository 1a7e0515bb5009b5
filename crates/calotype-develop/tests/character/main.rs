//! Character against brute force: a layered scene through a prescription, once as `develop` draws it, once ray by ray.

mod scene;
mod truth;

use calotype_develop::{Arrival, Character, PointImages};
use calotype_image::{Plane, SceneRgb};
use calotype_optics::built_in_lens;
use calotype_optics::camera::{Bands, Discs, View};
use scene::{FOCUS_M, HEIGHT, WIDTH, corner, pinhole};
use truth::Camera;

/// Every so many pixels are looked at in each direction, from this one on.
const STEP: usize = 10;
const FIRST: usize = 3;

/// A lens as `develop` knows it.
struct Traced {
    discs: Discs,
    focal_px: f64,
    disc_px: f64,
}

impl Traced {
    /// In front of a picture with this tangent of the field angle in its corner.
    fn new(name: &str, focal_mm: f64, corner_slope: f64) -> Self {
        let view = View { corner_slope, focal_mm, focus_m: FOCUS_M, range_m: [1.2, 12.0] };
        let lens = built_in_lens(name).unwrap().unwrap();
        let discs = Discs::trace(&lens, &view, &Bands::default()).unwrap();
        let focal_px = corner() * focal_mm / 21.633;
        let disc_px = 1e-3 * focal_mm / discs.f_number() * focal_px;
        Self { discs, focal_px, disc_px }
    }
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

    fn illumination(&self, plane: usize, radius: f64) -> f64 {
        self.discs.illumination(plane, radius)
    }

    fn disc_px(&self) -> f64 {
        self.disc_px
    }
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
    Plane::from_fn(WIDTH.div_ceil(STEP), HEIGHT.div_ceil(STEP), |x, y| plane.get(x * STEP + FIRST, y * STEP + FIRST))
}

fn drawn(lens: &Traced, channel: usize) -> Plane<f32> {
    let (plane, dioptres) = pinhole();
    let picture = SceneRgb::from_planes([plane.clone(), plane.clone(), plane]);
    let axis = [0.5 * WIDTH as f64, 0.5 * HEIGHT as f64];
    let character = Character { images: lens, axis, corner_px: corner() };
    let [r, g, b] = character.apply(picture, Some(&dioptres)).planes;
    [r, g, b].into_iter().nth(channel).unwrap()
}

/// The sharp picture with the lens's falloff alone.
fn shaded(lens: &Traced) -> Plane<f32> {
    let sharp = pinhole().0;
    Plane::from_fn(WIDTH, HEIGHT, |x, y| {
        let off = |v: usize, size: usize| v as f64 + 0.5 - 0.5 * size as f64;
        sharp.get(x, y) * lens.discs.illumination(1, off(x, WIDTH).hypot(off(y, HEIGHT)) / corner()) as f32
    })
}

#[test]
#[allow(clippy::print_stdout)] // the table of docs/explanation/character.md
fn blur_is_that_of_rays_through_the_prescription() {
    for (name, focal_mm) in [("swirl-f1.4", 85.0), ("bubble-f2.7", 135.0), ("petzval-f1.9", 105.0)] {
        let camera = Camera::new(&built_in_lens(name).unwrap().unwrap(), focal_mm);
        let lens = Traced::new(name, focal_mm, camera.corner_slope);
        let truth = camera.photograph(FIRST, STEP);
        let (before, after) = (psnr(&looked_at(&shaded(&lens)), &truth), psnr(&looked_at(&drawn(&lens, 1)), &truth));
        println!("{name} {focal_mm} mm: {after:.1} dB, falloff alone {before:.1} dB");
        // 40.6, 39.9 and 39.7 dB; 25.6 to 27.2 with falloff alone
        assert!(after > 38.0 && before < 30.0, "{name}: {after} dB (falloff alone: {before} dB)");
    }
}

#[test]
fn the_same_bytes_come_out_on_any_number_of_threads() {
    let lens = Traced::new("swirl-f1.4", 85.0, 21.633 / 85.0);
    let on = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| drawn(&lens, 0)).into_vec()
    };
    assert_eq!(on(1), on(3));
}
