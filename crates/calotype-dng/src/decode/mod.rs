//! From strips and tiles to planes: each is decoded once, by one thread, straight into the rows it covers.

mod deflate;
mod float;
mod jpeg;
mod jxl;
mod packed;
mod parts;
mod predict;

pub(crate) use float::half;

use crate::error::DngError;
use crate::info::Compression;
use crate::layout::{Layout, Predictor};
use crate::ljpeg;
use crate::tiff::Tiff;
use calotype_image::{Plane, Rect, par};
use parts::Part;

/// Where decoded rows go.
pub(crate) trait Sink<T>: Sync {
    /// Integer samples of colour plane `plane` from (x, y) of the area; they may be overwritten.
    fn integers(&self, plane: usize, at: (usize, usize), stored: &mut [u16], out: &mut [T]);
    /// The same for samples that are read as floating point.
    fn floats(&self, plane: usize, at: (usize, usize), stored: &[f32], out: &mut [T]);
}

/// Keeps samples as stored.
pub(crate) struct Keep;

impl Sink<u16> for Keep {
    fn integers(&self, _: usize, _: (usize, usize), stored: &mut [u16], out: &mut [u16]) {
        out.copy_from_slice(stored);
    }

    fn floats(&self, _: usize, _: (usize, usize), stored: &[f32], out: &mut [u16]) {
        out.iter_mut().zip(stored).for_each(|(o, &v)| *o = v as u16);
    }
}

impl Sink<f32> for Keep {
    fn integers(&self, _: usize, _: (usize, usize), stored: &mut [u16], out: &mut [f32]) {
        out.iter_mut().zip(stored).for_each(|(o, v)| *o = f32::from(*v));
    }

    fn floats(&self, _: usize, _: (usize, usize), stored: &[f32], out: &mut [f32]) {
        out.copy_from_slice(stored);
    }
}

/// Memory of one thread, kept from tile to tile.
#[derive(Default)]
struct Scratch {
    bytes: Vec<u8>,
    integers: Vec<u16>,
    floats: Vec<f32>,
    row: Vec<u16>,
    row_f32: Vec<f32>,
    inflate: Option<flate2::Decompress>,
}

impl Layout {
    /// True where samples are handled as floating point: those of more than 16 bits too.
    pub(crate) fn reads_as_float(&self) -> bool {
        self.float || self.bits > 16
    }

    /// Bytes that the decoded rows of a tile take in a thread's memory.
    pub(crate) fn tile_bytes(&self) -> u64 {
        let samples = self.tile_width as u64 * self.tile_height as u64 * self.samples_in_tile() as u64;
        let stored = if self.compression == Compression::None { 0 } else { samples * self.bits.div_ceil(8) as u64 };
        stored + samples * if self.reads_as_float() { 4 } else { 2 }
    }
}

/// Decodes the samples of `area` (of the stored picture) into `planes`, one per colour, each of the area's size.
pub(crate) fn decode<T: Copy + Default + Send>(
    file: &Tiff<'_>,
    layout: &Layout,
    area: Rect,
    planes: &mut [Plane<T>],
    sink: &impl Sink<T>,
) -> Result<(), DngError> {
    let mut parts = parts::parts(layout, area, planes);
    // Errors are gathered by part, so that the first one in the file is reported whatever thread found one first.
    let mut errors: Vec<Option<DngError>> = Vec::new();
    errors.resize_with(parts.len(), || None);
    let mut work: Vec<_> = parts.iter_mut().zip(&mut errors).collect();
    par::items_mut(&mut work, Scratch::default, |_, (part, error), scratch| {
        **error = part_samples(file, layout, part, scratch)
            .and_then(|pitch| deliver(layout, part, pitch, sink, scratch))
            .err();
    });
    drop(work);
    errors.into_iter().flatten().next().map_or(Ok(()), Err)
}

