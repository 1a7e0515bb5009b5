//! From the samples about one edge to its spread functions and its response.

use crate::mtf::{Mtf, Viewing};
use crate::picture::Channel;
use crate::stats::{least_squares, mean, median};
use crate::{Region, to_lab};
use calotype_image::Plane;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;
use serde::Serialize;
use std::f64::consts::PI;

/// Bins in a pixel (ISO 12233:2017 takes four).
const BINS: f64 = 4.0;
/// How far from the edge samples are used, in pixels.
const REACH: f64 = 32.0;

/// One channel of an edge.
#[derive(Clone, Debug, Serialize)]
pub struct EdgeChannel {
    /// Which.
    pub channel: Channel,
    /// Its response across the edge.
    pub mtf: Mtf,
    /// Acutance for the report's viewing condition.
    pub acutance: f64,
    /// How far the profile rises above the bright field beside the edge, as a share of the step.
    pub overshoot: f64,
    /// How far it falls below the dark field.
    pub undershoot: f64,
    /// The same above the bright field in L*, D65.
    pub overshoot_lstar: f64,
    /// Michelson contrast of the two fields.
    pub contrast: f64,
    /// Step over the standard deviation of the samples in the fields.
    pub snr: f64,
    /// How far this channel's edge lies from the report's main channel's, in pixels towards the bright side.
    pub shift_px: f64,
    /// The profile: pixels from the edge (dark side negative) and linear light.
    pub profile: Vec<[f64; 2]>,
}

/// Samples about an edge, row by row; turned so that the edge runs from top to bottom.
pub(crate) struct Rows(Vec<(f64, Vec<[f64; 2]>)>);

/// The place of an edge: x = a + b y + c y^2, y from the middle of the rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    a: f64,
    b: f64,
    c: f64,
    middle: f64,
    /// Root mean square distance of the rows' edges from it, in pixels.
    pub residual: f64,
    /// True where it is dark to the left.
    rising: bool,
}

impl Line {
    fn x(&self, y: f64) -> f64 {
        let y = y - self.middle;
        self.a + self.b * y + self.c * y * y
    }

    /// Distance of a sample from it, in pixels, positive on the bright side.
    fn distance(&self, x: f64, y: f64) -> f64 {
        let slope = self.b + 2.0 * self.c * (y - self.middle);
        let d = (x - self.x(y)) / slope.hypot(1.0);
        if self.rising { d } else { -d }
    }

    /// Degrees off the axis.
    pub(crate) fn angle_deg(&self) -> f64 {
        self.b.atan().to_degrees()
    }
}

impl Rows {
    /// All pixels of a region; columns as rows for an edge that runs across.
    pub(crate) fn of_plane(plane: &Plane<f32>, region: Region, vertical: bool) -> Self {
        Self::of_samples(plane, region, vertical, |_, _| true)
    }

    /// The samples of a region for which `wanted` (column, row) is true.
    pub(crate) fn of_samples(
        plane: &Plane<f32>,
        region: Region,
        vertical: bool,
        wanted: impl Fn(usize, usize) -> bool,
    ) -> Self {
        let (length, width) = if vertical { (region.height, region.width) } else { (region.width, region.height) };
        let at = |along: usize, across: usize| {
            if vertical { (region.x + across, region.y + along) } else { (region.x + along, region.y + across) }
        };
        let row = |along: usize| {
            let samples = (0..width).map(|across| (across, at(along, across))).filter(|(_, (x, y))| wanted(*x, *y));
            let samples = samples.map(|(across, (x, y))| [across as f64 + 0.5, f64::from(plane.get(x, y))]).collect();
            (along as f64 + 0.5, samples)
        };
        Self((0..length).map(row).filter(|(_, s): &(f64, Vec<[f64; 2]>)| s.len() >= 4).collect())
    }

