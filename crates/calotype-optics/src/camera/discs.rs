//! What a lens makes of points before and behind the distance it is focused at, ray by ray: discs, cat's eyes, bubbles.

use super::bands::Bands;
use super::bundle::{Meridian, chief, opening, trace};
use super::curve::Curve;
use super::mounted::{KNOTS, with_bands};
use crate::{Aperture, Clip, FieldKind, Lens, OpticsError, Rays, Result, System, Until, first_order, paraxial};
use rayon::prelude::*;

/// Rows of rays through the pupil for each wavelength; about half as many of a row's places get through a round pupil.
const ROWS: usize = 72;
/// Objects nearer than so many focal lengths of the scaled lens are taken to be there.
const NEAREST: f64 = 3.0;
/// Which wavelengths of a band are traced: its outer ones and its middle.
const OF_BAND: [usize; 3] = [0, 2, 4];
/// Places of the image plane that are tried for the sharpest axis, in focal lengths: so far to both sides, so many.
const FOCUS_REACH: f64 = 0.03;
const FOCUS_TRIES: usize = 241;
/// Light within this part of the focal length counts as sharp: 0.033 mm of 100 mm.
const SHARP: f64 = 1.0 / 3000.0;

/// What is photographed, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Tangent of the field angle in the picture's corner.
    pub corner_slope: f64,
    /// Focal length in mm that the lens is scaled to.
    pub focal_mm: f64,
    /// Distance in metres that is sharp.
    pub focus_m: f64,
    /// Distances in metres between which things lie.
    pub range_m: [f64; 2],
}

/// A lens's images of points, near and far, from the axis (height 0) to the picture's corner (height 1).
///
/// Each is a list of rays: where they meet the image plane, across it from the chief ray, over the focal length. Between
/// three traced distances a ray's place is a parabola of the distance in dioptres, which for an ideal lens is a straight
/// line. The image plane lies where the axis looks sharpest, not at the paraxial focus.
#[derive(Clone, Debug)]
pub struct Discs {
    /// Dioptres relative to the distance in focus that were traced, ascending.
    nodes: [f64; 3],
    fields: Vec<[Vec<Ray>; 3]>,
    illumination: [Curve; 3],
    f_number: f64,
    covered: f64,
}

/// Where a ray arrives at the three distances: along the radius (outwards) and across it.
type Ray = [[f32; 2]; 3];

/// Where light arrives: along the radius, away from the axis, and across it, in focal lengths; and its share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// Along the radius, outwards.
    pub radial: f32,
    /// Across the radius.
    pub tangential: f32,
    /// Share of the point's light; they sum to 1.
    pub share: f32,
}

impl Discs {
    /// Traces a lens, scaled to the focal length of the view; some tenths of a second.
    ///
    /// Where the picture shows more than the prescription's full field, that field is stretched over the picture (see
    /// [`Discs::covered`]).
    ///
    /// # Errors
    /// [`OpticsError::Unsupported`] for lenses that are tilted or not round; [`OpticsError::Value`] for a view that makes
    /// no sense; [`OpticsError::Dark`] where no light arrives within the lens's own field; those of [`System::new`].
    pub fn trace(lens: &Lens, view: &View, bands: &Bands) -> Result<Self> {
        check(lens, view)?;
        let mut lens = lens.clone();
        let at_infinity = Lens { object_mm: None, ..lens.clone() };
        let first = first_order(&at_infinity, lens.primary_um())?;
        let full = lens.full_field();
        let own = paraxial::field_slope(&at_infinity, lens.field_kind, full.x.hypot(full.y), &first).abs();
        let f = first.efl.abs();
        let slope = if own.is_finite() && own > 0.0 { view.corner_slope.min(own) } else { view.corner_slope };
        let stop = lens.stop();
        lens.surfaces[stop].clear.outer = Some(first.stop_semi_diameter_paraxial);
        (lens.object_mm, lens.field_kind) = (None, FieldKind::AngleDeg);
        lens.aperture = Aperture::EntrancePupil(first.epd.abs());

        let scale = f / view.focal_mm;
        let dioptres = |m: f64| (1.0 / m).min(1e3 / (NEAREST * view.focal_mm));
        let [near, far] = view.range_m.map(dioptres);
        let focus = dioptres(view.focus_m);
        // nothing lies beyond infinity
        let (low, high) = (far.min(focus), near.max(focus).max(far.min(focus) + 1e-3));
        let nodes = [low, 0.5 * (low + high), high];
        focus_at(&mut lens, focus, scale, bands, f)?;
        let systems =
            nodes.map(|d| System::new(with_bands(&Lens { object_mm: object(d, scale), ..lens.clone() }, bands)));
        let [a, b, c] = systems;
        let systems = [a?, b?, c?];
        let traced: Vec<([Vec<Ray>; 3], [f64; 3], f64)> = (0..KNOTS)
            .into_par_iter()
            .map(|i| knot(&systems, bands, slope * i as f64 / (KNOTS - 1) as f64, f))
            .collect::<Result<_>>()?;
        let light = |c: usize| {
            let at = |i: usize| {
                let t = slope * i as f64 / (KNOTS - 1) as f64;
                // the pupil is foreshortened, its light comes from cos³ of the solid angle; distortion gathers or spreads it
                traced[i].1[c] / (1.0 + t * t).powi(2) * traced[i].2
            };
            Curve::new((0..KNOTS).map(|i| at(i) / at(0)).collect())
        };
        Ok(Self {
            nodes: nodes.map(|d| d - focus),
            illumination: [0, 1, 2].map(light),
            f_number: (first.efl / first.epd).abs(),
            covered: slope / view.corner_slope,
            fields: traced.into_iter().map(|t| t.0).collect(),
        })
    }

