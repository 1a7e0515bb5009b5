//! A lens with its variables, pickups and solves.

use super::design::{Pickup, Solve, Variable};
use super::form::Departure;
use super::model::{Model, Trouble};
use super::place::{Place, What};
use super::ray::Which;
use super::vignetting::vignetting_from_apertures;
use crate::{Dispersion, FieldKind, Kind, Lens, OpticsError, Result, System};

/// A lens with its variables, checked: every place exists and every surface can be written with derivatives.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    lens: Lens,
    pub(super) forms: Vec<Departure>,
    pub(super) variables: Vec<Variable>,
    /// Variables that are numbers of this lens: not those of other configurations, nor those that this one changes.
    pub(super) active: Vec<bool>,
    pub(super) pickups: Vec<Pickup>,
    pub(super) solves: Vec<Solve>,
    /// Surfaces whose glass follows the numbers nd and Vd.
    pub(super) models: Vec<bool>,
    /// Indices behind each surface by wavelength.
    pub(super) index: Vec<Vec<f64>>,
    /// True for rays aimed at the real stop.
    pub(super) aimed: bool,
}

impl Base {
    /// A lens without variables.
    #[cfg(test)]
    pub fn fixed(lens: Lens) -> Result<Self> {
        Self::new(lens, vec![], vec![], vec![])
    }

    /// The lens in the configuration of an index, with the variables that act there.
    ///
    /// # Errors
    /// Those of [`Base::new`].
    pub fn configured(&self, index: usize) -> Result<Self> {
        let c = &self.lens.configurations[index];
        let own = |place: Place| self.variables.iter().any(|v| v.place == place && v.configuration == Some(index));
        let changes = |place: Place| {
            c.surfaces.iter().filter(|s| s.surface == place.surface).any(|s| match place.what {
                What::Curvature => s.radius.is_some(),
                What::Thickness => s.thickness.is_some(),
                What::Conic => s.conic.is_some(),
                What::Nd | What::Vd => s.glass.is_some(),
                What::Power(_) | What::Forbes(_) => false,
            })
        };
        let acts = |v: &Variable| match v.configuration {
            None => !own(v.place) && !changes(v.place),
            Some(i) => i == index,
        };
        let active: Vec<bool> = self.variables.iter().map(acts).collect();
        let lens = self.lens.configured(&c.name)?;
        // numbers are checked by those that act
        let variables = self.variables.iter().zip(&active).filter(|(_, a)| **a).map(|(v, _)| *v).collect();
        let mut base = Self::new(lens, variables, self.pickups.clone(), self.solves.clone())?;
        (base.variables, base.active, base.aimed) = (self.variables.clone(), active, self.aimed);
        Ok(base)
    }

    /// # Errors
    /// [`OpticsError::Surface`] for a number that a surface does not have, that is changed twice, or for a surface without
    /// rotational symmetry; and those of [`crate::check`].
    pub fn new(lens: Lens, variables: Vec<Variable>, pickups: Vec<Pickup>, solves: Vec<Solve>) -> Result<Self> {
        crate::check(&lens)?;
        let count = lens.surfaces.len();
        let mut taken: Vec<Place> = Vec::new();
        let solved = solves.iter().map(|s| match s {
            Solve::Efl { surface, .. } => Place { surface: *surface, what: What::Curvature },
            Solve::Focus { .. } => Place { surface: count - 1, what: What::Thickness },
        });
        // the lens as written, which the variables of its configurations are no numbers of
        let written = !lens.configurations.is_empty();
        let active: Vec<bool> = variables.iter().map(|v| !written || v.configuration.is_none()).collect();
        let own = variables.iter().zip(&active).filter(|(_, a)| **a).map(|(v, _)| v.place);
        for place in own.chain(pickups.iter().map(|p| p.place)).chain(solved) {
            if place.surface >= count {
                let reason = format!("the lens has {count} surfaces");
                return Err(OpticsError::surface(
                    place.surface + 1,
                    "the surface of a variable",
                    place.surface + 1,
                    reason,
                ));
            }
            place.get(&lens)?;
            if taken.contains(&place) {
                return Err(place.bad("it is variable, picked up or solved for already: each number once"));
            }
            taken.push(place);
        }
        for p in &pickups {
            if p.from >= count {
                let reason = format!("the lens has {count} surfaces");
                return Err(OpticsError::surface(p.place.surface + 1, "from", p.from + 1, reason));
            }
            Place { surface: p.from, ..p.place }.get(&lens)?;
        }
        let mut forms = Vec::with_capacity(count);
        for (i, s) in lens.surfaces.iter().enumerate() {
            let more: Vec<What> = taken.iter().filter(|p| p.surface == i).map(|p| p.what).collect();
            let form = Departure::new(&s.shape, &more).filter(|_| s.pose.is_none());
            forms.push(form.ok_or_else(|| {
                let reason = "lenses are optimised with surfaces that are round and stand on the axis";
                OpticsError::surface(i + 1, "the form", "without rotational symmetry", reason)
            })?);
        }
        let index = (0..count)
            .map(|i| lens.wavelengths.iter().map(|w| lens.index_behind(i, w.um)).collect())
            .collect::<Result<Vec<Vec<f64>>>>()?;
        let mut index = index;
        for i in 0..count {
            if lens.surfaces[i].kind == Kind::Reflect {
                index[i] = if i == 0 { vec![1.0; lens.wavelengths.len()] } else { index[i - 1].clone() };
            }
        }
        let models = lens
            .surfaces
            .iter()
            .map(|s| {
                matches!(s.glass.dispersion, Dispersion::Model { .. })
                    && s.glass.thermal.is_none()
                    && s.kind == Kind::Refract
            })
            .collect();
        let mut lens = lens;
        for (s, f) in lens.surfaces.iter_mut().zip(&forms) {
            // a constant that this form ignores
            if f.along_normal {
                s.shape.conic = 0.0;
            }
        }
        Ok(Self { lens, forms, variables, active, pickups, solves, models, index, aimed: true })
    }

