//! Strengths from paired votes: R. A. Bradley and M. E. Terry (Biometrika 39, 324, 1952), with ties after R. R. Davidson
//! (J. Am. Stat. Assoc. 65, 317, 1970).
//!
//! With d the difference of two strengths and v the weight of ties, the first is chosen with probability e^(d/2) / D, the
//! second with e^(-d/2) / D, neither with v / D, D being the sum of the three numerators.

use super::RankError;
use nalgebra::{DMatrix, DVector};

/// Strengths lie about 0 with this standard deviation before any vote: 3 is odds of 20 to 1. Keeps those finite who won
/// every vote.
const SPREAD: f64 = 3.0;
/// Logarithm of the weight of ties before any vote, and its standard deviation.
const TIES: (f64, f64) = (-0.7, 1.5);

/// What a voter said of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The first is better.
    First,
    /// The second is better.
    Second,
    /// Neither.
    Tie,
}

/// One vote on two things, by their numbers from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The one.
    pub first: usize,
    /// The other.
    pub second: usize,
    /// The choice.
    pub choice: Choice,
}

/// What is known of one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// Logarithm of the odds against the average of all.
    pub strength: f64,
    /// Its standard error, from the Fisher information.
    pub error: f64,
    /// Votes it won, lost and tied.
    pub votes: [usize; 3],
    /// Things that votes connect, directly or through others, have the same number.
    pub island: usize,
}

/// Strengths of all things.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// One for each thing, in the order of their numbers.
    pub places: Vec<Place>,
    /// Weight of ties: the probability of a tie among equals is `ties / (2 + ties)`.
    pub ties: f64,
    /// True where no group won all its votes against the rest: then the votes alone settle the strengths, else the spread
    /// that was assumed does.
    pub settled: bool,
    covariance: DMatrix<f64>,
}

impl Ranking {
    /// Counts votes on `count` things: the most probable strengths, by Newton steps.
    ///
    /// # Errors
    /// [`RankError::TooFew`] under two things, [`RankError::NoVotes`], [`RankError::Unknown`] for votes on what is not there
    /// or on a thing and itself.
    pub fn new(count: usize, votes: &[Vote]) -> Result<Self, RankError> {
        if count < 2 {
            return Err(RankError::TooFew(count));
        }
        let bad = |v: &Vote| v.first >= count || v.second >= count || v.first == v.second;
        if let Some(index) = votes.iter().position(bad) {
            let Vote { first, second, .. } = votes[index];
            return Err(RankError::Unknown { index, first, second, count });
        }
        if votes.is_empty() {
            return Err(RankError::NoVotes);
        }
        Ok(Self::count(count, votes))
    }

    /// What is known before any vote: nothing.
    pub fn unknown(count: usize) -> Self {
        Self::count(count, &[])
    }

    fn count(count: usize, votes: &[Vote]) -> Self {
        let mut at = DVector::zeros(count + 1);
        at[count] = TIES.0;
        let mut value = likelihood(&at, votes);
        for _ in 0..100 {
            let (gradient, information) = derivatives(&at, votes);
            let Some(solver) = information.cholesky() else { break };
            let step = solver.solve(&gradient);
            let mut share = 1.0;
            let better = loop {
                let next = &at + &step * share;
                let there = likelihood(&next, votes);
                if there >= value {
                    (at, value) = (next, there);
                    break true;
                }
                share /= 2.0;
                if share < 1e-6 {
                    break false;
                }
            };
            if !better || step.amax() * share < 1e-10 {
                break;
            }
        }
        let (_, information) = derivatives(&at, votes);
        let n = information.nrows();
        let covariance = information.cholesky().map_or_else(|| DMatrix::identity(n, n), |c| c.inverse());
        let mean = at.rows(0, count).sum() / count as f64;
        let islands = islands(count, votes);
        let mut places = vec![Place::default(); count];
        for (i, place) in places.iter_mut().enumerate() {
            let mut contrast = DVector::from_element(n, -1.0 / count as f64);
            contrast[count] = 0.0;
            contrast[i] += 1.0;
            place.strength = at[i] - mean;
            place.error = (contrast.transpose() * &covariance * &contrast)[0].max(0.0).sqrt();
            place.island = islands[i];
        }
        for v in votes {
            let (a, b) = match v.choice {
                Choice::First => (0, 1),
                Choice::Second => (1, 0),
                Choice::Tie => (2, 2),
            };
            places[v.first].votes[a] += 1;
            places[v.second].votes[b] += 1;
        }
        Self { places, ties: at[count].exp(), settled: is_settled(count, votes), covariance }
    }

