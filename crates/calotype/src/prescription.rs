//! Corrections by the prescription of the lens that a picture was taken through.

use crate::{Error, LensReport};
use calotype_develop::{Deblur, LensSpot, LensSpots, LensWarp};
use calotype_dng::DngInfo;
use calotype_dng::tiff::tags;
use calotype_image::{CameraRgb, NoiseModel};
use calotype_optics::Lens;
use calotype_optics::camera::{Bands, Mounted, SpotTable};
use std::sync::Arc;

/// Radii at which a correction is worked out; between them it is linear.
const RADII: usize = 1024;
/// Where the lens is focused, and what is sharp, in metres, where the file does not say: as good as infinitely far away.
const FAR_M: f64 = 1e6;
/// Half of the diagonal of 36x24 mm, to which FocalLengthIn35mmFilm refers.
const HALF_35_MM: f64 = 21.633;

/// What undoes a lens's distortion, lateral colour and falloff, as tables over the radius: 0 in the middle of the
/// picture, 1 in its corners.
///
/// The corrected picture is that of a pinhole. Its focal length is chosen such that it shows as much as possible without
/// looking beyond the border of the picture as it was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction {
    /// Focal length of the lens over that of the corrected picture.
    pub zoom: f64,
    /// For red, green and blue: radius to look at over radius in the corrected picture, at even steps of the latter.
    pub ratio: [Vec<f64>; 3],
    /// For red, green and blue: what makes up for the falloff, at even steps of the radius in the picture as it was taken.
    pub gain: [Vec<f64>; 3],
}

impl Correction {
    /// Of a lens in front of a sensor whose longer side is `aspect` (at least 1) times its shorter one. `spots` are those of
    /// the distance in focus, whose light does not lie quite where that of the lens focused far away does.
    pub fn of(mounted: &Mounted, spots: Option<&SpotTable>, aspect: f64) -> Self {
        let radii: Vec<f64> = (0..=RADII).map(|i| i as f64 / RADII as f64).collect();
        let ideal: [Vec<f64>; 3] = [0, 1, 2].map(|c| {
            let curve = &mounted.rendition(c).ideal_ratio;
            let in_corners = |um: f64| 1e-3 * um / mounted.half_diagonal_mm();
            let shifts: Vec<f64> =
                spots.map_or_else(|| vec![0.0; 2], |s| s.shifts_um(c).into_iter().map(in_corners).collect());
            // the table's place whose light lies at a radius
            let place = |r: f64| r - at(&shifts, r - at(&shifts, r));
            radii.iter().map(|r| place(*r) * curve.at(place(*r))).collect()
        });
        // the border's nearest place is the middle of the longer side
        let nearest = (1.0 / aspect.max(1.0).hypot(1.0) * RADII as f64).floor().max(1.0) as usize;
        let reach = |c: usize| (nearest..=RADII).map(move |i| i as f64 / RADII as f64).zip(&ideal[c][nearest..]);
        let zoom = (0..3).flat_map(reach).map(|(r, i)| i / r).fold(f64::INFINITY, f64::min);
        let ratio = [0, 1, 2].map(|c| {
            let start = zoom / mounted.rendition(c).ideal_ratio.at(0.0);
            let find = |r: &f64| if *r == 0.0 { start } else { inverse(&radii, &ideal[c], zoom * r) / r };
            radii.iter().map(find).collect()
        });
        let gain = [0, 1, 2].map(|c| {
            let light = &mounted.rendition(c).illumination;
            radii.iter().map(|r| 1.0 / light.at(*r).max(1e-3)).collect()
        });
        Self { zoom, ratio, gain }
    }

    /// For a place (x, y) of a corrected picture of `width` x `height` pixels, with centres at .5: where to look in a
    /// colour plane of the picture as it was taken, and the gain of what is there.
    pub fn source(&self, plane: usize, (x, y): (f64, f64), (width, height): (usize, usize)) -> (f64, f64, f64) {
        let (w, h) = (width as f64, height as f64);
        let corner = 0.5 * w.hypot(h);
        let (dx, dy) = (x - 0.5 * w, y - 0.5 * h);
        let r = dx.hypot(dy) / corner;
        let ratio = at(&self.ratio[plane.min(2)], r);
        (0.5 * w + ratio * dx, 0.5 * h + ratio * dy, at(&self.gain[plane.min(2)], ratio * r))
    }
}

/// A table over 0 to 1, linear between its values and held beyond its end.
fn at(table: &[f64], r: f64) -> f64 {
    let x = r.clamp(0.0, 1.0) * (table.len() - 1) as f64;
    let i = (x as usize).min(table.len() - 2);
    table[i] + (x - i as f64) * (table[i + 1] - table[i])
}

/// Where a rising table reaches a value; beyond its end as it goes on there.
fn inverse(x: &[f64], y: &[f64], value: f64) -> f64 {
    let i = y.partition_point(|v| *v <= value).clamp(1, y.len() - 1);
    x[i - 1] + (value - y[i - 1]) / (y[i] - y[i - 1]) * (x[i] - x[i - 1])
}

/// A picture's lens, ready to correct it.
pub(crate) struct Prescription {
    mounted: Mounted,
    spots: Spots,
}

