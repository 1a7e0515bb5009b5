//! Camera profiles in files of their own (DCP): what of them is a look, not a camera's colours.

use crate::error::{DngError, Warning};
use crate::limits::Limits;
use crate::parse::{Notes, profile};
use crate::tiff::{Endian, Tiff, Value, tags};
use crate::write::calibration::{complete, signed_fraction};
use crate::write::{Ifd, write_tiff};
use calotype_color::{AsShot, CameraCalibration, HueSatMap};
use std::io;

/// The look of a camera profile; a DNG file's own profile is one as well.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LookProfile {
    /// ProfileName; empty where there is none.
    pub name: String,
    /// UniqueCameraModel, the camera it is for; empty where it is for any.
    pub camera: String,
    /// LookTable: over hue, saturation and value of linear ProPhoto RGB, after exposure and before the tone curve.
    pub look_table: Option<HueSatMap>,
    /// ProfileToneCurve: points of linear light in and out, rising in the first; empty where there is none.
    pub tone_curve: Vec<[f32; 2]>,
    /// BaselineExposureOffset in stops.
    pub exposure_offset_ev: f64,
    /// True where it also has a HueSatMap: corrections of a camera's colours, which are no look.
    pub corrects_colors: bool,
    /// What was left out.
    pub warnings: Vec<Warning>,
}

/// Reads a camera profile: a DCP file, or a DNG file's own.
///
/// # Errors
/// [`DngError`] where it is neither, or damaged.
pub fn read_look_profile(bytes: &[u8], limits: &Limits) -> Result<LookProfile, DngError> {
    let tiff = Tiff::of_profile(bytes)?;
    let (directories, warnings) = tiff.directories(limits)?;
    let mut notes = Notes(warnings);
    let Some(main) = directories.first() else {
        return Err(DngError::NotDng { reason: "the file has no directory".into() });
    };
    let table = profile::table(
        main,
        tags::PROFILE_LOOK_TABLE_DIMS,
        tags::PROFILE_LOOK_TABLE_DATA,
        tags::PROFILE_LOOK_TABLE_ENCODING,
    );
    let look_table = notes.take(table).filter(|t| t.entries.iter().flatten().all(|v| v.is_finite()));
    Ok(LookProfile {
        name: notes.take(main.text(tags::PROFILE_NAME)).unwrap_or_default(),
        camera: notes.take(main.text(tags::UNIQUE_CAMERA_MODEL)).unwrap_or_default(),
        look_table,
        tone_curve: profile::tone_curve(main, &mut notes).unwrap_or_default(),
        exposure_offset_ev: notes
            .take(main.f64(tags::BASELINE_EXPOSURE_OFFSET))
            .filter(|v| v.abs() <= 10.0)
            .unwrap_or_default(),
        corrects_colors: main.has(tags::PROFILE_HUE_SAT_MAP_DATA_1),
        warnings: notes.0,
    })
}

