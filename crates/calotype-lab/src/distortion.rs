//! Distortion and lateral colour from a grid of dots (ISO 17850, ISO 19084).

use crate::card::{Card, Goal, Measured, Plot, Row};
use crate::filter::{gaussian, mean as box_mean};
use crate::lattice::{Patch, minus, spread};
use crate::stats::{homography, least_squares, mean, median, project, quantile};
use crate::{LabError, Picture, Result};
use calotype_image::Plane;
use serde::Serialize;

/// Distortion and lateral colour of a picture. Radii are relative to half the diagonal.
#[derive(Clone, Debug, Serialize)]
pub struct DistortionReport {
    /// The picture.
    pub subject: String,
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// Dots that were used.
    pub dots: usize,
    /// r_ideal = r (1 + k1 r^2 + k2 r^4), about the middle of the picture.
    pub k: [f64; 2],
    /// Root mean square distance of the dots from the grid after that, in pixels.
    pub residual_px: f64,
    /// Local geometric distortion (r - r_ideal) / r_ideal in percent over radius (ISO 17850).
    pub curve: Vec<[f64; 2]>,
    /// The largest of it within the picture, sign kept: negative is barrel.
    pub largest_percent: f64,
    /// TV distortion in percent: how far the upper and lower borders bend, over the height, sign as above.
    pub tv_percent: f64,
    /// Red and blue: outward shift against green in pixels over radius, r (a + b r^2 + c r^4).
    pub lateral: [LateralColour; 2],
}

/// One colour against green.
#[derive(Clone, Debug, Serialize)]
pub struct LateralColour {
    /// Coefficients of r, r^3, r^5 in pixels.
    pub coefficients: [f64; 3],
    /// Mean absolute shift over the dots, in pixels.
    pub mean_px: f64,
    /// 95th percentile of it.
    pub p95_px: f64,
    /// Dot by dot: radius, outward shift in pixels.
    pub points: Vec<[f64; 2]>,
}

/// The dots of a grid, as they are in a picture.
struct Dot {
    grid: [f64; 2],
    green: [f64; 2],
    red: [f64; 2],
    blue: [f64; 2],
}