    /// Numbers of the things, strongest first.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.places.len()).collect();
        order.sort_by(|a, b| self.places[*b].strength.total_cmp(&self.places[*a].strength));
        order
    }

    /// Number of islands: more than one means that votes do not connect all things.
    pub fn islands(&self) -> usize {
        self.places.iter().map(|p| p.island + 1).max().unwrap_or(0)
    }

    /// Standard error of the difference of two strengths.
    pub fn error_between(&self, a: usize, b: usize) -> f64 {
        let c = &self.covariance;
        (c[(a, a)] + c[(b, b)] - 2.0 * c[(a, b)]).max(0.0).sqrt()
    }

    /// Probability that `a` is stronger than `b`, the estimates being normal.
    pub fn confidence(&self, a: usize, b: usize) -> f64 {
        let z = (self.places[a].strength - self.places[b].strength) / self.error_between(a, b).max(1e-12);
        normal_below(z)
    }

    /// Probabilities that the first, the second or neither of two is chosen.
    pub fn probabilities(&self, first: usize, second: usize) -> [f64; 3] {
        probabilities(self.places[first].strength - self.places[second].strength, self.ties)
    }

    /// Covariance of the strengths, before their mean is taken away.
    pub(crate) fn covariance(&self) -> DMatrix<f64> {
        let n = self.places.len();
        self.covariance.view((0, 0), (n, n)).into_owned()
    }
}

/// First, second, neither, for a difference of strengths and the weight of ties.
pub(crate) fn probabilities(d: f64, ties: f64) -> [f64; 3] {
    // both numerators over the larger: nothing overflows
    let small = (-d.abs()).exp();
    let tie = ties * (-d.abs() / 2.0).exp();
    let sum = 1.0 + small + tie;
    let [more, less, tie] = [1.0 / sum, small / sum, tie / sum];
    if d >= 0.0 { [more, less, tie] } else { [less, more, tie] }
}

/// Logarithm of the posterior, up to a constant.
fn likelihood(at: &DVector<f64>, votes: &[Vote]) -> f64 {
    let n = at.len() - 1;
    let prior: f64 =
        at.rows(0, n).iter().map(|v| (v / SPREAD).powi(2)).sum::<f64>() + ((at[n] - TIES.0) / TIES.1).powi(2);
    let one = |v: &Vote| {
        let p = probabilities(at[v.first] - at[v.second], at[n].exp());
        p[v.choice as usize].max(1e-300).ln()
    };
    votes.iter().map(one).sum::<f64>() - prior / 2.0
}

