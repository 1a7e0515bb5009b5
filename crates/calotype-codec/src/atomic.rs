//! Files that appear whole or not at all.

use crate::{Error, Result};
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file being written, under a temporary name in the folder of its target.
///
/// [`AtomicFile::commit`] sends it to the disk and gives it its name in one step; dropped before, it is removed, and
/// the target is as it was. A process that is killed leaves at most a hidden file `.calotype-….part`, never a
/// half-written target.
///
/// ```
/// use calotype_codec::AtomicFile;
/// use std::io::Write;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("note.txt");
/// let mut file = AtomicFile::create(&path, false)?;
/// file.write_all(b"whole")?;
/// assert!(!path.exists());
/// file.commit()?;
/// assert_eq!(std::fs::read(&path)?, b"whole");
/// assert!(AtomicFile::create(&path, false).is_err(), "it exists now");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    out: BufWriter<Out>,
    target: PathBuf,
    overwrite: bool,
}

#[derive(Debug)]
enum Out {
    Temporary(NamedTempFile),
    /// A device or a pipe, which cannot be replaced.
    Direct(File),
}

impl Out {
    fn file(&mut self) -> &mut File {
        match self {
            Self::Temporary(file) => file.as_file_mut(),
            Self::Direct(file) => file,
        }
    }
}

impl Write for Out {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.file().write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

impl Seek for Out {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file().seek(to)
    }
}

impl AtomicFile {
    /// Begins a file that will be `path`.
    ///
    /// An existing file is an error unless `overwrite`; then the new file takes over its permissions, and where it is a
    /// link, the file it points to is replaced. An existing device or pipe is written directly, whatever `overwrite` says.
    ///
    /// # Errors
    /// [`Error::Exists`], or [`Error::Create`] where the folder is missing or takes no file.
    pub fn create(path: impl AsRef<Path>, overwrite: bool) -> Result<Self> {
        let path = path.as_ref();
        let failed = |source| Error::Create { source, path: path.to_owned() };
        let existing = fs::metadata(path).ok();
        if existing.as_ref().is_some_and(|m| !m.is_file() && !m.is_dir()) {
            let file = File::options().write(true).open(path).map_err(failed)?;
            return Ok(Self { out: BufWriter::new(Out::Direct(file)), target: path.to_owned(), overwrite });
        }
        if !overwrite && (existing.is_some() || path.symlink_metadata().is_ok()) {
            return Err(Error::Exists { path: path.to_owned() });
        }
        if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(failed(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")));
        }
        let target = if existing.is_some() { fs::canonicalize(path).map_err(failed)? } else { path.to_owned() };
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".calotype-").suffix(".part");
        if let Some(permissions) = new_file_permissions() {
            // as for any new file, the process's mask is applied to it
            builder.permissions(permissions);
        }
        let file = builder.tempfile_in(folder).map_err(failed)?;
        if let Some(existing) = existing {
            file.as_file().set_permissions(existing.permissions()).map_err(failed)?;
        }
        Ok(Self { out: BufWriter::with_capacity(1 << 17, Out::Temporary(file)), target, overwrite })
    }

    /// The path it will have.
    pub fn path(&self) -> &Path {
        &self.target
    }

    /// Sends everything to the disk and puts the file in place in one step.
    ///
    /// Where the file was not to replace another, one that has appeared meanwhile is kept and reported: the system is
    /// asked to link or rename only if the name is free.
    ///
    /// # Errors
    /// [`Error::WriteFile`], [`Error::Exists`] or [`Error::Commit`]; the temporary file is gone then.
    pub fn commit(self) -> Result<()> {
        let Self { out, target, overwrite } = self;
        let write_failed = |source| Error::WriteFile { source, path: target.clone() };
        let out = out.into_inner().map_err(|e| write_failed(e.into_error()))?;
        let file = match out {
            Out::Direct(mut file) => return file.flush().map_err(write_failed),
            Out::Temporary(file) => file,
        };
        file.as_file().sync_all().map_err(write_failed)?;
        let placed = if overwrite { file.persist(&target) } else { file.persist_noclobber(&target) };
        placed.map_err(|e| match e.error.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists { path: target.clone() },
            _ => Error::Commit { source: e.error, path: target.clone() },
        })?;
        // the name itself lasts through a power cut once the folder is on the disk; not every system can do that
        if let Some(folder) = target.parent().filter(|f| !f.as_os_str().is_empty()) {
            File::open(folder).and_then(|f| f.sync_all()).ok();
        }
        Ok(())
    }
}

