//! All cores, in rows.
//!
//! Work is cut into bands of rows whose borders do not depend on the number of threads, so the result does not
//! either. Threads are those of the rayon pool in which the caller runs (`ThreadPool::install` to bring one).

use crate::Plane;
use rayon::prelude::*;

/// Rows of a plane, to be written by one thread.
#[derive(Debug)]
pub struct Band<'a, T> {
    data: &'a mut [T],
    width: usize,
    stride: usize,
    height: usize,
}

impl<T> Band<'_, T> {
    /// Samples in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows in the band.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Samples from the start of one row to the start of the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// All rows, `stride` samples each.
    pub fn data_mut(&mut self) -> &mut [T] {
        self.data
    }

    /// Row `y`, counted from the band's top.
    pub fn row_mut(&mut self, y: usize) -> &mut [T] {
        &mut self.data[y * self.stride..][..self.width]
    }

    /// Row `y`, counted from the band's top.
    pub fn row(&self, y: usize) -> &[T] {
        &self.data[y * self.stride..][..self.width]
    }
}

/// Cuts a plane into bands of `rows` rows (the last may be shorter), with the top row of each.
pub fn bands<T: Send>(plane: &mut Plane<T>, rows: usize) -> impl IndexedParallelIterator<Item = (usize, Band<'_, T>)> {
    let (width, stride, height) = (plane.width(), plane.stride().max(1), plane.height());
    let data = plane.data_mut();
    let used = if width == 0 { 0 } else { (stride * height).min(data.len()) };
    data[..used].par_chunks_mut(stride * rows.max(1)).enumerate().map(move |(i, data)| {
        let height = data.len().div_ceil(stride);
        (i * rows.max(1), Band { data, width, stride, height })
    })
}

/// Calls `f(top, band)` for every band of `rows` rows, on all cores.
pub fn bands_mut<T: Send>(plane: &mut Plane<T>, rows: usize, f: impl Fn(usize, Band<'_, T>) + Sync) {
    bands(plane, rows).for_each(|(top, band)| f(top, band));
}

/// Calls `f(top, [red, green, blue])` for the same bands of three planes of one size, on all cores.
pub fn bands3_mut<T: Send>(planes: &mut [Plane<T>; 3], rows: usize, f: impl Fn(usize, [Band<'_, T>; 3]) + Sync) {
    let [r, g, b] = planes;
    bands(r, rows).zip(bands(g, rows)).zip(bands(b, rows)).for_each(|(((top, r), (_, g)), (_, b))| f(top, [r, g, b]));
}

/// Like [`bands3_mut`], for rows `rows.start..rows.end` only; `top` counts from the picture's first row.
pub fn rows3_mut<T: Send>(
    planes: &mut [Plane<T>; 3],
    rows: std::ops::Range<usize>,
    band: usize,
    f: impl Fn(usize, [Band<'_, T>; 3]) + Sync,
) {
    let [r, g, b] = planes;
    let pieces = [r, g, b].map(|p| {
        let (width, stride, range) = {
            let (width, stride) = (p.width(), p.stride().max(1));
            let end = (rows.end * stride).min(p.data().len());
            (width, stride, (rows.start * stride).min(end)..end)
        };
        p.data_mut()[range].par_chunks_mut(stride * band.max(1)).map(move |data| {
            let height = data.len().div_ceil(stride);
            Band { data, width, stride, height }
        })
    });
    let [r, g, b] = pieces;
    r.zip(g).zip(b).enumerate().for_each(|(i, ((r, g), b))| f(rows.start + i * band.max(1), [r, g, b]));
}

/// Calls `f(i)` for every i below `count`, on all cores, and gathers the results in order.
pub fn map<R: Send>(count: usize, f: impl Fn(usize) -> R + Sync + Send) -> Vec<R> {
    (0..count).into_par_iter().map(f).collect()
}

/// Calls `f(i, item, scratch)` for every item, on all cores; each thread makes its own `scratch` and keeps it from
/// one item to the next.
pub fn items_mut<T: Send, S>(
    items: &mut [T],
    scratch: impl Fn() -> S + Sync + Send,
    f: impl Fn(usize, &mut T, &mut S) + Sync + Send,
) {
    items.par_iter_mut().enumerate().for_each_init(scratch, |scratch, (i, item)| f(i, item, scratch));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_every_row_once() {
        let mut p = Plane::<u32>::new(5, 17);
        bands_mut(&mut p, 4, |top, mut band| {
            for y in 0..band.height() {
                band.row_mut(y).iter_mut().for_each(|v| *v += (top + y) as u32 + 1);
            }
        });
        assert!((0..17).all(|y| p.row(y) == [y as u32 + 1; 5]));
    }

    #[test]
    fn items_are_visited_once() {
        let mut items = vec![0; 100];
        items_mut(&mut items, || 1, |i, item, one| *item += i + *one);
        assert!(items.iter().enumerate().all(|(i, &v)| v == i + 1));
    }

    #[test]
    fn empty_planes_have_no_bands() {
        bands_mut(&mut Plane::<u8>::new(0, 3), 4, |_, _| panic!("a band of nothing"));
        bands_mut(&mut Plane::<u8>::new(3, 0), 4, |_, _| panic!("a band of nothing"));
    }
}
