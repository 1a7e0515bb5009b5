//! The image of a point with diffraction, by the sum of the plane waves that arrive (Huygens' principle): no assumption about
//! the pupil, any grid in the image.

use super::pupil::square_grid;
use crate::analysis::Modulation;
use crate::{Clip, Field, OpticsError, Rays, Result, System, Until};
use fearless_simd::{Level, dispatch};
use rayon::prelude::*;
use serde::Serialize;
use std::f64::consts::TAU;

/// Step in the pupil, units of its radius, for the derivatives of the directions.
const STEP: f64 = 1e-4;
/// Rays whose waves are tabulated together.
const BLOCK: usize = 256;
/// Rows of the image summed together.
const BAND: usize = 16;

/// A point spread function on a square grid.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Psf {
    /// Samples along each side.
    pub size: usize,
    /// Distance between samples, um.
    pub pitch_um: f64,
    /// Place of the middle of the grid in the image plane, mm.
    pub middle: [f64; 2],
    /// Irradiance, row by row with y rising, x rising in a row. Its sum is 1.
    pub values: Vec<f64>,
    /// Peak over that of the same pupil without aberration.
    pub strehl: f64,
    /// Share of the pupil's rays that arrived.
    pub throughput: f64,
}

/// How a point spread function is sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Samples along each side of the image grid.
    pub size: usize,
    /// Rays across the pupil; at least `size` x pitch / (wavelength x f-number), else the image repeats inside the grid.
    pub rays: usize,
    /// Distance between samples in um; nothing for half of what the finest structure needs.
    pub pitch_um: Option<f64>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { size: 128, rays: 96, pitch_um: None }
    }
}

/// Plane waves that arrive from one field point at one wavelength.
struct Waves {
    /// Wave vectors along x and y in radians per mm, phase at the middle in radians, amplitude.
    each: Vec<[f64; 4]>,
    middle: [f64; 2],
    sent: usize,
}

/// The point spread function of a field point at a wavelength's index, about the middle of its ray bundle.
///
/// # Errors
/// [`OpticsError::Dark`] where no ray arrives, [`OpticsError::Value`] for a grid of more than 2048 samples a side or more than 1024
/// rays across the pupil.
pub fn psf(system: &System, field: &Field, wavelength: usize, sampling: &Sampling) -> Result<Psf> {
    check(sampling)?;
    let waves = waves(system, field, wavelength, sampling.rays)?;
    let um = system.lens().wavelengths[wavelength].um;
    let pitch_um = sampling.pitch_um.unwrap_or_else(|| finest_pitch(&waves));
    Ok(on_grid(&waves, sampling.size, pitch_um, um))
}

/// The sum of the point spread functions of all wavelengths by their weights, on the grid of the primary one.
///
/// # Errors
/// Those of [`psf`].
pub fn polychromatic_psf(system: &System, field: &Field, sampling: &Sampling) -> Result<Psf> {
    check(sampling)?;
    let lens = system.lens();
    let all =
        (0..lens.wavelengths.len()).map(|w| waves(system, field, w, sampling.rays)).collect::<Result<Vec<_>>>()?;
    let pitch_um = sampling.pitch_um.unwrap_or_else(|| all.iter().map(finest_pitch).fold(f64::INFINITY, f64::min));
    let middle = all[lens.primary].middle;
    let mut sum: Option<Psf> = None;
    let total: f64 = lens.wavelengths.iter().map(|w| w.weight).sum();
    for (mut waves, w) in all.into_iter().zip(&lens.wavelengths) {
        waves.shift_to(middle);
        let one = on_grid(&waves, sampling.size, pitch_um, w.um);
        let share = w.weight / total;
        sum = Some(match sum {
            None => Psf {
                values: one.values.iter().map(|v| v * share).collect(),
                strehl: one.strehl * share,
                throughput: one.throughput * share,
                ..one
            },
            Some(mut sum) => {
                sum.values.iter_mut().zip(&one.values).for_each(|(s, v)| *s += share * v);
                sum.strehl += share * one.strehl;
                sum.throughput += share * one.throughput;
                sum
            }
        });
    }
    sum.ok_or_else(|| OpticsError::value("the number of wavelengths", 0, "a lens has some"))
}

