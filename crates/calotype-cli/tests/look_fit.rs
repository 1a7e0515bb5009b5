//! `calotype look fit` and `look rank` as people and programs use them.

use calotype::Look;
use calotype::look::{OutputSpace, PointTransform};
use std::path::Path;
use std::process::{Command, Output};

fn look(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_calotype"));
    command.current_dir(folder).arg("look").args(args).output().expect("the command runs")
}

/// Words of messages, as the terminal wraps lines and marks them.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).replace('│', " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", said(output)))
}

/// A wall of painted fields under light that falls off, seen through `view`, in a look.
fn picture(path: &Path, look: &Look, size: (usize, usize), seed: i64, view: (f64, f64, f64)) {
    let transform = PointTransform::new(look, OutputSpace::Srgb, 0.0);
    let (width, height) = size;
    let mut pixels = Vec::with_capacity(3 * width * height);
    for y in 0..height {
        for x in 0..width {
            let side = |v: usize, n: usize| (2 * v + 1) as f64 / n as f64 - 1.0;
            let (scale, dx, dy) = view;
            let u = scale * side(x, width) + dx;
            let v = (scale * side(y, height) + dy) * height as f64 / width as f64;
            let (i, j) = ((u * 9.0).floor() as i64, (v * 9.0).floor() as i64);
            let k = (i * 31 + j * 57 + seed * 13).rem_euclid(997) as f64;
            let [a, b, c] = [0.819_172_5, 0.671_043_6, 0.549_700_4].map(|s: f64| (0.5 + s * k).fract());
            let tint = [b, c, (a + b) % 1.0].map(|v| 0.35 + 0.65 * v);
            let light = (4.0 * a - 2.4 + 0.3 * u).exp2() * 0.18;
            let shown = transform.apply(tint.map(|t| t * light));
            pixels.extend(shown.map(|v| {
                let code = calotype::color::transfer::srgb_encode(v as f32) * 255.0;
                code.round() as u8
            }));
        }
    }
    let mut encoder = png::Encoder::new(std::fs::File::create(path).unwrap(), width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
}

const WHOLE: (f64, f64, f64) = (1.0, 0.0, 0.0);

#[test]
fn a_pair_becomes_a_look_that_keeps_its_word() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    picture(&here.join("plain.png"), &Look::default(), (480, 360), 1, WHOLE);
    picture(&here.join("graded.png"), &Look::builtin("slide").unwrap(), (400, 300), 1, (0.85, 0.04, -0.06));
    let args =
        ["fit", "pair", "plain.png", "graded.png", "-o", "mine.toml", "--sheet", "s.png", "--map", "m.png", "--json"];
    let found = json(&look(here, &args));
    assert_eq!(found["ok"], true);
    let mean = found["held_out"]["mean"].as_f64().unwrap();
    assert!(mean < 1.0 && found["neutral"]["mean"].as_f64().unwrap() > 2.5, "{found}");
    assert!(found["pairs"][0]["correlation"].as_f64().unwrap() > 0.9, "{found}");
    assert_eq!(found["confidence"].as_object().unwrap().len(), 9);
    for file in ["mine.toml", "s.png", "m.png"] {
        assert!(here.join(file).exists(), "{file}");
    }
    assert!(look(here, &["verify", "mine.toml"]).status.success());
    let again = look(here, &args);
    assert!(said(&again).contains("exists already"), "{}", said(&again));
    // the same bytes on one thread
    let text = std::fs::read(here.join("mine.toml")).unwrap();
    let one = ["fit", "pair", "plain.png", "graded.png", "-o", "mine.toml", "--overwrite", "--threads", "1"];
    assert!(look(here, &one).status.success());
    assert_eq!(std::fs::read(here.join("mine.toml")).unwrap(), text);
}

#[test]
fn pairs_of_different_scenes_are_refused_with_the_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    picture(&here.join("a.png"), &Look::default(), (320, 240), 1, WHOLE);
    // the same wall, painted in other colours, would do; another wall does not
    picture(&here.join("b.png"), &Look::default(), (320, 240), 77, (1.7, 3.3, 2.1));
    let refused = look(here, &["fit", "pair", "a.png", "b.png", "-o", "x.toml"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("correlate by 0.") && said(&refused).contains("is needed"), "{}", said(&refused));
    assert!(!here.join("x.toml").exists());
    assert_eq!(look(here, &["fit", "pair", "a.png", "b.png", "a.png", "-o", "x.toml"]).status.code(), Some(2));
    let missing = look(here, &["fit", "pair", "a.png", "none.png", "-o", "x.toml"]);
    assert!(missing.status.code() == Some(1) && said(&missing).contains("none.png"), "{}", said(&missing));
}

#[test]
fn a_reference_is_followed_soberly() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    picture(&here.join("loved.png"), &Look::builtin("documentary").unwrap(), (320, 240), 3, WHOLE);
    picture(&here.join("mine.png"), &Look::default(), (320, 240), 9, WHOLE);
    let done =
        look(here, &["fit", "reference", "loved.png", "--on", "mine.png", "-o", "after.toml", "--sheet", "s.png"]);
    assert!(done.status.success(), "{}", said(&done));
    assert!(said(&done).contains("confidence is low"), "{}", said(&done));
    let made = std::fs::read_to_string(here.join("after.toml")).unwrap();
    assert!(Look::from_toml(&made).unwrap().tone.slope > 1.05, "{made}");
    picture(&here.join("grey.png"), &Look::builtin("mono-natural").unwrap(), (320, 240), 3, WHOLE);
    let grey = look(here, &["fit", "reference", "grey.png", "-o", "grey.toml"]);
    assert!(grey.status.success() && said(&grey).contains("black and white"), "{}", said(&grey));
    picture(&here.join("tiny.png"), &Look::default(), (30, 20), 3, WHOLE);
    let tiny = look(here, &["fit", "reference", "tiny.png", "-o", "t.toml"]);
    assert!(tiny.status.code() == Some(1) && said(&tiny).contains("too small"), "{}", said(&tiny));
}

