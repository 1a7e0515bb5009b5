//! `calotype merge`: a burst in, one raw file out.

use crate::args::{Common, MergeArgs};
use crate::batch::{self, Batch, Done, Job};
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::out::Outcome;
use crate::progress::Display;
use crate::target::{self, Target};
use crate::{develop, diagnostics, raw_file};
use calotype::{Burst, Recipe, Report, Source};
use std::path::Path;

/// Merges one burst, or every burst of a folder.
pub fn run(args: &MergeArgs, common: &Common) -> Result<Outcome, Failure> {
    let inputs = Inputs::find(&args.frames)?;
    let target = Target::resolve(&args.out, inputs.any_folder, &["dng"])?;
    let recipe = Recipe { reference: args.reference.unwrap_or_default(), ..Recipe::default() };
    let work = |job: &Job, display: &Display, diagnostics: Option<&Path>| {
        let files = raw_file::sources(&job.frames);
        let sources: Vec<&dyn Source> = files.iter().map(|f| f as &dyn Source).collect();
        let merged = calotype::merge(Burst::read(&sources, display)?, &recipe, diagnostics.is_some(), display)?;
        merged.write(&job.out, args.overwrite, display)?;
        if let Some(folder) = diagnostics {
            diagnostics::write(&merged.diagnostics, folder, args.overwrite)?;
        }
        Ok::<Report, Failure>(merged.report)
    };
    match target {
        Target::File(path) => {
            if inputs.any_folder {
                develop::one_burst_only(&inputs.files)?;
            }
            target::check_writable(&path, args.overwrite)?;
            args.diagnostics.as_ref().map_or(Ok(()), |folder| diagnostics::check(folder, args.overwrite))?;
            let display = Display::new(common, "");
            let job = Job { frames: inputs.files, out: path };
            let report = work(&job, &display, args.diagnostics.as_deref())?;
            display.clear();
            Ok(outcome(&report, &job, &display, common))
        }
        Target::Folder(folder) => {
            let batch =
                Batch { files: inputs.files, folder: &folder, suffix: "-merged.dng".into(), overwrite: args.overwrite };
            batch::run(&batch, common, &|job, display| {
                let diagnostics = args.diagnostics.as_ref().map(|d| d.join(job.out.file_stem().unwrap_or_default()));
                let report = work(job, display, diagnostics.as_deref())?;
                let outcome = outcome(&report, job, display, common);
                Ok(Done { line: outcome.text, json: outcome.json.into(), warnings: outcome.warnings })
            })
        }
    }
}

fn outcome(report: &Report, job: &Job, display: &Display, common: &Common) -> Outcome {
    let mut text = format!("{}: {}", job.out.display(), report.summary());
    let mut json = serde_json::json!({ "output": job.out.display().to_string(), "report": report.to_json() });
    if common.timings {
        text += &format!("\n{}", display.clock().text().trim_end());
        json["timings"] = display.clock().json();
    }
    Outcome { warnings: report.warnings.clone(), ..Outcome::new(text, json) }
}
