//! Strict TOML: unknown keys are errors that name the nearest key there is.

use crate::TwinError;
use serde::de::DeserializeOwned;
use std::path::Path;
use toml::{Table, Value};

/// Bytes beyond which a description is refused unread.
const LIMIT: u64 = 1 << 20;

/// Reads a description whose keys are all in `template`, a complete description of the same kind.
pub(crate) fn read<T: DeserializeOwned>(file: &str, text: &str, template: &str) -> Result<T, TwinError> {
    let syntax = |e: toml::de::Error| TwinError::Toml { file: file.into(), message: e.to_string().trim().to_owned() };
    let table: Table = text.parse().map_err(syntax)?;
    if let Ok(known) = template.parse::<Table>() {
        check(file, "", &table, &known)?;
    }
    toml::from_str(text).map_err(syntax)
}

/// The text of a user's description.
pub(crate) fn text(path: &Path) -> Result<String, TwinError> {
    let size = std::fs::metadata(path).map_err(TwinError::io("read", path))?.len();
    if size > LIMIT {
        let reason = format!("a description has at most {LIMIT} bytes");
        return Err(TwinError::bad(&path.display().to_string(), "size", size, reason));
    }
    std::fs::read_to_string(path).map_err(TwinError::io("read", path))
}

fn check(file: &str, section: &str, table: &Table, known: &Table) -> Result<(), TwinError> {
    for (key, value) in table {
        let full = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        match (known.get(key), value) {
            (None, _) => {
                let nearest = known
                    .keys()
                    .min_by_key(|k| if k.starts_with(key.as_str()) { 1 } else { distance(k, key) })
                    .cloned()
                    .unwrap_or_default();
                let nearest = if section.is_empty() { nearest } else { format!("{section}.{nearest}") };
                return Err(TwinError::UnknownKey { file: file.into(), key: full, nearest });
            }
            (Some(Value::Table(known)), Value::Table(table)) => check(file, &full, table, known)?,
            (Some(Value::Array(known)), Value::Array(items)) => {
                if let Some(Value::Table(known)) = known.first() {
                    items.iter().filter_map(Value::as_table).try_for_each(|table| check(file, &full, table, known))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Insertions, deletions and replacements from one word to another (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_named() {
        let template = "full_well_e = 1\nbits = 2\n[field]\nheight = [0]\n";
        let error = read::<Table>("my.toml", "full_wel = 3", template).unwrap_err();
        assert_eq!(error.to_string(), "my.toml: unknown key `full_wel`; did you mean `full_well_e`?");
        let error = read::<Table>("my.toml", "[field]\nhight = 3", template).unwrap_err();
        assert_eq!(error.to_string(), "my.toml: unknown key `field.hight`; did you mean `field.height`?");
        assert!(read::<Table>("my.toml", "bits = ", template).unwrap_err().to_string().contains("my.toml"));
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
