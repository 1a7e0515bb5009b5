//! What can be wrong with the input, and what the command says to it.
#![allow(clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn calotype(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_calotype")).args(args).output().expect("the command starts")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a readable path")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A burst of the demonstration, as files.
fn burst(folder: &Path, frames: u8) -> Vec<PathBuf> {
    let keep = folder.join("burst");
    let out = folder.join("demo.jpg");
    let made = calotype(&["demo", "-o", text(&out), "--frames", &frames.to_string(), "--keep", text(&keep), "-q"]);
    assert!(made.status.success(), "{}", stderr(&made));
    (0..frames).map(|i| keep.join(format!("demo_{i:02}.dng"))).collect()
}

fn expect(output: &Output, code: i32, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
}

/// Only these names are in the folder: nothing half-written was left.
fn only(folder: &Path, names: &[&str]) {
    let mut found: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, names);
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for args in
        [&["develop"][..], &["develop", "a.dng"], &["nonsense"], &["develop", "a.dng", "-o", "a.jpg", "--wb", "sunny"]]
    {
        assert_eq!(calotype(args).status.code(), Some(2), "{args:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.dng");
    std::fs::write(&file, b"x").unwrap();
    expect(&calotype(&["develop", text(&file), "-o", "a.gif"]), 2, &["cannot make a .gif", ".jpg"]);
}

#[test]
fn files_that_are_no_raw_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("note.dng"), folder.path().join("o.jpg"));
    std::fs::write(&file, b"this is no picture").unwrap();
    expect(&calotype(&["develop", text(&file), "-o", text(&out)]), 1, &["note.dng"]);
    std::fs::write(&file, b"").unwrap();
    expect(&calotype(&["develop", text(&file), "-o", text(&out)]), 1, &["empty"]);
    expect(&calotype(&["develop", text(&folder.path().join("no.dng")), "-o", text(&out)]), 1, &["does not exist"]);
    only(folder.path(), &["note.dng"]);
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    expect(&calotype(&["develop", text(&empty), "-o", text(&out)]), 1, &["no raw files"]);
}

#[test]
fn unreadable_frames_and_copies_are_left_out_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 3);
    let whole = std::fs::read(&frames[1]).unwrap();
    std::fs::write(&frames[1], &whole[..whole.len() / 2]).unwrap();
    let copy = folder.path().join("copy.dng");
    std::fs::copy(&frames[0], &copy).unwrap();
    let out = folder.path().join("merged.dng");
    let (a, b, c) = (text(&frames[0]), text(&frames[1]), text(&frames[2]));
    let merged = calotype(&["merge", a, b, c, text(&copy), "-o", text(&out), "--json"]);
    expect(&merged, 0, &["demo_01.dng was left out", "copy.dng was left out", "a copy of"]);
    let json: serde_json::Value = serde_json::from_slice(&merged.stdout).unwrap();
    assert_eq!(json["ok"], true);
    let used = |i: usize| json["report"]["frames"][i]["used"].clone();
    assert_eq!([used(0), used(1), used(2), used(3)], [true, false, true, false]);
}

#[test]
fn frames_of_different_sizes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    let Some(other) = ["CALOTYPE_DATA"].iter().find_map(std::env::var_os).map(PathBuf::from) else {
        eprintln!("SKIPPED: CALOTYPE_DATA is not set");
        return;
    };
    let other = other.join("colorchecker-raw/colorchart.dng");
    let out = folder.path().join("o.jpg");
    let mixed = calotype(&["develop", text(&frames[0]), text(&other), "-o", text(&out)]);
    expect(&mixed, 1, &["do not belong together", "colorchart.dng"]);
    assert!(!out.exists());
}

#[test]
fn existing_and_unwritable_outputs_are_refused_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    let out = folder.path().join("mine.jpg");
    std::fs::write(&out, b"mine").unwrap();
    expect(&calotype(&["develop", text(&frames[0]), "-o", text(&out)]), 1, &["exists already", "--overwrite"]);
    assert_eq!(std::fs::read(&out).unwrap(), b"mine");
    expect(&calotype(&["develop", text(&frames[0]), "-o", text(&out.join("x.jpg"))]), 1, &["cannot write"]);
    assert!(calotype(&["develop", text(&frames[0]), "-o", text(&out), "--overwrite", "-q"]).status.success());
    assert_eq!(&std::fs::read(&out).unwrap()[..2], [0xFF, 0xD8]);
}

#[test]
fn folders_go_on_after_a_failure_and_make_only_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    burst(folder.path(), 2);
    std::fs::write(folder.path().join("burst/broken.dng"), b"no").unwrap();
    let (input, out) = (folder.path().join("burst"), folder.path().join("out/"));
    let run = || calotype(&["develop", text(&input), "-o", &format!("{}/", text(&out)), "--json"]);
    let counts = |o: &Output| {
        let json: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
        [json["done"].as_u64(), json["skipped"].as_u64(), json["failed"].as_u64()].map(Option::unwrap)
    };
    let first = run();
    expect(&first, 1, &["broken.dng"]);
    assert_eq!(counts(&first), [1, 0, 1]);
    only(&out, &["demo_00.jpg"]);
    assert_eq!(counts(&run()), [0, 1, 1]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said() {
    if !Path::new("/dev/full").exists() {
        eprintln!("SKIPPED: there is no /dev/full");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    let link = folder.path().join("full.jpg");
    std::os::unix::fs::symlink("/dev/full", &link).unwrap();
    expect(&calotype(&["develop", text(&frames[0]), "-o", text(&link), "--overwrite"]), 1, &["cannot write"]);
}