/// Measures a picture of a regular square grid of dark dots on a bright ground, that should fill the picture.
///
/// # Errors
/// [`LabError::NotFound`] where fewer than 30 dots lie on one grid.
pub fn distortion(picture: &Picture) -> Result<DistortionReport> {
    let dots = find_dots(picture)?;
    let (w, h) = picture.size();
    let half = 0.5 * (w as f64).hypot(h as f64);
    let middle = [0.5 * w as f64, 0.5 * h as f64];
    let radius = |p: [f64; 2]| (p[0] - middle[0]).hypot(p[1] - middle[1]) / half;
    let grid: Vec<[f64; 2]> = dots.iter().map(|d| d.grid).collect();
    let straight = |k: [f64; 2]| -> Vec<[f64; 2]> {
        dots.iter()
            .map(|d| {
                let r2 = radius(d.green).powi(2);
                let s = 1.0 + k[0] * r2 + k[1] * r2 * r2;
                [0, 1].map(|c| middle[c] + (d.green[c] - middle[c]) * s)
            })
            .collect()
    };
    // What a projective map of the grid leaves over, dot by dot.
    let rest = |k: [f64; 2]| -> Option<Vec<f64>> {
        let points = straight(k);
        let map = homography(&grid, &points)?;
        Some(points.iter().zip(&grid).flat_map(|(p, g)| minus(*p, project(&map, *g))).collect())
    };
    let degenerate = || missing(picture, "the dots lie on a line".into());
    let mut k = [0.0, 0.0];
    for _ in 0..8 {
        let r0 = rest(k).ok_or_else(degenerate)?;
        let step = 1e-4;
        let (ra, rb) =
            (rest([k[0] + step, k[1]]).ok_or_else(degenerate)?, rest([k[0], k[1] + step]).ok_or_else(degenerate)?);
        let rows: Vec<Vec<f64>> = (0..r0.len()).map(|i| vec![(ra[i] - r0[i]) / step, (rb[i] - r0[i]) / step]).collect();
        let Some(move_by) = least_squares(&rows, &r0.iter().map(|v| -v).collect::<Vec<_>>()) else { break };
        k = [k[0] + move_by[0], k[1] + move_by[1]];
        if move_by.iter().all(|v| v.abs() < 1e-7) {
            break;
        }
    }
    if !k.iter().all(|v| v.is_finite() && v.abs() < 3.0) {
        return Err(missing(picture, "no radial model brings the dots to a grid".into()));
    }
    let left = rest(k).ok_or_else(degenerate)?;
    let ideal = |r: f64| r * (1.0 + k[0] * r * r + k[1] * r.powi(4));
    let curve: Vec<[f64; 2]> =
        (1..=40).map(|i| f64::from(i) / 40.0).map(|r| [r, 100.0 * (r / ideal(r) - 1.0)]).collect();
    let largest = curve.iter().map(|p| p[1]).fold(0.0f64, |a, b| if b.abs() > a.abs() { b } else { a });
    // A line that is straight in the scene and passes the middle of the upper border: how high it is at the sides.
    let real = |p: [f64; 2]| {
        let wanted = p[0].hypot(p[1]);
        let mut r = wanted;
        for _ in 0..30 {
            r -= (ideal(r) - wanted) / (1.0 + 3.0 * k[0] * r * r + 5.0 * k[1] * r.powi(4)).max(0.1);
        }
        p.map(|v| v * r / wanted.max(1e-12))
    };
    let (hx, hy) = (middle[0] / half, middle[1] / half);
    let top_ideal = ideal(hy);
    let side_ideal = {
        // the place on the same scene line whose picture is at the side border
        let (mut low, mut high) = (0.0, 4.0);
        for _ in 0..60 {
            let x = 0.5 * (low + high);
            if real([x, top_ideal])[0] < hx { low = x } else { high = x }
        }
        0.5 * (low + high)
    };
    let tv = 100.0 * (real([side_ideal, top_ideal])[1] - hy) / (2.0 * hy);
    let lateral = [true, false].map(|red| {
        let points: Vec<[f64; 2]> = dots
            .iter()
            .map(|d| {
                let from = minus(d.green, middle);
                let length = from[0].hypot(from[1]).max(1e-9);
                let shift = minus(if red { d.red } else { d.blue }, d.green);
                [length / half, (shift[0] * from[0] + shift[1] * from[1]) / length]
            })
            .collect();
        let rows: Vec<Vec<f64>> = points.iter().map(|p| vec![p[0], p[0].powi(3), p[0].powi(5)]).collect();
        let fit =
            least_squares(&rows, &points.iter().map(|p| p[1]).collect::<Vec<_>>()).unwrap_or_else(|| vec![0.0; 3]);
        let size: Vec<f64> = dots
            .iter()
            .map(|d| {
                let shift = minus(if red { d.red } else { d.blue }, d.green);
                shift[0].hypot(shift[1])
            })
            .collect();
        LateralColour {
            coefficients: [fit[0], fit[1], fit[2]],
            mean_px: mean(&size),
            p95_px: quantile(&size, 0.95),
            points,
        }
    });
    Ok(DistortionReport {
        subject: picture.name.clone(),
        size: (w, h),
        dots: dots.len(),
        k,
        residual_px: (left.iter().map(|v| v * v).sum::<f64>() / dots.len() as f64).sqrt(),
        curve,
        largest_percent: largest,
        tv_percent: tv,
        lateral,
    })
}

fn missing(picture: &Picture, reason: String) -> LabError {
    LabError::NotFound {
        what: "grid of dots",
        name: picture.name.clone(),
        reason,
        remedy: "Photograph a square grid of dark dots on white, at least 6 by 5, filling the picture, dots 6 pixels wide or more.",
    }
}

