//! The way of one ray through the lens, for drawings.

use super::rays::{Fate, Ray, Rays};
use super::system::{Clip, System, Until};

/// Where a ray meets a surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vertex {
    /// Place across, upwards and along the axis from the first vertex, mm.
    pub at: [f64; 3],
}

/// The way of one ray.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Its places: one for each surface it passed, then the image plane if it arrived.
    pub vertices: Vec<Vertex>,
    /// What became of it.
    pub fate: Fate,
}

impl System {
    /// The ways of some rays through a lens without tilts: one trace for each surface.
    pub fn paths(&self, wavelength: usize, rays: &[Ray], clip: Clip) -> Vec<Path> {
        let mut paths: Vec<Path> = rays.iter().map(|_| Path { vertices: vec![], fate: Fate::Arrived }).collect();
        let mut z = 0.0;
        let count = self.lens().surfaces.len();
        for i in 0..=count {
            let mut batch = Rays::new(rays.iter().copied());
            self.trace(wavelength, &mut batch, clip, if i < count { Until::Surface(i) } else { Until::Image });
            for (k, path) in paths.iter_mut().enumerate() {
                path.fate = batch.fate[k];
                if let Some(ray) = batch.get(k) {
                    path.vertices.push(Vertex { at: [ray.at[0], ray.at[1], ray.at[2] + z] });
                }
            }
            z += self.lens().surfaces.get(i).map_or(0.0, |s| s.thickness);
        }
        paths
    }
}
