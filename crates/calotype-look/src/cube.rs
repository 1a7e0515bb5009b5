//! `.cube` files: colour tables as text ("Cube LUT Specification" 1.0, Adobe 2013).

use crate::{Lattice, LookError};
use std::fmt::Write;

/// Bytes beyond which a text is refused unread: 144 points along each axis, 40 bytes each.
const LIMIT: usize = 40 * 144 * 144 * 144;

impl Lattice {
    /// Writes the cube as a `.cube` file with a title and comments (a line each). Every value has the digits that bring it
    /// back unchanged.
    pub fn to_cube(&self, title: &str, comments: &[String]) -> String {
        let mut out = String::with_capacity(30 * self.points().len() + 1000);
        for line in comments {
            let _ = writeln!(out, "# {}", line.replace(['\r', '\n'], " "));
        }
        let title: String = title.chars().filter(|c| !c.is_control() && *c != '"').collect();
        let _ = writeln!(out, "TITLE \"{title}\"\nLUT_3D_SIZE {}", self.size());
        out.push_str("DOMAIN_MIN 0.0 0.0 0.0\nDOMAIN_MAX 1.0 1.0 1.0\n");
        for [r, g, b] in self.points() {
            let _ = writeln!(out, "{r} {g} {b}");
        }
        out
    }

    /// Reads a `.cube` file: a table of three dimensions, of one, or one of one before one of three (a shaper, as grading
    /// programs write it), for whatever range of codes.
    ///
    /// A plain table for codes from 0 to 1 comes as it is; of anything else the cube holds what it makes of these codes, with
    /// as many points as the file's table of three dimensions, and at least 65 where it has curves.
    ///
    /// # Errors
    /// [`LookError::Table`], which names the line: unknown keywords, ranges without width, values that are no numbers, too few
    /// or too many of them.
    pub fn from_cube(text: &str) -> Result<Self, LookError> {
        if text.len() > LIMIT {
            return Err(bad(0, format!("{} bytes are more than any .cube file has", text.len())));
        }
        let (mut reading, mut end) = (Reading::default(), 0);
        for (i, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                end = i + 1;
                reading.line(line, end)?;
            }
        }
        reading.finish(end)
    }
}

/// Points beyond which a table of one dimension is refused (the specification's limit).
const CURVE_LIMIT: usize = 65_536;
/// Least points of the cube that a file with curves becomes.
const CURVED: usize = 65;
/// Codes from 0 to 1.
const UNIT: Range = [[0.0; 3], [1.0; 3]];

/// The codes at both ends of a table.
type Range = [[f64; 3]; 2];

fn bad(line: usize, message: String) -> LookError {
    LookError::Table { line, message }
}

/// What is known after some lines of a file.
#[derive(Default)]
struct Reading {
    curve_size: Option<usize>,
    cube_size: Option<usize>,
    domain: [Option<[f64; 3]>; 2],
    curve_range: Option<Range>,
    cube_range: Option<Range>,
    points: Vec<[f32; 3]>,
}

impl Reading {
    fn line(&mut self, line: &str, at: usize) -> Result<(), LookError> {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        let mut numbers = || -> Vec<f64> {
            let all: Option<Vec<f64>> =
                words.by_ref().map(|w| w.parse().ok().filter(|v: &f64| v.is_finite())).collect();
            all.unwrap_or_default()
        };
        match first {
            "TITLE" => {}
            "LUT_3D_SIZE" | "LUT_1D_SIZE" => {
                let (slot, sizes) = match first {
                    "LUT_3D_SIZE" => (&mut self.cube_size, Lattice::SIZES),
                    _ => (&mut self.curve_size, 2..=CURVE_LIMIT),
                };
                let n = words.next().and_then(|w| w.parse().ok()).filter(|n| sizes.contains(n));
                let (low, high) = (sizes.start(), sizes.end());
                let n = n.ok_or_else(|| bad(at, format!("{first} must be {low} to {high}: `{}`", shown(line))))?;
                if slot.replace(n).is_some() || !self.points.is_empty() {
                    return Err(bad(at, format!("{first} must stand once, before the values")));
                }
            }
            "DOMAIN_MIN" | "DOMAIN_MAX" => {
                let Ok(codes) = <[f64; 3]>::try_from(numbers()) else {
                    return Err(bad(at, format!("three finite numbers must stand here, not `{}`", shown(line))));
                };
                self.domain[usize::from(first == "DOMAIN_MAX")] = Some(codes);
            }
            "LUT_3D_INPUT_RANGE" | "LUT_1D_INPUT_RANGE" => {
                let Ok([low, high]) = <[f64; 2]>::try_from(numbers()) else {
                    return Err(bad(at, format!("two finite numbers must stand here, not `{}`", shown(line))));
                };
                let slot = if first == "LUT_3D_INPUT_RANGE" { &mut self.cube_range } else { &mut self.curve_range };
                *slot = Some([[low; 3], [high; 3]]);
            }
            _ if first.starts_with(|c: char| c.is_ascii_alphabetic()) && first.parse::<f32>().is_err() => {
                return Err(bad(at, format!("unknown keyword `{}`", shown(first))));
            }
            _ => {
                let Some(all) = self.count() else {
                    return Err(bad(at, "values before LUT_3D_SIZE or LUT_1D_SIZE".into()));
                };
                let mut values = line.split_whitespace().map(|w| w.parse::<f32>().ok().filter(|v| v.is_finite()));
                let point = [values.next(), values.next(), values.next()].map(Option::flatten);
                let ([Some(r), Some(g), Some(b)], None) = (point, values.next()) else {
                    return Err(bad(at, format!("three finite numbers must stand here, not `{}`", shown(line))));
                };
                if self.points.len() == all {
                    return Err(bad(at, format!("more than the {all} values of {}", self.sizes())));
                }
                self.points.push([r, g, b]);
            }
        }
        Ok(())
    }

