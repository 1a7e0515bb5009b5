//! A wet street at night: lamps, windows, signs, and a car that drives off.

use super::noise::{floor, fractal, hash, noise};
use super::paint::{in_box, inside, mix3, smooth, sub_seed, times};
use crate::light::Illuminant;
use crate::scene::{DARK, Dab, Dyes, Layer, Motion, Scene, Setting, Stimulus, Studio, mixed, scaled, sum};
use crate::spectrum::Spectrum;
use calotype_image::par;

const HORIZON: f32 = 0.50;

/// What glows here, at 1 cd/m².
#[derive(Clone, Copy)]
struct Glows {
    warm: Stimulus,
    cool: Stimulus,
    tube: Stimulus,
    red: Stimulus,
    cyan: Stimulus,
}

/// A street lamp: place of its head, and the scale of things there.
type Lamp = (f32, f32, f32);

/// Lamps stand on both sides, from near to far.
fn lamps(centre: f32) -> [Lamp; 12] {
    std::array::from_fn(|i| {
        let side = if i % 2 == 0 { -1.0 } else { 1.0 };
        let scale = 1.0 / (1.15 + 0.85 * (i / 2) as f32 + 0.4 * (i % 2) as f32);
        (centre + side * 0.50 * scale, HORIZON - 0.46 * scale, scale)
    })
}

/// True where a square of side `d` may see the lamp or its post, which lie within this box.
fn near(&(x, y, scale): &Lamp, u: f32, v: f32, d: f32) -> bool {
    let (du, dv) = ((u - x).abs(), v - y);
    du < 0.037 * scale + d && dv > -0.011 * scale - d && dv < 0.56 * scale + d
}

/// Haze around a lamp, in the light of lamps.
fn haze(&(x, y, scale): &Lamp, u: f32, v: f32) -> f32 {
    let r = (u - x).hypot(v - y) / scale;
    0.9 * (-r / 0.045).exp() + 0.16 * (-r / 0.16).exp()
}

/// The haze of all lamps on a grid: it is smooth, and places are many.
struct Haze {
    columns: usize,
    nodes: Vec<f32>,
    left: f32,
}

impl Haze {
    /// Nodes in a height of the picture.
    const PER_HEIGHT: f32 = 512.0;
    /// Heights above, below and beside which haze is worked out place by place.
    const TOP: f32 = -0.3;
    const BOTTOM: f32 = 0.7;
    const BESIDE: f32 = 0.35;

    fn new(lamps: &[Lamp], aspect: f32) -> Self {
        let left = -Self::BESIDE;
        let across = ((aspect + 2.0 * Self::BESIDE) * Self::PER_HEIGHT) as usize + 1;
        let down = ((Self::BOTTOM - Self::TOP) * Self::PER_HEIGHT) as usize + 1;
        let at = |i: usize, from: f32| from + i as f32 / Self::PER_HEIGHT;
        let rows = par::map(down, |j| {
            let all = |u, v| lamps.iter().map(|l| haze(l, u, v)).sum::<f32>();
            (0..across).map(|i| all(at(i, left), at(j, Self::TOP))).collect::<Vec<f32>>()
        });
        Self { columns: across, nodes: rows.concat(), left }
    }

    /// Bilinear; `None` outside the grid.
    fn at(&self, u: f32, v: f32) -> Option<f32> {
        let (x, y) = ((u - self.left) * Self::PER_HEIGHT, (v - Self::TOP) * Self::PER_HEIGHT);
        if !(x >= 0.0 && y >= 0.0 && x < (self.columns - 1) as f32) {
            return None;
        }
        let (i, j) = (x as usize, y as usize);
        let (top, bottom) = (j * self.columns + i, (j + 1) * self.columns + i);
        let (fx, fy) = (x - i as f32, y - j as f32);
        let (a, b) = (self.nodes.get(top..top + 2)?, self.nodes.get(bottom..bottom + 2)?);
        let row = |r: &[f32]| r[0] + (r[1] - r[0]) * fx;
        Some(row(a) + (row(b) - row(a)) * fy)
    }
}

struct Street {
    seed: u32,
    centre: f32,
    dyes: Dyes,
    glows: Glows,
    lamps: [Lamp; 12],
    haze: Haze,
}

impl Street {
    /// A line of houses on one side: distance along the street and height above the ground of a place, if it is one.
    fn house(&self, u: f32, v: f32) -> Option<(f32, f32, f32)> {
        let x = (u - self.centre).abs();
        let scale = x / 0.62;
        if scale < 0.09 {
            return None;
        }
        let along = 1.0 / scale;
        let up = (HORIZON + 0.05 * scale - v) / scale;
        let block = floor(along * 1.1);
        let side = if u < self.centre { 3 } else { 4 };
        let top = 0.55 + 0.75 * hash(self.seed + side, block, 0);
        (up > 0.0 && up < top).then_some((along, up, scale))
    }

