//! Noise reduction that knows how much noise there is.
//!
//! The noise model and the number of frames merged at each place tell the variance of every pixel; nothing above the
//! noise is touched. Colours are white balanced and taken to a square-root scale, where noise is nearly the same
//! everywhere, and to luma and chroma. Overlapping 8x8 blocks are transformed (cosine transform) and each frequency
//! is scaled by `max(0, 1 - (k noise / energy)²)`, with its energy averaged over neighbouring frequencies and k lower
//! where a block shows structure and along the axes, where edges lie; chroma is
//! asked to stand out more where luma shows nothing. Of what is taken out of luma a little comes back as grain, so that
//! surfaces are not plastic and eight bits show no steps. The same is done before on means of 4x4 pixels, which reaches
//! noise of up to 64 pixels' length. Where noise is strong, edges get back what they lost, averaged along them.
//!
//! Run it before camera colours are mixed by a matrix and before lens shading is corrected: the noise of the channels
//! is then independent, and what the model says.

mod coarse;
mod shrink;
mod spectrum;
mod tile;

pub use spectrum::NoiseSpectrum;

use crate::DevelopError;
use crate::executor::{Rows, RowsMut, Stage};
use crate::root_scale::Scale;
use calotype_image::edges::{self, Edges, GREY, Gate};
use calotype_image::{Camera, CameraRgb, NoiseModel, Plane, mirror};
use fearless_simd::{Level, dispatch};
use shrink::{Shrinkage, Size};
use tile::{HELD, Parts, STRIP, Smoothing, Tile};

/// How strongly noise is reduced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DenoiseSettings {
    /// Luma: 0 keeps all grain, 1 removes what is below twice the noise, more removes more.
    pub luma: f32,
    /// Chroma: 0 keeps all, 1 is tuned to leave no coloured noise.
    pub chroma: f32,
}

impl Default for DenoiseSettings {
    fn default() -> Self {
        Self { luma: 1.0, chroma: 1.0 }
    }
}

/// What is known about the noise of a merged picture.
#[derive(Clone, Copy, Debug)]
pub struct PictureNoise<'a> {
    /// Noise of one sample of one frame.
    pub single: NoiseModel,
    /// How many frames each place was merged from (at least 1): a small picture of the whole, one value for every
    /// block of pixels. `None` for a single frame.
    pub frames: Option<&'a Plane<f32>>,
    /// How noise is spread over frequencies.
    pub spectrum: &'a NoiseSpectrum,
}

/// Noise reduction of one picture.
#[derive(Debug)]
pub struct Denoise<'a> {
    scale: Scale,
    shrinkage: Shrinkage,
    correction: [Plane<f32>; 3],
    frames: FramesMap<'a>,
    /// Share of what edges lost that they get back, and the variance of a pixel's luma at luma y, of one frame, as
    /// `a + b / y^2`.
    edges: f32,
    pixel_variance: (f32, f32),
    /// There is no noise: everything stays as it is, below black too, where the root knows nothing.
    nothing_to_do: bool,
}

