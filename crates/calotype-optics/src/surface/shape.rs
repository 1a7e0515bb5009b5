//! Forms of surfaces, as published.

use super::forbes;
use super::zernike::noll;

/// The form of a surface: a conic and what departs from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Radius of curvature at the vertex in mm; infinite for a plane.
    pub radius: f64,
    /// Conic constant k: 0 sphere, -1 parabola.
    pub conic: f64,
    /// What departs from the conic z = c r^2 / (1 + sqrt(1 - (1 + k) c^2 r^2)), c = 1 / radius.
    pub form: Form,
}

/// What departs from the conic.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Form {
    /// Nothing.
    Conic,
    /// Pairs (p, a): a r^p mm, in rising p. Even powers alone are the even asphere, others the odd one.
    Powers(Vec<(u32, f64)>),
    /// Forbes' slope-orthogonal polynomials about the best-fit sphere (Forbes 2007, eq. 7):
    /// u^2 (1 - u^2) / sqrt(1 - c^2 r^2) sum a_m Q_m(u^2) with u = r / radius. The conic constant is ignored.
    Qbfs {
        /// The radius in mm at which u is 1.
        norm_radius: f64,
        /// a_0, a_1, ... in mm.
        coefficients: Vec<f64>,
    },
    /// Forbes' polynomials about a conic (Forbes 2007, eq. 3): u^4 sum a_m Q_m(u^2).
    Qcon {
        /// The radius in mm at which u is 1.
        norm_radius: f64,
        /// a_0, a_1, ... in mm.
        coefficients: Vec<f64>,
    },
    /// A second curvature: `radius` and `conic` hold along y, these along x:
    /// z = (cx x^2 + cy y^2) / (1 + sqrt(1 - (1 + kx) cx^2 x^2 - (1 + ky) cy^2 y^2)).
    Biconic {
        /// Radius along x in mm; infinite for a cylinder.
        radius_x: f64,
        /// Conic constant along x.
        conic_x: f64,
    },
    /// The curve of `radius`, `conic` and even terms in the yz plane, turned about a line parallel to y that cuts the
    /// axis at `radius_x`; infinite for a cylinder.
    Toroid {
        /// Radius of the turn in mm.
        radius_x: f64,
        /// Pairs (p, a): a y^p mm.
        powers: Vec<(u32, f64)>,
    },
    /// Zernike polynomials in Noll's order and normalisation: sum a_j Z_j(r / radius, angle from +x).
    Zernike {
        /// The radius in mm at which the polynomials are normalised.
        norm_radius: f64,
        /// a_1, a_2, ... in mm.
        coefficients: Vec<f64>,
    },
}

impl Form {
    /// Every coefficient, for checks.
    pub fn coefficients(&self) -> Vec<f64> {
        match self {
            Self::Conic => vec![],
            Self::Powers(list) => list.iter().map(|(_, a)| *a).collect(),
            Self::Qbfs { coefficients, .. } | Self::Qcon { coefficients, .. } | Self::Zernike { coefficients, .. } => {
                coefficients.clone()
            }
            Self::Biconic { conic_x, .. } => vec![*conic_x],
            Self::Toroid { powers, .. } => powers.iter().map(|(_, a)| *a).collect(),
        }
    }

    /// The radius of normalisation, where there is one.
    pub fn norm_radius(&self) -> Option<f64> {
        match self {
            Self::Qbfs { norm_radius, .. } | Self::Qcon { norm_radius, .. } | Self::Zernike { norm_radius, .. } => {
                Some(*norm_radius)
            }
            _ => None,
        }
    }
}

impl Shape {
    /// A plane.
    pub fn plane() -> Self {
        Self::sphere(f64::INFINITY)
    }

    /// A sphere of this radius in mm.
    pub fn sphere(radius: f64) -> Self {
        Self::conic(radius, 0.0)
    }

    /// A conic.
    pub fn conic(radius: f64, conic: f64) -> Self {
        Self { radius, conic, form: Form::Conic }
    }

    /// With another radius in mm; every infinite one is the same plane.
    pub fn with_radius(self, radius: f64) -> Self {
        Self { radius: if radius.is_infinite() { f64::INFINITY } else { radius }, ..self }
    }

    /// One over the radius, 1/mm; 0 for a plane.
    pub fn curvature(&self) -> f64 {
        1.0 / self.radius
    }

    /// True for a form that is the same in every direction about the axis.
    pub fn is_round(&self) -> bool {
        !matches!(self.form, Form::Biconic { .. } | Form::Toroid { .. } | Form::Zernike { .. })
    }

    /// The coefficients of r^2 and r^4 of the departure from the conic, mm: what first and third order see of it.
    pub fn low_terms(&self) -> [f64; 2] {
        match &self.form {
            Form::Powers(list) => [2, 4].map(|p| list.iter().filter(|t| t.0 == p).map(|t| t.1).sum()),
            Form::Qbfs { norm_radius, coefficients } => {
                // the conic constant has no part in this form: take its r^4 term off again
                let c = self.curvature();
                let [a2, a4] = forbes::qbfs_low(c, *norm_radius, coefficients);
                [a2, a4 - self.conic * c.powi(3) / 8.0]
            }
            Form::Qcon { norm_radius, coefficients } => [0.0, forbes::qcon_low(*norm_radius, coefficients)],
            // along y, in which the fields lie
            Form::Toroid { powers, .. } => [2, 4].map(|p| powers.iter().filter(|t| t.0 == p).map(|t| t.1).sum()),
            _ => [0.0, 0.0],
        }
    }