    /// The place of a ray in the stop, by the field's vignetting factors.
    pub(super) fn place(&self, ray: &Which) -> [f64; 2] {
        self.lens.fields[ray.field].vignetting.place(ray.pupil)
    }

    /// Makes fields given by real image heights those of the object that have these heights now: the object stays while the lens
    /// changes.
    pub(super) fn steady_fields(&mut self) -> Result<()> {
        if self.lens.field_kind != FieldKind::RealImageHeight {
            return Ok(());
        }
        let system = System::new(self.lens.clone())?;
        for f in &mut self.lens.fields {
            let aim = system.aim(f, system.lens().primary);
            match (aim.direction(), aim.object()) {
                (Some([l, m, n]), _) => (f.x, f.y) = ((l / n).atan().to_degrees(), (m / n).atan().to_degrees()),
                (None, Some([x, y, _])) => (f.x, f.y) = (x, y),
                (None, None) => {}
            }
        }
        self.lens.field_kind =
            if self.lens.object_mm.is_some() { FieldKind::ObjectHeight } else { FieldKind::AngleDeg };
        Ok(())
    }

    /// Makes the clear apertures of the lens vignetting factors.
    pub(super) fn vignetting_from_apertures(&mut self) -> Result<()> {
        self.lens.fields = vignetting_from_apertures(&System::new(self.lens.clone())?, self.aimed)?;
        Ok(())
    }

    /// The lens at the start.
    pub fn lens(&self) -> &Lens {
        &self.lens
    }

    /// Index of the wavelength of first order.
    pub fn primary(&self) -> usize {
        self.lens.primary
    }

    /// The variables at the start.
    pub fn start(&self) -> Result<Vec<f64>> {
        let start = |v: &Variable| match v.configuration.and_then(|c| self.lens.configurations.get(c)) {
            Some(c) => v.place.get(&self.lens.configured(&c.name)?),
            None => v.place.get(&self.lens),
        };
        self.variables.iter().map(start).collect()
    }

    /// The lens with its variables at `x`, with what is picked up and solved for.
    pub fn lens_at(&self, x: &[f64]) -> Result<Lens> {
        let model = Model::<f64>::new(self, x).map_err(Trouble::said)?;
        let mut lens = self.lens.clone();
        for ((v, x), active) in self.variables.iter().zip(x).zip(&self.active) {
            let state = v.configuration.filter(|_| !active).and_then(|c| lens.configurations.get_mut(c));
            match state {
                _ if *active => v.place.set(&mut lens, *x),
                Some(state) => {
                    let change = state.surface(v.place.surface);
                    match v.place.what {
                        What::Curvature => change.radius = Some(if x.abs() < 1e-15 { f64::INFINITY } else { 1.0 / x }),
                        What::Thickness => change.thickness = Some(*x),
                        What::Conic => change.conic = Some(*x),
                        _ => {}
                    }
                }
                None => {}
            }
        }
        for p in &self.pickups {
            let v = Place { surface: p.from, ..p.place }.get(&lens)? * p.scale + p.offset;
            p.place.set(&mut lens, v);
        }
        for s in &self.solves {
            match *s {
                Solve::Efl { surface, .. } => {
                    Place { surface, what: What::Curvature }.set(&mut lens, model.facets[surface].curvature);
                }
                Solve::Focus { .. } => {
                    let surface = lens.surfaces.len() - 1;
                    Place { surface, what: What::Thickness }.set(&mut lens, model.facets[surface].thickness);
                }
            }
        }
        Ok(lens)
    }
}