    fn facade(&self, u: f32, v: f32, d: f32) -> Option<Stimulus> {
        let (along, up, scale) = self.house(u, v)?;
        let side = if u < self.centre { 3 } else { 4 };
        let block = floor(along * 1.1);
        let tone = hash(self.seed + side, block, 5);
        let wall = mix3([0.30, 0.21, 0.15], [0.34, 0.31, 0.30], tone);
        let brick = 0.75 + 0.5 * fractal(self.seed + 6, along * 60.0, up * 30.0, 3, d / scale * 30.0);
        // lit from the lamps below, darker above
        let lit = 0.50 * (-1.3 * up).exp() * (0.65 + 0.35 * (along * 7.4).sin().powi(2));
        let mut light = scaled(self.dyes.rgb(times(wall, brick)), lit);
        let (cx, cy) = (along * 6.6, up * 6.5);
        let (i, j) = (floor(cx), floor(cy));
        let (fx, fy) = (cx - i as f32, cy - j as f32);
        let e = (d / scale * 6.5).max(0.02);
        let pane = in_box([0.24, 0.22, 0.76, 0.84], fx, fy, e);
        if pane > 0.0 && j >= 1 {
            let h = hash(self.seed + 40 + side, i, j);
            let bars = 1.0 - 0.8 * inside(0.03 - (fx - 0.5).abs(), e).max(inside(0.025 - (fy - 0.55).abs(), e));
            let curtain = 0.55 + 0.45 * noise(self.seed + 44, cx * 9.0, cy * 0.8);
            let glow = match h {
                h if h < 0.24 => scaled(self.glows.warm, 7.0 * curtain * (0.5 + h * 3.0)),
                h if h < 0.30 => scaled(self.glows.cool, 6.0 * curtain),
                h if h < 0.33 => scaled(self.glows.tube, 9.0),
                _ => scaled(self.dyes.rgb([0.03, 0.035, 0.05]), 0.25),
            };
            light = mixed(light, scaled(glow, bars), pane);
        } else if j == 0 {
            // shops
            let h = hash(self.seed + 50 + side, floor(along * 3.3), 0);
            let shop = in_box([0.10, 0.10, 0.90, 0.80], (along * 3.3).fract(), fy, e);
            let goods = 0.35 + 0.65 * fractal(self.seed + 51, cx * 3.0, cy * 6.0, 3, e);
            let glow = if h < 0.5 { scaled(self.glows.warm, 15.0) } else { scaled(self.glows.cool, 11.0) };
            light = mixed(light, scaled(glow, goods * (0.3 + h)), shop);
        }
        Some(light)
    }

    /// Signs: a red ring and a cyan bar on the left, a cyan arrow on the right.
    fn signs(&self, u: f32, v: f32, d: f32) -> Stimulus {
        let (x, y) = (u - self.centre + 0.335, v - 0.315);
        let tube = |off: f32| inside(0.0030 - off.abs(), d);
        let ring = tube(x.hypot(y) - 0.034);
        let bar = tube(y).max(tube(y - 0.011)) * inside(0.021 - x.abs(), d);
        let (ax, ay) = (u - self.centre - 0.395, v - 0.35);
        let arrow = (tube(ax - 0.5 * ay.abs()) * inside(0.03 - ay.abs(), d))
            .max(tube(ax - 0.014 - 0.5 * ay.abs()) * inside(0.03 - ay.abs(), d));
        sum(
            scaled(self.glows.red, 90.0 * ring),
            sum(scaled(self.glows.cyan, 60.0 * bar), scaled(self.glows.red, 60.0 * arrow)),
        )
    }

