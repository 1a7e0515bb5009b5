//! A lake between mountains before sunset: a picture to begin with.

use super::noise::{floor, fractal, hash, noise};
use super::paint::{inside, mix3, smooth, sub_seed, times};
use crate::scene::{Dab, Layer, Motion, Scene, Setting, Studio};

type Rgb = [f32; 3];

const SKYLINE: f32 = 0.565;
const SHORE: f32 = 0.84;

/// One ridge: how high it stands, how rough it is, its colour, and how much haze lies before it.
struct Ridge {
    base: f32,
    height: f32,
    scale: f32,
    color: Rgb,
    haze: f32,
    trees: f32,
}

const RIDGES: [Ridge; 4] = [
    Ridge { base: 0.50, height: 0.27, scale: 1.7, color: [0.16, 0.17, 0.22], haze: 0.72, trees: 0.0 },
    Ridge { base: 0.53, height: 0.17, scale: 2.6, color: [0.10, 0.12, 0.14], haze: 0.50, trees: 0.0 },
    Ridge { base: 0.56, height: 0.11, scale: 3.6, color: [0.055, 0.075, 0.06], haze: 0.28, trees: 0.010 },
    Ridge { base: 0.575, height: 0.065, scale: 5.0, color: [0.035, 0.05, 0.025], haze: 0.10, trees: 0.022 },
];

struct Land {
    seed: u32,
    sun: (f32, f32),
}

impl Land {
    fn sky(&self, u: f32, v: f32, d: f32) -> Rgb {
        let t = (v / SKYLINE).clamp(0.0, 1.3);
        let mut c = mix3([0.10, 0.24, 0.62], [0.95, 0.66, 0.42], smooth(0.0, 1.05, t).powf(1.35));
        let r = (u - self.sun.0).hypot(v - self.sun.1);
        let glow = 0.9 * (-r / 0.10).exp() + 0.55 * (-r / 0.33).exp();
        c = mix3(c, [2.6, 1.55, 0.75], glow.min(0.92));
        // high clouds, lit from below
        let cloud = fractal(self.seed, u * 2.2 + 7.0, v * 9.0 + 0.4 * u, 6, d * 9.0);
        let cover = smooth(0.50, 0.74, cloud) * smooth(1.02, 0.55, t) * 0.85;
        let lit = mix3([0.75, 0.48, 0.46], [2.1, 1.25, 0.70], (-r / 0.35).exp());
        c = mix3(c, lit, cover);
        // the sun itself: as bright as two hundred sunlit walls
        let disc = inside(0.0145 - r, d.max(0.002));
        mix3(c, [240.0, 170.0, 95.0], disc)
    }

    fn ridge(&self, i: usize, u: f32) -> f32 {
        let r = &RIDGES[i];
        let s = self.seed + 31 * i as u32;
        let big = fractal(s, u * r.scale + 3.0 * i as f32, 0.5, 6, 0.002);
        let mut y = r.base - r.height * (1.6 * (big - 0.28)).max(0.0);
        if r.trees > 0.0 {
            // firs: narrow cones of different heights
            let n = 150.0;
            let k = floor(u * n);
            let tip = (0..3)
                .map(|o| {
                    let j = k + o - 1;
                    let at = (j as f32 + 0.2 + 0.6 * hash(s, j, 1)) / n;
                    let high = 0.35 + 0.65 * hash(s, j, 2);
                    high * (1.0 - ((u - at).abs() * n / 0.75)).max(0.0)
                })
                .fold(0.0, f32::max);
            y -= r.trees * tip;
        }
        y
    }

