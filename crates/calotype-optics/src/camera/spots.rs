//! The images of points over the field, as sampled spots.

use super::bands::Bands;
use super::bundle::{Meridian, Opening, bundle, chief, opening};
use super::mounted::{KNOTS, Rendition};
use crate::analysis::{Sampling, polychromatic_psf};
use crate::{Lens, OpticsError, Result, System, Wavelength};
use rayon::prelude::*;

/// Finest distance of samples in µm; wider spots are sampled wider, with about as many samples.
const FINEST_UM: f64 = 0.5;
/// Most samples from the middle to the border.
const MOST_HALF: usize = 56;
/// Spots wider than this many µm to a side are cut off; the light beyond is left out.
const WIDEST_UM: f64 = 400.0;
/// Rows of rays through the pupil: for the first look, and for spots.
const FIRST_ROWS: usize = 24;
const ROWS: [usize; 2] = [48, 112];
/// Spots whose rays stay within so many µm are summed from waves; of wider ones rays tell enough.
const WAVES_UM: f64 = 20.0;
/// Room for diffraction around the rays, in wavelengths times f-number: 98 % of the light of a perfect lens.
const FRINGE: f64 = 6.0;
/// How far beyond the paraxial pupil light may enter where waves are summed over the paraxial pupil.
const PARAXIAL: f64 = 1.08;

/// Spots of the three channels at [`KNOTS`] heights, on one grid: shares of the light on `size` x `size` samples in row
/// order, x along the radius and away from the axis, y across it. The middle sample is the place where the tables of
/// [`Rendition`](super::Rendition) put the channel's light in focus.
///
/// Narrow spots are sums of waves (see [`polychromatic_psf`]); wide ones, in which diffraction does not show, are the places
/// of rays.
#[derive(Clone, Debug, PartialEq)]
pub struct SpotTable {
    /// Distance of samples in µm.
    pub pitch_um: f64,
    /// Samples across; odd.
    pub size: usize,
    spots: [Vec<Vec<f32>>; 3],
}

/// A knot of a channel, ready to be traced.
struct Knot {
    field: Meridian,
    opening: Opening,
    /// The middle sample, mm across and along the meridian.
    middle: [f64; 2],
    /// Half of the side of a square that holds nearly all of the light, µm.
    reach_um: f64,
    /// How its waves are to be summed, where they are.
    wave: Option<Sampling>,
}

impl SpotTable {
    /// Traces the spots of a system whose wavelengths are a primary one and those of the bands.
    ///
    /// # Errors
    /// [`OpticsError::Dark`] where no light arrives.
    pub(super) fn trace(
        system: &System,
        bands: &Bands,
        renditions: &[Rendition; 3],
        to: &(dyn Fn(f64) -> Meridian + Sync),
    ) -> Result<Self> {
        // a lens that is not round has many directions, and half as many heights in each
        let step = if to(0.0).has_both_sides() { 2 } else { 1 };
        let count = (KNOTS - 1) / step + 1;
        let at = |i: usize| (i / count, i % count * step);
        let knots = (0..3 * count)
            .into_par_iter()
            .map(|i| Knot::look(system, bands, at(i).0, &renditions[at(i).0], at(i).1, to))
            .collect::<Result<Vec<_>>>()?;
        let reach_um = knots.iter().map(|k| k.reach_um).fold(4.0 * FINEST_UM, f64::max).min(WIDEST_UM);
        let pitch_um = (reach_um / MOST_HALF as f64).max(FINEST_UM);
        let half = (reach_um / pitch_um).ceil() as usize + 2;
        let rows = (2 * half).clamp(ROWS[0], ROWS[1]);
        let grid = Grid { pitch_um, half, rows };
        let channels =
            bands.0.iter().map(|b| System::new(with_band(system.lens(), b))).collect::<Result<Vec<System>>>()?;
        let mut spots: Vec<Vec<f32>> = knots
            .par_iter()
            .enumerate()
            .map(|(i, knot)| {
                let mut spot = Samples::new(&grid);
                match &knot.wave {
                    Some(sampling) => knot.waves(&channels[at(i).0], sampling, &mut spot)?,
                    None => knot.rays(system, bands, at(i).0, &mut spot),
                }
                spot.shares(knot)
            })
            .collect::<Result<_>>()?;
        let blue = spots.split_off(2 * count);
        let green = spots.split_off(count);
        let every = |traced: Vec<Vec<f32>>| -> Vec<Vec<f32>> {
            let spot = |k: usize| {
                let (i, part) = (k / step, (k % step) as f32 / step as f32);
                let next = &traced[(i + 1).min(count - 1)];
                traced[i].iter().zip(next).map(|(a, b)| a + part * (b - a)).collect()
            };
            (0..KNOTS).map(spot).collect()
        };
        Ok(Self { pitch_um, size: 2 * half + 1, spots: [spots, green, blue].map(every) })
    }

