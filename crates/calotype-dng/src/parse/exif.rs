//! The exposure.

use super::{Notes, Sources};
use crate::info::Exif;
use crate::tiff::{Directory, IfdEntry, tags};

/// Reads the exposure from the EXIF directory, and from the main one what is missing there.
pub(super) fn exif(sources: &Sources<'_>, notes: &mut Notes) -> Exif {
    let places: Vec<&Directory<'_>> = sources.exif.iter().chain([&sources.main, &sources.raw]).collect();
    let mut number = |tag: u16| places.iter().find(|d| d.has(tag)).and_then(|d| notes.take(d.f64(tag)));
    let positive = |v: Option<f64>| v.filter(|x| *x > 0.0);
    // APEX values stand in for missing plain ones (EXIF 3.0, annex C).
    let time = positive(number(tags::EXPOSURE_TIME));
    let time = time.or_else(|| number(tags::SHUTTER_SPEED_VALUE).filter(|v| v.abs() < 32.0).map(|v| (-v).exp2()));
    let f_number = positive(number(tags::F_NUMBER));
    let f_number =
        f_number.or_else(|| number(tags::APERTURE_VALUE).filter(|v| v.abs() < 32.0).map(|v| (v / 2.0).exp2()));
    // The old tag saturates at 65535; newer ones then hold the number.
    let iso = positive(number(tags::PHOTOGRAPHIC_SENSITIVITY)).filter(|v| *v < 65535.0);
    let iso = iso
        .or_else(|| positive(number(tags::RECOMMENDED_EXPOSURE_INDEX)))
        .or_else(|| positive(number(tags::ISO_SPEED)))
        .or_else(|| positive(number(tags::STANDARD_OUTPUT_SENSITIVITY)))
        .or_else(|| positive(number(tags::EXPOSURE_INDEX)));
    let exposure_bias_ev = number(tags::EXPOSURE_BIAS_VALUE);
    let focal_mm = positive(number(tags::FOCAL_LENGTH));
    let focal_35mm = positive(number(tags::FOCAL_LENGTH_IN_35MM_FILM));
    let flash_fired = number(tags::FLASH).map(|v| v as u64 & 1 == 1);
    let mut text = |tag: u16| -> String {
        let found = places.iter().find(|d| d.has(tag)).and_then(|d| notes.take(d.text(tag)));
        found.unwrap_or_default()
    };
    let first = |a: String, b: String| if a.is_empty() { b } else { a };
    Exif {
        exposure_time_s: time,
        f_number,
        iso,
        exposure_bias_ev,
        focal_mm,
        focal_35mm,
        date_time_original: first(text(tags::DATE_TIME_ORIGINAL), text(tags::DATE_TIME)),
        sub_sec_original: first(text(tags::SUB_SEC_TIME_ORIGINAL), text(tags::SUB_SEC_TIME)),
        offset_original: first(text(tags::OFFSET_TIME_ORIGINAL), text(tags::OFFSET_TIME)),
        lens_make: text(tags::LENS_MAKE),
        lens_model: text(tags::LENS_MODEL),
        serial: first(text(tags::BODY_SERIAL_NUMBER), text(tags::CAMERA_SERIAL_NUMBER)),
        flash_fired,
        unique_id: text(tags::IMAGE_UNIQUE_ID),
    }
}

/// All entries of a directory but those that `skip` names, as long as `budget` bytes last.
pub(super) fn entries(
    directory: &Directory<'_>,
    skip: impl Fn(u16) -> bool,
    budget: &mut u64,
    notes: &mut Notes,
) -> Vec<IfdEntry> {
    let mut found = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for tag in directory.tags().filter(|&t| !skip(t)) {
        if !seen.insert(tag) {
            continue;
        }
        let size = directory.stored_bytes(tag);
        if size > *budget {
            notes.warn(directory.name(), format!("{} holds {size} bytes: left out", tags::Tag(tag)));
            continue;
        }
        *budget -= size;
        if let Some(value) = notes.take(directory.value(tag)) {
            found.push(IfdEntry { tag, value });
        }
    }
    found
}

/// Offsets of other directories, which mean nothing elsewhere.
pub(super) fn points_elsewhere(tag: u16) -> bool {
    matches!(
        tag,
        tags::EXIF_IFD | tags::GPS_IFD | tags::INTEROPERABILITY_IFD | tags::SUB_IFDS | tags::EXTRA_CAMERA_PROFILES
    )
}
