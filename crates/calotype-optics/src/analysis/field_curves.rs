//! What changes from the axis to the edge of the field.

use super::illumination::relative_illumination;
use super::pupil::hexapolar;
use crate::{Clip, Field, FieldKind, Ray, Rays, System, Until};
use rayon::prelude::*;
use serde::Serialize;

/// Part of the stop's radius between the chief ray and the rays beside it that tell its foci.
const BESIDE: f64 = 1e-3;

/// One field point of the curves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldPoint {
    /// The field: degrees or mm, as the lens's fields are.
    pub field: f64,
    /// Height of the chief ray at the primary wavelength in the image, mm.
    pub height_mm: f64,
    /// From the image (its plane, or its curved surface where the chief ray meets it) along the axis to the focus of rays beside the chief ray, above and below it, mm.
    pub tangential_mm: f64,
    /// The same to its left and right.
    pub sagittal_mm: f64,
    /// Height over f tan(field) less one (for finite objects over magnification times height), percent; nothing on the axis.
    pub distortion_percent: Option<f64>,
    /// Height at each wavelength less that at the primary one, um.
    pub lateral_um: Vec<Option<f64>>,
    /// Angle of the chief ray to the image's normal there, degrees.
    pub chief_angle_deg: f64,
    /// Illumination over that on the axis, with the clear apertures.
    pub illumination: Option<f64>,
    /// Share of the rays through the paraxial entrance pupil that arrive.
    pub unvignetted: f64,
}

/// Field curves at `count` field points from the axis upwards to the largest field; points whose chief ray is lost are left
/// out.
pub fn field_curves(system: &System, count: usize) -> Vec<FieldPoint> {
    let full = system.lens().full_field();
    let full = full.x.hypot(full.y);
    let at = |i: usize| full * i as f64 / (count.max(2) - 1) as f64;
    (0..count).into_par_iter().filter_map(|i| point(system, at(i))).collect()
}

/// Angle of a ray to the image's normal where it meets it, degrees.
fn angle_to_image(system: &System, ray: &Ray) -> f64 {
    let frame = system.image_frame([ray.at[0], ray.at[1]]);
    let [l, m, n] = frame.map(|along| (0..3).map(|k| along[k] * ray.d[k]).sum::<f64>());
    m.hypot(l).atan2(n.abs()).to_degrees()
}

