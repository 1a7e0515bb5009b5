//! Clipped samples beside honest ones, as shorter exposures show them.
//!
//! The smoothed colours of a place need all its samples. Where some are clipped, shorter exposures stand in for these
//! alone: the others keep their low noise, and nothing jumps where a colour begins to clip.

use super::patch::Patch;
use super::signal::{CLIPPED, IS_CLIPPED, Signal};
use calotype_image::mirror;

/// Samples of a plane, on each side, among which an honest one makes it worth to fill a clipped one.
const NEAR: isize = 2;
/// Least share of honest samples in a smoothed number that counts.
pub(crate) const LEAST: f32 = 0.2;
/// Weight of a filled sample beside an honest one's in the luminance.
pub(crate) const WEIGHT: f32 = 0.5;

/// The frames that stand in for one frame's clipped samples.
pub(crate) struct Understudies<'a> {
    shorter: Vec<&'a Signal<'a>>,
    /// Noise of what they say, relative to the frame's own just below its white, per colour.
    pub noise: [f32; 3],
}

impl<'a> Understudies<'a> {
    /// Those among `signals` that are exposed for less than `signal`, by half a stop at least.
    pub fn of(signal: &Signal, signals: &'a [Signal<'a>]) -> Self {
        let shorter: Vec<_> = signals.iter().filter(|s| s.exposure < 0.7 * signal.exposure).collect();
        let noise = [0, 1, 2].map(|c| {
            let white = signal.white()[c];
            let evidence: f32 = shorter.iter().map(|s| 1.0 / s.variance(c, white)).sum();
            1.0 / (evidence * signal.variance(c, white)).max(1e-6)
        });
        Self { shorter, noise }
    }

    /// Fills clipped samples of `planes`, the Bayer planes of a part of `signal`, that lie near honest ones; `known` gets 1
    /// for the samples that were honest, 0 for the others. Returns whether there are any to be filled.
    pub fn fill(&self, signal: &Signal, planes: &mut [Patch; 4], known: &mut [Patch; 4]) -> bool {
        if self.shorter.is_empty() {
            return false;
        }
        let mut any = false;
        let mut places = Vec::new();
        for (p, plane) in planes.iter_mut().enumerate() {
            let n = plane.width * plane.height;
            if !plane.data[..n].iter().any(|v| *v >= IS_CLIPPED) {
                continue;
            }
            places.clear();
            places.extend((0..n).filter(|&k| plane.data[k] >= IS_CLIPPED && beside_honest(plane, k)));
            if places.is_empty() {
                continue;
            }
            if !any {
                any = true;
                for known in known.iter_mut() {
                    known.reshape(plane.x0, plane.y0, plane.width, plane.height);
                    known.data.fill(1.0);
                }
            }
            for &k in &places {
                let (x, y) = (plane.x0 + (k % plane.width) as isize, plane.y0 + (k / plane.width) as isize);
                plane.data[k] = self.sample(signal, 2 * x + (p & 1) as isize, 2 * y + (p >> 1) as isize);
                known[p].data[k] = 0.0;
            }
        }
        any
    }

    /// What the shorter exposures say of the photosite of `signal` at a column and a row, which are mirrored beyond its border;
    /// clipped where none is honest.
    pub fn sample(&self, signal: &Signal, x: isize, y: isize) -> f32 {
        let samples = &signal.frame.samples;
        let (x, y) = (mirror(x, samples.width()), mirror(y, samples.height()));
        let mut at = (x as f32, y as f32);
        for _ in 0..2 {
            let q = signal.motion.position(at.0, at.1);
            at = (at.0 + x as f32 - q.0, at.1 + y as f32 - q.1);
        }
        let color = signal.frame.cfa.color_at(x, y) as usize;
        let (mut sum, mut weight) = (0.0, 0.0);
        for shorter in &self.shorter {
            let v = shorter.interpolate(shorter.motion.position(at.0, at.1), color);
            if v.abs() < IS_CLIPPED {
                sum += shorter.exposure * v;
                weight += shorter.exposure;
            }
        }
        if weight > 0.0 { sum / weight } else { CLIPPED }
    }
}

/// True where an honest number lies near number `k` of a patch.
pub(crate) fn beside_honest(patch: &Patch, k: usize) -> bool {
    let (x, y) = ((k % patch.width) as isize, (k / patch.width) as isize);
    let columns = (x - NEAR).max(0) as usize..(x + NEAR + 1).min(patch.width as isize) as usize;
    let rows = (y - NEAR).max(0) as usize..(y + NEAR + 1).min(patch.height as isize) as usize;
    rows.into_iter().any(|v| patch.row(v)[columns.clone()].iter().any(|v| *v < IS_CLIPPED))
}