    /// Focal length over the diameter of the entrance pupil.
    pub fn f_number(&self) -> f64 {
        self.f_number
    }

    /// Tangent of the lens's field angle in the picture's corner over that of the picture: 1, or less where the lens's own
    /// field is stretched.
    pub fn covered(&self) -> f64 {
        self.covered
    }

    /// Irradiance of a channel (0 red, 1 green, 2 blue) at a height from 0 to 1, over that on the axis.
    pub fn illumination(&self, channel: usize, height: f64) -> f64 {
        self.illumination[channel.min(2)].at(height)
    }

    /// The image of a point at a height from 0 to 1 and a distance in dioptres beyond (negative) or before the one in focus;
    /// distances outside the traced range go on as the parabolas do.
    pub fn arrivals(&self, channel: usize, height: f64, dioptres: f64) -> impl Iterator<Item = Arrival> + '_ {
        let x = height.clamp(0.0, 1.0) * (KNOTS - 1) as f64;
        let i = (x as usize).min(KNOTS - 2);
        let part = x - i as f64;
        let [a, b, c] = self.nodes;
        let d = dioptres;
        let weights = [
            (d - b) * (d - c) / ((a - b) * (a - c)),
            (d - a) * (d - c) / ((b - a) * (b - c)),
            (d - a) * (d - b) / ((c - a) * (c - b)),
        ]
        .map(|w| w as f32);
        let channel = channel.min(2);
        let sides = [(i, 1.0 - part), (i + 1, part)];
        sides.into_iter().filter(|s| s.1 > 0.0).flat_map(move |(i, part)| {
            let rays = &self.fields[i][channel][..];
            let share = (0.5 * part / rays.len().max(1) as f64) as f32;
            rays.iter().flat_map(move |ray| {
                let at = |k: usize| weights[0] * ray[0][k] + weights[1] * ray[1][k] + weights[2] * ray[2][k];
                let (radial, tangential) = (at(0), at(1));
                [Arrival { radial, tangential, share }, Arrival { radial, tangential: -tangential, share }]
            })
        })
    }
}

fn check(lens: &Lens, view: &View) -> Result<()> {
    if let Some(i) = lens.surfaces.iter().position(|s| s.pose.is_some() || !s.shape.is_round()) {
        return Err(OpticsError::Unsupported {
            what: format!("a lens that is not round about its axis (surface {}) for character", i + 1),
            file: lens.name.clone(),
            line: None,
        });
    }
    let positive = [
        ("the tangent of the corner's field angle", view.corner_slope),
        ("the focal length in mm", view.focal_mm),
        ("the distance in focus in m", view.focus_m),
        ("the nearest distance in m", view.range_m[0]),
        ("the farthest distance in m", view.range_m[1]),
    ];
    for (what, value) in positive {
        if value.is_nan() || value <= 0.0 {
            return Err(OpticsError::value(what, value, "it is above 0"));
        }
    }
    if view.focus_m * 1e3 < NEAREST * view.focal_mm {
        let reason = format!("a lens of {:.0} mm focuses beyond {NEAREST} focal lengths", view.focal_mm);
        return Err(OpticsError::value("the distance in focus in m", view.focus_m, reason));
    }
    Ok(())
}