fn point(system: &System, field: f64) -> Option<FieldPoint> {
    let lens = system.lens();
    let place = Field::up(field);
    let primary = lens.primary;
    let places = [[0.0, 0.0], [0.0, BESIDE], [0.0, -BESIDE], [BESIDE, 0.0], [-BESIDE, 0.0]];
    let traced = |w: usize, places: &[[f64; 2]]| {
        let mut rays = Rays::new(system.aim(&place, w).through_stop(places));
        system.trace(w, &mut rays, Clip::Nothing, Until::Image);
        rays
    };
    let rays = traced(primary, &places);
    let [chief, up, down, right, left] = [0, 1, 2, 3, 4].map(|i| rays.get(i));
    let chief = chief?;
    // where two rays have the same coordinate
    let meet = |a: Option<Ray>, b: Option<Ray>, k: usize| -> Option<f64> {
        let (a, b) = (a?, b?);
        let slope = |r: &Ray| r.d[k] / r.d[2];
        // both in the plane of the chief ray's image point
        let level = |r: &Ray| r.at[k] + (chief.at[2] - r.at[2]) * slope(r);
        Some(-(level(&a) - level(&b)) / (slope(&a) - slope(&b)))
    };
    let first = system.first_order();
    let height = chief.at[1];
    let ideal = match lens.field_kind {
        FieldKind::AngleDeg => first.efl * field.to_radians().tan(),
        FieldKind::ObjectHeight => first.magnification * field,
        FieldKind::ImageHeight | FieldKind::RealImageHeight => field,
    };
    let lateral =
        (0..lens.wavelengths.len()).map(|w| traced(w, &places[..1]).get(0).map(|r| (r.at[1] - height) * 1e3)).collect();
    let mut bundle = Rays::new(system.aim(&place, primary).paraxial(&hexapolar(16)));
    system.trace(primary, &mut bundle, Clip::Apertures, Until::Image);
    Some(FieldPoint {
        field,
        height_mm: height,
        tangential_mm: meet(up, down, 1)?,
        sagittal_mm: meet(right, left, 0)?,
        distortion_percent: (ideal != 0.0).then(|| 100.0 * (height / ideal - 1.0)),
        lateral_um: lateral,
        chief_angle_deg: angle_to_image(system, &chief),
        illumination: relative_illumination(system, &[place], primary, Clip::Apertures)[0],
        unvignetted: bundle.iter().count() as f64 / bundle.len() as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_parabola_curves_as_coddingtons_equations_say() {
        // stop at the mirror: 1/t = 2 / (R cos i), 1/s = 2 cos i / R along the chief ray from the vertex
        let system = System::new(samples::parabolic_mirror(200.0)).unwrap();
        let curves = field_curves(&system, 3);
        let i = 5f64.to_radians();
        let (t, s) = (100.0 * i.cos(), 100.0 / i.cos());
        // the image plane stands 100 mm from the vertex; z runs backwards there
        let last = curves.last().unwrap();
        assert!((last.tangential_mm - (100.0 - t * i.cos())).abs() < 1e-5, "{last:?}");
        assert!((last.sagittal_mm - (100.0 - s * i.cos())).abs() < 1e-5, "{last:?}");
        assert!((last.chief_angle_deg - 5.0).abs() < 1e-9);
        assert!(last.distortion_percent.unwrap().abs() < 1e-9);
    }

    #[test]
    fn a_concentric_mirror_is_sharp_on_a_sphere_of_half_its_radius() {
        // a sphere with its stop at the centre has no axis: every field images as the axis does, on the sphere of radius R / 2
        let radius = 200.0;
        let mut lens = samples::parabolic_mirror(radius);
        let mut stop = lens.surfaces[0].clone();
        (stop.kind, stop.shape, stop.thickness) = (crate::Kind::Refract, crate::Shape::plane(), radius);
        lens.surfaces[0].stop = false;
        lens.surfaces[0].shape.conic = 0.0;
        lens.surfaces.insert(0, stop);
        lens.aperture = crate::Aperture::EntrancePupil(10.0);
        lens.fields = vec![Field::up(0.0), Field::up(15.0)];
        let flat = System::new(lens.clone()).unwrap();
        lens.image = Some(crate::Shape::sphere(-0.5 * radius));
        let curved = System::new(lens).unwrap();
        let spot = |system: &System, field: usize| {
            crate::analysis::spot_of(&crate::analysis::polychromatic(system, &system.lens().fields[field], 6))
                .unwrap()
                .rms_um
        };
        assert!(spot(&flat, 1) > 50.0 * spot(&flat, 0), "{} {}", spot(&flat, 1), spot(&flat, 0));
        assert!(spot(&curved, 1) < 1.1 * spot(&curved, 0), "{} {}", spot(&curved, 1), spot(&curved, 0));
        let last = field_curves(&curved, 2).pop().unwrap();
        assert!(last.tangential_mm.abs() < 1e-4 && last.sagittal_mm.abs() < 1e-4, "{last:?}");
        // the chief ray meets the sphere square; its height is the sine's
        assert!(last.chief_angle_deg < 1e-6 && (last.height_mm.abs() - 100.0 * 15f64.to_radians().sin()).abs() < 1e-9);
        // and the wavefront is that of the axis
        let w = |f: usize| {
            let system = &curved;
            crate::analysis::wavefront(system, &system.lens().fields[f], 0, &hexapolar(6), Clip::Nothing).unwrap()
        };
        assert!(
            (w(1).peak_to_valley() / w(0).peak_to_valley() - 1.0).abs() < 0.1,
            "{} {}",
            w(1).peak_to_valley(),
            w(0).peak_to_valley()
        );
        let strehl = |f: usize| {
            let sampling = crate::analysis::Sampling { size: 64, rays: 48, pitch_um: Some(2.0) };
            crate::analysis::psf(&curved, &curved.lens().fields[f], 0, &sampling).unwrap().strehl
        };
        assert!((strehl(1) / strehl(0) - 1.0).abs() < 0.02, "{} {}", strehl(1), strehl(0));
    }
}
