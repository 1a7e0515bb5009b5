//! Reads the manifests and checks that dependencies point downwards only (see ARCHITECTURE.md).

use std::path::Path;

/// Floors from the ground up. A crate may use crates of lower floors only.
const FLOORS: &[(&str, u32)] = &[
    ("calotype-image", 0),
    ("calotype-color", 1),
    ("calotype-dng", 2),
    ("calotype-codec", 2),
    ("calotype-optics", 2),
    ("calotype-burst", 3),
    ("calotype-develop", 3),
    ("calotype-look", 3),
    ("calotype-twin", 3),
    ("calotype-lab", 3),
    ("calotype", 4),
    ("calotype-cli", 5),
];
/// Engines know no files; files know no processing.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("calotype-burst", &["calotype-color", "calotype-dng", "calotype-codec"]),
    ("calotype-develop", &["calotype-dng", "calotype-codec"]),
    ("calotype-look", &["calotype-dng", "calotype-codec"]),
    ("calotype-twin", &["calotype-codec"]),
];

fn floor(name: &str) -> Option<u32> {
    FLOORS.iter().find(|f| f.0 == name).map(|f| f.1)
}

/// Names under `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    let table: toml::Table = manifest.parse().expect("a manifest is TOML");
    let list = table.get("dependencies").and_then(|d| d.as_table());
    list.map(|d| d.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn dependencies_point_downwards() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seen = 0;
    for entry in std::fs::read_dir(crates).expect("the crates' folder") {
        let path = entry.expect("an entry").path().join("Cargo.toml");
        let Ok(manifest) = std::fs::read_to_string(&path) else { continue };
        let table: toml::Table = manifest.parse().expect("a manifest is TOML");
        let name = table["package"]["name"].as_str().expect("a name").to_string();
        let own = floor(&name).unwrap_or_else(|| panic!("{name} has no floor: add it to FLOORS and ARCHITECTURE.md"));
        seen += 1;
        for dependency in dependencies(&manifest) {
            if let Some(below) = floor(&dependency) {
                assert!(below < own, "{name} (floor {own}) uses {dependency} (floor {below})");
            }
            let forbidden = FORBIDDEN.iter().filter(|f| f.0 == name).flat_map(|f| f.1);
            assert!(!forbidden.into_iter().any(|f| *f == dependency), "{name} must not know {dependency}");
            assert!(dependency != "rawler" || name == "calotype-cli", "{name} uses rawler (see docs/adr/0004)");
        }
    }
    assert_eq!(seen, FLOORS.len());
}
