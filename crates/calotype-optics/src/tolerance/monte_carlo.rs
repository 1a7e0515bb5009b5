//! Many made lenses, every error at random within its tolerance.

use super::file::{Spread, Tolerances};
use super::sensitivity::Bench;
use crate::random::Random;
use crate::{Lens, OpticsError, Result};
use rayon::prelude::*;
use serde::Serialize;

/// Samples between two reports.
const BATCH: usize = 64;

/// One made lens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// Its number, from 1.
    pub number: usize,
    /// The criterion of the worst field; nothing where light is lost.
    pub value: Option<f64>,
    /// The criterion of every field, those on the other side of the axis after the others.
    pub fields: Vec<f64>,
    /// Adjustments, mm.
    pub adjusted_mm: Vec<f64>,
}

/// The share that passes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Yield {
    /// The limit.
    pub limit: f64,
    /// How many pass.
    pub passed: usize,
    /// Their share.
    pub share: f64,
    /// Between these the share lies at 95 % confidence (E. B. Wilson, J. Am. Stat. Assoc. 22, 209, 1927).
    pub confidence: [f64; 2],
}

/// Made lenses and what they tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MonteCarlo {
    /// The criterion of the nominal lens.
    pub nominal: f64,
    /// Every sample in order.
    pub samples: Vec<Sample>,
    /// Pairs [share of lenses, the criterion that so many reach], from the best tenth on.
    pub reached: Vec<[f64; 2]>,
    /// Mean of the samples in which light arrives.
    pub mean: f64,
    /// The share that passes, where there is a limit.
    pub yielded: Option<Yield>,
}

/// Makes the samples on all cores; `go_on` is told after each batch how many are done and may say no: then those so far count.
///
/// # Errors
/// Those of [`crate::System::new`]; [`OpticsError::Dark`] where light does not get through the nominal lens.
pub fn monte_carlo(lens: &Lens, tolerances: &Tolerances, go_on: &dyn Fn(usize) -> bool) -> Result<MonteCarlo> {
    let bench = Bench::new(lens, tolerances)?;
    let mut samples: Vec<Sample> = Vec::with_capacity(tolerances.samples);
    while samples.len() < tolerances.samples {
        let end = (samples.len() + BATCH).min(tolerances.samples);
        let batch: Vec<Sample> = (samples.len()..end)
            .into_par_iter()
            .map(|i| match bench.made(&drawn(tolerances, i)) {
                Ok((fields, _, adjusted_mm)) => {
                    Sample { number: i + 1, value: Some(bench.judge.worst(&fields)), fields, adjusted_mm }
                }
                Err(_) => Sample { number: i + 1, value: None, fields: vec![], adjusted_mm: vec![] },
            })
            .collect();
        samples.extend(batch);
        if !go_on(samples.len()) {
            break;
        }
    }
    let contrast = tolerances.criterion.is_contrast();
    let mut values: Vec<f64> = samples.iter().filter_map(|s| s.value).collect();
    values.sort_by(f64::total_cmp);
    if contrast {
        values.reverse();
    }
    // so many of all samples are at least this good
    let reached = [0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98]
        .into_iter()
        .filter_map(|share| {
            let index = (share * samples.len() as f64).ceil() as usize;
            values.get(index.saturating_sub(1)).map(|v| [share, *v])
        })
        .collect();
    let yielded = tolerances.limit.map(|limit| {
        let passed = values.iter().filter(|v| if contrast { **v >= limit } else { **v <= limit }).count();
        Yield { limit, passed, share: passed as f64 / samples.len() as f64, confidence: wilson(passed, samples.len()) }
    });
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    Ok(MonteCarlo { nominal: bench.nominal, samples, reached, mean, yielded })
}

/// The lens of a sample by its number, from 1: one camera unit, adjusted, ready to be written as a file.
///
/// # Errors
/// Those of [`monte_carlo`]; [`OpticsError::Value`] for a number beyond the samples; [`OpticsError::Dark`] for a sample through
/// which light does not get.
pub fn sample_lens(lens: &Lens, tolerances: &Tolerances, number: usize) -> Result<Lens> {
    if !(1..=tolerances.samples).contains(&number) {
        return Err(OpticsError::value(
            "the number of a sample",
            number,
            format!("there are 1 to {}", tolerances.samples),
        ));
    }
    let bench = Bench::new(lens, tolerances)?;
    let errors = drawn(tolerances, number - 1);
    let (_, mut made, by) = bench.made(&errors)?;
    made.name = format!("{} sample {number}", lens.name);
    let worst = |t: &super::Tolerance, amount: f64| format!("{} {amount:+.3e}", t.label);
    made.notes.push(format!("as made: sample {number} of seed {}; adjusted by {by:?} mm", tolerances.seed));
    made.notes.extend(errors.iter().map(|(t, a)| worst(t, *a)));
    Ok(made)
}

