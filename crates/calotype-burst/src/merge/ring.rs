//! The rows of a strip that are still needed.

/// Rows of numbers as a strip is worked through from top to bottom: the last `DEPTH` of them, a power of two. They are
/// numbered like the picture's, which begin above its border.
#[derive(Debug, Default)]
pub(crate) struct Ring<const DEPTH: usize> {
    data: Vec<f32>,
    stride: usize,
}

impl<const DEPTH: usize> Ring<DEPTH> {
    /// Makes all rows `stride` numbers long; what they hold is left unspecified.
    pub fn reshape(&mut self, stride: usize) {
        self.stride = stride;
        self.data.resize(stride * DEPTH, 0.0);
    }

    #[inline(always)]
    pub fn row(&self, y: isize) -> &[f32] {
        &self.data[self.start(y)..][..self.stride]
    }

    #[inline(always)]
    pub fn row_mut(&mut self, y: isize) -> &mut [f32] {
        let start = self.start(y);
        &mut self.data[start..][..self.stride]
    }

    #[inline(always)]
    fn start(&self, y: isize) -> usize {
        y.rem_euclid(DEPTH as isize) as usize * self.stride
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rows_are_kept() {
        let mut ring = Ring::<4>::default();
        ring.reshape(3);
        for y in -5..9 {
            ring.row_mut(y).fill(y as f32);
            for above in (y - 3).max(-5)..=y {
                assert_eq!(ring.row(above), [above as f32; 3]);
            }
        }
    }
}
