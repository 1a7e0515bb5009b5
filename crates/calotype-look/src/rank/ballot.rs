//! Rounds of blind pairs and the ballots on them, as files.

use super::{Choice, RankError};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Schema of a round's key.
const SCHEMA: &str = "rank/1";
/// Bytes beyond which a text is refused unread.
const LIMIT: usize = 4 << 20;

/// One pair of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindPair {
    /// The picture, by its file.
    pub picture: String,
    /// The look on the left.
    pub left: String,
    /// The look on the right.
    pub right: String,
}

/// The key of a round of pairs: what voters must not see. Pairs are numbered from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// The seed that dealt sides and pictures.
    pub seed: u64,
    /// The pairs, in the order they are shown.
    pub pairs: Vec<BlindPair>,
}

impl Round {
    /// The key as TOML.
    pub fn to_toml(&self) -> String {
        let text = |s: &str| toml::Value::from(s).to_string();
        let mut out = format!(
            "# Which look is which: not to be read before voting.\nschema = \"{SCHEMA}\"\nseed = \"{}\"\n",
            self.seed
        );
        for BlindPair { picture, left, right } in &self.pairs {
            let _ = write!(
                out,
                "\n[[pair]]\npicture = {}\nleft = {}\nright = {}\n",
                text(picture),
                text(left),
                text(right)
            );
        }
        out
    }

    /// Reads a key.
    ///
    /// # Errors
    /// [`RankError::Key`].
    pub fn from_toml(text: &str) -> Result<Self, RankError> {
        let bad = |message: &str| RankError::Key(message.to_owned());
        if text.len() > LIMIT {
            return Err(bad("it is longer than any key"));
        }
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| RankError::Key(e.message().to_owned()))?;
        if table.get("schema").and_then(|v| v.as_str()) != Some(SCHEMA) {
            return Err(bad("its schema is not `rank/1`"));
        }
        let seed = table.get("seed").and_then(|v| v.as_str()?.parse().ok()).ok_or_else(|| bad("`seed` is missing"))?;
        let list = table.get("pair").and_then(|v| v.as_array()).ok_or_else(|| bad("it has no [[pair]]"))?;
        let pair = |(i, value): (usize, &toml::Value)| {
            let word = |key: &str| {
                let found = value.get(key).and_then(|v| v.as_str()).map(str::to_owned);
                found.ok_or_else(|| RankError::Key(format!("pair {}: `{key}` is missing", i + 1)))
            };
            Ok(BlindPair { picture: word("picture")?, left: word("left")?, right: word("right")? })
        };
        Ok(Self { seed, pairs: list.iter().enumerate().map(pair).collect::<Result<_, _>>()? })
    }

    /// An empty ballot for the round: a line per pair, to be filled with `left`, `right` or `tie`.
    pub fn empty_ballot(&self) -> String {
        let lines: String = (1..=self.pairs.len()).map(|i| format!("{i},\n")).collect();
        format!("pair,choice\n{lines}")
    }
}

/// Reads a ballot on `pairs` pairs: lines of a pair's number and `left`, `right` or `tie`; what is left empty is no vote.
/// Gives the pair's number from 0 and the choice, left being the first.
///
/// # Errors
/// [`RankError::Ballot`] with the line: other words, numbers of no pair, a pair twice.
pub fn read_ballot(text: &str, pairs: usize) -> Result<Vec<(usize, Choice)>, RankError> {
    let bad = |line: usize, message: String| RankError::Ballot { line, message };
    if text.len() > LIMIT {
        return Err(bad(1, "the ballot is longer than any".into()));
    }
    let mut choices = BTreeMap::new();
    for (i, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let (at, line) = (i + 1, line.trim());
        if line.is_empty() || line.starts_with('#') || line.to_lowercase().replace(' ', "") == "pair,choice" {
            continue;
        }
        let shown: String = line.chars().take(40).collect();
        let (number, word) = line
            .split_once([',', ';', '\t'])
            .ok_or_else(|| bad(at, format!("`{shown}` is not a pair and a choice, as in `3,left`")))?;
        let pair = number.trim().trim_matches('"').parse::<usize>().ok().filter(|n| (1..=pairs).contains(n));
        let pair = pair.ok_or_else(|| bad(at, format!("`{shown}` names no pair: they are 1 to {pairs}")))?;
        let choice = match word.trim().trim_matches('"').to_lowercase().as_str() {
            "" => continue,
            "left" | "l" => Choice::First,
            "right" | "r" => Choice::Second,
            "tie" | "t" | "=" => Choice::Tie,
            _ => return Err(bad(at, format!("`{shown}`: the choice is left, right or tie, or nothing"))),
        };
        if choices.insert(pair - 1, choice).is_some() {
            return Err(bad(at, format!("pair {pair} is voted on twice")));
        }
    }
    Ok(choices.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round() -> Round {
        let pair =
            |left: &str| BlindPair { picture: "a \"b\".dng".into(), left: left.into(), right: "x,y.toml".into() };
        Round { seed: u64::MAX, pairs: vec![pair("authentic"), pair("vibrant"), pair("night")] }
    }

    #[test]
    fn keys_come_back() {
        assert_eq!(Round::from_toml(&round().to_toml()).unwrap(), round());
        let message = |text: &str| Round::from_toml(text).unwrap_err().to_string();
        assert!(message("schema = \"rank/9\"").contains("rank/1") && message("= x").contains("the key"));
        assert!(message("schema = \"rank/1\"\nseed = \"1\"\n[[pair]]\nleft = \"a\"").contains("pair 1: `picture`"));
    }

    #[test]
    fn ballots_are_read_and_mistakes_named() {
        assert!(read_ballot(&round().empty_ballot(), 3).unwrap().is_empty());
        let filled = "pair,choice\r\n1,left\r\n2, TIE \r\n\r\n3;\"right\"\r\n";
        assert_eq!(read_ballot(filled, 3).unwrap(), [(0, Choice::First), (1, Choice::Tie), (2, Choice::Second)]);
        let message = |text: &str| read_ballot(text, 3).unwrap_err().to_string();
        assert_eq!(message("1,left\n9,left"), "line 2: `9,left` names no pair: they are 1 to 3");
        assert!(message("1,better").contains("left, right or tie"));
        assert_eq!(message("1,left\n1,right"), "line 2: pair 1 is voted on twice");
        assert!(message("left").contains("as in `3,left`"));
    }
}
