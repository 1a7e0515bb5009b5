//! A picture against the truth: PSNR, SSIM, SSIMULACRA2, butteraugli, CIEDE2000, detail kept, tiles, moving places.

mod border;
mod perceptual;
mod raw;
mod rendering;
mod ssim;

pub use border::MOST_BORDER;
pub use raw::{RawComparison, RawFidelity, compare_raw};
pub use rendering::{Rendering, exposure_gain};

use crate::card::{Card, Goal, Measured, Plot, Row};
use crate::filter::{blocks, erode, gaussian};
use crate::picture::{REC709_TO_XYZ, check_finite};
use crate::stats::{median, quantile};
use crate::{LabError, Picture, Result, thumbnail};
use calotype_color::lab::{delta_e_2000, xyz_to_lab_d65};
use calotype_color::matrix::transform;
use calotype_color::transfer::srgb_encode;
use calotype_image::{Plane, par};
use serde::Serialize;

/// What to compare, and how.
#[derive(Clone, Debug)]
pub struct CompareOptions {
    /// Multiply the picture by the factor that brings its mid-tones to the truth's before anything else.
    pub fit_exposure: bool,
    /// Leave out this many pixels along the borders.
    pub margin: usize,
    /// Side of a tile in pixels.
    pub tile: usize,
    /// Compute SSIMULACRA2 and butteraugli, which take most of the time.
    pub perceptual: bool,
    /// 1 where something moved while the burst was taken, else 0; of the truth's size.
    pub moving: Option<Plane<u8>>,
    /// Where in the truth a smaller picture begins, in pixels from the left and the top; looked for about the middle where
    /// `None`.
    pub offset: Option<(usize, usize)>,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self { fit_exposure: true, margin: 8, tile: 64, perceptual: true, moving: None, offset: None }
    }
}

/// How near a picture comes to the truth. Figures are over the pixels whose truth is at most 1, four pixels away from
/// brighter ones and the margin away from the borders.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The picture.
    pub picture: String,
    /// The truth.
    pub truth: String,
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// Where in the truth the picture begins, in pixels; `None` for pictures of the truth's size.
    pub truth_offset: Option<(usize, usize)>,
    /// The factor that the picture was multiplied by.
    pub exposure_gain: f64,
    /// Share of the pixels that were compared, 0 to 1.
    pub compared: f64,
    /// Over all that was compared.
    pub all: Fidelity,
    /// Where nothing moved; only with a mask of motion.
    pub still: Option<Fidelity>,
    /// Where something moved; only with a mask of motion.
    pub moving: Option<Fidelity>,
    /// Mean absolute error of luminance smoothed by sigma 2, moving places over still ones: 1 is no ghosts.
    pub ghost_ratio: Option<f64>,
    /// Mean structural similarity of luma (Wang et al. 2004: Gaussian window, sigma 1.5, K 0.01 and 0.03).
    pub ssim: f64,
    /// SSIMULACRA2, 100 for the same picture; colours beyond 0 to 1 are clipped, pixels left out above are taken from
    /// the truth.
    pub ssimulacra2: Option<f64>,
    /// Butteraugli, largest difference; 0 for the same picture, 1 is about just noticeable (80 cd/m2).
    pub butteraugli_max: Option<f64>,
    /// Butteraugli, 3-norm.
    pub butteraugli_3norm: Option<f64>,
    /// Share of the truth's fine detail in the picture: slope of the regression of what a blur of sigma 1.2 takes away,
    /// over the fifth of the pixels with most of it. Noise does not help.
    pub detail_retention: Option<f64>,
    /// Energy of that detail over the truth's: above the square of the retention it is noise.
    pub detail_energy: Option<f64>,
    /// PSNR of light after a logarithmic curve over the truth's whole range, in dB: highlights count.
    pub hdr_psnr_db: f64,
    /// Side of the tiles in pixels.
    pub tile: usize,
    /// PSNR of tiles at the 1st, 5th, 25th, 50th, 75th and 95th percentile, in dB.
    pub tile_psnr_db: [f64; 6],
    /// Mean CIEDE2000 of tiles at the 5th, 25th, 50th, 75th, 95th and 99th percentile.
    pub tile_delta_e: [f64; 6],
    #[serde(skip)]
    maps: Maps,
}

/// Errors over an area.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fidelity {
    /// PSNR of sRGB-encoded samples, clipped to 0 to 1, in dB.
    pub psnr_db: f64,
    /// PSNR of linear samples, in dB.
    pub linear_psnr_db: f64,
    /// Mean CIEDE2000 (D65).
    pub delta_e_mean: f64,
    /// 95th percentile of CIEDE2000.
    pub delta_e_p95: f64,
    /// Largest CIEDE2000.
    pub delta_e_max: f64,
    /// Pixels.
    pub pixels: usize,
}

