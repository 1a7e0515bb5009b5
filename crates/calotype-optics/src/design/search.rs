//! Global search: many random starts, each brought in from a small aperture and field, then escapes from the best.
//!
//! Every job's randomness comes from the seed and its own number, and results are merged in the order of the jobs, so that a
//! search is the same on any number of threads and when it is interrupted and taken up again.

use super::design::Design;
use super::merit::{MET, Merit};
use super::model::Model;
use super::operand::Quantity;
use super::place::What;
use super::solve::{Hill, Settings, State, Unwatched, descend};
use crate::random::Random;
use crate::{Aperture, Lens, OpticsError, Result, first_order};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Jobs between two reports; the same for any number of threads.
const BATCH: usize = 8;
/// Random lenses that are drawn for one start, of which the best goes on.
const DRAWS: usize = 60;
/// Shares of aperture and field through which a start is brought in, with the iterations at each.
const STAGES: [(f64, usize); 3] = [(0.35, 25), (0.7, 20), (1.0, 45)];
/// Two lenses whose merits differ by less, relatively, are the same.
const SAME: f64 = 1e-3;

/// How to search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Seed of everything random.
    pub seed: u64,
    /// Random starts.
    pub starts: usize,
    /// How many of the best are kept.
    pub keep: usize,
    /// Escapes from the best.
    pub escapes: usize,
}

impl Default for Search {
    fn default() -> Self {
        Self { seed: 1, starts: 200, keep: 8, escapes: 64 }
    }
}

/// A lens that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// The variables.
    pub x: Vec<f64>,
    /// The merit.
    pub merit: f64,
    /// Farthest overstep of a limit, in its unit.
    pub overstep: f64,
    /// Number of the job that found it.
    pub job: usize,
}

impl Found {
    /// What lenses are ranked by: the merit, and ten times the overstep.
    fn score(&self) -> f64 {
        self.merit.hypot(if self.overstep < MET { 0.0 } else { 10.0 * self.overstep })
    }
}

/// Where a search stands: enough to go on as if it had not stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchState {
    /// How it is made.
    pub search: Search,
    /// The next job.
    pub next: usize,
    /// Jobs that came to a lens.
    pub succeeded: usize,
    /// The best so far, the best first.
    pub found: Vec<Found>,
    /// The best score after every batch.
    pub history: Vec<f64>,
}

impl SearchState {
    /// A search that has not begun.
    pub fn new(search: Search) -> Self {
        Self { search, next: 0, succeeded: 0, found: vec![], history: vec![] }
    }

    /// Jobs in all.
    pub fn jobs(&self) -> usize {
        self.search.starts + self.search.keep + self.search.escapes
    }

    /// True once every job is done.
    pub fn is_done(&self) -> bool {
        self.next >= self.jobs()
    }
}

/// Goes on with a search until it is done, or `go_on` says no after a batch.
///
/// # Errors
/// Those of [`Merit::new`]; [`OpticsError::Value`] for a state of another design, or where no start could be traced.
pub fn search(
    lens: &Lens,
    design: &Design,
    mut state: SearchState,
    go_on: &(dyn Fn(&SearchState) -> bool + Sync),
) -> Result<SearchState> {
    let most = 1_000_000;
    if state.search.starts > most || state.search.escapes > most || !(1..=1000).contains(&state.search.keep) {
        let reason = format!("starts and escapes are at most {most}, and 1 to 1000 are kept");
        return Err(OpticsError::value("a search", format!("{:?}", state.search), reason));
    }
    if design.has_configurations() {
        let reason =
            "a search draws lenses of one state; leave configurations out, and optimise what it finds with them";
        return Err(OpticsError::value("a search", "with configurations", reason));
    }
    if let Some(f) = state.found.iter().find(|f| f.x.len() != design.variables.len()) {
        let reason = format!("the design has {} variables", design.variables.len());
        return Err(OpticsError::value("a state", format!("of {} variables", f.x.len()), reason));
    }
    let stages = STAGES.map(|(share, _)| Merit::new(shrunk(lens, share), design));
    let [small, medium, full] = stages;
    let explorer = Explorer { stages: [small?, medium?, full?], ranges: ranges(lens, design)?, design };
    while !state.is_done() {
        let end = (state.next + BATCH).min(state.jobs());
        let jobs: Vec<usize> = (state.next..end).collect();
        let results: Vec<Option<Found>> = jobs.par_iter().map(|j| explorer.job(*j, &state)).collect();
        for found in results.into_iter().flatten() {
            state.succeeded += 1;
            insert(&mut state.found, found, state.search.keep);
        }
        state.next = end;
        state.history.push(state.found.first().map_or(f64::INFINITY, Found::score));
        if !go_on(&state) {
            break;
        }
    }
    if state.is_done() && state.found.is_empty() {
        let reason = "light came through none of the random lenses: give tighter bounds, a smaller aperture or field, or thicker elements";
        return Err(OpticsError::value("a search", format!("{} starts", state.search.starts), reason));
    }
    Ok(state)
}

