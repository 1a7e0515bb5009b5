//! What a maker writes into files to straighten pictures, fitted to the lens.
//!
//! A corrected picture is that of a pinhole camera. Its focal length is chosen such that it shows as much as possible
//! without looking beyond the sensor's border.

use crate::canvas::{Area, Canvas};
use crate::view::Geometry;
use calotype_image::{Plane, Warp, WarpModel, WarpPlane, par};

/// Radii at which the polynomials are fitted and judged.
const RADII: usize = 512;
/// Lenses that move nothing by more than so many photosites need no correction.
const STRAIGHT_PX: f64 = 0.01;

/// Distortion and lateral colour as the DNG opcode WarpRectilinear.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction {
    /// For red, green and blue: where to look for the light of a corrected place.
    pub warp: Warp,
    /// Ideal places (see [`Geometry`]) per place of the corrected picture: its focal length is that of the lens over it.
    pub zoom: f64,
    /// Where the opcode looks, against where it should, at worst: photosites in red, green and blue.
    pub residual_px: [f64; 3],
}

impl Correction {
    /// Fits the opcode's polynomial `k0 + k1 r² + k2 r⁴ + k3 r⁶` (DNG 1.7.1, chapter 7) for each colour; `None` for lenses that
    /// are straight.
    pub fn of(g: &Geometry) -> Option<Self> {
        let corner = (g.width as f64).hypot(g.height as f64) / 2.0;
        let radii = || (1..=RADII).map(|i| i as f64 / RADII as f64);
        let ideal = |c: usize, real: f64| {
            let (x, ..) = g.ideal(c, (real + g.width as f64 / 2.0) as f32, g.height as f32 / 2.0);
            f64::from(x)
        };
        let moved = (0..3).flat_map(|c| radii().map(move |r| (ideal(c, r * corner) - r * corner).abs()));
        if moved.fold(0.0, f64::max) < STRAIGHT_PX {
            return None;
        }
        let nearest = g.width.min(g.height) as f64 / 2.0 / corner;
        let border = (0..3).flat_map(|c| {
            radii().filter(|r| *r >= nearest - 1.0 / RADII as f64).map(move |r| ideal(c, r * corner) / (r * corner))
        });
        let zoom = border.fold(f64::INFINITY, f64::min);
        let mut residual_px = [0f64; 3];
        let planes = [0, 1, 2].map(|c| {
            let factors: Vec<(f64, f64)> =
                radii().map(|r| (r, g.real_distance(c, zoom * r * corner) / (r * corner))).collect();
            let k = fit(&factors);
            let off = |(r, f): &(f64, f64)| (polynomial(&k, *r) - f).abs() * r * corner;
            residual_px[c] = factors.iter().map(off).fold(0.0, f64::max);
            let mut plane = WarpPlane::identity(WarpModel::Rectilinear);
            (0..4).for_each(|i| plane.radial[2 * i] = k[i]);
            plane
        });
        let warp =
            Warp { model: WarpModel::Rectilinear, planes: planes.to_vec(), center: (0.5, 0.5), reciprocal: false };
        Some(Self { warp, zoom, residual_px })
    }

    /// Planes in the geometry of green, as the opcode straightens them: read by cubic B-splines without loss; the outermost
    /// pixel and a half of the picture are not told apart.
    pub fn straighten(&self, planes: &[Plane<f32>; 3]) -> [Plane<f32>; 3] {
        let (w, h) = (planes[0].width(), planes[0].height());
        let area = Area { x: 0, y: 0, width: w, height: h };
        let canvas = Canvas { area, planes: planes.iter().map(coefficients).collect() };
        let inside = |v: f64, n: usize| (v as f32).clamp(1.5, n as f32 - 1.502);
        let rows = par::map(h, |y| {
            let mut row = [(); 3].map(|()| vec![0f32; w]);
            for x in 0..w {
                let (sx, sy) = self.warp.source(1, x as f64 + 0.5, y as f64 + 0.5, w, h);
                if let Some(taps) = canvas.taps(inside(sx, w), inside(sy, h)) {
                    row.iter_mut().zip(&canvas.planes).for_each(|(row, plane)| row[x] = taps.value(plane));
                }
            }
            row
        });
        let mut out = [(); 3].map(|()| Plane::new(w, h));
        for (y, row) in rows.iter().enumerate() {
            out.iter_mut().zip(row).for_each(|(plane, row)| plane.row_mut(y).copy_from_slice(row));
        }
        out
    }
}

