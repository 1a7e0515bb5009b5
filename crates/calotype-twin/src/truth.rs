//! What really was: motion, depth, and a file that says everything.

use crate::calibration::color_error;
use crate::correction::Correction;
use crate::light::{Illuminant, LUMENS_PER_WATT};
use crate::look::LayerMap;
use crate::request::Request;
use crate::scene::Layer;
use crate::sensor::Sensor;
use crate::shoot::{Plan, Shot};
use crate::view::Geometry;
use calotype_image::{Plane, par};
use std::fmt::Write;

/// Pixels from one node of a motion field to the next.
pub const MOTION_STEP: usize = 8;

/// For a node of the reference frame: where its content is in another frame, relative to here, and 1 where it
/// belongs to something that moves by itself.
pub type Shift = [f32; 3];

/// What really happened during a burst.
pub struct Truth<'a> {
    plan: &'a Plan,
    shot: &'a Shot,
    /// Where each row of each frame looks, in the middle of its exposure: frame, row, layer.
    maps: Vec<Vec<Vec<LayerMap>>>,
}

impl<'a> Truth<'a> {
    /// Of a burst and its plan.
    pub fn new(plan: &'a Plan, shot: &'a Shot) -> Self {
        let maps = (0..shot.times.len()).map(|k| {
            par::map(shot.geometry.height, |y| {
                let time = time(shot, k, y as f64 + 0.5);
                let map = |layer| LayerMap::new(layer, &shot.hand, &shot.geometry, time);
                plan.scene.layers.iter().map(map).collect()
            })
        });
        Self { plan, shot, maps: maps.collect() }
    }

    /// Where the content of the reference's pixels is in frame `k`: a grid of nodes every [`MOTION_STEP`] pixels from
    /// (0.5, 0.5) on, at the middle of both exposures, rolling shutter, distortion and moving layers included.
    pub fn motion(&self, k: usize) -> Plane<Shift> {
        let g = &self.shot.geometry;
        let reference = self.plan.reference;
        let (w, h) = (g.width.div_ceil(MOTION_STEP), g.height.div_ceil(MOTION_STEP));
        let rows = par::map(h, |j| {
            let node = |i: usize| {
                let (x, y) = ((i * MOTION_STEP) as f64 + 0.5, (j * MOTION_STEP) as f64 + 0.5);
                let layer = self.front(x, y);
                let target = self.look(reference, layer, x, y);
                // what is nearly the identity is inverted by going back what one is off
                let (mut px, mut py) = (x, y);
                for _ in 0..30 {
                    let (qx, qy) = self.look(k, layer, px, py);
                    let (ex, ey) = (target.0 - qx, target.1 - qy);
                    (px, py) = (px + ex, py + ey);
                    if ex.abs() + ey.abs() < 1e-3 {
                        break;
                    }
                }
                let moving = !self.plan.scene.layers[layer].motion.is_still();
                [(px - x) as f32, (py - y) as f32, f32::from(u8::from(moving))]
            };
            (0..w).map(node).collect::<Vec<_>>()
        });
        Plane::from_vec(w, h, rows.concat()).unwrap_or_else(|| Plane::new(w, h))
    }

    /// Distance in metres of what fills each pixel of the reference, half or more.
    pub fn depth(&self) -> Plane<f32> {
        self.rows(|y| {
            let depth = |x| self.plan.scene.layers[self.front(x as f64 + 0.5, y as f64 + 0.5)].depth_m as f32;
            (0..self.shot.geometry.width).map(depth).collect()
        })
    }

    /// 1 in the pixels of the reference where, in any frame, something that moves by itself covers more than a
    /// hundredth of what is seen; blur and motion during the exposure are not counted.
    pub fn moving(&self) -> Plane<f32> {
        let g = &self.shot.geometry;
        let (d, reference) = (1.0 / g.height as f32, self.plan.reference);
        self.rows(|y| {
            let now = time(self.shot, reference, y as f64 + 0.5);
            let mut row = vec![0f32; g.width];
            for (i, layer) in self.plan.scene.layers.iter().enumerate().filter(|(_, l)| !l.motion.is_still()) {
                for k in 0..self.shot.times.len() {
                    // where that thing was in the other frame, seen from the reference's pose
                    let later = time(self.shot, k, y as f64 + 0.5) - now;
                    let map = LayerMap::moved(layer, &self.maps[reference][y][i], g, now, later);
                    for (x, out) in row.iter_mut().enumerate().filter(|(_, out)| **out == 0.0) {
                        let (ix, iy, _) = g.ideal(1, x as f32 + 0.5, y as f32 + 0.5);
                        let (u, v) = heights(map.canvas(ix, iy), d);
                        *out = f32::from(u8::from(cover(layer, u, v, d) > 0.01));
                    }
                }
            }
            row
        })
    }

