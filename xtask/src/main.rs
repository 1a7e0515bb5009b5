//! Chores of the Calotype workspace: `cargo run --release -p xtask -- bench-peers BURST_DIR`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench_peers;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bench-peers", folder] => bench_peers::run(folder.as_ref()),
        _ => {
            eprintln!("usage: xtask bench-peers BURST_DIR");
            ExitCode::from(2)
        }
    }
}
