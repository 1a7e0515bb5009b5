//! Night stays night: how light a picture of a dim scene may become, where the look says so.

use calotype_color::lab::lightness;
use calotype_develop::{Exposure, LocalToneMap};
use calotype_image::SceneRgb;
use calotype_look::CompiledLook;

/// Illuminance in lux below which a scene is dim.
const DIM_LUX: f32 = 5.0;
/// Incident light in lux at EV 0 (ISO 100): a meter's constant C of 250 over 100 (ISO 2720).
const LUX_AT_EV0: f32 = 2.5;
/// Stops by which a picture is darkened at most.
const MOST_EV: f32 = 6.0;
/// Pixels looked at, at most.
const PIXELS: usize = 1 << 14;

/// True for scenes that the camera's settings tell to be below 5 lux.
pub(crate) fn is_dim(scene_ev100: Option<f32>) -> bool {
    scene_ev100.is_some_and(|ev| LUX_AT_EV0 * ev.exp2() < DIM_LUX)
}

/// The exposure, lowered until the picture's mean L*, as `lightness` tells it of an exposure, is at most `lstar`. What the
/// user wished (`user_ev`) comes on top.
pub(crate) fn kept(exposure: Exposure, user_ev: f32, lstar: f64, lightness: &dyn Fn(&Exposure) -> f64) -> Exposure {
    let lowered = |by: f32| Exposure { ev: exposure.ev - user_ev - by, ..exposure };
    if lightness(&lowered(0.0)) <= lstar {
        return exposure;
    }
    let (mut enough, mut little) = (MOST_EV, 0.0);
    for _ in 0..9 {
        let by = 0.5 * (enough + little);
        if lightness(&lowered(by)) <= lstar {
            enough = by;
        } else {
            little = by;
        }
    }
    Exposure { ev: exposure.ev - enough, ..exposure }
}

/// Mean L* of a small picture through local tone and look.
pub(crate) fn mean_lstar(small: &SceneRgb, tone: &LocalToneMap, look: &CompiledLook) -> f64 {
    let mut picture = small.clone();
    tone.apply(&mut picture);
    let step = (picture.width() * picture.height()).div_ceil(PIXELS).max(1);
    let luma = look.output().space().luma();
    let (mut sum, mut count) = (0.0, 0.0);
    for y in (0..picture.height()).step_by(step) {
        let [mut r, mut g, mut b] = picture.row(y).map(<[f32]>::to_vec);
        look.apply_rows(&mut r, &mut g, &mut b);
        for x in 0..r.len() {
            let light = [r[x], g[x], b[x]].map(f64::from);
            sum += lightness(light.iter().zip(luma).map(|(v, w)| v * w).sum());
            count += 1.0;
        }
    }
    sum / f64::max(count, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_develop::ExposureLimit;
    use calotype_image::Plane;
    use calotype_look::{Look, OutputSpace};

    #[test]
    fn five_lux_is_one_ev() {
        assert!(is_dim(Some(0.9)) && !is_dim(Some(1.1)) && !is_dim(None));
    }

    #[test]
    fn a_dim_scene_is_darkened_to_its_lightness_and_the_wish_comes_on_top() {
        let look = Look::builtin("night").unwrap().compile(OutputSpace::Srgb, 1.0);
        let plane = Plane::from_fn(64, 48, |x, y| 0.02 + 0.3 * ((x * y) % 7) as f32 / 7.0);
        let small = SceneRgb::from_planes([plane.clone(), plane.clone(), plane]);
        let of = |e: &Exposure| mean_lstar(&small, &LocalToneMap::exposure_only(e.gain()), &look);
        let start = Exposure {
            ev: 1.5,
            shortfall_ev: 0.0,
            key: 0.18,
            middle: 0.1,
            scene_luminance: None,
            clipped: 0.0,
            limit: ExposureLimit::Camera,
        };
        let dark = kept(start, 0.0, 22.0, &of);
        assert!((of(&dark) - 22.0).abs() < 0.3 && dark.ev < 1.0, "{} {}", of(&dark), dark.ev);
        let wished = kept(Exposure { ev: 2.5, ..start }, 1.0, 22.0, &of);
        assert!((wished.ev - dark.ev - 1.0).abs() < 1e-5);
        assert_eq!(kept(start, 0.0, 100.0, &of), start);
    }
}