fn check(sampling: &Sampling) -> Result<()> {
    if !(8..=2048).contains(&sampling.size) {
        return Err(OpticsError::value("the number of samples", sampling.size, "it lies between 8 and 2048"));
    }
    if !(8..=1024).contains(&sampling.rays) {
        return Err(OpticsError::value(
            "the number of rays across the pupil",
            sampling.rays,
            "it lies between 8 and 1024",
        ));
    }
    match sampling.pitch_um {
        Some(p) if !(p > 1e-6 && p < 1e6) => Err(OpticsError::value("the pitch in um", p, "it is above 0")),
        _ => Ok(()),
    }
}

/// Traces the pupil and makes of each ray the plane wave that it stands for. Its amplitude is the root of the solid
/// angle it fills, so that equal areas of the pupil carry equal power.
fn waves(system: &System, field: &Field, wavelength: usize, across: usize) -> Result<Waves> {
    let aim = system.aim(field, wavelength);
    let places: Vec<[f64; 2]> = square_grid(across).into_iter().map(|(p, _)| p).collect();
    let trace = |dx: f64, dy: f64, clip| {
        let places: Vec<[f64; 2]> = places.iter().map(|[x, y]| [x + dx, y + dy]).collect();
        let mut rays = Rays::new(aim.pupil(&places));
        system.trace(wavelength, &mut rays, clip, Until::Image);
        rays
    };
    let rays = trace(0.0, 0.0, Clip::Apertures);
    let (right, up) = (trace(STEP, 0.0, Clip::Nothing), trace(0.0, STEP, Clip::Nothing));
    let spot = super::spot::spot_of(&rays).ok_or_else(|| {
        let loss = rays.main_loss();
        OpticsError::Dark {
            what: format!("field ({}, {})", field.x, field.y),
            got: 0,
            asked: rays.len(),
            surface: loss.map(|l| l.0.into()),
            why: loss.map_or_else(String::new, |l| l.1.to_string()),
        }
    })?;
    // a curved image is flat over a spot: the plane that touches it there
    let [across, upwards, _] = system.image_frame(spot.centroid);
    let flat = system.lens().image.is_none();
    let on = |d: [f64; 3], along: [f64; 3]| d[0] * along[0] + d[1] * along[1] + d[2] * along[2];
    let tilt = |d: [f64; 3]| if flat { [d[0], d[1]] } else { [on(d, across), on(d, upwards)] };
    let height = system.lens().image.as_ref().and_then(|s| s.sag(spot.centroid[0], spot.centroid[1])).unwrap_or(0.0);
    let n = system.image_index(wavelength);
    let k = TAU * n / (system.lens().wavelengths[wavelength].um * 1e-3);
    let mut reference = None;
    let each = (0..rays.len())
        .filter_map(|i| {
            let (r, a, b) = (rays.get(i)?, right.get(i)?, up.get(i)?);
            let (d, da, db) = (tilt(r.d), tilt(a.d), tilt(b.d));
            let (la, ma) = (da[0] - d[0], da[1] - d[1]);
            let (lb, mb) = (db[0] - d[0], db[1] - d[1]);
            let jacobian = (la * mb - lb * ma).abs() / (STEP * STEP);
            let off = (r.at[0] - spot.centroid[0]) * r.d[0]
                + (r.at[1] - spot.centroid[1]) * r.d[1]
                + (r.at[2] - height) * r.d[2];
            let path = r.opl / n - off;
            let reference = *reference.get_or_insert(path);
            Some([k * d[0], k * d[1], k * (path - reference), jacobian.sqrt()])
        })
        .collect();
    Ok(Waves { each, middle: spot.centroid, sent: rays.len() })
}

