//! Dispersion formulae.

use super::LINES_FDC_UM;

/// How an index depends on the wavelength l in micrometres.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Dispersion {
    /// The same index everywhere.
    Constant(f64),
    /// n = A + B / l^2 through the index nd at the d line and the Abbe number `vd`.
    Model {
        /// Index at the d line.
        nd: f64,
        /// Abbe number (nd - 1) / (nF - nC).
        vd: f64,
    },
    /// n^2 = sum a l^p + sum b l^q / (l^2 - c): Sellmeier, Schott, the handbook's and their extensions.
    Squared {
        /// Pairs [p, a].
        powers: Vec<[f64; 2]>,
        /// Triples [b, q, c]; c in square micrometres.
        poles: Vec<[f64; 3]>,
    },
    /// n = sum a l^p: Cauchy, Conrady.
    Direct {
        /// Pairs [p, a].
        powers: Vec<[f64; 2]>,
    },
    /// n = a0 + a1 L + a2 L^2 + a3 l^2 + a4 l^4 + a5 l^6 with L = 1 / (l^2 - 0.028) (Herzberger 1959).
    Herzberger([f64; 6]),
    /// n = n0 + v1 w + v2 w^2 + ... with w = (l - l0) / (1 + 2.5 (l - l0)) (Buchdahl; the constant by Robb 1983).
    Buchdahl {
        /// Wavelength l0 of the index n0, in micrometres.
        l0_um: f64,
        /// n0, v1, v2, ...
        coefficients: Vec<f64>,
    },
    /// Pairs [wavelength in micrometres, index] in rising order; between them the polynomial in l^-2 through all of
    /// up to four neighbours.
    Table(Vec<[f64; 2]>),
}

impl Dispersion {
    /// n^2 = 1 + sum B l^2 / (l^2 - C), C in square micrometres.
    pub fn sellmeier(b: &[f64], c: &[f64]) -> Self {
        let poles = b.iter().zip(c).map(|(b, c)| [*b, 2.0, *c]).collect();
        Self::Squared { powers: vec![[0.0, 1.0]], poles }
    }

    /// n^2 = a0 + a1 l^2 + a2 l^-2 + a3 l^-4 + a4 l^-6 + ...
    pub fn schott(a: &[f64]) -> Self {
        let power = |i: usize| if i < 2 { 2.0 * i as f64 } else { 2.0 - 2.0 * i as f64 };
        Self::Squared { powers: a.iter().enumerate().map(|(i, a)| [power(i), *a]).collect(), poles: vec![] }
    }

    /// n = A + B / l^2 + C / l^4 + ...
    pub fn cauchy(a: &[f64]) -> Self {
        Self::Direct { powers: a.iter().enumerate().map(|(i, a)| [-2.0 * i as f64, *a]).collect() }
    }

    /// n = n0 + A / l + B / l^3.5 (Conrady).
    pub fn conrady(a: [f64; 3]) -> Self {
        Self::Direct { powers: vec![[0.0, a[0]], [-1.0, a[1]], [-3.5, a[2]]] }
    }

    /// True if every number in it is one.
    pub(crate) fn is_finite(&self) -> bool {
        let all = |list: &[&[f64]]| list.iter().copied().flatten().all(|v| v.is_finite());
        match self {
            Self::Constant(n) => n.is_finite(),
            Self::Model { nd, vd } => nd.is_finite() && vd.is_finite(),
            Self::Squared { powers, poles } => all(&[powers.as_flattened(), poles.as_flattened()]),
            Self::Direct { powers } => all(&[powers.as_flattened()]),
            Self::Herzberger(a) => all(&[a]),
            Self::Buchdahl { l0_um, coefficients } => l0_um.is_finite() && all(&[coefficients]),
            Self::Table(points) => all(&[points.as_flattened()]),
        }
    }

