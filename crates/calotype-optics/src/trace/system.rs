//! A lens made ready for tracing.

use super::kernel;
use super::pose::Turn;
use super::rays::Rays;
use crate::paraxial::{self, FirstOrder};
use crate::surface::{Form, Freeform, Profile};
use crate::{After, Kind, Lens, OpticsError, Result};
use fearless_simd::Level;

/// How far beyond its clear radius an asphere exists, for rays that are not clipped.
const MARGIN: f64 = 1.02;
/// Rays of one piece of work; a multiple of every vector length.
pub(super) const PIECE: usize = 4096;

/// A lens made ready for tracing: indices, compiled surfaces, first order. Built once, used from any thread.
#[derive(Clone, Debug)]
pub struct System {
    lens: Lens,
    first: FirstOrder,
    pub(super) forms: Vec<Compiled>,
    /// Steps by wavelength.
    pub(super) steps: Vec<Vec<Step>>,
    pub(super) level: Level,
}

/// The form of a surface, compiled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Compiled {
    /// A conic, met in closed form.
    Conic { c: f64, k: f64 },
    /// A conic with a departure.
    Round(Profile),
    /// Without rotational symmetry.
    Free(Freeform),
    /// An ideal lens of this focal length in mm.
    Thin { focal: f64 },
}

/// What one surface does to rays of one wavelength.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    /// Index of the surface.
    pub surface: usize,
    /// Index of refraction before and after.
    pub before: f64,
    pub after: f64,
    pub reflect: bool,
    /// Squared radii of the clear ring.
    pub inner2: f64,
    pub outer2: f64,
    /// Distance to the next vertex.
    pub thickness: f64,
    pub turn: Option<Turn>,
    pub turn_back: Option<Turn>,
}

/// Which apertures stop rays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clip {
    /// None: rays go on as far as the surfaces exist, for aiming and for first looks.
    Nothing,
    /// Every clear aperture of the prescription.
    Apertures,
}

/// Where a trace ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// On the image plane, or on the curved image surface of a lens that has one; positions refer to its middle.
    Image,
    /// Just behind the surface of this index, counted from 0; positions refer to its vertex.
    Surface(usize),
}

impl System {
    /// Compiles a lens.
    ///
    /// # Errors
    /// Those of [`crate::check`] and [`crate::first_order`].
    pub fn new(lens: Lens) -> Result<Self> {
        crate::check(&lens)?;
        let first = paraxial::first_order(&lens, lens.primary_um())?;
        let reach = reach(&lens, &first)?;
        let compile = |(i, (s, reach)): (usize, (&crate::Surface, &f64))| {
            let domain = s.clear.outer.map_or(*reach, |r| r * MARGIN);
            Ok(match (s.kind, &s.shape.form) {
                (Kind::ThinLens(focal), _) => Compiled::Thin { focal },
                (_, Form::Conic) => Compiled::Conic { c: s.shape.curvature(), k: s.shape.conic },
                _ if s.shape.is_round() => {
                    let profile = Profile::new(&s.shape, domain);
                    if !profile.is_finite() {
                        let reason =
                            format!("at {domain} mm off the axis it leaves all bounds; check powers and units");
                        return Err(OpticsError::surface(i, "the departure from the conic", "so large", reason));
                    }
                    Compiled::Round(profile)
                }
                _ => Compiled::Free(Freeform::new(&s.shape, domain)),
            })
        };
        let mut forms: Vec<Compiled> =
            (1..).zip(lens.surfaces.iter().zip(&reach)).map(compile).collect::<Result<_>>()?;
        if let Some(s) = &lens.image {
            forms.push(Compiled::Conic { c: s.curvature(), k: s.conic });
        }
        let steps = lens.wavelengths.iter().map(|w| steps(&lens, w.um)).collect::<Result<_>>()?;
        Ok(Self { lens, first, forms, steps, level: Level::new() })
    }

    /// The prescription.
    pub fn lens(&self) -> &Lens {
        &self.lens
    }

    /// First order at the primary wavelength.
    pub fn first_order(&self) -> &FirstOrder {
        &self.first
    }

    /// The index of refraction in front of the image at a wavelength's index.
    pub fn image_index(&self, wavelength: usize) -> f64 {
        self.steps[wavelength].last().map_or(1.0, |s| s.after)
    }

    /// Traces rays of one wavelength (its index in the lens) in place, on all cores; about 100 ns a ray and core
    /// for a triplet. The result does not depend on the number of threads.
    pub fn trace(&self, wavelength: usize, rays: &mut Rays, clip: Clip, until: Until) {
        let steps = &self.steps[wavelength];
        let (steps, to_image) = match until {
            Until::Image => (&steps[..], self.lens.image.is_none()),
            Until::Surface(i) => (&steps[..=i.min(self.lens.surfaces.len() - 1)], false),
        };
        kernel::run(self.level, &self.forms, steps, rays, clip == Clip::Apertures, to_image, PIECE);
    }

