//! A lens mounted before a sensor: distortion, lateral colour and illumination over image height.

use super::bands::Bands;
use super::bundle::{Meridian, bundle, chief, opening};
use super::curve::Curve;
use super::spots::SpotTable;
use crate::analysis::transmission;
use crate::{After, Clip, Form, Lens, OpticsError, Result, System, Wavelength, first_order};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Values of a table over image height, from the axis to the corner.
pub const KNOTS: usize = 33;
/// Fields between the axis and the corner at which rays are traced for the tables, and most that are tried.
const FIELDS: usize = 64;
const MOST_FIELDS: usize = 640;
/// Fields that are traced together.
const CHUNK: usize = 16;
/// Rows of rays through the pupil for the tables.
const ROWS: usize = 40;
/// Directions about the axis in which the spots of a lens that is not round are traced.
const DIRECTIONS: usize = 8;
/// Objects farther than this, in mm, are at infinity.
const FAR_MM: f64 = 1e7;

/// A lens before a sensor. Heights are distances from the axis on the sensor, 1 at [`Mounted::half_diagonal_mm`];
/// channels are 0 red, 1 green, 2 blue.
///
/// The tables are those of a lens focused at infinity. A lens is focused by moving all of it (its image plane is moved
/// here), so that the field of view changes a little with the distance, as it does behind real lenses; the tables are
/// used for all distances.
#[derive(Debug)]
pub struct Mounted {
    lens: Lens,
    /// The lens as it was made, where that is not round.
    made: Option<Lens>,
    /// The lens with the wavelengths of the bands.
    system: System,
    bands: Bands,
    half_diagonal_mm: f64,
    focal_mm: f64,
    f_number: f64,
    renditions: [Rendition; 3],
    /// By distance, distance in focus, and direction from 1; 0 is that of the round lens.
    spots: Mutex<HashMap<(u64, u64, usize), Arc<SpotTable>>>,
}

/// Tables of one channel, over heights from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendition {
    /// Where a pinhole of the same focal length would have put the light, over where the lens puts its middle.
    pub ideal_ratio: Curve,
    /// Irradiance over that on the axis.
    pub illumination: Curve,
    /// Slopes of the chief rays of the light that arrives at each knot: tangents of field angles.
    pub(super) slopes: Vec<f64>,
    /// Heights in mm at which those chief rays arrive at the primary wavelength.
    pub(super) chiefs: Vec<f64>,
    /// Height 1 in mm.
    pub(super) half_mm: f64,
}

impl Mounted {
    /// Traces a lens before a sensor whose corner lies `half_diagonal_mm` from the axis; some tenths of a second for the
    /// lens of a phone. The stop's rim is set to what the lens's aperture says.
    ///
    /// # Errors
    /// [`OpticsError::Unsupported`] for lenses that are tilted or not round; [`OpticsError::Value`] where the lens does
    /// not light the corner; [`OpticsError::Dark`] where nothing arrives on the axis; those of [`System::new`].
    pub fn new(mut lens: Lens, half_diagonal_mm: f64, bands: &Bands) -> Result<Self> {
        if !(half_diagonal_mm > 0.0 && half_diagonal_mm < 1e4) {
            return Err(OpticsError::value("the half diagonal in mm", half_diagonal_mm, "it is above 0"));
        }
        if let Some(i) = lens.surfaces.iter().position(|s| s.pose.is_some() || !s.shape.is_round()) {
            return Err(OpticsError::Unsupported {
                what: format!("a lens that is not round about its axis (surface {}) before a sensor", i + 1),
                file: lens.name,
                line: None,
            });
        }
        if lens.image.is_some() {
            let reason = "a sensor is flat; leave the image surface out";
            return Err(OpticsError::value("the image of a lens before a sensor", "curved", reason));
        }
        lens.object_mm = None;
        lens.field_kind = crate::FieldKind::AngleDeg;
        let first = first_order(&lens, lens.primary_um())?;
        let stop = lens.stop();
        lens.surfaces[stop].clear.outer = Some(first.stop_semi_diameter_paraxial);
        let (focal_mm, f_number) = (first.efl.abs(), (first.efl / first.epd).abs());
        let system = System::new(with_bands(&lens, bands))?;
        let fields = fields(&system, bands, half_diagonal_mm, focal_mm)?;
        let renditions = [0, 1, 2].map(|c| rendition(&fields, c, half_diagonal_mm, focal_mm));
        let spots = Mutex::default();
        let bands = bands.clone();
        Ok(Self { lens, made: None, system, bands, half_diagonal_mm, focal_mm, f_number, renditions, spots })
    }

