//! Look files: no text may panic the reader, and what it accepts must be written, read back unchanged, and rendered.
//!
//! Seeds: `fuzz/seeds/look` and the built-in looks in `looks`.
#![no_main]

use calotype_look::{Lattice, Look, OutputSpace, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let table = |_: &str| Ok(Lattice::new(2, vec![[0.0, 1.0, 0.5]; 8]).expect("a cube"));
    let Ok(look) = Look::from_toml_with(text, &table) else { return };
    let again = Look::from_toml_with(&look.to_toml(), &table).expect("what is written can be read");
    assert_eq!(look, again);
    verify(&look);
    let mut rows = [vec![0.18, 1.0, -0.1, 40.0], vec![0.18, 0.2, 0.5, 0.0], vec![0.18, 0.0, 0.1, 3.0]];
    let [r, g, b] = &mut rows;
    look.compile(OutputSpace::Srgb, 1.0).apply_rows(r, g, b);
    assert!(rows.iter().flatten().all(|v| (0.0..=1.0).contains(v)));
});
