//! Lens files of any kind, from disk.

use super::{from_json, from_seq, from_zmx};
use crate::glass::Catalogue;
use crate::text::decode;
use crate::{Lens, OpticsError, Result};
use std::io::Read;
use std::path::Path;

/// Bytes beyond which a file is refused unread.
const LIMIT: u64 = 4 << 20;

/// Reads a lens file by its extension: `.toml`, `.json`, `.zmx` or `.seq`. `warnings` takes what an import left out.
///
/// # Errors
/// [`OpticsError::Read`], [`OpticsError::Format`] for another extension or a file of more than 4 MB, and those of the readers.
pub fn read_lens(path: &Path, catalogue: &Catalogue, warnings: &mut Vec<String>) -> Result<Lens> {
    let read = |source| OpticsError::Read { source, path: path.into() };
    let file = path.display().to_string();
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(read)?.take(LIMIT + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > LIMIT {
        return Err(OpticsError::format(&file, None, format!("a lens file has at most {LIMIT} bytes")));
    }
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    match extension.as_str() {
        "toml" => Lens::from_toml(&decode(&bytes), &file, catalogue),
        "json" => from_json(&decode(&bytes), &file),
        "zmx" => from_zmx(&bytes, &file, catalogue, warnings),
        "seq" => from_seq(&bytes, &file, catalogue, warnings),
        other => Err(OpticsError::format(&file, None, format!("`.{other}` is no lens file"))),
    }
}