    /// The homographies, row by row, from pixels of frame `k` to those of the reference (ideal places, centres at .5),
    /// at the middle row and the middle of the exposure, for what is infinitely far away.
    pub fn to_reference(&self, k: usize) -> [[f64; 3]; 3] {
        use calotype_color::matrix::{IDENTITY, invert, multiply};
        let g = &self.shot.geometry;
        let (cx, cy) = g.centre();
        let middle = |k: usize| self.shot.hand.pose(time(self.shot, k, cy)).homography(g.focal_px);
        let there = [[1.0, 0.0, -cx], [0.0, 1.0, -cy], [0.0, 0.0, 1.0]];
        let back = [[1.0, 0.0, cx], [0.0, 1.0, cy], [0.0, 0.0, 1.0]];
        let reference = invert(&middle(self.plan.reference)).unwrap_or(IDENTITY);
        let m = multiply(&back, &multiply(&multiply(&reference, &middle(k)), &there));
        m.map(|row| row.map(|v| v / m[2][2]))
    }

    fn rows(&self, f: impl Fn(usize) -> Vec<f32> + Sync + Send) -> Plane<f32> {
        let (w, h) = (self.shot.geometry.width, self.shot.geometry.height);
        Plane::from_vec(w, h, par::map(h, f).concat()).unwrap_or_else(|| Plane::new(w, h))
    }

    /// Where on a layer, in photosites, a pixel of a frame looks.
    fn look(&self, k: usize, layer: usize, x: f64, y: f64) -> (f64, f64) {
        let g = &self.shot.geometry;
        let (ix, iy, _) = g.ideal(1, x as f32, y as f32);
        let row = (y.max(0.0) as usize).min(g.height - 1);
        let (cx, cy) = self.maps[k][row][layer].canvas(ix, iy);
        let per = crate::canvas::OVERSAMPLE as f64;
        (f64::from(cx) / per, f64::from(cy) / per)
    }

    /// The number of the layer nearest to the camera that fills half of a pixel of the reference or more.
    fn front(&self, x: f64, y: f64) -> usize {
        let layers = &self.plan.scene.layers;
        let d = 1.0 / self.shot.geometry.height as f32;
        let covers = |i: &usize| {
            let (px, py) = self.look(self.plan.reference, *i, x, y);
            *i == 0 || cover(&layers[*i], px as f32 * d, py as f32 * d, d) >= 0.5
        };
        (0..layers.len()).rev().find(covers).unwrap_or(0)
    }
}

/// The middle of the exposure of a row.
fn time(shot: &Shot, k: usize, y: f64) -> f64 {
    let t = &shot.times[k];
    t.start_s + y * shot.row_s + t.exposure.shutter_s / 2.0
}

/// Canvas pixels as heights of the picture.
fn heights((x, y): (f32, f32), d: f32) -> (f32, f32) {
    let scale = d / crate::canvas::OVERSAMPLE as f32;
    (x * scale, y * scale)
}

/// How much of a place a layer covers.
fn cover(layer: &Layer, u: f32, v: f32, d: f32) -> f32 {
    match layer.bounds {
        Some(b) if u < b[0] || u > b[2] || v < b[1] || v > b[3] => 0.0,
        _ => layer.paint.at(u, v, d).cover,
    }
}

/// A real place on the sensor of an ideal place given in heights of the picture.
fn real_place(g: &Geometry, u: f32, v: f32) -> (f64, f64) {
    let (tx, ty) = (u * g.height as f32, v * g.height as f32);
    let (cx, cy) = (g.width as f32 / 2.0, g.height as f32 / 2.0);
    let (mut x, mut y) = (tx, ty);
    for _ in 0..20 {
        let (ix, iy, _) = g.ideal(1, x, y);
        (x, y) = (x + tx - cx - ix, y + ty - cy - iy);
    }
    (f64::from(x), f64::from(y))
}

