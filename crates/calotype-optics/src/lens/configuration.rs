//! The states of a lens: zoom positions, distances in focus.

use super::{Aperture, Lens, Vignetting};
use crate::nearest::nearest_of;
use crate::{Air, Glass, OpticsError, Result};

/// A state of a lens: the numbers in which it differs from the lens as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    /// Its name: `wide`, `1 m`.
    pub name: String,
    /// The air it stands in; nothing where it is unchanged.
    pub air: Option<Air>,
    /// Distance in mm from the object to the first surface, infinite for an object at infinity; nothing where it is unchanged.
    pub object_mm: Option<f64>,
    /// How much light gets in; nothing where it is unchanged.
    pub aperture: Option<Aperture>,
    /// Surfaces that change, each once.
    pub surfaces: Vec<SurfaceChange>,
    /// Fields that change, each once.
    pub fields: Vec<FieldChange>,
    /// Wavelengths that change, each once.
    pub wavelengths: Vec<WavelengthChange>,
}

/// What of a surface changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SurfaceChange {
    /// Its index.
    pub surface: usize,
    /// Distance to the next vertex, mm.
    pub thickness: Option<f64>,
    /// Radius of curvature, mm; infinite for a plane.
    pub radius: Option<f64>,
    /// Conic constant.
    pub conic: Option<f64>,
    /// The medium behind it.
    pub glass: Option<Glass>,
    /// Radius of its clear aperture, mm.
    pub clear: Option<f64>,
}

/// What of a field changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldChange {
    /// Its index.
    pub field: usize,
    /// Across: degrees or mm.
    pub x: Option<f64>,
    /// Upwards: degrees or mm.
    pub y: Option<f64>,
    /// Its share in sums over fields.
    pub weight: Option<f64>,
    /// The part of the pupil that its light fills.
    pub vignetting: Option<Vignetting>,
}

/// What of a wavelength changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WavelengthChange {
    /// Its index.
    pub wavelength: usize,
    /// Micrometres.
    pub um: Option<f64>,
    /// Its share in polychromatic sums.
    pub weight: Option<f64>,
}

impl Configuration {
    /// One that changes nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The change of a surface, made where there is none.
    pub fn surface(&mut self, surface: usize) -> &mut SurfaceChange {
        let at = self.surfaces.iter().position(|c| c.surface == surface).unwrap_or_else(|| {
            self.surfaces.push(SurfaceChange { surface, ..SurfaceChange::default() });
            self.surfaces.len() - 1
        });
        &mut self.surfaces[at]
    }

    /// The change of a field, made where there is none.
    pub fn field(&mut self, field: usize) -> &mut FieldChange {
        let at = self.fields.iter().position(|c| c.field == field).unwrap_or_else(|| {
            self.fields.push(FieldChange { field, ..FieldChange::default() });
            self.fields.len() - 1
        });
        &mut self.fields[at]
    }

    /// The change of a wavelength, made where there is none.
    pub fn wavelength(&mut self, wavelength: usize) -> &mut WavelengthChange {
        let at = self.wavelengths.iter().position(|c| c.wavelength == wavelength).unwrap_or_else(|| {
            self.wavelengths.push(WavelengthChange { wavelength, ..WavelengthChange::default() });
            self.wavelengths.len() - 1
        });
        &mut self.wavelengths[at]
    }

    /// The lens in this state, with no others.
    pub(super) fn applied(&self, lens: &Lens) -> Result<Lens> {
        let mut to = Lens { configurations: vec![], name: format!("{} ({})", lens.name, self.name), ..lens.clone() };
        let none =
            |what, index: usize, count: usize| OpticsError::value(what, index + 1, format!("the lens has {count}"));
        if let Some(d) = self.object_mm {
            to.object_mm = d.is_finite().then_some(d);
        }
        to.aperture = self.aperture.unwrap_or(to.aperture);
        to.air = self.air.or(to.air);
        for c in &self.surfaces {
            let count = to.surfaces.len();
            let s = to.surfaces.get_mut(c.surface).ok_or_else(|| none("a surface that changes", c.surface, count))?;
            s.thickness = c.thickness.unwrap_or(s.thickness);
            if let Some(r) = c.radius {
                s.shape = s.shape.clone().with_radius(r);
            }
            s.shape.conic = c.conic.unwrap_or(s.shape.conic);
            s.clear.outer = c.clear.or(s.clear.outer);
            if let Some(glass) = &c.glass {
                s.glass = glass.clone();
            }
        }
        for c in &self.fields {
            let count = to.fields.len();
            let f = to.fields.get_mut(c.field).ok_or_else(|| none("a field that changes", c.field, count))?;
            (f.x, f.y) = (c.x.unwrap_or(f.x), c.y.unwrap_or(f.y));
            f.weight = c.weight.unwrap_or(f.weight);
            f.vignetting = c.vignetting.unwrap_or(f.vignetting);
        }
        for c in &self.wavelengths {
            let count = to.wavelengths.len();
            let w = to
                .wavelengths
                .get_mut(c.wavelength)
                .ok_or_else(|| none("a wavelength that changes", c.wavelength, count))?;
            if let Some(um) = c.um {
                (w.um, w.name) = (um, format!("{:.0} nm", um * 1e3));
            }
            w.weight = c.weight.unwrap_or(w.weight);
        }
        Ok(to)
    }
}

