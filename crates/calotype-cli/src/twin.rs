//! `calotype twin`: a simulated camera with ground truth.

mod sweep;

use crate::args::Common;
use crate::failure::Failure;
use crate::interrupt;
use crate::out::Outcome;
use calotype_twin::{
    Camera, Choice, DepthMap, GRIPS, ILLUMINANTS, Lens, Plan, Request, SCENE_FILE, SCENES, Sensor, Shot, TwinError,
    check_target, size_on_disk, write_requested,
};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// `twin`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype twin list
  calotype twin shoot valley -o out/valley
  calotype twin shoot street --camera main --frames 8 --light 3lx -o out/street
  calotype twin show sensor one-inch > mine.toml         change it, then: --sensor mine.toml
  calotype twin show scene example > scene.toml          a picture with moving things, then: twin shoot scene.toml
  calotype twin sweep chart --light 1lx,10lx,100lx --frames 4,8 --size 1024x768 -o out/sweep

A burst is a folder: burst/frame_NN.dng, and truth/ with the clean mosaic, the clean picture, motion, depth, and
truth.toml. docs/explanation/twin.md tells what is simulated and what is not.")]
pub struct TwinArgs {
    /// What to do.
    #[command(subcommand)]
    command: TwinCommand,
}

/// The parts of `twin`.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // parsed once
enum TwinCommand {
    /// Take a burst of a scene.
    Shoot(ShootArgs),
    /// List scenes, cameras, sensors, lenses, lights and ways to hold a camera.
    List,
    /// Print a built-in camera, sensor or lens as a file, or an example of a scene file, to start one's own from.
    Show {
        /// What kind of thing.
        kind: Kind,
        /// Its name; for a scene it is `example`.
        name: String,
    },
    /// Take bursts over a grid of cameras, light levels, frame counts and motions.
    Sweep(sweep::SweepArgs),
}

/// What `twin show` prints.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// A camera: a sensor, a lens, and their stabilisation.
    Camera,
    /// A sensor.
    Sensor,
    /// A lens.
    Lens,
    /// A scene file: a picture with things that move before it.
    Scene,
}

/// `twin shoot`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype twin shoot valley -o out/valley                     then: calotype develop out/valley/burst/*.dng -o valley.jpg
  calotype twin shoot chart --illuminant A --motion tripod --frames 1 -o out/chart-a
  calotype twin shoot interior --bracket 0,-3,2 --frames 6 -o out/bracket
  calotype twin shoot picture.exr --light 5lx --seed 7 -o out/mine
  calotype twin shoot flat --iso 800 --shutter 1/50 --size 512x384 -o out/flat")]
struct ShootArgs {
    /// A scene built in (see `twin list`), a picture: .exr, .hdr (scene-linear), .jpg, .png (approximate), or a scene file
    /// (.toml): a picture with things that move before it.
    scene: String,
    /// The folder to make.
    #[arg(short, long = "output", value_name = "DIR")]
    out: PathBuf,
    /// A camera built in, or a camera file.
    #[arg(long, value_name = "NAME|FILE", default_value = "flagship")]
    camera: String,
    /// Distances of a picture: an .exr of metres, or with --depth-range a map of inverse depth (.exr, 16-bit .png).
    #[arg(long, value_name = "FILE")]
    depth: Option<PathBuf>,
    /// Nearest and farthest distance of a map of inverse depth, like 1.5m,20m: white is near, black is far.
    #[arg(long, value_name = "NEAR,FAR", value_delimiter = ',', num_args = 1, value_parser = metres, requires = "depth")]
    depth_range: Vec<f64>,
    /// Number of frames, 1 to 256.
    #[arg(long, value_name = "N", default_value_t = 8)]
    frames: usize,
    /// Illuminance on the scene, like 10lx; what is usual for the scene when left out.
    #[arg(long, value_name = "LUX", value_parser = lux)]
    light: Option<f64>,
    /// How the camera is held.
    #[arg(long, value_name = "HOW", default_value = "hand")]
    motion: String,
    /// Choices that most bursts share.
    #[command(flatten)]
    more: More,
}

