//! A raw file of any format that this build reads.

use crate::failure::Failure;
use calotype::dng::{DngError, DngInfo, Limits};
use calotype::{Burst, Progress, Source, SourceError, SourceFrame, content_id, read_file};
use std::path::PathBuf;

/// A raw file: a DNG, or (with the feature `vendor-raw`) a camera maker's own format.
#[derive(Clone, Debug)]
pub struct RawFile {
    path: PathBuf,
}

impl RawFile {
    /// The file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// True where the file should go to the adapter: it is no DNG.
    fn is_foreign(error: &DngError) -> bool {
        matches!(error, DngError::NotDng { .. })
    }
}

impl Source for RawFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn read_info(&self) -> Result<DngInfo, SourceError> {
        let mut bytes = Vec::new();
        read_file(&self.path, &mut bytes)?;
        match calotype::dng::read_info(&bytes, &Limits::default()) {
            Err(e) if Self::is_foreign(&e) => foreign_info(bytes, e),
            other => Ok(other?),
        }
    }

    fn read(&self) -> Result<SourceFrame, SourceError> {
        self.read_through(&mut Vec::new())
    }

    fn read_through(&self, bytes: &mut Vec<u8>) -> Result<SourceFrame, SourceError> {
        read_file(&self.path, bytes)?;
        let content = content_id(bytes);
        let dng = match calotype::dng::read(bytes, &Limits::default()) {
            Err(e) if Self::is_foreign(&e) => foreign(std::mem::take(bytes), e)?,
            other => other?,
        };
        Ok(SourceFrame { dng, content })
    }
}

#[cfg(feature = "vendor-raw")]
use crate::vendor_raw::{read as foreign, read_info as foreign_info};

/// Without the adapter, what is no DNG is refused by its name.
#[cfg(not(feature = "vendor-raw"))]
fn foreign<T>(bytes: Vec<u8>, refused: DngError) -> Result<T, SourceError> {
    Err(match crate::recognise::name(&bytes) {
        Some(name) if crate::recognise::is_raw(name) => {
            SourceError::Other(format!("{name}: this build reads DNG only; convert the file to DNG first"))
        }
        Some(name) => SourceError::Other(format!("{name}, no raw file")),
        None => refused.into(),
    })
}

#[cfg(not(feature = "vendor-raw"))]
use foreign as foreign_info;

/// Reads the frames of a burst.
pub fn read_burst(files: &[PathBuf], progress: &dyn Progress) -> Result<Burst, Failure> {
    let files: Vec<RawFile> = files.iter().map(RawFile::new).collect();
    let sources: Vec<&dyn Source> = files.iter().map(|f| f as &dyn Source).collect();
    Ok(Burst::read(&sources, progress)?)
}