#[derive(Clone, Debug, Default)]
struct Maps {
    delta_e: Option<Plane<f32>>,
    histogram: Vec<[f64; 2]>,
}

/// Compares a picture with the truth. A picture that lacks a border of the truth (see [`MOST_BORDER`]) is compared with the
/// part of the truth that it shows.
///
/// Memory: SSIMULACRA2 takes most of it, and looks at pictures as a whole.
///
/// # Errors
/// [`LabError::SizeMismatch`] where the sizes differ otherwise, [`LabError::NotFound`] where nothing is left to compare.
pub fn compare(picture: &Picture, truth: &Picture, options: &CompareOptions) -> Result<Comparison> {
    let offset = match border::offset(picture, truth, options.offset) {
        None => return compare_same(picture, truth, options),
        Some(offset) => offset,
    };
    let (width, height) = picture.size();
    let region = crate::Region { x: offset.0, y: offset.1, width, height };
    let moving = match &options.moving {
        Some(m) if (m.width(), m.height()) == truth.size() => Some(m.crop(region.inside("the mask", truth.size())?)),
        other => other.clone(),
    };
    let options = CompareOptions { moving, offset: None, ..options.clone() };
    Ok(Comparison { truth_offset: Some(offset), ..compare_same(picture, &truth.crop(region)?, &options)? })
}

fn compare_same(picture: &Picture, truth: &Picture, options: &CompareOptions) -> Result<Comparison> {
    let size = truth.size();
    let mismatch = |name: &str, other| LabError::SizeMismatch {
        first_name: name.into(),
        first: other,
        second_name: truth.name.clone(),
        second: size,
    };
    if picture.size() != size {
        return Err(mismatch(&picture.name, picture.size()));
    }
    if let Some(mask) = options.moving.as_ref().filter(|m| (m.width(), m.height()) != size) {
        return Err(mismatch("the mask of motion", (mask.width(), mask.height())));
    }
    if options.perceptual {
        perceptual::check(size)?;
    }
    let mut unclipped = Plane::from_fn(size.0, size.1, |x, y| u8::from(truth.rgb.get(x, y).iter().all(|v| *v <= 1.0)));
    let gain = if options.fit_exposure { fit_gain(&picture.luminance(), &truth.luminance(), &unclipped) } else { 1.0 };
    let m = options.margin;
    for y in 0..size.1 {
        for (x, v) in unclipped.row_mut(y).iter_mut().enumerate() {
            *v &= u8::from(x >= m && y >= m && x + m < size.0 && y + m < size.1);
        }
    }
    let valid = erode(&unclipped, 4);
    let count = valid.data().iter().filter(|v| **v == 1).count();
    if count == 0 {
        return Err(LabError::NotFound {
            what: "pixels to compare",
            name: truth.name.clone(),
            reason: format!("{}x{} pixels, all within {m} of the border or brighter than white", size.0, size.1),
            remedy: "Give a larger picture, a smaller --margin, or a truth whose white is 1.",
        });
    }
    let g = gain as f32;
    // first, for it takes the most memory
    let (ssimulacra2, butteraugli) = match options.perceptual && size.0 >= 8 && size.1 >= 8 {
        false => (None, None),
        true => {
            let pair = perceptual::Pair { picture, gain: g, truth, valid: &valid };
            (Some(perceptual::ssimulacra2(&pair)?), Some(perceptual::butteraugli(&pair)?))
        }
    };
    let scaled = Picture {
        rgb: calotype_image::Rgb::from_planes(picture.rgb.planes.clone().map(|mut p| {
            p.data_mut().iter_mut().for_each(|v| *v *= g);
            p
        })),
        ..picture.clone_without_pixels()
    };
    check_finite(&picture.name, &scaled.rgb.planes[1])?;
    let errors = Errors::new(&scaled, truth);
    let (x, t) = (scaled.luminance(), truth.luminance());
    let (ghost_ratio, still, moving) = match &options.moving {
        None => (None, None, None),
        Some(mask) => {
            let at = |wanted: u8| {
                Plane::from_fn(size.0, size.1, |x, y| valid.get(x, y) & u8::from(mask.get(x, y) == wanted))
            };
            let (still, moving) = (at(0), at(1));
            let difference = Plane::from_fn(size.0, size.1, |i, j| x.get(i, j) - t.get(i, j));
            let smooth = gaussian(&difference, 2.0);
            let mean = |mask: &Plane<u8>| {
                masked(&smooth, mask).map(|v| v.abs()).sum::<f64>() / masked(&smooth, mask).count() as f64
            };
            let ratio = mean(&moving) / mean(&still);
            (Some(ratio).filter(|r| r.is_finite()), errors.over(&still), errors.over(&moving))
        }
    };
    let detail = detail(
        &x,
        &t,
        &match &options.moving {
            Some(mask) => Plane::from_fn(size.0, size.1, |x, y| valid.get(x, y) & (1 - mask.get(x, y).min(1))),
            None => valid.clone(),
        },
    );
    let (tile_psnr_db, tile_delta_e) = errors.tiles(&valid, options.tile.max(8));
    let all = errors.over(&valid).unwrap_or_else(|| Fidelity::of(0.0, 0.0, vec![0.0]));
    Ok(Comparison {
        picture: picture.name.clone(),
        truth: truth.name.clone(),
        size,
        truth_offset: None,
        exposure_gain: gain,
        compared: count as f64 / (size.0 * size.1) as f64,
        all,
        still,
        moving,
        ghost_ratio,
        ssim: ssim::ssim(&scaled, truth, &valid),
        ssimulacra2,
        butteraugli_max: butteraugli.map(|b| b.0),
        butteraugli_3norm: butteraugli.map(|b| b.1),
        detail_retention: detail.map(|d| d.0),
        detail_energy: detail.map(|d| d.1),
        hdr_psnr_db: hdr_psnr(&scaled, truth, m),
        tile: options.tile.max(8),
        tile_psnr_db,
        tile_delta_e,
        maps: Maps { histogram: errors.histogram(&valid), delta_e: Some(errors.delta_e) },
    })
}

