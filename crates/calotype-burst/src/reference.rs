//! Which frame the others are brought to.

use calotype_image::{CfaColor, RAW_BLACK, RAW_RANGE, RawFrame, par};
use fearless_simd::{Level, dispatch, f32x8, prelude::*, u16x16, u32x8};

/// Frames looked at: the picture should show the moment the button was pressed.
const EARLY: usize = 3;
/// How much sharper a later frame must be to be taken instead of an earlier one.
const SHARPER: f32 = 1.03;
/// Exposures that differ by more than this factor make a bracket.
const BRACKET: f32 = 1.2;
/// Largest share of clipped samples in the reference of a bracket that was photographed at one exposure each: a window or a
/// lamp may clip, shorter frames hold it.
const CLIPPED_SHARE: f32 = 0.04;
/// Codes from here on are clipped.
const CLIPPED: u16 = 64_960;
/// Every how many rows a frame is looked at.
const ROW_STEP: usize = 4;

/// The frame chosen, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceChoice {
    /// Index of the reference.
    pub index: usize,
    /// True where exposures differ, so that the exposure was chosen first and the sharpest of its frames then.
    pub bracket: bool,
    /// Mean square of the signal's change from one green sample to the next, without its noise and relative to the mean
    /// square of the signal, per frame: larger is sharper. Only frames of one exposure can be compared.
    pub sharpness: Vec<f32>,
    /// Share of clipped samples, 0 to 1, per frame.
    pub clipped: Vec<f32>,
}

/// Chooses the reference: the sharpest of the first three frames, of a bracket the sharpest of the first three frames of its
/// main exposure. `None` without frames.
///
/// Reads a quarter of the rows.
pub fn choose_reference(frames: &[RawFrame]) -> Option<ReferenceChoice> {
    if frames.is_empty() {
        return None;
    }
    let (sharpness, clipped): (Vec<_>, Vec<_>) = par::map(frames.len(), |i| survey(&frames[i])).into_iter().unzip();
    let exposures: Vec<f32> = frames.iter().map(|f| f.exposure).collect();
    let longest = exposures.iter().copied().fold(0.0, f32::max);
    let shortest = exposures.iter().copied().fold(f32::INFINITY, f32::min);
    let bracket = longest > BRACKET * shortest;
    let mut alike: Vec<usize> = if bracket { main_exposure(&exposures, &clipped) } else { (0..frames.len()).collect() };
    alike.truncate(EARLY);
    let sharper = |best: usize, i: usize| if sharpness[i] > SHARPER * sharpness[best] { i } else { best };
    let index = alike.into_iter().reduce(sharper).unwrap_or(0);
    Some(ReferenceChoice { index, bracket, sharpness, clipped })
}

/// The frames of the exposure that a bracket was meant to have, in their order: the one that most frames share; where each is
/// as frequent as the next, the longest in which highlights clip no more than here and there, or the shortest where they do
/// in all. Neither the highlights nor the shadows of that exposure need be whole: merging takes them from the others.
fn main_exposure(exposures: &[f32], clipped: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..exposures.len()).collect();
    order.sort_by(|&a, &b| exposures[a].total_cmp(&exposures[b]));
    // frames of one exposure, shortest first
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for i in order {
        match groups.last_mut() {
            Some(group) if exposures[i] <= BRACKET * exposures[group[0]] => group.push(i),
            _ => groups.push(vec![i]),
        }
    }
    let most = groups.iter().map(Vec::len).max().unwrap_or(0);
    groups.retain(|group| group.len() == most);
    let intact = |group: &Vec<usize>| group.iter().all(|&i| clipped[i] < CLIPPED_SHARE);
    let mut chosen =
        groups.iter().rposition(intact).map_or_else(|| groups.first().cloned(), |k| groups.get(k).cloned());
    if let Some(group) = &mut chosen {
        group.sort_unstable();
    }
    chosen.unwrap_or_default()
}

/// Sharpness and share of clipped samples of one frame.
fn survey(frame: &RawFrame) -> (f32, f32) {
    let p = &frame.samples;
    let (w, h) = (p.width(), p.height());
    let (mut squares, mut power, mut signal, mut count) = (0.0f64, 0.0f64, 0.0f64, 0.0f64);
    let (mut clipped, mut seen) = (0u64, 0u64);
    for y in (0..h).step_by(ROW_STEP) {
        let row = p.row(y);
        clipped += row.iter().map(|&v| u64::from(v >= CLIPPED)).sum::<u64>();
        seen += w as u64;
        if y + 2 >= h {
            continue;
        }
        let below = p.row(y + 2);
        let first = usize::from(frame.cfa.color_at(0, y) != CfaColor::Green);
        let (Some(row), Some(below)) = (row.get(first..), below.get(first..w.saturating_sub(2))) else { continue };
        let [line, energy, sum, n] = dispatch!(Level::new(), simd => changes(simd, row, below));
        squares += f64::from(line);
        power += f64::from(energy);
        signal += f64::from(sum);
        count += f64::from(n);
    }
    let n = count.max(1.0);
    let noise = 4.0 * f64::from(frame.noise.variance(1, (signal / n) as f32));
    let sharpness = (squares / n - noise).max(0.0) / (power / n).max(1e-9);
    (sharpness as f32, clipped as f32 / seen.max(1) as f32)
}

