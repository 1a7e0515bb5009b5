//! `calotype lens tolerance`.

use super::args::ToleranceArgs;
use super::{about, catalogue, check, print, write_chart};
use crate::args::Common;
use crate::failure::Failure;
use crate::interrupt;
use crate::out::Outcome;
use calotype_optics::tolerance::{
    Tolerances, chart, inverse, lens_of_tolerances, monte_carlo, page, sample_lens, sensitivity,
};
use calotype_optics::{OpticsError, read_lens, write_file};
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::json;
use std::path::{Path, PathBuf};

pub fn run(args: &ToleranceArgs, common: &Common) -> Result<Outcome, Failure> {
    for out in &args.out {
        check(out, &["html", "svg", "csv"], args.overwrite)?;
    }
    let units: Vec<(usize, PathBuf)> = args.unit.iter().map(|u| unit(u)).collect::<Result<_, _>>()?;
    for (_, path) in &units {
        check(path, &["toml"], args.overwrite)?;
    }
    let path = &args.tolerances;
    let text = std::fs::read_to_string(path).map_err(|source| OpticsError::Read { source, path: path.clone() })?;
    let file = path.display().to_string();
    let named = lens_of_tolerances(&text, &file)?.map(|l| path.parent().unwrap_or(Path::new("")).join(l));
    let Some(lens_path) = args.lens.clone().or(named) else {
        return Err(
            Failure::usage(format!("{file} names no lens")).help("Add `lens = \"FILE\"` to it, or give --lens FILE.")
        );
    };
    let mut warnings = Vec::new();
    let lens = read_lens(&lens_path, &catalogue(&args.glass)?, &mut warnings).map_err(|e| about(&lens_path, e))?;
    let mut tolerances = Tolerances::from_toml(&text, &file, &lens).map_err(|e| about(path, e))?;
    tolerances.samples = args.samples.unwrap_or(tolerances.samples);
    tolerances.seed = args.seed.unwrap_or(tolerances.seed);
    let say = |e| about(&lens_path, e);
    let each = match args.inverse {
        Some(loss) => inverse(&lens, &tolerances, loss),
        None => sensitivity(&lens, &tolerances),
    }
    .map_err(say)?;
    let target = if common.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(tolerances.samples as u64), target);
    let made = match args.inverse {
        Some(_) => None,
        None => {
            let go_on = |done: usize| {
                bar.set_position(done as u64);
                !interrupt::asked()
            };
            Some(monte_carlo(&lens, &tolerances, &go_on))
        }
    };
    bar.finish_and_clear();
    let made = made.transpose().map_err(say)?;
    if let Some(made) = &made
        && made.samples.len() < tolerances.samples
    {
        warnings.push(format!("interrupted: {} of {} samples", made.samples.len(), tolerances.samples));
    }
    let dark = made.as_ref().map_or(0, |m| m.samples.iter().filter(|s| s.value.is_none()).count());
    if dark > 0 {
        warnings.push(format!("light is lost in {dark} samples, which count as failed"));
    }
    let chart = chart(&lens.name, &tolerances, Some(&each), made.as_ref());
    let mut outputs = Vec::new();
    for out in &args.out {
        if out.extension().is_some_and(|e| e.eq_ignore_ascii_case("html")) {
            write_file(out, args.overwrite, page(&chart).as_bytes())?;
        } else {
            write_chart(&chart, out, args.overwrite)?;
        }
        outputs.push(out.display().to_string());
    }
    for (number, path) in &units {
        let unit = sample_lens(&lens, &tolerances, *number)?;
        write_file(path, args.overwrite, unit.to_toml().as_bytes())?;
        outputs.push(path.display().to_string());
    }
    let json = json!({ "lens": lens.name, "criterion": tolerances.criterion.label(), "sensitivities": each, "monte_carlo": made,
        "outputs": outputs });
    let text = format!("{}\n{}", print::chart(&chart), outputs.join("\n"));
    Ok(Outcome { is_result: true, warnings, ..Outcome::new(text, json) })
}

/// `NUMBER=FILE`.
fn unit(text: &str) -> Result<(usize, PathBuf), Failure> {
    let parts = text.split_once('=').and_then(|(n, path)| Some((n.parse().ok()?, PathBuf::from(path))));
    parts.ok_or_else(|| {
        Failure::usage(format!("--unit cannot be `{text}`"))
            .help("Write the sample's number and a file: --unit 7=unit.toml")
    })
}
