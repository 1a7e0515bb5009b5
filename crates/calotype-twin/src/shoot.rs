//! Taking a burst: scene, lens, hand and sensor together.
//!
//! The picture is made in bands of rows. For each band and layer, the part of the scene that any frame sees there is
//! painted once on a finer grid and blurred by the lens; every frame then looks at it from where the hand has put the
//! camera at that row's time, several times during the exposure, through the lens's distortion.

use crate::blur::{Blur, Channel, Common, REACH};
use crate::canvas::{Area, Canvas, OVERSAMPLE};
use crate::exposure::{Choice, Exposure};
use crate::glare::GlareMap;
use crate::hand::{Grip, Hand};
use crate::readout::Readout;
use crate::scene::{Layer, Scene};
use crate::sensor::Gain;
use crate::view::{Geometry, project};
use crate::{Camera, TwinError};
use calotype_image::{Cfa, Plane, par};

/// Rows of a band.
const BAND: usize = 640;
/// Photosites that things may move between two looks at them during an exposure.
const STEP_PX: f64 = 0.4;
/// Most looks during an exposure.
const MOST_LOOKS: usize = 64;
/// Photosites around what was computed to be seen.
const SLACK_PX: f64 = 3.0;

/// Everything that decides about a burst.
pub struct Plan {
    /// The camera.
    pub camera: Camera,
    /// The scene, built for this camera and the aspect ratio of `size`.
    pub scene: Scene,
    /// Photosites across and down: those of the sensor, or fewer for a scaled camera (see [`Geometry::new`]).
    pub size: (usize, usize),
    /// Stops of each frame relative to the exposure: the number of frames is its length.
    pub evs: Vec<f64>,
    /// The exposure, or what is metered of it.
    pub exposure: Choice,
    /// How the camera is held.
    pub grip: Grip,
    /// The distance in focus, in metres.
    pub focus_m: f64,
    /// Everything random in the burst.
    pub seed: u64,
    /// Which copy of the sensor: its defects.
    pub unit: u64,
    /// The frame that others are compared with, whose truth is kept.
    pub reference: usize,
}

/// When and how a frame was exposed.
#[derive(Clone, Debug)]
pub struct FrameTime {
    /// Seconds at which the first row's exposure began; the middle of the reference is at 0.
    pub start_s: f64,
    /// Shutter and ISO.
    pub exposure: Exposure,
    /// Stops relative to the plan's exposure.
    pub ev: f64,
    /// Looks during the exposure.
    pub looks: usize,
}

/// A burst with its truth.
pub struct Shot {
    /// Where photosites look.
    pub geometry: Geometry,
    /// The filters.
    pub cfa: Cfa,
    /// How frames were exposed.
    pub times: Vec<FrameTime>,
    /// Codes of the sensor.
    pub frames: Vec<Plane<u16>>,
    /// The sensor's setting in each frame.
    pub gains: Vec<Gain>,
    /// Seconds from one row to the next.
    pub row_s: f64,
    /// The hand's path.
    pub hand: Hand,
    /// The reference frame without noise: black 0, saturation 1, highlights beyond; lens shading as the sensor sees it.
    pub clean: Plane<f32>,
    /// The reference frame's light without noise and shading, linear Rec.709, white adapted to D65; 1 saturates green.
    pub light: [Plane<f32>; 3],
    /// Luminance in cd/m² of the value 1 in `light`.
    pub cd_m2_at_1: f64,
    /// The camera colour of the scene's white, green = 1.
    pub neutral: [f64; 3],
}

/// Told how much is done, 0 to 1; `false` stops the work.
pub type Watch<'a> = &'a (dyn Fn(f32) -> bool + Sync);