    /// All but the street itself.
    fn upright(&self, u: f32, v: f32, d: f32) -> Stimulus {
        let mut light = match self.facade(u, v, d) {
            Some(light) => light,
            None => {
                let t = (1.0 - v / HORIZON).clamp(0.0, 1.0);
                let cloud = 0.5 + fractal(self.seed, u * 2.0, v * 6.0, 4, d * 6.0);
                // the town's light in the clouds
                scaled(self.dyes.rgb(mix3([0.085, 0.062, 0.058], [0.020, 0.026, 0.050], t.sqrt())), 0.9 * cloud)
            }
        };
        light = sum(light, self.signs(u, v, d));
        // where no lamp stands there is only haze
        if !self.lamps.iter().any(|lamp| near(lamp, u, v, d))
            && let Some(haze) = self.haze.at(u, v)
        {
            return sum(light, scaled(self.glows.warm, haze));
        }
        for lamp in &self.lamps {
            let &(x, y, scale) = lamp;
            let (du, dv) = (u - x, v - y);
            // the post
            let post = inside(0.006 * scale - (du - 0.03 * scale * (x - self.centre).signum()).abs(), d)
                * inside(dv, d)
                * inside(0.56 * scale - dv, d);
            light = mixed(light, scaled(self.dyes.grey(0.05), 0.12), post);
            let head = inside(0.011 * scale - (du * 0.55).hypot(dv * 1.5), d.min(0.003));
            if head > 0.0 {
                light = mixed(light, scaled(self.glows.warm, 4_000.0), head);
            }
            light = sum(light, scaled(self.glows.warm, haze(lamp, u, v)));
        }
        light
    }

    fn ground(&self, u: f32, v: f32, d: f32) -> Stimulus {
        let depth = (v - HORIZON).max(0.004);
        let scale = depth / 0.30;
        let (x, z) = ((u - self.centre) / scale, 1.0 / scale);
        let stone = fractal(self.seed + 70, x * 26.0, z * 14.0, 4, d / scale * 26.0);
        let pavement = x.abs() > 0.62;
        let body = if pavement { [0.16, 0.145, 0.13] } else { [0.065, 0.063, 0.065] };
        let stripe = !pavement && x.abs() < 0.018 && (z * 1.6).fract() < 0.5;
        let body = if stripe { [0.5, 0.48, 0.42] } else { times(body, 0.5 + stone) };
        // pools of light under the lamps
        let lit: f32 = self
            .lamps
            .iter()
            .map(|&(lu, _, s)| {
                let (dx, dz) = (x - (lu - self.centre) / s, 1.3 * (z - 0.62 / s));
                let r = 1.0 + 9.0 * (dx * dx + dz * dz);
                1.0 / (r * r.sqrt())
            })
            .sum();
        let matt = scaled(self.dyes.rgb(body), 0.04 + lit);
        // puddles mirror, wet stone smears upwards
        let wet = smooth(0.42, 0.62, fractal(self.seed + 75, x * 2.3, z * 3.1, 4, d / scale * 3.1));
        let ripple = (stone - 0.5) * 0.05 * scale;
        let mut seen = DARK;
        for k in 0..3 {
            let smear = (k as f32 - 1.0) * 0.05 * scale * (1.2 - wet);
            let mirror = self.upright(u + ripple, HORIZON - depth * 1.02 - smear + ripple, d.max(0.003));
            seen = sum(seen, scaled(mirror, 1.0 / 3.0));
        }
        let share = (0.10 + 0.36 * wet) * (1.0 - 0.45 * (scale / 1.6).min(1.0));
        sum(matt, scaled(seen, share))
    }

    fn at(&self, u: f32, v: f32, d: f32) -> Stimulus {
        let foot = HORIZON + 0.05 * ((u - self.centre).abs() / 0.62).max(0.0);
        let below = inside(v - foot, d);
        let mut light = DARK;
        if below < 1.0 {
            light = self.upright(u, v, d);
        }
        if below > 0.0 {
            light = mixed(light, self.ground(u, v, d), below);
        }
        light
    }
}

/// A narrow light, such as a neon tube's or a lamp's through a filter.
fn narrow(nm: f64, width: f64) -> Illuminant {
    Illuminant { name: "narrow".into(), power: Spectrum::from_fn(|x| (-((x - nm) / width).powi(2)).exp() + 1e-3) }
}

