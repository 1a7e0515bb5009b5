//! Calotype on a burst beside public raw developers on one frame of it, one after the other in one run.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// What a run cost.
struct Cost {
    wall_s: f64,
    /// User and system time of all threads.
    cpu_s: f64,
    peak_mb: f64,
}

/// Runs every program that is there and prints a table for docs/reference/performance.md.
pub fn run(folder: &Path) -> ExitCode {
    let mut frames: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().filter_map(|e| Some(e.ok()?.path())).collect();
    frames.retain(|f| f.extension().is_some_and(|e| e.eq_ignore_ascii_case("dng")));
    frames.sort();
    let Some(first) = frames.first().cloned() else {
        eprintln!("no DNG files in {}", folder.display());
        return ExitCode::FAILURE;
    };
    let scratch = std::env::temp_dir().join(format!("calotype-bench-{}", std::process::id()));
    if let Err(e) = std::fs::create_dir_all(&scratch) {
        eprintln!("cannot make {}: {e}", scratch.display());
        return ExitCode::FAILURE;
    }
    let out = |name: &str| scratch.join(name);
    let calotype = std::env::current_exe()
        .ok()
        .and_then(|e| Some(e.parent()?.join("calotype")))
        .unwrap_or_else(|| "calotype".into());
    let mut rows: Vec<(String, Command)> = Vec::new();
    let mut ours = Command::new(calotype);
    ours.arg("develop").args(&frames).arg("-o").arg(out("calotype.jpg")).args(["--overwrite", "--quiet"]);
    rows.push((format!("calotype develop, {} frames", frames.len()), ours));
    let mut darktable = Command::new("darktable-cli");
    darktable.arg(&first).arg(out("darktable.jpg")).args(["--core", "--configdir"]).arg(out("darktable"));
    rows.push(("darktable-cli, 1 frame".into(), darktable));
    // With the profile a fresh installation opens raw files with (matched tone curve, capture sharpening, highlights), and bare:
    // little more than demosaic and colour.
    for (profile, words) in
        [(Some("-d"), "rawtherapee-cli, 1 frame"), (None, "rawtherapee-cli without a profile, 1 frame")]
    {
        let mut rawtherapee = Command::new("rawtherapee-cli");
        rawtherapee.env("RT_SETTINGS", out("settings")).env("RT_CACHE", out("cache"));
        rawtherapee.args(profile).args(["-Y", "-j92", "-o"]).arg(out("rawtherapee.jpg")).arg("-c").arg(&first);
        rows.push((words.into(), rawtherapee));
    }
    let mut dcraw = Command::new("dcraw_emu");
    // It writes beside its input, so it gets a copy.
    let copy = out("dcraw.dng");
    std::fs::copy(&first, &copy).ok();
    dcraw.args(["-w", "-q", "3", "-T"]).arg(&copy);
    rows.push(("dcraw_emu (AHD), 1 frame".into(), dcraw));

    println!("| program | processor s | wall s | peak memory MB |\n|---|---|---|---|");
    let mut failed = false;
    for (i, (name, command)) in rows.iter_mut().enumerate() {
        match measure(command) {
            Ok(c) => println!("| {name} | {:.2} | {:.2} | {:.0} |", c.cpu_s, c.wall_s, c.peak_mb),
            Err(e) => {
                println!("| {name} | not run: {e} | | |");
                failed |= i == 0;
            }
        }
    }
    std::fs::remove_dir_all(&scratch).ok();
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs a program. Its memory is watched in /proc; its processor time is what this process's children gained.
fn measure(command: &mut Command) -> Result<Cost, String> {
    let before = children_cpu_s().ok_or("there is no /proc here")?;
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|e| e.to_string())?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_mb = 0.0f64;
    let status = loop {
        if let Ok(text) = std::fs::read_to_string(&status_file) {
            let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
            let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0);
            peak_mb = peak_mb.max(kib * 1024.0 / 1e6);
        }
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let wall_s = start.elapsed().as_secs_f64();
    if !status.success() {
        return Err(format!("it ended with {status}"));
    }
    let cpu_s = children_cpu_s().ok_or("there is no /proc here")? - before;
    Ok(Cost { wall_s, cpu_s, peak_mb })
}

/// User and system time of children that have ended: fields 16 and 17 of /proc/self/stat, in 1/100 s (proc(5)).
fn children_cpu_s() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(13);
    Some((fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?) / 100.0)
}