/// Half the distance at which the finest fringes of the waves are just resolved.
fn finest_pitch(waves: &Waves) -> f64 {
    let span = |c: usize| {
        let (lo, hi) =
            waves.each.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), w| (lo.min(w[c]), hi.max(w[c])));
        hi - lo
    };
    // fringes of the intensity have wave vectors up to the span; two samples a period
    1e3 * std::f64::consts::PI / span(0).max(span(1)).max(1e-9)
}

impl Waves {
    fn shift_to(&mut self, middle: [f64; 2]) {
        let d = [middle[0] - self.middle[0], middle[1] - self.middle[1]];
        self.each.iter_mut().for_each(|w| w[2] += w[0] * d[0] + w[1] * d[1]);
        self.middle = middle;
    }
}

fn on_grid(waves: &Waves, size: usize, pitch_um: f64, _um: f64) -> Psf {
    let pitch = pitch_um * 1e-3;
    let start = -pitch * (size / 2) as f64;
    let mut re = vec![0.0; size * size];
    let mut im = vec![0.0; size * size];
    let level = Level::new();
    let powers = |k: f64, out: &mut [f64]| {
        let (re, im) = out.split_at_mut(size);
        let (step_sin, step_cos) = (k * pitch).sin_cos();
        for i in 0..size {
            // anew at every 16th sample, so that rounding does not grow
            if i % 16 == 0 {
                (im[i], re[i]) = (k * (start + pitch * i as f64)).sin_cos();
            } else {
                re[i] = re[i - 1] * step_cos - im[i - 1] * step_sin;
                im[i] = im[i - 1] * step_cos + re[i - 1] * step_sin;
            }
        }
    };
    let mut table = vec![0.0; BLOCK * 4 * size];
    for block in waves.each.chunks(BLOCK) {
        table.par_chunks_mut(4 * size).zip(block).for_each(|(row, wave)| {
            let (across, upwards) = row.split_at_mut(2 * size);
            powers(wave[0], across);
            powers(wave[1], upwards);
        });
        re.par_chunks_mut(BAND * size).zip(im.par_chunks_mut(BAND * size)).enumerate().for_each(|(band, (re, im))| {
            dispatch!(level, _simd => accumulate(block, &table, size, band * BAND, re, im));
        });
    }
    let mut values: Vec<f64> = re.iter().zip(&im).map(|(a, b)| a * a + b * b).collect();
    let amplitude: f64 = waves.each.iter().map(|w| w[3]).sum();
    let peak = values.iter().fold(0.0f64, |m, v| m.max(*v));
    let total: f64 = values.iter().sum();
    values.iter_mut().for_each(|v| *v /= total.max(f64::MIN_POSITIVE));
    Psf {
        size,
        pitch_um,
        middle: waves.middle,
        values,
        strehl: peak / (amplitude * amplitude).max(f64::MIN_POSITIVE),
        throughput: waves.each.len() as f64 / waves.sent.max(1) as f64,
    }
}

/// Adds a block of waves to some rows: u += a exp(i phase) exp(i ky y) exp(i kx x).
#[inline(always)]
fn accumulate(block: &[[f64; 4]], table: &[f64], size: usize, top: usize, re: &mut [f64], im: &mut [f64]) {
    for (wave, row) in block.iter().zip(table.chunks_exact(4 * size)) {
        let (sin, cos) = wave[2].sin_cos();
        let (ar, ai) = (wave[3] * cos, wave[3] * sin);
        let xr = &row[..size];
        let xi = &row[size..2 * size];
        for (j, (re, im)) in re.chunks_exact_mut(size).zip(im.chunks_exact_mut(size)).enumerate() {
            let (yr, yi) = (row[2 * size + top + j], row[3 * size + top + j]);
            let (cr, ci) = (ar * yr - ai * yi, ar * yi + ai * yr);
            for i in 0..size {
                re[i] += cr * xr[i] - ci * xi[i];
                im[i] += cr * xi[i] + ci * xr[i];
            }
        }
    }
}

