//! What can be wrong with a look file.

/// Why a text is no look. Lines count from 1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LookError {
    /// The text is not TOML.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// Line of the trouble.
        line: usize,
        /// Column of the trouble, in characters from 1.
        column: usize,
        /// What the TOML reader says.
        message: String,
    },
    /// A key that look files do not have.
    #[error("line {line}: unknown key `{key}`{}", .suggestion.as_ref().map_or(String::new(), |s| format!("; did you mean `{s}`?")))]
    UnknownKey {
        /// Line of the key.
        line: usize,
        /// Its full name, with its section.
        key: String,
        /// The nearest key there is, if one is near.
        suggestion: Option<String>,
    },
    /// A value of another kind than its key wants.
    #[error("line {line}: `{key}` must be {expected}, not {found}")]
    WrongType {
        /// Line of the value.
        line: usize,
        /// Full name of the key.
        key: String,
        /// What it wants.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A number outside its range.
    #[error("line {line}: `{key}` = {value} lies outside {min} to {max}{}{}: {meaning}", if .unit.is_empty() { "" } else { " " }, .unit)]
    OutOfRange {
        /// Line of the value.
        line: usize,
        /// Full name of the key.
        key: String,
        /// The number.
        value: f64,
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
        /// Unit of the number.
        unit: &'static str,
        /// What the key does.
        meaning: &'static str,
    },
    /// A key that must be there.
    #[error("`{key}` is missing: {meaning}")]
    Missing {
        /// Full name of the key.
        key: &'static str,
        /// What it is for.
        meaning: &'static str,
    },
    /// Two values for one thing.
    #[error("line {line}: {what} is given twice")]
    Twice {
        /// Line of the second.
        line: usize,
        /// What.
        what: String,
    },
    /// A file for another version of this program, or none of its files.
    #[error("the schema is `{0}`; this version reads `look/1`")]
    Schema(String),
    /// More text than any look has.
    #[error("a look of {0} bytes is none: the limit is 65536")]
    TooLarge(usize),
    /// The table that a look names cannot be had.
    #[error("line {line}: `residual.file`: {message}")]
    Residual {
        /// Line of its name.
        line: usize,
        /// Why not.
        message: String,
    },
    /// A table of colours that cannot be read.
    #[error("line {line}: {message}")]
    Table {
        /// Line of the trouble.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A picture that is no HaldCLUT.
    #[error(
        "a picture of {width}x{height} is no HaldCLUT: these are squares of 8, 27, 64, 125, 216, 343, 512 … 1728 pixels"
    )]
    Hald {
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
    },
    /// A CLF file that cannot be read.
    #[error("line {line}: {message}")]
    Clf {
        /// Line of the element in question.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// An XMP file without a table of colours for sRGB codes.
    #[error("this is no enhanced profile of use: {0}")]
    XmpProfile(String),
    /// Bytes that are no ICC profile with a table for RGB codes.
    #[error("this is no ICC profile with a table for RGB codes (A2B0)")]
    Icc,
    /// A camera profile without a look.
    #[error("the camera profile holds no look: neither a LookTable nor a tone curve")]
    NoProfileLook,
}
