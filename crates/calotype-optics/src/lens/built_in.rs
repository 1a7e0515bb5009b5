//! Lenses built in.

use super::Lens;
use crate::{Catalogue, Result};

const LENSES: [(&str, &str); 1] = [("phone-9p", include_str!("../../lenses/phone-9p.toml"))];

/// The file of a lens built in.
pub fn built_in_text(name: &str) -> Option<&'static str> {
    LENSES.iter().find(|l| l.0 == name).map(|l| l.1)
}

/// Names and titles of the lenses built in.
pub fn built_in_lenses() -> Vec<(&'static str, String)> {
    LENSES
        .iter()
        .map(|l| (l.0, Lens::from_toml(l.1, l.0, &Catalogue::default()).map_or(String::new(), |l| l.title)))
        .collect()
}

/// A lens built in; nothing for a name that none has.
///
/// # Errors
/// Those of [`Lens::from_toml`]; none for the files as they are.
pub fn built_in_lens(name: &str) -> Result<Option<Lens>> {
    built_in_text(name).map(|text| Lens::from_toml(text, name, &Catalogue::default())).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_lenses_are_what_their_sources_say() {
        // the patent's focal length of 9.04 mm, to its three digits, times the scale in the notes
        let lens = built_in_lens("phone-9p").unwrap().unwrap();
        let first = crate::first_order(&lens, lens.primary_um()).unwrap();
        assert!((first.efl / (9.04 * 1.053) - 1.0).abs() < 1e-3, "{}", first.efl);
        assert_eq!(built_in_lens("nonsense").unwrap(), None);
        assert!(built_in_lenses().iter().all(|l| !l.1.is_empty()));
    }
}
