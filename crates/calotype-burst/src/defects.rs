//! Hot and dead pixels, told from the picture by staying where they are.

use calotype_image::{CfaColor, Plane, RAW_BLACK, RAW_RANGE, RawFrame, par};
use fearless_simd::{Level, Simd, dispatch};

/// Deviation, in standard deviations, that makes a sample a candidate.
const CANDIDATE: f32 = 3.5;
/// Deviation that most frames must show at a candidate's place.
const SEEN: f32 = 1.5;
/// Share of the frames that may not show it.
const FEW: f32 = 0.25;
/// Mean deviation over the frames, times the root of their number.
const CERTAIN: f32 = 9.0;
/// Deviation asked of every frame where there are fewer than three.
const FEW_FRAMES: f32 = 10.0;
/// How much of the height of a single frame's defect its surroundings may span.
const CALM: f32 = 0.35;
/// With so few frames, texture may happen to peak at one place in most of them ...
const HANDFUL: usize = 5;
/// ... so half of the frames must show a height of this share of what the surroundings span.
const HIGH: f32 = 0.5;
/// A point of light also reaches the samples beside it: at least this share of its height in three of four, together.
const HALO: f32 = 0.3;
/// Samples of this code or more are clipped.
const CLIPPED: u16 = 64_960;
/// Rows scanned by one task.
const BAND: usize = 64;
/// Samples of a row that are looked at together, in one frame after the other.
const CHUNK: usize = 64;
/// Flags of samples that stand out.
const HOT: u16 = 1;
const DEAD: u16 = 2;
const BOTH: u16 = HOT | DEAD;

/// A defective photosite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Defect {
    /// Row.
    pub y: u32,
    /// Column.
    pub x: u32,
    /// Brighter than its surroundings; otherwise darker.
    pub hot: bool,
}

/// Finds the photosites that are brighter or darker than their surroundings in most frames, in row order.
///
/// Each sample is held against the second largest (smallest) of the eight nearest samples of its colour, so that neither a
/// line nor another defect beside it misleads. Two frames are searched completely, the others only near what was found so
/// far. With fewer than three frames only lonely and very strong deviations count. All frames must have one size; those of
/// another than the first are ignored.
pub fn find_defects(frames: &[RawFrame]) -> Vec<Defect> {
    let Some(first) = frames.first() else { return Vec::new() };
    let (w, h) = (first.samples.width(), first.samples.height());
    let frames: Vec<&RawFrame> = frames.iter().filter(|f| (f.samples.width(), f.samples.height()) == (w, h)).collect();
    if w < 9 || h < 9 {
        return Vec::new();
    }
    let searched = if frames.len() > 1 { &[0, frames.len() / 2][..] } else { &[0] };
    let candidates = scan(&frames, searched);
    let sure = par::map(candidates.len(), |i| is_defect(&frames, candidates[i]));
    candidates.into_iter().zip(sure).filter_map(|(c, sure)| sure.then_some(c)).collect()
}

/// The photosites of one frame that stand out from their surroundings, in row order.
pub(crate) fn candidates(frame: &RawFrame) -> Vec<Defect> {
    if frame.samples.width() < 9 || frame.samples.height() < 9 { Vec::new() } else { scan(&[frame], &[0]) }
}

/// Replaces defective samples by what the samples of their colour around them suggest, along the direction in which those
/// change least. `defects` must be in row order, as [`find_defects`] gives them; those outside the frame are ignored.
pub fn repair(frame: &mut RawFrame, defects: &[Defect]) {
    let (w, h) = (frame.samples.width(), frame.samples.height());
    let bad = |x: usize, y: usize| defects.binary_search_by(|d| (d.y, d.x).cmp(&(y as u32, x as u32))).is_ok();
    let values: Vec<Option<u16>> = defects
        .iter()
        .map(|d| {
            let (x, y) = (d.x as usize, d.y as usize);
            (x < w && y < h).then(|| interpolate(frame, x, y, &bad)).flatten()
        })
        .collect();
    for (d, value) in defects.iter().zip(values) {
        if let Some(value) = value {
            frame.samples.row_mut(d.y as usize)[d.x as usize] = value;
        }
    }
}

