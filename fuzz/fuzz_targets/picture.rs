//! The user's pictures, depth maps and scene files, which the simulated camera photographs: no bytes may panic the readers, and
//! what they accept is light.
//!
//! The first byte says what kind of file the others are. Seeds: `fuzz/seeds/picture`.
#![no_main]

use calotype_twin::{Camera, DepthMap, Request};
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::LazyLock;

const NAMES: [&str; 7] = ["a.exr", "a.hdr", "a.png", "a.jpg", "a.toml", "depth.exr", "depth.png"];
/// A grey picture, for depth maps and scene files to refer to.
const GREY: &[u8] = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 2\n\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80";

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("calotype-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    std::fs::write(folder.join("grey.hdr"), GREY).expect("a temporary file");
    folder
});

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    let name = NAMES[usize::from(*kind) % NAMES.len()];
    let path = FOLDER.join(name);
    std::fs::write(&path, bytes).expect("a temporary file");
    let is_depth = name.starts_with("depth");
    let scene = if is_depth { FOLDER.join("grey.hdr") } else { path.clone() };
    let range_m = name.ends_with("png").then_some((1.0, 9.0));
    let request = Request {
        depth: is_depth.then_some(DepthMap { path, range_m }),
        size: Some((64, 48)),
        ..Request::new(&scene.display().to_string())
    };
    let camera = Camera::load("clean").expect("a built-in camera");
    if let Ok(plan) = request.plan(camera) {
        for (u, v) in [(0.0, 0.0), (0.6, 0.5), (1.3, 0.99), (-0.3, 1.2)] {
            assert!(plan.scene.at(u, v, 0.02).iter().all(|l| l.is_finite()));
        }
    }
});
