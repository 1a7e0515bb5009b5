//! `calotype lab report`: one page of everything measured.

use super::args::ReportArgs;
use crate::args::Common;
use crate::failure::Failure;
use crate::out::Outcome;
use crate::target;
use calotype_lab::Limits;
use calotype_lab::report::{Report, gather, html};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

/// Measures a folder and writes its page and JSON.
pub fn run(args: &ReportArgs, common: &Common) -> Result<Outcome, Failure> {
    if args.out.extension().is_none_or(|e| e != "html") {
        return Err(Failure::usage(format!("the page {} does not end in .html", args.out.display()))
            .help("Name it like card.html."));
    }
    let data = args.out.with_extension("json");
    target::check_writable(&args.out, args.overwrite)?;
    target::check_writable(&data, args.overwrite)?;
    let before = match &args.against {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|e| Failure::new(format!("cannot read {}", path.display())).because(e))?;
            Some(Report::from_json(&text, path)?)
        }
        None => None,
    };
    let target = if common.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    let mut tell = |path: &Path| {
        bar.set_message(format!("{}", path.display()));
        bar.tick();
    };
    let (cards, errors) = gather(&args.folder, &Limits::default(), &mut tell)?;
    bar.finish_and_clear();
    let warnings: Vec<String> = errors.iter().map(ToString::to_string).collect();
    if cards.is_empty() {
        let failure = Failure::new(format!("nothing in {} could be measured", args.folder.display())).help(
            "Name pictures by what to measure: edge-1.png, colour.exr; `calotype lab report --help` lists the words.",
        );
        return Err(match warnings.is_empty() {
            true => failure,
            false => failure.because(warnings.join("; ")),
        });
    }
    let folder =
        args.folder.file_name().map_or_else(|| args.folder.display().to_string(), |n| n.to_string_lossy().into_owned());
    let report = Report::new(args.title.clone().unwrap_or(folder), cards);
    let page = html(&report, before.as_ref());
    let text = serde_json::to_vec(&report).map_err(|e| Failure::new("cannot write the report as JSON").because(e))?;
    calotype::save_bytes(&data, &text, args.overwrite)?;
    calotype::save_bytes(&args.out, page.as_bytes(), args.overwrite)?;
    let mut shown = format!("{}: {} measures\n", args.out.display(), report.cards.len());
    let mut json = json!({ "output": args.out.display().to_string(), "data": data.display().to_string(), "measures": report.cards.len() });
    if let Some(before) = &before {
        let changes = report.changes(before);
        for c in changes.iter().filter(|c| c.better != 0) {
            let word = if c.better > 0 { "better" } else { "worse" };
            writeln!(
                shown,
                "  {word}: {} {}, {}: {:?} was {:?} {}",
                c.card.0, c.card.1, c.now.label, c.now.value, c.before.value, c.now.unit
            )
            .ok();
        }
        json["changes"] = serde_json::to_value(&changes).unwrap_or_default();
    }
    Ok(Outcome { warnings, ..Outcome::new(shown, json) })
}