    /// A lens as it was made, its elements decentred, tilted and irregular: the tables of places and light are those of the lens
    /// without these errors, the spots its own in eight directions about the axis. What the errors do to places, fractions
    /// of a pixel but for a shift of the whole picture, is left out.
    ///
    /// # Errors
    /// Those of [`Mounted::new`] for the lens without these errors; [`OpticsError::Unsupported`] for one that is meant
    /// to be crooked: biconic and toroidal surfaces, mirrors that bend the axis.
    pub fn made(lens: Lens, half_diagonal_mm: f64, bands: &Bands) -> Result<Self> {
        let straight = straightened(&lens);
        if straight == lens {
            return Self::new(lens, half_diagonal_mm, bands);
        }
        let mounted = Self::new(straight, half_diagonal_mm, bands)?;
        let mut made = Lens { object_mm: None, field_kind: crate::FieldKind::AngleDeg, ..lens };
        let stop = made.stop();
        made.surfaces[stop].clear.outer = mounted.lens.surfaces[stop].clear.outer;
        Ok(Self { made: Some(made), ..mounted })
    }

    /// The prescription.
    pub fn lens(&self) -> &Lens {
        &self.lens
    }

    pub(super) fn system(&self) -> &System {
        &self.system
    }

    /// Slope of the chief ray whose green light arrives in the corner.
    pub(super) fn corner_slope(&self) -> f64 {
        self.renditions[1].slopes[KNOTS - 1]
    }

    /// Focal length in mm at the primary wavelength.
    pub fn focal_mm(&self) -> f64 {
        self.focal_mm
    }

    /// Focal length over the diameter of the entrance pupil.
    pub fn f_number(&self) -> f64 {
        self.f_number
    }

    /// The corner's distance from the axis in mm.
    pub fn half_diagonal_mm(&self) -> f64 {
        self.half_diagonal_mm
    }

    /// The tables of a channel.
    pub fn rendition(&self, channel: usize) -> &Rendition {
        &self.renditions[channel.min(2)]
    }

    /// The image of points at a distance in metres, when the lens is focused at `focus_m`; traced when it is first asked
    /// for, about a second of one core's time for the lens of a phone, and kept.
    ///
    /// # Errors
    /// [`OpticsError::Value`] for distances that are none, [`OpticsError::Dark`] where no light arrives.
    pub fn spots(&self, object_m: f64, focus_m: f64) -> Result<Arc<SpotTable>> {
        self.kept_spots(&self.lens, 0, object_m, focus_m)
    }

    /// The same for places at an angle about the axis, from the lens's y (up in the picture) towards its x (right): the nearest
    /// of eight directions, where the lens is not round.
    ///
    /// # Errors
    /// Those of [`Mounted::spots`].
    pub fn spots_towards(&self, angle_rad: f64, object_m: f64, focus_m: f64) -> Result<Arc<SpotTable>> {
        let Some(made) = &self.made else { return self.spots(object_m, focus_m) };
        let direction = (angle_rad / std::f64::consts::TAU * DIRECTIONS as f64).round() as i64;
        self.kept_spots(made, 1 + direction.rem_euclid(DIRECTIONS as i64) as usize, object_m, focus_m)
    }

    /// Traces what [`Mounted::spots_towards`] will be asked for, everything once.
    ///
    /// # Errors
    /// Those of [`Mounted::spots`].
    pub fn prepare(&self, object_m: f64, focus_m: f64) -> Result<()> {
        let count = if self.made.is_some() { DIRECTIONS } else { 1 };
        let angle = |i: usize| std::f64::consts::TAU * i as f64 / DIRECTIONS as f64;
        (0..count).try_for_each(|i| self.spots_towards(angle(i), object_m, focus_m).map(drop))
    }

