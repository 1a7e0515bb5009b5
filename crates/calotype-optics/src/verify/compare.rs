//! Recomputes every quantity of a reference file.

use super::reference::{FieldFigures, RayLine, ReferenceLens};
use crate::analysis::{Sampling, geometric_mtf, hexapolar, psf, relative_illumination, seidel, spot_of, wavefront};
use crate::{Clip, Fate, Field, Ray, Rays, Result, System, Until, first_order};
use serde::Serialize;

/// How far a lens is from its reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verification {
    /// The lens.
    pub lens: String,
    /// The worst deviation of each quantity.
    pub quantities: Vec<Quantity>,
    /// Reference rays traced.
    pub rays: usize,
    /// Those of them that were lost or met another place.
    pub lost: Vec<Lost>,
}

/// The worst deviation of one quantity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quantity {
    /// Its name.
    pub name: &'static str,
    /// Unit of the deviation.
    pub unit: &'static str,
    /// What is allowed.
    pub tolerance: f64,
    /// The greatest deviation.
    pub worst: f64,
    /// Where it is.
    pub place: String,
    /// Values compared.
    pub count: usize,
}

/// A reference ray that was not found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lost {
    /// Field, degrees.
    pub field_deg: f64,
    /// Index of the wavelength.
    pub wavelength: usize,
    /// Place in the pupil.
    pub pupil: [f64; 2],
    /// What became of it.
    pub fate: String,
    /// Programs that the file says lose it too.
    pub peers_that_miss: Vec<String>,
}

impl Quantity {
    fn new(name: &'static str, unit: &'static str, tolerance: f64) -> Self {
        Self { name, unit, tolerance, worst: 0.0, place: String::new(), count: 0 }
    }

    /// True if the worst deviation is allowed.
    pub fn passes(&self) -> bool {
        self.worst <= self.tolerance
    }

    fn add(&mut self, deviation: f64, place: impl Fn() -> String) {
        self.count += 1;
        // what is not a number deviates without bound
        let deviation = if deviation.is_nan() { f64::INFINITY } else { deviation };
        if deviation > self.worst || self.place.is_empty() {
            self.worst = self.worst.max(deviation);
            self.place = place();
        }
    }
}

impl Verification {
    /// True if nothing is lost and every quantity is within its tolerance.
    pub fn passes(&self) -> bool {
        self.lost.is_empty() && self.quantities.iter().all(Quantity::passes)
    }
}

/// Recomputes every quantity of a reference entry and keeps the worst deviations. Quantities the entry does not have are
/// left out.
///
/// # Errors
/// Those of the analyses: a lens that light does not get through.
pub fn verify(system: &System, reference: &ReferenceLens) -> Result<Verification> {
    let mut first = Quantity::new("first order", "relative", 1e-9);
    let mut sums = Quantity::new("Seidel sums", "mm", 1e-8);
    let mut rays = Quantity::new("rays", "mm", 1e-9);
    let mut chief = Quantity::new("chief ray", "mm", 1e-9);
    let mut distortion = Quantity::new("distortion", "%", 1e-7);
    let mut colour = Quantity::new("lateral colour", "um", 1e-6);
    let mut illumination = Quantity::new("relative illumination", "", 1e-4);
    let mut spots = Quantity::new("spots", "um", 1e-6);
    let mut passing = Quantity::new("rays that pass", "rays", 0.0);
    let mut opd = Quantity::new("path differences", "waves", 1e-6);
    let mut modulation = Quantity::new("geometric MTF", "", 1e-6);
    let mut diffraction = Quantity::new("diffraction MTF", "", 0.02);
    compare_first_order(system, reference, &mut first)?;
    if let (Some(reference), Some(found)) = (&reference.seidel, seidel(system.lens())?) {
        for k in 0..5 {
            sums.add((found.sum.s[k] - reference.s[k]).abs(), || format!("S{}", k + 1));
        }
        sums.add((found.sum.cl - reference.cl).abs(), || "CL".into());
        sums.add((found.sum.ct - reference.ct).abs(), || "CT".into());
    }
    let lost = compare_rays(system, &reference.rays, &mut rays);
    for figures in &reference.fields {
        let field = Field::up(figures.field_deg);
        compare_chief(system, figures, &field, [&mut chief, &mut distortion, &mut colour, &mut illumination]);
        compare_bundle(system, figures, &field, [&mut spots, &mut passing, &mut opd, &mut modulation])?;
    }
    for line in reference.diffraction_mtf.iter().flat_map(|d| &d.fields) {
        let Some(own) = &line.diffraction_own else { continue };
        let sampling = Sampling { size: 192, rays: 144, pitch_um: None };
        let found = psf(system, &Field::up(line.field_deg), system.lens().primary, &sampling)?.mtf(&line.freq_per_mm);
        for (list, theirs, name) in
            [(&found.tangential, &own.tangential, "tangential"), (&found.sagittal, &own.sagittal, "sagittal")]
        {
            for ((ours, theirs), f) in list.iter().zip(theirs).zip(&line.freq_per_mm) {
                diffraction.add((ours - theirs).abs(), || format!("{} deg, {name} {f} /mm", line.field_deg));
            }
        }
    }
    let all =
        [first, sums, rays, chief, distortion, colour, illumination, spots, passing, opd, modulation, diffraction];
    Ok(Verification {
        lens: system.lens().name.clone(),
        quantities: all.into_iter().filter(|q| q.count > 0).collect(),
        rays: reference.rays.len(),
        lost,
    })
}

