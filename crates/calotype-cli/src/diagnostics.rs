//! `--diagnostics`: pictures of what was merged.

use crate::failure::Failure;
use crate::target;
use calotype::Diagnostics;
use std::path::Path;

/// Writes the pictures into a folder.
pub fn write(diagnostics: &Diagnostics, folder: &Path, overwrite: bool) -> Result<(), Failure> {
    target::make_folder(folder)?;
    for (name, picture) in diagnostics.pictures() {
        calotype::save_png(&folder.join(format!("{name}.png")), &picture, overwrite)?;
    }
    Ok(())
}
