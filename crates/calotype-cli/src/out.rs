//! The only place that prints: results to standard output, messages to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use crate::args::Common;
use crate::failure::Failure;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::process::ExitCode;

/// What a command has to say.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For people.
    pub text: String,
    /// For programs; an object.
    pub json: Map<String, Value>,
    /// Worth knowing, though the work was done.
    pub warnings: Vec<String>,
    /// True where part of the work failed: exit code 1.
    pub failed: bool,
    /// True where `text` is the result itself, to be printed even when asked to be quiet.
    pub is_result: bool,
}

impl Outcome {
    /// An outcome for people and programs; `json` that is no object is wrapped as `result`.
    pub fn new(text: impl Into<String>, json: Value) -> Self {
        let json = match json {
            Value::Object(map) => map,
            other => Map::from_iter([("result".to_string(), other)]),
        };
        Self { text: text.into(), json, ..Self::default() }
    }
}

/// Says how it went and gives the exit code: 0 done, 1 failed, 2 wrong usage.
pub fn finish(outcome: Result<Outcome, Failure>, common: &Common) -> ExitCode {
    match outcome {
        Ok(outcome) => {
            for warning in &outcome.warnings {
                warn(warning);
            }
            if common.json {
                let mut json = outcome.json;
                json.insert("ok".into(), Value::Bool(!outcome.failed));
                print(&Value::Object(json).to_string());
            } else if outcome.is_result || !common.quiet {
                print(&outcome.text);
            }
            ExitCode::from(u8::from(outcome.failed))
        }
        Err(failure) => {
            if common.json {
                print(&json!({ "ok": false, "error": failure_json(&failure) }).to_string());
            }
            error(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Says what is wrong with what was typed; or prints the help or the version that was asked for.
///
/// What was typed is not understood then, but a program that wrote `--json` still gets its one object.
pub fn not_understood(error: &clap::Error) -> ExitCode {
    error.print().ok();
    if error.use_stderr() && std::env::args_os().skip(1).take_while(|a| a != "--").any(|a| a == "--json") {
        let text = error.to_string();
        let (message, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
        let message = message.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ");
        let usage = rest.lines().find(|l| l.starts_with("Usage:"));
        let failure = Failure::usage(message).help(usage.unwrap_or("Try --help."));
        print(&json!({ "ok": false, "error": failure_json(&failure) }).to_string());
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// A failure for programs.
pub fn failure_json(failure: &Failure) -> Value {
    json!({ "message": failure.to_string(), "causes": failure.causes(), "remedy": failure.remedy() })
}

/// A failure for people, on standard error.
pub fn error(failure: &Failure) {
    eprintln!("{}", failure.render().trim_end());
}

/// A warning on standard error.
pub fn warn(text: &str) {
    eprintln!("warning: {text}");
}

/// A line of a longer work's results, for people.
pub fn line(text: &str) {
    print(text);
}

/// A line (or several) on standard output. A reader that has gone away is no error: `calotype … | head` ends in peace.
fn print(text: &str) {
    if !text.is_empty() {
        writeln!(std::io::stdout().lock(), "{}", text.trim_end()).ok();
    }
}
