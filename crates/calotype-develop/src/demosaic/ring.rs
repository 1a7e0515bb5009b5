//! A few rows of half a picture's columns, the newest replacing the oldest.

/// Samples beyond either end of a row that may be read.
pub(super) const PAD: usize = 8;

/// The last `DEPTH` rows of one quantity, at every other column.
///
/// Splitting columns by parity makes neighbours of one colour neighbours in memory.
pub(super) struct Ring<const DEPTH: usize> {
    data: Vec<f32>,
    stride: usize,
}

impl<const DEPTH: usize> Ring<DEPTH> {
    /// Rows of `len` samples and [`PAD`] on either side.
    pub(super) fn new(len: usize) -> Self {
        const { assert!(DEPTH.is_power_of_two()) };
        let stride = (len + 2 * PAD).next_multiple_of(16);
        Self { data: vec![0.0; DEPTH * stride], stride }
    }

    /// Row `y` with its padding; it must be one of the last `DEPTH` written.
    #[inline(always)]
    pub(super) fn row(&self, y: isize) -> &[f32] {
        let slot = y as usize & (DEPTH - 1);
        &self.data[slot * self.stride..][..self.stride]
    }

    /// Row `y` with its padding, to be written.
    #[inline(always)]
    pub(super) fn row_mut(&mut self, y: isize) -> &mut [f32] {
        let slot = y as usize & (DEPTH - 1);
        &mut self.data[slot * self.stride..][..self.stride]
    }
}
