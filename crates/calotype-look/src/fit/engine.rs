//! From examples to a look: numbers first, then the smooth table of what they do not say, as much of it as held-out
//! examples approve of.

use super::confidence::Confidence;
use super::least_squares::Problem;
use super::metric::{Metric, lab};
use super::parameters::{Free, Stage, free, look_at};
use super::sample::folds;
use super::smooth_lattice::{Change, Changes, Smoothness};
use super::{FitError, HeldOut, Sample};
use crate::compiled::falloff_gain;
use crate::residual::{decode, encode};
use crate::{Lattice, Look, OutputSpace, PointTransform, Residual};
use calotype_color::RgbSpace;
use calotype_color::lab::delta_e_2000;
use calotype_color::oklab::rgb_to_oklab;
use calotype_image::par;
use std::ops::Range;
use std::sync::Arc;

/// Fewest examples from which a look is fitted.
const FEWEST: usize = 12;
/// Piles of which each is held out once.
const FOLDS: usize = 5;
/// Most examples that the numbers are fitted to; the table takes all.
const MOST: usize = 800;
/// Differences in CIEDE2000 beyond which an example counts less.
const SCALE: f64 = 3.0;
/// What the numbers leave of looks that were not made of them, in CIEDE2000: a standard deviation.
const SIGMA: f64 = 1.0;
/// Weights of bending among which held-out examples choose.
const BENDS: [f64; 5] = [0.001, 0.005, 0.02, 0.1, 0.5];
/// Share of a table's error by which numbers must be better to take its place.
const BETTER: f64 = 0.25;
/// Points along an axis of the tables that are tried; bends mean the same in finer ones.
const TRIED: usize = 17;
/// Weight of the table's size, which fades it out far from all examples.
const SIZE: f64 = 1e-3;
/// Black and white: rest of the examples' colours, once a tone by lightness is taken away, as a share of the colours before.
const MONO_REST: f64 = 0.12;

/// What is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FitOptions {
    /// The examples have places ([`Sample::radius2`]), and light may fall off towards the corners.
    pub falloff: bool,
    /// What the look may be made of.
    pub form: Form,
    /// Points along an axis of the table: 17 for examples, 33 where they are dense.
    pub lattice: usize,
}

/// What a fitted look may be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Numbers, with a table where it helps; or a table over the neutral rendition where numbers are not clearly better.
    Best,
    /// Numbers, with a table where it helps.
    Readable,
    /// A table over the neutral rendition: what others fit, to compare with.
    TableAlone,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { falloff: false, form: Form::Best, lattice: 17 }
    }
}

/// A fitted look and how far it is to be trusted.
///
/// All errors but `neutral` are CIEDE2000 of examples that were held out: a fifth of the surfaces at a time, all their
/// exposures with them, numbers and table fitted to the rest. How much of the table is used was chosen by the same figures,
/// so the last is a little kind.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The look; its contract is what it measures, its table is called `fit.cube`.
    pub look: Look,
    /// The neutral rendition against all examples: what there was to fit.
    pub neutral: HeldOut,
    /// Numbers alone.
    pub numbers: HeldOut,
    /// The smoothest table alone, over the neutral rendition.
    pub table: HeldOut,
    /// This look.
    pub held_out: HeldOut,
    /// True where the grade was recognised as black and white.
    pub mono: bool,
    /// Examples used.
    pub samples: usize,
    /// Where the examples lie, and the error held out there.
    pub confidence: Confidence,
}

