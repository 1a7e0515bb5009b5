//! AGF catalogues, the field's common text format, from the user's disk.

use super::{Dispersion, Glass, Thermal};
use crate::text::decode;
use crate::{OpticsError, Result};

/// Bytes beyond which a catalogue is refused.
const LIMIT: usize = 16 << 20;

/// Internal transmittances of one glass beyond which the rest is left out.
const MOST_TRANSMITTANCES: usize = 200;

/// A glass as it is gathered.
#[derive(Default)]
struct Entry {
    line: usize,
    name: String,
    formula: i64,
    coefficients: Vec<f64>,
    range_um: Option<[f64; 2]>,
    internal: Vec<[f64; 3]>,
    thermal: Option<Thermal>,
}

impl Entry {
    fn glass(mut self, file: &str) -> Result<Glass> {
        let dispersion = formula_of(self.formula, &self.coefficients).ok_or_else(|| {
            let reason = format!(
                "glass {}: no formula {} from its {} coefficients",
                self.name,
                self.formula,
                self.coefficients.len()
            );
            OpticsError::format(file, self.line, reason)
        })?;
        // lines of zeros stand where nothing was measured
        self.internal
            .retain(|[um, share, mm]| *um > 0.0 && *um < 1e3 && (0.0..=1.0).contains(share) && *mm > 0.0 && *mm < 1e6);
        self.internal.sort_by(|a, b| a[0].total_cmp(&b[0]));
        self.internal.dedup_by_key(|p| p[0]);
        self.internal.truncate(MOST_TRANSMITTANCES);
        Ok(Glass {
            name: self.name,
            dispersion,
            range_um: self.range_um,
            internal: self.internal,
            thermal: self.thermal,
        })
    }
}

/// Reads the glasses of an AGF file: lines `NM name formula ...`, `CD coefficients`, `LD range`, `TD D0 D1 D2 E0 E1 L
/// temperature`, `IT wavelength transmittance thickness`.
///
/// # Errors
/// [`OpticsError::Format`] for a file that is too large, a glass without coefficients, or an unknown formula.
pub fn read_agf(bytes: &[u8], file: &str) -> Result<Vec<Glass>> {
    if bytes.len() > LIMIT {
        return Err(OpticsError::format(file, None, format!("a catalogue has at most {LIMIT} bytes")));
    }
    let mut glasses = Vec::new();
    let mut open: Option<Entry> = None;
    let close = |open: Option<Entry>| open.map(|entry| entry.glass(file)).transpose();
    for (i, line) in decode(bytes).lines().enumerate() {
        let mut words = line.split_whitespace();
        let numbers =
            |words: std::str::SplitWhitespace| words.filter_map(|w| w.parse::<f64>().ok()).collect::<Vec<_>>();
        match words.next() {
            Some("NM") => {
                glasses.extend(close(open.take())?);
                let name = words.next().unwrap_or_default().to_owned();
                let formula = words.next().and_then(|w| w.parse::<f64>().ok()).unwrap_or(0.0) as i64;
                open = Some(Entry { line: i + 1, name, formula, ..Entry::default() });
            }
            Some("CD") => {
                if let Some(glass) = &mut open {
                    glass.coefficients = numbers(words);
                }
            }
            Some("LD") => {
                if let (Some(glass), [lo, hi, ..]) = (&mut open, &numbers(words)[..]) {
                    glass.range_um = Some([*lo, *hi]);
                }
            }
            Some("TD") => {
                // zeros stand where nothing was measured; a temperature that is left out is 20 °C
                if let (Some(glass), [d0, d1, d2, e0, e1, rest @ ..]) = (&mut open, &numbers(words)[..])
                    && [d0, d1, d2, e0, e1].iter().any(|v| **v != 0.0)
                {
                    let [resonance, reference] =
                        [(0, 0.0), (1, 20.0)].map(|(i, or)| rest.get(i).copied().unwrap_or(or));
                    let thermal = [*d0, *d1, *d2, *e0, *e1, resonance, reference];
                    glass.thermal = thermal.iter().all(|v| v.abs() < 1e3).then(|| thermal.into());
                }
            }
            Some("IT") => {
                if let (Some(glass), [um, share, mm, ..]) = (&mut open, &numbers(words)[..]) {
                    glass.internal.push([*um, *share, *mm]);
                }
            }
            _ => {}
        }
    }
    glasses.extend(close(open)?);
    if glasses.is_empty() {
        return Err(OpticsError::format(file, None, "no glass (line starting with NM) in it"));
    }
    Ok(glasses)
}

