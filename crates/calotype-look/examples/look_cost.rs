//! Processor time of every built-in look on a picture of 12 megapixels, block by block, and on a preview of one:
//! `cargo run --release -p calotype-look --example look_cost [LOOK.cube]`. Of a table, what an imported look takes.
//!
//! Time of all threads, user and system, as Linux counts it; the least of five rounds, each of several passes.
#![allow(clippy::print_stdout, missing_docs)]

use calotype_image::{DisplayRgb, Plane, SceneRgb};
use calotype_look::{CompiledLook, Lattice, Look, OutputSpace, TableInput};

/// Ticks per second of `/proc/self/stat`: USER_HZ, 100 on all of Linux' platforms.
const TICKS: f64 = 100.0;

/// Processor seconds of this process so far; 0 where the system does not tell.
fn processor_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // proc(5): after the name in parentheses, user time is the 12th field and system time the 13th
    let after = stat.rsplit(") ").next().unwrap_or_default();
    after.split(' ').skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// Seconds of one pass, the least of five rounds.
fn cost(passes: usize, mut pass: impl FnMut()) -> f64 {
    let mut round = || {
        let from = processor_s();
        (0..passes).for_each(|_| pass());
        (processor_s() - from) / passes as f64
    };
    (0..5).map(|_| round()).fold(f64::INFINITY, f64::min)
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

/// Every block, in a picture that is changed again and again: the work does not depend on what is in it.
fn measure(look: &CompiledLook, large: &SceneRgb, small: &SceneRgb) -> Cost {
    let copies = |of: &SceneRgb, passes| cost(passes, || drop(std::hint::black_box(of.clone())));
    let point = |of: &SceneRgb, passes| {
        let apply = cost(passes, || drop(std::hint::black_box(look.apply(of.clone()))));
        (apply - copies(of, passes)).max(0.0)
    };
    let mut light = large.clone();
    let optics = cost(2, || look.apply_optics(&mut light));
    let mut display: DisplayRgb = look.apply(large.clone());
    let grain = cost(2, || look.apply_grain(&mut display, 1));
    Cost { point: point(large, 4), preview: point(small, 40), optics, grain }
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