    /// The edge: the centroid of every row's derivative near the line of the last round, then a line through those;
    /// a parabola where it lies clearly nearer, since a lens may bend the edge.
    pub(crate) fn line(&self) -> Option<Line> {
        let rows = &self.0;
        if rows.len() < 12 {
            return None;
        }
        let middle = mean(&rows.iter().map(|r| r.0).collect::<Vec<_>>());
        let ends = |take: &dyn Fn(&[[f64; 2]]) -> f64| mean(&rows.iter().map(|r| take(&r.1)).collect::<Vec<_>>());
        let (left, right) = (ends(&|s| quarter(s, false)), ends(&|s| quarter(s, true)));
        let rising = right > left;
        let step = (right - left).abs();
        if !(step > 0.0) {
            return None;
        }
        let width = rows.iter().flat_map(|r| r.1.last()).fold(0.0f64, |a, s| a.max(s[0] + 0.5));
        let mut line = Line { a: 0.5 * width, b: 0.0, c: 0.0, middle, residual: f64::INFINITY, rising };
        // Halving the window from the whole width: the first round must not miss an edge far from the middle.
        for window in [2.0 * width, 0.5 * width, 12.0, 8.0, 8.0] {
            let mut points = Vec::new();
            for (y, samples) in rows {
                let (mut sum, mut moment) = (0.0, 0.0);
                for w in samples.windows(2) {
                    let x = 0.5 * (w[0][0] + w[1][0]);
                    let away = (x - line.x(*y)) / window;
                    if away.abs() < 1.0 {
                        let rise = if rising { w[1][1] - w[0][1] } else { w[0][1] - w[1][1] };
                        let weight = rise * (0.54 + 0.46 * (PI * away).cos());
                        (sum, moment) = (sum + weight, moment + weight * x);
                    }
                }
                // A row whose derivative does not add up to a fair part of the step holds no edge of its own.
                if sum > 0.2 * step {
                    points.push([*y - middle, moment / sum]);
                }
            }
            if points.len() * 10 < rows.len() * 7 || points.len() < 12 {
                return None;
            }
            let fit = |terms: usize| {
                let keep: Vec<[f64; 2]> = points.clone();
                let rows: Vec<Vec<f64>> =
                    keep.iter().map(|p| (0..terms).map(|k| p[0].powi(k as i32)).collect()).collect();
                let fit = least_squares(&rows, &keep.iter().map(|p| p[1]).collect::<Vec<_>>())?;
                let error =
                    keep.iter().map(|p| (p[1] - (0..terms).map(|k| fit[k] * p[0].powi(k as i32)).sum::<f64>()).powi(2));
                let residual = (error.sum::<f64>() / keep.len() as f64).sqrt();
                Some((fit, residual))
            };
            let (straight, residual) = fit(2)?;
            line = Line { a: straight[0], b: straight[1], c: 0.0, residual, ..line };
            if points.len() >= 40
                && let Some((bent, better)) = fit(3)
                && better < 0.9 * residual
            {
                line = Line { a: bent[0], b: bent[1], c: bent[2], residual: better, ..line };
            }
        }
        line.residual.is_finite().then_some(line)
    }
}

impl Rows {
    /// True where every row has a like step: the edge does not end inside the region.
    pub(crate) fn alike(&self) -> bool {
        let steps: Vec<f64> = self.0.iter().map(|(_, s)| quarter(s, true) - quarter(s, false)).collect();
        let middle = median(&steps);
        let noise = median(&steps.iter().map(|s| (s - middle).abs()).collect::<Vec<_>>());
        let far = |s: &&f64| (*s - middle).abs() > 0.15 * middle.abs() + 5.0 * noise;
        steps.iter().filter(far).count() * 50 <= steps.len() && 5.0 * noise < middle.abs()
    }
}

/// Mean of the outer fifth of a row's samples.
fn quarter(samples: &[[f64; 2]], last: bool) -> f64 {
    let n = samples.len().div_ceil(5);
    let part = if last { &samples[samples.len() - n..] } else { &samples[..n] };
    mean(&part.iter().map(|s| s[1]).collect::<Vec<_>>())
}