/// The numbered formulae of the AGF format; coefficients that are not given are 0.
fn formula_of(number: i64, given: &[f64]) -> Option<Dispersion> {
    if given.is_empty() {
        return None;
    }
    let c = |i: usize| given.get(i).copied().unwrap_or(0.0);
    let powers = |list: &[f64]| list.iter().enumerate().map(|(i, p)| [*p, c(i)]).collect::<Vec<_>>();
    let sellmeier = |n: usize| Dispersion::Squared {
        powers: vec![[0.0, 1.0]],
        poles: (0..n).map(|i| [c(2 * i), 2.0, c(2 * i + 1)]).filter(|p| p[0] != 0.0).collect(),
    };
    Some(match number {
        1 => Dispersion::Squared { powers: powers(&[0.0, 2.0, -2.0, -4.0, -6.0, -8.0]), poles: vec![] },
        2 => sellmeier(3),
        3 => Dispersion::Herzberger([c(0), c(1), c(2), c(3), c(4), c(5)]),
        4 => Dispersion::Squared {
            powers: vec![[0.0, 1.0 + c(0)]],
            poles: vec![[c(1), 2.0, c(2) * c(2)], [c(3), 0.0, c(4) * c(4)]],
        },
        5 => Dispersion::conrady([c(0), c(1), c(2)]),
        6 => sellmeier(4),
        7 => Dispersion::Squared { powers: vec![[0.0, c(0)], [2.0, -c(3)]], poles: vec![[c(1), 0.0, c(2)]] },
        8 => Dispersion::Squared { powers: vec![[0.0, c(0)], [2.0, -c(3)]], poles: vec![[c(1), 2.0, c(2)]] },
        9 => Dispersion::Squared { powers: vec![[0.0, c(0)]], poles: vec![[c(1), 2.0, c(2)], [c(3), 2.0, c(4)]] },
        10 => Dispersion::Squared { powers: powers(&[0.0, 2.0, -2.0, -4.0, -6.0, -8.0, -10.0, -12.0]), poles: vec![] },
        11 => sellmeier(5),
        12 => Dispersion::Squared { powers: powers(&[0.0, 2.0, -2.0, -4.0, -6.0, -8.0, 4.0, 6.0]), poles: vec![] },
        13 => Dispersion::Squared {
            powers: powers(&[0.0, 2.0, 4.0, -2.0, -4.0, -6.0, -8.0, -10.0, -12.0]),
            poles: vec![],
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "CC sample\nNM N-BK7 2 517642.251 1.5168 64.17 0 1 -1\nGC made up\nED 7.1 8.3 2.51 -0.0009 0\n\
        CD 1.03961212E+00 6.00069867E-03 2.31792344E-01 2.00179144E-02 1.01046945E+00 1.03560653E+02\nLD 3.0E-01 2.5E+00\n\
        TD 1.86E-06 1.31E-08 -1.37E-11 4.34E-07 6.27E-10 0.17 20\nIT 6.0E-01 9.0E-01 1.0E+01\nIT 4.0E-01 8.1E-01 1.0E+01\nIT 0 0 0\nNM OLD 1 0 1.5 60\nCD 2.25 0 0 0 0 0\n";

    #[test]
    fn glasses_of_a_catalogue_are_read() {
        let glasses = read_agf(SAMPLE.as_bytes(), "a.agf").unwrap();
        assert_eq!(glasses.len(), 2);
        assert!((glasses[0].dispersion.index(0.5875618) - 1.51680).abs() < 5e-6);
        assert_eq!(glasses[0].range_um, Some([0.3, 2.5]));
        assert_eq!(glasses[1].dispersion.index(0.7), 1.5);
        let numbers = [1.86e-6, 1.31e-8, -1.37e-11, 4.34e-7, 6.27e-10, 0.17, 20.0];
        assert_eq!((glasses[0].thermal, glasses[1].thermal), (Some(numbers.into()), None));
        // 0.9 through 10 mm; half way to twice that rate; the same beyond the ends
        let rate = -0.9f64.ln() / 10.0;
        for (um, times) in [(0.6, 1.0), (0.5, 1.5), (0.4, 2.0), (0.3, 2.0), (0.9, 1.0)] {
            assert!((glasses[0].absorption(um) / (times * rate) - 1.0).abs() < 1e-12, "{um}");
        }
        assert_eq!(glasses[1].absorption(0.5), 0.0);
        // UTF-16, as some programs write it
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(SAMPLE.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(read_agf(&utf16, "a.agf").unwrap(), glasses);
    }

    #[test]
    fn damaged_catalogues_are_refused_with_their_line() {
        let error = read_agf(b"CC x\nNM BAD 77 0\nCD 1 2\n", "bad.agf").unwrap_err().to_string();
        assert!(error.contains("BAD") && error.contains("77") && error.contains("line 2"), "{error}");
        assert!(read_agf(b"NM EMPTY 2\n", "e.agf").is_err() && read_agf(b"hello", "h.agf").is_err());
    }
}
