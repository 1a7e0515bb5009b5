//! A lake after sunset: a cabin with lit windows, a jetty with a lantern, mountains that keep the last light.

use super::noise::{floor, fractal, hash, noise};
use super::paint::{in_box, inside, mix3, smooth, sub_seed, times};
use crate::scene::{Dab, Layer, Motion, Scene, Setting, Studio};

type Rgb = [f32; 3];

/// Where land ends and water begins, far away.
const WATER: f32 = 0.575;
/// Light of the windows on the scale of the scene, where a white surface under the sky is 1.
const WINDOW: Rgb = [9.0, 4.6, 1.45];

fn add(a: Rgb, b: Rgb) -> Rgb {
    std::array::from_fn(|i| a[i] + b[i])
}

/// A range of mountains: its skyline, how high and how rough it is, its rock, and the air before it.
struct Range {
    base: f32,
    height: f32,
    scale: f32,
    rock: Rgb,
    snow: f32,
    air: f32,
}

const RANGES: [Range; 3] = [
    Range { base: 0.53, height: 0.50, scale: 1.35, rock: [0.13, 0.12, 0.17], snow: 0.20, air: 0.34 },
    Range { base: 0.55, height: 0.24, scale: 2.3, rock: [0.075, 0.075, 0.115], snow: 0.035, air: 0.26 },
    Range { base: 0.565, height: 0.11, scale: 3.3, rock: [0.028, 0.036, 0.045], snow: 0.0, air: 0.12 },
];

/// How high a range of mountains reaches.
fn crest(seed: u32, k: usize, u: f32) -> f32 {
    let r = &RANGES[k];
    let s = seed + 100 * k as u32;
    let x = u * r.scale + 1.7 * k as f32;
    // ridges: noise folded, so that peaks are sharp
    let (mut sum, mut strength, mut scale) = (0.0, 0.55, 1.0);
    for i in 0..6 {
        let n = 1.0 - (2.0 * noise(s + i, x * scale, 0.37) - 1.0).abs();
        sum += strength * n * n;
        strength *= 0.46;
        scale *= 2.13;
    }
    r.base - r.height * (sum - 0.15).max(0.0)
}

struct Dusk {
    seed: u32,
    aspect: f32,
    /// The skylines of the ranges, from [`LEFT`] on.
    skylines: [Vec<f32>; 3],
}

/// Where tables of skylines begin, how far they go beyond the picture's right border, and their steps in a height: finer
/// than photosites.
const LEFT: f32 = -0.4;
const STEPS: f32 = 16_384.0;

impl Dusk {
    fn new(seed: u32, aspect: f32) -> Self {
        let count = ((aspect - 2.0 * LEFT) * STEPS) as usize + 1;
        let skylines = [0, 1, 2].map(|k| (0..count).map(|i| crest(seed, k, LEFT + i as f32 / STEPS)).collect());
        Self { seed, aspect, skylines }
    }

    /// Where the sun went down.
    fn west(&self) -> f32 {
        0.36 * self.aspect
    }

    /// The cabin's ground: middle and foot.
    fn cabin_at(&self) -> (f32, f32) {
        (0.745 * self.aspect, WATER + 0.010)
    }

    /// The lantern on the jetty.
    fn lantern_at(&self) -> (f32, f32) {
        (0.435 * self.aspect, 0.655)
    }

