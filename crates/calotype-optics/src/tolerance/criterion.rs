//! By what a made lens is judged, and how it is adjusted first.

use crate::analysis::perfect;
use crate::design::{overlap, pupil_rule, vignetting_from_apertures};
use crate::{Clip, Field, Lens, OpticsError, Ray, Rays, Result, System, Until};
use nalgebra::{DMatrix, DVector};
use std::f64::consts::TAU;

/// By what a lens is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Criterion {
    /// Diffraction MTF at a frequency in cycles per mm, the lower of tangential and sagittal, all wavelengths: the lowest of all
    /// fields counts, and shall not be below the limit.
    Mtf {
        /// Cycles per mm.
        frequency: f64,
    },
    /// RMS radius of the spot in um, all wavelengths: the greatest of all fields.
    RmsSpot,
    /// RMS wavefront error in waves of each wavelength, tilt taken away: the greatest of all fields.
    RmsWavefront,
}

impl Criterion {
    /// True where more is better.
    pub fn is_contrast(&self) -> bool {
        matches!(self, Self::Mtf { .. })
    }

    /// Its name and unit.
    pub fn label(&self) -> String {
        match self {
            Self::Mtf { frequency } => format!("MTF at {frequency}/mm"),
            Self::RmsSpot => "RMS spot, um".into(),
            Self::RmsWavefront => "RMS wavefront, waves".into(),
        }
    }
}

/// What is adjusted after assembly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compensator {
    /// What is moved.
    pub what: Adjust,
    /// How far at most, mm.
    pub most_mm: f64,
}

/// Something that can be moved along or across the axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Adjust {
    /// The thickness behind a surface; behind the last one it is the focus.
    Thickness(usize),
    /// The element of these surfaces, the thicknesses before and behind it changing against each other.
    Along(super::Part),
    /// The same across the axis, x.
    AcrossX(super::Part),
    /// The same, y.
    AcrossY(super::Part),
}

impl Adjust {
    /// Moves it.
    pub(super) fn apply(self, lens: &mut Lens, mm: f64, semi: &[f64]) -> Result<()> {
        match self {
            Self::Thickness(s) => lens.surfaces[s].thickness += mm,
            Self::Along(part) => {
                if part.first > 0 {
                    lens.surfaces[part.first - 1].thickness += mm;
                }
                lens.surfaces[part.last].thickness -= mm;
            }
            Self::AcrossX(part) => super::perturb::apply(lens, super::Error::DecentreX, part, mm, semi)?,
            Self::AcrossY(part) => super::perturb::apply(lens, super::Error::DecentreY, part, mm, semi)?,
        }
        Ok(())
    }
}

/// Judges lenses that are near a nominal one: its fields (and those on the other side of the axis), its vignetting.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    pub criterion: Criterion,
    pub fields: Vec<Field>,
    pub compensators: Vec<Compensator>,
    /// The rays' errors of the nominal lens, to which compensators lead back.
    nominal: DVector<f64>,
}

impl Judge {
    /// # Errors
    /// [`OpticsError::Dark`] where light of a field does not get through the nominal lens.
    pub fn new(
        lens: &Lens,
        criterion: Criterion,
        fields: &[usize],
        both_sides: bool,
        compensators: Vec<Compensator>,
    ) -> Result<Self> {
        let system = System::new(lens.clone())?;
        // the factors that the lens states, or else those that its apertures make
        let stated = lens.fields.iter().any(|f| !f.vignetting.is_none());
        let all = if stated { lens.fields.clone() } else { vignetting_from_apertures(&system, false)? };
        let mut list: Vec<Field> = fields.iter().map(|i| all[*i]).collect();
        if both_sides {
            let other = |f: &Field| Field { x: -f.x, y: -f.y, vignetting: f.vignetting.opposite(), ..*f };
            let off: Vec<Field> = list.iter().filter(|f| f.x != 0.0 || f.y != 0.0).map(other).collect();
            list.extend(off);
        }
        let mut judge = Self { criterion, fields: list, compensators, nominal: DVector::zeros(0) };
        judge.nominal = judge.errors(&system)?;
        Ok(judge)
    }

    /// Adjusts a lens: the compensators that bring its rays' errors nearest to the nominal ones, by two Gauss-Newton steps with
    /// differences. Gives the lens and the adjustments in mm.
    pub fn compensated(&self, mut lens: Lens, semi: &[f64]) -> Result<(Lens, Vec<f64>)> {
        let count = self.compensators.len();
        let mut sum = vec![0.0; count];
        for _ in 0..2 {
            if count == 0 {
                break;
            }
            let here = self.errors(&System::new(lens.clone())?)?;
            let mut j = DMatrix::zeros(here.len(), count);
            for (k, c) in self.compensators.iter().enumerate() {
                let step = 1e-3 * c.most_mm;
                let mut moved = lens.clone();
                c.what.apply(&mut moved, step, semi)?;
                let there = self.errors(&System::new(moved)?)?;
                j.set_column(k, &((there - &here) / step));
            }
            let off = &self.nominal - &here;
            let Ok(step) = j.svd(true, true).solve(&off, 1e-12) else { break };
            for (k, c) in self.compensators.iter().enumerate() {
                let to = (sum[k] + step[k]).clamp(-c.most_mm, c.most_mm);
                c.what.apply(&mut lens, to - sum[k], semi)?;
                sum[k] = to;
            }
        }
        Ok((lens, sum))
    }

