//! `calotype twin sweep`: bursts over a grid.

use super::{More, describe, failure, lux, room, take};
use crate::args::Common;
use crate::failure::Failure;
use crate::out::{self, Outcome};
use calotype_twin::{check_target, size_on_disk};
use clap::Args;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Bytes beyond which a sweep wants to be confirmed.
const ASK_FROM: u64 = 1_000_000_000;

/// `twin sweep`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype twin sweep chart leaves --light 1lx,10lx,100lx --size 1024x768 -o out/light
  calotype twin sweep street --camera flagship,main,budget --frames 1,4,8,16 --motion tripod,hand -o out/night --yes

Every burst gets a folder of its own; those that are there already are left as they are, so that a sweep goes on where it
was stopped. sweep.toml lists them all.")]
pub(super) struct SweepArgs {
    /// Scenes built in, or pictures.
    #[arg(required = true, value_name = "SCENE")]
    scenes: Vec<String>,
    /// The folder to make.
    #[arg(short, long = "output", value_name = "DIR")]
    out: PathBuf,
    /// Cameras built in, or camera files.
    #[arg(long, value_name = "NAME|FILE,…", value_delimiter = ',', default_value = "flagship")]
    camera: Vec<String>,
    /// Frame counts.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "8")]
    frames: Vec<usize>,
    /// Illuminances, like 1lx,10lx; what is usual for each scene when left out.
    #[arg(long, value_name = "LUX,…", value_delimiter = ',', value_parser = lux)]
    light: Vec<f64>,
    /// Ways to hold the camera.
    #[arg(long, value_name = "HOW,…", value_delimiter = ',', default_value = "hand")]
    motion: Vec<String>,
    /// Do it, however much it writes.
    #[arg(long)]
    yes: bool,
    /// Choices that all bursts share.
    #[command(flatten)]
    more: More,
}

struct Point {
    scene: String,
    camera: String,
    lux: Option<f64>,
    frames: usize,
    grip: String,
}

impl Point {
    /// The name of its folder.
    fn name(&self) -> String {
        let stem = |text: &str| Path::new(text).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let light = self.lux.map_or("usual-light".into(), |l| format!("{l}lx"));
        format!("{}-{}-{light}-{}f-{}", stem(&self.scene), stem(&self.camera), self.frames, self.grip)
    }
}

/// Takes all bursts of the grid.
pub(super) fn run(args: &SweepArgs, common: &Common) -> Result<Outcome, Failure> {
    let points = grid(args);
    let mut bytes = 0u64;
    let mut folders = HashMap::new();
    // everything is checked before anything is made
    for point in &points {
        if let Some(other) = folders.insert(point.name(), point) {
            return Err(Failure::usage(format!(
                "two bursts of this sweep would be called {}: {} by {}, and {} by {}",
                point.name(),
                other.scene,
                other.camera,
                point.scene,
                point.camera
            ))
            .help("Name each scene, camera and value once; files need different names."));
        }
        let camera = args.more.camera(&point.camera).map_err(failure)?;
        let request = args.more.request(&point.scene, point.frames, point.lux, &point.grip);
        request.check(&camera).map_err(failure)?;
        let (w, h) = request.size.unwrap_or((camera.sensor.width, camera.sensor.height));
        if args.more.overwrite || !is_done(&args.out.join(point.name())) {
            bytes = bytes.saturating_add(size_on_disk(w, h, point.frames));
        }
        if args.more.overwrite || !is_done(&args.out.join(point.name())) {
            check_target(&args.out.join(point.name()), args.more.overwrite).map_err(failure)?;
        }
    }
    if bytes > ASK_FROM && !args.yes {
        return Err(Failure::usage(format!(
            "this sweep makes {} bursts and writes about {:.1} GB to {}",
            points.len(),
            bytes as f64 / 1e9,
            args.out.display()
        ))
        .help("Add --yes if that is what you want; --size 1024x768 makes small ones."));
    }
    room(&args.out, bytes)?;
    std::fs::create_dir_all(&args.out)
        .map_err(|e| Failure::new(format!("cannot make the folder {}", args.out.display())).because(e))?;
    let mut list = Vec::new();
    let mut table = String::from("schema = \"twin-sweep/1\"\n");
    for (i, point) in points.iter().enumerate() {
        let name = point.name();
        let folder = args.out.join(&name);
        let state = if is_done(&folder) && !args.more.overwrite {
            list.push(json!({ "output": folder.display().to_string(), "skipped": true }));
            "there already"
        } else {
            let camera = args.more.camera(&point.camera).map_err(failure)?;
            let request = args.more.request(&point.scene, point.frames, point.lux, &point.grip);
            let title = format!("{}/{}", i + 1, points.len());
            let (plan, shot) = take(camera, &request, &folder, args.more.overwrite, common, &title)?;
            list.push(describe(&plan, &shot, &folder));
            "made"
        };
        if !common.quiet && !common.json {
            out::line(&format!("{}: {state}", folder.display()));
        }
        let text = |t: &str| Value::String(t.into()).to_string();
        table += &format!("\n[[burst]]\nfolder = {}\nscene = {}\n", text(&name), text(&point.scene));
        table += &format!("camera = {}\nframes = {}\n", text(&point.camera), point.frames);
        table += &format!("motion = {}\n", text(&point.grip));
        table += &point.lux.map_or(String::new(), |l| format!("lux = {l:?}\n"));
    }
    calotype::save_bytes(&args.out.join("sweep.toml"), table.as_bytes(), true)?;
    let text = format!("{}: {} bursts", args.out.display(), points.len());
    Ok(Outcome::new(text, json!({ "output": args.out.display().to_string(), "bursts": list })))
}

fn grid(args: &SweepArgs) -> Vec<Point> {
    let lights: Vec<Option<f64>> =
        if args.light.is_empty() { vec![None] } else { args.light.iter().copied().map(Some).collect() };
    let mut points = Vec::new();
    for scene in &args.scenes {
        for camera in &args.camera {
            for lux in &lights {
                for frames in &args.frames {
                    for grip in &args.motion {
                        points.push(Point {
                            scene: scene.clone(),
                            camera: camera.clone(),
                            lux: *lux,
                            frames: *frames,
                            grip: grip.clone(),
                        });
                    }
                }
            }
        }
    }
    points
}

/// True for a folder that a burst was written to.
fn is_done(folder: &Path) -> bool {
    folder.join("truth/truth.toml").is_file()
}
