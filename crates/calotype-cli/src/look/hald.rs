//! HaldCLUT pictures as PNG files.

use crate::failure::Failure;
use calotype::look::Lattice;
use std::path::Path;

/// Reads a HaldCLUT of 8 or 16 bits; its size is checked before its pixels are read.
pub fn read(bytes: &[u8]) -> Result<Lattice, Box<dyn std::error::Error + Send + Sync>> {
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
pub fn write(lattice: &Lattice, out: &Path, overwrite: bool) -> Result<Lattice, Failure> {
    let broken = || Failure::new("the table does not fit a HaldCLUT");
    let (side, samples) = lattice.to_hald().ok_or_else(broken)?;
    let values: Vec<f32> = samples.iter().map(|v| f32::from(*v) / 65535.0).collect();
    let read = Lattice::from_hald(side, side, &values).map_err(|e| broken().because(e))?;
    let picture = calotype::Rgb16::from_vec(side, side, samples).ok_or_else(broken)?;
    calotype::save_png(out, &picture, overwrite)?;
    Ok(read)
}
