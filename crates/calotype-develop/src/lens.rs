//! Lens corrections: distortion, lateral colour and falloff, as the file describes them.
//!
//! Where to look for the light of each pixel comes from [`LensCorrection`], evaluated on a grid and interpolated; the
//! picture is resampled with a Lanczos kernel of three lobes, held near the values around so that high contrasts do
//! not ring. A plane that nothing moves is not resampled, only brightened.

use calotype_image::{Domain, LensCorrection, Plane, Rgb, par};
use fearless_simd::{Level, dispatch, f32x8, prelude::*};

/// Most pixels between nodes of the grid, and least nodes along the longer side. Interpolating a distortion of
/// 10 percent over 16 of 5000 pixels errs by less than 0.01 pixels (second derivative times 16²/8).
const CELL: usize = 16;
const NODES: usize = 64;
/// Phases of the resampling kernel: places are rounded to 1/128 pixel.
const PHASES: usize = 128;
/// Taps of the kernel; loads are [`LOAD`] wide.
const TAPS: usize = 6;
const LOAD: usize = 8;
/// Planes moved less than this, in pixels, are not resampled.
const STILL: f32 = 2e-3;
/// Rows that one thread makes at a time.
const BAND: usize = 32;

/// Corrections worked out for pictures of one size.
#[derive(Clone, Debug)]
pub struct LensWarp {
    width: usize,
    height: usize,
    planes: [PlaneGrid; 3],
    kernel: Box<[[f32; LOAD]; PHASES + 1]>,
}

/// Places to look at and gains of one colour plane, at the nodes of the grid.
#[derive(Clone, Debug)]
struct PlaneGrid {
    /// x, y (with pixel centres at whole numbers) and gain; node (i, j) is for the pixel (i, j) · cell.
    nodes: Plane<[f32; 3]>,
    cell: usize,
    moves: bool,
    brightens: bool,
}

impl LensWarp {
    /// Works the corrections out for a picture of `width` x `height`.
    pub fn new(correction: &LensCorrection, width: usize, height: usize) -> Self {
        Self::from_places(width, height, |c, x, y| correction.source_and_gain(c, x, y, width, height))
    }

    /// For a picture of `width` x `height`: `places(plane, x, y)` tells where to look for the light of a place of the
    /// corrected picture (pixels, centres at .5), and the gain of what is found there.
    pub fn from_places(
        width: usize,
        height: usize,
        places: impl Fn(usize, f32, f32) -> (f32, f32, f32) + Sync,
    ) -> Self {
        let planes = [0, 1, 2].map(|c| PlaneGrid::new(|x, y| places(c, x, y), width, height));
        Self { width, height, planes, kernel: lanczos() }
    }

    /// True where nothing changes.
    pub fn is_identity(&self) -> bool {
        self.planes.iter().all(|p| !p.moves && !p.brightens)
    }

    /// The largest gain, at least 1: noise grows by as much where the falloff is undone.
    pub fn max_gain(&self) -> f32 {
        self.planes.iter().flat_map(|p| p.nodes.data()).fold(1.0, |a, n| a.max(n[2]))
    }

    /// Corrects a picture. Pictures of another size than planned come back as they are. Beyond the picture's border
    /// its outermost pixels go on. One plane at a time is copied.
    pub fn apply<D: Domain>(&self, mut picture: Rgb<D>) -> Rgb<D> {
        if (picture.width(), picture.height()) != (self.width, self.height) {
            return picture;
        }
        for (plane, grid) in picture.planes.iter_mut().zip(&self.planes) {
            if grid.moves {
                *plane = self.resample(plane, grid);
            } else if grid.brightens {
                par::bands_mut(plane, BAND, |top, mut band| {
                    for y in 0..band.height() {
                        let line = grid.line(top + y);
                        for (i, part) in band.row_mut(y).chunks_mut(grid.cell).enumerate() {
                            let (from, step) = grid.cell_of(&line, i);
                            for (x, v) in part.iter_mut().enumerate() {
                                *v *= from[2] + x as f32 * step[2];
                            }
                        }
                    }
                });
            }
        }
        picture
    }

