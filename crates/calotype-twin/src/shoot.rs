//! Taking a burst: scene, lens, hand and sensor together.
//!
//! The picture is made in bands of rows. Each layer of the scene is painted once on a finer grid and blurred by the lens,
//! from top to bottom; every frame then looks at it from where the hand has put the camera at that row's time, at several
//! moments of the exposure, through the lens's distortion.

use crate::blur::Blur;
use crate::canvas::{Area, BLOCK, Canvas, OVERSAMPLE};
use crate::exposure::{Choice, Exposure};
use crate::film::Film;
use crate::glare::GlareMap;
use crate::hand::{Grip, Hand};
use crate::look::{LayerMap, see};
use crate::quadrature::{gauss_legendre, nodes_for};
use crate::readout::Readout;
use crate::scene::{Layer, Scene};
use crate::sensor::Gain;
use crate::view::{Geometry, project};
use crate::{Camera, TwinError};
use calotype_image::{Cfa, Plane, par};
use std::ops::Range;

/// Rows of a band.
const BAND: usize = 320;
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
    /// Whether files describe the lens's shading, distortion and lateral colour.
    pub corrections: bool,
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
        for layer in &self.scene.layers {
            optics.prepare(layer.depth_m, self.focus_m)?;
        }
        let blur = Blur::new(optics, &geometry, self.focus_m);
        let stray = optics.glare().veiling + optics.glare().halo;
        let bands: Vec<Range<usize>> = (0..height).step_by(BAND).map(|y| y..(y + BAND).min(height)).collect();
        let seen: Vec<Vec<Area>> = self
            .scene
            .layers
            .iter()
            .map(|l| bands.iter().map(|rows| self.seen(&shot, l, rows.clone(), row_s)).collect())
            .collect();
        let mut films: Vec<Film<'_>> = self
            .scene
            .layers
            .iter()
            .zip(&seen)
            .map(|(l, seen)| {
                let all = seen.iter().fold(seen[0], |a, b| a.hull(*b));
                Film::new(l, &blur, &geometry, all, stray)
            })
            .collect();
        let (count, layers) = (bands.len() as f32, films.len() as f32);
        for (band, rows) in bands.iter().enumerate() {
            for (i, film) in films.iter_mut().enumerate() {
                if !watch((band as f32 + 0.5 * i as f32 / layers) / count) {
                    return Err(TwinError::Cancelled);
                }
                film.wind(seen[i][band]);
            }
            let canvases: Vec<&Canvas> = films.iter().map(Film::canvas).collect();
            for k in 0..shot.times.len() {
                if !watch((band as f32 + 0.5 + 0.5 * k as f32 / shot.times.len() as f32) / count) {
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

    /// Looks that follow motion during an exposure.
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
        nodes_for(longest).min(MOST_LOOKS)
    }

    /// The part of a layer's canvas that any frame sees in a range of rows.
    fn seen(&self, shot: &Shot, layer: &Layer, rows: Range<usize>, row_s: f64) -> Area {
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
        Area::between(
            ((low.0 - slack).floor() as i64, (low.1 - slack).floor() as i64),
            ((high.0 + slack).ceil() as i64, (high.1 + slack).ceil() as i64),
        )
    }

    /// Exposes rows of a frame.
    fn expose(
        &self,
        shot: &mut Shot,
        k: usize,
        rows: Range<usize>,
        row_s: f64,
        canvases: &[&Canvas],
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
        let rule = gauss_legendre(time.looks);
        let exposure_s = time.exposure.shutter_s as f32;
        let lines = par::map(rows.len(), |i| {
            let y = rows.start + i;
            let looks: Vec<(Vec<LayerMap>, f32)> = rule
                .iter()
                .map(|(within, weight)| {
                    let t = time.start_s + y as f64 * row_s + within * time.exposure.shutter_s;
                    let maps = self.scene.layers.iter().map(|layer| LayerMap::new(layer, hand, geometry, t));
                    (maps.collect(), *weight as f32)
                })
                .collect();
            let mut line = Line { codes: vec![0u16; width], electrons: vec![0f32; width], light: None };
            let (mut ix, mut iy, mut shade) = ([0f32; BLOCK], [0f32; BLOCK], [0f32; BLOCK]);
            // photosites of one colour together
            for first in 0..2usize {
                let c = cfa.color_at(first, y) as usize;
                for start in (first..width).step_by(2 * BLOCK) {
                    for i in 0..BLOCK {
                        let x = (start + 2 * i) as f32 + 0.5;
                        (ix[i], iy[i], shade[i]) = geometry.ideal(c, x, y as f32 + 0.5);
                    }
                    let mut sum = [0f32; BLOCK];
                    for (maps, weight) in &looks {
                        let [here] = see(maps, canvases, (&ix, &iy), [c]);
                        // light is not negative; Rec.709 is, outside of its triangle
                        sum.iter_mut().zip(here).for_each(|(s, v)| *s += v.max(0.0) * weight);
                    }
                    for (i, x) in (start..width).step_by(2).take(BLOCK).enumerate() {
                        // glare changes too little to be looked at more than once
                        line.electrons[x] = (sum[i] + glare.at(c, ix[i], iy[i])) * exposure_s * shade[i];
                    }
                }
            }
            readout.row(y, &line.electrons, &mut line.codes);
            if is_reference {
                let per_cd = per_cd as f32;
                let mut light = [(); 3].map(|()| vec![0f32; width]);
                for start in (0..width).step_by(BLOCK) {
                    for i in 0..BLOCK {
                        (ix[i], iy[i], _) = geometry.ideal(1, (start + i) as f32 + 0.5, y as f32 + 0.5);
                    }
                    let mut sum = [[0f32; BLOCK]; 3];
                    for (maps, weight) in &looks {
                        let here = see(maps, canvases, (&ix, &iy), [3, 4, 5]);
                        for (sum, here) in sum.iter_mut().zip(here) {
                            sum.iter_mut().zip(here).for_each(|(s, v)| *s += v * weight);
                        }
                    }
                    for (c, (row, sum)) in light.iter_mut().zip(sum).enumerate() {
                        for (i, v) in row[start..].iter_mut().take(BLOCK).enumerate() {
                            *v = (sum[i] + glare.at(3 + c, ix[i], iy[i])) * per_cd;
                        }
                    }
                }
                line.light = Some(light);
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
