//! The hand that holds the camera.
//!
//! A path is a sum of sines of fixed frequencies with random phases: smooth, the same at any sampling, and with a known
//! spectrum. Its parts are those of the physiological model of Gavant, Alacoque, Dupret and David ("A physiological
//! camera shake model for image stabilization systems", IEEE Sensors 2011): slow drift of posture, and tremor between
//! 8 and 12 Hz; their strengths here are rates in degrees per second, as gyroscopes measure them.

use crate::random::Random;
use crate::view::Pose;
use serde::Serialize;
use std::f64::consts::TAU;

/// How the camera is held: effective values of its motion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Grip {
    /// Rate of yaw and pitch, in degrees per second.
    pub turn_deg_s: f64,
    /// Rate of roll, in degrees per second.
    pub roll_deg_s: f64,
    /// Speed sideways, in millimetres per second.
    pub shift_mm_s: f64,
}

/// Names and meanings of the grips built in.
pub const GRIPS: [(&str, &str, Grip); 4] = [
    ("tripod", "nothing moves", Grip { turn_deg_s: 0.0, roll_deg_s: 0.0, shift_mm_s: 0.0 }),
    ("steady", "both hands, elbows rested", Grip { turn_deg_s: 0.35, roll_deg_s: 0.2, shift_mm_s: 2.0 }),
    ("hand", "both hands, standing", Grip { turn_deg_s: 0.9, roll_deg_s: 0.45, shift_mm_s: 6.0 }),
    ("one-hand", "one hand, after walking", Grip { turn_deg_s: 2.5, roll_deg_s: 1.2, shift_mm_s: 18.0 }),
];

/// One sine: frequency in Hz, phase, amplitude of the place (radians or metres) without and with stabilisation.
type Sine = (f64, f64, f64);

/// Motion over time.
#[derive(Clone, Debug)]
pub struct Hand {
    /// Yaw, pitch, roll in radians, right, down in metres.
    axes: [Vec<Sine>; 5],
}

/// Sines per axis, from 0.15 to 20 Hz.
const SINES: usize = 28;

impl Hand {
    /// A path for a grip and a seed. `residue` is what optical stabilisation leaves of yaw and pitch between 1 and
    /// 15 Hz, 0 to 1; slower motion passes, since the lens has to return to the middle.
    pub fn new(grip: Grip, residue: f64, seed: u64) -> Self {
        let axes = std::array::from_fn(|axis| {
            let mut random = Random::new(seed, [0x6861_6e64, axis as u64]);
            let rms = match axis {
                0 | 1 => grip.turn_deg_s.to_radians(),
                2 => grip.roll_deg_s.to_radians(),
                _ => grip.shift_mm_s * 1e-3,
            };
            let mut sines: Vec<Sine> = (0..SINES)
                .map(|i| {
                    let octave = (i as f64 + random.uniform()) / SINES as f64;
                    let hz = 0.15 * (20.0f64 / 0.15).powf(octave);
                    // a Rayleigh amplitude makes the sum Gaussian
                    let strength = (-2.0 * (1.0 - random.uniform()).ln()).sqrt() * rate_spectrum(hz);
                    (hz, TAU * random.uniform(), strength)
                })
                .collect();
            let power: f64 = sines.iter().map(|s| s.2 * s.2 / 2.0).sum();
            let scale = if power > 0.0 { rms / power.sqrt() } else { 0.0 };
            for (hz, _, strength) in &mut sines {
                let left = if axis < 2 { stabilised(*hz, residue) } else { 1.0 };
                // from the amplitude of the rate to that of the place
                *strength *= scale * left / (TAU * *hz);
            }
            sines
        });
        Self { axes }
    }

    /// The pose at a time in seconds, relative to that at time 0.
    pub fn pose(&self, time_s: f64) -> Pose {
        let at = |axis: usize| -> f64 {
            self.axes[axis]
                .iter()
                .map(|(hz, phase, size)| size * ((TAU * hz * time_s + phase).sin() - phase.sin()))
                .sum()
        };
        Pose { yaw_rad: at(0), pitch_rad: at(1), roll_rad: at(2), right_m: at(3), down_m: at(4) }
    }
}

/// Amplitude of the rate: even up to 1.5 Hz and falling as 1/f beyond, with the tremor's peak at 9.5 Hz.
fn rate_spectrum(hz: f64) -> f64 {
    let drift = 1.0 / (1.0 + (hz / 1.5).powi(2)).sqrt();
    drift + 0.5 * (-0.5 * ((hz - 9.5) / 1.3).powi(2)).exp()
}

/// Share of motion at a frequency that stabilisation leaves.
fn stabilised(hz: f64, residue: f64) -> f64 {
    let works = (hz / 0.5).powi(2) / (1.0 + (hz / 0.5).powi(2)) / (1.0 + (hz / 18.0).powi(4));
    1.0 - (1.0 - residue.clamp(0.0, 1.0)) * works
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_the_grip() {
        let (mut sum, mut count) = (0.0, 0.0);
        for seed in 0..30 {
            let hand = Hand::new(GRIPS[2].2, 1.0, seed);
            for i in 0..400 {
                let t = f64::from(i) * 0.05;
                let rate = (hand.pose(t + 1e-4).yaw_rad - hand.pose(t - 1e-4).yaw_rad) / 2e-4;
                sum += rate.to_degrees().powi(2);
                count += 1.0;
            }
        }
        let rms = f64::sqrt(sum / count);
        assert!((rms / 0.9 - 1.0).abs() < 0.1, "{rms}");
    }

    #[test]
    fn stabilisation_calms_tremor_and_tripods_rest() {
        assert!(stabilised(5.0, 0.1) < 0.13 && stabilised(0.1, 0.1) > 0.95 && stabilised(100.0, 0.1) > 0.99);
        let hand = Hand::new(GRIPS[0].2, 1.0, 3);
        assert_eq!(hand.pose(0.7), Pose::default());
        assert_eq!(Hand::new(GRIPS[2].2, 1.0, 3).pose(0.0), Pose::default());
        assert_ne!(Hand::new(GRIPS[2].2, 1.0, 3).pose(0.1), Hand::new(GRIPS[2].2, 1.0, 4).pose(0.1));
    }
}
