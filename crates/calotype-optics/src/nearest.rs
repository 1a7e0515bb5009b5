//! Which word was meant.

/// The candidate spelt most like `word`, if one is near.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest_of(word, candidates, 1).pop()
}

/// Up to `count` candidates spelt most like `word`, the most like first.
pub(crate) fn nearest_of<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>, count: usize) -> Vec<String> {
    let word = word.to_lowercase();
    let far = (word.chars().count() / 2).max(2);
    let mut scored: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|c| {
            let lower = c.to_lowercase();
            (if lower.starts_with(&word) || word.starts_with(&lower) { 1 } else { distance(&lower, &word) }, c)
        })
        .filter(|(d, _)| *d <= far)
        .collect();
    scored.sort();
    scored.dedup();
    scored.into_iter().take(count).map(|(_, c)| c.to_owned()).collect()
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
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("radus_mm", ["thickness_mm", "radius_mm"]).as_deref(), Some("radius_mm"));
        assert_eq!(nearest("n-bk", ["N-BK7", "N-F2"]).as_deref(), Some("N-BK7"));
        assert_eq!(nearest("zzzzzz", ["N-BK7"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
