//! Which word was meant.

/// The candidate spelt most like `word`, if one is near.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest_of(word, candidates, 1).pop()
}

/// Up to `count` candidates spelt most like `word`, the most like first.
pub(crate) fn nearest_of<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>, count: usize) -> Vec<String> {
    // nobody means a word by a thousand letters
    if word.len() > 64 {
        return vec![];
    }
    let word = word.to_lowercase();
    let far = (word.chars().count() / 2).max(2);
    // the nearest first; of equals the one that begins alike for longest
    let alike = |c: &str| c.chars().zip(word.chars()).take_while(|(a, b)| a == b).count();
    let mut scored: Vec<(usize, std::cmp::Reverse<usize>, &str)> = candidates
        .into_iter()
        .map(|c| {
            let lower = c.to_lowercase();
            let begins = lower.starts_with(&word) || word.starts_with(&lower);
            (if begins { 1 } else { distance(&lower, &word) }, std::cmp::Reverse(alike(&lower)), c)
        })
        .filter(|(d, ..)| *d <= far)
        .collect();
    scored.sort();
    scored.dedup();
    scored.into_iter().take(count).map(|(.., c)| c.to_owned()).collect()
}

/// Insertions, deletions, replacements and exchanges of neighbours from one word to another (Damerau 1964, each place
/// touched once).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("radus_mm", ["thickness_mm", "radius_mm"]).as_deref(), Some("radius_mm"));
        assert_eq!(nearest("n-bk", ["N-BK7", "N-F2"]).as_deref(), Some("N-BK7"));
        assert_eq!(nearest("zzzzzz", ["N-BK7"]), None);
        assert_eq!((distance("kitten", "sitting"), distance("n-sk16", "n-sk61")), (3, 1));
        assert_eq!(nearest("N-SK61", ["D-FK61", "N-SK11", "N-SK16"]).as_deref(), Some("N-SK11"));
    }
}
