//! The early stages of development on 3 megapixels, from mosaic to scene-linear light: criterion prints pixels per second,
//! 1000 over Mpixel/s is ns per pixel.
#![allow(missing_docs)]

use calotype_develop::demosaic::demosaic;
use calotype_develop::executor::Banded;
use calotype_develop::{
    Denoise, DenoiseSettings, Highlights, NoiseSpectrum, PictureNoise, camera_color, crop_and_orient, saturation,
};
use calotype_image::{CameraRgb, Cfa, Mosaic, NoiseModel, Orientation, Plane, Rect};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const SIZE: (usize, usize) = (2000, 1500);
const GAINS: [f32; 3] = [2.0, 1.0, 1.5];

/// Slow shades with fine structure on them, up to `top`, and repeatable noise of about 1 percent.
fn level(x: usize, y: usize, c: usize, top: f32) -> f32 {
    let slow = 0.5 + 0.5 * (x as f32 * 0.004 + c as f32).sin() * (y as f32 * 0.005).cos();
    let fine = if (x / 3 + y / 5).is_multiple_of(2) { 0.9 } else { 1.0 };
    let noise = ((x * 7919 + y * 104_729 + x * y * 31) % 1009) as f32 / 1009.0 - 0.5;
    (top * slow * fine + 0.03 * noise).min(1.0)
}

fn benches(c: &mut Criterion) {
    let (width, height) = SIZE;
    let noise = NoiseModel::uniform(4e-4, 1e-6);
    let cfa = Cfa::RGGB;
    let samples = Plane::from_fn(width, height, |x, y| level(x, y, cfa.color_at(x, y) as usize, 0.9));
    let mosaic = Mosaic { samples, cfa, noise };
    let of = |top| CameraRgb::from_planes([0, 1, 2].map(|c| Plane::from_fn(width, height, |x, y| level(x, y, c, top))));
    let (picture, bright) = (of(0.9), of(1.6));
    let frames = Plane::filled(width / 8, height / 8, 8.0f32);
    let spectrum = NoiseSpectrum::merged();
    let known = PictureNoise { single: noise, frames: Some(&frames), spectrum: &spectrum };
    let highlights = Highlights::learn(&bright, GAINS, [1.0; 3]);
    let denoise = Denoise::prepare(&picture, GAINS, known, DenoiseSettings::default()).unwrap();
    // strong noise: edges are looked after
    let strong = PictureNoise { single: NoiseModel::uniform(1e-2, 1e-5), ..known };
    let denoise_dim = Denoise::prepare(&picture, GAINS, strong, DenoiseSettings::default()).unwrap();
    let matrix = [[1.6, -0.5, -0.1], [-0.2, 1.5, -0.3], [0.0, -0.6, 1.6]];

    let mut g = c.benchmark_group("developing");
    g.sample_size(10).throughput(Throughput::Elements((width * height) as u64));
    let batch = BatchSize::LargeInput;
    g.bench_function("demosaic", |b| b.iter(|| demosaic(black_box(&mosaic), GAINS).unwrap()));
    g.bench_function("saturation", |b| b.iter(|| saturation(black_box(&bright), [1.0; 3])));
    g.bench_function("highlights_learn", |b| b.iter(|| Highlights::learn(black_box(&bright), GAINS, [1.0; 3])));
    g.bench_function("highlights", |b| {
        b.iter_batched(|| bright.clone(), |p| Banded::default().run(&highlights, p), batch);
    });
    g.bench_function("denoise_prepare", |b| {
        b.iter(|| Denoise::prepare(black_box(&picture), GAINS, known, DenoiseSettings::default()).unwrap());
    });
    g.bench_function("denoise", |b| b.iter_batched(|| picture.clone(), |p| Banded::default().run(&denoise, p), batch));
    g.bench_function("denoise_dim", |b| {
        b.iter_batched(|| picture.clone(), |p| Banded::default().run(&denoise_dim, p), batch);
    });
    g.bench_function("camera_color", |b| b.iter_batched(|| picture.clone(), |p| camera_color(p, &matrix), batch));
    let scene = picture.clone().into_domain();
    let whole = Rect::whole(width, height);
    g.bench_function("orient", |b| {
        b.iter_batched(
            || scene.clone(),
            |p: calotype_image::SceneRgb| crop_and_orient(p, whole, Orientation::Rotate90),
            batch,
        );
    });
    g.finish();
}

criterion_group!(developing, benches);
criterion_main!(developing);