/// The errors of a sample.
fn drawn(tolerances: &Tolerances, index: usize) -> Vec<(&super::Tolerance, f64)> {
    let mut random = Random::new(tolerances.seed, index as u64);
    let mut one = || match tolerances.spread {
        Spread::Uniform => random.between(-1.0, 1.0),
        Spread::Ends => {
            if random.unit() < 0.5 {
                -1.0
            } else {
                1.0
            }
        }
        Spread::Normal => loop {
            let v = 0.5 * random.normal();
            if v.abs() <= 1.0 {
                break v;
            }
        },
    };
    tolerances.list.iter().map(|t| (t, t.amount * one())).collect()
}

/// Wilson's interval for a share at 95 % confidence.
fn wilson(passed: usize, count: usize) -> [f64; 2] {
    let (n, z) = (count.max(1) as f64, 1.959_964f64);
    let p = passed as f64 / n;
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    [(middle - half).max(0.0), (middle + half).min(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalogue, samples};

    fn tolerances(limit: f64) -> Tolerances {
        let text = format!(
            "schema = \"tolerance/1\"\ngrade = \"precision\"\n[criterion]\nis = \"mtf\"\nfrequency = 20\nlimit = {limit}\n\
             [[compensator]]\nis = \"refocus\"\nmost_mm = 1\n[monte_carlo]\nsamples = 24\nseed = 3\n"
        );
        Tolerances::from_toml(&text, "t.toml", &samples::triplet()).unwrap()
    }

    #[test]
    fn samples_are_the_same_on_any_number_of_threads_and_as_files() {
        let lens = samples::triplet();
        let all = monte_carlo(&lens, &tolerances(0.2), &|_| true).unwrap();
        assert_eq!(all.samples.len(), 24);
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(one.install(|| monte_carlo(&lens, &tolerances(0.2), &|_| true).unwrap()), all);
        let share = all.yielded.unwrap().share;
        let better = monte_carlo(&lens, &tolerances(0.1), &|_| true).unwrap().yielded.unwrap();
        assert!(better.share >= share && better.confidence[0] <= better.share && better.share <= better.confidence[1]);
        // a sample read back from its file is judged as it was
        let unit = sample_lens(&lens, &tolerances(0.2), 5).unwrap();
        let again = Lens::from_toml(&unit.to_toml(), "unit.toml", &Catalogue::default()).unwrap();
        let bench = Bench::new(&lens, &tolerances(0.2)).unwrap();
        let value = bench.judge.worst(&bench.judge.of_fields(&again).unwrap());
        assert!((value - all.samples[4].value.unwrap()).abs() < 1e-9, "{value} {:?}", all.samples[4]);
        assert!(sample_lens(&lens, &tolerances(0.2), 25).is_err());
    }

    #[test]
    fn tighter_errors_make_better_lenses() {
        let lens = samples::triplet();
        let mut tight = tolerances(0.2);
        tight.list.iter_mut().for_each(|t| t.amount *= 0.01);
        let (a, b) =
            (monte_carlo(&lens, &tolerances(0.2), &|_| true).unwrap(), monte_carlo(&lens, &tight, &|_| true).unwrap());
        let spread =
            |m: &MonteCarlo| m.samples.iter().map(|s| (s.value.unwrap() - m.nominal).abs()).fold(0.0, f64::max);
        assert!(spread(&b) < 0.05 * spread(&a), "{} {}", spread(&a), spread(&b));
    }

    #[test]
    fn the_interval_is_wilsons() {
        let [lo, hi] = wilson(90, 100);
        assert!((lo - 0.8256).abs() < 1e-3 && (hi - 0.9448).abs() < 1e-3, "{lo} {hi}");
        assert_eq!(wilson(0, 10)[0], 0.0);
    }
}