    /// For each pixel the value of a plane nearest to where the corrected picture's plane `plane` looks: for maps, whose
    /// values must not mix. A map of another size comes back as it is.
    pub fn nearest(&self, plane: usize, map: &Plane<f32>) -> Plane<f32> {
        if (map.width(), map.height()) != (self.width, self.height) {
            return map.clone();
        }
        let grid = &self.planes[plane];
        let mut out = Plane::<f32>::new(self.width, self.height);
        par::bands_mut(&mut out, BAND, |top, mut band| {
            for y in 0..band.height() {
                let line = grid.line(top + y);
                for (i, part) in band.row_mut(y).chunks_mut(grid.cell).enumerate() {
                    let (from, step) = grid.cell_of(&line, i);
                    for (x, v) in part.iter_mut().enumerate() {
                        let at = |k: usize| (from[k] + x as f32 * step[k]).round() as isize;
                        *v = map.clamped(at(0), at(1));
                    }
                }
            }
        });
        out
    }

    fn resample(&self, source: &Plane<f32>, grid: &PlaneGrid) -> Plane<f32> {
        let mut out = Plane::<f32>::new(self.width, self.height);
        let level = Level::new();
        par::bands_mut(&mut out, BAND, |top, mut band| {
            for y in 0..band.height() {
                let line = grid.line(top + y);
                for (i, part) in band.row_mut(y).chunks_mut(grid.cell).enumerate() {
                    let (from, step) = grid.cell_of(&line, i);
                    dispatch!(level, simd => resample_cell(simd, source, &self.kernel, from, step, part));
                }
            }
        });
        out
    }
}

impl PlaneGrid {
    fn new(places: impl Fn(f32, f32) -> (f32, f32, f32) + Sync, width: usize, height: usize) -> Self {
        if width == 0 || height == 0 {
            return Self { nodes: Plane::new(0, 0), cell: CELL, moves: false, brightens: false };
        }
        let cell = (width.max(height) / NODES).clamp(2, CELL);
        let across = width.div_ceil(cell) + 1;
        let rows = par::map(height.div_ceil(cell) + 1, |j| {
            let node = |i: usize| {
                let (x, y) = ((i * cell) as f32, (j * cell) as f32);
                let (sx, sy, gain) = places(x + 0.5, y + 0.5);
                let finite = sx.is_finite() && sy.is_finite() && gain.is_finite();
                // far outside is as good as farther outside
                let near = |v: f32, size: usize| (v - 0.5).clamp(-1e5, size as f32 + 1e5);
                if finite { [near(sx, width), near(sy, height), gain.max(0.0)] } else { [x, y, 1.0] }
            };
            (0..across).map(node).collect::<Vec<_>>()
        });
        let nodes = Plane::from_fn(across, rows.len(), |x, y| rows[y][x]);
        let (mut moves, mut brightens) = (false, false);
        for j in 0..nodes.height() {
            for (i, n) in nodes.row(j).iter().enumerate() {
                let (dx, dy) = (n[0] - (i * cell) as f32, n[1] - (j * cell) as f32);
                moves |= dx.hypot(dy) > STILL;
                brightens |= (n[2] - 1.0).abs() > 1e-5;
            }
        }
        Self { nodes, cell, moves, brightens }
    }

    /// The nodes of pixel row `y`.
    fn line(&self, y: usize) -> Vec<[f32; 3]> {
        let j = y / self.cell;
        let t = (y % self.cell) as f32 / self.cell as f32;
        let mix = |(a, b): (&[f32; 3], &[f32; 3])| std::array::from_fn(|k| a[k] + t * (b[k] - a[k]));
        self.nodes.row(j).iter().zip(self.nodes.row(j + 1)).map(mix).collect()
    }

    /// The first pixel of cell `i` of a line, and the step from pixel to pixel.
    fn cell_of(&self, line: &[[f32; 3]], i: usize) -> ([f32; 3], [f32; 3]) {
        let (a, b) = (line[i], line[i + 1]);
        (a, std::array::from_fn(|k| (b[k] - a[k]) * (1.0 / self.cell as f32)))
    }
}

/// Lanczos' kernel sinc(x) sinc(x/3) at six places about each phase, of sum 1; two more zeros fill a vector.
fn lanczos() -> Box<[[f32; LOAD]; PHASES + 1]> {
    let sinc =
        |x: f64| if x.abs() < 1e-9 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) };
    let mut table = Box::new([[0.0f32; LOAD]; PHASES + 1]);
    for (phase, taps) in table.iter_mut().enumerate() {
        let t = phase as f64 / PHASES as f64;
        let weights: [f64; TAPS] = std::array::from_fn(|i| {
            let x = i as f64 - 2.0 - t;
            if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 }
        });
        let sum: f64 = weights.iter().sum();
        (0..TAPS).for_each(|i| taps[i] = (weights[i] / sum) as f32);
    }
    table
}