    /// Height z in mm over the vertex plane at (x, y) mm; nothing where the surface does not reach.
    pub fn sag(&self, x: f64, y: f64) -> Option<f64> {
        let r2 = x * x + y * y;
        let c = self.curvature();
        let conic = |k: f64, r2: f64| {
            let e = 1.0 - (1.0 + k) * c * c * r2;
            (e >= 0.0).then(|| c * r2 / (1.0 + e.sqrt()))
        };
        let sum = |list: &[(u32, f64)], r: f64| list.iter().map(|(p, a)| a * r.powi(*p as i32)).sum::<f64>();
        match &self.form {
            Form::Conic => conic(self.conic, r2),
            Form::Powers(list) => Some(conic(self.conic, r2)? + sum(list, r2.sqrt())),
            Form::Qbfs { norm_radius, coefficients } => {
                let e = 1.0 - c * c * r2;
                (e > 0.0).then_some(())?;
                Some(conic(0.0, r2)? + forbes::qbfs(r2 / (norm_radius * norm_radius), coefficients) / e.sqrt())
            }
            Form::Qcon { norm_radius, coefficients } => {
                Some(conic(self.conic, r2)? + forbes::qcon(r2 / (norm_radius * norm_radius), coefficients))
            }
            Form::Biconic { radius_x, conic_x } => {
                let cx = 1.0 / radius_x;
                let e = 1.0 - (1.0 + conic_x) * cx * cx * x * x - (1.0 + self.conic) * c * c * y * y;
                (e >= 0.0).then(|| (cx * x * x + c * y * y) / (1.0 + e.sqrt()))
            }
            Form::Toroid { radius_x, powers } => {
                let g = conic(self.conic, y * y)? + sum(powers, y.abs());
                if radius_x.is_infinite() {
                    return Some(g);
                }
                // (R - z)^2 + x^2 = (R - g)^2 on the sheet through the vertex
                let q = (radius_x - g) * (radius_x - g) - x * x;
                (q >= 0.0).then(|| radius_x - radius_x.signum() * q.sqrt())
            }
            Form::Zernike { norm_radius, coefficients } => {
                let (x, y) = (x / norm_radius, y / norm_radius);
                let terms = (1..).zip(coefficients).filter(|(_, a)| **a != 0.0);
                Some(conic(self.conic, r2)? + terms.map(|(j, a)| a * noll(j, x, y)).sum::<f64>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sags_of_known_forms() {
        assert!((Shape::sphere(10.0).sag(3.0, 0.0).unwrap() - (10.0 - 91f64.sqrt())).abs() < 1e-14);
        assert_eq!(Shape::conic(10.0, -1.0).sag(0.0, 2.0), Some(0.2));
        assert_eq!(Shape::sphere(1.0).sag(2.0, 0.0), None);
        assert_eq!(Shape::plane().sag(5.0, 5.0), Some(0.0));
        let toroid = |radius_x| Shape { radius: 10.0, conic: 0.0, form: Form::Toroid { radius_x, powers: vec![] } };
        assert!((toroid(10.0).sag(3.0, 2.0).unwrap() - Shape::sphere(10.0).sag(3.0, 2.0).unwrap()).abs() < 1e-14);
        assert_eq!(toroid(f64::INFINITY).sag(3.0, 2.0), Shape::sphere(10.0).sag(0.0, 2.0));
        let biconic = Shape { radius: 10.0, conic: 0.5, form: Form::Biconic { radius_x: 10.0, conic_x: 0.5 } };
        assert!((biconic.sag(1.0, 2.0).unwrap() - Shape::conic(10.0, 0.5).sag(1.0, 2.0).unwrap()).abs() < 1e-15);
    }

    #[test]
    fn low_terms_are_those_of_the_sag() {
        let q = |bfs: bool| {
            let (norm_radius, coefficients) = (2.0, vec![0.03, -0.01, 0.004]);
            let form =
                if bfs { Form::Qbfs { norm_radius, coefficients } } else { Form::Qcon { norm_radius, coefficients } };
            Shape { radius: 8.0, conic: if bfs { 0.0 } else { -0.7 }, form }
        };
        for shape in [q(true), q(false)] {
            let plain = Shape::conic(shape.radius, shape.conic);
            let [a2, a4] = shape.low_terms();
            // departure over r^2 at two small radii, extrapolated
            let d = |r: f64| (shape.sag(r, 0.0).unwrap() - plain.sag(r, 0.0).unwrap()) / (r * r);
            let (h, k) = (d(0.02), d(0.04));
            let found = [(4.0 * h - k) / 3.0, (k - h) / 0.0012];
            assert!((a2 - found[0]).abs() < 1e-7, "{a2} {}", found[0]);
            assert!((a4 - found[1]).abs() < 3e-4 * (1.0 + a4.abs()), "{a4} {}", found[1]);
        }
    }
}
