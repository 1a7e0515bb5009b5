//! A rectangle of samples of one kind.

/// A row-major rectangle of samples, `stride` samples from one row to the next.
///
/// Zero-sized planes are allowed; rows of a zero-width plane are empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane<T> {
    width: usize,
    height: usize,
    stride: usize,
    data: Vec<T>,
}

impl<T: Copy + Default> Plane<T> {
    /// A plane of `T::default()`.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, stride: width, data: vec![T::default(); width * height] }
    }

    /// A plane of one value.
    pub fn filled(width: usize, height: usize, value: T) -> Self {
        Self { width, height, stride: width, data: vec![value; width * height] }
    }

    /// A plane from `width * height` samples in row order; `None` where the count is another.
    pub fn from_vec(width: usize, height: usize, data: Vec<T>) -> Option<Self> {
        (width.checked_mul(height)? == data.len()).then_some(Self { width, height, stride: width, data })
    }

    /// A plane whose sample at (x, y) is `f(x, y)`.
    pub fn from_fn(width: usize, height: usize, mut f: impl FnMut(usize, usize) -> T) -> Self {
        let mut plane = Self::new(width, height);
        for y in 0..height {
            for (x, v) in plane.row_mut(y).iter_mut().enumerate() {
                *v = f(x, y);
            }
        }
        plane
    }

    /// The sample at (x, y), the nearest one where the place is outside. Panics on an empty plane.
    pub fn clamped(&self, x: isize, y: isize) -> T {
        let x = x.clamp(0, self.width as isize - 1) as usize;
        let y = y.clamp(0, self.height as isize - 1) as usize;
        self.data[y * self.stride + x]
    }

    /// The part inside `rect`, copied. Panics where `rect` leaves the plane.
    pub fn crop(&self, rect: crate::Rect) -> Self {
        let mut out = Self::new(rect.width, rect.height);
        for y in 0..rect.height {
            out.row_mut(y).copy_from_slice(&self.row(rect.y + y)[rect.x..rect.x + rect.width]);
        }
        out
    }
}

impl<T> Plane<T> {
    /// Samples in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Samples from the start of one row to the start of the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// True where there is no sample.
    pub fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Row `y`, `width` samples. Panics where `y` is not below the height.
    pub fn row(&self, y: usize) -> &[T] {
        &self.data[y * self.stride..][..self.width]
    }

    /// Row `y`, to be written.
    pub fn row_mut(&mut self, y: usize) -> &mut [T] {
        &mut self.data[y * self.stride..][..self.width]
    }

    /// All rows from the top.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &[T]> + ExactSizeIterator {
        (0..self.height).map(|y| self.row(y))
    }

    /// All samples, `stride` to a row.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// All samples, to be written.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// The samples in row order, without the plane.
    pub fn into_vec(self) -> Vec<T> {
        self.data
    }
}

impl<T: Copy> Plane<T> {
    /// The sample at (x, y). Panics outside.
    pub fn get(&self, x: usize, y: usize) -> T {
        debug_assert!(x < self.width);
        self.data[y * self.stride + x]
    }
}

/// The place of `i` in `0..n` when the picture is mirrored about its outermost pixels, so that the colours of a Bayer array
/// go on in turn; 0 for a single pixel.
#[inline(always)]
pub fn mirror(i: isize, n: usize) -> usize {
    if (i as usize) < n {
        return i as usize;
    }
    if n < 2 {
        return 0;
    }
    let period = 2 * (n as isize - 1);
    let m = i.rem_euclid(period);
    m.min(period - m) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_hold_what_was_written() {
        let p = Plane::from_fn(3, 2, |x, y| (10 * y + x) as u16);
        assert_eq!(p.row(1), [10, 11, 12]);
        assert_eq!(p.rows().count(), 2);
        assert_eq!(p.clamped(-4, 9), 10);
        assert_eq!(p.crop(crate::Rect { x: 1, y: 0, width: 2, height: 2 }).row(1), [11, 12]);
    }

    #[test]
    fn mirrored_places_keep_their_colour() {
        for n in 2..19 {
            for i in -40..60isize {
                let m = mirror(i, n);
                assert!(m < n && (m as isize - i) % 2 == 0, "{i} in {n} went to {m}");
            }
        }
        assert_eq!([mirror(-1, 5), mirror(5, 5), mirror(-3, 1), mirror(7, 1)], [1, 3, 0, 0]);
    }

    #[test]
    fn from_vec_refuses_a_wrong_count() {
        assert!(Plane::from_vec(2, 2, vec![0u8; 3]).is_none());
        assert!(Plane::from_vec(usize::MAX, 2, vec![0u8; 3]).is_none());
    }
}
