//! `calotype look export`: a look in the formats of other programs.

use super::args::{ExportArgs, Input};
use super::{file, hald, load};
use crate::args::Space;
use crate::failure::Failure;
use crate::out::Outcome;
use crate::raw_file::RawFile;
use calotype::Source;
use calotype::dng::{LookProfile, write_look_profile};
use calotype::look::{Lattice, Look, OutputSpace, ProcessList, ProfileLook, RoundTrip, Table, TableInput};
use serde_json::json;
use std::path::Path;

/// What can be made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cube,
    Clf,
    Hald,
    Icc,
    Xmp,
    Dcp,
}

impl Kind {
    fn of(out: &Path) -> Self {
        match out.extension().map(|e| e.to_string_lossy().to_lowercase()).as_deref() {
            Some("clf") => Self::Clf,
            Some("png") => Self::Hald,
            Some("icc" | "icm") => Self::Icc,
            Some("xmp") => Self::Xmp,
            Some("dcp") => Self::Dcp,
            _ => Self::Cube,
        }
    }

    /// What goes into a table of this kind where nothing was asked for.
    fn usual_input(self) -> TableInput {
        match self {
            Self::Cube | Self::Clf | Self::Dcp => TableInput::Log2,
            Self::Hald | Self::Icc | Self::Xmp => TableInput::Srgb,
        }
    }

    fn usual_size(self) -> usize {
        match self {
            Self::Hald => 64,
            Self::Icc => 41,
            Self::Xmp => Table::XMP_PROFILE_SIZE,
            Self::Cube | Self::Clf | Self::Dcp => 65,
        }
    }
}

/// Writes the file, reads it back, and tells how near it comes and what it lacks.
pub fn export(args: &ExportArgs) -> Result<Outcome, Failure> {
    let out = file(&args.out, &["cube", "clf", "png", "icc", "icm", "xmp", "dcp"], args.overwrite)?;
    let kind = Kind::of(&out);
    let look = load(&args.look)?.at_strength(args.strength);
    if kind != Kind::Dcp && args.camera.is_some() {
        return Err(Failure::usage("--camera is for .dcp files alone").help("Leave it out."));
    }
    if kind == Kind::Dcp { profile(args, &look, &out) } else { table(args, kind, &look, &out) }
}

fn table(args: &ExportArgs, kind: Kind, look: &Look, out: &Path) -> Result<Outcome, Failure> {
    let input = match args.input {
        Some(Input::Log2) => TableInput::Log2,
        Some(Input::VLog) => TableInput::VLog,
        Some(Input::Srgb) => TableInput::Srgb,
        Some(Input::Linear) => {
            return Err(Failure::usage("no table takes linear light: its points would lie in the highlights")
                .help("Use log2; a .clf with log2 takes the light itself, as it holds the logarithm."));
        }
        None => kind.usual_input(),
    };
    let size = args.size.map_or(kind.usual_size(), usize::from);
    check(kind, input, size)?;
    let space = match args.space {
        Space::Srgb => OutputSpace::Srgb,
        Space::DisplayP3 if kind == Kind::Xmp => {
            return Err(Failure::usage("an .xmp profile gives sRGB codes").help("Leave --space out."));
        }
        Space::DisplayP3 => OutputSpace::DisplayP3,
    };
    let table = look.table(input, space, size);
    let error = written(&table, kind, &look.meta.name, out, args.overwrite)?;
    let meaning = if kind == Kind::Xmp { "a picture in the reader's usual rendition" } else { input.meaning() };
    let what = format!("{size} points along each axis; in: {meaning}");
    Ok(outcome(out, &what, error, &look.beyond_tables(), json!({ "size": size, "input": input.name() })))
}

/// That the format holds such a table.
fn check(kind: Kind, input: TableInput, size: usize) -> Result<(), Failure> {
    if kind == Kind::Hald && !(2..=12).any(|level| level * level == size) {
        return Err(Failure::usage(format!("a HaldCLUT cannot hold {size} points along an axis"))
            .help("Use --size 4, 9, 16, 25, 36, 49, 64, 81, 100, 121 or 144."));
    }
    if kind == Kind::Xmp && size > Table::XMP_PROFILE_SIZE {
        return Err(Failure::usage(format!("an .xmp profile cannot hold {size} points along an axis"))
            .help(format!("Use --size {} or fewer.", Table::XMP_PROFILE_SIZE)));
    }
    if matches!(kind, Kind::Icc | Kind::Xmp) && input != TableInput::Srgb {
        return Err(Failure::usage(format!("such a profile takes finished pictures, not {} codes", input.name()))
            .help("Leave --input out, or write a .cube or .clf."));
    }
    Ok(())
}

