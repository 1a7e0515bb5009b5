//! What aligning and merging cost, in time per sample of every frame: a burst of a textured scene, turned a little from
//! frame to frame, as a hand does. `cargo bench -p calotype-burst`; the throughput line is in samples per second.

use calotype_burst::{
    AlignOptions, Homography, MotionField, MotionReport, Prepared, align, choose_reference, find_defects, merge_aligned,
};
use calotype_image::{Cfa, NoProgress, NoiseModel, Plane, RawFrame, linear_to_raw};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const WIDTH: usize = 1600;
const HEIGHT: usize = 1200;
const FRAMES: usize = 4;

/// Where pixels of the first frame are found in frame `i`.
fn motion(i: usize) -> Homography {
    let (s, c) = (0.002 * i as f64).sin_cos();
    Homography([[c, -s, 3.3 * i as f64], [s, c, -2.6 * i as f64], [0.0, 0.0, 1.0]])
}

/// Soft stripes in many directions.
fn scene(x: f64, y: f64) -> f32 {
    let waves = [(0.031, 0.017), (-0.012, 0.091), (0.21, -0.13), (0.43, 0.39), (-0.77, 0.31)];
    waves.iter().enumerate().map(|(i, (a, b))| 0.04 * (a * x + b * y + i as f64).sin()).sum::<f64>() as f32 + 0.25
}

fn burst(noise: NoiseModel) -> Vec<RawFrame> {
    (0..FRAMES)
        .map(|i| {
            let Some(back) = motion(i).inverse() else { panic!("a rotation can be undone") };
            let mut state = i as u32 + 1;
            let samples = Plane::from_fn(WIDTH, HEIGHT, |x, y| {
                let (u, v) = back.map(x as f64, y as f64);
                let light = scene(u, v);
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // uniform, of the variance that the model says
                let random = (state >> 8) as f32 / (1u32 << 24) as f32 - 0.5;
                linear_to_raw(light + random * (12.0 * noise.variance(1, light)).sqrt())
            });
            RawFrame { samples, cfa: Cfa::RGGB, noise, exposure: 1.0, shading: None }
        })
        .collect()
}

fn stages(c: &mut Criterion) {
    let (bright, dim) = (NoiseModel::uniform(4e-4, 2e-6), NoiseModel::uniform(1e-2, 1e-5));
    let frames = burst(bright);
    let samples = (WIDTH * HEIGHT) as u64;
    let mut group = c.benchmark_group("burst");
    group.sample_size(10);
    group.throughput(Throughput::Elements(samples));
    group.bench_function("prepare", |b| b.iter(|| Prepared::reference(black_box(&frames[0]))));
    let prepared: Vec<Prepared> = frames.iter().map(Prepared::reference).collect();
    group.bench_function("align", |b| {
        b.iter(|| align(black_box(&prepared[0]), black_box(&prepared[1]), &AlignOptions::default()))
    });
    group.throughput(Throughput::Elements(samples * FRAMES as u64));
    group.bench_function("reference", |b| b.iter(|| choose_reference(black_box(&frames))));
    group.bench_function("defects", |b| b.iter(|| find_defects(black_box(&frames))));
    let motions: Vec<MotionField> = (0..FRAMES)
        .map(|i| {
            MotionField::from_global(WIDTH, HEIGHT, motion(i), MotionReport { support: 1.0, ..Default::default() })
        })
        .collect();
    for (name, frames) in [("merge", frames), ("merge_dim", burst(dim))] {
        group.bench_function(name, |b| {
            b.iter_batched(
                || frames.clone(),
                |frames| merge_aligned(black_box(frames), &motions, &[], 0, [0.5, 1.0, 0.6], &NoProgress),
                BatchSize::PerIteration,
            )
        });
    }
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
