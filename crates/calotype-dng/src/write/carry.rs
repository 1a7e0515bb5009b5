//! What a merged picture takes over from its reference frame.
//!
//! A list of what is carried, not of what is left out: an unknown tag may say something about pixels that no longer
//! holds. Left out on purpose: OpcodeList1, LinearizationTable and everything else about stored samples (they have
//! been decoded), maker notes and DNGPrivateData (their offsets break when they move), digests and
//! RawDataUniqueID (of other pixels), previews, OriginalRawFileName (there are several).

use super::Ifd;
use crate::opcode::{self, Operation};
use crate::tiff::{IfdEntry, Value, tags};
use crate::{DngInfo, RawKind};

/// Tags of the main directory that hold for the merged picture as for its reference frame.
const MAIN: &[u16] = &[
    tags::IMAGE_DESCRIPTION,
    tags::MAKE,
    tags::MODEL,
    tags::DATE_TIME,
    tags::ARTIST,
    tags::COPYRIGHT,
    tags::IPTC,
    tags::UNIQUE_CAMERA_MODEL,
    tags::LOCALIZED_CAMERA_MODEL,
    tags::BASELINE_SHARPNESS,
    tags::LINEAR_RESPONSE_LIMIT,
    tags::CAMERA_SERIAL_NUMBER,
    tags::LENS_INFO,
    tags::SHADOW_SCALE,
    tags::AS_SHOT_ICC_PROFILE,
    tags::AS_SHOT_PRE_PROFILE_MATRIX,
    tags::CURRENT_ICC_PROFILE,
    tags::CURRENT_PRE_PROFILE_MATRIX,
    tags::COLORIMETRIC_REFERENCE,
    tags::CAMERA_CALIBRATION_SIGNATURE,
    tags::PROFILE_CALIBRATION_SIGNATURE,
    tags::AS_SHOT_PROFILE_NAME,
    tags::PROFILE_NAME,
    tags::PROFILE_TONE_CURVE,
    tags::PROFILE_EMBED_POLICY,
    tags::PROFILE_COPYRIGHT,
    tags::DEFAULT_BLACK_RENDER,
    tags::PROFILE_GAIN_TABLE_MAP_2,
    tags::PROFILE_DYNAMIC_RANGE,
    tags::PROFILE_GROUP_NAME,
];

/// Tags of the main directory about colours, which a sensor without filters does not have.
const COLOR: &[u16] = &[
    tags::COLOR_MATRIX_1,
    tags::COLOR_MATRIX_2,
    tags::COLOR_MATRIX_3,
    tags::CAMERA_CALIBRATION_1,
    tags::CAMERA_CALIBRATION_2,
    tags::CAMERA_CALIBRATION_3,
    tags::REDUCTION_MATRIX_1,
    tags::REDUCTION_MATRIX_2,
    tags::REDUCTION_MATRIX_3,
    tags::ANALOG_BALANCE,
    tags::AS_SHOT_NEUTRAL,
    tags::AS_SHOT_WHITE_XY,
    tags::CALIBRATION_ILLUMINANT_1,
    tags::CALIBRATION_ILLUMINANT_2,
    tags::CALIBRATION_ILLUMINANT_3,
    tags::ILLUMINANT_DATA_1,
    tags::ILLUMINANT_DATA_2,
    tags::ILLUMINANT_DATA_3,
    tags::PROFILE_HUE_SAT_MAP_DIMS,
    tags::PROFILE_HUE_SAT_MAP_DATA_1,
    tags::PROFILE_HUE_SAT_MAP_DATA_2,
    tags::PROFILE_HUE_SAT_MAP_DATA_3,
    tags::PROFILE_HUE_SAT_MAP_ENCODING,
    tags::FORWARD_MATRIX_1,
    tags::FORWARD_MATRIX_2,
    tags::FORWARD_MATRIX_3,
    tags::PROFILE_LOOK_TABLE_DIMS,
    tags::PROFILE_LOOK_TABLE_DATA,
    tags::PROFILE_LOOK_TABLE_ENCODING,
    tags::RGB_TABLES,
];

/// Tags of the raw directory that hold for the merged picture as for its reference frame.
const RAW: &[u16] = &[
    tags::DEFAULT_SCALE,
    tags::BEST_QUALITY_SCALE,
    tags::BAYER_GREEN_SPLIT,
    tags::CHROMA_BLUR_RADIUS,
    tags::ANTI_ALIAS_STRENGTH,
    tags::NOISE_REDUCTION_APPLIED,
    tags::DEFAULT_USER_CROP,
    tags::PROFILE_GAIN_TABLE_MAP,
];

/// Tags that belong to the EXIF directory but stand in the main one of files after TIFF/EP.
const TIFF_EP: &[u16] = &[
    tags::EXPOSURE_TIME,
    tags::F_NUMBER,
    tags::EXPOSURE_PROGRAM,
    tags::PHOTOGRAPHIC_SENSITIVITY,
    tags::DATE_TIME_ORIGINAL,
    tags::SHUTTER_SPEED_VALUE,
    tags::APERTURE_VALUE,
    tags::BRIGHTNESS_VALUE,
    tags::EXPOSURE_BIAS_VALUE,
    tags::MAX_APERTURE_VALUE,
    tags::SUBJECT_DISTANCE,
    tags::METERING_MODE,
    tags::LIGHT_SOURCE,
    tags::FLASH,
    tags::FOCAL_LENGTH,
    tags::EXPOSURE_INDEX,
    tags::SENSING_METHOD,
];

