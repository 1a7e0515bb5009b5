//! Bad pixels from dark and flat raws.

use crate::read::RawPicture;
use crate::stats::{median, quantile};
use crate::{LabError, Result};
use calotype_image::Plane;
use serde::Serialize;

/// Pixels that do not do their work, as (column, row) of the active area.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Defects {
    /// Bright in the dark.
    pub hot: Vec<[usize; 2]>,
    /// Darker or brighter in even light than their neighbours by a quarter.
    pub dead: Vec<[usize; 2]>,
}

/// The largest share of defects that is believed.
const MOST: f64 = 0.005;

/// Finds hot pixels in dark raws (lens covered) and dead ones in flat raws (evenly lit): a pixel counts where it stands
/// out in every one of its kind, so that noise and cosmic rays do not.
///
/// Hot: above the dark's median by 10 standard deviations (from the quartiles) and 0.4 percent of saturation. Dead: off the
/// median of the 24 like-coloured neighbours by a quarter.
///
/// # Errors
/// [`LabError::SizeMismatch`]; [`LabError::NotFound`] where more than half a percent of the pixels would be defects, which
/// means that the raws are not what they are said to be.
pub fn find_defects(darks: &[&RawPicture], flats: &[&RawPicture]) -> Result<Defects> {
    let mut defects = Defects::default();
    for (raws, list, what) in [(darks, &mut defects.hot, "dark raw"), (flats, &mut defects.dead, "flat raw")] {
        let Some(first) = raws.first() else { continue };
        for other in &raws[1..] {
            first.check_like(other)?;
        }
        let is_dark = what == "dark raw";
        let mut suspects: Option<Vec<[usize; 2]>> = None;
        for raw in raws {
            let limit = is_dark.then(|| dark_limit(&raw.samples));
            let bad = |[x, y]: &[usize; 2]| match limit {
                Some(limit) => raw.samples.get(*x, *y) > limit,
                None => stands_out(&raw.samples, *x, *y),
            };
            suspects = Some(match suspects {
                None => all(&raw.samples).filter(bad).collect(),
                Some(list) => list.into_iter().filter(bad).collect(),
            });
        }
        *list = suspects.unwrap_or_default();
        let (w, h) = first.size();
        if list.len() as f64 > MOST * (w * h) as f64 {
            return Err(LabError::NotFound {
                what,
                name: first.name.clone(),
                reason: format!("{} pixels would be defects", list.len()),
                remedy: "Darks are taken with the lens covered, flats of an even surface out of focus.",
            });
        }
    }
    Ok(defects)
}

fn all(plane: &Plane<f32>) -> impl Iterator<Item = [usize; 2]> {
    let (w, h) = (plane.width(), plane.height());
    (0..h).flat_map(move |y| (0..w).map(move |x| [x, y]))
}

fn dark_limit(samples: &Plane<f32>) -> f32 {
    let step = samples.data().len() / 200_000 + 1;
    let some: Vec<f64> = samples.data().iter().step_by(step).map(|v| f64::from(*v)).collect();
    // the quartiles of a normal distribution are 1.349 standard deviations apart
    let sigma = (quantile(&some, 0.75) - quantile(&some, 0.25)) / 1.349;
    (median(&some) + (10.0 * sigma).max(0.004)) as f32
}

/// A quarter off the median of the like-coloured neighbours within four pixels; neighbours across an edge do not agree
/// among themselves, and then nothing stands out.
fn stands_out(samples: &Plane<f32>, x: usize, y: usize) -> bool {
    let v = f64::from(samples.get(x, y));
    let near = |dx: isize, dy: isize| samples.clamped(x as isize + dx, y as isize + dy);
    // four of them tell most pixels off at once
    let quick: f32 = (near(-2, 0) + near(2, 0) + near(0, -2) + near(0, 2)) * 0.25;
    if (v - f64::from(quick)).abs() < 0.15 * f64::from(quick.abs()) {
        return false;
    }
    let mut around = Vec::with_capacity(24);
    for dy in -2..=2 {
        for dx in -2..=2 {
            if (dx, dy) != (0, 0) {
                around.push(f64::from(near(2 * dx, 2 * dy)));
            }
        }
    }
    let m = median(&around);
    let calm = quantile(&around, 0.9) - quantile(&around, 0.1) < 0.3 * m;
    m > 0.02 && calm && (v - m).abs() > 0.25 * m
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::noisy_plane;
    use calotype_image::Cfa;

    fn raw(level: f32, sigma: f64, seed: u64, bad: &[([usize; 2], f32)]) -> RawPicture {
        let mut samples = noisy_plane(&Plane::filled(120, 90, level), sigma, seed);
        bad.iter().for_each(|([x, y], v)| samples.row_mut(*y)[*x] = *v);
        RawPicture { name: format!("raw {seed}"), samples, cfa: Cfa::RGGB, info: crate::synth::info() }
    }

    #[test]
    fn hot_and_dead_pixels_are_found_and_noise_is_not() {
        let (hot, dead, once) = ([7, 9], [100, 80], [50, 50]);
        let darks = [raw(0.0, 0.001, 1, &[(hot, 0.4), (once, 0.6)]), raw(0.0, 0.001, 2, &[(hot, 0.3)])];
        let flats = [raw(0.4, 0.01, 3, &[(dead, 0.1)]), raw(0.4, 0.01, 4, &[(dead, 0.12), (once, 0.9)])];
        let found = find_defects(&[&darks[0], &darks[1]], &[&flats[0], &flats[1]]).unwrap();
        assert_eq!(found, Defects { hot: vec![hot], dead: vec![dead] });
        assert_eq!(find_defects(&[], &[]).unwrap(), Defects::default());
    }

    #[test]
    fn a_lit_dark_is_refused() {
        let scene = RawPicture {
            samples: Plane::from_fn(120, 90, |x, _| if x > 110 { 0.8 } else { 0.0 }),
            ..raw(0.0, 0.0, 1, &[])
        };
        assert!(matches!(find_defects(&[&scene], &[]), Err(LabError::NotFound { .. })));
    }
}
