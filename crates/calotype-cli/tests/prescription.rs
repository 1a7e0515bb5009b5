//! The loop of a prescription: what the simulated camera bends, darkens and blurs, develop sets right.

mod terminal;

use serde_json::Value;
use std::path::{Path, PathBuf};
use terminal::{calotype, expect, json, only, text};

/// Half of the diagonal of the pictures here, in pixels.
const CORNER_PX: f64 = 640.0;

/// Dark dots on a bright ground, on a square grid.
fn dots(path: &Path) {
    let (width, height, pitch) = (2048, 1536, 64.0f64);
    let cover = |x: usize, y: usize| {
        let off = |v: f64, middle: f64| (v - middle + 0.5 * pitch).rem_euclid(pitch) - 0.5 * pitch;
        // sixteen looks into a pixel
        let inside = (0..16).filter(|k| {
            let (dx, dy) = (0.25 * f64::from(k % 4) + 0.125, 0.25 * f64::from(k / 4) + 0.125);
            off(x as f64 + dx, 1024.0).hypot(off(y as f64 + dy, 768.0)) < 0.25 * pitch
        });
        inside.count() as f64 / 16.0
    };
    let bytes: Vec<u8> =
        (0..width * height).map(|i| (235.0 - 200.0 * cover(i % width, i / width)).round() as u8).collect();
    let mut encoder = png::Encoder::new(std::fs::File::create(path).unwrap(), width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&bytes).unwrap();
}

/// One frame through the phone lens, at the base ISO and on a tripod, that describes no correction.
fn frame(folder: &Path, scene: &str, size: &str) -> PathBuf {
    let out = folder.join("burst-of").join(Path::new(scene).file_stem().unwrap());
    let shoot = ["twin", "shoot", scene, "--lens", "phone-9p", "--no-corrections", "--frames", "1", "-o", text(&out)];
    let more = ["--size", size, "--motion", "tripod", "--light", "5000lx", "--iso", "100", "-q"];
    expect(&calotype(&[&shoot[..], &more].concat()), 0, &[]);
    out.join("burst/frame_00.dng")
}

/// The frame developed to linear light, and measured.
fn measured(folder: &Path, frame: &Path, name: &str, develop: &[&str], measure: &str) -> Value {
    let out = folder.join(format!("{name}.exr"));
    expect(&calotype(&[&["develop", text(frame), "-o", text(&out), "-q"], develop].concat()), 0, &[]);
    let all_edges: &[&str] = if measure == "edge" { &["--max", "40"] } else { &[] };
    let found = calotype(&[&["lab", measure, text(&out), "--json"], all_edges].concat());
    expect(&found, 0, &[]);
    json(&found)["result"].clone()
}

#[test]
fn what_the_lens_bends_is_straightened() {
    let folder = tempfile::tempdir().unwrap();
    let scene = folder.path().join("dots.png");
    dots(&scene);
    let frame = frame(folder.path(), text(&scene), "1024x768");
    let number = |v: &Value| v.as_f64().unwrap();
    // pixels that the corner is off by; what the model leaves; lateral colour
    let read = |r: &Value| {
        let corner = number(&r["largest_percent"]).abs() / 100.0 * CORNER_PX;
        (corner, number(&r["residual_px"]), number(&r["lateral"][0]["p95_px"]), number(&r["lateral"][1]["p95_px"]))
    };
    let bent = read(&measured(folder.path(), &frame, "bent", &[], "distortion"));
    let straight =
        read(&measured(folder.path(), &frame, "straight", &["--lens", "phone-9p", "--deblur", "0"], "distortion"));
    assert!(bent.0 > 3.0, "{bent:?}");
    assert!(straight.0 < 0.1 && straight.1 < 0.1, "{bent:?} {straight:?}");
    // demosaicing hides more than half of so little lateral colour before it is corrected, and the colour matrix doubles it
    assert!(straight.2 < 0.25 && straight.3 < 0.25, "{bent:?} {straight:?}");
}

#[test]
fn what_the_lens_darkens_is_made_even() {
    let folder = tempfile::tempdir().unwrap();
    let frame = frame(folder.path(), "flat", "1024x768");
    let corner = |name: &str, develop: &[&str]| {
        let r = measured(folder.path(), &frame, name, develop, "shading");
        let grid = |c: usize| r["grid"][c].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect::<Vec<_>>();
        [0, 1, 2].map(grid).into_iter().flatten().fold(0f64, |m, v| m.max((v - 1.0).abs()))
    };
    let (dark, even) = (corner("dark", &[]), corner("even", &["--lens", "phone-9p"]));
    // cells of the grid are means over some thousand pixels of noise below a per cent
    assert!(dark > 0.4 && even < 0.01, "{dark} {even}");
}

#[test]
fn what_the_lens_blurs_is_sharpened_without_ringing() {
    let folder = tempfile::tempdir().unwrap();
    let frame = frame(folder.path(), "edges", "2560x1920");
    let edges = |name: &str, deblur: &str| -> Vec<(f64, f64)> {
        let choices = ["--lens", "phone-9p", "--deblur", deblur];
        let r = measured(folder.path(), &frame, name, &choices, "edge");
        let one = |e: &Value| Some((e["field"].as_f64()?, e["channels"][3]["mtf"]["mtf50"].as_f64()?));
        r["edges"].as_array().unwrap().iter().filter_map(one).collect()
    };
    let far = |list: &[(f64, f64)]| {
        let corner: Vec<f64> = list.iter().filter(|e| e.0 > 0.75).map(|e| e.1).collect();
        assert!(corner.len() > 2, "{list:?}");
        corner.iter().sum::<f64>() / corner.len() as f64
    };
    let (soft, sharp) = (far(&edges("soft", "0")), far(&edges("sharp", "1")));
    // 0.262 and 0.344 cycles per pixel
    assert!(sharp > 1.3 * soft, "{soft} {sharp}");
}

#[test]
fn exports_say_how_far_they_are_and_wrong_lenses_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (opcodes, xml, npy) = (path("p.opcodes"), path("p.xml"), path("p.npy"));
    let (other, photo) = (path("q.xml"), path("x.jpg"));
    let size = ["--size", "4096x3072", "--pixel-pitch", "3.2"];
    let files = ["-o", text(&opcodes), "-o", text(&xml), "-o", text(&npy), "--json"];
    let out = calotype(&[&["lens", "export", "phone-9p"][..], &size, &files].concat());
    expect(&out, 0, &[]);
    let said = json(&out);
    let worst = said["files"][0]["residuals"][1]["worst"].as_f64().unwrap();
    assert!((0.01..20.0).contains(&worst), "{said}");
    only(folder.path(), &["p.npy", "p.opcodes", "p.xml"]);
    // a sensor larger than the lens lights, a lens that there is not
    let large = ["--size", "8000x6000", "--pixel-pitch", "3.2", "-o", text(&other)];
    expect(&calotype(&[&["lens", "export", "phone-9p"][..], &large].concat()), 1, &["circle of", "scale"]);
    let raw = path("x.dng");
    std::fs::write(&raw, b"II*").unwrap();
    let none = ["develop", text(&raw), "-o", text(&photo), "--lens", "phone-99p"];
    expect(&calotype(&none), 2, &["phone-99p", "phone-9p"]);
    only(folder.path(), &["p.npy", "p.opcodes", "p.xml", "x.dng"]);
}
