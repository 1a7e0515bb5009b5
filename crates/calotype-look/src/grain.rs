//! Film grain in the density domain, of a size in micrometres on a 36 x 24 mm frame.
//!
//! Density is `D = -log10(light)`. White noise with a flat power `S` (density squared times square micrometres), smoothed
//! by the grain's own Gaussian spot and the pixel, is added to it, larger where films have more grains to be exposed or
//! not: in proportion to `sqrt(D (Dmax - D))`. `S` is solved so that behind a round aperture of 48 micrometres, at D = 1,
//! the RMS is the one the look asks for: the way granularity is stated on film data sheets (ISO 10505). The noise is a
//! function of place and seed alone, so that it is the same on any number of threads.

use crate::fast_math::{exp2, log2};
use crate::scatter::{gaussian, weigh};
use crate::{CompiledLook, Grain};
use calotype_image::{DisplayRgb, par};
use fearless_simd::{Level, Simd, dispatch};
use std::f64::consts::PI;

/// Diagonal of the frame in micrometres.
const DIAGONAL_UM: f64 = 43_266.6;
/// Radius of the aperture behind which granularity is stated.
const APERTURE_UM: f64 = 24.0;
/// Full width at half maximum over standard deviation of a Gaussian.
const FWHM: f64 = 2.354_82;
/// Density at which there is nothing left to be exposed: a good print's black.
const D_MAX: f32 = 2.4;
/// log10(2).
const LOG10_2: f32 = std::f32::consts::LOG10_2;
/// Rows a thread takes at a time.
const BAND: usize = 64;

/// The grain of a look at the size of one picture.
#[derive(Debug)]
struct Field {
    /// Samples of the grain's spot, times the RMS of density per pixel before it.
    kernel: Vec<f32>,
    /// The spot alone.
    spot: Vec<f32>,
}

impl Field {
    fn new(grain: &Grain, width: usize, height: usize) -> Self {
        let pitch = DIAGONAL_UM / (width as f64).hypot(height as f64);
        let spot_um = grain.size_um / FWHM;
        // A pixel averages over its square, whose variance along an axis is a twelfth.
        let spot = gaussian((spot_um * spot_um + pitch * pitch / 12.0).sqrt() / pitch);
        let per_pixel = (power(grain.rms / 1000.0, spot_um).sqrt() / pitch) as f32;
        Self { kernel: spot.iter().map(|k| k * per_pixel).collect(), spot }
    }

    fn radius(&self) -> usize {
        self.spot.len() / 2
    }
}

/// Power of white noise, in density squared times square micrometres, that after a Gaussian spot has the RMS `rms` behind
/// the aperture: `rms^2 / V`, with `V` the mean of the noise's autocorrelation `exp(-r^2 / 4 s^2) / (4 pi s^2)` over the
/// distances of two points in a disc (their density after R. Deltheil, 1926).
fn power(rms: f64, spot_um: f64) -> f64 {
    let (steps, d) = (4000, 2.0 * APERTURE_UM);
    let mean: f64 = (0..steps)
        .map(|i| {
            let u = (f64::from(i) + 0.5) / f64::from(steps);
            let r = u * d;
            let distance = 4.0 * r / (PI * APERTURE_UM * APERTURE_UM) * (u.acos() - u * (1.0 - u * u).sqrt());
            distance * (-r * r / (4.0 * spot_um * spot_um)).exp() / (4.0 * PI * spot_um * spot_um) * d
                / f64::from(steps)
        })
        .sum();
    rms * rms / mean
}

impl CompiledLook {
    /// Lays the look's grain over a finished picture, in place, on all cores. Black and white stay clean. The same seed
    /// gives the same grain.
    pub fn apply_grain(&self, picture: &mut DisplayRgb, seed: u32) {
        let grain = self.look().grain;
        if grain.rms <= 0.0 || picture.width() == 0 {
            return;
        }
        let (width, field) = (picture.width(), Field::new(&grain, picture.width(), picture.height()));
        // One field for all, and, where grain is coloured, one for each channel: shares of the variance.
        let (common, own) = ((1.0 - grain.chroma).sqrt() as f32, grain.chroma.sqrt() as f32);
        let bias = grain.shadow_bias as f32;
        let (level, ceiling) = (Level::new(), self.ceiling());
        par::bands3_mut(&mut picture.planes, BAND, |top, bands| {
            let mut noise = Noise::new(&field, width);
            let height = bands[0].height();
            let mut shared = vec![0.0f32; if common > 0.0 { width * height } else { 0 }];
            if common > 0.0 {
                noise.fill(top, seed, &mut shared);
            }
            let mut density = vec![0.0f32; width * height];
            for (c, mut band) in bands.into_iter().enumerate() {
                if own > 0.0 {
                    noise.fill(top, seed.wrapping_add(1 + c as u32), &mut density);
                    density.iter_mut().for_each(|v| *v *= own);
                    density.iter_mut().zip(&shared).for_each(|(v, s)| *v += common * s);
                }
                let density = if own > 0.0 { &density } else { &shared };
                for y in 0..height {
                    let row = band.row_mut(y);
                    dispatch!(level, simd => expose(simd, &density[y * width..][..width], bias, ceiling, row));
                }
            }
        });
    }
}

