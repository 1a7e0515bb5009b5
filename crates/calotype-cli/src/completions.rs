//! `calotype completions`: a script for the user's shell.

use crate::args::{Args, CompletionsArgs};
use crate::failure::Failure;
use crate::out::Outcome;
use clap::CommandFactory;

/// Gives the script.
pub fn run(args: &CompletionsArgs) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "calotype", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let json = serde_json::json!({ "shell": args.shell.to_string(), "script": script });
    Ok(Outcome { is_result: true, ..Outcome::new(script, json) })
}