fn compare_first_order(system: &System, reference: &ReferenceLens, first: &mut Quantity) -> Result<()> {
    let relative = |ours: f64, theirs: f64| (ours - theirs).abs() / if theirs == 0.0 { 1.0 } else { theirs.abs() };
    let efl = system.first_order().efl.abs();
    let own = serde_json::to_value(system.first_order()).unwrap_or_default();
    for (key, theirs) in &reference.first_order {
        if let Some(ours) = own.get(key).and_then(serde_json::Value::as_f64) {
            // a difference of two distances, nearly nothing for a lens in focus: relative to the focal length
            let deviation = if key == "defocus" { (ours - theirs).abs() / efl } else { relative(ours, *theirs) };
            first.add(deviation, || key.clone());
        }
    }
    for line in &reference.by_wavelength {
        let own = first_order(system.lens(), line.um)?;
        first.add(relative(own.efl, line.efl), || format!("efl at {} um", line.um));
        first.add(relative(own.bfl, line.bfl), || format!("bfl at {} um", line.um));
    }
    Ok(())
}

/// Traces the reference's rays as they are given; one that ends farther than 1 um from its place met another surface point
/// and is lost as well.
fn compare_rays(system: &System, lines: &[RayLine], quantity: &mut Quantity) -> Vec<Lost> {
    let mut lost = Vec::new();
    for w in 0..system.lens().wavelengths.len() {
        let lines: Vec<&RayLine> = lines.iter().filter(|l| l.w == w).collect();
        let mut rays = Rays::new(lines.iter().map(|l| Ray { at: [l.x0, l.y0, 0.0], d: l.dir0, opl: 0.0 }));
        system.trace(w, &mut rays, Clip::Nothing, Until::Image);
        for (i, line) in lines.iter().enumerate() {
            let far = rays.get(i).map(|r| {
                let place = [r.at[0] - line.x, r.at[1] - line.y, r.opl - line.opl];
                let turn = (0..3).map(|k| r.d[k] - line.dir[k]);
                place.into_iter().chain(turn).fold(0.0f64, |m, v| m.max(v.abs()))
            });
            match far {
                Some(far) if far < 1e-3 => quantity
                    .add(far, || format!("{} deg, w {}, pupil ({}, {})", line.field_deg, line.w, line.px, line.py)),
                _ => lost.push(Lost {
                    field_deg: line.field_deg,
                    wavelength: line.w,
                    pupil: [line.px, line.py],
                    fate: match rays.fate[i] {
                        Fate::Arrived => "another place".into(),
                        Fate::Lost { surface, why } => format!("surface {surface}: {why}"),
                    },
                    peers_that_miss: line.peers_that_miss.clone(),
                }),
            }
        }
    }
    lost
}

/// The image height of the ray through the middle of the stop.
fn chief_height(system: &System, field: &Field, wavelength: usize) -> f64 {
    let mut rays = Rays::new(system.aim(field, wavelength).through_stop(&[[0.0, 0.0]]));
    system.trace(wavelength, &mut rays, Clip::Nothing, Until::Image);
    rays.get(0).map_or(f64::NAN, |r| r.at[1])
}

fn compare_chief(system: &System, figures: &FieldFigures, field: &Field, quantities: [&mut Quantity; 4]) {
    let [chief, distortion, colour, illumination] = quantities;
    let place = || format!("{} deg", figures.field_deg);
    let primary = system.lens().primary;
    let y = chief_height(system, field, primary);
    if let Some(theirs) = &figures.chief_through_stop {
        chief.add((y - theirs.y_image).abs(), place);
    }
    if let Some(theirs) = figures.distortion_percent_ftan {
        let ours = 100.0 * (y / (system.first_order().efl * figures.field_deg.to_radians().tan()) - 1.0);
        distortion.add((ours - theirs).abs(), place);
    }
    for (w, theirs) in figures.lateral_colour_um.iter().flatten().enumerate() {
        let ours = (chief_height(system, field, w) - y) * 1e3;
        colour.add((ours - theirs).abs(), place);
    }
    if let Some(theirs) = figures.relative_illumination_stop_only {
        let ours = relative_illumination(system, &[*field], primary, Clip::Nothing)[0].unwrap_or(f64::NAN);
        illumination.add((ours - theirs).abs(), place);
    }
}

