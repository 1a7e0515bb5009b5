//! The merit function: what a lens is asked for, as numbers with derivatives.

use super::base::Base;
use super::design::{Design, Operand};
use super::model::{First, Model, Trouble};
use super::operand::{Quantity, Unit};
use super::quantity::{Evaluation, Task};
use super::ray::{Finder, Trail};
use super::real::{Dual, Real};
use crate::{Lens, Result};
use nalgebra::DMatrix;
use rayon::prelude::*;

/// Variables whose derivatives are carried together.
const LANES: usize = 8;
/// Units by which a limit may be overstepped and still counts as met: a limit is approached from beyond.
pub(super) const MET: f64 = 0.05;

/// A lens, what may change in it, and what is asked of it, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Merit {
    /// The lens as written, with every variable.
    pub(super) base: Base,
    /// The states of the lens that something is asked of, in the order of their values.
    parts: Vec<Part>,
    rows: Vec<Row>,
    limits: Vec<Row>,
}

/// One state of the lens, and what is asked of it.
#[derive(Clone, Debug)]
struct Part {
    configuration: Option<usize>,
    base: Base,
    tasks: Vec<Task>,
}

/// One row of the least-squares problem: a share of one value.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// Index of the value.
    value: usize,
    /// The value less this ...
    about: f64,
    /// ... times this.
    scale: f64,
    /// Index of the operand.
    operand: usize,
    /// True for a limit that must be met from both sides.
    equal: bool,
}

/// A merit function's rows at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Weighted deviations from targets and the rays' errors: the merit is the root of the sum of their squares.
    pub soft: Vec<f64>,
    /// Limits in their units: above 0 is beyond (for targets that must be met exactly, any number but 0 is).
    pub limits: Vec<f64>,
}

impl Rows {
    /// The root of the sum of the squares.
    pub fn merit(&self) -> f64 {
        self.soft.iter().map(|v| v * v).sum::<f64>().sqrt()
    }
}

/// What one operand comes to.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Figure {
    /// The operand.
    pub operand: String,
    /// Its value; for bundles the RMS.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What was asked.
    pub asked: String,
    /// Its share of the squared merit, 0 to 1.
    pub share: f64,
    /// True unless a limit is overstepped by more than a twentieth of the operand's unit.
    pub met: bool,
}