/// Makes bands of noise.
struct Noise<'a> {
    field: &'a Field,
    white: Vec<f32>,
    across: Vec<f32>,
    width: usize,
}

impl<'a> Noise<'a> {
    fn new(field: &'a Field, width: usize) -> Self {
        let r = field.radius();
        let across = vec![0.0; width * (BAND + 2 * r)];
        Self { white: vec![0.0; width + 2 * r], across, field, width }
    }

    /// Rows from `top` on of the field with this seed, as many as `out` holds.
    fn fill(&mut self, top: usize, seed: u32, out: &mut [f32]) {
        let (w, r, level) = (self.width, self.field.radius(), Level::new());
        let rows = out.len() / w;
        for i in 0..rows + 2 * r {
            // Rows count from `radius` above the picture.
            let key = mixed(mixed(seed).wrapping_add((top + i) as u32));
            dispatch!(level, _simd => white(key, &mut self.white));
            let line = &self.white;
            weigh(&self.field.spot, |k| &line[k..k + w], &mut self.across[i * w..][..w]);
        }
        for (y, out) in out.chunks_exact_mut(w).enumerate() {
            let across = &self.across;
            weigh(&self.field.kernel, |k| &across[(y + k) * w..][..w], out);
        }
    }
}

/// A row of white noise with variance 1: the sum of the four bytes of a mixed counter, which is near enough to normal
/// before it is smoothed.
#[inline(always)]
fn white(key: u32, row: &mut [f32]) {
    // Four bytes have the mean 2 x 255 and the variance 4 (256^2 - 1) / 12.
    const SCALE: f32 = 1.0 / 147.801_66;
    for (x, v) in row.iter_mut().enumerate() {
        let h = mixed((x as u32).wrapping_mul(0x9e37_79b9) ^ key);
        let pairs = (h & 0x00ff_00ff) + ((h >> 8) & 0x00ff_00ff);
        let sum = (pairs & 0xffff) + (pairs >> 16);
        *v = (sum as f32 - 510.0) * SCALE;
    }
}

/// An integer hash without bias (constants found by C. Wellons, "Prospecting for hash functions", public domain).
#[inline(always)]
fn mixed(mut v: u32) -> u32 {
    v ^= v >> 16;
    v = v.wrapping_mul(0x7feb_352d);
    v ^= v >> 15;
    v = v.wrapping_mul(0x846c_a68b);
    v ^ (v >> 16)
}

/// Adds noise of density, stated at D = 1, to a row of light.
#[inline(always)]
fn expose<S: Simd>(_: S, density: &[f32], bias: f32, ceiling: f32, row: &mut [f32]) {
    for (v, n) in row.iter_mut().zip(density) {
        let stops = log2::<false>(v.max(1e-6));
        let d = (-LOG10_2 * stops).clamp(0.0, D_MAX);
        let film = (d * (D_MAX - d) * (1.0 / (D_MAX - 1.0))).sqrt();
        let amount = film * (1.0 + bias * (d - 1.0));
        let out = *v * exp2::<false>(n * amount * (-1.0 / LOG10_2));
        *v = out.min(ceiling);
    }
}

#[cfg(test)]
mod tests {
    use crate::{Grain, Look, OutputSpace};
    use calotype_image::{DisplayRgb, Plane};

    fn grey(width: usize, height: usize, light: f32) -> DisplayRgb {
        DisplayRgb::from_planes([(); 3].map(|()| Plane::filled(width, height, light)))
    }

    fn grained(grain: Grain, mut picture: DisplayRgb, seed: u32) -> DisplayRgb {
        let look = Look { grain, ..Look::default() };
        look.compile(OutputSpace::Srgb, 1.0).apply_grain(&mut picture, seed);
        picture
    }

