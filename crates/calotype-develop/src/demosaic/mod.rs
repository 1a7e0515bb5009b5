//! Three colours at every pixel from a mosaic.
//!
//! The full-size method decides, pixel by pixel, how much to trust interpolation along rows and along columns, from
//! the energy of a high-pass filter in both directions, and interpolates green first, then the differences of red and
//! blue to green: the scheme of the published "ratio corrected" demosaicing (L. Sanz Rodríguez, 2017), with three
//! changes of our own. Samples are white balanced first, since the method relies on colours that rise and fall
//! together. They are then taken to a square-root scale, where noise is the same everywhere and differences are what
//! ratios are in linear light, so that nothing is undefined near black. And the noise model says how much of the
//! high-pass energy means nothing, so that noise does not draw mazes. Samples that were measured come out unchanged.

mod half;
mod load;
mod rcd;
mod ring;

pub use half::demosaic_half;

use crate::DevelopError;
use crate::root_scale::Scale;
use calotype_image::{CameraRgb, Mosaic, Plane, par};
use fearless_simd::{Level, dispatch};

/// Rows that one thread works on at a time; each band reads [`rcd::BORDER`] rows more on either side.
const BAND: usize = 128;

/// Interpolates the missing colours of `mosaic`.
///
/// `white_balance` are the gains of red, green and blue that make a neutral object grey; they only steer the
/// interpolation and are undone. A monochrome mosaic is copied to all three planes. Extra memory: about 0.5 MB per
/// thread. Cost: see the benchmark `demosaic`.
///
/// # Errors
/// [`DevelopError::UnsupportedCfa`] where the filters are neither Bayer nor absent, [`DevelopError::Parameter`]
/// where a gain is not positive.
pub fn demosaic(mosaic: &Mosaic, white_balance: [f32; 3]) -> Result<CameraRgb, DevelopError> {
    check_gains(white_balance)?;
    if mosaic.cfa.is_mono() {
        return Ok(CameraRgb::from_planes([(); 3].map(|()| mosaic.samples.clone())));
    }
    if !mosaic.cfa.is_bayer() {
        return Err(DevelopError::UnsupportedCfa(mosaic.cfa));
    }
    let mut planes = [(); 3].map(|()| Plane::new(mosaic.samples.width(), mosaic.samples.height()));
    let scale = Scale::new(&mosaic.noise, white_balance);
    let level = Level::new();
    par::bands3_mut(&mut planes, BAND, |top, mut bands| {
        dispatch!(level, simd => rcd::band(simd, mosaic, &scale, top, &mut bands));
    });
    Ok(CameraRgb::from_planes(planes))
}

