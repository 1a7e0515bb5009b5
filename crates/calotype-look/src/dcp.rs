//! A look as camera profiles of DNG hold one: a table over hue, saturation and value, and a tone curve (DNG 1.7.1, chapter 6).

use crate::export::{RoundTrip, encode, probe};
use crate::{Look, LookError, OutputSpace, PointTransform};
use calotype_color::hsv::{hsv_to_rgb, rgb_to_hsv};
use calotype_color::lab::{delta_e_2000, xyz_to_lab_d65};
use calotype_color::matrix::{multiply, transform};
use calotype_color::transfer::{srgb_decode, srgb_encode};
use calotype_color::{HueSatMap, Matrix3, RgbSpace, apply_hue_sat_map};
use calotype_image::par;

/// Divisions of hue, saturation and value.
const DIVISIONS: [usize; 3] = [90, 30, 24];
/// Points of the tone curve, closest in the shadows.
const CURVE: usize = 512;
/// Largest factor of saturation or value in a table; more is noise.
const MOST: f64 = 20.0;

/// The look of a camera profile.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileLook {
    /// LookTable, in linear ProPhoto RGB after exposure; absent where there is a curve only.
    pub table: Option<HueSatMap>,
    /// ProfileToneCurve: points of linear light in and out, from (0, 0) to (1, 1). Empty where there is none.
    pub curve: Vec<[f32; 2]>,
    /// BaselineExposureOffset in stops. With it, 1 is that many stops more than the scene light 1.
    pub exposure_offset_ev: f64,
}

impl ProfileLook {
    /// The profile's look of a look, and how far from it: CIEDE2000 on 2000 colours, without what [`Self::leaves_out`].
    ///
    /// The tone curve is that of the neutral scale, and the table holds what the look does to colours before it. Exposure is
    /// lowered first by as many stops as the look needs for its highlights beyond 1, which are lost otherwise.
    pub fn of(look: &Look) -> (Self, RoundTrip) {
        let carried = without_tint(look);
        let transform = PointTransform::new(&carried, OutputSpace::Srgb, 0.0);
        let white_ev = (transform.tone.sdr.invert(calotype_color::lab::luminance(98.0)) / 0.18).log2();
        // To a tenth of a stop; 2.474 stops above grey is 1.
        let offset = ((white_ev - (1.0f64 / 0.18).log2()).clamp(0.0, 3.5) * 10.0).round() / 10.0;
        let brighter = offset.exp2();
        let curve: Vec<[f32; 2]> = (0..CURVE)
            .map(|i| {
                let x = (i as f64 / (CURVE - 1) as f64).powi(3);
                let y = transform.tone.evaluate(x * brighter);
                if i == 0 {
                    [0.0, 0.0]
                } else if i + 1 == CURVE {
                    [1.0, 1.0]
                } else {
                    [x as f32, y as f32]
                }
            })
            .collect();
        let mut profile = Self { table: None, curve, exposure_offset_ev: -offset };
        profile.table = Some(profile.bake(&transform, brighter));
        let error = profile.round_trip(&transform);
        (profile, error)
    }

