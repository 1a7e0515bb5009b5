//! First order: the y-nu trace, focal lengths, pupils.

use crate::{Aperture, FieldKind, Kind, Lens, OpticsError, Result};
use serde::Serialize;

/// A surface as first order sees it. Indices are negative where light runs backwards, after an odd number of mirrors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Power {
    /// Effective curvature at the vertex, 1/mm: that of the conic and twice the coefficient of r^2.
    pub curvature: f64,
    /// Power, 1/mm.
    pub power: f64,
    /// Index before, with its sign.
    pub before: f64,
    /// Index after, with its sign.
    pub after: f64,
    /// Distance to the next vertex, mm.
    pub thickness: f64,
}

/// A paraxial ray at a surface: height in mm, and slope before or after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Height {
    pub y: f64,
    pub before: f64,
    pub after: f64,
}

/// The surfaces of a lens at a wavelength in micrometres.
pub(crate) fn powers(lens: &Lens, um: f64) -> Result<Vec<Power>> {
    let mut before = 1.0;
    let mut list = Vec::with_capacity(lens.surfaces.len());
    for (i, s) in (1..).zip(&lens.surfaces) {
        let curvature = s.shape.curvature() + 2.0 * s.shape.low_terms()[0];
        let (after, power) = match s.kind {
            Kind::Refract => {
                let n = lens.index_behind(i - 1, um)? * f64::signum(before);
                (n, curvature * (n - before))
            }
            Kind::Reflect => (-before, -2.0 * curvature * before),
            Kind::ThinLens(f) => {
                let n = lens.index_behind(i - 1, um)? * f64::signum(before);
                (n, n / f)
            }
        };
        list.push(Power { curvature, power, before, after, thickness: s.thickness });
        before = after;
    }
    Ok(list)
}

/// Traces a paraxial ray that meets the first surface at height y with slope u.
pub(crate) fn trace(powers: &[Power], mut y: f64, mut u: f64) -> Vec<Height> {
    let through = |p: &Power| {
        let after = (p.before * u - y * p.power) / p.after;
        let height = Height { y, before: u, after };
        u = after;
        y += u * p.thickness;
        height
    };
    powers.iter().map(through).collect()
}

/// First-order data at one wavelength. Lengths in mm; positions count from the vertex named, positive towards the image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FirstOrder {
    /// Effective focal length.
    pub efl: f64,
    /// From the last vertex to the focus of light from infinity.
    pub bfl: f64,
    /// Focal length over the entrance pupil's diameter.
    pub fno: f64,
    /// Diameter of the entrance pupil.
    pub epd: f64,
    /// Entrance pupil from the first vertex.
    pub enp_from_s1: f64,
    /// Exit pupil from the last vertex.
    pub exp_from_last: f64,
    /// Exit pupil from the image plane.
    pub exp_from_image: f64,
    /// Diameter of the exit pupil.
    pub xpd: f64,
    /// Radius of the stop that the entrance pupil fills.
    pub stop_semi_diameter_paraxial: f64,
    /// From the last vertex to the image plane.
    pub image_distance: f64,
    /// Image plane behind the paraxial image of the object.
    pub defocus: f64,
    /// Paraxial image height of the largest field, in the paraxial image plane.
    pub paraxial_image_height: f64,
    /// Sum of c (n' - n) / (n n'), 1/mm.
    pub petzval_sum: f64,
    /// Radius of the Petzval surface, -1 / sum.
    pub petzval_radius: f64,
    /// Lagrange invariant n (ubar y - u ybar) of the largest field, mm.
    pub lagrange: f64,
    /// Lateral magnification; 0 for an object at infinity.
    pub magnification: f64,
    /// Sum of all thicknesses from the first vertex that lies foremost to the image plane.
    pub total_track: f64,
}

/// The field of a lens as first order sees it: slope of the chief ray for an object at infinity, or height of the object.
pub(crate) fn field_slope(lens: &Lens, kind: FieldKind, field: f64, first: &FirstOrder) -> f64 {
    let distance = lens.object_mm;
    match (kind, distance) {
        (FieldKind::AngleDeg, _) => field.to_radians().tan(),
        (FieldKind::ObjectHeight, Some(d)) => -field / (d + first.enp_from_s1),
        (FieldKind::ObjectHeight, None) => f64::NAN,
        (FieldKind::ImageHeight | FieldKind::RealImageHeight, None) => field / first.efl,
        (FieldKind::ImageHeight | FieldKind::RealImageHeight, Some(d)) => {
            -field / first.magnification / (d + first.enp_from_s1)
        }
    }
}

