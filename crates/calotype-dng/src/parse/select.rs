//! Which directories matter.

use super::Notes;
use crate::error::DngError;
use crate::limits::Limits;
use crate::tiff::{Directory, Tiff, tags};

/// PhotometricInterpretation of a mosaic.
pub(crate) const CFA: u64 = 32803;
/// PhotometricInterpretation of linear samples.
pub(crate) const LINEAR_RAW: u64 = 34892;

/// The newest version of DNG that this crate knows.
const NEWEST: [u8; 4] = [1, 7, 255, 255];

/// The directories that describe the raw picture.
pub(crate) struct Sources<'a> {
    /// The first directory, with what holds for the whole file.
    pub(crate) main: Directory<'a>,
    /// The one whose samples are the full-size raw picture (maybe the same).
    pub(crate) raw: Directory<'a>,
    pub(crate) exif: Option<Directory<'a>>,
    pub(crate) gps: Option<Directory<'a>>,
    pub(crate) dng_version: [u8; 4],
}

/// Finds them.
pub(crate) fn select<'a>(bytes: &'a [u8], limits: &Limits, notes: &mut Notes) -> Result<Sources<'a>, DngError> {
    let file = Tiff::new(bytes)?;
    let (directories, warnings) = file.directories(limits)?;
    notes.0.extend(warnings);
    let main = directories[0].clone();
    let version = |tag| Ok::<_, DngError>(main.value(tag)?.and_then(|v| v.bytes()?.first_chunk::<4>().copied()));
    let Some(dng_version) = version(tags::DNG_VERSION)? else {
        let model = main.text(tags::MODEL).ok().flatten().unwrap_or_default();
        let reason = if model.is_empty() { String::new() } else { format!(" (a raw file of a {model}?)") };
        return Err(DngError::NotDng {
            reason: format!("this TIFF has no DNGVersion{reason}; convert it to DNG first"),
        });
    };
    if let Some([a, b, c, d]) = version(tags::DNG_BACKWARD_VERSION)?
        && [a, b, c, d] > NEWEST
    {
        let what = format!("a file for readers of DNG {a}.{b}.{c}.{d} and later");
        return Err(DngError::Unsupported { what, remedy: "; save it for compatibility with DNG 1.7 or earlier" });
    }
    let raw = raw(&directories)?.clone();
    let mut hung = |tag: u16, name: &str| {
        let owner = [&main, &raw].into_iter().find(|d| d.has(tag))?;
        let offset = notes.take(owner.u64(tag))?;
        notes.take(file.directory(offset, name.to_owned()).map(|d| Some(d.0)))
    };
    let (exif, gps) = (hung(tags::EXIF_IFD, "EXIF"), hung(tags::GPS_IFD, "GPS"));
    Ok(Sources { main, raw, exif, gps, dng_version })
}

/// The largest full-size picture of raw samples.
fn raw<'d, 'a>(directories: &'d [Directory<'a>]) -> Result<&'d Directory<'a>, DngError> {
    let mut best: Option<(u64, &Directory<'_>)> = None;
    let mut photometric = Vec::new();
    for directory in directories {
        let (Ok(Some(kind)), Ok(subfile)) =
            (directory.u64(tags::PHOTOMETRIC_INTERPRETATION), directory.u64(tags::NEW_SUBFILE_TYPE))
        else {
            continue;
        };
        photometric.push(kind);
        if subfile.unwrap_or(0) != 0 || !matches!(kind, CFA | LINEAR_RAW) {
            continue;
        }
        let size = |tag| directory.u64(tag).ok().flatten().unwrap_or(0);
        let area = size(tags::IMAGE_WIDTH).saturating_mul(size(tags::IMAGE_LENGTH));
        if best.is_none_or(|(most, _)| area > most) {
            best = Some((area, directory));
        }
    }
    best.map(|b| b.1).ok_or_else(|| DngError::NotDng {
        reason: format!(
            "no directory holds a full-size raw picture (PhotometricInterpretation found: {photometric:?})"
        ),
    })
}