    /// What of a look no profile carries beside the blocks that no table carries ([`Look::beyond_tables`]): colour laid over
    /// neutrals, since the format keeps these neutral.
    pub fn leaves_out(look: &Look) -> Vec<&'static str> {
        let mut all = look.beyond_tables();
        if without_tint(look) != *look {
            all.insert(0, "tint of neutrals");
        }
        all
    }

    /// Finished colours, sRGB codes, of scene-linear Rec.2020 (grey 0.18).
    pub fn render(&self, scene: [f64; 3]) -> [f64; 3] {
        let lower = self.exposure_offset_ev.exp2();
        let light = transform(&to_prophoto(), scene).map(|v| (v * lower).clamp(0.0, 1.0));
        let [mut r, mut g, mut b] = light.map(|v| [v as f32]);
        if let Some(table) = &self.table {
            apply_hue_sat_map(table, &mut r, &mut g, &mut b);
        }
        let toned = self.toned([r[0], g[0], b[0]].map(|v| f64::from(v).clamp(0.0, 1.0)));
        transform(&from_prophoto(), toned).map(|v| encode(v.clamp(0.0, 1.0)))
    }

    /// A look that makes of scene light what the profile makes of it; `file` names its table.
    ///
    /// # Errors
    /// [`LookError::NoProfileLook`] where there is neither table nor curve.
    pub fn to_look(&self, file: &str) -> Result<Look, LookError> {
        if self.table.is_none() && self.curve.len() < 2 {
            return Err(LookError::NoProfileLook);
        }
        Ok(Look::from_rendering(|scene| self.render(scene), file))
    }

    /// The tone curve on the largest and the smallest channel; that between keeps its place, and with it the hue (the usual
    /// way of DNG readers).
    fn toned(&self, v: [f64; 3]) -> [f64; 3] {
        between(v, |x| self.tone(x))
    }

    fn tone(&self, x: f64) -> f64 {
        along(&self.curve, x, 0).unwrap_or(x)
    }

    fn untone(&self, y: f64) -> f64 {
        along(&self.curve, y, 1).unwrap_or(y)
    }

    fn round_trip(&self, look: &PointTransform) -> RoundTrip {
        let lab = |v: [f64; 3]| xyz_to_lab_d65(transform(&RgbSpace::Rec709.to_xyz(), v));
        let linear = |code: [f64; 3]| code.map(|v| f64::from(srgb_decode(v as f32)));
        RoundTrip::of(|i| delta_e_2000(lab(linear(self.render(probe(i)))), lab(look.apply(probe(i)))))
    }

    /// The table: for the colour of each of its points, what must stand before the tone curve for the look's colour to stand
    /// behind it.
    fn bake(&self, look: &PointTransform, brighter: f64) -> HueSatMap {
        let [hues, saturations, values] = DIVISIONS;
        let (to_scene, from_display) = (from_prophoto_to_rec2020(), to_prophoto_from_rec709());
        let entry = |hue: f64, saturation: f64, place: f64| {
            let value = f64::from(srgb_decode(place as f32));
            let scene = transform(&to_scene, hsv_to_rgb([hue, saturation, value])).map(|v| v * brighter);
            let wanted = transform(&from_display, look.apply(scene)).map(|v| v.clamp(0.0, 1.0));
            let [to_hue, to_saturation, to_value] = rgb_to_hsv(between(wanted, |y| self.untone(y)));
            let shift = if to_saturation > 1e-6 { (to_hue - hue + 9.0).rem_euclid(6.0) - 3.0 } else { 0.0 };
            let to_place = f64::from(srgb_encode(to_value as f32));
            [60.0 * shift, (to_saturation / saturation).min(MOST), (to_place / place).min(MOST)].map(|v| v as f32)
        };
        let rows = par::map(values * hues, |i| {
            let (v, h) = (i / hues, i % hues);
            // Black and neutrals have no ratios of their own: their nearest neighbours tell.
            let place = (v as f64).max(0.25) / (values - 1) as f64;
            let hue = 6.0 * h as f64 / hues as f64;
            (0..saturations)
                .map(|s| {
                    let [shift, scale, value] = entry(hue, (s as f64).max(0.25) / (saturations - 1) as f64, place);
                    [shift, scale, if s == 0 { 1.0 } else { value }]
                })
                .collect::<Vec<_>>()
        });
        HueSatMap { divisions: DIVISIONS, entries: rows.concat(), srgb_encoded: true }
    }
}

/// The look without colour over neutrals.
fn without_tint(look: &Look) -> Look {
    let mut look = look.clone();
    look.tint = crate::Tint::default();
    look.mono.tone = [0.0; 2];
    look
}

fn to_prophoto() -> Matrix3 {
    RgbSpace::Rec2020.to_space(RgbSpace::ProPhoto)
}

fn from_prophoto() -> Matrix3 {
    RgbSpace::ProPhoto.to_space(RgbSpace::Rec709)
}