impl Merit {
    /// Prepares a design.
    ///
    /// # Errors
    /// Those of [`crate::check`]; [`OpticsError::Surface`](crate::OpticsError::Surface) for a number that a surface does not have;
    /// [`OpticsError::Dark`](crate::OpticsError::Dark) where the rays that vignetting or the modulation needs are lost at the start.
    pub fn new(lens: Lens, design: &Design) -> Result<Self> {
        let mut base = Base::new(lens, design.variables.clone(), design.pickups.clone(), design.solves.clone())?;
        base.aimed = design.aimed;
        let mut states: Vec<Option<usize>> = design.operands.iter().map(|o| o.configuration).collect();
        states.sort_unstable();
        states.dedup();
        let prepared = |state: &Option<usize>| {
            let mut own = match state {
                Some(i) => base.configured(*i)?,
                None => base.clone(),
            };
            own.steady_fields()?;
            if design.vignetting_from_apertures {
                own.vignetting_from_apertures()?;
            }
            Ok(Part { configuration: *state, base: own, tasks: vec![] })
        };
        let mut parts = states.iter().map(prepared).collect::<Result<Vec<Part>>>()?;
        let start = base.start()?;
        let track = crate::first_order(base.lens(), base.lens().primary_um())?.total_track;
        let weight = |o: &Operand| {
            let part = parts.iter().find(|p| p.configuration == o.configuration);
            part.map_or(0.0, |p| p.base.lens().fields[o.field].weight)
        };
        let total =
            |quantity: Quantity| -> f64 { design.operands.iter().filter(|o| o.quantity == quantity).map(weight).sum() };
        let totals = [Quantity::Spot, Quantity::Opd].map(total);
        let (mut rows, mut limits, mut values) = (Vec::new(), Vec::new(), 0);
        for part in &mut parts {
            let mut tasks: Vec<Task> = Vec::new();
            let asked = design.operands.iter().enumerate().filter(|(_, o)| o.configuration == part.configuration);
            for (i, o) in asked {
                let unit = match o.word().scale {
                    Unit::Length => 2e-4 * track,
                    Unit::Own(v) => v,
                };
                let task = Task::new(&part.base, design, *o, i, &start)?;
                if o.is_bundle() {
                    let total = totals[usize::from(o.quantity == Quantity::Opd)].max(1e-300);
                    let share = o.weight.unwrap_or(1.0) * part.base.lens().fields[o.field].weight / total;
                    for k in 0..task.values() {
                        rows.push(Row {
                            value: values + k,
                            about: 0.0,
                            scale: share.sqrt() / unit,
                            operand: i,
                            equal: false,
                        });
                    }
                    values += task.values();
                    tasks.push(task);
                    continue;
                }
                let mut ask = |task: &Task, about: f64, limit: bool, scale: f64, equal: bool| {
                    let row = Row { value: values, about, scale, operand: i, equal };
                    if limit {
                        limits.push(row)
                    } else {
                        rows.push(row)
                    }
                    values += 1;
                    tasks.push(task.about(about));
                };
                if let Some(t) = o.target {
                    match o.weight {
                        Some(w) => ask(&task, t, false, w.sqrt() / unit, false),
                        None => ask(&task, t, true, 1.0 / unit, true),
                    }
                }
                if let Some(v) = o.min {
                    ask(&task, v, true, -1.0 / unit, false);
                }
                if let Some(v) = o.max {
                    ask(&task, v, true, 1.0 / unit, false);
                }
            }
            part.tasks = tasks;
        }
        Ok(Self { base, parts, rows, limits })
    }

    /// How many variables.
    pub fn variables(&self) -> usize {
        self.base.variables.len()
    }

    /// The variables' names.
    pub fn names(&self) -> Vec<String> {
        let state = |c: usize| self.base.lens().configurations.get(c).map_or("", |c| c.name.as_str());
        let name = |v: &super::design::Variable| match v.configuration {
            Some(c) => format!("{} ({})", v.place, state(c)),
            None => v.place.to_string(),
        };
        self.base.variables.iter().map(name).collect()
    }

    /// The variables at the start.
    ///
    /// # Errors
    /// None for a merit that could be made.
    pub fn start(&self) -> Result<Vec<f64>> {
        self.base.start()
    }

    /// The lens at these variables.
    ///
    /// # Errors
    /// Those of the solves: a lens without power.
    pub fn lens_at(&self, x: &[f64]) -> Result<Lens> {
        self.base.lens_at(x)
    }

    /// The rows at these variables.
    ///
    /// # Errors
    /// [`OpticsError::Dark`](crate::OpticsError::Dark) with the surface where a ray is lost; [`OpticsError::Value`](crate::OpticsError::Value) where first order has no meaning.
    pub fn rows(&self, x: &[f64]) -> Result<Rows> {
        self.plain(x).map_err(Trouble::said)
    }

    pub(super) fn plain(&self, x: &[f64]) -> std::result::Result<Rows, Trouble> {
        Ok(self.rows_of(&self.values(x)?.0))
    }

    /// The values of every part, and the power of the lens in each.
    fn values(&self, x: &[f64]) -> std::result::Result<(Vec<f64>, Vec<f64>), Trouble> {
        let (mut all, mut powers) = (Vec::new(), Vec::new());
        for part in &self.parts {
            let model = Model::<f64>::new(&part.base, x)?;
            let first = model.first()?;
            let finder = Finder::new(&part.base, x, &model, &first)?;
            let trails = part.trails(&finder)?;
            all.extend(part.evaluate(&finder, &model, &first, &trails)?);
            powers.push(first.power);
        }
        Ok((all, powers))
    }

