//! A prescription's corrections for other programs: DNG opcodes, a Lensfun entry, and spots as an array. Each says how far
//! it is from what the prescription says.

use crate::prescription::Correction;
use calotype_dng::opcode::{Opcode, Operation, encode};
use calotype_image::{Vignette, Warp, WarpModel, WarpPlane};
use calotype_optics::camera::{KNOTS, Mounted, SpotTable};
use serde::Serialize;
use std::fmt::Write;

/// Corrections in a file's form.
#[derive(Clone, Debug, PartialEq)]
pub struct LensExport {
    /// The file.
    pub bytes: Vec<u8>,
    /// How far it is from the prescription, at worst.
    pub residuals: Vec<Residual>,
}

/// How far a fit is from what it was fitted to, at worst over the picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Residual {
    /// What was fitted.
    pub what: &'static str,
    /// The distance.
    pub worst: f64,
    /// Its unit: `px` (pixels of the picture) or `%` (of the light on the axis's scale).
    pub unit: &'static str,
}

/// Powers of the radius in the warp of an opcode list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarpTerms {
    /// Four even ones: WarpRectilinear (DNG 1.3), which every reader knows.
    Four,
    /// Eight even ones: WarpRectilinear2 (DNG 1.6).
    Eight,
}

/// An opcode list for the third place of a DNG (OpcodeList3): FixVignetteRadial, then a warp, fitted by least squares of
/// light and of places. `size` is the picture's in pixels.
pub fn opcode_list(mounted: &Mounted, size: (usize, usize), terms: WarpTerms) -> LensExport {
    let (long, short) = (size.0.max(size.1) as f64, size.0.min(size.1).max(1) as f64);
    let corner = 0.5 * long.hypot(short);
    let correction = Correction::of(mounted, None, long / short);
    let count = if terms == WarpTerms::Four { 4 } else { 8 };
    let mut off = [0f64; 3];
    let planes = [0, 1, 2].map(|c| {
        let points: Vec<(f64, f64)> = radii(&correction.ratio[c]).collect();
        let k = fit(&points, count, |r, i| r * r.powi(2 * i), |r, f| r * f);
        let even = |r: f64| k.iter().rev().fold(0.0, |sum, k| sum * r * r + k);
        off[c] = points.iter().fold(0.0, |m, (r, f)| m.max((even(*r) - f).abs() * r * corner));
        let mut plane = WarpPlane::identity(WarpModel::Rectilinear);
        k.iter().enumerate().for_each(|(i, k)| plane.radial[2 * i] = *k);
        plane
    });
    let points: Vec<(f64, f64)> = radii(&correction.gain[1]).collect();
    let k = fit(&points, 5, |r, i| r.powi(2 * i + 2) / at(&points, r), |r, f| (f - 1.0) / at(&points, r));
    let vignette = Vignette { k: std::array::from_fn(|i| k[i]), center: (0.5, 0.5) };
    let shading = [0, 1, 2].map(|c| {
        let points = radii(&correction.gain[c]);
        100.0 * points.fold(0f64, |m, (r, gain)| m.max((vignette.radial_gain(r * r) / gain - 1.0).abs()))
    });
    let warp = Warp { model: WarpModel::Rectilinear, planes: planes.to_vec(), center: (0.5, 0.5), reciprocal: false };
    let list = [Opcode::new(Operation::Vignette(vignette)), Opcode::new(Operation::Warp(warp))];
    let px = |what, worst| Residual { what, worst, unit: "px" };
    let light = |what, worst| Residual { what, worst, unit: "%" };
    LensExport {
        bytes: encode(&list),
        residuals: vec![
            px("places in red", off[0]),
            px("places in green", off[1]),
            px("places in blue", off[2]),
            light("falloff in red", shading[0]),
            light("falloff in green", shading[1]),
            light("falloff in blue", shading[2]),
        ],
    }
}