/// Writes a camera profile (DCP): the camera's calibration, its tables of hue and saturation with it, and the look of
/// `profile`, whose name and camera it gets. Raw developers offer it for raws of that camera.
///
/// # Errors
/// What `out` says.
pub fn write_look_profile(
    mut out: impl io::Write,
    profile: &LookProfile,
    camera: &CameraCalibration,
) -> io::Result<()> {
    let mut ifd = Ifd::default();
    // The light of one picture is no part of a profile.
    let camera = CameraCalibration { as_shot: AsShot::Unknown, analog_balance: None, ..camera.clone() };
    complete(&camera, &mut ifd);
    ifd.set(tags::UNIQUE_CAMERA_MODEL, Value::Ascii(profile.camera.clone()));
    ifd.set(tags::PROFILE_NAME, Value::Ascii(profile.name.clone()));
    ifd.set(tags::PROFILE_EMBED_POLICY, Value::Long(vec![0]));
    let dims = |t: &HueSatMap| Value::Long(t.divisions.map(|d| d as u32).to_vec());
    let data = |t: &HueSatMap| Value::Float(t.entries.iter().flatten().copied().collect());
    let maps = [tags::PROFILE_HUE_SAT_MAP_DATA_1, tags::PROFILE_HUE_SAT_MAP_DATA_2, tags::PROFILE_HUE_SAT_MAP_DATA_3];
    for (illuminant, tag) in camera.illuminants.iter().zip(maps) {
        if let Some(map) = &illuminant.hue_sat_map {
            ifd.set(tags::PROFILE_HUE_SAT_MAP_DIMS, dims(map));
            ifd.set(tags::PROFILE_HUE_SAT_MAP_ENCODING, Value::Long(vec![u32::from(map.srgb_encoded)]));
            ifd.set(tag, data(map));
        }
    }
    if let Some(table) = &profile.look_table {
        ifd.set(tags::PROFILE_LOOK_TABLE_DIMS, dims(table));
        ifd.set(tags::PROFILE_LOOK_TABLE_ENCODING, Value::Long(vec![u32::from(table.srgb_encoded)]));
        ifd.set(tags::PROFILE_LOOK_TABLE_DATA, data(table));
    }
    ifd.set(tags::PROFILE_TONE_CURVE, Value::Float(profile.tone_curve.iter().flatten().copied().collect()));
    ifd.set(tags::BASELINE_EXPOSURE_OFFSET, Value::SRational(vec![signed_fraction(profile.exposure_offset_ev)]));
    // The curve is the look's: nothing is to be taken away at black before it.
    ifd.set(tags::DEFAULT_BLACK_RENDER, Value::Long(vec![1]));
    let mut file = Vec::new();
    write_tiff(&mut file, Endian::Little, &[ifd])?;
    // "IIRC" where a TIFF has "II" and 42
    file[2..4].copy_from_slice(b"RC");
    out.write_all(&file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(magic: &[u8; 2]) -> Vec<u8> {
        let mut ifd = Ifd::default();
        ifd.set(tags::PROFILE_NAME, Value::Ascii("warm".into()));
        ifd.set(tags::UNIQUE_CAMERA_MODEL, Value::Ascii("Pinhole".into()));
        ifd.set(tags::PROFILE_LOOK_TABLE_DIMS, Value::Long(vec![2, 2, 1]));
        ifd.set(tags::PROFILE_LOOK_TABLE_DATA, Value::Float([[5.0, 1.1, 1.0]; 4].concat()));
        ifd.set(tags::PROFILE_LOOK_TABLE_ENCODING, Value::Long(vec![1]));
        ifd.set(tags::PROFILE_TONE_CURVE, Value::Float(vec![0.0, 0.0, 0.5, 0.7, 1.0, 1.0]));
        ifd.set(tags::BASELINE_EXPOSURE_OFFSET, Value::SRational(vec![[-3, 2]]));
        let mut bytes = Vec::new();
        write_tiff(&mut bytes, Endian::Little, &[ifd]).unwrap();
        bytes[2..4].copy_from_slice(magic);
        bytes
    }

    #[test]
    fn what_is_a_look_is_read() {
        for magic in [b"RC", b"*\0"] {
            let p = read_look_profile(&file(magic), &Limits::default()).unwrap();
            assert_eq!((p.name.as_str(), p.camera.as_str(), p.exposure_offset_ev), ("warm", "Pinhole", -1.5));
            assert_eq!(p.tone_curve, [[0.0, 0.0], [0.5, 0.7], [1.0, 1.0]]);
            let table = p.look_table.unwrap();
            assert_eq!((table.divisions, table.srgb_encoded, table.entries[3]), ([2, 2, 1], true, [5.0, 1.1, 1.0]));
            assert!(!p.corrects_colors && p.warnings.is_empty());
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let read = read_look_profile(&file(b"RC"), &Limits::default()).unwrap();
        let mut bytes = Vec::new();
        write_look_profile(&mut bytes, &read, &CameraCalibration::default()).unwrap();
        assert_eq!(read_look_profile(&bytes, &Limits::default()).unwrap(), read);
    }

    #[test]
    fn other_files_are_refused_and_damage_is_told() {
        assert!(matches!(read_look_profile(b"", &Limits::default()), Err(DngError::NotDng { .. })));
        assert!(matches!(read_look_profile(&file(b"XX"), &Limits::default()), Err(DngError::NotDng { .. })));
        let bytes = file(b"RC");
        for end in 0..bytes.len() {
            let _ = read_look_profile(&bytes[..end], &Limits::default());
        }
        // Every byte as every bit would spoil it.
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut spoilt = bytes.clone();
                spoilt[at] ^= 1 << bit;
                let _ = read_look_profile(&spoilt, &Limits::default());
            }
        }
    }
}
