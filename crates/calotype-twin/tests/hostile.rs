//! Files of the user's with bytes changed at random: pictures, depth maps, scene files, sensors, lenses, cameras, spectra. None
//! may panic a reader, and what is accepted is light. (The fuzz targets `picture` and `twin` do the same by coverage.)

use calotype_twin::{Camera, DepthMap, Illuminant, Lens, Optics, Request, Sensor};
use std::path::Path;

/// Random numbers with a seed (SplitMix64; Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as usize % n.max(1)
    }

    /// A copy with some bytes set, flipped, taken out, doubled, or the end cut off.
    fn changed(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            if bytes.is_empty() {
                break;
            }
            let at = self.below(bytes.len());
            match self.below(6) {
                0 => bytes[at] = [0, 1, 127, 128, 255][self.below(5)],
                1 => bytes[at] ^= 1 << self.below(8),
                2 => drop(bytes.remove(at)),
                3 => bytes.insert(at, bytes[at]),
                4 => bytes.truncate(at),
                _ => bytes[at] = self.below(256) as u8,
            }
        }
        bytes
    }
}

/// A grey picture for depth maps and scene files to refer to.
const GREY: &[u8] = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 2\n\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80";

fn seeds() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/picture");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    // the first byte says what kind of file the others are
    files
        .iter()
        .map(|f| (f.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(f).unwrap()[1..].to_vec()))
        .collect()
}

#[test]
fn no_picture_depth_map_or_scene_file_panics_its_reader() {
    let folder = tempfile::tempdir().unwrap();
    let grey = folder.path().join("grey.hdr");
    std::fs::write(&grey, GREY).unwrap();
    let seeds = seeds();
    assert_eq!(seeds.len(), 7);
    let mut random = Random(5);
    let (mut accepted, mut refused) = (0, 0);
    for (name, seed) in &seeds {
        let (what, extension) = name.split_once('-').unwrap_or(("", name));
        let path = folder.path().join(format!("a.{extension}"));
        for round in 0..600 {
            let bytes = if round == 0 { seed.clone() } else { random.changed(seed) };
            std::fs::write(&path, &bytes).unwrap();
            let depth = (what == "depth")
                .then(|| DepthMap { path: path.clone(), range_m: (extension == "png").then_some((1.0, 9.0)) });
            let scene = if depth.is_some() { &grey } else { &path };
            let request = Request { depth, size: Some((64, 48)), ..Request::new(&scene.display().to_string()) };
            match request.plan(Camera::load("clean").unwrap()) {
                Ok(plan) => {
                    accepted += 1;
                    for (u, v) in [(0.0, 0.0), (0.6, 0.5), (1.3, 0.99), (-0.3, 1.2)] {
                        let light = plan.scene.at(u, v, 0.02);
                        assert!(light.iter().all(|l| l.is_finite()), "{name}, round {round}: {light:?}");
                    }
                }
                Err(error) => {
                    assert!(round > 0, "{name}: {error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(accepted > 100 && refused > 1000, "{accepted} accepted, {refused} refused");
}

#[test]
fn no_description_of_a_camera_panics_its_reader() {
    let mut random = Random(7);
    let spectrum = "wavelength,power\n380,0.1\n500,1\n780,0.5\n";
    let texts = [Sensor::builtin_text("main").unwrap(), Lens::builtin_text("phone-23mm").unwrap(), spectrum];
    for _ in 0..1500 {
        for text in texts {
            let bytes = random.changed(text.as_bytes());
            let Ok(text) = std::str::from_utf8(&bytes) else { continue };
            if let Ok(sensor) = Sensor::from_toml("a.toml", text) {
                assert!(sensor.base_iso() > 0.0 && sensor.at_iso(sensor.base_iso()).e_per_dn > 0.0);
            }
            if let Ok(lens) = Lens::from_toml("a.toml", text) {
                assert!((0..=10).all(|i| lens.ideal_height(1, f64::from(i) / 10.0).is_finite()));
            }
            if let Ok(light) = Illuminant::from_text("a.csv", text) {
                assert!(light.xy().iter().all(|v| v.is_finite()), "{text}");
            }
        }
    }
}
