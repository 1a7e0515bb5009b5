//! `calotype look import`: a look of what other programs made.

use super::args::{ImportArgs, Input};
use super::{file, hald, is_kept, save};
use crate::failure::Failure;
use crate::inputs;
use crate::out::Outcome;
use calotype::Look;
use calotype::dng::{Limits, read_look_profile};
use calotype::look::{Lattice, ProcessList, ProfileLook, TableInput};
use std::path::Path;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Reads a table or a profile and makes a look of it.
pub fn import(args: &ImportArgs) -> Result<Outcome, Failure> {
    let out = file(&args.out, &["toml"], args.overwrite)?;
    let name = out.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let beside = format!("{name}.cube");
    let mut warnings = Vec::new();
    let look = look_of(&args.table, args.input, &beside, &mut warnings)?;
    let beside = out.with_file_name(beside);
    if is_same_file(&beside, &args.table) && !is_kept(&beside, &look) {
        return Err(would_replace(&args.table, "-o"));
    }
    let outcome = save(look, &name, &out, args.overwrite)?;
    Ok(Outcome { warnings, ..outcome })
}

/// The look of a file with a table or a profile: the neutral rendition with a table laid over it, which is called `cube`.
pub fn look_of(table: &Path, input: Option<Input>, cube: &str, warnings: &mut Vec<String>) -> Result<Look, Failure> {
    let failed = |e: Error| {
        Failure::new(format!("cannot use the table {}", table.display())).because(e).help(
            "A table is a .cube, a .clf, a HaldCLUT as .png, a camera profile .dcp or an .xmp profile with a table of colours.",
        )
    };
    let bytes = inputs::read_whole(table).map_err(|e| failed(e.into()))?;
    read(&bytes, input, cube, warnings).map_err(failed)
}

/// True where both are names of one file that exists.
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// A look's own table must not take the place of the one it is made of, whatever may be replaced.
pub fn would_replace(table: &Path, options: &str) -> Failure {
    Failure::usage(format!("the look's own table would replace {}", table.display()))
        .help(format!("Give the look another name with {options}."))
}

fn read(bytes: &[u8], input: Option<Input>, cube: &str, warnings: &mut Vec<String>) -> Result<Look, Error> {
    if bytes.is_empty() {
        return Err("the file is empty".into());
    }
    if bytes.starts_with(b"IIRC") || bytes.starts_with(b"MMCR") {
        if input.is_some() {
            return Err("a camera profile takes the camera's light: leave --input out".into());
        }
        return profile(bytes, cube, warnings);
    }
    if bytes.starts_with(b"\x89PNG") {
        return from_lattice(&hald::read(bytes)?, input.unwrap_or(Input::Srgb), cube);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is neither a text, nor a PNG, nor a camera profile")?;
    if !text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        let lattice = Lattice::from_cube(text)?;
        let told = TableInput::of_cube(text).map(|told| match told {
            TableInput::Log2 => Input::Log2,
            TableInput::VLog => Input::VLog,
            TableInput::Srgb => Input::Srgb,
        });
        return from_lattice(&lattice, input.or(told).unwrap_or(Input::Srgb), cube);
    }
    if text.contains("crs:RGBTable") {
        return from_lattice(&Lattice::from_xmp_profile(text)?, input.unwrap_or(Input::Srgb), cube);
    }
    let list = ProcessList::from_clf(text)?;
    let told = if list.input.starts_with("scene-linear Rec.2020") { Input::Linear } else { Input::Srgb };
    match input.unwrap_or(told) {
        Input::Linear => Ok(Look::from_rendering(|scene| list.apply(scene), cube)),
        other => from_lattice(&list.lattice(), other, cube),
    }
}

fn from_lattice(lattice: &Lattice, input: Input, cube: &str) -> Result<Look, Error> {
    let input = match input {
        Input::Log2 => TableInput::Log2,
        Input::VLog => TableInput::VLog,
        Input::Srgb => TableInput::Srgb,
        Input::Linear => {
            return Err("a table for linear light must be a .clf: its points say nothing of shadows".into());
        }
    };
    Ok(Look::from_scene_table(lattice, input, cube))
}

fn profile(bytes: &[u8], cube: &str, warnings: &mut Vec<String>) -> Result<Look, Error> {
    let profile = read_look_profile(bytes, &Limits::default())?;
    warnings.extend(profile.warnings.iter().map(ToString::to_string));
    if profile.corrects_colors {
        warnings.push("its corrections of a camera's colours (HueSatMap) are no look, and stay out".into());
    }
    let look = ProfileLook {
        table: profile.look_table,
        curve: profile.tone_curve,
        exposure_offset_ev: profile.exposure_offset_ev,
    };
    Ok(look.to_look(cube)?)
}