/// Writes a table and reads it back.
fn written(table: &Table, kind: Kind, name: &str, out: &Path, overwrite: bool) -> Result<RoundTrip, Failure> {
    let unread = |e: calotype::LookError| Failure::new("the table cannot be read back").because(e);
    let unmade = || Failure::new("the table does not fit such a profile");
    let save = |bytes: &[u8]| calotype::save_bytes(out, bytes, overwrite);
    let read = match kind {
        Kind::Hald => hald::write(&table.lattice, out, overwrite)?,
        Kind::Clf => {
            let text = table.to_clf(name);
            save(text.as_bytes())?;
            let list = ProcessList::from_clf(&text).map_err(unread)?;
            return Ok(table.round_trip_by(|code| list.apply(table.light_of_clf(code))));
        }
        Kind::Icc => {
            let bytes = table.to_icc(name).ok_or_else(unmade)?;
            save(&bytes)?;
            return Ok(table.round_trip_by(Table::icc_reader(&bytes).map_err(unread)?));
        }
        Kind::Xmp => {
            let text = table.to_xmp_profile(name).ok_or_else(unmade)?;
            save(text.as_bytes())?;
            Lattice::from_xmp_profile(&text).map_err(unread)?
        }
        Kind::Cube | Kind::Dcp => {
            let text = table.to_cube(name);
            save(text.as_bytes())?;
            Lattice::from_cube(&text).map_err(unread)?
        }
    };
    Ok(table.round_trip(&read))
}

/// Writes a camera profile with the look in it.
fn profile(args: &ExportArgs, look: &Look, out: &Path) -> Result<Outcome, Failure> {
    let Some(camera) = &args.camera else {
        return Err(Failure::usage("a .dcp profile is made for one camera")
            .help("Name a raw file of it: --camera RAW. Its calibration goes into the profile."));
    };
    if args.size.is_some() || args.input.is_some() || matches!(args.space, Space::DisplayP3) {
        return Err(Failure::usage("a .dcp profile has a size, an input and an output of its own")
            .help("Leave --size, --input and --space out."));
    }
    let info = RawFile::new(camera).read_info().map_err(|e| {
        let help = e.remedy().unwrap_or("Name a raw file.").to_owned();
        Failure::new(format!("cannot read {}", camera.display())).because(e).help(help)
    })?;
    if info.calibration.illuminants.is_empty() {
        return Err(Failure::new(format!("{} has no colour calibration", camera.display()))
            .help("Name a raw file of a camera that sees colours."));
    }
    let (profile, error) = ProfileLook::of(look);
    let profile = LookProfile {
        name: format!("Calotype {}", look.meta.name),
        camera: info.unique_camera_model.clone(),
        look_table: profile.table,
        tone_curve: profile.curve,
        exposure_offset_ev: profile.exposure_offset_ev,
        ..LookProfile::default()
    };
    let mut bytes = Vec::new();
    write_look_profile(&mut bytes, &profile, &info.calibration)
        .map_err(|e| Failure::new("no profile was made").because(e))?;
    calotype::save_bytes(out, &bytes, args.overwrite)?;
    let what = format!("a profile for {}; exposure {:+.1} EV before it", profile.camera, profile.exposure_offset_ev);
    let json = json!({ "camera": profile.camera, "exposure_offset_ev": profile.exposure_offset_ev });
    Ok(outcome(out, &what, error, &ProfileLook::leaves_out(look), json))
}

/// What was made, how near it comes and what it lacks.
fn outcome(out: &Path, what: &str, error: RoundTrip, left_out: &[&str], more: serde_json::Value) -> Outcome {
    let mut text = format!(
        "{}: {what}\nCIEDE2000 against the look on 2000 colours: mean {:.3}, 95 of 100 within {:.3}\n",
        out.display(),
        error.mean,
        error.p95
    );
    if !left_out.is_empty() {
        text += &format!("left out, as the format does not carry it: {}\n", left_out.join(", "));
    }
    let mut outcome = Outcome::new(text, more);
    for (key, value) in [
        ("output", json!(out.display().to_string())),
        ("mean_de2000", json!(error.mean)),
        ("p95_de2000", json!(error.p95)),
        ("left_out", json!(left_out)),
    ] {
        outcome.json.insert(key.into(), value);
    }
    outcome
}