    /// The criterion of every field.
    pub fn of_fields(&self, lens: &Lens) -> Result<Vec<f64>> {
        let system = System::new(lens.clone())?;
        self.fields.iter().map(|f| self.of_field(&system, f)).collect()
    }

    /// The worst of the fields.
    pub fn worst(&self, values: &[f64]) -> f64 {
        if self.criterion.is_contrast() {
            values.iter().copied().fold(f64::INFINITY, f64::min)
        } else {
            values.iter().copied().fold(0.0, f64::max)
        }
    }

    fn of_field(&self, system: &System, field: &Field) -> Result<f64> {
        match self.criterion {
            Criterion::Mtf { frequency } => {
                Ok(mtf_at(system, field, frequency, 1)?.min(mtf_at(system, field, frequency, 0)?))
            }
            Criterion::RmsSpot => Ok(norm(&spot(system, field)?)),
            Criterion::RmsWavefront => Ok(norm(&waves(system, field)?)),
        }
    }

    /// The rays' errors of all fields: of the spots in um, or of the wavefront in tenths of a wave.
    fn errors(&self, system: &System) -> Result<DVector<f64>> {
        let mut all = Vec::new();
        for f in &self.fields {
            match self.criterion {
                Criterion::RmsSpot => all.extend(spot(system, f)?),
                _ => all.extend(waves(system, f)?.iter().map(|v| 10.0 * v)),
            }
        }
        Ok(DVector::from_vec(all))
    }
}

