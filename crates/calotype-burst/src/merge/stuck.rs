//! Defects that texture hides from [`crate::find_defects`]: once frames are aligned, a photosite that keeps saying too much
//! wherever the scene moved gives itself away.

use super::signal::{IS_CLIPPED, Signal};
use crate::defects::candidates;
use crate::{Defect, MotionField};
use calotype_image::{RawFrame, par};

/// Excess over what the other frames show of the same place, in standard deviations of the difference.
const EXCESS: f32 = 4.0;
/// Share of the frames that must show it.
const MOST: f32 = 0.75;
/// Fewest frames to judge by.
const FEWEST: usize = 4;
/// Pixels by which the scene must have moved between two frames for one to judge the other: farther than light spreads.
const APART: f32 = 2.0;
/// Share of the variance between what frames are interpolated to show that their mean keeps, however many they are.
const ALIKE: f32 = 0.1;
/// Relative error of what other frames are interpolated to show.
const GAIN_ERROR: f32 = 0.02;

/// Finds hot photosites of frame `reference` that stand out there and exceed what the other frames show of the same place of
/// the scene, in this frame and in most others that look elsewhere with the same photosite. In row order,
/// without those already `known`. `neutral` is the camera signal of a grey object.
pub fn find_stuck(
    frames: &[RawFrame],
    motions: &[MotionField],
    known: &[Defect],
    reference: usize,
    neutral: [f32; 3],
) -> Vec<Defect> {
    if frames.len() < FEWEST {
        return Vec::new();
    }
    let exposure = frames[reference].exposure;
    let neutral = super::balanced(neutral, &frames[reference]);
    let signals: Vec<Signal> =
        frames.iter().zip(motions).map(|(f, m)| Signal::new(f, m, known, exposure, neutral)).collect();
    let mut found = candidates(&frames[reference]);
    // thin dark lines look as if they were dead: what is interpolated across them is too bright
    found.retain(|d| d.hot && known.binary_search_by(|k| (k.y, k.x).cmp(&(d.y, d.x))).is_err());
    let stuck = par::map(found.len(), |i| is_stuck(&signals, reference, found[i]));
    let mut stuck = stuck.into_iter();
    found.retain(|_| stuck.next().unwrap_or(false));
    found.dedup_by_key(|d| (d.y, d.x));
    found
}

fn is_stuck(signals: &[Signal], reference: usize, defect: Defect) -> bool {
    if exceeds(signals, reference, defect) != Some(true) {
        return false;
    }
    let others = (0..signals.len()).filter(|&frame| frame != reference);
    let judged: Vec<bool> = others.filter_map(|frame| exceeds(signals, frame, defect)).collect();
    let agree = judged.iter().filter(|&&exceeds| exceeds).count();
    judged.len() + 1 >= FEWEST && agree as f32 >= MOST * judged.len() as f32
}

/// Whether a photosite of a frame exceeds what frames show that look at its place of the scene with others; `None` where
/// none does.
fn exceeds(signals: &[Signal], frame: usize, defect: Defect) -> Option<bool> {
    let signal = &signals[frame];
    let (x, y) = (defect.x as usize, defect.y as usize);
    let color = signal.frame.cfa.color_at(x, y) as usize;
    // where the reference has what this photosite looks at
    let (fx, fy) = (x as f32, y as f32);
    let mut at = (fx, fy);
    for _ in 0..2 {
        let q = signal.motion.position(at.0, at.1);
        at = (at.0 + fx - q.0, at.1 + fy - q.1);
    }
    let own = signal.sample(x, y);
    let (mut sum, mut squares, mut count, mut noise) = (0.0, 0.0, 0.0, 0.0);
    for (i, other) in signals.iter().enumerate() {
        let q = other.motion.position(at.0, at.1);
        let far = (q.0 - fx).abs().max((q.1 - fy).abs()) >= APART;
        let v = if i != frame && far { other.interpolate(q, color) } else { f32::INFINITY };
        if v.abs() < IS_CLIPPED {
            // most are texture, which the first frame shows as well
            if count == 0.0 && own - v <= EXCESS * signal.variance(color, v).sqrt() {
                return Some(false);
            }
            sum += v;
            squares += v * v;
            noise += other.variance(color, v);
            count += 1.0;
        }
    }
    if count == 0.0 {
        return None;
    }
    let mean = sum / count;
    // what is interpolated errs alike in part; one number says nothing of its spread, which is as much as the noise at least
    let spread = (squares / count - mean * mean).max(0.0);
    let uncertain = spread * (ALIKE + 1.0 / count)
        + noise / (count * count)
        + signal.variance(color, mean)
        + (GAIN_ERROR * mean).powi(2);
    Some(own - mean > EXCESS * uncertain.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Homography, MotionReport, find_defects};
    use calotype_image::{Cfa, NoiseModel, Plane, linear_to_raw};

    const W: usize = 96;
    const H: usize = 80;

    /// A scene of strong texture and points of light that moves by `step` from frame to frame, with stuck photosites.
    fn burst(step: (f32, f32), stuck: &[(usize, usize)]) -> (Vec<RawFrame>, Vec<MotionField>) {
        let noise = NoiseModel::uniform(2e-4, 1e-6);
        let mut seed = 5u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..6)
            .map(|k| {
                let (dx, dy) = (step.0 * k as f32, step.1 * k as f32);
                let mut samples = Plane::from_fn(W, H, |x, y| {
                    let (u, v) = (x as f32 - dx, y as f32 - dy);
                    let star = |cx: f32, cy: f32| 0.4 * (-((u - cx).powi(2) + (v - cy).powi(2)) / 1.4).exp();
                    let light = 0.3 + 0.2 * (0.5 * u + 0.2 * v).sin() * (0.37 * v).cos() + star(30.0, 22.0);
                    linear_to_raw(light + (12.0 * noise.variance(1, light)).sqrt() * random())
                });
                for &(x, y) in stuck {
                    samples.row_mut(y)[x] = samples.get(x, y).saturating_add(8000);
                }
                let motion = MotionField::from_global(
                    W,
                    H,
                    Homography::shift(dx.into(), dy.into()),
                    MotionReport { support: 1.0, ..Default::default() },
                );
                (RawFrame { samples, cfa: Cfa::RGGB, noise, exposure: 1.0, shading: None }, motion)
            })
            .unzip()
    }

    #[test]
    fn what_keeps_saying_too_much_is_found_in_texture() {
        let stuck = [(20, 17), (41, 30), (60, 61)];
        let (frames, motions) = burst((3.3, 2.6), &stuck);
        let known = find_defects(&frames);
        let found = find_stuck(&frames, &motions, &known, 0, [1.0; 3]);
        let all: Vec<_> = known.iter().chain(&found).map(|d| (d.x as usize, d.y as usize)).collect();
        for place in stuck {
            assert!(all.contains(&place), "{place:?} in {all:?}");
        }
        assert!(found.iter().all(|d| stuck.contains(&(d.x as usize, d.y as usize))), "{found:?}");
    }

    #[test]
    fn points_of_light_are_not_stuck() {
        for step in [(0.0, 0.0), (0.4, 0.3), (3.3, 2.6)] {
            let (frames, motions) = burst(step, &[]);
            assert_eq!(find_stuck(&frames, &motions, &[], 0, [1.0; 3]), []);
        }
    }
}
