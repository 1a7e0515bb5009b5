//! No room for the result.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr)]

mod terminal;

use std::path::{Path, PathBuf};
use std::process::Command;
use terminal::{burst, calotype, expect, json, only, text};

/// A disk of 64 kilobytes, taken away at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with a note, where this user may not mount one.
    fn mount(folder: &Path) -> Option<Self> {
        let path = folder.join("disk");
        std::fs::create_dir(&path).unwrap();
        let args = ["-t", "tmpfs", "-o", "size=64k", "none", text(&path)];
        match Command::new("mount").args(args).output() {
            Ok(output) if output.status.success() => Some(Self(path)),
            _ => {
                eprintln!("SKIPPED: this user may not mount a small disk");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_said_and_costs_nothing_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    let words = ["disk is full", "make room", "Nothing was left behind"];
    for (command, name) in [("develop", "a.jpg"), ("develop", "a.tif"), ("merge", "a.dng"), ("develop", "a.exr")] {
        let out = disk.0.join(name);
        expect(&calotype(&[command, text(&frames[0]), "-o", text(&out)]), 1, &words);
        only(&disk.0, &[]);
        std::fs::write(&out, b"mine").unwrap();
        let output = calotype(&[command, text(&frames[0]), "-o", text(&out), "--overwrite", "--json"]);
        expect(&output, 1, &words);
        assert!(json(&output)["error"]["remedy"].as_str().unwrap().contains("disk is full"));
        assert_eq!(std::fs::read(&out).unwrap(), b"mine");
        std::fs::remove_file(&out).unwrap();
    }
    // a folder run says it for the burst, and counts it
    let output = calotype(&["develop", text(&folder.path().join("burst")), "-o", text(&disk.0), "--json"]);
    expect(&output, 1, &words);
    assert_eq!(json(&output)["failed"], 1);
    only(&disk.0, &[]);
}

#[test]
fn a_device_without_room_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    let link = folder.path().join("full.jpg");
    std::os::unix::fs::symlink("/dev/full", &link).unwrap();
    let output = calotype(&["develop", text(&frames[0]), "-o", text(&link), "--overwrite"]);
    expect(&output, 1, &["cannot be written", "full.jpg", "disk is full"]);
}
