//! From examples to a look: numbers first, then the smooth table of what they do not say, as much of it as held-out
//! examples approve of.

use super::least_squares::Problem;
use super::metric::{Metric, lab};
use super::parameters::{Free, Stage, free, look_at};
use super::sample::folds;
use super::smooth_lattice::{Change, Changes, Smoothness};
use super::{FitError, Sample};
use crate::residual::{decode, encode};
use crate::{Lattice, Look, OutputSpace, PointTransform, Residual};
use calotype_color::lab::delta_e_2000;
use std::sync::Arc;

/// Fewest examples from which a look is fitted.
const FEWEST: usize = 12;
/// Piles of which each is held out once.
const FOLDS: usize = 5;
/// Differences in CIEDE2000 beyond which an example counts less.
const SCALE: f64 = 3.0;
/// What the numbers of looks leave of others' looks, in CIEDE2000: a standard deviation.
const SIGMA: f64 = 1.0;
/// Points along an axis of the residual.
const LATTICE: usize = 17;

/// A look and how far it is to be trusted.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The look, its contract what it measures.
    pub look: Look,
    /// Before: the neutral rendition against the examples.
    pub neutral: HeldOut,
    /// Numbers alone, on examples they were not fitted to.
    pub parametric: HeldOut,
    /// A table alone, on examples it was not fitted to.
    pub table: HeldOut,
    /// This look.
    pub held_out: HeldOut,
    /// smoothness chosen (bend), none where no table
    pub bend: Option<f64>,
}

/// CIEDE2000 on examples that were held out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HeldOut {
    /// Mean.
    pub mean: f64,
    /// Half width of the mean's 95 percent confidence interval.
    pub interval: f64,
    /// 95 of 100 examples are nearer.
    pub p95: f64,
}

impl HeldOut {
    fn of(errors: &[f64]) -> Self {
        let n = errors.len().max(1) as f64;
        let mean = errors.iter().sum::<f64>() / n;
        let variance = errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        let mut sorted = errors.to_vec();
        sorted.sort_by(f64::total_cmp);
        let p95 = sorted.get(errors.len() * 95 / 100).copied().unwrap_or(0.0);
        Self { mean, interval: 1.96 * (variance / n).sqrt(), p95 }
    }
}

/// Fits.
pub fn fit(samples: &[Sample]) -> Result<Fitted, FitError> {
    if samples.len() < FEWEST {
        return Err(FitError::TooFew { found: samples.len(), needed: FEWEST });
    }
    if let Some(index) = samples.iter().position(|s| !s.is_sound()) {
        let Sample { scene, display, .. } = samples[index];
        return Err(FitError::Unsound { index, scene, display });
    }
    let mono = false;
    let bench = Bench::new(samples, mono);
    let fold = folds(samples, FOLDS);
    let mut numbers = vec![0.0; samples.len()];
    let mut tables = vec![vec![0.0; samples.len()]; BENDS.len()];
    let mut both = vec![vec![0.0; samples.len()]; BENDS.len()];
    let all: Vec<usize> = (0..samples.len()).collect();
    for k in 0..FOLDS {
        let seen: Vec<usize> = all.iter().copied().filter(|i| fold[*i] != k).collect();
        let unseen: Vec<usize> = all.iter().copied().filter(|i| fold[*i] == k).collect();
        let look = bench.numbers(&seen);
        for (start, errors) in [(&Look::default(), &mut tables), (&look, &mut both)] {
            let codes = bench.codes(start);
            if start == &look {
                unseen.iter().for_each(|i| numbers[*i] = bench.error(*i, codes[*i]));
            }
            for (b, bend) in BENDS.iter().enumerate() {
                let changes = bench.residual(&codes, &seen, *bend);
                for i in &unseen {
                    let change = changes.at(codes[*i]);
                    errors[b][*i] = bench.error(*i, [0, 1, 2].map(|c| codes[*i][c] + change[c]));
                }
            }
        }
    }
    let neutral_codes = bench.codes(&Look::default());
    let neutral: Vec<f64> = all.iter().map(|i| bench.error(*i, neutral_codes[*i])).collect();
    let best = |all: &[Vec<f64>]| {
        let of: Vec<HeldOut> = all.iter().map(|e| HeldOut::of(e)).collect();
        (0..of.len()).min_by(|a, b| of[*a].mean.total_cmp(&of[*b].mean)).map(|b| (b, of[b])).expect("some")
    };
    let parametric = HeldOut::of(&numbers);
    let (t, table) = best(&tables);
    let (b, held_out) = best(&both);
    let (start, bend, held_out) = if table.mean < held_out.mean.min(parametric.mean) {
        (Look::default(), Some(BENDS[t]), table)
    } else if held_out.mean < parametric.mean {
        (bench.numbers(&all), Some(BENDS[b]), held_out)
    } else {
        (bench.numbers(&all), None, parametric)
    };
    let mut look = start;
    if let Some(bend) = bend {
        let codes = bench.codes(&look);
        let changes = bench.residual(&codes, &all, bend);
        look.residual = Some(Residual { file: "fit.cube".into(), amount: 1.0, lattice: Arc::new(lattice(&changes)) });
    }
    Ok(Fitted { look, neutral: HeldOut::of(&neutral), parametric, table, held_out, bend })
}