/// Moves the image plane backwards by so many mm.
fn shift(lens: &mut Lens, mm: f64) {
    if let Some(last) = lens.surfaces.last_mut() {
        last.thickness += mm;
    }
}

/// The distance of an object in mm of the prescription; `scale` is its size over that of the view's lens. Farther than 10 km
/// is infinity.
fn object(dioptres: f64, scale: f64) -> Option<f64> {
    (dioptres > 1e-4).then(|| 1e3 * scale / dioptres)
}

/// Focuses a lens where a point on the axis at a distance in dioptres looks sharpest.
fn focus_at(lens: &mut Lens, focus: f64, scale: f64, bands: &Bands, f: f64) -> Result<()> {
    lens.object_mm = object(focus, scale);
    let by = first_order(lens, lens.primary_um())?.defocus;
    shift(lens, -by);
    let by = sharpest(&System::new(with_bands(lens, bands))?, bands, f)?;
    shift(lens, by);
    Ok(())
}

/// Where the axis looks sharpest: how far behind the image plane, in mm. Green light within a small circle counts, so that a
/// lens of soft focus gets a sharp core within its glow, as photographers focus it.
fn sharpest(system: &System, bands: &Bands, f: f64) -> Result<f64> {
    let axis = Meridian::up(0.0).field;
    let mut found: Vec<[f64; 2]> = Vec::new();
    for w in waves(bands, 1) {
        let places: Vec<[f64; 2]> = (0..64).map(|i| [0.0, (f64::from(i) + 0.5).sqrt() / 8.0]).collect();
        let mut rays = Rays::new(system.aim(&axis, w).paraxial(&places));
        system.trace(w, &mut rays, Clip::Apertures, Until::Image);
        found.extend(rays.iter().map(|r| [r.at[1], r.d[1] / r.d[2]]));
    }
    if found.is_empty() {
        return Err(dark(0.0));
    }
    let sharp = SHARP * f;
    let light = |z: f64| found.iter().map(|[y, u]| 1.0 / (1.0 + ((y + u * z) / sharp).powi(2))).sum::<f64>();
    // all over the reach, then between the places beside the best one
    let best = |middle: f64, reach: f64| {
        let tries = (0..FOCUS_TRIES).map(|i| middle + reach * (2.0 * i as f64 / (FOCUS_TRIES - 1) as f64 - 1.0));
        tries.map(|z| (light(z), z)).fold((0.0, 0.0), |best, t| if t.0 > best.0 { t } else { best }).1
    };
    let reach = FOCUS_REACH * f;
    Ok(best(best(0.0, reach), 2.0 * reach / (FOCUS_TRIES - 1) as f64))
}

/// How much more a lens's image is stretched at a field's slope than on its axis, along and across the radius: the picture
/// has been straightened, and what lies around a place was stretched with it.
fn stretch(system: &System, slope: f64, no_light: &dyn Fn() -> OpticsError) -> Result<[f64; 2]> {
    let step = 1e-3;
    let height = |t: f64| chief(system, &Meridian::up(t), 0).map(|c| c.1[1]).ok_or_else(no_light);
    let axis = height(step)? / step;
    let along = (height(slope + step)? - height(slope - step)?) / (2.0 * step);
    let across = if slope > step { height(slope)? / slope } else { axis };
    Ok([along / axis, across / axis])
}

