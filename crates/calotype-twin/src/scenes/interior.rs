//! A room with a bright window: fourteen stops from the garden to the shadow under the table.

use super::noise::{floor, fractal, hash};
use super::paint::{in_box, inside, mix3, smooth, sub_seed, times};
use crate::light::Illuminant;
use crate::reflectance::chart24;
use crate::scene::{Dab, Dyes, Layer, Mark, Scene, Setting, Stimulus, Studio, mixed, scaled, sum};

/// Times that the garden is lighter than the room.
const OUTSIDE: f32 = 90.0;
const FLOOR: f32 = 0.80;
const TABLE: f32 = 0.70;

struct Room {
    seed: u32,
    aspect: f32,
    day: Dyes,
    lamp: Dyes,
    /// The lamp's shade and bulb, at 1 cd/m².
    warm: Stimulus,
    chart: Vec<Stimulus>,
    level: f32,
}

impl Room {
    fn window(&self) -> [f32; 4] {
        [0.07, 0.10, 0.07 + 0.34 * self.aspect.min(1.4), 0.60]
    }

    /// A surface of the room: daylight falls off away from the window, the lamp glows on the right.
    fn surface(&self, color: [f32; 3], u: f32, v: f32, facing: f32) -> Stimulus {
        let (wu, wv) = (0.25, 0.36);
        let r = (u - wu).hypot(0.8 * (v - wv));
        let day = facing * 1.5 / (1.0 + 2.2 * r * r) + 0.16;
        let (lu, lv) = self.lamp_at();
        let l = (u - lu).hypot(v - lv);
        let lamp = 0.42 * facing.max(0.25) / (0.12 + 3.0 * l * l);
        sum(scaled(self.day.rgb(color), day), scaled(self.lamp.rgb(color), lamp))
    }

    fn lamp_at(&self) -> (f32, f32) {
        (self.aspect - 0.24, 0.43)
    }

    fn garden(&self, u: f32, v: f32, d: f32) -> Stimulus {
        let sky = mix3([0.32, 0.52, 0.95], [0.95, 0.97, 1.0], smooth(0.08, 0.36, v));
        let cloud = smooth(0.48, 0.68, fractal(self.seed + 1, u * 6.0, v * 14.0, 5, d * 14.0));
        let mut c = mix3(sky, [1.45, 1.42, 1.38], 0.8 * cloud);
        for (k, (base, size, color)) in
            [(0.36, 0.10, [0.10, 0.17, 0.10]), (0.42, 0.12, [0.075, 0.14, 0.035]), (0.52, 0.14, [0.11, 0.19, 0.03])]
                .into_iter()
                .enumerate()
        {
            let top = base - size * fractal(self.seed + 10 + k as u32, u * (9.0 + 4.0 * k as f32), 0.5, 5, 0.003);
            let leaves = 0.45 + 1.1 * fractal(self.seed + 20 + k as u32, u * 90.0, v * 90.0, 4, d * 90.0);
            c = mix3(c, times(color, leaves), inside(v - top, d));
        }
        scaled(self.day.rgb(c), OUTSIDE)
    }

