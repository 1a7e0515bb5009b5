//! From examples to a look: numbers first, then the smooth table of what they do not say, as much of it as held-out
//! examples approve of.

use super::confidence::Confidence;
use super::least_squares::Problem;
use super::metric::{Metric, lab};
use super::parameters::{Free, Stage, free, look_at};
use super::sample::{folds, surfaces};
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
/// Points along an axis of the tables that are tried; bends mean the same in finer ones.
const TRIED: usize = 17;
/// Shares of numbers with their table, against a table alone, among which held-out examples choose, the plainest first.
const SHARES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// Points along an axis of tables that hold such a share: numbers bend more than a smooth table does.
const MIXED: usize = 33;
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
    /// Numbers, with a table where it helps; or, where numbers are not clearly better, a table over the neutral rendition that
    /// may hold a share of them.
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
    /// How much numbers with their table have a say, 0 to 1; a table alone has the rest. Under 1 the look is the neutral
    /// rendition with one table that holds both.
    pub share: f64,
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
/// bent the table is or whether there is one, is what does best on examples held out; with [`Form::Best`] a share of that and
/// of the best table alone, as near to the table as is within one standard error of the best share. Takes seconds for a thousand
/// examples; the result is the same on any number of threads.
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
    let neutral = bench.errors(&neutral_codes);
    let best = |wanted: &dyn Fn(&Trial) -> bool| {
        trials.iter().filter(|t| wanted(t)).min_by(|a, b| mean(&a.errors).total_cmp(&mean(&b.errors)))
    };
    let numbers = best(&|t| t.numbers == Some(Stage::Sectors) && t.bend.is_none()).map_or(&neutral, |t| &t.errors);
    let table = best(&|t| t.numbers.is_none()).expect("a table alone is always tried");
    let (chosen, share, errors) = match best(&|t| t.numbers.is_some()) {
        None => (table, 0.0, table.errors.clone()),
        Some(trial) if options.form == Form::Readable || bench.mono => (trial, 1.0, trial.errors.clone()),
        Some(trial) => {
            let (share, errors) = bench.share(trial, table);
            (trial, share, errors)
        }
    };
    let mut look = bench.make(chosen, table, share);
    look.promise();
    Ok(Fitted {
        look,
        neutral: HeldOut::of(&neutral),
        numbers: HeldOut::of(numbers),
        table: HeldOut::of(&table.errors),
        held_out: HeldOut::of(&errors),
        share,
        mono: bench.mono,
        samples: samples.len(),
        confidence: Confidence::new(&neutral_codes, &errors),
    })
}

/// CIEDE2000 of all examples against a smooth fit to the first `known` of them: for finding those that do not belong.
pub(crate) fn rough_errors(samples: &[Sample], known: usize, options: &FitOptions) -> Vec<f64> {
    let bench = Bench::new(samples, options);
    let first: Vec<usize> = (0..known).collect();
    let codes = bench.codes(&bench.numbers(Stage::Chroma, &first).pop().unwrap_or_default());
    let changes = bench.changes(&codes, &first, 0.5, 9, None);
    let error = |i: usize| {
        let change = changes.at(codes[i]);
        bench.error(i, added(codes[i], change))
    };
    par::map(samples.len(), error)
}

fn mean(errors: &[f64]) -> f64 {
    errors.iter().sum::<f64>() / errors.len().max(1) as f64
}

/// The neutral rendition behind the falloff of a look.
fn plain(look: &Look) -> Look {
    Look { optics: look.optics, ..Look::default() }
}

/// A changed code.
fn added(code: [f64; 3], change: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|c| (code[c] + change[c]).clamp(0.0, 1.0))
}

/// A share of one code and the rest of another.
fn mixed(share: f64, a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|c| share * a[c] + (1.0 - share) * b[c])
}

fn code_of(transform: &PointTransform, light: [f64; 3]) -> [f64; 3] {
    transform.apply(light).map(|v| encode(v).clamp(0.0, 1.0))
}