fn insert(list: &mut Vec<Found>, found: Found, keep: usize) {
    let same = list.iter().position(|f| (f.score() / found.score() - 1.0).abs() < SAME);
    match same {
        Some(i) if list[i].score() <= found.score() => return,
        Some(i) => {
            list.remove(i);
        }
        None => {}
    }
    let at = list.partition_point(|f| f.score() <= found.score());
    list.insert(at, found);
    list.truncate(keep);
}

/// A lens with a part of its aperture and of its fields.
fn shrunk(lens: &Lens, share: f64) -> Lens {
    let mut lens = lens.clone();
    lens.aperture = match lens.aperture {
        Aperture::EntrancePupil(d) => Aperture::EntrancePupil(d * share),
        Aperture::FNumber(f) => Aperture::FNumber(f / share),
        Aperture::ObjectNa(na) => Aperture::ObjectNa(na * share),
        Aperture::StopRadius(r) => Aperture::StopRadius(r * share),
    };
    lens.fields.iter_mut().for_each(|f| (f.x, f.y) = (f.x * share, f.y * share));
    lens
}

/// From where to where each variable is drawn; nothing for those that stay at the start: conics and aspheric terms.
fn ranges(lens: &Lens, design: &Design) -> Result<Vec<Option<[f64; 2]>>> {
    let target = design.operands.iter().find(|o| o.quantity == Quantity::Efl).and_then(|o| o.target);
    let solved = design.solves.iter().find_map(|s| match s {
        super::Solve::Efl { efl, .. } => Some(*efl),
        super::Solve::Focus { .. } => None,
    });
    let efl = match target.or(solved) {
        Some(efl) => efl.abs(),
        None => first_order(lens, lens.primary_um())?.efl.abs(),
    };
    let efl = if efl.is_finite() && efl > 0.0 { efl } else { 100.0 };
    let each = |v: &super::Variable| {
        let here = v.place.get(lens)?;
        let (lo, hi) = match v.place.what {
            What::Curvature => (-3.5 / efl, 3.5 / efl),
            What::Thickness => {
                let about = if here.abs() > 1e-6 { here } else { 0.1 * efl };
                (0.4 * about, 2.0 * about)
            }
            What::Nd => (1.48, 1.85),
            What::Vd => (24.0, 70.0),
            What::Conic | What::Power(_) | What::Forbes(_) => return Ok(None),
        };
        let (lo, hi) = (lo.min(hi), lo.max(hi));
        let (lo, hi) = (if v.min.is_finite() { v.min } else { lo }, if v.max.is_finite() { v.max } else { hi });
        Ok(Some([lo, hi.max(lo)]))
    };
    design.variables.iter().map(each).collect()
}

struct Explorer<'a> {
    stages: [Merit; 3],
    ranges: Vec<Option<[f64; 2]>>,
    design: &'a Design,
}

