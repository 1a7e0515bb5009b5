//! Whole DNG files: no bytes may panic the reader, or make it take more memory than it is allowed.
//!
//! Seeds: `fuzz/seeds/dng`.
#![no_main]

use calotype_dng::{Limits, read, read_info};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut limits = Limits::default();
    limits.max_pixels = 1 << 20;
    limits.max_alloc = 64 << 20;
    limits.max_metadata = 16 << 20;
    let info = read_info(data, &limits);
    let Ok(dng) = read(data, &limits) else { return };
    // What can be read whole can be read in part.
    let info = info.expect("the pixels could be read");
    assert_eq!(dng.image.size(), (info.active_area.width, info.active_area.height));
    assert!(info.default_crop.fits(info.active_area.width, info.active_area.height));
});
