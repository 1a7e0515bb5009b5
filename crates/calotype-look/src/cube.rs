//! `.cube` files: colour tables as text ("Cube LUT Specification" 1.0, Adobe 2013).

use crate::{Lattice, LookError};
use std::fmt::Write;

/// Bytes beyond which a text is refused unread: 144 points along each axis, 40 bytes each.
const LIMIT: usize = 40 * 144 * 144 * 144;

impl Lattice {
    /// Writes the cube as a `.cube` file with a title and comments (a line each).
    pub fn to_cube(&self, title: &str, comments: &[String]) -> String {
        let mut out = String::with_capacity(30 * self.points().len() + 1000);
        for line in comments {
            let _ = writeln!(out, "# {}", line.replace(['\r', '\n'], " "));
        }
        let title: String = title.chars().filter(|c| !c.is_control() && *c != '"').collect();
        let _ = writeln!(out, "TITLE \"{title}\"\nLUT_3D_SIZE {}", self.size());
        out.push_str("DOMAIN_MIN 0.0 0.0 0.0\nDOMAIN_MAX 1.0 1.0 1.0\n");
        for [r, g, b] in self.points() {
            let _ = writeln!(out, "{r:.7} {g:.7} {b:.7}");
        }
        out
    }

    /// Reads a `.cube` file with a table of three dimensions for codes from 0 to 1.
    ///
    /// # Errors
    /// [`LookError::Table`], which names the line: a table of one dimension, another domain, values that are no numbers,
    /// too few or too many of them.
    pub fn from_cube(text: &str) -> Result<Self, LookError> {
        let bad = |line: usize, message: String| LookError::Table { line, message };
        if text.len() > LIMIT {
            return Err(bad(0, format!("{} bytes are more than any .cube file has", text.len())));
        }
        let (mut size, mut points, mut end) = (None, Vec::new(), 0);
        for (i, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let (line, at) = (line.trim(), i + 1);
            let mut words = line.split_whitespace();
            let Some(first) = words.next().filter(|w| !w.starts_with('#')) else { continue };
            end = at;
            match first {
                "TITLE" => {}
                "LUT_3D_SIZE" => {
                    let n = words.next().and_then(|w| w.parse().ok()).filter(|n| Self::SIZES.contains(n));
                    let n = n.ok_or_else(|| bad(at, format!("LUT_3D_SIZE must be 2 to 144: `{}`", shown(line))))?;
                    if size.replace(n).is_some() || !points.is_empty() {
                        return Err(bad(at, "LUT_3D_SIZE must stand once, before the values".into()));
                    }
                    points.reserve_exact(n * n * n);
                }
                "LUT_1D_SIZE" => {
                    return Err(bad(at, "a table of one dimension: curves alone are no look, a cube is needed".into()));
                }
                "DOMAIN_MIN" | "DOMAIN_MAX" | "LUT_3D_INPUT_RANGE" => {
                    let numbers: Vec<f64> = words.filter_map(|w| w.parse().ok()).collect();
                    let usual: &[f64] = match first {
                        "DOMAIN_MIN" => &[0.0; 3],
                        "DOMAIN_MAX" => &[1.0; 3],
                        _ => &[0.0, 1.0],
                    };
                    if numbers != usual {
                        return Err(bad(at, format!("only codes from 0 to 1 are read, not `{}`", shown(line))));
                    }
                }
                _ if first.starts_with(|c: char| c.is_ascii_alphabetic()) && first.parse::<f32>().is_err() => {
                    return Err(bad(at, format!("unknown keyword `{}`", shown(first))));
                }
                _ => {
                    let Some(n) = size else {
                        return Err(bad(at, "values before LUT_3D_SIZE".into()));
                    };
                    let mut values = line.split_whitespace().map(|w| w.parse::<f32>().ok().filter(|v| v.is_finite()));
                    let point = [values.next(), values.next(), values.next()].map(Option::flatten);
                    let ([Some(r), Some(g), Some(b)], None) = (point, values.next()) else {
                        return Err(bad(at, format!("three finite numbers must stand here, not `{}`", shown(line))));
                    };
                    if points.len() == n * n * n {
                        return Err(bad(at, format!("more than the {} values of size {n}", n * n * n)));
                    }
                    points.push([r, g, b]);
                }
            }
        }
        let size = size.ok_or_else(|| bad(end, "LUT_3D_SIZE is missing: this is no .cube file".into()))?;
        let (found, all) = (points.len(), size * size * size);
        Self::new(size, points).ok_or_else(|| bad(end, format!("{found} values, but size {size} needs {all}")))
    }
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
        assert!(message("LUT_1D_SIZE 2\n").contains("one dimension"));
        assert!(message("DOMAIN_MAX 2 2 2\n").contains("0 to 1"));
        assert!(message("SHAPER log\n").contains("unknown keyword `SHAPER`"));
        assert!(message("0 0 0\n").contains("before LUT_3D_SIZE"));
        assert!(message("").contains("no .cube file"));
        assert!(message("nan nan nan\n").contains("before LUT_3D_SIZE"));
    }
}
