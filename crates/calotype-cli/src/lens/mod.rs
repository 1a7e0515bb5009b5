//! `calotype lens`: describes, judges, draws, verifies, improves and tolerances lenses.

mod args;
mod design;
mod export;
mod print;
mod tolerance;

pub use args::LensArgs;

use crate::args::Common;
use crate::failure::Failure;
use crate::out::Outcome;
use crate::target::{self, Target};
use args::{AnalyseArgs, ConvertArgs, DrawArgs, InfoArgs, Input, LensCommand, ReportArgs, VerifyArgs};
use calotype_optics::analysis::doubts;
use calotype_optics::design::vignetting_from_apertures;
use calotype_optics::show::{Chart, chart, drawing, report};
use calotype_optics::verify::{Reference, Verification, verify};
use calotype_optics::{
    Catalogue, Lens, OpticsError, System, built_in_lens, built_in_lenses, read_agf, read_lens, to_zmx, write_file,
};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Does what was asked.
pub fn run(args: &LensArgs, common: &Common) -> Result<Outcome, Failure> {
    match &args.command {
        LensCommand::Info(a) => info(a),
        LensCommand::Analyse(a) => analyse(a),
        LensCommand::Draw(a) => draw(a),
        LensCommand::Report(a) => page(a),
        LensCommand::Convert(a) => convert(a),
        LensCommand::Export(a) => export::run(a),
        LensCommand::Verify(a) => verification(a),
        LensCommand::Optimise(a) => design::run_optimise(a, common),
        LensCommand::Search(a) => design::run_search(a, common),
        LensCommand::Tolerance(a) => tolerance::run(a, common),
    }
}

fn info(args: &InfoArgs) -> Result<Outcome, Failure> {
    let (system, warnings) = args.input.system()?;
    let chart = chart(&system, "first-order")?;
    let lens = system.lens();
    let head: Vec<&str> =
        [lens.name.as_str(), &lens.title, &lens.source].into_iter().filter(|t| !t.is_empty()).collect();
    let names: Vec<&str> = lens.configurations.iter().map(|c| c.name.as_str()).collect();
    let states = if names.is_empty() { String::new() } else { format!("\nconfigurations: {}", names.join(", ")) };
    let text = format!("{}{states}\n\n{}", head.join("\n"), print::chart(&chart));
    let json = json!({ "lens": lens.name, "title": lens.title, "source": lens.source, "notes": lens.notes,
        "configurations": lens.configurations.iter().map(|c| &c.name).collect::<Vec<_>>(),
        "first_order": system.first_order(), "tables": chart.tables });
    Ok(Outcome { is_result: true, warnings, ..Outcome::new(text, json) })
}

fn analyse(args: &AnalyseArgs) -> Result<Outcome, Failure> {
    for out in &args.out {
        check(out, &["svg", "csv"], args.overwrite)?;
    }
    let (system, warnings) = args.input.system()?;
    let chart = chart(&system, &args.analysis)?;
    for out in &args.out {
        write_chart(&chart, out, args.overwrite)?;
    }
    let value = serde_json::to_value(&chart).map_err(|e| Failure::new("cannot write the result as JSON").because(e))?;
    Ok(Outcome { is_result: true, warnings, ..Outcome::new(print::chart(&chart), value) })
}

fn write_chart(chart: &Chart, out: &Path, overwrite: bool) -> Result<(), Failure> {
    if out.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
        return Ok(write_file(out, overwrite, chart.csv().as_bytes())?);
    }
    let pictures = chart.pictures();
    if pictures.is_empty() {
        return Err(Failure::new(format!("{} has tables only, and no plot to draw", chart.analysis))
            .help("Write its tables with -o OUT.csv."));
    }
    let stem = out.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for (i, picture) in pictures.iter().enumerate() {
        let path: PathBuf = if i == 0 { out.into() } else { out.with_file_name(format!("{stem}-{}.svg", i + 1)) };
        write_file(&path, overwrite, picture.as_bytes())?;
    }
    Ok(())
}

fn draw(args: &DrawArgs) -> Result<Outcome, Failure> {
    check(&args.out, &["svg"], args.overwrite)?;
    let (system, warnings) = args.input.system()?;
    let text = drawing(&system, args.rays.into())?;
    written(&args.out, args.overwrite, &text, warnings)
}

fn page(args: &ReportArgs) -> Result<Outcome, Failure> {
    check(&args.out, &["html"], args.overwrite)?;
    let (system, warnings) = args.input.system()?;
    let text = report(&system)?;
    written(&args.out, args.overwrite, &text, warnings)
}

fn convert(args: &ConvertArgs) -> Result<Outcome, Failure> {
    check(&args.out, &["toml", "zmx"], args.overwrite)?;
    let (mut lens, mut warnings) = args.input.read()?;
    if args.set_vignetting {
        let bad = |e| about(&args.input.lens, e);
        lens.fields.iter_mut().for_each(|f| f.vignetting = Default::default());
        let system = System::new(lens.clone()).map_err(bad)?;
        lens.fields = vignetting_from_apertures(&system, false).map_err(bad)?;
    }
    let zmx = args.out.extension().is_some_and(|e| e.eq_ignore_ascii_case("zmx"));
    let text = if zmx { to_zmx(&lens, &mut warnings)? } else { lens.to_toml() };
    written(&args.out, args.overwrite, &text, warnings)
}