/// How far a resampled value may leave those of the 4x4 pixels around, as a part of them: between samples there may be a
/// little more than at them, but the kernel's ringing beside edges must not show.
const FREEDOM: f32 = 0.05;

/// Places are counted in 1/65536 pixel along a cell.
const FRACTION: u32 = 16;

/// Fills the pixels of one cell. `from` and `step` are places to look at and gains.
#[inline(always)]
fn resample_cell<S: Simd>(
    simd: S,
    source: &Plane<f32>,
    kernel: &[[f32; LOAD]; PHASES + 1],
    from: [f32; 3],
    step: [f32; 3],
    out: &mut [f32],
) {
    let (w, h, stride) = (source.width() as i64, source.height() as i64, source.stride());
    let data = source.data();
    let whole = |v: f32| (v * (1u32 << FRACTION) as f32) as i64;
    let (x0, dx) = (whole(from[0]), whole(step[0]));
    let (y0, dy) = (whole(from[1]), whole(step[1]));
    let last = out.len() as i64 - 1;
    // places go in a straight line through a cell, so its ends tell whether all taps are inside
    let taps_inside = |at: i64, reach: usize, size: i64| {
        let first = (at >> FRACTION) - 2;
        first >= 0 && first + reach as i64 <= size
    };
    let inside = [x0, x0 + last * dx].iter().all(|&x| taps_inside(x, LOAD, w))
        && [y0, y0 + last * dy].iter().all(|&y| taps_inside(y, TAPS, h));
    for (i, v) in out.iter_mut().enumerate() {
        let (x, y) = (x0 + i as i64 * dx, y0 + i as i64 * dy);
        let (wx, wy) = (&kernel[phase(x)], &kernel[phase(y)]);
        let (left, top) = ((x >> FRACTION) - 2, (y >> FRACTION) - 2);
        let (sum, least, most) = if inside {
            let start = top as usize * stride + left as usize;
            let row = |j: usize| f32x8::from_slice(simd, &data[start + j * stride..][..LOAD]);
            let (a, b, c, d) = (row(1), row(2), row(3), row(4));
            let near = b * wy[2] + c * wy[3];
            let far = (row(0) * wy[0] + a * wy[1]) + (d * wy[4] + row(5) * wy[5]);
            let sum = ((near + far) * f32x8::from_slice(simd, wx)).reduce_sum();
            let (least, most) = (a.min(b).min(c.min(d)), a.max(b).max(c.max(d)));
            (sum, extreme(least.as_slice(), |a, b| a < b), extreme(most.as_slice(), |a, b| a > b))
        } else {
            border_sample(source, left as isize, top as isize, wx, wy)
        };
        let (low, high) = (least - FREEDOM * least.abs(), most + FREEDOM * most.abs());
        let held = if sum < low { low } else { sum };
        let held = if held > high { high } else { held };
        *v = held * (from[2] + i as f32 * step[2]);
    }
}

/// The most extreme of the four columns around a place.
#[inline(always)]
fn extreme(columns: &[f32], beyond: impl Fn(f32, f32) -> bool) -> f32 {
    let more = |a: f32, b: f32| if beyond(a, b) { a } else { b };
    more(more(columns[1], columns[2]), more(columns[3], columns[4]))
}

/// The kernel's phase at a place.
#[inline(always)]
fn phase(at: i64) -> usize {
    const ROUND: i64 = (1 << FRACTION) / (2 * PHASES as i64);
    ((((at & ((1 << FRACTION) - 1)) + ROUND) as usize * PHASES) >> FRACTION).min(PHASES)
}

