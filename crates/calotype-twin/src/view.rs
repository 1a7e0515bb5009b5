//! From photosites to directions: distortion, lateral colour, illumination, and the camera's pose.

use crate::lens::Optics;

/// Entries of the radial tables.
const TABLE: usize = 2048;

/// Where the photosites of a picture look, through a lens that scales with it.
///
/// "Ideal" places are those of a pinhole camera of the same focal length, in photosites of the picture, x to the
/// right, y down, centres at .5.
#[derive(Clone, Debug)]
pub struct Geometry {
    /// Photosites across.
    pub width: usize,
    /// Photosites down.
    pub height: usize,
    /// Pitch of photosites in µm.
    pub pixel_um: f64,
    /// Focal length in photosites.
    pub focal_px: f64,
    /// Lens heights per photosite.
    pub height_per_px: f64,
    /// Per colour, over the square of the distance from the centre: ideal over real distance, and illumination.
    tables: [Vec<[f32; 2]>; 3],
    table_step: f32,
}

impl Geometry {
    /// A picture of a size in photosites. A picture of another size than the sensor's is taken by a camera scaled by
    /// `1 / scale`: the same photosites, fewer of them, and a shorter lens with the same angle of view.
    pub fn new((width, height): (usize, usize), pixel_um: f64, scale: f64, optics: &dyn Optics) -> Self {
        let height_per_px = pixel_um * 1e-3 * scale / optics.half_diagonal_mm();
        let corner = (width as f64).hypot(height as f64) / 2.0;
        let table_step = ((corner * corner) / (TABLE - 2) as f64) as f32;
        let tables = [0, 1, 2].map(|c| {
            let entry = |i: usize| {
                let r = (f64::from(table_step) * i as f64).sqrt().max(1e-3) * height_per_px;
                [(optics.ideal_height(c, r) / r) as f32, optics.illumination(c, r) as f32]
            };
            (0..TABLE).map(entry).collect()
        });
        let focal_px = optics.focal_mm() * 1e3 / (pixel_um * scale);
        Self { width, height, pixel_um, focal_px, height_per_px, tables, table_step }
    }

    /// The centre of the picture.
    pub fn centre(&self) -> (f64, f64) {
        (self.width as f64 / 2.0, self.height as f64 / 2.0)
    }

    /// Lens height and azimuth (from x towards y) of a place.
    pub fn polar(&self, x: f64, y: f64) -> (f64, f64) {
        let (dx, dy) = (x - self.width as f64 / 2.0, y - self.height as f64 / 2.0);
        (dx.hypot(dy) * self.height_per_px, dy.atan2(dx))
    }

    /// The real distance from the centre, in photosites, of light whose ideal distance is `ideal`; where the lens's
    /// tables end they go on.
    pub fn real_distance(&self, channel: usize, ideal: f64) -> f64 {
        let ideal_of = |r: f64| {
            let (x, ..) = self.ideal(channel, (r + self.width as f64 / 2.0) as f32, self.height as f32 / 2.0);
            f64::from(x)
        };
        let mut r = ideal;
        for _ in 0..30 {
            r += ideal - ideal_of(r);
        }
        r
    }

    /// The ideal place, relative to the centre, of a real place; and the illumination there.
    #[inline(always)]
    pub fn ideal(&self, channel: usize, x: f32, y: f32) -> (f32, f32, f32) {
        let (dx, dy) = (x - self.width as f32 / 2.0, y - self.height as f32 / 2.0);
        let v = (dx * dx + dy * dy) / self.table_step;
        let i = (v as usize).min(TABLE - 2);
        let f = (v - i as f32).min(1.0);
        let (a, b) = (self.tables[channel][i], self.tables[channel][i + 1]);
        let (ratio, light) = (a[0] + (b[0] - a[0]) * f, a[1] + (b[1] - a[1]) * f);
        (dx * ratio, dy * ratio, light)
    }
}