#[cfg(unix)]
fn new_file_permissions() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn new_file_permissions() -> Option<Permissions> {
    None
}

impl Write for AtomicFile {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.out.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.out.seek(to)
    }
}

/// Writes a file in one step: whatever `write` puts into it appears under `path` once it is complete.
///
/// ```no_run
/// use calotype_codec::{EncodeOptions, Metadata, Rgb8, save, write_jpeg};
/// let picture = Rgb8::new(640, 480);
/// save("out.jpg", false, |file| write_jpeg(file, &picture, None, &Metadata::default(), &EncodeOptions::default()))?;
/// # Ok::<(), calotype_codec::Error>(())
/// ```
///
/// # Errors
/// Those of [`AtomicFile`] and of `write`, with the path; nothing is left behind.
pub fn save(path: impl AsRef<Path>, overwrite: bool, write: impl FnOnce(&mut AtomicFile) -> Result<()>) -> Result<()> {
    let mut file = AtomicFile::create(path.as_ref(), overwrite)?;
    write(&mut file).map_err(|e| e.at(path.as_ref()))?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_left_of_an_abandoned_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = AtomicFile::create(folder.path().join("a.jpg"), false).unwrap();
        file.write_all(&[1; 100_000]).unwrap();
        drop(file);
        assert!(files(folder.path()).is_empty());
        let failed = save(folder.path().join("b.jpg"), false, |f| {
            f.write_all(b"half")?;
            Err(Error::Empty { width: 0, height: 0 })
        });
        assert!(failed.is_err() && files(folder.path()).is_empty());
    }

    #[test]
    fn an_existing_file_is_kept_unless_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        fs::write(&path, b"old").unwrap();
        assert!(matches!(AtomicFile::create(&path, false), Err(Error::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        save(&path, true, |f| Ok(f.write_all(b"new")?)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(files(folder.path()), ["a.jpg"]);
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        let mut file = AtomicFile::create(&path, false).unwrap();
        file.write_all(b"ours").unwrap();
        fs::write(&path, b"theirs").unwrap();
        assert!(matches!(file.commit(), Err(Error::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(files(folder.path()), ["a.jpg"]);
    }

    #[test]
    fn a_missing_folder_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/such/a.jpg");
        let error = AtomicFile::create(&path, false).unwrap_err();
        assert!(matches!(error, Error::Create { .. }));
        assert!(error.to_string().contains("a.jpg"));
        assert!(AtomicFile::create(folder.path(), true).is_err(), "a folder is no file");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_a_new_or_of_the_old_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        fs::write(folder.path().join("plain"), b"").unwrap();
        save(folder.path().join("ours"), false, |f| Ok(f.write_all(b"x")?)).unwrap();
        assert_eq!(mode("ours"), mode("plain"), "as any new file");
        fs::set_permissions(folder.path().join("ours"), Permissions::from_mode(0o640)).unwrap();
        save(folder.path().join("ours"), true, |f| Ok(f.write_all(b"y")?)).unwrap();
        assert_eq!(mode("ours"), 0o640);
        std::os::unix::fs::symlink("ours", folder.path().join("link")).unwrap();
        save(folder.path().join("link"), true, |f| Ok(f.write_all(b"z")?)).unwrap();
        assert_eq!(fs::read(folder.path().join("ours")).unwrap(), b"z", "the link stays a link");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told() {
        let error = save("/dev/full", false, |f| Ok(f.write_all(&[0; 300_000])?)).unwrap_err();
        assert!(error.is_disk_full(), "{error}");
        let late = save("/dev/full", true, |f| Ok(f.write_all(&[0; 3])?)).unwrap_err();
        assert!(late.is_disk_full() && late.to_string().contains("/dev/full"), "{late}");
    }
}
