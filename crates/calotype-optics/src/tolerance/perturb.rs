//! What errors of making do to a lens.

use crate::{After, Clip, Dispersion, Field, Form, Lens, Pose, Rays, Result, System, Until};

/// Wavelength in mm in which fringes are counted: the green line of mercury, 546.07 nm.
const FRINGE_MM: f64 = 546.07e-6;

/// A kind of error of making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Radius, percent of it.
    RadiusPercent,
    /// Radius, fringes of power over the clear aperture, half a wavelength of sag each.
    RadiusFringes,
    /// Thickness behind a surface, mm.
    ThicknessMm,
    /// An element off the axis along x, mm.
    DecentreX,
    /// The same along y.
    DecentreY,
    /// An element turned about the vertex of its first surface and the x axis, degrees.
    TiltX,
    /// The same about y.
    TiltY,
    /// A single surface off the axis along x, mm.
    SurfaceDecentreX,
    /// The same along y.
    SurfaceDecentreY,
    /// A single surface turned about its vertex and the x axis: wedge of an element, degrees.
    SurfaceTiltX,
    /// The same about y.
    SurfaceTiltY,
    /// Index of a glass at all wavelengths.
    Index,
    /// Abbe number, percent of it.
    AbbePercent,
    /// Irregularity in fringes from peak to valley: astigmatism on spheres and conics, spherical (Z11) on aspheres.
    Irregularity,
}

/// Where an error is: one surface, or all of an element from its first to its last. Indices from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// First surface.
    pub first: usize,
    /// Last surface.
    pub last: usize,
}

/// The elements of a lens: surfaces that glass holds together; cemented ones are one.
pub fn elements(lens: &Lens) -> Vec<Part> {
    let mut list = Vec::new();
    let mut first = None;
    for (i, s) in lens.surfaces.iter().enumerate() {
        match (first, s.glass.is_air()) {
            (None, false) => first = Some(i),
            (Some(f), true) => {
                list.push(Part { first: f, last: i });
                first = None;
            }
            _ => {}
        }
    }
    list
}

/// Radius in mm that light uses of every surface: the clear radius, else as far as the rim rays of every field go.
pub(super) fn semi_diameters(system: &System) -> Vec<f64> {
    let lens = system.lens();
    let fields: Vec<Field> = lens.fields.clone();
    let rim: Vec<[f64; 2]> = (0..8)
        .map(|i| {
            let (sin, cos) = (std::f64::consts::TAU * f64::from(i) / 8.0).sin_cos();
            [cos, sin]
        })
        .collect();
    (0..lens.surfaces.len())
        .map(|s| {
            if let Some(r) = lens.surfaces[s].clear.outer {
                return r;
            }
            let reach = fields.iter().flat_map(|f| {
                let mut rays = Rays::new(system.aim(f, lens.primary).pupil(&rim));
                system.trace(lens.primary, &mut rays, Clip::Apertures, Until::Surface(s));
                rays.iter().map(|r| r.at[0].hypot(r.at[1])).collect::<Vec<_>>()
            });
            reach.fold(0.0, f64::max).max(1e-3)
        })
        .collect()
}

