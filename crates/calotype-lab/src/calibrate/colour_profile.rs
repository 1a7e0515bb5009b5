//! A camera's colours from its picture of a chart: a matrix and a root polynomial, both of which keep white.

use crate::card::{Card, Goal, Measured, Row};
use crate::chart::{CHART_NAMES, Chart, ChartReference, find_in};
use crate::read::RawPicture;
use crate::shading::{SHADING_GRID, ShadingReport};
use crate::stats::{least_squares, mean, median, quantile};
use crate::{LabError, Result};
use calotype_color::lab::{delta_e_2000, lab_to_xyz, xyz_to_lab};
use calotype_color::matrix::{diagonal, invert, multiply, transform};
use calotype_color::{D50_XY, Matrix3, bradford, daylight_xy, planckian_xy, xy_to_xyz};
use calotype_dng::opcode;
use calotype_image::Plane;
use serde::Serialize;
use std::str::FromStr;

/// The light that a chart was photographed in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Light {
    /// Chromaticity (x, y).
    pub xy: [f64; 2],
    /// Correlated colour temperature in kelvin.
    pub kelvin: f64,
    /// The EXIF LightSource code that is nearest (DNG CalibrationIlluminant).
    pub code: u16,
}

impl FromStr for Light {
    type Err = String;

    /// `A`, `D50`, `D55`, `D65`, `D75` or a temperature in kelvin (daylight from 4000, Planckian below).
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let known =
            [("A", 2856.0, 17), ("D50", 5003.0, 23), ("D55", 5503.0, 20), ("D65", 6504.0, 21), ("D75", 7504.0, 22)];
        if let Some(&(name, kelvin, code)) = known.iter().find(|k| k.0.eq_ignore_ascii_case(text)) {
            let xy = if name == "A" { [0.44758, 0.40745] } else { daylight_xy(kelvin) };
            return Ok(Self { xy, kelvin, code });
        }
        match text.trim_end_matches(['K', 'k']).parse::<f64>() {
            Ok(kelvin) if (1500.0..=25_000.0).contains(&kelvin) => {
                let xy = if kelvin < 4000.0 { planckian_xy(kelvin) } else { daylight_xy(kelvin) };
                let nearest = known
                    .iter()
                    .min_by(|a, b| (1.0 / a.1 - 1.0 / kelvin).abs().total_cmp(&(1.0 / b.1 - 1.0 / kelvin).abs()));
                Ok(Self { xy, kelvin, code: nearest.map_or(21, |k| k.2) })
            }
            _ => Err(format!("'{text}' is no light: use A, D50, D55, D65, D75 or a temperature from 1500 to 25000")),
        }
    }
}

/// A camera's colours under one light. White balanced camera colours have the neutral patches grey.
#[derive(Clone, Debug, Serialize)]
pub struct ColourProfile {
    /// The raw it was measured from.
    pub subject: String,
    /// The light.
    pub light: Light,
    /// Camera colour of a neutral, green = 1.
    pub neutral: [f64; 3],
    /// White balanced camera colours to XYZ relative to D50; (1, 1, 1) becomes D50 (DNG ForwardMatrix).
    pub forward_matrix: Matrix3,
    /// XYZ of the light to camera colours (DNG ColorMatrix).
    pub color_matrix: Matrix3,
    /// Root polynomial of degree two: XYZ relative to D50 from r, g, b, sqrt(rg), sqrt(gb), sqrt(rb) of white balanced
    /// camera colours (Finlayson, Mackiewicz and Hurlbert 2015); exposure does not change its colours.
    pub root_polynomial: [[f64; 6]; 3],
    /// Errors of the matrix on the patches it was fitted to.
    pub matrix_error: FitError,
    /// Errors of the root polynomial on the patches it was fitted to.
    pub polynomial_error: FitError,
    /// Errors of the matrix on each patch when fitted to the others: what to expect of new colours.
    pub matrix_unseen: FitError,
    /// Errors of the root polynomial on each patch when fitted to the others.
    pub polynomial_unseen: FitError,
    /// Patches that counted, with CIEDE2000 of matrix and polynomial.
    pub patches: Vec<(&'static str, f64, f64)>,
    /// Patches that were left out, and why.
    pub left_out: Vec<String>,
}

/// CIEDE2000 over patches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FitError {
    /// Mean.
    pub mean: f64,
    /// 90th percentile.
    pub p90: f64,
    /// Largest.
    pub max: f64,
}