/// A sample whose taps partly lie outside the picture, and the least and greatest of the 4x4 pixels around.
#[inline(never)]
fn border_sample(source: &Plane<f32>, left: isize, top: isize, wx: &[f32; LOAD], wy: &[f32; LOAD]) -> (f32, f32, f32) {
    let at = |i: usize, j: usize| source.clamped(left + i as isize, top + j as isize);
    let mut sum = 0.0;
    for j in 0..TAPS {
        let row: f32 = (0..TAPS).map(|i| wx[i] * at(i, j)).sum();
        sum += wy[j] * row;
    }
    let around = || (1..5).flat_map(|j| (1..5).map(move |i| at(i, j)));
    (sum, around().fold(f32::MAX, f32::min), around().fold(f32::MIN, f32::max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{CameraRgb, LensStep, Vignette, Warp, WarpModel, WarpPlane};

    fn warp(radial: [&[f64]; 3]) -> LensCorrection {
        let plane = |r: &[f64]| {
            let mut plane = WarpPlane::identity(WarpModel::Rectilinear);
            plane.radial[..r.len()].copy_from_slice(r);
            plane
        };
        let planes = radial.iter().map(|r| plane(r)).collect();
        let warp = Warp { model: WarpModel::Rectilinear, planes, center: (0.5, 0.5), reciprocal: false };
        LensCorrection { steps: vec![LensStep::Warp(warp)] }
    }

    /// A smooth picture given at any place.
    fn field(x: f32, y: f32) -> f32 {
        0.5 + 0.2 * (x * 0.31).sin() + 0.2 * (y * 0.23 + 0.1 * x).cos()
    }

    fn picture(w: usize, h: usize) -> CameraRgb {
        CameraRgb::from_planes([(); 3].map(|()| Plane::from_fn(w, h, |x, y| field(x as f32 + 0.5, y as f32 + 0.5))))
    }

    #[test]
    fn light_comes_from_where_the_correction_says() {
        let (w, h) = (300, 200);
        let correction = warp([&[0.99, 0.0, -0.03], &[0.98, 0.0, 0.01], &[0.985]]);
        let out = LensWarp::new(&correction, w, h).apply(picture(w, h));
        for c in 0..3 {
            for (x, y) in [(150, 100), (20, 30), (280, 17), (77, 180), (13, 190)] {
                let (sx, sy) = correction.source(c, x as f32 + 0.5, y as f32 + 0.5, w, h);
                let (got, want) = (out.planes[c].get(x, y), field(sx, sy));
                assert!((got - want).abs() < 4e-3, "plane {c} at {x} {y}: {got} against {want}");
            }
        }
    }

    #[test]
    fn a_plane_that_stays_is_not_touched() {
        let correction = warp([&[1.001], &[1.0], &[0.999]]);
        let before = picture(120, 90);
        let out = LensWarp::new(&correction, 120, 90).apply(before.clone());
        assert_eq!(out.planes[1], before.planes[1]);
        assert_ne!(out.planes[0], before.planes[0]);
        assert!(LensWarp::new(&LensCorrection::default(), 120, 90).is_identity());
    }

    #[test]
    fn a_vignette_is_undone() {
        let v = Vignette { k: [0.5, 0.2, 0.0, 0.0, 0.0], center: (0.5, 0.5) };
        let correction = LensCorrection { steps: vec![LensStep::Vignette(v.clone())] };
        let lens = LensWarp::new(&correction, 101, 67);
        let before = picture(101, 67);
        let out = lens.apply(before.clone());
        for (x, y) in [(0, 0), (100, 66), (50, 33), (17, 60)] {
            let gain = out.planes[2].get(x, y) / before.planes[2].get(x, y);
            let want = v.gain(x as f64 + 0.5, y as f64 + 0.5, 101, 67) as f32;
            assert!((gain - want).abs() < 4e-3, "{gain} against {want}");
        }
        assert!((lens.max_gain() - 1.7).abs() < 0.3);
    }

    #[test]
    fn lights_do_not_ring() {
        let mut p = CameraRgb::from_planes([(); 3].map(|()| Plane::filled(64, 64, 0.01)));
        p.planes[0].row_mut(30)[30..34].fill(8.0);
        let out = LensWarp::new(&warp([&[0.99], &[0.99], &[0.99]]), 64, 64).apply(p);
        assert!(out.planes[0].data().iter().all(|&v| (0.0069..10.5).contains(&v)));
    }

    #[test]
    fn every_size_is_safe() {
        for (w, h) in [(0, 0), (1, 1), (3, 2), (17, 1), (1, 40), (33, 31)] {
            let out = LensWarp::new(&warp([&[1.2], &[0.7], &[3.0]]), w, h).apply(picture(w, h));
            assert!(out.planes.iter().flat_map(|p| p.data()).all(|v| v.is_finite()));
            assert_eq!((out.width(), out.height()), (w, h));
        }
        // planned for another size
        let p = picture(20, 20);
        assert_eq!(LensWarp::new(&warp([&[1.2], &[0.7], &[3.0]]), 30, 20).apply(p.clone()).planes, p.planes);
    }

    #[test]
    fn the_kernel_keeps_constants() {
        assert!(lanczos().iter().all(|taps| (taps.iter().sum::<f32>() - 1.0).abs() < 1e-5));
    }
}