/// The scene. The light asked for is what falls on the ground under a lamp; lamps, windows and signs follow it.
pub(super) fn street(studio: &Studio, setting: &Setting) -> Scene {
    // lamps and windows are as bright as fits 10 lux on the ground
    let level = setting.lux / 10.0;
    let glow = |name: &str| Illuminant::builtin(name).map(|i| studio.glow(&i, level)).unwrap_or(DARK);
    let centre = 0.5 * setting.aspect;
    let lamps = lamps(centre);
    let street = Street {
        seed: sub_seed(setting.seed, 31),
        centre,
        haze: Haze::new(&lamps, setting.aspect),
        lamps,
        dyes: studio.dyes(&setting.light, setting.lux),
        glows: Glows {
            warm: studio.glow(&setting.light, level),
            cool: glow("led-cool"),
            tube: glow("F11"),
            red: studio.glow(&narrow(628.0, 16.0), level),
            cyan: studio.glow(&narrow(494.0, 22.0), level),
        },
    };
    let (dyes, glows) = (street.dyes, street.glows);
    let car_at = [0.5 * setting.aspect + 0.10, 0.635];
    let size = 0.075;
    let car = move |u: f32, v: f32, d: f32| {
        let (x, y, e) = ((u - car_at[0]) / size, (v - car_at[1]) / size, d / size);
        let body = inside(1.0 - x.abs(), e) * inside(0.42 - (y - 0.02).abs(), e);
        let cabin = inside(0.74 - x.abs() + 0.35 * (y + 0.4), e) * inside(y + 0.98, e) * inside(-0.36 - y, e);
        let wheels = inside(0.20 - (x.abs() - 0.72).abs(), e) * inside(y - 0.40, e) * inside(0.62 - y, e);
        let shadow = inside(1.05 - x.abs(), e) * inside(0.06 - (y - 0.60).abs(), e);
        let shine = 0.06 + 0.10 * smooth(0.1, -0.4, y);
        let mut light = DARK;
        let mut cover = 0.0f32;
        let mut put = |part: f32, paint: Stimulus| {
            light = mixed(light, paint, part);
            cover = cover + part - cover * part;
        };
        put(shadow, scaled(dyes.grey(0.02), 0.1));
        put(wheels, scaled(dyes.grey(0.02), 0.3));
        put(body.max(cabin), scaled(dyes.rgb([0.16, 0.18, 0.24]), shine * 4.0));
        put(
            inside(0.62 - x.abs() + 0.3 * (y + 0.4), e) * inside(y + 0.88, e) * inside(-0.44 - y, e),
            scaled(dyes.rgb([0.05, 0.05, 0.06]), 0.5),
        );
        put(inside(0.15 - (x.abs() - 0.78).abs(), e) * inside(0.085 - (y + 0.12).abs(), e), scaled(glows.red, 110.0));
        put(inside(0.22 - x.abs(), e) * inside(0.06 - (y - 0.18).abs(), e), scaled(glows.cool, 9.0));
        Dab { light, cover }
    };
    Scene {
        name: "street".into(),
        white: setting.light.clone(),
        lux: setting.lux,
        layers: vec![
            Layer::background("street", 18.0, move |u: f32, v: f32, d: f32| Dab::full(street.at(u, v, d))),
            Layer {
                name: "car",
                paint: Box::new(car),
                depth_m: 9.0,
                motion: Motion { velocity: [-0.035, -0.02], ..Motion::default() },
                bounds: Some([
                    car_at[0] - 1.2 * size,
                    car_at[1] - 1.1 * size,
                    car_at[0] + 1.2 * size,
                    car_at[1] + 0.8 * size,
                ]),
            },
        ],
        marks: Vec::new(),
        approximate: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_of_haze_is_the_haze_of_all_lamps() {
        let lamps = lamps(0.7);
        let grid = Haze::new(&lamps, 1.4);
        for k in 0..4000 {
            let (u, v) = ((k * 37 % 1999) as f32 / 1999.0 * 1.4, (k * 61 % 1499) as f32 / 1499.0 * 0.6);
            if lamps.iter().any(|l| near(l, u, v, 1e-3)) {
                continue;
            }
            let exact: f32 = lamps.iter().map(|l| haze(l, u, v)).sum();
            let got = grid.at(u, v).unwrap();
            assert!((got / exact - 1.0).abs() < 0.01, "{u} {v}: {got} {exact}");
        }
        assert!(grid.at(-0.5, 0.3).is_none() && grid.at(0.3, 0.8).is_none() && grid.at(2.0, 0.3).is_none());
        assert!(grid.at(f32::NAN, 0.3).is_none() && grid.at(0.3, 0.699).is_some());
    }

    /// Outside of its box a lamp adds nothing but haze.
    #[test]
    fn boxes_hold_their_lamps() {
        for lamp @ (x, y, scale) in lamps(0.7) {
            let d = 0.002;
            for (i, j) in (0..200).flat_map(|i| (0..200).map(move |j| (i, j))) {
                let (du, dv) = ((i as f32 / 100.0 - 1.0) * 0.1, (j as f32 / 100.0 - 0.5) * 0.7);
                let side = if x < 0.7 { -1.0 } else { 1.0 };
                let post = inside(0.006 * scale - (du - 0.03 * scale * side).abs(), d)
                    * inside(dv, d)
                    * inside(0.56 * scale - dv, d);
                let head = inside(0.011 * scale - (du * 0.55).hypot(dv * 1.5), d);
                assert!(post.max(head) == 0.0 || near(&lamp, x + du, y + dv, d), "{du} {dv} {scale}");
            }
        }
    }
}
