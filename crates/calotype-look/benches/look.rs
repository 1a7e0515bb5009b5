//! Cost of a look per pixel: colour, black and white, with headroom, and with every pixel out of gamut.

use calotype_image::{Plane, SceneRgb};
use calotype_look::{CompiledLook, Look, OutputSpace, TableInput};
use criterion::BatchSize::PerIteration;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Pixels of a row: that of a 12-megapixel picture.
const WIDTH: usize = 4000;

/// A row of scene-linear colours whose channels spread by `spread` about a level of up to half of white.
fn row(spread: f32) -> [Vec<f32>; 3] {
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0
    };
    let mut rows = [vec![0.0; WIDTH], vec![0.0; WIDTH], vec![0.0; WIDTH]];
    for x in 0..WIDTH {
        let level = 0.5 * random() * random();
        for c in &mut rows {
            c[x] = level * (1.0 + (random() - 0.5) * spread);
        }
    }
    rows
}

fn point_part(c: &mut Criterion) {
    let mut group = c.benchmark_group("look");
    group.throughput(Throughput::Elements(WIDTH as u64));
    let look = |name| Look::builtin(name).expect("a built-in look");
    let ready = |name| look(name).compile(OutputSpace::Srgb, 1.0);
    let table = |n| look("slide").table(TableInput::Srgb, OutputSpace::Srgb, n).lattice;
    let imported = |n, space| Look::from_table(table(n), "t.cube").compile(space, 1.0);
    let cases: [(&str, CompiledLook, f32); 8] = [
        ("neutral", ready("neutral"), 0.3),
        ("authentic", ready("authentic"), 0.3),
        ("authentic, out of gamut", ready("authentic"), 2.0),
        ("authentic, HDR", look("authentic").compile_hdr(OutputSpace::Srgb, 1.0, 2.0), 0.3),
        ("mono-natural", ready("mono-natural"), 0.3),
        ("a table of 33 points", imported(33, OutputSpace::Srgb), 0.3),
        ("a table of 65 points", imported(65, OutputSpace::Srgb), 0.3),
        ("a table of 33 points, Display P3", imported(33, OutputSpace::DisplayP3), 0.3),
    ];
    for (name, look, spread) in cases {
        let source = row(spread);
        let mut rows = source.clone();
        group.bench_function(name, |b| {
            b.iter(|| {
                for (to, from) in rows.iter_mut().zip(&source) {
                    to.copy_from_slice(from);
                }
                let [r, g, b] = &mut rows;
                look.apply_rows(r, g, b);
            });
        });
    }
    group.finish();
}

fn preparation(c: &mut Criterion) {
    let look = Look::builtin("authentic").expect("a built-in look");
    c.bench_function("compile", |b| b.iter(|| look.compile(OutputSpace::DisplayP3, 0.8)));
    let text = Look::builtin_text("authentic").expect("a built-in look");
    c.bench_function("parse", |b| b.iter(|| Look::from_toml(text)));
}

/// A picture of 12 megapixels carried through every block of the look.
fn whole_look(c: &mut Criterion) {
    let (w, h) = (WIDTH, WIDTH * 3 / 4);
    let [r, g, b] = row(0.3).map(|row| Plane::from_fn(w, h, |x, y| row[(x + 31 * y) % WIDTH]));
    let scene = SceneRgb::from_planes([r, g, b]);
    let mut look = Look::builtin("authentic").expect("a built-in look");
    (look.optics.glow, look.optics.halation, look.grain.rms) = (0.03, 0.02, 10.0);
    let ready = look.compile(OutputSpace::Srgb, 1.0);
    let display = ready.apply(scene.clone());
    let table = look.table(TableInput::Srgb, OutputSpace::Srgb, 33).lattice;
    let imported = Look::from_table(table, "t.cube").compile(OutputSpace::DisplayP3, 1.0);
    let mut group = c.benchmark_group("12 megapixels");
    group.sample_size(10);
    group.bench_function("copy alone", |b| b.iter(|| scene.clone()));
    group.bench_function("optics", |b| {
        b.iter_batched(|| scene.clone(), |mut p| ready.apply_optics(&mut p), PerIteration)
    });
    group.bench_function("point part", |b| b.iter_batched(|| scene.clone(), |p| ready.apply(p), PerIteration));
    group.bench_function("imported point part", |b| {
        b.iter_batched(|| scene.clone(), |p| imported.apply(p), PerIteration)
    });
    group.bench_function("grain", |b| {
        b.iter_batched(|| display.clone(), |mut p| ready.apply_grain(&mut p, 1), PerIteration)
    });
    group.finish();
}

criterion_group!(benches, point_part, preparation, whole_look);
criterion_main!(benches);
