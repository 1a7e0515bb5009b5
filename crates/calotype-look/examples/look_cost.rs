//! Processor time of every built-in look on a picture of 12 megapixels, block by block, and on a preview of one:
//! `cargo run --release -p calotype-look --example look_cost [LOOK.cube]`. Of a table, what an imported look takes.
//!
//! Time of all threads, user and system, of one pass: the least of some, for neighbours on a machine only ever add.
#![allow(clippy::print_stdout, missing_docs)]

use calotype_image::{DisplayRgb, Plane, SceneRgb};
use calotype_look::{CompiledLook, Lattice, Look, OutputSpace, TableInput};
use std::hint::black_box;

/// Processor seconds of this process so far; 0 where the system does not tell.
#[cfg(unix)]
fn processor_s() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[cfg(not(unix))]
fn processor_s() -> f64 {
    0.0
}

/// Seconds of one pass over what `input` gives, the least of `rounds`.
fn cost<I, O>(rounds: usize, mut input: impl FnMut() -> I, mut pass: impl FnMut(I) -> O) -> f64 {
    let mut round = || {
        let input = input();
        let from = processor_s();
        let output = black_box(pass(input));
        let took = processor_s() - from;
        drop(output);
        took
    };
    (0..rounds).map(|_| round()).fold(f64::INFINITY, f64::min)
}

/// Light of every level within ten stops and of every hue.
fn scene(width: usize, height: usize) -> SceneRgb {
    SceneRgb::from_planes([0, 1, 2].map(|c| {
        Plane::from_fn(width, height, |x, y| {
            let level = 0.18 * (((x * 7 + y * 13) % 997) as f32 / 100.0 - 6.0).exp2();
            level * (1.0 + 0.3 * (((x * (3 + c) + y * (5 - c)) % 89) as f32 / 44.0 - 1.0))
        })
    }))
}

struct Cost {
    point: f64,
    preview: f64,
    optics: f64,
    grain: f64,
}

/// Every block of a look.
fn measure(look: &CompiledLook, large: &SceneRgb, small: &SceneRgb) -> Cost {
    let point = cost(16, || large.clone(), |scene| look.apply(scene));
    let preview = cost(64, || small.clone(), |scene| look.apply(scene));
    let mut light = large.clone();
    let optics = cost(6, || (), |()| look.apply_optics(&mut light));
    let mut display: DisplayRgb = look.apply(large.clone());
    let grain = cost(6, || (), |()| look.apply_grain(&mut display, 1));
    Cost { point, preview, optics, grain }
}

fn main() {
    let (large, small) = (scene(4000, 3000), scene(1152, 864));
    println!("processor seconds, 4000x3000\n");
    println!("{:<28}{:>8}{:>9}{:>8}{:>8}{:>12}", "look", "point", "optics", "grain", "all", "1152x864");
    let print = |name: &str, look: &CompiledLook| {
        let c = measure(look, &large, &small);
        let all = c.point + c.optics + c.grain;
        println!("{name:<28}{:>8.3}{:>9.3}{:>8.3}{all:>8.3}{:>12.4}", c.point, c.optics, c.grain, c.preview);
    };
    let given = std::env::args().nth(1);
    if let Some(path) = given {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let table = Lattice::from_cube(&text).expect("a .cube file");
        let input = TableInput::of_cube(&text).unwrap_or(TableInput::Srgb);
        print(&path, &Look::from_scene_table(&table, input, "t.cube").compile(OutputSpace::Srgb, 1.0));
        return;
    }
    for name in Look::builtin_names() {
        let look = Look::builtin(name).expect("a built-in look");
        print(name, &look.compile(OutputSpace::Srgb, 1.0));
    }
    let slide = Look::builtin("slide").expect("a built-in look");
    let mut numbers = Look::from_table(slide.table(TableInput::Srgb, OutputSpace::Srgb, 17).lattice, "t.cube");
    numbers = Look { residual: numbers.residual.take(), ..slide.clone() };
    print("slide, a table of 17 over it", &numbers.compile(OutputSpace::Srgb, 1.0));
    for size in [33, 49, 65] {
        let table = slide.table(TableInput::Srgb, OutputSpace::Srgb, size).lattice;
        let name = format!("a table of {size}");
        print(&name, &Look::from_table(table.clone(), "t.cube").compile(OutputSpace::Srgb, 1.0));
        print(&(name + ", Display P3"), &Look::from_table(table, "t.cube").compile(OutputSpace::DisplayP3, 1.0));
    }
}
