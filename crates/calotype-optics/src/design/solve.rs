//! Damped least squares, with bounds of variables by projection and limits of quantities by multipliers.
//!
//! A step minimises |r + J p|^2 + damping |p / scale|^2 with scales that give every column of J length 1 (K. Levenberg 1944,
//! D. Marquardt 1963); three dampings are tried at once. Variables at a bound from which the descent points outwards stand
//! still; the others' step is cut at the bounds (C. Kanzow et al., J. Comput. Appl. Math. 172, 375, 2004). A limit g <= 0 adds the
//! row sqrt(w) max(0, g + u / w); its multiplier u grows until the limit is met without w going to infinity (M. J. D. Powell
//! 1969, R. T. Rockafellar 1973).

use super::merit::{MET, Merit, Rows};
use super::model::Trouble;
use crate::{OpticsError, Result};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Factor between the three dampings of a step.
const SPREAD: f64 = 8.0;
/// Steps without success before a place counts as the bottom.
const TRIES: usize = 8;
/// Iterations after which limits that are not met press harder at the latest.
const PATIENCE: usize = 12;
const MOST_PRESSURE: f64 = 1e8;

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Iterations at most.
    pub iterations: usize,
    /// Relative fall of the merit in one iteration below which it has settled.
    pub tolerance: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { iterations: 200, tolerance: 1e-6 }
    }
}

/// Where an optimisation stands: enough to go on as if it had not stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The variables.
    pub x: Vec<f64>,
    /// Damping of the last step.
    pub damping: f64,
    /// How hard limits press.
    pub pressure: f64,
    /// The limits' multipliers.
    pub multipliers: Vec<f64>,
    /// The merit after every iteration, the start's first.
    pub merits: Vec<f64>,
    /// The farthest a limit was overstepped, in its unit, after every iteration.
    pub oversteps: Vec<f64>,
    /// Iterations since the limits' pressure last changed.
    pub since: usize,
    /// The farthest overstep when it did.
    pub overstep_then: f64,
    /// How often the rays were doubled because few of them told too little.
    #[serde(default)]
    pub density: usize,
}

/// How an optimisation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The merit has settled and every limit is met.
    Settled,
    /// It has settled, but limits are overstepped: they contradict each other or the targets.
    LimitsOverstepped,
    /// The iterations are used up.
    OutOfIterations,
    /// The watcher asked to stop.
    Interrupted,
}

/// An optimised lens.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimised {
    /// The best variables: of those that meet the limits the least merit, else the least overstep.
    pub x: Vec<f64>,
    /// Merit there.
    pub merit: f64,
    /// Farthest overstep of a limit there, in its unit.
    pub overstep: f64,
    /// How it ended.
    pub ending: Ending,
    /// Where it stands, to go on from.
    pub state: State,
}

/// Who is told of every iteration, from one thread at a time.
pub trait Watch: Sync {
    /// After an iteration: its number, the merit, the farthest overstep of a limit. False asks to stop.
    fn iteration(&self, iteration: usize, merit: f64, overstep: f64) -> bool;
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn iteration(&self, _: usize, _: f64, _: f64) -> bool {
        true
    }
}

impl State {
    pub(super) const DAMPING: f64 = 1e-2;

    /// The state before the first iteration.
    ///
    /// # Errors
    /// Those of [`Merit::rows`].
    pub fn new(merit: &Merit, x: Vec<f64>) -> Result<Self> {
        let rows = merit.rows(&x)?;
        Ok(Self::at(merit, x, &rows))
    }

    fn at(merit: &Merit, x: Vec<f64>, rows: &Rows) -> Self {
        let overstep = overstep(rows, &merit.equalities());
        Self {
            x,
            damping: Self::DAMPING,
            pressure: 1.0,
            multipliers: vec![0.0; rows.limits.len()],
            merits: vec![rows.merit()],
            oversteps: vec![overstep],
            since: 0,
            overstep_then: overstep,
            density: 0,
        }
    }
}

