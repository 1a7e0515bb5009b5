//! A few rays a field make an optimiser fast, and let errors between them grow unseen: what it made is judged by more.

use super::design::Design;
use super::merit::Merit;
use super::solve::{Ending, Optimised, Settings, State, Watch, optimise};
use crate::{Lens, Result};
use serde::Serialize;

/// Deviation of the two merits, as a share of the greater, beyond which the few rays are not believed.
const AGREE: f64 = 0.1;
/// Merits of the rays' errors below this are as good as nothing; shares of nothing tell nothing.
const NOTHING: f64 = 1e-6;
/// Rings and arms at most; a design cannot ask for more either.
const MOST: usize = 20;

/// A result judged by the rays that made it, and by more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Density {
    /// Rings and arms of the rays that made it.
    pub rays: [usize; 2],
    /// The merit by them.
    pub merit: f64,
    /// Rings and arms of the denser rays.
    pub denser: [usize; 2],
    /// The merit by those; nothing where some of them do not get through.
    pub denser_merit: Option<f64>,
    /// True where the two are within a tenth of each other.
    pub agree: bool,
}

/// An optimised lens whose rays were dense enough, or as dense as can be.
#[derive(Clone, Debug)]
pub struct Dense {
    /// The result, its state and history.
    pub optimised: Optimised,
    /// The merit function that made it, of the last rays.
    pub merit: Merit,
    /// The design with the last rays.
    pub design: Design,
    /// What more rays said, each time; the last is of the result.
    pub checks: Vec<Density>,
}

/// Minimises a design's merit function, from a state on where one is given; then judges the result with twice the rings and arms.
/// Where the merits differ by more than a tenth, it goes on with the denser rays, as far as the iterations of `settings` last.
///
/// # Errors
/// Those of [`Merit::new`] and [`optimise`].
pub fn optimise_dense(
    lens: &Lens,
    design: &Design,
    state: Option<State>,
    settings: &Settings,
    watch: &dyn Watch,
) -> Result<Dense> {
    let mut density = state.as_ref().map_or(0, |s| s.density.min(5));
    let mut design = (0..density).fold(design.clone(), |d, _| denser(&d));
    let mut merit = Merit::new(lens.clone(), &design)?;
    let mut state = match state {
        Some(state) => state,
        None => State::new(&merit, merit.start()?)?,
    };
    let mut left = settings.iterations;
    let mut checks = Vec::new();
    loop {
        let before = state.merits.len();
        let optimised = optimise(&merit, state, &Settings { iterations: left, ..*settings }, watch)?;
        left = left.saturating_sub(optimised.state.merits.len() - before);
        let more = denser(&design);
        let finer = Merit::new(lens.clone(), &more)?;
        let denser_merit = finer.rows(&optimised.x).ok().map(|rows| rows.merit());
        let agree = denser_merit.is_some_and(|d| {
            let greater = d.max(optimised.merit);
            (d - optimised.merit).abs() <= AGREE * greater || greater < NOTHING
        });
        checks.push(Density {
            rays: [design.rings, design.arms],
            merit: optimised.merit,
            denser: [more.rings, more.arms],
            denser_merit,
            agree,
        });
        let again = !agree && left > 0 && more != design && optimised.ending != Ending::Interrupted;
        let Some(start) = denser_merit.filter(|_| again) else {
            return Ok(Dense { optimised, merit, design, checks });
        };
        density += 1;
        // what was learnt of limits holds; the damping starts anew
        state = State { density, x: optimised.x, ..optimised.state };
        (state.damping, state.since) = (State::DAMPING, 0);
        state.merits.push(start);
        state.oversteps.push(optimised.overstep);
        (merit, design) = (finer, more);
    }
}

fn denser(design: &Design) -> Design {
    Design { rings: (2 * design.rings).min(MOST), arms: (2 * design.arms).min(MOST), ..design.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::solve::Unwatched;
    use super::*;
    use crate::{Form, samples};

    /// One lens bent by many powers for the axis alone: with one ring of rays its wave is right at that ring only.
    fn task(rings: usize) -> (Lens, Design) {
        let mut lens = samples::singlet(1.5, 50.0, -70.0, 8.0);
        lens.fields.truncate(1);
        lens.aperture = crate::Aperture::EntrancePupil(30.0);
        lens.surfaces[1].thickness = 54.0;
        lens.surfaces[0].shape.form = Form::Powers(vec![(4, 0.0), (6, 0.0)]);
        let text = format!(
            "schema = \"design/1\"\n[rays]\nrings = {rings}\narms = 1\n[[variable]]\nsurface = 1\nwhat = [\"curvature\", \"a4\", \"a6\"]\n\
             [[operand]]\nis = \"SPOT\"\n"
        );
        let design = Design::from_toml(&text, "d.toml", &lens).unwrap();
        (lens, design)
    }

    #[test]
    fn errors_between_few_rays_are_found_and_mended() {
        let (lens, design) = task(1);
        let settings = Settings::default();
        let found = optimise_dense(&lens, &design, None, &settings, &Unwatched).unwrap();
        let first = found.checks[0];
        assert!(first.denser_merit.unwrap() > 1.5 * first.merit && !first.agree, "{:?}", found.checks);
        assert!(
            found.checks.len() > 1 && found.design.rings > 1 && found.checks.last().unwrap().agree,
            "{:?}",
            found.checks
        );
        // judged by rays that none of them used, it is better than what the few rays alone made
        let few = {
            let merit = Merit::new(lens.clone(), &design).unwrap();
            let state = State::new(&merit, merit.start().unwrap()).unwrap();
            optimise(&merit, state, &settings, &Unwatched).unwrap()
        };
        let judge = Merit::new(lens.clone(), &task(17).1).unwrap();
        let of = |x: &[f64]| judge.rows(x).unwrap().merit();
        assert!(of(&found.optimised.x) < 0.7 * of(&few.x), "{} {}", of(&found.optimised.x), of(&few.x));
        // and it can be resumed where it stands
        let state = found.optimised.state.clone();
        assert_eq!(state.density, found.checks.len() - 1);
        let on =
            optimise_dense(&lens, &design, Some(state), &Settings { iterations: 2, ..settings }, &Unwatched).unwrap();
        assert_eq!(on.design.rings, found.design.rings);
    }

    #[test]
    fn rays_that_are_enough_are_left_alone() {
        let (lens, design) = task(6);
        let found = optimise_dense(&lens, &design, None, &Settings::default(), &Unwatched).unwrap();
        assert!(found.checks.len() == 1 && found.checks[0].agree, "{:?}", found.checks);
    }
}
