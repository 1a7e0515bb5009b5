//! Carries stages out: the whole picture at once (for tests), or in bands of rows on all cores, in place.

use calotype_image::par::{self, Band};
use calotype_image::{Domain, Plane, Rgb, mirror};
use std::marker::PhantomData;

/// One step of development: rows in, rows out, no hidden state.
pub trait Stage: Send + Sync {
    /// What the numbers read mean.
    type In: Domain;
    /// What the numbers written mean.
    type Out: Domain;
    /// Rows needed above and below the rows to be written.
    const BORDER: usize;
    /// Writes all rows of `output`.
    fn run(&self, input: &Rows<'_, Self::In>, output: &mut RowsMut<'_, Self::Out>);
}

/// A step that looks at one pixel at a time and therefore needs no copy.
pub trait PointStage: Send + Sync {
    /// What the numbers mean before.
    type In: Domain;
    /// What the numbers mean after.
    type Out: Domain;
    /// Changes one row; `y` is its place in the picture.
    fn run(&self, y: usize, row: [&mut [f32]; 3]);
}

/// A stage and a point stage as one, so that the rows are still in the cache for the second.
#[derive(Clone, Copy, Debug)]
pub struct Then<A, B>(pub A, pub B);

impl<A: Stage, B: PointStage<In = A::Out>> Stage for Then<A, B> {
    type In = A::In;
    type Out = B::Out;
    const BORDER: usize = A::BORDER;

    fn run(&self, input: &Rows<'_, A::In>, output: &mut RowsMut<'_, B::Out>) {
        self.0.run(input, &mut output.reborrow());
        for y in output.top()..output.bottom() {
            self.1.run(y, output.row_mut(y));
        }
    }
}

/// The rows that a stage reads: those it writes, and its border.
#[derive(Debug)]
pub struct Rows<'a, D> {
    planes: [&'a [f32]; 3],
    width: usize,
    /// Picture row of the first row held.
    first: usize,
    /// Rows of the whole picture.
    height: usize,
    domain: PhantomData<D>,
}

impl<'a, D: Domain> Rows<'a, D> {
    /// Pixels in a row.
    #[inline(always)]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows of the whole picture.
    #[inline(always)]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Red, green and blue of picture row `y`, mirrored about the first and the last row where outside.
    #[inline(always)]
    pub fn row(&self, y: isize) -> [&'a [f32]; 3] {
        let at = (mirror(y, self.height) - self.first) * self.width;
        self.planes.map(|p| &p[at..][..self.width])
    }
}

/// The rows that a stage writes.
#[derive(Debug)]
pub struct RowsMut<'a, D> {
    planes: [&'a mut [f32]; 3],
    width: usize,
    stride: usize,
    top: usize,
    bottom: usize,
    domain: PhantomData<D>,
}

impl<D: Domain> RowsMut<'_, D> {
    /// The first picture row to be written.
    #[inline(always)]
    pub fn top(&self) -> usize {
        self.top
    }

    /// The row after the last to be written.
    #[inline(always)]
    pub fn bottom(&self) -> usize {
        self.bottom
    }

    /// Red, green and blue of picture row `y`.
    #[inline(always)]
    pub fn row_mut(&mut self, y: usize) -> [&mut [f32]; 3] {
        let at = (y - self.top) * self.stride;
        self.planes.each_mut().map(|p| &mut p[at..][..self.width])
    }

    /// The same rows in another domain.
    fn reborrow<E: Domain>(&mut self) -> RowsMut<'_, E> {
        let planes = self.planes.each_mut().map(|p| &mut **p);
        let (width, stride, top, bottom) = (self.width, self.stride, self.top, self.bottom);
        RowsMut { planes, width, stride, top, bottom, domain: PhantomData }
    }
}

/// The simple executor: one call for the whole picture, with a second picture for the result.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whole;