/// Weighted mean of opposite neighbours of the same colour; pairs that differ little count most.
fn interpolate(frame: &RawFrame, x: usize, y: usize, bad: &impl Fn(usize, usize) -> bool) -> Option<u16> {
    let p = &frame.samples;
    let at = |dx: isize, dy: isize| -> Option<f32> {
        let (u, v) = (x.checked_add_signed(dx)?, y.checked_add_signed(dy)?);
        (u < p.width() && v < p.height() && !bad(u, v)).then(|| f32::from(p.get(u, v)))
    };
    let color = frame.cfa.color_at(x, y);
    let near = color == CfaColor::Green && !frame.cfa.is_mono();
    let mut directions: Vec<(isize, isize)> = vec![(2, 0), (0, 2), (2, 2), (2, -2)];
    if near {
        directions = vec![(1, 1), (1, -1), (2, 0), (0, 2)];
    } else if frame.cfa.is_mono() {
        directions = vec![(1, 0), (0, 1), (1, 1), (1, -1)];
    }
    let (mut sum, mut weight) = (0.0, 0.0);
    let (mut lonely, mut count) = (0.0, 0);
    for (dx, dy) in directions {
        let pair = (at(dx, dy), at(-dx, -dy));
        if let (Some(a), Some(b)) = pair {
            let signal = (0.5 * (a + b) - RAW_BLACK as f32) / RAW_RANGE;
            let noise = frame.noise.variance(color as usize, signal) * RAW_RANGE * RAW_RANGE;
            let d = (a - b) * (a - b) + 4.0 * noise + 1.0;
            // nearer pairs say more
            let q = 1.0 / (d * d * (dx * dx + dy * dy) as f32);
            sum += q * 0.5 * (a + b);
            weight += q;
        }
        for v in [pair.0, pair.1].into_iter().flatten() {
            lonely += v;
            count += 1;
        }
    }
    if weight > 0.0 {
        Some((sum / weight + 0.5) as u16)
    } else if count > 0 {
        Some((lonely / count as f32 + 0.5) as u16)
    } else {
        None
    }
}

/// Samples that stand out in one of the searched frames and may do so in enough of all frames. What the cheap test cannot
/// tell, such as at the edges, is in as well.
fn scan(frames: &[&RawFrame], searched: &[usize]) -> Vec<Defect> {
    let (w, h) = (frames[0].samples.width(), frames[0].samples.height());
    let level = Level::new();
    let lines = |factor: f32| frames.iter().map(|f| threshold_lines(f, factor)).collect::<Vec<_>>();
    let (candidate, seen) = (lines(CANDIDATE), lines(SEEN));
    let few = (FEW * frames.len() as f32) as u16;
    let found = par::map(h.div_ceil(BAND), |band| {
        let mut found = Vec::new();
        let mut judge = |x: usize, y: usize, flags: u16| {
            for (flag, hot) in [(HOT, true), (DEAD, false)] {
                if flags & flag != 0 && searched.iter().any(|&f| deviation(frames[f], x, y, hot) > CANDIDATE) {
                    found.push(Defect { y: y as u32, x: x as u32, hot });
                }
            }
        };
        for y in band * BAND..h.min((band + 1) * BAND) {
            if y < 2 || y + 2 >= h {
                (0..w).for_each(|x| judge(x, y, BOTH));
                continue;
            }
            [0, 1, w - 2, w - 1].into_iter().for_each(|x| judge(x, y, BOTH));
            let rows = |f: usize| [-2, 0, 2].map(|d| frames[f].samples.row(y.saturating_add_signed(d)));
            for left in (2..w - 2).step_by(CHUNK) {
                let right = (left + CHUNK).min(w - 2);
                let around = |f: usize| rows(f).map(|row| &row[left - 2..right + 2]);
                let mut flags = [0u16; CHUNK];
                let flags = &mut flags[..right - left];
                for &f in searched {
                    let rows = around(f);
                    dispatch!(level, simd => flag(simd, rows, candidate[f], flags));
                }
                let mut misses = [[0u16; CHUNK]; 2];
                for (f, &lines) in seen.iter().enumerate() {
                    if flags.iter().fold(0, |a, b| a | b) == 0 {
                        break;
                    }
                    let rows = around(f);
                    dispatch!(level, simd => count_misses(simd, rows, lines, few, &mut misses, flags));
                }
                if flags.iter().fold(0, |a, b| a | b) != 0 {
                    flags.iter().enumerate().filter(|(_, f)| **f != 0).for_each(|(i, &f)| judge(left + i, y, f));
                }
            }
        }
        found.sort_unstable();
        found
    });
    found.concat()
}

