//! Alignment: how every frame moved against the reference.
//!
//! [`Prepared`] holds what alignment needs of one frame, made once; [`align`] finds the motion of a frame.

mod cells;
mod coarse;
mod global;
mod grey;
mod lattice;
mod local;
mod prepared;
mod pyramid;
mod seek;

pub use prepared::Prepared;

use crate::motion::{Homography, MotionField, MotionReport};
use calotype_image::Plane;
use global::{Freedom, View, refine};
use lattice::LocalMotion;

/// The level on which local motion starts: cells of 128 pixels of the frame.
const LOCAL_TOP: usize = 3;

/// What alignment may look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlignOptions {
    /// Largest shift searched, in fractions of the picture's width (0.11).
    pub max_shift: f32,
    /// Largest turn searched, in radians (0.056, a little more than 3 degrees).
    pub max_rotation_rad: f32,
    /// Look for motion that differs from the global one.
    pub local: bool,
}

impl Default for AlignOptions {
    fn default() -> Self {
        Self { max_shift: 0.11, max_rotation_rad: 0.056, local: true }
    }
}

/// Finds where the pixels of `reference` are in `frame`. Both must have one size; where they have not, or nothing
/// matches, the result is the identity, marked as rejected.
pub fn align(reference: &Prepared, frame: &Prepared, options: &AlignOptions) -> MotionField {
    let (w, h) = (reference.width(), reference.height());
    let unmoved = |rejected| {
        MotionField::from_global(w, h, Homography::IDENTITY, MotionReport { rejected, ..Default::default() })
    };
    if (w, h) != (frame.width(), frame.height()) {
        return unmoved(true);
    }
    let top = reference.level_count() - 1;
    let coarse = View { reference, frame, level: top };
    let cells = reference.anchors(top);
    if cells.len() < 4 {
        return unmoved(false);
    }
    let s = coarse.scale();
    let max_shift = (f64::from(options.max_shift) * w as f64 / s).ceil() as usize;
    let candidates = coarse::search(reference.level(top), frame.level(top), max_shift, options.max_rotation_rad, 3);
    let fits = candidates.iter().map(|c| {
        let (sin, cos) = f64::from(c.turn).sin_cos();
        // turn around the level's centre, in pixels of the frame
        let p = reference.level(top);
        let (cx, cy) = (s * (p.width() as f64 - 1.0) / 2.0 + 0.5, s * (p.height() as f64 - 1.0) / 2.0 + 0.5);
        let turn =
            Homography([[cos, -sin, cx - cos * cx + sin * cy], [sin, cos, cy - sin * cx - cos * cy], [0.0, 0.0, 1.0]]);
        let start = turn.after(&Homography::shift(s * f64::from(c.shift.0), s * f64::from(c.shift.1)));
        refine(coarse, start, &cells, Freedom::Rigid, 8)
    });
    let Some(mut fit) = fits.min_by(|a, b| a.residual.total_cmp(&b.residual)) else { return unmoved(false) };
    for level in (0..top).rev() {
        let view = View { level, ..coarse };
        let cells = reference.anchors(level);
        let freedom = if level + 1 < top || level == 0 { Freedom::Projective } else { Freedom::Rigid };
        fit = refine(view, fit.motion, &cells, freedom, 6);
    }
    let (cx, cy) = ((w as f64 - 1.0) / 2.0, (h as f64 - 1.0) / 2.0);
    let (x, y) = fit.motion.map(cx, cy);
    let report = MotionReport {
        shift: ((x - cx) as f32, (y - cy) as f32),
        rotation_rad: fit.motion.rotation_at(cx, cy) as f32,
        residual: fit.residual,
        error: fit.error,
        support: 1.0,
        local: 0.0,
        rejected: false,
    };
    if !options.local {
        return MotionField::from_global(w, h, fit.motion, report);
    }
    let local = local::follow(View { level: 0, ..coarse }, &fit.motion, LOCAL_TOP.min(top));
    assemble(&local, w, h, fit.motion, report)
}

/// The field of a global and a local motion.
fn assemble(local: &LocalMotion, w: usize, h: usize, global: Homography, mut report: MotionReport) -> MotionField {
    let (nx, ny) = MotionField::nodes(w, h);
    let place = |k: usize| (k * MotionField::SPACING) as f64;
    let residual = Plane::from_fn(nx, ny, |i, j| local.around(place(i), place(j)).1);
    let confidence = Plane::from_fn(nx, ny, |i, j| {
        let (x, y) = global.map(place(i), place(j));
        let inside = x > -8.0 && y > -8.0 && x < w as f64 + 8.0 && y < h as f64 + 8.0;
        // full up to twice the usual mismatch, none from six times on
        if inside { ((6.0 - local.mismatch_at(place(i), place(j))) / 4.0).clamp(0.0, 1.0) } else { 0.0 }
    });
    let moving = residual.data().iter().filter(|r| r[0].abs() + r[1].abs() > 0.05).count();
    report.local = moving as f32 / (nx * ny) as f32;
    MotionField::new(w, h, global, residual, confidence, report)
}
