//! The scenes built in.

mod charts;
mod paint;

use crate::scene::{Scene, Setting, Studio};
use crate::{Illuminant, TwinError};

/// A scene that can be asked for by name.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// What it shows and what it is for.
    pub description: &'static str,
    /// The light it is usually set up with, and its illuminance in lux.
    pub light: (&'static str, f64),
    build: fn(&Studio, &Setting) -> Scene,
}

/// All scenes built in.
pub const SCENES: &[Entry] = &[
    Entry {
        name: "chart",
        description: "the usual chart of 24 patches, with measured reflectances",
        light: ("D50", 500.0),
        build: charts::chart24,
    },
    Entry {
        name: "flat",
        description: "an even grey surface: noise, shading, defects",
        light: ("D55", 500.0),
        build: charts::flat,
    },
];

/// The scene of that name.
///
/// # Errors
/// [`TwinError::UnknownName`].
pub fn find(name: &str) -> Result<&'static Entry, TwinError> {
    SCENES.iter().find(|e| e.name == name).ok_or_else(|| {
        let known = SCENES.iter().map(|e| e.name).collect::<Vec<_>>().join(", ");
        TwinError::UnknownName { kind: "scene", name: name.into(), known: format!("{known}, and pictures (.exr, .hdr, .jpg, .png)") }
    })
}

impl Entry {
    /// Sets the scene up for a camera.
    pub fn build(&self, studio: &Studio, setting: &Setting) -> Scene {
        (self.build)(studio, setting)
    }

    /// The light it is usually set up with.
    ///
    /// # Errors
    /// None for the names in [`SCENES`].
    pub fn usual_light(&self) -> Result<Illuminant, TwinError> {
        Illuminant::builtin(self.light.0)
    }
}
