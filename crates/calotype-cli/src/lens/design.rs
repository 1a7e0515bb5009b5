//! `calotype lens optimise` and `lens search`.

use super::args::{DesignTask, OptimiseArgs, SearchArgs};
use super::{about, catalogue, check, print};
use crate::args::Common;
use crate::failure::Failure;
use crate::interrupt;
use crate::out::Outcome;
use calotype_optics::design::{
    Dense, Design, Ending, Exchange, Merit, Search, SearchState, Settings, SpotProof, State, Watch, lens_of_design,
    optimise_dense, redundant, search, spot_proofs, substitute,
};
use calotype_optics::show::{Plot, Series, svg};
use calotype_optics::{Lens, OpticsError, System, built_in_glasses, read_agf, read_lens, write_file};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A design with its lens.
struct Job {
    lens: Lens,
    design: Design,
    warnings: Vec<String>,
    path: PathBuf,
}

pub fn run_optimise(args: &OptimiseArgs, common: &Common) -> Result<Outcome, Failure> {
    check(&args.out, &["toml"], args.overwrite)?;
    if let Some(plot) = &args.plot {
        check(plot, &["svg"], args.overwrite)?;
    }
    let job = job(&args.task)?;
    let say = |e| about(&job.path, e);
    Merit::new(job.lens.clone(), &job.design).and_then(|merit| merit.check_variables()).map_err(say)?;
    let before = proofs(&job.lens);
    let state = load::<State>(args.state.as_deref())?;
    let settings = Settings { iterations: args.iterations, ..Settings::default() };
    let display = Display::new(common, args.iterations as u64);
    let done = optimise_dense(&job.lens, &job.design, state, &settings, &display);
    display.bar.finish_and_clear();
    let Dense { optimised: end, merit, design, checks } = done.map_err(say)?;
    save(args.state.as_deref(), &end.state)?;
    let mut lens = merit.lens_at(&end.x).map_err(say)?;
    let mut warnings = job.warnings;
    let mut exchanges: Vec<Exchange> = Vec::new();
    let (mut last, mut design, mut x) = (merit, design, end.x.clone());
    if let Some(makers) = &args.substitute {
        let names: Vec<&str> = makers.iter().map(String::as_str).collect();
        let mut glasses = built_in_glasses(&names);
        for path in &args.task.glass {
            let bytes = std::fs::read(path).map_err(|source| OpticsError::Read { source, path: path.clone() })?;
            glasses.extend(read_agf(&bytes, &path.display().to_string())?);
        }
        let few = Settings { iterations: args.iterations.min(60), ..settings };
        (lens, design, exchanges) = substitute(&lens, &design, &glasses, &few)?;
        last = Merit::new(lens.clone(), &design)?;
        x = last.start()?;
    }
    let figures = last.figures(&x, &design.operands)?;
    let redundancies = redundant(&last, &x)?;
    warnings.extend(redundancies.iter().map(|list| format!("together these change nothing: {}", list.join(", "))));
    let merits = &end.state.merits;
    write_file(&args.out, args.overwrite, lens.to_toml().as_bytes())?;
    if let Some(plot) = &args.plot {
        write_file(plot, args.overwrite, svg(&merit_plot(merits, "iteration")).as_bytes())?;
    }
    let after = proofs(&lens);
    let unmet: Vec<&str> = figures.iter().filter(|f| !f.met).map(|f| f.operand.as_str()).collect();
    let how = match end.ending {
        Ending::Settled => "settled",
        Ending::LimitsOverstepped => "settled, with limits overstepped",
        Ending::OutOfIterations => "out of iterations",
        Ending::Interrupted => "interrupted",
    };
    let text = format!(
        "{}{}{}{}merit {} -> {}  {}  ({} iterations, {how})\n{}",
        print::figures(&figures),
        print::exchanges(&exchanges),
        print::proofs(&before, &after),
        print::densities(&checks),
        print::number(merits[0]),
        print::number(last.rows(&x)?.merit()),
        spark(merits),
        merits.len() - 1,
        args.out.display()
    );
    let json = json!({ "output": args.out.display().to_string(), "merit_before": merits[0], "merit": last.rows(&x)?.merit(),
        "overstep": end.overstep, "ending": end.ending, "merits": merits, "operands": figures, "glasses": exchanges, "rays": checks,
        "spots_before": before, "spots": after, "variables": last.names(), "values": x });
    if let Some(last) = checks.last().filter(|c| !c.agree) {
        let more = last.denser_merit.map_or("do not get through".into(), |m| format!("say {}", print::number(m)));
        warnings.push(format!(
            "the rays of the merit are too few: {} rings of {} {more}; give [rays] more rings and arms, or more iterations",
            last.denser[0], last.denser[1]
        ));
    }
    if !unmet.is_empty() {
        warnings.push(format!("limits that cannot be met together with the rest, or not yet: {}", unmet.join(", ")));
    }
    Ok(Outcome { failed: !unmet.is_empty(), is_result: true, warnings, ..Outcome::new(text, json) })
}

