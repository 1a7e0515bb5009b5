//! Lossless JPEG: no bytes may panic the decoder, and it gives exactly as many samples as it says.
//!
//! Seeds: `fuzz/seeds/ljpeg`.
#![no_main]

use calotype_dng::ljpeg::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut samples = Vec::new();
    let legacy = data.len() % 2 == 1;
    if let Ok(shape) = decode(data, &mut samples, 1 << 20, legacy) {
        assert_eq!(samples.len(), shape.width * shape.height * shape.components);
    }
});
