//! Raw files of camera makers: through the decoder in its process of its own, and into the engine.
#![cfg(feature = "vendor-raw")]
#![allow(clippy::print_stderr)]

mod terminal;

use std::path::{Path, PathBuf};
use terminal::{calotype, expect, json, text};

const WIDTH: usize = 64;
const HEIGHT: usize = 48;

/// A sample of the made-up picture, in the 12 bits of its file: smooth, so that none is taken for a defect.
fn sample(x: usize, y: usize) -> u16 {
    (400 + 20 * x + 15 * y) as u16
}

/// The smallest file of a simple format: a big-endian TIFF with packed samples of 12 bits, as a Mamiya ZD writes it.
fn mef() -> Vec<u8> {
    let (make, model) = (b"Mamiya-OP Co.,Ltd.\0\0", b"MAMIYA ZD\0");
    let entries: [(u16, u16, u32, u32); 14] = [
        (254, 4, 1, 0),
        (256, 4, 1, WIDTH as u32),
        (257, 4, 1, HEIGHT as u32),
        (258, 3, 1, 12 << 16),
        (259, 3, 1, 1 << 16),
        (262, 3, 1, 32803 << 16),
        (271, 2, make.len() as u32, 182),
        (272, 2, model.len() as u32, 182 + make.len() as u32),
        (273, 4, 1, 182 + (make.len() + model.len()) as u32),
        (277, 3, 1, 1 << 16),
        (278, 4, 1, HEIGHT as u32),
        (279, 4, 1, (WIDTH * HEIGHT * 3 / 2) as u32),
        (33421, 3, 2, 2 << 16 | 2),
        (33422, 1, 4, 0x0001_0102),
    ];
    let mut file = b"MM\0*\0\0\0\x08".to_vec();
    file.extend((entries.len() as u16).to_be_bytes());
    for (tag, kind, count, value) in entries {
        file.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
        file.extend([count.to_be_bytes(), value.to_be_bytes()].concat());
    }
    file.extend([0; 4]);
    assert_eq!(file.len(), 182);
    file.extend(make);
    file.extend(model);
    for y in 0..HEIGHT {
        for x in (0..WIDTH).step_by(2) {
            let pair = u32::from(sample(x, y)) << 12 | u32::from(sample(x + 1, y));
            file.extend(&pair.to_be_bytes()[1..]);
        }
    }
    file
}

/// Samples and white level of a merged file.
fn merged(path: &Path) -> (calotype::image::Plane<u16>, f64) {
    let dng = calotype::dng::read(&std::fs::read(path).unwrap(), &calotype::dng::Limits::default()).unwrap();
    match dng.image {
        calotype::dng::RawImage::Cfa { samples, .. } => (samples, dng.info.levels.white[1]),
        _ => panic!("a mosaic"),
    }
}

#[test]
fn a_makers_file_becomes_a_photograph_and_a_merged_raw() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("zd.mef"), mef()).unwrap();
    let info = calotype(&["info", text(&at("zd.mef")), "--json"]);
    expect(&info, 0, &[]);
    let said = &json(&info)["files"][0];
    assert_eq!((said["make"].as_str(), said["model"].as_str()), (Some("Mamiya"), Some("ZD")));
    assert_eq!((said["size"][0].as_u64(), said["white"][0].as_f64()), (Some(WIDTH as u64), Some(4000.0)));
    assert_eq!(said["taken"], "", "not when it was converted");

    let once = calotype(&["merge", text(&at("zd.mef")), "-o", text(&at("1.dng"))]);
    expect(&once, 0, &[]);
    let (samples, _) = merged(&at("1.dng"));
    assert_eq!((samples.width(), samples.height()), (WIDTH, HEIGHT));
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let signal = calotype::image::raw_to_linear(samples.get(x, y));
            assert!((signal - f32::from(sample(x, y)) / 4000.0).abs() < 1e-4, "{signal} at {x}, {y}");
        }
    }
    expect(&calotype(&["develop", text(&at("zd.mef")), "-o", text(&at("zd.jpg"))]), 0, &[]);
    // no clock in it
    std::thread::sleep(std::time::Duration::from_millis(1100));
    expect(&calotype(&["merge", text(&at("zd.mef")), "-o", text(&at("2.dng"))]), 0, &[]);
    assert!(std::fs::read(at("1.dng")).unwrap() == std::fs::read(at("2.dng")).unwrap());
}

#[test]
fn real_files_give_what_a_converter_makes_of_them() {
    let Some(folder) = std::env::var_os("CALOTYPE_DATA").map(PathBuf::from) else {
        return eprintln!(
            "SKIPPED: CALOTYPE_DATA does not name a folder of raw files with DNG files of the same names"
        );
    };
    let results = tempfile::tempdir().unwrap();
    let mut tried = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let raw = entry.unwrap().path();
        let dng = raw.with_extension("dng");
        if raw == dng || !dng.exists() || raw.extension().is_none_or(|e| e.eq_ignore_ascii_case("gpr")) {
            continue;
        }
        let [a, b] = [("raw", &raw), ("dng", &dng)].map(|(name, file)| {
            let out = results.path().join(format!("{tried}-{name}.dng"));
            expect(&calotype(&["merge", text(file), "-o", text(&out)]), 0, &[]);
            merged(&out).0
        });
        assert!(a == b, "{} is not {}", raw.display(), dng.display());
        tried += 1;
    }
    eprintln!("{tried} files compared");
}
