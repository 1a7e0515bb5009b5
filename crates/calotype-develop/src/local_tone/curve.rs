//! The aim of local tone: where each luminance of the scene would go if there were no local contrast to keep.

use crate::exposure::smoothstep;

/// Nodes of a [`ToneAim`].
const NODES: usize = 97;
/// Stops between nodes.
const STEP: f32 = 0.25;
/// The first node, in stops from mid grey.
const LOW: f32 = -14.0;

/// A monotone curve over log2 luminance, in stops from mid grey.
#[derive(Clone, Debug)]
pub struct ToneAim {
    values: [f32; NODES],
}

/// What bends the curve, all in stops.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bends {
    /// Lift of deep shadows.
    pub lift: f32,
    /// Lift of everything up to the mid-tones: what exposure gave up for the highlights.
    pub refill: f32,
    /// Where the picture's bright end lies.
    pub bright: f32,
    /// Where it shall lie: below `bright` highlights are held, above it they are stretched.
    pub bright_aim: f32,
    /// Luminance below which there is only noise, which is not lifted.
    pub noise_floor: f32,
}

/// The slope is kept within these bounds: flatter is dull and makes halos, steeper shows noise and banding.
const SLOPES: (f32, f32) = (0.4, 1.7);

impl ToneAim {
    /// The curve of some bends.
    pub fn new(bends: &Bends) -> Self {
        let b = bends;
        let mut values = [0.0; NODES];
        for (i, v) in values.iter_mut().enumerate() {
            let z = LOW + i as f32 * STEP;
            // Shadows: from one stop below grey, whole at four stops below, less again towards black and noise.
            let shadow = 1.0 - smoothstep(-4.0, -0.5, z);
            let depth = 0.35 + 0.65 * smoothstep(-9.5, -5.5, z);
            let known = smoothstep(b.noise_floor - 1.0, b.noise_floor + 2.0, z);
            let middle = 1.0 - smoothstep(-0.5, 3.0, z);
            let up = (b.lift * shadow * depth + b.refill * middle) * known;
            // Highlights: the bright end goes to its aim, from one stop above grey on.
            let knee = 0.5f32;
            let reach = (b.bright - knee).max(0.5);
            let t = ((z - knee) / reach).max(0.0);
            let bend = if t < 1.0 { t * t * (1.6 - 0.6 * t) } else { 1.0 };
            *v = z + up + (b.bright_aim - b.bright) * bend;
        }
        // The slopes, limited outwards from mid grey, which stays where the bends put it.
        let grey = ((0.0 - LOW) / STEP) as usize;
        for i in grey + 1..NODES {
            let d = values[i] - values[i - 1];
            values[i] = values[i - 1] + d.clamp(SLOPES.0 * STEP, SLOPES.1 * STEP);
        }
        for i in (0..grey).rev() {
            let d = values[i + 1] - values[i];
            values[i] = values[i + 1] - d.clamp(SLOPES.0 * STEP, SLOPES.1 * STEP);
        }
        Self { values }
    }

    /// The curve at `z` stops from mid grey; outside its nodes it goes on with slope 1.
    pub fn at(&self, z: f32) -> f32 {
        let u = (z - LOW) / STEP;
        let inside = u.clamp(0.0, (NODES - 1) as f32);
        let i = (inside as usize).min(NODES - 2);
        let t = inside - i as f32;
        self.values[i] + t * (self.values[i + 1] - self.values[i]) + (u - inside) * STEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bends_no_change() {
        let c = ToneAim::new(&Bends { bright: 3.0, bright_aim: 3.0, noise_floor: -20.0, ..Default::default() });
        for z in [-20.0f32, -14.0, -3.3, 0.0, 2.71, 9.9, 12.0] {
            assert!((c.at(z) - z).abs() < 1e-5);
        }
    }

    #[test]
    fn slopes_stay_in_bounds_whatever_the_bends() {
        for (lift, refill, aim) in [(4.0, 2.0, 1.0), (0.0, 3.0, 9.0), (-2.0, 0.0, 2.0)] {
            let c = ToneAim::new(&Bends { lift, refill, bright: 4.0, bright_aim: aim, noise_floor: -8.0 });
            let mut z = -13.9;
            while z < 9.5 {
                let slope = (c.at(z + 0.1) - c.at(z)) / 0.1;
                assert!((0.39..1.71).contains(&slope), "slope {slope} at {z}");
                z += 0.1;
            }
        }
    }
}
