//! Finds the chart: flat patches of one size on a lattice of six by four, told by their colours.
//!
//! Where the picture is flat, connected areas that fill a parallelogram are candidates. Two neighbours of one span a
//! lattice; it grows from place to place. Every six by four window of it that holds enough candidates is tried in all
//! turns, and the one whose colours come nearest to the chart's through a 3x3 matrix (which takes exposure, white
//! balance and the camera's colours away) and a smooth shading is the chart.

use super::{Chart, ChartReference};
use crate::filter::{blocks, gaussian};
use crate::lattice::{Lattice, Patch, minus, spread};
use crate::stats::{homography, least_squares, quantile};
use calotype_image::Plane;

/// The longest side of the picture that is searched.
const LONGEST: usize = 900;
/// Patches that must be seen by themselves.
const NEEDED: usize = 13;
/// Root mean square error of the colours through the best matrix and shading, relative to the chart's own spread: real
/// charts, under warm light and behind small lenses too, stay below 0.2; wrong turns and other colours are above 0.7.
const ALIKE: f64 = 0.40;

pub(super) fn find(planes: &[Plane<f32>; 3]) -> Result<Chart, String> {
    let (width, height) = (planes[0].width(), planes[0].height());
    let shrink = width.max(height).div_ceil(LONGEST).max(1);
    if width / shrink < 48 || height / shrink < 48 {
        return Err(format!("{width}x{height} pixels are too few"));
    }
    let small: Vec<Plane<f32>> = planes.iter().map(|p| blocks(p, shrink)).collect();
    let steepness = steepness(&small);
    let target: [[f64; 3]; 24] = ChartReference::Since2014.linear();
    let (mut best, mut most, mut cut): (Option<(f64, Chart)>, usize, bool) = (None, 0, false);
    // Patches of noisy pictures are flat only loosely, those of clean ones are best told apart tightly.
    let base = quantile(&steepness.data().iter().step_by(7).map(|v| f64::from(*v)).collect::<Vec<_>>(), 0.3);
    for factor in [1.0, 2.0, 3.5, 6.0] {
        let patches = candidates(&steepness, (factor * base.max(0.002)) as f32);
        for lattice in lattices(&patches) {
            most = most.max(lattice.len());
            for (map, seen) in windows(&lattice, &patches) {
                let mut chart = Chart::new(&map, seen);
                for (c, axes) in chart.centers.iter_mut().zip(&mut chart.axes) {
                    c.iter_mut().for_each(|v| *v *= shrink as f64);
                    axes.iter_mut().flatten().for_each(|v| *v *= shrink as f64);
                }
                if !chart.fits((width, height)) {
                    cut = true;
                    continue;
                }
                let error = unlikeness(&chart, planes, &target) - 0.004 * seen as f64;
                if best.as_ref().is_none_or(|b| error < b.0) {
                    best = Some((error, chart));
                }
            }
        }
        if best.as_ref().is_some_and(|b| b.0 < 0.1) {
            break;
        }
    }
    match best {
        Some((error, chart)) if error + 0.004 * chart.seen as f64 <= ALIKE => Ok(chart),
        Some((error, chart)) => Err(format!(
            "a lattice with {} patches was seen, but its colours are not the chart's (error {:.2} of their spread)",
            chart.seen,
            error + 0.004 * chart.seen as f64
        )),
        None if cut => Err(format!("{most} flat patches lie on one lattice, but the border cuts the chart off")),
        None => Err(format!("at most {most} flat patches lie on one lattice, {NEEDED} of 24 are needed")),
    }
}

/// Largest gradient over the channels, after a square root that evens noise out.
fn steepness(planes: &[Plane<f32>]) -> Plane<f32> {
    let roots: Vec<Plane<f32>> = planes
        .iter()
        .map(|p| {
            let white = quantile(&p.data().iter().step_by(11).map(|v| f64::from(*v)).collect::<Vec<_>>(), 0.99)
                .max(1e-6) as f32;
            gaussian(&Plane::from_fn(p.width(), p.height(), |x, y| (p.get(x, y).max(0.0) / white).sqrt()), 0.8)
        })
        .collect();
    Plane::from_fn(planes[0].width(), planes[0].height(), |x, y| {
        let (x, y) = (x as isize, y as isize);
        roots
            .iter()
            .map(|r| (r.clamped(x + 1, y) - r.clamped(x - 1, y)).hypot(r.clamped(x, y + 1) - r.clamped(x, y - 1)))
            .fold(0.0, f32::max)
    })
}