fn find_dots(picture: &Picture) -> Result<Vec<Dot>> {
    let y = picture.luminance();
    let (w, h) = picture.size();
    if w < 64 || h < 64 {
        return Err(missing(picture, format!("{w}x{h} pixels are too few")));
    }
    // Dark against its surroundings: a mean over about a fifth of the picture's height is ground with a few dots in it.
    let ground = box_mean(&y, (h.min(w) / 10).min(200));
    let smooth = gaussian(&y, 0.8);
    let dark = Plane::from_fn(w, h, |x, r| u8::from(smooth.get(x, r) < 0.72 * ground.get(x, r)));
    let blobs = blobs(&dark);
    if blobs.len() < 30 {
        return Err(missing(picture, format!("{} dark dots were seen", blobs.len())));
    }
    let side = median(&blobs.iter().map(|b| b.side).collect::<Vec<_>>());
    let blobs: Vec<Patch> = blobs.into_iter().filter(|b| (0.6..1.6).contains(&(b.side / side))).collect();
    // From the dot nearest to the middle, with the two neighbours that span the most regular cell.
    let from_middle = |b: &Patch| (b.center[0] - 0.5 * w as f64).hypot(b.center[1] - 0.5 * h as f64);
    let mut order: Vec<usize> = (0..blobs.len()).collect();
    order.sort_by(|a, b| from_middle(&blobs[*a]).total_cmp(&from_middle(&blobs[*b])));
    let mut best = Vec::new();
    for &start in order.iter().take(5) {
        let mut near: Vec<(f64, usize)> = (0..blobs.len())
            .filter(|j| *j != start)
            .map(|j| (minus(blobs[j].center, blobs[start].center), j))
            .map(|(d, j)| (d[0].hypot(d[1]), j))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        near.truncate(4);
        for &(du, j) in &near {
            for &(dv, i) in &near {
                let (u, v) = (minus(blobs[j].center, blobs[start].center), minus(blobs[i].center, blobs[start].center));
                let sine = (u[0] * v[1] - u[1] * v[0]) / (du * dv);
                if sine > 0.9 && (0.7..1.4).contains(&(du / dv)) {
                    let lattice = spread(&blobs, start, u, v, 200);
                    if lattice.len() > best.len() {
                        best = lattice;
                    }
                }
            }
        }
    }
    if best.len() < 30 {
        return Err(missing(picture, format!("{} of {} dots lie on one grid", best.len(), blobs.len())));
    }
    let channels = [&picture.rgb.planes[1], &picture.rgb.planes[0], &picture.rgb.planes[2]];
    let dots = best.iter().filter_map(|(at, index)| {
        let blob = blobs[*index];
        let [green, red, blue] = channels.map(|plane| centroid(plane, blob));
        Some(Dot { grid: at.map(f64::from), green: green?, red: red?, blue: blue? })
    });
    Ok(dots.collect())
}

/// Connected dark areas that are round, with room about them.
fn blobs(dark: &Plane<u8>) -> Vec<Patch> {
    let (w, h) = (dark.width(), dark.height());
    let mut seen = vec![false; w * h];
    let (mut found, mut stack) = (Vec::new(), Vec::new());
    for start in 0..w * h {
        if seen[start] || dark.data()[start] == 0 {
            continue;
        }
        seen[start] = true;
        stack.push(start);
        let (mut n, mut sx, mut sy) = (0.0, 0.0, 0.0);
        let (mut x0, mut x1, mut y0, mut y1) = (w, 0, h, 0);
        while let Some(i) = stack.pop() {
            let (x, y) = (i % w, i / w);
            n += 1.0;
            sx += x as f64 + 0.5;
            sy += y as f64 + 0.5;
            (x0, x1, y0, y1) = (x0.min(x), x1.max(x), y0.min(y), y1.max(y));
            for j in [(x > 0, i.wrapping_sub(1)), (x + 1 < w, i + 1), (y > 0, i.wrapping_sub(w)), (y + 1 < h, i + w)]
                .into_iter()
                .filter(|n| n.0)
                .map(|n| n.1)
            {
                if !seen[j] && dark.data()[j] == 1 {
                    seen[j] = true;
                    stack.push(j);
                }
            }
        }
        let (bw, bh) = ((x1 - x0 + 1) as f64, (y1 - y0 + 1) as f64);
        let inside = x0 > 1 && y0 > 1 && x1 + 2 < w && y1 + 2 < h;
        if inside && n >= 12.0 && n < (w * h) as f64 / 60.0 && (0.5..2.0).contains(&(bw / bh)) && n / (bw * bh) > 0.6 {
            found.push(Patch { center: [sx / n, sy / n], side: n.sqrt() });
        }
    }
    found
}