/// The edge spread function: means in quarter-pixel bins of the distance from the edge, with what is read off it.
pub(crate) struct Spread {
    /// Distance of the first bin's middle, in pixels.
    pub start: f64,
    /// Means of the bins; those without samples are filled in between their neighbours.
    pub bins: Vec<f64>,
    /// Level of the dark field.
    pub dark: f64,
    /// Level of the bright field.
    pub bright: f64,
    /// Standard deviation of samples about the profile in the fields.
    pub noise: f64,
    /// Share of the samples' variance that the profile explains.
    pub explained: f64,
}

/// Gathers the samples of an edge by their distance from `line`. `None` where a side has less than 5 pixels.
pub(crate) fn spread(rows: &Rows, line: &Line, reach: f64) -> Option<Spread> {
    let samples: Vec<[f64; 2]> =
        rows.0.iter().flat_map(|(y, s)| s.iter().map(|p| [line.distance(p[0], *y), p[1]])).collect();
    // Up to where every row has samples, so that the fields are the same all along the edge.
    let inner = |side: f64| -> f64 {
        let of_row =
            |(y, s): &(f64, Vec<[f64; 2]>)| s.iter().map(|p| side * line.distance(p[0], *y)).fold(0.0, f64::max);
        rows.0.iter().map(of_row).fold(f64::INFINITY, f64::min)
    };
    let half = inner(1.0).min(inner(-1.0)).min(reach);
    if half < 5.0 {
        return None;
    }
    let count = (2.0 * half * BINS) as usize & !1;
    let start = -0.5 * count as f64 / BINS + 0.5 / BINS;
    let mut sums = vec![(0.0, 0usize); count];
    let bin = |d: f64| ((d + 0.5 * count as f64 / BINS) * BINS).floor();
    for [d, v] in &samples {
        let b = bin(*d);
        if b >= 0.0 && b < count as f64 {
            let s = &mut sums[b as usize];
            *s = (s.0 + v, s.1 + 1);
        }
    }
    let filled: Vec<[f64; 2]> =
        sums.iter().enumerate().filter(|(_, s)| s.1 > 0).map(|(i, s)| [i as f64, s.0 / s.1 as f64]).collect();
    if filled.len() * 2 < count {
        return None;
    }
    let bins: Vec<f64> = (0..count).map(|i| crate::stats::interpolate(&filled, i as f64)).collect();
    let outer = (count / 6).max(2);
    let (dark, bright) = (median(&bins[..outer]), median(&bins[count - outer..]));
    let (mut noise, mut fields, mut rest, mut total, mut n) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let middle = mean(&bins);
    for [d, v] in &samples {
        let b = bin(*d);
        if b >= 0.0 && b < count as f64 {
            let error = (v - bins[b as usize]).powi(2);
            (rest, total, n) = (rest + error, total + (v - middle).powi(2), n + 1.0);
            if d.abs() > 0.6 * half {
                (noise, fields) = (noise + error, fields + 1.0);
            }
        }
    }
    // A bin's mean follows its own samples: they scatter about it less than about the truth.
    let free = (1.0 - count as f64 / n).max(0.2);
    Some(Spread {
        start,
        bins,
        dark,
        bright,
        noise: (noise / f64::max(fields, 1.0) / free).sqrt(),
        explained: if total > 0.0 { 1.0 - rest / total } else { 0.0 },
    })
}

impl Spread {
    /// The profile as points of distance and level.
    pub(crate) fn points(&self) -> Vec<[f64; 2]> {
        self.bins.iter().enumerate().map(|(i, v)| [self.start + i as f64 / BINS, *v]).collect()
    }

    /// Means over three bins, so that a single noisy bin is no overshoot.
    pub(crate) fn smooth(&self) -> Vec<f64> {
        let n = self.bins.len();
        (0..n).map(|i| mean(&self.bins[i.saturating_sub(1)..(i + 2).min(n)])).collect()
    }