impl<'a> Denoise<'a> {
    /// Finds the coarse noise of `picture`, and keeps what the stage needs. `white_balance`: gains that make neutral
    /// objects grey.
    ///
    /// Memory: six planes of a quarter of the width and height while it runs, three kept.
    ///
    /// # Errors
    /// [`DevelopError::Parameter`] for negative strengths, gains that are not positive, or an empty frames map.
    pub fn prepare(
        picture: &CameraRgb,
        white_balance: [f32; 3],
        noise: PictureNoise<'a>,
        settings: DenoiseSettings,
    ) -> Result<Self, DevelopError> {
        crate::demosaic::check_gains(white_balance)?;
        for (name, value) in [("luma noise reduction", settings.luma), ("chroma noise reduction", settings.chroma)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(DevelopError::Parameter { name, value: value.into(), expected: "a number from 0" });
            }
        }
        if noise.frames.is_some_and(Plane::is_empty) {
            return Err(DevelopError::Parameter {
                name: "frames map size",
                value: 0.0,
                expected: "at least one value",
            });
        }
        let scale = Scale::new(&noise.single, white_balance);
        let frames = FramesMap { plane: noise.frames, width: picture.width(), height: picture.height() };
        let shrinkage = |size| Shrinkage::new(noise.spectrum, size, settings.luma, settings.chroma);
        let nothing_to_do = noise.single.shot.iter().chain(&noise.single.read).all(|v| *v <= 0.0);
        let correction = if picture.planes[0].is_empty() || nothing_to_do {
            [(); 3].map(|()| Plane::new(0, 0))
        } else {
            coarse::correction(picture, &scale, &shrinkage(Size::Coarse), &frames)
        };
        let (shot, read) = scale.variance[0];
        let each = noise.spectrum.luma_share();
        let pixel_variance = (shot * each, read * each);
        let grey = (pixel_variance.0 + pixel_variance.1 / (GREY + scale.offset)) * frames.mean_inverse();
        let edges = edges::share(grey.max(0.0).sqrt()) * settings.luma.min(1.0);
        let shrinkage = shrinkage(Size::Fine);
        Ok(Self { scale, shrinkage, correction, frames, edges, pixel_variance, nothing_to_do })
    }
}

impl Denoise<'_> {
    /// The variance of the noise of row `y`, given its luma.
    #[inline(always)]
    fn variance_row(&self, y: usize, luma: &[f32], out: &mut [f32]) {
        let (a, b) = self.pixel_variance;
        self.frames.inverse_row(y as isize, 0, 1, out);
        for (v, luma) in out.iter_mut().zip(luma) {
            let root = luma.max(1e-3);
            *v *= a + b / (root * root);
        }
    }
}

impl Stage for Denoise<'_> {
    type In = Camera;
    type Out = Camera;
    const BORDER: usize = 7 + Edges::ROWS;

    fn run(&self, input: &Rows<'_, Camera>, output: &mut RowsMut<'_, Camera>) {
        let smoothing = Smoothing {
            shrinkage: &self.shrinkage,
            variance: self.scale.variance,
            floor: 0.25 * self.scale.offset,
            correction: Some(&self.correction),
        };
        let (top, bottom) = (output.top(), output.bottom());
        if self.nothing_to_do {
            for y in top..bottom {
                for (out, source) in output.row_mut(y).into_iter().zip(input.row(y as isize)) {
                    out.copy_from_slice(source);
                }
            }
            return;
        }
        let level = Level::new();
        let mut tile = Tile::new();
        let mut edges = (self.edges > 0.0).then(|| {
            let (first, end) = (top.saturating_sub(Edges::ROWS), (bottom + Edges::ROWS).min(input.height()));
            Edges::new(EDGE, input.width(), first, end)
        });
        let (first, end) = edges.as_ref().map_or((top, bottom), Edges::rows);
        for left in (0..input.width()).step_by(STRIP) {
            let mut io = Full { stage: self, input, output, edges: edges.as_mut(), line: vec![0.0; HELD] };
            dispatch!(level, simd => tile.run(simd, &smoothing, left, first, end, &mut io));
        }
        let Some(mut edges) = edges else { return };
        dispatch!(level, _simd => edges.average(
            (top, bottom),
            |y, luma, variance| self.variance_row(y, luma, variance),
            |y, luma| self.scale.add(luma, self.edges, output.row_mut(y)),
        ));
    }
}

/// The full picture as rows.
struct Full<'a, 'b, 'c> {
    stage: &'a Denoise<'a>,
    input: &'a Rows<'b, Camera>,
    output: &'a mut RowsMut<'c, Camera>,
    edges: Option<&'a mut Edges>,
    line: Vec<f32>,
}

