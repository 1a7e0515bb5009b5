//! The scene: light as the camera and as the standard observer see it.
//!
//! Light adds, so a scene need not carry spectra from pixel to pixel: the [`Studio`] turns the spectra of surfaces and
//! lights into [`Stimulus`] values once, and scenes mix those.

use crate::light::xyz;
use crate::reflectance::rgb_basis;
use crate::{Illuminant, Optics, Sensor, Spectrum};
use calotype_color::matrix::{multiply, transform};
use calotype_color::{D65_XY, Matrix3, RgbSpace, bradford};
use std::f64::consts::PI;

/// What a light is to the camera and to the standard observer: electrons per second and photosite in red, green and
/// blue, on the lens's axis; then linear Rec.709 in cd/m², adapted so that the scene's white is neutral.
pub type Stimulus = [f32; 6];

/// No light.
pub const DARK: Stimulus = [0.0; 6];

/// A stimulus multiplied.
#[inline(always)]
pub fn scaled(s: Stimulus, factor: f32) -> Stimulus {
    s.map(|v| v * factor)
}

/// The sum of two stimuli.
#[inline(always)]
pub fn sum(a: Stimulus, b: Stimulus) -> Stimulus {
    std::array::from_fn(|i| a[i] + b[i])
}

/// `a (1 - t) + b t`.
#[inline(always)]
pub fn mixed(a: Stimulus, b: Stimulus, t: f32) -> Stimulus {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * t)
}

/// Turns spectra into stimuli for one camera and one white.
pub struct Studio {
    sensor: Sensor,
    /// Irradiance on the sensor's axis per radiance: π/4 transmittance / f-number².
    per_radiance: f64,
    to_rec709: Matrix3,
}

impl Studio {
    /// For a camera under a light that is to be white.
    pub fn new(sensor: &Sensor, optics: &dyn Optics, white: &Illuminant) -> Self {
        let per_radiance = PI / 4.0 * optics.transmittance() / optics.f_number().powi(2);
        let to_rec709 = multiply(&RgbSpace::Rec709.from_xyz(), &bradford(white.xy(), D65_XY));
        Self { sensor: sensor.clone(), per_radiance, to_rec709 }
    }

    /// What a radiance in W/(sr m² nm) is to the camera and the observer.
    pub fn see(&self, radiance: &Spectrum) -> Stimulus {
        let camera = self.sensor.electrons_per_second(&radiance.scaled(self.per_radiance));
        let observer = transform(&self.to_rec709, xyz(radiance));
        std::array::from_fn(|i| if i < 3 { camera[i] as f32 } else { observer[i - 3] as f32 })
    }

    /// A matt surface in a light of so many lux: Lambert's law.
    pub fn surface(&self, reflectance: &Spectrum, light: &Illuminant, lux: f64) -> Stimulus {
        self.see(&light.at_luminance(lux / PI).times(reflectance))
    }

    /// A light of a luminance in cd/m².
    pub fn glow(&self, light: &Illuminant, cd_m2: f64) -> Stimulus {
        self.see(&light.at_luminance(cd_m2))
    }

    /// Surfaces of any colour in a light of so many lux.
    pub fn dyes(&self, light: &Illuminant, lux: f64) -> Dyes {
        Dyes(rgb_basis().each_ref().map(|b| self.surface(b, light, lux)))
    }
}

/// Matt surfaces of any colour in one light.
#[derive(Clone, Copy, Debug)]
pub struct Dyes([Stimulus; 3]);

impl Dyes {
    /// The surface whose colour in D65 is that linear Rec.709 reflectance (0 to 1), as the light at hand shows it.
    #[inline(always)]
    pub fn rgb(&self, [r, g, b]: [f32; 3]) -> Stimulus {
        let [x, y, z] = &self.0;
        std::array::from_fn(|i| x[i] * r + y[i] * g + z[i] * b)
    }

    /// A grey surface.
    #[inline(always)]
    pub fn grey(&self, reflectance: f32) -> Stimulus {
        self.rgb([reflectance; 3])
    }
}

/// What is painted at a place: light already multiplied with its cover.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dab {
    /// Light.
    pub light: Stimulus,
    /// Share of the place that is covered, 0 to 1.
    pub cover: f32,
}

impl Dab {
    /// Nothing.
    pub const NONE: Self = Self { light: DARK, cover: 0.0 };

    /// Light that fills the place.
    pub fn full(light: Stimulus) -> Self {
        Self { light, cover: 1.0 }
    }