    /// Everything above the water.
    fn above(&self, u: f32, v: f32, d: f32) -> Rgb {
        let mut c = self.sky(u, v, d);
        for (i, r) in RIDGES.iter().enumerate() {
            let y = self.ridge(i, u);
            let cover = inside(v - y, d);
            if cover == 0.0 {
                continue;
            }
            let s = self.seed + 97 + i as u32;
            let rough = fractal(s, u * 40.0, v * 55.0, 5, d * 55.0);
            // slopes that face the sun are warm
            let slope = (self.ridge(i, u + 0.012) - self.ridge(i, u - 0.012)) / 0.024;
            let facing = (0.5 + 0.9 * slope * (self.sun.0 - u).signum()).clamp(0.0, 1.0);
            let body = times(mix3(r.color, [0.42, 0.25, 0.13], 0.35 * facing), 0.55 + 0.9 * rough);
            let near_sun = (-(u - self.sun.0).abs() / 0.35).exp();
            let air = mix3([0.42, 0.40, 0.50], [1.5, 0.88, 0.50], near_sun);
            // haze gathers at the feet of mountains
            let haze = (r.haze * (0.75 + 0.5 * smooth(y, SKYLINE + 0.02, v))).min(0.95);
            c = mix3(c, mix3(body, air, haze), cover);
        }
        c
    }

    fn water(&self, u: f32, v: f32, d: f32) -> Rgb {
        let down = v - SKYLINE - 0.012;
        // waves look longer far away
        let near = (down / (SHORE - SKYLINE)).clamp(0.02, 1.0);
        let k = 26.0 / near;
        let wave = fractal(self.seed + 5, u * k * 0.35, v * k * 2.4, 4, d * k * 2.4) - 0.5;
        let fine = noise(self.seed + 9, u * k * 1.1, v * k * 8.0) - 0.5;
        let shift = 0.10 * near * wave + 0.03 * near * fine;
        let mirrored = (SKYLINE + 0.012 - down * 0.92 - shift).min(SKYLINE);
        let seen = self.above(u + 0.35 * shift, mirrored, d * 2.0).map(|x| x.min(6.0));
        let body = [0.020, 0.045, 0.055];
        // steeper looks reflect less
        let share = 0.86 - 0.38 * near;
        let mut c = mix3(body, seen, share);
        // glitter below the sun
        let path = (-((u - self.sun.0) / (0.02 + 0.09 * near)).powi(2)).exp();
        let spark = smooth(0.72, 0.95, noise(self.seed + 21, u * k * 3.0, v * k * 22.0));
        c = mix3(c, [26.0, 16.0, 8.0], (path * spark * 0.5).min(1.0));
        c
    }

    fn meadow(&self, u: f32, v: f32, d: f32) -> Rgb {
        let depth = ((v - SHORE) / (1.0 - SHORE)).max(0.0);
        let k = 1.0 / (0.25 + depth);
        let blades = fractal(self.seed + 41, u * 260.0 * k, v * 60.0 * k, 3, d * 260.0 * k);
        let patches = fractal(self.seed + 43, u * 9.0, v * 26.0, 4, d * 26.0);
        let green = mix3([0.050, 0.085, 0.018], [0.20, 0.19, 0.045], patches);
        let mut c = times(green, 0.35 + 1.3 * blades);
        // flowers, larger towards us
        for layer in 0..3 {
            // rows of equal depth have cells of one size
            let row = floor(k * 6.0);
            let cells = 7.0 * (row as f32 + 2.0) + 9.0 * layer as f32;
            let (i, j) = (floor(u * cells), floor(v * cells));
            let s = self.seed + 60 + layer + 7 * row as u32;
            if hash(s, i, j) < 0.16 + 0.2 * smooth(0.4, 0.7, patches) {
                let at = |n: u32| 0.25 + 0.5 * hash(s + n, i, j);
                let r = (u * cells - i as f32 - at(7)).hypot((v * cells - j as f32 - at(11)) * 1.25);
                let kind = hash(s + 13, i, j);
                let petal = match kind {
                    x if x < 0.35 => [0.75, 0.72, 0.68],
                    x if x < 0.6 => [0.72, 0.45, 0.04],
                    x if x < 0.8 => [0.48, 0.06, 0.22],
                    _ => [0.20, 0.13, 0.52],
                };
                c = mix3(c, petal, 0.95 * inside(0.20 - r, d * cells));
                c = mix3(c, [0.45, 0.30, 0.02], inside(0.06 - r, d * cells));
            }
        }
        c
    }

