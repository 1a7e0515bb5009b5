//! How noisy frames are, from the frames alone, for files that do not say.

use calotype_image::{NoiseModel, Plane, RAW_BLACK, RAW_RANGE, RawFrame, par};

/// Samples of one colour along a side of a tile.
const SIDE: usize = 8;
/// Most tiles per colour and frame.
const TILES: usize = 40_000;
/// Bins of brightness, evenly spaced on a square-root scale.
const BINS: usize = 40;
/// The quantile of the tiles' variances that is taken for the noise: texture is above.
const QUANTILE: f64 = 0.05;
/// Fewest tiles in a bin.
const FEWEST: usize = 24;
/// Samples of this code or more are clipped.
const CLIPPED: u16 = 64_000;
/// Fewest differences in a tile: (SIDE - 1)^2.
const DIFFERENCES: usize = (SIDE - 1) * (SIDE - 1);
/// What the variances around the [`QUANTILE`] are of the true one, for normal noise. The 49 differences overlap, so they
/// count as about 24 independent ones: the mean of chi squared with 24 degrees of freedom between its 2.5 and 7.5
/// per cent quantiles is 13.8.
const QUANTILE_SHARE: f64 = 13.8 / 24.0;

/// Mean and variance of a tile of one colour, in linear signal.
#[derive(Clone, Copy, Debug)]
struct Tile {
    mean: f32,
    variance: f32,
}

/// Estimates the noise of frames taken with one gain: for every colour the straight line through the variances of the
/// flattest tiles of each brightness.
///
/// A tile's variance is that of second mixed differences, which slopes do not disturb. Only the first three frames are
/// read. Within about 20 per cent on pictures that have flat places in the dark and in the bright; too high where there is
/// texture everywhere. `None` without any usable tile.
pub fn estimate_noise(frames: &[RawFrame]) -> Option<NoiseModel> {
    let frames = &frames[..frames.len().min(3)];
    let mut model = NoiseModel::uniform(0.0, 0.0);
    let mut known = [false; 3];
    for color in 0..3 {
        let tiles: Vec<Tile> = frames.iter().flat_map(|f| tiles(f, color)).collect();
        if let Some((shot, read)) = fit(&points(tiles)) {
            model.shot[color] = shot as f32;
            model.read[color] = read as f32;
            known[color] = true;
        }
    }
    let green = known.iter().position(|&k| k)?;
    let substitute = if known[1] { 1 } else { green };
    for color in 0..3 {
        if !known[color] {
            (model.shot[color], model.read[color]) = (model.shot[substitute], model.read[substitute]);
        }
    }
    Some(model)
}

/// Tiles of one colour that are neither clipped nor cut off at black.
fn tiles(frame: &RawFrame, color: usize) -> Vec<Tile> {
    let p = &frame.samples;
    let (w, h) = (p.width(), p.height());
    let step = 2 * SIDE;
    let (columns, rows) = (w / step, h / step);
    // places of the colour in the 2x2 cell; of the two greens the first
    let Some(place) = (0..4).find(|&i| frame.cfa.0[i] as usize == color) else { return Vec::new() };
    let floor = p.data().iter().copied().min().unwrap_or(0);
    // a camera that cuts off at black: samples at the floor hide half of the noise
    let cut_off = floor > RAW_BLACK - 64;
    let skip = (columns * rows).div_ceil(TILES).max(1);
    let lines = par::map(rows, |j| {
        let mut line = Vec::with_capacity(columns);
        for i in 0..columns {
            if (j * columns + i) % skip == 0 {
                line.extend(tile(p, i * step + (place & 1), j * step + (place >> 1), cut_off.then_some(floor)));
            }
        }
        line
    });
    lines.concat()
}

/// The tile whose first sample is at (x, y).
fn tile(p: &Plane<u16>, x: usize, y: usize, floor: Option<u16>) -> Option<Tile> {
    let (mut sum, mut squares) = (0.0f32, 0.0f32);
    let (mut highest, mut lowest) = (0u16, u16::MAX);
    for j in 0..SIDE {
        let a = &p.row(y + 2 * j)[x..];
        for i in 0..SIDE {
            let v = a[2 * i];
            highest = highest.max(v);
            lowest = lowest.min(v);
            sum += f32::from(v);
        }
        if j + 1 < SIDE {
            let b = &p.row(y + 2 * j + 2)[x..];
            for i in 0..SIDE - 1 {
                let d = f32::from(a[2 * i]) - f32::from(a[2 * i + 2]) - f32::from(b[2 * i]) + f32::from(b[2 * i + 2]);
                squares += d * d;
            }
        }
    }
    if highest >= CLIPPED || floor.is_some_and(|f| lowest <= f) {
        return None;
    }
    let mean = (sum / (SIDE * SIDE) as f32 - RAW_BLACK as f32) / RAW_RANGE;
    Some(Tile { mean, variance: squares / (4 * DIFFERENCES) as f32 / (RAW_RANGE * RAW_RANGE) })
}