impl Psf {
    /// The modulation at frequencies in cycles per mm: |sum of values exp(-2 pi i f y)|.
    pub fn mtf(&self, frequencies: &[f64]) -> Modulation {
        let lines = |vertical: bool| -> Vec<f64> {
            (0..self.size)
                .map(|i| {
                    let at = |j: usize| {
                        if vertical { self.values[i * self.size + j] } else { self.values[j * self.size + i] }
                    };
                    (0..self.size).map(at).sum()
                })
                .collect()
        };
        let transform = |profile: &[f64]| -> Vec<f64> {
            frequencies
                .iter()
                .map(|f| {
                    let (mut re, mut im) = (0.0, 0.0);
                    for (i, v) in profile.iter().enumerate() {
                        let (sin, cos) = (TAU * f * self.pitch_um * 1e-3 * i as f64).sin_cos();
                        re += v * cos;
                        im += v * sin;
                    }
                    re.hypot(im)
                })
                .collect()
        };
        Modulation {
            frequencies: frequencies.to_vec(),
            tangential: transform(&lines(true)),
            sagittal: transform(&lines(false)),
        }
    }

    /// The share of the light within radii in um about the grid's middle of gravity.
    pub fn encircled(&self, radii_um: &[f64]) -> Vec<f64> {
        let at = |i: usize| self.pitch_um * (i as f64 - (self.size / 2) as f64);
        let cells = || (0..self.values.len()).map(|i| (at(i % self.size), at(i / self.size), self.values[i]));
        let (cx, cy) = cells().fold((0.0, 0.0), |(x, y), c| (x + c.0 * c.2, y + c.1 * c.2));
        let mut by_radius: Vec<(f64, f64)> = cells().map(|(x, y, v)| ((x - cx).hypot(y - cy), v)).collect();
        by_radius.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut sums = Vec::with_capacity(by_radius.len());
        let mut sum = 0.0;
        for (r, v) in &by_radius {
            sum += v;
            sums.push((*r, sum));
        }
        radii_um
            .iter()
            .map(|r| {
                let n = sums.partition_point(|s| s.0 <= *r);
                if n == 0 { 0.0 } else { sums[n - 1].1 }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_perfect_lens_makes_the_airy_pattern() {
        // a slow paraboloid on its axis: first dark ring at 1.21967 lambda F, Strehl ratio 1
        let mut lens = samples::parabolic_mirror(200.0);
        lens.aperture = crate::Aperture::FNumber(10.0);
        let system = System::new(lens).unwrap();
        let sampling = Sampling { size: 128, rays: 128, pitch_um: Some(0.8) };
        let psf = psf(&system, &Field::up(0.0), 0, &sampling).unwrap();
        assert!(psf.strehl > 0.9999, "{}", psf.strehl);
        let row = &psf.values[64 * 128..65 * 128];
        let airy = 1.21967 * 0.5875618 * 10.0;
        let dark = (66..120).find(|i| row[*i] < row[i + 1]).unwrap();
        assert!(((dark - 64) as f64 * 0.8 - airy).abs() < 0.45, "{dark} {airy}");
        // a pupil of squares 1/128 wide is round to half a per cent
        let limit = 1.0 / (0.5875618e-3 * 10.0);
        let mtf = psf.mtf(&[0.25 * limit, 0.5 * limit]);
        for (share, m) in [0.25, 0.5].into_iter().zip(&mtf.tangential) {
            assert!((m - super::super::geometric_mtf::perfect(share)).abs() < 0.03, "{share} {m}");
        }
        // 83.8 % of the light lies inside the first dark ring; the grid holds the next six too, some 97 %
        let inside = psf.encircled(&[airy])[0];
        assert!((0.82..0.89).contains(&inside), "{inside}");
    }

    #[test]
    fn grids_beyond_reason_are_refused() {
        let system = System::new(samples::triplet()).unwrap();
        let bad = Sampling { size: 1 << 20, ..Sampling::default() };
        assert!(psf(&system, &Field::up(0.0), 0, &bad).is_err());
    }
}
