//! Examples of a look: a colour of the scene and what became of it.

/// One example.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Scene-linear Rec.2020, grey 0.18.
    pub scene: [f64; 3],
    /// Display-linear sRGB, white 1: the colour in the graded picture.
    pub display: [f64; 3],
    /// How much it counts, positive; 1 is usual.
    pub weight: f64,
    /// Squared distance from the middle of the graded picture, 1 at its corners; 0 where places mean nothing.
    pub radius2: f64,
}

impl Sample {
    /// An example without a place, of weight 1.
    pub fn new(scene: [f64; 3], display: [f64; 3]) -> Self {
        Self { scene, display, weight: 1.0, radius2: 0.0 }
    }

    pub(crate) fn is_sound(&self) -> bool {
        let display = self.display.iter().all(|v| (-1e-6..=1.0 + 1e-6).contains(v));
        let scene = self.scene.iter().all(|v| v.is_finite() && v.abs() < 1e6);
        display && scene && self.weight > 0.0 && self.weight.is_finite() && (0.0..=4.0).contains(&self.radius2)
    }

    /// What is one surface under several exposures: its chromaticity, in hundredths.
    fn group(&self) -> [i32; 2] {
        let [r, g, b] = self.scene.map(|v| v.max(0.0));
        let sum = (r + g + b).max(1e-9);
        [r / sum, g / sum].map(|v| (v * 100.0).round() as i32)
    }
}

/// The surface of each sample, numbered from 0; neighbours in number are neighbours in colour.
pub(crate) fn surfaces(samples: &[Sample]) -> Vec<usize> {
    let mut groups: Vec<[i32; 2]> = samples.iter().map(Sample::group).collect();
    groups.sort_unstable();
    groups.dedup();
    samples.iter().map(|s| groups.binary_search(&s.group()).unwrap_or(0)).collect()
}

/// Deals samples to `folds` piles, all exposures of a surface to the same one, so that what is held out is unseen.
pub(crate) fn folds(samples: &[Sample], folds: usize) -> Vec<usize> {
    // dealing neighbours in colour out in turn gives every pile all colours
    surfaces(samples).iter().map(|s| s % folds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exposures_of_a_surface_stay_together() {
        let samples: Vec<Sample> = (0..300)
            .map(|i| {
                let ev = f64::from(i % 3).exp2();
                let [r, g, b] = [7, 11, 13].map(|k| 0.05 + f64::from(i / 3 * k % 101) / 120.0);
                Sample::new([r, g, b].map(|v| v * ev), [0.5; 3])
            })
            .collect();
        let fold = folds(&samples, 5);
        assert!(fold.chunks(3).all(|c| c[0] == c[1] && c[1] == c[2]));
        assert!((0..5).all(|k| fold.iter().filter(|f| **f == k).count() > 30));
    }
}
