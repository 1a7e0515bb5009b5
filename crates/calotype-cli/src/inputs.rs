//! From what was typed to a list of raw files.

use crate::failure::Failure;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Extensions of raw files that a folder is searched for: DNG, and those of makers read through the adapter.
const EXTENSIONS: &[&str] = &[
    "dng", "3fr", "ari", "arw", "cr2", "cr3", "crw", "dcr", "dcs", "erf", "fff", "gpr", "iiq", "kdc", "mef", "mos",
    "mrw", "nef", "nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f",
];

/// Bytes of a table, a recipe or a photograph, at most.
const MAX_BYTES: u64 = 1 << 29;

/// Reads a file that is no raw: a table, a recipe, a photograph.
pub fn read_whole(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(std::io::Error::other(format!("it has more than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

/// What was typed, resolved.
#[derive(Debug, Default, PartialEq)]
pub struct Inputs {
    /// The files, folders searched and patterns expanded, in the order typed, each once.
    pub files: Vec<PathBuf>,
    /// True where a folder was among them.
    pub any_folder: bool,
}

impl Inputs {
    /// Finds the files. Folders are searched with the folders in them, hidden ones left out; links to folders are not
    /// followed. Files named themselves are taken whatever their extension.
    pub fn find(typed: &[PathBuf]) -> Result<Self, Failure> {
        let mut inputs = Self::default();
        for path in typed {
            if path.is_dir() {
                inputs.any_folder = true;
                let before = inputs.files.len();
                search(path, &mut inputs.files)?;
                if inputs.files.len() == before {
                    return Err(Failure::new(format!("no raw files in {}", path.display()))
                        .help("Name a folder that holds DNG files, or the files themselves."));
                }
            } else if path.exists() {
                inputs.files.push(path.clone());
            } else {
                inputs.pattern(path)?;
            }
        }
        let mut seen = std::collections::HashSet::new();
        inputs.files.retain(|f| seen.insert(f.clone()));
        Ok(inputs)
    }

    /// Expands a pattern that the shell has left as it is.
    fn pattern(&mut self, path: &Path) -> Result<(), Failure> {
        let missing = || {
            Failure::new(format!("{} does not exist", path.display()))
                .help("Check the path; names are case-sensitive on most systems.")
        };
        let text = path.to_str().filter(|t| t.contains(['*', '?', '['])).ok_or_else(missing)?;
        let found =
            glob::glob_with(text, VISIBLE).map_err(|e| Failure::usage(format!("{text} is no pattern")).because(e))?;
        let mut files: Vec<PathBuf> = found.filter_map(Result::ok).filter(|p| p.is_file()).collect();
        if files.is_empty() {
            return Err(Failure::new(format!("no file matches {text}")).help("Check the pattern and the folder."));
        }
        files.sort();
        self.files.append(&mut files);
        Ok(())
    }
}

/// Appends the raw files of a folder and of those in it, sorted by path.
fn search(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |e: std::io::Error| {
        Failure::new(format!("cannot look into {}", folder.display()))
            .because(e)
            .help("Check the folder's permissions.")
    };
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).map_err(failed)?.filter_map(|e| Some(e.ok()?.path())).collect();
    entries.sort();
    for path in entries {
        let hidden = path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with('.'));
        if hidden {
            continue;
        }
        let Ok(kind) = path.symlink_metadata() else { continue };
        if kind.is_dir() {
            search(&path, files)?;
        } else if has_raw_extension(&path) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// True where a file's name says that it is raw.
pub fn has_raw_extension(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    extension.is_some_and(|e| EXTENSIONS.contains(&e.as_str()))
}

/// A pattern's `*` does not stand for the dot that hides a file.
const VISIBLE: glob::MatchOptions =
    glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_patterns_and_files_become_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("sub")).unwrap();
        for name in ["b.dng", "a.DNG", "note.txt", ".hidden.dng", "sub/c.nef"] {
            std::fs::write(at(name), b"x").unwrap();
        }
        let all = Inputs::find(&[folder.path().into()]).unwrap();
        assert_eq!(all.files, [at("a.DNG"), at("b.dng"), at("sub/c.nef")]);
        assert!(all.any_folder);
        let some = Inputs::find(&[at("*.dng"), at("b.dng"), at("note.txt")]).unwrap();
        assert_eq!(some.files, [at("b.dng"), at("note.txt")]);
        assert!(!some.any_folder);
        assert!(Inputs::find(&[at("none.dng")]).is_err());
        assert!(Inputs::find(&[at("*.xyz")]).is_err());
    }
}
