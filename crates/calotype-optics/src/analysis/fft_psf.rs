//! The point spread function by one Fourier transform of the pupil: fast, and right as far as directions in the image are
//! proportional to places in the pupil.

use super::pupil::square_grid;
use super::wavefront::wavefront;
use crate::{Clip, Field, OpticsError, Result, System};
use nalgebra::{DMatrix, DVector};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex64;
use serde::Serialize;

/// A point spread function whose grid follows from the pupil's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FftPsf {
    /// Samples along each side.
    pub size: usize,
    /// Distance between samples along x and y, um.
    pub pitch_um: [f64; 2],
    /// Irradiance row by row, y and x rising, the chief ray's place in the middle. Its sum is 1.
    pub values: Vec<f64>,
}

/// The point spread function of a field point at a wavelength's index: `rays` places across the pupil in a grid of `size`, of
/// which at least half stays empty.
///
/// # Errors
/// [`OpticsError::Value`] for sizes that do not fit, [`OpticsError::Dark`] where no ray arrives.
pub fn fft_psf(system: &System, field: &Field, wavelength: usize, rays: usize, size: usize) -> Result<FftPsf> {
    if !(8..=1024).contains(&rays) || size < 2 * rays || size > 4096 {
        let reason = format!("{rays} rays across the pupil need a grid of twice as many samples, 4096 at most");
        return Err(OpticsError::value("the number of samples", size, reason));
    }
    let (places, cells): (Vec<_>, Vec<_>) = square_grid(rays).into_iter().unzip();
    let w = wavefront(system, field, wavelength, &places, Clip::Apertures)?;
    let known: Vec<usize> = (0..places.len()).filter(|i| w.waves[*i].is_some()).collect();
    if known.len() < 3 {
        let what = format!("field ({}, {})", field.x, field.y);
        return Err(OpticsError::Dark {
            what,
            got: known.len(),
            asked: places.len(),
            surface: None,
            why: String::new(),
        });
    }
    // directions as linear functions of the place, by least squares: their slopes are the scale of the image
    let design = DMatrix::from_fn(known.len(), 3, |i, k| [1.0, places[known[i]][0], places[known[i]][1]][k]);
    let svd = design.svd(true, true);
    let slope = |k: usize| {
        let values = DVector::from_iterator(known.len(), known.iter().map(|i| w.directions[*i].unwrap_or_default()[k]));
        svd.solve(&values, 1e-12).map_or(f64::NAN, |c| c[k + 1].abs())
    };
    let n = system.image_index(wavelength);
    let pitch = |k: usize| w.wavelength_um / n / (size as f64 * slope(k) * 2.0 / rays as f64);
    let mut grid = vec![Complex64::default(); size * size];
    for &i in &known {
        let [column, row] = cells[i];
        // W is positive where the ray is ahead of the chief ray
        let (sin, cos) = (-std::f64::consts::TAU * w.waves[i].unwrap_or(0.0)).sin_cos();
        // alternating signs put the middle of the image in the middle of the grid
        let sign = if (column + row) % 2 == 0 { 1.0 } else { -1.0 };
        grid[row * size + column] = Complex64::new(sign * cos, sign * sin);
    }
    transform(&mut grid, size);
    let mut values: Vec<f64> = grid.iter().map(Complex64::norm_sqr).collect();
    let sum: f64 = values.iter().sum();
    values.iter_mut().for_each(|v| *v /= sum);
    Ok(FftPsf { size, pitch_um: [pitch(0), pitch(1)], values })
}

/// The two-dimensional transform with exp(+i ...), rows then columns: light goes where its phase grows.
fn transform(grid: &mut [Complex64], size: usize) {
    let fft = FftPlanner::new().plan_fft_inverse(size);
    grid.chunks_exact_mut(size).for_each(|row| fft.process(row));
    let mut column = vec![Complex64::default(); size];
    for x in 0..size {
        (0..size).for_each(|y| column[y] = grid[y * size + x]);
        fft.process(&mut column);
        (0..size).for_each(|y| grid[y * size + x] = column[y]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Sampling, psf};
    use crate::samples;

    #[test]
    fn both_ways_to_the_point_spread_function_agree() {
        let system = System::new(samples::triplet()).unwrap();
        let field = system.lens().fields[1];
        let fast = fft_psf(&system, &field, 1, 64, 256).unwrap();
        let sampling = Sampling { size: 128, rays: 96, pitch_um: Some(1.5) };
        let exact = psf(&system, &field, 1, &sampling).unwrap();
        // second moments about the middle of gravity within the same window of 80 um
        let width = |values: &[f64], size: usize, pitch: [f64; 2], k: usize| {
            let at = |i: usize| [pitch[0] * (i % size) as f64, pitch[1] * (i / size) as f64];
            let peak = at((0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap());
            let near = |i: &usize| (at(*i)[0] - peak[0]).abs() < 40.0 && (at(*i)[1] - peak[1]).abs() < 40.0;
            let inside: Vec<usize> = (0..values.len()).filter(near).collect();
            let sum: f64 = inside.iter().map(|i| values[*i]).sum();
            let mean = inside.iter().map(|i| values[*i] * at(*i)[k]).sum::<f64>() / sum;
            (inside.iter().map(|i| values[*i] * (at(*i)[k] - mean).powi(2)).sum::<f64>() / sum).sqrt()
        };
        for k in 0..2 {
            let (a, b) = (width(&fast.values, 256, fast.pitch_um, k), width(&exact.values, 128, [1.5; 2], k));
            assert!((a / b - 1.0).abs() < 0.04, "{k}: {a} {b}");
        }
        assert!(fft_psf(&system, &field, 1, 64, 100).is_err());
    }
}