    /// The index at a wavelength in micrometres; not a number where the formula has none.
    pub fn index(&self, um: f64) -> f64 {
        let sum = |powers: &[[f64; 2]]| powers.iter().map(|[p, a]| a * power(um, *p)).sum::<f64>();
        let l2 = um * um;
        match self {
            Self::Constant(n) => *n,
            Self::Model { nd, vd } => {
                let [f, d, c] = LINES_FDC_UM;
                let b = (nd - 1.0) / vd / (1.0 / (f * f) - 1.0 / (c * c));
                nd - b / (d * d) + b / l2
            }
            Self::Squared { powers, poles } => {
                let poles: f64 = poles.iter().map(|[b, q, c]| b * power(um, *q) / (l2 - c)).sum();
                (sum(powers) + poles).sqrt()
            }
            Self::Direct { powers } => sum(powers),
            Self::Herzberger(a) => {
                let l = 1.0 / (l2 - 0.028);
                a[0] + l * (a[1] + l * a[2]) + l2 * (a[3] + l2 * (a[4] + l2 * a[5]))
            }
            Self::Buchdahl { l0_um, coefficients } => {
                let w = (um - l0_um) / (1.0 + 2.5 * (um - l0_um));
                coefficients.iter().rev().fold(0.0, |sum, v| sum * w + v)
            }
            Self::Table(points) => interpolate(points, um),
        }
    }
}

/// l^p, by multiplication for the even whole powers that occur.
fn power(l: f64, p: f64) -> f64 {
    if p.fract() == 0.0 && p.abs() < 32.0 { l.powi(p as i32) } else { l.powf(p) }
}

/// Lagrange's polynomial in l^-2 through the (up to) four points nearest by order.
fn interpolate(points: &[[f64; 2]], um: f64) -> f64 {
    let after = points.partition_point(|p| p[0] < um);
    let first = after.saturating_sub(2).min(points.len().saturating_sub(4));
    let near = &points[first..(first + 4).min(points.len())];
    if let Some(exact) = near.iter().find(|p| p[0] == um) {
        return exact[1];
    }
    let x = |l: f64| 1.0 / (l * l);
    let weight = |i: usize| -> f64 {
        let others = near.iter().enumerate().filter(|(j, _)| *j != i);
        others.map(|(_, p)| (x(um) - x(p[0])) / (x(near[i][0]) - x(p[0]))).product()
    };
    if near.is_empty() { f64::NAN } else { (0..near.len()).map(|i| near[i][1] * weight(i)).sum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_gives_back_its_numbers() {
        let g = crate::Glass::model(1.6, 40.0);
        let (nd, vd) = g.nd_vd();
        assert!((nd - 1.6).abs() < 1e-15 && (vd - 40.0).abs() < 1e-9);
    }

    #[test]
    fn formulae_agree_with_data_sheets() {
        // N-BK7: nd 1.51680, ne 1.51872, nF 1.52238 (five places of the maker's sheet)
        let bk7 =
            Dispersion::sellmeier(&[1.03961212, 0.231792344, 1.01046945], &[0.00600069867, 0.0200179144, 103.560653]);
        assert!((bk7.index(0.5875618) - 1.51680).abs() < 5e-6);
        assert!((bk7.index(0.4861327) - 1.52238).abs() < 5e-6);
        // the same glass through its six-term Schott fit of the 1980s
        let schott =
            Dispersion::schott(&[2.2718929, -1.0108077e-2, 1.0592509e-2, 2.0816965e-4, -7.6472538e-6, 4.9240991e-7]);
        assert!((schott.index(0.5875618) - 1.51680).abs() < 1e-5);
    }

    #[test]
    fn tables_pass_through_their_points_and_follow_smooth_glass_between() {
        let glass = Dispersion::cauchy(&[1.5, 0.004, 0.0001]);
        let table = Dispersion::Table([0.45, 0.5, 0.55, 0.6, 0.7].map(|l| [l, glass.index(l)]).to_vec());
        assert_eq!(table.index(0.55), glass.index(0.55));
        assert!((table.index(0.58) - glass.index(0.58)).abs() < 1e-9);
        assert!(Dispersion::Table(vec![]).index(0.5).is_nan());
        assert_eq!(Dispersion::Table(vec![[0.5, 1.6]]).index(0.7), 1.6);
    }

    #[test]
    fn herzberger_and_buchdahl_take_their_constant_term() {
        assert_eq!(Dispersion::Herzberger([1.5, 0.0, 0.0, 0.0, 0.0, 0.0]).index(0.6), 1.5);
        assert_eq!(Dispersion::Buchdahl { l0_um: 0.5876, coefficients: vec![1.6, -0.05] }.index(0.5876), 1.6);
    }
}