/// Rays of the channels at a field's slope, the areas of the pupil that they fill, and how much denser than on the axis the
/// image is for its distortion.
fn knot(systems: &[System; 3], bands: &Bands, slope: f64, f: f64) -> Result<([Vec<Ray>; 3], [f64; 3], f64)> {
    let field = Meridian::up(slope);
    let no_light = || dark(slope);
    let chiefs: Vec<(f64, [f64; 2])> =
        systems.iter().map(|s| chief(s, &field, 0)).collect::<Option<_>>().ok_or_else(no_light)?;
    let open = opening(&systems[1], &field, 0, chiefs[1].0).ok_or_else(no_light)?;
    let [along, across] = stretch(&systems[1], slope, &no_light)?;
    let (mut rays, mut areas) = ([const { Vec::new() }; 3], [0.0; 3]);
    for channel in 0..3 {
        for w in waves(bands, channel) {
            let phase = |step: f64| (0.5 + step * w as f64).fract();
            let phase = [phase(0.618), phase(0.755)];
            // what the middle distance lets through: the rim hardly depends on it
            let clips = [Clip::Nothing, Clip::Apertures, Clip::Nothing];
            let [a, b, c] = [0, 1, 2].map(|k| trace(&systems[k], &field, w, (&open, phase), ROWS, clips[k]).1);
            let list: &mut Vec<Ray> = &mut rays[channel];
            let before = list.len();
            for i in 0..a.len() {
                if let (Some(a), Some(b), Some(c)) = (a.get(i), b.get(i), c.get(i)) {
                    let place = |r: crate::Ray, k: usize| {
                        [((r.at[1] - chiefs[k].1[1]) / (f * along)) as f32, (r.at[0] / (f * across)) as f32]
                    };
                    list.push([place(a, 0), place(b, 1), place(c, 2)]);
                }
            }
            areas[channel] += open.area() * (list.len() - before) as f64 / a.len().max(1) as f64;
        }
        if rays[channel].is_empty() {
            return Err(no_light());
        }
    }
    Ok((rays, areas, 1.0 / (along * across)))
}

/// Indices of the wavelengths of a channel that are traced, in a system of all bands.
fn waves(bands: &Bands, channel: usize) -> impl Iterator<Item = usize> + '_ {
    let first = 1 + bands.0[..channel].iter().map(Vec::len).sum::<usize>();
    let n = bands.0[channel].len();
    let of = OF_BAND.into_iter().map(move |i| i.min(n - 1));
    of.enumerate().filter(move |(k, i)| *k == 0 || *i > OF_BAND[k - 1].min(n - 1)).map(move |(_, i)| first + i)
}