    /// The rows, and their derivatives: one row of a matrix each, soft rows first.
    pub(super) fn jacobian(&self, x: &[f64]) -> std::result::Result<(Rows, DMatrix<f64>), Trouble> {
        let chunks: Vec<usize> = (0..x.len()).step_by(LANES).collect();
        let mut values = Vec::new();
        let mut slopes: Vec<Vec<Dual<LANES>>> = chunks.iter().map(|_| vec![]).collect();
        for part in &self.parts {
            let model = Model::<f64>::new(&part.base, x)?;
            let first = model.first()?;
            let finder = Finder::new(&part.base, x, &model, &first)?;
            let trails = part.trails(&finder)?;
            values.extend(part.evaluate(&finder, &model, &first, &trails)?);
            let own = chunks
                .par_iter()
                .map(|from| {
                    let seed = |(i, v): (usize, &f64)| {
                        if (*from..from + LANES).contains(&i) {
                            Dual::<LANES>::variable(*v, i - from)
                        } else {
                            Dual::of(*v)
                        }
                    };
                    let x: Vec<Dual<LANES>> = x.iter().enumerate().map(seed).collect();
                    let model = Model::new(&part.base, &x)?;
                    let first = model.first()?;
                    part.evaluate(&finder, &model, &first, &trails)
                })
                .collect::<std::result::Result<Vec<_>, Trouble>>()?;
            slopes.iter_mut().zip(own).for_each(|(all, own)| all.extend(own));
        }
        let all = self.rows.iter().chain(&self.limits);
        let scaled: Vec<(usize, f64)> = all.map(|r| (r.value, r.scale)).collect();
        let matrix = DMatrix::from_fn(scaled.len(), x.len(), |i, j| {
            let (value, scale) = scaled[i];
            slopes[j / LANES][value].d[j % LANES] * scale
        });
        Ok((self.rows_of(&values), matrix))
    }

    fn rows_of(&self, values: &[f64]) -> Rows {
        let row = |r: &Row| (values[r.value] - r.about) * r.scale;
        Rows { soft: self.rows.iter().map(row).collect(), limits: self.limits.iter().map(row).collect() }
    }

    /// True for limits that must be met from both sides.
    pub(super) fn equalities(&self) -> Vec<bool> {
        self.limits.iter().map(|r| r.equal).collect()
    }

    /// What every operand comes to, in the order of the design.
    ///
    /// # Errors
    /// Those of [`Merit::rows`].
    pub fn figures(&self, x: &[f64], operands: &[Operand]) -> Result<Vec<Figure>> {
        let (values, powers) = self.values(x).map_err(Trouble::said)?;
        let power = |o: &Operand| {
            let part = self.parts.iter().position(|p| p.configuration == o.configuration);
            part.map_or(f64::NAN, |i| powers[i])
        };
        let rows = self.rows_of(&values);
        let square: f64 = rows.soft.iter().map(|v| v * v).sum();
        let mut list = Vec::new();
        for (i, o) in operands.iter().enumerate() {
            let own = |(r, v): (&Row, &f64)| if r.operand == i { v * v } else { 0.0 };
            let share: f64 = self.rows.iter().zip(&rows.soft).map(own).sum();
            let met = self
                .limits
                .iter()
                .zip(&rows.limits)
                .filter(|(r, _)| r.operand == i)
                .all(|(r, v)| if r.equal { v.abs() < MET } else { *v < MET });
            let value = if o.is_bundle() {
                let of = |r: &&Row| r.operand == i;
                self.rows.iter().filter(of).map(|r| values[r.value].powi(2)).sum::<f64>().sqrt()
            } else {
                let row = self.rows.iter().chain(&self.limits).find(|r| r.operand == i);
                match (o.quantity, row) {
                    // the value asked about acts on the power
                    (Quantity::Efl, _) => 1.0 / power(o),
                    (_, Some(row)) => values[row.value],
                    (_, None) => 0.0,
                }
            };
            let asked = [("", o.target), ("min ", o.min), ("max ", o.max)];
            let asked: Vec<String> = asked.iter().filter_map(|(w, v)| v.map(|v| format!("{w}{v}"))).collect();
            list.push(Figure {
                operand: o.label(),
                value,
                unit: o.word().unit,
                asked: if o.is_bundle() { "0".into() } else { asked.join(", ") },
                share: if square > 0.0 { share / square } else { 0.0 },
                met,
            });
        }
        Ok(list)
    }