impl tile::Rows for Full<'_, '_, '_> {
    #[inline(always)]
    fn load(&mut self, y: isize, left: usize, row: &mut [Vec<f32>; 3]) {
        for (line, source) in row.iter_mut().zip(self.input.row(y)) {
            mirrored(source, left as isize - 4, &mut line[..HELD]);
        }
        self.stage.scale.encode(row);
    }

    #[inline(always)]
    fn store(&mut self, y: usize, left: usize, row: [&[f32]; 3], removed: &[f32], noisy: Parts<'_>) {
        let end = (left + STRIP).min(self.input.width());
        if let Some(edges) = &mut self.edges {
            dispatch!(Level::new(), simd => noisy.join(simd, &mut self.line));
            let [luma, taken] = edges.row_mut(y, left, end - left);
            luma.copy_from_slice(&row[0][4..][..end - left]);
            taken
                .iter_mut()
                .zip(self.line[4..].iter().zip(&*luma))
                .for_each(|(t, (noisy, smooth))| *t = noisy - smooth);
        }
        if !(self.output.top()..self.output.bottom()).contains(&y) {
            return;
        }
        let out = self.output.row_mut(y).map(|r| &mut r[left..end]);
        self.stage.scale.decode(row.map(|r| &r[4..]), &removed[4..], out);
    }

    #[inline(always)]
    fn inverse_frames(&self, k: isize, left: usize, out: &mut [f32]) {
        self.stage.frames.inverse_row(4 * k, left as isize, 4, out);
    }
}

/// What gets back what noise reduction took. Chosen on simulated bursts: edges of low contrast gain slope, flat parts no
/// noise.
const EDGE: Gate = Gate { coherent: (0.90, 0.95), steep: 1.0 };

/// Numbers of merged frames, by place in the picture.
#[derive(Clone, Copy, Debug)]
struct FramesMap<'a> {
    plane: Option<&'a Plane<f32>>,
    width: usize,
    height: usize,
}

impl FramesMap<'_> {
    /// One over the number of frames, in the mean over the picture.
    fn mean_inverse(&self) -> f32 {
        self.plane.map_or(1.0, |p| p.data().iter().map(|n| 1.0 / n.max(1.0)).sum::<f32>() / p.data().len() as f32)
    }

    /// One over the numbers of frames at row `y` and the columns `x`, `x + step`...; outside: as at the edge.
    fn inverse_row(&self, y: isize, x: isize, step: usize, out: &mut [f32]) {
        let Some(map) = self.plane else {
            out.fill(1.0);
            return;
        };
        let at = |i: isize, n: usize, cells: usize| (i.clamp(0, n as isize - 1) as usize * cells / n).min(cells - 1);
        let row = map.row(at(y, self.height, map.height()));
        for (i, v) in out.iter_mut().enumerate() {
            let n = row[at(x + (i * step) as isize, self.width, row.len())];
            *v = if n >= 1.0 { 1.0 / n } else { 1.0 };
        }
    }
}