fn dark(slope: f64) -> OpticsError {
    let what = format!("a point at {:.2} degrees", slope.atan().to_degrees());
    OpticsError::Dark { what, got: 0, asked: 1, surface: None, why: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{built_in_lens, samples};

    fn view() -> View {
        View { corner_slope: 0.24, focal_mm: 85.0, focus_m: 2.0, range_m: [1.0, 20.0] }
    }

    fn discs(name: &str) -> Discs {
        Discs::trace(&built_in_lens(name).unwrap().unwrap(), &view(), &Bands::default()).unwrap()
    }

    #[test]
    fn an_ideal_lens_makes_discs_of_the_pupil_times_the_dioptres() {
        let mut lens = samples::singlet(1.5, 50.0, -70.0, 8.0);
        let mut thin = crate::Surface::refracting(crate::Shape::plane(), 10.0, crate::Glass::air());
        (thin.kind, thin.stop) = (crate::Kind::ThinLens(10.0), true);
        lens.surfaces = vec![thin];
        lens.aperture = Aperture::FNumber(2.0);
        let discs = Discs::trace(&lens, &view(), &Bands::default()).unwrap();
        for dioptres in [-0.4, -0.1, 0.3] {
            let radius = discs.arrivals(1, 0.3, dioptres).map(|a| a.radial.hypot(a.tangential)).fold(0.0, f32::max);
            // 85 / 2 mm of pupil; the image is larger by the magnification 1 + m of the distance in focus
            let expected = 0.5 * 0.0425 * f64::abs(dioptres) / (1.0 - 0.085 / 2.0);
            assert!((f64::from(radius) / expected - 1.0).abs() < 0.03, "{dioptres}: {radius} {expected}");
        }
        let shares: f64 = discs.arrivals(0, 0.55, 0.2).map(|a| f64::from(a.share)).sum();
        assert!((shares - 1.0).abs() < 1e-4, "{shares}");
    }

    #[test]
    fn parabolas_meet_rays_that_are_traced_at_their_distance() {
        let lens = built_in_lens("swirl-f1.4").unwrap().unwrap();
        // the same middle, and so the same rays; 3/4 dioptre lies between different nodes
        let far = View { range_m: [1.0, 4.0], ..view() };
        let near = View { range_m: [1.0 / 0.85, 2.5], ..view() };
        let [a, b] = [far, near].map(|v| Discs::trace(&lens, &v, &Bands::default()).unwrap());
        let rms = |d: &Discs| {
            let sum = d.arrivals(1, 0.6, 0.25).map(|a| f64::from(a.share * (a.radial.powi(2) + a.tangential.powi(2))));
            sum.sum::<f64>().sqrt()
        };
        assert!((rms(&a) / rms(&b) - 1.0).abs() < 5e-3, "{} {}", rms(&a), rms(&b));
    }

    #[test]
    fn the_swirl_is_a_cat_s_eye_across_the_radius() {
        let discs = discs("swirl-f1.4");
        let size = |height: f64| {
            let mut sums = [0.0f64; 3];
            for a in discs.arrivals(1, height, -0.4) {
                let (r, t, s) = (f64::from(a.radial), f64::from(a.tangential), f64::from(a.share));
                sums[0] += s * r;
                sums[1] += s * r * r;
                sums[2] += s * t * t;
            }
            ((sums[1] - sums[0] * sums[0]).sqrt(), sums[2].sqrt())
        };
        let (axis, corner) = (size(0.0), size(1.0));
        assert!((axis.0 / axis.1 - 1.0).abs() < 0.02, "{axis:?}");
        assert!(corner.0 / corner.1 < 0.75, "{corner:?}");
        assert!(discs.illumination(1, 1.0) < 0.75, "{}", discs.illumination(1, 1.0));
    }

    /// Light per area at the rim over that in the middle of a disc on the axis.
    fn rim_over_middle(discs: &Discs, dioptres: f64) -> f64 {
        let radii: Vec<(f32, f32)> =
            discs.arrivals(1, 0.0, dioptres).map(|a| (a.radial.hypot(a.tangential), a.share)).collect();
        let outer = radii.iter().map(|r| r.0).fold(0.0, f32::max);
        let density = |from: f32, to: f32| {
            let light: f32 = radii.iter().filter(|r| (from * outer..to * outer).contains(&r.0)).map(|r| r.1).sum();
            f64::from(light / (to * to - from * from))
        };
        density(0.85, 1.0) / density(0.0, 0.5)
    }

    #[test]
    #[allow(clippy::print_stdout)] // the table of docs/explanation/character.md
    fn bubbles_behind_the_focus_are_cream_before_it() {
        for (name, _) in crate::built_in_lenses().into_iter().filter(|l| l.0 != "phone-9p") {
            let d = discs(name);
            let (behind, before) = (rim_over_middle(&d, -0.4), rim_over_middle(&d, 0.4));
            println!("{name}: {behind:.2} behind, {before:.2} before, corner {:.2}", d.illumination(1, 1.0));
        }
        let bubble = discs("bubble-f2.7");
        let (behind, before) = (rim_over_middle(&bubble, -0.4), rim_over_middle(&bubble, 0.4));
        assert!(behind > 1.15 * before, "{behind} {before}");
    }

    #[test]
    fn what_cannot_be_rendered_is_refused_with_the_reason() {
        let lens = built_in_lens("bubble-f2.7").unwrap().unwrap();
        let error = |lens: &Lens, view: View| Discs::trace(lens, &view, &Bands::default()).unwrap_err().to_string();
        assert!(error(&lens, View { focus_m: 0.1, ..view() }).contains("focuses beyond 3 focal lengths"));
        assert!(error(&lens, View { corner_slope: f64::NAN, ..view() }).contains("corner's field angle"));
        let mut blocked = lens.clone();
        blocked.surfaces[0].clear.inner = 19.0;
        blocked.surfaces[0].clear.outer = Some(19.1);
        let text = error(&blocked, view());
        assert!(text.contains("degrees") || text.contains("arrive"), "{text}");
        let wide = Discs::trace(&lens, &View { corner_slope: 0.9, ..view() }, &Bands::default()).unwrap();
        assert!((wide.covered() - 14f64.to_radians().tan() / 0.9).abs() < 1e-9);
    }
}
