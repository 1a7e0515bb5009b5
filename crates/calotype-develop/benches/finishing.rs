//! The late stages of development on 3 megapixels, in pixels per second: divide 1000 by Mpixel/s for ns per pixel.
#![allow(missing_docs)]

use calotype_develop::executor::{Banded, Then};
use calotype_develop::{
    Exposure, ExposureParams, LensWarp, LocalContrast, LocalTone, LocalToneParams, Sharpen, WhiteEstimate,
    estimate_sigma, proxy,
};
use calotype_image::{LensCorrection, LensStep, Plane, SceneRgb, Vignette, Warp, WarpModel, WarpPlane};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const SIZE: (usize, usize) = (2000, 1500);

fn picture() -> SceneRgb {
    SceneRgb::from_planes([0, 1, 2].map(|c| {
        Plane::from_fn(SIZE.0, SIZE.1, |x, y| {
            ((x * 7 + y * 13 + c * 5) % 29) as f32 * 0.01 * (1.0 + (x / 400) as f32 * 5.0)
        })
    }))
}

fn lens() -> LensCorrection {
    let plane = |scale: f64| {
        let mut plane = WarpPlane::identity(WarpModel::Rectilinear);
        plane.radial[..5].copy_from_slice(&[scale, 0.0, -0.03, 0.0, 0.01]);
        plane
    };
    let planes = vec![plane(0.99), plane(0.989), plane(0.991)];
    let warp = Warp { model: WarpModel::Rectilinear, planes, center: (0.5, 0.5), reciprocal: false };
    let vignette = Vignette { k: [0.5, 0.1, 0.0, 0.0, 0.0], center: (0.5, 0.5) };
    LensCorrection { steps: vec![LensStep::Vignette(vignette), LensStep::Warp(warp)] }
}

fn benches(c: &mut Criterion) {
    let picture = picture();
    let small = proxy::shrink(&picture, LocalTone::PROXY_PIXELS);
    let params = LocalToneParams { strength: 1.0, shortfall_ev: 0.8, ..Default::default() };
    let contrast = LocalContrast { fine: 0.1, medium: 0.1, coarse: 0.1 };
    let tone = LocalTone::plan(&small, 1.5, &params);
    let tone_contrast = LocalTone::plan(&small, 1.5, &LocalToneParams { contrast, ..params });
    let sharpen = Sharpen { sigma: 0.7, ..Default::default() };
    let lens = LensWarp::new(&lens(), SIZE.0, SIZE.1);

    let mut g = c.benchmark_group("finishing");
    g.sample_size(10).throughput(Throughput::Elements((SIZE.0 * SIZE.1) as u64));
    let batch = BatchSize::LargeInput;
    g.bench_function("shrink", |b| b.iter(|| proxy::shrink(black_box(&picture), LocalTone::PROXY_PIXELS)));
    g.bench_function("exposure", |b| b.iter(|| Exposure::decide(black_box(&small), &ExposureParams::default())));
    g.bench_function("local_tone_plan", |b| b.iter(|| LocalTone::plan(black_box(&small), 1.5, &params)));
    g.bench_function("local_tone", |b| b.iter_batched(|| picture.clone(), |mut p| tone.apply(&mut p), batch));
    g.bench_function("local_tone_contrast", |b| {
        b.iter_batched(|| picture.clone(), |mut p| tone_contrast.apply(&mut p), batch)
    });
    g.bench_function("sharpen", |b| b.iter_batched(|| picture.clone(), |p| sharpen.apply(p), batch));
    let both = Then(sharpen.stage(), tone.rows(SIZE.0, SIZE.1));
    g.bench_function("sharpen_and_tone", |b| {
        b.iter_batched(|| picture.clone(), |p| Banded::default().run(&both, p), batch);
    });
    g.bench_function("estimate_sigma", |b| b.iter(|| estimate_sigma(black_box(&picture), 1e-3)));
    g.bench_function("lens", |b| b.iter_batched(|| picture.clone(), |p| lens.apply(p), batch));
    let camera = picture.clone().into_domain();
    g.bench_function("white_estimate", |b| b.iter(|| WhiteEstimate::of(black_box(&camera), [10.0; 3])));
    g.finish();
}

criterion_group!(finishing, benches);
criterion_main!(finishing);