/// The farthest overstep of a limit.
fn overstep(rows: &Rows, equal: &[bool]) -> f64 {
    rows.limits.iter().zip(equal).map(|(g, e)| if *e { g.abs() } else { g.max(0.0) }).fold(0.0, f64::max)
}

/// Minimises a merit function from a state on.
///
/// # Errors
/// [`OpticsError::Dark`] and [`OpticsError::Value`] where the start cannot be evaluated; [`OpticsError::Value`] for a state of another
/// design.
pub fn optimise(merit: &Merit, state: State, settings: &Settings, watch: &dyn Watch) -> Result<Optimised> {
    let count = merit.equalities().len();
    if state.x.len() != merit.variables() || state.multipliers.len() != count {
        let reason = format!("the design has {} variables and {count} limits", merit.variables());
        return Err(OpticsError::value("a state", format!("{} by {}", state.x.len(), state.multipliers.len()), reason));
    }
    descend(merit, state, settings, watch, None).map_err(Trouble::said)
}

/// A hill to be pushed off from: rows that are greatest at a place (M. Isshiki et al., Proc. SPIE 2540, 1995: escape function).
#[derive(Clone, Debug)]
pub(super) struct Hill {
    /// Where it stands.
    pub at: Vec<f64>,
    /// Its width along each variable.
    pub width: Vec<f64>,
    /// Its height, in units of the merit.
    pub height: f64,
}

impl Hill {
    /// Its row at x and the derivatives.
    fn row(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let off: Vec<f64> = x.iter().zip(&self.at).zip(&self.width).map(|((x, a), w)| (x - a) / w).collect();
        let v = self.height * (-0.5 * off.iter().map(|o| o * o).sum::<f64>() / off.len() as f64).exp();
        let d = off.iter().zip(&self.width).map(|(o, w)| -v * o / w / off.len() as f64).collect();
        (v, d)
    }
}

pub(super) fn descend(
    merit: &Merit,
    mut state: State,
    settings: &Settings,
    watch: &dyn Watch,
    hill: Option<&Hill>,
) -> std::result::Result<Optimised, Trouble> {
    let equal = merit.equalities();
    let bounds: Vec<[f64; 2]> = merit.base.variables.iter().map(|v| [v.min, v.max]).collect();
    for (x, [lo, hi]) in state.x.iter_mut().zip(&bounds) {
        *x = x.clamp(*lo, *hi);
    }
    let mut ending = Ending::OutOfIterations;
    let rows = merit.plain(&state.x)?;
    let mut best = (state.x.clone(), rows.merit(), overstep(&rows, &equal));
    let mut calm = 0;
    for _ in 0..settings.iterations {
        let (rows, jacobian) = merit.jacobian(&state.x)?;
        let step = Step::new(&rows, jacobian, &state, &equal, &bounds, hill);
        let before = step.value;
        let mut taken = None;
        for _ in 0..TRIES {
            let tried: Vec<_> = [1.0 / SPREAD, 1.0, SPREAD]
                .par_iter()
                .map(|f| {
                    let damping = (state.damping * f).clamp(1e-14, 1e14);
                    let x = step.to(&state.x, damping, &bounds);
                    let rows = merit.plain(&x).ok()?;
                    let value = augmented(&rows, &state, &equal, hill.map(|h| h.row(&x).0));
                    value.is_finite().then_some((value, damping, x, rows))
                })
                .collect();
            taken = tried.into_iter().flatten().filter(|t| t.0 < before).min_by(|a, b| a.0.total_cmp(&b.0));
            if taken.is_some() {
                break;
            }
            state.damping = (state.damping * SPREAD.powi(3)).min(1e14);
        }
        let fell = match taken {
            Some((value, damping, x, rows)) => {
                (state.x, state.damping) = (x, damping);
                let over = overstep(&rows, &equal);
                state.merits.push(rows.merit());
                state.oversteps.push(over);
                let better = if best.2 < MET && over < MET { rows.merit() < best.1 } else { over < best.2 };
                if better {
                    best = (state.x.clone(), rows.merit(), over);
                }
                1.0 - (value / before).sqrt()
            }
            None => {
                state.damping = State::DAMPING;
                state.merits.push(state.merits.last().copied().unwrap_or_default());
                state.oversteps.push(state.oversteps.last().copied().unwrap_or_default());
                0.0
            }
        };
        state.since += 1;
        let over = state.oversteps.last().copied().unwrap_or_default();
        if !watch.iteration(state.merits.len() - 1, state.merits.last().copied().unwrap_or_default(), over) {
            ending = Ending::Interrupted;
            break;
        }
        calm = if fell < settings.tolerance { calm + 1 } else { 0 };
        let settled = calm >= 2 || taken_nothing(fell);
        if settled && over < 0.4 * MET {
            ending = Ending::Settled;
            break;
        }
        if over >= 0.4 * MET && (fell < 1e-3 || state.since >= PATIENCE) {
            let rows = merit.plain(&state.x)?;
            press(&mut state, &rows, &equal, over);
            if state.pressure >= MOST_PRESSURE {
                ending = Ending::LimitsOverstepped;
                break;
            }
        }
    }
    if ending == Ending::OutOfIterations && best.2 >= MET && calm >= 2 {
        ending = Ending::LimitsOverstepped;
    }
    Ok(Optimised { x: best.0, merit: best.1, overstep: best.2, ending, state })
}

