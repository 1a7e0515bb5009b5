//! A small scene for the demonstration: spheres on a chequered floor before a wall with a star and colour patches,
//! under a low sun. Ray traced, so that its light is known everywhere.

use rayon::prelude::*;

/// Linear light in Rec.709 primaries (D65 white), 1 = a white surface in full sun.
pub type Light = [f32; 3];
type Vector = [f32; 3];

/// A picture of the scene, `width * height` pixels in row order.
pub struct Canvas {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    data: Vec<Light>,
}

impl Canvas {
    /// Renders the scene with 3x3 rays per pixel.
    pub fn render(width: usize, height: usize) -> Self {
        let mut data = vec![[0.0; 3]; width * height];
        data.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
            for (x, pixel) in row.iter_mut().enumerate() {
                for i in 0..9 {
                    let at = |v: usize, k: usize| v as f32 + (k as f32 + 0.5) / 3.0;
                    let u = (at(x, i % 3) - 0.5 * width as f32) / height as f32;
                    let v = (at(y, i / 3) - 0.5 * height as f32) / height as f32;
                    *pixel = add(*pixel, scale(see(u, v), 1.0 / 9.0));
                }
            }
        });
        Self { width, height, data }
    }

    /// The light at (x, y), pixel centres at .5, bilinear; the border goes on outside.
    pub fn at(&self, x: f32, y: f32) -> Light {
        let clamp = |v: f32, n: usize| v.clamp(0.0, (n - 1) as f32);
        let (x, y) = (clamp(x - 0.5, self.width), clamp(y - 0.5, self.height));
        let (ix, iy) = ((x as usize).min(self.width - 2), (y as usize).min(self.height - 2));
        let (fx, fy) = (x - ix as f32, y - iy as f32);
        let get = |dx: usize, dy: usize| self.data[(iy + dy) * self.width + ix + dx];
        let row = |dy| mix(get(0, dy), get(1, dy), fx);
        mix(row(0), row(1), fy)
    }
}

/// What hangs in the air: place, radius, colour, how much it mirrors.
const SPHERES: [(Vector, f32, Light, f32); 6] = [
    ([-1.55, 0.70, 4.6], 0.70, [0.62, 0.06, 0.05], 0.12),
    ([0.05, 0.95, 5.4], 0.95, [0.80, 0.80, 0.80], 0.75),
    ([1.60, 0.60, 4.3], 0.60, [0.05, 0.16, 0.52], 0.12),
    ([-0.55, 0.32, 3.4], 0.32, [0.78, 0.50, 0.05], 0.08),
    ([0.72, 0.26, 3.2], 0.26, [0.08, 0.42, 0.12], 0.08),
    ([2.55, 0.42, 5.6], 0.42, [0.45, 0.10, 0.40], 0.10),
];
/// Towards the sun.
const SUN: Vector = [-0.58, 0.55, -0.60];
const SUNLIGHT: Light = [0.95, 0.88, 0.76];
const SKYLIGHT: Light = [0.10, 0.13, 0.18];
/// Depth of the wall.
const WALL: f32 = 8.0;

/// The light that comes from the place (u, v) of the picture, both -0.5 to 0.5 along the shorter side, v downwards.
fn see(u: f32, v: f32) -> Light {
    trace([0.0, 1.25, -1.2], unit([u, -v - 0.055, 1.15]), 2)
}

/// What a ray meets.
enum Hit {
    Sphere(usize),
    Floor,
    Wall,
    Sky,
}

fn nearest(from: Vector, to: Vector) -> (f32, Hit) {
    let mut best = (f32::INFINITY, Hit::Sky);
    for (i, (centre, radius, ..)) in SPHERES.iter().enumerate() {
        let away = sub(from, *centre);
        let (b, c) = (dot(away, to), dot(away, away) - radius * radius);
        let root = b * b - c;
        if root > 0.0 {
            let t = -b - root.sqrt();
            if t > 1e-3 && t < best.0 {
                best = (t, Hit::Sphere(i));
            }
        }
    }
    let floor = -from[1] / to[1];
    if to[1] < 0.0 && floor > 1e-3 && floor < best.0 {
        best = (floor, Hit::Floor);
    }
    let wall = (WALL - from[2]) / to[2];
    if to[2] > 0.0 && wall > 1e-3 && wall < best.0 && from[1] + wall * to[1] < 3.0 {
        best = (wall, Hit::Wall);
    }
    best
}

fn trace(from: Vector, to: Vector, bounces: u32) -> Light {
    let (t, hit) = nearest(from, to);
    let at = add(from, scale(to, t));
    match hit {
        Hit::Sky => sky(to),
        Hit::Floor => {
            let (x, z) = (at[0].rem_euclid(1.0) < 0.5, at[2].rem_euclid(1.0) < 0.5);
            let grain = 0.04 * ((at[0] * 61.0).sin() * (at[2] * 47.0 + (at[0] * 23.0).sin()).sin());
            let color = if x == z { [0.42, 0.36, 0.29] } else { [0.11, 0.09, 0.075] };
            lit(at, [0.0, 1.0, 0.0], scale(color, 1.0 + grain * 4.0))
        }
        Hit::Wall => lit(at, [0.0, 0.0, -1.0], wall_color(at[0], at[1])),
        Hit::Sphere(i) => {
            let (centre, radius, color, mirror) = SPHERES[i];
            let normal = scale(sub(at, centre), 1.0 / radius);
            let away = sub(to, scale(normal, 2.0 * dot(to, normal)));
            let body = lit(at, normal, color);
            // Schlick's approximation of how much more mirrors at a grazing angle.
            let share = mirror + (1.0 - mirror) * (1.0 + dot(to, normal)).clamp(0.0, 1.0).powi(5);
            let seen = if bounces > 0 { trace(at, away, bounces - 1) } else { sky(away) };
            let glint = dot(away, unit(SUN)).max(0.0).powi(900) * 30.0 * shadow(at);
            add(mix(body, seen, share), scale(SUNLIGHT, glint * share.max(0.05)))
        }
    }
}