impl FitError {
    fn of(errors: &[f64]) -> Self {
        Self { mean: mean(errors), p90: quantile(errors, 0.9), max: errors.iter().fold(0.0, |a, b| a.max(*b)) }
    }
}

/// One patch on its way through the fit.
#[derive(Clone, Copy)]
struct Sample {
    /// White balanced camera colour, scaled so that neutrals have their luminance.
    camera: [f64; 3],
    /// CIELAB under D50.
    lab: [f64; 3],
}

/// Fits a camera's colours to a raw picture of the 24-patch chart.
///
/// `flat` takes shading away, else what the file says of it (its GainMaps) does; `chart` says where the patches are in the picture at half size, found when left out.
///
/// # Errors
/// [`LabError::NotFound`] where the chart, or its neutrals, cannot be used.
pub fn fit_colour(
    raw: &RawPicture,
    light: Light,
    reference: &ChartReference,
    flat: Option<&ShadingReport>,
    chart: Option<&Chart>,
) -> Result<ColourProfile> {
    let mut planes = raw.half();
    if flat.is_none() {
        undo_own_shading(raw, &mut planes);
    }
    if let Some(flat) = flat {
        for (c, plane) in planes.iter_mut().enumerate() {
            let (w, h) = (plane.width(), plane.height());
            for y in 0..h {
                for (x, v) in plane.row_mut(y).iter_mut().enumerate() {
                    *v /= at_grid(&flat.grid[c], (x as f64 + 0.5) / w as f64, (y as f64 + 0.5) / h as f64).max(0.05)
                        as f32;
                }
            }
        }
    }
    let found = match chart {
        Some(chart) => chart.clone(),
        None => find_in(&raw.name, &planes)?,
    };
    let colors = found.patches(&planes, 0.97);
    let lab = reference.lab_d50();
    let white = xy_to_xyz(D50_XY);
    let bad = |reason: String| LabError::NotFound {
        what: "usable chart",
        name: raw.name.clone(),
        reason,
        remedy: "Expose so that the white patch is just below clipping, and light the chart evenly.",
    };
    let mut left_out = Vec::new();
    let mut usable = |i: usize| {
        let reason = if colors[i].clipped > 0.01 {
            "clipped"
        } else if colors[i].mean.iter().any(|v| *v < 1e-4) {
            "black"
        } else {
            return true;
        };
        left_out.push(format!("{}: {reason}", CHART_NAMES[i]));
        false
    };
    let patches: Vec<usize> = (0..24).filter(|i| usable(*i)).collect();
    let neutrals: Vec<usize> = patches.iter().copied().filter(|i| (18..23).contains(i)).collect();
    if patches.len() < 16 || neutrals.len() < 3 {
        return Err(bad(format!(
            "{} patches of 24 are neither clipped nor black, {} of them neutral",
            patches.len(),
            neutrals.len()
        )));
    }
    let fit = |samples: &[Sample], terms: usize| {
        fit(samples, terms).ok_or_else(|| bad("its colours do not tell a fit".into()))
    };
    // Neutral patches are not quite neutral. What a white would give is found in turns with the matrix: it says how the
    // camera sees each neutral patch relative to white. The scale follows in the same way from green.
    let (mut neutral, mut samples, mut matrix) = ([1.0; 3], Vec::new(), None);
    for _ in 0..4 {
        let seen = |i: usize| -> Result<[f64; 3]> {
            let xyz = lab_to_xyz(lab[i], white);
            match &matrix {
                None => Ok([xyz[1]; 3]),
                Some(m) => {
                    Ok(transform(&invert(&rows(m)).ok_or_else(|| bad("its matrix has no inverse".into()))?, xyz))
                }
            }
        };
        let seen: Vec<[f64; 3]> = neutrals.iter().map(|i| seen(*i)).collect::<Result<_>>()?;
        let of =
            |c: usize| median(&neutrals.iter().zip(&seen).map(|(i, s)| colors[*i].mean[c] / s[c]).collect::<Vec<_>>());
        let white_seen = [of(0), of(1), of(2)];
        neutral = white_seen.map(|v| v / white_seen[1]);
        samples = patches
            .iter()
            .map(|i| Sample { camera: [0, 1, 2].map(|c| colors[*i].mean[c] / white_seen[c]), lab: lab[*i] })
            .collect::<Vec<_>>();
        matrix = Some(fit(&samples, 3)?);
    }
    let matrix = matrix.ok_or_else(|| bad("its colours do not tell a fit".into()))?;
    let polynomial = fit(&samples, 6)?;
    let errors = |model: &Model| samples.iter().map(|s| model.error(s)).collect::<Vec<f64>>();
    let unseen = |terms: usize| -> Result<Vec<f64>> {
        (0..samples.len())
            .map(|i| {
                let others: Vec<Sample> = samples.iter().enumerate().filter(|(j, _)| *j != i).map(|s| *s.1).collect();
                Ok(fit(&others, terms)?.error(&samples[i]))
            })
            .collect()
    };
    let (em, ep) = (errors(&matrix), errors(&polynomial));
    let forward_matrix = rows(&matrix);
    let back = invert(&forward_matrix).ok_or_else(|| bad("its matrix has no inverse".into()))?;
    // DNG multiplies a ColorMatrix with the file's AnalogBalance: what the amplifiers did is not the profile's
    let analog = raw.info.calibration.analog_balance.unwrap_or([1.0; 3]);
    let seen = [0, 1, 2].map(|c| neutral[c] / analog[c]);
    let color_matrix = multiply(&multiply(&diagonal(seen), &back), &bradford(light.xy, D50_XY));
    Ok(ColourProfile {
        subject: raw.name.clone(),
        light,
        neutral,
        forward_matrix,
        color_matrix,
        root_polynomial: [0, 1, 2].map(|i| [0, 1, 2, 3, 4, 5].map(|k| polynomial.0[i][k])),
        matrix_unseen: FitError::of(&unseen(3)?),
        polynomial_unseen: FitError::of(&unseen(6)?),
        matrix_error: FitError::of(&em),
        polynomial_error: FitError::of(&ep),
        patches: patches.iter().zip(em.iter().zip(&ep)).map(|(i, (m, p))| (CHART_NAMES[*i], *m, *p)).collect(),
        left_out,
    })
}

