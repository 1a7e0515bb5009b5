//! The lab as a user runs it.

mod terminal;

use std::path::Path;
use terminal::{calotype, expect, json, only, text};

/// A picture file of floats (NPY) from a function of place.
fn picture(path: &Path, width: usize, height: usize, f: impl Fn(usize, usize) -> [f32; 3]) {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({height}, {width}, 3), }}\n");
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    for y in 0..height {
        for x in 0..width {
            bytes.extend(f(x, y).iter().flat_map(|v| v.to_le_bytes()));
        }
    }
    std::fs::write(path, bytes).unwrap();
}

fn edge(x: usize, y: usize) -> [f32; 3] {
    let d = (x as f32 - 80.0) * 0.9962 - (y as f32 - 80.0) * 0.0872;
    [0.1 + 0.5 / (1.0 + (-2.0 * d).exp()); 3]
}

#[test]
fn an_edge_is_measured_shown_drawn_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (file, save, svg) =
        (folder.path().join("edge.npy"), folder.path().join("edge.json"), folder.path().join("e.svg"));
    picture(&file, 160, 160, edge);
    let out = calotype(&["lab", "edge", text(&file), "--save", text(&save), "--svg", text(&svg)]);
    expect(&out, 0, &[]);
    let shown = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(shown.contains("MTF50") && shown.contains("ISO 12233"), "{shown}");
    only(folder.path(), &["e-2.svg", "e-3.svg", "e.svg", "edge.json", "edge.npy"]);
    assert!(std::fs::read_to_string(&svg).unwrap().starts_with("<svg"));
    // what exists is not replaced unasked
    expect(&calotype(&["lab", "edge", text(&file), "--save", text(&save)]), 1, &["exists already"]);
    let out = calotype(&["lab", "edge", text(&file), "--json"]);
    let found = json(&out);
    // the logistic step has a known response: pi^2 f / (k sinh(pi^2 f / (k / 2)) ...) falls to a half where x / sinh x does
    let mtf50 = found["result"]["edges"][0]["channels"][3]["mtf"]["mtf50"].as_f64().unwrap();
    let want = 2.1773 * 2.0 / (2.0 * std::f64::consts::PI.powi(2));
    assert!((mtf50 / want - 1.0).abs() < 0.01, "{mtf50} {want}");
}

#[test]
fn what_cannot_be_measured_is_said_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (flat, small, nan) =
        (folder.path().join("flat.npy"), folder.path().join("small.npy"), folder.path().join("nan.npy"));
    picture(&flat, 100, 80, |_, _| [0.3; 3]);
    picture(&small, 40, 70, |_, _| [0.3; 3]);
    picture(&nan, 40, 70, |x, _| [if x == 7 { f32::NAN } else { 0.3 }; 3]);
    let save = folder.path().join("r.json");
    for (args, said) in [
        (vec!["edge", text(&flat)], "no slanted edge"),
        (vec!["star", text(&flat)], "no Siemens star"),
        (vec!["colour", text(&flat)], "no 24-patch chart"),
        (vec!["distortion", text(&flat)], "no grid of dots"),
        (vec!["compare", text(&flat), text(&small)], "100x80"),
        (vec!["compare", text(&nan), text(&small)], "not a finite number"),
        (vec!["edge", text(&flat), "--region", "50x50+90+0"], "leaves"),
        (vec!["skin", text(&small)], "strip of ten skin tones"),
        (vec!["halo", text(&flat)], "no edge between wide fields"),
        (vec!["noise", text(&folder.path().join("none.png"))], "none.png"),
    ] {
        let mut all = vec!["lab"];
        all.extend(args);
        all.extend(["--save", text(&save)]);
        let out = calotype(&all);
        let told = String::from_utf8_lossy(&out.stderr).replace("\n  │ ", "");
        assert_eq!(out.status.code(), Some(1), "{all:?}: {told}");
        assert!(told.contains(said), "{all:?}: {told}");
    }
    for args in [
        &["lab", "edge", "a.png", "--region", "1x2"][..],
        &["lab", "report", "x", "-o", "a.pdf"],
        &["lab", "nonsense"],
        &["lab", "calibrate", "-o", "a.toml"],
    ] {
        assert_eq!(calotype(args).status.code(), Some(2), "{args:?}");
    }
    only(folder.path(), &["flat.npy", "nan.npy", "small.npy"]);
}