/// A matt surface under sun and sky.
fn lit(at: Vector, normal: Vector, color: Light) -> Light {
    let direct = dot(normal, unit(SUN)).max(0.0) * shadow(at);
    // Near the floor less of the sky is seen.
    let open = 0.5 + 0.5 * normal[1] * 0.7 + 0.15 * at[1].min(1.0);
    std::array::from_fn(|c| color[c] * (SUNLIGHT[c] * direct + SKYLIGHT[c] * open))
}

/// 1 in the sun, 0 behind a sphere.
fn shadow(at: Vector) -> f32 {
    let to = unit(SUN);
    match nearest(add(at, scale(to, 2e-3)), to) {
        (_, Hit::Sphere(_)) => 0.0,
        _ => 1.0,
    }
}

fn sky(to: Vector) -> Light {
    let height = to[1].clamp(0.0, 1.0);
    let blue = mix([0.55, 0.62, 0.72], [0.10, 0.22, 0.50], height.sqrt());
    let sun = dot(to, unit(SUN)).max(0.0);
    add(blue, scale(SUNLIGHT, 40.0 * sun.powi(3000) + 0.4 * sun.powi(24)))
}

/// A plastered wall with a star of 36 rays, 18 colour patches and lines that get finer.
fn wall_color(x: f32, y: f32) -> Light {
    let plaster = 1.0 + 0.06 * (x * 37.0 + (y * 29.0).sin() * 2.0).sin() * (y * 41.0 + (x * 31.0).cos()).sin();
    let (sx, sy) = (x + 2.1, y - 1.75);
    let radius = sx.hypot(sy);
    if radius < 0.85 {
        let ray = (sy.atan2(sx) * 36.0).sin() > 0.0;
        return if radius > 0.04 && ray { [0.85; 3] } else { [0.03; 3] };
    }
    let (px, py) = ((x - 0.2) / 0.34, (2.55 - y) / 0.34);
    if (0.0..6.0).contains(&px) && (0.0..3.0).contains(&py) {
        let inside = (0.06..0.94).contains(&px.fract()) && (0.06..0.94).contains(&py.fract());
        let i = px as usize + 6 * py as usize;
        return if inside { PATCHES[i.min(17)] } else { [0.02; 3] };
    }
    if (2.6..4.2).contains(&x) && (1.2..2.4).contains(&y) {
        // A chirp: 3 lines per unit at the left, 60 at the right.
        let s = (x - 2.6) / 1.6;
        let phase = 3.0 * s + 0.5 * 57.0 * s * s;
        return [0.45 + 0.4 * (phase * std::f32::consts::TAU * 1.6).sin(); 3];
    }
    scale([0.34, 0.29, 0.24], plaster)
}

/// Skin, foliage, sky and flowers, pure hues, and greys, as linear Rec.709.
const PATCHES: [Light; 18] = [
    [0.17, 0.08, 0.06],
    [0.56, 0.29, 0.22],
    [0.11, 0.20, 0.34],
    [0.10, 0.15, 0.05],
    [0.23, 0.22, 0.44],
    [0.13, 0.51, 0.41],
    [0.69, 0.20, 0.02],
    [0.06, 0.10, 0.38],
    [0.54, 0.09, 0.12],
    [0.11, 0.04, 0.14],
    [0.34, 0.50, 0.04],
    [0.76, 0.36, 0.03],
    [0.88, 0.88, 0.88],
    [0.58, 0.58, 0.58],
    [0.36, 0.36, 0.36],
    [0.19, 0.19, 0.19],
    [0.09, 0.09, 0.09],
    [0.03, 0.03, 0.03],
];

fn add(a: Vector, b: Vector) -> Vector {
    std::array::from_fn(|i| a[i] + b[i])
}

fn sub(a: Vector, b: Vector) -> Vector {
    std::array::from_fn(|i| a[i] - b[i])
}

fn scale(a: Vector, s: f32) -> Vector {
    a.map(|v| v * s)
}

fn mix(a: Vector, b: Vector, s: f32) -> Vector {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * s)
}

fn dot(a: Vector, b: Vector) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn unit(a: Vector) -> Vector {
    scale(a, 1.0 / dot(a, a).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scene_has_light_and_shade_and_is_the_same_every_time() {
        let canvas = Canvas::render(48, 36);
        let all = || canvas.data.iter().flatten();
        assert!(all().all(|v| v.is_finite() && *v >= 0.0));
        assert!(all().any(|v| *v > 0.6) && all().any(|v| *v < 0.05));
        assert_eq!(Canvas::render(48, 36).data, canvas.data);
        assert_eq!(canvas.at(7.5, 3.5), canvas.data[3 * 48 + 7]);
        assert_eq!(canvas.at(-9.0, 99.0), canvas.data[35 * 48]);
    }
}