/// Puts an error of this amount into a lens. `semi` are the radii in mm that light uses of the surfaces.
///
/// # Errors
/// [`crate::OpticsError::Surface`] for a glass without index at a wavelength of the lens.
pub(super) fn apply(lens: &mut Lens, error: Error, part: Part, amount: f64, semi: &[f64]) -> Result<()> {
    let s = part.first;
    match error {
        Error::RadiusPercent => lens.surfaces[s].shape.radius *= 1.0 + 0.01 * amount,
        Error::RadiusFringes => {
            // half a wavelength of sag c h^2 / 2 a fringe
            let c = lens.surfaces[s].shape.curvature() + amount * FRINGE_MM / (semi[s] * semi[s]);
            lens.surfaces[s].shape.radius = if c.abs() < 1e-15 { f64::INFINITY } else { 1.0 / c };
        }
        Error::ThicknessMm => lens.surfaces[s].thickness += amount,
        Error::DecentreX | Error::DecentreY => {
            let shift = if error == Error::DecentreX { [amount, 0.0, 0.0] } else { [0.0, amount, 0.0] };
            (part.first..=part.last).for_each(|i| moved(lens, i, shift, [0.0; 2]));
        }
        Error::TiltX | Error::TiltY => {
            let mut z = 0.0;
            for i in part.first..=part.last {
                let (sin, cos) = amount.to_radians().sin_cos();
                let (shift, tilt) = if error == Error::TiltX {
                    ([0.0, -z * sin, z * (cos - 1.0)], [amount, 0.0])
                } else {
                    ([z * sin, 0.0, z * (cos - 1.0)], [0.0, amount])
                };
                moved(lens, i, shift, tilt);
                z += lens.surfaces[i].thickness;
            }
        }
        Error::SurfaceDecentreX => moved(lens, s, [amount, 0.0, 0.0], [0.0; 2]),
        Error::SurfaceDecentreY => moved(lens, s, [0.0, amount, 0.0], [0.0; 2]),
        Error::SurfaceTiltX => moved(lens, s, [0.0; 3], [amount, 0.0]),
        Error::SurfaceTiltY => moved(lens, s, [0.0; 3], [0.0, amount]),
        Error::Index | Error::AbbePercent => {
            let primary = lens.surfaces[s].glass.index(lens.primary_um(), s + 1)?;
            let mut table = Vec::with_capacity(lens.wavelengths.len());
            for w in &lens.wavelengths {
                let n = lens.surfaces[s].glass.index(w.um, s + 1)?;
                let n =
                    if error == Error::Index { n + amount } else { primary + (n - primary) / (1.0 + 0.01 * amount) };
                table.push([w.um, n]);
            }
            table.sort_by(|a, b| a[0].total_cmp(&b[0]));
            table.dedup_by(|a, b| a[0] == b[0]);
            let glass = &mut lens.surfaces[s].glass;
            let name = if glass.name.is_empty() { glass.label() } else { glass.name.clone() };
            (glass.name, glass.dispersion) = (format!("{name} as melted"), Dispersion::Table(table));
            glass.range_um = None;
        }
        Error::Irregularity => irregular(lens, s, amount, semi[s]),
    }
    Ok(())
}

/// Adds to where a surface stands.
fn moved(lens: &mut Lens, surface: usize, shift: [f64; 3], tilt_deg: [f64; 2]) {
    let pose = lens.surfaces[surface].pose.get_or_insert(Pose { after: After::Return, ..Pose::default() });
    (0..3).for_each(|k| pose.decentre[k] += shift[k]);
    (0..2).for_each(|k| pose.tilt_deg[k] += tilt_deg[k]);
}