/// A straight line over codes above black: offset, and slope in 1/65536.
type Line = (u16, u16);

/// Three lines whose minimum is nowhere above so many standard deviations of any colour, in codes: chords of the root that
/// they follow, over the lowest 1/64, 1/64 to 1/6 and the rest of the range.
fn threshold_lines(frame: &RawFrame, factor: f32) -> [Line; 3] {
    let sigma = |x: f32| {
        let lowest = (0..3).map(|c| frame.noise.variance(c, x)).fold(f32::INFINITY, f32::min);
        factor * lowest.max(0.0).sqrt() * RAW_RANGE
    };
    [(0.0, 1.0 / 64.0), (1.0 / 64.0, 1.0 / 6.0), (1.0 / 6.0, 1.0)].map(|(a, b)| {
        let slope = (sigma(b) - sigma(a)) / ((b - a) * RAW_RANGE);
        let offset = sigma(a) - slope * a * RAW_RANGE;
        (offset.clamp(0.0, 30_000.0) as u16, (slope * 65536.0).clamp(0.0, 65535.0) as u16)
    })
}

/// Adds flags to samples that may be beyond their neighbours by more than the lines. The rows reach two samples further than
/// the flags on both sides.
#[inline(always)]
fn flag<S: Simd>(_: S, rows: [&[u16]; 3], lines: [Line; 3], flags: &mut [u16]) {
    let n = flags.len();
    let ([a0, a1, a2], [b0, b1, b2], [c0, c1, c2]) = (shifted(rows[0], n), shifted(rows[1], n), shifted(rows[2], n));
    for x in 0..n {
        flags[x] |= stands_out(b1[x], [a0[x], a1[x], a2[x], b0[x], b2[x], c0[x], c1[x], c2[x]], lines, u16::MAX);
    }
}

/// Counts for how many frames a flag was not confirmed (hot and dead), and takes away those with more than a few. Where the
/// surroundings are clipped, a hot one cannot be told.
#[inline(always)]
fn count_misses<S: Simd>(
    _: S,
    rows: [&[u16]; 3],
    lines: [Line; 3],
    few: u16,
    misses: &mut [[u16; CHUNK]; 2],
    flags: &mut [u16],
) {
    let n = flags.len();
    let ([a0, a1, a2], [b0, b1, b2], [c0, c1, c2]) = (shifted(rows[0], n), shifted(rows[1], n), shifted(rows[2], n));
    let [hot, dead] = misses;
    let (hot, dead) = (&mut hot[..n], &mut dead[..n]);
    for x in 0..n {
        let around = [a0[x], a1[x], a2[x], b0[x], b2[x], c0[x], c1[x], c2[x]];
        let missed = BOTH ^ stands_out(b1[x], around, lines, CLIPPED - 1);
        hot[x] += missed & HOT;
        dead[x] += missed >> 1;
        let gone_hot = if hot[x] > few { HOT } else { 0 };
        let gone_dead = if dead[x] > few { DEAD } else { 0 };
        flags[x] &= BOTH ^ gone_hot ^ gone_dead;
    }
}

/// A row from its first, third and fifth sample on.
#[inline(always)]
fn shifted(row: &[u16], n: usize) -> [&[u16]; 3] {
    [&row[..n], &row[2..n + 2], &row[4..n + 4]]
}