/// The factor that brings a picture's mid-tones to the truth's: median over blocks of 8x8 pixels; 1 where nothing fits.
pub(crate) fn fit_gain(picture: &Plane<f32>, truth: &Plane<f32>, usable: &Plane<u8>) -> f64 {
    let usable = Plane::from_fn(usable.width(), usable.height(), |x, y| f32::from(usable.get(x, y)));
    let (m, t, u) = (blocks(picture, 8), blocks(truth, 8), blocks(&usable, 8));
    let all: Vec<[f64; 2]> = (0..t.data().len())
        .filter(|i| u.data()[*i] > 0.999)
        .map(|i| [f64::from(m.data()[i]), f64::from(t.data()[i])])
        .collect();
    let floor = 0.15 * median(&all.iter().map(|v| v[1]).collect::<Vec<_>>());
    let ratios: Vec<f64> = all.iter().filter(|v| v[1] > floor).map(|v| v[0] / v[1]).collect();
    let ratio = if ratios.is_empty() { 1.0 } else { median(&ratios) };
    if ratio > 1.0 / 64.0 && ratio < 64.0 { 1.0 / ratio } else { 1.0 }
}

fn masked<'a>(plane: &'a Plane<f32>, mask: &'a Plane<u8>) -> impl Iterator<Item = f64> + 'a {
    plane.data().iter().zip(mask.data()).filter(|(_, m)| **m == 1).map(|(v, _)| f64::from(*v))
}

/// Errors pixel by pixel.
struct Errors {
    /// Mean over the channels of the squared error of encoded samples.
    encoded: Plane<f32>,
    /// The same of linear samples.
    linear: Plane<f32>,
    delta_e: Plane<f32>,
}

impl Errors {
    fn new(picture: &Picture, truth: &Picture) -> Self {
        let (width, height) = truth.size();
        let mut planes = [(); 3].map(|()| Plane::<f32>::new(width, height));
        par::bands3_mut(&mut planes, 8, |top, [mut encoded, mut linear, mut delta]| {
            for y in 0..encoded.height() {
                for x in 0..width {
                    let (a, b) = (picture.rgb.get(x, top + y), truth.rgb.get(x, top + y));
                    let (mut e, mut l) = (0.0, 0.0);
                    for c in 0..3 {
                        let code = |v: f32| srgb_encode(v.clamp(0.0, 1.0));
                        e += (code(a[c]) - code(b[c])).powi(2) / 3.0;
                        l += (a[c] - b[c]).powi(2) / 3.0;
                    }
                    let lab = |v: [f32; 3]| {
                        xyz_to_lab_d65(transform(&REC709_TO_XYZ, v.map(|v| f64::from(v.clamp(0.0, 1.0)))))
                    };
                    encoded.row_mut(y)[x] = e;
                    linear.row_mut(y)[x] = l;
                    delta.row_mut(y)[x] = if a == b { 0.0 } else { delta_e_2000(lab(b), lab(a)) as f32 };
                }
            }
        });
        let [encoded, linear, delta_e] = planes;
        Self { encoded, linear, delta_e }
    }

