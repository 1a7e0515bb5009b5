//! Lens shading as coarse maps of gains.

use crate::{Plane, Rect};

/// A coarse map of gains over a part of a picture, bilinear between its nodes: the DNG opcode GainMap
/// (DNG 1.7.1, chapter 7).
#[derive(Clone, Debug, PartialEq)]
pub struct GainMap {
    /// The pixels it applies to.
    pub area: Rect,
    /// Apply to every `pitch`-th column and row of the area: (x, y), at least 1.
    pub pitch: (usize, usize),
    /// Place of the first node, in fractions of the whole picture's width and height.
    pub origin: (f64, f64),
    /// Distance of nodes, in the same fractions.
    pub spacing: (f64, f64),
    /// Gains at the nodes.
    pub gains: Plane<f32>,
}

impl GainMap {
    /// The gain at pixel (x, y) of a picture of `width` x `height`, as if the map applied there.
    pub fn gain_at(&self, x: usize, y: usize, width: usize, height: usize) -> f32 {
        let (iy, fy) = self.node(1, (y as f64 + 0.5) / height as f64);
        let (ix, fx) = self.node(0, (x as f64 + 0.5) / width as f64);
        let (ix1, iy1) = ((ix + 1).min(self.gains.width() - 1), (iy + 1).min(self.gains.height() - 1));
        let row = |y: usize| {
            let (a, b) = (self.gains.get(ix, y), self.gains.get(ix1, y));
            a + (b - a) * fx
        };
        let (top, bottom) = (row(iy), row(iy1));
        top + (bottom - top) * fy
    }

    /// The node left of (or above) a place given in fractions of the picture, and the way to the next, 0 to 1.
    fn node(&self, axis: usize, at: f64) -> (usize, f32) {
        let (origin, spacing, count) = if axis == 0 {
            (self.origin.0, self.spacing.0, self.gains.width())
        } else {
            (self.origin.1, self.spacing.1, self.gains.height())
        };
        if count < 2 || spacing.is_nan() || spacing <= 0.0 {
            return (0, 0.0);
        }
        let v = ((at - origin) / spacing).clamp(0.0, (count - 1) as f64);
        let i = (v as usize).min(count - 2);
        (i, (v - i as f64) as f32)
    }
}

/// Lens shading of a mosaic: a gain for every photosite, from one map or from one per place in the 2x2 cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Shading {
    /// Maps, applied one after the other where they apply.
    pub maps: Vec<GainMap>,
}

impl Shading {
    /// Fills `gains` with the gains of row `y` of a picture of `width` x `height`, `width` values.
    ///
    /// Cost: a linear interpolation per pixel and map; the map's row is interpolated once.
    pub fn gain_row(&self, y: usize, width: usize, height: usize, gains: &mut [f32]) {
        gains[..width].fill(1.0);
        for map in &self.maps {
            let a = map.area;
            if y < a.y || y >= a.y + a.height || !(y - a.y).is_multiple_of(map.pitch.1.max(1)) || map.gains.is_empty() {
                continue;
            }
            let (iy, fy) = map.node(1, (y as f64 + 0.5) / height as f64);
            let iy1 = (iy + 1).min(map.gains.height() - 1);
            let line: Vec<f32> =
                map.gains.row(iy).iter().zip(map.gains.row(iy1)).map(|(t, b)| t + (b - t) * fy).collect();
            for x in (a.x..(a.x + a.width).min(width)).step_by(map.pitch.0.max(1)) {
                let (ix, fx) = map.node(0, (x as f64 + 0.5) / width as f64);
                let (l, r) = (line[ix], line[(ix + 1).min(line.len() - 1)]);
                gains[x] *= l + (r - l) * fx;
            }
        }
    }

    /// The gain of one photosite of a picture of `width` x `height`.
    pub fn gain_at(&self, x: usize, y: usize, width: usize, height: usize) -> f32 {
        let applies = |m: &&GainMap| {
            let (a, (px, py)) = (m.area, m.pitch);
            let inside = x >= a.x && x < a.x + a.width && y >= a.y && y < a.y + a.height;
            inside && (x - a.x).is_multiple_of(px.max(1)) && (y - a.y).is_multiple_of(py.max(1)) && !m.gains.is_empty()
        };
        self.maps.iter().filter(applies).map(|m| m.gain_at(x, y, width, height)).product()
    }

    /// The largest gain of any map, at least 1.
    pub fn max_gain(&self) -> f32 {
        self.maps.iter().map(|m| m.gains.data().iter().fold(1.0, |a: f32, &b| a.max(b))).product()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_interpolated_and_phases_are_kept_apart() {
        let map = GainMap {
            area: Rect { x: 1, y: 0, width: 7, height: 4 },
            pitch: (2, 2),
            origin: (0.0, 0.0),
            spacing: (1.0, 1.0),
            gains: Plane::from_vec(2, 2, vec![1.0, 2.0, 1.0, 2.0]).unwrap(),
        };
        let expected = map.gain_at(3, 0, 8, 4);
        assert!((expected - (1.0 + 3.5 / 8.0)).abs() < 1e-6);
        let shading = Shading { maps: vec![map] };
        let mut row = [0.0; 8];
        shading.gain_row(0, 8, 4, &mut row);
        assert_eq!(row[0], 1.0);
        assert!((row[3] - expected).abs() < 1e-6);
        shading.gain_row(1, 8, 4, &mut row);
        assert_eq!(row, [1.0; 8]);
    }
}
