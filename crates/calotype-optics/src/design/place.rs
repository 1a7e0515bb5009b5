//! Numbers of a lens that can be changed: which they are, how they are read and set.

use crate::{Dispersion, Form, Glass, Kind, Lens, OpticsError, Result};
use std::fmt;

/// A number of a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the surface, from 0.
    pub surface: usize,
    /// Which of its numbers.
    pub what: What,
}

/// Which number of a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// One over the radius, 1/mm.
    Curvature,
    /// Distance to the next vertex, mm.
    Thickness,
    /// The conic constant.
    Conic,
    /// Coefficient of this power of r, mm^(1 - p).
    Power(u32),
    /// Forbes' coefficient of this number, from 0, mm.
    Forbes(u32),
    /// Index at the d line of the model glass behind it.
    Nd,
    /// Abbe number of the model glass behind it.
    Vd,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Curvature => f.write_str("curvature"),
            Self::Thickness => f.write_str("thickness"),
            Self::Conic => f.write_str("conic"),
            Self::Power(p) => write!(f, "a{p}"),
            Self::Forbes(m) => write!(f, "q{m}"),
            Self::Nd => f.write_str("nd"),
            Self::Vd => f.write_str("vd"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "surface {} {}", self.surface + 1, self.what)
    }
}

/// The words of [`What`], for messages; `a4` and `q0` stand for all their like.
pub(super) const WORDS: [&str; 7] = ["curvature", "thickness", "conic", "a4", "q0", "nd", "vd"];

impl What {
    /// The number of a word.
    pub fn parse(word: &str) -> Option<Self> {
        let order = |letter| word.strip_prefix(letter).and_then(|n| n.parse::<u32>().ok());
        match word {
            "curvature" => Some(Self::Curvature),
            "thickness" => Some(Self::Thickness),
            "conic" => Some(Self::Conic),
            "nd" => Some(Self::Nd),
            "vd" => Some(Self::Vd),
            _ => match (order('a'), order('q')) {
                (Some(p), _) if (1..=60).contains(&p) => Some(Self::Power(p)),
                (_, Some(m)) if m < 32 => Some(Self::Forbes(m)),
                _ => None,
            },
        }
    }
}

impl Place {
    /// The number in a lens; 0 for a coefficient that is not written down.
    ///
    /// # Errors
    /// [`OpticsError::Surface`] where the surface has no such number.
    pub fn get(&self, lens: &Lens) -> Result<f64> {
        let s = &lens.surfaces[self.surface];
        match self.what {
            Curvature => Ok(s.shape.curvature()),
            Thickness => Ok(s.thickness),
            Conic if !matches!(s.shape.form, Form::Qbfs { .. }) => Ok(s.shape.conic),
            Conic => Err(self.bad("the conic constant is ignored by qbfs_mm")),
            Power(p) => match &s.shape.form {
                Form::Conic => Ok(0.0),
                Form::Powers(list) => Ok(list.iter().find(|t| t.0 == p).map_or(0.0, |t| t.1)),
                _ => Err(self.bad("only surfaces with `powers`, or with none yet, have it")),
            },
            Forbes(m) => match &s.shape.form {
                Form::Qbfs { coefficients, .. } | Form::Qcon { coefficients, .. } => {
                    Ok(coefficients.get(m as usize).copied().unwrap_or(0.0))
                }
                _ => Err(self.bad("only surfaces with qbfs_mm or qcon_mm have it")),
            },
            Nd | Vd => match (&s.glass.dispersion, s.kind) {
                (Dispersion::Model { nd, vd }, Kind::Refract) => Ok(if self.what == Nd { *nd } else { *vd }),
                _ => Err(self.bad("only a model glass { nd = ..., vd = ... } has it")),
            },
        }
    }

    /// Sets the number in a lens that has it.
    pub fn set(&self, lens: &mut Lens, v: f64) {
        let s = &mut lens.surfaces[self.surface];
        let put = |list: &mut Vec<f64>, m: u32| {
            let m = m as usize;
            list.resize(list.len().max(m + 1), 0.0);
            list[m] = v;
        };
        match self.what {
            // a curvature below any that light could tell from a plane
            Curvature => s.shape.radius = if v.abs() < 1e-15 { f64::INFINITY } else { 1.0 / v },
            Thickness => s.thickness = v,
            Conic => s.shape.conic = v,
            Power(p) => {
                if s.shape.form == Form::Conic {
                    s.shape.form = Form::Powers(vec![]);
                }
                if let Form::Powers(list) = &mut s.shape.form {
                    match list.iter_mut().find(|t| t.0 == p) {
                        Some(t) => t.1 = v,
                        None => list.push((p, v)),
                    }
                    list.sort_by_key(|t| t.0);
                }
            }
            Forbes(m) => {
                if let Form::Qbfs { coefficients, .. } | Form::Qcon { coefficients, .. } = &mut s.shape.form {
                    put(coefficients, m);
                }
            }
            Nd | Vd => {
                if let Dispersion::Model { nd, vd } = s.glass.dispersion {
                    s.glass = if self.what == Nd { Glass::model(v, vd) } else { Glass::model(nd, v) };
                }
            }
        }
    }

    pub(super) fn bad(&self, reason: &str) -> OpticsError {
        OpticsError::surface(self.surface + 1, "a variable", self.what, reason)
    }
}

use What::{Conic, Curvature, Forbes, Nd, Power, Thickness, Vd};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn what_is_set_is_read() {
        let mut lens = samples::everything();
        for (surface, word, v) in [
            (0, "curvature", 0.02),
            (0, "a4", 2e-6),
            (0, "a12", 1e-13),
            (1, "q4", 0.5),
            (2, "conic", -2.0),
            (0, "nd", 1.7),
            (0, "vd", 33.0),
        ] {
            let place = Place { surface, what: What::parse(word).unwrap() };
            assert_eq!(place.what.to_string(), word);
            place.set(&mut lens, v);
            assert!((place.get(&lens).unwrap() - v).abs() < 1e-15, "{place}");
        }
        assert!(What::parse("a99").is_none() && What::parse("radius").is_none());
        let error = Place { surface: 1, what: Power(4) }.get(&lens).unwrap_err().to_string();
        assert!(error.contains("surface 2") && error.contains("powers"), "{error}");
        let plane = Place { surface: 5, what: Curvature };
        plane.set(&mut lens, 0.0);
        assert_eq!(lens.surfaces[5].shape.radius, f64::INFINITY);
    }
}
