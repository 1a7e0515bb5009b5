//! Stopping in the middle, and going on later.
#![cfg(unix)]

mod terminal;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use terminal::{burst, command, expect, json, only, text};

const BURSTS: usize = 6;

/// A folder with as many bursts as it has folders.
fn several(folder: &Path) -> PathBuf {
    let frames = burst(folder, 4);
    let all = folder.join("all");
    for i in 0..BURSTS {
        let one = all.join(format!("day{i}"));
        std::fs::create_dir_all(&one).unwrap();
        for frame in &frames {
            std::fs::copy(frame, one.join(frame.file_name().unwrap())).unwrap();
        }
    }
    all
}

fn start(input: &Path, out: &Path) -> Child {
    let args = ["develop", text(input), "-o", text(out), "--json", "--threads", "1"];
    command().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts")
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.expect("kill").success());
}

/// Waits until a process that was just started listens for signals, which it does before it works; a fixed time would be
/// too short or too long on a busy machine.
fn await_listening(child: &Child) {
    const TERM: u32 = 15;
    let started = Instant::now();
    while let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", child.id())) {
        // one that has ended catches none any more
        if is_among(&status, "SigCgt:", TERM) || status.contains("State:\tZ") {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "it does not listen");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(20));
}

/// True where a mask of signals in a process's status has one (proc(5)).
fn is_among(status: &str, mask: &str, signal: u32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix(mask));
    mask.and_then(|m| u64::from_str_radix(m.trim(), 16).ok()).is_some_and(|m| m >> (signal - 1) & 1 == 1)
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn whole(file: &Path) -> bool {
    let bytes = std::fs::read(file).unwrap();
    bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9])
}

#[test]
fn what_is_interrupted_leaves_no_partial_file_and_is_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (several(folder.path()), folder.path().join("out"));
    for name in ["INT", "TERM"] {
        let before = files(&out).len();
        let child = start(&input, &out);
        let started = Instant::now();
        while files(&out).iter().filter(|f| f.extension().is_some_and(|e| e == "jpg")).count() <= before {
            assert!(started.elapsed() < Duration::from_secs(60), "no photograph after a minute");
            std::thread::sleep(Duration::from_millis(2));
        }
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        expect(&output, 1, &[]);
        let said = json(&output);
        assert_eq!((said["interrupted"].as_bool(), said["ok"].as_bool()), (Some(true), Some(false)), "{said}");
        let made = files(&out);
        assert!(made.len() > before && made.len() < BURSTS, "{made:?}");
        assert!(made.iter().all(|f| whole(f)), "{made:?}");
    }
    let stamps: Vec<_> = files(&out).iter().map(|f| f.metadata().unwrap().modified().unwrap()).collect();
    let output = start(&input, &out).wait_with_output().unwrap();
    expect(&output, 0, &[]);
    let said = json(&output);
    assert_eq!(said["skipped"], stamps.len());
    assert_eq!(said["done"], BURSTS - stamps.len());
    let after = files(&out);
    assert_eq!(after.len(), BURSTS);
    let kept: Vec<_> = after[..stamps.len()].iter().map(|f| f.metadata().unwrap().modified().unwrap()).collect();
    assert_eq!(kept, stamps, "what was there was not touched");
}

#[test]
#[cfg(target_os = "linux")]
#[allow(clippy::print_stderr, reason = "says why it skips")]
fn a_terminal_that_goes_away_stops_the_work_unless_nohup_says_otherwise() {
    const HUP: u32 = 1;
    // what these tests run under is handed down to what they start, and a shell cannot take it back
    let under_nohup = is_among(&std::fs::read_to_string("/proc/self/status").unwrap(), "SigIgn:", HUP);
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 8);
    for (launcher, code) in [("exec", 1), ("trap '' HUP; exec", 0)] {
        if under_nohup && code == 1 {
            eprintln!("skipped: the tests run under nohup");
            continue;
        }
        let out = folder.path().join(format!("{code}.tif"));
        let script = format!("{launcher} \"$@\"");
        let mut args = vec!["-c", &script, "sh", env!("CARGO_BIN_EXE_calotype"), "develop"];
        args.extend(frames.iter().map(|f| text(f)));
        args.extend(["-o", text(&out), "--threads", "1", "-q"]);
        let child = Command::new("sh").args(args).stderr(Stdio::piped()).spawn().unwrap();
        await_listening(&child);
        signal(&child, "HUP");
        expect(&child.wait_with_output().unwrap(), code, &[]);
        assert_eq!(out.exists(), code == 0);
    }
}

#[test]
fn one_burst_that_is_interrupted_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 8);
    let out = folder.path().join("out.tif");
    let mut args = vec!["develop"];
    args.extend(frames.iter().map(|f| text(f)));
    args.extend(["-o", text(&out), "--threads", "1", "--json"]);
    let child = command().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    await_listening(&child);
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    expect(&output, 1, &["interrupted", "Nothing was left behind"]);
    assert_eq!(json(&output)["error"]["message"], "interrupted");
    only(folder.path(), &["burst"]);
}