fn polynomial(k: &[f64; 4], r: f64) -> f64 {
    k.iter().rev().fold(0.0, |sum, k| sum * r * r + k)
}

/// The power of the errors whose sum is least. Squares (2) leave the corners of the 23 mm phone lens 0.99 photosites off; four
/// terms cannot do better than 0.46 (the limit of high powers), but then the middle is as far off as the corners. At 8 it is
/// 0.58, and the root mean square over the picture's area grows from 0.22 to 0.26.
const NORM: f64 = 8.0;
/// Rounds of weighing, after which nothing changes in the fourth digit.
const ROUNDS: usize = 60;

/// The polynomial for which the sum of `|r (polynomial(r) - f)|^NORM` is least, by least squares weighed again and again with
/// damped weights (Karlovitz, "Construction of nearest points in the L^p, p even, and L^infinity norms", 1970).
fn fit(factors: &[(f64, f64)]) -> [f64; 4] {
    let mut weights = vec![1.0; factors.len()];
    let mut k = least_squares(factors, &weights);
    for _ in 0..ROUNDS {
        let errors: Vec<f64> = factors.iter().map(|(r, f)| (r * (polynomial(&k, *r) - f)).abs()).collect();
        let worst = errors.iter().fold(1e-12, |a: f64, e| a.max(*e));
        let damping = 1.0 / (NORM - 1.0);
        for (w, e) in weights.iter_mut().zip(&errors) {
            *w = w.powf(1.0 - damping) * ((e / worst).powf(NORM - 2.0) + 1e-9).powf(damping);
        }
        k = least_squares(factors, &weights);
    }
    k
}

/// Weighed least squares of `r (polynomial(r) - f)`.
fn least_squares(factors: &[(f64, f64)], weights: &[f64]) -> [f64; 4] {
    let mut m = [[0.0; 5]; 4];
    for ((r, f), w) in factors.iter().zip(weights) {
        let powers = [1.0, r * r, r.powi(4), r.powi(6)];
        for i in 0..4 {
            (0..4).for_each(|j| m[i][j] += w * r * r * powers[i] * powers[j]);
            m[i][4] += w * r * r * powers[i] * f;
        }
    }
    // elimination; the matrix is positive definite
    for i in 0..4 {
        for j in 0..4 {
            if i != j {
                let factor = m[j][i] / m[i][i];
                (0..5).for_each(|k| m[j][k] -= factor * m[i][k]);
            }
        }
    }
    std::array::from_fn(|i| m[i][4] / m[i][i])
}

/// Coefficients of the cubic B-spline through the samples of a plane, mirrored at its borders (Unser, "Splines: a perfect
/// fit for signal and image processing", 1999): a recursive filter along rows, then along columns.
fn coefficients(plane: &Plane<f32>) -> Plane<f32> {
    let mut out = plane.clone();
    let height = plane.height();
    par::bands_mut(&mut out, 64, |_, mut band| {
        for y in 0..band.height() {
            let row = band.row_mut(y);
            let n = row.len();
            row[0] = start(n, |i| row[i]);
            (1..n).for_each(|i| row[i] = 6.0 * row[i] + POLE * row[i - 1]);
            row[n - 1] = end(row[n - 1], row[n.max(2) - 2]);
            (0..n - 1).rev().for_each(|i| row[i] = POLE * (row[i + 1] - row[i]));
        }
    });
    let first: Vec<f32> = (0..plane.width()).map(|x| start(height, |i| out.get(x, i))).collect();
    out.row_mut(0).copy_from_slice(&first);
    let mut other = out.row(0).to_vec();
    for y in 1..height {
        out.row_mut(y).iter_mut().zip(&mut other).for_each(|(v, above)| {
            *v = 6.0 * *v + POLE * *above;
            *above = *v;
        });
    }
    let above = out.row(height.max(2) - 2).to_vec();
    out.row_mut(height - 1).iter_mut().zip(&above).for_each(|(v, above)| *v = end(*v, *above));
    let mut other = out.row(height - 1).to_vec();
    for y in (0..height - 1).rev() {
        out.row_mut(y).iter_mut().zip(&mut other).for_each(|(v, below)| {
            *v = POLE * (*below - *v);
            *below = *v;
        });
    }
    out
}

