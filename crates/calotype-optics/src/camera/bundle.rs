//! The rays of one field point that get through, wherever in the entrance pupil they pass.

use crate::{Clip, Field, Rays, System, Until};

/// Cells down the first look at the pupil.
const FIRST_LOOK: usize = 32;
/// Half of what the first look takes in, in radii of the paraxial pupil; doubled where light gets through at its border.
const REACH: f64 = 1.75;

/// The part of the plane of the paraxial entrance pupil that light of a field gets through: a rectangle, and its mirror
/// image on the other side of the meridional plane. Units of the pupil's radius.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Opening {
    low: f64,
    high: f64,
    across: f64,
}

impl Opening {
    /// Area of the rectangle and its mirror image, in squares of the pupil's radius.
    pub(crate) fn area(&self) -> f64 {
        2.0 * self.across * (self.high - self.low)
    }

    /// True where no light enters beyond so many radii of the paraxial pupil.
    pub(crate) fn is_within(&self, radius: f64) -> bool {
        -self.low < radius && self.high < radius && self.across < radius
    }
}

/// Rays that arrive in the image plane, on one side of the meridional plane or on both: places across and along it in mm.
pub(crate) struct Bundle {
    pub(crate) places: Vec<[f64; 2]>,
    /// Area of the pupil that they fill (both sides), in squares of its radius.
    pub(crate) area: f64,
}

impl Bundle {
    /// Middle, upwards, in mm; nothing where no ray arrives.
    pub(crate) fn middle(&self) -> Option<f64> {
        (!self.places.is_empty()).then(|| self.places.iter().map(|p| p[1]).sum::<f64>() / self.places.len() as f64)
    }
}

/// A direction that light comes from, and the plane through it and the axis: places are told across and along that plane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meridian {
    /// The field point, in degrees.
    pub(crate) field: Field,
    /// Sine and cosine of the plane's angle from the lens's y towards its x.
    turn: [f64; 2],
    /// True where both sides of the plane are traced: where the lens is not the same on both.
    sides: bool,
}

impl Meridian {
    /// Upwards in a lens that is round about its axis; the chief ray rises with a slope.
    pub(crate) fn up(slope: f64) -> Self {
        Self { field: Field::up(slope.atan().to_degrees()), turn: [0.0, 1.0], sides: false }
    }

    /// At an angle from the lens's y towards its x, in any lens.
    pub(crate) fn towards(slope: f64, angle_rad: f64) -> Self {
        let (sin, cos) = angle_rad.sin_cos();
        let degrees = |v: f64| (slope * v).atan().to_degrees();
        let field = Field { x: degrees(sin), ..Field::up(degrees(cos)) };
        Self { field, turn: [sin, cos], sides: true }
    }

    /// True where rays on both sides of the plane are traced, false where one side stands for both.
    pub(crate) fn has_both_sides(&self) -> bool {
        self.sides
    }

    /// Across and along the plane from x and y of the lens.
    pub(crate) fn seen(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [sin, cos] = self.turn;
        [x * cos - y * sin, x * sin + y * cos]
    }

    fn of_lens(&self, [across, along]: [f64; 2]) -> [f64; 2] {
        let [sin, cos] = self.turn;
        [across * cos + along * sin, along * cos - across * sin]
    }
}

/// The chief ray at a wavelength's index: how far along the plane it passes the pupil (in radii), and where it meets the
/// image, across and along (mm). Nothing where it does not arrive.
pub(crate) fn chief(system: &System, to: &Meridian, wavelength: usize) -> Option<(f64, [f64; 2])> {
    let first = system.first_order();
    let aimed = system.aim(&to.field, wavelength).through_stop(&[[0.0, 0.0]]);
    let start = aimed.first()?;
    let at = [0, 1].map(|k| start.at[k] + first.enp_from_s1 * start.d[k] / start.d[2]);
    let pupil = to.seen(at)[1] / (0.5 * first.epd);
    let mut rays = Rays::new(aimed);
    system.trace(wavelength, &mut rays, Clip::Nothing, Until::Image);
    rays.get(0).map(|r| (pupil, to.seen([r.at[0], r.at[1]])))
}

/// Finds where light of a field gets through, around its chief ray's place in the pupil.
pub(crate) fn opening(system: &System, to: &Meridian, wavelength: usize, chief: f64) -> Option<Opening> {
    let mut reach = REACH;
    loop {
        let all = Opening { low: chief - reach, high: chief + reach, across: reach };
        let (places, rays) = trace(system, to, wavelength, (&all, [0.5; 2]), FIRST_LOOK, Clip::Apertures);
        let cell = 2.0 * reach / FIRST_LOOK as f64;
        let found = places.iter().enumerate().filter(|(i, _)| rays.arrived(*i)).map(|(_, p)| *p);
        let (low, high, across) = found.fold((f64::INFINITY, f64::NEG_INFINITY, 0.0f64), |(low, high, across), p| {
            (low.min(p[1]), high.max(p[1]), across.max(p[0].abs()))
        });
        if low > high {
            return None;
        }
        let at_border = low < all.low + cell || high > all.high - cell || across > reach - cell;
        if !at_border || reach > REACH {
            return Some(Opening { low: low - cell, high: high + cell, across: across + cell });
        }
        reach *= 2.0;
    }
}

/// Rays of a wavelength's index through an opening, `rows` of them upwards and as dense across.
pub(crate) fn bundle(system: &System, to: &Meridian, wavelength: usize, opening: &Opening, rows: usize) -> Bundle {
    // every wavelength has a grid of its own, so that what their borders cut off evens out
    let phase = |step: f64| (0.5 + step * wavelength as f64).fract();
    let (places, rays) = trace(system, to, wavelength, (opening, [phase(0.618), phase(0.755)]), rows, Clip::Apertures);
    let sent = places.len();
    let places: Vec<[f64; 2]> = rays.iter().map(|r| to.seen([r.at[0], r.at[1]])).collect();
    let area = opening.area() * places.len() as f64 / sent.max(1) as f64;
    Bundle { places, area }
}

/// Rays through a grid over an opening, at these parts of its cells: places in the pupil, across and along the plane, and what
/// became of them.
pub(crate) fn trace(
    system: &System,
    to: &Meridian,
    wavelength: usize,
    (opening, phase): (&Opening, [f64; 2]),
    rows: usize,
    clip: Clip,
) -> (Vec<[f64; 2]>, Rays) {
    let step = (opening.high - opening.low) / rows as f64;
    let columns = ((opening.across / step).ceil() as usize).max(2);
    let across = opening.across / columns as f64;
    let (columns, left) = if to.sides { (2 * columns, opening.across) } else { (columns, 0.0) };
    let place =
        |i: usize, j: usize| [(i as f64 + phase[0]) * across - left, opening.low + (j as f64 + phase[1]) * step];
    let places: Vec<[f64; 2]> = (0..rows).flat_map(|j| (0..columns).map(move |i| place(i, j))).collect();
    let starts: Vec<[f64; 2]> = places.iter().map(|p| to.of_lens(*p)).collect();
    let mut rays = Rays::new(system.aim(&to.field, wavelength).paraxial(&starts));
    system.trace(wavelength, &mut rays, clip, Until::Image);
    (places, rays)
}
