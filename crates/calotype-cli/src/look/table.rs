//! `calotype look export`: a look as a table of colours.

use super::args::{ExportArgs, Input};
use super::{file, load};
use crate::args::Space;
use crate::failure::Failure;
use crate::out::Outcome;
use calotype::look::{Lattice, OutputSpace, TableInput};
use serde_json::json;
use std::path::Path;

/// Writes the table, reads it back, and tells how near it comes and what it lacks.
pub fn export(args: &ExportArgs) -> Result<Outcome, Failure> {
    let out = file(&args.out, &["cube", "clf", "png"], args.overwrite)?;
    let kind = out.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let look = load(&args.look)?.at_strength(args.strength);
    let hald = kind == "png";
    let input = match args.input {
        Some(Input::Log2) => TableInput::Log2,
        Some(Input::VLog) => TableInput::VLog,
        Some(Input::Srgb) => TableInput::Srgb,
        None if hald => TableInput::Srgb,
        None => TableInput::Log2,
    };
    let size = args.size.map_or(if hald { 64 } else { 65 }, usize::from);
    if hald && !(2..=12).any(|level| level * level == size) {
        return Err(Failure::usage(format!("a HaldCLUT cannot hold {size} points along an axis"))
            .help("Use --size 4, 9, 16, 25, 36, 49, 64, 81, 100, 121 or 144."));
    }
    let space = match args.space {
        Space::Srgb => OutputSpace::Srgb,
        Space::DisplayP3 => OutputSpace::DisplayP3,
    };
    let table = look.table(input, space, size);
    let name = &look.meta.name;
    let read = match kind.as_str() {
        "png" => write_hald(&table.lattice, &out, args.overwrite)?,
        "clf" => {
            calotype::save_bytes(&out, table.to_clf(name).as_bytes(), args.overwrite)?;
            table.lattice.clone()
        }
        _ => {
            let text = table.to_cube(name);
            calotype::save_bytes(&out, text.as_bytes(), args.overwrite)?;
            Lattice::from_cube(&text).map_err(|e| Failure::new("the table cannot be read back").because(e))?
        }
    };
    let error = table.round_trip(&read);
    let dropped = look.beyond_tables();
    let mut text = format!(
        "{}: {size} points along each axis; in: {}\nCIEDE2000 against the look on 2000 colours: mean {:.3}, 95 of 100 within {:.3}\n",
        out.display(),
        input.meaning(),
        error.mean,
        error.p95
    );
    if !dropped.is_empty() {
        text += &format!("left out, as no table carries it: {}\n", dropped.join(", "));
    }
    let json = json!({
        "output": out.display().to_string(), "size": size, "input": input.name(),
        "mean_de2000": error.mean, "p95_de2000": error.p95, "left_out": dropped,
    });
    Ok(Outcome::new(text, json))
}

/// Writes a HaldCLUT and gives what its 16 bits hold.
fn write_hald(lattice: &Lattice, out: &Path, overwrite: bool) -> Result<Lattice, Failure> {
    let broken = || Failure::new("the table does not fit a HaldCLUT");
    let (side, samples) = lattice.to_hald().ok_or_else(broken)?;
    let values: Vec<f32> = samples.iter().map(|v| f32::from(*v) / 65535.0).collect();
    let read = Lattice::from_hald(side, side, &values).map_err(|e| broken().because(e))?;
    let picture = calotype::Rgb16::from_vec(side, side, samples).ok_or_else(broken)?;
    calotype::save_png(out, &picture, overwrite)?;
    Ok(read)
}