/// Multiplies the colours of a raw at half size with the gains that its file's GainMaps say; where there are none, or they
/// make no sense, nothing happens.
fn undo_own_shading(raw: &RawPicture, planes: &mut [Plane<f32>; 3]) {
    let (width, height) = raw.size();
    let Ok((opcodes, _)) = opcode::parse(2, &raw.info.opcode_lists[1]) else { return };
    let Some(shading) = opcode::plane_shading(&opcodes, 0, width, height) else { return };
    let mut done = [false; 3];
    for ((dx, dy), color) in raw.phases() {
        // one green stands for both
        if std::mem::replace(&mut done[color as usize], true) {
            continue;
        }
        let plane = &mut planes[color as usize];
        for y in 0..plane.height() {
            for (x, v) in plane.row_mut(y).iter_mut().enumerate() {
                *v *= shading.gain_at(2 * x + dx, 2 * y + dy, width, height);
            }
        }
    }
}

/// The matrix of a model of three terms.
fn rows(m: &Model) -> Matrix3 {
    [0, 1, 2].map(|i| [m.0[i][0], m.0[i][1], m.0[i][2]])
}

/// A value of the shading grid, bilinear, at fractions of the picture.
fn at_grid(grid: &[f64], x: f64, y: f64) -> f64 {
    let (nx, ny) = SHADING_GRID;
    let (x, y) = (x.clamp(0.0, 1.0) * (nx - 1) as f64, y.clamp(0.0, 1.0) * (ny - 1) as f64);
    let (i, j) = ((x as usize).min(nx - 2), (y as usize).min(ny - 2));
    let (fx, fy) = (x - i as f64, y - j as f64);
    let at = |i: usize, j: usize| grid[j * nx + i];
    (at(i, j) * (1.0 - fx) + at(i + 1, j) * fx) * (1.0 - fy) + (at(i, j + 1) * (1.0 - fx) + at(i + 1, j + 1) * fx) * fy
}

