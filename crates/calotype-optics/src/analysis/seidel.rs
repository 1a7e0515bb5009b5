//! Third order: Seidel sums and first-order colour.

use crate::paraxial::{Power, field_slope, powers, trace};
use crate::{Kind, Lens, Result, first_order};
use serde::Serialize;

/// Contributions of one surface in mm (W. T. Welford, Aberrations of Optical Systems, 1986, ch. 8 and 10): wavefront
/// coefficients are W040 = S1/8, W131 = S2/2, W222 = S3/2, W220 = (S3 + S4)/4, W311 = S5/2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct SurfaceSums {
    /// Spherical aberration, coma, astigmatism, Petzval curvature, distortion.
    pub s: [f64; 5],
    /// Axial colour between the shortest and the longest wavelength.
    pub cl: f64,
    /// Lateral colour between them.
    pub ct: f64,
}

/// Seidel sums at full aperture and the largest field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seidel {
    /// The sums over all surfaces.
    pub sum: SurfaceSums,
    /// The share of each surface.
    pub surfaces: Vec<SurfaceSums>,
}

/// Seidel sums with the aspheres' shares; nothing where odd powers below 4 leave third order without meaning, or where an
/// ideal thin lens, which has none, is part of the system.
///
/// # Errors
/// Those of [`first_order`].
pub fn seidel(lens: &Lens) -> Result<Option<Seidel>> {
    let undefined = |s: &crate::Surface| {
        matches!(s.kind, Kind::ThinLens(_))
            || matches!(&s.shape.form, crate::Form::Powers(list) if list.iter().any(|(p, a)| matches!(p, 1 | 3) && *a != 0.0))
    };
    if lens.surfaces.iter().any(undefined) {
        return Ok(None);
    }
    let first = first_order(lens, lens.primary_um())?;
    let list = powers(lens, lens.primary_um())?;
    let um = || lens.wavelengths.iter().map(|w| w.um);
    let short = powers(lens, um().fold(f64::INFINITY, f64::min))?;
    let long = powers(lens, um().fold(0.0, f64::max))?;
    let half = 0.5 * first.epd;
    let (y0, u0) = match lens.object_mm {
        None => (half, 0.0),
        Some(d) => (half * d / (d + first.enp_from_s1), half / (d + first.enp_from_s1)),
    };
    let field = lens.full_field();
    let slope = field_slope(lens, lens.field_kind, field.x.hypot(field.y), &first);
    let marginal = trace(&list, y0, u0);
    let chief = trace(&list, -slope * first.enp_from_s1, slope);
    let surfaces: Vec<SurfaceSums> = (0..list.len())
        .map(|i| {
            let Power { curvature: c, before: n, after: m, .. } = list[i];
            let (y, yc) = (marginal[i].y, chief[i].y);
            // refraction invariants, and the Lagrange invariant by them
            let (a, ac) = (n * (marginal[i].before + y * c), n * (chief[i].before + yc * c));
            let h = a * yc - ac * y;
            let d_un = marginal[i].after / m - marginal[i].before / n;
            let (d_n, d_n2) = (1.0 / m - 1.0 / n, 1.0 / (m * m) - 1.0 / (n * n));
            let s4 = -h * h * c * d_n;
            // the distortion's form without A in a denominator
            let s5 = -ac * (ac * ac * y * d_n2 + yc * (a * yc - 2.0 * ac * y) * c * d_n);
            // what the r^4 term departs from the sphere of the vertex's curvature
            let shape = &lens.surfaces[i].shape;
            let own = shape.curvature();
            let g = own.powi(3) * (1.0 + shape.conic) / 8.0 + shape.low_terms()[1] - c.powi(3) / 8.0;
            let t = 8.0 * g * (m - n);
            let shift = |p: i32| t * y.powi(4 - p) * yc.powi(p);
            let dispersion = |j: usize| {
                let (short, long) = (short[j], long[j]);
                (short.before - long.before, short.after - long.after)
            };
            let (dn, dm) = dispersion(i);
            let colour = y * (dm / m - dn / n);
            SurfaceSums {
                s: [
                    -a * a * y * d_un + shift(0),
                    -a * ac * y * d_un + shift(1),
                    -ac * ac * y * d_un + shift(2),
                    s4,
                    s5 + shift(3),
                ],
                cl: a * colour,
                ct: ac * colour,
            }
        })
        .collect();
    let sum = surfaces.iter().fold(SurfaceSums::default(), |t, s| SurfaceSums {
        s: std::array::from_fn(|k| t.s[k] + s.s[k]),
        cl: t.cl + s.cl,
        ct: t.ct + s.ct,
    });
    Ok(Some(Seidel { sum, surfaces }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn forms_without_spherical_aberration_have_none() {
        for lens in [samples::parabolic_mirror(200.0), samples::hyperbolic_singlet(1.5, 30.0)] {
            let sum = seidel(&lens).unwrap().unwrap().sum;
            assert!(sum.s[0].abs() < 1e-14, "{} {:?}", lens.name, sum.s);
        }
    }

    #[test]
    fn a_parabola_has_the_coma_of_the_textbooks() {
        // stop at the mirror: S2 = n y^3 ubar ... W131 = theta a^3 / (4 f^2) for a mirror in air: S2 = theta a^3 / (2 f^2)
        let (f, a, theta) = (100.0, 40.0, 5f64.to_radians().tan());
        let sum = seidel(&samples::parabolic_mirror(2.0 * f)).unwrap().unwrap().sum;
        assert!((sum.s[1].abs() - theta * a * a * a / (2.0 * f * f)).abs() < 1e-12, "{:?}", sum.s);
        // and no distortion with the stop on it
        assert!(sum.s[4].abs() < 1e-13);
    }
}