/// Connected flat areas of a patch's shape.
fn candidates(steepness: &Plane<f32>, flat: f32) -> Vec<Patch> {
    let (width, height) = (steepness.width(), steepness.height());
    let mut seen = vec![false; width * height];
    let (mut found, mut stack) = (Vec::new(), Vec::new());
    let (least, most) = (30.0, (width * height) as f64 / 30.0);
    for start in 0..width * height {
        if seen[start] || steepness.data()[start] > flat {
            continue;
        }
        seen[start] = true;
        stack.push(start);
        let (mut n, mut sx, mut sy, mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        while let Some(i) = stack.pop() {
            let (x, y) = (i % width, i / width);
            let (fx, fy) = (x as f64 + 0.5, y as f64 + 0.5);
            n += 1.0;
            sx += fx;
            sy += fy;
            xx += fx * fx;
            yy += fy * fy;
            xy += fx * fy;
            let near = [
                (x > 0, i.wrapping_sub(1)),
                (x + 1 < width, i + 1),
                (y > 0, i.wrapping_sub(width)),
                (y + 1 < height, i + width),
            ];
            for j in near.into_iter().filter(|n| n.0).map(|n| n.1) {
                if !seen[j] && steepness.data()[j] <= flat {
                    seen[j] = true;
                    stack.push(j);
                }
            }
        }
        if n < least || n > most {
            continue;
        }
        let (cx, cy) = (sx / n, sy / n);
        let (vx, vy, vxy) = (xx / n - cx * cx, yy / n - cy * cy, xy / n - cx * cy);
        let det = vx * vy - vxy * vxy;
        // A parallelogram of area A has a covariance of determinant (A / 12)^2.
        let filled = 12.0 * det.max(0.0).sqrt() / n;
        let (sum, difference) = (vx + vy, (vx - vy).hypot(2.0 * vxy));
        if (0.8..1.2).contains(&filled) && sum + difference < 4.0 * (sum - difference) {
            found.push(Patch { center: [cx, cy], side: n.sqrt() });
        }
    }
    found
}

/// The lattices that patches and their neighbours span, at least [`NEEDED`] places each.
fn lattices(patches: &[Patch]) -> Vec<Lattice> {
    let mut all: Vec<Lattice> = Vec::new();
    for (i, p) in patches.iter().enumerate() {
        // A patch inside a lattice spans the same one as its neighbours.
        if all.iter().filter(|l| l.iter().any(|n| n.1 == i)).count() >= 2 {
            continue;
        }
        let mut near: Vec<(f64, usize)> = patches
            .iter()
            .enumerate()
            .filter(|(j, q)| *j != i && (0.6..1.7).contains(&(q.side / p.side)))
            .map(|(j, q)| ((q.center[0] - p.center[0]).hypot(q.center[1] - p.center[1]), j))
            .filter(|(d, _)| *d < 2.6 * p.side)
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        near.truncate(6);
        for &(du, j) in &near {
            for &(dv, k) in &near {
                let u = minus(patches[j].center, p.center);
                let v = minus(patches[k].center, p.center);
                let sine = (u[0] * v[1] - u[1] * v[0]) / (du * dv);
                // right-handed, near a right angle, of like lengths
                if sine > 0.8 && (0.6..1.7).contains(&(du / dv)) {
                    let lattice = spread(patches, i, u, v, 5);
                    if lattice.len() >= NEEDED
                        && !all.iter().any(|l| l.len() >= lattice.len() && l.iter().any(|n| n.1 == i))
                    {
                        all.push(lattice);
                    }
                }
            }
        }
    }
    all.sort_by_key(|l| std::cmp::Reverse(l.len()));
    all.truncate(12);
    all
}

/// Every six by four window of a lattice with enough patches, in its four turns, as a map from (column, row).
fn windows(lattice: &Lattice, patches: &[Patch]) -> Vec<([f64; 8], usize)> {
    let range = |c: usize| {
        let values = lattice.iter().map(|n| n.0[c]);
        (values.clone().min().unwrap_or(0), values.max().unwrap_or(0))
    };
    let ((x0, x1), (y0, y1)) = (range(0), range(1));
    let mut out = Vec::new();
    for (columns, rows) in [(6, 4), (4, 6)] {
        // Windows may reach beyond what was seen: patches at an edge of the chart can be missing.
        for left in x0 - 2..=x1 {
            for top in y0 - 2..=y1 {
                let inside: Vec<([i32; 2], usize)> = lattice
                    .iter()
                    .map(|n| ([n.0[0] - left, n.0[1] - top], n.1))
                    .filter(|n| (0..columns).contains(&n.0[0]) && (0..rows).contains(&n.0[1]))
                    .collect();
                if inside.len() < NEEDED {
                    continue;
                }
                for turn in 0..2 {
                    let grid = |[i, j]: [i32; 2]| match (columns, turn) {
                        (6, 0) => [i, j],
                        (6, _) => [5 - i, 3 - j],
                        (_, 0) => [j, 3 - i],
                        _ => [5 - j, i],
                    };
                    let from: Vec<[f64; 2]> = inside.iter().map(|n| grid(n.0).map(f64::from)).collect();
                    let to: Vec<[f64; 2]> = inside.iter().map(|n| patches[n.1].center).collect();
                    out.extend(homography(&from, &to).map(|h| (h, inside.len())));
                }
            }
        }
    }
    out
}

/// Error of the patches' colours through the best 3x3 matrix and shading, relative to the spread of the chart's.
fn unlikeness(chart: &Chart, planes: &[Plane<f32>; 3], target: &[[f64; 3]; 24]) -> f64 {
    let colors = chart.patches(planes, f32::MAX);
    // beside the three colours, brightness that changes along and across and towards the corners
    let row = |(i, c): (usize, &super::PatchColor)| {
        let (x, y) = ((i % 6) as f64 / 2.5 - 1.0, (i / 6) as f64 / 2.5 - 0.6);
        let light = c.mean.iter().sum::<f64>() / 3.0;
        vec![c.mean[0], c.mean[1], c.mean[2], light * x, light * y, light * (x * x + y * y)]
    };
    let rows: Vec<Vec<f64>> = colors.iter().enumerate().map(row).collect();
    let (mut error, mut spread) = (0.0, 0.0);
    for c in 0..3 {
        let wanted: Vec<f64> = target.iter().map(|t| t[c]).collect();
        let Some(fit) = least_squares(&rows, &wanted) else { return f64::INFINITY };
        let middle = crate::stats::mean(&wanted);
        for (row, want) in rows.iter().zip(&wanted) {
            error += (fit.iter().zip(row).map(|(a, b)| a * b).sum::<f64>() - want).powi(2);
            spread += (want - middle).powi(2);
        }
    }
    (error / spread).sqrt()
}