impl Whole {
    /// Carries out `stage`.
    pub fn run<S: Stage>(self, stage: &S, picture: &Rgb<S::In>) -> Rgb<S::Out> {
        let (width, height) = (picture.width(), picture.height());
        let mut out = Rgb::<S::Out>::new(width, height);
        if width == 0 || height == 0 {
            return out;
        }
        let copies = picture.planes.each_ref().map(|p| p.rows().flatten().copied().collect::<Vec<_>>());
        let planes = copies.each_ref().map(Vec::as_slice);
        let input = Rows { planes, width, first: 0, height, domain: PhantomData };
        let planes = out.planes.each_mut().map(Plane::data_mut);
        stage.run(&input, &mut RowsMut { planes, width, stride: width, top: 0, bottom: height, domain: PhantomData });
        out
    }
}

/// The executor that ships: bands of rows on all cores, each read from a small copy and written in place.
///
/// Extra memory: a band with its border per thread, and the borders of all bands, `2 BORDER / rows` of the picture.
#[derive(Clone, Copy, Debug)]
pub struct Banded {
    /// Rows of a band. The result does not depend on it.
    pub rows: usize,
}

impl Default for Banded {
    fn default() -> Self {
        Self { rows: 96 }
    }
}

impl Banded {
    /// Carries out `stage` in place.
    pub fn run<S: Stage>(self, stage: &S, picture: Rgb<S::In>) -> Rgb<S::Out> {
        let (width, height, border) = (picture.width(), picture.height(), S::BORDER);
        let mut planes = picture.planes;
        if width == 0 || height == 0 {
            return Rgb::from_planes(planes);
        }
        let rows = self.rows.max(1);
        let borders = planes.each_ref().map(|p| Borders::save(p, rows, border));
        par::bands3_mut(&mut planes, rows, |top, mut bands: [Band<'_, f32>; 3]| {
            let bottom = top + bands[0].height();
            let (first, end) = (top.saturating_sub(border), (bottom + border).min(height));
            let mut copies = [(); 3].map(|()| Vec::with_capacity((end - first) * width));
            for ((copy, band), saved) in copies.iter_mut().zip(&bands).zip(&borders) {
                for y in first..end {
                    let inside = y >= top && y < bottom;
                    copy.extend_from_slice(if inside { band.row(y - top) } else { saved.row(y) });
                }
            }
            let input = Rows { planes: copies.each_ref().map(|c| &c[..]), width, first, height, domain: PhantomData };
            let stride = bands[0].stride();
            let planes = bands.each_mut().map(Band::data_mut);
            stage.run(&input, &mut RowsMut { planes, width, stride, top, bottom, domain: PhantomData });
        });
        Rgb::from_planes(planes)
    }

    /// Carries out a point stage in place.
    pub fn run_points<P: PointStage>(self, stage: &P, picture: Rgb<P::In>) -> Rgb<P::Out> {
        let mut planes = picture.planes;
        par::bands3_mut(&mut planes, self.rows.max(1), |top, mut bands| {
            for y in 0..bands[0].height() {
                stage.run(top + y, bands.each_mut().map(|b| b.row_mut(y)));
            }
        });
        Rgb::from_planes(planes)
    }
}

/// Copies of the rows near the seams between bands, made before any band is written.
struct Borders {
    /// Rows near seam `i`, which lies above row `(i + 1) * band`.
    seams: Vec<Vec<f32>>,
    width: usize,
    band: usize,
    border: usize,
    height: usize,
}

impl Borders {
    fn save(plane: &Plane<f32>, band: usize, border: usize) -> Self {
        let (width, height) = (plane.width(), plane.height());
        let mut borders = Self { seams: Vec::new(), width, band, border, height };
        if border > 0 {
            borders.seams = (1..height.div_ceil(band))
                .map(|i| {
                    let (first, end) = borders.range(i * band);
                    (first..end).flat_map(|y| plane.row(y)).copied().collect()
                })
                .collect();
        }
        borders
    }

    fn range(&self, seam: usize) -> (usize, usize) {
        (seam.saturating_sub(self.border), (seam + self.border).min(self.height))
    }

