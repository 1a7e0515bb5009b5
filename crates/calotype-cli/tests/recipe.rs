//! Photographs hold what they were made with, and are made again of it to the byte.

mod terminal;

use std::path::{Path, PathBuf};
use std::process::Output;
use terminal::{burst, calotype, expect, json, stderr, text};

fn develop(frames: &[PathBuf], out: &Path, more: &[&str]) -> Output {
    let mut args = vec!["develop"];
    args.extend(frames.iter().map(|f| text(f)));
    args.extend(["-o", text(out)]);
    args.extend(more);
    calotype(&args)
}

#[test]
fn photographs_are_made_again_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 3);
    let at = |name: &str| folder.path().join(name);
    // A look of one's own with a table, and a built-in one.
    expect(
        &calotype(&["look", "export", "slide", "-o", text(&at("s.cube")), "--size", "9", "--input", "srgb"]),
        0,
        &[],
    );
    expect(&calotype(&["look", "import", text(&at("s.cube")), "-o", text(&at("mine.toml"))]), 0, &[]);
    let looks = format!("vibrant,{}", text(&at("mine.toml")));
    let choices = ["--look", &looks, "--ev", "0.3", "--wb", "5200:4", "--strength", "0.8", "--recipe-beside", "-q"];
    let made = develop(&frames, &at("photo.jpg"), &choices);
    expect(&made, 0, &[]);
    for name in ["photo", "photo-mine"] {
        let photo = std::fs::read(at(&format!("{name}.jpg"))).unwrap();
        for from in [format!("{name}.jpg"), format!("{name}.recipe.toml")] {
            let again = develop(&frames, &at("again.jpg"), &["--recipe", text(&at(&from)), "--overwrite", "-q"]);
            expect(&again, 0, &[]);
            assert_eq!(stderr(&again), "", "nothing differs");
            assert!(std::fs::read(at("again.jpg")).unwrap() == photo, "{from}");
        }
    }
    // Renamed frames are the same frames.
    let renamed: Vec<PathBuf> = (0..3).map(|i| at(&format!("z{i}.dng"))).collect();
    for (from, to) in frames.iter().zip(&renamed) {
        std::fs::copy(from, to).unwrap();
    }
    let again = develop(&renamed, &at("again.jpg"), &["--recipe", text(&at("photo.jpg")), "--overwrite", "-q"]);
    expect(&again, 0, &[]);
    assert!(std::fs::read(at("again.jpg")).unwrap() == std::fs::read(at("photo.jpg")).unwrap());
    // What was made again tells the same, and tells where it differs.
    let record = std::fs::read_to_string(at("photo.recipe.toml")).unwrap();
    assert!(record.contains("frame_00.dng") && record.contains("white_balance = \"5200:4\""), "{record}");
    assert!(!record.contains(text(folder.path())), "no folders");
}

#[test]
fn every_format_holds_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    for extension in ["png", "tif", "jxl", "exr"] {
        let (photo, again) =
            (folder.path().join(format!("a.{extension}")), folder.path().join(format!("b.{extension}")));
        expect(&develop(&frames, &photo, &["--look", "natural", "-q"]), 0, &[]);
        let made = develop(&frames, &again, &["--recipe", text(&photo), "-q"]);
        expect(&made, 0, &[]);
        assert_eq!(stderr(&made), "");
        assert!(std::fs::read(&photo).unwrap() == std::fs::read(&again).unwrap(), "{extension}");
    }
}

#[test]
fn what_differs_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 2);
    let at = |name: &str| folder.path().join(name);
    expect(&develop(&frames, &at("photo.jpg"), &["--recipe-beside", "-q"]), 0, &[]);
    let again = |frames: &[PathBuf], recipe: &str, more: &[&str]| {
        let made = develop(frames, &at("again.jpg"), &[&["--recipe", text(&at(recipe)), "--overwrite"], more].concat());
        expect(&made, 0, &[]);
        stderr(&made)
    };
    let told = again(&frames[..1], "photo.jpg", &[]);
    assert!(told.contains("photo.jpg tells of: it was made of 2 frames"), "{told}");
    let told = again(&frames, "photo.jpg", &["--look", "slide"]);
    assert!(told.contains("the look slide is not the one it was made with"), "{told}");
    // a frame that has changed: bytes behind the picture
    let changed = at("burst/frame_01.dng");
    let bytes = std::fs::read(&changed).unwrap();
    std::fs::write(&changed, [&bytes[..], b"more"].concat()).unwrap();
    let told = again(&frames, "photo.jpg", &[]);
    assert!(told.contains("frame_01.dng has changed since: its content was"), "{told}");
    std::fs::write(&changed, bytes).unwrap();
    // another version
    let record = std::fs::read_to_string(at("photo.recipe.toml")).unwrap();
    let engine = record.lines().find(|l| l.starts_with("engine")).unwrap();
    std::fs::write(at("old.toml"), record.replace(engine, "engine = \"0.0.1\"")).unwrap();
    let told = again(&frames, "old.toml", &[]);
    assert!(told.contains("it was made by version 0.0.1, and this is version"), "{told}");
    let told = json(&develop(&frames, &at("c.jpg"), &["--recipe", text(&at("old.toml")), "--json"]));
    assert!(told["report"]["warnings"][0].as_str().unwrap().contains("version 0.0.1"), "{told}");
}

#[test]
fn what_is_no_recipe_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    let at = |name: &str| folder.path().join(name);
    let refused = |bytes: &[u8], words: &[&str]| {
        std::fs::write(at("r"), bytes).unwrap();
        expect(&develop(&frames, &at("x.jpg"), &["--recipe", text(&at("r"))]), 1, words);
        assert!(!at("x.jpg").exists());
    };
    refused(b"\xff\xd8\xff\xd9", &["cannot use the recipe", "no record of what it was made with"]);
    refused(b"strenght = 1", &["strenght"]);
    refused(b"schema = 'photograph/2'", &["the schema is `photograph/2`"]);
    refused(b"schema = 'photograph/1'", &["missing field"]);
    refused(b"\xff<calotype:Record>schema = 'photograph/1'\nx</calotype:Record>", &["line 2"]);
    let missing = develop(&frames, &at("x.jpg"), &["--recipe", text(&at("nosuch.toml"))]);
    expect(&missing, 1, &["nosuch.toml"]);
    let piped = calotype(&["develop", text(&frames[0]), "-o", "/dev/stdout", "--recipe-beside"]);
    expect(&piped, 2, &["nothing beside standard output"]);
}