/// Fits a look to examples.
///
/// Numbers of the look join in four stages (tone 6, rendering primaries 14, chroma and tint 24, sectors 48; black and white:
/// tone, filter, print), each started from the last: robust damped least squares in CIEDE2000 about the examples, with the
/// spread of usual looks as prior. Of what is left the smoothest table is made. How many stages of numbers there are, and how
/// bent the table is or whether there is one, is what does best on examples held out, or the fewest stages that do not fall
/// behind that by more than the standard error of the difference; of [`Form::Best`] a table alone, unless numbers are better
/// by more than twice that error and by a quarter. Takes seconds for a thousand examples; the result is the same on any
/// number of threads.
///
/// # Errors
/// [`FitError::TooFew`] under 12 examples; [`FitError::Unsound`] where light is not finite or outside its range.
pub fn fit(samples: &[Sample], options: &FitOptions) -> Result<Fitted, FitError> {
    if samples.len() < FEWEST {
        return Err(FitError::TooFew { found: samples.len(), needed: FEWEST });
    }
    if let Some(index) = samples.iter().position(|s| !s.is_sound()) {
        let Sample { scene, display, .. } = samples[index];
        return Err(FitError::Unsound { index, scene, display });
    }
    let bench = Bench::new(samples, options);
    let trials = bench.held_out_trials();
    let neutral_codes = bench.codes(&Look::default());
    let neutral: Vec<f64> = (0..samples.len()).map(|i| bench.error(i, neutral_codes[i])).collect();
    let best = |wanted: &dyn Fn(&Trial) -> bool| {
        trials.iter().filter(|t| wanted(t)).min_by(|a, b| mean(&a.errors).total_cmp(&mean(&b.errors)))
    };
    let numbers = best(&|t| t.numbers == Some(Stage::Sectors) && t.bend.is_none()).map_or(&neutral, |t| &t.errors);
    let table = best(&|t| t.numbers.is_none()).expect("a table alone is always tried");
    // the fewest numbers that do as well as the best
    let fewest = best(&|t| t.numbers.is_some()).map(|trial| {
        let stage = |last| best(&|t: &Trial| t.numbers == Some(last));
        Stage::ALL.into_iter().filter_map(stage).find(|t| as_good(t, trial)).unwrap_or(trial)
    });
    let chosen = match fewest {
        Some(trial) if options.form == Form::Readable || bench.mono || clearly_better(trial, table) => trial,
        _ => table,
    };
    let all: Vec<usize> = (0..samples.len()).collect();
    let mut look = chosen.numbers.and_then(|last| bench.numbers(last, &all).pop()).unwrap_or_default();
    if let Some(bend) = chosen.bend {
        let changes = bench.changes(&bench.codes(&look), &all, bend, options.lattice);
        let lattice = Arc::new(as_lattice(&changes));
        look.residual = Some(Residual { file: "fit.cube".into(), amount: 1.0, lattice });
    }
    look.promise();
    Ok(Fitted {
        look,
        neutral: HeldOut::of(&neutral),
        numbers: HeldOut::of(numbers),
        table: HeldOut::of(&table.errors),
        held_out: HeldOut::of(&chosen.errors),
        mono: bench.mono,
        samples: samples.len(),
        confidence: Confidence::new(&neutral_codes, &chosen.errors),
    })
}

/// CIEDE2000 of all examples against a smooth fit to the first `known` of them: for finding those that do not belong.
pub(crate) fn rough_errors(samples: &[Sample], known: usize, options: &FitOptions) -> Vec<f64> {
    let bench = Bench::new(samples, options);
    let first: Vec<usize> = (0..known).collect();
    let codes = bench.codes(&bench.numbers(Stage::Chroma, &first).pop().unwrap_or_default());
    let changes = bench.changes(&codes, &first, 0.5, 9);
    let error = |i: usize| {
        let change = changes.at(codes[i]);
        bench.error(i, [0, 1, 2].map(|c| codes[i][c] + change[c]))
    };
    par::map(samples.len(), error)
}

fn mean(errors: &[f64]) -> f64 {
    errors.iter().sum::<f64>() / errors.len().max(1) as f64
}

/// True where numbers do better than a table alone by more than twice the standard error of the difference, for among so many
/// trials some are better by luck; and by [`BETTER`], for beyond the examples, where nothing is held out, they may stray
/// further than a table.
fn clearly_better(trial: &Trial, table: &Trial) -> bool {
    let (gain, error) = gain(trial, table);
    gain > (2.0 * error).max(BETTER * mean(&table.errors))
}

/// True where a trial does not fall behind the best by more than the standard error of the difference (Breiman et al.,
/// "Classification and Regression Trees", 1984).
fn as_good(trial: &Trial, best: &Trial) -> bool {
    let (gain, error) = gain(best, trial);
    gain <= error
}