/// Choices that `shoot` and `sweep` share.
#[derive(Clone, Debug, Args)]
struct More {
    /// Another sensor: built in, or a sensor file.
    #[arg(long, value_name = "NAME|FILE")]
    sensor: Option<String>,
    /// Another lens: built in, or a lens file of tables (.toml) or a prescription (.toml, .json, .zmx, .seq).
    #[arg(long, value_name = "NAME|FILE")]
    lens: Option<String>,
    /// The light: built in, or a spectrum file of wavelengths in nm and powers.
    #[arg(long, value_name = "NAME|FILE")]
    illuminant: Option<String>,
    /// Exposure time, like 1/60 or 0.5; metered when left out.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    shutter: Option<f64>,
    /// ISO speed; metered when left out.
    #[arg(long, value_name = "ISO")]
    iso: Option<f64>,
    /// Brighter or darker than metered, in stops.
    #[arg(long, value_name = "STOPS", default_value_t = 0.0, allow_negative_numbers = true)]
    ev: f64,
    /// Stops of the frames in turn, like 0,-2,2.
    #[arg(long, value_name = "STOPS,…", value_delimiter = ',', allow_negative_numbers = true)]
    bracket: Vec<f64>,
    /// Distance in focus in metres; the nearest subject when left out.
    #[arg(long, value_name = "METRES", value_parser = metres)]
    focus: Option<f64>,
    /// Pixels, like 1024x768, by a camera scaled down; all of the sensor when left out.
    #[arg(long, value_name = "WxH", value_parser = size)]
    size: Option<(usize, usize)>,
    /// Seed of everything random in scene, hand and noise.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Which copy of the sensor: its defective photosites.
    #[arg(long, value_name = "N", default_value_t = 1)]
    unit: u64,
    /// The frame whose truth is kept, counted from 0.
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    reference: usize,
    /// Nothing in the scene moves.
    #[arg(long)]
    still: bool,
    /// Leave shading, distortion and lateral colour undescribed in the files.
    #[arg(long)]
    no_corrections: bool,
    /// Replace bursts that exist.
    #[arg(long)]
    overwrite: bool,
}

impl More {
    fn camera(&self, name: &str) -> Result<Camera, TwinError> {
        let mut camera = Camera::load(name)?;
        if let Some(sensor) = &self.sensor {
            camera = camera.with_sensor(sensor)?;
        }
        if let Some(lens) = &self.lens {
            camera = camera.with_lens(lens)?;
        }
        Ok(camera)
    }

    fn request(&self, scene: &str, frames: usize, lux: Option<f64>, grip: &str) -> Request {
        Request {
            frames,
            lux,
            illuminant: self.illuminant.clone(),
            exposure: Choice { shutter_s: self.shutter, iso: self.iso, ev: self.ev },
            bracket: self.bracket.clone(),
            grip: grip.into(),
            size: self.size,
            focus_m: self.focus,
            seed: self.seed,
            unit: self.unit,
            reference: self.reference,
            still: self.still,
            corrections: !self.no_corrections,
            ..Request::new(scene)
        }
    }
}

fn number(text: &str, units: &[&str]) -> Option<f64> {
    let text = text.trim();
    let text = units.iter().find_map(|u| text.strip_suffix(u)).unwrap_or(text).trim();
    let value = match text.split_once('/') {
        Some((a, b)) => a.trim().parse::<f64>().ok()? / b.trim().parse::<f64>().ok()?,
        None => text.parse().ok()?,
    };
    (value.is_finite() && value > 0.0).then_some(value)
}

/// An illuminance like 10lx.
pub fn lux(text: &str) -> Result<f64, String> {
    number(text, &["lx", "lux"]).ok_or_else(|| "an illuminance like 10lx".into())
}

fn seconds(text: &str) -> Result<f64, String> {
    number(text, &["s"]).ok_or_else(|| "a time in seconds like 1/60 or 0.5".into())
}

fn metres(text: &str) -> Result<f64, String> {
    number(text, &["m"]).ok_or_else(|| "a distance in metres like 1.5".into())
}

/// A size in pixels like 1024x768.
pub fn size(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('x').map(|(w, h)| (w.parse(), h.parse()));
    match parts {
        Some((Ok(w), Ok(h))) if w > 0 && h > 0 => Ok((w, h)),
        _ => Err("a size in pixels like 1024x768".into()),
    }
}

/// Does what was asked for.
pub fn run(args: &TwinArgs, common: &Common) -> Result<Outcome, Failure> {
    match &args.command {
        TwinCommand::Shoot(shoot) => {
            let camera = shoot.more.camera(&shoot.camera).map_err(failure)?;
            let range_m = match shoot.depth_range[..] {
                [] => None,
                [near, far] => Some((near, far)),
                _ => return Err(Failure::usage("--depth-range takes two distances, like 1.5m,20m")),
            };
            let depth = shoot.depth.clone().map(|path| DepthMap { path, range_m });
            let request = shoot.more.request(&shoot.scene, shoot.frames, shoot.light, &shoot.motion);
            let request = Request { depth, ..request };
            let (plan, shot) = take(camera, &request, &shoot.out, shoot.more.overwrite, common, "")?;
            Ok(outcome(&plan, &shot, &shoot.out))
        }
        TwinCommand::List => Ok(list()),
        TwinCommand::Show { kind, name } => show(*kind, name),
        TwinCommand::Sweep(args) => sweep::run(args, common),
    }
}