    fn sky(&self, u: f32, v: f32, d: f32) -> Rgb {
        let t = (v / WATER).clamp(0.0, 1.0);
        let blue = mix3([0.030, 0.075, 0.235], [0.20, 0.27, 0.52], smooth(0.0, 0.62, t));
        let rose = mix3(blue, [0.86, 0.44, 0.42], smooth(0.38, 0.80, t));
        let mut c = mix3(rose, [1.45, 0.80, 0.34], smooth(0.66, 1.0, t));
        // the glow fades away from the west
        let off = ((u - self.west()) / 0.75).powi(2);
        c = mix3(c, mix3([0.10, 0.15, 0.33], [0.40, 0.32, 0.45], t), 0.75 * (1.0 - (-off).exp()));
        // stars: one in some cells, as small as the eye of the lens allows
        if t < 0.75 {
            let n = 70.0;
            let (i, j) = (floor(u * n), floor(v * n));
            let h = hash(self.seed + 7, i, j);
            if h > 0.80 {
                let at = |k: u32| 0.2 + 0.6 * hash(self.seed + 8 + k, i, j);
                let r = (u * n - i as f32 - at(0)).hypot(v * n - j as f32 - at(1)) / n;
                let bright = 14.0 * ((h - 0.80) / 0.20).powi(3) + 0.8;
                let star = (-(r / 0.00075).powi(2)).exp() * bright * smooth(0.75, 0.25, t);
                c = add(c, times([0.9, 0.95, 1.1], star));
            }
        }
        // streaks of cloud, lit from below
        let warp = 0.5 * fractal(self.seed + 2, u * 1.6, v * 4.0, 4, d * 4.0);
        let cloud = fractal(self.seed + 1, u * 1.5 + 2.3 + warp, v * 10.0 + 1.4 * warp, 6, d * 10.0);
        let cover = smooth(0.47, 0.66, cloud) * smooth(0.03, 0.35, t) * smooth(0.98, 0.60, t);
        if cover > 0.0 {
            let under = fractal(self.seed + 1, u * 1.5 + 2.3 + warp, (v + 0.012) * 10.0 + 1.4 * warp, 6, d * 10.0);
            let lit = smooth(-0.03, 0.06, cloud - under) * (-off * 0.7).exp();
            let body = mix3([0.115, 0.125, 0.25], [0.36, 0.26, 0.36], t);
            c = mix3(c, mix3(body, [1.85, 0.70, 0.42], lit), 0.82 * cover);
        }
        // a crescent moon
        let (x, y) = ((u - 0.80 * self.aspect) / 0.021, (v - 0.135) / 0.021);
        let e = d / 0.021;
        let moon = inside(1.0 - x.hypot(y), e);
        let dark = inside(0.97 - (x - 0.40).hypot(y + 0.24), e);
        c = mix3(c, add(c, [0.025, 0.028, 0.036]), moon);
        add(c, times([9.0, 8.6, 7.6], moon * (1.0 - dark)))
    }

    /// The skyline of a range, linear between the entries of its table.
    fn skyline(&self, k: usize, u: f32) -> f32 {
        let x = (u - LEFT) * STEPS;
        match self.skylines[k].get(x as usize..(x as usize).saturating_add(2)) {
            Some(&[a, b]) if x >= 0.0 => a + (b - a) * (x - x.trunc()),
            _ => crest(self.seed, k, u),
        }
    }

    fn mountains(&self, u: f32, v: f32, d: f32) -> Rgb {
        let covers: [(f32, f32); 3] = std::array::from_fn(|k| {
            let r = &RANGES[k];
            // the folded noise never lifts a skyline by more than 0.9 of the height
            if v < r.base - 0.9 * r.height {
                return (0.0, 0.0);
            }
            let top = self.skyline(k, u);
            (top, inside(v - top, d))
        });
        // what lies behind a range that covers all is not painted
        let first = covers.iter().rposition(|(_, cover)| *cover >= 1.0);
        let mut c = if first.is_some() { [0.0; 3] } else { self.sky(u, v, d) };
        for (k, r) in RANGES.iter().enumerate().skip(first.unwrap_or(0)) {
            let (top, cover) = covers[k];
            if cover == 0.0 {
                continue;
            }
            let s = self.seed + 300 + 40 * k as u32;
            let depth = v - top;
            // gullies run down from the ridge: noise stretched along the slope, sheared both ways
            let relief = |x: f32| {
                let lean = 0.55 * (fractal(s + 9, x * 5.0, v * 5.0, 3, d * 5.0) - 0.5);
                let q = r.scale;
                0.78 * fractal(s, (x + lean * depth * 2.6) * 7.0 * q, v * 4.6 * q, 7, d * 7.0 * q)
                    + 0.22 * fractal(s + 20, (x - lean * depth) * 40.0 * q, v * 21.0 * q, 5, d * 40.0 * q)
            };
            let h = relief(u);
            let step = 0.004;
            let slope = (relief(u + step) - h) / step * 0.062 / r.scale;
            let facing = (0.5 + slope).clamp(0.0, 1.0);
            let rock = times(r.rock, 0.45 + 1.1 * facing);
            let rock = mix3(rock, times([0.62, 0.27, 0.20], 0.5 + 0.5 * h), 0.42 * smooth(0.55, 0.95, facing));
            // snow lies high, and where it is not steep
            let line = r.snow * (0.55 + 1.1 * h) - depth + 0.10 * (h - 0.5);
            let snow = smooth(-0.012, 0.030, line) * f32::from(r.snow > 0.0);
            let white = mix3([0.17, 0.21, 0.38], [1.20, 0.66, 0.54], smooth(0.18, 0.92, facing));
            let body = mix3(rock, white, snow);
            let off = ((u - self.west()) / 0.6).powi(2);
            let air = mix3([0.27, 0.27, 0.42], [0.85, 0.50, 0.36], (-off).exp());
            let thick = (r.air * (0.45 + 1.3 * smooth(top, WATER, v))).min(0.92);
            c = mix3(c, mix3(body, air, thick), cover);
        }
        c
    }

