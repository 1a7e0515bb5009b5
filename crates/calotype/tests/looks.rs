//! Looks through the whole of development's local blocks: no look may draw halos.

use calotype::Look;
use calotype::image::{Plane, SceneRgb};
use calotype_color::lab::lightness;
use calotype_develop::{LocalContrast, LocalTone, LocalToneParams, proxy};
use calotype_look::OutputSpace;

/// Lightness along the middle row of a picture in a look, with the look's local contrast times `gain`.
fn row(look: &Look, scene: &SceneRgb, gain: f64) -> Vec<f64> {
    let ready = look.compile(OutputSpace::Srgb, 1.0);
    let l = &look.local;
    let contrast = LocalContrast {
        fine: (l.fine * gain) as f32,
        medium: (l.medium * gain) as f32,
        coarse: (l.coarse * gain) as f32,
    };
    // The scene's range is another matter: shadows are not lifted here, nor highlights held.
    let params = LocalToneParams { contrast, lift_ev: 0.0, hold_ev: 0.0, ..LocalToneParams::default() };
    let mut picture = scene.clone();
    let map = LocalTone::plan(&proxy::shrink(scene, LocalTone::PROXY_PIXELS), 1.0, &params);
    map.apply(&mut picture);
    let y = picture.height() / 2;
    (0..picture.width()).map(|x| lightness(ready.exact().apply(picture.get(x, y).map(f64::from))[1])).collect()
}

#[test]
fn local_contrast_of_no_look_draws_a_halo_on_a_step() {
    for name in Look::builtin_names() {
        let look = Look::builtin(name).expect("a built-in look");
        for (dark, bright) in [(0.18f32 / 4.0, 0.18f32 * 2.0), (0.09, 0.27), (0.02, 0.9)] {
            let step = Plane::from_fn(800, 600, |x, _| if x < 400 { dark } else { bright });
            let scene = SceneRgb::from_planes([step.clone(), step.clone(), step]);
            let (with, without) = (row(&look, &scene, 1.0), row(&look, &scene, 0.0));
            let most = with.iter().zip(&without).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(most < 2.0, "{name}: {most} L* on a step from {dark} to {bright}");
            // and the test sees halos where there are any
            if look.local.medium > 0.1 {
                let strong = row(&look, &scene, 8.0);
                let strong = strong.iter().zip(&without).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(strong > most, "{name}: {strong} {most}");
            }
        }
    }
}
