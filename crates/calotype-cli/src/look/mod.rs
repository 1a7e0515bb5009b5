//! `calotype look`, and finding the look that was asked for.

mod args;
mod export;
mod finished;
mod fit;
mod fit_report;
mod hald;
mod import;
mod print;
mod rank;
mod rank_page;
mod sheet;

pub use args::LookArgs;

use crate::args::Common;
use crate::failure::Failure;
use crate::out::Outcome;
use crate::target::{self, Target};
use args::{BlendArgs, DiffArgs, LookCommand, NewArgs, ShowArgs, VerifyArgs};
use calotype::Look;
use calotype::look::{BlendShares, Lattice, svg, verify};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Does what was asked.
pub fn run(args: &LookArgs, common: &Common) -> Result<Outcome, Failure> {
    match &args.command {
        LookCommand::List => Ok(list()),
        LookCommand::Show(a) => show(a),
        LookCommand::New(a) => new(a),
        LookCommand::Diff(a) => diff(a),
        LookCommand::Verify(a) => verification(a),
        LookCommand::Blend(a) => blend(a),
        LookCommand::Export(a) => export::export(a),
        LookCommand::Import(a) => import::import(a),
        LookCommand::Sheet(a) => sheet::run(a, common),
        LookCommand::Fit(a) => fit::run(a, common),
        LookCommand::Rank(a) => rank::run(a, common),
    }
}

fn list() -> Outcome {
    let looks: Vec<Look> = Look::builtin_names().iter().filter_map(|name| Look::builtin(name)).collect();
    let width = looks.iter().map(|l| l.meta.name.len()).max().unwrap_or(0);
    let line = |l: &Look| format!("{:<width$}  {}\n", l.meta.name, l.meta.description);
    let text: String = looks.iter().map(line).collect();
    let list: Vec<_> =
        looks.iter().map(|l| json!({ "name": l.meta.name, "description": l.meta.description })).collect();
    Outcome { is_result: true, ..Outcome::new(text, json!({ "looks": list })) }
}

fn show(args: &ShowArgs) -> Result<Outcome, Failure> {
    let look = load(&args.look)?;
    if let Some(out) = &args.out {
        return written(&file(out, &["svg"], args.overwrite)?, args.overwrite, &svg(&look));
    }
    let text = if args.toml { look.to_toml() } else { print::card(&look) };
    let json = json!({ "name": look.meta.name, "toml": look.to_toml(), "measured": print::measured(&look) });
    Ok(Outcome { is_result: true, ..Outcome::new(text, json) })
}

fn new(args: &NewArgs) -> Result<Outcome, Failure> {
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.toml", args.name)));
    let out = file(&out, &["toml"], args.overwrite)?;
    let mut look = load(&args.from)?;
    let parent = std::mem::take(&mut look.meta);
    look.meta.family = parent.family;
    look.meta.licence = parent.licence;
    look.meta.parents = vec![(parent.name, 1.0)];
    save(look, &args.name, &out, args.overwrite)
}

fn blend(args: &BlendArgs) -> Result<Outcome, Failure> {
    let out = file(&args.out, &["toml"], args.overwrite)?;
    let (first, second) = (load(&args.first)?, load(&args.second)?);
    let shares = BlendShares {
        tone: args.tone.unwrap_or(args.at),
        color: args.color.unwrap_or(args.at),
        texture: args.texture.unwrap_or(args.at),
        optics: args.optics.unwrap_or(args.at),
    };
    let stem = || out.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = args.name.clone().unwrap_or_else(stem);
    save(first.blend(&second, &shares), &name, &out, args.overwrite)
}