#[test]
fn a_report_is_one_page_and_compares() {
    let folder = tempfile::tempdir().unwrap();
    let charts = folder.path().join("charts");
    std::fs::create_dir(&charts).unwrap();
    picture(&charts.join("edge-1.npy"), 160, 160, edge);
    picture(&charts.join("compare-a.npy"), 160, 160, edge);
    picture(&charts.join("truth-a.npy"), 160, 160, edge);
    picture(&charts.join("star.npy"), 100, 100, |_, _| [0.2; 3]);
    let (one, two) = (folder.path().join("one.html"), folder.path().join("two.html"));
    let out = calotype(&["lab", "report", text(&charts), "-o", text(&one)]);
    expect(&out, 0, &["no Siemens star"]);
    let page = std::fs::read_to_string(&one).unwrap();
    assert!(page.contains("<svg") && page.contains("MTF50") && !page.contains("<script"));
    picture(&charts.join("edge-1.npy"), 160, 160, |x, y| {
        let d = (x as f32 - 80.0) * 0.9962 - (y as f32 - 80.0) * 0.0872;
        [0.1 + 0.5 / (1.0 + (-d).exp()); 3]
    });
    let out = calotype(&[
        "lab",
        "report",
        text(&charts),
        "-o",
        text(&two),
        "--against",
        text(&folder.path().join("one.json")),
        "--json",
    ]);
    let told = json(&out);
    let worse = told["changes"].as_array().unwrap().iter().filter(|c| c["better"] == -1).count();
    assert!(worse >= 3, "{told}");
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    expect(
        &calotype(&["lab", "report", text(&empty), "-o", text(&folder.path().join("c.html"))]),
        1,
        &["could be measured"],
    );
}

#[test]
fn the_bench_scores_the_engine_and_compares_two_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (score, kept) = (folder.path().join("score.json"), folder.path().join("kept"));
    let bench = |more: &[&str]| calotype(&[&["lab", "bench", "--quick", "--only", "chart-D55"][..], more].concat());
    let run = bench(&["-o", text(&score), "--keep", text(&kept)]);
    expect(&run, 0, &[]);
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(told.contains("| chart-D55 |") && told.contains("| chart colours: CIEDE2000"), "{told}");
    only(folder.path(), &["kept", "score.html", "score.json"]);
    assert!(kept.join("chart-D55/truth/scene.exr").is_file());
    // what was kept is used again, and gives the same
    let again = bench(&["--keep", text(&kept), "--against", text(&score), "--json"]);
    expect(&again, 0, &[]);
    let said = json(&again);
    assert!(said["changes"].as_array().unwrap().iter().all(|c| c["better"] == 0), "{said}");
    assert_eq!(said["cases"], 1);
    expect(&calotype(&["lab", "bench", "--only", "nothing-like-it"]), 2, &["no case", "street-3lx"]);
    expect(&bench(&["-o", text(&score)]), 1, &["exists already"]);
}

/// A chart under two lights makes a profile under which both have their colours, read back from the TOML and from the DCP.
#[test]
fn two_charts_make_a_profile_that_develop_uses() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let frame = |light: &str| at(light).join("burst/frame_00.dng");
    for light in ["A", "D65"] {
        let size = ["--light", "500lx", "--size", "640x480", "--frames", "1", "--motion", "tripod"];
        let out = at(light);
        let shoot = ["twin", "shoot", "chart", "--illuminant", light, "-o", text(&out), "-q"];
        expect(&calotype(&[&shoot[..], &size].concat()), 0, &[]);
    }
    let (a, d65, profile) = (frame("A"), frame("D65"), at("camera.toml"));
    let charts = ["lab", "calibrate", "--chart", text(&a), text(&d65), "-o", text(&profile)];
    expect(&calotype(&[&charts[..], &["--light", "A"]].concat()), 2, &["2 charts and 1 lights", "--light A D65"]);
    expect(&calotype(&[&charts[..], &["--light", "D65", "6400"]].concat()), 1, &["too near each other"]);
    only(folder.path(), &["A", "D65"]);
    let made = calotype(&[&charts[..], &["--light", "A", "D65", "--json"]].concat());
    expect(&made, 0, &[]);
    assert_eq!(json(&made)["profile"]["colour"].as_array().unwrap().len(), 2);
    for (light, profile) in [("A", "camera.toml"), ("D65", "camera.toml"), ("A", "camera.dcp"), ("D65", "camera.dcp")] {
        let out = at("light.exr");
        let (frame, profile) = (frame(light), at(profile));
        let args = ["develop", text(&frame), "-o", text(&out), "--overwrite", "--profile", text(&profile)];
        expect(&calotype(&args), 0, &[]);
        let measured = json(&calotype(&["lab", "colour", text(&out), "--json"]));
        let error = measured["result"]["delta_e_mean"].as_f64().unwrap();
        // against the published colours, which are those under D50: 1.8 under A, 1.2 under D65
        assert!(error < 2.0, "{light}, {}: {error}", profile.display());
    }
    let (none, photo) = (at("none.dcp"), at("x.jpg"));
    expect(&calotype(&["develop", text(&a), "-o", text(&photo), "--profile", text(&none)]), 1, &["none.dcp"]);
    assert!(!photo.exists());
}