    /// Variables that change nothing: no row has a derivative with respect to them, neither at the start nor a little beside it.
    ///
    /// # Errors
    /// Those of [`Merit::rows`] at the start; [`OpticsError::Surface`](crate::OpticsError::Surface) for a variable that changes nothing.
    pub fn check_variables(&self) -> Result<()> {
        let x = self.start()?;
        let (_, here) = self.jacobian(&x).map_err(Trouble::said)?;
        let idle: Vec<usize> = (0..x.len()).filter(|j| here.column(*j).iter().all(|v| *v == 0.0)).collect();
        if idle.is_empty() {
            return Ok(());
        }
        // a conic on a plane does something once the plane is bent
        let track = crate::first_order(self.base.lens(), self.base.lens().primary_um())?.total_track.max(1e-3);
        let beside: Vec<f64> = x
            .iter()
            .zip(&self.base.variables)
            .map(|(v, variable)| match variable.place.what {
                super::place::What::Curvature => v + 0.02 / track,
                _ => v * 1.0001,
            })
            .collect();
        let Ok((_, there)) = self.jacobian(&beside) else { return Ok(()) };
        match idle.into_iter().find(|j| there.column(*j).iter().all(|v| *v == 0.0)) {
            Some(j) => Err(self.base.variables[j]
                .place
                .bad("it changes nothing that is asked for; take it out, or ask for more")),
            None => Ok(()),
        }
    }
}

impl Part {
    fn trails(&self, finder: &Finder<'_>) -> std::result::Result<Vec<Vec<Trail>>, Trouble> {
        self.tasks.par_iter().map(|t| finder.find(&t.rays)).collect()
    }

