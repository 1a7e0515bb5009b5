//! Siemens stars: spatial frequency response from sinusoids round a circle (ISO 12233:2017, s-SFR).

use crate::card::{Card, Goal, Measured, Plot, Row};
use crate::filter::{bilinear, gaussian};
use crate::mtf::{Mtf, Viewing};
use crate::stats::{least_squares, mean, median};
use crate::{LabError, Picture, Result, thumbnail};
use calotype_image::Plane;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;
use serde::Serialize;
use std::f64::consts::{PI, TAU};

/// What is known of a star.
#[derive(Clone, Debug, Default)]
pub struct StarOptions {
    /// Its middle in pixels; searched for when left out.
    pub center: Option<[f64; 2]>,
    /// Dark and bright pairs round it; counted when left out.
    pub cycles: Option<u32>,
    /// For acutance.
    pub viewing: Option<Viewing>,
}

/// The response of a star.
#[derive(Clone, Debug, Serialize)]
pub struct StarReport {
    /// The picture.
    pub subject: String,
    /// Its middle in pixels.
    pub center: [f64; 2],
    /// Dark and bright pairs round it.
    pub cycles: u32,
    /// Radius out to which it was measured, in pixels.
    pub radius: f64,
    /// The response, mean over eight directions, 1 at the outermost circles.
    pub mtf: Mtf,
    /// Direction by direction, from 0 degrees (across the picture) in steps of 22.5: opposite segments are one.
    pub directions: Vec<Mtf>,
    /// Acutance.
    pub acutance: f64,
    /// How large acutance takes the picture to be seen.
    pub viewing: Viewing,
    #[serde(skip)]
    crop: Option<crate::Crop>,
}

/// Segments of the circle (the standard takes eight).
const SEGMENTS: usize = 8;

