//! `calotype demo`: a burst taken by the simulated camera, developed, and measured against the truth.

mod comparison;
mod page;

use crate::args::{Common, DemoArgs};
use crate::clock::Clock;
use crate::failure::Failure;
use crate::out::Outcome;
use crate::progress::Display;
use crate::{raw_file, scene_light, target, twin};
use calotype::{Format, NoProgress, Photo, Recipe, Reference, Report, Task};
use calotype_lab::{Comparison, Picture};
use calotype_twin::{Camera, Request};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The looks that the burst is developed in; the first is that of the comparison.
const LOOKS: [&str; 2] = ["authentic", "vibrant"];
/// Everything a demonstration puts into its folder.
const NAMES: [&str; 7] =
    ["burst", "truth", "one-frame.jpg", "authentic.jpg", "vibrant.jpg", "comparison.jpg", "report.html"];

/// What was taken and made, and what was measured on it.
struct Proof {
    scene: String,
    lux: f64,
    size: (usize, usize),
    /// Time and speed of a frame, for people.
    exposure: String,
    report: Report,
    one: Comparison,
    all: Comparison,
    /// Seconds: the simulated camera, the photograph from the burst (DNG in to JPEG out), the same from one frame.
    seconds: [f64; 3],
}

/// Takes the burst, makes the photographs, and tells what was gained.
pub fn run(args: &DemoArgs, common: &Common) -> Result<Outcome, Failure> {
    check_target(&args.out, args.overwrite)?;
    let clock = Clock::start();
    // everything is made beside the folder, and put into it when it is whole
    let parent = match args.out.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    target::make_folder(parent)?;
    let making = tempfile::Builder::new().prefix(".calotype-demo-").tempdir_in(parent).map_err(|e| {
        Failure::new(format!("cannot write to {}", parent.display())).because(e).help("Choose another folder with -o.")
    })?;
    let made = making.path().join("demo");
    let (proof, shown) = make(args, common, &made)?;
    put(&made, &args.out)?;

    let path = |name: &str| args.out.join(name);
    let mut text = shown.clone();
    for (name, what) in [
        ("authentic.jpg", "the burst, as it was"),
        ("vibrant.jpg", "the burst, livelier"),
        ("one-frame.jpg", "its first frame alone"),
        ("comparison.jpg", "parts at 100 %: left one frame, right the burst"),
        ("report.html", "all of it on one page"),
        ("burst", "the raw frames: try `calotype develop` on them"),
        ("truth", "what was really there"),
    ] {
        text += &format!("\n  {:<32} {what}", path(name).display().to_string());
    }
    let mut json = json!({
        "output": args.out.display().to_string(),
        "files": NAMES.map(|n| path(n).display().to_string()),
        "scene": proof.scene,
        "lux": proof.lux,
        "one_frame": figures(&proof.one),
        "burst": figures(&proof.all),
        "gained_db": proof.all.all.psnr_db - proof.one.all.psnr_db,
        "seconds": { "camera": proof.seconds[0], "burst": proof.seconds[1], "one_frame": proof.seconds[2] },
        "report": proof.report.to_json(),
    });
    if common.timings {
        text += &format!("\n{}", clock.text().trim_end());
        json["timings"] = clock.json();
    }
    let mut warnings = proof.report.warnings.clone();
    if args.open {
        warnings.extend(open(&path("report.html")).err());
    }
    Ok(Outcome { warnings, ..Outcome::new(text, json) })
}

