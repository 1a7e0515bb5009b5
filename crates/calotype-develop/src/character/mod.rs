//! The character of a lens: what is out of focus, softness, glow and falloff, drawn into a picture with a depth map.
//!
//! The picture is cut into layers of nearly equal blur. Every layer's light is spread by the lens's image of a point at that
//! distance and place (a scatter: light stays light), and layers are laid over one another from far to near. Three things
//! make edges right: a layer is as opaque as the spread of what it covers; what it covers up but lets through at its
//! blurred edge is filled with what is seen behind it around there; and layers next to each other belong to one surface
//! and add up instead of covering, so that slanted floors do not break into steps.
//!
//! Large discs are drawn at a half, a quarter or an eighth of the size. The picture is worked on in tiles, each by one thread
//! and in a fixed order, so that the result does not depend on threads; besides the picture there are the plane at hand, a
//! byte per pixel and the discs.

mod behind;
mod kernel;
mod layers;
mod tile;

use calotype_image::{Plane, SceneRgb, par};
use layers::Layers;
use tile::Renderer;

/// Light of a point that arrives beside where the point belongs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// Pixels away from the picture's axis, along the radius.
    pub radial_px: f32,
    /// Pixels across the radius.
    pub tangential_px: f32,
    /// Share of the point's light.
    pub share: f32,
}

/// A lens's images of points over a picture. Radii are 0 on the axis and 1 at [`Character::corner_px`] from it.
pub trait PointImages: Sync {
    /// Where the light of a point arrives in a colour plane, for a point so many dioptres nearer than what is in focus (or
    /// farther, where negative). Shares sum to 1; `out` comes empty.
    fn arrivals(&self, plane: usize, radius: f64, dioptres: f64, out: &mut Vec<Arrival>);

    /// Irradiance of a colour plane over that on the axis.
    fn illumination(&self, plane: usize, radius: f64) -> f64;

    /// Diameter in pixels of the disc of a point on the axis that is one dioptre out of focus.
    fn disc_px(&self) -> f64;
}

/// Draws a lens's character into pictures.
pub struct Character<'a> {
    /// The lens.
    pub images: &'a dyn PointImages,
    /// Where the lens's axis meets the picture, in pixels with centres at .5.
    pub axis: [f64; 2],
    /// Pixels from the axis to radius 1.
    pub corner_px: f64,
}

impl Character<'_> {
    /// Draws into a picture; `dioptres` tells of each pixel how much nearer (in 1/m) it is than what is in focus, and has the
    /// picture's size; without it everything is in focus. Linear in the picture's light; no light is lost but by the
    /// lens's falloff and over the picture's border, beyond which it is mirrored.
    ///
    /// A depth map of another size counts as none; callers check before (as they do that it is finite).
    pub fn apply(&self, mut picture: SceneRgb, dioptres: Option<&Plane<f32>>) -> SceneRgb {
        let size = (picture.width(), picture.height());
        if size.0 == 0 || size.1 == 0 {
            return picture;
        }
        let layers = Layers::new(dioptres, size, self.images.disc_px());
        for (c, plane) in picture.planes.iter_mut().enumerate() {
            let mut drawn = Renderer::new(self, c, plane, &layers).run();
            self.shade(c, &mut drawn);
            *plane = drawn;
        }
        picture
    }

    /// The falloff.
    fn shade(&self, c: usize, plane: &mut Plane<f32>) {
        const STEPS: usize = 512;
        let table: Vec<f32> =
            (0..=STEPS + 1).map(|i| self.images.illumination(c, i as f64 / STEPS as f64) as f32).collect();
        let (ax, ay, scale) = (self.axis[0] as f32, self.axis[1] as f32, (STEPS as f64 / self.corner_px) as f32);
        par::bands_mut(plane, 32, |top, mut band| {
            for y in 0..band.height() {
                let dy = (top + y) as f32 + 0.5 - ay;
                for (x, v) in band.row_mut(y).iter_mut().enumerate() {
                    let dx = x as f32 + 0.5 - ax;
                    let r = ((dx * dx + dy * dy).sqrt() * scale).min(STEPS as f32);
                    let i = r as usize;
                    *v *= table[i] + (r - i as f32) * (table[i + 1] - table[i]);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