    /// Firs along the shore, nearer ones taller; `None` above them.
    fn forest(&self, u: f32, v: f32, d: f32) -> Option<(Rgb, f32)> {
        let mut out: Option<(Rgb, f32)> = None;
        for row in 0..3u32 {
            let n = 62.0 - 14.0 * row as f32;
            let foot = WATER - 0.004 + 0.004 * row as f32;
            let s = self.seed + 500 + 10 * row;
            let k = floor(u * n);
            for o in -1..=1 {
                let j = k + o;
                // a clearing for the cabin, and open water in the middle
                let at = (j as f32 + 0.15 + 0.7 * hash(s, j, 1)) / n;
                let (cabin, _) = self.cabin_at();
                if row > 0 && (at - cabin).abs() < 0.17 {
                    continue;
                }
                let wood = 0.35 + 0.65 * smooth(0.10, 0.55, (at - self.west()).abs());
                let high = (0.035 + 0.050 * hash(s, j, 2) + 0.016 * row as f32) * wood;
                let y = (foot - v) / high;
                if !(-0.02..1.02).contains(&y) {
                    continue;
                }
                // branches: the outline widens in steps from the tip down
                let tiers = 9.0 + 5.0 * hash(s, j, 3);
                let saw = (y * tiers).fract();
                let side = if u < at { 1 } else { 2 };
                let ragged = 0.75 + 0.5 * hash(s + 3, j * 64 + floor(y * tiers), side);
                let half = high * 0.25 * (1.0 - y) * (0.62 + 0.38 * (1.0 - saw)) * ragged + 0.0006;
                let cover = inside(half - (u - at).abs(), d) * inside(y * high, d);
                if cover > 0.0 {
                    let needles = 0.5 + 1.0 * fractal(s + 5, u * 240.0, v * 300.0, 3, d * 300.0);
                    let rim = smooth(0.2, 1.0, (at - u) * (at - self.west()).signum() / half.max(1e-4));
                    let green = mix3([0.010, 0.017, 0.016], [0.080, 0.050, 0.036], 0.7 * rim);
                    let (old, covered) = out.unwrap_or(([0.0; 3], 0.0));
                    let total = cover + covered * (1.0 - cover);
                    out = Some((mix3(old, times(green, needles), (cover / total).min(1.0)), total));
                }
            }
        }
        out
    }