/// [`HOT`] where a sample is above the second largest of its neighbours by more than the lines, or where that is above
/// `clipped`; [`DEAD`] where it is below the second smallest.
#[inline(always)]
fn stands_out(v: u16, around: [u16; 8], lines: [Line; 3], clipped: u16) -> u16 {
    let [a, b, c, d, e, f, g, h] = around;
    // two sorted pairs each make the two largest and the two smallest of four; two of those of eight
    let (high, high2, low, low2) = pairs(a, b, c, d);
    let (other, other2, under, under2) = pairs(e, f, g, h);
    let high2 = high.min(other).max(high2.max(other2));
    let low2 = low.max(under).min(low2.min(under2));
    let hot = v.saturating_sub(high2) > threshold(high2.saturating_sub(RAW_BLACK), lines);
    let dead = low2.saturating_sub(v) > threshold(low2.saturating_sub(RAW_BLACK), lines);
    let hot = if hot { HOT } else { 0 };
    let hot = if high2 > clipped { HOT } else { hot };
    let dead = if dead { DEAD } else { 0 };
    hot | dead
}

/// The largest, the second largest, the smallest and the second smallest of four.
#[inline(always)]
fn pairs(a: u16, b: u16, c: u16, d: u16) -> (u16, u16, u16, u16) {
    let (p, q, r, s) = (a.max(b), a.min(b), c.max(d), c.min(d));
    // the losers of both rounds lie between
    let (x, y) = (p.min(r), q.max(s));
    (p.max(r), x.max(y), q.min(s), x.min(y))
}

/// The minimum of the lines.
#[inline(always)]
fn threshold(x: u16, lines: [Line; 3]) -> u16 {
    let [a, b, c] = lines;
    line(x, a).min(line(x, b)).min(line(x, c))
}

#[inline(always)]
fn line(x: u16, (offset, slope): Line) -> u16 {
    offset.saturating_add(((u32::from(x) * u32::from(slope)) >> 16) as u16)
}

/// How far a sample is beyond its neighbours, in standard deviations; negative where it is not.
fn deviation(frame: &RawFrame, x: usize, y: usize, hot: bool) -> f32 {
    let p = &frame.samples;
    let at_edge = |v: usize, n: usize| v < 2 || v + 2 >= n;
    if at_edge(x, p.width()) && at_edge(y, p.height()) {
        // all neighbours of a corner are on one side: a slope looks like a defect
        return 0.0;
    }
    let neighbours = same_color(p, x, y);
    let v = f32::from(p.get(x, y));
    let level = second(neighbours, hot);
    let signal = (level - RAW_BLACK as f32) / RAW_RANGE;
    let c = frame.cfa.color_at(x, y) as usize;
    let sigma = (frame.noise.variance(c, signal)).sqrt().max(1e-9) * RAW_RANGE;
    if hot { (v - level) / sigma } else { (level - v) / sigma }
}

/// The eight nearest samples of the colour, two away; at the edges those along the edge stand in for those outside. The
/// plane must be at least 9 wide and high.
fn same_color(p: &Plane<u16>, x: usize, y: usize) -> [u16; 8] {
    let (w, h) = (p.width() as isize, p.height() as isize);
    let (x, y) = (x as isize, y as isize);
    let inside = |x: isize, y: isize| x >= 0 && y >= 0 && x < w && y < h;
    const PLACES: [(isize, isize); 8] = [(-2, -2), (0, -2), (2, -2), (-2, 0), (2, 0), (-2, 2), (0, 2), (2, 2)];
    PLACES.map(|(dx, dy)| {
        // a place beyond the upper or lower edge goes to the side, one beyond the left or right edge up or down
        let tries =
            [(dx, dy), (if dx == 0 { 4 } else { 2 * dx }, 0), (0, if dy == 0 { 4 } else { 2 * dy }), (-dx, -dy)];
        let (u, v) = tries
            .into_iter()
            .find(|&t| t != (0, 0) && inside(x + t.0, y + t.1))
            .unwrap_or((if x < 4 { 4 } else { -4 }, 0));
        p.get((x + u) as usize, (y + v) as usize)
    })
}

/// The second largest or second smallest.
fn second(mut v: [u16; 8], largest: bool) -> f32 {
    v.sort_unstable();
    f32::from(if largest { v[6] } else { v[1] })
}