    /// Points there must be; `None` before any size.
    fn count(&self) -> Option<usize> {
        let (curve, cube) = (self.curve_size, self.cube_size.map(|n| n * n * n));
        (curve.is_some() || cube.is_some()).then(|| curve.unwrap_or(0) + cube.unwrap_or(0))
    }

    fn sizes(&self) -> String {
        match (self.curve_size, self.cube_size) {
            (Some(n), Some(m)) => format!("a curve of {n} and a cube of size {m}"),
            (Some(n), None) => format!("a curve of {n}"),
            (None, m) => format!("size {}", m.unwrap_or(0)),
        }
    }

    fn finish(mut self, end: usize) -> Result<Lattice, LookError> {
        let Some(all) = self.count() else {
            return Err(bad(end, "LUT_3D_SIZE is missing: this is no .cube file".into()));
        };
        if self.points.len() != all {
            return Err(bad(end, format!("{} values, but {} needs {all}", self.points.len(), self.sizes())));
        }
        let domain = [self.domain[0].unwrap_or(UNIT[0]), self.domain[1].unwrap_or(UNIT[1])];
        let (curve_range, cube_range) = match self.curve_size {
            // Before a cube, the domain is that of the curve, and the curve gives the cube's codes.
            Some(_) => (self.curve_range.unwrap_or(domain), self.cube_range.unwrap_or(UNIT)),
            None => (UNIT, self.cube_range.unwrap_or(domain)),
        };
        for range in [curve_range, cube_range] {
            if !(0..3).all(|c| range[1][c] - range[0][c] > 1e-6) {
                return Err(bad(end, "the range of codes has no width: its end must lie above its start".into()));
            }
        }
        let points = self.points.split_off(self.curve_size.unwrap_or(0));
        let curve = self.points;
        let cube = match self.cube_size {
            Some(n) => Some(Lattice::new(n, points).ok_or_else(|| bad(end, "this is no cube".into()))?),
            None => None,
        };
        if let (true, Some(cube)) = (curve.is_empty() && cube_range == UNIT, &cube) {
            return Ok(cube.clone());
        }
        let least = if curve.is_empty() { 2 } else { CURVED };
        let size = cube.as_ref().map_or(0, Lattice::size).max(least);
        let place = |range: &Range, c: usize, v: f64| (v - range[0][c]) / (range[1][c] - range[0][c]);
        Ok(Lattice::sample(size, |[g, b], reds, row| {
            for (r, out) in reds.iter().zip(row) {
                let mut code = [*r, g, b];
                if !curve.is_empty() {
                    code = [0, 1, 2].map(|c| along(&curve, c, place(&curve_range, c, code[c])));
                }
                if let Some(cube) = &cube {
                    code = cube.at([0, 1, 2].map(|c| place(&cube_range, c, code[c])));
                }
                *out = code.map(|v| v as f32);
            }
        }))
    }
}

/// A curve of one channel at a place from 0 to 1, straight between its points and held beyond them.
fn along(curve: &[[f32; 3]], channel: usize, place: f64) -> f64 {
    let p = place.clamp(0.0, 1.0) * (curve.len() - 1) as f64;
    let i = (p as usize).min(curve.len() - 2);
    let (a, b) = (f64::from(curve[i][channel]), f64::from(curve[i + 1][channel]));
    a + (b - a) * (p - i as f64)
}