    /// The cabin: a front with a gable, logs, two windows and a door; and the light it throws on what is near.
    fn cabin(&self, u: f32, v: f32, d: f32, behind: Rgb) -> Rgb {
        let (cu, foot) = self.cabin_at();
        let size = 0.125;
        let (x, y, e) = ((u - cu) / size, (foot - v) / size, d / size);
        let mut c = behind;
        // smoke drifts from the chimney
        let (sx, sy) = (x - 0.50, y - 1.27);
        if sy > 0.0 && sy < 1.9 {
            let drift = 0.16 * sy * sy + 0.05 * (sy * 5.0).sin();
            let wide = 0.06 + 0.16 * sy;
            let puff = fractal(self.seed + 600, x * 3.2 - 0.7 * sy, y * 2.6, 5, e * 3.2);
            let smoke = (-((sx - drift) / wide).powi(2)).exp() * (1.0 - sy / 1.9) * smooth(0.25, 0.55, puff);
            c = mix3(c, [0.85, 0.62, 0.62], 0.75 * smoke);
        }
        if !(-1.3..1.3).contains(&x) || !(-0.1..1.5).contains(&y) {
            return c;
        }
        // chimney of stones
        let chimney = in_box([0.42, 0.70, 0.58, 1.27], x, y, e);
        let stone = 0.6 + 0.8 * hash(self.seed + 601, floor(x * 26.0), floor(y * 34.0));
        c = mix3(c, times([0.050, 0.046, 0.050], stone), chimney);
        // wall: round logs, darker between; lit by the sky from above
        let gable = 0.62 + 0.50 * (1.0 - x.abs() / 0.80).max(0.0);
        let wall = inside(0.80 - x.abs(), e) * inside(y, e) * inside(gable - y, e);
        let log = (y * 15.0).fract();
        let round = (1.0 - (2.0 * log - 1.0).powi(2)).max(0.0).sqrt();
        let grain = fractal(self.seed + 602 + floor(y * 15.0) as u32, x * 7.0, y * 90.0, 4, e * 90.0);
        let wood = times(mix3([0.050, 0.030, 0.022], [0.120, 0.074, 0.050], grain), 0.25 + 0.9 * round);
        c = mix3(c, wood, wall);
        let panes = [[-0.60, 0.20, -0.20, 0.52], [0.28, 0.20, 0.62, 0.52], [-0.13, 0.74, 0.13, 0.92]];
        // warm light on the logs about the windows
        for [x0, y0, x1, y1] in panes {
            let (px, py) = ((x - x.clamp(x0, x1)) / 0.10, (y - y.clamp(y0, y1)) / 0.10);
            let near = (-(px * px + py * py)).exp();
            c = add(c, times([0.30, 0.15, 0.05], wall * near * (0.3 + 0.7 * round) * 0.55));
        }
        // door
        let door = in_box([-0.09, 0.0, 0.17, 0.50], x, y, e);
        let board = 0.75 + 0.5 * hash(self.seed + 610, floor(x * 23.0), 0);
        c = mix3(c, times([0.17, 0.045, 0.035], board), door);
        c = mix3(c, [1.0, 0.7, 0.25], inside(0.014 - (x - 0.13).hypot(y - 0.24), e));
        for (n, [x0, y0, x1, y1]) in panes.into_iter().enumerate() {
            let frame = in_box([x0 - 0.035, y0 - 0.035, x1 + 0.035, y1 + 0.035], x, y, e);
            c = mix3(c, [0.22, 0.18, 0.15], frame);
            let pane = in_box([x0, y0, x1, y1], x, y, e);
            let (mx, my) = (0.5 * (x0 + x1), 0.5 * (y0 + y1));
            // inside: curtains at the sides, a lamp in the middle, a pot on the sill
            let across = (x - x0) / (x1 - x0);
            let fold = 0.72 + 0.28 * ((x * 130.0).sin());
            let curtain = smooth(0.30, 0.20, across.min(1.0 - across)) * f32::from(n < 2);
            let lamp = 0.45 + 0.9 * (-((x - mx).powi(2) + (y - y1 + 0.09).powi(2)) / 0.012).exp();
            let mut room = times(WINDOW, lamp);
            room = mix3(room, [3.4 * fold, 1.05 * fold, 0.42 * fold], 0.75 * curtain);
            let pot = inside(0.032 - (x - mx - 0.07).hypot(1.1 * (y - y0 - 0.02)), e).max(
                inside(0.050 - (x - mx - 0.07).hypot(y - y0 - 0.085), e)
                    * smooth(0.3, 0.6, noise(77, x * 60.0, y * 60.0)),
            );
            room = mix3(room, [0.10, 0.11, 0.035], pot * f32::from(n < 2));
            c = mix3(c, room, pane);
            let bars = inside(0.012 - (x - mx).abs(), e).max(inside(0.011 - (y - my).abs(), e));
            c = mix3(c, [0.16, 0.11, 0.075], bars * pane);
        }
        // roof: shingles with snow on them
        let along = x.abs();
        let upper = 1.20 - 0.625 * along;
        let roof = inside(0.96 - along, e) * inside(upper - y, e) * inside(y - upper + 0.115, e);
        let tile = hash(self.seed + 620, floor(x * 24.0), floor((upper - y) * 40.0));
        let mut shingle = times([0.046, 0.038, 0.044], 0.6 + 0.9 * tile);
        let drifted = 0.052 + 0.020 * fractal(self.seed + 621, x * 6.0, 0.3, 4, e * 6.0);
        let lit = mix3([0.25, 0.29, 0.46], [0.72, 0.45, 0.46], smooth(0.0, -0.8, x));
        shingle =
            mix3(shingle, times(lit, 0.85 + 0.3 * noise(622, x * 40.0, y * 60.0)), inside(drifted - (upper - y), e));
        mix3(c, shingle, roof)
    }