/// Measures a Siemens star, which should fill most of the picture; crop to it.
///
/// # Errors
/// [`LabError::NotFound`] where nothing radiates from a middle.
pub fn star(picture: &Picture, options: &StarOptions) -> Result<StarReport> {
    let y = picture.luminance();
    let missing = |reason: String| LabError::NotFound {
        what: "Siemens star",
        name: picture.name.clone(),
        reason,
        remedy: "Crop to the star with --crop, or give --center X,Y and --cycles N.",
    };
    if y.width() < 48 || y.height() < 48 {
        return Err(missing(format!("{}x{} pixels are too few", y.width(), y.height())));
    }
    let mut center = match options.center {
        Some(center) => center,
        None => radiant(&y).ok_or_else(|| missing("no place from which edges radiate".into()))?,
    };
    let reach = [center[0], center[1], y.width() as f64 - center[0], y.height() as f64 - center[1]]
        .into_iter()
        .fold(f64::MAX, f64::min)
        - 1.5;
    if !(reach >= 20.0) {
        return Err(missing(format!("its middle ({:.0}, {:.0}) is too near to the border", center[0], center[1])));
    }
    let circles: Vec<f64> = (1..=16).map(|i| reach * (0.25 + 0.75 * f64::from(i) / 16.0)).collect();
    let strongest: Vec<(u32, f64)> = circles.iter().map(|r| harmonic(&y, center, *r)).collect();
    let cycles = options.cycles.unwrap_or_else(|| {
        // The number that the most circles agree on, weighed by how strong it is.
        let weight = |k: u32| strongest.iter().filter(|s| s.0 == k).map(|s| s.1).sum::<f64>();
        strongest.iter().map(|s| s.0).max_by(|a, b| weight(*a).total_cmp(&weight(*b))).unwrap_or(0)
    });
    let agreed = strongest.iter().filter(|s| s.0 == cycles).count();
    if !(6..=720).contains(&cycles) || (options.cycles.is_none() && agreed < 5) {
        return Err(missing("circles about it do not agree on a number of spokes".into()));
    }
    let outer: Vec<f64> =
        (0..).map(|i| 6.0 + f64::from(i)).take_while(|r| *r < reach).filter(|r| frequency(cycles, *r) < 0.5).collect();
    let ring = |center, r| Ring::new(&y, center, r, cycles);
    let strengths: Vec<f64> = outer.iter().map(|r| ring(center, *r).modulation).collect();
    let largest = strengths.iter().fold(0.0f64, |a, b| a.max(*b));
    let Some(last) = strengths.iter().rposition(|s| *s > 0.6 * largest) else {
        return Err(missing("no modulation".into()));
    };
    let radius = outer[last] - 1.0;
    if largest < 0.05 || radius < 16.0 {
        return Err(missing(format!("{cycles} pairs have a modulation of {largest:.3} only")));
    }
    if options.center.is_none() {
        center = refine(&y, center, cycles, radius);
    }
    let rings: Vec<Ring> = outer.iter().filter(|r| **r <= radius).map(|r| ring(center, *r)).collect();
    // From the outermost, that is the lowest frequency, inwards.
    let curve = |of: &dyn Fn(&Ring) -> f64| {
        let edge: Vec<f64> = rings.iter().rev().take(6).map(of).collect();
        let one = mean(&edge).max(1e-9);
        // means over rings of like frequency, 4 percent a step: single rings scatter by their few pixels
        let mut points = vec![[0.0, 1.0]];
        let mut group: Vec<&Ring> = Vec::new();
        for (i, r) in rings.iter().rev().enumerate() {
            group.push(r);
            let next = rings.iter().rev().nth(i + 1);
            if next.is_none_or(|n| group[0].radius > 1.04 * n.radius) {
                let f = mean(&group.iter().map(|r| frequency(cycles, r.radius)).collect::<Vec<_>>());
                points.push([f, mean(&group.iter().map(|r| of(r)).collect::<Vec<_>>()) / one]);
                group.clear();
            }
        }
        Mtf::new(points)
    };
    let mtf = curve(&|r| r.modulation);
    let directions =
        (0..SEGMENTS / 2).map(|s| curve(&|r| 0.5 * (r.segments[s] + r.segments[s + SEGMENTS / 2]))).collect();
    let viewing = options.viewing.unwrap_or_else(|| Viewing::of_picture(picture.frame.1, 20.0, 40.0));
    let side = (2.0 * radius) as usize;
    let region = crate::Region {
        x: (center[0] - radius).max(0.0) as usize,
        y: (center[1] - radius).max(0.0) as usize,
        width: side,
        height: side,
    };
    Ok(StarReport {
        subject: picture.name.clone(),
        center,
        cycles,
        radius,
        acutance: mtf.acutance(viewing),
        mtf,
        directions,
        viewing,
        crop: Some(thumbnail::part("the star", picture, region)),
    })
}

fn frequency(cycles: u32, radius: f64) -> f64 {
    f64::from(cycles) / (TAU * radius)
}

/// The place that lines across the gradient meet in: spokes run towards the middle. Weights fall with the distance of a
/// line from the last answer, so that what is not the star loses its say.
fn radiant(y: &Plane<f32>) -> Option<[f64; 2]> {
    let smooth = gaussian(y, 1.0);
    let step = ((y.width() * y.height()) / 200_000).max(1);
    let mut lines = Vec::new();
    for i in (0..y.width() * y.height()).step_by(step) {
        let (x, row) = ((i % y.width()) as isize, (i / y.width()) as isize);
        let gx = f64::from(smooth.clamped(x + 1, row) - smooth.clamped(x - 1, row));
        let gy = f64::from(smooth.clamped(x, row + 1) - smooth.clamped(x, row - 1));
        let g = gx.hypot(gy);
        lines.push(([gx / g.max(1e-12), gy / g.max(1e-12)], [x as f64 + 0.5, row as f64 + 0.5], g));
    }
    let strong = crate::stats::quantile(&lines.iter().map(|l| l.2).collect::<Vec<_>>(), 0.7);
    lines.retain(|l| l.2 > strong && l.2 > 1e-6);
    let mut center = [0.5 * y.width() as f64, 0.5 * y.height() as f64];
    for scale in [1e9, 60.0, 30.0, 15.0, 8.0, 4.0, 4.0, 4.0] {
        let mut m = [0.0; 5];
        for (n, p, g) in &lines {
            let d = n[0] * (center[0] - p[0]) + n[1] * (center[1] - p[1]);
            let w = g / (1.0 + (d / scale).powi(2));
            let at = n[0] * p[0] + n[1] * p[1];
            m = [
                m[0] + w * n[0] * n[0],
                m[1] + w * n[0] * n[1],
                m[2] + w * n[1] * n[1],
                m[3] + w * n[0] * at,
                m[4] + w * n[1] * at,
            ];
        }
        let det = m[0] * m[2] - m[1] * m[1];
        if !(det > 1e-9 * (m[0] + m[2]).powi(2)) {
            return None;
        }
        center = [(m[2] * m[3] - m[1] * m[4]) / det, (m[0] * m[4] - m[1] * m[3]) / det];
    }
    let inside = |c: f64, n: usize| c > 0.0 && c < n as f64;
    (inside(center[0], y.width()) && inside(center[1], y.height())).then_some(center)
}

