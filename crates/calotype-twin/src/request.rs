//! What a person asks for, turned into a [`Plan`].

use crate::exposure::Choice;
use crate::hand::{GRIPS, Grip};
use crate::picture::{self, DepthMap};
use crate::scene::{Setting, Studio};
use crate::scenes;
use crate::{Camera, Illuminant, Plan, TwinError};
use serde::Serialize;
use std::path::Path;

/// A burst, in the words of the command line. What is `None` is what is usual for the scene and the camera.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Request {
    /// A scene built in, a picture: .exr, .hdr (scene-linear), .jpg, .png, or a scene file: .toml.
    pub scene: String,
    /// Distances, for scenes that are pictures.
    pub depth: Option<DepthMap>,
    /// Number of frames.
    pub frames: usize,
    /// Illuminance in lux.
    pub lux: Option<f64>,
    /// A light built in, or a spectrum file (.csv, .txt, .spd).
    pub illuminant: Option<String>,
    /// Shutter, ISO, and stops beyond what is metered.
    pub exposure: Choice,
    /// Stops of the frames relative to the exposure, repeated as often as needed; empty for none.
    pub bracket: Vec<f64>,
    /// How the camera is held: a name of [`GRIPS`].
    pub grip: String,
    /// Pixels across and down; those of the sensor where `None`.
    pub size: Option<(usize, usize)>,
    /// The distance in focus in metres.
    pub focus_m: Option<f64>,
    /// Everything random in scene, hand and noise.
    pub seed: u64,
    /// Which copy of the sensor.
    pub unit: u64,
    /// The frame whose truth is kept.
    pub reference: usize,
    /// Whether things in the scene move.
    pub still: bool,
    /// Whether files describe the lens's shading, distortion and lateral colour.
    pub corrections: bool,
}

impl Request {
    /// The usual burst of a scene: eight frames by hand.
    pub fn new(scene: &str) -> Self {
        Self {
            scene: scene.into(),
            depth: None,
            frames: 8,
            lux: None,
            illuminant: None,
            exposure: Choice::default(),
            bracket: Vec::new(),
            grip: "hand".into(),
            size: None,
            focus_m: None,
            seed: 1,
            unit: 1,
            reference: 0,
            still: false,
            corrections: true,
        }
    }

    /// Checks numbers and names, without looking at files.
    ///
    /// # Errors
    /// [`TwinError::UnknownName`] and [`TwinError::BadValue`] for what there is not.
    pub fn check(&self, camera: &Camera) -> Result<(), TwinError> {
        if !(1..=256).contains(&self.frames) {
            return Err(TwinError::bad("options", "frames", self.frames, "a burst has 1 to 256 frames"));
        }
        if self.reference >= self.frames {
            let reason = format!("the frames are numbered from 0 to {}", self.frames - 1);
            return Err(TwinError::bad("options", "reference", self.reference, reason));
        }
        if let Some(lux) = self.lux.filter(|l| !(1e-6..=1e7).contains(l)) {
            return Err(TwinError::bad("options", "light", lux, "it must lie within 0.000001 and 10000000 lux"));
        }
        if let Some((w, h)) = self.size.filter(|(w, h)| *w > camera.sensor.width || *h > camera.sensor.height) {
            let (sw, sh) = (camera.sensor.width, camera.sensor.height);
            let reason = format!("the sensor {} makes pictures of 16x16 to {sw}x{sh}", camera.sensor.name);
            return Err(TwinError::bad("options", "size", format!("{w}x{h}"), reason));
        }
        if !picture::is_picture(&self.scene) {
            scenes::find(&self.scene)?;
        }
        self.held().map(drop)
    }

    fn held(&self) -> Result<Grip, TwinError> {
        GRIPS.iter().find(|g| g.0 == self.grip).map(|g| g.2).ok_or_else(|| TwinError::UnknownName {
            kind: "grip",
            name: self.grip.clone(),
            known: GRIPS.map(|g| g.0).join(", "),
        })
    }

    /// Sets everything up for a camera.
    ///
    /// # Errors
    /// [`TwinError::UnknownName`] and [`TwinError::BadValue`] for what there is not; [`TwinError::Io`] and
    /// [`TwinError::Picture`] for scenes and spectra that are files.
    pub fn plan(&self, camera: Camera) -> Result<Plan, TwinError> {
        self.check(&camera)?;
        let grip = self.held()?;
        let size = self.size.unwrap_or((camera.sensor.width, camera.sensor.height));
        let file = picture::is_picture(&self.scene).then(|| Path::new(&self.scene));
        let entry = match file {
            Some(_) => None,
            None => Some(scenes::find(&self.scene)?),
        };
        if file.is_none() && self.depth.is_some() {
            let reason = "only pictures have depth maps; built-in scenes have a depth of their own";
            return Err(TwinError::bad("options", "depth", &self.scene, reason));
        }
        let (usual_light, usual_lux) = entry.map_or(("D65", 500.0), |e| e.light);
        let light = self.light(usual_light)?;
        let setting = Setting {
            seed: self.seed,
            aspect: size.0 as f32 / size.1.max(1) as f32,
            light,
            lux: self.lux.unwrap_or(usual_lux),
        };
        let studio = Studio::new(&camera.sensor, camera.optics.as_ref(), &setting.light);
        let mut scene = match (file, entry) {
            (Some(path), _) => picture::load(path, self.depth.as_ref(), &studio, &setting)?,
            (None, Some(entry)) => entry.build(&studio, &setting),
            (None, None) => return Err(TwinError::bad("options", "scene", &self.scene, "no such scene")),
        };
        if self.still {
            scene.layers.iter_mut().for_each(|l| l.motion = Default::default());
        }
        let evs = (0..self.frames)
            .map(|i| if self.bracket.is_empty() { 0.0 } else { self.bracket[i % self.bracket.len()] })
            .collect();
        let nearest_subject = scene.layers.last().map_or(camera.optics.focus_m(), |l| l.depth_m);
        Ok(Plan {
            size,
            scene,
            evs,
            exposure: self.exposure,
            grip,
            focus_m: self.focus_m.unwrap_or(nearest_subject),
            seed: self.seed,
            unit: self.unit,
            reference: self.reference,
            corrections: self.corrections,
            camera,
        })
    }

    fn light(&self, usual: &str) -> Result<Illuminant, TwinError> {
        let Some(name) = &self.illuminant else { return Illuminant::builtin(usual) };
        let path = Path::new(name);
        if path.extension().is_none() && !name.contains(std::path::is_separator) {
            return Illuminant::builtin(name);
        }
        Illuminant::from_text(name, &crate::strict::text(path)?)
    }
}
