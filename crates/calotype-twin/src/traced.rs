//! A lens traced from its prescription.

use crate::TwinError;
use crate::lens::{Glare, Kernel, Lobe, Optics, Psf};
use calotype_optics::camera::{Bands, Mounted};
use calotype_optics::{Kind, Lens, OpticsError};
use std::f64::consts::FRAC_PI_2;

/// Share of the light that a surface between glass and air reflects where the prescription states no coatings: one of several
/// layers is assumed.
const REFLECTANCE: f64 = 0.005;
/// What dust, edges and barrels scatter cannot be told from a prescription: the halo is that of the lenses of tables.
const HALO: (f64, f64) = (0.008, 0.06);
/// The distance in focus where neither the photographer nor the scene says, in metres.
const FOCUS_M: f64 = 2.5;

/// A lens traced from its prescription: its distortion, lateral colour and illumination with real vignetting, and spots
/// that hold aberrations, diffraction and defocus.
#[derive(Debug)]
pub struct Traced {
    mounted: Mounted,
    glare: Glare,
    transmittance: f64,
}

impl Traced {
    /// Puts a lens before a sensor whose corner lies `half_diagonal_mm` from the axis.
    ///
    /// The veiling glare is the light that two reflections send forward again, were it spread evenly: with n surfaces
    /// between glass and air of reflectance R there are n (n - 1) / 2 such ways, R² on each. A prescription that states coatings tells
    /// both transmittance and ghosts itself: every surface at the rays' own angles, and of every such way what falls on the sensor.
    ///
    /// # Errors
    /// [`TwinError::Lens`] for lenses that are not round (but for errors of making), or that do not light the corner.
    pub fn new(lens: Lens, half_diagonal_mm: f64) -> Result<Self, TwinError> {
        let name = lens.name.clone();
        let surfaces = bare_surfaces(&lens);
        let mounted = Mounted::made(lens, half_diagonal_mm, &Bands::default()).map_err(named(&name))?;
        if let Some(losses) = mounted.losses() {
            let glare = Glare { veiling: losses.ghosts, halo: HALO.0, halo_sigma: HALO.1 };
            return Ok(Self { mounted, glare, transmittance: losses.transmittance });
        }
        let veiling = 0.5 * surfaces * (surfaces - 1.0).max(0.0) * REFLECTANCE * REFLECTANCE;
        let glare = Glare { veiling, halo: HALO.0, halo_sigma: HALO.1 };
        Ok(Self { mounted, glare, transmittance: (1.0 - REFLECTANCE).powf(surfaces) })
    }

    /// The lens before its sensor.
    pub fn mounted(&self) -> &Mounted {
        &self.mounted
    }
}

/// Surfaces between glass and air, or another glass.
fn bare_surfaces(lens: &Lens) -> f64 {
    let um = lens.primary_um();
    let mut before = 1.0;
    let mut count = 0.0;
    for (i, s) in lens.surfaces.iter().enumerate() {
        if s.kind != Kind::Refract {
            continue;
        }
        let after = lens.index_behind(i, um).unwrap_or(1.0);
        count += f64::from(u8::from((after - before).abs() > 1e-3));
        before = after;
    }
    count
}

fn named(lens: &str) -> impl FnOnce(OpticsError) -> TwinError {
    move |source| TwinError::Lens { source, lens: lens.into() }
}

impl Optics for Traced {
    fn focal_mm(&self) -> f64 {
        self.mounted.focal_mm()
    }

    fn f_number(&self) -> f64 {
        self.mounted.f_number()
    }

    fn transmittance(&self) -> f64 {
        self.transmittance
    }

    fn half_diagonal_mm(&self) -> f64 {
        self.mounted.half_diagonal_mm()
    }

    fn focus_m(&self) -> f64 {
        FOCUS_M
    }

    fn glare(&self) -> Glare {
        self.glare
    }

    fn ideal_height(&self, channel: usize, real: f64) -> f64 {
        real * self.mounted.rendition(channel).ideal_ratio.at(real)
    }

    fn illumination(&self, channel: usize, height: f64) -> f64 {
        self.mounted.rendition(channel).illumination.at(height).max(0.0)
    }

    fn spot(&self, channel: usize, height: f64, angle_rad: f64, object_m: f64, focus_m: f64) -> Psf {
        // from up towards the right
        match self.mounted.spots_towards(angle_rad + FRAC_PI_2, object_m, focus_m) {
            Ok(table) => {
                Psf::Samples(Kernel { pitch_um: table.pitch_um, size: table.size, energy: table.at(channel, height) })
            }
            // only where nobody has called `prepare`, which says why: a point
            Err(_) => Psf::Lobes(vec![Lobe { share: 1.0, radial_um: 0.0, tangential_um: 0.0, shift_um: 0.0 }]),
        }
    }

    fn is_geometric(&self) -> bool {
        false
    }

    fn spots_scale(&self) -> bool {
        true
    }

    fn prepare(&self, object_m: f64, focus_m: f64) -> Result<(), TwinError> {
        self.mounted.prepare(object_m, focus_m).map_err(named(&self.mounted.lens().name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_lens_is_a_camera_s_lens() {
        let lens = calotype_optics::built_in_lens("phone-9p").unwrap().unwrap();
        let traced = Traced::new(lens, 8.192).unwrap();
        // nine elements and a plane plate: 20 surfaces
        assert!((traced.transmittance() - 0.995f64.powi(20)).abs() < 1e-9, "{}", traced.transmittance());
        assert!((traced.glare().veiling - 190.0 * 2.5e-5).abs() < 1e-9);
        for c in 0..3 {
            let places: Vec<f64> = (0..=100).map(|i| traced.ideal_height(c, f64::from(i) / 100.0)).collect();
            assert!(places.windows(2).all(|p| p[0] < p[1]));
        }
        // with coatings stated, what they do is traced
        let mut coated = calotype_optics::built_in_lens("phone-9p").unwrap().unwrap();
        for s in coated.surfaces.iter_mut().filter(|s| s.kind == Kind::Refract) {
            s.coating = Some(calotype_optics::Coating::Ideal(REFLECTANCE));
        }
        let own = Traced::new(coated, 8.192).unwrap();
        let surfaces = own.mounted().lens().surfaces.len() as i32;
        assert!((own.transmittance() - 0.995f64.powi(surfaces)).abs() < 1e-9, "{}", own.transmittance());
        // some of the ghosts' light falls beside the sensor
        assert!(own.glare().veiling > 1e-4 && own.glare().veiling < traced.glare().veiling, "{:?}", own.glare());
        let Err(error) = traced.prepare(0.01, 1.0) else { panic!("too near") };
        assert!(error.to_string().contains("phone-9p"), "{error}");
    }
}