/// Everything about a burst, as TOML (schema `twin-truth/1`).
pub(crate) fn toml(truth: &Truth<'_>, correction: Option<&Correction>, request: Option<&Request>) -> String {
    let (plan, shot) = (truth.plan, truth.shot);
    let mut t = String::new();
    let g = &shot.geometry;
    let s = &plan.camera.sensor;
    let o = plan.camera.optics.as_ref();
    let xy = plan.scene.white.xy();
    let quoted = |text: &str| toml::Value::String(text.into()).to_string();
    let list = |v: &[f64]| format!("[{}]", v.iter().map(|v| number(*v)).collect::<Vec<_>>().join(", "));
    // writing to a string does not fail
    let _ = (|| -> std::fmt::Result {
        writeln!(t, "schema = \"twin-truth/1\"")?;
        writeln!(t, "software = \"Calotype {}\"", env!("CARGO_PKG_VERSION"))?;
        writeln!(t, "width = {}\nheight = {}", g.width, g.height)?;
        writeln!(t, "seed = {}\nunit = {}\nreference = {}", plan.seed, plan.unit, plan.reference)?;
        writeln!(t, "motion_step_px = {MOTION_STEP}")?;
        writeln!(t, "# luminance in cd/m² of the value 1 in scene.exr")?;
        writeln!(t, "cd_m2_at_1 = {}", number(shot.cd_m2_at_1))?;
        writeln!(t, "\n[scene]\nname = {}", quoted(&plan.scene.name))?;
        writeln!(t, "illuminant = {}\nwhite_xy = {}", quoted(&plan.scene.white.name), list(&xy))?;
        writeln!(t, "lux = {}\napproximate = {}", number(plan.scene.lux), plan.scene.approximate)?;
        for layer in &plan.scene.layers {
            writeln!(t, "\n[[scene.layer]]\nname = {}\ndepth_m = {}", quoted(layer.name), number(layer.depth_m))?;
            let m = &layer.motion;
            writeln!(t, "moves = {}\nvelocity_heights_s = {}", !m.is_still(), list(&m.velocity))?;
            writeln!(t, "spin_rad_s = {}\npivot_heights = {}", number(m.spin_rad_s), list(&m.pivot))?;
            writeln!(t, "swing_rad_hz = {}", list(&m.swing))?;
        }
        writeln!(t, "\n[camera]\nname = {}\nsensor = {}", quoted(&plan.camera.name), quoted(&s.name))?;
        writeln!(t, "lens = {}\ncfa = {}", quoted(&plan.camera.lens_name), quoted(&s.cfa))?;
        writeln!(t, "bits = {}\nblack_level = {}\nwhite_level = {}", s.bits, s.black_level, s.white_level())?;
        writeln!(t, "pixel_um = {}\nbase_iso = {}", number(s.pixel_um), number(s.base_iso()))?;
        writeln!(t, "focal_mm = {}\nf_number = {}", number(o.focal_mm()), number(o.f_number()))?;
        writeln!(t, "focal_px = {}\nfocus_m = {}", number(g.focal_px), number(plan.focus_m))?;
        writeln!(t, "veiling_glare = {}", number(o.glare().veiling))?;
        writeln!(t, "readout_s = {}", number(s.readout_s))?;
        writeln!(t, "stabilisation_residue = {}", number(plan.camera.stabilisation_residue))?;
        writeln!(t, "neutral = {}", list(&shot.neutral))?;
        writeln!(t, "lumens_per_watt = {LUMENS_PER_WATT}")?;
        writeln!(t, "# real image height over the half diagonal; ideal height, and light in red, green, blue")?;
        let corner = g.polar(0.0, 0.0).0;
        let heights: Vec<f64> = (0..=16).map(|i| f64::from(i) / 16.0 * corner).collect();
        writeln!(t, "field_height = {}", list(&heights))?;
        for (c, name) in ["red", "green", "blue"].iter().enumerate() {
            let ideal: Vec<f64> = heights.iter().map(|h| o.ideal_height(c, *h)).collect();
            let light: Vec<f64> = heights.iter().map(|h| o.illumination(c, *h)).collect();
            writeln!(t, "ideal_height_{name} = {}\nillumination_{name} = {}", list(&ideal), list(&light))?;
        }
        colours(&mut t, s, &plan.scene.white)?;
        geometry(&mut t, g, plan.corrections, correction)?;
        writeln!(t, "\n[hand]\nturn_deg_s = {}", number(plan.grip.turn_deg_s))?;
        writeln!(t, "roll_deg_s = {}\nshift_mm_s = {}", number(plan.grip.roll_deg_s), number(plan.grip.shift_mm_s))?;
        for (k, time) in shot.times.iter().enumerate() {
            let noise = s.noise(&shot.gains[k], time.exposure.shutter_s);
            writeln!(t, "\n[[frame]]\nfile = \"frame_{k:02}.dng\"\nstart_s = {}", number(time.start_s))?;
            writeln!(t, "exposure_s = {}\niso = {}", number(time.exposure.shutter_s), number(time.exposure.iso))?;
            writeln!(t, "ev = {}\nlooks = {}", number(time.ev), time.looks)?;
            writeln!(t, "electrons_at_white = {}", number(shot.gains[k].white_e))?;
            writeln!(t, "noise_shot = {}\nnoise_read = {}", noise.shot[1], noise.read[1])?;
            let m = truth.to_reference(k);
            writeln!(t, "to_reference = [{}, {}, {}]", list(&m[0]), list(&m[1]), list(&m[2]))?;
        }
        for mark in &plan.scene.marks {
            let [u0, v0, u1, v1] = mark.place;
            let (a, b) = (real_place(g, u0, v0), real_place(g, u1, v1));
            writeln!(t, "\n[[mark]]\nkind = \"{}\"\nname = {}", mark.kind, quoted(&mark.name))?;
            writeln!(t, "# left, top, right, bottom in pixels of the reference, pixel edges at whole numbers")?;
            writeln!(t, "box_px = {}", list(&[a.0, a.1, b.0, b.1]))?;
            if let Some(light) = mark.light {
                let rgb = [3, 4, 5].map(|i| f64::from(light[i]) / shot.cd_m2_at_1);
                writeln!(t, "# before glare, on the scale of scene.exr\nrec709 = {}", list(&rgb))?;
            }
            for (name, value) in &mark.figures {
                writeln!(t, "{name} = {}", number(*value))?;
            }
        }
        if let Some(request) = request.and_then(|r| toml::to_string(r).ok()) {
            writeln!(t, "\n[request]")?;
            t.push_str(
                &request.replace("\n[exposure]", "\n[request.exposure]").replace("\n[depth]", "\n[request.depth]"),
            );
        }
        Ok(())
    })();
    t
}