/// How much nearer the first comes to what was held out, example by example in the mean, and the standard error of that.
fn gain(first: &Trial, second: &Trial) -> (f64, f64) {
    let gains: Vec<f64> = second.errors.iter().zip(&first.errors).map(|(s, f)| s - f).collect();
    let (gain, n) = (mean(&gains), gains.len() as f64);
    let variance = gains.iter().map(|g| (g - gain).powi(2)).sum::<f64>() / (n - 1.0);
    (gain, (variance / n).sqrt())
}

fn as_lattice(changes: &Changes) -> Lattice {
    Lattice::sample(changes.size, |[g, b], reds, row| {
        for (r, out) in reds.iter().zip(row) {
            let code = [*r, g, b];
            let change = changes.at(code);
            *out = [0, 1, 2].map(|c| (code[c] + change[c]).clamp(0.0, 1.0) as f32);
        }
    })
}

/// A way to make a look of examples, and their errors while they were held out.
struct Trial {
    /// The last stage of numbers, `None` for the neutral rendition.
    numbers: Option<Stage>,
    /// Bending of the table, `None` for none.
    bend: Option<f64>,
    errors: Vec<f64>,
}

/// Examples, prepared.
struct Bench<'a> {
    samples: &'a [Sample],
    targets: Vec<[f64; 3]>,
    metrics: Vec<Metric>,
    base: PointTransform,
    free: Vec<Free>,
    mono: bool,
    options: FitOptions,
}

impl<'a> Bench<'a> {
    fn new(samples: &'a [Sample], options: &FitOptions) -> Self {
        let targets = par::map(samples.len(), |i| lab(samples[i].display));
        let base = PointTransform::new(&Look::default(), OutputSpace::Srgb, 0.0);
        let mono = is_mono(samples, &base);
        Self {
            samples,
            metrics: targets.iter().map(|t| Metric::about(*t)).collect(),
            targets,
            base,
            free: free(mono, options.falloff),
            mono,
            options: *options,
        }
    }

    /// All that may be made of the examples, judged on a fifth of them at a time: the numbers of each stage and none, each with
    /// a table of every bend and without.
    fn held_out_trials(&self) -> Vec<Trial> {
        let stages: &[Stage] = if self.options.form == Form::TableAlone { &[] } else { &Stage::ALL };
        let starts: Vec<Option<Stage>> = std::iter::once(None).chain(stages.iter().copied().map(Some)).collect();
        let bends: Vec<Option<f64>> = std::iter::once(None).chain(BENDS.map(Some)).collect();
        let pairs = starts.iter().flat_map(|numbers| bends.iter().map(|bend| (*numbers, *bend)));
        let n = self.samples.len();
        let mut trials: Vec<Trial> =
            pairs.map(|(numbers, bend)| Trial { numbers, bend, errors: vec![0.0; n] }).collect();
        let fold = folds(self.samples, FOLDS);
        for k in 0..FOLDS {
            let (unseen, seen): (Vec<usize>, Vec<usize>) = (0..n).partition(|i| fold[*i] == k);
            let mut looks = vec![Look::default()];
            if let Some(last) = stages.last() {
                looks.extend(self.numbers(*last, &seen));
            }
            let codes: Vec<Vec<[f64; 3]>> = looks.iter().map(|look| self.codes(look)).collect();
            let errors = par::map(trials.len(), |t| {
                let codes = &codes[t / bends.len()];
                let changes = trials[t].bend.map(|b| self.changes(codes, &seen, b, TRIED.min(self.options.lattice)));
                let change = |i: usize| changes.as_ref().map_or([0.0; 3], |c| c.at(codes[i]));
                let code = |i: usize| {
                    let change = change(i);
                    [0, 1, 2].map(|c| codes[i][c] + change[c])
                };
                unseen.iter().map(|i| self.error(*i, code(*i))).collect::<Vec<f64>>()
            });
            for (trial, errors) in trials.iter_mut().zip(errors) {
                unseen.iter().zip(errors).for_each(|(i, e)| trial.errors[*i] = e);
            }
        }
        // the neutral rendition as it is, is no fit
        trials.retain(|t| t.numbers.is_some() || t.bend.is_some());
        trials
    }

