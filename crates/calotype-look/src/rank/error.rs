//! What can be wrong with a ranking.

/// Why votes cannot be counted. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RankError {
    /// One thing alone has no rank.
    #[error("{0} is too few to compare: two are needed")]
    TooFew(usize),
    /// Nobody voted.
    #[error("there are no votes")]
    NoVotes,
    /// A vote for what is not there.
    #[error("vote {index} compares {first} and {second}, but there are {count}")]
    Unknown {
        /// Which vote, from 0.
        index: usize,
        /// What it compares.
        first: usize,
        /// With what.
        second: usize,
        /// How many there are.
        count: usize,
    },
    /// A ballot that cannot be read.
    #[error("line {line}: {message}")]
    Ballot {
        /// Line of the trouble.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A key of pairs that cannot be read.
    #[error("the key of the pairs: {0}")]
    Key(String),
}