    fn evaluate<R: Real>(
        &self,
        finder: &Finder<'_>,
        model: &Model<'_, R>,
        first: &First<R>,
        trails: &[Vec<Trail>],
    ) -> std::result::Result<Vec<R>, Trouble> {
        let parts = self
            .tasks
            .par_iter()
            .zip(trails)
            .map(|(task, trails)| {
                let rays = task.rays.iter().zip(trails).map(|(r, t)| finder.trace(model, first, r, t));
                let rays = rays.collect::<std::result::Result<Vec<_>, Trouble>>()?;
                task.evaluate(&Evaluation { model, first, rays: &rays })
            })
            .collect::<std::result::Result<Vec<_>, Trouble>>()?;
        Ok(parts.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::super::operand::Needs;
    use super::*;
    use crate::{Form, samples};

    /// Every operand there is, on a lens with aspheres of every kind.
    fn everything() -> (Lens, Design) {
        let mut lens = samples::triplet();
        lens.surfaces[0].shape.form = Form::Powers(vec![(4, 1e-6), (6, 1e-9)]);
        lens.surfaces[2].shape.form = Form::Powers(vec![(3, 1e-5), (4, 1e-6)]);
        lens.surfaces[3].shape.form = Form::Qbfs { norm_radius: 6.0, coefficients: vec![0.01, 0.002] };
        lens.surfaces[4].shape.form = Form::Qcon { norm_radius: 7.5, coefficients: vec![0.01, -0.004] };
        lens.surfaces.iter_mut().for_each(|s| s.clear.outer = None);
        lens.fields[1].vignetting.decentre[1] = 0.1;
        lens.fields[1].vignetting.compression[1] = 0.1;
        let mut text = String::from(
            "schema = \"design/1\"\n[[variable]]\nsurface = \"all\"\nwhat = [\"curvature\", \"thickness\", \"nd\", \"vd\"]\n\
             [[variable]]\nsurface = 1\nwhat = [\"conic\", \"a4\", \"a8\"]\n[[variable]]\nsurface = 3\nwhat = \"a3\"\n\
             [[variable]]\nsurface = [4, 5]\nwhat = [\"q0\", \"q1\"]\n[[solve]]\nsolve = \"efl\"\nsurface = 6\ntarget = 52\n\
             [[pickup]]\nsurface = 2\nwhat = \"curvature\"\nfrom = 1\nscale = -0.05\n",
        );
        for w in super::super::operand::OPERANDS {
            text += &format!("[[operand]]\nis = \"{}\"\n", w.name);
            text += match w.needs {
                Needs::Lens => "",
                Needs::Surface => "surface = \"all\"\n",
                Needs::Field => "field = \"all\"\n",
                Needs::Ray => "field = 2\npupil = [0.3, 0.8]\n",
            };
            if matches!(w.quantity, Quantity::Mtft | Quantity::Mtfs | Quantity::Mtfa) {
                text += "frequency = 30\n";
            }
            if !matches!(w.quantity, Quantity::Spot | Quantity::Opd) {
                text += "target = 0.5\nmin = 0.1\nweight = 1\n";
            }
        }
        let design = Design::from_toml(&text, "all.toml", &lens).unwrap();
        (lens, design)
    }

    #[test]
    fn derivatives_of_every_operand_are_those_of_central_differences() {
        let (lens, design) = everything();
        let merit = Merit::new(lens, &design).unwrap();
        let x = merit.start().unwrap();
        let (_, exact) = merit.jacobian(&x).unwrap();
        let flat = |r: Rows| [r.soft, r.limits].concat();
        for j in 0..x.len() {
            let h = match merit.base.variables[j].place.what {
                super::super::place::What::Power(p) => 2e-6 / 7f64.powi(p as i32),
                super::super::place::What::Thickness => 1e-5,
                // a change of sag well below a wave
                super::super::place::What::Curvature => 1e-7,
                super::super::place::What::Vd => 1e-3,
                _ => 1e-6,
            };
            let at = |d: f64| {
                let mut y = x.clone();
                y[j] += d;
                flat(merit.rows(&y).unwrap())
            };
            // fourth order
            let (a, b, c, d) = (at(-2.0 * h), at(-h), at(h), at(2.0 * h));
            for i in 0..a.len() {
                let difference = (a[i] - d[i] + 8.0 * (c[i] - b[i])) / (12.0 * h);
                let size = exact.column(j).iter().fold(0.0f64, |m, v| m.max(v.abs()));
                let rows = merit.rows.iter().chain(&merit.limits).collect::<Vec<_>>();
                // phases in radians leave differences fewer digits
                let close = if design.operands[rows[i].operand].frequency > 0.0 { 2e-4 } else { 1e-5 };
                let label = design.operands[rows[i].operand].label();
                assert!(
                    (exact[(i, j)] - difference).abs()
                        < close * (exact[(i, j)].abs() + 1e-3 * size) + 1e-7 / h.max(1e-6),
                    "{} {label}: {} {difference}",
                    merit.base.variables[j].place,
                    exact[(i, j)]
                );
            }
        }
    }

    #[test]
    fn figures_are_those_of_the_analyses() {
        use crate::analysis::{field_curves, hexapolar, spot_of};
        use crate::{Clip, Rays, System, Until};
        let lens = samples::triplet();
        let text = "schema = \"design/1\"\n[rays]\naim = \"pupil\"\nrings = 12\narms = 12\n[[variable]]\nsurface = 1\nwhat = \"curvature\"\n\
            [[operand]]\nis = \"SPOT\"\nfield = 3\n[[operand]]\nis = \"RMS\"\nfield = 3\nmax = 900\n\
            [[operand]]\nis = \"EFL\"\ntarget = 50\n[[operand]]\nis = \"CRA\"\nfield = 3\nmax = 90\n\
            [[operand]]\nis = \"DISTORTION\"\nfield = 3\nmax = 90\n[[operand]]\nis = \"TFC\"\nfield = 3\nmax = 90\n\
            [[operand]]\nis = \"SFC\"\nfield = 3\nmax = 90\n[[operand]]\nis = \"TTL\"\nmax = 90\n";
        let design = Design::from_toml(text, "t.toml", &lens).unwrap();
        let merit = Merit::new(lens.clone(), &design).unwrap();
        let figures = merit.figures(&merit.start().unwrap(), &design.operands).unwrap();
        let system = System::new(lens).unwrap();
        let mut rays = Rays::default();
        for w in 0..3 {
            let mut one = Rays::new(system.aim(&system.lens().fields[2], w).paraxial(&hexapolar(200)));
            system.trace(w, &mut one, Clip::Nothing, Until::Image);
            one.iter().for_each(|r| rays.push(r));
        }
        let rms = spot_of(&rays).unwrap().rms_um;
        assert!(
            (figures[0].value / rms - 1.0).abs() < 0.02 && (figures[0].value / figures[1].value - 1.0).abs() < 1e-12,
            "{figures:?} {rms}"
        );
        assert!((figures[2].value - system.first_order().efl).abs() < 1e-10);
        let point = field_curves(&system, 3).pop().unwrap();
        let lens_value = |i: usize, truth: f64, within: f64| {
            assert!((figures[i].value - truth).abs() < within, "{:?} {truth}", figures[i])
        };
        // through the middle of the paraxial pupil here, of the stop there
        lens_value(3, point.chief_angle_deg, 0.5);
        lens_value(4, point.distortion_percent.unwrap(), 0.2);
        lens_value(5, point.tangential_mm, 0.2);
        lens_value(6, point.sagittal_mm, 0.2);
        lens_value(7, system.first_order().total_track, 1e-12);
    }

    #[test]
    fn configurations_have_operands_and_variables_of_their_own() {
        let lens = samples::thin_zoom();
        let text = "schema = \"design/1\"\n[[variable]]\nsurface = [1, 2]\nwhat = \"thickness\"\nconfiguration = \"all\"\nmin = 0\n\
            [[operand]]\nis = \"EFL\"\nconfiguration = \"wide\"\ntarget = 200\n[[operand]]\nis = \"EFL\"\nconfiguration = \"tele\"\ntarget = 400\n\
            [[operand]]\nis = \"SPOT\"\nconfiguration = [\"wide\", \"Tele\"]\n";
        let design = Design::from_toml(text, "d.toml", &lens).unwrap();
        assert_eq!((design.variables.len(), design.operands.len()), (4, 2 + 2 * lens.fields.len()));
        let merit = Merit::new(lens.clone(), &design).unwrap();
        assert_eq!(merit.names()[1], "surface 1 thickness (tele)");
        assert_eq!(merit.start().unwrap(), [70.0, 60.0, 75.0, 200.0]);
        merit.check_variables().unwrap();
        let state = super::super::State::new(&merit, merit.start().unwrap()).unwrap();
        let end = super::super::optimise(&merit, state, &Default::default(), &super::super::Unwatched).unwrap();
        let found = merit.lens_at(&end.x).unwrap();
        // f1 f2 / f = f1 + f2 - d: 75 and 62.5 mm apart
        for (name, efl, gap) in [("wide", 200.0, 75.0), ("tele", 400.0, 62.5)] {
            let state = found.configured(name).unwrap();
            let first = crate::first_order(&state, 0.5875618).unwrap();
            assert!((first.efl / efl - 1.0).abs() < 1e-3, "{name} {}", first.efl);
            assert!((state.surfaces[0].thickness - gap).abs() < 0.02 && first.defocus.abs() < 0.05, "{name} {first:?}");
        }
        // the lens as written was not asked, and stays
        assert_eq!(found.surfaces, lens.surfaces);
        let figures = merit.figures(&end.x, &design.operands).unwrap();
        assert!((figures[1].value / 400.0 - 1.0).abs() < 1e-3, "{figures:?}");
        assert!(figures[1].operand.contains("configuration 2"), "{figures:?}");
        let error =
            |from: &str, to: &str| Design::from_toml(&text.replace(from, to), "d.toml", &lens).unwrap_err().to_string();
        assert!(error("\"wide\"\ntarget", "\"wyde\"\ntarget").contains("the lens has wide, tele"));
        assert!(error("what = \"thickness\"", "what = \"nd\"").contains("cannot vary in a configuration"));
        assert!(error("[[operand]]", "[[solve]]\nsolve = \"focus\"\n[[operand]]").contains("solved for"));
    }

    #[test]
    fn a_number_that_configurations_share_moves_in_all() {
        let mut lens = samples::triplet();
        for (name, gap) in [("far", 42.2), ("near", 45.0)] {
            let mut c = crate::Configuration::new(name);
            c.surface(5).thickness = Some(gap);
            lens.configurations.push(c);
        }
        let text = "schema = \"design/1\"\n[[variable]]\nsurface = 2\nwhat = \"thickness\"\n\
            [[variable]]\nsurface = 6\nwhat = \"thickness\"\nconfiguration = \"near\"\n\
            [[operand]]\nis = \"TTL\"\nconfiguration = \"all\"\ntarget = 60\nweight = 1\n\
            [[operand]]\nis = \"TTL\"\ntarget = 60\nweight = 1\n";
        let design = Design::from_toml(text, "d.toml", &lens).unwrap();
        let merit = Merit::new(lens, &design).unwrap();
        let x = merit.start().unwrap();
        assert_eq!(x, [6.0, 45.0]);
        let (_, j) = merit.jacobian(&x).unwrap();
        let unit = j[(0, 0)];
        // rows: as written, far, near; by the shared gap and by that of `near` alone
        assert!((0..3).all(|i| (j[(i, 0)] - unit).abs() < 1e-12) && unit > 0.0, "{j}");
        assert!(j[(0, 1)] == 0.0 && j[(1, 1)] == 0.0 && (j[(2, 1)] - unit).abs() < 1e-12, "{j}");
    }

    #[test]
    fn the_axis_is_judged_by_its_whole_pupil() {
        use crate::analysis::{hexapolar, spot_of};
        use crate::{Clip, Rays, System, Until};
        // out of focus by 0.1 mm: a disc, and a wavefront without tilt
        let mut lens = samples::triplet();
        lens.surfaces[5].thickness += 0.1;
        let text = "schema = \"design/1\"\n[rays]\naim = \"pupil\"\nrings = 6\n[[variable]]\nsurface = 1\nwhat = \"curvature\"\n\
            [[operand]]\nis = \"RMS\"\nfield = 1\nwavelength = 2\nmax = 900\n[[operand]]\nis = \"WFE\"\nfield = 1\nwavelength = 2\nmax = 900\n[[operand]]\nis = \"SPOT\"\n";
        let design = Design::from_toml(text, "t.toml", &lens).unwrap();
        let merit = Merit::new(lens.clone(), &design).unwrap();
        let figures = merit.figures(&merit.start().unwrap(), &design.operands).unwrap();
        let system = System::new(lens).unwrap();
        let axis = system.lens().fields[0];
        let mut rays = Rays::new(system.aim(&axis, 1).paraxial(&hexapolar(200)));
        system.trace(1, &mut rays, Clip::Nothing, Until::Image);
        let rms = spot_of(&rays).unwrap().rms_um;
        assert!((figures[0].value / rms - 1.0).abs() < 0.01, "{} {rms}", figures[0].value);
        let w = crate::analysis::wavefront(&system, &axis, 1, &hexapolar(200), Clip::Nothing).unwrap();
        let waves = w.rms_without(&[|_, _| 1.0]);
        assert!((figures[1].value / waves - 1.0).abs() < 0.01, "{} {waves}", figures[1].value);
    }
}