/// The middle of a dot in one channel, weighed by how much darker than its ground a pixel is, to a hundredth of a pixel.
fn centroid(plane: &Plane<f32>, blob: Patch) -> Option<[f64; 2]> {
    let mut at = blob.center;
    let reach = 0.95 * blob.side + 2.0;
    for _ in 0..3 {
        let range = |c: f64, n: usize| ((c - reach).max(0.0) as usize)..((c + reach).ceil() as usize).min(n);
        let (xs, ys) = (range(at[0], plane.width()), range(at[1], plane.height()));
        let mut ring = Vec::new();
        let mut pixels = Vec::new();
        for y in ys {
            for x in xs.clone() {
                let (px, py) = (x as f64 + 0.5, y as f64 + 0.5);
                let d = (px - at[0]).hypot(py - at[1]);
                if d <= reach {
                    pixels.push((px, py, f64::from(plane.get(x, y))));
                    if d > reach - 1.5 {
                        ring.push(f64::from(plane.get(x, y)));
                    }
                }
            }
        }
        let ground = median(&ring);
        let (mut sum, mut mx, mut my) = (0.0, 0.0, 0.0);
        for (x, y, v) in pixels {
            // a little above the ground's noise
            let weight = (0.94 * ground - v).max(0.0);
            (sum, mx, my) = (sum + weight, mx + weight * x, my + weight * y);
        }
        if !(sum > 0.0) {
            return None;
        }
        at = [mx / sum, my / sum];
    }
    Some(at)
}

