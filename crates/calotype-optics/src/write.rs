//! Files of results, written in one step.

use crate::{OpticsError, Result};
use std::io::Write;
use std::path::Path;

/// Writes a file through a temporary one in the same folder, which takes its name once it is complete; nothing is left behind
/// on failure. A file that exists is replaced only with `overwrite`.
///
/// # Errors
/// [`OpticsError::Write`], with [`std::io::ErrorKind::AlreadyExists`] for a file that was not to be replaced.
pub fn write_file(path: &Path, overwrite: bool, bytes: &[u8]) -> Result<()> {
    let failed = |source| OpticsError::Write { source, path: path.into() };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.prefix(".calotype-").tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    let placed = if overwrite { file.persist(path) } else { file.persist_noclobber(path) };
    placed.map(drop).map_err(|e| failed(e.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_kept_unless_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.svg");
        write_file(&path, false, b"one").unwrap();
        assert!(write_file(&path, false, b"two").unwrap_err().remedy().unwrap().contains("--overwrite"));
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        write_file(&path, true, b"two").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