    /// The spots of a lens in a direction (counted from 1; 0 upwards, in a lens that is round), traced once.
    fn kept_spots(&self, lens: &Lens, direction: usize, object_m: f64, focus_m: f64) -> Result<Arc<SpotTable>> {
        let key = (object_m.to_bits(), focus_m.to_bits(), direction);
        let kept = || self.spots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = kept().get(&key) {
            return Ok(table.clone());
        }
        let system = System::new(with_bands(&self.focused(lens, object_m * 1e3, focus_m * 1e3)?, &self.bands))?;
        let angle = |i: usize| std::f64::consts::TAU * i as f64 / DIRECTIONS as f64;
        let to = |slope: f64| match direction {
            0 => Meridian::up(slope),
            i => Meridian::towards(slope, angle(i - 1)),
        };
        let table = Arc::new(SpotTable::trace(&system, &self.bands, &self.renditions, &to)?);
        kept().insert(key, table.clone());
        Ok(table)
    }

    /// A lens focused at a distance, looking at an object at another, both in mm: the image plane keeps its distance
    /// from the paraxial image.
    fn focused(&self, lens: &Lens, object_mm: f64, focus_mm: f64) -> Result<Lens> {
        for distance in [object_mm, focus_mm] {
            if !(distance > 2.0 * self.focal_mm) {
                let reason = format!("it must lie beyond twice the focal length of {:.4} mm", self.focal_mm);
                return Err(OpticsError::value("the distance of object or focus in mm", distance, reason));
            }
        }
        let um = self.lens.primary_um();
        let at = |mm: f64| (mm < FAR_MM).then_some(mm);
        let mut lens = Lens { object_mm: at(focus_mm), ..lens.clone() };
        let straight = Lens { object_mm: at(focus_mm), ..self.lens.clone() };
        let moved = first_order(&self.lens, um)?.defocus - first_order(&straight, um)?.defocus;
        if let Some(last) = lens.surfaces.last_mut() {
            last.thickness += moved;
        }
        lens.object_mm = at(object_mm);
        Ok(lens)
    }
}

/// A lens without what errors of making add: shifts and tilts after which the axis goes on as before, Zernike sags.
fn straightened(lens: &Lens) -> Lens {
    let mut straight = lens.clone();
    for s in &mut straight.surfaces {
        s.pose = s.pose.filter(|p| p.after != After::Return);
        if matches!(s.shape.form, Form::Zernike { .. }) {
            s.shape.form = Form::Conic;
        }
    }
    straight
}

/// The lens with the wavelengths of bands behind its primary one, which is the first.
pub(super) fn with_bands(lens: &Lens, bands: &Bands) -> Lens {
    let wavelength = |um: f64| Wavelength { name: format!("{:.0} nm", um * 1e3), um, weight: 1.0 };
    let wavelengths = std::iter::once(lens.primary_um()).chain(bands.all().map(|(_, um)| um)).map(wavelength);
    Lens { wavelengths: wavelengths.collect(), primary: 0, ..lens.clone() }
}

/// What one field gives.
struct Traced {
    slope: f64,
    chief: f64,
    /// Middle in mm and filled area of the pupil, by channel.
    middle: [f64; 3],
    area: [f64; 3],
}

/// Traces fields from the axis outwards until every channel has reached the corner, and two more.
fn fields(system: &System, bands: &Bands, half: f64, focal: f64) -> Result<Vec<Traced>> {
    let step = half / focal / FIELDS as f64;
    let mut all: Vec<Traced> = Vec::new();
    let reached = |all: &[Traced]| {
        let beyond = |t: &&Traced| t.middle.iter().all(|m| *m >= half);
        all.iter().filter(beyond).count() > 1
    };
    while !reached(&all) && all.len() < MOST_FIELDS {
        let from = all.len();
        let found: Vec<Option<Traced>> =
            (from..from + CHUNK).into_par_iter().map(|i| one_field(system, bands, i as f64 * step)).collect();
        for traced in found {
            let before = all.last().map(|t| t.middle);
            let rises = |t: &Traced| before.is_none_or(|b| (0..3).all(|c| t.middle[c] > b[c]));
            match traced.filter(rises) {
                Some(traced) => all.push(traced),
                None if reached(&all) => break,
                None => return Err(dark(&all, half)),
            }
        }
    }
    if reached(&all) { Ok(all) } else { Err(dark(&all, half)) }
}