#[test]
fn a_table_becomes_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert!(look(here, &["export", "portrait", "-o", "p.cube", "--input", "srgb", "--size", "17"]).status.success());
    let before = std::fs::read(here.join("p.cube")).unwrap();
    let own = look(here, &["fit", "table", "p.cube", "-o", "p.toml", "--overwrite"]);
    assert!(own.status.code() == Some(2) && said(&own).contains("would replace p.cube"), "{}", said(&own));
    assert_eq!(std::fs::read(here.join("p.cube")).unwrap(), before);
    // The same table in other wrappings, and one for scene light.
    assert!(look(here, &["export", "portrait", "-o", "p.clf"]).status.success());
    assert!(look(here, &["export", "portrait", "-o", "p.xmp", "--size", "17"]).status.success());
    for table in ["p.cube", "p.clf", "p.xmp"] {
        let found = json(&look(here, &["fit", "table", table, "-o", "mine.toml", "--overwrite", "--json"]));
        assert!(found["unseen"]["mean"].as_f64().unwrap() < 0.8, "{table}: {found}");
    }
    picture(&here.join("mine.png"), &Look::default(), (320, 240), 9, WHOLE);
    let shown = ["fit", "table", "p.cube", "-o", "mine.toml", "--overwrite", "--on", "mine.png", "--sheet", "s.png"];
    assert!(look(here, &shown).status.success() && here.join("s.png").exists());
    assert_eq!(look(here, &["fit", "table", "p.cube", "-o", "y.toml", "--sheet", "t.png"]).status.code(), Some(2));
    std::fs::write(here.join("bad.cube"), "LUT_3D_SIZE 2\n0 0 nan\n").unwrap();
    let bad = look(here, &["fit", "table", "bad.cube", "-o", "x.toml"]);
    assert!(bad.status.code() == Some(1) && said(&bad).contains("line 2"), "{}", said(&bad));
}

#[test]
fn looks_are_ranked_blindly() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    picture(&here.join("one.png"), &Look::default(), (160, 120), 1, WHOLE);
    picture(&here.join("two.png"), &Look::default(), (160, 120), 2, WHOLE);
    let names = "natural,slide,mono-natural";
    let serve =
        ["rank", names, "--on", "one.png", "two.png", "-o", "round", "--pairs", "12", "--seed", "5", "--width", "120"];
    let served = look(here, &serve);
    assert!(served.status.success(), "{}", said(&served));
    let read = |file: &str| std::fs::read_to_string(here.join(file)).unwrap();
    let (page, key) = (read("round/index.html"), read("round/key.toml"));
    assert!(names.split(',').all(|n| !page.contains(n) && key.contains(n)));
    assert!(here.join("round/012-right.png").exists() && !here.join("round/013-left.png").exists());
    let early = look(here, &["rank", "round"]);
    assert!(early.status.code() == Some(1) && said(&early).contains("nobody has voted"), "{}", said(&early));
    assert!(said(&look(here, &serve)).contains("exists already"));

    // A voter who loves slide, and finds the other two alike.
    let mut sides: Vec<(String, String)> = Vec::new();
    let value = |line: &str| line.split('"').nth(1).unwrap().to_owned();
    for line in key.lines() {
        if line.starts_with("left") {
            sides.push((value(line), String::new()));
        } else if line.starts_with("right") {
            sides.last_mut().unwrap().1 = value(line);
        }
    }
    let choice = |(l, r): &(String, String)| match (l.as_str(), r.as_str()) {
        ("slide", _) => "left",
        (_, "slide") => "right",
        _ => "tie",
    };
    let ballot: String = sides.iter().enumerate().map(|(i, s)| format!("{},{}\n", i + 1, choice(s))).collect();
    std::fs::write(here.join("round/ballot-ann.csv"), format!("pair,choice\n{ballot}")).unwrap();
    let found = json(&look(here, &["rank", "round", "--json"]));
    assert_eq!(found["ranking"][0]["look"], "slide", "{found}");
    assert!(found["votes"] == 12 && found["islands"] == 1 && found["settled"] == false, "{found}");
    assert!(found["ranking"][0]["standard_error"].as_f64().unwrap() > 0.2);
    let next = look(here, &["rank", "round", "--on", "one.png", "-o", "next", "--pairs", "3", "--width", "80"]);
    assert!(next.status.success() && here.join("next/003-left.png").exists(), "{}", said(&next));

    std::fs::write(here.join("round/ballot-bob.csv"), "1,better\n").unwrap();
    let bad = look(here, &["rank", "round"]);
    assert!(bad.status.code() == Some(1) && said(&bad).contains("left, right or tie"), "{}", said(&bad));
    assert_eq!(look(here, &["rank", "natural", "--on", "one.png", "-o", "r"]).status.code(), Some(2));
    assert_eq!(look(here, &["rank", names]).status.code(), Some(2));
}
