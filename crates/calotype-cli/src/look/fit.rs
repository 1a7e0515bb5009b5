//! `calotype look fit`: looks after what people love.

use super::args::Input;
use super::finished::{self, Planes, Shown, is_scene_light, png_bytes, resized, side_by_side};
use super::{file, fit_report, import, save};
use crate::args::Common;
use crate::failure::Failure;
use crate::out::Outcome;
use calotype::Look;
use calotype::image::Plane;
use calotype::look::fit::{
    Before, FitError, FitOptions, Form, Pair, PatchUse, Registration, examples, fit, fit_reference, fit_table,
};
use clap::{Args as ClapArgs, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Width of a picture on a sheet.
const WIDTH: usize = 480;

/// `look fit`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  calotype look fit pair plain.jpg graded.jpg -o film.toml
  calotype look fit pair IMG_1.dng graded1.jpg IMG_2.dng graded2.jpg -o film.toml --sheet film.png --map used.png
  calotype look fit reference loved.jpg --on mine.dng -o after.toml
  calotype look fit table film.cube -o mine.toml --on IMG_1.dng --sheet mine.png

A look is numbers, and beside it a small .cube file for what numbers do not say. `calotype look show film.toml` tells what
it measures; `calotype develop ... --look film.toml` uses it.")]
pub struct FitArgs {
    /// After what.
    #[command(subcommand)]
    pub command: FitCommand,
}

/// The parts of `look fit`.
#[derive(Debug, Subcommand)]
pub enum FitCommand {
    /// After pictures of the same scenes, before and after somebody graded them.
    Pair(PairArgs),
    /// After one finished picture whose original is not at hand. Soberly: it cannot know what the scene was.
    Reference(ReferenceArgs),
    /// After a table of colours or a profile of another program.
    Table(TableArgs),
}

/// Where the look goes.
#[derive(Debug, ClapArgs)]
pub struct OutArgs {
    /// The look file to make; its table goes beside it.
    #[arg(short, long = "output", value_name = "OUT.toml")]
    pub out: PathBuf,
    /// Name of the look; that of the file when left out.
    #[arg(long)]
    pub name: Option<String>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `look fit pair`.
#[derive(Debug, ClapArgs)]
pub struct PairArgs {
    /// A picture in the neutral rendition (`develop --look neutral`), its raw frame, or its light as .exr with middle grey at
    /// 0.18; then what somebody made of it, cropped and resized as they liked; and more such pairs.
    #[arg(required = true, num_args = 2.., value_name = "NEUTRAL GRADED")]
    pub pictures: Vec<PathBuf>,
    /// Where the look goes.
    #[command(flatten)]
    pub out: OutArgs,
    /// Numbers to tune, with a table of the rest, even where a table alone comes nearer.
    #[arg(long)]
    pub readable: bool,
    /// Draw each pair and the look: before, graded, fitted.
    #[arg(long, value_name = "SHEET.png")]
    pub sheet: Option<PathBuf>,
    /// Draw which parts of the first pair were used: green used, red edited, grey textured, white clipped, black outside.
    #[arg(long, value_name = "MAP.png")]
    pub map: Option<PathBuf>,
}

/// `look fit reference`.
#[derive(Debug, ClapArgs)]
pub struct ReferenceArgs {
    /// The finished picture.
    #[arg(value_name = "PICTURE")]
    pub picture: PathBuf,
    /// Pictures in the neutral rendition, or raw frames, of scenes like that of the picture.
    #[arg(long, num_args = 1.., value_name = "NEUTRAL")]
    pub on: Vec<PathBuf>,
    /// Where the look goes.
    #[command(flatten)]
    pub out: OutArgs,
    /// Draw the picture, and those of --on before and in the look.
    #[arg(long, value_name = "SHEET.png", requires = "on")]
    pub sheet: Option<PathBuf>,
}

/// `look fit table`.
#[derive(Debug, ClapArgs)]
pub struct TableArgs {
    /// A .cube, a .clf, a HaldCLUT as .png, a camera profile (.dcp) or an enhanced profile (.xmp).
    #[arg(value_name = "TABLE")]
    pub table: PathBuf,
    /// What goes into the table; what its file says, or srgb, when left out.
    #[arg(long, value_enum, value_name = "INPUT")]
    pub input: Option<Input>,
    /// Where the look goes.
    #[command(flatten)]
    pub out: OutArgs,
    /// Pictures in the neutral rendition, or raw frames, for the sheet.
    #[arg(long, num_args = 1.., value_name = "NEUTRAL", requires = "sheet")]
    pub on: Vec<PathBuf>,
    /// Draw the pictures of --on before, in the table, and in the look.
    #[arg(long, value_name = "SHEET.png", requires = "on")]
    pub sheet: Option<PathBuf>,
}

/// Fits.
pub fn run(args: &FitArgs, common: &Common) -> Result<Outcome, Failure> {
    match &args.command {
        FitCommand::Pair(a) => pair(a, common),
        FitCommand::Reference(a) => reference(a, common),
        FitCommand::Table(a) => of_table(a, common),
    }
}

fn pair(args: &PairArgs, common: &Common) -> Result<Outcome, Failure> {
    if !args.pictures.len().is_multiple_of(2) {
        return Err(Failure::usage(format!("{} pictures are no pairs", args.pictures.len()))
            .help("Give each neutral picture and then what became of it."));
    }
    let out = file(&args.out.out, &["toml"], args.out.overwrite)?;
    let sheet = args.sheet.as_ref().map(|p| file(p, &["png"], args.out.overwrite)).transpose()?;
    let map = args.map.as_ref().map(|p| file(p, &["png"], args.out.overwrite)).transpose()?;
    let (mut pairs, mut samples) = (Vec::new(), Vec::new());
    for files in args.pictures.chunks_exact(2) {
        let (before, after) = (finished::planes(&files[0], common)?, finished::planes(&files[1], common)?);
        let kind = if is_scene_light(&files[0]) { Before::Scene(&before) } else { Before::Neutral(&before) };
        let found = examples(kind, &after)
            .map_err(|e| failed(format!("cannot learn from {} and {}", files[0].display(), files[1].display()), e))?;
        samples.extend_from_slice(&found.samples);
        // Only small copies are kept.
        let shown = sheet.is_some().then(|| (laid_over(&before, &found.registration, &after), small(&after)));
        pairs.push((files, found, shown));
    }
    let form = if args.readable { Form::Readable } else { Form::Best };
    let options = FitOptions { falloff: true, form, ..FitOptions::default() };
    let fitted = fit(&samples, &options).map_err(|e| failed("cannot fit a look to these pictures".into(), e))?;
    let count = fitted.samples;
    let mut look = fitted.look.clone();
    look.meta.description = format!("Fitted to {count} colours of {} pictures before and after.", pairs.len());
    write(look.clone(), &args.out, &out)?;
    if let Some(path) = &map {
        calotype::save_bytes(path, &png_bytes(&use_map(&pairs[0].1))?, args.out.overwrite)?;
    }
    if let Some(path) = &sheet {
        let mut rows = Vec::new();
        for (files, _, shown) in &mut pairs {
            let Some((before, after)) = shown.take() else { continue };
            let fitted = Shown::of(&before, is_scene_light(&files[0])).in_look(&look, common)?.planes;
            rows.push(vec![(before, "before"), (after, "graded"), (fitted, "fitted")]);
        }
        calotype::save_bytes(path, &png_bytes(&side_by_side(&rows))?, args.out.overwrite)?;
    }
    let files: Vec<(&[PathBuf], &Pair)> = pairs.iter().map(|(files, pair, _)| (*files, pair)).collect();
    let (mut text, mut json) = fit_report::fitted(&fitted, &out);
    let (more, list) = fit_report::pairs(&files);
    text += &more;
    json["pairs"] = list;
    json["sheet"] = json!(sheet.map(|p| p.display().to_string()));
    let mut outcome = Outcome::new(text, json);
    for (files, pair) in &files {
        if pair.edited_share() > 0.4 {
            outcome.warnings.push(format!(
                "{:.0} % of what could be compared in {} changed in other ways than its colour does elsewhere: local edits, or \
                 another state of the scene",
                100.0 * pair.edited_share(),
                files[1].display()
            ));
        }
    }
    Ok(outcome)
}

fn reference(args: &ReferenceArgs, common: &Common) -> Result<Outcome, Failure> {
    let out = file(&args.out.out, &["toml"], args.out.overwrite)?;
    let sheet = args.sheet.as_ref().map(|p| file(p, &["png"], args.out.overwrite)).transpose()?;
    let picture = finished::planes(&args.picture, common)?;
    let on = args.on.iter().map(|p| Shown::open(p, WIDTH, common)).collect::<Result<Vec<_>, _>>()?;
    let neutral = |s: &Shown| s.in_look(&Look::default(), common).map(|p| p.planes);
    let before = on.iter().map(neutral).collect::<Result<Vec<Planes>, _>>()?;
    let found = fit_reference(&picture, &before)
        .map_err(|e| failed(format!("cannot make a look after {}", args.picture.display()), e))?;
    let mut look = found.look.clone();
    look.meta.description = "After one picture; what its scene was is not known.".into();
    let shown = look.clone();
    write(look, &args.out, &out)?;
    if let Some(path) = &sheet {
        let mut rows = vec![vec![(small(&picture), "reference")]];
        for (on, before) in on.iter().zip(before) {
            rows.push(vec![(before, "before"), (on.in_look(&shown, common)?.planes, "after")]);
        }
        calotype::save_bytes(path, &png_bytes(&side_by_side(&rows))?, args.out.overwrite)?;
    }
    let (text, json) = fit_report::reference(&found, &out);
    let mut outcome = Outcome::new(text, json);
    outcome.warnings.push(
        "one picture does not tell its scene from its look: confidence is low, and only a part of what was seen is followed"
            .into(),
    );
    if found.mono {
        outcome.warnings.push(format!(
            "{} is black and white: its tone and tint are followed, its filter cannot be known",
            args.picture.display()
        ));
    }
    Ok(outcome)
}

fn of_table(args: &TableArgs, common: &Common) -> Result<Outcome, Failure> {
    let out = file(&args.out.out, &["toml"], args.out.overwrite)?;
    let sheet = args.sheet.as_ref().map(|p| file(p, &["png"], args.out.overwrite)).transpose()?;
    let on = args.on.iter().map(|p| Shown::open(p, WIDTH, common)).collect::<Result<Vec<_>, _>>()?;
    let beside = out.with_file_name(format!("{}.cube", name_of(&args.out, &out)));
    if import::is_same_file(&beside, &args.table) {
        return Err(import::would_replace(&args.table, "-o or --name"));
    }
    let mut warnings = Vec::new();
    let imported = import::look_of(&args.table, args.input, "import.cube", &mut warnings)?;
    let none = || Failure::new(format!("{} has no table", args.table.display()));
    let table = imported.residual.clone().ok_or_else(none)?;
    let found =
        fit_table(&table.lattice).map_err(|e| failed(format!("cannot fit a look to {}", args.table.display()), e))?;
    let mut look = found.fitted.look.clone();
    let name = args.table.file_name().unwrap_or_default().to_string_lossy().into_owned();
    look.meta.description = format!("Fitted to the table {name}.");
    write(look.clone(), &args.out, &out)?;
    if let Some(path) = &sheet {
        let row = |on: &Shown| -> Result<Vec<(Planes, &'static str)>, Failure> {
            let looks = [(&Look::default(), "before"), (&imported, "table"), (&look, "fitted")];
            looks.into_iter().map(|(look, name)| Ok((on.in_look(look, common)?.planes, name))).collect()
        };
        let rows = on.iter().map(row).collect::<Result<Vec<_>, Failure>>()?;
        calotype::save_bytes(path, &png_bytes(&side_by_side(&rows))?, args.out.overwrite)?;
    }
    let (text, mut json) = fit_report::table(&found, &out);
    json["sheet"] = json!(sheet.map(|p| p.display().to_string()));
    Ok(Outcome { warnings, ..Outcome::new(text, json) })
}

/// Writes the look under its name, its table beside it.
fn write(look: Look, args: &OutArgs, out: &Path) -> Result<(), Failure> {
    save(look, &name_of(args, out), out, args.overwrite).map(drop)
}

/// The name that was asked for, or that of the file.
fn name_of(args: &OutArgs, out: &Path) -> String {
    let stem = || out.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    args.name.clone().unwrap_or_else(stem)
}

fn failed(message: String, error: FitError) -> Failure {
    let help = match &error {
        FitError::DifferentScenes { .. } => {
            "Both pictures must show the same frame, the neutral one first: crops, sizes and small turns of the graded one are \
             found, mirrored and rotated ones are not."
        }
        FitError::TooFew { .. } => "Use pictures with more even areas, or a chart, or several pairs.",
        FitError::Small { .. } => "Use a larger copy of the picture.",
        FitError::Flat { .. } => "Use a picture with shadows and lights.",
        _ => "Check that both files are pictures of ordinary kinds.",
    };
    Failure::new(message).because(error).help(help)
}

/// A small copy.
fn small(planes: &Planes) -> Planes {
    let (w, h) = (planes[0].width(), planes[0].height());
    let width = WIDTH.min(w);
    planes.each_ref().map(|p| resized(p, width, (h * width / w).max(1)))
}

/// A small copy of the picture before, cut and turned as the graded one is; black outside.
fn laid_over(before: &Planes, registration: &Registration, after: &Planes) -> Planes {
    let (w, h) = (after[0].width(), after[0].height());
    let width = WIDTH.min(w);
    let height = (h * width / w).max(1);
    // First smaller, so that no pixel is skipped.
    let share = registration.homography[0].abs().max(0.05);
    let across = ((width as f64 / share) as usize).clamp(2, before[0].width());
    let down = (before[0].height() * across / before[0].width()).max(2);
    let from = before.each_ref().map(|p| resized(p, across, down));
    let at = |x: usize, y: usize| {
        let place = [(2 * x + 1) as f64 / width as f64 - 1.0, (2 * y + 1) as f64 / height as f64 - 1.0];
        let [u, v] = registration.place(place);
        let inside = |p: f64, n: usize| {
            let i = ((p + 1.0) / 2.0 * n as f64).floor();
            (i >= 0.0 && i < n as f64).then_some(i as usize)
        };
        Some((inside(u, across)?, inside(v, down)?))
    };
    from.each_ref().map(|p| Plane::from_fn(width, height, |x, y| at(x, y).map_or(0.0, |(i, j)| p.get(i, j))))
}

/// What became of the patches of a pair, as a picture.
fn use_map(pair: &Pair) -> Planes {
    const SCALE: usize = 6;
    let (columns, rows) = pair.patches;
    let colour = |u: PatchUse| match u {
        PatchUse::Used => [0.05, 0.5, 0.1],
        PatchUse::Edited => [0.8, 0.03, 0.03],
        PatchUse::Textured => [0.15; 3],
        PatchUse::Clipped => [1.0; 3],
        PatchUse::Outside => [0.0; 3],
    };
    [0, 1, 2].map(|c| {
        Plane::from_fn(columns * SCALE, rows * SCALE, |x, y| colour(pair.uses[y / SCALE * columns + x / SCALE])[c])
    })
}
