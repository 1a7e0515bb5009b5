//! All of it put together.

use super::{Notes, Sources, color, exif, gain_table, geometry, noise, profile};
use crate::error::DngError;
use crate::info::{DngInfo, Levels, RawKind};
use crate::layout::Layout;
use crate::levels::LevelMap;
use crate::limits::Limits;
use crate::tiff::tags;
use calotype_image::Orientation;

/// Reads everything but the pixels.
pub(crate) fn info(
    sources: &Sources<'_>,
    layout: &Layout,
    levels: &LevelMap,
    limits: &Limits,
    notes: &mut Notes,
) -> Result<DngInfo, DngError> {
    let (main, raw) = (&sources.main, &sources.raw);
    let kind = geometry::kind(sources, layout)?;
    let active_area = geometry::active_area(raw, layout)?;
    let mut text = |tag| notes.take(main.text(tag)).unwrap_or_default();
    let (make, model, software) = (text(tags::MAKE), text(tags::MODEL), text(tags::SOFTWARE));
    let unique = text(tags::UNIQUE_CAMERA_MODEL);
    let unique_camera_model = if unique.is_empty() { format!("{make} {model}").trim().to_owned() } else { unique };
    let (original_raw_name, profile_name) = (text(tags::ORIGINAL_RAW_FILE_NAME), text(tags::PROFILE_NAME));
    // Tags of the raw picture stand in the raw directory, those of the camera in the main one; either may be missing.
    let mut number = |tag: u16| {
        let place = [raw, main].into_iter().find(|d| d.has(tag))?;
        notes.take(place.f64(tag))
    };
    let exposure =
        number(tags::BASELINE_EXPOSURE).unwrap_or(0.0) + number(tags::BASELINE_EXPOSURE_OFFSET).unwrap_or(0.0);
    let baseline_exposure_ev = if exposure.abs() <= 20.0 { exposure } else { 0.0 };
    let positive = |v: Option<f64>| v.filter(|x| *x > 0.0).unwrap_or(1.0);
    let baseline_noise = positive(number(tags::BASELINE_NOISE));
    let baseline_sharpness = positive(number(tags::BASELINE_SHARPNESS));
    let linear_response_limit = positive(number(tags::LINEAR_RESPONSE_LIMIT));
    let noise_reduction_applied = number(tags::NOISE_REDUCTION_APPLIED);
    let default_black_render_none = number(tags::DEFAULT_BLACK_RENDER) == Some(1.0);
    let orientation = number(tags::ORIENTATION).and_then(|v| Orientation::from_tiff(v as u16)).unwrap_or_default();

    let mut budget = limits.max_metadata;
    let exif_raw = match &sources.exif {
        Some(exif) => exif::entries(exif, exif::points_elsewhere, &mut budget, notes),
        None => Vec::new(),
    };
    let gps_raw = match &sources.gps {
        Some(gps) => exif::entries(gps, |_| false, &mut budget, notes),
        None => Vec::new(),
    };
    let mut preserve = exif::entries(main, |tag| exif::points_elsewhere(tag) || is_storage(tag), &mut budget, notes);
    if raw.name() != main.name() {
        let inner = exif::entries(raw, |tag| exif::points_elsewhere(tag) || is_storage(tag), &mut budget, notes);
        preserve.retain(|e| !inner.iter().any(|i| i.tag == e.tag));
        preserve.extend(inner);
        preserve.sort_by_key(|e| e.tag);
    }
    let mut list = |tag: u16| -> Result<Vec<u8>, DngError> {
        let bytes =
            [raw, main].into_iter().find(|d| d.has(tag)).map(|d| d.bytes(tag)).transpose()?.flatten().unwrap_or(&[]);
        if bytes.len() as u64 > budget {
            let what = format!("{}: bytes of {}", raw.name(), tags::Tag(tag));
            return Err(DngError::Limit { what, value: bytes.len() as u64, limit: budget });
        }
        budget -= bytes.len() as u64;
        Ok(bytes.to_vec())
    };
    let opcode_lists = [list(tags::OPCODE_LIST_1)?, list(tags::OPCODE_LIST_2)?, list(tags::OPCODE_LIST_3)?];
    let size = (active_area.width, active_area.height);
    let unique_id = notes.take(main.bytes(tags::RAW_DATA_UNIQUE_ID));
    Ok(DngInfo {
        dng_version: sources.dng_version,
        make,
        model,
        unique_camera_model,
        software,
        orientation,
        stored_size: (layout.width, layout.height),
        active_area,
        default_crop: geometry::default_crop(raw, size, notes),
        default_user_crop: notes
            .take(raw.array::<4>(tags::DEFAULT_USER_CROP))
            .filter(|[t, l, b, r]| *t >= 0.0 && *l >= 0.0 && t < b && l < r && *b <= 1.0 && *r <= 1.0),
        default_scale: notes
            .take(raw.array::<2>(tags::DEFAULT_SCALE))
            .filter(|s| s.iter().all(|v| (0.01..=100.0).contains(v)))
            .unwrap_or([1.0, 1.0]),
        kind,
        bits: layout.bits as u16,
        compression: layout.compression,
        levels: report(levels, kind),
        calibration: match kind {
            // A sensor without filters sees one colour, whatever a converter has copied from another model.
            RawKind::Mono => color::none(baseline_exposure_ev),
            _ => color::calibration(sources, baseline_exposure_ev, notes),
        },
        noise_profile: noise::noise_profile(sources, kind, notes),
        baseline_exposure_ev,
        baseline_noise,
        baseline_sharpness,
        linear_response_limit,
        noise_reduction_applied,
        opcode_lists,
        profile_name,
        look_table: notes.take(profile::table(
            main,
            tags::PROFILE_LOOK_TABLE_DIMS,
            tags::PROFILE_LOOK_TABLE_DATA,
            tags::PROFILE_LOOK_TABLE_ENCODING,
        )),
        tone_curve: profile::tone_curve(main, notes),
        gain_table_map: gain_table::gain_table_map(sources, notes),
        default_black_render_none,
        exif: exif::exif(sources, notes),
        exif_raw,
        gps_raw,
        xmp: notes.take(main.bytes(tags::XMP)).map(<[u8]>::to_vec),
        preserve,
        raw_unique_id: unique_id.and_then(|b| b.try_into().ok()),
        original_raw_name,
    })
}