/// Makes everything in a folder that is not there yet; returns what was measured, and the same for people.
fn make(args: &DemoArgs, common: &Common, folder: &Path) -> Result<(Proof, String), Failure> {
    let request = Request {
        frames: args.frames.into(),
        lux: Some(args.light),
        size: Some(args.size),
        ..Request::new(&args.scene)
    };
    let camera = Camera::load("flagship").map_err(twin::failure)?;
    let clock = Clock::start();
    let (plan, mut shot) = twin::take(camera, &request, folder, false, common, "the camera: ")?;
    let camera_s = clock.total().as_secs_f64();
    let exposure = twin::exposure(&plan, &shot);
    shot.frames.clear();
    let truth = Picture::new("truth", "scene-linear", shot.light)?;

    let frames: Vec<PathBuf> = (0..request.frames).map(|k| folder.join(format!("burst/frame_{k:02}.dng"))).collect();
    let recipe = Recipe { reference: Reference::Index(0), ..Recipe::default() };
    let display = Display::new(common, "the engine: ");
    let photograph = |frames: &[PathBuf], look: &str, name: &str| -> Result<(Photo, f64), Failure> {
        let clock = Clock::start();
        let task = Task {
            format: Format::Jpeg,
            look: crate::look::load(look)?,
            lens: None,
            character: None,
            diagnostics: false,
        };
        let recipe = Recipe { look: look.into(), ..recipe.clone() };
        let photo = calotype::develop(raw_file::read_burst(frames, &display)?, &recipe, &task, &display)?;
        photo.write(&folder.join(name), false, &recipe.output, &display)?;
        Ok((photo, clock.total().as_secs_f64()))
    };
    let (all, burst_s) = photograph(&frames, LOOKS[0], "authentic.jpg")?;
    let (one, one_s) = photograph(&frames[..1], LOOKS[0], "one-frame.jpg")?;
    let sheet = comparison::sheet(&one, &all, &truth)?;
    sheet.write(&folder.join("comparison.jpg"), false, &comparison::output(&recipe), &NoProgress)?;
    let report = all.report;
    drop((one, sheet));
    photograph(&frames, LOOKS[1], "vibrant.jpg")?;

    // The truth is the light that fell on the sensor: no corrections of the lens's distortion.
    let linear = Recipe { lens: false, ..recipe };
    let measure = |frames: &[PathBuf]| -> Result<Comparison, Failure> {
        let picture = scene_light::light(frames, &linear, &display)?.0;
        scene_light::compare(&picture, &truth, None)
    };
    let (all, one) = (measure(&frames)?, measure(&frames[..1])?);
    display.clear();
    let (scene, lux, size) = (plan.scene.name, plan.scene.lux, plan.size);
    let proof = Proof { scene, lux, size, exposure, report, one, all, seconds: [camera_s, burst_s, one_s] };
    let page = page::html(&proof, folder)?;
    calotype::save_bytes(&folder.join("report.html"), page.as_bytes(), false)?;
    let text = summary(&proof);
    Ok((proof, text))
}

/// What was gained, in a few lines.
fn summary(p: &Proof) -> String {
    let gain = p.all.all.psnr_db - p.one.all.psnr_db;
    let mut text = format!(
        "{} at {} lx: {} frames of {}x{}, each {}; merged, they have the noise of {:.1}\n",
        p.scene,
        p.lux,
        p.report.frames.len(),
        p.size.0,
        p.size.1,
        p.exposure,
        p.report.effective_frames,
    );
    text += &format!(
        "against the truth: PSNR {:.1} dB (one frame {:.1}, gained {gain:+.1}), CIEDE2000 {:.2} ({:.2})",
        p.all.all.psnr_db, p.one.all.psnr_db, p.all.all.delta_e_mean, p.one.all.delta_e_mean
    );
    if let (Some(all), Some(one)) = (p.all.ssimulacra2, p.one.ssimulacra2) {
        text += &format!(", SSIMULACRA2 {all:.1} ({one:.1})");
    }
    text
}

fn figures(c: &Comparison) -> serde_json::Value {
    json!({
        "psnr_db": c.all.psnr_db,
        "ssimulacra2": c.ssimulacra2,
        "delta_e_mean": c.all.delta_e_mean,
        "ssim": c.ssim,
    })
}

/// Checks, before any work, that the folder may be filled: it is not there or empty, or holds an earlier demonstration that
/// may be replaced.
fn check_target(out: &Path, overwrite: bool) -> Result<(), Failure> {
    if out.symlink_metadata().is_err() {
        return Ok(());
    }
    let Ok(mut entries) = std::fs::read_dir(out) else {
        return Err(Failure::usage(format!("{} is no folder", out.display()))
            .help("The demonstration makes a folder: give -o its name, or leave -o out."));
    };
    if entries.next().is_none() || (overwrite && out.join("truth/truth.toml").is_file()) {
        return Ok(());
    }
    Err(Failure::new(format!("{} exists already", out.display())).help(
        "Choose another folder with -o, or add --overwrite: it replaces an earlier demonstration, and nothing else.",
    ))
}

/// Moves what was made into its folder, in the place of an earlier demonstration's.
fn put(made: &Path, out: &Path) -> Result<(), Failure> {
    target::make_folder(out)?;
    let replaced = made.with_file_name("replaced");
    target::make_folder(&replaced)?;
    for name in NAMES {
        let to = out.join(name);
        let failed = |e| Failure::new(format!("cannot write {}", to.display())).because(e);
        if to.symlink_metadata().is_ok() {
            std::fs::rename(&to, replaced.join(name)).map_err(failed)?;
        }
        std::fs::rename(made.join(name), &to).map_err(failed)?;
    }
    Ok(())
}

/// Shows a page with whatever the system shows pages with.
fn open(page: &Path) -> Result<(), String> {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = std::process::Command::new(program);
    if cfg!(windows) {
        command = std::process::Command::new("cmd");
        command.args(["/C", "start", ""]);
    }
    command.arg(page).spawn().map(drop).map_err(|e| format!("{} cannot be opened: {e}", page.display()))
}