/// Writes a look under a new name, with what it measures as its contract.
fn save(mut look: Look, name: &str, out: &Path, overwrite: bool) -> Result<Outcome, Failure> {
    look.meta.name = name.to_owned();
    if let Some(residual) = &mut look.residual {
        residual.file = format!("{name}.cube");
    }
    look.promise();
    let text = look.to_toml();
    // Names have rules, and the reader knows them.
    Look::from_toml_with(&text, &|_| look.residual.as_ref().map(|r| (*r.lattice).clone()).ok_or_else(String::new))
        .map_err(|e| {
            Failure::usage(format!("{name} is no name for a look"))
                .because(e)
                .help("Use lower-case letters, digits and hyphens; --name says it where the file is called otherwise.")
        })?;
    if let Some(residual) = &look.residual {
        let beside = out.with_file_name(&residual.file);
        if is_kept(&beside, &look) {
            return written(out, overwrite, &text);
        }
        target::check_writable(&beside, overwrite)?;
        let comments = [format!("laid over the look {name}; sRGB codes in and out")];
        calotype::save_bytes(&beside, residual.lattice.to_cube(name, &comments).as_bytes(), overwrite)?;
    }
    written(out, overwrite, &text)
}

/// True where a file holds a look's very table already.
fn is_kept(table: &Path, look: &Look) -> bool {
    let own = look.residual.as_ref().map(|r| r.lattice.sha256());
    own.is_some() && read_table(table).ok().map(|t| t.sha256()) == own
}

fn diff(args: &DiffArgs) -> Result<Outcome, Failure> {
    let (first, second) = (load(&args.first)?, load(&args.second)?);
    let all = first.differences(&second);
    let list: Vec<_> = all
        .iter()
        .map(|d| json!({ "key": d.key, "first": d.first, "second": d.second, "unit": d.unit, "meaning": d.meaning }))
        .collect();
    let json = json!({ "differences": list, "first": print::measured(&first), "second": print::measured(&second) });
    Ok(Outcome { is_result: true, ..Outcome::new(print::differences(&first, &second, &all), json) })
}

fn verification(args: &VerifyArgs) -> Result<Outcome, Failure> {
    let builtin = || Look::builtin_names().iter().map(|n| (*n).to_owned()).collect();
    let names: Vec<String> = if args.looks.is_empty() { builtin() } else { args.looks.clone() };
    let (mut text, mut list, mut failed) = (String::new(), Vec::new(), false);
    for name in &names {
        let breaches: Vec<String> = verify(&load(name)?).iter().map(ToString::to_string).collect();
        failed |= !breaches.is_empty();
        text += &format!("{name}: {}\n", if breaches.is_empty() { "kept" } else { "broken" });
        breaches.iter().for_each(|b| text += &format!("  {b}\n"));
        list.push(json!({ "look": name, "kept": breaches.is_empty(), "breaches": breaches }));
    }
    Ok(Outcome { failed, is_result: true, ..Outcome::new(text, json!({ "looks": list })) })
}

/// The built-in look of that name, or the look in the file of that path.
pub fn load(name: &str) -> Result<Look, Failure> {
    if let Some(look) = Look::builtin(name) {
        return Ok(look);
    }
    let path = Path::new(name);
    let names = Look::builtin_names().join(", ");
    let is_path = path.extension().is_some() || name.contains(std::path::is_separator);
    if !is_path && !path.is_file() {
        return Err(Failure::usage(format!("there is no look called {name}"))
            .help(format!("Use one of {names}, or the path of a look file (.toml).")));
    }
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        Failure::new(format!("cannot use the look {name}"))
            .because(e)
            .help("`calotype look new mine --from authentic` makes a look to start from.")
    };
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.into()))?;
    Look::from_toml_with(&text, &|file| read_table(&path.with_file_name(file))).map_err(|e| failed(e.into()))
}

/// The table that a look names, from its file.
pub fn read_table(path: &Path) -> Result<Lattice, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Lattice::from_cube(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// That one file of such an extension can be made there, before any work.
fn file(out: &Path, extensions: &[&str], overwrite: bool) -> Result<PathBuf, Failure> {
    match Target::resolve(out, false, extensions)? {
        Target::File(path) => target::check_writable(&path, overwrite).map(|()| path),
        Target::Folder(path) => Err(Failure::usage(format!("{} is a folder", path.display())).help("Give -o a file.")),
    }
}

fn written(out: &Path, overwrite: bool, text: &str) -> Result<Outcome, Failure> {
    calotype::save_bytes(out, text.as_bytes(), overwrite)?;
    Ok(Outcome::new(format!("{}", out.display()), json!({ "output": out.display().to_string() })))
}