    /// All that stands on the far shore, with the sky behind it.
    fn above(&self, u: f32, v: f32, d: f32) -> Rgb {
        let mut c = self.mountains(u, v, d);
        if v > WATER - 0.13
            && let Some((trees, cover)) = self.forest(u, v, d)
        {
            c = mix3(c, trees, cover);
        }
        // the shore, which is nowhere higher than this: stones and grass, warm before the cabin
        if v < WATER - 0.025 - d {
            return self.cabin(u, v, d, c);
        }
        let (cu, foot) = self.cabin_at();
        let bank = WATER
            - 0.006
            - 0.014 * (-((u - cu) / 0.20).powi(4)).exp()
            - 0.004 * fractal(self.seed + 640, u * 30.0, 0.2, 3, d * 30.0);
        let ground = inside(v - bank, d);
        let rough = fractal(self.seed + 641, u * 130.0, v * 420.0, 4, d * 420.0);
        let spill = (-(((u - cu) / 0.13).powi(2) + ((v - foot) / 0.016).powi(2))).exp();
        let soil = mix3([0.020, 0.022, 0.018], [0.075, 0.068, 0.060], rough);
        c = mix3(c, add(soil, times([0.75, 0.36, 0.11], 0.55 * spill * rough)), ground);
        self.cabin(u, v, d, c)
    }

    fn water(&self, u: f32, v: f32, d: f32) -> Rgb {
        let down = (v - WATER).max(0.0);
        let near = (down / (1.0 - WATER)).clamp(0.015, 1.0);
        let k = 22.0 / near;
        let calm = smooth(0.35, 0.65, fractal(self.seed + 702, u * 2.0, v * 14.0 / near.sqrt(), 3, d * 14.0));
        let wave = fractal(self.seed + 700, u * k * 0.30, v * k * 1.9, 4, d * k * 1.9) - 0.5;
        let fine = noise(self.seed + 701, u * k * 0.9, v * k * 6.0) - 0.5;
        let shift = near * (0.045 + 0.085 * calm) * wave + 0.020 * near * calm * fine;
        let mirrored = (WATER - down * 0.93 - shift).min(WATER - 0.001);
        let seen = self.above(u + 0.22 * shift, mirrored, 1.5 * d);
        let body = [0.012, 0.022, 0.034];
        mix3(body, seen, 0.86 - 0.40 * near)
    }

