//! Camera profiles in files of their own: DCP, a TIFF directory of colour tags with a signature of its own (DNG 1.7.1,
//! chapter 6, "Camera Profiles").

use crate::error::{DngError, Warning};
use crate::limits::Limits;
use crate::parse::{self, Notes};
use crate::tiff::{Tiff, tags};
use calotype_color::IlluminantCalibration;

/// A camera's colours, to be used instead of those in its files.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraProfile {
    /// ProfileName; empty where the file has none.
    pub name: String,
    /// UniqueCameraModel of the camera it was made for; empty where the file does not say.
    pub unique_camera_model: String,
    /// One to three calibrated illuminants, in the order of the file. CameraCalibration is not among them: it belongs to
    /// one camera, a profile to all of a kind.
    pub illuminants: Vec<IlluminantCalibration>,
    /// What was not understood, and left out.
    pub warnings: Vec<Warning>,
}

/// Reads a DCP. Its look table, its tone curve and its baseline exposure are a maker's taste, and passed over.
///
/// # Errors
/// [`DngError::NotDng`] where the bytes are no DCP, [`DngError::MissingTag`] where it has no ColorMatrix1,
/// [`DngError::Limit`] where it is larger than `limits.max_metadata`.
pub fn read_profile(bytes: &[u8], limits: &Limits) -> Result<CameraProfile, DngError> {
    let value = bytes.len() as u64;
    if value > limits.max_metadata {
        return Err(DngError::Limit { what: "bytes of a camera profile".into(), value, limit: limits.max_metadata });
    }
    if !matches!(bytes.get(..4), Some(b"IIRC" | b"MMCR")) {
        return Err(DngError::NotDng { reason: "a camera profile (DCP) begins with IIRC or MMCR".into() });
    }
    let (directories, warnings) = Tiff::of_profile(bytes)?.directories(limits)?;
    let main = &directories[0];
    let mut notes = Notes(warnings);
    let illuminants = parse::illuminants(main, &mut notes);
    if illuminants.is_empty() {
        return Err(DngError::MissingTag { ifd: main.name().into(), tag: tags::Tag(tags::COLOR_MATRIX_1) });
    }
    let mut text = |tag| notes.take(main.text(tag)).unwrap_or_default();
    let (name, unique_camera_model) = (text(tags::PROFILE_NAME), text(tags::UNIQUE_CAMERA_MODEL));
    Ok(CameraProfile { name, unique_camera_model, illuminants, warnings: notes.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiff::{Endian, Value};
    use crate::write::{Ifd, write_tiff};

    fn dcp(endian: Endian, with: &[(u16, Value)]) -> Vec<u8> {
        let mut ifd = Ifd::default();
        ifd.set(tags::UNIQUE_CAMERA_MODEL, Value::Ascii("Maker One".into()));
        ifd.set(tags::PROFILE_NAME, Value::Ascii("Measured".into()));
        with.iter().for_each(|(tag, value)| ifd.set(*tag, value.clone()));
        let mut file = Vec::new();
        write_tiff(&mut file, endian, &[ifd]).unwrap();
        let signature = if file[0] == b'I' { b"RC" } else { b"CR" };
        file[2..4].copy_from_slice(signature);
        file
    }

    fn diagonal(v: [i32; 3]) -> Value {
        Value::SRational((0..9).map(|i| [if i % 4 == 0 { v[i / 4] } else { 0 }, 10]).collect())
    }

    #[test]
    fn both_byte_orders_and_both_lights_are_read() {
        let table = |shift: f32| Value::Float([[shift, 1.0, 1.0]; 12].concat());
        for endian in [Endian::Little, Endian::Big] {
            let file = dcp(
                endian,
                &[
                    (tags::CALIBRATION_ILLUMINANT_1, Value::Short(vec![17])),
                    (tags::COLOR_MATRIX_1, diagonal([5, 10, 20])),
                    (tags::CALIBRATION_ILLUMINANT_2, Value::Short(vec![21])),
                    (tags::COLOR_MATRIX_2, diagonal([8, 10, 12])),
                    (tags::PROFILE_HUE_SAT_MAP_DIMS, Value::Long(vec![6, 2, 1])),
                    (tags::PROFILE_HUE_SAT_MAP_DATA_1, table(3.0)),
                    (tags::PROFILE_HUE_SAT_MAP_DATA_2, table(-4.0)),
                ],
            );
            let profile = read_profile(&file, &Limits::default()).unwrap();
            assert_eq!((profile.name.as_str(), profile.unique_camera_model.as_str()), ("Measured", "Maker One"));
            let [a, d65] = &profile.illuminants[..] else { panic!("{profile:?}") };
            assert_eq!((a.kelvin, d65.kelvin), (2850.0, 6500.0));
            assert_eq!(d65.color_matrix[2][2], 1.2);
            let shift = |i: &IlluminantCalibration| i.hue_sat_map.as_ref().unwrap().entries[7][0];
            assert_eq!((shift(a), shift(d65)), (3.0, -4.0));
            assert!(profile.warnings.is_empty());
        }
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        let whole = dcp(Endian::Little, &[(tags::COLOR_MATRIX_1, diagonal([5, 10, 20]))]);
        for cut in 0..whole.len() {
            // cut anywhere it is an error or lacks what was cut off, and never a panic
            let _ = read_profile(&whole[..cut], &Limits::default());
        }
        let error = |bytes: &[u8]| read_profile(bytes, &Limits::default()).unwrap_err().to_string();
        assert!(error(b"II*\0").contains("IIRC"));
        assert!(error(&dcp(Endian::Big, &[])).contains("ColorMatrix1"));
        let small = Limits { max_metadata: 10, ..Limits::default() };
        assert!(matches!(read_profile(&whole, &small), Err(DngError::Limit { .. })));
    }
}