fn dark(all: &[Traced], half: f64) -> OpticsError {
    let Some(last) = all.last() else {
        let what = "the axis before a sensor".into();
        return OpticsError::Dark { what, got: 0, asked: 1, surface: None, why: String::new() };
    };
    let radius = last.middle.into_iter().fold(f64::INFINITY, f64::min);
    let reason = format!(
        "the lens lights a circle of {radius:.3} mm radius only; take a smaller sensor, or scale the prescription by {:.3}",
        1.005 * half / radius.max(1e-9)
    );
    OpticsError::value("the picture's half diagonal in mm", format!("{half:.3}"), reason)
}

fn one_field(system: &System, bands: &Bands, slope: f64) -> Option<Traced> {
    let field = Meridian::up(slope);
    let (pupil, [_, height]) = chief(system, &field, 0)?;
    let open = opening(system, &field, 0, pupil)?;
    let mut sums = [[0.0; 2]; 3];
    for (i, (channel, _)) in bands.all().enumerate() {
        let b = bundle(system, &field, i + 1, &open, ROWS);
        sums[channel][0] += b.area * b.middle()?;
        sums[channel][1] += b.area;
    }
    if system.lens().states_coatings() {
        // what surfaces take away falls on all channels alike, but for a few thousandths
        let kept = transmission(system, &field.field, 0, Clip::Apertures)?;
        sums.iter_mut().for_each(|s| *s = s.map(|v| v * kept));
    }
    let middle = if slope == 0.0 { [0.0; 3] } else { sums.map(|[moment, area]| moment / area) };
    let area = [0, 1, 2].map(|c| sums[c][1] / bands.0[c].len() as f64);
    Some(Traced { slope, chief: height, middle, area })
}

/// Tables of a channel, at even steps of the height at which its light arrives.
///
/// The irradiance follows from the light's conservation: what a pupil of area A takes in from a ring of the scene of the
/// solid angle cos³(θ) t dt, foreshortened by cos(θ), falls on the ring h dh; t = tan(θ).
fn rendition(fields: &[Traced], channel: usize, half: f64, focal: f64) -> Rendition {
    let heights: Vec<f64> = fields.iter().map(|f| f.middle[channel] / half).collect();
    let inverse = |values: Vec<f64>| Inverse { x: heights.clone(), y: values };
    // ratios are even functions of the height and smooth on the axis; the first is continued from the next two
    let even = |mut ratios: Vec<f64>| {
        let (a, b) = (heights[1].powi(2), heights[2].powi(2));
        ratios[0] = (b * ratios[1] - a * ratios[2]) / (b - a);
        inverse(ratios)
    };
    let slope_ratio = even(fields.iter().map(|f| f.slope / f.middle[channel]).collect());
    let chief_ratio = even(fields.iter().map(|f| f.chief / f.middle[channel]).collect());
    let areas = inverse(fields.iter().map(|f| f.area[channel]).collect());
    let knots: Vec<f64> = (0..KNOTS).map(|i| i as f64 / (KNOTS - 1) as f64).collect();
    let ideal_ratio = Curve::new(knots.iter().map(|h| focal * slope_ratio.at(*h)).collect());
    let slopes: Vec<f64> = knots.iter().map(|h| slope_ratio.at(*h) * h * half).collect();
    let light = |h: f64| {
        let d = 0.5 / (KNOTS - 1) as f64;
        let t = |h: f64| slope_ratio.at(h.abs()) * h;
        // one-sided at the corner, where the tables end
        let (a, b) = (h - d, (h + d).min(1.0));
        let derivative = (t(b) - t(a)) / (b - a);
        let t_mm = t(h) * half;
        areas.at(h) * slope_ratio.at(h) * derivative / (1.0 + t_mm * t_mm).powi(2)
    };
    let axis = light(0.0);
    let illumination = Curve::new(knots.iter().map(|h| light(*h) / axis).collect());
    let chiefs = knots.iter().map(|h| chief_ratio.at(*h) * h * half).collect();
    Rendition { ideal_ratio, illumination, slopes, chiefs, half_mm: half }
}