    fn at(&self, u: f32, v: f32, d: f32) -> Stimulus {
        let seed = self.seed;
        // back wall, floor
        let plaster = 0.96 + 0.08 * fractal(seed, u * 60.0, v * 60.0, 4, d * 60.0);
        let wall = self.surface(times([0.52, 0.49, 0.42], plaster), u, v, 0.55);
        let on_floor = inside(v - FLOOR, d);
        let mut light = wall;
        if on_floor > 0.0 {
            // planks towards the eye
            let depth = (v - FLOOR + 0.16) / 0.16;
            let x = (u - 0.5 * self.aspect) / depth * 9.0;
            let plank = floor(x);
            let z = 3.0 / depth + 7.0 * hash(seed + 2, plank, 0);
            let grain = fractal(seed.wrapping_add(3).wrapping_add(plank as u32), x * 3.0, z * 1.2, 5, d * 9.0);
            let tone = 0.7 + 0.6 * hash(seed + 4, plank, floor(z));
            let gap = 1.0 - 0.7 * inside(0.02 - (x - plank as f32 - 0.5).abs().mul_add(-1.0, 0.5), d * 9.0);
            let wood = times(mix3([0.20, 0.11, 0.055], [0.36, 0.22, 0.11], grain), tone * gap);
            let mut here = self.surface(wood, u, v, 0.8);
            // the window's patch on the floor
            let (a, b) = (u - 0.42 * depth - 0.10, v - 0.88);
            let sun = in_box([0.0, -0.035, 0.22, 0.035], a - 1.3 * b, b, d)
                * (1.0 - inside(0.006 - (a - 1.3 * b - 0.11).abs(), d));
            here = sum(here, scaled(self.day.rgb(wood), 14.0 * sun));
            light = mixed(light, here, on_floor);
        }
        // skirting
        let skirting = in_box([-9.0, FLOOR - 0.035, 9.0, FLOOR], u, v, d);
        light = mixed(light, self.surface([0.62, 0.60, 0.56], u, v, 0.6), skirting);
        // window: frame, panes, bars
        let [x0, y0, x1, y1] = self.window();
        let frame = in_box([x0 - 0.022, y0 - 0.022, x1 + 0.022, y1 + 0.03], u, v, d);
        light = mixed(light, self.surface([0.70, 0.69, 0.66], u, v, 0.45), frame);
        let pane = in_box([x0, y0, x1, y1], u, v, d);
        if pane > 0.0 {
            light = mixed(light, self.garden(u, v, d), pane);
            let (cu, cv) = (0.5 * (x0 + x1), y0 + 0.36 * (y1 - y0));
            let bars = inside(0.007 - (u - cu).abs(), d).max(inside(0.006 - (v - cv).abs(), d));
            light = mixed(light, self.surface([0.70, 0.69, 0.66], u, v, 0.3), bars * pane);
        }
        // curtain to the right of the window
        let fold = (u - x1 + 0.03) * 120.0 + 1.2 * (v * 9.0).sin();
        let cloth = in_box([x1 - 0.03, y0 - 0.05, x1 + 0.085, FLOOR - 0.06], u, v, d);
        let shade = 0.55 + 0.45 * fold.sin();
        let through = scaled(self.day.rgb([0.62, 0.42, 0.30]), 1.4 * smooth(x1 + 0.05, x1 - 0.03, u));
        light =
            mixed(light, sum(self.surface(times([0.50, 0.28, 0.18], shade), u, v, 0.5), scaled(through, shade)), cloth);
        // a picture on the wall: the chart, small
        let p = [0.60 * self.aspect, 0.16, 0.60 * self.aspect + 0.24, 0.16 + 0.17];
        light = mixed(
            light,
            self.surface([0.10, 0.06, 0.035], u, v, 0.5),
            in_box([p[0] - 0.016, p[1] - 0.016, p[2] + 0.016, p[3] + 0.016], u, v, d),
        );
        light = mixed(light, self.surface([0.03; 3], u, v, 0.5), in_box(p, u, v, d));
        let (pw, ph) = ((p[2] - p[0]) / 6.0, (p[3] - p[1]) / 4.0);
        let (i, j) = (((u - p[0]) / pw).clamp(0.0, 5.0) as usize, ((v - p[1]) / ph).clamp(0.0, 3.0) as usize);
        let cell = [
            p[0] + pw * (i as f32 + 0.08),
            p[1] + ph * (j as f32 + 0.08),
            p[0] + pw * (i as f32 + 0.92),
            p[1] + ph * (j as f32 + 0.92),
        ];
        light = mixed(light, scaled(self.chart[i + 6 * j], 0.62), in_box(cell, u, v, d));
        // table and its shadow
        let shadow = in_box([0.44 * self.aspect, TABLE + 0.02, 9.0, FLOOR + 0.10], u, v, d.max(0.03));
        light = scaled(light, 1.0 - 0.80 * shadow);
        let top = in_box([0.42 * self.aspect, TABLE, 9.0, TABLE + 0.028], u, v, d);
        let grain = fractal(seed + 60, u * 14.0, v * 160.0, 5, d * 160.0);
        light = mixed(light, self.surface(mix3([0.24, 0.12, 0.05], [0.42, 0.25, 0.12], grain), u, v, 0.9), top);
        let leg = in_box([0.47 * self.aspect, TABLE + 0.028, 0.47 * self.aspect + 0.022, 1.2], u, v, d);
        light = mixed(light, self.surface([0.17, 0.09, 0.045], u, v, 0.5), leg);
        self.things(u, v, d, light)
    }

