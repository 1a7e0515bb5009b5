//! A raw file of any format that this build reads.

use calotype::dng::{DngError, DngInfo, Limits};
use calotype::{Source, SourceError, SourceFrame, content_id};
use std::fs::File;
use std::io::Read;
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
        read(&self.path, &mut bytes)?;
        match calotype::dng::read_info(&bytes, &Limits::default()) {
            Err(e) if Self::is_foreign(&e) => foreign_info(bytes, e),
            other => Ok(other?),
        }
    }

    fn read(&self) -> Result<SourceFrame, SourceError> {
        self.read_through(&mut Vec::new())
    }

    fn read_through(&self, bytes: &mut Vec<u8>) -> Result<SourceFrame, SourceError> {
        read(&self.path, bytes)?;
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

/// Bytes of a file, at most: files are read into memory whole, and devices may never end.
const MAX_BYTES: u64 = 2 << 30;

/// Room set aside for a file's bytes, at least. The C library's allocator asks the system for blocks of this size one by
/// one and gives them back at once, without learning from them (glibc: `mallopt(3)`, `M_MMAP_THRESHOLD`, at most 32 MiB).
/// A smaller one would teach it to keep the frames, which are of about a file's size, until the program ends. What is not
/// written takes no memory.
const ROOM: usize = 33 << 20;

/// Reads a file into `bytes`; an empty file and a folder are told apart from a damaged one.
fn read(path: &Path, bytes: &mut Vec<u8>) -> Result<(), SourceError> {
    let not_raw = |reason: &str| SourceError::Dng(DngError::NotDng { reason: reason.into() });
    let file = File::open(path)?;
    let len = file.metadata()?.len();
    let limit = |value| {
        SourceError::Dng(DngError::Limit { what: "number of bytes in the file".into(), value, limit: MAX_BYTES })
    };
    if len > MAX_BYTES {
        return Err(limit(len));
    }
    bytes.clear();
    bytes.reserve((len as usize).max(ROOM));
    file.take(MAX_BYTES + 1).read_to_end(bytes)?;
    match bytes.len() as u64 {
        0 => Err(not_raw("the file is empty")),
        n if n > MAX_BYTES => Err(limit(n)),
        _ => Ok(()),
    }
}

/// Sources for files, and what `Burst::read` wants of them.
pub fn sources(files: &[PathBuf]) -> Vec<RawFile> {
    files.iter().map(RawFile::new).collect()
}
