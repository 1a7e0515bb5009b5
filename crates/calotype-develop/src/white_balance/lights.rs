//! The light that makes a picture's colours likely: correlation of what is seen with what the world looks like under light
//! that exists (after Finlayson, Hordley and Hubel 2001, "Color by correlation").

use super::cues;
use calotype_color::{CameraModel, ColorError, ResolvedCamera, WhiteBalance};
use calotype_image::{CameraRgb, Plane};

/// A camera colour without its brightness, ln(red / green) and ln(blue / green), and the share of the picture that has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chroma {
    /// ln(red / green).
    pub red: f32,
    /// ln(blue / green).
    pub blue: f32,
    /// Share of the pixels; all shares sum to 1.
    pub share: f32,
}

/// Side of a bin of chroma.
const BIN: f32 = 0.05;
/// Bins on each side of zero: beyond e^2.5 there is no light.
const BINS: i32 = 50;

/// The colours of a picture's pixels, in order. Left out are those that are not trusted and those darker than a fiftieth of
/// the bright ones, which are noise and glare.
pub fn chroma(picture: &CameraRgb, good: &Plane<bool>) -> Vec<Chroma> {
    let smooth = picture.planes.each_ref().map(|p| cues::blur(p, 1.0));
    let at = |x: usize, y: usize| smooth.each_ref().map(|p| p.get(x, y));
    let mut light: Vec<f32> = Vec::new();
    let mut seen: Vec<[f32; 3]> = Vec::new();
    for y in (0..picture.height()).step_by(2) {
        for x in (0..picture.width()).step_by(2) {
            let c = at(x, y);
            if good.get(x, y) && c.iter().all(|v| v.is_finite() && *v > 1e-5) {
                light.push(c.iter().sum());
                seen.push(c);
            }
        }
    }
    if seen.is_empty() {
        return Vec::new();
    }
    let bright = {
        let mut sorted = light.clone();
        let at = (sorted.len() - 1) * 99 / 100;
        *sorted.select_nth_unstable_by(at, f32::total_cmp).1
    };
    let side = (2 * BINS) as usize;
    let mut counts = vec![0u32; side * side];
    for (c, light) in seen.iter().zip(&light) {
        let bin = |v: f32| ((v.ln() / BIN).floor() as i32 + BINS).clamp(0, 2 * BINS - 1) as usize;
        if *light > 0.02 * bright {
            counts[bin(c[0] / c[1]) * side + bin(c[2] / c[1])] += 1;
        }
    }
    let total: u32 = counts.iter().sum();
    let middle = |i: usize| (i as f32 - BINS as f32 + 0.5) * BIN;
    counts
        .iter()
        .enumerate()
        .filter(|(_, n)| **n > 0)
        .map(|(i, n)| Chroma { red: middle(i / side), blue: middle(i % side), share: *n as f32 / total as f32 })
        .collect()
}

/// A normal distribution of chroma relative to white: weight, mean and standard deviation of ln(red / green) and ln(blue /
/// green), and their correlation.
struct Surfaces {
    weight: f32,
    mean: [f32; 2],
    deviation: [f32; 2],
    correlation: f32,
}

/// What surfaces look like in a white light: a third are grey, or nearly; most are muted and rather warm, as skin, wood,
/// earth and most paints are; some have any colour, again more often a warm one. Round figures: the answer does not
/// hang on them.
const WORLD: [Surfaces; 3] = [
    Surfaces { weight: 0.35, mean: [0.02, -0.02], deviation: [0.05, 0.06], correlation: 0.0 },
    Surfaces { weight: 0.45, mean: [0.10, -0.20], deviation: [0.15, 0.20], correlation: -0.4 },
    Surfaces { weight: 0.20, mean: [0.20, -0.40], deviation: [0.40, 0.50], correlation: -0.4 },
];
/// Density of what nothing else explains.
const ANYTHING: f32 = 1e-3;

/// Logarithm of the density of a chroma relative to white.
fn likelihood(red: f32, blue: f32) -> f32 {
    let density = |s: &Surfaces| {
        let (a, b) = ((red - s.mean[0]) / s.deviation[0], (blue - s.mean[1]) / s.deviation[1]);
        let rest = 1.0 - s.correlation * s.correlation;
        let square = (a * a - 2.0 * s.correlation * a * b + b * b) / rest;
        s.weight * (-0.5 * square).exp() / (std::f32::consts::TAU * s.deviation[0] * s.deviation[1] * rest.sqrt())
    };
    (WORLD.iter().map(density).sum::<f32>() + ANYTHING).ln()
}

/// What lights there are: reciprocal temperature in mired and tint in DNG units, each with its standard deviation.
#[derive(Clone, Copy, Debug)]
pub struct Lights {
    /// Mean and deviation in mired.
    pub mired: [f64; 2],
    /// Mean and deviation of the tint.
    pub tint: [f64; 2],
}

/// Independent pixels that a picture of many colours is worth: neighbours show the same things.
const WORTH: f32 = 8.0;

