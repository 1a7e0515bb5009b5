//! What a reader of figures should be told about a lens that can be traced, but hardly as it was meant.

use super::hexapolar;
use crate::{Clip, Fate, Kind, Lens, Rays, Surface, System, Until, Why};
use std::collections::BTreeMap;

/// Share of a field's rays from which their loss is told, where it is not that of clear apertures.
const LOST: f64 = 0.2;
/// Share of a field's rays that has to arrive for nothing to be told.
const ARRIVING: f64 = 0.05;
/// Overlap in mm that is rounding.
const OVERLAP_MM: f64 = 1e-3;
/// Radii between the axis and the rim at which gaps are looked at.
const RADII: usize = 32;

/// Sentences about elements that overlap inside their clear radii, and about fields whose light is lost by anything but
/// vignetting, or nearly all of it; none for a sound lens.
pub fn doubts(system: &System) -> Vec<String> {
    let lens = system.lens();
    (0..lens.surfaces.len().saturating_sub(1)).filter_map(|i| overlap(lens, i)).chain(lost(system)).collect()
}

/// What overlaps between a surface and the next.
fn overlap(lens: &Lens, i: usize) -> Option<String> {
    let (a, b) = (&lens.surfaces[i], &lens.surfaces[i + 1]);
    let bends = |i: usize| {
        let before = if i == 0 { None } else { Some(&lens.surfaces[i - 1].glass) };
        lens.surfaces[i].kind == Kind::Refract && before.is_some_and(|g| *g != lens.surfaces[i].glass)
            || i == 0 && !lens.surfaces[0].glass.is_air()
    };
    let plain = |s: &Surface| s.pose.is_none() && s.kind == Kind::Refract && s.shape.is_round();
    if !plain(a) || !plain(b) || !bends(i) || !bends(i + 1) || a.thickness < 0.0 {
        return None;
    }
    let rim = [a.clear.outer, b.clear.outer].into_iter().flatten().reduce(f64::min)?;
    let gap = |r: f64| Some(a.thickness + b.shape.sag(r, 0.0)? - a.shape.sag(r, 0.0)?);
    let radius = |k: usize| rim * k as f64 / RADII as f64;
    let meet = (1..=RADII).map(radius).find(|r| gap(*r).is_some_and(|g| g < -OVERLAP_MM))?;
    let what = if a.glass.is_air() { "the air".into() } else { a.glass.label() };
    Some(format!(
        "surface {}: {what} behind it is thinner than nothing from {meet:.3} mm off the axis on, and the clear radius is {rim} mm; \
         the surfaces overlap: make the thickness of {} mm larger or the clear radius smaller",
        i + 1,
        a.thickness
    ))
}

/// What is lost of every field at the primary wavelength.
fn lost(system: &System) -> Vec<String> {
    let lens = system.lens();
    let places = hexapolar(8);
    let told = |field: &crate::Field| {
        let mut rays = Rays::new(system.aim(field, lens.primary).pupil(&places));
        system.trace(lens.primary, &mut rays, Clip::Apertures, Until::Image);
        let mut ways: BTreeMap<(u16, Why), usize> = BTreeMap::new();
        for fate in &rays.fate {
            if let Fate::Lost { surface, why } = fate {
                *ways.entry((*surface, *why)).or_default() += 1;
            }
        }
        let share = |n: usize| n as f64 / rays.len() as f64;
        let all: usize = ways.values().sum();
        let other: usize = ways.iter().filter(|(way, _)| way.1 != Why::Clipped).map(|(_, n)| n).sum();
        let dark = 1.0 - share(all) < ARRIVING;
        if share(other) < LOST && !dark {
            return None;
        }
        let counted = ways.into_iter().filter(|(way, _)| dark || way.1 != Why::Clipped);
        let ((surface, why), _) = counted.max_by_key(|(_, n)| *n)?;
        let part = 100.0 * share(if dark { all } else { other });
        Some(format!(
            "field ({}, {}): {part:.0} % of its rays are lost, most of them at surface {surface} ({why})",
            field.x, field.y
        ))
    };
    lens.fields.iter().filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn sound_lenses_leave_no_doubt() {
        for (name, _) in crate::built_in_lenses() {
            let lens = crate::built_in_lens(name).unwrap().unwrap();
            assert_eq!(doubts(&System::new(lens).unwrap()), [""; 0], "{name}");
        }
        assert_eq!(doubts(&System::new(samples::triplet()).unwrap()), [""; 0]);
    }

    #[test]
    fn overlapping_elements_and_lost_light_are_told_with_their_surface() {
        // a biconvex lens of no thickness: only the ray on the axis gets through
        let mut lens = samples::singlet(1.5, 20.0, -20.0, 0.0);
        let told = doubts(&System::new(lens.clone()).unwrap());
        assert!(
            told[0].contains("are lost") && told[0].contains("surface 2") && told[0].contains("thinner"),
            "{told:?}"
        );
        // 1 mm of glass reach to r where r^2 / 20 = 1
        lens.surfaces[0].thickness = 1.0;
        (lens.surfaces[0].clear.outer, lens.surfaces[1].clear.outer) = (Some(8.0), Some(9.0));
        let told = doubts(&System::new(lens).unwrap());
        assert!(told[0].starts_with("surface 1: ") && told[0].contains("from 4.500 mm"), "{told:?}");
    }
}
