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

    /// The gains right of pixel (x, y) of a picture of `size`: the gain there, its change from pixel to pixel, and the first
    /// pixel for which another line holds.
    fn line(&self, x: usize, y: usize, size: (usize, usize)) -> (f32, f32, usize) {
        let (iy, fy) = self.node(1, (y as f64 + 0.5) / size.1 as f64);
        let (top, bottom) = (self.gains.row(iy), self.gains.row((iy + 1).min(self.gains.height() - 1)));
        let at = |i: usize| top[i] + (bottom[i] - top[i]) * fy;
        // in units of nodes
        let step = 1.0 / (size.0 as f64 * self.spacing.0);
        let place = ((x as f64 + 0.5) / size.0 as f64 - self.origin.0) / self.spacing.0;
        let last = self.gains.width() - 1;
        if last == 0 || !(step > 0.0) || !place.is_finite() || place >= last as f64 {
            return (at(if step > 0.0 && place >= last as f64 { last } else { 0 }), 0.0, usize::MAX);
        }
        let next = |node: f64| (x + ((node - place) / step).ceil().max(1.0) as usize).max(x + 1);
        if place < 0.0 {
            return (at(0), 0.0, next(0.0));
        }
        let i = (place as usize).min(last - 1);
        let (l, r) = (at(i), at(i + 1));
        (l + (r - l) * (place - i as f64) as f32, (r - l) * step as f32, next((i + 1) as f64))
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
    /// Fills `gains` with the gains of row `y` of a picture of `width` x `height`, from column `x0` on.
    ///
    /// Columns beyond the picture get 1. Cost: a multiplication and an addition per pixel and map, from node to node.
    pub fn gain_row(&self, y: usize, x0: usize, width: usize, height: usize, gains: &mut [f32]) {
        gains.fill(1.0);
        for map in &self.maps {
            let (a, pitch) = (map.area, (map.pitch.0.max(1), map.pitch.1.max(1)));
            if y < a.y || y >= a.y + a.height || !(y - a.y).is_multiple_of(pitch.1) || map.gains.is_empty() {
                continue;
            }
            // the first column at or after x0 to which the map applies
            let mut x = if x0 <= a.x { a.x } else { a.x + (x0 - a.x).next_multiple_of(pitch.0) };
            let end = (a.x + a.width).min(width).min(x0 + gains.len());
            while x < end {
                let (start, step, next) = map.line(x, y, (width, height));
                let next = next.min(end);
                let part = &mut gains[x - x0..next - x0];
                match pitch.0 {
                    1 => scale::<1>(part, start, step),
                    2 => scale::<2>(part, start, step),
                    _ => part.iter_mut().enumerate().step_by(pitch.0).for_each(|(k, g)| *g *= start + step * k as f32),
                }
                x += (next - x).next_multiple_of(pitch.0);
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

/// Multiplies every `PITCH`-th gain by start, start + PITCH step, ...; a power of two, in groups that are vectors.
fn scale<const PITCH: usize>(gains: &mut [f32], start: f32, step: f32) {
    const LANES: usize = 16;
    let (groups, rest) = gains.as_chunks_mut::<LANES>();
    for (i, group) in groups.iter_mut().enumerate() {
        let first = (i * LANES) as f32;
        for k in 0..LANES {
            group[k] *= if k % PITCH == 0 { start + step * (first + k as f32) } else { 1.0 };
        }
    }
    let first = groups.len() * LANES;
    rest.iter_mut().enumerate().step_by(PITCH).for_each(|(k, g)| *g *= start + step * (first + k) as f32);
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
        shading.gain_row(0, 0, 8, 4, &mut row);
        assert_eq!(row[0], 1.0);
        assert!((row[3] - expected).abs() < 1e-6);
        shading.gain_row(1, 0, 8, 4, &mut row);
        assert_eq!(row, [1.0; 8]);
    }

    #[test]
    fn rows_and_places_agree_wherever_a_row_starts() {
        for (pitch, origin, spacing, nodes) in [
            ((1, 1), (0.0, 0.0), (0.125, 0.5), (9, 3)),
            ((2, 2), (0.1, 0.2), (0.07, 0.3), (7, 2)),
            ((2, 1), (-0.3, 0.0), (0.4, 1.0), (5, 1)),
            ((3, 1), (0.5, 0.0), (0.0, 0.0), (1, 4)),
        ] {
            let gains = Plane::from_fn(nodes.0, nodes.1, |i, j| 1.0 + ((7 * i + 3 * j) % 5) as f32 * 0.3);
            let area = Rect { x: 3, y: 1, width: 90, height: 20 };
            let shading = Shading { maps: vec![GainMap { area, pitch, origin, spacing, gains }] };
            for y in 0..24 {
                for x0 in [0, 1, 2, 3, 40, 91, 99] {
                    let mut row = vec![0.0; 100 - x0];
                    shading.gain_row(y, x0, 100, 24, &mut row);
                    for (k, g) in row.iter().enumerate() {
                        let expected = shading.gain_at(x0 + k, y, 100, 24);
                        assert!((g - expected).abs() < 1e-5, "{pitch:?} ({}, {y}): {g}, not {expected}", x0 + k);
                    }
                }
            }
        }
    }
}
