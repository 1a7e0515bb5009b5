//! What light to assume where every channel is clipped.
//!
//! Such a place says only that it is bright. Its rim says more: there some channels are still measured, the others were
//! filled, and the colour is known. A small map, one value for every block of pixels, carries the colour of the rims into
//! the areas they enclose and lets it go over to white with the depth, so that a low sun keeps its warm rim, is nowhere
//! darker than it, and shows no contour.

use super::{BLOCK, CLIPPED, Highlights};
use calotype_image::{CameraRgb, Plane, par};

/// Blocks on either side over which "clipped or not" is averaged, twice: from the rim, where half is clipped, it is some
/// 25 pixels to white, where nearly all is.
const REACH: usize = 2;
/// How much pixels of a rim, or of a coarser level, count as white: a handful of them says nothing.
const PRIOR: f32 = 24.0;
/// A rim lies where the least clipped channel is between these fractions of its clipping level.
const RIM: (f32, f32) = (0.25, 0.9);
/// By how much matrices from cameras to display colours stretch differences from grey, give or take a fifth. The white
/// inside is as bright as the brightest channel of the rim will be on the display.
const STRETCH: f32 = 2.2;

/// The light of wholly clipped areas, white balanced, one value per block.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cores {
    light: [Plane<f32>; 3],
}

impl Cores {
    /// Finds them in `picture`. `clipped`: which channels clip somewhere in each block, by bits; `None` where no pixel
    /// is clipped in all.
    pub(super) fn find(picture: &CameraRgb, h: &Highlights, clipped: &[u8], across: usize) -> Option<Self> {
        let (width, height) = (picture.width(), picture.height());
        let down = clipped.len() / across.max(1);
        let limits = h.clip.map(|c| 1.0 / c);
        let pixels = |bx: usize, by: usize| {
            let rows = by * BLOCK..((by + 1) * BLOCK).min(height);
            rows.flat_map(move |y| (bx * BLOCK..((bx + 1) * BLOCK).min(width)).map(move |x| (x, y)))
        };
        let share = par::map(down, |by| {
            let mut row = vec![0.0f32; across];
            for (bx, v) in row.iter_mut().enumerate().filter(|(bx, _)| clipped[by * across + bx] == 7) {
                let (mut inside, mut all) = (0u32, 0u32);
                for (x, y) in pixels(bx, by) {
                    let p = picture.get(x, y);
                    inside += u32::from((0..3).all(|c| p[c] * limits[c] >= CLIPPED));
                    all += 1;
                }
                *v = inside as f32 / all.max(1) as f32;
            }
            row
        });
        if share.iter().flatten().all(|v| *v == 0.0) {
            return None;
        }
        let core = |x: usize, y: usize| share[y][x] > 0.0;
        let rims = par::map(down, |by| {
            let mut row = vec![[0.0f32; 5]; across];
            for (bx, sum) in row.iter_mut().enumerate() {
                let mut around = (by.saturating_sub(1)..(by + 2).min(down))
                    .flat_map(|y| (bx.saturating_sub(1)..(bx + 2).min(across)).map(move |x| (x, y)));
                if !around.any(|(x, y)| core(x, y)) {
                    continue;
                }
                let mut highest = 0.0f32;
                for (weight, z) in pixels(bx, by).filter_map(|(x, y)| h.rim(picture.get(x, y))) {
                    sum[0] += weight;
                    (0..3).for_each(|c| sum[c + 1] += weight * z[c]);
                    highest = highest.max(shown(z));
                }
                sum[4] = sum[0] * highest;
            }
            row
        })
        .concat();
        let white = h.white();
        let rim = spread(&rims, across, down, white);
        let depth = averaged(averaged(Plane::from_fn(across, down, |x, y| share[y][x])));
        let mut light = [(); 3].map(|()| Plane::new(across, down));
        for y in 0..down {
            for x in 0..across {
                let [r, g, b, highest] = rim[y * across + x];
                // no light is more magenta than red and blue in equal parts with their mean of green
                let rim = [r, g.max((r * b).sqrt()), b];
                let level = highest.clamp(white, 2.0 * white);
                let t = ((depth.get(x, y) - 0.5) * (1.0 / 0.35)).clamp(0.0, 1.0);
                let inwards = t * t * (3.0 - 2.0 * t);
                for c in 0..3 {
                    light[c].row_mut(y)[x] = rim[c] + inwards * (level - rim[c]);
                }
            }
        }
        Some(Self { light })
    }

