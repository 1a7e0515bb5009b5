//! Nanoseconds per photosite and frame, of a burst of one and of eight frames (what scene and lens cost is shared by
//! the frames).

use calotype_twin::{Camera, Request};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn shoot(c: &mut Criterion) {
    let mut group = c.benchmark_group("shoot");
    group.sample_size(10);
    for scene in ["flat", "chart", "street", "dusk"] {
        for frames in [1usize, 8] {
            let request = Request { frames, size: Some((1024, 768)), ..Request::new(scene) };
            let plan = request
                .plan(Camera::load("flagship").unwrap_or_else(|e| panic!("{e}")))
                .unwrap_or_else(|e| panic!("{e}"));
            group.throughput(Throughput::Elements((1024 * 768 * frames) as u64));
            group.bench_function(format!("{scene}, {frames} frames"), |b| b.iter(|| plan.shoot(&|_| true)));
        }
    }
    group.finish();
}

criterion_group!(benches, shoot);
criterion_main!(benches);