    /// The jetty: planks in perspective from the lower edge to the lantern, and its posts.
    fn jetty(&self, u: f32, v: f32, d: f32, behind: Rgb) -> Rgb {
        let (lu, lv) = self.lantern_at();
        let mut c = behind;
        // depth 1 at the lower edge; the far end is at `end`
        let (far, close) = (0.735, 1.0);
        let vanishing = WATER - 0.004;
        let scale = ((v - vanishing) / (close - vanishing)).max(0.0);
        let end = (far - vanishing) / (close - vanishing);
        let z = 1.0 / scale.max(0.05);
        let middle = lu + 0.085 + (0.50 * self.aspect - lu - 0.155) * (scale - end) / (1.0 - end);
        let x = (u - middle) / scale.max(0.05);
        let (half, e) = (0.215, d / scale.max(0.05));
        // the edge towards us, its shadow in the water, and posts
        let deck = inside(half - x.abs(), e) * inside(v - far, d);
        let shade = inside(half + 0.02 - x.abs(), e) * inside(v - far + 0.004, d) * inside(far + 0.03 - v, d);
        c = mix3(c, times(c, 0.25), 0.8 * shade * (1.0 - deck));
        if deck > 0.0 {
            let row = z * 15.0;
            let plank = floor(row);
            let f = row - plank as f32;
            let de = d * z * z * 15.0 / (close - vanishing);
            let s = self.seed + 800;
            let tone = 0.65 + 0.6 * hash(s, plank, 1);
            let grain = fractal(s + 20 + plank as u32, x * 9.0, row * 7.0, 5, (e * 9.0).max(de * 7.0));
            let knot = {
                let (kx, ky) = (x - 0.36 * (hash(s, plank, 2) - 0.5), (f - 0.5) * 0.05);
                (-(kx * kx + 1.4 * ky * ky) / 0.00016).exp() * f32::from(hash(s, plank, 3) > 0.4)
            };
            let wood = times(mix3([0.085, 0.078, 0.085], [0.215, 0.180, 0.170], grain), tone * (1.0 - 0.6 * knot));
            // gaps, and nails beside the edges
            let gap = inside(0.055 - f, de).max(0.0);
            let nail = [-0.17f32, 0.17]
                .iter()
                .map(|at| inside(0.0045 - (x - at).hypot((f - 0.5) * 0.055), e))
                .fold(0.0, f32::max);
            // frost sparkles, the lantern warms what is near it
            let sky = mix3([0.75, 0.72, 0.95], [1.25, 0.95, 0.85], 0.5);
            let mut here: Rgb = std::array::from_fn(|i| wood[i] * sky[i]);
            let (dx, dy) = (u - lu - 0.03, (v - far) * 1.6);
            let warm = 1.0 / (1.0 + (dx * dx + dy * dy) / 0.0042);
            here = add(here, std::array::from_fn(|i| wood[i] * [9.5, 4.6, 1.5][i] * warm));
            here = mix3(here, [0.004, 0.006, 0.009], gap);
            here = mix3(here, times(here, 0.25), nail);
            c = mix3(c, here, deck);
        }
        // posts: pairs along the sides, the nearer the larger
        for (depth, side) in [(end, -1.0f32), (end, 1.0), (0.56, -1.0), (0.56, 1.0), (0.84, -1.0), (0.84, 1.0)] {
            let at = vanishing + depth * (close - vanishing);
            let mid = lu + 0.085 + (0.50 * self.aspect - lu - 0.155) * (depth - end) / (1.0 - end);
            let (px, py) = ((u - mid) / depth - side * (half + 0.006), (v - at) / depth);
            let ep = d / depth;
            let post = inside(0.020 - px.abs(), ep) * inside(py + 0.085, ep) * inside(0.075 - py, ep);
            if post > 0.0 {
                let round = (1.0 - (px / 0.021).powi(2)).max(0.0).sqrt();
                let bark = 0.6 + 0.8 * fractal(self.seed + 830, px * 160.0, py * 30.0, 4, ep * 160.0);
                let mut wood = times([0.085, 0.070, 0.066], bark * (0.35 + 0.75 * round));
                let dist = (u - lu).hypot(v - lv);
                let lit = 0.006 / (0.004 + dist * dist) * smooth(-0.02, 0.02, (lu - u) / depth * side.signum() + 0.03);
                wood = add(wood, times([0.30, 0.145, 0.048], 0.12 * bark * round * lit));
                let cap = inside(-0.062 - py, ep);
                wood = mix3(wood, [0.36, 0.36, 0.50], cap * smooth(0.2, 0.5, noise(831, px * 90.0, 0.5) + 0.35));
                c = mix3(c, wood, post);
            }
        }
        c
    }