    /// The spot of a channel at a height from 0 to 1, between its neighbours; of sum 1.
    pub fn at(&self, channel: usize, height: f64) -> Vec<f32> {
        let spots = &self.spots[channel.min(2)];
        let x = height.clamp(0.0, 1.0) * (KNOTS - 1) as f64;
        let i = (x as usize).min(KNOTS - 2);
        let f = (x - i as f64) as f32;
        spots[i].iter().zip(&spots[i + 1]).map(|(a, b)| a + f * (b - a)).collect()
    }

    /// How far the light's centre of gravity lies beyond the tables' place, in µm away from the axis, of a channel at the
    /// [`KNOTS`] heights.
    pub fn shifts_um(&self, channel: usize) -> Vec<f64> {
        let half = (self.size / 2) as f64;
        let shift = |spot: &Vec<f32>| {
            let light =
                |row: &[f32]| row.iter().enumerate().map(|(i, v)| (i as f64 - half) * f64::from(*v)).sum::<f64>();
            self.pitch_um * spot.chunks_exact(self.size).map(light).sum::<f64>()
        };
        self.spots[channel.min(2)].iter().map(shift).collect()
    }
}

struct Grid {
    pitch_um: f64,
    half: usize,
    rows: usize,
}

impl Knot {
    fn look(
        system: &System,
        bands: &Bands,
        channel: usize,
        rendition: &Rendition,
        knot: usize,
        to: &(dyn Fn(f64) -> Meridian + Sync),
    ) -> Result<Self> {
        let field = to(rendition.slopes[knot]);
        let height = knot as f64 / (KNOTS - 1) as f64;
        let dark = || OpticsError::Dark {
            what: format!("the light at {:.0} % of the picture's half diagonal", 100.0 * height),
            got: 0,
            asked: 1,
            surface: None,
            why: String::new(),
        };
        let (pupil, [across, along]) = chief(system, &field, 0).ok_or_else(dark)?;
        let opening = opening(system, &field, 0, pupil).ok_or_else(dark)?;
        // in focus the channel's light arrives about its table's place; out of focus the chief ray tells where that is
        let half_mm = rendition.half_mm;
        let middle = [across, along + height * half_mm - rendition.chiefs[knot]];
        let mut far: Vec<f64> = Vec::new();
        for w in waves(bands, channel) {
            let places = bundle(system, &field, w, &opening, FIRST_ROWS).places;
            far.extend(places.iter().map(|p| 1e3 * (p[0] - middle[0]).abs().max((p[1] - middle[1]).abs())));
        }
        // a few rays that go far astray do not widen everything
        far.sort_by(f64::total_cmp);
        let reach_um = far.get((far.len() * 995) / 1000).or(far.last()).copied().ok_or_else(dark)?;
        if reach_um > WAVES_UM || !opening.is_within(PARAXIAL) {
            return Ok(Self { field, opening, middle, reach_um, wave: None });
        }
        let list = &bands.0[channel];
        let f_number = (system.first_order().efl / system.first_order().epd).abs();
        let [shortest, longest] = [f64::min, f64::max].map(|f| list.iter().copied().fold(list[0], f) * f_number);
        let reach_um = reach_um + FRINGE * longest;
        let size = 2 * (reach_um / FINEST_UM).ceil() as usize;
        let rays = (1.1 * size as f64 * FINEST_UM / shortest).ceil() as usize;
        let wave = Some(Sampling { size: size.max(8), rays: rays.clamp(32, 1024), pitch_um: Some(FINEST_UM) });
        Ok(Self { field, opening, middle, reach_um, wave })
    }

