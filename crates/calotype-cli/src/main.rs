//! The `calotype` command: raw bursts in, photographs out.
//!
//! Parse, prepare, run, report. Pictures are the business of the `calotype` crate; here are arguments, files, progress
//! and messages only.

mod args;
mod batch;
mod camera_profile;
mod character;
mod clock;
mod completions;
mod demo;
mod develop;
mod diagnostics;
mod failure;
mod info;
mod inputs;
mod interrupt;
mod lab;
mod lens;
mod look;
mod merge;
mod out;
mod progress;
mod raw_file;
mod recognise;
mod scene_light;
mod target;
mod twin;
#[cfg(feature = "vendor-raw")]
mod vendor_raw;

use args::{Args, Command};
use clap::Parser;
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "vendor-raw")]
    if vendor_raw::is_worker() {
        return vendor_raw::worker();
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return out::not_understood(&error),
    };
    let common = args.common;
    let outcome = prepare(&common).and_then(|()| match args.command {
        Command::Develop(develop) => develop::run(&develop, &common),
        Command::Merge(merge) => merge::run(&merge, &common),
        Command::Info(info) => info::run(&info, &common),
        Command::Demo(demo) => demo::run(&demo, &common),
        Command::Look(look) => look::run(&look, &common),
        Command::Lens(lens) => lens::run(&lens, &common),
        Command::Twin(twin) => twin::run(&twin, &common),
        Command::Lab(lab) => lab::run(&lab, &common),
        Command::Completions(completions) => completions::run(&completions),
    });
    out::finish(outcome, &common)
}

/// What every command needs: threads, and a way to stop.
fn prepare(common: &args::Common) -> Result<(), Failure> {
    interrupt::listen();
    let threads = common.threads.unwrap_or(0);
    // The pool can be built once only, and nothing has used it yet.
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|e| Failure::new("cannot start threads").because(e))
}