    /// The looks without a table that fit the examples of the list best, of all stages up to `last`, each started from the one
    /// before.
    fn numbers(&self, last: Stage, list: &[usize]) -> Vec<Look> {
        let list: Vec<usize> = list.iter().copied().step_by(list.len().div_ceil(MOST).max(1)).collect();
        let differences = |u: &[f64], range: Range<usize>| -> Vec<[f64; 3]> {
            let look = look_at(&self.free, u, self.mono);
            let transform = self.base.retuned(&look);
            let one = |i: &usize| self.metrics[*i].difference(lab(transform.apply(self.light(*i, &look))));
            list[range].iter().map(one).collect()
        };
        let problem = Problem {
            count: list.len(),
            weight: &|i| self.samples[list[i]].weight,
            scale: SCALE,
            sigma: SIGMA,
            ranges: self.free.iter().map(Free::range).collect(),
        };
        let mut units = vec![0.0; self.free.len()];
        let mut solve = |stage: Stage| {
            let active: Vec<usize> = (0..self.free.len()).filter(|i| self.free[*i].stage <= stage).collect();
            units = problem.solve(&units, &active, 25, &differences);
            look_at(&self.free, &units, self.mono)
        };
        Stage::ALL.into_iter().filter(|s| *s <= last).map(&mut solve).collect()
    }

    /// Scene light of an example behind the look's falloff.
    fn light(&self, i: usize, look: &Look) -> [f64; 3] {
        let gain = falloff_gain(look.optics.corner_ev, self.samples[i].radius2);
        self.samples[i].scene.map(|v| v * gain)
    }

    /// sRGB codes of all examples in a look without its table.
    fn codes(&self, look: &Look) -> Vec<[f64; 3]> {
        let transform = self.base.retuned(look);
        par::map(self.samples.len(), |i| transform.apply(self.light(i, look)).map(|v| encode(v).clamp(0.0, 1.0)))
    }

    /// What examples of the list ask to be changed at their codes, smoothed.
    fn changes(&self, codes: &[[f64; 3]], list: &[usize], bend: f64, size: usize) -> Changes {
        let one = |i: &usize| {
            let target = self.samples[*i].display.map(|v| encode(v.clamp(0.0, 1.0)));
            let change = [0, 1, 2].map(|c| target[c] - codes[*i][c]);
            Change { code: codes[*i], change, weight: self.samples[*i].weight }
        };
        let data: Vec<Change> = list.iter().map(one).collect();
        Changes::smooth(size, &data, Smoothness { bend, size: SIZE })
    }

    /// CIEDE2000 of a code against an example.
    fn error(&self, i: usize, code: [f64; 3]) -> f64 {
        delta_e_2000(lab(code.map(|v| decode(v.clamp(0.0, 1.0)))), self.targets[i])
    }
}