fn written(out: &Path, overwrite: bool, text: &str, warnings: Vec<String>) -> Result<Outcome, Failure> {
    write_file(out, overwrite, text.as_bytes())?;
    let outcome = Outcome::new(format!("{}", out.display()), json!({ "output": out.display().to_string() }));
    Ok(Outcome { warnings, ..outcome })
}

fn verification(args: &VerifyArgs) -> Result<Outcome, Failure> {
    let catalogue = catalogue(&args.glass)?;
    let name = args.against.display().to_string();
    let text = std::fs::read_to_string(&args.against)
        .map_err(|source| OpticsError::Read { source, path: args.against.clone() })?;
    let reference = Reference::from_json(&text, &name)?;
    let mut warnings = Vec::new();
    let mut all: Vec<Verification> = Vec::new();
    let is_reference = |path: &&PathBuf| path.canonicalize().ok() != args.against.canonicalize().ok();
    for path in args.lenses.iter().filter(is_reference) {
        let lens = read_lens(path, &catalogue, &mut warnings).map_err(|e| about(path, e))?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(entry) = reference.find(&file, &lens.name) else {
            return Err(Failure::new(format!("{name} has nothing on {file} ({})", lens.name))
                .help("An entry is found by its file name or by the lens's name."));
        };
        let verified = System::new(lens).and_then(|system| verify(&system, entry));
        all.push(verified.map_err(|e| about(path, e))?);
    }
    let failed = !all.iter().all(Verification::passes);
    let json = json!({ "passed": !failed, "lenses": all });
    Ok(Outcome { failed, is_result: true, warnings, ..Outcome::new(print::verifications(&all), json) })
}

/// A lens built in, or that of a file.
pub fn load(name: &str) -> Result<Lens, Failure> {
    let path = Path::new(name);
    if let Some(lens) = built_in_lens(name)? {
        return Ok(lens);
    }
    check_named(path)?;
    read_lens(path, &Catalogue::default(), &mut Vec::new()).map_err(|e| about(path, e))
}

/// That a path which is no file is not meant as the name of a lens: names may hold dots, lens files end as they do.
fn check_named(path: &Path) -> Result<(), Failure> {
    let ends_as_files =
        path.extension().is_some_and(|e| ["toml", "zmx", "seq", "json"].iter().any(|known| e == *known));
    if path.exists() || ends_as_files || path.components().count() > 1 {
        return Ok(());
    }
    let known: Vec<&str> = built_in_lenses().iter().map(|l| l.0).collect();
    let help = format!("Use one of {}, or a lens file (.toml, .zmx, .seq, .json).", known.join(", "));
    Err(Failure::usage(format!("there is no lens called {}", path.display())).help(help))
}

impl Input {
    fn read(&self) -> Result<(Lens, Vec<String>), Failure> {
        let mut warnings = Vec::new();
        let lens = match self.lens.to_str().map(built_in_lens).transpose()?.flatten() {
            Some(lens) => lens,
            None => {
                check_named(&self.lens)?;
                read_lens(&self.lens, &catalogue(&self.glass)?, &mut warnings).map_err(|e| about(&self.lens, e))?
            }
        };
        match &self.configuration {
            Some(name) => Ok((lens.configured(name).map_err(|e| about(&self.lens, e))?, warnings)),
            None => Ok((lens, warnings)),
        }
    }

    fn system(&self) -> Result<(System, Vec<String>), Failure> {
        let (lens, mut warnings) = self.read()?;
        let system = System::new(lens).map_err(|e| about(&self.lens, e))?;
        warnings.extend(doubts(&system));
        Ok((system, warnings))
    }
}

/// An error in a file, with the file's name where the error does not have it.
fn about(path: &Path, error: OpticsError) -> Failure {
    let (text, name) = (error.to_string(), path.display().to_string());
    let failure = Failure::new(if text.contains(&name) { text } else { format!("{name}: {text}") });
    match error.remedy() {
        Some(remedy) => failure.help(remedy),
        None => failure,
    }
}

fn catalogue(files: &[PathBuf]) -> Result<Catalogue, Failure> {
    let mut catalogue = Catalogue::default();
    for path in files {
        let bytes = std::fs::read(path).map_err(|source| OpticsError::Read { source, path: path.clone() })?;
        catalogue.extend(read_agf(&bytes, &path.display().to_string())?);
    }
    Ok(catalogue)
}

/// That a file of such an extension can be made there, before any work.
fn check(out: &Path, extensions: &[&str], overwrite: bool) -> Result<(), Failure> {
    match Target::resolve(out, false, extensions)? {
        Target::File(path) => target::check_writable(&path, overwrite),
        Target::Folder(path) => Err(Failure::usage(format!("{} is a folder", path.display())).help("Give -o a file.")),
    }
}

impl From<OpticsError> for Failure {
    fn from(error: OpticsError) -> Self {
        let failure = Failure::new(error.to_string());
        match error.remedy() {
            Some(remedy) => failure.help(remedy),
            None => failure,
        }
    }
}
