//! Spot diagrams.

use crate::{Ray, Rays};
use serde::Serialize;

/// Sizes of a spot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spot {
    /// Rays sent.
    pub sent: usize,
    /// Rays that arrived.
    pub arrived: usize,
    /// Middle of those, mm.
    pub centroid: [f64; 2],
    /// Root mean square distance from the middle, um.
    pub rms_um: f64,
    /// Greatest distance from it, um.
    pub max_um: f64,
}

/// The spot of rays that were traced to the image; nothing where none arrived.
pub fn spot_of(rays: &Rays) -> Option<Spot> {
    let points: Vec<[f64; 2]> = rays.iter().map(|Ray { at: [x, y, _], .. }| [x, y]).collect();
    let count = points.len() as f64;
    if points.is_empty() {
        return None;
    }
    let centroid = [0, 1].map(|k| points.iter().map(|p| p[k]).sum::<f64>() / count);
    Some(Spot {
        sent: rays.len(),
        arrived: points.len(),
        centroid,
        rms_um: rms_about(&points, centroid),
        max_um: points.iter().map(|p| distance(p, centroid)).fold(0.0, f64::max) * 1e3,
    })
}

/// Root mean square distance in um of points in mm from a place.
pub(crate) fn rms_about(points: &[[f64; 2]], place: [f64; 2]) -> f64 {
    let sum: f64 = points.iter().map(|p| distance(p, place).powi(2)).sum();
    (sum / points.len().max(1) as f64).sqrt() * 1e3
}

fn distance(p: &[f64; 2], q: [f64; 2]) -> f64 {
    (p[0] - q[0]).hypot(p[1] - q[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_corners() {
        let corner = |x: f64, y: f64| Ray { at: [x, y, 0.0], d: [0.0, 0.0, 1.0], opl: 0.0 };
        let spot =
            spot_of(&Rays::new([corner(1.0, 1.0), corner(1.0, 3.0), corner(3.0, 1.0), corner(3.0, 3.0)])).unwrap();
        assert_eq!((spot.centroid, spot.arrived), ([2.0, 2.0], 4));
        assert!((spot.rms_um - 2f64.sqrt() * 1e3).abs() < 1e-9 && (spot.max_um - spot.rms_um).abs() < 1e-9);
        assert!(spot_of(&Rays::default()).is_none());
    }
}