/// Levels by colour.
pub(crate) fn report(levels: &LevelMap, kind: RawKind) -> Levels {
    match kind {
        RawKind::Cfa(cfa) => {
            let mut sums = [(0.0, 0.0); 3];
            for (color, black) in cfa.0.iter().zip(levels.cell(0)) {
                sums[*color as usize].0 += black;
                sums[*color as usize].1 += 1.0;
            }
            Levels { black: sums.map(|(sum, n)| sum / n), white: [levels.white(0); 3] }
        }
        RawKind::Mono => Levels { black: [levels.mean_black(0); 3], white: [levels.white(0); 3] },
        RawKind::Linear => {
            Levels { black: [0, 1, 2].map(|c| levels.mean_black(c)), white: [0, 1, 2].map(|c| levels.white(c)) }
        }
    }
}

/// Tags that say how pixels are stored, or that are handed out elsewhere, and so are not carried over.
fn is_storage(tag: u16) -> bool {
    use tags::*;
    matches!(
        tag,
        NEW_SUBFILE_TYPE
            | SUBFILE_TYPE
            | IMAGE_WIDTH
            | IMAGE_LENGTH
            | BITS_PER_SAMPLE
            | COMPRESSION
            | PHOTOMETRIC_INTERPRETATION
            | FILL_ORDER
            | STRIP_OFFSETS
            | SAMPLES_PER_PIXEL
            | ROWS_PER_STRIP
            | STRIP_BYTE_COUNTS
            | PLANAR_CONFIGURATION
            | PREDICTOR
            | TILE_WIDTH
            | TILE_LENGTH
            | TILE_OFFSETS
            | TILE_BYTE_COUNTS
            | EXTRA_SAMPLES
            | SAMPLE_FORMAT
            | JPEG_TABLES
            | JPEG_INTERCHANGE_FORMAT
            | JPEG_INTERCHANGE_FORMAT_LENGTH
            | YCBCR_COEFFICIENTS
            | YCBCR_SUB_SAMPLING
            | YCBCR_POSITIONING
            | REFERENCE_BLACK_WHITE
            | XMP
            | CFA_REPEAT_PATTERN_DIM
            | CFA_PATTERN
            | CFA_PLANE_COLOR
            | CFA_LAYOUT
            | LINEARIZATION_TABLE
            | BLACK_LEVEL_REPEAT_DIM
            | BLACK_LEVEL
            | BLACK_LEVEL_DELTA_H
            | BLACK_LEVEL_DELTA_V
            | WHITE_LEVEL
            | ACTIVE_AREA
            | MASKED_AREAS
            | SUB_TILE_BLOCK_SIZE
            | ROW_INTERLEAVE_FACTOR
            | COLUMN_INTERLEAVE_FACTOR
            | OPCODE_LIST_1
            | OPCODE_LIST_2
            | OPCODE_LIST_3
            | NOISE_PROFILE
            | RAW_IMAGE_DIGEST
            | NEW_RAW_IMAGE_DIGEST
            | RAW_DATA_UNIQUE_ID
            | JXL_DISTANCE
            | JXL_EFFORT
            | JXL_DECODE_SPEED
            | ORIGINAL_RAW_FILE_DATA
            | ORIGINAL_RAW_FILE_DIGEST
            | IMAGE_STATS
    )
}
