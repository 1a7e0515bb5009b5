//! Ray fans.

use super::wavefront::wavefront;
use crate::{Clip, Field, Rays, Result, System, Until};
use serde::Serialize;

/// Transverse aberrations of a fan of rays.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fan {
    /// Places along the pupil, -1 to 1.
    pub pupil: Vec<f64>,
    /// Along y: height less that of the chief ray at the primary wavelength, um; nothing where the ray was lost.
    pub tangential_um: Vec<Option<f64>>,
    /// Along x: distance across from that ray, um.
    pub sagittal_um: Vec<Option<f64>>,
    /// Path difference along y, waves.
    pub tangential_waves: Vec<Option<f64>>,
    /// Path difference along x, waves.
    pub sagittal_waves: Vec<Option<f64>>,
}

/// Fans of `2 half + 1` rays of a field point at a wavelength's index, clipped by the apertures.
///
/// # Errors
/// [`crate::OpticsError::Dark`] where the chief ray is lost.
pub fn fan(system: &System, field: &Field, wavelength: usize, half: usize) -> Result<Fan> {
    let pupil: Vec<f64> = (0..=2 * half).map(|i| i as f64 / half as f64 - 1.0).collect();
    let along =
        |k: usize| -> Vec<[f64; 2]> { pupil.iter().map(|p| if k == 0 { [*p, 0.0] } else { [0.0, *p] }).collect() };
    let centre = wavefront(system, field, system.lens().primary, &[], Clip::Nothing)?.image_point;
    let transverse = |k: usize| {
        let mut rays = Rays::new(system.aim(field, wavelength).pupil(&along(k)));
        system.trace(wavelength, &mut rays, Clip::Apertures, Until::Image);
        (0..rays.len()).map(|i| rays.get(i).map(|r| (r.at[k] - centre[k]) * 1e3)).collect()
    };
    let waves = |k: usize| Ok(wavefront(system, field, wavelength, &along(k), Clip::Apertures)?.waves);
    Ok(Fan {
        tangential_um: transverse(1),
        sagittal_um: transverse(0),
        tangential_waves: waves(1)?,
        sagittal_waves: waves(0)?,
        pupil,
    })
}
