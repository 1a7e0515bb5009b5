//! CLF files: no text may panic the reader or the steps it makes.
#![no_main]

use calotype_look::ProcessList;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(list) = ProcessList::from_clf(text) else { return };
    for code in [[0.0; 3], [1.0; 3], [0.18, -1.0, 65504.0], [f64::NAN, f64::INFINITY, 1e-300]] {
        list.apply(code);
    }
});