fn taken_nothing(fell: f64) -> bool {
    fell == 0.0
}

/// Raises the multipliers by what is overstepped, and the pressure where that fell by less than a half.
fn press(state: &mut State, rows: &Rows, equal: &[bool], over: f64) {
    for ((u, g), e) in state.multipliers.iter_mut().zip(&rows.limits).zip(equal) {
        *u += state.pressure * g;
        if !e {
            *u = u.max(0.0);
        }
    }
    if over > 0.5 * state.overstep_then {
        state.pressure = (state.pressure * 4.0).min(MOST_PRESSURE);
    }
    (state.overstep_then, state.since) = (over, 0);
}

/// The row that a limit adds, and whether it acts.
fn limit_row(g: f64, u: f64, pressure: f64, equal: bool) -> Option<f64> {
    let v = g + u / pressure;
    (equal || v > 0.0).then(|| pressure.sqrt() * v)
}

/// Half of what is minimised.
fn augmented(rows: &Rows, state: &State, equal: &[bool], hill: Option<f64>) -> f64 {
    let soft: f64 = rows.soft.iter().map(|v| v * v).sum();
    let limits: f64 = rows
        .limits
        .iter()
        .zip(&state.multipliers)
        .zip(equal)
        .filter_map(|((g, u), e)| limit_row(*g, *u, state.pressure, *e))
        .map(|v| v * v)
        .sum();
    soft + limits + hill.map_or(0.0, |v| v * v)
}

/// What a step needs, whatever its damping: J scaled to columns of length 1, by its singular values.
struct Step {
    value: f64,
    free: Vec<usize>,
    scale: Vec<f64>,
    /// U^T r.
    projected: DVector<f64>,
    singular: DVector<f64>,
    v_t: DMatrix<f64>,
}

