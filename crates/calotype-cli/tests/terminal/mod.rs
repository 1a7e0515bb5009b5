//! The command as a user runs it, and files to run it on.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The command, to be given arguments.
pub fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_calotype"))
}

/// Runs the command to its end.
pub fn calotype(args: &[&str]) -> Output {
    command().args(args).output().expect("the command starts")
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a readable path")
}

/// What was said on standard error, with line breaks as spaces.
pub fn stderr(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    said.replace(['│', '╰', '─', '▶'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The one JSON object on standard output.
#[track_caller]
pub fn json(output: &Output) -> serde_json::Value {
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim().lines().count(), 1, "one object and nothing else: {said}");
    serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"))
}

/// The exit code, and words that must be on standard error. A panic is never an answer.
#[track_caller]
pub fn expect(output: &Output, code: i32, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        // long paths are broken anywhere
        assert!(said.replace(' ', "").contains(&word.replace(' ', "")), "`{word}` is not in: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

/// Only these names are in the folder: nothing half-written was left.
#[track_caller]
pub fn only(folder: &Path, names: &[&str]) {
    let mut found: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, names);
}

/// A burst of the simulated camera, as files in the folder `burst`.
pub fn burst(folder: &Path, frames: u8) -> Vec<PathBuf> {
    let (shot, kept) = (folder.join("shot"), folder.join("burst"));
    let frames_text = frames.to_string();
    let size = ["--size", "544x416", "--light", "20lx", "--camera", "main"];
    let shoot = ["twin", "shoot", "leaves", "-o", text(&shot), "--frames", &frames_text, "-q"];
    let made = calotype(&[&shoot[..], &size].concat());
    assert!(made.status.success(), "{}", stderr(&made));
    std::fs::rename(shot.join("burst"), &kept).unwrap();
    std::fs::remove_dir_all(shot).unwrap();
    (0..frames).map(|i| kept.join(format!("frame_{i:02}.dng"))).collect()
}

/// A DNG of the simulated camera, to be spoilt: a little-endian TIFF whose raw picture is in its first directory or, where
/// that holds a preview, in one of its children.
pub struct Dng(pub Vec<u8>);

impl Dng {
    pub fn read(path: &Path) -> Self {
        Self(std::fs::read(path).unwrap())
    }

    pub fn write(&self, path: &Path) {
        std::fs::write(path, &self.0).unwrap();
    }

    fn u16(&self, at: usize) -> usize {
        usize::from(u16::from_le_bytes([self.0[at], self.0[at + 1]]))
    }

    pub fn u32(&self, at: usize) -> usize {
        self.u16(at) | self.u16(at + 2) << 16
    }

    /// Where the entry of a tag begins: tag, type, count and value follow each other. Children come first.
    pub fn entry(&self, tag: u16) -> usize {
        let first = self.u32(4);
        let children = self.entry_in(first, tags::SUB_IFDS).map(|e| match self.u32(e + 4) {
            1 => vec![self.u32(e + 8)],
            n => (0..n).map(|i| self.u32(self.u32(e + 8) + 4 * i)).collect(),
        });
        let all = children.unwrap_or_default().into_iter().chain([first]);
        all.into_iter().find_map(|ifd| self.entry_in(ifd, tag)).unwrap_or_else(|| panic!("no tag {tag}"))
    }

    fn entry_in(&self, ifd: usize, tag: u16) -> Option<usize> {
        (0..self.u16(ifd)).map(|i| ifd + 2 + 12 * i).find(|&e| self.u16(e) == usize::from(tag))
    }

    /// Where the values of a tag are, and how many there are.
    pub fn values(&self, tag: u16) -> (usize, usize) {
        let (entry, sizes) = (self.entry(tag), [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]);
        let count = self.u32(entry + 4);
        let inline = count * sizes[self.u16(entry + 2)] <= 4;
        (if inline { entry + 8 } else { self.u32(entry + 8) }, count)
    }

    /// Replaces the bytes of a tag's values.
    pub fn set(mut self, tag: u16, bytes: &[u8]) -> Self {
        let (at, _) = self.values(tag);
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Replaces a tag's values by 32-bit numbers.
    pub fn set_longs(self, tag: u16, numbers: &[u32]) -> Self {
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        self.set(tag, &bytes)
    }

    /// Where the link to the next directory stands.
    pub fn link(&self) -> usize {
        let ifd = self.u32(4);
        ifd + 2 + 12 * self.u16(ifd)
    }

    /// Replaces a text by another of the same length wherever it stands.
    pub fn replace(mut self, from: &str, to: &str) -> Self {
        assert_eq!(from.len(), to.len());
        let places: Vec<usize> =
            (0..=self.0.len() - from.len()).filter(|&i| self.0[i..].starts_with(from.as_bytes())).collect();
        assert!(!places.is_empty(), "{from} is not there");
        for at in places {
            self.0[at..at + from.len()].copy_from_slice(to.as_bytes());
        }
        self
    }
}

/// TIFF and DNG tags that are spoilt here.
pub mod tags {
    pub const SUB_IFDS: u16 = 330;
    pub const IMAGE_WIDTH: u16 = 256;
    pub const IMAGE_LENGTH: u16 = 257;
    pub const COMPRESSION: u16 = 259;
    pub const PHOTOMETRIC: u16 = 262;
    pub const TILE_OFFSETS: u16 = 324;
    pub const TILE_BYTE_COUNTS: u16 = 325;
    pub const CFA_REPEAT_PATTERN_DIM: u16 = 33421;
    pub const CFA_PATTERN: u16 = 33422;
    pub const OPCODE_LIST_2: u16 = 51009;
    pub const OPCODE_LIST_3: u16 = 51022;
    pub const ACTIVE_AREA: u16 = 50829;
}
