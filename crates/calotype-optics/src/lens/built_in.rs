//! Lenses built in.

use super::Lens;
use crate::{Catalogue, Result};

macro_rules! lens {
    ($name:literal) => {
        ($name, include_str!(concat!("../../lenses/", $name, ".toml")))
    };
}

const LENSES: [(&str, &str); 8] = [
    lens!("bubble-f2.7"),
    lens!("gauss-f1.0"),
    lens!("gauss-f1.4"),
    lens!("petzval-f1.9"),
    lens!("phone-9p"),
    lens!("soft-f2.8-sharp"),
    lens!("soft-f2.8-soft"),
    lens!("swirl-f1.4"),
];

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
        // focal lengths that the patents state (times the scale in the source)
        let stated = [
            ("bubble-f2.7", 100.0),
            ("gauss-f1.0", 55.0),
            ("gauss-f1.4", 50.0),
            ("petzval-f1.9", 100.0),
            ("soft-f2.8-sharp", 85.0),
            ("swirl-f1.4", 100.0),
        ];
        for (name, focal_mm) in stated {
            let lens = built_in_lens(name).unwrap().unwrap();
            let first = crate::first_order(&lens, lens.primary_um()).unwrap();
            assert!((first.efl / focal_mm - 1.0).abs() < 1e-3, "{name}: {}", first.efl);
            assert!(name.ends_with(&format!("f{:.1}", first.fno)) || name.starts_with("soft"), "{name}: {}", first.fno);
            assert!(first.defocus.abs() < 2e-3 * first.efl, "{name}: {}", first.defocus);
        }
        assert_eq!(built_in_lens("nonsense").unwrap(), None);
        assert!(built_in_lenses().iter().all(|l| !l.1.is_empty()));
    }
}
