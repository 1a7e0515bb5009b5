//! One look at the layers of a scene: from a photosite's direction to the light that arrives from there.

use crate::canvas::{BLOCK, Canvas, OVERSAMPLE};
use crate::hand::Hand;
use crate::scene::Layer;
use crate::view::{Geometry, project};

/// The plane of a layer's cover, where it is no background; before it come camera red, green, blue and Rec.709.
pub(crate) const COVER: usize = 6;

/// Where a layer is seen at a moment: from ideal places relative to the centre to canvas pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerMap {
    homography: [[f32; 3]; 3],
    // canvas = turn · (place + shift)
    turn: [f32; 2],
    shift: [f32; 2],
    origin: [f32; 2],
}

impl LayerMap {
    pub(crate) fn new(layer: &Layer, hand: &Hand, g: &Geometry, time_s: f64) -> Self {
        let pose = hand.pose(time_s);
        let homography = pose.homography(g.focal_px).map(|r| r.map(|v| v as f32));
        let (px, py) = pose.parallax(g.focal_px, layer.depth_m);
        let (angle, moved) = layer.motion.at(time_s);
        let (cx, cy) = g.centre();
        let h = g.height as f64;
        let pivot = [layer.motion.pivot[0] * h, layer.motion.pivot[1] * h];
        let k = OVERSAMPLE as f64;
        // the layer's own place: pivot + R(-angle) (place + parallax + centre - moved - pivot)
        let shift = [px + cx - moved[0] * h - pivot[0], py + cy - moved[1] * h - pivot[1]];
        Self {
            homography,
            turn: [(angle.cos() * k) as f32, (angle.sin() * k) as f32],
            shift: shift.map(|v| v as f32),
            origin: pivot.map(|v| (v * k) as f32),
        }
    }

    /// The same view of the same layer `later_s` seconds later, from where the camera is now.
    pub(crate) fn moved(layer: &Layer, now: &Self, g: &Geometry, time_s: f64, later_s: f64) -> Self {
        let (angle, moved) = layer.motion.at(time_s + later_s);
        let (_, before) = layer.motion.at(time_s);
        let k = OVERSAMPLE as f64;
        let by = [0, 1].map(|i| ((before[i] - moved[i]) * g.height as f64) as f32);
        Self {
            turn: [(angle.cos() * k) as f32, (angle.sin() * k) as f32],
            shift: [now.shift[0] + by[0], now.shift[1] + by[1]],
            ..*now
        }
    }

    #[inline(always)]
    pub(crate) fn canvas(&self, x: f32, y: f32) -> (f32, f32) {
        let (x, y) = project(&self.homography, x, y);
        let (x, y) = (x + self.shift[0], y + self.shift[1]);
        let [c, s] = self.turn;
        (self.origin[0] + c * x + s * y, self.origin[1] - s * x + c * y)
    }
}

/// The light of all layers at a block of ideal places, in some of the planes of their canvases.
#[inline(always)]
pub(crate) fn see<const K: usize>(
    maps: &[LayerMap],
    canvases: &[&Canvas],
    (x, y): (&[f32; BLOCK], &[f32; BLOCK]),
    planes: [usize; K],
) -> [[f32; BLOCK]; K] {
    let mut light = [[0.0; BLOCK]; K];
    let (mut cx, mut cy) = ([0.0; BLOCK], [0.0; BLOCK]);
    for (map, canvas) in maps.iter().zip(canvases) {
        for i in 0..BLOCK {
            (cx[i], cy[i]) = map.canvas(x[i], y[i]);
        }
        let taps = canvas.taps16(&cx, &cy);
        for i in 0..BLOCK {
            if !taps.is_inside(i) {
                continue;
            }
            let left = canvas.planes.get(COVER).map_or(0.0, |cover| 1.0 - taps.value(cover, i).clamp(0.0, 1.0));
            for (light, plane) in light.iter_mut().zip(planes) {
                light[i] = light[i] * left + taps.value(&canvas.planes[plane], i);
            }
        }
    }
    light
}
