use super::*;
use crate::synth::{gradient, noisy};

#[test]
fn the_same_picture_is_perfect() {
    let p = gradient(96, 80);
    let c = compare(&p, &p, &CompareOptions::default()).unwrap();
    assert!(c.all.psnr_db > 190.0 && c.all.delta_e_max == 0.0 && (c.ssim - 1.0).abs() < 1e-6);
    assert!((c.ssimulacra2.unwrap() - 100.0).abs() < 1e-3 && c.butteraugli_max.unwrap() < 1e-3);
    assert!((c.detail_retention.unwrap() - 1.0).abs() < 1e-6 && (c.exposure_gain - 1.0).abs() < 1e-9);
}

#[test]
fn a_known_error_has_its_psnr() {
    let p = gradient(256, 200);
    let q = noisy(&p, 0.01, 7);
    let c = compare(&q, &p, &CompareOptions { fit_exposure: false, perceptual: false, ..Default::default() }).unwrap();
    assert!((c.all.linear_psnr_db - 40.0).abs() < 0.1, "{}", c.all.linear_psnr_db);
    assert!(c.ssim < 0.99 && c.all.delta_e_mean > 0.3);
}

#[test]
fn exposure_is_found_and_motion_told_apart() {
    let p = gradient(160, 128);
    let mut half = p.clone();
    half.rgb.planes.iter_mut().for_each(|plane| plane.data_mut().iter_mut().for_each(|v| *v *= 0.5));
    let c = compare(&half, &p, &CompareOptions { perceptual: false, ..Default::default() }).unwrap();
    assert!((c.exposure_gain - 2.0).abs() < 1e-6 && c.all.psnr_db > 100.0);
    // a ghost in the right half only
    let mut ghost = noisy(&p, 0.002, 3);
    for y in 40..80 {
        for x in 100..130 {
            ghost.rgb.planes.iter_mut().for_each(|plane| plane.row_mut(y)[x] += 0.1);
        }
    }
    let mask = Plane::from_fn(160, 128, |x, y| u8::from((100..130).contains(&x) && (40..80).contains(&y)));
    let options = CompareOptions { fit_exposure: false, perceptual: false, moving: Some(mask), ..Default::default() };
    let c = compare(&ghost, &p, &options).unwrap();
    assert!(c.ghost_ratio.unwrap() > 50.0, "{:?}", c.ghost_ratio);
    assert!(c.still.unwrap().psnr_db > c.moving.unwrap().psnr_db + 15.0);
}

#[test]
fn a_truth_of_another_size_is_refused() {
    let error = compare(&gradient(64, 64), &gradient(64, 96), &CompareOptions::default()).unwrap_err();
    assert!(error.to_string().contains("64x64") && error.to_string().contains("64x96") && error.remedy().is_some());
}

#[test]
fn blur_loses_detail_and_noise_does_not_hide_it() {
    let p = crate::synth::texture(200, 160, 5);
    let mut q = p.clone();
    q.rgb.planes.iter_mut().for_each(|plane| *plane = gaussian(plane, 1.0));
    let options = CompareOptions { fit_exposure: false, perceptual: false, ..Default::default() };
    let blurred = compare(&q, &p, &options).unwrap();
    let noisy = compare(&noisy(&q, 0.02, 9), &p, &options).unwrap();
    let (a, b) = (blurred.detail_retention.unwrap(), noisy.detail_retention.unwrap());
    assert!(a < 0.6 && (a - b).abs() < 0.03, "{a} {b}");
    assert!(noisy.detail_energy.unwrap() > blurred.detail_energy.unwrap());
}

#[test]
fn merging_raws_counts_frames() {
    use crate::read::RawPicture;
    use calotype_image::Cfa;
    let truth = Plane::from_fn(128, 96, |x, y| 0.1 + 0.5 * ((x + y) as f32 / 224.0));
    let raw = |sigma: f64, seed| RawPicture {
        name: format!("{sigma}"),
        samples: crate::synth::noisy_plane(&truth, sigma, seed),
        cfa: Cfa::RGGB,
        info: crate::synth::info(),
    };
    let mut single = raw(0.01, 2);
    // a hot pixel says nothing of the merge
    single.samples.row_mut(40)[50] = 0.9;
    let c = compare_raw(&raw(0.01 / 8f64.sqrt(), 1), &truth, "truth", Some(&single), None).unwrap();
    assert_eq!(c.defects, 1);
    assert!((c.all.effective_frames.unwrap() / 8.0 - 1.0).abs() < 0.05, "{:?}", c.all);
    assert!((c.all.single_psnr_db.unwrap() - 40.0).abs() < 0.15);
}

#[test]
fn a_picture_without_its_border_is_found_in_the_truth() {
    let truth = crate::synth::texture(120, 90, 5);
    let part = |x, y| noisy(&truth.crop(crate::Region { x, y, width: 108, height: 80 }).unwrap(), 0.002, 3);
    let options = CompareOptions { perceptual: false, ..Default::default() };
    for (x, y) in [(6, 5), (4, 8)] {
        let c = compare(&part(x, y), &truth, &options).unwrap();
        assert_eq!((c.truth_offset, c.size), (Some((x, y)), (108, 80)));
        assert!(c.all.linear_psnr_db > 50.0, "{}", c.all.linear_psnr_db);
        let wrong = compare(&part(x, y), &truth, &CompareOptions { offset: Some((0, 0)), ..options.clone() }).unwrap();
        assert!(wrong.all.linear_psnr_db < c.all.linear_psnr_db - 10.0);
    }
    // too small for a part, and beyond the truth
    let small = truth.crop(crate::Region { x: 0, y: 0, width: 60, height: 80 }).unwrap();
    assert!(compare(&small, &truth, &options).is_err());
    assert!(compare(&part(6, 5), &truth, &CompareOptions { offset: Some((13, 0)), ..options }).is_err());
}
