//! The lab's own reader of NPY: no bytes may panic it, and what it accepts has the size it says and finite samples.
//!
//! Seeds: `fuzz/seeds/npy`.
#![no_main]

use calotype_lab::{Limits, Source, read_from};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend_from_slice(data);
    let limits = Limits::default().with_max_pixels(1 << 20);
    if let Ok(Source::Picture(picture)) = read_from(&bytes, Path::new("a.npy"), None, &limits) {
        assert!(picture.width() * picture.height() <= 1 << 20);
        assert!(picture.rgb.planes.iter().all(|p| p.rows().flatten().all(|v| v.is_finite())));
    }
});