    /// Rises above the bright field and falls below the dark one, as shares of the step.
    pub(crate) fn shoots(&self) -> (f64, f64) {
        let step = self.bright - self.dark;
        let smooth = self.smooth();
        let (top, bottom) = smooth.iter().fold((f64::MIN, f64::MAX), |(t, b), v| (t.max(*v), b.min(*v)));
        (((top - self.bright) / step).max(0.0), ((self.dark - bottom) / step).max(0.0))
    }

    /// The response: derivative, window, Fourier transform, and what bins and differences take away given back.
    fn mtf(&self) -> Option<Mtf> {
        let n = self.bins.len();
        let derivative: Vec<f64> =
            (0..n).map(|i| 0.5 * (self.bins[(i + 1).min(n - 1)] - self.bins[i.saturating_sub(1)])).collect();
        // The window (Tukey, flat over half of its width) is centred on the peak of the smoothed derivative.
        let near = |i: usize| mean(&derivative[i.saturating_sub(4)..(i + 5).min(n)]);
        let peak = (n / 4..3 * n / 4).max_by(|a, b| near(*a).total_cmp(&near(*b)))?;
        let half = peak.min(n - 1 - peak) as f64;
        let window = |i: usize| {
            let u = (i as f64 - peak as f64).abs() / half.max(1.0);
            if u >= 1.0 {
                0.0
            } else if u <= 0.5 {
                1.0
            } else {
                0.5 * (1.0 + (PI * (2.0 * u - 1.0)).cos())
            }
        };
        // Padding with zeros only reads the same transform at finer steps.
        let length = (4 * n).next_power_of_two().max(1024);
        let mut buffer = vec![Complex::new(0.0, 0.0); length];
        for (i, d) in derivative.iter().enumerate() {
            buffer[i].re = d * window(i);
        }
        FftPlanner::new().plan_fft_forward(length).process(&mut buffer);
        let at_zero = buffer[0].norm();
        if !(at_zero > 0.0) {
            return None;
        }
        let sinc = |x: f64| if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) };
        let top = (length as f64 / BINS) as usize; // one cycle per pixel
        let curve = (0..=top)
            .map(|k| {
                let f = k as f64 * BINS / length as f64;
                // difference over two bins, mean over one bin
                let lost = sinc(2.0 * f / BINS) * sinc(f / BINS);
                [f, buffer[k].norm() / at_zero / lost.max(0.1)]
            })
            .collect();
        Some(Mtf::new(curve))
    }

    /// Where the profile passes the middle of its step, in pixels.
    fn crossing(&self) -> Option<f64> {
        let level = 0.5 * (self.dark + self.bright);
        let points = self.points();
        let cross = points.windows(2).filter(|w| (w[0][1] < level) != (w[1][1] < level));
        cross
            .map(|w| w[0][0] + (level - w[0][1]) / (w[1][1] - w[0][1]) / BINS)
            .min_by(|a, b| a.abs().total_cmp(&b.abs()))
    }
}

/// One channel about a line that all channels share.
pub(super) fn channel(channel: Channel, rows: &Rows, line: &Line, viewing: Viewing) -> Option<EdgeChannel> {
    let spread = spread(rows, line, REACH)?;
    let step = spread.bright - spread.dark;
    if !(step > 0.0) {
        return None;
    }
    let mtf = spread.mtf()?;
    let (overshoot, undershoot) = spread.shoots();
    let lstar = |y: f64| to_lab([y.clamp(0.0, 4.0); 3])[0];
    Some(EdgeChannel {
        channel,
        acutance: mtf.acutance(viewing),
        mtf,
        overshoot,
        undershoot,
        overshoot_lstar: lstar(spread.bright + overshoot * step) - lstar(spread.bright),
        contrast: step / (spread.bright + spread.dark).abs().max(1e-9),
        snr: step / spread.noise.max(1e-9),
        // a crossing on the bright side of the common line means that this channel's edge lies there
        shift_px: spread.crossing().unwrap_or(f64::NAN),
        profile: spread.points(),
    })
}