/// Gradient of the logarithm of the posterior, and its information.
fn derivatives(at: &DVector<f64>, votes: &[Vote]) -> (DVector<f64>, DMatrix<f64>) {
    let n = at.len() - 1;
    let (mut gradient, mut information) = (DVector::zeros(n + 1), DMatrix::zeros(n + 1, n + 1));
    for i in 0..n {
        gradient[i] = -at[i] / SPREAD.powi(2);
        information[(i, i)] = SPREAD.powi(-2);
    }
    gradient[n] = -(at[n] - TIES.0) / TIES.1.powi(2);
    information[(n, n)] = TIES.1.powi(-2);
    for v in votes {
        let (i, j) = (v.first, v.second);
        let [a, b, tie] = probabilities(at[i] - at[j], at[n].exp());
        let lean = (a - b) / 2.0;
        let pull = match v.choice {
            Choice::First => 0.5,
            Choice::Second => -0.5,
            Choice::Tie => 0.0,
        } - lean;
        gradient[i] += pull;
        gradient[j] -= pull;
        gradient[n] += f64::from(u8::from(v.choice == Choice::Tie)) - tie;
        let strength = (a + b) / 4.0 - lean * lean;
        information[(i, i)] += strength;
        information[(j, j)] += strength;
        information[(i, j)] -= strength;
        information[(j, i)] -= strength;
        let mixed = -lean * tie;
        for (k, sign) in [(i, 1.0), (j, -1.0)] {
            information[(k, n)] += sign * mixed;
            information[(n, k)] += sign * mixed;
        }
        information[(n, n)] += tie * (1.0 - tie);
    }
    (gradient, information)
}

/// The island of each thing, numbered in the order of their first things.
fn islands(count: usize, votes: &[Vote]) -> Vec<usize> {
    let mut island: Vec<usize> = (0..count).collect();
    for v in votes {
        let (a, b) = (island[v.first].min(island[v.second]), island[v.first].max(island[v.second]));
        island.iter_mut().filter(|i| **i == b).for_each(|i| *i = a);
    }
    let mut known = island.clone();
    known.sort_unstable();
    known.dedup();
    island.iter().map(|i| known.binary_search(i).unwrap_or(0)).collect()
}

/// True where each thing is reached from each by steps from a winner to a loser, ties going both ways (L. R. Ford, Am. Math.
/// Monthly 64, 28, 1957).
fn is_settled(count: usize, votes: &[Vote]) -> bool {
    let all = |forward: bool| {
        let mut reached = vec![false; count];
        reached[0] = true;
        for _ in 0..count {
            for v in votes {
                let (winner, loser) =
                    if v.choice == Choice::Second { (v.second, v.first) } else { (v.first, v.second) };
                let (from, to) = if forward { (winner, loser) } else { (loser, winner) };
                if reached[from] || (v.choice == Choice::Tie && reached[to]) {
                    reached[to] = true;
                    reached[from] |= v.choice == Choice::Tie;
                }
            }
        }
        reached.iter().all(|r| *r)
    };
    all(true) && all(false)
}