/// First-order data at a wavelength in micrometres.
///
/// # Errors
/// [`OpticsError::Value`] for a lens without power, a stop that no paraxial ray reaches, or an aperture that gives no pupil;
/// [`OpticsError::Surface`] for a glass without index there.
pub fn first_order(lens: &Lens, um: f64) -> Result<FirstOrder> {
    let list = powers(lens, um)?;
    let stop = lens.stop();
    let parallel = trace(&list, 1.0, 0.0);
    let through = trace(&list, 0.0, 1.0);
    let (Some(last), Some(last_through), Some(end)) = (parallel.last(), through.last(), list.last()) else {
        return Err(OpticsError::value("the number of surfaces", 0, "a lens has some"));
    };
    // one over the power, by n' u' = -y phi; an afocal system has none
    let efl = if last.after == 0.0 { f64::INFINITY } else { -1.0 / (last.after * end.after) };
    let bfl = if last.after == 0.0 { f64::INFINITY } else { -last.y / last.after };
    let (a, b) = (parallel[stop].y, through[stop].y);
    if a.abs() < 1e-12 * (1.0 + b.abs()) {
        let reason = "light from infinity is focused on it: no size of the pupil fills it; move the stop";
        return Err(OpticsError::surface(stop + 1, "stop", "at a focus", reason));
    }
    let enp = b / a;
    let object = lens.object_mm;
    let epd = match lens.aperture {
        Aperture::EntrancePupil(d) => d,
        Aperture::FNumber(f) => efl.abs() / f,
        Aperture::StopRadius(r) => 2.0 * r / a.abs(),
        Aperture::ObjectNa(na) => {
            let tangent = na / (1.0 - na * na).sqrt();
            2.0 * tangent * (object.unwrap_or(f64::INFINITY) + enp).abs()
        }
    };
    if !(epd > 0.0 && epd.is_finite()) {
        let reason = "it gives no pupil; a lens without power needs an entrance pupil or a stop radius";
        return Err(OpticsError::value("the aperture", format!("{:?}", lens.aperture), reason));
    }
    // the chief ray of slope 1 meets the first vertex at -enp
    let chief_y = last_through.y - enp * last.y;
    let chief_u = last_through.after - enp * last.after;
    let exp_from_last = if chief_u == 0.0 { f64::INFINITY } else { -chief_y / chief_u };
    let image_distance = end.thickness;
    // the axial object point: parallel light, or slope h / d
    let (axial_y, axial_u, magnification) = match object {
        None => (last.y, last.after, 0.0),
        Some(d) => {
            let (y, u) = (d * last.y + last_through.y, d * last.after + last_through.after);
            (y, u, 1.0 / (u * end.after))
        }
    };
    let image = if axial_u == 0.0 { f64::INFINITY } else { -axial_y / axial_u };
    let petzval_sum = list.iter().zip(&lens.surfaces).map(|(p, s)| {
        if matches!(s.kind, Kind::ThinLens(_)) {
            p.power / (p.before * p.after)
        } else {
            p.curvature * (p.after - p.before) / (p.before * p.after)
        }
    });
    let petzval_sum: f64 = petzval_sum.sum();
    let xpd = epd * if exp_from_last.is_finite() { (last.y + exp_from_last * last.after).abs() } else { f64::INFINITY };
    let mut first = FirstOrder {
        efl,
        bfl,
        fno: efl.abs() / epd,
        epd,
        enp_from_s1: enp,
        exp_from_last,
        exp_from_image: exp_from_last - image_distance,
        xpd,
        stop_semi_diameter_paraxial: a.abs() * 0.5 * epd,
        image_distance,
        defocus: image_distance - image,
        paraxial_image_height: 0.0,
        petzval_sum,
        petzval_radius: -1.0 / petzval_sum,
        lagrange: 0.0,
        magnification,
        total_track: track(lens),
    };
    let field = lens.full_field();
    let slope = field_slope(lens, lens.field_kind, field.x.hypot(field.y), &first);
    first.lagrange = slope * 0.5 * epd;
    first.paraxial_image_height = match object {
        None => efl * slope,
        Some(d) => -slope * (d + enp) * magnification,
    };
    Ok(first)
}

/// From the foremost vertex to the image plane.
fn track(lens: &Lens) -> f64 {
    let (mut z, mut least, mut most) = (0.0f64, 0.0f64, 0.0f64);
    for s in &lens.surfaces {
        least = least.min(z);
        most = most.max(z);
        z += s.thickness;
    }
    most.max(z) - least.min(z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_thick_lens_makers_equation() {
        let (n, r1, r2, t) = (1.5, 50.0, -70.0, 8.0);
        let first = first_order(&samples::singlet(n, r1, r2, t), 0.5876).unwrap();
        let power = (n - 1.0) * (1.0 / r1 - 1.0 / r2 + (n - 1.0) * t / (n * r1 * r2));
        assert!((first.efl - 1.0 / power).abs() < 1e-12);
        let bfl = first.efl * (1.0 - (n - 1.0) * t / (n * r1));
        assert!((first.bfl - bfl).abs() < 1e-12);
        assert!((first.petzval_sum - (n - 1.0) / n * (1.0 / r1 - 1.0 / r2)).abs() < 1e-15);
    }

    #[test]
    fn a_mirror_has_half_its_radius() {
        let first = first_order(&samples::parabolic_mirror(200.0), 0.55).unwrap();
        assert!((first.efl - 100.0).abs() < 1e-12 && (first.bfl + 100.0).abs() < 1e-12, "{first:?}");
    }

    #[test]
    fn a_stop_at_a_focus_is_refused() {
        let mut lens = samples::singlet(1.5, 50.0, -70.0, 8.0);
        let bfl = first_order(&lens, 0.5876).unwrap().bfl;
        lens.surfaces[1].thickness = bfl;
        let mut stop = lens.surfaces[1].clone();
        stop.shape = crate::Shape::plane();
        lens.surfaces[0].stop = false;
        (stop.stop, stop.thickness) = (true, 10.0);
        lens.surfaces.push(stop);
        let error = first_order(&lens, 0.5876).unwrap_err().to_string();
        assert!(error.contains("surface 3") && error.contains("focus"), "{error}");
    }
}
