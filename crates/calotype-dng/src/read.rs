//! Reading a file from end to end.

use crate::decode::{self, Keep, Sink};
use crate::error::DngError;
use crate::image::{Dng, RawImage};
use crate::info::{Compression, DngInfo, RawKind};
use crate::layout::Layout;
use crate::levels::{self, LevelMap, PlaneLevels};
use crate::limits::Limits;
use crate::opcode;
use crate::parse::{self, Notes, Sources};
use crate::tiff::tags;
use calotype_image::{Plane, Rect, par};

/// Reads everything but the pixels: fast, whatever the picture's size.
///
/// # Errors
/// [`DngError`] where the file is no DNG, or one whose pixels [`read`] would refuse for what its tags say.
pub fn read_info(bytes: &[u8], limits: &Limits) -> Result<DngInfo, DngError> {
    let mut notes = Notes::default();
    let sources = parse::select(bytes, limits, &mut notes)?;
    let layout = Layout::shape(&sources.raw, sources.dng_version, limits)?;
    let levels = LevelMap::new(&sources.raw, &layout, &mut notes)?;
    parse::info(&sources, &layout, &levels, limits, &mut notes)
}

/// Reads a DNG whole, decoding on all cores of the rayon pool in which it is called.
///
/// # Errors
/// [`DngError`]: it names the directory, tag or tile at fault. Damage that costs no pixels only gives a warning.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Dng, DngError> {
    let mut notes = Notes::default();
    let sources = parse::select(bytes, limits, &mut notes)?;
    let layout = Layout::new(&sources.raw, sources.dng_version, limits)?;
    let mut levels = LevelMap::new(&sources.raw, &layout, &mut notes)?;
    let mut info = parse::info(&sources, &layout, &levels, limits, &mut notes)?;
    let image = pixels(&sources, &layout, &mut levels, &mut info, limits, &mut notes)?;
    Ok(Dng { info, image, warnings: notes.0 })
}

fn pixels(
    sources: &Sources<'_>,
    layout: &Layout,
    levels: &mut LevelMap,
    info: &mut DngInfo,
    limits: &Limits,
    notes: &mut Notes,
) -> Result<RawImage, DngError> {
    let (first_list, warnings) = opcode::parse(1, &info.opcode_lists[0])?;
    notes.0.extend(warnings);
    let masked = match sources.raw.has(tags::BLACK_LEVEL) || layout.samples > 1 || layout.reads_as_float() {
        true => Vec::new(),
        false => parse::masked_areas(&sources.raw, layout, notes),
    };
    let interleaved = layout.row_interleave > 1 || layout.column_interleave > 1;
    let in_one_go = first_list.is_empty() && masked.is_empty() && !interleaved;
    let colors = if info.kind == RawKind::Linear { 3 } else { 1 };
    check_memory(layout, info, colors, in_one_go, interleaved, limits)?;

    let file = sources.raw.file();
    let area = info.active_area;
    let mut codes: Vec<Plane<u16>> = (0..colors).map(|_| Plane::new(area.width, area.height)).collect();
    if in_one_go {
        decode::decode(file, layout, area, &mut codes, &Normalise::new(levels, colors, area.width))?;
    } else if layout.reads_as_float() {
        if !first_list.is_empty() {
            notes.warn("OpcodeList1", "not applied: the samples are floating point numbers");
        }
        let stored = stored_planes::<f32>(sources, layout, colors, interleaved)?;
        let sink = Normalise::new(levels, colors, area.width);
        for (i, plane) in codes.iter_mut().enumerate() {
            copy_rows(plane, |y, row| {
                sink.floats(i, (0, y), &stored[i].row(area.y + y)[area.x..area.x + area.width], row)
            });
        }
    } else {
        let mut stored = stored_planes::<u16>(sources, layout, colors, interleaved)?;
        notes.0.extend(opcode::apply_stored(&first_list, &mut stored, matches!(info.kind, RawKind::Cfa(_)))?);
        let origin = (area.x, area.y);
        if let Some(black) = stored.first().and_then(|plane| levels::masked_black(plane, &masked, origin)) {
            levels.set_cell(black);
            info.levels = parse::report(levels, info.kind);
        }
        let sink = Normalise::new(levels, colors, area.width);
        for (i, plane) in codes.iter_mut().enumerate() {
            let stored = &stored[i];
            copy_rows(plane, |y, row| {
                let mut line = stored.row(area.y + y)[area.x..area.x + area.width].to_vec();
                sink.integers(i, (0, y), &mut line, row);
            });
        }
    }
    let mut planes = codes.into_iter();
    let mut next = || planes.next().unwrap_or_else(|| Plane::new(0, 0));
    Ok(match info.kind {
        RawKind::Cfa(cfa) => RawImage::Cfa { samples: next(), cfa },
        RawKind::Mono => RawImage::Mono { samples: next() },
        RawKind::Linear => RawImage::Linear { planes: [next(), next(), next()] },
    })
}