    /// The channel's waves, in a system of its wavelengths.
    fn waves(&self, system: &System, sampling: &Sampling, to: &mut Samples<'_>) -> Result<()> {
        let psf = polychromatic_psf(system, &self.field.field, sampling)?;
        let at = |i: usize| psf.pitch_um * (i as f64 - (psf.size / 2) as f64);
        for (i, value) in psf.values.iter().enumerate() {
            let place = [1e3 * psf.middle[0] + at(i % psf.size), 1e3 * psf.middle[1] + at(i / psf.size)];
            let [across, along] = self.field.seen(place);
            to.put(along - 1e3 * self.middle[1], across - 1e3 * self.middle[0], *value);
        }
        Ok(())
    }

    /// The places of the channel's rays, in the system of all wavelengths.
    fn rays(&self, system: &System, bands: &Bands, channel: usize, to: &mut Samples<'_>) {
        for w in waves(bands, channel) {
            for [across, up] in bundle(system, &self.field, w, &self.opening, to.grid.rows).places {
                let (radial, tangential) = (1e3 * (up - self.middle[1]), 1e3 * (across - self.middle[0]));
                to.put(radial, tangential, 1.0);
                if !self.field.has_both_sides() {
                    to.put(radial, -tangential, 1.0);
                }
            }
        }
    }
}

/// Light that falls on a grid.
struct Samples<'a> {
    grid: &'a Grid,
    size: usize,
    sum: Vec<f64>,
}

impl<'a> Samples<'a> {
    fn new(grid: &'a Grid) -> Self {
        let size = 2 * grid.half + 1;
        Self { grid, size, sum: vec![0.0; size * size] }
    }

    /// Light at a place in µm from the middle, shared out over the four samples around.
    fn put(&mut self, x: f64, y: f64, light: f64) {
        let (x, y) = (x / self.grid.pitch_um + self.grid.half as f64, y / self.grid.pitch_um + self.grid.half as f64);
        let (i, j) = (x.floor(), y.floor());
        if i >= 0.0 && j >= 0.0 && i < (self.size - 1) as f64 && j < (self.size - 1) as f64 {
            let (fx, fy) = (x - i, y - j);
            let k = j as usize * self.size + i as usize;
            self.sum[k] += light * (1.0 - fx) * (1.0 - fy);
            self.sum[k + 1] += light * fx * (1.0 - fy);
            self.sum[k + self.size] += light * (1.0 - fx) * fy;
            self.sum[k + self.size + 1] += light * fx * fy;
        }
    }

    fn shares(self, knot: &Knot) -> Result<Vec<f32>> {
        let total: f64 = self.sum.iter().sum();
        if !(total > 0.0) {
            let what = format!("a spot at {:.2} degrees", knot.field.field.y);
            return Err(OpticsError::Dark { what, got: 0, asked: 1, surface: None, why: String::new() });
        }
        Ok(self.sum.iter().map(|v| (v / total) as f32).collect())
    }
}

/// The lens with the wavelengths of one band.
fn with_band(lens: &Lens, band: &[f64]) -> Lens {
    let wavelength = |um: &f64| Wavelength { name: format!("{:.0} nm", um * 1e3), um: *um, weight: 1.0 };
    Lens { wavelengths: band.iter().map(wavelength).collect(), primary: band.len() / 2, ..lens.clone() }
}

/// Indices of a channel's wavelengths in a system.
fn waves(bands: &Bands, channel: usize) -> impl Iterator<Item = usize> + '_ {
    bands.all().enumerate().filter(move |(_, (c, _))| *c == channel).map(|(i, _)| i + 1)
}
