//! Finished pictures, and where the writers take their rows from.

/// A source of rows of red, green and blue samples, encoded for display (not linear).
///
/// Writers ask for rows band by band, from several threads, so no full-size copy is needed: the linear
/// [`calotype_image::DisplayRgb`] is a source of `u8`, `u16` and `f32` (0 to 1) rows, as are [`Rgb8`] of `u8` and
/// `f32`, and [`Rgb16`] of `u16` and `f32`.
pub trait Rows<T>: Sync {
    /// Pixels in a row.
    fn width(&self) -> usize;
    /// Rows.
    fn height(&self) -> usize;
    /// Writes the pixels of row `y` from `x` on into three slices of one length. `x` is a multiple of 64.
    fn fill(&self, x: usize, y: usize, out: [&mut [T]; 3]);
}

/// Red, green, blue, red… in row order without gaps: `width * height * 3` samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interleaved<T> {
    width: usize,
    height: usize,
    data: Vec<T>,
}

/// 8 bit per sample, encoded for display.
pub type Rgb8 = Interleaved<u8>;
/// 16 bit per sample, encoded for display, 65535 is white.
pub type Rgb16 = Interleaved<u16>;

impl<T: Copy + Default + Send + Sync> Interleaved<T> {
    /// A picture of `width * height * 3` samples; `None` where the count is another.
    pub fn from_vec(width: usize, height: usize, data: Vec<T>) -> Option<Self> {
        (width.checked_mul(height)?.checked_mul(3)? == data.len()).then_some(Self { width, height, data })
    }

    /// A black picture.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, data: vec![T::default(); width * height * 3] }
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All samples.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// All samples, to be written.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// Row `y`, `3 * width` samples.
    pub fn row(&self, y: usize) -> &[T] {
        &self.data[y * self.width * 3..][..self.width * 3]
    }

    /// The pixel at (x, y).
    pub fn get(&self, x: usize, y: usize) -> [T; 3] {
        let p = &self.row(y)[3 * x..3 * x + 3];
        [p[0], p[1], p[2]]
    }
}

impl<T: Copy + Default + Send + Sync> Rows<T> for Interleaved<T> {
    fn width(&self) -> usize {
        self.width
    }

    fn height(&self) -> usize {
        self.height
    }

    fn fill(&self, x: usize, y: usize, [red, green, blue]: [&mut [T]; 3]) {
        let n = red.len();
        let (green, blue) = (&mut green[..n], &mut blue[..n]);
        let pixels = &self.row(y)[3 * x..][..3 * n];
        for i in 0..n {
            red[i] = pixels[3 * i];
            green[i] = pixels[3 * i + 1];
            blue[i] = pixels[3 * i + 2];
        }
    }
}

/// Rows of 0 to 1 from integers.
macro_rules! float_rows {
    ($sample:ty) => {
        impl Rows<f32> for Interleaved<$sample> {
            fn width(&self) -> usize {
                self.width
            }

            fn height(&self) -> usize {
                self.height
            }

            fn fill(&self, x: usize, y: usize, [red, green, blue]: [&mut [f32]; 3]) {
                const UNIT: f32 = 1.0 / <$sample>::MAX as f32;
                let n = red.len();
                let (green, blue) = (&mut green[..n], &mut blue[..n]);
                let pixels = &self.row(y)[3 * x..][..3 * n];
                for i in 0..n {
                    red[i] = f32::from(pixels[3 * i]) * UNIT;
                    green[i] = f32::from(pixels[3 * i + 1]) * UNIT;
                    blue[i] = f32::from(pixels[3 * i + 2]) * UNIT;
                }
            }
        }
    };
}

float_rows!(u8);
float_rows!(u16);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_sizes_agree() {
        let p = Rgb8::from_vec(2, 1, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!((p.width(), p.height(), p.get(1, 0)), (2, 1, [4, 5, 6]));
        assert!(Rgb8::from_vec(2, 1, vec![0; 5]).is_none());
    }
}
