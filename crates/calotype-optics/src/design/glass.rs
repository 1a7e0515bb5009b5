//! Model glasses exchanged for real ones, with optimisation after each exchange.

use super::design::Design;
use super::merit::{MET, Merit};
use super::place::What;
use super::solve::{Settings, State, Unwatched, optimise};
use crate::{Glass, Lens, OpticsError, Result};

/// Real glasses that are tried for each model.
const CANDIDATES: usize = 5;
/// Distances in index and in Abbe number that count alike.
const ALIKE: [f64; 2] = [0.015, 2.0];

/// One exchange.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Exchange {
    /// The surface, counted from 1.
    pub surface: usize,
    /// nd and Vd of the model.
    pub model: [f64; 2],
    /// The real glass.
    pub glass: String,
    /// Its nd and Vd.
    pub real: [f64; 2],
    /// The merit after the exchange and the optimisation.
    pub merit: f64,
}

/// Exchanges every glass of the design whose nd or Vd is variable for a real one: surface by surface, the nearest few of
/// `glasses` are put in, the rest of the lens is optimised, and the one that leaves the least merit stays. Gives the lens, the
/// design without these variables, and what was exchanged.
///
/// # Errors
/// [`OpticsError::Value`] without glasses to choose from; those of [`Merit::new`] and [`optimise`].
pub fn substitute(
    lens: &Lens,
    design: &Design,
    glasses: &[Glass],
    settings: &Settings,
) -> Result<(Lens, Design, Vec<Exchange>)> {
    let mut open: Vec<usize> = design
        .variables
        .iter()
        .filter(|v| matches!(v.place.what, What::Nd | What::Vd))
        .map(|v| v.place.surface)
        .collect();
    open.sort_unstable();
    open.dedup();
    if open.is_empty() {
        return Ok((lens.clone(), design.clone(), vec![]));
    }
    if glasses.is_empty() {
        return Err(OpticsError::value(
            "the number of glasses to choose from",
            0,
            "name other makers, or give a catalogue",
        ));
    }
    let known: Vec<(&Glass, [f64; 2])> = glasses.iter().map(|g| (g, g.nd_vd().into())).collect();
    let (mut lens, mut design, mut log) = (lens.clone(), design.clone(), Vec::new());
    while !open.is_empty() {
        let distance =
            |model: [f64; 2], real: [f64; 2]| ((model[0] - real[0]) / ALIKE[0]).hypot((model[1] - real[1]) / ALIKE[1]);
        let near = |surface: usize, lens: &Lens| {
            let model: [f64; 2] = lens.surfaces[surface].glass.nd_vd().into();
            let mut list: Vec<_> = known.iter().map(|(g, real)| (distance(model, *real), *g, *real)).collect();
            list.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.name.cmp(&b.1.name)));
            list.truncate(CANDIDATES);
            (model, list)
        };
        // the model farthest from any real glass first, while the others can still make up for it
        let surface = open
            .iter()
            .copied()
            .max_by(|a, b| {
                let d = |s: usize| near(s, &lens).1.first().map_or(0.0, |c| c.0);
                d(*a).total_cmp(&d(*b)).then(b.cmp(a))
            })
            .unwrap_or(open[0]);
        open.retain(|s| *s != surface);
        let (model, candidates) = near(surface, &lens);
        design.variables.retain(|v| v.place.surface != surface || !matches!(v.place.what, What::Nd | What::Vd));
        design.operands.retain(|o| o.quantity != super::Quantity::Glass || o.surface != Some(surface));
        let mut best: Option<(f64, Lens, Exchange)> = None;
        let mut failed = None;
        for (_, glass, real) in candidates {
            let mut trial = lens.clone();
            trial.surfaces[surface].glass = glass.clone();
            let done = Merit::new(trial, &design).and_then(|merit| {
                if merit.variables() == 0 {
                    let rows = merit.rows(&[])?;
                    return Ok((rows.merit(), 0.0, merit.lens_at(&[])?));
                }
                let state = State::new(&merit, merit.start()?)?;
                let end = optimise(&merit, state, settings, &Unwatched)?;
                Ok((end.merit, end.overstep, merit.lens_at(&end.x)?))
            });
            let (merit, overstep, made) = match done {
                Ok(done) => done,
                Err(e) => {
                    failed = Some(e);
                    continue;
                }
            };
            let score = merit.hypot(if overstep < MET { 0.0 } else { 10.0 * overstep });
            if best.as_ref().is_none_or(|b| score < b.0) {
                let exchange = Exchange { surface: surface + 1, model, glass: glass.name.clone(), real, merit };
                best = Some((score, made, exchange));
            }
        }
        match (best, failed) {
            (Some((_, made, exchange)), _) => {
                lens = made;
                log.push(exchange);
            }
            (None, Some(e)) => return Err(e),
            (None, None) => {}
        }
    }
    Ok((lens, design, log))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn models_become_real_glasses_and_the_lens_stays_good() {
        let lens = samples::triplet();
        let text = "schema = \"design/1\"\n[[variable]]\nsurface = \"all\"\nwhat = [\"curvature\", \"nd\", \"vd\"]\n[[variable]]\nsurface = 6\nwhat = \"thickness\"\n\
            [[operand]]\nis = \"EFL\"\ntarget = 50\n[[operand]]\nis = \"SPOT\"\n[manufacture]\nglass_edge_mm = 0.5\n";
        let design = Design::from_toml(text, "t.toml", &lens).unwrap();
        let merit = Merit::new(lens.clone(), &design).unwrap();
        let settings = Settings { iterations: 30, ..Settings::default() };
        let state = State::new(&merit, merit.start().unwrap()).unwrap();
        let model = optimise(&merit, state, &settings, &Unwatched).unwrap();
        let glasses = crate::glass::built_in_of(&["schott"]);
        let (real, rest, log) = substitute(&merit.lens_at(&model.x).unwrap(), &design, &glasses, &settings).unwrap();
        assert_eq!(log.len(), 3);
        assert!(real.surfaces.iter().all(|s| s.glass.is_air() || !s.glass.name.is_empty()));
        assert!(!rest.variables.iter().any(|v| v.place.what == What::Nd));
        let last = log.last().unwrap().merit;
        assert!(last < 2.5 * model.merit.max(1.0), "{last} {}", model.merit);
    }

    #[test]
    fn the_map_of_glasses_holds_more_than_nine_in_ten() {
        let all = crate::glass::built_in_of(&["schott", "ohara", "hoya", "hikari", "cdgm", "sumita"]);
        let inside = |g: &&Glass| {
            let (nd, vd) = g.nd_vd();
            nd + 0.011 * vd <= 2.335 && (nd - 1.4) * (vd - 13.0) >= 4.5
        };
        let usual: Vec<&Glass> = all.iter().filter(|g| (1.48..2.0).contains(&g.nd_vd().0)).collect();
        let share = usual.iter().copied().filter(|g| inside(g)).count() as f64 / usual.len() as f64;
        assert!(share > 0.92, "{share}");
    }
}