    /// RMS of density behind round apertures of 48 micrometres.
    fn granularity(picture: &DisplayRgb, channel: usize) -> f64 {
        let (w, h) = (picture.width(), picture.height());
        let pitch = super::DIAGONAL_UM / (w as f64).hypot(h as f64);
        let reach = (super::APERTURE_UM / pitch).ceil() as isize;
        let mut means = Vec::new();
        for cy in (reach..h as isize - reach).step_by(2 * reach as usize + 1) {
            for cx in (reach..w as isize - reach).step_by(2 * reach as usize + 1) {
                let (mut sum, mut n) = (0.0, 0.0);
                for dy in -reach..=reach {
                    for dx in -reach..=reach {
                        if (dx as f64).hypot(dy as f64) * pitch <= super::APERTURE_UM {
                            sum -=
                                f64::from(picture.planes[channel].row((cy + dy) as usize)[(cx + dx) as usize]).log10();
                            n += 1.0;
                        }
                    }
                }
                means.push(sum / n);
            }
        }
        let mean = means.iter().sum::<f64>() / means.len() as f64;
        (means.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / means.len() as f64).sqrt()
    }

    #[test]
    fn the_aperture_measures_what_was_asked_at_any_size() {
        // at 12 and at 48 megapixels, fine and coarse, grey and coloured
        for (rms, size_um, chroma, width) in [(10.0, 12.0, 0.0, 4000), (16.0, 30.0, 0.0, 4000), (10.0, 12.0, 0.5, 8000)]
        {
            let grain = Grain { rms, size_um, chroma, ..Grain::default() };
            // A strip of such a frame: the picture is small, its pixels are not.
            let look = Look { grain, ..Look::default() }.compile(OutputSpace::Srgb, 1.0);
            let mut whole = grey(width, width * 3 / 4, 0.1);
            look.apply_grain(&mut whole, 7);
            let got = 1000.0 * granularity(&whole, 1);
            assert!((got / rms - 1.0).abs() < 0.06, "{rms} asked, {got} measured ({size_um} um, {width})");
        }
    }

    #[test]
    fn black_and_white_stay_clean_and_seeds_differ() {
        let grain = Grain { rms: 20.0, ..Grain::default() };
        for light in [0.0f32, 1.0, 0.003] {
            assert!(grained(grain, grey(64, 48, light), 1).planes[0].data().iter().all(|v| (v - light).abs() < 1e-6));
        }
        let (a, b) = (grained(grain, grey(64, 48, 0.2), 1), grained(grain, grey(64, 48, 0.2), 2));
        assert_ne!(a.planes[0].data(), b.planes[0].data());
        assert_eq!(a.planes[0].data(), a.planes[1].data(), "grain without colour");
        assert_eq!(a.planes[0].data(), grained(grain, grey(64, 48, 0.2), 1).planes[0].data());
        let coloured = grained(Grain { chroma: 0.5, ..grain }, grey(64, 48, 0.2), 1);
        assert_ne!(coloured.planes[0].data(), coloured.planes[1].data());
        grained(grain, grey(1, 1, 0.2), 1);
    }

    #[test]
    fn shadow_bias_moves_grain_to_the_shadows() {
        let rms = |bias: f64, light: f32| {
            let grain = Grain { rms: 10.0, shadow_bias: bias, ..Grain::default() };
            let out = grained(grain, grey(200, 200, light), 3);
            let d: Vec<f64> = out.planes[0].data().iter().map(|v| -f64::from(*v).log10()).collect();
            let mean = d.iter().sum::<f64>() / d.len() as f64;
            (d.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / d.len() as f64).sqrt()
        };
        assert!((rms(0.0, 0.1) / rms(1.0, 0.1) - 1.0).abs() < 0.01, "at D = 1 they agree");
        assert!(rms(1.0, 0.4) < 0.6 * rms(0.0, 0.4) && rms(1.0, 0.02) > 1.3 * rms(0.0, 0.02));
    }

    #[test]
    fn bands_do_not_show() {
        // the same picture, one row taller, in bands that end elsewhere: the rows they share are alike but for the pitch
        let grain = Grain { rms: 20.0, size_um: 20.0, ..Grain::default() };
        let out = grained(grain, grey(300, 200, 0.2), 5);
        let step = |y: usize| -> f64 {
            let (a, b) = (out.planes[0].row(y), out.planes[0].row(y + 1));
            a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / 300.0
        };
        let inner: f64 = (20..50).map(step).sum::<f64>() / 30.0;
        assert!((step(super::BAND - 1) / inner - 1.0).abs() < 0.2, "{} {inner}", step(super::BAND - 1));
    }
}