/// The strongest harmonic on a circle, and its share of the mean.
fn harmonic(y: &Plane<f32>, center: [f64; 2], radius: f64) -> (u32, f64) {
    const N: usize = 2048;
    let mut buffer: Vec<Complex<f64>> = (0..N)
        .map(|i| {
            let (sin, cos) = (TAU * i as f64 / N as f64).sin_cos();
            Complex::new(f64::from(bilinear(y, center[0] + radius * cos, center[1] + radius * sin)), 0.0)
        })
        .collect();
    FftPlanner::new().plan_fft_forward(N).process(&mut buffer);
    let at_zero = buffer[0].norm().max(1e-9);
    let most = ((TAU * radius * 0.45) as usize).min(N / 2 - 1);
    let best = (6..most.max(7)).max_by(|a, b| buffer[*a].norm().total_cmp(&buffer[*b].norm())).unwrap_or(6);
    (best as u32, 2.0 * buffer[best].norm() / at_zero)
}

/// Moves the middle to where the inner circles are modulated most: there an error of the middle costs most.
fn refine(y: &Plane<f32>, start: [f64; 2], cycles: u32, radius: f64) -> [f64; 2] {
    let inner: Vec<f64> = [0.30, 0.24, 0.18, 0.12]
        .iter()
        .map(|f| f64::from(cycles) / (TAU * f))
        .filter(|r| *r < radius && *r > 5.0)
        .collect();
    let inner = if inner.is_empty() { vec![0.5 * radius, 0.7 * radius] } else { inner };
    // One sinusoid round the whole circle: segments by themselves would hide an error of the middle in their phases.
    let value = |c: [f64; 2]| inner.iter().filter_map(|r| whole(&on_circle(y, c, *r), cycles)).sum::<f64>();
    let (mut best, mut most, mut step) = (start, value(start), 0.8);
    while step > 0.02 {
        let around = [[step, 0.0], [-step, 0.0], [0.0, step], [0.0, -step]].map(|d| [best[0] + d[0], best[1] + d[1]]);
        let values = around.map(value);
        let top = (0..4).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0);
        if values[top] > most {
            (best, most) = (around[top], values[top]);
        } else {
            step *= 0.5;
        }
    }
    best
}

/// The pixels about one circle.
struct Ring {
    radius: f64,
    /// Mean over the segments.
    modulation: f64,
    /// Amplitude over mean in each.
    segments: [f64; SEGMENTS],
}

impl Ring {
    fn new(y: &Plane<f32>, center: [f64; 2], radius: f64, cycles: u32) -> Self {
        let mut pixels: [Vec<(f64, f64)>; SEGMENTS] = Default::default();
        for (angle, v) in on_circle(y, center, radius) {
            // segments are centred on 0, 45, ... degrees
            pixels[((angle / TAU * SEGMENTS as f64 + 0.5) as usize) % SEGMENTS].push((angle, v));
        }
        let segments = pixels.map(|p| modulation(&p, cycles).unwrap_or(0.0));
        Self { radius, modulation: mean(&segments), segments }
    }
}

