//! A lens judged by the certified trace, apart from the merit function.

use crate::analysis::{rms_about, square_grid};
use crate::{Clip, Rays, System, Until};
use serde::Serialize;

/// Rays across the pupil.
const ACROSS: usize = 40;

/// The spot of one field point, all wavelengths of the lens by their weights, through its clear apertures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SpotProof {
    /// The field: degrees or mm.
    pub field: f64,
    /// RMS radius about the middle, um; nothing where no ray arrives.
    pub rms_um: Option<f64>,
    /// Share of the rays through the paraxial entrance pupil that arrive.
    pub arrived: f64,
}

/// The spots of every field of a lens, by some 1250 rays a wavelength, evenly over the pupil, through [`System::trace`]: an independent check of what
/// [`super::Merit`] says.
pub fn spot_proofs(system: &System) -> Vec<SpotProof> {
    let lens = system.lens();
    let places: Vec<[f64; 2]> = square_grid(ACROSS).into_iter().map(|(p, _)| p).collect();
    let total: f64 = lens.wavelengths.iter().map(|w| w.weight).sum();
    let one = |field: &crate::Field| {
        let (mut square, mut middle, mut weight, mut arrived) = (0.0, [0.0; 2], 0.0, 0.0);
        let mut bundles = Vec::new();
        for (w, wave) in lens.wavelengths.iter().enumerate().filter(|(_, w)| w.weight > 0.0) {
            let mut rays = Rays::new(system.aim(field, w).pupil(&places));
            system.trace(w, &mut rays, Clip::Apertures, Until::Image);
            let points: Vec<[f64; 2]> = rays.iter().map(|r| [r.at[0], r.at[1]]).collect();
            arrived += wave.weight / total * points.len() as f64 / places.len() as f64;
            if points.is_empty() {
                continue;
            }
            let centre = [0, 1].map(|k| points.iter().map(|p| p[k]).sum::<f64>() / points.len() as f64);
            (0..2).for_each(|k| middle[k] += wave.weight * centre[k]);
            weight += wave.weight;
            bundles.push((wave.weight, points));
        }
        (0..2).for_each(|k| middle[k] /= weight);
        for (share, points) in &bundles {
            square += share / weight * rms_about(points, middle).powi(2);
        }
        SpotProof { field: field.x.hypot(field.y), rms_um: (weight > 0.0).then(|| square.sqrt()), arrived }
    };
    lens.fields.iter().map(one).collect()
}
