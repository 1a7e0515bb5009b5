//! Which rows of the planes each strip or tile fills.

use crate::info::Compression;
use crate::layout::Layout;
use calotype_image::{Plane, Rect};

/// A strip or tile, or some rows of an uncompressed one, with the places its samples go to.
pub(super) struct Part<'p, T> {
    /// Its place in the list of strips or tiles.
    pub(super) chunk: usize,
    /// First row within it, and the number of rows that are wanted (to the picture's end at most).
    pub(super) first_row: usize,
    pub(super) rows: usize,
    /// Columns within the picture.
    pub(super) width: usize,
    /// Rows that the whole strip or tile stores.
    pub(super) tile_rows: usize,
    pub(super) targets: Vec<Target<'p, T>>,
}

/// Rows of one plane.
pub(super) struct Target<'p, T> {
    pub(super) plane: usize,
    /// Place of the first sample in the area.
    pub(super) at: (usize, usize),
    /// Its column and row in the part.
    pub(super) column: usize,
    pub(super) row: usize,
    pub(super) rows: Vec<&'p mut [T]>,
}

/// Samples beyond which an uncompressed strip is shared between threads.
const SHARE: usize = 1 << 17;

/// All parts that touch `area`, whose samples belong into `planes`.
pub(super) fn parts<'p, T: Copy + Default>(
    layout: &Layout,
    area: Rect,
    planes: &'p mut [Plane<T>],
) -> Vec<Part<'p, T>> {
    let (across, down) = (layout.across(), layout.down());
    let (right, bottom) = (area.x + area.width, area.y + area.height);
    let columns = area.x / layout.tile_width..right.div_ceil(layout.tile_width).min(across);
    let step = match layout.compression {
        Compression::None => (SHARE / layout.tile_width.max(1)).max(1).min(layout.tile_height),
        _ => layout.tile_height,
    };
    let layers = if layout.planar { planes.len() } else { 1 };
    // Groups of rows: (tile row, first row within it, top and end in the picture).
    let groups: Vec<(usize, usize, usize, usize)> = (0..down)
        .flat_map(|ty| {
            (0..layout.tile_height).step_by(step).map(move |first| (ty, first, ty * layout.tile_height + first))
        })
        .map(|(ty, first, top)| (ty, first, top, (top + step).min((ty + 1) * layout.tile_height).min(layout.height)))
        .filter(|&(_, _, top, end)| top < bottom && end > area.y)
        .collect();
    let mut parts = Vec::with_capacity(groups.len() * layers * columns.len());
    for &(ty, first_row, top, end) in &groups {
        for layer in 0..layers {
            for tx in columns.clone() {
                let tile_x = tx * layout.tile_width;
                let targets = (0..planes.len())
                    .filter(|&plane| !layout.planar || plane == layer)
                    .map(|plane| Target {
                        plane,
                        at: (tile_x.max(area.x) - area.x, top.max(area.y) - area.y),
                        column: area.x.saturating_sub(tile_x),
                        row: area.y.saturating_sub(top),
                        rows: Vec::with_capacity(end.min(bottom) - top.max(area.y)),
                    })
                    .collect();
                let tile_rows = match layout.strips {
                    true => layout.tile_height.min(layout.height - ty * layout.tile_height),
                    false => layout.tile_height,
                };
                parts.push(Part {
                    chunk: (layer * down + ty) * across + tx,
                    first_row,
                    rows: end - top,
                    width: layout.tile_width.min(layout.width - tile_x),
                    tile_rows,
                    targets,
                });
            }
        }
    }
    let per_group = layers * columns.len();
    for (p, plane) in planes.iter_mut().enumerate() {
        let (width, stride) = (plane.width(), plane.stride().max(1));
        let mut group = 0;
        for (y, row) in plane.data_mut().chunks_mut(stride).enumerate().take(area.height) {
            while groups.get(group).is_some_and(|g| g.3 <= y + area.y) {
                group += 1;
            }
            let first = group * per_group + if layout.planar { p * columns.len() } else { 0 };
            let Some(in_row) = parts.get_mut(first..first + columns.len()) else { break };
            let mut rest = &mut row[..width];
            for (part, tx) in in_row.iter_mut().zip(columns.clone()) {
                let end = ((tx + 1) * layout.tile_width).min(right) - (tx * layout.tile_width).max(area.x);
                let (segment, more) = std::mem::take(&mut rest).split_at_mut(end);
                rest = more;
                let target = if layout.planar { 0 } else { p };
                part.targets[target].rows.push(segment);
            }
        }
    }
    parts
}
