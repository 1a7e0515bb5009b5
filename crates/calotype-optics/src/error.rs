//! What can go wrong with a lens.

use std::io;
use std::path::PathBuf;

/// Why a lens could not be read, built, traced or judged. Surfaces count from 1 in the order of the file. The text
/// names the value, the file and the place; [`OpticsError::remedy`] says what helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpticsError {
    /// A file could not be read.
    #[error("cannot read: {source}: {}", .path.display())]
    Read {
        /// What the system said.
        source: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("cannot write: {source}: {}", .path.display())]
    Write {
        /// What the system said.
        source: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A file is damaged, or not what its name says.
    #[error("{reason}: {file}{}", place(.line))]
    Format {
        /// What is wrong.
        reason: String,
        /// The file.
        file: String,
        /// The line, from 1, where it is known.
        line: Option<usize>,
    },
    /// A key that lens files do not have.
    #[error("unknown key `{key}`{}: {file}{}", meant(.nearest), place(.line))]
    UnknownKey {
        /// The key.
        key: String,
        /// The key there is that is spelt most like it.
        nearest: Option<String>,
        /// The file.
        file: String,
        /// The line, from 1.
        line: Option<usize>,
    },
    /// A word that a design or tolerance file cannot have there.
    #[error("no {what} is called `{word}`{}: {file}, line {line}", meant(.nearest))]
    UnknownWord {
        /// What it should name.
        what: &'static str,
        /// The word.
        word: String,
        /// The word there is that is spelt most like it.
        nearest: Option<String>,
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// A glass that no catalogue at hand holds.
    #[error("surface {surface}: no glass is called `{name}`{}", meant_any(.nearest))]
    UnknownGlass {
        /// The name.
        name: String,
        /// The surface before the glass.
        surface: usize,
        /// Names that are spelt most like it.
        nearest: Vec<String>,
    },
    /// A surface that no lens can have.
    #[error("surface {surface}: {what} cannot be {value}: {reason}")]
    Surface {
        /// The surface.
        surface: usize,
        /// Name of the value.
        what: &'static str,
        /// The value.
        value: String,
        /// Why not, and what is right.
        reason: String,
    },
    /// A value that makes no sense.
    #[error("{what} cannot be {value}: {reason}")]
    Value {
        /// Its name.
        what: &'static str,
        /// The value.
        value: String,
        /// Why not, and what is right.
        reason: String,
    },
    /// A state of a lens that is none.
    #[error("configuration `{name}`: {source}")]
    Configuration {
        /// Its name.
        name: String,
        /// What is wrong in it.
        source: Box<OpticsError>,
    },
    /// Light does not get through.
    #[error("{what}: {got} of {asked} rays arrive{}", lost(.surface, .why))]
    Dark {
        /// What was asked for.
        what: String,
        /// Rays that arrive.
        got: usize,
        /// Rays that were sent.
        asked: usize,
        /// The surface where most are lost.
        surface: Option<usize>,
        /// How most are lost.
        why: String,
    },
    /// Something other programs know and this one does not.
    #[error("{what} is not supported: {file}{}", place(.line))]
    Unsupported {
        /// What.
        what: String,
        /// The file.
        file: String,
        /// The line, from 1, where it is known.
        line: Option<usize>,
    },
}

fn place(line: &Option<usize>) -> String {
    line.map_or_else(String::new, |l| format!(", line {l}"))
}

fn meant(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |n| format!("; did you mean `{n}`?"))
}

fn meant_any(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(", ")) }
}

fn lost(surface: &Option<usize>, why: &str) -> String {
    surface.map_or_else(String::new, |s| format!("; most are lost at surface {s} ({why})"))
}

impl OpticsError {
    /// What helps, where something does.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Read { .. } => Some("Check the path and its permissions."),
            Self::Write { source, .. } => match source.kind() {
                io::ErrorKind::AlreadyExists => Some("Choose another name, or add --overwrite to replace it."),
                _ => Some("Check that the folder exists and takes new files."),
            },
            Self::Format { .. } => Some("Lenses are read from .toml, .json, .zmx and .seq files."),
            Self::UnknownKey { .. } => Some("docs/reference/lens-file.md lists every key."),
            Self::UnknownWord { .. } => Some("docs/reference/design-file.md and tolerance-file.md list every word."),
            Self::UnknownGlass { .. } => {
                Some("Give a catalogue with --glass FILE.agf, or write the glass as { nd = ..., vd = ... }.")
            }
            Self::Surface { .. } | Self::Value { .. } => None,
            Self::Configuration { source, .. } => source.remedy(),
            Self::Dark { .. } => {
                Some("Check the radii and thicknesses of that surface, its clear radius, and the field and aperture.")
            }
            Self::Unsupported { .. } => Some("Remove it, or describe that part in a .toml file by hand."),
        }
    }

    pub(crate) fn surface(surface: usize, what: &'static str, value: impl ToString, reason: impl Into<String>) -> Self {
        Self::Surface { surface, what, value: value.to_string(), reason: reason.into() }
    }

    pub(crate) fn value(what: &'static str, value: impl ToString, reason: impl Into<String>) -> Self {
        Self::Value { what, value: value.to_string(), reason: reason.into() }
    }

    pub(crate) fn format(file: &str, line: impl Into<Option<usize>>, reason: impl Into<String>) -> Self {
        Self::Format { reason: reason.into(), file: file.into(), line: line.into() }
    }
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, OpticsError>;