    /// Indices before and behind a surface's index at a wavelength's index.
    pub(crate) fn indices(&self, wavelength: usize, surface: usize) -> (f64, f64) {
        let step = &self.steps[wavelength][surface];
        (step.before, step.after)
    }

    /// The way of light that is reflected backwards at the surface of index `back` and forwards again at that of index `front`,
    /// to the image plane.
    pub(super) fn ghost_path(&self, wavelength: usize, back: usize, front: usize) -> Vec<Step> {
        let all = &self.steps[wavelength];
        let mut path: Vec<Step> = all[..back].to_vec();
        let to_previous = |i: usize| if i == 0 { 0.0 } else { -all[i - 1].thickness };
        let mirror =
            |i: usize, n: f64, thickness: f64| Step { before: n, after: n, reflect: true, thickness, ..all[i] };
        path.push(mirror(back, all[back].before, to_previous(back)));
        path.extend((front + 1..back).rev().map(|i| Step {
            before: all[i].after,
            after: all[i].before,
            thickness: to_previous(i),
            ..all[i]
        }));
        path.push(mirror(front, all[front].after, all[front].thickness));
        path.extend_from_slice(&all[front + 1..]);
        path
    }

    /// Two directions across a place of the image, at right angles to each other and to its normal, along x and y as far as may
    /// be; and the normal. For the image plane the axes.
    pub(crate) fn image_frame(&self, [x, y]: [f64; 2]) -> [[f64; 3]; 3] {
        let Some(s) = &self.lens.image else { return [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] };
        // gradient of the sag of a conic, c (x, y) / sqrt(1 - (1 + k) c^2 r^2)
        let c = s.curvature();
        let e = (1.0 - (1.0 + s.conic) * c * c * (x * x + y * y)).max(1e-6).sqrt();
        let (gx, gy) = (c * x / e, c * y / e);
        let unit = |v: [f64; 3]| {
            let size = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt();
            v.map(|v| v / size)
        };
        let across = unit([1.0, 0.0, gx]);
        let normal = unit([-gx, -gy, 1.0]);
        let [a, n] = [across, normal];
        let up = [n[1] * a[2] - n[2] * a[1], n[2] * a[0] - n[0] * a[2], n[0] * a[1] - n[1] * a[0]];
        [across, up, normal]
    }

    /// The same with the plainest instructions, to compare with.
    #[cfg(test)]
    pub(crate) fn plain(mut self) -> Self {
        self.level = Level::baseline();
        self
    }
}

fn steps(lens: &Lens, um: f64) -> Result<Vec<Step>> {
    let mut before = 1.0;
    let mut list = Vec::with_capacity(lens.surfaces.len());
    for (surface, s) in lens.surfaces.iter().enumerate() {
        let after = if s.kind == Kind::Reflect { before } else { lens.index_behind(surface, um)? };
        let turn = s.pose.as_ref().map(Turn::into_surface);
        let turn_back = s.pose.as_ref().zip(turn).and_then(|(pose, turn)| match pose.after {
            After::Return => Some(turn.back()),
            After::Keep => None,
            After::Bend => Some(turn.rotation()),
        });
        list.push(Step {
            surface,
            before,
            after,
            reflect: s.kind == Kind::Reflect,
            inner2: s.clear.inner * s.clear.inner,
            outer2: s.clear.outer.map_or(f64::INFINITY, |r| r * r),
            thickness: s.thickness,
            turn,
            turn_back,
        });
        before = after;
    }
    // light meets a curved image as a surface that does nothing
    if lens.image.is_some() {
        list.push(Step {
            surface: lens.surfaces.len(),
            before,
            after: before,
            reflect: false,
            inner2: 0.0,
            outer2: f64::INFINITY,
            thickness: 0.0,
            turn: None,
            turn_back: None,
        });
    }
    Ok(list)
}

/// How far off the axis paraxial light of the full field gets at every surface, with a quarter to spare: the domain of
/// aspheres whose clear radius is not known.
fn reach(lens: &Lens, first: &FirstOrder) -> Result<Vec<f64>> {
    let list = paraxial::powers(lens, lens.primary_um())?;
    let field = lens.full_field();
    let slope = paraxial::field_slope(lens, lens.field_kind, field.x.hypot(field.y), first).abs();
    let slope = if slope.is_finite() { slope.min(3.0) } else { 0.0 };
    let half = 0.5 * first.epd;
    let (y, u) = match lens.object_mm {
        None => (half, 0.0),
        Some(d) => {
            let u = half / (d + first.enp_from_s1);
            (u * d, u)
        }
    };
    let marginal = paraxial::trace(&list, y, u);
    let chief = paraxial::trace(&list, -slope * first.enp_from_s1, slope);
    Ok(marginal.iter().zip(&chief).map(|(m, c)| (1.25 * (m.y.abs() + c.y.abs())).max(1e-3)).collect())
}
