//! Pictures of three colours whose type says what their numbers mean.

use crate::Plane;
use std::marker::PhantomData;

/// What the numbers of an [`Rgb`] mean. Stages name the domains they take and give, so a wrong order does not compile.
pub trait Domain: Send + Sync + 'static {}

/// Camera colours, linear, not white balanced: black 0, saturation of the reference frame 1 in every channel.
#[derive(Clone, Copy, Debug)]
pub struct Camera;
/// Scene-linear Rec.2020 primaries, D65 white, white balanced; 0.18 is mid grey once exposure is applied. Unbounded.
#[derive(Clone, Copy, Debug)]
pub struct Scene;
/// Display-referred linear light, relative to the display's white = 1, in the primaries of the output space.
#[derive(Clone, Copy, Debug)]
pub struct Display;

impl Domain for Camera {}
impl Domain for Scene {}
impl Domain for Display {}

/// Three planes of one size: red, green, blue.
#[derive(Clone, Debug)]
pub struct Rgb<D: Domain> {
    /// Red, green and blue.
    pub planes: [Plane<f32>; 3],
    domain: PhantomData<D>,
}

/// A picture in camera colours.
pub type CameraRgb = Rgb<Camera>;
/// A scene-linear picture.
pub type SceneRgb = Rgb<Scene>;
/// A display-referred picture in linear light.
pub type DisplayRgb = Rgb<Display>;

impl<D: Domain> Rgb<D> {
    /// A black picture.
    pub fn new(width: usize, height: usize) -> Self {
        Self::from_planes([(); 3].map(|()| Plane::new(width, height)))
    }

    /// A picture of three planes. Panics where their sizes differ.
    pub fn from_planes(planes: [Plane<f32>; 3]) -> Self {
        let size = (planes[0].width(), planes[0].height());
        assert!(planes.iter().all(|p| (p.width(), p.height()) == size), "planes of different sizes");
        Self { planes, domain: PhantomData }
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.planes[0].width()
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.planes[0].height()
    }

    /// The three rows at `y`.
    pub fn row(&self, y: usize) -> [&[f32]; 3] {
        let [r, g, b] = &self.planes;
        [r.row(y), g.row(y), b.row(y)]
    }

    /// The pixel at (x, y).
    pub fn get(&self, x: usize, y: usize) -> [f32; 3] {
        self.row(y).map(|r| r[x])
    }

    /// The same numbers in another domain: for the stage that has just carried out the change.
    pub fn into_domain<E: Domain>(self) -> Rgb<E> {
        Rgb { planes: self.planes, domain: PhantomData }
    }
}