/// Peak to valley of so many fringes over the radius h.
fn irregular(lens: &mut Lens, surface: usize, fringes: f64, h: f64) {
    let height = 0.5 * FRINGE_MM * fringes;
    let shape = &mut lens.surfaces[surface].shape;
    match &mut shape.form {
        // sqrt 6 r^2 cos 2t runs from -sqrt 6 to sqrt 6
        Form::Conic => {
            let mut coefficients = vec![0.0; 6];
            coefficients[5] = height / (2.0 * 6f64.sqrt());
            shape.form = Form::Zernike { norm_radius: h, coefficients };
        }
        Form::Zernike { norm_radius, coefficients } => {
            coefficients.resize(coefficients.len().max(6), 0.0);
            coefficients[5] += height / (2.0 * 6f64.sqrt()) * (*norm_radius / h).powi(2);
        }
        // 6 r^4 - 6 r^2 + 1 runs from -1/2 to 1
        Form::Powers(list) => {
            let a = height / 1.5;
            for (p, v) in [(2, -6.0 * a / h.powi(2)), (4, 6.0 * a / h.powi(4))] {
                match list.iter_mut().find(|t| t.0 == p) {
                    Some(t) => t.1 += v,
                    None => list.push((p, v)),
                }
            }
            list.sort_by_key(|t| t.0);
        }
        // Forbes' first terms are of this kind already: u^2 (1 - u^2) a_0 is a quarter high, u^4 a_0 one
        Form::Qbfs { coefficients, .. } => {
            if let Some(a) = coefficients.first_mut() {
                *a += 4.0 * height;
            }
        }
        Form::Qcon { coefficients, .. } => {
            if let Some(a) = coefficients.first_mut() {
                *a += height;
            }
        }
        Form::Biconic { radius_x, .. } => *radius_x = 1.0 / (1.0 / *radius_x + 2.0 * height / (h * h)),
        Form::Toroid { radius_x, .. } => *radius_x = 1.0 / (1.0 / *radius_x + 2.0 * height / (h * h)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn elements_are_what_glass_holds_together() {
        let list = elements(&samples::triplet());
        assert_eq!(list, [Part { first: 0, last: 1 }, Part { first: 2, last: 3 }, Part { first: 4, last: 5 }]);
    }

    #[test]
    fn a_turned_element_keeps_its_form() {
        // both vertices and both normals turn about the first vertex: their distance and the lens's form stay
        let mut lens = samples::triplet();
        apply(&mut lens, Error::TiltX, Part { first: 0, last: 1 }, 2.0, &[8.0; 6]).unwrap();
        let back = lens.surfaces[1].pose.unwrap();
        let z = lens.surfaces[0].thickness + back.decentre[2];
        assert!((z.hypot(back.decentre[1]) - lens.surfaces[0].thickness).abs() < 1e-12);
        assert!((back.decentre[1] / z + 2f64.to_radians().tan()).abs() < 1e-12);
        // a shifted and turned concentric shell of glass about the first vertex' centre does nothing but move: traced, a tilt of
        // a sphere about its centre changes no ray
        let ray = |lens: &Lens| {
            let system = System::new(lens.clone()).unwrap();
            let mut rays = Rays::new(system.aim(&Field::up(3.0), 0).paraxial(&[[0.2, 0.4]]));
            system.trace(0, &mut rays, Clip::Nothing, Until::Image);
            rays.get(0).unwrap().at
        };
        let plain = samples::singlet(1.5, 50.0, -70.0, 8.0);
        let mut turned = plain.clone();
        let (r, angle) = (50.0, 1.5f64);
        let shift = [0.0, r * angle.to_radians().sin(), r * (1.0 - angle.to_radians().cos())];
        moved(&mut turned, 0, shift, [angle, 0.0]);
        let (a, b) = (ray(&plain), ray(&turned));
        assert!((a[0] - b[0]).hypot(a[1] - b[1]) < 1e-10, "{a:?} {b:?}");
    }

    #[test]
    fn errors_have_their_sizes() {
        let semi = [8.0, 8.0, 5.5, 5.5, 7.0, 7.0];
        let change = |error, surface: usize, amount| {
            let (plain, mut lens) = (samples::triplet(), samples::triplet());
            apply(&mut lens, error, Part { first: surface, last: surface }, amount, &semi).unwrap();
            (plain, lens)
        };
        // four fringes at the rim: two wavelengths of sag
        let (a, b) = change(Error::RadiusFringes, 0, 4.0);
        let sag = |l: &Lens, x: f64, y: f64| l.surfaces[0].shape.sag(x, y).unwrap();
        let rise = sag(&b, 0.0, 8.0) - sag(&a, 0.0, 8.0);
        assert!((rise / (2.0 * FRINGE_MM) - 1.0).abs() < 0.15, "{rise}");
        let (a, b) = change(Error::Irregularity, 0, 1.0);
        let pv = (sag(&b, 8.0, 0.0) - sag(&a, 8.0, 0.0)) - (sag(&b, 0.0, 8.0) - sag(&a, 0.0, 8.0));
        assert!((pv.abs() / (0.5 * FRINGE_MM) - 1.0).abs() < 1e-9, "{pv}");
        let (_, b) = change(Error::Index, 0, 0.001);
        assert!((b.surfaces[0].glass.index(0.5875618, 1).unwrap() - 1.621).abs() < 1e-12);
        let (_, b) = change(Error::AbbePercent, 0, 1.0);
        assert!((b.surfaces[0].glass.nd_vd().1 / 60.6 - 1.0).abs() < 1e-6);
    }
}
