//! The pairs that would tell most.

use super::Ranking;
use super::model::probabilities;
use nalgebra::DVector;

/// A pair to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextPair {
    /// What stands on the left.
    pub left: usize,
    /// What stands on the right.
    pub right: usize,
    /// On which picture.
    pub picture: usize,
}

/// `count` pairs on `pictures` pictures: each the one whose vote is expected to tell most after those before it, that is
/// with the largest product of the variance of the difference and the vote's Fisher information. Among equals, and for sides
/// and the order of pictures, `seed` decides. Pairs return on other pictures first.
pub fn next_pairs(ranking: &Ranking, pictures: usize, count: usize, seed: u64) -> Vec<NextPair> {
    let n = ranking.places.len();
    let mut covariance = ranking.covariance();
    let mut shown = vec![vec![0usize; n * n]; pictures.max(1)];
    let mut random = Random(seed);
    let mut out = Vec::with_capacity(count);
    for _ in 0..count {
        let mut best = (0.0, 0, 0, 0u64, 0.0);
        for i in 0..n {
            for j in i + 1..n {
                let [a, b, _] = probabilities(ranking.places[i].strength - ranking.places[j].strength, ranking.ties);
                let information = (a + b) / 4.0 - (a - b) * (a - b) / 4.0;
                let variance = covariance[(i, i)] + covariance[(j, j)] - 2.0 * covariance[(i, j)];
                let (gain, lot) = (information * variance, random.next());
                // equal but for rounding is equal
                if gain > best.0 * (1.0 + 1e-9) || (gain > best.0 * (1.0 - 1e-9) && lot > best.3) {
                    best = (gain, i, j, lot, information);
                }
            }
        }
        let (_, i, j, lot, information) = best;
        if i == j {
            break;
        }
        let column: DVector<f64> = covariance.column(i) - covariance.column(j);
        let variance = column[i] - column[j];
        covariance -= &column * column.transpose() * (information / (1.0 + information * variance));
        let used = |p: &usize| (shown[*p][i * n + j], shown[*p].iter().sum::<usize>(), mixed(seed ^ lot ^ *p as u64));
        let picture = (0..shown.len()).min_by_key(used).unwrap_or(0);
        shown[picture][i * n + j] += 1;
        let (left, right) = if random.next() & 1 == 0 { (i, j) } else { (j, i) };
        out.push(NextPair { left, right, picture });
    }
    // The order in which they were chosen says which are strong: it is shuffled (R. Fisher and F. Yates).
    for i in (1..out.len()).rev() {
        out.swap(i, (random.next() % (i as u64 + 1)) as usize);
    }
    out
}

/// Numbers from a seed (G. Steele and others, SplitMix64, OOPSLA 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }
}

fn mixed(v: u64) -> u64 {
    let v = (v ^ (v >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let v = (v ^ (v >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    v ^ (v >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::{Choice, Vote};

    #[test]
    fn before_any_vote_all_meet_alike() {
        let pairs = next_pairs(&Ranking::unknown(6), 3, 30, 7);
        assert_eq!(pairs.len(), 30);
        let mut met = [0; 6];
        pairs.iter().for_each(|p| {
            met[p.left] += 1;
            met[p.right] += 1;
        });
        assert!(met.iter().all(|m| (8..=12).contains(m)), "{met:?}");
        for picture in 0..3 {
            assert_eq!(pairs.iter().filter(|p| p.picture == picture).count(), 10);
        }
        let left = pairs.iter().filter(|p| p.left < p.right).count();
        assert!((8..=22).contains(&left), "{left}");
        assert_eq!(pairs, next_pairs(&Ranking::unknown(6), 3, 30, 7));
        assert_ne!(pairs, next_pairs(&Ranking::unknown(6), 3, 30, 8));
    }

    #[test]
    fn what_is_settled_is_not_asked_again() {
        // 0 and 1 are alike and hardly known, 2 and 3 lie far below and far above after many votes.
        let mut votes = Vec::new();
        for _ in 0..60 {
            votes.push(Vote { first: 3, second: 2, choice: Choice::First });
            votes.push(Vote { first: 2, second: 3, choice: Choice::First });
        }
        votes.push(Vote { first: 0, second: 2, choice: Choice::First });
        votes.push(Vote { first: 1, second: 2, choice: Choice::First });
        let pairs = next_pairs(&Ranking::new(4, &votes).unwrap(), 1, 6, 1);
        assert!(pairs.iter().all(|p| (p.left.min(p.right), p.left.max(p.right)) != (2, 3)), "{pairs:?}");
        assert!(next_pairs(&Ranking::unknown(2), 0, 2, 1).iter().all(|p| p.picture == 0));
    }
}