    /// The light of row `y` of the picture, bilinear between the blocks' middles.
    pub(super) fn row(&self, y: usize, out: &mut [Vec<f32>; 3]) {
        let place = |i: usize, n: usize| {
            let at = ((i as f32 + 0.5) / BLOCK as f32 - 0.5).clamp(0.0, (n - 1) as f32);
            let first = (at as usize).min(n.saturating_sub(2));
            (first, (first + 1).min(n - 1), at - first as f32)
        };
        for (plane, out) in self.light.iter().zip(out) {
            let (above, below, v) = place(y, plane.height());
            let (above, below) = (plane.row(above), plane.row(below));
            let at = |i: usize| above[i] + v * (below[i] - above[i]);
            let last = plane.width() - 1;
            // half a block before the first middle, then from one middle to the next
            let (mut from, mut to) = (at(0), at(0));
            for (b, part) in out[..].chunks_mut(BLOCK).enumerate() {
                let (left, here, right) = (from, to, at((b + 1).min(last)));
                for (i, o) in part.iter_mut().enumerate() {
                    let t = (i as f32 + 0.5) / BLOCK as f32;
                    *o = if t < 0.5 { left + (t + 0.5) * (here - left) } else { here + (t - 0.5) * (right - here) };
                }
                (from, to) = (here, right);
            }
        }
    }
}

/// The brightest channel that a display will get of a white balanced camera colour.
fn shown(z: [f32; 3]) -> f32 {
    let mean = (z[0] + z[1] + z[2]) / 3.0;
    mean + STRETCH * (z[0].max(z[1]).max(z[2]) - mean)
}

impl Highlights {
    /// The filled colour of a pixel, white balanced, and how much it tells of the rim; `None` where it does not lie there.
    fn rim(&self, own: [f32; 3]) -> Option<(f32, [f32; 3])> {
        let fraction = [0, 1, 2].map(|c| own[c] / self.clip[c]);
        let least = fraction[0].min(fraction[1]).min(fraction[2]);
        let most = fraction[0].max(fraction[1]).max(fraction[2]);
        if !(RIM.0..RIM.1).contains(&least) || most < CLIPPED {
            return None;
        }
        let z = [0, 1, 2].map(|c| own[c] * self.gains[c]);
        let root = z.map(f32::sqrt);
        let filled = [0, 1, 2].map(|c| {
            let mean = 0.5 * (root[(c + 1) % 3] + root[(c + 2) % 3]);
            if fraction[c] >= CLIPPED { z[c].max(mean * mean + self.offset[c]) } else { z[c] }
        });
        // what is closest to clipping in all channels lies closest to the core
        Some((least, filled))
    }
}

/// Colours of a rim everywhere: where a block has few of its own pixels, those of larger and larger neighbourhoods count,
/// and white last. Sums are of weight, red, green, blue and the highest level.
fn spread(sums: &[[f32; 5]], across: usize, down: usize, white: f32) -> Vec<[f32; 4]> {
    let (wide, high) = (across.div_ceil(2), down.div_ceil(2));
    let coarse = if across * down <= 1 {
        vec![[white; 4]]
    } else {
        let mut halves = vec![[0.0f32; 5]; wide * high];
        for y in 0..down {
            for x in 0..across {
                (0..5).for_each(|k| halves[y / 2 * wide + x / 2][k] += sums[y * across + x][k]);
            }
        }
        spread(&halves, wide, high, white)
    };
    let mut out = Vec::with_capacity(sums.len());
    let near =
        |i: usize, n: usize| if i.is_multiple_of(2) { (i / 2).saturating_sub(1) } else { (i / 2 + 1).min(n - 1) };
    for y in 0..down {
        for x in 0..across {
            let [w, colour @ ..] = sums[y * across + x];
            let (here, other) = ((x / 2).min(wide - 1), near(x, wide));
            let (row, next) = ((y / 2).min(high - 1) * wide, near(y, high) * wide);
            out.push([0, 1, 2, 3].map(|c| {
                let line = |row: usize| 0.75 * coarse[row + here][c] + 0.25 * coarse[row + other][c];
                (colour[c] + PRIOR * (0.75 * line(row) + 0.25 * line(next))) / (w + PRIOR)
            }));
        }
    }
    out
}

/// Means over the blocks within [`REACH`], along rows and then columns; beyond the edge: as at it.
fn averaged(plane: Plane<f32>) -> Plane<f32> {
    let reach = REACH as isize;
    let scale = 1.0 / (2 * REACH + 1) as f32;
    let mean = |f: &dyn Fn(isize) -> f32| (-reach..=reach).map(f).sum::<f32>() * scale;
    let (w, h) = (plane.width(), plane.height());
    let rows = Plane::from_fn(w, h, |x, y| mean(&|d| plane.clamped(x as isize + d, y as isize)));
    Plane::from_fn(w, h, |x, y| mean(&|d| rows.clamped(x as isize, y as isize + d)))
}
