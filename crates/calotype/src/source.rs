//! Where raw frames come from.

use calotype_dng::{Dng, DngError, DngInfo, Limits};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A raw frame that can be read when its turn comes. Frames are read and decoded on all cores, a few at a time.
pub trait Source: Send + Sync {
    /// What messages call it: a path, as a rule.
    fn name(&self) -> String;

    /// Everything but the pixels, cheaply.
    ///
    /// # Errors
    /// See [`SourceError`].
    fn read_info(&self) -> Result<DngInfo, SourceError>;

    /// The frame whole.
    ///
    /// # Errors
    /// See [`SourceError`].
    fn read(&self) -> Result<SourceFrame, SourceError>;

    /// As [`Source::read`], with a place for the file's bytes that serves one frame after another: to set aside memory
    /// anew for each takes longer than to decode it. What it holds before and after means nothing.
    ///
    /// # Errors
    /// See [`SourceError`].
    fn read_through(&self, bytes: &mut Vec<u8>) -> Result<SourceFrame, SourceError> {
        let _ = bytes;
        self.read()
    }
}

/// A frame as its source gives it.
#[derive(Clone, Debug)]
pub struct SourceFrame {
    /// The frame.
    pub dng: Dng,
    /// Equal for equal files, and for no others: [`content_id`] of the file's bytes.
    pub content: u128,
}

/// Why a frame could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The file cannot be opened or read.
    #[error("cannot be read")]
    Io(#[from] std::io::Error),
    /// The file is not a DNG that makes sense.
    #[error(transparent)]
    Dng(#[from] DngError),
    /// An adapter for another format gave up.
    #[error("{0}")]
    Other(String),
}

impl SourceError {
    /// What to do about it, as a sentence; `None` where the message says it all.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::Io(_) => "Check the path and its permissions.",
            Self::Dng(DngError::Unsupported { .. }) => return None,
            Self::Dng(DngError::Limit { .. }) => "No camera makes such a file: it is damaged, or made to do harm.",
            Self::Dng(DngError::NotDng { .. }) | Self::Other(_) => {
                "Name raw files: Calotype reads DNG and the raw files of most cameras, no finished pictures."
            }
            Self::Dng(_) => "The file is damaged: copy it from the camera again.",
        })
    }
}

/// A DNG file on disk.
#[derive(Clone, Debug)]
pub struct DngFile {
    path: PathBuf,
    limits: Limits,
}

impl DngFile {
    /// The file at `path`, read within the default [`Limits`].
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), limits: Limits::default() }
    }

    /// The same file with other limits.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Source for DngFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn read_info(&self) -> Result<DngInfo, SourceError> {
        let mut bytes = Vec::new();
        read_file(&self.path, &mut bytes)?;
        Ok(calotype_dng::read_info(&bytes, &self.limits)?)
    }

    fn read(&self) -> Result<SourceFrame, SourceError> {
        self.read_through(&mut Vec::new())
    }

    fn read_through(&self, bytes: &mut Vec<u8>) -> Result<SourceFrame, SourceError> {
        read_file(&self.path, bytes)?;
        let content = content_id(bytes);
        Ok(SourceFrame { dng: calotype_dng::read(bytes, &self.limits)?, content })
    }
}

/// Bytes of a file, at most: files are read into memory whole, and devices may never end.
const MAX_BYTES: u64 = 2 << 30;

/// Room set aside for a file's bytes, at least. The C library's allocator asks the system for blocks of this size one by
/// one and gives them back at once, without learning from them (glibc: `mallopt(3)`, `M_MMAP_THRESHOLD`, at most 32 MiB).
/// A smaller one would teach it to keep the frames, which are of about a file's size, until the program ends. What is not
/// written takes no memory.
const ROOM: usize = 33 << 20;

/// Reads a file whole into `bytes`, for sources of their own kind; what was there before is gone.
///
/// # Errors
/// [`SourceError::Io`]; [`SourceError::Dng`] for an empty file, which is told apart from a damaged one, and for one of more
/// than 2 GiB.
pub fn read_file(path: &Path, bytes: &mut Vec<u8>) -> Result<(), SourceError> {
    let file = std::fs::File::open(path)?;
    let len = file.metadata()?.len();
    let limit = |value| DngError::Limit { what: "number of bytes in the file".into(), value, limit: MAX_BYTES };
    if len > MAX_BYTES {
        return Err(limit(len).into());
    }
    bytes.clear();
    bytes.reserve((len as usize).max(ROOM));
    file.take(MAX_BYTES + 1).read_to_end(bytes)?;
    match bytes.len() as u64 {
        0 => Err(DngError::NotDng { reason: "the file is empty".into() }.into()),
        n if n > MAX_BYTES => Err(limit(n).into()),
        _ => Ok(()),
    }
}

/// A DNG in memory.
#[derive(Clone, Debug)]
pub struct DngBytes {
    name: String,
    bytes: Vec<u8>,
}

impl DngBytes {
    /// The bytes of a DNG file, and what messages shall call it.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), bytes }
    }
}

impl Source for DngBytes {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn read_info(&self) -> Result<DngInfo, SourceError> {
        Ok(calotype_dng::read_info(&self.bytes, &Limits::default())?)
    }

    fn read(&self) -> Result<SourceFrame, SourceError> {
        let dng = calotype_dng::read(&self.bytes, &Limits::default())?;
        Ok(SourceFrame { dng, content: content_id(&self.bytes) })
    }
}

/// A number that tells contents apart: 128 bits over all bytes, four lanes of multiply and rotate. Not a
/// cryptographic digest: it recognises copies, not forgeries. About 0.1 ns per byte.
pub fn content_id(bytes: &[u8]) -> u128 {
    // Odd constants with well mixed bits: fractional parts of the golden ratio and of the square roots of 2, 3, 5.
    const KEYS: [u64; 4] = [0x9e37_79b9_7f4a_7c15, 0x6a09_e667_f3bc_c909, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b];
    let word = |b: &[u8]| b.iter().rev().fold(0u64, |w, &v| (w << 8) | u64::from(v));
    let mut lanes = KEYS;
    let mut blocks = bytes.chunks_exact(32);
    for block in &mut blocks {
        for (i, lane) in lanes.iter_mut().enumerate() {
            let mut eight = [0; 8];
            eight.copy_from_slice(&block[8 * i..8 * i + 8]);
            *lane = (*lane ^ u64::from_le_bytes(eight)).wrapping_mul(KEYS[i] | 1).rotate_left(29);
        }
    }
    for (i, rest) in blocks.remainder().chunks(8).enumerate() {
        lanes[i] = (lanes[i] ^ word(rest)).wrapping_mul(KEYS[i] | 1).rotate_left(29);
    }
    let mix = |a: u64, b: u64| {
        let mut z = (a ^ b.rotate_left(17)).wrapping_add(bytes.len() as u64);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (u128::from(mix(lanes[0], lanes[1])) << 64) | u128::from(mix(lanes[2], lanes[3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ids_see_every_byte_and_the_length() {
        let base: Vec<u8> = (0..100u8).collect();
        let id = content_id(&base);
        for i in 0..base.len() {
            let mut other = base.clone();
            other[i] ^= 1;
            assert_ne!(content_id(&other), id, "byte {i}");
        }
        assert_ne!(content_id(&[0; 4]), content_id(&[0; 5]));
        assert_ne!(content_id(&[]), content_id(&[0]));
        assert_eq!(content_id(&base), id);
    }
}