/// The terms of the root polynomial of degree two; the first three are those of a matrix. Negative colours have no roots.
pub(super) fn terms([r, g, b]: [f64; 3]) -> [f64; 6] {
    let root = |a: f64, b: f64| (a.max(0.0) * b.max(0.0)).sqrt();
    [r, g, b, root(r, g), root(g, b), root(r, b)]
}

/// XYZ from three or six terms.
struct Model(Vec<Vec<f64>>);

impl Model {
    fn xyz(&self, camera: [f64; 3]) -> [f64; 3] {
        let t = terms(camera);
        [0, 1, 2].map(|i| self.0[i].iter().zip(t).map(|(a, b)| a * b).sum())
    }

    fn error(&self, s: &Sample) -> f64 {
        delta_e_2000(s.lab, xyz_to_lab(self.xyz(s.camera), xy_to_xyz(D50_XY)))
    }
}

/// The coefficients of `n` terms that carry white to D50 and bring the samples nearest in CIE94 (whose weights follow
/// from the reference alone, so that the problem stays smooth), by damped Gauss-Newton steps from linear least squares.
fn fit(samples: &[Sample], n: usize) -> Option<Model> {
    let white = xy_to_xyz(D50_XY);
    // At white every term is 1, so the coefficients of a row add up to its white: that of green follows from the others.
    let build = |free: &[f64]| -> Model {
        Model(
            (0..3)
                .map(|i| {
                    let own = &free[i * (n - 1)..(i + 1) * (n - 1)];
                    let mut row = own.to_vec();
                    row.insert(1, white[i] - own.iter().sum::<f64>());
                    row
                })
                .collect(),
        )
    };
    let mut free = Vec::new();
    for i in 0..3 {
        let rows: Vec<Vec<f64>> = samples
            .iter()
            .map(|s| {
                let t = terms(s.camera);
                (0..n).filter(|k| *k != 1).map(|k| t[k] - t[1]).collect()
            })
            .collect();
        let targets: Vec<f64> = samples.iter().map(|s| lab_to_xyz(s.lab, white)[i] - white[i] * s.camera[1]).collect();
        // a light ridge: 24 patches tell six terms apart only just
        let mut ridged = rows.clone();
        let mut wanted = targets.clone();
        for k in 0..n - 1 {
            ridged.push((0..n - 1).map(|j| if j == k { 0.003 } else { 0.0 }).collect());
            wanted.push(0.0);
        }
        free.extend(least_squares(&ridged, &wanted)?);
    }
    let residuals = |free: &[f64]| -> Vec<f64> {
        let model = build(free);
        let mut out: Vec<f64> = samples
            .iter()
            .flat_map(|s| {
                let lab = xyz_to_lab(model.xyz(s.camera), white);
                let c = s.lab[1].hypot(s.lab[2]);
                let (da, db) = (lab[1] - s.lab[1], lab[2] - s.lab[2]);
                // along and across the reference's hue
                let (ux, uy) = if c > 1e-6 { (s.lab[1] / c, s.lab[2] / c) } else { (1.0, 0.0) };
                let (dc, dh) = (da * ux + db * uy, db * ux - da * uy);
                [lab[0] - s.lab[0], dc / (1.0 + 0.045 * c), dh / (1.0 + 0.015 * c)]
            })
            .collect();
        // roots are held small where the patches do not ask for them
        if n == 6 {
            out.extend((0..3).flat_map(|i| (2..5).map(move |k| free[i * 5 + k] * 0.6)));
        }
        out
    };
    let square = |r: &[f64]| r.iter().map(|v| v * v).sum::<f64>();
    let mut current = residuals(&free);
    let mut damping = 1e-3;
    for _ in 0..40 {
        let step = 1e-5;
        let columns: Vec<Vec<f64>> = (0..free.len())
            .map(|k| {
                let mut moved = free.clone();
                moved[k] += step;
                residuals(&moved).iter().zip(&current).map(|(a, b)| (a - b) / step).collect()
            })
            .collect();
        let mut rows: Vec<Vec<f64>> = (0..current.len()).map(|i| columns.iter().map(|c| c[i]).collect()).collect();
        let mut targets: Vec<f64> = current.iter().map(|v| -v).collect();
        for k in 0..free.len() {
            let size = square(&columns[k]).sqrt().max(1e-6);
            rows.push((0..free.len()).map(|j| if j == k { damping * size } else { 0.0 }).collect());
            targets.push(0.0);
        }
        let moves = least_squares(&rows, &targets)?;
        let tried: Vec<f64> = free.iter().zip(&moves).map(|(a, b)| a + b).collect();
        let next = residuals(&tried);
        if square(&next) < square(&current) {
            let gained = 1.0 - square(&next) / square(&current);
            (free, current) = (tried, next);
            damping = (damping * 0.3).max(1e-6);
            if gained < 1e-7 {
                break;
            }
        } else {
            damping *= 6.0;
            if damping > 1e3 {
                break;
            }
        }
    }
    Some(build(&free))
}