impl Lens {
    /// The lens in the state of this name, in any case: a lens without further states, named after both.
    ///
    /// # Errors
    /// [`OpticsError::Value`] for a name that no state has, naming those there are.
    pub fn configured(&self, name: &str) -> Result<Self> {
        let names = || self.configurations.iter().map(|c| c.name.as_str());
        match self.configurations.iter().find(|c| c.name.eq_ignore_ascii_case(name)) {
            Some(found) => found.applied(self),
            None if self.configurations.is_empty() => {
                Err(OpticsError::value("the configuration", name, "the lens has none: it is one lens as it stands"))
            }
            None => {
                let near = nearest_of(name, names(), 1).into_iter().next();
                let near = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
                let all: Vec<&str> = names().collect();
                Err(OpticsError::value("the configuration", name, format!("the lens has {}{near}", all.join(", "))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalogue, System, first_order, samples};

    #[test]
    fn two_thin_lenses_zoom_as_their_distance_says() {
        // 1/f = 1/f1 + 1/f2 - d/(f1 f2), the image f (1 - d/f1) behind the second
        let lens = samples::thin_zoom();
        for (name, d) in [("wide", 70.0), ("tele", 60.0)] {
            let state = lens.configured(name).unwrap();
            let f = 1.0 / (1.0 / 100.0 - 1.0 / 50.0 + d / 5000.0);
            let first = first_order(&state, 0.5875618).unwrap();
            assert!((first.efl - f).abs() < 1e-9, "{name}: {} {f}", first.efl);
            assert!(first.defocus.abs() < 1e-9, "{name}: {first:?}");
            assert!(state.configurations.is_empty() && System::new(state).is_ok());
        }
    }

    #[test]
    fn names_that_are_none_are_refused_with_those_there_are() {
        let lens = samples::thin_zoom();
        let error = lens.configured("wyde").unwrap_err().to_string();
        assert!(error.contains("wide, tele") && error.contains("mean `wide`"), "{error}");
        assert_eq!(lens.configured("WIDE").unwrap(), lens.configured("wide").unwrap());
        assert!(samples::triplet().configured("wide").unwrap_err().to_string().contains("none"));
    }

    #[test]
    fn states_that_cannot_be_are_named() {
        let error = |change: &dyn Fn(&mut Lens)| {
            let mut lens = samples::thin_zoom();
            change(&mut lens);
            crate::check(&lens).unwrap_err().to_string()
        };
        assert!(error(&|l| l.configurations[1].surface(9).thickness = Some(1.0)).contains("`tele`"));
        assert!(error(&|l| l.configurations[0].surface(0).thickness = Some(f64::NAN)).contains("thickness_mm"));
        assert!(error(&|l| l.configurations[1].name = "Wide".into()).contains("Wide"));
        assert!(error(&|l| l.configurations[1].name = String::new()).contains("name"));
        assert!(error(&|l| l.configurations[0].field(0).weight = Some(-1.0)).contains("weight"));
    }

    #[test]
    fn states_are_written_and_read_again() {
        let mut lens = samples::everything();
        let mut near = Configuration::new("near");
        near.object_mm = Some(400.0);
        near.aperture = Some(Aperture::StopRadius(2.5));
        near.surface(1).thickness = Some(6.5);
        near.surface(0).glass = Some(Glass::model(1.6, 50.0));
        *near.surface(2) = SurfaceChange {
            surface: 2,
            radius: Some(f64::INFINITY),
            conic: Some(0.0),
            clear: Some(4.0),
            ..SurfaceChange::default()
        };
        near.field(1).vignetting = Some(Vignetting { compression: [0.0, 0.5], ..Vignetting::default() });
        near.field(2).y = Some(12.0);
        near.wavelength(0).um = Some(0.5);
        lens.configurations = vec![near, Configuration::new("far")];
        lens.configurations[1].object_mm = Some(f64::INFINITY);
        let again = Lens::from_toml(&lens.to_toml(), "again.toml", &Catalogue::default()).unwrap();
        assert_eq!(again, lens, "{}", lens.to_toml());
    }
}
