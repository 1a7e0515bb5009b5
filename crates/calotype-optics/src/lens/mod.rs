//! The lens as published: surfaces, glass, aperture, fields and wavelengths.

mod built_in;
mod check;
mod coating;
mod configuration;
mod raw;
mod read;
mod vignetting;
mod write;

pub use built_in::{built_in_lens, built_in_lenses, built_in_text};
pub use check::check;
pub use coating::{Coating, Layer};
pub use configuration::{Configuration, FieldChange, SurfaceChange, WavelengthChange};
pub use read::SCHEMA;
pub(crate) use read::{explain, named};
pub use vignetting::Vignetting;

use crate::surface::Shape;
use crate::{Air, Glass, Result};

/// A lens, and the light it is judged with. Lengths are millimetres, wavelengths micrometres, angles degrees; z runs
/// along the light, a radius is positive when the centre lies towards the image. Numbers are those of its source.
#[derive(Clone, Debug, PartialEq)]
pub struct Lens {
    /// A short name.
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// Where the numbers come from: a patent, a book.
    pub source: String,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// The air it stands in; nothing for indices as catalogues state them.
    pub air: Option<Air>,
    /// Distance in mm from the object to the first surface; nothing for an object at infinity.
    pub object_mm: Option<f64>,
    /// How much light gets in.
    pub aperture: Aperture,
    /// What the numbers in `fields` are.
    pub field_kind: FieldKind,
    /// The field points to judge it at, the axis first.
    pub fields: Vec<Field>,
    /// The wavelengths to judge it at.
    pub wavelengths: Vec<Wavelength>,
    /// Index of the wavelength for first order and pupils.
    pub primary: usize,
    /// The surfaces in the order of the light; the last one's thickness reaches the image plane.
    pub surfaces: Vec<Surface>,
    /// The image surface, a sphere or conic about the image plane's middle; nothing for the plane.
    pub image: Option<Shape>,
    /// Its other states, for zoom and focus; [`Lens::configured`] gives the lens in one of them. Everything else looks at the
    /// lens as it stands.
    pub configurations: Vec<Configuration>,
}

/// How the size of the entrance pupil is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aperture {
    /// Diameter of the paraxial entrance pupil in mm.
    EntrancePupil(f64),
    /// Focal length over that diameter.
    FNumber(f64),
    /// Numerical aperture sin u of the axial cone in object space; for objects at a finite distance.
    ObjectNa(f64),
    /// Radius of the stop in mm.
    StopRadius(f64),
}

/// What a field's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Angles in object space, degrees.
    AngleDeg,
    /// Heights of the object, mm.
    ObjectHeight,
    /// Paraxial heights in the image, mm.
    ImageHeight,
    /// Heights at which the real chief ray shall meet the image plane, mm.
    RealImageHeight,
}

/// One field point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Across: degrees or mm.
    pub x: f64,
    /// Upwards: degrees or mm.
    pub y: f64,
    /// Its share in sums over fields.
    pub weight: f64,
    /// The part of the pupil that its light fills.
    pub vignetting: Vignetting,
}

impl Field {
    /// A field point upwards, without vignetting factors.
    pub fn up(y: f64) -> Self {
        Self { x: 0.0, y, weight: 1.0, vignetting: Vignetting::default() }
    }
}

/// One wavelength.
#[derive(Clone, Debug, PartialEq)]
pub struct Wavelength {
    /// A name for plots: `F`, `550 nm`.
    pub name: String,
    /// Micrometres.
    pub um: f64,
    /// Its share in polychromatic sums.
    pub weight: f64,
}

/// One surface, and what follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    /// A name for people; usually empty.
    pub label: String,
    /// Its form.
    pub shape: Shape,
    /// Distance in mm along the axis to the next vertex, or to the image.
    pub thickness: f64,
    /// What it does to light.
    pub kind: Kind,
    /// The medium behind it; ignored for mirrors, which keep the one before.
    pub glass: Glass,
    /// What lies on it; nothing where its source does not say: then glass counts as bare, and a mirror reflects everything.
    pub coating: Option<Coating>,
    /// Its clear aperture.
    pub clear: Clear,
    /// True for the aperture stop.
    pub stop: bool,
    /// Where it does not stand straight on the axis.
    pub pose: Option<Pose>,
}

impl Surface {
    /// A refracting surface on the axis.
    pub fn refracting(shape: Shape, thickness: f64, glass: Glass) -> Self {
        Self {
            label: String::new(),
            shape,
            thickness,
            kind: Kind::Refract,
            glass,
            coating: None,
            clear: Clear::default(),
            stop: false,
            pose: None,
        }
    }
}

/// What a surface does to light.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Refracts it.
    Refract,
    /// Reflects it.
    Reflect,
    /// An ideal thin lens of this focal length in mm: every point is imaged to a point, by first order.
    ThinLens(f64),
}

/// The part of a surface that light may pass, a disc or a ring about its vertex.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clear {
    /// Radius of the rim in mm; nothing where none is known.
    pub outer: Option<f64>,
    /// Radius of the obscured middle in mm; 0 for none.
    pub inner: f64,
}

/// How a surface stands off the axis: shifted, then turned about its own x, y and z by `tilt_deg` in that order (or
/// the other way round: turned about z, y and x, then shifted).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose {
    /// Shift of the vertex in mm.
    pub decentre: [f64; 3],
    /// Rotations in degrees about x, y, z; positive about x turns y towards z.
    pub tilt_deg: [f64; 3],
    /// True for turning before shifting.
    pub tilt_first: bool,
    /// What it means for the surfaces after it.
    pub after: After,
}

/// What a pose means for the surfaces after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum After {
    /// Nothing: the axis goes on as before.
    #[default]
    Return,
    /// The axis stays turned and shifted: a coordinate break.
    Keep,
    /// The axis is turned once more by the same angles: the next surfaces stand square to light reflected by a mirror.
    Bend,
}

impl Lens {
    /// Index of the stop's surface; the first surface where none is marked.
    pub fn stop(&self) -> usize {
        self.surfaces.iter().position(|s| s.stop).unwrap_or(0)
    }

    /// The field farthest from the axis.
    pub fn full_field(&self) -> Field {
        let size = |f: &Field| f.x.hypot(f.y);
        self.fields.iter().copied().max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or(Field::up(0.0))
    }

    /// True where the coating of at least one surface is stated.
    pub fn states_coatings(&self) -> bool {
        self.surfaces.iter().any(|s| s.coating.is_some())
    }

    /// The index behind a surface's index at a wavelength in micrometres, in the air the lens stands in.
    ///
    /// # Errors
    /// Those of [`Glass::index`].
    pub fn index_behind(&self, surface: usize, um: f64) -> Result<f64> {
        self.surfaces[surface].glass.index_in(um, self.air.as_ref(), surface + 1)
    }

    /// The wavelength of first order, micrometres.
    pub fn primary_um(&self) -> f64 {
        self.wavelengths[self.primary].um
    }
}