impl ColourProfile {
    /// XYZ relative to D50 of a white balanced camera colour, by the matrix.
    pub fn by_matrix(&self, camera: [f64; 3]) -> [f64; 3] {
        transform(&self.forward_matrix, camera)
    }

    /// The same by the root polynomial.
    pub fn by_polynomial(&self, camera: [f64; 3]) -> [f64; 3] {
        let t = terms(camera);
        self.root_polynomial.map(|row| row.iter().zip(t).map(|(a, b)| a * b).sum())
    }
}

impl Measured for ColourProfile {
    fn card(&self) -> Card {
        let rows = self.patches.iter().map(|(name, m, p)| Row::new(*name, [*m, *p])).collect();
        let fits = [
            ("matrix", self.matrix_error, self.matrix_unseen),
            ("root polynomial", self.polynomial_error, self.polynomial_unseen),
        ];
        let errors = fits.iter().map(|(n, e, u)| Row::new(*n, [e.mean, e.p90, e.max, u.mean, u.p90, u.max])).collect();
        let mut card = Card::new(
            "colour profile",
            &self.subject,
            "white-preserving matrix and root polynomial (Finlayson, Mackiewicz and Hurlbert 2015)",
        )
        .figure("profile_delta_e", "dE2000 of the profile, mean", self.polynomial_error.mean, "", Goal::Lower)
        .figure("profile_unseen", "on patches left out of the fit, mean", self.polynomial_unseen.mean, "", Goal::Lower)
        .figure("profile_matrix", "dE2000 of the matrix alone, mean", self.matrix_error.mean, "", Goal::Lower)
        .figure("profile_kelvin", "light", self.light.kelvin, "K", Goal::Neither)
        .table("dE2000", &["mean", "p90", "max", "unseen mean", "unseen p90", "unseen max"], errors)
        .table("Patches", &["matrix", "polynomial"], rows);
        if !self.left_out.is_empty() {
            card = card.note(format!("Left out: {}.", self.left_out.join(", ")));
        }
        card
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::chart::tests::draw;
    use calotype_image::Cfa;

    /// A raw of the chart by a camera whose colours are `m` times XYZ (D50 light), slightly bent if `bend` is not 0.
    pub(crate) fn chart_raw(m: &Matrix3, bend: f64) -> RawPicture {
        let picture = draw((720, 540), [[90.0, 75.0], [630.0, 105.0], [615.0, 465.0], [75.0, 435.0]], [1.0; 3]);
        let to_d50 = bradford(calotype_color::D65_XY, D50_XY);
        let cfa = Cfa::RGGB;
        let samples = Plane::from_fn(720, 540, |x, y| {
            // one colour for each cell, as a half-size picture has
            let rgb = picture.rgb.get(x & !1, y & !1).map(f64::from);
            let xyz = transform(&to_d50, transform(&crate::picture::REC709_TO_XYZ, rgb));
            let camera = transform(m, xyz).map(|v| v.max(0.0));
            let c = cfa.color_at(x, y) as usize;
            let other = camera[(c + 1) % 3];
            (0.5 * ((1.0 - bend) * camera[c] + bend * (camera[c] * other).sqrt())) as f32
        });
        RawPicture { name: "chart".into(), samples, cfa, info: crate::synth::info() }
    }

    pub(crate) const CAMERA: Matrix3 = [[0.60, 0.35, -0.10], [-0.25, 1.15, 0.12], [0.02, -0.08, 0.85]];

    #[test]
    fn a_linear_camera_is_found_exactly() {
        let raw = chart_raw(&CAMERA, 0.0);
        let light = "D50".parse().unwrap();
        let profile = fit_colour(&raw, light, &ChartReference::Since2014, None, None).unwrap();
        assert!(profile.matrix_error.max < 0.35, "{:?}", profile.matrix_error);
        let white = profile.by_matrix([1.0; 3]);
        assert!(white.iter().zip(xy_to_xyz(D50_XY)).all(|(a, b)| (a - b).abs() < 1e-9));
        let white = profile.by_polynomial([1.0; 3]);
        assert!(white.iter().zip(xy_to_xyz(D50_XY)).all(|(a, b)| (a - b).abs() < 1e-9));
        // ColorMatrix times the light's white is the neutral
        let neutral = transform(&profile.color_matrix, xy_to_xyz(light.xy));
        for c in 0..3 {
            assert!((neutral[c] / neutral[1] - profile.neutral[c]).abs() < 2e-3, "{neutral:?} {:?}", profile.neutral);
        }
    }

    #[test]
    fn roots_help_a_bent_camera_and_exposure_does_not_matter() {
        let raw = chart_raw(&CAMERA, 0.3);
        let light = "D50".parse().unwrap();
        let fitted = |raw: &RawPicture| fit_colour(raw, light, &ChartReference::Since2014, None, None).unwrap();
        let profile = fitted(&raw);
        assert!(
            profile.polynomial_error.mean < 0.6 * profile.matrix_error.mean,
            "{:?} {:?}",
            profile.polynomial_error,
            profile.matrix_error
        );
        assert!(profile.polynomial_unseen.mean < profile.matrix_unseen.mean);
        let mut dark = raw.clone();
        dark.samples.data_mut().iter_mut().for_each(|v| *v *= 0.3);
        let other = fitted(&dark);
        for (a, b) in profile.root_polynomial.iter().flatten().zip(other.root_polynomial.iter().flatten()) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }

    #[test]
    fn lights_are_read_by_name() {
        assert_eq!("d65".parse::<Light>().unwrap().code, 21);
        assert_eq!("3000K".parse::<Light>().unwrap().code, 17);
        assert!("0".parse::<Light>().is_err() && "sun".parse::<Light>().is_err());
        let mut over = chart_raw(&CAMERA, 0.0);
        over.samples.data_mut().iter_mut().for_each(|v| *v = (*v * 40.0).min(1.0));
        assert!(fit_colour(&over, "D50".parse().unwrap(), &ChartReference::Since2014, None, None).is_err());
    }
}
