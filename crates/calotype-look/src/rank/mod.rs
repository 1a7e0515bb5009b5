//! Which look people like better: blind pairs, ballots, and a ranking that knows what it does not know.
//!
//! ```
//! use calotype_look::rank::{Choice, Ranking, Vote};
//!
//! let vote = |first, second, choice| Vote { first, second, choice };
//! let votes = [vote(0, 1, Choice::First), vote(0, 1, Choice::First), vote(1, 0, Choice::First), vote(0, 1, Choice::Tie)];
//! let ranking = Ranking::new(2, &votes)?;
//! assert_eq!(ranking.order()[0], 0);
//! assert!(ranking.places[0].error > 0.3); // four votes say little
//! # Ok::<(), calotype_look::rank::RankError>(())
//! ```

mod ballot;
mod error;
mod model;
mod pairing;

pub use ballot::{BlindPair, Round, read_ballot};
pub use error::RankError;
pub use model::{Choice, Place, Ranking, Vote};
pub use pairing::{NextPair, next_pairs};