/// Whether the sample stands out in most frames, and alone.
fn is_defect(frames: &[&RawFrame], c: Defect) -> bool {
    let (x, y) = (c.x as usize, c.y as usize);
    let n = frames.len();
    let (mut sum, mut looked, mut missing, mut high) = (0.0, 0, 0, 0);
    for frame in frames {
        let around = same_color(&frame.samples, x, y);
        if c.hot && second(around, true) >= f32::from(CLIPPED) {
            continue;
        }
        let d = deviation(frame, x, y, c.hot);
        looked += 1;
        sum += d.min(20.0);
        missing += usize::from(d < SEEN);
        if missing as f32 > FEW * n as f32 {
            return false;
        }
        let own = f32::from(frame.samples.get(x, y).abs_diff(second(around, c.hot) as u16));
        let span = second(around, true) - second(around, false);
        high += usize::from(own > HIGH * span);
        if n < 3 && (d < FEW_FRAMES || span > CALM * own) {
            return false;
        }
    }
    if looked < n.min(3) || 2 * looked < n || (n <= HANDFUL && 2 * high < looked) {
        return false;
    }
    let certain = sum > CERTAIN * (looked as f32).sqrt() && missing as f32 <= FEW * looked as f32;
    certain && 2 * frames.iter().filter(|f| is_alone(f, x, y, c.hot)).count() >= n
}

/// False where the samples beside it stand out as well, as those beside a point of light do.
fn is_alone(frame: &RawFrame, x: usize, y: usize, hot: bool) -> bool {
    let (own, beside) = heights_beside(&frame.samples, x, y, hot);
    let others: f32 = beside.iter().skip(1).map(|b| b.0).sum();
    if others >= HALO * own {
        return false;
    }
    // a strong sample beside it is another defect, unless it is a point of light with this one on its slope
    match beside.first() {
        Some(&(height, (u, v))) if height > 0.5 * own => {
            let (own, beside) = heights_beside(&frame.samples, u, v, hot);
            beside.iter().filter(|b| b.1 != (x, y)).map(|b| b.0).sum::<f32>() < HALO * own
        }
        _ => true,
    }
}

