//! The scenes built in.

mod charts;
mod dusk;
mod foliage;
mod interior;
mod leaves;
mod noise;
mod paint;
mod portrait;
mod street;
mod text;
mod valley;

pub(crate) use paint::in_box;

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
        name: "valley",
        description: "a lake between mountains before sunset, a boat that sails: the picture to begin with",
        light: ("D55", 12000.0),
        build: valley::valley,
    },
    Entry {
        name: "dusk",
        description: "a lake after sunset: a cabin with lit windows, a jetty with a lantern, a boat that drifts",
        light: ("D65", 3.0),
        build: dusk::dusk,
    },
    Entry {
        name: "portrait",
        description: "ten people with the ten tones of the Monk scale, a wall out of focus",
        light: ("D50", 800.0),
        build: portrait::portrait,
    },
    Entry {
        name: "street",
        description: "a wet street at night: lamps, windows, signs, a car that drives off",
        light: ("led-warm", 10.0),
        build: street::street,
    },
    Entry {
        name: "interior",
        description: "a room with a bright window and a lamp: fourteen stops",
        light: ("D65", 60.0),
        build: interior::interior,
    },
    Entry {
        name: "foliage",
        description: "leaves in the sun before the sky, a branch in the wind",
        light: ("D55", 20000.0),
        build: foliage::foliage,
    },
    Entry {
        name: "leaves",
        description: "discs that hide each other: texture with the statistics of nature",
        light: ("D55", 1000.0),
        build: leaves::leaves,
    },
    Entry {
        name: "chart",
        description: "the usual chart of 24 patches, with measured reflectances",
        light: ("D50", 500.0),
        build: charts::chart24,
    },
    Entry {
        name: "target",
        description: "72 patches: the chart, 44 further measured surfaces, greys",
        light: ("D50", 500.0),
        build: charts::target,
    },
    Entry {
        name: "edges",
        description: "slanted edges of five contrasts over the whole field",
        light: ("D50", 500.0),
        build: charts::edges,
    },
    Entry {
        name: "star",
        description: "a sinusoidal Siemens star of 72 cycles",
        light: ("D50", 500.0),
        build: charts::star,
    },
    Entry {
        name: "text",
        description: "a printed page, from large letters to illegible ones",
        light: ("D50", 300.0),
        build: text::text,
    },
    Entry { name: "wedge", description: "17 grey steps over 16 stops", light: ("D50", 3000.0), build: charts::wedge },
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
        TwinError::UnknownName {
            kind: "scene",
            name: name.into(),
            known: format!("{known}, pictures (.exr, .hdr, .jpg, .png), and scene files (.toml)"),
        }
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