pub fn run_search(args: &SearchArgs, common: &Common) -> Result<Outcome, Failure> {
    check(&args.out, &["toml"], args.overwrite)?;
    let job = job(&args.task)?;
    let say = |e| about(&job.path, e);
    let settings = Search { seed: args.seed, starts: args.starts, keep: args.keep, escapes: args.escapes };
    let state = match load::<SearchState>(args.state.as_deref())? {
        Some(state) if state.search != settings => {
            return Err(Failure::new("the state is of another search")
                .help("Give the same --seed, --starts, --keep and --escapes, or another --state file."));
        }
        Some(state) => state,
        None => SearchState::new(settings),
    };
    let bar = bar(common, state.jobs() as u64);
    let go_on = |s: &SearchState| {
        bar.set_position(s.next as u64);
        let best = s.found.first().map_or(f64::NAN, |f| f.merit);
        bar.set_message(format!("best {}  {}", print::number(best), spark(&s.history)));
        // kept as it goes, so that nothing is lost when the machine stops
        save(args.state.as_deref(), s).ok();
        !interrupt::asked()
    };
    let state = search(&job.lens, &job.design, state, &go_on);
    bar.finish_and_clear();
    let state = state.map_err(say)?;
    save(args.state.as_deref(), &state)?;
    let Some(best) = state.found.first() else {
        return Err(
            Failure::new("interrupted before a lens was found").help("Start again with the same --state to go on.")
        );
    };
    let merit = Merit::new(job.lens.clone(), &job.design).map_err(say)?;
    let mut written = Vec::new();
    for (i, found) in state.found.iter().take(args.best).enumerate() {
        let path = if i == 0 { args.out.clone() } else { beside(&args.out, i + 1) };
        let mut lens = merit.lens_at(&found.x).map_err(say)?;
        lens.notes.push(format!("found by search, seed {}, job {}, merit {:.6}", args.seed, found.job, found.merit));
        write_file(&path, args.overwrite, lens.to_toml().as_bytes())?;
        written.push(path.display().to_string());
    }
    let lens = merit.lens_at(&best.x).map_err(say)?;
    let figures = merit.figures(&best.x, &job.design.operands)?;
    let (before, after) = (proofs(&job.lens), proofs(&lens));
    let list: Vec<String> = state.found.iter().map(|f| print::number(f.merit)).collect();
    let text = format!(
        "{}{}best merits: {}  {}  ({} of {} jobs{})\n{}",
        print::figures(&figures),
        print::proofs(&before, &after),
        list.join(", "),
        spark(&state.history),
        state.next,
        state.jobs(),
        if state.is_done() { "" } else { ", interrupted" },
        written.join("\n")
    );
    let unmet = figures.iter().any(|f| !f.met);
    let json = json!({ "outputs": written, "found": state.found.iter().map(|f| json!({ "merit": f.merit, "overstep": f.overstep,
        "job": f.job, "values": f.x })).collect::<Vec<_>>(), "jobs": state.next, "of": state.jobs(), "history": state.history,
        "operands": figures, "spots": after });
    let mut warnings = job.warnings;
    if unmet {
        warnings.push("the best lens oversteps limits: they contradict each other, or the search was too short".into());
    }
    Ok(Outcome { failed: unmet, is_result: true, warnings, ..Outcome::new(text, json) })
}

