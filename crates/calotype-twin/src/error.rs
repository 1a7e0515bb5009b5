//! What can go wrong in a simulated camera.

use calotype_dng::DngError;
use std::io;
use std::path::PathBuf;

/// Why a picture could not be taken. Messages name the value, the place and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TwinError {
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was tried: "read", "write", ...
        action: &'static str,
        /// What the system says.
        source: io::Error,
        /// The file or folder.
        path: PathBuf,
    },
    /// The output is there already.
    #[error("{} exists already; choose another name, or ask for it to be replaced", .path.display())]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// A description file is not TOML, or a value in it is of the wrong kind.
    #[error("{file}: {message}")]
    Toml {
        /// The file or the built-in name.
        file: String,
        /// What the TOML reader says, with the line.
        message: String,
    },
    /// A description file has a key that such files do not have.
    #[error("{file}: unknown key `{key}`; did you mean `{nearest}`?")]
    UnknownKey {
        /// The file or the built-in name.
        file: String,
        /// The key with its section.
        key: String,
        /// The key there is that is spelt most like it.
        nearest: String,
    },
    /// A value that no camera can have.
    #[error("{file}: `{key}` = {value}: {reason}")]
    BadValue {
        /// The file, the built-in name, or the option.
        file: String,
        /// The key with its section.
        key: String,
        /// The value.
        value: String,
        /// What is wrong with it, and what is right.
        reason: String,
    },
    /// A name that nothing built in has.
    #[error("there is no {kind} called {name}; there are {known}")]
    UnknownName {
        /// "scene", "camera", ...
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A picture that cannot be a scene.
    #[error("{}: {reason}", .path.display())]
    Picture {
        /// Why not, and what to do.
        reason: String,
        /// The picture's file.
        path: PathBuf,
    },
    /// A lens's prescription that no picture can be taken through.
    #[error("{lens}: {source}{}", .source.remedy().map(|r| format!(" {r}")).unwrap_or_default())]
    Lens {
        /// What the tracer says.
        source: calotype_optics::OpticsError,
        /// The file or the built-in name.
        lens: String,
    },
    /// A DNG cannot be written.
    #[error("{}: {source}", .path.display())]
    Dng {
        /// What the writer says.
        source: DngError,
        /// The file.
        path: PathBuf,
    },
    /// The caller asked to stop.
    #[error("interrupted; nothing was written")]
    Cancelled,
}

impl TwinError {
    /// An [`io::Error`] with what was tried and where.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, source, path }
    }

    /// A bad value.
    pub(crate) fn bad(
        file: &str,
        key: impl Into<String>,
        value: impl std::fmt::Display,
        reason: impl Into<String>,
    ) -> Self {
        Self::BadValue { file: file.into(), key: key.into(), value: value.to_string(), reason: reason.into() }
    }
}