/// Pole of the filter: √3 - 2.
const POLE: f32 = -0.267_949_2;

/// The causal filter's first value: as if it had run over the mirrored samples for long.
fn start(n: usize, at: impl Fn(usize) -> f32) -> f32 {
    let mut power = 1.0;
    let mut sum = 0.0;
    for i in 0..n.min(24) {
        sum += 6.0 * power * at(i);
        power *= POLE;
    }
    sum
}

/// The anticausal filter's first value.
fn end(last: f32, before: f32) -> f32 {
    POLE / (POLE * POLE - 1.0) * (last + POLE * before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Lens, Optics};

    fn lens(name: &str) -> Lens {
        Lens::from_toml(name, Lens::builtin_text(name).unwrap()).unwrap()
    }

    #[test]
    fn splines_go_through_their_samples() {
        let plane = Plane::from_fn(37, 29, |x, y| ((x * 7 + y * 13) % 11) as f32);
        let canvas = Canvas { area: Area { x: 0, y: 0, width: 37, height: 29 }, planes: vec![coefficients(&plane)] };
        for y in 1..27 {
            for x in 1..35 {
                let got = canvas.taps(x as f32 + 0.5, y as f32 + 0.5).unwrap().value(&canvas.planes[0]);
                assert!((got - plane.get(x, y)).abs() < 1e-4, "{x} {y}: {got} {}", plane.get(x, y));
            }
        }
    }

    #[test]
    fn corrections_look_where_the_lens_has_put_the_light() {
        for (name, size, pixel_um) in [("phone-23mm", (4096, 3072), 3.2), ("phone-24mm", (4000, 3000), 2.0)] {
            let lens = lens(name);
            let g = Geometry::new(size, pixel_um, 1.0, &lens);
            let c = Correction::of(&g).unwrap();
            assert!(c.residual_px.iter().all(|r| *r < 0.6), "{name}: {:?}", c.residual_px);
            let (w, h) = (size.0 as f64, size.1 as f64);
            for (x, y) in [(0.5, 0.5), (700.5, 2000.5), (w / 2.0 + 900.0, h / 2.0), (w - 0.5, h / 2.0), (w / 2.0, 0.5)]
            {
                for channel in 0..3 {
                    let (sx, sy) = c.warp.source(channel, x, y, size.0, size.1);
                    // never beyond the border, and at the place whose ideal place is the corrected one
                    assert!(sx > -0.7 && sx < w + 0.7 && sy > -0.7 && sy < h + 0.7, "{name} {x} {y}: {sx} {sy}");
                    let (ix, iy, _) = g.ideal(channel, sx as f32, sy as f32);
                    let off = (f64::from(ix) - c.zoom * (x - w / 2.0)).hypot(f64::from(iy) - c.zoom * (y - h / 2.0));
                    // ideal places lie a few percent further apart than real ones where distortion falls
                    assert!(off < 1.06 * c.residual_px[channel] + 0.01, "{name} {channel} {x} {y}: {off}");
                }
            }
        }
    }

    #[test]
    fn straight_lenses_need_none_and_pictures_are_straightened() {
        let thin = lens("thin");
        assert_eq!(Correction::of(&Geometry::new((640, 480), 3.2, 1.0, &thin)), None);
        let phone = lens("phone-23mm");
        let g = Geometry::new((640, 480), 3.2, 6.4, &phone);
        assert!(phone.ideal_height(1, 0.8) < 0.8);
        let c = Correction::of(&g).unwrap();
        // a picture of ideal columns becomes a ramp in columns
        let ramp = Plane::from_fn(640, 480, |x, y| g.ideal(1, x as f32 + 0.5, y as f32 + 0.5).0);
        let [out, ..] = c.straighten(&[ramp.clone(), ramp.clone(), ramp]);
        for y in 4..476 {
            for x in 4..636 {
                let want = c.zoom as f32 * (x as f32 + 0.5 - 320.0);
                assert!((out.get(x, y) - want).abs() < 0.15, "{x} {y}: {} {want}", out.get(x, y));
            }
        }
    }
}
