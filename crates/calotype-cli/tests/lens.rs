//! `calotype lens` as people and programs use it.

use std::path::Path;
use std::process::{Command, Output};

fn lens(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_calotype")).arg("lens").args(args).output().expect("the command runs")
}

fn data(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../calotype-optics/tests/data").join(name).display().to_string()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn lenses_are_described_drawn_and_converted() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).display().to_string();
    let info = lens(&["info", &data("triplet.toml"), "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&info.stdout).expect("one JSON object");
    assert_eq!(json["ok"], true);
    assert!((json["first_order"]["efl"].as_f64().unwrap() - 50.0).abs() < 2.0, "{json}");

    let drawn = lens(&["draw", &data("triplet.toml"), "-o", &out("t.svg")]);
    assert!(drawn.status.success(), "{}", text(&drawn.stderr));
    assert!(std::fs::read_to_string(out("t.svg")).unwrap().starts_with("<svg"));
    let again = lens(&["draw", &data("triplet.toml"), "-o", &out("t.svg")]);
    assert!(!again.status.success() && text(&again.stderr).contains("--overwrite"));

    let plotted = lens(&["analyse", "field", &data("triplet.seq"), "-o", &out("f.svg"), "-o", &out("f.csv")]);
    assert!(plotted.status.success(), "{}", text(&plotted.stderr));
    assert!(folder.path().join("f-5.svg").exists());
    assert!(std::fs::read_to_string(out("f.csv")).unwrap().contains("distortion"));

    let converted = lens(&["convert", &data("doublet.zmx"), "-o", &out("d.toml")]);
    assert!(converted.status.success(), "{}", text(&converted.stderr));
    assert!(lens(&["info", &out("d.toml")]).status.success());
}

#[test]
fn states_losses_and_vignetting_are_asked_for_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).display().to_string();
    let json = |args: &[&str]| -> serde_json::Value {
        let run = lens(args);
        assert!(run.status.success(), "{args:?} {}", text(&run.stderr));
        serde_json::from_slice(&run.stdout).expect("one JSON object")
    };
    let zoom = data("zoom.toml");
    assert_eq!(json(&["info", &zoom, "--json"])["configurations"], serde_json::json!(["wide", "middle", "long"]));
    for (name, focal) in [("wide", 40.0), ("Long", 64.0)] {
        let info = json(&["info", &zoom, "--configuration", name, "--json"]);
        assert!((info["first_order"]["efl"].as_f64().unwrap() - focal).abs() < 1e-3, "{info}");
    }
    assert!(lens(&["draw", &zoom, "--configuration", "wide", "-o", &out("w.svg")]).status.success());
    let unknown = lens(&["report", &zoom, "--configuration", "lang", "-o", &out("r.html")]);
    assert!(!unknown.status.success() && text(&unknown.stderr).contains("`long`"), "{}", text(&unknown.stderr));

    // eight coated surfaces of the zoom and a cemented one: bare ones would lose five per cent each, and leave two thirds
    let transmission = json(&["analyse", "transmission", &zoom, "--json"]);
    let axis = transmission["tables"][0]["rows"][0]["values"][1].as_f64().unwrap();
    assert!(axis > 85.0 && axis < 95.0, "{transmission}");

    let run = lens(&["convert", &data("triplet.toml"), "--set-vignetting", "-o", &out("v.toml")]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let written = std::fs::read_to_string(out("v.toml")).unwrap();
    assert!(written.contains("vignetting") && !written.contains("0.3, 10.0"), "{written}");
}

#[test]
fn an_optimised_lens_is_judged_by_more_rays() {
    let folder = tempfile::tempdir().unwrap();
    let design = folder.path().join("d.toml");
    std::fs::write(
        &design,
        "schema = \"design/1\"\n[[variable]]\nsurface = [3, 9]\nwhat = \"thickness\"\nconfiguration = \"wide\"\nmin = 1\n\
         [[operand]]\nis = \"SPOT\"\nconfiguration = \"wide\"\n[[operand]]\nis = \"EFL\"\nconfiguration = \"wide\"\ntarget = 38\n",
    )
    .unwrap();
    let out = folder.path().join("o.toml").display().to_string();
    let run = lens(&["optimise", &design.display().to_string(), "--lens", &data("zoom.toml"), "-o", &out, "--json"]);
    assert!(run.status.success(), "{} {}", text(&run.stdout), text(&run.stderr));
    let json: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let last = json["rays"].as_array().unwrap().last().unwrap().clone();
    assert!(last["merit"].as_f64().unwrap() > 0.0 && last["denser_merit"].as_f64().unwrap() > 0.0, "{last}");
    assert_eq!(json["variables"][0], "surface 3 thickness (wide)");
    let info = lens(&["info", &out, "--configuration", "wide", "--json"]);
    let info: serde_json::Value = serde_json::from_slice(&info.stdout).unwrap();
    assert!((info["first_order"]["efl"].as_f64().unwrap() - 38.0).abs() < 0.05, "{info}");
}

#[test]
fn what_is_wrong_is_said_with_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.toml");
    let good = std::fs::read_to_string(data("triplet.toml")).unwrap();
    std::fs::write(&bad, good.replacen("N-SK16", "N-SK61", 1)).unwrap();
    let output = lens(&["info", &bad.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    // words, as the terminal wraps lines and marks them
    let words = |bytes: &[u8]| text(bytes).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let said = words(&output.stderr);
    assert!(said.contains("bad.toml") && said.contains("surface 1") && said.contains("N-SK16"), "{said}");
    assert!(said.contains("--glass"), "{said}");
    std::fs::write(&bad, good.replacen("clear_mm", "cler_mm", 1)).unwrap();
    let said = words(&lens(&["info", &bad.display().to_string()]).stderr);
    assert!(said.contains("clear_mm") && said.contains("line"), "{said}");
    assert_eq!(lens(&["analyse", "mft", &data("triplet.toml")]).status.code(), Some(2));
    assert_eq!(lens(&["draw", &data("triplet.toml"), "-o", "x.png"]).status.code(), Some(2));
}

#[test]
fn verification_finds_what_deviates() {
    let folder = tempfile::tempdir().unwrap();
    let reference = folder.path().join("reference.json");
    let efl =
        |v: f64| format!(r#"{{"lenses": {{"singlet": {{"file": "singlet.json", "first_order": {{"efl": {v}}}}}}}}}"#);
    // one curved side: f = r / (n - 1), at nd = 1.5
    std::fs::write(&reference, efl(100.0)).unwrap();
    let path = reference.display().to_string();
    let verify = || lens(&["verify", &data("singlet.json"), "--against", &path]);
    let output = verify();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    std::fs::write(&reference, efl(100.001)).unwrap();
    let output = verify();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("FAILS"));
}
