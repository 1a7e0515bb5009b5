//! The demonstration: what its folder holds, and what it leaves alone.

mod terminal;

use terminal::{calotype, expect, json, only, text};

const NAMES: [&str; 7] =
    ["authentic.jpg", "burst", "comparison.jpg", "one-frame.jpg", "report.html", "truth", "vibrant.jpg"];

#[test]
fn a_folder_shows_what_the_burst_gained() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("shown");
    let demo = ["demo", "-o", text(&out), "--size", "640x480", "--frames", "4", "--light", "0.5lx"];
    let output = calotype(&[&demo[..], &["--json"]].concat());
    expect(&output, 0, &[]);
    only(&out, &NAMES);
    only(folder.path(), &["shown"]);
    let said = json(&output);
    let figure = |of: &str, key: &str| said[of][key].as_f64().unwrap();
    assert!(said["gained_db"].as_f64().unwrap() > 1.0, "{said}");
    assert!(figure("burst", "ssimulacra2") > figure("one_frame", "ssimulacra2") + 5.0, "{said}");
    assert!(figure("burst", "delta_e_mean") < figure("one_frame", "delta_e_mean"), "{said}");

    // the page needs nothing else
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert_eq!(page.matches("data:image/jpeg;base64,").count(), 4);
    for outside in ["http:", "https:", "src=\"/", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    // two looks are two pictures
    assert!(std::fs::read(out.join("authentic.jpg")).unwrap() != std::fs::read(out.join("vibrant.jpg")).unwrap());

    // again is refused; when asked for, the same comes out, and what else is there stays
    expect(&calotype(&demo), 1, &["exists already", "--overwrite"]);
    let first = std::fs::read(out.join("authentic.jpg")).unwrap();
    std::fs::write(out.join("mine.txt"), "mine").unwrap();
    let again = calotype(&[&demo[..], &["--overwrite", "--threads", "1"]].concat());
    expect(&again, 0, &[]);
    let told = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(NAMES.iter().all(|name| told.contains(name)), "{told}");
    assert!(first == std::fs::read(out.join("authentic.jpg")).unwrap());
    assert_eq!(std::fs::read(out.join("mine.txt")).unwrap(), b"mine");
    only(folder.path(), &["shown"]);
}

#[test]
fn folders_of_others_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.txt"), "mine").unwrap();
    for overwrite in [&[][..], &["--overwrite"]] {
        let output = calotype(&[&["demo", "-o", text(folder.path())][..], overwrite].concat());
        expect(&output, 1, &["exists already"]);
    }
    expect(&calotype(&["demo", "-o", text(&folder.path().join("mine.txt"))]), 2, &["is no folder"]);
    expect(&calotype(&["demo", "-o", text(&folder.path().join("x")), "--scene", "nowhere"]), 2, &["nowhere", "dusk"]);
    only(folder.path(), &["mine.txt"]);
}