/// What the file's own matrices leave of colour differences.
fn colours(t: &mut String, sensor: &Sensor, white: &Illuminant) -> std::fmt::Result {
    writeln!(
        t,
        "\n# CIEDE2000 of the 24-patch chart by the matrices in the files, without noise: mean and largest, under the"
    )?;
    writeln!(t, "# scene's light and under those that the matrices were fitted for")?;
    writeln!(t, "[colour]")?;
    let (mean, largest) = color_error(sensor, white);
    writeln!(t, "scene_delta_e = [{}, {}]", number(mean), number(largest))?;
    for name in ["A", "D65"] {
        if let Ok(light) = Illuminant::builtin(name) {
            let (mean, largest) = color_error(sensor, &light);
            writeln!(t, "{name}_delta_e = [{}, {}]", number(mean), number(largest))?;
        }
    }
    Ok(())
}

/// Which geometry truth has, and how files say to straighten pictures.
fn geometry(t: &mut String, g: &Geometry, describes: bool, correction: Option<&Correction>) -> std::fmt::Result {
    writeln!(
        t,
        "\n# all of the truth has the geometry of the sensor (green), but for scene_corrected.exr: that is scene.exr"
    )?;
    writeln!(t, "# straightened by green's polynomial in the files' WarpRectilinear")?;
    writeln!(t, "[geometry]\nscene = \"sensor\"\ngain_map = {describes}\nwarp_rectilinear = {}", correction.is_some())?;
    if let Some(c) = correction {
        writeln!(t, "corrected_focal_px = {}", number(g.focal_px / c.zoom))?;
        for (plane, name) in c.warp.planes.iter().zip(["red", "green", "blue"]) {
            let k: Vec<String> = [0, 2, 4, 6].iter().map(|i| number(plane.radial[*i])).collect();
            writeln!(t, "warp_{name} = [{}]", k.join(", "))?;
        }
        writeln!(t, "# where the polynomials look, against a pinhole's picture: pixels at worst in red, green, blue")?;
        let residual: Vec<String> = c.residual_px.iter().map(|r| number(*r)).collect();
        writeln!(t, "warp_residual_px = [{}]", residual.join(", "))?;
    }
    Ok(())
}

/// A number as TOML, always with a point.
fn number(v: f64) -> String {
    if v.is_nan() {
        return "nan".into();
    }
    if v.is_infinite() {
        return if v > 0.0 { "inf".into() } else { "-inf".into() };
    }
    format!("{v:?}")
}
