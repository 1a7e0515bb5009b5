//! Glass: how fast light of each wavelength goes.

mod agf;
mod catalogue;
mod dispersion;
mod thermal;

pub use agf::read_agf;
pub use catalogue::{Catalogue, built_in, built_in_of};
pub use dispersion::Dispersion;
pub use thermal::{Air, Thermal};

use crate::{OpticsError, Result};

/// Wavelengths in micrometres of the lines F, d and C of hydrogen and helium, to which nd and Vd refer.
pub const LINES_FDC_UM: [f64; 3] = [0.486_132_7, 0.587_561_8, 0.656_272_5];

/// A medium between two surfaces. Indices are relative to the surrounding air, whose own index counts as 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Glass {
    /// Its catalogue name; empty for one that is described by numbers.
    pub name: String,
    /// How its index depends on wavelength.
    pub dispersion: Dispersion,
    /// The wavelengths in micrometres for which its formula was made.
    pub range_um: Option<[f64; 2]>,
    /// Internal transmittance as catalogues state it, by rising wavelength: [wavelength in micrometres, share of the light that
    /// passes, thickness in mm that it passes]. Empty where none is known: the glass then absorbs nothing.
    pub internal: Vec<[f64; 3]>,
    /// What temperature does to it; nothing where that is not known: its index against vacuum then stays as it is.
    pub thermal: Option<Thermal>,
}

impl Glass {
    /// Air: index 1 at every wavelength.
    pub fn air() -> Self {
        Self::unnamed(Dispersion::Constant(1.0))
    }

    /// A glass known by its index at the d line and its Abbe number: two-term Cauchy through both.
    pub fn model(nd: f64, vd: f64) -> Self {
        Self::unnamed(Dispersion::Model { nd, vd })
    }

    /// A glass without name.
    pub fn unnamed(dispersion: Dispersion) -> Self {
        Self { name: String::new(), dispersion, range_um: None, internal: vec![], thermal: None }
    }

    /// True for air, that is for a constant index of 1.
    pub fn is_air(&self) -> bool {
        self.dispersion == Dispersion::Constant(1.0)
    }

    /// The index at a wavelength in micrometres as its catalogue states it.
    ///
    /// # Errors
    /// [`OpticsError::Surface`] for a wavelength at which the formula gives no index between 0.1 and 10; `surface` is
    /// the surface before the glass.
    pub fn index(&self, um: f64, surface: usize) -> Result<f64> {
        self.index_in(um, None, surface)
    }

    /// The index at a wavelength in micrometres in this air, relative to it.
    ///
    /// # Errors
    /// Those of [`Glass::index`].
    pub fn index_in(&self, um: f64, air: Option<&Air>, surface: usize) -> Result<f64> {
        let mut n = self.dispersion.index(um);
        if let Some(air) = air.filter(|_| !self.is_air()) {
            let stated_c = self.thermal.map_or(Air::default().temperature_c, |t| t.reference_c);
            let change = self.thermal.map_or(0.0, |t| t.change(n, um, air.temperature_c));
            let stated = Air { temperature_c: stated_c, ..Air::default() };
            n = (n * stated.index(um) + change) / air.index(um);
        }
        if (0.1..=10.0).contains(&n) {
            return Ok(n);
        }
        let reason = format!("the index of {} at {um} um lies between 0.1 and 10", self.label());
        Err(OpticsError::surface(surface, "index", n, reason))
    }

    /// How fast it absorbs light of a wavelength in micrometres, 1/mm: -ln(t) / d of its internal transmittances, linear between
    /// wavelengths and constant beyond them; 0 where none is known.
    pub fn absorption(&self, um: f64) -> f64 {
        // a transmittance of 0 is one too small to be told
        let rate = |[_, t, d]: &[f64; 3]| -t.max(1e-12).ln() / d;
        let after = self.internal.partition_point(|p| p[0] < um);
        match (after.checked_sub(1).map(|i| &self.internal[i]), self.internal.get(after)) {
            (Some(a), Some(b)) => rate(a) + (rate(b) - rate(a)) * (um - a[0]) / (b[0] - a[0]),
            (Some(only), None) | (None, Some(only)) => rate(only),
            (None, None) => 0.0,
        }
    }

    /// The index at the d line and the Abbe number (nd - 1) / (nF - nC); infinite for glass without dispersion.
    pub fn nd_vd(&self) -> (f64, f64) {
        let [f, d, c] = LINES_FDC_UM.map(|um| self.dispersion.index(um));
        (d, (d - 1.0) / (f - c))
    }

    /// Its name, or nd and Vd.
    pub fn label(&self) -> String {
        if self.is_air() {
            return "air".into();
        }
        if !self.name.is_empty() {
            return self.name.clone();
        }
        match self.dispersion {
            Dispersion::Model { nd, vd } => format!("{nd}/{vd}"),
            Dispersion::Constant(n) => format!("n {n}"),
            _ => {
                let (nd, vd) = self.nd_vd();
                format!("{nd:.5}/{vd:.2}")
            }
        }
    }
}