/// Tags of the EXIF directory that do not hold, or whose offsets break.
const NOT_EXIF: &[u16] = &[
    tags::MAKER_NOTE,
    tags::INTEROPERABILITY_IFD,
    tags::IMAGE_UNIQUE_ID,
    tags::COMPOSITE_IMAGE,
    tags::SOURCE_IMAGE_NUMBER_OF_COMPOSITE_IMAGE,
    tags::SOURCE_EXPOSURE_TIMES_OF_COMPOSITE_IMAGE,
];

/// Sets the carried tags of the main directory.
pub(super) fn main(info: &DngInfo, ifd: &mut Ifd) {
    let mono = info.kind == RawKind::Mono;
    copy(&info.preserve, ifd, |tag| MAIN.contains(&tag) || !mono && COLOR.contains(&tag));
    let named = [(tags::MAKE, &info.make), (tags::MODEL, &info.model)];
    for (tag, text) in named.into_iter().filter(|(_, text)| !text.is_empty()) {
        ifd.set(tag, Value::Ascii(text.clone()));
    }
    // the tag is required
    let model = [info.unique_camera_model.trim(), info.model.trim(), "unknown camera"];
    let model = model.into_iter().find(|m| !m.is_empty()).unwrap_or_default();
    if !ifd.contains(tags::UNIQUE_CAMERA_MODEL) {
        ifd.set(tags::UNIQUE_CAMERA_MODEL, Value::Ascii(model.to_owned()));
    }
    ifd.set(tags::ORIENTATION, Value::Short(vec![info.orientation.to_tiff()]));
    if let Some(xmp) = &info.xmp {
        ifd.set(tags::XMP, Value::Byte(xmp.clone()));
    }
}

/// Sets the carried tags of the raw directory.
pub(super) fn raw(info: &DngInfo, ifd: &mut Ifd) {
    copy(&info.preserve, ifd, |tag| RAW.contains(&tag));
}

/// The EXIF directory of a picture composed of `total` frames, of which `used` took part.
pub(super) fn exif<'a>(info: &DngInfo, [total, used]: [u16; 2], unique_id: &[u8; 16]) -> Ifd<'a> {
    let mut ifd = Ifd::default();
    copy(&info.preserve, &mut ifd, |tag| TIFF_EP.contains(&tag));
    copy(&info.exif_raw, &mut ifd, |tag| !NOT_EXIF.contains(&tag));
    let hex = unique_id.iter().map(|b| format!("{b:02x}")).collect();
    ifd.set(tags::IMAGE_UNIQUE_ID, Value::Ascii(hex));
    if total > 1 {
        // composed while shooting (EXIF 3.0, CompositeImage)
        ifd.set(tags::COMPOSITE_IMAGE, Value::Short(vec![3]));
        ifd.set(tags::SOURCE_IMAGE_NUMBER_OF_COMPOSITE_IMAGE, Value::Short(vec![total, used]));
    }
    // the tags of composite images came with 2.32; a directory without a version is none
    let version = ifd.get(tags::EXIF_VERSION).and_then(Value::bytes);
    if version.is_none_or(|v| v < b"0232".as_slice()) {
        ifd.set(tags::EXIF_VERSION, Value::Undefined(b"0232".to_vec()));
    }
    ifd
}

/// The GPS directory.
pub(super) fn gps<'a>(info: &DngInfo) -> Ifd<'a> {
    let mut ifd = Ifd::default();
    copy(&info.gps_raw, &mut ifd, |_| true);
    ifd
}

/// Sets OpcodeList2 and OpcodeList3 to what is still to be done: gain maps unless `shading_applied`, and all lens
/// corrections. Whatever else OpcodeList2 asks for has been done to the samples.
///
/// A list that cannot be read was not applied either and is left out.
pub(super) fn opcodes(info: &DngInfo, shading_applied: bool, ifd: &mut Ifd) {
    let lists = [(2, tags::OPCODE_LIST_2), (3, tags::OPCODE_LIST_3)];
    for (list, tag) in lists {
        let Ok((mut opcodes, _)) = opcode::parse(list, &info.opcode_lists[usize::from(list) - 1]) else { continue };
        if list == 2 {
            opcodes.retain(|o| !shading_applied && matches!(o.operation, Operation::GainMap(_)));
        }
        if !opcodes.is_empty() {
            ifd.set(tag, Value::Undefined(opcode::encode(&opcodes)));
        }
    }
}

fn copy(from: &[IfdEntry], to: &mut Ifd, wanted: impl Fn(u16) -> bool) {
    for entry in from.iter().filter(|e| wanted(e.tag)) {
        to.set(entry.tag, entry.value.clone());
    }
}