    fn at(&self, u: f32, v: f32, d: f32) -> Rgb {
        let water = inside(v - SKYLINE - 0.012, d);
        let bank = SHORE + 0.035 * (fractal(self.seed + 71, u * 3.0, 0.3, 4, 0.01) - 0.5)
            - 0.012 * noise(self.seed + 73, u * 420.0, 0.0);
        let land = inside(v - bank, d);
        let mut c = [0.0; 3];
        if water < 1.0 {
            c = self.above(u, v, d);
        }
        if water > 0.0 && land < 1.0 {
            c = mix3(c, self.water(u, v, d), water);
        }
        if land > 0.0 {
            c = mix3(c, self.meadow(u, v, d), land);
        }
        c
    }
}

/// The sail's height in heights of the picture.
const SAIL: f32 = 0.055;

/// The scene: the land, and a boat that sails.
pub(super) fn valley(studio: &Studio, setting: &Setting) -> Scene {
    let dyes = studio.dyes(&setting.light, setting.lux);
    let land = Land { seed: sub_seed(setting.seed, 1), sun: (0.68 * setting.aspect, 0.375) };
    let boat_at = [0.30 * setting.aspect, 0.645];
    let boat = move |u: f32, v: f32, d: f32| {
        let (x, y) = ((u - boat_at[0]) / SAIL, (v - boat_at[1]) / SAIL);
        let e = d / SAIL;
        let hull = inside(0.11 - (y - 0.02).abs() - 0.10 * (x * 1.4).powi(2), e)
            * inside(0.62 - x.abs(), e)
            * inside(y + 0.10, e);
        let right = inside(x - 0.03, e) * inside((y + 1.0) * 0.52 - x, e) * inside(-0.12 - y, e);
        let left = inside(-0.03 - x, e) * inside((y + 0.86) * 0.36 + x, e) * inside(-0.12 - y, e);
        let mast = inside(0.018 - x.abs(), e) * inside(-0.05 - y, e) * inside(y + 1.05, e);
        // the mirror image, broken by waves
        let m = 0.28 - y;
        let broken = 0.5 + 0.5 * (60.0 * y).sin();
        let mirror = 0.55 * broken * inside(m + 1.0, e) * inside(y - 0.16, e) * inside((m + 1.0) * 0.45 - x.abs(), e);
        let mut light = [0.0; 6];
        let mut cover = 0.0;
        for (part, color) in [
            (mirror, [0.45, 0.33, 0.25]),
            (mast, [0.10, 0.06, 0.04]),
            (right, [0.95, 0.80, 0.62]),
            (left, [0.80, 0.63, 0.48]),
            (hull, [0.20, 0.045, 0.035]),
        ] {
            let paint = dyes.rgb(color);
            light = std::array::from_fn(|i| light[i] * (1.0 - part) + paint[i] * part);
            cover = cover + part - cover * part;
        }
        Dab { light, cover }
    };
    let bounds = [boat_at[0] - SAIL, boat_at[1] - 1.2 * SAIL, boat_at[0] + SAIL, boat_at[1] + 1.4 * SAIL];
    Scene {
        name: "valley".into(),
        white: setting.light.clone(),
        lux: setting.lux,
        layers: vec![
            Layer::background("valley", 300.0, move |u: f32, v: f32, d: f32| Dab::full(dyes.rgb(land.at(u, v, d)))),
            Layer {
                name: "boat",
                paint: Box::new(boat),
                depth_m: 80.0,
                motion: Motion { velocity: [0.03, 0.0], ..Motion::default() },
                bounds: Some(bounds),
            },
        ],
        marks: Vec::new(),
        approximate: false,
    }
}