/// True where colours of the scene leave no trace in the examples but a tone that depends on lightness alone.
fn is_mono(samples: &[Sample], neutral: &PointTransform) -> bool {
    let ab = |display: [f64; 3]| rgb_to_oklab(RgbSpace::Rec709, display);
    let mut sorted: Vec<[f64; 3]> = samples.iter().map(|s| ab(s.display)).collect();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]));
    // The tone is that of the neighbours in lightness; so is its noise.
    let near = (samples.len() / 12).clamp(3, 40);
    let rest = |i: usize| {
        let (from, to) = (i.saturating_sub(near), (i + near + 1).min(sorted.len()));
        let around: Vec<&[f64; 3]> = sorted[from..to].iter().collect();
        let mean = [1, 2].map(|c| around.iter().map(|v| v[c]).sum::<f64>() / around.len() as f64);
        (sorted[i][1] - mean[0]).powi(2) + (sorted[i][2] - mean[1]).powi(2)
    };
    let after: f64 = (0..sorted.len()).map(rest).sum();
    let before: f64 = samples.iter().map(|s| ab(neutral.apply(s.scene))).map(|v| v[1] * v[1] + v[2] * v[2]).sum();
    let coloured = before > 1e-4 * samples.len() as f64;
    coloured && after < MONO_REST * MONO_REST * before
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenes(count: usize) -> Vec<[f64; 3]> {
        (1..=count as u32)
            .map(|i| {
                let [u, v, w] = [0.819_172_5, 0.671_043_6, 0.549_700_4].map(|k| (0.5 + k * f64::from(i)).fract());
                let (sin, cos) = (v * std::f64::consts::TAU).sin_cos();
                let lab = [0.18f64.cbrt(), 0.12 * w * cos, 0.12 * w * sin];
                let color = calotype_color::oklab::oklab_to_rgb(RgbSpace::Rec2020, lab);
                color.map(|c| c.max(0.0) * (6.0 * u - 4.0).exp2())
            })
            .collect()
    }

    fn examples(look: &Look, count: usize) -> Vec<Sample> {
        let transform = PointTransform::new(look, OutputSpace::Srgb, 0.0);
        scenes(count).into_iter().map(|s| Sample::new(s, transform.apply(s))).collect()
    }

    /// A look of the very form: it is found again, on what was held out as well, and measures what the original does.
    #[test]
    fn a_look_is_found_again() {
        let mut look = Look::builtin("print-warm").unwrap();
        // fits do not move it
        look.tone.skin_lift_ev = 0.0;
        let fitted = fit(&examples(&look, 300), &FitOptions::default()).unwrap();
        assert!(!fitted.mono && fitted.held_out.mean < 0.35, "{:?}", fitted.held_out);
        assert!(fitted.neutral.mean > 3.0, "{:?}", fitted.neutral);
        let (a, b) = (crate::measure(&fitted.look), crate::measure(&look));
        assert!((a.slope - b.slope).abs() < 0.05 && (a.lstar(-2.0) - b.lstar(-2.0)).abs() < 1.0);
        assert!(crate::verify(&fitted.look).is_empty());
    }

    #[test]
    fn the_neutral_rendition_stays_neutral() {
        let fitted = fit(&examples(&Look::default(), 100), &FitOptions::default()).unwrap();
        assert!(fitted.held_out.mean < 0.02, "{:?}", fitted.held_out);
    }

    /// A grade in black and white under an orange filter, toned: recognised, with its weights.
    #[test]
    fn black_and_white_is_recognised() {
        let mut look = Look::builtin("mono-high-contrast").unwrap();
        look.tone.skin_lift_ev = 0.0;
        let fitted = fit(&examples(&look, 200), &FitOptions::default()).unwrap();
        assert!(fitted.mono && fitted.look.mono.amount == 1.0 && fitted.held_out.mean < 0.5, "{:?}", fitted.held_out);
        let share = |w: [f64; 3]| w.map(|v| v / w.iter().sum::<f64>());
        let (a, b) = (share(fitted.look.mono.weights), share(look.mono.weights));
        assert!((0..3).all(|c| (a[c] - b[c]).abs() < 0.03), "{a:?} {b:?}");
    }

    #[test]
    fn falloff_is_told_from_darkness() {
        let mut look = Look::builtin("natural").unwrap();
        look.optics.corner_ev = -1.2;
        let transform = PointTransform::new(&look, OutputSpace::Srgb, 0.0);
        let samples: Vec<Sample> = scenes(300)
            .into_iter()
            .enumerate()
            .map(|(i, scene)| {
                let radius2 = (i * 37 % 100) as f64 / 100.0;
                let light = scene.map(|v| v * falloff_gain(-1.2, radius2));
                Sample { radius2, ..Sample::new(scene, transform.apply(light)) }
            })
            .collect();
        let fitted = fit(&samples, &FitOptions { falloff: true, ..FitOptions::default() }).unwrap();
        assert!((fitted.look.optics.corner_ev + 1.2).abs() < 0.05, "{:?}", fitted.look.optics);
    }

    #[test]
    fn what_is_no_example_is_refused() {
        let few = examples(&Look::default(), 5);
        assert_eq!(fit(&few, &FitOptions::default()).unwrap_err(), FitError::TooFew { found: 5, needed: 12 });
        let mut bad = examples(&Look::default(), 50);
        bad[7].display[1] = f64::NAN;
        assert!(matches!(fit(&bad, &FitOptions::default()), Err(FitError::Unsound { index: 7, .. })));
    }
}
