//! Files that describe the simulated camera, and spectra: no text may panic the readers, and what they accept is a camera.
//!
//! Seeds: the files in `crates/calotype-twin/{sensors,lenses}`.
#![no_main]

use calotype_twin::{Illuminant, Lens, Optics, Sensor};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(sensor) = Sensor::from_toml("a.toml", text) {
        assert!(sensor.base_iso() > 0.0 && sensor.at_iso(sensor.base_iso()).e_per_dn > 0.0);
    }
    if let Ok(lens) = Lens::from_toml("a.toml", text) {
        assert!((0..=10).all(|i| lens.ideal_height(1, f64::from(i) / 10.0).is_finite()));
    }
    if let Ok(light) = Illuminant::from_text("a.csv", text) {
        assert!(light.xy().iter().all(|v| v.is_finite()));
    }
});
