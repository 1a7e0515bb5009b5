//! What can go wrong while a photograph is written.

use std::io;
use std::path::PathBuf;

/// Why a picture was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is there already and was not to be replaced.
    #[error("the file exists already: {path}")]
    Exists {
        /// The file asked for.
        path: PathBuf,
    },
    /// The folder does not take a new file: it is missing, or not writable.
    #[error("cannot create a file in its folder: {source}: {path}")]
    Create {
        /// What the system said.
        source: io::Error,
        /// The file asked for.
        path: PathBuf,
    },
    /// The finished file could not be given its name.
    #[error("cannot put the finished file in place: {source}: {path}")]
    Commit {
        /// What the system said.
        source: io::Error,
        /// The file asked for.
        path: PathBuf,
    },
    /// Writing to the named file failed, most often because the disk is full.
    #[error("cannot write: {source}: {path}")]
    WriteFile {
        /// What the system said.
        source: io::Error,
        /// The file asked for.
        path: PathBuf,
    },
    /// Writing failed, most often because the disk is full.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
    /// The picture has no pixels.
    #[error("the picture is empty: {width} x {height}")]
    Empty {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// The format cannot hold a picture of that size.
    #[error("{format} holds at most {limit} pixels a side, the picture has {width} x {height}")]
    TooLarge {
        /// The format's name.
        format: &'static str,
        /// The largest side it holds.
        limit: usize,
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// A block of metadata does not fit where the format wants it.
    #[error("the {what} metadata has {size} bytes, {format} holds {limit}")]
    MetadataTooLarge {
        /// EXIF, XMP or ICC.
        what: &'static str,
        /// The format's name.
        format: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The largest size in bytes.
        limit: usize,
    },
    /// Two planes that belong together differ in size.
    #[error("the pictures differ in size: {first:?} and {second:?}")]
    Mismatch {
        /// Width and height of the first.
        first: (usize, usize),
        /// Width and height of the second.
        second: (usize, usize),
    },
    /// An encoder library refused the picture.
    #[error("the {format} encoder failed: {message}")]
    Encoder {
        /// The format's name.
        format: &'static str,
        /// What the library said.
        message: String,
    },
}

impl Error {
    /// The same error with the file's name, where writing failed.
    pub fn at(self, path: impl Into<PathBuf>) -> Self {
        match self {
            Self::Write(source) => Self::WriteFile { source, path: path.into() },
            other => other,
        }
    }

    /// True where the cause is a disk without room.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Create { source, .. }
            | Self::Commit { source, .. }
            | Self::WriteFile { source, .. }
            | Self::Write(source) => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of a size that `format` cannot hold; `limit` is its largest side.
pub(crate) fn check_size(format: &'static str, limit: usize, width: usize, height: usize) -> Result<()> {
    if width == 0 || height == 0 {
        return Err(Error::Empty { width, height });
    }
    if width > limit || height > limit {
        return Err(Error::TooLarge { format, limit, width, height });
    }
    Ok(())
}
