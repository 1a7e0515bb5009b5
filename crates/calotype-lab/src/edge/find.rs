//! Finds slanted edges: straight, alone, between flat fields.

use super::profile::{Rows, spread};
use crate::Region;
use crate::filter::gaussian;
use calotype_image::{Plane, par};

/// A region with one edge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub region: Region,
    /// True for an edge that runs from top to bottom.
    pub vertical: bool,
    /// For sorting: better edges have more.
    score: f64,
}

/// Side of the tiles in which an edge is first seen.
const TILE: usize = 24;
/// Lengths along and widths across an edge that are tried, largest first.
const SIZES: [(usize, usize); 8] = [(200, 80), (160, 64), (120, 64), (100, 52), (80, 48), (64, 40), (48, 36), (40, 28)];

/// The edge in a region that was pointed at.
pub(super) fn at(plane: &Plane<f32>, region: Region) -> Option<Found> {
    let t = tensor(&gaussian(plane, 0.8), region);
    let vertical = t.xx >= t.yy;
    let line = Rows::of_plane(plane, region, vertical).line()?;
    (line.angle_deg().abs() < 45.0).then_some(Found { region, vertical, score: 1.0 })
}

/// The best edges of a picture, at most `most`, best first, apart from each other.
pub(crate) fn find(plane: &Plane<f32>, most: usize) -> Vec<Found> {
    let smooth = gaussian(plane, 1.0);
    let (across, down) = (plane.width() / (TILE / 2), plane.height() / (TILE / 2));
    let tile = |i: usize| {
        let (x, y) = ((i % across) * TILE / 2, (i / across) * TILE / 2);
        let region = Region { x, y, width: TILE.min(plane.width() - x), height: TILE.min(plane.height() - y) };
        (region, tensor(&smooth, region))
    };
    let mut seeds: Vec<(Region, Tensor)> =
        par::map(across * down, tile).into_iter().filter(|(r, t)| t.is_edge(*r)).collect();
    seeds.sort_by(|a, b| b.1.energy().total_cmp(&a.1.energy()).then((a.0.y, a.0.x).cmp(&(b.0.y, b.0.x))));
    let mut found: Vec<Found> = Vec::new();
    let mut tries = 0;
    for (seed, t) in seeds {
        // Seeds on an edge that is taken already, and a bound on the work that a busy picture makes.
        if found.len() >= 4 * most || tries >= 1000 {
            break;
        }
        let (cx, cy) = t.middle(seed);
        if found.iter().any(|f| holds(f.region, cx, cy)) {
            continue;
        }
        tries += 1;
        found.extend(grow(plane, t.xx >= t.yy, cx, cy));
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Found> = Vec::new();
    for f in found {
        if kept.len() < most && !kept.iter().any(|k| overlap(k.region, f.region)) {
            kept.push(f);
        }
    }
    kept
}

/// The largest region about a place on an edge that holds this edge only.
fn grow(plane: &Plane<f32>, vertical: bool, cx: f64, cy: f64) -> Option<Found> {
    for (length, width) in SIZES {
        let (w, h) = if vertical { (width, length) } else { (length, width) };
        let fits = |c: f64, n: usize, size: usize| {
            let start = (c - 0.5 * n as f64).round();
            (start >= 0.0 && start as usize + n <= size).then_some(start as usize)
        };
        let (Some(x), Some(y)) = (fits(cx, w, plane.width()), fits(cy, h, plane.height())) else { continue };
        let region = Region { x, y, width: w, height: h };
        let rows = Rows::of_plane(plane, region, vertical);
        let Some(line) = rows.line() else { continue };
        let angle = line.angle_deg().abs();
        if !(1.7..=30.0).contains(&angle) || line.residual > 0.6 || !rows.alike() {
            continue;
        }
        let Some(s) = spread(&rows, &line, f64::INFINITY) else { continue };
        let step = s.bright - s.dark;
        let (over, under) = s.shoots();
        // Flat fields: the outer third of each side stays within a part of the step.
        let n = s.bins.len();
        let flat = |part: &[f64]| {
            let range = part.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
            range.1 - range.0 < 0.15 * step + 3.0 * s.noise
        };
        let contrast = step / (s.bright + s.dark).abs().max(1e-6);
        let clean = flat(&s.bins[..n / 3]) && flat(&s.bins[n - n / 3..]) && over < 0.8 && under < 0.8;
        if contrast > 0.06 && step > 4.0 * s.noise && s.explained > 0.75 && clean {
            let score = (step / (s.noise + 0.01 * step)).min(60.0) * (length as f64).sqrt() * s.explained;
            return Some(Found { region, vertical, score });
        }
    }
    None
}

fn holds(r: Region, x: f64, y: f64) -> bool {
    x >= r.x as f64 && y >= r.y as f64 && x < (r.x + r.width) as f64 && y < (r.y + r.height) as f64
}

fn overlap(a: Region, b: Region) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/// Sums of products of the gradient over a region (the structure tensor), and where the gradient is.
#[derive(Clone, Copy, Default)]
struct Tensor {
    xx: f64,
    yy: f64,
    xy: f64,
    mx: f64,
    my: f64,
    /// Second moments of the gradient's place, from the region's corner.
    mxx: f64,
    mxy: f64,
    myy: f64,
    light: f64,
}

fn tensor(plane: &Plane<f32>, region: Region) -> Tensor {
    let mut t = Tensor::default();
    for y in region.y.max(1)..(region.y + region.height).min(plane.height().saturating_sub(1)) {
        let (above, row, below) = (plane.row(y - 1), plane.row(y), plane.row(y + 1));
        for x in region.x.max(1)..(region.x + region.width).min(plane.width().saturating_sub(1)) {
            let (gx, gy) = (f64::from(row[x + 1] - row[x - 1]), f64::from(below[x] - above[x]));
            let g = gx * gx + gy * gy;
            t.xx += gx * gx;
            t.yy += gy * gy;
            t.xy += gx * gy;
            t.mx += g * (x as f64 + 0.5);
            t.my += g * (y as f64 + 0.5);
            let (u, v) = ((x - region.x) as f64, (y - region.y) as f64);
            (t.mxx, t.mxy, t.myy) = (t.mxx + g * u * u, t.mxy + g * u * v, t.myy + g * v * v);
            t.light += f64::from(row[x].abs());
        }
    }
    t
}

impl Tensor {
    fn energy(&self) -> f64 {
        let light = self.light.max(1e-6);
        (self.xx + self.yy) / (light * light)
    }

    /// One direction only, near but not along an axis, and worth looking at.
    fn is_edge(&self, region: Region) -> bool {
        let (sum, difference) = (self.xx + self.yy, (self.xx - self.yy).hypot(2.0 * self.xy));
        let direction = (0.5 * (2.0 * self.xy).atan2(self.xx - self.yy)).to_degrees();
        let off = direction.abs().min((90.0 - direction.abs()).abs());
        sum > 0.0 && difference > 0.7 * sum && (1.0..=32.0).contains(&off) && self.spread(region) < 20.0
    }

    /// Variance of the gradient's place across the edge, in square pixels: large where there are several edges.
    fn spread(&self, region: Region) -> f64 {
        let g = self.xx + self.yy;
        let (cx, cy) = (self.mx / g - region.x as f64 - 0.5, self.my / g - region.y as f64 - 0.5);
        let (xx, xy, yy) = (self.mxx / g - cx * cx, self.mxy / g - cx * cy, self.myy / g - cy * cy);
        let angle = 0.5 * (2.0 * self.xy).atan2(self.xx - self.yy);
        let (sin, cos) = angle.sin_cos();
        xx * cos * cos + 2.0 * xy * sin * cos + yy * sin * sin
    }

    fn middle(&self, region: Region) -> (f64, f64) {
        let g = self.xx + self.yy;
        if g > 0.0 {
            (self.mx / g, self.my / g)
        } else {
            (region.x as f64 + 0.5 * region.width as f64, region.y as f64 + 0.5 * region.height as f64)
        }
    }
}
