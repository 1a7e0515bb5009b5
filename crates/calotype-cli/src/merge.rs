//! `calotype merge`: a burst in, one raw file out.

use crate::args::{Common, MergeArgs};
use crate::batch::Work;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::out::Outcome;
use crate::target::Target;
use crate::{diagnostics, raw_file};
use calotype::{Recipe, Report};

/// Merges one burst, or every burst of a folder.
pub fn run(args: &MergeArgs, common: &Common) -> Result<Outcome, Failure> {
    let inputs = Inputs::find(&args.frames)?;
    let target = Target::resolve(&args.out, inputs.any_folder, &["dng"])?;
    let recipe = Recipe { reference: args.reference.unwrap_or_default(), ..Recipe::default() };
    let (overwrite, diagnostics) = (args.overwrite, args.diagnostics.as_deref());
    let work = Work { inputs, target, suffix: "-merged.dng", overwrite, diagnostics };
    work.run(common, &|job, display| {
        let burst = raw_file::read_burst(&job.frames, display)?;
        let merged = calotype::merge(burst, &recipe, job.diagnostics.is_some(), display)?;
        merged.write(&job.out, overwrite, display)?;
        if let Some(folder) = &job.diagnostics {
            diagnostics::write(&merged.diagnostics, folder, overwrite)?;
        }
        Ok::<Report, Failure>(merged.report)
    })
}