/// Fills `out` with the samples of `row` from place `from` on, mirrored about the first and the last.
#[inline(always)]
fn mirrored(row: &[f32], from: isize, out: &mut [f32]) {
    let start = (-from).max(0) as usize;
    let end = (row.len() as isize - from).clamp(start as isize, out.len() as isize) as usize;
    if start < end {
        out[start..end].copy_from_slice(&row[(from + start as isize) as usize..][..end - start]);
    }
    for i in (0..start.min(out.len())).chain(end..out.len()) {
        out[i] = row[mirror(from + i as isize, row.len())];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Banded, assert_bands_agree};

    const GAINS: [f32; 3] = [2.0, 1.0, 1.5];

    /// A picture of `f` in white balanced colours with white noise of `noise`.
    fn noisy(width: usize, height: usize, noise: NoiseModel, f: impl Fn(usize, usize) -> [f32; 3]) -> CameraRgb {
        let mut state = 88_172_645_463_325_252u64;
        let mut uniform = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        CameraRgb::from_planes([0, 1, 2].map(|c| {
            Plane::from_fn(width, height, |x, y| {
                let v = f(x, y)[c] / GAINS[c];
                let normal = (0..12).map(|_| uniform()).sum::<f32>() - 6.0;
                v + normal * noise.variance(c, v).sqrt()
            })
        }))
    }

    fn denoised(picture: CameraRgb, noise: PictureNoise<'_>, luma: f32, chroma: f32) -> CameraRgb {
        let stage = Denoise::prepare(&picture, GAINS, noise, DenoiseSettings { luma, chroma }).unwrap();
        Banded::default().run(&stage, picture)
    }

    fn mean_and_variance(p: &CameraRgb, c: usize) -> (f64, f64) {
        let v = p.planes[c].data();
        let mean = v.iter().map(|&v| f64::from(v)).sum::<f64>() / v.len() as f64;
        (mean, v.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / v.len() as f64)
    }

    #[test]
    fn flat_noise_goes_and_the_mean_stays() {
        let single = NoiseModel::uniform(4e-3, 4e-5);
        let spectrum = NoiseSpectrum::white([1.0; 3]);
        for level in [0.0, 0.02, 0.3] {
            let before = noisy(200, 150, single, |_, _| [level; 3]);
            let noise = PictureNoise { single, frames: None, spectrum: &spectrum };
            let after = denoised(before.clone(), noise, 1.0, 1.0);
            for c in 0..3 {
                let ((_, vb), (mean, va)) = (mean_and_variance(&before, c), mean_and_variance(&after, c));
                assert!(va < 0.05 * vb, "level {level} colour {c}: {va} of {vb}");
                let error = mean - f64::from(level / GAINS[c]);
                assert!(error.abs() < 0.1 * vb.sqrt(), "level {level} colour {c}: off by {error}, noise {}", vb.sqrt());
            }
        }
    }

    /// Standard deviation of luma under the root in a flat field, before and after, in steps of 8 bits.
    fn grain_of(single: NoiseModel) -> (f64, f64) {
        let spectrum = NoiseSpectrum::white([1.0; 3]);
        let before = noisy(240, 160, single, |_, _| [0.25; 3]);
        let noise = PictureNoise { single, frames: None, spectrum: &spectrum };
        let after = denoised(before.clone(), noise, 1.0, 1.0);
        let deviation = |p: &CameraRgb| {
            let root = |x: usize, y: usize, c: usize| (GAINS[c] * p.get(x, y)[c]).max(0.0).sqrt();
            let luma = Plane::from_fn(240, 160, |x, y| 0.25 * (root(x, y, 0) + root(x, y, 2)) + 0.5 * root(x, y, 1));
            let same = CameraRgb::from_planes([luma.clone(), luma.clone(), luma]);
            255.0 * mean_and_variance(&same, 0).1.sqrt()
        };
        (deviation(&before), deviation(&after))
    }

    #[test]
    fn fine_noise_leaves_grain_and_strong_noise_little() {
        let (before, after) = grain_of(NoiseModel::uniform(4e-5, 1e-7));
        assert!(before < 1.0 && after > 0.2 * before && after < 0.4 * before, "{after} steps left of {before}");
        let (before, after) = grain_of(NoiseModel::uniform(2e-3, 1e-6));
        assert!(before > 3.5 && after < 0.12 * before, "{after} steps left of {before}");
    }

    #[test]
    fn more_frames_are_smoothed_less() {
        let single = NoiseModel::uniform(4e-3, 4e-5);
        let spectrum = NoiseSpectrum::white([1.0; 3]);
        // noise of one frame everywhere, but the map says that the right half holds 16
        let before = noisy(160, 96, single, |_, _| [0.2; 3]);
        let map = Plane::from_fn(20, 12, |x, _| if x < 10 { 1.0 } else { 16.0 });
        let after = denoised(before, PictureNoise { single, frames: Some(&map), spectrum: &spectrum }, 1.0, 1.0);
        let half = |x| {
            CameraRgb::from_planes(
                after.planes.clone().map(|p| p.crop(calotype_image::Rect { x, y: 0, width: 64, height: 96 })),
            )
        };
        assert!(mean_and_variance(&half(0), 1).1 < 0.1 * mean_and_variance(&half(96), 1).1);
    }

    #[test]
    fn what_stands_above_the_noise_stays() {
        let single = NoiseModel::uniform(1e-5, 1e-8);
        let spectrum = NoiseSpectrum::white([1.0; 3]);
        let f = |x: usize, y: usize| {
            let v = if (x / 3 + y / 5).is_multiple_of(2) { 0.1 } else { 0.5 };
            [v, 0.8 * v, 0.3 + 0.2 * v]
        };
        let before = noisy(120, 90, single, f);
        let after = denoised(before.clone(), PictureNoise { single, frames: None, spectrum: &spectrum }, 1.0, 1.0);
        let error = |p: &CameraRgb| {
            let mut sum = 0.0;
            for y in 0..90 {
                for x in 0..120 {
                    let v = p.get(x, y);
                    sum += (0..3).map(|c| f64::from(v[c] - f(x, y)[c] / GAINS[c]).powi(2)).sum::<f64>();
                }
            }
            sum
        };
        assert!(error(&after) < 1.02 * error(&before), "{} after {}", error(&after), error(&before));
    }

    #[test]
    fn strength_zero_and_no_noise_change_nothing() {
        let picture =
            noisy(50, 40, NoiseModel::uniform(1e-3, 1e-6), |x, y| [0.1 + 0.01 * x as f32, 0.2, 0.01 * y as f32]);
        let spectrum = NoiseSpectrum::demosaiced();
        for (single, strength) in [(NoiseModel::uniform(1e-3, 1e-6), 0.0), (NoiseModel::uniform(0.0, 0.0), 1.0)] {
            let noise = PictureNoise { single, frames: None, spectrum: &spectrum };
            let after = denoised(picture.clone(), noise, strength, strength);
            for c in 0..3 {
                for (a, b) in after.planes[c].data().iter().zip(picture.planes[c].data()) {
                    assert!((a - b).abs() < 1e-5, "{a} was {b}");
                }
            }
        }
    }

    #[test]
    fn bands_and_whole_agree() {
        let single = NoiseModel::uniform(1e-2, 1e-4);
        let spectrum = NoiseSpectrum::demosaiced();
        let map = Plane::from_fn(5, 3, |x, y| 1.0 + (x + y) as f32);
        assert_bands_agree(|picture| {
            let noise = PictureNoise { single, frames: Some(&map), spectrum: &spectrum };
            Denoise::prepare(picture, GAINS, noise, DenoiseSettings::default()).unwrap()
        });
        let wide = noisy(1100, 9, single, |x, _| [x as f32 / 1100.0; 3]);
        let noise = PictureNoise { single, frames: None, spectrum: &spectrum };
        let stage = Denoise::prepare(&wide, GAINS, noise, DenoiseSettings::default()).unwrap();
        assert_eq!(Banded { rows: 3 }.run(&stage, wide.clone()).planes, Banded { rows: 9 }.run(&stage, wide).planes);
    }

    #[test]
    fn bad_parameters_are_refused() {
        let picture = CameraRgb::new(4, 4);
        let spectrum = NoiseSpectrum::demosaiced();
        let noise = PictureNoise { single: NoiseModel::uniform(0.0, 0.0), frames: None, spectrum: &spectrum };
        assert!(Denoise::prepare(&picture, GAINS, noise, DenoiseSettings { luma: -1.0, chroma: 1.0 }).is_err());
        assert!(Denoise::prepare(&picture, [0.0, 1.0, 1.0], noise, DenoiseSettings::default()).is_err());
        let empty = Plane::new(0, 0);
        let noise = PictureNoise { frames: Some(&empty), ..noise };
        assert!(Denoise::prepare(&picture, GAINS, noise, DenoiseSettings::default()).is_err());
    }
}