impl Plan {
    /// Checks what the parts cannot check alone.
    fn check(&self) -> Result<Cfa, TwinError> {
        let (w, h) = self.size;
        let s = &self.camera.sensor;
        if w < 16 || h < 16 || w > s.width || h > s.height {
            let reason = format!("the sensor {} makes pictures of 16x16 to {}x{}", s.name, s.width, s.height);
            return Err(TwinError::bad("options", "size", format!("{w}x{h}"), reason));
        }
        if self.evs.is_empty() || self.evs.len() > 256 || self.reference >= self.evs.len() {
            return Err(TwinError::bad("options", "frames", self.evs.len(), "a burst has 1 to 256 frames"));
        }
        if let Some(ev) = self.evs.iter().find(|e| !(-10.0..=10.0).contains(*e)) {
            return Err(TwinError::bad("options", "bracket", ev, "frames may differ by 10 stops"));
        }
        if !(self.focus_m > 0.01) {
            return Err(TwinError::bad("options", "focus", self.focus_m, "it must be a distance in metres"));
        }
        s.pattern().ok_or_else(|| TwinError::bad(&s.name, "cfa", &s.cfa, "no such filters"))
    }

    /// Takes the burst. The same plan gives the same burst on any number of threads.
    ///
    /// Cost at 12 megapixels: see the benchmark `shoot`; memory: 2 bytes per photosite and frame, 16 for the truth, and
    /// a band.
    ///
    /// # Errors
    /// [`TwinError::BadValue`] for plans that cannot be, [`TwinError::Cancelled`] where `watch` said so.
    pub fn shoot(&self, watch: Watch<'_>) -> Result<Shot, TwinError> {
        let cfa = self.check()?;
        let (width, height) = self.size;
        let sensor = &self.camera.sensor;
        let optics = self.camera.optics.as_ref();
        let scale = (sensor.width as f64).hypot(sensor.height as f64) / (width as f64).hypot(height as f64);
        let geometry = Geometry::new(self.size, sensor.pixel_um, scale, optics);
        let glare = GlareMap::new(&self.scene, &geometry, optics.glare());
        let (green, brightest) = glare.meter();
        let exposure = self.exposure.resolve(&self.camera, &green, &brightest)?;
        let hand = Hand::new(self.grip, self.camera.stabilisation_residue, self.seed);
        let row_s = sensor.readout_s / height as f64;
        let times = self.times(exposure, row_s, &hand, &geometry);
        let gains: Vec<Gain> = times.iter().map(|t| sensor.at_iso(t.exposure.iso)).collect();

        let white = crate::scene::Studio::new(sensor, optics, &self.scene.white).glow(&self.scene.white, 1.0);
        let neutral = [0, 1, 2].map(|c| f64::from(white[c]) / f64::from(white[1]));
        let reference = &times[self.reference];
        // white's green electrons in the reference per cd/m², over those that saturate
        let per_cd = f64::from(white[1]) * reference.exposure.shutter_s / gains[self.reference].white_e;

        let mut shot = Shot {
            cfa,
            frames: times.iter().map(|_| Plane::new(width, height)).collect(),
            times,
            gains,
            row_s,
            hand,
            clean: Plane::new(width, height),
            light: [(); 3].map(|()| Plane::new(width, height)),
            cd_m2_at_1: 1.0 / per_cd,
            neutral,
            geometry,
        };
        let geometry = shot.geometry.clone();
        let blur = Blur::new(optics, &geometry, self.focus_m);
        let commons: Vec<Common> = self.scene.layers.iter().map(|l| blur.common(l.depth_m)).collect();
        let bands = height.div_ceil(BAND);
        for band in 0..bands {
            let rows = band * BAND..((band + 1) * BAND).min(height);
            let mut canvases = Vec::with_capacity(commons.len());
            for (layer, common) in self.scene.layers.iter().zip(&commons) {
                if !watch((band as f32 + 0.3 * canvases.len() as f32 / commons.len() as f32) / bands as f32) {
                    return Err(TwinError::Cancelled);
                }
                let area = self.seen(&shot, layer, rows.clone(), row_s);
                canvases.push(paint(
                    layer,
                    area,
                    &blur,
                    common,
                    &geometry,
                    optics.glare().veiling + optics.glare().halo,
                ));
            }
            for k in 0..shot.times.len() {
                if !watch((band as f32 + 0.3 + 0.7 * k as f32 / shot.times.len() as f32) / bands as f32) {
                    return Err(TwinError::Cancelled);
                }
                self.expose(&mut shot, k, rows.clone(), row_s, &canvases, &glare, per_cd);
            }
        }
        watch(1.0);
        Ok(shot)
    }