/// Bookkeeping of one strip or tile: pictures cut into very many take more memory for that than for their samples.
const PART_BYTES: u64 = 512;

fn check_memory(
    layout: &Layout,
    info: &DngInfo,
    colors: usize,
    in_one_go: bool,
    interleaved: bool,
    limits: &Limits,
) -> Result<(), DngError> {
    let pixels = layout.width as u64 * layout.height as u64 * colors as u64;
    let stored = if layout.reads_as_float() { 4 } else { 2 } * pixels;
    let area = info.active_area;
    let value = area.width as u64 * area.height as u64 * colors as u64 * 2
        + if in_one_go { 0 } else { stored }
        + if interleaved { stored } else { 0 }
        + if info.compression == Compression::None { 0 } else { layout.tile_bytes() }
        + layout.chunks.len() as u64 * PART_BYTES;
    if value > limits.max_alloc {
        return Err(DngError::Limit {
            what: format!("{}: bytes of memory", layout.name),
            value,
            limit: limits.max_alloc,
        });
    }
    Ok(())
}

/// The whole picture as stored, its interleaved fields put together.
fn stored_planes<T>(
    sources: &Sources<'_>,
    layout: &Layout,
    colors: usize,
    interleaved: bool,
) -> Result<Vec<Plane<T>>, DngError>
where
    T: Copy + Default + Send + Sync,
    Keep: Sink<T>,
{
    let (width, height) = (layout.width, layout.height);
    let mut stored: Vec<Plane<T>> = (0..colors).map(|_| Plane::new(width, height)).collect();
    decode::decode(sources.raw.file(), layout, Rect::whole(width, height), &mut stored, &Keep)?;
    if interleaved {
        let columns = fields(width, layout.column_interleave);
        let rows = fields(height, layout.row_interleave);
        for plane in &mut stored {
            let fields = std::mem::replace(plane, Plane::new(width, height));
            copy_rows(plane, |y, row| {
                let field = fields.row(rows[y]);
                row.iter_mut().zip(&columns).for_each(|(out, &x)| *out = field[x]);
            });
        }
    }
    Ok(stored)
}

/// Where each row (or column) of a picture is found when `factor` fields follow each other: the first holds every
/// `factor`-th from 0, the next every one from 1, and so on.
fn fields(size: usize, factor: usize) -> Vec<usize> {
    let mut place = vec![0; size];
    (0..factor).flat_map(|field| (field..size).step_by(factor)).enumerate().for_each(|(stored, at)| place[at] = stored);
    place
}

fn copy_rows<T: Send>(plane: &mut Plane<T>, f: impl Fn(usize, &mut [T]) + Sync) {
    par::bands_mut(plane, 32, |top, mut band| (0..band.height()).for_each(|y| f(top + y, band.row_mut(y))));
}

/// Brings samples to codes.
struct Normalise<'a> {
    levels: &'a LevelMap,
    planes: Vec<PlaneLevels>,
}

impl<'a> Normalise<'a> {
    fn new(levels: &'a LevelMap, colors: usize, width: usize) -> Self {
        Self { levels, planes: (0..colors).map(|i| levels.plane(i, width)).collect() }
    }
}

impl Sink<u16> for Normalise<'_> {
    fn integers(&self, plane: usize, at: (usize, usize), stored: &mut [u16], out: &mut [u16]) {
        self.levels.row(&self.planes[plane], at, stored, out);
    }

    fn floats(&self, plane: usize, at: (usize, usize), stored: &[f32], out: &mut [u16]) {
        self.levels.row_f32(&self.planes[plane], at, stored, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_interleaved_again() {
        assert_eq!(fields(5, 2), [0, 3, 1, 4, 2]);
        assert_eq!(fields(4, 1), [0, 1, 2, 3]);
        assert_eq!(fields(4, 4), [0, 1, 2, 3]);
    }
}
