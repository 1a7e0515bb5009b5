//! How near fitted looks come to grades made by other means, on colours they have not seen:
//! `cargo run --release -p calotype-look --example fit_protocol [SET] [aside]`, SET being 0 to 3, and `aside` for the grades that
//! were kept aside while fits were chosen.
#![allow(clippy::print_stdout, missing_docs)]

#[path = "../tests/fit/colours.rs"]
mod colours;
#[path = "../tests/fit/graders.rs"]
mod graders;
#[path = "../tests/fit/protocol.rs"]
mod protocol;

fn main() {
    let pick: Option<usize> = std::env::args().nth(1).and_then(|a| a.parse().ok());
    let aside = std::env::args().any(|a| a == "aside");
    println!("mean CIEDE2000 on 1500 unseen colours\n");
    for (i, (name, scenes)) in protocol::sets().into_iter().enumerate() {
        if pick.is_some_and(|p| p != i) {
            continue;
        }
        println!("{name:<26}{:>8}{:>9}{:>9}{:>9}{:>9}   held out", "learnt", "neutral", "numbers", "table", "look");
        let graders = if aside { graders::aside() } else { graders::graders() };
        let mut means = [0.0; 4];
        for grader in &graders {
            let f = protocol::learn(grader, &scenes);
            let row = [f.neutral, f.numbers, f.table, f.look];
            means.iter_mut().zip(row).for_each(|(m, v)| *m += v / graders.len() as f64);
            let [a, b, c, d] = row;
            let (h, i) = (f.held_out.mean, f.held_out.interval);
            println!("{:<26}{:>8}{a:>9.2}{b:>9.2}{c:>9.2}{d:>9.2}   {h:.2} +- {i:.2}", grader.name, f.learnt);
        }
        let [a, b, c, d] = means;
        println!("{:<26}{:>8}{a:>9.2}{b:>9.2}{c:>9.2}{d:>9.2}\n", "mean", "");
    }
}