    /// Frames follow each other at 30 a second, or as fast as exposure and readout allow.
    fn times(&self, exposure: Exposure, row_s: f64, hand: &Hand, geometry: &Geometry) -> Vec<FrameTime> {
        let mut start = 0.0;
        let mut times: Vec<FrameTime> = Vec::new();
        let (base, highest) = (self.camera.sensor.base_iso(), self.camera.sensor.max_iso);
        for &ev in &self.evs {
            // brackets change the time first, as cameras do, and the ISO where time has no room
            let wanted = exposure.shutter_s * exposure.iso * 2f64.powf(ev);
            let longest = self.camera.longest_exposure_s.max(exposure.shutter_s);
            let shutter_s = (exposure.shutter_s * 2f64.powf(ev)).clamp(1e-6, longest);
            let iso = (wanted / shutter_s).clamp(base, highest.max(exposure.iso));
            let exposure = Exposure { shutter_s, iso };
            times.push(FrameTime { start_s: start, exposure, ev, looks: 1 });
            start += (shutter_s + row_s * geometry.height as f64 + 0.002).max(1.0 / 30.0);
        }
        let r = &times[self.reference.min(times.len() - 1)];
        let middle = r.start_s + row_s * geometry.height as f64 / 2.0 + r.exposure.shutter_s / 2.0;
        for t in &mut times {
            t.start_s -= middle;
            t.looks = self.looks(t, row_s, hand, geometry);
        }
        times
    }

