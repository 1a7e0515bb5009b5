//! `calotype look export`: a look as a table of colours.

use super::args::{ExportArgs, ImportArgs, Input};
use super::{file, load, save};
use crate::args::Space;
use crate::failure::Failure;
use crate::out::Outcome;
use calotype::Look;
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

/// Makes a look of a table.
pub fn import(args: &ImportArgs) -> Result<Outcome, Failure> {
    let out = file(&args.out, &["toml"], args.overwrite)?;
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        Failure::new(format!("cannot use the table {}", args.table.display()))
            .because(e)
            .help("A table is a .cube file of three dimensions, or a HaldCLUT as .png, for finished sRGB pictures.")
    };
    let bytes = std::fs::read(&args.table).map_err(|e| failed(e.into()))?;
    let lattice = if bytes.starts_with(b"\x89PNG") {
        read_hald(&bytes).map_err(failed)?
    } else {
        let text = String::from_utf8(bytes).map_err(|e| failed(e.into()))?;
        Lattice::from_cube(&text).map_err(|e| failed(e.into()))?
    };
    let name = out.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    save(Look::from_table(lattice, &format!("{name}.cube")), &name, &out, args.overwrite)
}

/// Reads a HaldCLUT of 8 or 16 bits; its size is checked before its pixels are read.
fn read_hald(bytes: &[u8]) -> Result<Lattice, Box<dyn std::error::Error + Send + Sync>> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info()?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    if width != height || width > 1728 {
        Lattice::from_hald(width, height, &[])?;
    }
    let mut samples = vec![0; reader.output_buffer_size().ok_or("the picture is too large")?];
    reader.next_frame(&mut samples)?;
    let (color, depth) = reader.output_color_type();
    let values: Vec<f32> = match depth {
        png::BitDepth::Sixteen => {
            samples.as_chunks::<2>().0.iter().map(|b| f32::from(u16::from_be_bytes(*b)) / 65535.0).collect()
        }
        _ => samples.iter().map(|v| f32::from(*v) / 255.0).collect(),
    };
    let channels = color.samples();
    if channels < 3 {
        return Err("the picture is grey".into());
    }
    let colours: Vec<f32> = values.chunks_exact(channels).flat_map(|p| [p[0], p[1], p[2]]).collect();
    Ok(Lattice::from_hald(width, height, &colours)?)
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
