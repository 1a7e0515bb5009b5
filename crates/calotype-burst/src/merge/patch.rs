//! A rectangle of one frame, converted for the merge, and where reference pixels are found in it.

use super::runs::{Run, cut};

/// Numbers handled at once. Kernels work on whole groups from the start of every run on and keep what lies beyond its end
/// out of the result: rows of places, weights and sums are therefore this much longer than what they hold.
pub(crate) const LANES: usize = 16;
/// A group and its neighbours on both sides.
pub(crate) const WIDE: usize = LANES + 2;

/// A rectangle of numbers at a place of a frame that may reach beyond its borders.
#[derive(Default)]
pub(crate) struct Patch {
    pub x0: isize,
    pub y0: isize,
    pub width: usize,
    pub height: usize,
    pub data: Vec<f32>,
}

impl Patch {
    /// Takes on a place and a size; what it holds is left unspecified.
    pub fn reshape(&mut self, x0: isize, y0: isize, width: usize, height: usize) {
        (self.x0, self.y0, self.width, self.height) = (x0, y0, width, height);
        self.data.resize(width * height + WIDE + LANES, 0.0);
    }

    pub fn row(&self, y: usize) -> &[f32] {
        &self.data[y * self.width..][..self.width]
    }

    pub fn row_mut(&mut self, y: usize) -> &mut [f32] {
        &mut self.data[y * self.width..][..self.width]
    }

    /// The three rows around frame row `row`, from the column before `x` on, for `n` places and the group that the last one
    /// is in; `None` where they leave the patch.
    #[inline(always)]
    pub fn three(&self, row: i32, x: i32, n: usize) -> Option<[&[f32]; 3]> {
        let y = row as isize - 1 - self.y0;
        let x = x as isize - 1 - self.x0;
        if y < 0 || x < 0 || y as usize + 3 > self.height || x as usize + n + 2 > self.width {
            return None;
        }
        let (first, n) = (y as usize * self.width + x as usize, n.next_multiple_of(LANES) + 2);
        let [a, b, c] = [0, 1, 2].map(|j| first + j * self.width);
        Some([&self.data[a..a + n], &self.data[b..b + n], &self.data[c..c + n]])
    }
}

/// Where a row of reference pixels is found, with its runs; buffers are reused from row to row.
#[derive(Default)]
pub(crate) struct Places {
    pub xs: Vec<f32>,
    pub ys: Vec<f32>,
    pub runs: Vec<Run>,
}

impl Places {
    /// Makes room for `n` places.
    pub fn resize(&mut self, n: usize) {
        self.xs.resize(n + LANES, 0.0);
        self.ys.resize(n + LANES, 0.0);
    }

    /// Finds the runs of the first `n` places, which are linear between every `step`-th one from the place `first` on.
    pub fn cut(&mut self, n: usize, first: usize, step: usize) {
        cut(&self.xs, &self.ys, n, (first, step), &mut self.runs);
    }
}