/// How far a sample is above (below) the median of its colour around it, and the same for those beside it with their places,
/// highest first. Samples at the very edge, whose surroundings are one-sided, do not count.
fn heights_beside(p: &Plane<u16>, x: usize, y: usize, hot: bool) -> (f32, Vec<(f32, (usize, usize))>) {
    let sign = if hot { 1.0 } else { -1.0 };
    let height = |x: usize, y: usize| {
        let mut around = same_color(p, x, y);
        around.sort_unstable();
        let middle = 0.5 * (f32::from(around[3]) + f32::from(around[4]));
        sign * (f32::from(p.get(x, y)) - middle)
    };
    let mut beside: Vec<_> = [(-1, 0), (1, 0), (0, -1), (0, 1)]
        .iter()
        .filter_map(|&(dx, dy)| {
            let (u, v) = (x.checked_add_signed(dx)?, y.checked_add_signed(dy)?);
            (u >= 2 && v >= 2 && u + 2 < p.width() && v + 2 < p.height()).then(|| (height(u, v), (u, v)))
        })
        .collect();
    beside.sort_by(|a, b| b.0.total_cmp(&a.0));
    (height(x, y), beside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{Cfa, NoiseModel, linear_to_raw};

    /// A picture of slanted stripes, points of light and noise, shifted by `shift`, with hot and dead pixels.
    fn frame(w: usize, h: usize, shift: f32, seed: u64, hot: &[(usize, usize)], dead: &[(usize, usize)]) -> RawFrame {
        let noise = NoiseModel::uniform(2e-4, 1e-6);
        let mut s = seed;
        let mut samples = Plane::from_fn(w, h, |x, y| {
            let u = x as f32 + shift;
            let star = |cx: f32, cy: f32| 0.4 * (-((u - cx).powi(2) + (y as f32 - cy).powi(2)) / 0.8).exp();
            let v = 0.2 + 0.04 * (0.31 * u + 0.17 * y as f32).sin() + star(30.3, 20.6) + star(52.0, 33.0);
            let normal: f32 = (0..12)
                .map(|_| {
                    s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    (s >> 40) as f32 / (1u64 << 24) as f32
                })
                .sum::<f32>()
                - 6.0;
            linear_to_raw(v + normal * noise.variance(1, v).sqrt())
        });
        for &(x, y) in hot {
            samples.row_mut(y)[x] = samples.get(x, y).saturating_add(9000);
        }
        for &(x, y) in dead {
            samples.row_mut(y)[x] = RAW_BLACK + 5;
        }
        RawFrame { samples, cfa: Cfa::RGGB, noise, exposure: 1.0, shading: None }
    }

    const HOT: [(usize, usize); 6] = [(10, 10), (11, 10), (40, 40), (42, 40), (0, 20), (60, 49)];
    const DEAD: [(usize, usize); 2] = [(25, 5), (1, 30)];

    #[test]
    fn defects_are_found_and_stars_stay() {
        let frames: Vec<_> = (0..6).map(|k| frame(70, 50, 1.3 * k as f32, k + 1, &HOT, &DEAD)).collect();
        let found = find_defects(&frames);
        let mut expected: Vec<_> = HOT.iter().map(|&(x, y)| Defect { x: x as u32, y: y as u32, hot: true }).collect();
        expected.extend(DEAD.iter().map(|&(x, y)| Defect { x: x as u32, y: y as u32, hot: false }));
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn on_a_tripod_stars_stay_as_well() {
        let frames: Vec<_> = (0..5).map(|k| frame(70, 50, 0.0, k + 1, &HOT, &[])).collect();
        let found = find_defects(&frames);
        assert_eq!(found.len(), HOT.len(), "{found:?}");
        // a single frame is not enough where two lie side by side, but no star is taken for a defect
        let found = find_defects(&frames[..1]);
        assert!(found.len() >= HOT.len() - 2 && found.iter().all(|d| HOT.contains(&(d.x as usize, d.y as usize))));
    }

    #[test]
    fn the_cheap_test_loses_nothing() {
        for (n, shift) in [(1, 0.0), (2, 0.7), (4, 1.3), (9, 0.4)] {
            let frames: Vec<_> = (0..n).map(|k| frame(151, 50, shift * k as f32, k + 1, &HOT, &DEAD)).collect();
            let frames: Vec<&RawFrame> = frames.iter().collect();
            let searched = [0, frames.len() / 2];
            let all = (0..50).flat_map(|y| (0..151).flat_map(move |x| [false, true].map(|hot| Defect { y, x, hot })));
            let expected: Vec<_> = all
                .filter(|d| {
                    let (x, y) = (d.x as usize, d.y as usize);
                    searched.iter().any(|&f| deviation(frames[f], x, y, d.hot) > CANDIDATE) && is_defect(&frames, *d)
                })
                .collect();
            let found: Vec<_> = scan(&frames, &searched).into_iter().filter(|d| is_defect(&frames, *d)).collect();
            assert_eq!(found, expected);
            assert!(!found.is_empty());
        }
    }

    #[test]
    fn repaired_samples_fit_their_surroundings() {
        let clean = frame(70, 50, 0.0, 9, &[], &[]);
        let mut f = frame(70, 50, 0.0, 9, &HOT, &DEAD);
        let defects = find_defects(&[f.clone(), f.clone(), f.clone()]);
        repair(&mut f, &defects);
        for (x, y) in HOT.into_iter().chain(DEAD) {
            let error = (f32::from(f.samples.get(x, y)) - f32::from(clean.samples.get(x, y))) / RAW_RANGE;
            assert!(error.abs() < 0.06, "{x} {y}: {error}");
        }
        let changed = f.samples.data().iter().zip(clean.samples.data()).filter(|(a, b)| a != b).count();
        assert!(changed <= defects.len(), "{changed} of {}", defects.len());
    }

    #[test]
    fn tiny_frames_have_no_defects() {
        for (w, h) in [(1, 1), (4, 9), (9, 4), (9, 9), (10, 12)] {
            let f = frame(w, h, 0.0, 3, &[], &[]);
            let mut g = f.clone();
            assert!(find_defects(&[f]).is_empty());
            repair(&mut g, &[Defect { x: 0, y: 0, hot: true }, Defect { x: 900, y: 0, hot: true }]);
        }
    }
}