/// Angle and level of the pixels within half a pixel of a circle.
fn on_circle(y: &Plane<f32>, center: [f64; 2], radius: f64) -> Vec<(f64, f64)> {
    let mut pixels = Vec::new();
    let range = |c: f64, n: usize| ((c - radius - 1.0).max(0.0) as usize)..((c + radius + 2.0) as usize).min(n);
    for row in range(center[1], y.height()) {
        let dy = row as f64 + 0.5 - center[1];
        for x in range(center[0], y.width()) {
            let dx = x as f64 + 0.5 - center[0];
            if (dx.hypot(dy) - radius).abs() < 0.5 {
                pixels.push((dy.atan2(dx).rem_euclid(TAU), f64::from(y.get(x, row))));
            }
        }
    }
    pixels
}

/// Amplitude of one sinusoid round a whole circle.
fn whole(pixels: &[(f64, f64)], cycles: u32) -> Option<f64> {
    let row = |a: f64| {
        let (sin, cos) = (f64::from(cycles) * a).sin_cos();
        vec![1.0, a.cos(), a.sin(), cos, sin]
    };
    let rows: Vec<Vec<f64>> = pixels.iter().map(|p| row(p.0)).collect();
    let fit = least_squares(&rows, &pixels.iter().map(|p| p.1).collect::<Vec<_>>())?;
    Some(fit[3].hypot(fit[4]))
}

/// Amplitude over mean of the sinusoid of `cycles` in pixels of angle and level, with what noise adds taken away.
fn modulation(pixels: &[(f64, f64)], cycles: u32) -> Option<f64> {
    let middle = pixels.first()?.0;
    let near = |a: f64| (a - middle + PI).rem_euclid(TAU) - PI;
    let rows: Vec<Vec<f64>> = pixels
        .iter()
        .map(|(a, _)| {
            let (sin, cos) = (f64::from(cycles) * a).sin_cos();
            vec![1.0, near(*a), cos, sin]
        })
        .collect();
    let values: Vec<f64> = pixels.iter().map(|p| p.1).collect();
    if pixels.len() < 8 {
        return None;
    }
    let fit = least_squares(&rows, &values)?;
    let rest = rows.iter().zip(&values).map(|(r, v)| (v - r.iter().zip(&fit).map(|(a, b)| a * b).sum::<f64>()).powi(2));
    let variance = rest.sum::<f64>() / (pixels.len() - 4).max(1) as f64;
    let square = fit[2] * fit[2] + fit[3] * fit[3] - 4.0 * variance / pixels.len() as f64;
    Some(square.max(0.0).sqrt() / mean(&values).abs().max(1e-9))
}