    /// What stands on the table: a lamp, a bowl of fruit, books, a vase.
    fn things(&self, u: f32, v: f32, d: f32, mut light: Stimulus) -> Stimulus {
        let (lu, lv) = self.lamp_at();
        // halo on the wall, foot, shade
        let foot = inside(0.008 - (u - lu).abs(), d) * inside(v - lv, d) * inside(TABLE - v, d);
        let base = inside(0.045 - (u - lu).abs(), d) * in_box([-9.0, TABLE - 0.014, 9.0, TABLE], u, v, d);
        light = mixed(light, self.surface([0.32, 0.22, 0.08], u, v, 0.8), foot.max(base));
        let t = (v - lv + 0.085) / 0.15;
        let width = 0.055 + 0.055 * t;
        let shade = inside(width - (u - lu).abs(), d) * in_box([-9.0, 0.0, 9.0, 1.0], u, t, d / 0.15);
        let bright = 180.0 * (1.0 - 0.55 * ((u - lu) / width).powi(2)) * (0.6 + 0.7 * (t * (1.2 - t)).max(0.0));
        light = mixed(light, scaled(self.warm, bright * self.level), shade);
        // spheres in the order of their places
        let fruit = [
            (0.500, 0.655, 0.034, [0.62, 0.10, 0.04]),
            (0.548, 0.650, 0.036, [0.70, 0.42, 0.03]),
            (0.524, 0.622, 0.032, [0.24, 0.36, 0.05]),
            (0.575, 0.660, 0.028, [0.55, 0.05, 0.06]),
        ];
        for (fu, fv, r, color) in fruit {
            let (x, y) = ((u - fu * self.aspect) / r, (v - fv) / r);
            let q = x.hypot(y);
            let cover = inside(1.0 - q, d / r);
            if cover > 0.0 {
                let z = (1.0 - q * q).max(0.0).sqrt();
                let facing = (-0.72 * x - 0.28 * y + 0.60 * z).max(0.03);
                let speck = 0.85 + 0.3 * fractal(self.seed + 80, x * 9.0, y * 9.0, 3, d / r * 9.0);
                let mut here = self.surface(times(color, speck), u, v, 1.5 * facing);
                // the window, mirrored
                let glint = smooth(0.16, 0.05, (x + 0.42).abs().max((y + 0.40).abs() * 0.8));
                here = sum(here, scaled(self.day.grey(0.9), 1.6 * glint));
                light = mixed(light, here, cover);
            }
        }
        let (bx, by) = ((u - 0.535 * self.aspect) / 0.105, (v - TABLE + 0.001) / 0.062);
        let bowl = inside(1.0 - bx.hypot(by), d / 0.07) * inside(-by, d / 0.06) * inside(by + 0.62, d / 0.06);
        light = mixed(
            light,
            self.surface(
                mix3([0.16, 0.26, 0.42], [0.60, 0.62, 0.62], inside((by * 9.0).sin(), 0.4)),
                u,
                v,
                (0.9 - 0.6 * bx).max(0.1),
            ),
            bowl,
        );
        // books
        for (k, (w, h, color)) in [
            (0.030, 0.13, [0.30, 0.05, 0.05]),
            (0.022, 0.15, [0.06, 0.13, 0.22]),
            (0.034, 0.12, [0.46, 0.36, 0.20]),
            (0.026, 0.14, [0.07, 0.16, 0.09]),
        ]
        .into_iter()
        .enumerate()
        {
            let left = 0.655 * self.aspect + [0.0, 0.031, 0.054, 0.089][k];
            let book = in_box([left, TABLE - h, left + w, TABLE], u, v, d);
            let bend = 1.1 - 3.0 * ((u - left) / w - 0.4).powi(2);
            let gold = in_box([left + 0.15 * w, TABLE - 0.8 * h, left + 0.85 * w, TABLE - 0.76 * h], u, v, d);
            light = mixed(light, self.surface(mix3(color, [0.62, 0.48, 0.16], gold), u, v, 0.7 * bend.max(0.2)), book);
        }
        light
    }
}

/// The scene. The light asked for is daylight's illuminance on what stands near the window.
pub(super) fn interior(studio: &Studio, setting: &Setting) -> Scene {
    let incandescent = Illuminant::builtin("A").unwrap_or_else(|_| setting.light.clone());
    let room = Room {
        seed: sub_seed(setting.seed, 41),
        aspect: setting.aspect,
        day: studio.dyes(&setting.light, setting.lux),
        lamp: studio.dyes(&incandescent, setting.lux),
        warm: studio.glow(&incandescent, 1.0),
        chart: chart24().iter().map(|(_, r)| studio.surface(r, &setting.light, setting.lux)).collect(),
        level: (setting.lux / 60.0) as f32,
    };
    let [x0, y0, x1, y1] = room.window();
    let mark = |name: &str, place| Mark { kind: "area", name: name.into(), place, light: None, figures: Vec::new() };
    let marks = vec![
        mark("window", [x0, y0, x1, y1]),
        mark("shadow", [0.50 * setting.aspect, TABLE + 0.05, 0.75 * setting.aspect, FLOOR]),
    ];
    let paint = move |u: f32, v: f32, d: f32| Dab::full(room.at(u, v, d));
    Scene {
        name: "interior".into(),
        white: setting.light.clone(),
        lux: setting.lux,
        layers: vec![Layer::background("room", 3.0, paint)],
        marks,
        approximate: false,
    }
}
