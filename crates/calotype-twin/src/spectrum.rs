//! Spectra on one grid: 380 to 780 nm in steps of 5 nm.

/// Samples of a [`Spectrum`].
pub const SAMPLES: usize = 81;
/// Distance of samples in nanometres.
pub const STEP_NM: f64 = 5.0;
const FIRST_NM: f64 = 380.0;

/// A function of wavelength, sampled every 5 nm from 380 to 780 nm; sums stand for integrals (CIE 15:2018, 7.2.1.2).
///
/// What it is a function of - radiance in W/(sr m² nm), reflectance from 0 to 1, electrons per photon - is said where
/// it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum(pub [f64; SAMPLES]);

impl Spectrum {
    /// The same value everywhere.
    pub const fn constant(value: f64) -> Self {
        Self([value; SAMPLES])
    }

    /// A function of the wavelength in nanometres.
    pub fn from_fn(f: impl Fn(f64) -> f64) -> Self {
        Self(std::array::from_fn(|i| f(Self::nm(i))))
    }

    /// The wavelength of a sample in nanometres.
    pub fn nm(i: usize) -> f64 {
        FIRST_NM + STEP_NM * i as f64
    }

    /// Linear interpolation between points (nm, value) of rising wavelength; nothing outside of them.
    pub fn from_points(points: &[(f64, f64)]) -> Self {
        Self::from_fn(|nm| {
            let Some(i) = points.windows(2).position(|p| (p[0].0..=p[1].0).contains(&nm)) else { return 0.0 };
            let ((a, va), (b, vb)) = (points[i], points[i + 1]);
            if b > a { va + (vb - va) * (nm - a) / (b - a) } else { va }
        })
    }

    /// Sample by sample the product.
    pub fn times(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] * other.0[i]))
    }

    /// Every sample multiplied.
    pub fn scaled(&self, factor: f64) -> Self {
        Self(self.0.map(|v| v * factor))
    }

    /// Sample by sample the sum.
    pub fn plus(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }

    /// The integral of the product over wavelength, in units of both times nm.
    pub fn integral(&self, other: &Self) -> f64 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum::<f64>() * STEP_NM
    }
}

/// Columns of one of the crate's own tables: a line of names, then lines of a wavelength and a value for each.
pub(crate) fn columns(table: &str) -> Vec<(String, Spectrum)> {
    let mut lines = table.lines();
    let names = lines.next().unwrap_or_default().split(',').skip(1);
    let rows: Vec<Vec<f64>> =
        lines.map(|line| line.split(',').skip(1).map(|v| v.trim().parse().unwrap_or(0.0)).collect()).collect();
    names
        .enumerate()
        .map(|(c, name)| {
            let value = |i: usize| rows.get(i).and_then(|r| r.get(c)).copied().unwrap_or(0.0);
            (name.to_owned(), Spectrum(std::array::from_fn(value)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_joined_by_lines() {
        let s = Spectrum::from_points(&[(400.0, 0.0), (410.0, 1.0), (700.0, 1.0)]);
        assert_eq!((s.0[0], s.0[5], s.0[6], s.0[40], s.0[80]), (0.0, 0.5, 1.0, 1.0, 0.0));
        assert_eq!(Spectrum::constant(2.0).integral(&Spectrum::constant(0.5)), 405.0);
    }
}
