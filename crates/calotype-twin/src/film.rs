//! A layer behind the lens: painted and blurred from top to bottom, a few hundred rows of it at a time.

use crate::blur::{Blur, Channel, Common, REACH};
use crate::canvas::{Area, Canvas, OVERSAMPLE};
use crate::look::COVER;
use crate::scene::Layer;
use crate::view::Geometry;
use calotype_image::par;

/// Where planes take their spots from: camera red, green, blue, Rec.709 red, green, blue, and cover.
const CHANNELS: [Channel; COVER + 1] = [0, 1, 2, 1, 1, 1, 1];

/// A layer's light on its way to the sensor. Every row of windows is painted and blurred once.
pub(crate) struct Film<'a> {
    layer: &'a Layer,
    blur: &'a Blur<'a>,
    common: Common,
    /// All that is ever seen, and all that is painted for it.
    seen: Area,
    painted: Area,
    /// Side of a canvas pixel in heights, and the share of the light that does not go astray.
    pixel: f32,
    direct: f32,
    sharp: Canvas,
    blurred: Canvas,
    /// The next row of windows.
    next: i64,
}

impl<'a> Film<'a> {
    /// Of a layer, of which nothing outside of `seen` is looked at; `stray` is the share of light that goes astray.
    pub(crate) fn new(layer: &'a Layer, blur: &'a Blur<'a>, g: &Geometry, seen: Area, stray: f64) -> Self {
        let (mut seen, mut painted) = (seen, seen.grown(REACH as i64));
        if let Some(b) = layer.bounds {
            seen = seen.common(bounds(b, g).grown(REACH as i64));
            painted = painted.common(bounds(b, g));
        }
        let planes = if layer.bounds.is_some() { COVER + 1 } else { COVER };
        let nothing = |area: Area| Canvas::new(Area { height: 0, ..area }, planes);
        Self {
            layer,
            blur,
            common: blur.common(layer.depth_m),
            pixel: 1.0 / (g.height * OVERSAMPLE) as f32,
            direct: (1.0 - stray) as f32,
            sharp: nothing(painted),
            blurred: nothing(seen),
            next: *Blur::windows(seen.y, seen.bottom()).start(),
            seen,
            painted,
        }
    }

    /// What has been made; planes hold spline coefficients (see [`Canvas::taps`]).
    pub(crate) fn canvas(&self) -> &Canvas {
        &self.blurred
    }

    /// Makes the rows of an area of the canvas; those above are forgotten, so that areas must never go back up. Of layers
    /// that turn, which pictures do not see from top to bottom, all is made and kept.
    pub(crate) fn wind(&mut self, area: Area) {
        let m = &self.layer.motion;
        let turns = m.spin_rad_s != 0.0 || m.swing[0] * m.swing[1] != 0.0;
        let area = if turns { self.seen } else { area.common(self.seen) };
        let (from, to) = (area.y, area.bottom());
        if area.is_empty() || self.painted.is_empty() {
            return;
        }
        let last = *Blur::windows(from, to).end();
        let end = Blur::gives_to(last.max(self.next - 1)).end.min(self.seen.bottom());
        let area = Area::between((self.seen.x, from), (self.seen.right(), end.max(to)));
        self.blurred = moved(&self.blurred, area);
        while self.next <= last {
            self.paint(self.next);
            let source = (&self.sharp, &CHANNELS[..self.sharp.planes.len()], self.layer.bounds.is_none());
            self.blur.add_windows(source, self.layer.depth_m, &self.common, self.next, &mut self.blurred);
            self.next += 1;
        }
    }

    /// Paints what a row of windows looks at; what the row before it has seen is kept.
    fn paint(&mut self, row: i64) {
        let rows = Blur::looks_at(row);
        let strip = Area::between((self.painted.x, rows.start), (self.painted.right(), rows.end));
        let area = strip.common(self.painted);
        let known = self.sharp.area.bottom().clamp(area.y, area.bottom());
        self.sharp = moved(&self.sharp, area);
        let d = self.pixel;
        let first = (known - area.y) as usize;
        // pixel by pixel they are made, plane by plane they are kept
        for top in (first..area.height).step_by(64) {
            let rows = par::map(64.min(area.height - top), |i| {
                let v = (area.y + (top + i) as i64) as f32 * d + 0.5 * d;
                let mut row = vec![[0f32; COVER + 1]; area.width];
                for (j, pixel) in row.iter_mut().enumerate() {
                    let u = (area.x + j as i64) as f32 * d + 0.5 * d;
                    let dab = self.layer.paint.at(u, v, d);
                    pixel[..COVER].copy_from_slice(&dab.light.map(|l| l * self.direct));
                    pixel[COVER] = dab.cover;
                }
                row
            });
            for (p, plane) in self.sharp.planes.iter_mut().enumerate() {
                for (i, row) in rows.iter().enumerate() {
                    plane.row_mut(top + i).iter_mut().zip(row).for_each(|(v, pixel)| *v = pixel[p]);
                }
            }
        }
    }
}

/// The rows of a canvas that lie in another area of the same columns; zero in the others.
fn moved(from: &Canvas, area: Area) -> Canvas {
    let mut to = Canvas::new(area, from.planes.len());
    let both = area.common(from.area);
    for (to, source) in to.planes.iter_mut().zip(&from.planes) {
        for y in both.y..both.bottom() {
            to.row_mut((y - area.y) as usize).copy_from_slice(source.row((y - from.area.y) as usize));
        }
    }
    to
}

/// Bounds of a layer on its canvas.
fn bounds([u0, v0, u1, v1]: [f32; 4], g: &Geometry) -> Area {
    let at = |v: f32| f64::from(v) * g.height as f64 * OVERSAMPLE as f64;
    Area::between((at(u0).floor() as i64, at(v0).floor() as i64), (at(u1).ceil() as i64, at(v1).ceil() as i64))
}
