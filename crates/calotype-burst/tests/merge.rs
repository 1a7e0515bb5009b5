//! What merging promises, on scenes given by formulas.

use calotype_burst::{Defect, Homography, Merged, MotionField, MotionReport, merge_aligned};
use calotype_image::{Cfa, NoProgress, NoiseModel, Plane, RawFrame, linear_to_raw};

const W: usize = 160;
const H: usize = 128;
const NOISE: NoiseModel = NoiseModel::uniform(1e-4, 1e-7);
const NEUTRAL: [f32; 3] = [0.5, 1.0, 0.6];

/// Standard normal numbers from a cheap generator.
struct Normal(u64);

impl Normal {
    fn next(&mut self) -> f32 {
        (0..12).map(|_| self.uniform()).sum::<f32>() - 6.0
    }

    fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// A frame of `scene` (balanced light at x, y), moved by `shift` pixels.
fn frame(scene: impl Fn(f32, f32) -> f32, cfa: Cfa, exposure: f32, shift: (f32, f32), salt: u64) -> RawFrame {
    noisy_frame(scene, NOISE, cfa, exposure, shift, salt)
}

fn noisy_frame(
    scene: impl Fn(f32, f32) -> f32,
    noise: NoiseModel,
    cfa: Cfa,
    exposure: f32,
    shift: (f32, f32),
    salt: u64,
) -> RawFrame {
    let mut normal = Normal(salt);
    let samples = Plane::from_fn(W, H, |x, y| {
        let c = cfa.color_at(x, y) as usize;
        let neutral = if cfa.is_mono() { 1.0 } else { NEUTRAL[c] };
        let v = exposure * neutral * scene(x as f32 - shift.0, y as f32 - shift.1);
        linear_to_raw((v + normal.next() * (v * noise.shot[c] + noise.read[c]).sqrt()).min(1.0))
    });
    RawFrame { samples, cfa, noise, exposure, shading: None }
}

fn moved(shift: (f32, f32)) -> MotionField {
    let report = MotionReport { support: 1.0, ..Default::default() };
    MotionField::from_global(W, H, Homography::shift(f64::from(shift.0), f64::from(shift.1)), report)
}

const SHIFTS: [(f32, f32); 6] = [(0.0, 0.0), (1.3, -0.7), (-2.6, 0.4), (0.5, 3.1), (-1.2, -2.4), (3.7, 1.9)];

fn merged(frames: Vec<RawFrame>, defects: &[Defect]) -> Merged {
    let motions: Vec<_> = SHIFTS[..frames.len()].iter().map(|&s| moved(s)).collect();
    let neutral = if frames[0].cfa.is_mono() { [1.0; 3] } else { NEUTRAL };
    merge_aligned(frames, &motions, defects, 0, neutral, &NoProgress).unwrap()
}

/// Root mean square of the merged mosaic less the truth, in balanced light, and its mean, where `within` says so.
fn error(merged: &Merged, scene: impl Fn(f32, f32) -> f32, within: impl Fn(usize, usize) -> bool) -> (f32, f32) {
    let mosaic = &merged.mosaic;
    let (mut square, mut mean, mut count) = (0.0, 0.0, 0.0);
    for y in 8..H - 8 {
        for x in (8..W - 8).filter(|&x| within(x, y)) {
            let c = mosaic.cfa.color_at(x, y) as usize;
            let neutral = if mosaic.cfa.is_mono() { 1.0 } else { NEUTRAL[c] };
            let e = mosaic.samples.get(x, y) / neutral - scene(x as f32, y as f32);
            (square, mean, count) = (square + e * e, mean + e, count + 1.0);
        }
    }
    ((square / count).sqrt(), mean / count)
}

fn waves(x: f32, y: f32) -> f32 {
    0.3 + 0.08 * (x * 0.11).sin() * (y * 0.07 + 1.0).cos()
}

#[test]
fn six_frames_are_cleaner_than_one_and_keep_the_light() {
    for cfa in [Cfa::RGGB, Cfa::MONO] {
        let one = merged(vec![frame(waves, cfa, 1.0, SHIFTS[0], 1)], &[]);
        let frames = SHIFTS.iter().zip(1..).map(|(&s, salt)| frame(waves, cfa, 1.0, s, salt)).collect();
        let six = merged(frames, &[]);
        let (single, _) = error(&one, waves, |_, _| true);
        let (rms, mean) = error(&six, waves, |_, _| true);
        assert!(rms < single / 2.2, "{rms} of {single}");
        assert!(mean.abs() < 2e-4, "{mean}");
    }
}

#[test]
fn a_faint_edge_in_strong_noise_keeps_its_slope() {
    const DIM: NoiseModel = NoiseModel::uniform(4e-3, 1e-5);
    let across = |x: f32, y: f32| x - 80.0 + 0.2 * (y - 64.0);
    let step = |d: f32| 0.05 * (d / 0.7).tanh();
    let mut slope = 0.0;
    for round in 0..4 {
        let shot = |(&s, salt)| noisy_frame(|x, y| 0.18 + step(across(x, y)), DIM, Cfa::RGGB, 1.0, s, salt);
        let all = merged(SHIFTS.iter().zip(1 + 10 * round..).map(shot).collect(), &[]);
        // how much is there of what a blur takes away first
        let (mut lost, mut all_of_it) = (0.0, 0.0);
        for (x, y) in (16..H - 16).flat_map(|y| (16..W - 16).map(move |x| (x, y))) {
            let d = across(x as f32, y as f32);
            let fine = step(d) - 0.5 * (step(d - 1.0) + step(d + 1.0));
            lost += fine * (0.18 + step(d) - all.rgb.get(x, y)[1]);
            all_of_it += fine * fine;
        }
        slope += 0.25 * (1.0 - lost / all_of_it);
    }
    assert!((slope - 1.0).abs() < 0.06, "{slope} of the edge's finest part is there");
}

#[test]
fn what_moved_is_the_references() {
    let spot = |x: f32, y: f32, at: f32| if (x - at).hypot(y - 64.0) < 14.0 { 0.6 } else { waves(x, y) };
    let place = |k: usize| 60.0 + 9.0 * k as f32;
    let frames = (0..6).map(|k| frame(|x, y| spot(x, y, place(k)), Cfa::RGGB, 1.0, SHIFTS[k], k as u64 + 1)).collect();
    let all = merged(frames, &[]);
    // where it stood in the others, away from its own rim
    let (rms, _) = error(&all, waves, |x, y| (80..120).contains(&x) && (54..74).contains(&y));
    assert!(rms < 0.013, "a ghost: {rms}, one frame has 0.008");
}

#[test]
fn a_bracket_is_whole_beside_what_clips() {
    // rises through the white of the long frames
    let ramp = |x: f32, y: f32| 0.2 + 1.6 * (x - 20.0) / 120.0 + 0.02 * (y * 0.4).sin();
    let exposures = [1.0, 1.0, 1.0, 0.125, 0.125, 0.125];
    let frames = (0..6).map(|k| frame(ramp, Cfa::RGGB, exposures[k], SHIFTS[k], k as u64 + 1)).collect();
    let all = merged(frames, &[]);
    for left in (16..140).step_by(8) {
        let (rms, mean) = error(&all, ramp, |x, _| (left..left + 8).contains(&x));
        let level = ramp(left as f32, 0.0);
        let short = (level * NOISE.shot[0] / NEUTRAL[0] * 8.0).sqrt();
        assert!(mean.abs() < 0.01 * level + 0.002, "off by {mean} at {left}, where light is {level}");
        assert!(rms < 1.2 * short, "{rms} at {left}: short frames have {short}");
    }
}

#[test]
fn defects_are_left_to_the_other_frames() {
    // whatever stands in their place: a guess
    let place = |k: u32| (30 + 7 * (k % 12), 20 + 11 * (k / 12));
    let mut frames: Vec<_> = SHIFTS.iter().zip(1..).map(|(&s, salt)| frame(waves, Cfa::RGGB, 1.0, s, salt)).collect();
    let mut defects: Vec<_> = (0..60).map(|k| Defect { x: place(k).0, y: place(k).1, hot: true }).collect();
    defects.sort_by_key(|d| (d.y, d.x));
    for f in &mut frames {
        for d in &defects {
            f.samples.row_mut(d.y as usize)[d.x as usize] = linear_to_raw(0.25);
        }
    }
    let all = merged(frames, &defects);
    let (rms, _) = error(&all, waves, |x, y| defects.iter().any(|d| (d.x as usize, d.y as usize) == (x, y)));
    assert!(rms < 0.02, "{rms}");
}
