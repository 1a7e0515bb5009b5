//! Time per encoder on two megapixels of structured noise; criterion's throughput is in pixels.

use calotype_codec::{
    Chroma, ColorSpace, EncodeOptions, GainMapImage, GainMapOptions, Metadata, Rgb8, ScenePrimaries, to_rgb8, to_rgb16,
    write_avif, write_exr, write_jpeg, write_jxl, write_png, write_tiff,
};
use calotype_image::{DisplayRgb, Plane, SceneRgb};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::io::Cursor;

const WIDTH: usize = 2000;
const HEIGHT: usize = 1000;

/// Waves of several scales and a little noise: about what a photograph gives an entropy coder.
fn picture() -> DisplayRgb {
    DisplayRgb::from_planes([0.0f32, 0.7, 1.4].map(|phase| {
        let mut seed = 1u32;
        Plane::from_fn(WIDTH, HEIGHT, |x, y| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = (x as f32, y as f32);
            let waves = (x / 90.0 + phase).sin() + (y / 61.0).cos() + 0.3 * (x / 7.0 + y / 5.0).sin();
            let noise = (seed >> 8) as f32 / (1u32 << 24) as f32 - 0.5;
            (0.3 + 0.11 * waves + 0.01 * noise).max(0.0)
        })
    }))
}

fn encoders(c: &mut Criterion) {
    let display = picture();
    let mut bright = display.clone();
    bright.planes.iter_mut().for_each(|p| p.data_mut().iter_mut().for_each(|v| *v *= 1.0 + 2.0 * *v));
    let scene = SceneRgb::from_planes(display.planes.clone());
    let (eight, sixteen): (Rgb8, _) = (to_rgb8(&display), to_rgb16(&display));
    let metadata = Metadata::default();
    let options = EncodeOptions::default();
    let full = EncodeOptions { chroma: Chroma::Full, ..EncodeOptions::default() };
    let map = GainMapOptions::default();

    let mut group = c.benchmark_group("codec");
    group.sample_size(10).throughput(Throughput::Elements((WIDTH * HEIGHT) as u64));
    group.bench_function("to_rgb8", |b| b.iter(|| to_rgb8(black_box(&display))));
    group.bench_function("to_rgb16", |b| b.iter(|| to_rgb16(black_box(&display))));
    group.bench_function("gain_map", |b| {
        b.iter(|| GainMapImage::compute(black_box(&display), &bright, ColorSpace::Srgb, &map).unwrap());
    });
    group.bench_function("jpeg_420", |b| {
        b.iter(|| write_jpeg(std::io::sink(), black_box(&eight), None, &metadata, &options).unwrap());
    });
    group.bench_function("jpeg_444", |b| {
        b.iter(|| write_jpeg(std::io::sink(), black_box(&eight), None, &metadata, &full).unwrap());
    });
    group.bench_function("jpeg_420_from_linear", |b| {
        b.iter(|| write_jpeg(std::io::sink(), black_box(&display), None, &metadata, &options).unwrap());
    });
    group.bench_function("tiff", |b| {
        b.iter(|| write_tiff(Cursor::new(Vec::new()), black_box(&sixteen), &metadata, &options).unwrap());
    });
    group.bench_function("png", |b| {
        b.iter(|| write_png(std::io::sink(), black_box(&sixteen), &metadata).unwrap());
    });
    group.bench_function("jxl", |b| {
        b.iter(|| write_jxl(std::io::sink(), black_box(&sixteen), &metadata).unwrap());
    });
    group.bench_function("exr", |b| {
        b.iter(|| {
            let out = Cursor::new(Vec::new());
            write_exr(out, black_box(&scene), ScenePrimaries::Rec709, &metadata, &options).unwrap();
        });
    });
    group.bench_function("avif_speed_10", |b| {
        let options = EncodeOptions { speed: 10, ..EncodeOptions::default() };
        b.iter(|| write_avif(std::io::sink(), black_box(&sixteen), &metadata, &options).unwrap());
    });
    group.finish();
}

criterion_group!(benches, encoders);
criterion_main!(benches);