/// A function known at uneven places, cubic between them.
struct Inverse {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Inverse {
    /// The cubic through the nearest four points (Lagrange).
    fn at(&self, place: f64) -> f64 {
        let n = self.x.len();
        let first = self.x.partition_point(|v| *v <= place).saturating_sub(2).min(n.saturating_sub(4));
        let near = first..(first + 4).min(n);
        near.clone()
            .map(|i| {
                let others = near.clone().filter(|j| *j != i);
                self.y[i] * others.map(|j| (place - self.x[j]) / (self.x[i] - self.x[j])).product::<f64>()
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::relative_illumination;
    use crate::{Aperture, Clip, Field, Glass, Kind, Shape, Surface, samples};

    fn thin() -> Lens {
        let mut lens = samples::singlet(1.5, 50.0, -70.0, 8.0);
        let mut thin = Surface::refracting(Shape::plane(), 10.0, Glass::air());
        (thin.kind, thin.stop) = (Kind::ThinLens(10.0), true);
        lens.surfaces = vec![thin];
        lens.aperture = Aperture::FNumber(2.0);
        lens
    }

    fn mounted(lens: Lens, half: f64) -> Mounted {
        Mounted::new(lens, half, &Bands::default()).unwrap()
    }

    use crate::samples::triplet;

    #[test]
    fn an_ideal_lens_is_a_pinhole_that_falls_off_as_the_fourth_power_of_the_cosine() {
        let m = mounted(thin(), 8.0);
        assert!((m.focal_mm() - 10.0).abs() < 1e-12 && (m.f_number() - 2.0).abs() < 1e-12);
        for i in 0..=20 {
            let h = f64::from(i) / 20.0;
            let r = m.rendition(1);
            assert!((r.ideal_ratio.at(h) - 1.0).abs() < 1e-5, "{h}: {}", r.ideal_ratio.at(h));
            let cos4 = (1.0 + (0.8 * h) * (0.8 * h)).powi(-2);
            assert!((r.illumination.at(h) / cos4 - 1.0).abs() < 0.01, "{h}: {} {cos4}", r.illumination.at(h));
        }
    }

    #[test]
    fn a_lens_as_made_has_spots_of_its_own_in_every_direction() {
        let made = |tilt_deg: f64| {
            let mut lens = triplet();
            lens.surfaces[2].pose = Some(crate::Pose { tilt_deg: [tilt_deg, 0.0, 0.0], ..Default::default() });
            Mounted::made(lens, 10.0, &Bands::default()).unwrap()
        };
        // root mean squares along and across the radius, and how far the light lies along it, in um
        let moments = |table: &SpotTable| {
            let half = (table.size / 2) as f64;
            let spot = table.at(1, 0.8);
            let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
                let place = |i: usize| table.pitch_um * (i as f64 - half);
                spot.iter()
                    .enumerate()
                    .map(|(i, v)| f64::from(*v) * f(place(i % table.size), place(i / table.size)))
                    .sum()
            };
            [sum(&|r, _| r * r).sqrt(), sum(&|_, t| t * t).sqrt(), sum(&|_, t| t)]
        };
        let near = |a: f64, b: f64| (a / b - 1.0).abs() < 0.03;
        let quarter = |m: &Mounted, i: i32| {
            moments(&m.spots_towards(std::f64::consts::FRAC_PI_2 * f64::from(i), 1e6, 1e6).unwrap())
        };
        // errors too small to see: the round lens, towards everywhere
        let round = moments(&mounted(triplet(), 10.0).spots(1e6, 1e6).unwrap());
        let own = quarter(&made(1e-7), 1);
        assert!(near(own[0], round[0]) && near(own[1], round[1]) && own[2].abs() < 0.1, "{own:?} {round:?}");
        // turned about x: up and down differ, right is left's mirror image
        let crooked = made(0.3);
        let [up, right, down, left] = [0, 1, 2, 3].map(|i| quarter(&crooked, i));
        assert!(!near(up[0], down[0]), "{up:?} {down:?}");
        assert!(
            near(right[0], left[0]) && near(right[1], left[1]) && (right[2] + left[2]).abs() < 0.1,
            "{right:?} {left:?}"
        );
    }

    #[test]
    fn discs_out_of_focus_are_as_large_as_first_order_says() {
        let m = mounted(thin(), 4.0);
        let table = m.spots(0.3, 2.0).unwrap();
        // pupil x image distance x difference of dioptres, image distance for 2 m
        let image = 1.0 / (1.0 / 10.0 - 1.0 / 2000.0);
        let radius_um = 0.5 * 5.0 * image * (1.0 / 300.0 - 1.0 / 2000.0) * 1e3;
        let spot = table.at(1, 0.0);
        let half = (table.size / 2) as f64;
        let second: f64 = spot
            .iter()
            .enumerate()
            .map(|(i, v)| f64::from(*v) * (((i % table.size) as f64 - half) * table.pitch_um).powi(2))
            .sum();
        // the mean square of a disc along one axis is a quarter of the square of its radius
        assert!((2.0 * second.sqrt() / radius_um - 1.0).abs() < 0.02, "{} {radius_um}", 2.0 * second.sqrt());
        // kept, and sums are 1
        assert!(Arc::ptr_eq(&table, &m.spots(0.3, 2.0).unwrap()));
        let sum: f64 = table.at(2, 0.37).into_iter().map(f64::from).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }

    #[test]
    fn illumination_is_that_of_the_rim_traced_exactly() {
        let lens = triplet();
        let m = mounted(lens.clone(), 18.0);
        let r = m.rendition(1);
        let system = System::new(m.lens().clone()).unwrap();
        for knot in [8, 16, 24, 32] {
            let field = Field::up(r.slopes[knot].atan().to_degrees());
            let exact = relative_illumination(&system, &[field], 1, Clip::Apertures)[0].unwrap();
            let got = r.illumination.values()[knot];
            assert!((got / exact - 1.0).abs() < 0.015, "{knot}: {got} {exact}");
        }
    }

    #[test]
    fn spots_in_focus_stand_where_the_tables_say() {
        let m = mounted(triplet(), 18.0);
        let table = m.spots(1e6, 1e6).unwrap();
        let half = (table.size / 2) as f64;
        for (channel, knot) in [(0, 8), (1, 16), (2, 24)] {
            let spot = table.at(channel, f64::from(knot) / 32.0);
            let centre = |axis: fn(usize, usize) -> usize| {
                let place = |i: usize| (axis(i, table.size) as f64 - half) * table.pitch_um;
                spot.iter().enumerate().map(|(i, v)| f64::from(*v) * place(i)).sum::<f64>()
            };
            let (x, y) = (centre(|i, n| i % n), centre(|i, n| i / n));
            assert!(x.abs() < 0.5 && y.abs() < 0.02, "{channel} {knot}: {x} {y} um");
        }
    }

    #[test]
    fn the_phone_lens_makes_a_picture_as_its_patent_says() {
        let lens = crate::built_in_lens("phone-9p").unwrap().unwrap();
        let m = mounted(lens, 8.192);
        let r = m.rendition(1);
        // 40 degrees arrive at 7.8347 mm times the scale (reference data for the patent's table)
        let corner = (r.slopes[KNOTS - 1].atan().to_degrees(), m.half_diagonal_mm());
        assert!(corner.0 > 39.0 && corner.0 < 40.0, "{corner:?}");
        let (h20, t20) = (3.40350021057 * 1.053 / 8.192, 20f64.to_radians().tan());
        let ideal = r.ideal_ratio.at(h20) * h20 * 8.192 / m.focal_mm();
        assert!((ideal / t20 - 1.0).abs() < 2e-3, "{ideal} {t20}");
        assert!((0.2..0.5).contains(&r.illumination.at(1.0)), "{}", r.illumination.at(1.0));
        // sharp in the middle, soft in the corner: the share of the light within 3.2 um
        let table = m.spots(1e6, 1e6).unwrap();
        let half = (table.size / 2) as f64;
        let near = |h: f64| {
            let spot = table.at(1, h);
            let r = |i: usize| ((i % table.size) as f64 - half).hypot((i / table.size) as f64 - half) * table.pitch_um;
            spot.iter().enumerate().filter(|(i, _)| r(*i) < 3.2).map(|(_, v)| v).sum::<f32>()
        };
        assert!(near(0.0) > 1.5 * near(1.0), "{} {}", near(0.0), near(1.0));
    }

    #[test]
    fn what_cannot_be_mounted_is_refused_with_the_reason() {
        let error = |lens: Lens, half: f64| Mounted::new(lens, half, &Bands::default()).unwrap_err().to_string();
        let mut tilted = triplet();
        tilted.surfaces[1].pose = Some(crate::Pose::default());
        assert!(error(tilted, 18.0).contains("not round about its axis (surface 2)"));
        assert!(error(triplet(), 60.0).contains("circle of"), "{}", error(triplet(), 60.0));
        assert!(error(thin(), -1.0).contains("half diagonal"));
        let near = mounted(thin(), 4.0).spots(0.015, 2.0).unwrap_err().to_string();
        assert!(near.contains("twice the focal length"), "{near}");
    }
}