fn compare_bundle(
    system: &System,
    figures: &FieldFigures,
    field: &Field,
    quantities: [&mut Quantity; 4],
) -> Result<()> {
    let [spots, passing, opd, modulation] = quantities;
    let primary = system.lens().primary;
    let name = |what: &str| format!("{} deg, {what}", figures.field_deg);
    let bundle = |w: usize, rings: usize| {
        let mut rays = Rays::new(system.aim(field, w).paraxial(&hexapolar(rings)));
        system.trace(w, &mut rays, Clip::Apertures, Until::Image);
        rays
    };
    let w = wavefront(system, field, primary, &hexapolar(6), Clip::Apertures)?;
    if let Some(theirs) = &figures.hexapolar6 {
        let rays = bundle(primary, 6);
        let spot = spot_of(&rays);
        passing.add((rays.len() as f64 - theirs.n as f64).abs(), || name("sent"));
        passing
            .add(spot.map_or(f64::INFINITY, |s| (s.arrived as f64 - theirs.n_pass as f64).abs()), || name("passing"));
        let mut compare = |ours: f64, theirs: Option<f64>, scale: f64, what: &str| {
            if let Some(theirs) = theirs {
                spots.add((ours - theirs).abs() * scale, || name(what));
            }
        };
        let figure = |f: fn(&crate::analysis::Spot) -> f64| spot.as_ref().map_or(f64::NAN, f);
        compare(figure(|s| s.centroid[1]), theirs.centroid_y, 1e3, "centroid");
        compare(figure(|s| s.rms_um), theirs.rms_centroid_um, 1.0, "rms");
        compare(figure(|s| s.max_um), theirs.max_centroid_um, 1.0, "max");
        let points = |rays: &Rays| rays.iter().map(|r| [r.at[0], r.at[1]]).collect::<Vec<_>>();
        let about = crate::analysis::rms_about(&points(&rays), w.image_point);
        compare(about, theirs.rms_chief_um, 1.0, "rms about the chief ray");
        let all: Vec<[f64; 2]> = (0..system.lens().wavelengths.len()).flat_map(|w| points(&bundle(w, 6))).collect();
        let middle = [0, 1].map(|k| all.iter().map(|p| p[k]).sum::<f64>() / all.len().max(1) as f64);
        let about = crate::analysis::rms_about(&all, middle);
        compare(about, theirs.polychromatic_rms_centroid_um, 1.0, "polychromatic rms");
    }
    if let Some(theirs) = &figures.opd_waves {
        let terms = crate::analysis::PISTON_TILT_FOCUS;
        let pairs = [
            ("rms", w.rms_about_zero(), theirs.rms_about_zero),
            ("rms without piston", w.rms_without(&terms[..1]), theirs.rms_piston_removed),
            ("rms without tilt", w.rms_without(&terms[..3]), theirs.rms_piston_tilt_removed),
            ("rms without focus", w.rms_without(&terms), theirs.rms_piston_tilt_focus_removed),
            ("peak to valley", w.peak_to_valley(), theirs.pv),
        ];
        for (what, ours, theirs) in pairs {
            opd.add((ours - theirs).abs(), || name(what));
        }
        for (key, theirs) in &theirs.samples {
            let place: Vec<f64> = key.split(',').filter_map(|v| v.trim().parse().ok()).collect();
            if let [x, y] = place[..] {
                // a sample is that of the nearest place of the 127
                let far = |p: &[f64; 2]| (p[0] - x).hypot(p[1] - y);
                let nearest = (0..w.places.len()).min_by(|a, b| far(&w.places[*a]).total_cmp(&far(&w.places[*b])));
                let ours = nearest.and_then(|i| w.waves[i]).unwrap_or(f64::NAN);
                opd.add((ours - theirs).abs(), || name(key));
            }
        }
    }
    if let Some(theirs) = &figures.geometric_mtf_hexapolar32 {
        let rays = bundle(primary, 32);
        let ours = geometric_mtf(&rays, &theirs.freq_per_mm, None);
        passing.add((rays.iter().count() as f64 - theirs.n_pass as f64).abs(), || name("of 32 rings"));
        for (a, b) in ours.tangential.iter().zip(&theirs.tangential).chain(ours.sagittal.iter().zip(&theirs.sagittal)) {
            modulation.add((a - b).abs(), || name("MTF"));
        }
    }
    Ok(())
}
