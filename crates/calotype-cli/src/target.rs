//! Where results go.

use crate::failure::Failure;
use std::path::{Path, PathBuf};

/// Where results go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One file.
    File(PathBuf),
    /// A folder with one file per burst.
    Folder(PathBuf),
}

impl Target {
    /// What was meant by `out`: a folder if it is one, ends like one, or has no extension while a folder goes in;
    /// else a file, whose extension must be one of `extensions`.
    pub fn resolve(out: &Path, any_folder: bool, extensions: &[&str]) -> Result<Self, Failure> {
        let text = out.to_string_lossy();
        if text.is_empty() {
            return Err(Failure::usage("the output has no name").help("Give -o a file or a folder."));
        }
        if out.is_dir() || text.ends_with(std::path::is_separator) {
            return Ok(Self::Folder(out.into()));
        }
        let extension = out.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        let list = || match extensions {
            [one] => format!("Use .{one}"),
            all => format!("Use one of {}", all.iter().map(|e| format!(".{e}")).collect::<Vec<_>>().join(", ")),
        };
        match extension {
            Some(e) if extensions.contains(&e.as_str()) => Ok(Self::File(out.into())),
            // A device that exists, such as /dev/null, takes the usual format.
            None if !any_folder && out.exists() => Ok(Self::File(out.into())),
            None if any_folder => Ok(Self::Folder(out.into())),
            None => Err(Failure::usage(format!("the output {text} has no extension to tell what to make"))
                .help(format!("{}, or end it with / for a folder.", list()))),
            Some(e) => {
                let other = match e.as_str() {
                    "dng" => " `calotype merge` makes DNG files.",
                    _ if extensions == ["dng"] => " `calotype develop` makes photographs.",
                    _ => "",
                };
                let help = format!("{}.{other}", list());
                Err(Failure::usage(format!("cannot make a .{e} file: {text}")).help(help))
            }
        }
    }
}

/// Checks, before any work, that a file can come into being there.
pub fn check_writable(path: &Path, overwrite: bool) -> Result<(), Failure> {
    if !overwrite && path.symlink_metadata().is_ok() && !is_device(path) {
        return Err(Failure::new(format!("{} exists already", path.display()))
            .help("Choose another name, or add --overwrite to replace it."));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if is_device(path) {
        return Ok(());
    }
    if !folder.exists() {
        return Err(Failure::new(format!("cannot write {}", path.display()))
            .because(format!("the folder {} does not exist", folder.display()))
            .help("Make the folder first, or choose another one."));
    }
    let refused = |e: std::io::Error| {
        let help = match e.kind() {
            std::io::ErrorKind::NotADirectory => format!("{} is a file, not a folder.", folder.display()),
            _ => format!("Check that you may write to the folder {}.", folder.display()),
        };
        Failure::new(format!("cannot write {}", path.display())).because(e).help(help)
    };
    // The surest way to know: a file that nobody sees, gone at once.
    tempfile::tempfile_in(folder).map(drop).map_err(refused)
}

/// True for what exists but is neither file nor folder: pipes and devices.
pub fn is_device(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

/// True for the names under which standard output is a file.
pub fn is_standard_output(path: &Path) -> bool {
    ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// Makes a folder for results, with those above it.
pub fn make_folder(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|e| {
        Failure::new(format!("cannot make the folder {}", folder.display()))
            .because(e)
            .help("Check the path and its permissions.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_and_folders_tell_what_is_meant() {
        let kinds = ["jpg", "tif"];
        let resolve = |out: &str, folder| Target::resolve(Path::new(out), folder, &kinds);
        assert_eq!(resolve("a.JPG", false).unwrap(), Target::File("a.JPG".into()));
        assert_eq!(resolve("a/", false).unwrap(), Target::Folder("a/".into()));
        assert_eq!(resolve("photos", true).unwrap(), Target::Folder("photos".into()));
        for wrong in ["a.gif", "photos", ""] {
            assert_eq!(resolve(wrong, false).unwrap_err().exit_code(), 2, "{wrong}");
        }
        let help = |failure: Failure| failure.remedy().unwrap_or_default().to_owned();
        assert!(help(resolve("a.dng", false).unwrap_err()).contains("merge"));
        let merge = Target::resolve(Path::new("a.jpg"), false, &["dng"]).unwrap_err();
        assert!(help(merge).starts_with("Use .dng. `calotype develop`"));
        let here = tempfile::tempdir().unwrap();
        assert_eq!(Target::resolve(here.path(), false, &kinds).unwrap(), Target::Folder(here.path().into()));
    }

    #[test]
    fn what_exists_is_not_replaced_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        assert!(check_writable(&path, false).is_ok());
        std::fs::write(&path, b"mine").unwrap();
        assert!(check_writable(&path, false).is_err());
        assert!(check_writable(&path, true).is_ok());
        assert!(check_writable(&path.join("b.jpg"), true).is_err(), "a file is no folder");
    }
}
