//! Real shots, from the folder that `CALOTYPE_DATA` names; what is not there is skipped, which is said on standard error.

use calotype_lab::calibrate::{developed, fit_colour};
use calotype_lab::{ChartReference, LabError, Limits, find_chart, read_picture, read_raw};
use std::io::Write;
use std::path::{Path, PathBuf};

fn data(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("CALOTYPE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = root.join(name);
    if !path.exists() {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {} is not there, this test did not run", path.display());
        return None;
    }
    Some(path)
}

/// A hand-held chart under warm mixed light, by a camera whose file has no white balance that fits.
#[test]
fn the_chart_of_a_real_raw_is_found_and_a_profile_made() {
    let Some(path) = data("colorchecker-raw/colorchart.dng") else { return };
    let raw = read_raw(&path, &Limits::default()).unwrap();
    let picture = developed(&raw).unwrap();
    let chart = find_chart(&picture).unwrap();
    assert!(chart.seen >= 13, "{}", chart.seen);
    let before = calotype_lab::colour(&picture, &chart, &ChartReference::Since2014).unwrap();
    let profile = fit_colour(&raw, "3200".parse().unwrap(), &ChartReference::Since2014, None, None).unwrap();
    // mixed light leaves an error that no profile takes away; what it takes away is most
    assert!(
        profile.matrix_error.mean < 0.4 * before.delta_e_mean,
        "{:?} {}",
        profile.matrix_error,
        before.delta_e_mean
    );
    assert!(profile.polynomial_error.mean <= profile.matrix_error.mean);
}

#[test]
fn photographs_without_a_chart_have_none() {
    let Some(path) = data("cameras/canon-g10-palm.camera.jpg") else { return };
    let picture = read_picture(&path, None, &Limits::default()).unwrap();
    assert!(matches!(find_chart(&picture), Err(LabError::NotFound { .. })));
}
