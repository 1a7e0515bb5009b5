//! How near fitted looks come to grades made by other means: `cargo run --release -p calotype-look --example fit_protocol`.
#![allow(clippy::print_stdout, missing_docs)]

#[path = "../tests/fit/colours.rs"]
mod colours;
#[path = "../tests/fit/graders.rs"]
mod graders;

use calotype_color::RgbSpace;
use calotype_color::lab::{delta_e_2000, xyz_to_lab_d65};
use calotype_color::matrix::transform;
use calotype_look::fit::{FitOptions, Sample, fit};
use calotype_look::{Look, OutputSpace, PointTransform};

fn main() {
    let pick: Option<usize> = std::env::args().nth(1).and_then(|a| a.parse().ok());
    let unseen = colours::scattered(1500, 100_000);
    let to_xyz = RgbSpace::Rec709.to_xyz();
    let lab = |v: [f64; 3]| xyz_to_lab_d65(transform(&to_xyz, v));
    let sets = [
        ("chart", colours::chart(&[0.0])),
        ("chart x3", colours::chart(&[-2.0, 0.0, 1.5])),
        ("200", colours::scattered(200, 1)),
        ("1500", colours::scattered(1500, 1)),
    ];
    for (name, scenes) in sets.iter().enumerate().filter(|(i, _)| pick.is_none_or(|p| p == *i)).map(|(_, s)| s) {
        let mut sums = [0.0; 4];
        let all = graders::graders();
        for grader in &all {
            let samples: Vec<Sample> = scenes
                .iter()
                .map(|s| Sample::new(*s, grader.apply(*s)))
                .filter(|s| s.display.iter().all(|v| (0.0006..0.99).contains(v)))
                .collect();
            let fitted = fit(&samples, &FitOptions::default()).unwrap();
            let judge = |look: &Look| {
                let t = PointTransform::new(look, OutputSpace::Srgb, 0.0);
                unseen.iter().map(|s| delta_e_2000(lab(t.apply(*s)), lab(grader.apply(*s)))).sum::<f64>() / 1500.0
            };
            let mut plain = fitted.look.clone();
            plain.residual = None;
            let row = [judge(&Look::default()), judge(&plain), f64::NAN, judge(&fitted.look)];
            sums.iter_mut().zip(row).for_each(|(s, v)| *s += v / all.len() as f64);
            println!("{name:9} {:20} n {:4}  neutral {:6.2} numbers {:5.2} look {:5.2} | held out: numbers {:5.2} table {:5.2} look {:5.2} +- {:.2} p95 {:.2}", grader.name, samples.len(), row[0], row[1], row[3], fitted.numbers.mean, fitted.table.mean, fitted.held_out.mean, fitted.held_out.interval, fitted.held_out.p95);
        }
        println!("{name:9} {:20}         neutral {:6.2} numbers {:5.2} look {:5.2}", "MEAN", sums[0], sums[1], sums[3]);
    }
}