fn norm(list: &[f64]) -> f64 {
    list.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// Rays through places of the vignetted pupil, all of which must arrive.
fn traced(system: &System, field: &Field, wave: usize, places: &[[f64; 2]]) -> Result<Vec<Ray>> {
    let mut rays = Rays::new(system.aim(field, wave).pupil(places));
    system.trace(wave, &mut rays, Clip::Nothing, Until::Image);
    (0..rays.len()).map(|i| rays.get(i)).collect::<Option<Vec<Ray>>>().ok_or_else(|| {
        let loss = rays.main_loss();
        OpticsError::Dark {
            what: format!("field ({}, {})", field.x, field.y),
            got: rays.iter().count(),
            asked: rays.len(),
            surface: loss.map(|l| l.0.into()),
            why: loss.map_or_else(String::new, |l| l.1.to_string()),
        }
    })
}

/// Wavelengths with their shares, whose sum is 1.
fn shares(lens: &Lens) -> Vec<(usize, f64)> {
    let total: f64 = lens.wavelengths.iter().map(|w| w.weight).sum();
    lens.wavelengths.iter().enumerate().filter(|(_, w)| w.weight > 0.0).map(|(i, w)| (i, w.weight / total)).collect()
}

/// Shares of the square of the spot's radius about its middle, um.
fn spot(system: &System, field: &Field) -> Result<Vec<f64>> {
    let rule = pupil_rule(4, 8);
    let places: Vec<[f64; 2]> = rule.iter().map(|p| p.0).collect();
    let mut all: Vec<([f64; 2], f64)> = Vec::new();
    for (w, share) in shares(system.lens()) {
        let rays = traced(system, field, w, &places)?;
        all.extend(rays.iter().zip(&rule).map(|(r, (_, weight))| ([r.at[0], r.at[1]], weight * share)));
    }
    let middle = [0, 1].map(|k| all.iter().map(|(p, w)| p[k] * w).sum::<f64>());
    Ok(all.iter().flat_map(|(p, w)| [0, 1].map(|k| (p[k] - middle[k]) * w.sqrt() * 1e3)).collect())
}

/// Phases of the waves that arrive, at the middle of the spot of the primary wavelength, mm: path less place times direction.
fn phases(rays: &[Ray], middle: [f64; 3]) -> Vec<f64> {
    let off = |r: &Ray| (0..3).map(|k| (r.at[k] - middle[k]) * r.d[k]).sum::<f64>();
    rays.iter().map(|r| r.opl - off(r)).collect()
}

/// Shares of the square of the wavefront error, waves: piston of every wavelength and the common tilt taken away.
fn waves(system: &System, field: &Field) -> Result<Vec<f64>> {
    let rule = pupil_rule(4, 8);
    let places: Vec<[f64; 2]> = rule.iter().map(|p| p.0).collect();
    let lens = system.lens();
    let chief = traced(system, field, lens.primary, &[[0.0, 0.0]])?;
    let middle = chief[0].at;
    let mut all: Vec<(f64, [f64; 2], f64, f64)> = Vec::new();
    for (w, share) in shares(lens) {
        let list = phases(&traced(system, field, w, &places)?, middle);
        let mean: f64 = list.iter().zip(&rule).map(|(v, (_, weight))| v * weight).sum();
        let um = lens.wavelengths[w].um * 1e-3;
        all.extend(list.iter().zip(&rule).map(|(v, (p, weight))| (v - mean, *p, weight * share, um)));
    }
    for k in 0..2 {
        let square: f64 = all.iter().map(|(_, p, w, _)| w * p[k] * p[k]).sum();
        let tilt: f64 = all.iter().map(|(v, p, w, _)| w * p[k] * v).sum::<f64>() / square;
        all.iter_mut().for_each(|(v, p, ..)| *v -= tilt * p[k]);
    }
    Ok(all.iter().map(|(v, _, w, um)| v * w.sqrt() / um).collect())
}

/// Diffraction MTF at one frequency in cycles per mm, all wavelengths, along y (`direction` 1, tangential for a field along y) or
/// x (0): the mean of exp(i phase) over pairs of rays whose direction cosines differ by wavelength times frequency, times the
/// modulation of the perfect lens. Vignetting comes in by the field's factors; some hundred rays instead of an image.
///
/// # Errors
/// [`OpticsError::Dark`] where a ray of the vignetted pupil is lost.
pub fn mtf_at(system: &System, field: &Field, frequency: f64, direction: usize) -> Result<f64> {
    let mut sum = 0.0;
    for (w, share) in shares(system.lens()) {
        let um = system.lens().wavelengths[w].um * 1e-3;
        let along = |a: f64, b: f64| if direction == 1 { [a, b] } else { [b, a] };
        let ends = traced(system, field, w, &[along(0.0, 0.9), along(0.0, -0.9)])?;
        let span = (ends[0].d[direction] - ends[1].d[direction]).abs() / 1.8;
        let shear = um * frequency / span;
        if !(shear < 1.98) {
            continue;
        }
        let rule = overlap(shear);
        let pairs: Vec<[f64; 2]> =
            rule.iter().flat_map(|(p, _)| [0.5 * shear, -0.5 * shear].map(|s| along(p[0], p[1] + s))).collect();
        let rays = traced(system, field, w, &pairs)?;
        let middle = [0, 1, 2].map(|k| rays.iter().map(|r| r.at[k]).sum::<f64>() / rays.len() as f64);
        let phase = phases(&rays, middle);
        let apart: f64 = rule
            .iter()
            .enumerate()
            .map(|(i, (_, weight))| weight * (rays[2 * i].d[direction] - rays[2 * i + 1].d[direction]).abs())
            .sum();
        let scale = um * frequency / apart;
        let (mut re, mut im) = (0.0, 0.0);
        for (i, (_, weight)) in rule.iter().enumerate() {
            let (sin, cos) = ((phase[2 * i] - phase[2 * i + 1]) * TAU / um * scale).sin_cos();
            re += weight * cos;
            im += weight * sin;
        }
        sum += share * re.hypot(im) * perfect(0.5 * shear * scale);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Sampling, polychromatic_psf};
    use crate::samples;

    #[test]
    fn pairs_of_rays_give_the_mtf_of_the_whole_image() {
        let mut lens = samples::triplet();
        lens.surfaces.iter_mut().for_each(|s| s.clear.outer = None);
        lens.surfaces[5].thickness += 0.1;
        let system = System::new(lens).unwrap();
        for field in &system.lens().fields {
            let psf = polychromatic_psf(&system, field, &Sampling { size: 192, rays: 96, pitch_um: None }).unwrap();
            let truth = psf.mtf(&[10.0, 25.0]);
            for (i, f) in [10.0, 25.0].into_iter().enumerate() {
                let [s, t] = [0, 1].map(|k| mtf_at(&system, field, f, k).unwrap());
                assert!((t - truth.tangential[i]).abs() < 0.03, "{field:?} {f}: {t} {}", truth.tangential[i]);
                assert!((s - truth.sagittal[i]).abs() < 0.03, "{field:?} {f}: {s} {}", truth.sagittal[i]);
            }
        }
    }

    #[test]
    fn refocusing_undoes_a_wrong_image_distance() {
        let lens = samples::triplet();
        let focus = Compensator { what: Adjust::Thickness(5), most_mm: 1.0 };
        let judge = Judge::new(&lens, Criterion::RmsSpot, &[0, 1, 2], true, vec![focus]).unwrap();
        assert_eq!(judge.fields.len(), 5);
        let mut made = lens.clone();
        made.surfaces[5].thickness += 0.2;
        let (made, by) = judge.compensated(made, &[8.0; 6]).unwrap();
        assert!((by[0] + 0.2).abs() < 1e-6, "{by:?}");
        let (a, b) = (judge.of_fields(&lens).unwrap(), judge.of_fields(&made).unwrap());
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-3), "{a:?} {b:?}");
    }
}