impl Explorer<'_> {
    fn job(&self, job: usize, state: &SearchState) -> Option<Found> {
        let search = &state.search;
        let mut random = Random::new(search.seed, job as u64);
        if job < search.starts {
            return self.started(job, &mut random);
        }
        let rank = job - search.starts;
        if rank < search.keep {
            return self.settled(state.found.get(rank)?.x.clone(), 200, job);
        }
        // the better, the more often
        let rank = (random.unit().powi(2) * state.found.len() as f64) as usize;
        self.escape(&state.found.get(rank)?.x, job, &mut random)
    }

    fn descended(
        &self,
        stage: usize,
        x: Vec<f64>,
        iterations: usize,
        hill: Option<&Hill>,
    ) -> Option<(Vec<f64>, f64, f64)> {
        let merit = &self.stages[stage];
        let state = State::new(merit, x).ok()?;
        let settings = Settings { iterations, tolerance: 1e-5 };
        let end = descend(merit, state, &settings, &Unwatched, hill).ok()?;
        // away from a hill the last place counts, not the best
        Some(if hill.is_some() { (end.state.x, end.merit, end.overstep) } else { (end.x, end.merit, end.overstep) })
    }

    fn settled(&self, x: Vec<f64>, iterations: usize, job: usize) -> Option<Found> {
        let (x, merit, overstep) = self.descended(2, x, iterations, None)?;
        (merit.is_finite() && overstep.is_finite()).then_some(Found { x, merit, overstep, job })
    }

    fn started(&self, job: usize, random: &mut Random) -> Option<Found> {
        let start = self.stages[0].start().ok()?;
        let mut best: Option<(f64, Vec<f64>)> = None;
        let draws = if job == 0 { 1 } else { DRAWS };
        for _ in 0..draws {
            let x = if job == 0 { start.clone() } else { self.drawn(&start, random) };
            let Ok(rows) = self.stages[0].plain(&x) else { continue };
            let limits: f64 = rows.limits.iter().map(|g| g.max(0.0).powi(2)).sum();
            let score = (rows.merit().powi(2) + limits).sqrt();
            if score.is_finite() && best.as_ref().is_none_or(|b| score < b.0) {
                best = Some((score, x));
            }
        }
        let mut x = best?.1;
        for (stage, (_, iterations)) in STAGES.iter().enumerate() {
            x = self.descended(stage, x, *iterations, None)?.0;
        }
        self.settled(x, 1, job)
    }

    /// A random lens of the focal length that is asked for, its image plane at the focus.
    fn drawn(&self, start: &[f64], random: &mut Random) -> Vec<f64> {
        let mut x = start.to_vec();
        for (x, range) in x.iter_mut().zip(&self.ranges) {
            if let Some([lo, hi]) = range {
                *x = random.between(*lo, *hi);
            }
        }
        let variables = &self.design.variables;
        let bent: Vec<usize> = (0..x.len()).filter(|i| variables[*i].place.what == What::Curvature).collect();
        let target = self.design.operands.iter().find(|o| o.quantity == Quantity::Efl).and_then(|o| o.target);
        if let (Some(efl), false) = (target, bent.is_empty()) {
            // the power is linear in each curvature: one of them, drawn too, gives the focal length
            let i = bent[(random.unit() * bent.len() as f64) as usize % bent.len()];
            let power = |x: &[f64]| Model::<f64>::new(&self.stages[0].base, x).and_then(|m| m.first()).map(|f| f.power);
            let at = |c: f64| {
                let mut x = x.clone();
                x[i] = c;
                power(&x)
            };
            if let (Ok(zero), Ok(one)) = (at(0.0), at(1.0))
                && (one - zero).abs() > 1e-9
            {
                let v = &variables[i];
                x[i] = ((1.0 / efl - zero) / (one - zero)).clamp(v.min, v.max);
            }
        }
        let last = self.stages[0].base.lens().surfaces.len() - 1;
        let image = (0..x.len()).find(|i| variables[*i].place == super::Place { surface: last, what: What::Thickness });
        if let Some(i) = image
            && let Ok(first) = Model::<f64>::new(&self.stages[0].base, &x).and_then(|m| m.first())
            && first.image.is_finite()
        {
            x[i] = first.image.clamp(variables[i].min, variables[i].max);
        }
        x
    }

    /// Away from a lens over the hill that is put on it, then down on the other side.
    fn escape(&self, from: &[f64], job: usize, random: &mut Random) -> Option<Found> {
        let rows = self.stages[2].plain(from).ok()?;
        let reach = [0.05, 0.15, 0.4][(random.unit() * 3.0) as usize % 3];
        let width: Vec<f64> = from
            .iter()
            .zip(&self.ranges)
            .map(|(x, range)| reach * range.map_or(x.abs().max(1e-12), |[lo, hi]| (hi - lo).max(1e-9)))
            .collect();
        let hill =
            Hill { at: from.to_vec(), width: width.clone(), height: rows.merit().max(0.1) * random.between(1.0, 4.0) };
        // a first step in a direction of chance; as far as light gets through
        let toward: Vec<f64> = from.iter().map(|_| random.normal()).collect();
        let mut far = 1.0;
        for _ in 0..8 {
            let x: Vec<f64> = (0..from.len())
                .map(|i| {
                    (from[i] + far * toward[i] * width[i])
                        .clamp(self.design.variables[i].min, self.design.variables[i].max)
                })
                .collect();
            if self.stages[2].plain(&x).is_ok_and(|r| r.merit().is_finite())
                && let Some((x, ..)) = self.descended(2, x, 15, Some(&hill))
            {
                return self.settled(x, 60, job);
            }
            far *= 0.5;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, Glass, Shape, Surface, samples};

    /// Two plane plates that shall become an achromatic pair.
    fn plates() -> (Lens, Design) {
        let mut lens = samples::singlet(1.5, f64::INFINITY, f64::INFINITY, 4.0);
        lens.surfaces[0].glass = Glass::model(1.52, 64.0);
        lens.surfaces[1] = Surface::refracting(Shape::plane(), 2.0, Glass::model(1.65, 33.8));
        lens.surfaces.push(Surface::refracting(Shape::plane(), 97.0, Glass::air()));
        lens.wavelengths = samples::triplet().wavelengths;
        lens.primary = 1;
        lens.fields = vec![Field::up(0.0), Field::up(1.0)];
        lens.aperture = Aperture::EntrancePupil(16.0);
        let text = "schema = \"design/1\"\n[[variable]]\nsurface = \"all\"\nwhat = \"curvature\"\n[[variable]]\nsurface = 3\nwhat = \"thickness\"\n\
            min = 50\nmax = 120\n[[operand]]\nis = \"EFL\"\ntarget = 100\n[[operand]]\nis = \"SPOT\"\n[manufacture]\nglass_edge_mm = 1\n";
        let design = Design::from_toml(text, "plates.toml", &lens).unwrap();
        (lens, design)
    }

    #[test]
    fn plane_plates_become_an_achromat() {
        let (lens, design) = plates();
        let settings = Search { starts: 8, keep: 3, escapes: 5, ..Search::default() };
        let all = search(&lens, &design, SearchState::new(settings), &|_| true).unwrap();
        let best = &all.found[0];
        assert!(best.overstep < MET && best.merit < 6.0, "{best:?}");
        let merit = Merit::new(lens.clone(), &design).unwrap();
        let found = merit.lens_at(&best.x).unwrap();
        let first = first_order(&found, found.primary_um()).unwrap();
        assert!((first.efl - 100.0).abs() < 0.05, "{first:?}");
        // a single lens of this crown would have 1000 / 64 um of axial colour spread; this one is achromatic
        let seidel = crate::analysis::seidel(&found).unwrap().unwrap();
        assert!(seidel.sum.cl.abs() < 2e-3, "{:?}", seidel.sum);
        // interrupted and taken up again: the same; on one thread: the same
        let broken = search(&lens, &design, SearchState::new(settings), &|s| s.next < 8).unwrap();
        assert!(!broken.is_done());
        let text = toml::to_string(&broken).unwrap();
        let resumed = search(&lens, &design, toml::from_str(&text).unwrap(), &|_| true).unwrap();
        assert_eq!(resumed, all);
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(one.install(|| search(&lens, &design, SearchState::new(settings), &|_| true).unwrap()), all);
    }
}