/// Refuses gains that are not positive numbers.
pub(crate) fn check_gains(gains: [f32; 3]) -> Result<(), DevelopError> {
    match gains.iter().find(|g| !(g.is_finite() && **g > 0.0)) {
        Some(&g) => {
            Err(DevelopError::Parameter { name: "white balance gain", value: g.into(), expected: "a positive number" })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{Cfa, NoiseModel};

    const BAYER: [Cfa; 4] = [Cfa::RGGB, Cfa::BGGR, Cfa::GRBG, Cfa::GBRG];

    fn mosaic(cfa: Cfa, width: usize, height: usize, f: impl Fn(usize, usize, usize) -> f32) -> Mosaic {
        let samples = Plane::from_fn(width, height, |x, y| f(cfa.color_at(x, y) as usize, x, y));
        Mosaic { samples, cfa, noise: NoiseModel::uniform(1e-4, 1e-7) }
    }

    /// Repeatable numbers from 0 to 1.
    fn scatter(x: usize, y: usize) -> f32 {
        ((x * 7919 + y * 104_729 + x * y * 31) % 1009) as f32 / 1009.0
    }

    #[test]
    fn one_colour_stays_one_colour() {
        for cfa in BAYER {
            // without noise, as interpolation gives back what averaging noisy roots would lose
            let mosaic = mosaic(cfa, 37, 23, |c, _, _| [0.2, 0.5, 0.1][c]);
            let out = demosaic(&Mosaic { noise: NoiseModel::uniform(0.0, 0.0), ..mosaic }, [2.0, 1.0, 3.0]).unwrap();
            for (plane, expected) in out.planes.iter().zip([0.2, 0.5, 0.1]) {
                assert!(plane.data().iter().all(|v| (v - expected).abs() < 1e-6), "{cfa}");
            }
        }
    }

    #[test]
    fn measured_samples_are_unchanged() {
        for cfa in BAYER {
            let m = mosaic(cfa, 29, 150, |_, x, y| 1.4 * scatter(x, y) - 0.2);
            let out = demosaic(&m, [2.0, 1.0, 1.5]).unwrap();
            for y in 0..150 {
                for x in 0..29 {
                    let c = cfa.color_at(x, y) as usize;
                    assert_eq!(out.planes[c].get(x, y), m.samples.get(x, y));
                    assert!(out.get(x, y).iter().all(|v| v.is_finite() && v.abs() < 4.0));
                }
            }
        }
    }

    #[test]
    fn grey_edges_stay_grey_and_sharp() {
        let gains = [2.0, 1.0, 1.6];
        for vertical in [false, true] {
            let m = mosaic(Cfa::GRBG, 40, 40, |c, x, y| {
                (if if vertical { x } else { y } < 20 { 0.1 } else { 0.6 }) / gains[c]
            });
            let out = demosaic(&m, gains).unwrap();
            for y in 0..40 {
                for x in 0..40 {
                    let expected = if if vertical { x } else { y } < 20 { 0.1 } else { 0.6 };
                    for c in 0..3 {
                        let v = out.planes[c].get(x, y) * gains[c];
                        assert!((v - expected).abs() < 0.02, "colour {c} at {x} {y}: {v}, not {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn bands_and_tiles_leave_no_seams() {
        // the same content further down and further right, where other bands and tiles begin
        let content = |x: usize, y: usize| scatter(x % 2048, y);
        let (w, h) = (1100, 150);
        let all = demosaic(&mosaic(Cfa::RGGB, w, h, |_, x, y| content(x, y)), [1.0; 3]).unwrap();
        let part = demosaic(&mosaic(Cfa::RGGB, w - 100, h - 64, |_, x, y| content(x + 100, y + 64)), [1.0; 3]).unwrap();
        for y in 12..h - 64 - 12 {
            for x in 12..w - 100 - 12 {
                assert_eq!(part.get(x, y), all.get(x + 100, y + 64), "{x} {y}");
            }
        }
    }

    #[test]
    fn tiny_pictures_survive() {
        for (w, h) in [(0, 0), (0, 5), (1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (1, 9), (3, 3), (5, 2)] {
            for cfa in BAYER {
                let out = demosaic(&mosaic(cfa, w, h, |_, _, _| 0.25), [1.0; 3]).unwrap();
                assert_eq!((out.width(), out.height()), (w, h));
                assert!(out.planes.iter().all(|p| p.data().iter().all(|v| (v - 0.25).abs() < 1e-4)), "{w}x{h}");
            }
        }
    }

    #[test]
    fn threads_do_not_change_the_answer() {
        let m = mosaic(Cfa::BGGR, 64, 300, |_, x, y| scatter(x, y));
        let on = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        let (one, three) = (on(1).install(|| demosaic(&m, [1.0; 3])), on(3).install(|| demosaic(&m, [1.0; 3])));
        assert_eq!(one.unwrap().planes, three.unwrap().planes);
    }

    #[test]
    fn monochrome_passes_and_odd_filters_do_not() {
        let mono = mosaic(Cfa::MONO, 5, 4, |_, x, y| scatter(x, y));
        assert!(demosaic(&mono, [1.0; 3]).unwrap().planes.iter().all(|p| *p == mono.samples));
        use calotype_image::CfaColor::{Blue, Green, Red};
        let odd = Cfa([Red, Red, Green, Blue]);
        assert_eq!(
            demosaic(&mosaic(odd, 4, 4, |_, _, _| 0.0), [1.0; 3]).unwrap_err(),
            DevelopError::UnsupportedCfa(odd)
        );
        assert!(demosaic(&mono, [1.0, f32::NAN, 1.0]).is_err());
    }
}