/// A Lensfun database with this one lens: distortion by `ptlens`, lateral colour by `poly3`, falloff by `pa`. The unit of
/// the first two is half of the picture's shorter side, that of falloff half of its diagonal.
pub fn lensfun(mounted: &Mounted, size: (usize, usize)) -> LensExport {
    let (long, short) = (size.0.max(size.1) as f64, size.0.min(size.1).max(1) as f64);
    let (corner, unit) = (0.5 * long.hypot(short), 0.5 * short);
    let ideal = |c: usize, r: f64| r * mounted.rendition(c).ideal_ratio.at(r);
    let one = unit / corner;
    let steps: Vec<f64> = (1..=512).map(|i| f64::from(i) / 512.0).collect();
    // radii in the straight picture, against those in the lens's; the picture's size is free, and 1 stays 1
    let places: Vec<(f64, f64)> = steps.iter().map(|r| (ideal(1, *r) / ideal(1, one), r / one)).collect();
    let k = fit(&places, 3, |u, i| u * (u.powi(i + 1) - 1.0), |u, d| d - u);
    let distorted = |u: f64| u * (1.0 + (0..3).map(|i| k[i] * (u.powi(i as i32 + 1) - 1.0)).sum::<f64>());
    let distortion = places.iter().fold(0f64, |m, (u, d)| m.max((distorted(*u) - d).abs() * unit));
    // a channel's radius against green's where the light of one direction falls
    let [(red, red_off), (blue, blue_off)] = [0, 2].map(|c| {
        let other = |r: f64| {
            // channels differ by so little that few steps will do
            (0..20).fold(r, |x, _| x * ideal(1, r) / ideal(c, x).max(1e-12))
        };
        let points: Vec<(f64, f64)> = steps.iter().map(|r| (r / one, other(*r) / one)).collect();
        let k = fit(&points, 3, |g, i| g.powi(i + 1), |_, d| d);
        let worst =
            points.iter().fold(0f64, |m, (g, d)| m.max((k[0] * g + k[1] * g * g + k[2] * g.powi(3) - d).abs() * unit));
        (k, worst)
    });
    let light: Vec<(f64, f64)> = steps.iter().map(|r| (*r, mounted.rendition(1).illumination.at(*r))).collect();
    let v = fit(&light, 3, |r, i| r.powi(2 * i + 2), |_, l| l - 1.0);
    let falloff = light
        .iter()
        .fold(0f64, |m, (r, l)| m.max(((1.0 + v[0] * r * r + v[1] * r.powi(4) + v[2] * r.powi(6)) / l - 1.0).abs()));
    let residuals = vec![
        Residual { what: "places in green", worst: distortion, unit: "px" },
        Residual { what: "red against green", worst: red_off, unit: "px" },
        Residual { what: "blue against green", worst: blue_off, unit: "px" },
        Residual { what: "falloff in green", worst: 100.0 * falloff, unit: "%" },
    ];
    let (focal, f_number) = (mounted.focal_mm(), mounted.f_number());
    let crop = 21.633 / mounted.half_diagonal_mm();
    let name = escaped(&mounted.lens().name);
    let mut text = String::from("<?xml version=\"1.0\"?>\n<!-- Derived from a prescription");
    // two hyphens would end a comment
    write!(text, " ({}); ", escaped(&mounted.lens().source).replace("--", "- -")).ok();
    write!(text, "at worst off, for {} x {} pixels:", size.0, size.1).ok();
    for r in &residuals {
        write!(text, " {} {:.2} {};", r.what, r.worst, r.unit).ok();
    }
    text.pop();
    write!(
        text,
        ". -->\n<lensdatabase version=\"1\">\n    <mount>\n        <name>{name}</name>\n    </mount>\n    <lens>\n        \
         <maker>Calotype</maker>\n        <model>{name}</model>\n        <mount>{name}</mount>\n        \
         <focal value=\"{focal:.4}\" />\n        <aperture value=\"{f_number:.3}\" />\n        \
         <type>rectilinear</type>\n        <cropfactor>{crop:.5}</cropfactor>\n        \
         <aspect-ratio>{:.5}</aspect-ratio>\n        <calibration>\n            \
         <distortion model=\"ptlens\" focal=\"{focal:.4}\" a=\"{:.8}\" b=\"{:.8}\" c=\"{:.8}\" />\n            \
         <tca model=\"poly3\" focal=\"{focal:.4}\" vr=\"{:.9}\" cr=\"{:.9}\" br=\"{:.9}\" vb=\"{:.9}\" cb=\"{:.9}\" \
         bb=\"{:.9}\" />\n            <vignetting model=\"pa\" focal=\"{focal:.4}\" aperture=\"{f_number:.3}\" \
         distance=\"1000\" k1=\"{:.7}\" k2=\"{:.7}\" k3=\"{:.7}\" />\n        </calibration>\n    </lens>\n\
         </lensdatabase>\n",
        long / short, k[2], k[1], k[0], red[0], red[1], red[2], blue[0], blue[1], blue[2], v[0], v[1], v[2]
    )
    .ok();
    LensExport { bytes: text.into_bytes(), residuals }
}

/// Spots of the three channels in focus as a NumPy array of 32-bit floats: channel, radius (even steps from the axis to
/// the corner), then rows across and columns along the radius; the middle sample is where the corrections put the light.
pub fn spot_array(table: &SpotTable) -> LensExport {
    let shape = format!("(3, {KNOTS}, {0}, {0})", table.size);
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    // magic, version, length and header fill a multiple of 64 bytes, the last of which ends a line
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    for channel in 0..3 {
        for knot in 0..KNOTS {
            let spot = table.at(channel, knot as f64 / (KNOTS - 1) as f64);
            spot.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
        }
    }
    LensExport { bytes, residuals: Vec::new() }
}

/// Radii above 0 of a table over 0 to 1, with its values.
fn radii(table: &[f64]) -> impl Iterator<Item = (f64, f64)> + '_ {
    let last = (table.len() - 1) as f64;
    table.iter().enumerate().skip(1).map(move |(i, v)| (i as f64 / last, *v))
}

