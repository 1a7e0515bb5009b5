//! Rays a second, on one thread: a triplet with six spheres, and the phone lenses of the shared data where these are.

use calotype_optics::{
    Aperture, Clip, Field, FieldKind, Glass, Lens, Rays, Shape, Surface, System, Until, Wavelength, analysis, from_json,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::path::{Path, PathBuf};

fn triplet() -> Lens {
    let crown = Glass::model(1.62, 60.0);
    let list = [
        (22.0, 3.26, crown.clone()),
        (-436.0, 6.0, Glass::air()),
        (-22.2, 1.0, Glass::model(1.62, 36.4)),
        (20.3, 4.75, Glass::air()),
        (79.7, 2.95, crown),
        (-18.4, 42.2, Glass::air()),
    ];
    let mut surfaces: Vec<Surface> =
        list.into_iter().map(|(r, t, g)| Surface::refracting(Shape::sphere(r), t, g)).collect();
    surfaces[3].stop = true;
    Lens {
        name: "triplet".into(),
        title: String::new(),
        source: String::new(),
        notes: vec![],
        air: None,
        object_mm: None,
        aperture: Aperture::EntrancePupil(10.0),
        field_kind: FieldKind::AngleDeg,
        fields: vec![Field::up(14.0)],
        wavelengths: vec![Wavelength { name: "d".into(), um: 0.5875618, weight: 1.0 }],
        primary: 0,
        surfaces,
        image: None,
        configurations: vec![],
    }
}

fn lenses() -> Vec<Lens> {
    let data = std::env::var_os("CALOTYPE_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let names = ["cooke_triplet_50_f5", "mobile_6p_4p5_f1p68", "mobile_8p_5p14_f1p69"];
    let read = |name: &str| {
        let path =
            data.iter().chain([&beside]).map(|d| d.join("lenses").join(format!("{name}.json"))).find(|p| p.exists())?;
        from_json(&std::fs::read_to_string(path).ok()?, name).ok()
    };
    std::iter::once(triplet()).chain(names.into_iter().filter_map(read)).collect()
}

fn trace(c: &mut Criterion) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let mut group = c.benchmark_group("trace");
    for lens in lenses() {
        let name = lens.name.clone();
        let system = System::new(lens).expect("a lens");
        // 17 fields, about 98000 rays
        let full = system.lens().full_field().y;
        let places = analysis::hexapolar(43);
        let rays =
            Rays::new((0..17).flat_map(|i| system.aim(&Field::up(full * f64::from(i) / 16.0), 0).paraxial(&places)));
        group.throughput(Throughput::Elements(rays.len() as u64));
        group.bench_function(&name, |b| {
            let mut work = rays.clone();
            b.iter(|| {
                work.clone_from(&rays);
                pool.install(|| system.trace(0, &mut work, Clip::Apertures, Until::Image));
                black_box(&work);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, trace);
criterion_main!(benches);