fn from_prophoto_to_rec2020() -> Matrix3 {
    RgbSpace::ProPhoto.to_space(RgbSpace::Rec2020)
}

fn to_prophoto_from_rec709() -> Matrix3 {
    multiply(&to_prophoto(), &RgbSpace::Rec709.to_space(RgbSpace::Rec2020))
}

/// `f` of the largest and the smallest channel, the third as far between them as before.
fn between(v: [f64; 3], f: impl Fn(f64) -> f64) -> [f64; 3] {
    let (high, low) = (v[0].max(v[1]).max(v[2]), v[0].min(v[1]).min(v[2]));
    if !(high > low) {
        return v.map(f);
    }
    let (to_high, to_low) = (f(high), f(low));
    v.map(|v| to_low + (to_high - to_low) * (v - low) / (high - low))
}

/// The other coordinate of a rising curve, straight between points, where that of `axis` is `v`; `None` without a curve.
fn along(curve: &[[f32; 2]], v: f64, axis: usize) -> Option<f64> {
    if curve.len() < 2 {
        return None;
    }
    let i = curve.partition_point(|p| f64::from(p[axis]) <= v).clamp(1, curve.len() - 1);
    let ([from, to], [start, end]) =
        ([0, 1].map(|k| f64::from(curve[i - 1 + k][axis])), [0, 1].map(|k| f64::from(curve[i - 1 + k][1 - axis])));
    let part = if to > from { ((v - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 };
    Some(start + (end - start) * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figure the design asks for, for every look.
    #[test]
    fn profiles_are_as_near_as_designed() {
        for name in Look::builtin_names() {
            let look = Look::builtin(name).unwrap();
            let (profile, error) = ProfileLook::of(&look);
            assert!(error.mean < 0.55 && error.mean > 1e-4, "{name}: {error:?}");
            let table = profile.table.unwrap();
            assert!(table.entries.iter().flatten().all(|v| v.is_finite()));
            // Neutral entries keep value, as the format wants.
            assert!(table.entries.chunks(DIVISIONS[1]).all(|row| row[0][2] == 1.0), "{name}");
            assert!(profile.curve.windows(2).all(|w| w[1][0] > w[0][0] && w[1][1] >= w[0][1]), "{name}");
            assert_eq!((profile.curve[0], profile.curve[CURVE - 1]), ([0.0; 2], [1.0; 2]));
        }
        let lacks = ProfileLook::leaves_out(&Look::builtin("mono-toned").unwrap());
        assert!(lacks.contains(&"tint of neutrals") && lacks.contains(&"grain"), "{lacks:?}");
        assert!(!ProfileLook::leaves_out(&Look::builtin("authentic").unwrap()).contains(&"tint of neutrals"));
    }

    #[test]
    fn profiles_come_back_as_looks() {
        let look = Look::builtin("slide").unwrap();
        let (profile, _) = ProfileLook::of(&look);
        let again = profile.to_look("x.cube").unwrap();
        let [a, b] = [&look, &again].map(|look| PointTransform::new(look, OutputSpace::Srgb, 0.0));
        let lab = |v: [f64; 3]| xyz_to_lab_d65(transform(&RgbSpace::Rec709.to_xyz(), v));
        let error = RoundTrip::of(|i| delta_e_2000(lab(a.apply(probe(i))), lab(b.apply(probe(i)))));
        assert!(error.mean < 0.55, "{error:?}");
    }

    #[test]
    fn a_profile_without_a_look_is_refused_and_one_with_a_curve_alone_is_one() {
        let mut profile = ProfileLook { table: None, curve: Vec::new(), exposure_offset_ev: 0.0 };
        assert!(profile.to_look("x.cube").is_err());
        profile.curve = vec![[0.0, 0.0], [0.25, 0.5], [1.0, 1.0]];
        let out = profile.render([0.25; 3]);
        assert!(out.iter().all(|v| (v - encode(0.5)).abs() < 1e-6), "{out:?}");
        assert!((along(&profile.curve, 0.5, 1).unwrap() - 0.25).abs() < 1e-12);
    }
}
