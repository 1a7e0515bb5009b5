//! The character of another lens, from the command line.

mod terminal;

use std::path::{Path, PathBuf};
use terminal::{calotype, expect, json, text};

/// A burst of the night street, and its truth.
fn street(folder: &Path) -> (PathBuf, PathBuf) {
    let out = folder.join("street");
    let shoot = ["twin", "shoot", "street", "--frames", "1", "--size", "480x360", "--light", "10lx", "-o", text(&out)];
    expect(&calotype(&[&shoot[..], &["-q"]].concat()), 0, &[]);
    (out.join("burst/frame_00.dng"), out.join("truth/depth.exr"))
}

fn develop(frame: &Path, out: &Path, more: &[&str]) -> std::process::Output {
    calotype(&[&["develop", text(frame), "-o", text(out), "--overwrite"], more].concat())
}

/// How far two pictures of 16 bits are apart on average, in codes.
fn apart(a: &Path, b: &Path) -> f64 {
    let read = |path: &Path| {
        let mut reader =
            png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).read_info().unwrap();
        let mut samples = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut samples).unwrap();
        samples.as_chunks::<2>().0.iter().map(|v| f64::from(u16::from_be_bytes(*v))).collect::<Vec<_>>()
    };
    let (a, b) = (read(a), read(b));
    assert_eq!(a.len(), b.len());
    a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.len() as f64
}

#[test]
fn discs_follow_depth_and_focus_and_come_again_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (frame, depth) = street(folder.path());
    let at = |name: &str| folder.path().join(name);
    let lens = ["--character", "gauss-f1.0", "--character-strength", "2", "--depth", text(&depth)];
    let (plain, near, again, far) = (at("plain.png"), at("near.png"), at("again.png"), at("far.png"));
    expect(&develop(&frame, &plain, &[]), 0, &[]);
    for (out, focus) in [(&near, "1.5"), (&again, "1.5"), (&far, "40")] {
        let more = [&lens[..], &["--depth-of", "frame", "--focus", focus, "--json"]].concat();
        let told = develop(&frame, out, &more);
        expect(&told, 0, &[]);
        assert!(json(&told).to_string().contains("gauss-f1.0"), "the report names the lens");
    }
    assert_eq!(std::fs::read(&near).unwrap(), std::fs::read(&again).unwrap());
    // the street is far away: focused there it stays sharper
    let (blurred, sharp) = (apart(&plain, &near), apart(&plain, &far));
    assert!(blurred > 1.3 * sharp && sharp > 1.0, "{blurred} {sharp}");
}

#[test]
fn what_makes_no_sense_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (frame, depth) = street(folder.path());
    let at = |name: &str| folder.path().join(name);
    let out = at("none.png");
    let grey = at("grey.png");
    std::fs::write(&grey, b"no picture").unwrap();
    let scene = depth.with_file_name("scene.exr");
    let swirl = |more: &[&'static str]| [&["--character", "swirl-f1.4"], more].concat();
    for (more, file, code, words) in [
        (vec!["--character", "swrl-f1.4"], None, 2, &["no lens called swrl-f1.4", "swirl-f1.4"][..]),
        (vec![], Some(&depth), 2, &["--character"]),
        (swirl(&[]), Some(&at("gone.exr")), 1, &["gone.exr"]),
        (swirl(&["--depth-of", "frame"]), Some(&scene), 1, &["depth at pixel"]),
        (swirl(&[]), Some(&grey), 2, &["--depth-white"]),
        (swirl(&["--depth-white", "4"]), Some(&grey), 1, &["grey.png"]),
        (swirl(&["--focus", "nan"]), Some(&depth), 2, &["NaN"]),
        (swirl(&["--character-strength", "7"]), None, 2, &["between 0 and 2"]),
    ] {
        let more = match file {
            Some(file) => [&more[..], &["--depth", text(file)]].concat(),
            None => more,
        };
        expect(&develop(&frame, &out, &more), code, words);
        assert!(!out.exists(), "{more:?}");
    }
}