    /// Row `y`, which must lie within `border` rows of a seam.
    fn row(&self, y: usize) -> &[f32] {
        let nearest = ((y + self.band / 2) / self.band).clamp(1, self.seams.len().max(1));
        let found = [nearest, nearest.saturating_sub(1), nearest + 1].into_iter().find(|&i| {
            let (first, end) = self.range(i * self.band);
            i >= 1 && i <= self.seams.len() && y >= first && y < end
        });
        let seam = found.unwrap_or(nearest);
        let (first, _) = self.range(seam * self.band);
        &self.seams[seam - 1][(y - first) * self.width..][..self.width]
    }
}

/// Checks that `stage` gives the same answer in one piece and in bands, over sizes down to one pixel.
///
/// `make` builds the stage for a picture of a given size; pictures are filled with repeatable noise in -0.1 to 1.3.
#[cfg(test)]
pub(crate) fn assert_bands_agree<S: Stage>(make: impl Fn(&Rgb<S::In>) -> S) {
    for (w, h) in [(1, 1), (1, 7), (7, 1), (2, 3), (16, 16), (33, 70), (61, 129), (130, 47)] {
        let mut state = 88_172_645_463_325_252u64 + (w * 1000 + h) as u64;
        let picture = Rgb::<S::In>::from_planes([(); 3].map(|()| {
            Plane::from_fn(w, h, |_, _| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as f32 / (1u64 << 24) as f32 * 1.4 - 0.1
            })
        }));
        let stage = make(&picture);
        let whole = Whole.run(&stage, &picture);
        for rows in [1, 5, 16, 64] {
            let banded = Banded { rows }.run(&stage, Rgb::from_planes(picture.planes.clone()));
            assert_eq!(whole.planes, banded.planes, "{w}x{h} in bands of {rows}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{Camera, Scene};

    /// The sum over three rows, to see that borders are right.
    struct Blur;
    impl Stage for Blur {
        type In = Camera;
        type Out = Camera;
        const BORDER: usize = 3;
        fn run(&self, input: &Rows<'_, Camera>, output: &mut RowsMut<'_, Camera>) {
            for y in output.top()..output.bottom() {
                let (above, below) = (input.row(y as isize - 3), input.row(y as isize + 3));
                for (c, row) in output.row_mut(y).into_iter().enumerate() {
                    for (x, v) in row.iter_mut().enumerate() {
                        *v = above[c][x] + 2.0 * below[c][x];
                    }
                }
            }
        }
    }

    struct AddRow;
    impl PointStage for AddRow {
        type In = Camera;
        type Out = Scene;
        fn run(&self, y: usize, row: [&mut [f32]; 3]) {
            row.into_iter().flatten().for_each(|v| *v += y as f32);
        }
    }

    #[test]
    fn bands_and_whole_agree() {
        assert_bands_agree(|_| Blur);
        assert_bands_agree(|_| Then(Blur, AddRow));
    }

    #[test]
    fn borders_are_mirrored() {
        let picture = Rgb::<Camera>::from_planes([(); 3].map(|()| Plane::from_fn(1, 5, |_, y| y as f32)));
        let out = Banded { rows: 2 }.run(&Blur, picture.clone());
        assert_eq!(out.planes[0].data(), [9.0, 10.0, 7.0, 4.0, 3.0]);
        let out = Banded::default().run_points(&AddRow, picture);
        assert_eq!(out.planes[2].data(), [0.0, 2.0, 4.0, 6.0, 8.0]);
    }

    #[test]
    fn nothing_stays_nothing() {
        for (w, h) in [(0, 0), (0, 4), (4, 0)] {
            let out = Banded::default().run(&Then(Blur, AddRow), Rgb::new(w, h));
            assert_eq!((out.width(), out.height()), (w, h));
            assert_eq!(Whole.run(&Blur, &Rgb::new(w, h)).width(), w);
        }
    }
}
