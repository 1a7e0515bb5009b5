//! Ten people, one for each tone of the Monk scale.

use super::noise::{fractal, hash};
use super::paint::{inside, mix3, smooth, srgb, sub_seed, times};
use crate::scene::{DARK, Dab, Dyes, Layer, Mark, Motion, Scene, Setting, Stimulus, Studio, scaled};
use calotype_color::MONK_TONES;

const HAIR: [[f32; 3]; 5] =
    [[0.30, 0.19, 0.07], [0.045, 0.022, 0.012], [0.012, 0.010, 0.010], [0.16, 0.06, 0.025], [0.34, 0.33, 0.32]];
const CLOTH: [[f32; 3]; 6] = [
    [0.05, 0.14, 0.28],
    [0.52, 0.50, 0.46],
    [0.34, 0.07, 0.06],
    [0.07, 0.17, 0.12],
    [0.48, 0.30, 0.06],
    [0.10, 0.08, 0.16],
];

/// One person at a place: half the width of the face.
#[derive(Clone, Copy)]
struct Person {
    u: f32,
    v: f32,
    size: f32,
    tone: usize,
    seed: u32,
}

impl Person {
    /// Light from the upper left on a round form, 0 to 1.
    fn round(x: f32, y: f32) -> f32 {
        let z = (1.0 - x * x - y * y).max(0.0).sqrt();
        (0.55 * -x - 0.42 * y + 0.72 * z).max(0.0)
    }

