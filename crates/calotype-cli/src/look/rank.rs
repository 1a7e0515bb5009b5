//! `calotype look rank`: blind pairs to vote on, and the ranking that votes make.

use super::finished::{Shown, png_bytes};
use super::{load, rank_page};
use crate::args::Common;
use crate::failure::Failure;
use crate::out::Outcome;
use crate::target;
use calotype::look::rank::{BlindPair, RankError, Ranking, Round, Vote, next_pairs, read_ballot};
use clap::Args as ClapArgs;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Files of a round.
const KEY: &str = "key.toml";
const PAGE: &str = "index.html";
/// Bytes beyond which no ballot and no key is read.
const MOST_BYTES: u64 = 4 << 20;

/// `look rank`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  calotype look rank authentic,vibrant,mine.toml --on DCIM/*.dng -o round-1 --pairs 20
      makes round-1/index.html to vote in, without names; the votes go into round-1/ballot.csv
  calotype look rank round-1
      counts the votes
  calotype look rank round-1 --on DCIM/*.dng -o round-2
      makes a second round of the pairs that would tell most after the first
  calotype look rank round-1 round-2

Any number of ballot*.csv in a round's folder are counted, one for each voter. key.toml beside them says which look is
which: not for voters' eyes. The same --seed deals the same pairs.")]
pub struct RankArgs {
    /// Looks, separated by commas, or folders of earlier rounds; `all` for every built-in look.
    #[arg(required = true, value_name = "LOOKS|ROUNDS")]
    pub what: Vec<String>,
    /// Pictures to compare on: raw frames, or finished pictures in the neutral rendition.
    #[arg(long, num_args = 1.., value_name = "PICTURE")]
    pub on: Vec<PathBuf>,
    /// The folder of the new round.
    #[arg(short, long = "output", value_name = "ROUND", requires = "on")]
    pub out: Option<PathBuf>,
    /// Pairs of the new round.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub pairs: u16,
    /// What deals pairs, sides and pictures.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed: u64,
    /// Width of a picture in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 900, value_parser = clap::value_parser!(u16).range(64..=4000))]
    pub width: u16,
}

/// What is compared, and what is known of it.
struct Contest {
    looks: Vec<String>,
    votes: Vec<Vote>,
    ballots: usize,
    /// True where earlier rounds were named.
    rounds: bool,
}

/// Counts, and makes the next round where one is asked for.
pub fn run(args: &RankArgs, common: &Common) -> Result<Outcome, Failure> {
    let contest = gather(&args.what)?;
    if contest.looks.len() < 2 {
        return Err(Failure::usage("one look alone has no rank").help("Name two looks or more, separated by commas."));
    }
    let ranking = match Ranking::new(contest.looks.len(), &contest.votes) {
        Ok(ranking) => Some(ranking),
        Err(RankError::NoVotes) => None,
        Err(error) => return Err(Failure::new("cannot count the votes").because(error)),
    };
    let Some(out) = &args.out else {
        return match (ranking, contest.rounds) {
            (Some(ranking), _) => Ok(told(&contest, &ranking)),
            (None, true) => Err(Failure::new("nobody has voted yet")
                .help("Open index.html of the round, vote, and save the ballot beside it as ballot.csv.")),
            (None, false) => Err(Failure::usage("there is nothing to count")
                .help("Give --on PICTURES and -o ROUND to make pairs to vote on, or the folder of a round to count.")),
        };
    };
    let start = ranking.clone().unwrap_or_else(|| Ranking::unknown(contest.looks.len()));
    let served = serve(args, &contest, &start, out, common)?;
    match ranking {
        Some(ranking) => {
            let mut outcome = told(&contest, &ranking);
            outcome.text += &served.text;
            outcome.json.extend(served.json);
            Ok(outcome)
        }
        None => Ok(served),
    }
}

/// Looks that were named, or those of rounds with their votes.
fn gather(what: &[String]) -> Result<Contest, Failure> {
    let mut contest = Contest { looks: Vec::new(), votes: Vec::new(), ballots: 0, rounds: false };
    for word in what {
        let folder = Path::new(word);
        if folder.is_dir() {
            contest.rounds = true;
            contest.add_round(folder)?;
            continue;
        }
        for name in word.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            if name == "all" {
                for name in calotype::Look::builtin_names() {
                    contest.number(name);
                }
            } else {
                load(name)?;
                contest.number(name);
            }
        }
    }
    Ok(contest)
}

impl Contest {
    /// Number of a look, new or known.
    fn number(&mut self, look: &str) -> usize {
        self.looks.iter().position(|l| l == look).unwrap_or_else(|| {
            self.looks.push(look.to_owned());
            self.looks.len() - 1
        })
    }

    fn add_round(&mut self, folder: &Path) -> Result<(), Failure> {
        let key = folder.join(KEY);
        let bad = |path: &Path, e: RankError| Failure::new(format!("cannot read {}", path.display())).because(e);
        let help = "A round is a folder that `calotype look rank LOOKS --on PICTURES -o ROUND` has made.";
        let round = Round::from_toml(&text(&key).map_err(|e| e.help(help))?).map_err(|e| bad(&key, e).help(help))?;
        let failed = |e: std::io::Error| Failure::new(format!("cannot read {}", folder.display())).because(e);
        let mut ballots: Vec<PathBuf> = std::fs::read_dir(folder)
            .map_err(failed)?
            .filter_map(|e| e.ok().map(|e| e.path()))
            .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("ballot")))
            .filter(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")))
            .collect();
        ballots.sort();
        // Numbers follow the key, voted on or not.
        let pairs: Vec<(usize, usize)> =
            round.pairs.iter().map(|p| (self.number(&p.left), self.number(&p.right))).collect();
        for path in ballots {
            let choices = read_ballot(&text(&path)?, pairs.len()).map_err(|e| {
                bad(&path, e).help("Each line is the number of a pair, a comma, and left, right or tie.")
            })?;
            self.ballots += usize::from(!choices.is_empty());
            for (pair, choice) in choices {
                let (first, second) = pairs[pair];
                self.votes.push(Vote { first, second, choice });
            }
        }
        Ok(())
    }
}

/// A small text file.
fn text(path: &Path) -> Result<String, Failure> {
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        Failure::new(format!("cannot read {}", path.display())).because(e)
    };
    let size = std::fs::metadata(path).map_err(|e| failed(e.into()))?.len();
    if size > MOST_BYTES {
        return Err(failed(format!("{size} bytes are too many").into()));
    }
    std::fs::read_to_string(path).map_err(|e| failed(e.into()))
}

/// Makes a round: pictures without names, a page to vote in, an empty ballot, and the key.
fn serve(
    args: &RankArgs,
    contest: &Contest,
    ranking: &Ranking,
    out: &Path,
    common: &Common,
) -> Result<Outcome, Failure> {
    target::make_folder(out)?;
    for name in [KEY, PAGE, "ballot.csv"] {
        target::check_writable(&out.join(name), false)?;
    }
    let looks = contest.looks.iter().map(|name| load(name)).collect::<Result<Vec<_>, _>>()?;
    let pairs = next_pairs(ranking, args.on.len(), usize::from(args.pairs), args.seed);
    for (picture, path) in args.on.iter().enumerate() {
        let mine: Vec<usize> = (0..pairs.len()).filter(|i| pairs[*i].picture == picture).collect();
        if mine.is_empty() {
            continue;
        }
        let shown = Shown::open(path, usize::from(args.width), common)?;
        // Each rendition is made once, however many pairs show it.
        let mut made: Vec<Option<Vec<u8>>> = vec![None; looks.len()];
        for i in mine {
            for (look, side) in [(pairs[i].left, "left"), (pairs[i].right, "right")] {
                let bytes = match made[look].take() {
                    Some(bytes) => bytes,
                    None => png_bytes(&shown.in_look(&looks[look], common)?.planes)?,
                };
                calotype::save_bytes(&out.join(format!("{:03}-{side}.png", i + 1)), &bytes, false)?;
                made[look] = Some(bytes);
            }
        }
    }
    let pair = |p: &calotype::look::rank::NextPair| BlindPair {
        picture: args.on[p.picture].display().to_string(),
        left: contest.looks[p.left].clone(),
        right: contest.looks[p.right].clone(),
    };
    let round = Round { seed: args.seed, pairs: pairs.iter().map(pair).collect() };
    calotype::save_bytes(&out.join(KEY), round.to_toml().as_bytes(), false)?;
    calotype::save_bytes(&out.join("ballot.csv"), round.empty_ballot().as_bytes(), false)?;
    calotype::save_bytes(&out.join(PAGE), rank_page::html(pairs.len()).as_bytes(), false)?;
    let page = out.join(PAGE).display().to_string();
    let text = format!(
        "{page}: {} pairs of {} looks on {} pictures\nVote there, save the ballot as ballot.csv in that folder, then: calotype \
         look rank {}\n",
        pairs.len(),
        looks.len(),
        args.on.len(),
        out.display()
    );
    Ok(Outcome::new(text, json!({ "page": page, "pairs": pairs.len(), "seed": args.seed })))
}

/// The ranking, for people and programs.
fn told(contest: &Contest, ranking: &Ranking) -> Outcome {
    let order = ranking.order();
    let width = contest.looks.iter().map(|l| l.len()).max().unwrap_or(0).max(4);
    let mut text = format!(
        "{} votes on {} ballots\n\n{:<width$}{:>10}{:>8}{:>7}{:>6}{:>6}   better than the next\n",
        contest.votes.len(),
        contest.ballots,
        "look",
        "strength",
        "+-",
        "won",
        "lost",
        "ties"
    );
    let mut list = Vec::new();
    for (i, look) in order.iter().enumerate() {
        let p = &ranking.places[*look];
        let next = order.get(i + 1).filter(|n| ranking.places[**n].island == p.island);
        let sure = next.map(|n| ranking.confidence(*look, *n));
        let shown = sure.map_or(String::new(), |c| format!("{:>18.0} %", 100.0 * c));
        text += &format!(
            "{:<width$}{:>10.2}{:>8.2}{:>7}{:>6}{:>6}{shown}\n",
            contest.looks[*look],
            p.strength,
            1.96 * p.error,
            p.votes[0],
            p.votes[1],
            p.votes[2]
        );
        list.push(json!({
            "look": contest.looks[*look], "strength": p.strength, "standard_error": p.error, "won": p.votes[0],
            "lost": p.votes[1], "ties": p.votes[2], "island": p.island, "better_than_next": sure,
        }));
    }
    text += "strength: logarithm of the odds against the average look, with its 95 % interval\n";
    let mut warnings = Vec::new();
    if ranking.islands() > 1 {
        warnings.push(format!(
            "the votes fall into {} groups of looks that were never compared with each other: strengths across them mean nothing",
            ranking.islands()
        ));
    } else if !ranking.settled {
        warnings.push(
            "some looks won or lost every vote against the rest: how far apart they are, more votes must tell"
                .to_owned(),
        );
    }
    let json = json!({
        "ranking": list, "votes": contest.votes.len(), "ballots": contest.ballots, "tie_weight": ranking.ties,
        "islands": ranking.islands(), "settled": ranking.settled,
    });
    Outcome { warnings, is_result: true, ..Outcome::new(text, json) }
}
