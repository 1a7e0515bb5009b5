//! What lies on a surface.

/// How a surface parts light into what it reflects and what goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Coating {
    /// Nothing on it: Fresnel's formulae for the two media.
    Bare,
    /// A coating that reflects this share of the light (0 to 1) at every angle, wavelength and polarisation, and absorbs nothing.
    Ideal(f64),
    /// Thin layers in the order in which light meets them on its way through the lens.
    Layers {
        /// The layers; none for a bare metal.
        layers: Vec<Layer>,
        /// For mirrors: index n and extinction k of the metal behind the layers.
        metal: Option<[f64; 2]>,
    },
}

/// One thin layer, the same at every wavelength.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// Index of refraction.
    pub n: f64,
    /// Extinction coefficient; 0 for one that absorbs nothing.
    pub k: f64,
    /// Thickness in nanometres.
    pub thickness_nm: f64,
}

impl Coating {
    /// A word for tables: `bare`, `0.5 %`, `3 layers`, `metal`.
    pub fn label(&self) -> String {
        match self {
            Self::Bare => "bare".into(),
            Self::Ideal(share) => format!("{} %", 100.0 * share),
            Self::Layers { layers, metal } => match (layers.len(), metal) {
                (0, _) => "metal".into(),
                (1, _) => "1 layer".into(),
                (n, _) => format!("{n} layers"),
            },
        }
    }
}