impl Step {
    fn new(
        rows: &Rows,
        jacobian: DMatrix<f64>,
        state: &State,
        equal: &[bool],
        bounds: &[[f64; 2]],
        hill: Option<&Hill>,
    ) -> Self {
        let soft = rows.soft.len();
        let n = state.x.len();
        let size = soft + rows.limits.len();
        let mut j = jacobian.resize_vertically(size + usize::from(hill.is_some()), 0.0);
        let mut r = DVector::zeros(j.nrows());
        rows.soft.iter().enumerate().for_each(|(i, v)| r[i] = *v);
        for (i, ((g, u), e)) in rows.limits.iter().zip(&state.multipliers).zip(equal).enumerate() {
            match limit_row(*g, *u, state.pressure, *e) {
                Some(v) => {
                    r[soft + i] = v;
                    j.row_mut(soft + i).scale_mut(state.pressure.sqrt());
                }
                None => j.row_mut(soft + i).fill(0.0),
            }
        }
        if let Some(hill) = hill {
            let (v, d) = hill.row(&state.x);
            r[size] = v;
            d.iter().enumerate().for_each(|(i, d)| j[(size, i)] = *d);
        }
        let gradient = j.tr_mul(&r);
        let stuck = |i: usize| {
            let [lo, hi] = bounds[i];
            state.x[i] <= lo && gradient[i] > 0.0 || state.x[i] >= hi && gradient[i] < 0.0
        };
        let free: Vec<usize> = (0..n).filter(|i| !stuck(*i) && j.column(*i).norm_squared() > 0.0).collect();
        let scale: Vec<f64> = free.iter().map(|i| 1.0 / j.column(*i).norm()).collect();
        let scaled = DMatrix::from_fn(j.nrows(), free.len(), |i, k| j[(i, free[k])] * scale[k]);
        let value = r.norm_squared();
        if free.is_empty() {
            let (projected, singular, v_t) = (DVector::zeros(0), DVector::zeros(0), DMatrix::zeros(0, 0));
            return Self { value, free, scale, projected, singular, v_t };
        }
        let (mut small, mut rhs) = (scaled, r);
        if small.nrows() > small.ncols() {
            let qr = small.qr();
            qr.q_tr_mul(&mut rhs);
            small = qr.r();
            rhs = rhs.rows(0, small.nrows()).into_owned();
        }
        let svd = small.svd(true, true);
        let (u, v_t) = (svd.u.unwrap_or_default(), svd.v_t.unwrap_or_default());
        Self { value, free, scale, projected: u.tr_mul(&rhs), singular: svd.singular_values, v_t }
    }

    /// The place after a step of this damping, cut at the bounds.
    fn to(&self, x: &[f64], damping: f64, bounds: &[[f64; 2]]) -> Vec<f64> {
        let damped = self.projected.zip_map(&self.singular, |p, s| -p * s / (s * s + damping));
        let step = self.v_t.tr_mul(&damped);
        let mut to = x.to_vec();
        for ((i, scale), p) in self.free.iter().zip(&self.scale).zip(step.iter()) {
            to[*i] = (x[*i] + p * scale).clamp(bounds[*i][0], bounds[*i][1]);
        }
        to
    }
}

/// Combinations of variables that change next to nothing: for every singular value below 1e-9 of the greatest the variables
/// that take part.
pub fn redundant(merit: &Merit, x: &[f64]) -> Result<Vec<Vec<String>>> {
    let (_, j) = merit.jacobian(x).map_err(Trouble::said)?;
    let norms: Vec<f64> = (0..j.ncols()).map(|i| j.column(i).norm().max(1e-300)).collect();
    let scaled =
        DMatrix::from_fn(
            j.nrows().max(j.ncols()),
            j.ncols(),
            |i, k| if i < j.nrows() { j[(i, k)] / norms[k] } else { 0.0 },
        );
    let svd = scaled.qr().r().svd(false, true);
    let most = svd.singular_values.iter().fold(0.0f64, |m, v| m.max(*v));
    let names = merit.names();
    let v_t = svd.v_t.unwrap_or_default();
    Ok((0..svd.singular_values.len())
        .filter(|i| svd.singular_values[*i] < 1e-9 * most)
        .map(|i| (0..names.len()).filter(|k| v_t[(i, *k)].abs() > 0.1).map(|k| names[k].clone()).collect())
        .collect())
}