/// The start of a text, for messages.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let cube = Lattice::sample(3, |[g, b], reds, row| {
            reds.iter().zip(row).for_each(|(r, out)| *out = [*r as f32, 0.5 * g as f32, 1.0 - b as f32]);
        });
        let text = cube.to_cube("a \"look\"", &["for codes\nof light".into()]);
        assert_eq!(Lattice::from_cube(&text).unwrap(), cube);
        assert_eq!(Lattice::from_cube(&text.replace('\n', "\r\n")).unwrap(), cube);
        assert!(text.starts_with("# for codes of light\nTITLE \"a look\"\n"));
    }

    #[test]
    fn bad_files_are_refused_with_the_line() {
        let message = |text: &str| Lattice::from_cube(text).unwrap_err().to_string();
        assert_eq!(
            message("LUT_3D_SIZE 2\n0 0 0\n1 x 0\n"),
            "line 3: three finite numbers must stand here, not `1 x 0`"
        );
        assert_eq!(message("LUT_3D_SIZE 2\n0 0 nan\n"), "line 2: three finite numbers must stand here, not `0 0 nan`");
        assert_eq!(message("LUT_3D_SIZE 2\n\n0 0 0\n"), "line 3: 1 values, but size 2 needs 8");
        assert_eq!(
            message(&format!("LUT_3D_SIZE 2\n{}", "0 0 0\n".repeat(9))),
            "line 10: more than the 8 values of size 2"
        );
        assert!(message("LUT_3D_SIZE 4000000000\n").contains("2 to 144"));
        assert!(message("LUT_1D_SIZE 70000\n").contains("2 to 65536"));
        assert!(message("LUT_1D_SIZE 2\n0 0 0\n").contains("1 values, but a curve of 2 needs 2"));
        assert!(message("LUT_3D_SIZE 2\nDOMAIN_MAX 0 0 0\n".to_owned().as_str()).contains("0 values"));
        let flat = format!("DOMAIN_MIN 1 1 1\nLUT_3D_SIZE 2\n{}", "0 0 0\n".repeat(8));
        assert!(message(&flat).contains("no width"));
        assert!(message("DOMAIN_MAX 2 2\n").contains("three finite numbers"));
        assert!(message("LUT_3D_INPUT_RANGE 0 inf\n").contains("two finite numbers"));
        assert!(message("SHAPER log\n").contains("unknown keyword `SHAPER`"));
        assert!(message("0 0 0\n").contains("before LUT_3D_SIZE"));
        assert!(message("").contains("no .cube file"));
        assert!(message("nan nan nan\n").contains("before LUT_3D_SIZE"));
    }

    #[test]
    fn other_ranges_and_curves_become_cubes() {
        // A cube over codes from -1 to 3 that doubles them: at 0 to 1 it gives 0 to 2.
        let body: String =
            (0..8).map(|i| format!("{} {} {}\n", 8 * (i & 1) - 2, 4 * (i & 2) - 2, 2 * (i & 4) - 2)).collect();
        let wide = format!("# wide\nDOMAIN_MIN -1 -1 -1\nDOMAIN_MAX 3 3 3\nLUT_3D_SIZE 2\n{body}");
        let cube = Lattice::from_cube(&wide).unwrap();
        let got = cube.at([0.25, 0.5, 1.0]);
        assert!(got.iter().zip([0.5, 1.0, 2.0]).all(|(a, b)| (a - b).abs() < 1e-6), "{got:?}");
        let ranged = format!("LUT_3D_SIZE 2\nLUT_3D_INPUT_RANGE -1 3\n{body}");
        assert_eq!(Lattice::from_cube(&ranged).unwrap(), cube);
        // A curve that inverts, alone and before a cube that keeps.
        let curve = "LUT_1D_SIZE 3\r\n1 1 1\r\n0.5 0.5 0.5\r\n0 0 0\r\n";
        let got = Lattice::from_cube(curve).unwrap().at([0.3, 0.0, 0.9]);
        assert!(got.iter().zip([0.7, 1.0, 0.1]).all(|(a, b)| (a - b).abs() < 1e-6), "{got:?}");
        let keep: String = (0..8).map(|i| format!("{} {} {}\n", i & 1, i >> 1 & 1, i >> 2)).collect();
        let shaped = format!("LUT_1D_SIZE 2\nLUT_1D_INPUT_RANGE 0 2\nLUT_3D_SIZE 2\n1 1 1\n0 0 0\n{keep}");
        let got = Lattice::from_cube(&shaped).unwrap().at([0.5, 0.0, 1.0]);
        assert!(got.iter().zip([0.75, 1.0, 0.5]).all(|(a, b)| (a - b).abs() < 1e-6), "{got:?}");
    }
}
