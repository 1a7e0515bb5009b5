//! `calotype develop`: a burst in, a photograph out.

use crate::args::{Choices, Common, DevelopArgs};
use crate::batch::{self, Batch, Done, Job};
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::out::Outcome;
use crate::progress::Display;
use crate::target::{self, Target};
use crate::{diagnostics, raw_file};
use calotype::{Burst, Format, Photo, Recipe, Source, Task};
use std::path::{Path, PathBuf};

const EXTENSIONS: &[&str] = &["jpg", "jpeg", "tif", "tiff", "png", "avif", "jxl", "exr"];

/// Develops one burst, or every burst of a folder.
pub fn run(args: &DevelopArgs, common: &Common) -> Result<Outcome, Failure> {
    let inputs = Inputs::find(&args.frames)?;
    let target = Target::resolve(&args.out, inputs.any_folder, EXTENSIONS)?;
    let recipe = recipe(&args.choices, args.no_hdr)?;
    if let Some(path) = &args.save_recipe {
        save_recipe(&recipe, path, args.overwrite)?;
    }
    let look = crate::look::load(&recipe.look)?;
    let work = |job: &Job, display: &Display, overwrite, diagnostics: Option<&Path>| {
        let format = Format::from_path(&job.out).unwrap_or(Format::Jpeg);
        let task = Task { format, look: look.clone(), diagnostics: diagnostics.is_some() };
        let photo = photograph(&job.frames, &recipe, &task, display)?;
        photo.write(&job.out, overwrite, &recipe.output, display)?;
        if let Some(folder) = diagnostics {
            diagnostics::write(&photo.diagnostics, folder, overwrite)?;
        }
        Ok::<Photo, Failure>(photo)
    };
    match target {
        Target::File(path) => {
            if inputs.any_folder {
                one_burst_only(&inputs.files)?;
            }
            target::check_writable(&path, args.overwrite)?;
            args.diagnostics.as_ref().map_or(Ok(()), |folder| diagnostics::check(folder, args.overwrite))?;
            let display = Display::new(common, "");
            let job = Job { frames: inputs.files, out: path };
            let photo = work(&job, &display, args.overwrite, args.diagnostics.as_deref())?;
            display.clear();
            Ok(outcome(&photo, &job, &display, common))
        }
        Target::Folder(folder) => {
            let suffix = format!(".{}", args.format);
            let batch = Batch { files: inputs.files, folder: &folder, suffix, overwrite: args.overwrite };
            batch::run(&batch, common, &|job, display| {
                let diagnostics = args.diagnostics.as_ref().map(|d| d.join(job.out.file_stem().unwrap_or_default()));
                let photo = work(job, display, args.overwrite, diagnostics.as_deref())?;
                let outcome = outcome(&photo, job, display, common);
                Ok(Done { line: outcome.text, json: outcome.json.into(), warnings: outcome.warnings })
            })
        }
    }
}

/// Reads frames and makes a photograph of them.
fn photograph(files: &[PathBuf], recipe: &Recipe, task: &Task, display: &Display) -> Result<Photo, Failure> {
    let files = raw_file::sources(files);
    let sources: Vec<&dyn Source> = files.iter().map(|f| f as &dyn Source).collect();
    let burst = Burst::read(&sources, display)?;
    Ok(calotype::develop(burst, recipe, task, display)?)
}

/// The recipe of a file, if one was named, with what was chosen on the command line.
fn recipe(choices: &Choices, no_hdr: bool) -> Result<Recipe, Failure> {
    let mut recipe = match &choices.recipe {
        Some(path) => {
            let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
                Failure::new(format!("cannot use the recipe {}", path.display()))
                    .because(e)
                    .help("A recipe is a TOML file; --save-recipe FILE writes one to start from.")
            };
            let text = std::fs::read_to_string(path).map_err(|e| failed(e.into()))?;
            Recipe::from_toml(&text).map_err(|e| failed(e.into()))?
        }
        None => Recipe::default(),
    };
    choices.apply(&mut recipe);
    recipe.output.hdr &= !no_hdr;
    recipe.check().map_err(|e| Failure::usage(e.to_string()).help("See `calotype help develop` for the ranges."))?;
    Ok(recipe)
}

fn save_recipe(recipe: &Recipe, path: &Path, overwrite: bool) -> Result<(), Failure> {
    target::check_writable(path, overwrite)?;
    let text = format!("# A Calotype recipe: use it with `calotype develop --recipe`.\n{}", recipe.to_toml());
    calotype::save_bytes(path, text.as_bytes(), overwrite)
        .map_err(|e| Failure::engine(e).help("Choose another name for the recipe."))
}

/// A folder and one file as output agree only where the folder holds one burst.
pub fn one_burst_only(files: &[PathBuf]) -> Result<(), Failure> {
    let jobs = batch::plan(files, Path::new(""), "")?;
    if jobs.len() > 1 {
        return Err(Failure::usage(format!("{} bursts cannot become one file", jobs.len()))
            .help("Give -o a folder (ending with /) for one file per burst, or name the frames of one burst."));
    }
    Ok(())
}

/// What was done, for people and programs.
fn outcome(photo: &Photo, job: &Job, display: &Display, common: &Common) -> Outcome {
    let report = &photo.report;
    let mut text = format!("{}: {}", job.out.display(), report.summary());
    let mut json = serde_json::json!({ "output": job.out.display().to_string(), "report": report.to_json() });
    if common.timings {
        text += &format!("\n{}", display.clock().text().trim_end());
        json["timings"] = display.clock().json();
    }
    Outcome { warnings: report.warnings.clone(), ..Outcome::new(text, json) }
}
