//! NoiseProfile.

use super::{Notes, Sources};
use crate::info::RawKind;
use crate::tiff::tags;
use calotype_image::NoiseModel;

/// Reads pairs of shot and read noise for one, three or four planes.
pub(super) fn noise_profile(sources: &Sources<'_>, kind: RawKind, notes: &mut Notes) -> Option<NoiseModel> {
    let directory = [&sources.raw, &sources.main].into_iter().find(|d| d.has(tags::NOISE_PROFILE))?;
    let values = notes.take(directory.f64s(tags::NOISE_PROFILE))?;
    let pairs: Vec<[f64; 2]> = values.chunks_exact(2).map(|p| [p[0], p[1]]).collect();
    // The specification wants a positive slope; a read variance fitted slightly below 0 is taken as 0.
    if pairs.iter().any(|p| p[0] < 0.0 || p[1] < -1e-3 || p[0] + p[1].max(0.0) <= 0.0 || p[0] > 1.0 || p[1] > 1.0) {
        notes.warn(directory.name(), format!("NoiseProfile {values:?} is no noise: left out"));
        return None;
    }
    let [r, g, b] = match (pairs[..].len(), kind) {
        (1, _) => [pairs[0]; 3],
        (3, _) => [pairs[0], pairs[1], pairs[2]],
        // Some phones give one pair per place of the 2x2 cell; greens are averaged.
        (4, RawKind::Cfa(cfa)) => {
            let mut sums = [[0.0; 3]; 3];
            for (color, pair) in cfa.0.iter().zip(&pairs) {
                let sum = &mut sums[*color as usize];
                *sum = [sum[0] + pair[0], sum[1] + pair[1], sum[2] + 1.0];
            }
            sums.map(|[s, o, n]| [s / n, o / n])
        }
        (n, _) => {
            notes.warn(directory.name(), format!("NoiseProfile of {n} planes: left out"));
            return None;
        }
    };
    Some(NoiseModel { shot: [r, g, b].map(|p| p[0] as f32), read: [r, g, b].map(|p| p[1].max(0.0) as f32) })
}