/// Brightness, noise variance and weight of every bin with enough tiles.
fn points(tiles: Vec<Tile>) -> Vec<(f64, f64, f64)> {
    let mut bins: Vec<Vec<Tile>> = vec![Vec::new(); BINS];
    for t in tiles {
        let bin = (t.mean.max(0.0).sqrt() * BINS as f32) as usize;
        bins[bin.min(BINS - 1)].push(t);
    }
    bins.into_iter()
        .filter(|b| b.len() >= FEWEST)
        .map(|mut b| {
            b.sort_by(|p, q| p.variance.total_cmp(&q.variance));
            let at = QUANTILE * (b.len() - 1) as f64;
            // the mean of a few around the quantile is steadier, and their brightness belongs to them
            let around = ((at * 0.5) as usize)..((at * 1.5) as usize + 1).min(b.len());
            let n = around.len() as f64;
            let mean = b[around.clone()].iter().map(|t| f64::from(t.mean)).sum::<f64>() / n;
            let variance = b[around].iter().map(|t| f64::from(t.variance)).sum::<f64>() / n;
            (mean.max(0.0), variance / QUANTILE_SHARE, b.len() as f64)
        })
        .collect()
}

/// The line through the points with relative errors, both coefficients positive, textured bins left out.
fn fit(points: &[(f64, f64, f64)]) -> Option<(f64, f64)> {
    let lowest = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
    if !lowest.is_finite() {
        return None;
    }
    let (mut shot, mut read) = (1e-9, lowest.max(1e-12));
    for round in 0..30 {
        let (mut sxx, mut sx, mut s1, mut sxy, mut sy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for &(x, y, count) in points {
            let model = (shot * x + read).max(1e-14);
            let excess = y / model;
            // beyond the line there is texture: after a few rounds such bins hardly count
            let trust = if round < 5 { 1.0 / excess.max(1.0) } else { excess.max(1.0).powi(-4) };
            let weight = count.sqrt().min(40.0) * trust / (model * model);
            sxx += weight * x * x;
            sx += weight * x;
            s1 += weight;
            sxy += weight * x * y;
            sy += weight * y;
        }
        let det = sxx * s1 - sx * sx;
        let (mut s, mut o) = if det > 1e-9 * sxx * s1 {
            ((s1 * sxy - sx * sy) / det, (sxx * sy - sx * sxy) / det)
        } else {
            // one brightness only: all of it could be either
            (0.0, sy / s1)
        };
        if s < 0.0 {
            (s, o) = (0.0, sy / s1);
        }
        if o < 0.0 {
            (s, o) = (sxy / sxx.max(1e-30), 0.0);
        }
        (shot, read) = (s.max(1e-9), o.max(1e-10));
    }
    Some((shot, read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{Cfa, linear_to_raw};

    fn noisy(model: NoiseModel, w: usize, h: usize) -> RawFrame {
        let mut s = 11u64;
        let samples = Plane::from_fn(w, h, |x, y| {
            // steps of brightness, some of them textured
            let step = (x / 64 + 5 * (y / 64)) % 12;
            let mut v = 0.003 + 0.06 * step as f32 + 1e-4 * x as f32 / 64.0;
            if (x / 64 + y / 64) % 3 == 0 {
                v += 0.02 * ((x as f32 * 0.9).sin() * (y as f32 * 1.1).cos());
            }
            let normal: f32 = (0..12)
                .map(|_| {
                    s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    (s >> 40) as f32 / (1u64 << 24) as f32
                })
                .sum::<f32>()
                - 6.0;
            linear_to_raw(v + normal * model.variance(Cfa::RGGB.color_at(x, y) as usize, v).sqrt())
        });
        RawFrame { samples, cfa: Cfa::RGGB, noise: NoiseModel::uniform(0.0, 0.0), exposure: 1.0, shading: None }
    }

    #[test]
    fn the_line_is_found() {
        let truth = NoiseModel { shot: [1.2e-3, 1e-3, 9e-4], read: [2e-5, 1.5e-5, 1e-5] };
        let found = estimate_noise(&[noisy(truth, 1024, 768)]).unwrap();
        for c in 0..3 {
            for x in [0.0, 0.1, 0.5] {
                let ratio = found.variance(c, x) / truth.variance(c, x);
                assert!((0.85..1.18).contains(&ratio), "colour {c} at {x}: {ratio}");
            }
        }
    }

    #[test]
    fn nothing_usable_gives_nothing() {
        let mut f = noisy(NoiseModel::uniform(1e-3, 1e-5), 64, 64);
        f.samples = Plane::filled(64, 64, 65535);
        assert!(estimate_noise(&[f.clone()]).is_none());
        f.samples = Plane::filled(1, 1, 20000);
        assert!(estimate_noise(&[f]).is_none());
        assert!(estimate_noise(&[]).is_none());
    }
}
