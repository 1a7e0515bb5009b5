//! `--diagnostics`: pictures of what was merged.

use crate::failure::Failure;
use crate::target;
use calotype::Diagnostics;
use std::path::Path;

/// Checks, before any work, that no picture of an earlier run is in the way.
pub fn check(folder: &Path, overwrite: bool) -> Result<(), Failure> {
    if overwrite {
        return Ok(());
    }
    let ours = |name: &str| matches!(name, "frames.png" | "rejected.png") || name.starts_with("motion_");
    let names = std::fs::read_dir(folder).into_iter().flatten().filter_map(|e| e.ok()?.file_name().into_string().ok());
    match names.filter(|name| ours(name)).min() {
        Some(name) => Err(Failure::new(format!("{} exists already", folder.join(name).display()))
            .help("Choose another folder for --diagnostics, or add --overwrite to replace what is there.")),
        None => Ok(()),
    }
}

/// Writes the pictures into a folder.
pub fn write(diagnostics: &Diagnostics, folder: &Path, overwrite: bool) -> Result<(), Failure> {
    target::make_folder(folder)?;
    for (name, picture) in diagnostics.pictures() {
        calotype::save_png(&folder.join(format!("{name}.png")), &picture, overwrite)?;
    }
    Ok(())
}