    /// Light that covers part of the place.
    pub fn part(light: Stimulus, cover: f32) -> Self {
        Self { light: scaled(light, cover), cover }
    }
}

/// A function of the place. Places are in heights of the picture: `v` runs from 0 at the top to 1, `u` from 0 to the
/// aspect ratio; places outside are asked for as well, since hands shake and lenses distort.
pub trait Paint: Send + Sync {
    /// The mean over the square of side `d` around (u, v).
    fn at(&self, u: f32, v: f32, d: f32) -> Dab;
}

impl<F: Fn(f32, f32, f32) -> Dab + Send + Sync> Paint for F {
    fn at(&self, u: f32, v: f32, d: f32) -> Dab {
        self(u, v, d)
    }
}

/// How a layer moves in the picture, in heights and seconds; at time 0 every layer is where it was painted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Motion {
    /// Heights per second, right and down.
    pub velocity: [f64; 2],
    /// Turn in radians per second.
    pub spin_rad_s: f64,
    /// What it turns about.
    pub pivot: [f64; 2],
    /// Swing of the angle in radians, and its frequency in Hz.
    pub swing: [f64; 2],
}

impl Motion {
    /// Angle and shift at a time: a point p of the layer is at `pivot + R(angle)(p - pivot) + shift`.
    pub fn at(&self, time_s: f64) -> (f64, [f64; 2]) {
        let angle = self.spin_rad_s * time_s + self.swing[0] * (std::f64::consts::TAU * self.swing[1] * time_s).sin();
        (angle, self.velocity.map(|v| v * time_s))
    }

    /// True where nothing moves.
    pub fn is_still(&self) -> bool {
        self.velocity == [0.0; 2] && self.spin_rad_s == 0.0 && self.swing[0] * self.swing[1] == 0.0
    }

    /// The fastest that a point within `reach` heights of the pivot moves, in heights per second.
    pub fn fastest(&self, reach: f64) -> f64 {
        let turn = self.spin_rad_s.abs() + (self.swing[0] * self.swing[1] * std::f64::consts::TAU).abs();
        self.velocity[0].hypot(self.velocity[1]) + turn * reach
    }
}

/// A part of the scene at one distance that moves as a whole.
pub struct Layer {
    /// What it shows.
    pub name: &'static str,
    /// What it looks like.
    pub paint: Box<dyn Paint>,
    /// Its distance in metres.
    pub depth_m: f64,
    /// How it moves.
    pub motion: Motion,
    /// Where it is not empty: left, top, right, bottom in heights; `None` for a background.
    pub bounds: Option<[f32; 4]>,
}

impl Layer {
    /// A background that does not move.
    pub fn background(name: &'static str, depth_m: f64, paint: impl Paint + 'static) -> Self {
        Self { name, paint: Box::new(paint), depth_m, motion: Motion::default(), bounds: None }
    }
}

/// Something in the scene that instruments look for.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// "patch", "edge", "star", "step", ...
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Left, top, right, bottom in heights.
    pub place: [f32; 4],
    /// Its light, where it is even.
    pub light: Option<Stimulus>,
    /// Further figures: names and values.
    pub figures: Vec<(&'static str, f64)>,
}

impl Mark {
    /// An even patch.
    pub fn patch(kind: &'static str, name: impl Into<String>, place: [f32; 4], light: Stimulus) -> Self {
        Self { kind, name: name.into(), place, light: Some(light), figures: Vec::new() }
    }
}

/// A scene: layers from the back to the front.
pub struct Scene {
    /// What it is called.
    pub name: String,
    /// The light that is white.
    pub white: Illuminant,
    /// Illuminance that the scene was set up with, in lux.
    pub lux: f64,
    /// From the back to the front; the first fills the picture.
    pub layers: Vec<Layer>,
    /// What instruments look for.
    pub marks: Vec<Mark>,
    /// True where the light is only an estimate (a picture that was not scene-linear).
    pub approximate: bool,
}

impl Scene {
    /// Everything at a place at time 0.
    pub fn at(&self, u: f32, v: f32, d: f32) -> Stimulus {
        self.layers.iter().fold(DARK, |behind, layer| {
            let dab = layer.paint.at(u, v, d);
            std::array::from_fn(|i| behind[i] * (1.0 - dab.cover) + dab.light[i])
        })
    }
}

/// What a scene is set up with.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Everything random comes from it.
    pub seed: u64,
    /// Width over height of the picture.
    pub aspect: f32,
    /// The main light.
    pub light: Illuminant,
    /// Its illuminance in lux, where the scene's main subject is.
    pub lux: f64,
}
