//! A picture cut into compressed tiles.

use super::LosslessJpeg;
use calotype_image::{Plane, par};

/// Pixels across and down a tile of a picture of that width: one that leaves no last column of a single pixel, which some
/// readers refuse because it is narrower than a pair of samples, and of which two do not just fill a row: LibRaw takes a
/// mosaic's two components for two samples of every pixel then, and loses every second row.
pub fn tile_size(width: usize) -> usize {
    let suits = |size: &usize| width % size != 1 && width != 2 * size;
    [256, 512, 240].into_iter().find(suits).unwrap_or(256)
}

/// Lossless JPEG tiles of a plane, row by row of tiles, compressed on all cores. Those of a mosaic have two components,
/// so that columns of one colour stand together. Tiles that stick out are filled up with the last samples of each
/// colour, which cost next to nothing.
pub fn compress(plane: &Plane<u16>, is_mosaic: bool) -> Vec<Vec<u8>> {
    let size = tile_size(plane.width());
    let across = plane.width().div_ceil(size);
    let step = if is_mosaic { 2 } else { 1 };
    let jpeg = LosslessJpeg::new(size, size).with_components(step);
    par::map(across * plane.height().div_ceil(size), |i| {
        let (left, top) = (i % across * size, i / across * size);
        let mut samples = vec![0u16; size * size];
        for (y, out) in samples.chunks_exact_mut(size).enumerate() {
            let row = &plane.row(inside(top + y, plane.height(), step))[left..];
            let count = row.len().min(size);
            out[..count].copy_from_slice(&row[..count]);
            for x in count..size {
                out[x] = row[inside(x, row.len(), step)];
            }
        }
        // the sizes are right by construction
        jpeg.encode(&samples).unwrap_or_default()
    })
}

/// The place itself, or the last one before `end` that is a multiple of `step` away.
fn inside(at: usize, end: usize, step: usize) -> usize {
    if at < end { at } else { end.saturating_sub(1 + (end + step - 1 - at % step) % step) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rim_repeats_each_colour() {
        assert_eq!([5, 6, 7, 8, 9].map(|x| inside(x, 6, 2)), [5, 4, 5, 4, 5]);
        assert_eq!([5, 6, 7, 8].map(|x| inside(x, 5, 2)), [3, 4, 3, 4]);
        assert_eq!([0, 1, 2].map(|x| inside(x, 1, 2)), [0, 0, 0]);
        assert_eq!(inside(9, 4, 1), 3);
    }

    #[test]
    fn tiles_suit_all_readers() {
        for width in 2..5000 {
            let size = tile_size(width);
            assert!(width % size != 1 && width != 2 * size && size.is_multiple_of(16), "{width}");
        }
    }

    #[test]
    fn tiles_hold_the_picture() {
        let plane = Plane::from_fn(300, 257, |x, y| (x * 37 + y * 1001) as u16);
        let tiles = compress(&plane, true);
        assert_eq!(tiles.len(), 4);
        for (i, tile) in tiles.iter().enumerate() {
            let mut samples = Vec::new();
            crate::ljpeg::decode(tile, &mut samples, 256 * 256, false).unwrap();
            let (left, top) = (i % 2 * 256, i / 2 * 256);
            for y in 0..256.min(257 - top) {
                for x in 0..256.min(300 - left) {
                    assert_eq!(samples[y * 256 + x], plane.get(left + x, top + y));
                }
            }
        }
    }
}