/// Over every second sample that is not clipped and whose neighbours of its colour are not: sums of the squared changes to
/// the right and down, of the squared signal and of the signal, and their number.
#[inline(always)]
fn changes<S: Simd>(simd: S, row: &[u16], below: &[u16]) -> [f32; 4] {
    const STEP: usize = 16;
    let n = below.len() / STEP * STEP;
    let zero = f32x8::splat(simd, 0.0);
    let mut sums = [zero; 4];
    for at in (0..n).step_by(STEP) {
        let (here, right) = (every_second(simd, &row[at..at + STEP]), every_second(simd, &row[at + 2..at + 2 + STEP]));
        let below = every_second(simd, &below[at..at + STEP]);
        let honest = here.max(right).max(below).simd_lt(f32::from(CLIPPED));
        let scale = honest.select(f32x8::splat(simd, 1.0 / RAW_RANGE), zero);
        let (v, dx, dy) = ((here - f32::from(RAW_BLACK)) * scale, (right - here) * scale, (below - here) * scale);
        let one = [dx * dx + dy * dy, v * v, v, honest.select(f32x8::splat(simd, 1.0), zero)];
        for k in 0..4 {
            sums[k] += one[k];
        }
    }
    sums.map(|s| s.as_slice().iter().sum())
}

/// Eight of sixteen codes, the first, third and so on.
#[inline(always)]
fn every_second<S: Simd>(simd: S, codes: &[u16]) -> f32x8<S> {
    let pairs: u32x8<S> = u16x16::from_slice(simd, codes).bitcast();
    (pairs & 0xffff).to_float()
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{Cfa, NoiseModel, Plane, linear_to_raw};

    fn frame(exposure: f32, wave: f32) -> RawFrame {
        RawFrame {
            samples: Plane::from_fn(64, 48, |x, y| {
                let v = 0.3 + 0.2 * ((x as f32) * wave).sin() * ((y as f32) * wave).cos();
                linear_to_raw(v * exposure)
            }),
            cfa: Cfa::GRBG,
            noise: NoiseModel::uniform(1e-6, 1e-8),
            exposure,
            shading: None,
        }
    }

    #[test]
    fn the_sharpest_of_the_first_three_is_taken() {
        let frames = [frame(1.0, 0.2), frame(1.0, 0.5), frame(1.0, 0.3), frame(1.0, 0.9)];
        let choice = choose_reference(&frames).unwrap();
        assert_eq!((choice.index, choice.bracket), (1, false));
        assert_eq!(choose_reference(&[frame(1.0, 0.5), frame(1.0, 0.502)]).unwrap().index, 0);
        assert_eq!(choose_reference(&[]), None);
    }

    #[test]
    fn a_bracket_takes_the_exposure_of_most_frames() {
        // a window clips: every fourth column is far brighter than the room
        let room = |exposure: f32, wave: f32| {
            let mut f = frame(0.5, wave);
            f.exposure = exposure;
            f.samples = Plane::from_fn(64, 48, |x, y| {
                let light = if x % 4 == 3 { 6.0 } else { 0.25 * calotype_image::raw_to_linear(f.samples.get(x, y)) };
                linear_to_raw((light * exposure).min(1.0))
            });
            f
        };
        let frames = [room(1.0, 0.3), room(1.0, 0.5), room(0.125, 0.4), room(0.125, 0.9), room(4.0, 0.4)];
        // two exposures are as frequent: the shorter, since the window fills a quarter of the longer
        assert_eq!(choose_reference(&frames).unwrap().index, 3);
        let frames = [room(1.0, 0.3), room(1.0, 0.5), room(1.0, 0.4), room(0.125, 0.4), room(0.125, 0.9)];
        let choice = choose_reference(&frames).unwrap();
        assert_eq!((choice.index, choice.bracket), (1, true));
    }

    #[test]
    fn a_bracket_of_single_frames_takes_the_longest_with_highlights() {
        for frames in
            [[frame(0.25, 0.4), frame(1.0, 0.4), frame(4.0, 0.4)], [frame(4.0, 0.4), frame(0.25, 0.4), frame(1.0, 0.4)]]
        {
            let choice = choose_reference(&frames).unwrap();
            assert_eq!((frames[choice.index].exposure, choice.bracket), (1.0, true));
            assert!(choice.clipped.iter().any(|&c| c > 0.3));
        }
        assert_eq!(choose_reference(&[frame(8.0, 0.4), frame(4.0, 0.4)]).unwrap().index, 1);
    }

    #[test]
    fn tiny_frames_do_no_harm() {
        for (w, h) in [(1, 1), (2, 3), (3, 2)] {
            let mut f = frame(1.0, 0.4);
            f.samples = Plane::filled(w, h, 20000);
            assert_eq!(choose_reference(&[f.clone(), f]).unwrap().index, 0);
        }
    }
}
