//! Time of decoding, on three megapixels of a scene with noise. Throughput is in pixels, so that its inverse is the
//! time per pixel; for CPU time rather than wall time, run with RAYON_NUM_THREADS=1.

#[path = "../tests/tiny/mod.rs"]
mod tiny;

use calotype_dng::tiff::{Endian, tags};
use calotype_dng::write::LosslessJpeg;
use calotype_dng::{Limits, ljpeg, read, read_info};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tiny::{Raw, noise, pack, short, tile};

const WIDTH: usize = 2048;
const HEIGHT: usize = 1536;
const TILE: usize = 256;

/// Waves and the noise of a sensor in a Bayer mosaic of so many bits: about what a photograph gives a decoder.
fn mosaic(bits: usize) -> Vec<u16> {
    let top = ((1u32 << bits) - 1) as f32;
    let grain = noise(WIDTH * HEIGHT, 1024);
    let sample = |i: usize| {
        let (x, y) = ((i % WIDTH) as f32, (i / WIDTH) as f32);
        let filter = [0.6, 1.0, 1.0, 0.8][i % 2 + i / WIDTH % 2 * 2];
        let wave = 0.3 + 0.1 * ((x / 90.0).sin() + (y / 61.0).cos() + 0.3 * (x / 7.0 + y / 5.0).sin());
        let noise = (f32::from(grain[i]) / 512.0 - 1.0) * 0.012;
        ((wave * filter + noise).clamp(0.0, 1.0) * top) as u16
    };
    (0..WIDTH * HEIGHT).map(sample).collect()
}

/// The mosaic in lossless JPEG tiles of two components, as converters write them.
fn tiles(samples: &[u16]) -> Vec<Vec<u8>> {
    let places = (0..HEIGHT).step_by(TILE).flat_map(|y| (0..WIDTH).step_by(TILE).map(move |x| (x, y)));
    let encode = |at| {
        let part = tile(samples, WIDTH, 1, at, (TILE, TILE));
        LosslessJpeg::new(TILE, TILE).with_components(2).encode(&part).expect("a tile")
    };
    places.map(encode).collect()
}

fn decode(c: &mut Criterion) {
    let limits = Limits::default();
    let mut group = c.benchmark_group("lossless JPEG");
    group.throughput(Throughput::Elements((WIDTH * HEIGHT) as u64)).sample_size(20);
    let samples = mosaic(14);
    let jpegs = tiles(&samples);
    let mut out = Vec::new();
    group.bench_function("tiles of 256", |b| {
        b.iter(|| {
            for jpeg in &jpegs {
                ljpeg::decode(black_box(jpeg), &mut out, TILE * TILE, false).expect("a tile");
            }
        });
    });
    group.finish();

    let mut group = c.benchmark_group("DNG");
    group.throughput(Throughput::Elements((WIDTH * HEIGHT) as u64)).sample_size(20);
    let lossless = Raw { tile: (TILE, TILE), chunks: tiles(&samples), ..Raw::new(WIDTH, HEIGHT, &samples) };
    let mut files = vec![("lossless JPEG".to_owned(), lossless.with(short(tags::COMPRESSION, 7)).file())];
    files.push(("16 bits, big-endian".into(), {
        let mut raw = Raw { endian: Endian::Big, ..Raw::new(WIDTH, HEIGHT, &samples) };
        raw.chunks = vec![samples.iter().flat_map(|v| v.to_be_bytes()).collect()];
        raw.file()
    }));
    for bits in [10, 12, 14] {
        let samples = mosaic(bits);
        let raw = Raw { bits, chunks: vec![pack(&samples, WIDTH, bits)], ..Raw::new(WIDTH, HEIGHT, &samples) };
        files.push((format!("{bits} bits packed"), raw.file()));
    }
    for (name, file) in &files {
        group.bench_function(name, |b| b.iter(|| read(black_box(file), &limits).expect("a picture")));
    }
    group.finish();
    c.bench_function("info of a DNG", |b| b.iter(|| read_info(black_box(&files[0].1), &limits).expect("a picture")));
}

criterion_group!(benches, decode);
criterion_main!(benches);