/// Checks that the disk has room for so many bytes.
fn room(out: &Path, bytes: u64) -> Result<(), Failure> {
    let Some(free) = free_bytes(out) else { return Ok(()) };
    if bytes <= free {
        return Ok(());
    }
    let giga = |b: u64| b as f64 / 1e9;
    let text =
        format!("{} needs about {:.1} GB, and its disk has {:.1} GB left", out.display(), giga(bytes), giga(free));
    Err(Failure::new(text).help("Make room, choose another disk, or --size 1024x768 and fewer --frames."))
}

/// What the disk of a folder, or of the nearest folder above it that exists, has left; `None` where that cannot be known.
#[cfg(unix)]
fn free_bytes(path: &Path) -> Option<u64> {
    let path = std::path::absolute(path).ok()?;
    let there = path.ancestors().find(|p| p.is_dir())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// Takes a burst and writes it.
pub fn take(
    camera: Camera,
    request: &Request,
    out: &Path,
    overwrite: bool,
    common: &Common,
    title: &str,
) -> Result<(Plan, Shot), Failure> {
    check_target(out, overwrite).map_err(failure)?;
    let (w, h) = request.size.unwrap_or((camera.sensor.width, camera.sensor.height));
    room(out, size_on_disk(w, h, request.frames))?;
    let target = if common.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(1000), target);
    if let Ok(style) = ProgressStyle::with_template("{prefix}{msg:<10} {bar:30.cyan/blue} {percent:>3} %  {elapsed}") {
        bar.set_style(style);
    }
    if !title.is_empty() {
        bar.set_prefix(format!("{title}  "));
    }
    bar.set_message("setting up");
    let plan = request.plan(camera).map_err(failure)?;
    bar.set_message("shooting");
    let watch = |done: f32| {
        bar.set_position((done * 1000.0) as u64);
        !interrupt::asked()
    };
    let shot = plan.shoot(&watch).map_err(failure)?;
    bar.set_message("writing");
    write_requested(&plan, &shot, Some(request), out, overwrite).map_err(failure)?;
    bar.finish_and_clear();
    Ok((plan, shot))
}

fn outcome(plan: &Plan, shot: &Shot, out: &Path) -> Outcome {
    let text = format!(
        "{}: {} frames of {}x{}, {} by {}, {}",
        out.display(),
        shot.frames.len(),
        plan.size.0,
        plan.size.1,
        plan.scene.name,
        plan.camera.name,
        exposure(plan, shot)
    );
    let mut warnings = Vec::new();
    if plan.scene.approximate {
        warnings.push(format!(
            "{} is a display picture: its curve was undone, but its light is an estimate; scene-linear .exr is exact",
            plan.scene.name
        ));
    }
    Outcome { warnings, ..Outcome::new(text, describe(plan, shot, out)) }
}

/// How the reference was exposed, for people: "1/8 s at ISO 1600".
pub fn exposure(plan: &Plan, shot: &Shot) -> String {
    let e = &shot.times[plan.reference].exposure;
    match e.shutter_s < 0.4 {
        true => format!("1/{:.0} s at ISO {:.0}", 1.0 / e.shutter_s, e.iso),
        false => format!("{:.1} s at ISO {:.0}", e.shutter_s, e.iso),
    }
}

/// A burst for programs.
fn describe(plan: &Plan, shot: &Shot, out: &Path) -> Value {
    let frames: Vec<Value> = shot
        .times
        .iter()
        .enumerate()
        .map(|(k, t)| {
            json!({
                "file": out.join(format!("burst/frame_{k:02}.dng")).display().to_string(),
                "start_s": t.start_s, "exposure_s": t.exposure.shutter_s, "iso": t.exposure.iso, "ev": t.ev,
            })
        })
        .collect();
    json!({
        "output": out.display().to_string(),
        "scene": plan.scene.name,
        "camera": plan.camera.name,
        "width": plan.size.0,
        "height": plan.size.1,
        "lux": plan.scene.lux,
        "illuminant": plan.scene.white.name,
        "approximate": plan.scene.approximate,
        "cd_m2_at_1": shot.cd_m2_at_1,
        "frames": frames,
    })
}