    /// Looks that follow motion during an exposure in steps of [`STEP_PX`].
    fn looks(&self, time: &FrameTime, row_s: f64, hand: &Hand, geometry: &Geometry) -> usize {
        let corner = (geometry.width as f64 / 2.0, geometry.height as f64 / 2.0);
        let nearest = self.scene.layers.iter().map(|l| l.depth_m).fold(f64::INFINITY, f64::min);
        let place = |t: f64, corner: (f64, f64)| {
            let pose = hand.pose(t);
            let h = pose.homography(geometry.focal_px).map(|r| r.map(|v| v as f32));
            let (x, y) = project(&h, corner.0 as f32, corner.1 as f32);
            let (px, py) = pose.parallax(geometry.focal_px, nearest);
            (f64::from(x) + px, f64::from(y) + py)
        };
        let mut longest = 0.0f64;
        for row in [0.0, 0.5, 1.0] {
            for corner in [(0.0, 0.0), corner, (-corner.0, corner.1)] {
                let start = time.start_s + row * row_s * geometry.height as f64;
                let path: Vec<_> =
                    (0..=8).map(|i| place(start + time.exposure.shutter_s * f64::from(i) / 8.0, corner)).collect();
                let length: f64 = path.windows(2).map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1)).sum();
                longest = longest.max(length);
            }
        }
        for layer in &self.scene.layers {
            let reach = layer.bounds.map_or(1.0, |b| {
                let [px, py] = layer.motion.pivot;
                let far = |a: f32, p: f64| (f64::from(a) - p).abs();
                far(b[0], px).max(far(b[2], px)).hypot(far(b[1], py).max(far(b[3], py)))
            });
            longest = longest.max(layer.motion.fastest(reach) * time.exposure.shutter_s * geometry.height as f64);
        }
        ((longest / STEP_PX).ceil() as usize).clamp(1, MOST_LOOKS)
    }

    /// The part of a layer's canvas that any frame sees in a range of rows.
    fn seen(&self, shot: &Shot, layer: &Layer, rows: std::ops::Range<usize>, row_s: f64) -> Area {
        let g = &shot.geometry;
        let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
        let ys = [rows.start as f64, (rows.start + rows.end) as f64 / 2.0, rows.end as f64];
        for time in &shot.times {
            for y in ys {
                for look in 0..=4 {
                    let t = time.start_s + y * row_s + time.exposure.shutter_s * f64::from(look) / 4.0;
                    let map = LayerMap::new(layer, &shot.hand, g, t);
                    for i in 0..=16 {
                        let (ix, iy, _) = g.ideal(1, (g.width * i) as f32 / 16.0, y as f32);
                        let (x, y) = map.canvas(ix, iy);
                        let (x, y) = (f64::from(x), f64::from(y));
                        low = (low.0.min(x), low.1.min(y));
                        high = (high.0.max(x), high.1.max(y));
                    }
                }
            }
        }
        let slack = SLACK_PX * OVERSAMPLE as f64 + 3.0;
        let area = Area::between(
            ((low.0 - slack).floor() as i64, (low.1 - slack).floor() as i64),
            ((high.0 + slack).ceil() as i64, (high.1 + slack).ceil() as i64),
        );
        match layer.bounds {
            None => area,
            Some(b) => area.common(bounds(b, g).grown(REACH as i64)),
        }
    }

    /// Exposes rows of a frame.
    fn expose(
        &self,
        shot: &mut Shot,
        k: usize,
        rows: std::ops::Range<usize>,
        row_s: f64,
        canvases: &[Canvas],
        glare: &GlareMap,
        per_cd: f64,
    ) {
        let time = shot.times[k].clone();
        let readout = Readout {
            sensor: &self.camera.sensor,
            gain: shot.gains[k],
            exposure_s: time.exposure.shutter_s,
            seed: self.seed,
            unit: self.unit,
            frame: k as u64,
        };
        let (geometry, hand, cfa) = (&shot.geometry, &shot.hand, shot.cfa);
        let width = geometry.width;
        let is_reference = k == self.reference;
        let lines = par::map(rows.len(), |i| {
            let y = rows.start + i;
            let looks: Vec<Vec<LayerMap>> = (0..time.looks)
                .map(|l| {
                    let within = (l as f64 + 0.5) / time.looks as f64;
                    let t = time.start_s + y as f64 * row_s + within * time.exposure.shutter_s;
                    self.scene.layers.iter().map(|layer| LayerMap::new(layer, hand, geometry, t)).collect()
                })
                .collect();
            let mut line = Line { codes: vec![0u16; width], electrons: vec![0f32; width], light: None };
            let per_look = (time.exposure.shutter_s / time.looks as f64) as f32;
            for (x, out) in line.electrons.iter_mut().enumerate() {
                let c = cfa.color_at(x, y) as usize;
                let (ix, iy, illumination) = geometry.ideal(c, x as f32 + 0.5, y as f32 + 0.5);
                let mut sum = 0.0;
                for maps in &looks {
                    sum += see(maps, canvases, ix, iy, c) + glare.at(c, ix, iy);
                }
                *out = sum * per_look * illumination;
            }
            readout.row(y, &line.electrons, &mut line.codes);
            if is_reference {
                let scale = (per_cd / time.looks as f64) as f32;
                line.light = Some([3, 4, 5].map(|plane| {
                    let at = |x: usize| {
                        let (ix, iy, _) = geometry.ideal(1, x as f32 + 0.5, y as f32 + 0.5);
                        let each = |maps: &Vec<LayerMap>| see(maps, canvases, ix, iy, plane) + glare.at(plane, ix, iy);
                        looks.iter().map(each).sum::<f32>() * scale
                    };
                    (0..width).map(at).collect()
                }));
            }
            line
        });
        let white_e = readout.gain.white_e as f32;
        for (i, line) in lines.into_iter().enumerate() {
            let y = rows.start + i;
            shot.frames[k].row_mut(y).copy_from_slice(&line.codes);
            if let Some(light) = line.light {
                shot.clean.row_mut(y).iter_mut().zip(&line.electrons).for_each(|(c, e)| *c = e / white_e);
                for (plane, row) in shot.light.iter_mut().zip(light) {
                    plane.row_mut(y).copy_from_slice(&row);
                }
            }
        }
    }
}