    fn dab(&self, dyes: &Dyes, u: f32, v: f32, d: f32) -> Dab {
        let (x, y, e) = ((u - self.u) / self.size, (v - self.v) / self.size, d / self.size);
        if x.abs() > 2.4 || !(-2.2..=4.5).contains(&y) {
            return Dab::NONE;
        }
        let h = |n: u32| hash(self.seed, n as i32, 7);
        // a face in full light is darker than the scale's swatches on a white page
        let skin = times(srgb(MONK_TONES[self.tone]), 0.70);
        let hair = HAIR[if self.tone < 3 { (h(1) * 5.0) as usize } else { 1 + (h(1) * 2.0) as usize }.min(4)];
        let cloth = CLOTH[(h(2) * 6.0) as usize % 6];
        let long = h(3) < 0.5;
        let pores = 1.0 + 0.10 * (fractal(self.seed + 3, x * 22.0, y * 22.0, 4, e * 22.0) - 0.5);
        let mut dab = Dab { light: DARK, cover: 0.0 };
        let mut put = |part: f32, paint: Stimulus| {
            if part > 0.0 {
                dab.light = std::array::from_fn(|i| dab.light[i] * (1.0 - part) + paint[i] * part);
                dab.cover = dab.cover + part - dab.cover * part;
            }
        };
        let strand = 0.55 + 0.9 * fractal(self.seed + 9, x * 26.0 + 3.0 * y, y * 3.0, 4, e * 26.0);
        // hair behind the head
        if long {
            let back = inside(1.34 - (x * 1.02).hypot((y - 0.35) * 0.66), e) * inside(2.0 - y, e);
            put(back, dyes.rgb(times(hair, 0.45 * strand)));
        }
        // shoulders and neck
        let shoulder = inside(1.0 - (x / 2.05).hypot((y - 3.6).min(0.0) / 1.95), e / 2.0);
        let fold = 0.7 + 0.5 * fractal(self.seed + 5, x * 3.0, y * 4.0, 4, e * 4.0);
        let weave = 1.0 + 0.25 * ((x * 75.0).sin() * (y * 75.0).sin()) * (1.0 / (75.0 * e) - 1.0).clamp(0.0, 1.0);
        put(shoulder, dyes.rgb(times(cloth, fold * weave * (0.45 + 0.75 * Self::round(x / 2.3, 0.2)))));
        let neck = inside(0.50 - x.abs() - 0.12 * (y - 1.6).max(0.0), e)
            * inside(y - 0.8, e)
            * inside(2.06 - 0.5 * x * x - y, e);
        put(neck, dyes.rgb(times(skin, pores * (0.22 + 0.40 * Self::round(x / 0.8, 0.0)))));
        // ears, head
        let ear = inside(0.20 - ((x.abs() - 0.98) * 1.6).hypot(y - 0.12), e);
        put(ear, dyes.rgb(times(skin, 0.55)));
        let jaw = 1.0 - 0.14 * smooth(0.2, 1.25, y);
        let q = (x / jaw).hypot(y / 1.32);
        let head = inside(1.0 - q, e);
        let mut light = 0.20 + 0.86 * Self::round(x / 1.06, y / 1.45);
        // sockets, nose and its shadow, below the lip
        light *= 1.0 - 0.30 * (-((x.abs() - 0.40) / 0.22).powi(2) - ((y + 0.10) / 0.15).powi(2)).exp();
        light *= 1.0 + 0.16 * (-((x + 0.03) / 0.08).powi(2) - ((y - 0.12) / 0.30).powi(2)).exp();
        light *= 1.0 - 0.30 * (-((x - 0.13) / 0.10).powi(2) - ((y - 0.28) / 0.22).powi(2)).exp();
        light *= 1.0 - 0.18 * (-(x / 0.30).powi(2) - ((y - 0.92) / 0.07).powi(2)).exp();
        let blush = 0.25 * (-((x.abs() - 0.52) / 0.26).powi(2) - ((y - 0.30) / 0.24).powi(2)).exp();
        let flesh = mix3(skin, [skin[0], 0.80 * skin[1], 0.76 * skin[2]], blush);
        put(head, dyes.rgb(times(flesh, pores * light)));
        // shine on the forehead and the nose
        let shine = 0.10 * (-((x + 0.28) / 0.24).powi(2) - ((y + 0.58) / 0.16).powi(2)).exp()
            + 0.07 * (-((x + 0.05) / 0.05).powi(2) - ((y - 0.20) / 0.06).powi(2)).exp();
        put(head * shine, dyes.grey(0.95));
        // brows, eyes
        let brow_y = y + 0.34 - 0.05 * (x.abs() - 0.40) - 0.35 * (x.abs() - 0.42).powi(2);
        put(
            inside(0.042 - brow_y.abs(), e) * inside(0.21 - (x.abs() - 0.41).abs(), e),
            dyes.rgb(times(hair, 0.5 * strand)),
        );
        let (ex, ey) = (x.abs() - 0.40, y + 0.10);
        let almond = inside(0.085 - 0.9 * ex * ex * 2.2 - ey.abs(), e);
        put(almond, dyes.rgb([0.55, 0.53, 0.51]));
        let iris = mix3([0.05, 0.028, 0.014], [0.10, 0.15, 0.17], if self.tone < 4 { h(4) } else { 0.0 });
        let r = ex.hypot(ey);
        put(almond * inside(0.080 - r, e), dyes.rgb(iris));
        put(almond * inside(0.036 - r, e), dyes.grey(0.008));
        put(inside(0.016 - (x.abs() - 0.385).hypot(y + 0.125), e), dyes.grey(1.6));
        put(
            inside(0.016 - (ey + 0.085 - 1.9 * ex * ex).abs(), e) * inside(0.20 - ex.abs(), e),
            dyes.rgb(times(hair, 0.35)),
        );
        // nostrils, mouth
        put(0.7 * inside(0.034 - ((x.abs() - 0.085) * 0.9).hypot((y - 0.40) * 1.3), e), dyes.rgb(times(skin, 0.22)));
        let smile = y - 0.71 + 0.16 * x * x;
        let lip = mix3(times(skin, 0.62), [0.34, 0.075, 0.065], 0.42);
        let upper = inside(0.060 * (1.0 - (x / 0.34).powi(2)) - (smile + 0.035).abs(), e);
        let lower = inside(0.075 * (1.0 - (x / 0.30).powi(2)) - (smile - 0.05).abs(), e);
        put(upper, dyes.rgb(times(lip, 0.62)));
        put(lower, dyes.rgb(times(lip, 0.92)));
        put(inside(0.011 - smile.abs(), e) * inside(0.33 - x.abs(), e), dyes.rgb(times(lip, 0.25)));
        // hair before the head
        let line = -0.66 + 0.25 * x * x + 0.05 * (x * 9.0 + 6.0 * h(5)).sin() * (1.0 - x * x).max(0.0);
        let cap = inside(1.16 - (x / 1.02).hypot((y + 0.06) / 1.24), e)
            * inside(line + 1.2 * (x.abs() - 0.86).max(0.0) - y, e);
        let gleam = 1.0 + 1.2 * smooth(0.10, 0.0, (y + 1.0 - 0.25 * x).abs());
        put(cap, dyes.rgb(times(hair, strand * gleam * (0.35 + 0.8 * Self::round(x / 1.2, (y + 0.2) / 1.5)))));
        dab
    }
}