    fn lantern(&self, u: f32, v: f32, d: f32, behind: Rgb) -> Rgb {
        let (lu, lv) = self.lantern_at();
        let size = 0.050;
        let (x, y, e) = ((u - lu) / size, (v - lv) / size, d / size);
        let mut c = behind;
        // halo in the air
        let r = x.hypot(y);
        if r > 40.0 {
            return c;
        }
        c = add(c, times([1.0, 0.46, 0.14], 0.20 * (-r / 1.3).exp() + 0.045 * (-r / 4.5).exp()));
        // the pole it hangs on, with an arm
        let pole = inside(0.075 - (x - 0.62).abs(), e) * inside(y + 1.25, e) * inside(2.35 - y, e);
        let arm = inside(0.05 - (y + 1.12).abs(), e) * inside(x + 0.06, e) * inside(0.68 - x, e);
        let warm = times([0.42, 0.20, 0.07], 1.0 / (1.0 + 1.5 * r * r) * smooth(0.70, 0.55, x));
        c = mix3(c, add([0.030, 0.026, 0.028], warm), pole.max(arm));
        if r > 1.3 {
            return c;
        }
        let ring = inside(0.025 - ((x.hypot(y + 0.86) - 0.13).abs()), e);
        let roof =
            inside(0.36 - x.abs() - 0.55 * (-0.42 - y).max(0.0) * 1.6, e) * inside(y + 0.74, e) * inside(-0.42 - y, e);
        let base = in_box([-0.34, 0.42, 0.34, 0.54], x, y, e);
        let glass = in_box([-0.28, -0.42, 0.28, 0.42], x, y, e);
        let flame = (-((x / 0.085).powi(2) + ((y - 0.08 + 0.25 * x * x) / 0.17).powi(2))).exp();
        let lit = add(times([4.2, 1.85, 0.52], 0.55 + 0.45 * (-r * r / 0.12).exp()), times([46.0, 27.0, 10.5], flame));
        c = mix3(c, lit, glass);
        let bars = inside(0.022 - x.abs(), e) * glass * (1.0 - flame.min(1.0));
        let edge = inside(0.03 - (x.abs() - 0.28).abs(), e) * inside(0.44 - y.abs(), e);
        c = mix3(c, [0.05, 0.035, 0.022], (0.8 * bars).max(edge));
        mix3(c, [0.032, 0.026, 0.024], ring.max(roof).max(base))
    }

    /// Reeds before everything, at both sides.
    fn reeds(&self, u: f32, v: f32, d: f32, behind: Rgb) -> Rgb {
        let mut c = behind;
        // the highest reaches up to here
        if v < 0.68 {
            return c;
        }
        for layer in 0..3u32 {
            let s = self.seed + 900 + 10 * layer;
            let n = 85.0 - 18.0 * layer as f32;
            let side = (u / self.aspect - 0.5).abs() * 2.0;
            if side < 0.30 {
                continue;
            }
            let k = floor(u * n);
            for o in -2..=2 {
                let j = k + o;
                let x0 = (j as f32 + hash(s, j, 1)) / n;
                let edge = ((x0 / self.aspect - 0.5).abs() * 2.0 - 0.40) / 0.60;
                let high = (0.05 + 0.22 * edge.max(0.0)) * (0.45 + 0.75 * hash(s, j, 2)) * f32::from(edge > 0.0);
                let y = (1.02 - v) / high.max(1e-3);
                if !(0.0..=1.0).contains(&y) {
                    continue;
                }
                let bend = (hash(s, j, 3) - 0.5) * 0.055 + 0.008;
                let x = u - x0 - bend * y * y;
                let half = 0.0021 * (1.0 - y).max(0.02).sqrt() * (1.0 + 0.35 * layer as f32);
                let mut cover = inside(half - x.abs(), d);
                // some bear a cattail
                let tail = hash(s, j, 4) > 0.80;
                if tail {
                    cover = cover
                        .max(inside(0.0046 - x.abs(), d) * inside((y - 0.80) * high, d) * inside((0.95 - y) * high, d));
                }
                if cover > 0.0 {
                    let stem = mix3([0.020, 0.024, 0.014], [0.105, 0.080, 0.042], hash(s, j, 5) * y);
                    let stem = if tail && y > 0.80 && y < 0.95 { [0.060, 0.030, 0.018] } else { stem };
                    let rim = smooth(0.0, 1.0, x / half * (self.west() - u).signum());
                    c = mix3(c, add(stem, times([0.16, 0.10, 0.075], 0.5 * rim)), cover);
                }
            }
        }
        c
    }