impl Measured for StarReport {
    fn card(&self) -> Card {
        let names = ["0 degrees", "45 degrees", "90 degrees", "135 degrees"];
        let rows = self
            .directions
            .iter()
            .zip(names)
            .map(|(m, n)| Row::new(n, [m.mtf50.unwrap_or(f64::NAN), m.mtf10.unwrap_or(f64::NAN), m.area]))
            .collect();
        let mut plot = Plot::new("Siemens star", "cycles per pixel", "modulation").colored(
            "mean",
            self.mtf.curve.clone(),
            "#333333",
        );
        for (m, n) in self.directions.iter().zip(names) {
            plot = plot.curve(n, m.curve.clone());
        }
        let spread = self.directions.iter().filter_map(|m| m.mtf50).collect::<Vec<_>>();
        let anisotropy = (spread.len() == self.directions.len()).then(|| {
            (spread.iter().fold(0.0f64, |a, b| a.max(*b)) - spread.iter().fold(f64::MAX, |a, b| a.min(*b)))
                / median(&spread)
        });
        let mut card = Card::new("star", &self.subject, "ISO 12233:2017, sine-based SFR of a Siemens star")
            .figure("mtf50", "MTF50", self.mtf.mtf50, "cycles/pixel", Goal::Higher)
            .figure("mtf10", "MTF10", self.mtf.mtf10, "cycles/pixel", Goal::Higher)
            .figure("area", "area under the curve", self.mtf.area, "", Goal::Higher)
            .figure("acutance", "acutance", self.acutance, "", Goal::Higher)
            .figure("anisotropy", "MTF50 between directions", anisotropy.map(|a| 100.0 * a), "%", Goal::Lower)
            .table("Directions", &["MTF50", "MTF10", "area"], rows)
            .plot(plot)
            .note(format!(
                "{} pairs about ({:.1}, {:.1}), out to {:.0} pixels; the response is 1 at {:.3} cycles per pixel.",
                self.cycles,
                self.center[0],
                self.center[1],
                self.radius,
                frequency(self.cycles, self.radius)
            ));
        card.crops.extend(self.crop.clone());
        card
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::{grey, noisy};

    fn sine_star(size: usize, center: [f64; 2], cycles: f64, sigma: f64) -> Picture {
        let plane = Plane::from_fn(size, size, |x, y| {
            // sixteen samples a pixel: the middle would alias otherwise
            let mut sum = 0.0;
            for s in 0..16 {
                let (dx, dy) = (
                    x as f64 + 0.125 + 0.25 * f64::from(s % 4) - center[0],
                    y as f64 + 0.125 + 0.25 * f64::from(s / 4) - center[1],
                );
                let inside = dx.hypot(dy) < 0.46 * size as f64;
                sum += if inside { 0.4 + 0.3 * (cycles * dy.atan2(dx)).cos() } else { 0.4 };
            }
            (sum / 16.0) as f32
        });
        grey("star", gaussian(&plane, sigma))
    }

    #[test]
    fn a_blurred_star_has_the_response_of_its_blur() {
        let (sigma, center) = (1.2, [150.3, 148.6]);
        let picture = sine_star(300, center, 72.0, sigma);
        let report = star(&noisy(&picture, 0.01, 2), &StarOptions::default()).unwrap();
        assert_eq!(report.cycles, 72);
        assert!((report.center[0] - center[0]).hypot(report.center[1] - center[1]) < 0.1, "{:?}", report.center);
        // the blur, and the square pixel of the supersampling
        let want = |f: f64| (-2.0 * (PI * sigma * f).powi(2)).exp() * (PI * f).sin() / (PI * f);
        let outermost = want(frequency(72, report.radius - 2.5));
        for f in [0.12, 0.16, 0.2, 0.25] {
            let (got, want) = (report.mtf.at(f), want(f) / outermost);
            assert!((got - want).abs() < 0.025, "{f}: {got}, not {want}");
        }
        assert!(report.directions.iter().all(|d| (d.mtf50.unwrap() / report.mtf.mtf50.unwrap() - 1.0).abs() < 0.06));
    }

    #[test]
    fn motion_shows_in_one_direction() {
        let still = sine_star(300, [150.0, 150.0], 60.0, 0.7);
        let plane = &still.rgb.planes[0];
        let blurred = Plane::from_fn(300, 300, |x, y| {
            (0..5).map(|d| plane.clamped(x as isize + d - 2, y as isize)).sum::<f32>() / 5.0
        });
        let report = star(&grey("moved", blurred), &StarOptions::default()).unwrap();
        // along 0 degrees spokes run across: rows see no change there; at 90 degrees the pattern runs across the motion
        let at = |i: usize| report.directions[i].mtf50.unwrap_or(0.5);
        assert!(at(0) > 1.3 * at(2), "{} {}", at(0), at(2));
    }

    #[test]
    fn what_is_no_star_is_refused() {
        assert!(star(&grey("flat", Plane::filled(100, 100, 0.3)), &StarOptions::default()).is_err());
        assert!(star(&crate::synth::texture(200, 200, 4), &StarOptions::default()).is_err());
        assert!(star(&grey("small", Plane::filled(10, 10, 0.3)), &StarOptions::default()).is_err());
    }
}