fn job(task: &DesignTask) -> Result<Job, Failure> {
    let path = &task.design;
    let text = std::fs::read_to_string(path).map_err(|source| OpticsError::Read { source, path: path.clone() })?;
    let file = path.display().to_string();
    let named = lens_of_design(&text, &file)?.map(|l| path.parent().unwrap_or(Path::new("")).join(l));
    let Some(lens_path) = task.lens.clone().or(named) else {
        return Err(
            Failure::usage(format!("{file} names no lens")).help("Add `lens = \"FILE\"` to it, or give --lens FILE.")
        );
    };
    let mut warnings = Vec::new();
    let lens = read_lens(&lens_path, &catalogue(&task.glass)?, &mut warnings).map_err(|e| about(&lens_path, e))?;
    let design = Design::from_toml(&text, &file, &lens).map_err(|e| about(path, e))?;
    Ok(Job { lens, design, warnings, path: path.clone() })
}

/// The spots by the certified trace; none for a lens that has no first order yet.
fn proofs(lens: &Lens) -> Vec<SpotProof> {
    System::new(lens.clone()).map(|s| spot_proofs(&s)).unwrap_or_default()
}

/// A state written earlier, if there is one.
fn load<T: DeserializeOwned>(path: Option<&Path>) -> Result<Option<T>, Failure> {
    let Some(path) = path.filter(|p| p.exists()) else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|source| OpticsError::Read { source, path: path.into() })?;
    let state = toml::from_str(&text).map_err(|e| {
        Failure::new(format!("{} is no state of this command", path.display())).because(e.message().to_owned())
    });
    state.map(Some).map_err(|f| f.help("Give another --state file, or remove this one to start anew."))
}

fn save<T: Serialize>(path: Option<&Path>, state: &T) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let text = toml::to_string(state).map_err(|e| Failure::new("cannot write the state").because(e))?;
    Ok(write_file(path, true, text.as_bytes())?)
}

fn beside(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}.toml"))
}

fn bar(common: &Common, length: u64) -> ProgressBar {
    let target = if common.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    if let Ok(style) = ProgressStyle::with_template("{pos:>5}/{len} {msg}  {elapsed}") {
        bar.set_style(style);
    }
    bar
}

/// The merit as it falls, on standard error.
struct Display {
    bar: ProgressBar,
    merits: Mutex<Vec<f64>>,
}

impl Display {
    fn new(common: &Common, length: u64) -> Self {
        Self { bar: bar(common, length), merits: Mutex::default() }
    }
}

impl Watch for Display {
    fn iteration(&self, _: usize, merit: f64, overstep: f64) -> bool {
        if let Ok(mut merits) = self.merits.lock() {
            merits.push(merit);
            self.bar.set_position(merits.len() as u64);
            let over =
                if overstep > 0.05 { format!("  limits over by {}", print::number(overstep)) } else { String::new() };
            self.bar.set_message(format!("merit {}  {}{over}", print::number(merit), spark(&merits)));
        }
        !interrupt::asked()
    }
}

/// A row of bars: the logarithm of the merit from the first to the last.
fn spark(merits: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const WIDTH: usize = 40;
    let logs: Vec<f64> = merits.iter().filter(|m| m.is_finite() && **m > 0.0).map(|m| m.ln()).collect();
    let (lo, hi) = logs.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    let count = logs.len().min(WIDTH);
    let at = |i: usize| logs[i * (logs.len() - 1) / count.max(2).saturating_sub(1)];
    let bar = |v: f64| BARS[(((v - lo) / (hi - lo).max(1e-9)) * 7.0).round().clamp(0.0, 7.0) as usize];
    (0..count).map(|i| bar(at(i.min(logs.len() - 1)))).collect()
}

fn merit_plot(merits: &[f64], x: &str) -> Plot {
    let points = merits.iter().enumerate().map(|(i, m)| [i as f64, m.max(1e-300).log10()]).collect();
    Plot {
        title: "Merit".into(),
        x: x.into(),
        y: "log10 of the merit".into(),
        series: vec![Series { points, ..Series::default() }],
        ..Plot::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_merit_falls_from_tall_to_low_bars() {
        let text = spark(&[100.0, 10.0, 1.0]);
        assert_eq!(text.chars().next(), Some('█'));
        assert_eq!(text.chars().last(), Some('▁'));
        assert_eq!(spark(&(1..500).map(f64::from).collect::<Vec<_>>()).chars().count(), 40);
        assert_eq!(spark(&[]), "");
        assert_eq!(spark(&[1.0]).chars().count(), 1);
    }
}
