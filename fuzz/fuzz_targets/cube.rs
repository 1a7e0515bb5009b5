//! `.cube` files: no text may panic the reader, and what it accepts must be written and read back unchanged.
#![no_main]

use calotype_look::Lattice;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(cube) = Lattice::from_cube(text) else { return };
    cube.at([0.1, 0.5, 0.9]);
    if cube.size() <= 9 {
        let again = Lattice::from_cube(&cube.to_cube("fuzz", &[])).expect("what is written can be read");
        assert_eq!(again.sha256(), cube.sha256());
    }
});