    fn over(&self, mask: &Plane<u8>) -> Option<Fidelity> {
        let delta: Vec<f64> = masked(&self.delta_e, mask).collect();
        if delta.is_empty() {
            return None;
        }
        let mean = |plane| masked(plane, mask).sum::<f64>() / delta.len() as f64;
        Some(Fidelity::of(mean(&self.encoded), mean(&self.linear), delta))
    }

    /// Percentiles over tiles of which at least half was compared.
    fn tiles(&self, mask: &Plane<u8>, tile: usize) -> ([f64; 6], [f64; 6]) {
        let (mut psnr, mut delta) = (Vec::new(), Vec::new());
        for top in (0..mask.height()).step_by(tile) {
            for left in (0..mask.width()).step_by(tile) {
                let (bottom, right) = ((top + tile).min(mask.height()), (left + tile).min(mask.width()));
                let (mut n, mut e, mut d) = (0, 0.0, 0.0);
                for y in top..bottom {
                    for x in (left..right).filter(|x| mask.get(*x, y) == 1) {
                        n += 1;
                        e += f64::from(self.encoded.get(x, y));
                        d += f64::from(self.delta_e.get(x, y));
                    }
                }
                if 2 * n >= (bottom - top) * (right - left) {
                    psnr.push(decibel(e / n as f64));
                    delta.push(d / n as f64);
                }
            }
        }
        (
            [0.01, 0.05, 0.25, 0.5, 0.75, 0.95].map(|q| quantile(&psnr, q)),
            [0.05, 0.25, 0.5, 0.75, 0.95, 0.99].map(|q| quantile(&delta, q)),
        )
    }

    /// Share of pixels by CIEDE2000, in steps of 0.25.
    fn histogram(&self, mask: &Plane<u8>) -> Vec<[f64; 2]> {
        let mut bins = vec![0u64; 80];
        let mut total = 0u64;
        for v in masked(&self.delta_e, mask) {
            bins[((v * 4.0) as usize).min(79)] += 1;
            total += 1;
        }
        let end = bins.iter().rposition(|n| *n > 0).unwrap_or(0) + 1;
        bins[..end]
            .iter()
            .enumerate()
            .map(|(i, n)| [(i as f64 + 0.5) / 4.0, 100.0 * *n as f64 / total.max(1) as f64])
            .collect()
    }
}

impl Fidelity {
    fn of(encoded: f64, linear: f64, delta: Vec<f64>) -> Self {
        Self {
            psnr_db: decibel(encoded),
            linear_psnr_db: decibel(linear),
            delta_e_mean: crate::stats::mean(&delta),
            delta_e_p95: quantile(&delta, 0.95),
            delta_e_max: delta.iter().fold(0.0, |a, b| a.max(*b)),
            pixels: delta.len(),
        }
    }
}

/// PSNR of a mean squared error against a peak of 1; at most 200 dB, which stands for the same picture.
pub(crate) fn decibel(mse: f64) -> f64 {
    -10.0 * (mse + 1e-20).log10()
}

