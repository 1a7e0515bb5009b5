//! Files of results, written in one step.

use crate::{LabError, Result};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes a file through a temporary one in the same folder, which takes its name once it is complete; nothing is left
/// behind on failure. A file that exists is replaced only with `overwrite`.
///
/// # Errors
/// [`LabError::Write`], with [`io::ErrorKind::AlreadyExists`] for a file that was not to be replaced.
pub fn write_file(path: &Path, overwrite: bool, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let failed = |source| LabError::Write { source, path: path.into() };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.prefix(".calotype-").tempfile_in(folder).map_err(failed)?;
    let mut out = BufWriter::new(file);
    write(&mut out).map_err(failed)?;
    let file = out.into_inner().map_err(|e| failed(e.into_error()))?;
    file.as_file().sync_all().map_err(failed)?;
    let placed = if overwrite { file.persist(path) } else { file.persist_noclobber(path) };
    placed.map(drop).map_err(|e| failed(e.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_kept_and_what_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_file(&path, false, |f| f.write_all(b"one")).unwrap();
        let error = write_file(&path, false, |f| f.write_all(b"two")).unwrap_err();
        assert!(matches!(&error, LabError::Write { source, .. } if source.kind() == io::ErrorKind::AlreadyExists));
        assert!(write_file(&path, true, |_| Err(io::Error::other("no"))).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