/// The scene: two rows of people before a wall, far enough to be out of focus.
pub(super) fn portrait(studio: &Studio, setting: &Setting) -> Scene {
    let dyes = studio.dyes(&setting.light, setting.lux);
    let seed = sub_seed(setting.seed, 51);
    let size = (0.100 * setting.aspect / 1.333).min(0.105);
    let pitch = setting.aspect / 5.25;
    let person = |i: usize| {
        let (x, y) = (i % 5, i / 5);
        // tones mixed, so that light and dark stand beside each other
        let tone = [0, 6, 2, 8, 4, 5, 1, 9, 3, 7][i];
        Person {
            u: 0.5 * setting.aspect + pitch * (x as f32 - 2.0 + if y == 0 { 0.0 } else { 0.12 }),
            v: if y == 0 { 0.24 } else { 0.66 },
            size,
            tone,
            seed: seed + 101 * i as u32,
        }
    };
    let people: Vec<Person> = (0..10).map(person).collect();
    let marks = people
        .iter()
        .map(|p| {
            let (u, v, r) = (p.u - 0.50 * p.size, p.v + 0.30 * p.size, 0.12 * p.size);
            Mark {
                kind: "skin",
                name: format!("monk-{}", p.tone + 1),
                place: [u - r, v - r, u + r, v + r],
                light: None,
                figures: vec![("tone", p.tone as f64 + 1.0)],
            }
        })
        .collect();
    let rows = |range: std::ops::Range<usize>, depth_m: f64, name, motion| {
        let people = people[range].to_vec();
        let (top, bottom) = (people[0].v - 2.2 * size, people[0].v + 4.5 * size);
        let paint = move |u: f32, v: f32, d: f32| {
            people.iter().fold(Dab::NONE, |behind, p| {
                let front = p.dab(&dyes, u, v, d);
                let left = 1.0 - front.cover;
                Dab { light: over(front.light, behind.light, left), cover: front.cover + behind.cover * left }
            })
        };
        Layer { name, paint: Box::new(paint), depth_m, motion, bounds: Some([-0.3, top, setting.aspect + 0.3, bottom]) }
    };
    let wall = move |u: f32, v: f32, d: f32| {
        let warm = fractal(seed + 1, u * 3.0, v * 3.0, 5, d * 3.0);
        let glow = smooth(0.9, 0.1, (u - 0.4 * v).abs());
        let board = mix3([0.20, 0.17, 0.14], [0.36, 0.29, 0.21], 0.5 * warm + 0.5 * glow);
        Dab::full(scaled(dyes.rgb(board), 0.9))
    };
    let sway = Motion { swing: [0.004, 0.4], pivot: [0.5 * f64::from(setting.aspect), 1.4], ..Motion::default() };
    Scene {
        name: "portrait".into(),
        white: setting.light.clone(),
        lux: setting.lux,
        layers: vec![
            Layer::background("wall", 4.0, wall),
            rows(0..5, 2.2, "back row", Motion::default()),
            rows(5..10, 1.7, "front row", sway),
        ],
        marks,
        approximate: false,
    }
}

/// Light of something with what is seen behind it.
fn over(front: Stimulus, behind: Stimulus, left: f32) -> Stimulus {
    std::array::from_fn(|i| front[i] + behind[i] * left)
}