/// The value at one of the points' own places.
fn at(points: &[(f64, f64)], r: f64) -> f64 {
    let i = points.partition_point(|p| p.0 < r - 1e-12).min(points.len() - 1);
    points[i].1
}

/// Least squares of `sum k[i] basis(x, i) - value(x, y)` over points (x, y).
fn fit(
    points: &[(f64, f64)],
    count: usize,
    basis: impl Fn(f64, i32) -> f64,
    value: impl Fn(f64, f64) -> f64,
) -> Vec<f64> {
    let n = count;
    let mut m = vec![vec![0.0; n + 1]; n];
    for (x, y) in points {
        let row: Vec<f64> = (0..n).map(|i| basis(*x, i as i32)).chain([value(*x, *y)]).collect();
        for i in 0..n {
            (0..=n).for_each(|j| m[i][j] += row[i] * row[j]);
        }
    }
    // elimination with the largest pivot of each column
    for i in 0..n {
        let pivot = (i..n).max_by(|a, b| m[*a][i].abs().total_cmp(&m[*b][i].abs())).unwrap_or(i);
        m.swap(i, pivot);
        for j in (0..n).filter(|j| *j != i) {
            let factor = m[j][i] / m[i][i];
            (i..=n).for_each(|k| m[j][k] -= factor * m[i][k]);
        }
    }
    (0..n).map(|i| m[i][n] / m[i][i]).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_dng::opcode;
    use calotype_optics::camera::Bands;

    const SIZE: (usize, usize) = (4096, 3072);

    fn phone() -> Mounted {
        let lens = calotype_optics::built_in_lens("phone-9p").unwrap().unwrap();
        Mounted::new(lens, 8.192, &Bands::default()).unwrap()
    }

    #[test]
    fn opcodes_do_what_their_residuals_say() {
        let mounted = phone();
        let correction = Correction::of(&mounted, None, 4.0 / 3.0);
        let mut worst = Vec::new();
        for terms in [WarpTerms::Four, WarpTerms::Eight] {
            let export = opcode_list(&mounted, SIZE, terms);
            let (list, warnings) = opcode::parse(3, &export.bytes).unwrap();
            assert!(warnings.is_empty(), "{warnings:?}");
            let (found, _) = opcode::lens_correction(&list, SIZE.0, SIZE.1);
            for c in 0..3 {
                let (mut off, mut light) = (0f64, 0f64);
                for i in 0..=200 {
                    let (x, y) = (2048.0 + 2047.5 * f64::from(i) / 200.0, 1536.0 + 1535.5 * f64::from(i) / 200.0);
                    let (sx, sy, gain) = found.source_and_gain(c, x as f32, y as f32, SIZE.0, SIZE.1);
                    let (tx, ty, true_gain) = correction.source(c, (x, y), SIZE);
                    off = off.max((f64::from(sx) - tx).hypot(f64::from(sy) - ty));
                    light = light.max(100.0 * (f64::from(gain) / true_gain - 1.0).abs());
                }
                let said = |i: usize| export.residuals[i].worst;
                assert!(off < said(c) + 0.02 && off > 0.5 * said(c), "{terms:?} {c}: {off} {}", said(c));
                assert!(light < said(3 + c) + 0.1, "{terms:?} {c}: {light} {}", said(3 + c));
            }
            worst.push(export.residuals[1].worst);
        }
        // more terms are nearer
        assert!(worst[1] < 0.7 * worst[0], "{worst:?}");
    }

    #[test]
    fn lensfun_entries_are_well_formed_and_say_how_far_they_are() {
        let export = lensfun(&phone(), SIZE);
        let text = String::from_utf8(export.bytes).unwrap();
        let number = |key: &str| -> f64 {
            let from = text.find(&format!(" {key}=\"")).unwrap() + key.len() + 3;
            text[from..].split('"').next().unwrap().parse().unwrap()
        };
        // the model at the corner, against the lens
        let m = phone();
        let (a, b, c) = (number("a"), number("b"), number("c"));
        let one = 0.6;
        let ideal = |r: f64| r * m.rendition(1).ideal_ratio.at(r);
        let u = ideal(1.0) / ideal(one);
        let d = u * (a * u.powi(3) + b * u * u + c * u + 1.0 - a - b - c);
        let off = (d - 1.0 / one).abs() * 1536.0;
        assert!(off < export.residuals[0].worst + 0.05, "{off} {:?}", export.residuals);
        assert!((number("vr") - 1.0).abs() < 0.01 && number("k1") < 0.0);
        assert_eq!(text.matches("--").count(), 2, "{text}");
    }

    #[test]
    fn spots_are_an_array() {
        let m = phone();
        let table = m.spots(1e6, 1e6).unwrap();
        let bytes = spot_array(&table).bytes;
        let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        assert_eq!((10 + length) % 64, 0);
        assert_eq!(bytes.len(), 10 + length + 4 * 3 * KNOTS * table.size * table.size);
        let first: f32 = bytes[10 + length..][..4 * table.size * table.size]
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .sum();
        assert!((first - 1.0).abs() < 1e-4, "{first}");
    }
}