impl Measured for DistortionReport {
    fn card(&self) -> Card {
        let curve = |l: &LateralColour| -> Vec<[f64; 2]> {
            let c = l.coefficients;
            (0..=40).map(|i| f64::from(i) / 40.0).map(|r| [r, c[0] * r + c[1] * r.powi(3) + c[2] * r.powi(5)]).collect()
        };
        let [red, blue] = &self.lateral;
        let worst = red.p95_px.max(blue.p95_px);
        Card::new(
            "distortion",
            &self.subject,
            "ISO 17850:2015 (distortion), ISO 19084:2015 (lateral colour), grid of dots",
        )
        .figure("distortion_max", "distortion, largest", self.largest_percent, "%", Goal::Near(0.0))
        .figure("distortion_tv", "TV distortion", self.tv_percent, "%", Goal::Near(0.0))
        .figure("distortion_residual", "left over by the model", self.residual_px, "pixels", Goal::Lower)
        .figure("lateral_red", "lateral colour, red, mean", red.mean_px, "pixels", Goal::Lower)
        .figure("lateral_blue", "lateral colour, blue, mean", blue.mean_px, "pixels", Goal::Lower)
        .figure("lateral_p95", "lateral colour, 95th percentile", worst, "pixels", Goal::Lower)
        .table(
            "r_ideal = r (1 + k1 r^2 + k2 r^4), r = 1 at the corner",
            &["k1", "k2"],
            vec![Row::new("distortion", self.k)],
        )
        .table(
            "Lateral colour a r + b r^3 + c r^5 in pixels",
            &["a", "b", "c"],
            vec![Row::new("red", red.coefficients), Row::new("blue", blue.coefficients)],
        )
        .plot(Plot::new("Distortion", "radius (1 = corner)", "%").curve("", self.curve.clone()))
        .plot(
            Plot::new("Lateral colour against green", "radius (1 = corner)", "pixels outwards")
                .colored("red", curve(red), "#c8362b")
                .colored("blue", curve(blue), "#2b62c8")
                .dots("", red.points.clone(), "#c8362b")
                .dots("", blue.points.clone(), "#2b62c8"),
        )
        .note(format!("{} dots.", self.dots))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::{grey, noisy};

    /// A grid of dots whose pictures lie at r with r (1 + k r^2) ideal; red is magnified by `red`.
    fn grid(k: f64, red: f64) -> Picture {
        let (w, h) = (600usize, 450usize);
        let half = 0.5 * (w as f64).hypot(h as f64);
        let planes = [red, 1.0, 1.0].map(|scale| {
            Plane::from_fn(w, h, |x, y| {
                let mut sum = 0.0;
                for s in 0..9 {
                    let (px, py) =
                        (x as f64 + (f64::from(s % 3) + 0.5) / 3.0, y as f64 + (f64::from(s / 3) + 0.5) / 3.0);
                    let (dx, dy) = ((px - 300.0) / half / scale, (py - 225.0) / half / scale);
                    let r2 = dx * dx + dy * dy;
                    let (u, v) = (dx * (1.0 + k * r2) * half, dy * (1.0 + k * r2) * half);
                    // a little turned, so that the grid is not along the pixels
                    let (a, b) = (u * 0.998 - v * 0.06, u * 0.06 + v * 0.998);
                    let near = |c: f64| c - (c / 40.0).round() * 40.0;
                    sum += if near(a).hypot(near(b)) < 9.0 { 0.05 } else { 0.7 };
                }
                (sum / 9.0) as f32
            })
        });
        Picture::new("dots", "", planes.map(|p| gaussian(&p, 0.8))).unwrap()
    }

    #[test]
    fn barrel_and_pincushion_are_found() {
        for k in [0.08, -0.05, 0.0] {
            let report = distortion(&noisy(&grid(k, 1.0), 0.01, 3)).unwrap();
            let (want, got) = (100.0 * (1.0 / (1.0 + k) - 1.0), report.curve.last().unwrap()[1]);
            assert!((got - want).abs() < 0.15, "{k}: {got}, not {want}");
            assert!(report.residual_px < 0.1 && report.dots > 100, "{} {}", report.residual_px, report.dots);
            assert_eq!(report.tv_percent < -0.2, k > 0.01, "{}", report.tv_percent);
        }
    }

    #[test]
    fn lateral_colour_is_found() {
        let report = distortion(&grid(0.03, 1.003)).unwrap();
        // a magnification of 1.003 moves red by 0.003 r outwards, r in pixels
        let half = 0.5 * 600f64.hypot(450.0);
        let at = |r: f64| report.lateral[0].coefficients.iter().zip([1, 3, 5]).map(|(c, p)| c * r.powi(p)).sum::<f64>();
        for r in [0.3, 0.6, 0.8] {
            assert!((at(r) - 0.003 * r * half).abs() < 0.05, "{r}: {} {}", at(r), 0.003 * r * half);
        }
        assert!(report.lateral[1].p95_px < 0.03, "{}", report.lateral[1].p95_px);
    }

    #[test]
    fn what_is_no_grid_is_refused() {
        assert!(distortion(&grey("flat", Plane::filled(200, 200, 0.5))).is_err());
        assert!(distortion(&crate::synth::texture(300, 300, 2)).is_err());
        assert!(distortion(&grey("tiny", Plane::filled(9, 9, 0.5))).is_err());
    }
}
