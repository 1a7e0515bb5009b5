//! ICC profiles of a matrix and three curves, which display profiles are.

use super::Input;
use super::encoding::to_picture;
use crate::{Picture, Result};
use calotype_color::matrix::multiply;
use calotype_color::{D50_XY, RgbSpace, bradford};
use calotype_image::Plane;
use moxcms::ColorProfile;

/// A picture by its profile: curves to linear light, colorants (relative to D50) and Bradford to D65.
pub(super) fn picture(file: &Input<'_>, planes: [Plane<f32>; 3], profile: &[u8], kind: &str) -> Result<Picture> {
    let wrong = |e: String| file.wrong(format!("its ICC profile cannot be used ({e}); say --encoding"));
    let profile = ColorProfile::new_from_slice(profile).map_err(|e| wrong(e.to_string()))?;
    let (Some(r), Some(g), Some(b)) = (&profile.red_trc, &profile.green_trc, &profile.blue_trc) else {
        return Err(wrong("it is not made of a matrix and curves".into()));
    };
    let curve = |c: &moxcms::ToneReprCurve| c.make_linear_evaluator().map_err(|e| wrong(e.to_string()));
    let (r, g, b) = (curve(r)?, curve(g)?, curve(b)?);
    let [x, y, z] = [profile.red_colorant, profile.green_colorant, profile.blue_colorant];
    let to_d50 = [[x.x, y.x, z.x], [x.y, y.y, z.y], [x.z, y.z, z.z]];
    if !to_d50.iter().flatten().all(|v| v.is_finite()) || to_d50.iter().flatten().all(|v| *v == 0.0) {
        return Err(wrong("it has no colorants".into()));
    }
    let white = RgbSpace::Rec709.primaries().white;
    let m = multiply(&RgbSpace::Rec709.from_xyz(), &multiply(&bradford(D50_XY, white), &to_d50));
    // A profile's numbers have 16 bits: sRGB by profile is sRGB, not something 0.01 percent beside it.
    let identity = m
        .iter()
        .enumerate()
        .all(|(i, row)| row.iter().enumerate().all(|(j, v)| (v - f64::from(u8::from(i == j))).abs() < 2e-3));
    let words = format!("by its ICC profile{}, {kind}", if identity { " (Rec.709 primaries)" } else { "" });
    let (r, g, b) = (|v| r.evaluate_value(v), |v| g.evaluate_value(v), |v| b.evaluate_value(v));
    to_picture(file.name(), words, planes, [&r, &g, &b], (!identity).then_some(m))
}
