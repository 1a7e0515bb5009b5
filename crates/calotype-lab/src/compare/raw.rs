//! A merged raw against a clean one: what was gained over one frame.

use super::{decibel, fit_gain};
use crate::card::{Card, Goal, Measured, Row};
use crate::filter::erode;
use crate::read::RawPicture;
use crate::stats::quantile;
use crate::{LabError, Result};
use calotype_image::Plane;
use serde::Serialize;

/// How near a raw picture comes to the clean mosaic, and how much nearer than one frame.
#[derive(Clone, Debug, Serialize)]
pub struct RawComparison {
    /// The raw picture.
    pub picture: String,
    /// The truth.
    pub truth: String,
    /// One frame of the burst.
    pub single: Option<String>,
    /// The factor that the picture was multiplied by.
    pub exposure_gain: f64,
    /// Over all samples below 0.9 of white.
    pub all: RawFidelity,
    /// Over the darkest third of them.
    pub dark_third: RawFidelity,
    /// Where something moved.
    pub moving: Option<RawFidelity>,
    /// Samples that were left out as defects of the sensor: far off in the one frame.
    pub defects: usize,
}

/// Errors of samples over an area.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RawFidelity {
    /// PSNR of the picture, in dB.
    pub psnr_db: f64,
    /// PSNR of one frame, in dB.
    pub single_psnr_db: Option<f64>,
    /// Variance of one frame's error over that of the picture's: so many perfect frames would do as well.
    pub effective_frames: Option<f64>,
    /// Mean error.
    pub bias: f64,
}

/// Compares a raw picture with the clean mosaic `truth` (linear, black 0, white 1, of the same size), and one frame of
/// the burst with it too. Samples of 0.9 and more, and four pixels along the borders, are left out, as are defects that the one frame shows.
///
/// # Errors
/// [`LabError::SizeMismatch`], [`LabError::NotFound`] where nothing is left to compare.
pub fn compare_raw(
    picture: &RawPicture,
    truth: &Plane<f32>,
    truth_name: &str,
    single: Option<&RawPicture>,
    moving: Option<&Plane<u8>>,
) -> Result<RawComparison> {
    let size = (truth.width(), truth.height());
    let mismatch = |name: &str, other| {
        Err(LabError::SizeMismatch {
            first_name: name.into(),
            first: other,
            second_name: truth_name.into(),
            second: size,
        })
    };
    if picture.size() != size {
        return mismatch(&picture.name, picture.size());
    }
    if let Some(single) = single {
        picture.check_like(single)?;
    }
    if let Some(mask) = moving.filter(|m| (m.width(), m.height()) != size) {
        return mismatch("the mask of motion", (mask.width(), mask.height()));
    }
    let usable =
        Plane::from_fn(size.0, size.1, |x, y| u8::from(truth.get(x, y) < 0.9 && picture.samples.get(x, y) < 0.95));
    let fitted = fit_gain(&picture.samples, truth, &usable);
    // A merged raw keeps the exposure of its reference: within two percent, a fit would only follow the noise.
    let gain = if (fitted - 1.0).abs() > 0.02 { fitted } else { 1.0 };
    let inner = |x: usize, y: usize| x >= 4 && y >= 4 && x + 4 < size.0 && y + 4 < size.1;
    let mut good = Plane::from_fn(size.0, size.1, |x, y| u8::from(truth.get(x, y) < 0.9 && inner(x, y)));
    let defects = single.map_or(0, |single| leave_out_defects(&mut good, single, truth));
    let still = match moving {
        Some(mask) => {
            let still = erode(&Plane::from_fn(size.0, size.1, |x, y| u8::from(mask.get(x, y) == 0)), 4);
            Plane::from_fn(size.0, size.1, |x, y| good.get(x, y) & still.get(x, y))
        }
        None => good.clone(),
    };
    let at = |mask: &Plane<u8>| -> Vec<usize> { (0..mask.data().len()).filter(|i| mask.data()[*i] == 1).collect() };
    let over = |places: &[usize]| {
        let error = |samples: &Plane<f32>, gain: f64| {
            let (mut sum, mut square) = (0.0, 0.0);
            for i in places {
                let e = gain * f64::from(samples.data()[*i]) - f64::from(truth.data()[*i]);
                (sum, square) = (sum + e, square + e * e);
            }
            (sum / places.len() as f64, square / places.len() as f64)
        };
        let (bias, mse) = error(&picture.samples, gain);
        let single = single.map(|s| error(&s.samples, 1.0).1);
        RawFidelity {
            psnr_db: decibel(mse),
            single_psnr_db: single.map(decibel),
            effective_frames: single.map(|s| s / mse.max(1e-20)),
            bias,
        }
    };
    let (all, places) = (at(&good), at(&still));
    if places.is_empty() {
        return Err(LabError::NotFound {
            what: "samples to compare",
            name: truth_name.into(),
            reason: "all are clipped, or near the border".into(),
            remedy: "Give the clean mosaic with black 0 and white 1, of the raw's size.",
        });
    }
    let third = quantile(&places.iter().map(|i| f64::from(truth.data()[*i])).collect::<Vec<_>>(), 1.0 / 3.0);
    let dark: Vec<usize> = places.iter().copied().filter(|i| f64::from(truth.data()[*i]) <= third).collect();
    let moved: Option<Vec<usize>> = moving.map(|m| all.iter().copied().filter(|i| m.data()[*i] == 1).collect());
    Ok(RawComparison {
        picture: picture.name.clone(),
        truth: truth_name.into(),
        single: single.map(|s| s.name.clone()),
        exposure_gain: fitted,
        all: over(&all),
        dark_third: over(&dark),
        moving: moved.filter(|m| !m.is_empty()).map(|m| over(&m)),
        defects,
    })
}