/// A row of a frame.
struct Line {
    codes: Vec<u16>,
    electrons: Vec<f32>,
    light: Option<[Vec<f32>; 3]>,
}

/// The light of all layers at an ideal place, in one of the planes of a canvas.
#[inline(always)]
fn see(maps: &[LayerMap], canvases: &[Canvas], x: f32, y: f32, plane: usize) -> f32 {
    let mut light = 0.0;
    for (map, canvas) in maps.iter().zip(canvases) {
        let (cx, cy) = map.canvas(x, y);
        if let Some(taps) = canvas.taps(cx, cy) {
            let here = taps.value(&canvas.planes[plane]);
            light = match canvas.planes.get(COVER) {
                Some(cover) => light * (1.0 - taps.value(cover).clamp(0.0, 1.0)) + here,
                None => here,
            };
        }
    }
    // light is not negative; Rec.709 is, outside of its triangle
    if plane < 3 { light.max(0.0) } else { light }
}

/// The plane of a layer's cover, where it is no background.
const COVER: usize = 6;

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

/// Bounds of a layer on its canvas.
fn bounds([u0, v0, u1, v1]: [f32; 4], g: &Geometry) -> Area {
    let at = |v: f32| f64::from(v) * g.height as f64 * OVERSAMPLE as f64;
    Area::between((at(u0).floor() as i64, at(v0).floor() as i64), (at(u1).ceil() as i64, at(v1).ceil() as i64))
}

/// Paints a layer around an area and blurs it: camera red, green, blue, Rec.709 red, green, blue, and cover.
fn paint(layer: &Layer, area: Area, blur: &Blur<'_>, common: &Common, g: &Geometry, stray: f64) -> Canvas {
    let mut painted = area.grown(REACH as i64);
    if let Some(b) = layer.bounds {
        painted = painted.common(bounds(b, g));
    }
    let planes = if layer.bounds.is_some() { COVER + 1 } else { COVER };
    let mut canvas = Canvas::new(painted, planes);
    let d = 1.0 / (g.height * OVERSAMPLE) as f32;
    let direct = (1.0 - stray) as f32;
    // some rows at a time: they are made pixel by pixel and kept plane by plane
    for top in (0..painted.height).step_by(128) {
        let rows = par::map(128.min(painted.height - top), |i| {
            let v = (painted.y + (top + i) as i64) as f32 * d + 0.5 * d;
            let mut row = vec![[0f32; COVER + 1]; painted.width];
            for (j, pixel) in row.iter_mut().enumerate() {
                let u = (painted.x + j as i64) as f32 * d + 0.5 * d;
                let dab = layer.paint.at(u, v, d);
                pixel[..COVER].copy_from_slice(&dab.light.map(|l| l * direct));
                pixel[COVER] = dab.cover;
            }
            row
        });
        for (p, plane) in canvas.planes.iter_mut().enumerate() {
            for (i, row) in rows.iter().enumerate() {
                plane.row_mut(top + i).iter_mut().zip(row).for_each(|(v, pixel)| *v = pixel[p]);
            }
        }
    }
    let channels: [Channel; COVER + 1] = [0, 1, 2, 1, 1, 1, 1];
    blur.apply(&canvas, &channels[..planes], layer.depth_m, common, area, layer.bounds.is_none())
}
