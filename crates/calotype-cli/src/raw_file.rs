//! A raw file of any format that this build reads.

use calotype::dng::{DngError, DngInfo, Limits};
use calotype::{Source, SourceError, SourceFrame, content_id};
use std::path::{Path, PathBuf};

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

    /// True where the file should go to the adapter: it is no DNG, or one whose compression only the adapter knows.
    #[cfg(feature = "vendor-raw")]
    fn is_foreign(error: &DngError) -> bool {
        matches!(error, DngError::NotDng { .. })
    }
}

impl Source for RawFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn read_info(&self) -> Result<DngInfo, SourceError> {
        let bytes = read(&self.path)?;
        match calotype::dng::read_info(&bytes, &Limits::default()) {
            #[cfg(feature = "vendor-raw")]
            Err(e) if Self::is_foreign(&e) => crate::vendor_raw::read_info(bytes, e),
            other => Ok(other?),
        }
    }

    fn read(&self) -> Result<SourceFrame, SourceError> {
        let bytes = read(&self.path)?;
        let content = content_id(&bytes);
        let dng = match calotype::dng::read(&bytes, &Limits::default()) {
            #[cfg(feature = "vendor-raw")]
            Err(e) if Self::is_foreign(&e) => crate::vendor_raw::read(bytes, e)?,
            other => other?,
        };
        Ok(SourceFrame { dng, content })
    }
}

/// The file's bytes; an empty file and a folder are told apart from a damaged one.
fn read(path: &Path) -> Result<Vec<u8>, SourceError> {
    let bytes = std::fs::read(path)?;
    if bytes.is_empty() {
        return Err(SourceError::Dng(DngError::NotDng { reason: "the file is empty".into() }));
    }
    Ok(bytes)
}

/// Sources for files, and what `Burst::read` wants of them.
pub fn sources(files: &[PathBuf]) -> Vec<RawFile> {
    files.iter().map(RawFile::new).collect()
}
