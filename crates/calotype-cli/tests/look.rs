//! `calotype look` as people and programs use it: every part of it, and what it says to bad files.

mod terminal;

use std::path::{Path, PathBuf};
use std::process::Output;
use terminal::{burst, calotype, expect, json, only, text};

/// A folder, and runs of `look` in it: arguments that begin with `@` are files of the folder.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.at(name), bytes).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).expect("a text")
    }

    #[track_caller]
    fn look(&self, args: &str) -> Output {
        let args: Vec<String> = args
            .split_whitespace()
            .map(|a| a.strip_prefix('@').map_or(a.to_owned(), |name| text(&self.at(name)).to_owned()))
            .collect();
        let args: Vec<&str> = std::iter::once("look").chain(args.iter().map(String::as_str)).collect();
        calotype(&args)
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn looks_are_made_shown_and_compared() {
    let place = Place::new();
    expect(&place.look("new mine --from natural -o @mine.toml"), 0, &[]);
    expect(&place.look("new mine --from natural -o @mine.toml"), 1, &["--overwrite"]);
    expect(&place.look("new Mine! -o @other.toml"), 2, &["is no name for a look", "lower-case letters"]);
    expect(&place.look("new mine --from nosuch -o @other.toml"), 2, &["there is no look called nosuch", "authentic"]);
    only(place.0.path(), &["mine.toml"]);

    let shown = place.look("show @mine.toml");
    expect(&shown, 0, &[]);
    assert!(
        said(&shown).contains("slope at grey") && said(&shown).contains("Its contract is kept."),
        "{}",
        said(&shown)
    );
    let measured = json(&place.look("show @mine.toml --json"));
    assert!((measured["measured"]["slope"].as_f64().unwrap() - 1.08).abs() < 0.03);
    assert!(said(&place.look("show @mine.toml --toml")).contains("schema = \"look/1\""));
    expect(&place.look("show @mine.toml -o @mine.svg"), 0, &[]);
    assert!(place.read("mine.svg").starts_with("<svg"));

    let same = place.look("diff natural @mine.toml");
    assert!(said(&same).contains("the same in every number"), "{}", said(&same));
    place.write(
        "steep.toml",
        place.read("mine.toml").replace("slope = 1.08", "slope = 1.5").replace("\"mine\"", "\"steep\""),
    );
    let differ = json(&place.look("diff @mine.toml @steep.toml --json"));
    assert_eq!(differ["differences"][0]["key"], "tone.slope");
}

#[test]
fn contracts_are_held() {
    let place = Place::new();
    let all = json(&place.look("verify --json"));
    assert!(all["looks"].as_array().unwrap().len() >= 12 && all["looks"][0]["kept"] == true, "{all}");
    expect(&place.look("new mine --from slide -o @mine.toml"), 0, &[]);
    place.write("moved.toml", place.read("mine.toml").replace("slope = 1.26 ", "slope = 1.6 "));
    let moved = place.look("verify natural @moved.toml");
    expect(&moved, 1, &[]);
    assert!(
        said(&moved).contains("natural: kept") && said(&moved).contains("slope: 1.260 promised"),
        "{}",
        said(&moved)
    );
}

#[test]
fn looks_are_blended() {
    let place = Place::new();
    expect(&place.look("blend authentic vibrant --at 0.4 -o @between.toml"), 0, &[]);
    expect(&place.look("verify @between.toml"), 0, &[]);
    expect(&place.look("blend authentic print-warm --tone 0 --color 1 --texture 0.5 -o @mixed.toml"), 0, &[]);
    assert!(place.read("mixed.toml").contains("slope = 1.22"), "tone of the first");
    expect(&place.look("blend authentic vibrant --at 1.4 -o @x.toml"), 2, &["a number from 0 to 1"]);
    // another schema
    place.write("later.toml", place.read("between.toml").replace("look/1", "look/2"));
    expect(&place.look("blend authentic @later.toml -o @x.toml"), 1, &["the schema is `look/2`", "reads `look/1`"]);
    only(place.0.path(), &["between.toml", "later.toml", "mixed.toml"]);
}

#[test]
fn look_files_are_read_strictly() {
    let place = Place::new();
    let head = "schema = 'look/1'\n[meta]\nname = 'x'\n";
    for (body, words) in [
        ("[tone]\nslop = 1\n", &["line 5", "tone.slop", "did you mean `tone.slope`?"][..]),
        ("[tone]\nslope = 'steep'\n", &["line 5", "`tone.slope` must be a finite number"]),
        ("[tone]\nslope = 99\n", &["line 5", "lies outside 0.5 to 3"]),
        ("[tone]\nslope = \n", &["line 5"]),
        ("[residual]\nfile = 'gone.cube'\n", &["line 5", "gone.cube"]),
        ("[residual]\nfile = '../up.cube'\n", &["name of a .cube file"]),
    ] {
        place.write("x.toml", format!("{head}{body}"));
        expect(&place.look("show @x.toml"), 1, words);
    }
    place.write("x.toml", vec![b'#'; 70_000]);
    expect(&place.look("show @x.toml"), 1, &["70000 bytes"]);
    place.write("x.toml", b"\xff\xfe");
    expect(&place.look("verify @x.toml"), 1, &["cannot use the look"]);
}

#[test]
fn looks_go_out_and_come_back() {
    let place = Place::new();
    for (name, more, most) in [
        ("a.cube", "", 0.12),
        ("b.cube", "--size 33", 0.35),
        ("c.cube", "--input v-log", 0.12),
        ("d.clf", "--size 33", 0.35),
        ("e.png", "--size 36", 0.35),
        ("f.icc", "", 0.35),
        ("g.xmp", "", 0.35),
    ] {
        let told = json(&place.look(&format!("export authentic -o @{name} {more} --json")));
        let mean = told["mean_de2000"].as_f64().unwrap();
        assert!(mean > 0.0 && mean < most, "{name}: {told}");
        let left_out: Vec<&str> = told["left_out"].as_array().unwrap().iter().filter_map(|v| v.as_str()).collect();
        assert!(left_out.contains(&"falloff"), "{name}: {left_out:?}");
        if name == "f.icc" {
            continue;
        }
        let back = format!("back-{}.toml", &name[..1]);
        expect(&place.look(&format!("import @{name} -o @{back}")), 0, &[]);
        expect(&place.look(&format!("verify @{back}")), 0, &[]);
        let shown = json(&place.look(&format!("show @{back} --json")));
        let ours = json(&place.look("show authentic --json"));
        for ev in ["-2", "+2"] {
            let [a, b] = [&shown, &ours].map(|v| v["measured"]["lstar"][ev].as_f64().unwrap());
            assert!((a - b).abs() < 1.0, "{name} at {ev} EV: {a} {b}");
        }
    }
    expect(&place.look("export authentic -o @a.cube"), 1, &["--overwrite"]);
    expect(&place.look("export authentic -o @h.dcp"), 2, &["made for one camera", "--camera RAW"]);
    expect(&place.look("export authentic -o @h.cube --camera @a.cube"), 2, &["--camera is for .dcp"]);
    expect(&place.look("export authentic -o @h.png --size 33"), 2, &["cannot hold 33 points"]);
    expect(&place.look("export authentic -o @h.xmp --size 33"), 2, &["cannot hold 33 points", "--size 32"]);
    expect(&place.look("export authentic -o @h.icc --input log2"), 2, &["takes finished pictures"]);
    expect(&place.look("export authentic -o @h.cube --input linear"), 2, &["Use log2"]);
    expect(&place.look("export authentic -o @h.look"), 2, &[".cube"]);
}

#[test]
fn camera_profiles_go_out_and_come_back() {
    let place = Place::new();
    let frame = &burst(place.0.path(), 1)[0];
    let told = json(&calotype(&[
        "look",
        "export",
        "slide",
        "-o",
        text(&place.at("slide.dcp")),
        "--camera",
        text(frame),
        "--json",
    ]));
    assert!(told["mean_de2000"].as_f64().unwrap() < 0.55, "{told}");
    expect(&place.look("import @slide.dcp -o @slide.toml"), 0, &[]);
    expect(&place.look("verify @slide.toml"), 0, &[]);
    expect(&place.look("import @slide.dcp -o @x.toml --input log2"), 1, &["leave --input out"]);
    // A profile without a look, and a damaged one.
    let bytes = std::fs::read(place.at("slide.dcp")).unwrap();
    place.write("cut.dcp", &bytes[..60]);
    expect(&place.look("import @cut.dcp -o @x.toml"), 1, &["cannot use the table"]);
    expect(&place.look("export slide -o @y.dcp --camera @slide.toml"), 1, &["cannot read"]);
}

#[test]
fn bad_tables_are_refused_with_what_is_wrong() {
    let place = Place::new();
    let points = |n: usize, value: &str| format!("{value}\n").repeat(n);
    for (name, body, words) in [
        ("a.cube", format!("LUT_3D_SIZE 2\n{}", points(8, "0 nan 0")), &["line 2", "three finite numbers"][..]),
        ("b.cube", format!("LUT_3D_SIZE 999\n{}", points(8, "0 0 0")), &["line 1", "2 to 144"]),
        ("c.cube", format!("LUT_3D_SIZE 2\n{}", points(7, "0 0 0")), &["7 values, but size 2 needs 8"]),
        ("d.cube", format!("LUT_3D_SIZE 2\n{}", points(9, "0 0 0")), &["line 10", "more than the 8"]),
        ("e.cube", format!("SHAPER s-log9\nLUT_3D_SIZE 2\n{}", points(8, "0 0 0")), &["unknown keyword `SHAPER`"]),
        ("f.cube", "hello".into(), &["unknown keyword `hello`"]),
        ("g.clf", "<ProcessList><Warp/></ProcessList>".into(), &["line 1", "a step `Warp` is not known"]),
        ("h.clf", "<ProcessList>".into(), &["no XML"]),
        ("i.xmp", "<x crs:RGBTable=\"AB\"/>".into(), &["the table that it names is not in it"]),
        ("j.dcp", "IIRC".into(), &["cannot use the table"]),
        ("k.png", "\u{89}".into(), &["cannot use the table"]),
        ("l.cube", String::new(), &["the file is empty"]),
    ] {
        place.write(name, &body);
        expect(&place.look(&format!("import @{name} -o @x.toml")), 1, words);
        assert!(!place.at("x.toml").exists(), "{name}");
    }
    expect(&place.look("import @nosuch.cube -o @x.toml"), 1, &["nosuch.cube"]);
    png(&place.at("grey.png"), 8, png::ColorType::Grayscale);
    expect(&place.look("import @grey.png -o @x.toml"), 1, &["grey"]);
    png(&place.at("odd.png"), 9, png::ColorType::Rgb);
    expect(&place.look("import @odd.png -o @x.toml"), 1, &["9x9", "no HaldCLUT"]);
    png(&place.at("fine.png"), 8, png::ColorType::Rgb);
    expect(&place.look("import @fine.png -o @fine.toml"), 0, &[]);
    // A table where the look's own would go stays when it is the same, and is not replaced when it is another.
    let cube = place.read("fine.cube");
    std::fs::remove_file(place.at("fine.toml")).unwrap();
    place.write("fine.cube", "# mine\n".to_owned() + &cube);
    expect(&place.look("import @fine.cube -o @fine.toml"), 0, &[]);
    assert!(place.read("fine.cube").starts_with("# mine"));
    expect(&place.look("verify @fine.toml"), 0, &[]);
    let again = "import @fine.cube -o @fine.toml --input log2 --overwrite";
    expect(&place.look(again), 2, &["would replace", "fine.cube", "another name"]);
    assert!(place.read("fine.cube").starts_with("# mine"));
    place.write("fine.cube", &cube);
    // A table that has changed is another table.
    place.write("fine.cube", cube.replacen("0.5", "0.6", 1) + "\n# more\n");
    expect(&place.look("show @fine.toml"), 1, &["fine.cube is not the table the look was made with"]);
    place.write("fine.cube", cube.replace('\n', "\r\n") + "# only a comment\n");
    expect(&place.look("show @fine.toml"), 0, &[]);
}

/// A square picture of 8 bits, all middle grey.
fn png(path: &Path, side: u32, color: png::ColorType) {
    let file = std::fs::File::create(path).expect("a file");
    let mut encoder = png::Encoder::new(file, side, side);
    encoder.set_color(color);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&vec![128; (side * side) as usize * color.samples()]).expect("pixels");
}

#[test]
fn sheets_show_one_picture_in_many_looks() {
    let place = Place::new();
    let frame = &burst(place.0.path(), 1)[0];
    let sheet = place.at("sheet.jpg");
    let args = ["look", "sheet", text(frame), "-o", text(&sheet), "--looks", "natural,mono-natural", "--width", "100"];
    let told = json(&calotype(&[&args[..], &["--json"]].concat()));
    assert_eq!(told["looks"], serde_json::json!(["natural", "mono-natural"]));
    assert!(std::fs::read(&sheet).unwrap().starts_with(b"\xff\xd8"));
    expect(&calotype(&args), 1, &["--overwrite"]);
    let other = place.at("x.jpg");
    let unknown = ["look", "sheet", text(frame), "-o", text(&other), "--looks", "nosuch"];
    expect(&calotype(&unknown), 2, &["there is no look called nosuch"]);
    let no_raw = place.at("no.dng");
    std::fs::write(&no_raw, "no raw").unwrap();
    expect(&calotype(&["look", "sheet", text(&no_raw), "-o", text(&other)]), 1, &[]);
}