    fn at(&self, u: f32, v: f32, d: f32) -> Rgb {
        let wet = inside(v - WATER, d);
        let mut c = [0.0; 3];
        if wet < 1.0 {
            c = self.above(u, v, d);
        }
        if wet > 0.0 {
            let mut w = self.water(u, v, d);
            // the lantern in the water: a broken streak below it
            let (lu, lv) = self.lantern_at();
            let below = v - (2.0 * 0.735 - lv);
            let near = ((v - WATER) / (1.0 - WATER)).clamp(0.05, 1.0);
            let wob = 0.010 * (fractal(self.seed + 950, u * 6.0, v * 90.0, 3, d * 90.0) - 0.5);
            let streak = (-((u - lu + wob) / 0.011).powi(2) - (below / 0.075).powi(2)).exp();
            let broken = smooth(0.42, 0.62, noise(self.seed + 951, u * 30.0, v * 130.0 / near.sqrt()));
            w = add(w, times([4.2, 2.0, 0.62], 0.75 * streak * broken));
            c = mix3(c, w, wet);
        }
        if v > 0.60 {
            c = self.jetty(u, v, d, c);
        }
        c = self.lantern(u, v, d, c);
        self.reeds(u, v, d, c)
    }
}

/// A rowing boat: its length in heights of the picture.
const BOAT: f32 = 0.115;

fn boat(u: f32, v: f32, d: f32, at: [f32; 2]) -> (Rgb, f32) {
    let (x, y, e) = ((u - at[0]) / BOAT, (v - at[1]) / BOAT, d / BOAT);
    let rim = -0.085 - 0.19 * x * x;
    let hull = inside(y - rim, e)
        * inside(0.075 - 0.05 * (2.0 * x).powi(4) - y, e)
        * inside(0.5 - x.abs() + 0.06 * (0.07 - y), e);
    let board = ((y - rim) * 22.0).fract();
    let mut color = times([0.33, 0.062, 0.050], 0.55 + 0.55 * board);
    color = mix3(color, [0.55, 0.44, 0.38], inside(0.022 - (y - rim).abs(), e));
    let mirror = inside(y - 0.05, e) * inside(0.17 - 0.12 * (2.0 * x).powi(2) - y, e) * inside(0.45 - x.abs(), e);
    let ripple = 0.5 + 0.5 * (y * 90.0 + 3.0 * (x * 9.0).sin()).sin();
    let mut cover = 0.55 * mirror * (0.35 + 0.65 * ripple);
    let mut c = [0.045, 0.018, 0.022];
    c = mix3(c, color, hull);
    cover = cover * (1.0 - hull) + hull;
    (c, cover)
}

/// The scene: everything that stands still, and a boat that drifts.
pub(super) fn dusk(studio: &Studio, setting: &Setting) -> Scene {
    let dyes = studio.dyes(&setting.light, setting.lux);
    let land = Dusk::new(sub_seed(setting.seed, 41), setting.aspect);
    let boat_at = [0.175 * setting.aspect, 0.705];
    let painted = move |u: f32, v: f32, d: f32| {
        let (color, cover) = boat(u, v, d, boat_at);
        Dab { light: dyes.rgb(color).map(|l| l * cover), cover }
    };
    let bounds = [boat_at[0] - 0.6 * BOAT, boat_at[1] - 0.2 * BOAT, boat_at[0] + 0.6 * BOAT, boat_at[1] + 0.25 * BOAT];
    Scene {
        name: "dusk".into(),
        white: setting.light.clone(),
        lux: setting.lux,
        layers: vec![
            Layer::background("lake", 60.0, move |u: f32, v: f32, d: f32| Dab::full(dyes.rgb(land.at(u, v, d)))),
            Layer {
                name: "boat",
                paint: Box::new(painted),
                depth_m: 25.0,
                motion: Motion { velocity: [0.004, 0.0], ..Motion::default() },
                bounds: Some(bounds),
            },
        ],
        marks: Vec::new(),
        approximate: false,
    }
}
