//! `calotype look`, and finding the look that was asked for.

use crate::args::{LookArgs, LookCommand};
use crate::failure::Failure;
use crate::out::Outcome;
use calotype::Look;
use serde_json::json;
use std::path::Path;

/// Lists the built-in looks, or shows one.
pub fn run(args: &LookArgs) -> Result<Outcome, Failure> {
    let outcome = match &args.command {
        LookCommand::List => {
            let looks: Vec<Look> = Look::builtin_names().iter().filter_map(|name| Look::builtin(name)).collect();
            let width = looks.iter().map(|l| l.meta.name.len()).max().unwrap_or(0);
            let line = |l: &Look| format!("{:<width$}  {}\n", l.meta.name, l.meta.description);
            let text: String = looks.iter().map(line).collect();
            let list: Vec<_> =
                looks.iter().map(|l| json!({ "name": l.meta.name, "description": l.meta.description })).collect();
            Outcome::new(text, json!({ "looks": list }))
        }
        LookCommand::Show { look } => {
            let look = load(look)?;
            let text = look.to_toml();
            Outcome::new(text.clone(), json!({ "name": look.meta.name, "toml": text }))
        }
    };
    Ok(Outcome { is_result: true, ..outcome })
}

/// The built-in look of that name, or the look in the file of that path.
pub fn load(name: &str) -> Result<Look, Failure> {
    if let Some(look) = Look::builtin(name) {
        return Ok(look);
    }
    let path = Path::new(name);
    let names = Look::builtin_names().join(", ");
    let is_path = path.extension().is_some() || name.contains(std::path::is_separator);
    if !is_path && !path.is_file() {
        return Err(Failure::usage(format!("there is no look called {name}"))
            .help(format!("Use one of {names}, or the path of a look file (.toml).")));
    }
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        Failure::new(format!("cannot use the look {name}"))
            .because(e)
            .help("`calotype look show authentic` prints a look to start from.")
    };
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.into()))?;
    Look::from_toml(&text).map_err(|e| failed(e.into()))
}