/// Where the camera is and looks, relative to a moment of reference.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose {
    /// Turn to the right in radians.
    pub yaw_rad: f64,
    /// Turn downwards in radians.
    pub pitch_rad: f64,
    /// Turn about the axis, clockwise as the camera sees it, in radians.
    pub roll_rad: f64,
    /// Step to the right in metres.
    pub right_m: f64,
    /// Step downwards in metres.
    pub down_m: f64,
}

impl Pose {
    /// The homography from ideal places relative to the centre to the same at the moment of reference, for things
    /// infinitely far away; row order.
    pub fn homography(&self, focal_px: f64) -> [[f64; 3]; 3] {
        let (sy, cy) = self.yaw_rad.sin_cos();
        let (sp, cp) = self.pitch_rad.sin_cos();
        let (sr, cr) = self.roll_rad.sin_cos();
        // direction (x, y, f): roll about z, then pitch about x, then yaw about y
        let yaw = [[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]];
        let pitch = [[1.0, 0.0, 0.0], [0.0, cp, sp], [0.0, -sp, cp]];
        let roll = [[cr, -sr, 0.0], [sr, cr, 0.0], [0.0, 0.0, 1.0]];
        let m = calotype_color::matrix::multiply(&yaw, &calotype_color::matrix::multiply(&pitch, &roll));
        let f = focal_px;
        [[m[0][0], m[0][1], m[0][2] * f], [m[1][0], m[1][1], m[1][2] * f], [m[2][0] / f, m[2][1] / f, m[2][2]]]
    }

    /// How much further right and down things at a distance seem to be, in photosites, because the camera moved
    /// sideways: added to a place seen now, it gives the place at the moment of reference.
    pub fn parallax(&self, focal_px: f64, depth_m: f64) -> (f64, f64) {
        (focal_px * self.right_m / depth_m, focal_px * self.down_m / depth_m)
    }
}

/// A place carried through a homography.
#[inline(always)]
pub fn project(h: &[[f32; 3]; 3], x: f32, y: f32) -> (f32, f32) {
    let w = 1.0 / (h[2][0] * x + h[2][1] * y + h[2][2]);
    ((h[0][0] * x + h[0][1] * y + h[0][2]) * w, (h[1][0] * x + h[1][1] * y + h[1][2]) * w)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lens;

    #[test]
    fn tables_follow_the_lens() {
        let lens = Lens::from_toml("phone-23mm", include_str!("../lenses/phone-23mm.toml")).unwrap();
        let g = Geometry::new((4096, 3072), 3.2, 1.0, &lens);
        assert!((g.focal_px - 2656.25).abs() < 1e-9);
        for (x, y) in [(2048.5, 1536.5), (100.5, 90.5), (4000.5, 1500.5)] {
            for c in 0..3 {
                let (ix, iy, light) = g.ideal(c, x, y);
                let r = f64::from((x - 2048.0).hypot(y - 1536.0));
                let want = lens.ideal_height(c, r * g.height_per_px) / g.height_per_px;
                assert!((f64::from(ix.hypot(iy)) - want).abs() < 0.01, "{c} {x} {y}");
                assert!((f64::from(light) - lens.illumination(c, r * g.height_per_px)).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn turning_right_looks_at_what_was_right() {
        let pose = Pose { yaw_rad: 0.01, ..Pose::default() };
        let h = pose.homography(1000.0).map(|r| r.map(|v| v as f32));
        let (x, y) = project(&h, 0.0, 0.0);
        assert!((x - 1000.0 * 0.01f32.tan()).abs() < 1e-3 && y.abs() < 1e-6);
        let down = Pose { pitch_rad: 0.01, ..Pose::default() }.homography(1000.0).map(|r| r.map(|v| v as f32));
        assert!((project(&down, 0.0, 0.0).1 - 10.0).abs() < 1e-2);
        assert_eq!(Pose { right_m: 0.01, ..Pose::default() }.parallax(1000.0, 2.0), (5.0, 0.0));
    }
}
