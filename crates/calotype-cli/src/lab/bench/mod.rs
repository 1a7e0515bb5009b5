//! `calotype lab bench`: the whole engine over simulated bursts whose truth is known, beside public raw developers.
//!
//! A fixed set of scenes and lights is photographed by the simulated camera, developed by the engine, and measured. Every
//! measurement is a card, so that two runs can be compared; the score table is written from the cards.

mod charts;
mod grid;
mod peers;
mod photograph;
mod shots;
mod table;

use crate::args::Common;
use crate::failure::Failure;
use crate::out::{self, Outcome};
use crate::{interrupt, target};
use calotype_lab::Card;
use calotype_lab::report::{Report, html};
use clap::Args;
use grid::Case;
use peers::Peer;
use serde_json::json;
use shots::Studio;
use std::path::PathBuf;

/// `lab bench`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab bench --quick                             the table, in a minute or two
  calotype lab bench --peers -o score.json               all of it, beside darktable and RawTherapee; score.html has pictures
  calotype lab bench -o new.json --against score.json    what became better, and what worse
  calotype lab bench --only street-3lx --keep out/       one case, with its frames and truth to look into

docs/reference/quality.md holds the table and says what its figures mean.")]
pub struct BenchArgs {
    /// Fewer scenes and lights, smaller frames.
    #[arg(long)]
    quick: bool,
    /// Develop one frame and the plain average of the frames with darktable-cli and rawtherapee-cli as well.
    #[arg(long)]
    peers: bool,
    /// Only cases whose name contains this.
    #[arg(long, value_name = "WORD")]
    only: Option<String>,
    /// Write the result here, and a page beside it (.html).
    #[arg(short, long = "output", value_name = "FILE.json")]
    out: Option<PathBuf>,
    /// The result of an earlier run to compare with.
    #[arg(long, value_name = "FILE.json")]
    against: Option<PathBuf>,
    /// Keep the bursts, their truth, and what was developed in this folder; bursts that are there already are used again.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Replace results that exist.
    #[arg(long)]
    overwrite: bool,
}

/// Runs the bench.
pub fn run(args: &BenchArgs, common: &Common) -> Result<Outcome, Failure> {
    let page = args.out.as_ref().map(|path| path.with_extension("html"));
    if args.out.as_ref().is_some_and(|path| path.extension().is_none_or(|e| e != "json")) {
        return Err(Failure::usage("the result does not end in .json").help("Name it like score.json."));
    }
    for path in args.out.iter().chain(&page) {
        target::check_writable(path, args.overwrite)?;
    }
    let before = args.against.as_deref().map(read).transpose()?;
    let wanted = |c: &Case| args.only.as_ref().is_none_or(|word| c.name().contains(word.as_str()));
    let cases: Vec<Case> = grid::cases(args.quick).into_iter().filter(wanted).collect();
    if cases.is_empty() {
        let names = grid::cases(args.quick).iter().map(Case::name).collect::<Vec<_>>().join(", ");
        return Err(Failure::usage("no case has that in its name").help(format!("The cases: {names}.")));
    }
    let mut warnings = Vec::new();
    let mut developers = Vec::new();
    if args.peers {
        for (name, found) in Peer::all() {
            match found {
                Some(peer) => developers.push(peer),
                None => warnings.push(format!("{name} is not there: the table is without it")),
            }
        }
    }
    let scratch;
    let folder = match &args.keep {
        Some(folder) => {
            target::make_folder(folder)?;
            folder.clone()
        }
        None => {
            scratch = tempfile::tempdir().map_err(|e| Failure::new("cannot make a temporary folder").because(e))?;
            scratch.path().to_owned()
        }
    };
    let studio = Studio { folder, quick: args.quick, keep: args.keep.is_some() };
    let mut cards = Vec::new();
    for (i, case) in cases.iter().enumerate() {
        if interrupt::asked() {
            return Err(calotype::Error::from(calotype::Cancelled).into());
        }
        let card = measure(case, &studio, &developers, common, &format!("{}/{} {}", i + 1, cases.len(), case.name()))?;
        if !common.quiet && !common.json {
            out::line(&table::line(&card));
        }
        cards.push(card);
    }
    let title = if args.quick { "Calotype bench, quick" } else { "Calotype bench" };
    let report = Report::new(title, cards);
    if let (Some(path), Some(page_path)) = (&args.out, &page) {
        let text =
            serde_json::to_vec(&report).map_err(|e| Failure::new("cannot write the result as JSON").because(e))?;
        calotype::save_bytes(path, &text, args.overwrite)?;
        let text = html(&report, before.as_ref());
        calotype::save_bytes(page_path, text.as_bytes(), args.overwrite)?;
    }
    let peers = developers.iter().map(|p| format!("{} {}", p.name(), p.version())).collect::<Vec<_>>();
    let mut text = format!("\n{}", table::markdown(&report.cards, &peers));
    let scores = table::scores(&report.cards);
    let mut json = json!({ "cases": report.cards.len(), "peers": peers, "scores": scores });
    if let Some(path) = &args.out {
        json["output"] = path.display().to_string().into();
    }
    if let Some(before) = &before {
        let changes = report.changes(before);
        text += &table::changes(&changes);
        json["changes"] = serde_json::to_value(&changes).unwrap_or_default();
    }
    Ok(Outcome { warnings, is_result: true, ..Outcome::new(text, json) })
}

/// The card of one case.
fn measure(case: &Case, studio: &Studio, peers: &[Peer], common: &Common, title: &str) -> Result<Card, Failure> {
    let shot = studio.shoot(case, common, title)?;
    let card = match case {
        Case::Photograph { .. } => photograph::card(case, &shot, peers)?,
        Case::Colour { .. } => charts::colour(case, &shot)?,
        Case::White { .. } => charts::white_balance(case, &shot)?,
        Case::Edges { .. } => charts::edges(case, &shot)?,
        Case::Neutral { .. } => charts::false_colour(case, &shot)?,
    };
    studio.tidy(&shot)?;
    Ok(card)
}

fn read(path: &std::path::Path) -> Result<Report, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::new(format!("cannot read {}", path.display())).because(e))?;
    Ok(Report::from_json(&text, path)?)
}
