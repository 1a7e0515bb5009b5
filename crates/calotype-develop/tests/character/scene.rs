//! The scene: four layers, some hidden behind others, and what a pinhole sees of it.

use calotype_image::Plane;

pub const WIDTH: usize = 640;
pub const HEIGHT: usize = 480;
/// Pixels to a unit of the scene, which is 240 wide.
const UNIT: f64 = WIDTH as f64 / 240.0;
/// What is sharp.
pub const FOCUS_M: f64 = 2.0;

/// Pixels from the middle to the corner.
pub fn corner() -> f64 {
    0.5 * (WIDTH as f64).hypot(HEIGHT as f64)
}

/// A layer: how far, where it is, and what it looks like, beyond the picture and behind other layers too.
pub struct Layer {
    pub distance_m: f64,
    covers: fn(f64, f64) -> bool,
    light: fn(f64, f64) -> f64,
}

impl Layer {
    /// Its light at a pixel of the pinhole's picture, beyond the borders too; nothing where it is not.
    pub fn at(&self, x: f64, y: f64) -> Option<f64> {
        let (u, v) = (x / UNIT, y / UNIT);
        (self.covers)(u, v).then(|| (self.light)(u, v))
    }
}

fn waves(x: f64, y: f64, period: f64) -> f64 {
    let k = std::f64::consts::TAU / period;
    1.0 + 0.6 * (k * x).sin() * (k * y + 0.4 * k * x).cos()
}

/// Far wall, a post in focus, a leaf in front; far to near.
pub fn scene() -> [Layer; 4] {
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
pub fn pinhole() -> (Plane<f32>, Plane<f32>) {
    let scene = scene();
    let front = |x: usize, y: usize| {
        let (x, y) = (x as f64 + 0.5, y as f64 + 0.5);
        scene.iter().rev().find_map(|l| l.at(x, y).map(|light| (light, 1.0 / l.distance_m - 1.0 / FOCUS_M)))
    };
    let of = |f: fn((f64, f64)) -> f64| Plane::from_fn(WIDTH, HEIGHT, |x, y| front(x, y).map_or(0.0, |v| f(v) as f32));
    (of(|v| v.0), of(|v| v.1))
}