/// How much of the truth's fine detail a picture keeps, and the energy of its own: see [`Comparison`].
fn detail(picture: &Plane<f32>, truth: &Plane<f32>, mask: &Plane<u8>) -> Option<(f64, f64)> {
    let high = |plane: &Plane<f32>| {
        let capped = Plane::from_fn(plane.width(), plane.height(), |x, y| plane.get(x, y).min(1.0));
        let low = gaussian(&capped, 1.2);
        Plane::from_fn(plane.width(), plane.height(), |x, y| capped.get(x, y) - low.get(x, y))
    };
    let (a, b) = (high(picture), high(truth));
    let mask = erode(mask, 3);
    let energy = gaussian(&Plane::from_fn(b.width(), b.height(), |x, y| b.get(x, y).powi(2)), 3.0);
    let busy = quantile(&masked(&energy, &mask).collect::<Vec<_>>(), 0.8);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (i, _) in mask.data().iter().enumerate().filter(|(i, m)| **m == 1 && f64::from(energy.data()[*i]) > busy) {
        let (a, b) = (f64::from(a.data()[i]), f64::from(b.data()[i]));
        (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
    }
    (bb > 0.0).then_some((ab / bb, aa / bb))
}

/// PSNR after log(1 + 5000 v) over the truth's 99.95th percentile (Kalantari and Ramamoorthi 2017 use this curve).
fn hdr_psnr(picture: &Picture, truth: &Picture, margin: usize) -> f64 {
    let sample: Vec<f64> = truth
        .rgb
        .planes
        .iter()
        .flat_map(|p| p.data().iter().step_by(1 + p.data().len() / 400_000))
        .map(|v| f64::from(*v))
        .collect();
    let top = quantile(&sample, 0.9995).max(1e-6);
    let curve = |v: f32| (5000.0 * (f64::from(v) / top).clamp(0.0, 1.0)).ln_1p() / 5000f64.ln_1p();
    let (mut sum, mut n) = (0.0, 0u64);
    let (width, height) = truth.size();
    for c in 0..3 {
        let (a, b) = (&picture.rgb.planes[c], &truth.rgb.planes[c]);
        for y in margin..height.saturating_sub(margin) {
            for x in margin..width.saturating_sub(margin) {
                sum += (curve(a.get(x, y)) - curve(b.get(x, y))).powi(2);
                n += 1;
            }
        }
    }
    decibel(sum / n.max(1) as f64)
}

impl Measured for Comparison {
    fn card(&self) -> Card {
        let mut card = Card::new("compare", &self.picture, "full reference, against the truth")
            .figure("psnr", "PSNR (encoded)", self.all.psnr_db, "dB", Goal::Higher)
            .figure("linear_psnr", "PSNR (linear)", self.all.linear_psnr_db, "dB", Goal::Higher)
            .figure("hdr_psnr", "PSNR (logarithmic)", self.hdr_psnr_db, "dB", Goal::Higher)
            .figure("ssim", "SSIM", self.ssim, "", Goal::Higher)
            .figure("ssimulacra2", "SSIMULACRA2", self.ssimulacra2, "", Goal::Higher)
            .figure("butteraugli_max", "butteraugli, largest", self.butteraugli_max, "", Goal::Lower)
            .figure("butteraugli_3norm", "butteraugli, 3-norm", self.butteraugli_3norm, "", Goal::Lower)
            .figure("delta_e_mean", "CIEDE2000, mean", self.all.delta_e_mean, "", Goal::Lower)
            .figure("delta_e_p95", "CIEDE2000, 95th percentile", self.all.delta_e_p95, "", Goal::Lower)
            .figure("detail_retention", "fine detail kept", self.detail_retention, "", Goal::Near(1.0))
            .figure("detail_energy", "energy of fine detail", self.detail_energy, "", Goal::Neither)
            .figure("ghost_ratio", "error, moving over still", self.ghost_ratio, "", Goal::Lower)
            .figure("exposure_gain", "exposure factor applied", self.exposure_gain, "", Goal::Neither)
            .figure("compared", "share of pixels compared", 100.0 * self.compared, "%", Goal::Neither);
        card.figures.retain(|f| f.value.is_some());
        if let (Some(still), Some(moving)) = (self.still, self.moving) {
            let row = |label: &str, f: Fidelity| {
                Row::new(label, [f.psnr_db, f.linear_psnr_db, f.delta_e_mean, f.delta_e_p95, f.pixels as f64])
            };
            card = card.table(
                "Where it moved, and where not",
                &["PSNR dB", "linear PSNR dB", "mean dE2000", "p95 dE2000", "pixels"],
                vec![row("still", still), row("moving", moving)],
            );
        }
        let tiles = format!("Tiles of {0}x{0} pixels", self.tile);
        card = card
            .table(
                &format!("{tiles}: PSNR in dB"),
                &["p1", "p5", "p25", "p50", "p75", "p95"],
                vec![Row::new("PSNR", self.tile_psnr_db)],
            )
            .table(
                &format!("{tiles}: mean CIEDE2000"),
                &["p5", "p25", "p50", "p75", "p95", "p99"],
                vec![Row::new("dE2000", self.tile_delta_e)],
            )
            .plot(
                Plot::new("Pixels by colour difference", "CIEDE2000", "% of pixels")
                    .curve("", self.maps.histogram.clone()),
            );
        if let Some(map) = &self.maps.delta_e {
            card.crops.push(thumbnail::heat("CIEDE2000: black 0, white 10 and more", map, 10.0));
        }
        if let Some((x, y)) = self.truth_offset {
            card = card.note(format!("The picture lacks a border: it was compared with the truth from {x},{y} on."));
        }
        card.note(format!("Truth: {}.", self.truth))
    }
}

#[cfg(test)]
mod tests;