/// Decodes a part into the scratch memory; the answer is the number of samples from one row to the next.
fn part_samples<T>(
    file: &Tiff<'_>,
    layout: &Layout,
    part: &Part<'_, T>,
    scratch: &mut Scratch,
) -> Result<usize, DngError> {
    let (offset, count) = layout.chunks[part.chunk];
    let samples = layout.samples_in_tile();
    let pitch = layout.tile_width * samples;
    let row_bytes = (pitch * layout.bits).div_ceil(8);
    let place = || layout.place(part.chunk);
    // Where the file ends within the tile, that is what is wrong with it.
    let cut = layout.compression != Compression::None && offset.saturating_add(count) > file.len();
    let corrupt = |reason: String| match cut {
        true => DngError::Truncated { place: place(), offset, end: offset.saturating_add(count), len: file.len() },
        false => layout.corrupt(part.chunk, reason),
    };
    if layout.compression == Compression::None {
        // The stored count is not trusted: many writers have it wrong, and it is not needed.
        let first = offset.saturating_add((part.first_row * row_bytes) as u64);
        let bytes = file.slice(first, (part.rows * row_bytes) as u64, place)?;
        unpack(file, layout, bytes, row_bytes, part.rows, &mut scratch.integers, &mut scratch.floats);
        return Ok(pitch);
    }
    // The sizes that writers store are sometimes too large: what is there may be enough.
    let there = count.min(file.len().saturating_sub(offset));
    if there == 0 {
        return Err(DngError::Truncated { place: place(), offset, end: offset.saturating_add(count), len: file.len() });
    }
    let data = file.slice(offset, there, place)?;
    // A picture may end within a tile; then less than a whole tile is enough.
    let needed = (part.width * samples, part.rows);
    match layout.compression {
        Compression::LosslessJpeg if matches!(ljpeg::process(data), None | Some(0xc3)) => {
            let most = (layout.tile_width + 4) * (layout.tile_height + 4) * samples;
            let shape = ljpeg::decode(data, &mut scratch.integers, most, layout.legacy_16).map_err(corrupt)?;
            let (width, height) = (shape.width * shape.components, shape.height);
            let whole = pitch * part.tile_rows;
            if width == pitch && height >= needed.1 {
                Ok(pitch)
            } else if width * height >= whole && (width.is_multiple_of(pitch) || pitch.is_multiple_of(width)) {
                // Rows of the tile follow each other in the JPEG's longer or shorter rows.
                Ok(pitch)
            } else if width >= needed.0 && height >= needed.1 {
                Ok(width)
            } else {
                Err(corrupt(format!("the JPEG has {width}x{height} samples, the tile {pitch}x{}", part.tile_rows)))
            }
        }
        Compression::LosslessJpeg | Compression::LossyJpeg => {
            jpeg::decode(data, samples, (layout.tile_width, layout.tile_height), needed, &mut scratch.integers)
                .map_err(corrupt)
        }
        Compression::JpegXl => {
            jxl::decode(data, layout, needed, &mut scratch.bytes, &mut scratch.integers, &mut scratch.floats)
                .map_err(corrupt)
        }
        Compression::Deflate => {
            scratch.bytes.resize(row_bytes * part.tile_rows, 0);
            let inflate = scratch.inflate.get_or_insert_with(|| flate2::Decompress::new(true));
            let done = deflate::inflate(inflate, data, &mut scratch.bytes).map_err(corrupt)?;
            if done < row_bytes * needed.1 {
                return Err(corrupt(format!("the tile inflates to {done} of {} bytes", row_bytes * part.tile_rows)));
            }
            undo_prediction(file, layout, row_bytes, &mut scratch.bytes[..row_bytes * needed.1]);
            unpack(file, layout, &scratch.bytes, row_bytes, part.rows, &mut scratch.integers, &mut scratch.floats);
            Ok(pitch)
        }
        Compression::None => Ok(pitch),
    }
}

fn undo_prediction(file: &Tiff<'_>, layout: &Layout, row_bytes: usize, bytes: &mut [u8]) {
    let step = |pixels: usize| layout.samples_in_tile() * pixels;
    for row in bytes.chunks_exact_mut(row_bytes) {
        match layout.predictor {
            Predictor::None => {}
            Predictor::Horizontal(pixels) => predict::horizontal(row, step(pixels), layout.bits, file.endian()),
            Predictor::FloatingPoint(pixels) => {
                predict::floating_point(row, step(pixels), layout.bits / 8, file.endian());
            }
        }
    }
}

/// Rows of packed samples to whole numbers or floating point.
fn unpack(
    file: &Tiff<'_>,
    layout: &Layout,
    bytes: &[u8],
    row_bytes: usize,
    rows: usize,
    integers: &mut Vec<u16>,
    floats: &mut Vec<f32>,
) {
    let pitch = layout.tile_width * layout.samples_in_tile();
    let rows_of_bytes = bytes.chunks_exact(row_bytes).take(rows);
    let mut reversed = Vec::new();
    if layout.reads_as_float() {
        floats.resize(pitch * rows, 0.0);
        for (row, out) in rows_of_bytes.zip(floats.chunks_exact_mut(pitch)) {
            let row = packed::in_order(row, layout.lsb_first, &mut reversed);
            match (layout.float, layout.bits) {
                (true, bits) => float::unpack(row, bits, file.endian(), out),
                (false, bits) => packed::unpack_wide(row, bits, file.endian(), out),
            }
        }
    } else {
        integers.resize(pitch * rows, 0);
        for (row, out) in rows_of_bytes.zip(integers.chunks_exact_mut(pitch)) {
            let row = packed::in_order(row, layout.lsb_first, &mut reversed);
            packed::unpack(row, layout.bits, file.endian(), out);
        }
    }
}

/// Hands a part's rows to the sink, colours apart.
fn deliver<T>(
    layout: &Layout,
    part: &mut Part<'_, T>,
    pitch: usize,
    sink: &impl Sink<T>,
    scratch: &mut Scratch,
) -> Result<(), DngError> {
    let samples = layout.samples_in_tile();
    let Scratch { integers, floats, row: separate, row_f32, .. } = scratch;
    for target in &mut part.targets {
        let sample = if layout.planar { 0 } else { target.plane };
        for (i, out) in target.rows.iter_mut().enumerate() {
            let at = (target.at.0, target.at.1 + i);
            let first = (target.row + i) * pitch + target.column * samples;
            let range = first..first + out.len() * samples;
            if layout.reads_as_float() {
                let stored = &floats[range];
                if samples == 1 {
                    sink.floats(target.plane, at, stored, out);
                } else {
                    row_f32.clear();
                    row_f32.extend(stored.iter().skip(sample).step_by(samples));
                    sink.floats(target.plane, at, row_f32, out);
                }
            } else {
                let stored = &mut integers[range];
                if samples == 1 {
                    sink.integers(target.plane, at, stored, out);
                } else {
                    separate.clear();
                    separate.extend(stored.iter().skip(sample).step_by(samples));
                    sink.integers(target.plane, at, separate, out);
                }
            }
        }
    }
    Ok(())
}
