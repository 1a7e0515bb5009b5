//! Every lens of the shared reference file, recomputed. The data are no part of the repository: without them the test says
//! so and ends.

#![allow(clippy::print_stdout, clippy::print_stderr)] // what deviates is printed, and why nothing was tested

use calotype_optics::verify::{Reference, verify};
use calotype_optics::{System, from_json};
use std::path::{Path, PathBuf};

/// The folder of lenses under that of `CALOTYPE_DATA`, or beside the repository.
fn lenses() -> Option<PathBuf> {
    let data = std::env::var_os("CALOTYPE_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    data.into_iter().chain([beside]).map(|d| d.join("lenses")).find(|d| d.join("reference.json").exists())
}

#[test]
fn every_reference_lens_is_recomputed() {
    let Some(folder) = lenses() else {
        eprintln!("skipped: no lenses under CALOTYPE_DATA");
        return;
    };
    let text = std::fs::read_to_string(folder.join("reference.json")).unwrap();
    let reference = Reference::from_json(&text, "reference.json").unwrap();
    let mut failures = Vec::new();
    let mut rays = 0;
    for entry in reference.lenses.values() {
        let text = std::fs::read_to_string(folder.join(&entry.file)).unwrap();
        let system = System::new(from_json(&text, &entry.file).unwrap()).unwrap();
        let found = verify(&system, entry).unwrap();
        rays += found.rays;
        for lost in &found.lost {
            failures.push(format!("{}: {lost:?}", found.lens));
        }
        for q in &found.quantities {
            println!("{:28} {:22} {:.1e} {} ({}) of {}", found.lens, q.name, q.worst, q.unit, q.place, q.count);
            if !q.passes() {
                failures.push(format!("{}: {} {:.2e} {} at {}", found.lens, q.name, q.worst, q.unit, q.place));
            }
        }
    }
    assert_eq!(rays, 972);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
