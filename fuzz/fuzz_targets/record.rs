//! Recipes and records of photographs: no bytes may panic the readers, and what they accept must be written and read back
//! unchanged.
#![no_main]

use calotype::{Recipe, Record};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(record) = Record::from_photograph(data) {
        let again = Record::from_photograph(record.to_xmp().as_bytes()).expect("what is written can be read");
        assert_eq!(again.to_toml(), record.to_toml());
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(recipe) = Recipe::from_toml(text) {
        assert_eq!(Recipe::from_toml(&recipe.to_toml()).expect("what is written can be read"), recipe);
    }
    if let Ok(record) = Record::from_toml(text) {
        let _ = record.look(&|_| Err("no tables here".into()));
        let again = Record::from_toml(&record.to_toml()).expect("what is written can be read");
        assert_eq!(again.to_toml(), record.to_toml());
    }
});
