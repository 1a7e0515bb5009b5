//! Tables of the colour profile.

use super::Notes;
use crate::error::DngError;
use crate::tiff::{Directory, tags};
use calotype_color::HueSatMap;

/// The most entries of a table; real ones have some ten thousand.
const MAX_ENTRIES: u64 = 1 << 22;

/// A table over hue, saturation and value: its divisions, its data and its encoding under these tags.
pub(crate) fn table(
    directory: &Directory<'_>,
    dims: u16,
    data: u16,
    encoding: u16,
) -> Result<Option<HueSatMap>, DngError> {
    if !directory.has(data) {
        return Ok(None);
    }
    let divisions = directory.u64s(dims)?.unwrap_or_default();
    let (hue, saturation, value) = match divisions[..] {
        [h, s] => (h, s, 1),
        [h, s, v] => (h, s, v),
        _ => return Err(directory.bad(dims, format!("{} numbers instead of 3", divisions.len()))),
    };
    let total = hue.saturating_mul(saturation).saturating_mul(value);
    if hue == 0 || saturation < 2 || value == 0 || total > MAX_ENTRIES {
        return Err(directory.bad(dims, format!("{hue}x{saturation}x{value} divisions")));
    }
    let numbers = directory.f64s(data)?.unwrap_or_default();
    if numbers.len() as u64 != total * 3 {
        return Err(directory.bad(data, format!("{} numbers for {hue}x{saturation}x{value} divisions", numbers.len())));
    }
    Ok(Some(HueSatMap {
        divisions: [hue as usize, saturation as usize, value as usize],
        entries: numbers.chunks_exact(3).map(|e| [e[0] as f32, e[1] as f32, e[2] as f32]).collect(),
        srgb_encoded: directory.u64(encoding)?.unwrap_or(0) == 1,
    }))
}

/// ProfileToneCurve.
pub(crate) fn tone_curve(directory: &Directory<'_>, notes: &mut Notes) -> Option<Vec<[f32; 2]>> {
    let numbers = notes.take(directory.f64s(tags::PROFILE_TONE_CURVE))?;
    let points: Vec<[f32; 2]> = numbers.chunks_exact(2).map(|p| [p[0] as f32, p[1] as f32]).collect();
    let rising = points.windows(2).all(|w| w[1][0] > w[0][0]) && points.iter().flatten().all(|v| v.is_finite());
    if points.len() < 2 || !rising {
        notes.warn(directory.name(), "ProfileToneCurve does not rise: left out");
        return None;
    }
    Some(points)
}
