//! What can go wrong with a file.

use crate::tiff::tags::Tag;

/// Why a file could not be read or written. Messages name the place in the file and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DngError {
    /// The bytes are no TIFF, or a TIFF without raw data.
    #[error("not a DNG: {reason}")]
    NotDng {
        /// What was found instead.
        reason: String,
    },
    /// Something lies beyond the end of the file.
    #[error("{place}: needs bytes {offset} to {end} of a file of {len} bytes: the file is truncated or corrupt")]
    Truncated {
        /// Directory, tag or tile.
        place: String,
        /// First byte needed.
        offset: u64,
        /// First byte not needed.
        end: u64,
        /// Bytes in the file.
        len: u64,
    },
    /// A tag that must be there is not.
    #[error("{ifd}: {tag} is missing")]
    MissingTag {
        /// The directory.
        ifd: String,
        /// The tag.
        tag: Tag,
    },
    /// A tag holds what it must not.
    #[error("{ifd}: {tag}: {reason}")]
    BadTag {
        /// The directory.
        ifd: String,
        /// The tag.
        tag: Tag,
        /// The value and what is wrong with it.
        reason: String,
    },
    /// Compressed data are damaged.
    #[error("{place}: {reason}")]
    Corrupt {
        /// Directory and tile.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The file is fine but beyond what this crate reads.
    #[error("{what} is not supported{remedy}")]
    Unsupported {
        /// The feature.
        what: String,
        /// What to do instead, with its punctuation; may be empty.
        remedy: &'static str,
    },
    /// The file asks for more than the caller allows.
    #[error("{what}: {value} exceeds the limit of {limit}")]
    Limit {
        /// What is too large.
        what: String,
        /// How large it is.
        value: u64,
        /// How large it may be.
        limit: u64,
    },
    /// An opcode list cannot be read, or holds a required opcode that is unknown.
    #[error("OpcodeList{list}: {reason}")]
    Opcode {
        /// 1 to 3.
        list: u8,
        /// What is wrong.
        reason: String,
    },
    /// The file cannot be written: a full disk, for example.
    #[error("cannot write: {0}")]
    Io(#[from] std::io::Error),
    /// The picture cannot be written as asked.
    #[error("cannot write this DNG: {reason}")]
    Write {
        /// Why not.
        reason: String,
    },
}

/// A part of a file that was left out because it made no sense; the rest was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Directory, tag or opcode.
    pub place: String,
    /// What was left out, and why.
    pub reason: String,
}

impl Warning {
    /// A warning about a place.
    pub fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: place.into(), reason: reason.into() }
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}