/// The normal distribution function (M. Abramowitz and I. A. Stegun, 26.2.17, within 1e-7).
fn normal_below(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let tail = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
        * t
        * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    if z > 0.0 { 1.0 - tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(list: &[(usize, usize, usize, usize, usize)]) -> Vec<Vote> {
        let mut out = Vec::new();
        for &(first, second, wins, losses, ties) in list {
            let vote = |choice| Vote { first, second, choice };
            out.extend(std::iter::repeat_n(vote(Choice::First), wins));
            out.extend(std::iter::repeat_n(vote(Choice::Second), losses));
            out.extend(std::iter::repeat_n(vote(Choice::Tie), ties));
        }
        out
    }

    /// Two things: the odds are those of the votes, the error that of a binomial, the ties their share.
    #[test]
    fn two_things_follow_the_closed_form() {
        let r = Ranking::new(2, &votes(&[(0, 1, 3000, 1000, 0)])).unwrap();
        let d = r.places[0].strength - r.places[1].strength;
        assert!((d - 3f64.ln()).abs() < 0.01, "{d}");
        let error = (1.0f64 / 3000.0 + 1.0 / 1000.0).sqrt();
        assert!((r.error_between(0, 1) / error - 1.0).abs() < 0.01, "{} {error}", r.error_between(0, 1));
        assert!((r.places[0].error / (error / 2.0) - 1.0).abs() < 0.01);
        let r = Ranking::new(2, &votes(&[(0, 1, 2000, 1000, 1500)])).unwrap();
        let p = r.probabilities(0, 1);
        assert!((p[0] - 2000.0 / 4500.0).abs() < 1e-3 && (p[2] - 1500.0 / 4500.0).abs() < 1e-3, "{p:?}");
    }

    /// Votes in the proportions of given strengths give those strengths.
    #[test]
    fn strengths_are_recovered() {
        let truth: [f64; 4] = [0.9, 0.2, -0.3, -0.8];
        let mut list = Vec::new();
        for i in 0..4 {
            for j in i + 1..4 {
                let p = probabilities(truth[i] - truth[j], 0.5).map(|p| (p * 4000.0).round() as usize);
                list.push((i, j, p[0], p[1], p[2]));
            }
        }
        let r = Ranking::new(4, &votes(&list)).unwrap();
        for (place, want) in r.places.iter().zip(truth) {
            assert!((place.strength - want).abs() < 0.01, "{place:?} {want}");
        }
        assert!((r.ties - 0.5).abs() < 0.01 && r.settled && r.islands() == 1 && r.order() == [0, 1, 2, 3]);
        assert!(r.confidence(0, 3) > 0.999 && (r.confidence(1, 1) - 0.5).abs() < 1e-6);
    }

    /// The error says how far repeated ballots scatter.
    #[test]
    fn errors_are_those_of_repetition() {
        let mut state = 12345u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1u64 << 31) as f64
        };
        let truth: [f64; 3] = [0.5, 0.0, -0.5];
        let (mut strengths, mut errors) = (Vec::new(), 0.0);
        for _ in 0..300 {
            let mut list = Vec::new();
            for k in 0..120 {
                let (first, second) = [(0, 1), (1, 2), (0, 2)][k % 3];
                let p = probabilities(truth[first] - truth[second], 0.3);
                let u = random();
                let choice = if u < p[0] {
                    Choice::First
                } else if u < p[0] + p[1] {
                    Choice::Second
                } else {
                    Choice::Tie
                };
                list.push(Vote { first, second, choice });
            }
            let r = Ranking::new(3, &list).unwrap();
            strengths.push(r.places[0].strength);
            errors += r.places[0].error / 300.0;
        }
        let mean = strengths.iter().sum::<f64>() / 300.0;
        let scatter = (strengths.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 299.0).sqrt();
        assert!((mean - 0.5).abs() < 0.05 && (scatter / errors - 1.0).abs() < 0.15, "{mean} {scatter} {errors}");
    }

    #[test]
    fn gaps_are_told() {
        let r = Ranking::new(4, &votes(&[(0, 1, 2, 1, 0), (2, 3, 1, 2, 0)])).unwrap();
        assert_eq!(r.islands(), 2);
        assert!(r.places[0].island == r.places[1].island && r.places[1].island != r.places[2].island && !r.settled);
        let swept = Ranking::new(2, &votes(&[(0, 1, 5, 0, 0)])).unwrap();
        assert!(!swept.settled && swept.places[0].strength.is_finite() && swept.places[0].error > 0.5);
        assert!(Ranking::new(2, &votes(&[(0, 1, 0, 0, 3)])).unwrap().settled, "ties go both ways");
        assert_eq!(Ranking::new(1, &[]).unwrap_err(), RankError::TooFew(1));
        assert_eq!(Ranking::new(2, &[]).unwrap_err(), RankError::NoVotes);
        let odd = [Vote { first: 1, second: 1, choice: Choice::Tie }];
        assert!(matches!(Ranking::new(2, &odd), Err(RankError::Unknown { index: 0, .. })));
    }

    #[test]
    fn the_normal_distribution_is_as_tabled() {
        for (z, p) in [(0.0, 0.5), (1.0, 0.841_344_746), (-1.959_964, 0.025), (3.0, 0.998_650_102)] {
            assert!((normal_below(z) - p).abs() < 2e-7, "{z}");
        }
    }
}