/// Takes defects of the sensor out of a mask: samples that are ten standard deviations off in one frame, by its file's
/// noise profile, or without one by the median error. Nothing is taken out where these are more than half a percent: then
/// the frame shows something else than the truth.
fn leave_out_defects(good: &mut Plane<u8>, single: &RawPicture, truth: &Plane<f32>) -> usize {
    let error = |i: usize| f64::from(single.samples.data()[i] - truth.data()[i]).abs();
    let places: Vec<usize> = (0..good.data().len()).filter(|i| good.data()[*i] == 1).collect();
    // the median of a normal error's size is 0.6745 standard deviations
    let typical = quantile(&places.iter().step_by(17).map(|i| error(*i)).collect::<Vec<_>>(), 0.5) / 0.6745;
    let width = good.width();
    let deviation = |i: usize| match single.info.noise_profile {
        Some(noise) => {
            let color = single.cfa.color_at(i % width, i / width) as usize;
            f64::from(noise.variance(color, truth.data()[i])).sqrt()
        }
        None => typical,
    };
    let bad: Vec<usize> = places.iter().copied().filter(|i| error(*i) > 10.0 * deviation(*i)).collect();
    if bad.len() * 200 > places.len() {
        return 0;
    }
    bad.iter().for_each(|i| good.data_mut()[*i] = 0);
    bad.len()
}

impl Measured for RawComparison {
    fn card(&self) -> Card {
        let row = |label: &str, f: RawFidelity| {
            let open = f64::NAN;
            Row::new(
                label,
                [
                    f.psnr_db,
                    f.single_psnr_db.unwrap_or(open),
                    f.psnr_db - f.single_psnr_db.unwrap_or(open),
                    f.effective_frames.unwrap_or(open),
                    f.bias,
                ],
            )
        };
        let mut rows = vec![row("all", self.all), row("darkest third", self.dark_third)];
        rows.extend(self.moving.map(|m| row("moving", m)));
        let gained = self.all.single_psnr_db.map(|s| self.all.psnr_db - s);
        let mut card = Card::new("compare", &self.picture, "full reference, raw samples")
            .figure("raw_psnr", "PSNR of samples", self.all.psnr_db, "dB", Goal::Higher)
            .figure("raw_gain", "gained over one frame", gained, "dB", Goal::Higher)
            .figure("effective_frames", "as good as perfect frames", self.all.effective_frames, "", Goal::Higher)
            .figure("exposure_gain", "exposure factor found", self.exposure_gain, "", Goal::Near(1.0))
            .table("Errors", &["PSNR dB", "one frame dB", "gained dB", "effective frames", "bias"], rows)
            .note(format!("Truth: {}. {} samples were left out as defects of the sensor.", self.truth, self.defects));
        card.figures.retain(|f| f.value.is_some());
        card
    }
}