impl Prescription {
    /// Of a picture of `width` x `height` pixels; `pixel_um` is their distance and `focus_m` the distance in focus
    /// where the caller knows them.
    pub(crate) fn new(
        lens: &Lens,
        info: &DngInfo,
        (width, height): (usize, usize),
        (pixel_um, focus_m): (Option<f64>, Option<f64>),
        name: &str,
    ) -> Result<Self, Error> {
        let diagonal = (width as f64).hypot(height as f64);
        let pixel_um =
            pixel_um.or_else(|| pitch_um(info, diagonal)).ok_or_else(|| Error::PixelPitch { name: name.into() })?;
        let bad = |source| Error::Lens { lens: lens.name.clone(), source };
        let mounted = Mounted::new(lens.clone(), 0.5e-3 * pixel_um * diagonal, &Bands::default()).map_err(bad)?;
        let focus_m = focus_m.unwrap_or_else(|| told_focus_m(info, mounted.focal_mm()));
        let table = mounted.spots(focus_m, focus_m).map_err(bad)?;
        Ok(Self { mounted, spots: Spots { table, pixel_um } })
    }

    /// Takes back the lens's blur.
    pub(crate) fn deblurred(&self, picture: CameraRgb, noise: NoiseModel, amount: f32) -> CameraRgb {
        Deblur { spots: &self.spots, noise, amount }.apply(picture)
    }

    /// Straightens a picture; undoes its falloff if `shading`.
    pub(crate) fn straightened(&self, picture: CameraRgb, shading: bool) -> (CameraRgb, LensWarp, LensReport) {
        let size = (picture.width(), picture.height());
        let (long, short) = (size.0.max(size.1) as f64, size.0.min(size.1).max(1) as f64);
        let correction = Correction::of(&self.mounted, Some(&self.spots.table), long / short);
        let warp = LensWarp::from_places(size.0, size.1, |c, x, y| {
            let (x, y, gain) = correction.source(c, (f64::from(x), f64::from(y)), size);
            (x as f32, y as f32, if shading { gain as f32 } else { 1.0 })
        });
        let corner = 0.5 * long.hypot(short);
        let moved = |table: &Vec<f64>| {
            table
                .iter()
                .enumerate()
                .fold(0.0, |most: f64, (i, ratio)| most.max((ratio - 1.0).abs() * i as f64 / RADII as f64 * corner))
        };
        let report = LensReport {
            name: self.mounted.lens().name.clone(),
            pixel_pitch_um: self.spots.pixel_um,
            moved_px: correction.ratio.iter().map(moved).fold(0.0, f64::max),
            gain: if shading { f64::from(warp.max_gain()) } else { 1.0 },
        };
        (warp.apply(picture), warp, report)
    }
}

/// A lens's spots in focus, before pixels of a size.
struct Spots {
    table: Arc<SpotTable>,
    pixel_um: f64,
}

impl LensSpots for Spots {
    fn spot(&self, plane: usize, radius: f64) -> LensSpot {
        let table = &self.table;
        LensSpot { pitch_px: table.pitch_um / self.pixel_um, size: table.size, shares: table.at(plane, radius) }
    }
}

/// The distance in focus in metres: what the file says, if the lens can be focused there.
fn told_focus_m(info: &DngInfo, focal_mm: f64) -> f64 {
    let told = info.exif_raw.iter().find(|e| e.tag == tags::SUBJECT_DISTANCE).and_then(|e| e.value.f64_at(0));
    told.filter(|m| (4e-3 * focal_mm..FAR_M).contains(m)).unwrap_or(FAR_M)
}

/// Distance of pixels in µm: what the file says of the focal plane, else from the two focal lengths.
fn pitch_um(info: &DngInfo, diagonal: f64) -> Option<f64> {
    let number = |tag| info.exif_raw.iter().find(|e| e.tag == tag).and_then(|e| e.value.f64_at(0));
    // pixels per unit: inches, centimetres; and two that files use though EXIF does not know them
    let unit_um = match number(tags::FOCAL_PLANE_RESOLUTION_UNIT).unwrap_or(2.0) as u32 {
        3 => 1e4,
        4 => 1e3,
        5 => 1.0,
        _ => 25.4e3,
    };
    let told = number(tags::FOCAL_PLANE_X_RESOLUTION).filter(|r| *r > 0.0).map(|r| unit_um / r);
    let exif = &info.exif;
    let derived = exif.focal_mm.zip(exif.focal_35mm).map(|(mm, mm35)| 2e3 * HALF_35_MM * mm / mm35 / diagonal);
    told.or(derived).filter(|um| (0.1..=100.0).contains(um))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone() -> Mounted {
        let lens = calotype_optics::built_in_lens("phone-9p").unwrap().unwrap();
        Mounted::new(lens, 8.192, &Bands::default()).unwrap()
    }

    #[test]
    fn a_correction_looks_where_the_lens_has_put_the_light() {
        let mounted = phone();
        let correction = Correction::of(&mounted, None, 4.0 / 3.0);
        let size = (4096, 3072);
        for (x, y) in [(0.5, 0.5), (700.5, 2000.5), (2948.5, 1536.5), (4095.5, 1536.5), (2048.5, 0.5)] {
            for c in 0..3 {
                let (sx, sy, gain) = correction.source(c, (x, y), size);
                assert!((-0.01..=4096.01).contains(&sx) && (-0.01..=3072.01).contains(&sy), "{x} {y}: {sx} {sy}");
                let (dx, dy) = (sx - 2048.0, sy - 1536.0);
                let r = dx.hypot(dy) / 2560.0;
                let ideal = mounted.rendition(c).ideal_ratio.at(r);
                let off =
                    (ideal * dx - correction.zoom * (x - 2048.0)).hypot(ideal * dy - correction.zoom * (y - 1536.0));
                assert!(off < 0.02, "{c} {x} {y}: {off} px");
                assert!((gain * mounted.rendition(c).illumination.at(r) - 1.0).abs() < 1e-3);
            }
        }
    }
}
