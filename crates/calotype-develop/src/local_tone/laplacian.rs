//! The slow operator: a local Laplacian filter (Paris, Hasinoff and Kautz, Local Laplacian filters, 2011) in its fast
//! form with a few sampled centres (Aubry and others, Fast local Laplacian filters, 2014).
//!
//! Details smaller than a threshold keep their contrast, larger differences follow the aim's curve. All on log2
//! luminance of a small picture.

use super::curve::ToneAim;
use super::pyramid;
use crate::exposure::smoothstep;
use calotype_image::{Plane, par};

/// Stops between sampled centres: below the threshold of details, so that interpolation stays faithful.
const CENTRE_STEP: f32 = 0.75;
/// Differences up to the first, in stops, are detail and keep their contrast; from the second on they follow the aim.
const DETAIL: (f32, f32) = (0.3, 2.0);

/// The plane of log2 luminance, in stops from mid grey, after local tone.
pub fn local_laplacian(log_luminance: &Plane<f32>, aim: &ToneAim) -> Plane<f32> {
    let (w, h) = (log_luminance.width(), log_luminance.height());
    let levels = pyramid::level_count(w, h, 4);
    let map = |p: &Plane<f32>, f: &dyn Fn(f32) -> f32| {
        let mut out = p.clone();
        out.data_mut().iter_mut().for_each(|v| *v = f(*v));
        out
    };
    let aimed = map(log_luminance, &|v| aim.at(v));
    if levels < 2 {
        return aimed;
    }
    let (lo, hi) = log_luminance.data().iter().fold((f32::MAX, f32::MIN), |(a, b), &v| (a.min(v), b.max(v)));
    let count = (((hi - lo) / CENTRE_STEP).ceil() as usize + 1).clamp(2, 40);
    let step = ((hi - lo) / (count - 1) as f32).max(1e-6);
    let guide = pyramid::gaussian(log_luminance.clone(), levels);

    // For each centre, the Laplacian pyramid of the remapped picture, weighted by a hat over the guide.
    let parts = par::map(count, |k| {
        let centre = lo + k as f32 * step;
        let remap = Remap::new(aim, centre);
        let mut part = pyramid::laplacian(map(log_luminance, &|v| remap.at(v)), levels);
        part.pop();
        for (level, g) in part.iter_mut().zip(&guide) {
            for (v, g) in level.data_mut().iter_mut().zip(g.data()) {
                *v *= (1.0 - ((g - centre) / step).abs()).max(0.0);
            }
        }
        part
    });
    let mut result: Vec<Plane<f32>> = guide[..levels - 1].iter().map(|g| Plane::new(g.width(), g.height())).collect();
    for part in parts {
        for (sum, level) in result.iter_mut().zip(part) {
            for (s, v) in sum.data_mut().iter_mut().zip(level.data()) {
                *s += v;
            }
        }
    }
    // the coarsest level follows the curve everywhere, which keeps the picture's overall light
    let mut coarsest = aimed;
    for _ in 1..levels {
        coarsest = pyramid::reduce(&coarsest);
    }
    result.push(coarsest);
    pyramid::collapse(result)
}

/// The remapping about one centre, tabled: slope 1 for details, the aim's curve beyond.
struct Remap {
    values: Vec<f32>,
}

impl Remap {
    const LOW: f32 = -24.0;
    const PER_STOP: f32 = 8.0;
    const COUNT: usize = 320;

    fn new(aim: &ToneAim, centre: f32) -> Self {
        let here = aim.at(centre);
        let values = (0..Self::COUNT)
            .map(|i| {
                let z = Self::LOW + i as f32 / Self::PER_STOP;
                let d = z - centre;
                // Large differences are the aim's own, seen from every centre alike: else edges would get halos.
                let large = smoothstep(DETAIL.0, DETAIL.1, d.abs());
                z + large * (aim.at(z) - here - d)
            })
            .collect();
        Self { values }
    }

    fn at(&self, z: f32) -> f32 {
        let u = ((z - Self::LOW) * Self::PER_STOP).clamp(0.0, (Self::COUNT - 1) as f32);
        let i = (u as usize).min(Self::COUNT - 2);
        self.values[i] + (u - i as f32) * (self.values[i + 1] - self.values[i])
    }
}

#[cfg(test)]
mod tests {
    use super::super::curve::Bends;
    use super::*;

    #[test]
    fn a_straight_aim_changes_nothing() {
        let aim = ToneAim::new(&Bends { bright: 3.0, bright_aim: 3.0, noise_floor: -20.0, ..Default::default() });
        let p = Plane::from_fn(41, 30, |x, y| ((x * 7 + y * 13) % 17) as f32 * 0.5 - 5.0);
        let q = local_laplacian(&p, &aim);
        assert!(p.data().iter().zip(q.data()).all(|(a, b)| (a - b).abs() < 1e-3));
    }

    #[test]
    fn shadows_rise_and_keep_their_texture() {
        let aim =
            ToneAim::new(&Bends { lift: 1.5, bright: 3.0, bright_aim: 3.0, noise_floor: -20.0, ..Default::default() });
        // half dark with a fine texture of 0.4 stops, half bright
        let p = Plane::from_fn(64, 48, |x, _| if x < 32 { -4.0 + 0.4 * (x % 2) as f32 } else { 2.0 });
        let q = local_laplacian(&p, &aim);
        let rise = q.get(10, 20) + q.get(11, 20) - p.get(10, 20) - p.get(11, 20);
        assert!(rise > 1.5, "rise {rise}");
        let texture = q.get(11, 20) - q.get(10, 20);
        assert!((0.36..0.44).contains(&texture), "texture {texture}");
    }

    #[test]
    fn tiny_pictures_follow_the_curve() {
        let aim =
            ToneAim::new(&Bends { lift: 1.0, bright: 3.0, bright_aim: 3.0, noise_floor: -20.0, ..Default::default() });
        let p = Plane::filled(1, 1, -4.0);
        assert!((local_laplacian(&p, &aim).get(0, 0) - aim.at(-4.0)).abs() < 1e-5);
    }
}