/// The likeliest light: it makes the picture's colours those of the world, lies near the estimates `near` (each a chroma with
/// its uncertainty, and may be wrong altogether), and is a light that exists. Searched over 2000 to 12000 K on a
/// grid of 2 mired by 1.5 of tint.
///
/// # Errors
/// Those of [`CameraModel::resolve`], where it knows no light at all.
pub fn likeliest(
    camera: &CameraModel,
    colours: &[Chroma],
    near: &[([f32; 2], f32)],
    lights: Lights,
) -> Result<ResolvedCamera, ColorError> {
    // a picture of one colour tells nothing: it may be a lawn as well as a wall (Simpson's index of diversity)
    let worth = WORTH * (1.0 - colours.iter().map(|c| c.share * c.share).sum::<f32>());
    let cost = |mired: f64, tint: f64| {
        // lights that the camera's matrices give no colour for are none of its lights
        let Ok(white) = camera.resolve(WhiteBalance::Kelvin { kelvin: 1e6 / mired, tint }) else {
            return f64::INFINITY;
        };
        let [r, g, b] = white.neutral;
        let (red, blue) = ((r / g).ln(), (b / g).ln());
        let world: f32 = colours.iter().map(|c| c.share * likelihood(c.red - red, c.blue - blue)).sum();
        // Cauchy's distribution: an estimate far off counts for little
        let estimates: f32 =
            near.iter().map(|([a, b], s)| 0.5 * (0.5 * ((a - red).hypot(b - blue) / s).powi(2)).ln_1p()).sum();
        let prior = |v: f64, [mean, deviation]: [f64; 2]| 0.5 * ((v - mean) / deviation).powi(2);
        f64::from(estimates - worth * world) + prior(mired, lights.mired) + prior(tint, lights.tint)
    };
    let mut best = (f64::INFINITY, lights.mired[0], lights.tint[0]);
    for (mired_step, tint_step, around) in [(10.0, 6.0, None), (2.0, 1.5, Some(()))] {
        let (mired, tint) = match around {
            None => (290.0, 0.0),
            Some(()) => (best.1, best.2),
        };
        let (wide, high) = if around.is_some() { (5, 4) } else { (21, 5) };
        for i in -wide..=wide {
            for j in -high..=high {
                let (m, t) = (mired + mired_step * f64::from(i), tint + tint_step * f64::from(j));
                if (80.0..=500.0).contains(&m) {
                    let c = cost(m, t);
                    if c < best.0 {
                        best = (c, m, t);
                    }
                }
            }
        }
    }
    camera.resolve(WhiteBalance::Kelvin { kelvin: 1e6 / best.1, tint: best.2 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_color::{RgbSpace, matrix};

    #[test]
    fn the_world_is_a_distribution_and_mostly_grey() {
        let step = 0.02f32;
        let mut sum = 0.0;
        for i in -150..150 {
            for j in -150..150 {
                sum += (likelihood(i as f32 * step, j as f32 * step).exp() - ANYTHING) * step * step;
            }
        }
        assert!((sum - 1.0).abs() < 0.01, "{sum}");
        assert!(likelihood(0.0, 0.0) > likelihood(0.3, -0.3) && likelihood(0.2, -0.3) > likelihood(-0.2, 0.3));
    }

    #[test]
    fn a_room_of_warm_things_keeps_their_warmth_under_every_lamp() {
        // broad filters that overlap, as sensors have
        let filters = [[0.42, 0.17, 0.02], [0.16, 0.72, 0.12], [0.03, 0.20, 0.47]];
        let light = calotype_color::IlluminantCalibration {
            white_xy: calotype_color::D65_XY,
            kelvin: 6504.0,
            color_matrix: matrix::multiply(&filters, &RgbSpace::Rec709.from_xyz()),
            forward_matrix: None,
            camera_calibration: None,
            hue_sat_map: None,
        };
        let calibration = calotype_color::CameraCalibration { illuminants: vec![light], ..Default::default() };
        let camera = CameraModel::new(&calibration).unwrap();
        let lights = Lights { mired: [230.0, 110.0], tint: [0.0, 8.0] };
        for kelvin in [2900.0, 4200.0, 6500.0] {
            let white = camera.resolve(WhiteBalance::Kelvin { kelvin, tint: 0.0 }).unwrap().neutral;
            let seen = |(red, blue, share): (f32, f32, f32)| Chroma {
                red: (white[0] / white[1]).ln() + red,
                blue: (white[2] / white[1]).ln() + blue,
                share,
            };
            // a third is grey, the rest is skin, wood and cloth: the mean is far from white
            let colours = [(0.0, 0.0, 0.35), (0.1, -0.2, 0.3), (0.2, -0.4, 0.25), (-0.1, 0.2, 0.1)].map(seen);
            let found = likeliest(&camera, &colours, &[], lights).unwrap().neutral;
            let off = (found[0] / white[0]).ln().hypot((found[2] / white[2]).ln());
            assert!(off < 0.06, "{kelvin}: {off}");
        }
    }

    #[test]
    fn shares_sum_to_one_and_dark_pixels_are_left_out() {
        let mut picture = CameraRgb::from_planes([0.2f32, 0.4, 0.3].map(|v| Plane::filled(60, 40, v)));
        for (c, plane) in picture.planes.iter_mut().enumerate() {
            (0..10).for_each(|y| plane.row_mut(y).fill([0.002, 0.001, 0.001][c]));
        }
        let good = Plane::filled(60, 40, true);
        let colours = chroma(&picture, &good);
        assert!((colours.iter().map(|c| c.share).sum::<f32>() - 1.0).abs() < 1e-5);
        let most = colours.iter().max_by(|a, b| a.share.total_cmp(&b.share)).unwrap();
        assert!((most.red - 0.5f32.ln()).abs() < BIN && (most.blue - 0.75f32.ln()).abs() < BIN, "{most:?}");
        assert!(chroma(&CameraRgb::new(0, 0), &Plane::new(0, 0)).is_empty());
    }
}
