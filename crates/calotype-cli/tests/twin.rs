//! The simulated camera from the command line.

mod terminal;

use terminal::{calotype, expect, json, only, text};

#[test]
fn a_burst_is_taken_and_developed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("chart");
    let shoot = ["twin", "shoot", "chart", "--frames", "2", "--light", "50lx", "--size", "160x120", "-o", text(&out)];
    let output = calotype(&[&shoot[..], &["--json"]].concat());
    expect(&output, 0, &[]);
    let said = json(&output);
    assert_eq!((said["frames"].as_array().unwrap().len(), &said["lux"]), (2, &50.0.into()));
    only(&out.join("burst"), &["frame_00.dng", "frame_01.dng"]);
    let photo = folder.path().join("chart.jpg");
    let frames = [out.join("burst/frame_00.dng"), out.join("burst/frame_01.dng")];
    expect(&calotype(&["develop", text(&frames[0]), text(&frames[1]), "-o", text(&photo)]), 0, &[]);
    // the same again is refused, and nothing is left beside it
    expect(&calotype(&shoot), 1, &["exists already", "--overwrite"]);
    expect(&calotype(&[&shoot[..], &["--overwrite", "-q"]].concat()), 0, &[]);
    only(folder.path(), &["chart", "chart.jpg"]);
}

#[test]
fn sweeps_say_how_much_they_write_and_go_on_where_they_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("sweep");
    let grid = ["twin", "sweep", "flat", "--light", "1lx,10lx", "--frames", "1,2", "-o", text(&out)];
    expect(&calotype(&[&grid[..], &["--frames", "64,128"]].concat()), 2, &["GB", "--yes"]);
    assert!(!out.exists());
    let small = [&grid[..], &["--size", "64x48"]].concat();
    expect(&calotype(&small), 0, &[]);
    let names = [
        "flat-flagship-10lx-1f-hand",
        "flat-flagship-10lx-2f-hand",
        "flat-flagship-1lx-1f-hand",
        "flat-flagship-1lx-2f-hand",
    ];
    only(&out, &[&names[..], &["sweep.toml"]].concat());
    let again = calotype(&[&small[..], &["--json"]].concat());
    expect(&again, 0, &[]);
    assert!(json(&again)["bursts"].as_array().unwrap().iter().all(|b| b["skipped"] == true));
}

#[test]
fn wrong_things_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let sensor = folder.path().join("mine.toml");
    let shown = calotype(&["twin", "show", "sensor", "one-inch"]);
    expect(&shown, 0, &[]);
    let file = String::from_utf8(shown.stdout).unwrap();
    let out = folder.path().join("out");
    let shoot =
        |args: &[&str]| calotype(&[&["twin", "shoot"][..], args, &["-o", text(&out), "--size", "64x48"]].concat());
    std::fs::write(&sensor, file.replace("full_well_e = 38000", "full_well_e = 0")).unwrap();
    expect(&shoot(&["flat", "--sensor", text(&sensor)]), 1, &["full_well_e", "mine.toml"]);
    std::fs::write(&sensor, file.replace("bits = 12", "bits = 40")).unwrap();
    expect(&shoot(&["flat", "--sensor", text(&sensor)]), 1, &["bits", "8 to 16"]);
    std::fs::write(&sensor, file.replace("read_noise_low_gain_e", "read_nois_low_gain_e")).unwrap();
    expect(&shoot(&["flat", "--sensor", text(&sensor)]), 1, &["did you mean", "read_noise_low_gain_e"]);
    expect(&shoot(&["moon"]), 2, &["no scene called moon", "valley"]);
    expect(&shoot(&["flat", "--motion", "drone"]), 2, &["tripod"]);
    expect(&shoot(&["flat", "--light", "dark"]), 2, &["10lx"]);
    expect(&shoot(&["missing.exr"]), 1, &["missing.exr"]);
    only(folder.path(), &["mine.toml"]);
    expect(&calotype(&["twin", "list"]), 0, &[]);
}

#[test]
fn a_scene_file_to_start_from_names_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let (scene, out) = (folder.path().join("scene.toml"), folder.path().join("out"));
    let shown = calotype(&["twin", "show", "scene", "example"]);
    expect(&shown, 0, &[]);
    std::fs::write(&scene, &shown.stdout).unwrap();
    let shoot = || calotype(&["twin", "shoot", text(&scene), "-o", text(&out), "--size", "64x48"]);
    expect(&shoot(), 1, &["background.exr"]);
    let wrong = String::from_utf8(shown.stdout).unwrap().replace("height = 0.2", "hight = 0.2");
    std::fs::write(&scene, wrong).unwrap();
    expect(&shoot(), 1, &["did you mean", "layer.height"]);
    only(folder.path(), &["scene.toml"]);
}