fn list() -> Outcome {
    let mut text = String::new();
    let mut map = serde_json::Map::new();
    let mut section = |title: &str, key: &str, items: Vec<(String, String)>| {
        let width = items.iter().map(|i| i.0.len()).max().unwrap_or(0);
        text += &format!("{title}:\n");
        for (name, description) in &items {
            text += &format!("  {name:<width$}  {description}\n");
        }
        text += "\n";
        let items = items.iter().map(|(n, d)| json!({ "name": n, "description": d })).collect::<Vec<_>>();
        map.insert(key.into(), Value::Array(items));
    };
    let owned = |v: Vec<(&'static str, String)>| v.into_iter().map(|(n, d)| (n.to_owned(), d)).collect::<Vec<_>>();
    let scene =
        |e: &calotype_twin::Entry| (e.name.to_owned(), format!("{} ({}, {} lx)", e.description, e.light.0, e.light.1));
    section("Scenes (with their usual light)", "scenes", SCENES.iter().map(scene).collect());
    section("Cameras", "cameras", owned(Camera::builtin_names()));
    section("Sensors", "sensors", owned(Sensor::builtin_names()));
    let mut lenses = owned(Lens::builtin_names());
    lenses.extend(owned(calotype_optics::built_in_lenses()));
    section("Lenses", "lenses", lenses);
    let lights = ILLUMINANTS.iter().map(|(n, d)| (n.to_string(), d.to_string())).collect();
    section("Illuminants", "illuminants", lights);
    section("Motions", "motions", GRIPS.iter().map(|g| (g.0.to_string(), g.1.to_string())).collect());
    Outcome { is_result: true, ..Outcome::new(text, Value::Object(map)) }
}

fn show(kind: Kind, name: &str) -> Result<Outcome, Failure> {
    let (what, text, known) = match kind {
        Kind::Camera => ("camera", Camera::builtin_text(name), Camera::builtin_names()),
        Kind::Sensor => ("sensor", Sensor::builtin_text(name), Sensor::builtin_names()),
        Kind::Lens => {
            let text = Lens::builtin_text(name).or_else(|| calotype_optics::built_in_text(name));
            let mut known = Lens::builtin_names();
            known.extend(calotype_optics::built_in_lenses());
            ("lens", text, known)
        }
        Kind::Scene => ("scene file", (name == "example").then_some(SCENE_FILE), vec![("example", String::new())]),
    };
    let Some(text) = text else {
        let known = known.iter().map(|k| k.0).collect::<Vec<_>>().join(", ");
        return Err(Failure::usage(format!("there is no {what} called {name}")).help(format!("Use one of {known}.")));
    };
    Ok(Outcome { is_result: true, ..Outcome::new(text, json!({ "kind": what, "name": name, "toml": text })) })
}

/// The twin's errors, with their remedies.
pub fn failure(error: TwinError) -> Failure {
    let usage = match &error {
        TwinError::UnknownName { .. } => true,
        TwinError::BadValue { file, .. } => file == "options",
        _ => false,
    };
    let help = match &error {
        TwinError::UnknownName { .. } => Some("`calotype twin list` shows what there is."),
        TwinError::UnknownKey { .. } | TwinError::Toml { .. } => Some(
            "`calotype twin show camera|sensor|lens NAME` and `twin show scene example` print complete files with every key explained.",
        ),
        TwinError::Exists { .. } => {
            Some("Choose another folder, or add --overwrite: it replaces bursts made here, and nothing else.")
        }
        _ => None,
    };
    let text = error.to_string().replace("; choose another name, or ask for it to be replaced", "");
    let failure = if usage { Failure::usage(text) } else { Failure::new(text) };
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_have_units() {
        assert_eq!((lux("10lx"), lux("0.5"), seconds("1/50"), seconds("2s")), (Ok(10.0), Ok(0.5), Ok(0.02), Ok(2.0)));
        assert_eq!((metres("1.5m"), size("640x480")), (Ok(1.5), Ok((640, 480))));
        for wrong in ["", "-1lx", "nan", "lots", "1/0"] {
            assert!(lux(wrong).is_err(), "{wrong}");
        }
        assert!(size("640").is_err() && size("0x3").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_would_fill_the_disk_is_refused() {
        let here = std::env::temp_dir().join("not/there/yet");
        assert!(free_bytes(&here).is_some_and(|b| b > 0));
        assert!(room(&here, 1).is_ok() && room(&here, u64::MAX).is_err());
    }
}