/// Standard error of a mean of values that are alike within a surface: the sums over surfaces are what scatters (Liang and
/// Zeger, "Longitudinal data analysis using generalized linear models", 1986).
fn standard_error(values: &[f64], surface: &[usize]) -> f64 {
    let mut sums = vec![0.0; surface.iter().max().map_or(0, |s| s + 1)];
    let middle = mean(values);
    values.iter().zip(surface).for_each(|(v, s)| sums[*s] += v - middle);
    let n = sums.len() as f64;
    (sums.iter().map(|s| s * s).sum::<f64>() * n / (n - 1.0).max(1.0)).sqrt() / values.len() as f64
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

/// A way to make a look of examples, their codes in it while they were held out, and the errors of those.
struct Trial {
    /// The last stage of numbers, `None` for the neutral rendition.
    numbers: Option<Stage>,
    /// Bending of the table, `None` for none.
    bend: Option<f64>,
    codes: Vec<[f64; 3]>,
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
            pairs.map(|(numbers, bend)| Trial { numbers, bend, codes: vec![[0.0; 3]; n], errors: vec![] }).collect();
        let fold = folds(self.samples, FOLDS);
        for k in 0..FOLDS {
            let (unseen, seen): (Vec<usize>, Vec<usize>) = (0..n).partition(|i| fold[*i] == k);
            let mut looks = stages.last().map_or(vec![], |last| self.numbers(*last, &seen));
            looks.insert(0, looks.last().map_or_else(Look::default, plain));
            let codes: Vec<Vec<[f64; 3]>> = looks.iter().map(|look| self.codes(look)).collect();
            let found = par::map(codes.len(), |start| {
                let codes = &codes[start];
                let mut last: Option<Changes> = None;
                let mut made = Vec::with_capacity(bends.len());
                for bend in &bends {
                    let size = TRIED.min(self.options.lattice);
                    // the table bent a little less is a good guess
                    let changes = bend.map(|b| self.changes(codes, &seen, b, size, last.as_ref()));
                    let change = |i: usize| changes.as_ref().map_or([0.0; 3], |c| c.at(codes[i]));
                    made.push(unseen.iter().map(|i| added(codes[*i], change(*i))).collect::<Vec<[f64; 3]>>());
                    last = changes;
                }
                made
            });
            for (trial, found) in trials.iter_mut().zip(found.into_iter().flatten()) {
                unseen.iter().zip(found).for_each(|(i, code)| trial.codes[*i] = code);
            }
        }
        trials.iter_mut().for_each(|t| t.errors = self.errors(&t.codes));
        // the neutral rendition as it is, is no fit
        trials.retain(|t| t.numbers.is_some() || t.bend.is_some());
        trials
    }

    /// How much of numbers with their table (`trial`), against a table alone, does best on held-out examples, and the errors of
    /// that. Two that err differently err less together, so most often it is neither end. Of shares that cannot be told apart,
    /// the one nearest to the table alone: within one standard error of the best (Breiman et al., "Classification and Regression
    /// Trees", 1984, 3.4.3), surface by surface, since the exposures of a surface err alike.
    fn share(&self, trial: &Trial, table: &Trial) -> (f64, Vec<f64>) {
        let pairs = || trial.codes.iter().zip(&table.codes);
        let errors = SHARES.map(|s| self.errors(&pairs().map(|(a, b)| mixed(s, *a, *b)).collect::<Vec<_>>()));
        let best = errors.iter().min_by(|a, b| mean(a).total_cmp(&mean(b))).expect("there are shares");
        let surface = surfaces(self.samples);
        let as_good = |errors: &Vec<f64>| {
            let losses: Vec<f64> = errors.iter().zip(best).map(|(e, b)| e - b).collect();
            mean(&losses) <= standard_error(&losses, &surface)
        };
        let first = errors.iter().position(as_good).expect("the best is as good");
        (SHARES[first], errors[first].clone())
    }

    /// The look of all examples: a share of numbers with their table, and the rest of a table alone.
    fn make(&self, trial: &Trial, table: &Trial, share: f64) -> Look {
        let all: Vec<usize> = (0..self.samples.len()).collect();
        let over = |look: &Look, bend: Option<f64>| {
            bend.map(|b| self.changes(&self.codes(look), &all, b, self.options.lattice, None))
        };
        let last = trial.numbers.filter(|_| share > 0.0 || self.options.falloff);
        let numbers = last.and_then(|last| self.numbers(last, &all).pop()).unwrap_or_default();
        let alone = if share < 1.0 { over(&plain(&numbers), table.bend) } else { None };
        let lattice = match alone {
            Some(alone) if share > 0.0 => {
                Some(self.mixed_lattice(&numbers, over(&numbers, trial.bend).as_ref(), &alone, share))
            }
            Some(alone) => Some(as_lattice(&alone)),
            None => over(&numbers, trial.bend).as_ref().map(as_lattice),
        };
        let look = if share < 1.0 { plain(&numbers) } else { numbers };
        let residual = |lattice| Residual { file: "fit.cube".into(), amount: 1.0, lattice: Arc::new(lattice) };
        Look { residual: lattice.map(residual), ..look }
    }

    /// A share of what numbers with their table make of the light behind each code of the neutral rendition, and the rest of what
    /// a table alone makes of the code: as one table over the neutral rendition. Over the numbers it would lose: where a steep
    /// curve has left few codes to the shadows, no table over those codes can part them again.
    fn mixed_lattice(&self, numbers: &Look, over: Option<&Changes>, alone: &Changes, share: f64) -> Lattice {
        let transform = self.base.retuned(numbers);
        let lattice = Lattice::sample(MIXED, |[g, b], reds, row| {
            let mut near = None;
            for (r, out) in reds.iter().zip(row) {
                let neutral = [*r, g, b];
                let light = self.base.invert(neutral.map(decode), near);
                near = Some(light);
                let (code, here) = (code_of(&transform, light), code_of(&self.base, light));
                let changed = over.map_or(code, |o| added(code, o.at(code)));
                // where no light has this code, the nearest tells what changes
                let changed = [0, 1, 2].map(|c| changed[c] + neutral[c] - here[c]);
                let both = mixed(share, changed, added(neutral, alone.at(neutral)));
                *out = both.map(|v| v.clamp(0.0, 1.0) as f32);
            }
        });
        lattice.balanced()
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
        par::map(self.samples.len(), |i| code_of(&transform, self.light(i, look)))
    }

    /// What examples of the list ask to be changed at their codes, smoothed; a guess of that size saves time.
    fn changes(&self, codes: &[[f64; 3]], list: &[usize], bend: f64, size: usize, guess: Option<&Changes>) -> Changes {
        let one = |i: &usize| {
            let target = self.samples[*i].display.map(|v| encode(v.clamp(0.0, 1.0)));
            let change = [0, 1, 2].map(|c| target[c] - codes[*i][c]);
            Change { code: codes[*i], change, weight: self.samples[*i].weight }
        };
        let data: Vec<Change> = list.iter().map(one).collect();
        Changes::smooth(size, &data, Smoothness { bend, size: SIZE }, guess)
    }

    /// CIEDE2000 of the codes of all examples.
    fn errors(&self, codes: &[[f64; 3]]) -> Vec<f64> {
        par::map(codes.len(), |i| self.error(i, codes[i]))
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
