//! What tells two looks apart.

use crate::{Look, SECTORS, fields};

/// A number in which two looks differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Full name of the key, `tone.slope` or `sector.blue.shift_deg`.
    pub key: String,
    /// Its numbers in the first look.
    pub first: Vec<f64>,
    /// Its numbers in the second.
    pub second: Vec<f64>,
    /// Their unit; empty for plain factors and shares.
    pub unit: &'static str,
    /// What the key does.
    pub meaning: &'static str,
}

impl Look {
    /// The numbers in which `other` differs, in the order of the file. Words and contracts are not compared.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let (mut a, mut b, mut all) = (self.clone(), other.clone(), Vec::new());
        for f in fields() {
            let (first, second) = (f.values(&mut a).to_vec(), f.values(&mut b).to_vec());
            if first != second {
                let key = format!("{}.{}", f.section, f.key);
                all.push(Difference { key, first, second, unit: f.unit, meaning: f.meaning });
            }
        }
        for ((a, b), (_, name)) in self.sectors.iter().zip(&other.sectors).zip(SECTORS) {
            for (key, first, second, unit, meaning) in [
                ("shift_deg", a.shift_deg, b.shift_deg, "degrees", "turn of the hue in Oklab"),
                ("chroma", a.chroma, b.chroma, "", "factor of chroma at this hue"),
                ("lightness", a.lightness, b.lightness, "", "relative change of Oklab lightness"),
            ] {
                if first != second {
                    let key = format!("sector.{name}.{key}");
                    all.push(Difference { key, first: vec![first], second: vec![second], unit, meaning });
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let a = Look::builtin("natural").unwrap();
        let mut b = a.clone();
        assert!(a.differences(&b).is_empty());
        b.tone.slope = 1.5;
        b.sectors[5].chroma = 0.5;
        b.meta.name = "other".into();
        let keys: Vec<String> = a.differences(&b).into_iter().map(|d| d.key).collect();
        assert_eq!(keys, ["tone.slope", "sector.blue.chroma"]);
    }
}