const BENDS: [f64; 5] = [0.001, 0.005, 0.02, 0.1, 0.5];

fn lattice(changes: &Changes) -> Lattice {
    let n = changes.size;
    Lattice::sample(n, |[g, b], reds, row| {
        for (r, out) in reds.iter().zip(row) {
            let code = [*r, g, b];
            let change = changes.at(code);
            *out = [0, 1, 2].map(|c| (code[c] + change[c]).clamp(0.0, 1.0) as f32);
        }
    })
}

/// Examples prepared.
struct Bench<'a> {
    samples: &'a [Sample],
    targets: Vec<[f64; 3]>,
    metrics: Vec<Metric>,
    base: PointTransform,
    free: Vec<Free>,
    mono: bool,
}

impl<'a> Bench<'a> {
    fn new(samples: &'a [Sample], mono: bool) -> Self {
        let targets: Vec<_> = samples.iter().map(|s| lab(s.display)).collect();
        Self {
            samples,
            metrics: targets.iter().map(|t| Metric::about(*t)).collect(),
            targets,
            base: PointTransform::new(&Look::default(), OutputSpace::Srgb, 0.0),
            free: free(mono, false),
            mono,
        }
    }

    /// The numbers that fit the examples of the list best.
    fn numbers(&self, list: &[usize]) -> Look {
        let differences = |u: &[f64], range: std::ops::Range<usize>| -> Vec<[f64; 3]> {
            let transform = self.base.retuned(&look_at(&self.free, u, self.mono));
            list[range].iter().map(|i| self.metrics[*i].difference(lab(transform.apply(self.samples[*i].scene)))).collect()
        };
        let problem = Problem {
            count: list.len(),
            weight: &|i| self.samples[list[i]].weight,
            scale: SCALE,
            sigma: SIGMA,
            ranges: self.free.iter().map(Free::range).collect(),
        };
        let mut units = vec![0.0; self.free.len()];
        for (stage, most) in [(Stage::Tone, 20), (Stage::Render, 20), (Stage::Chroma, 20), (Stage::Sectors, 30)] {
            let active: Vec<usize> = (0..self.free.len()).filter(|i| self.free[*i].stage <= stage).collect();
            units = problem.solve(&units, &active, most, &differences);
        }
        look_at(&self.free, &units, self.mono)
    }

    /// sRGB codes of all examples in a look without its residual.
    fn codes(&self, look: &Look) -> Vec<[f64; 3]> {
        let transform = self.base.retuned(look);
        calotype_image::par::map(self.samples.len(), |i| transform.apply(self.samples[i].scene).map(|v| encode(v).clamp(0.0, 1.0)))
    }

    fn residual(&self, codes: &[[f64; 3]], list: &[usize], bend: f64) -> Changes {
        let data: Vec<Change> = list
            .iter()
            .map(|i| {
                let target = self.samples[*i].display.map(|v| encode(v.clamp(0.0, 1.0)));
                Change { code: codes[*i], change: [0, 1, 2].map(|c| target[c] - codes[*i][c]), weight: self.samples[*i].weight }
            })
            .collect();
        Changes::smooth(LATTICE, &data, Smoothness { bend, size: 1e-3 })
    }

    /// CIEDE2000 of a code against an example.
    fn error(&self, i: usize, code: [f64; 3]) -> f64 {
        delta_e_2000(lab(code.map(|v| decode(v.clamp(0.0, 1.0)))), self.targets[i])
    }
}
