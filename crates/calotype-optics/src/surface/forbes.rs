//! Forbes' polynomials (G. W. Forbes, Opt. Express 15, 5218, 2007; recurrences: Opt. Express 18, 19700, 2010).

/// u^2 (1 - u^2) sum a_m Q_m(u^2), s = u^2: the numerator of a `Qbfs` departure.
pub(super) fn qbfs(s: f64, a: &[f64]) -> f64 {
    s * (1.0 - s) * bfs_sum(s, a)[0]
}

/// Coefficients of r^2 and r^4 of a `Qbfs` surface's departure from its sphere, its root included.
pub(super) fn qbfs_low(c: f64, h: f64, a: &[f64]) -> [f64; 2] {
    let [q, slope] = bfs_sum(0.0, a);
    let h2 = h * h;
    [q / h2, (slope - q + 0.5 * q * c * c * h2) / (h2 * h2)]
}

/// u^4 sum a_m Q_m(u^2), s = u^2: a `Qcon` departure.
pub(super) fn qcon(s: f64, a: &[f64]) -> f64 {
    s * s * con_sum(s, a)
}

/// The coefficient of r^4 of a `Qcon` departure.
pub(super) fn qcon_low(h: f64, a: &[f64]) -> f64 {
    con_sum(0.0, a) / h.powi(4)
}

/// f_m, g_(m-1) and h_(m-2) of the recurrence of [`bfs_sum`], for m = 0, 1, ... (Forbes 2010, Opt. Express 18, 19700).
pub(crate) fn best_fit_coefficients() -> impl Iterator<Item = [f64; 3]> {
    let (mut f0, mut f1, mut g0) = (0.0f64, 0.0f64, 0.0f64);
    (0u32..).map(move |m| {
        let n = f64::from(m);
        let (f, g, h) = match m {
            0 => (2.0, 0.0, 0.0),
            1 => (19f64.sqrt() / 2.0, -0.5, 0.0),
            _ => {
                let h = -n * (n - 1.0) / (2.0 * f0);
                let g = -(1.0 + g0 * h) / f1;
                ((n * (n + 1.0) + 3.0 - g * g - h * h).sqrt(), g, h)
            }
        };
        (f0, f1, g0) = (f1, f, g);
        [f, g, h]
    })
}

/// sum a_m Q_m(s) of the best-fit-sphere kind, and its derivative, through the auxiliary P_m:
/// P_(m+1) = (2 - 4 s) P_m - P_(m-1), f_m Q_m = P_m - g_(m-1) Q_(m-1) - h_(m-2) Q_(m-2).
fn bfs_sum(s: f64, a: &[f64]) -> [f64; 2] {
    let mut sum = [0.0, 0.0];
    // values and derivatives of P and Q, the newest last
    let (mut p0, mut p1) = ([0.0, 0.0], [2.0, 0.0]);
    let (mut q0, mut q1) = ([0.0, 0.0], [0.0, 0.0]);
    for ((m, a), [f, g, h]) in a.iter().enumerate().zip(best_fit_coefficients()) {
        let q = [0, 1].map(|i| (p1[i] - g * q1[i] - h * q0[i]) / f);
        sum = [0, 1].map(|i| sum[i] + a * q[i]);
        (q0, q1) = (q1, q);
        let next = match m {
            0 => [6.0 - 8.0 * s, -8.0],
            _ => [(2.0 - 4.0 * s) * p1[0] - p0[0], (2.0 - 4.0 * s) * p1[1] - 4.0 * p1[0] - p0[1]],
        };
        (p0, p1) = (p1, next);
    }
    sum
}

/// sum a_m Q_m(s) of the conic kind: Jacobi polynomials P_m^(0,4)(2 s - 1) by their recurrence (DLMF 18.9.2).
fn con_sum(s: f64, a: &[f64]) -> f64 {
    let x = 2.0 * s - 1.0;
    let (mut q0, mut q1, mut sum) = (0.0, 1.0, 0.0);
    for (m, a) in a.iter().enumerate() {
        sum += a * q1;
        let n = m as f64 + 1.0;
        let next = if m == 0 {
            3.0 * x - 2.0
        } else {
            let lead = (2.0 * n + 3.0) * ((2.0 * n + 4.0) * (2.0 * n + 2.0) * x - 16.0);
            (lead * q1 - 2.0 * (n - 1.0) * (n + 3.0) * (2.0 * n + 4.0) * q0) / (2.0 * n * (n + 4.0) * (2.0 * n + 2.0))
        };
        (q0, q1) = (q1, next);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(m: usize) -> Vec<f64> {
        let mut a = vec![0.0; m + 1];
        a[m] = 1.0;
        a
    }

    #[test]
    fn first_members_are_those_of_the_paper() {
        for s in [0.0, 0.3, 1.0] {
            assert!((bfs_sum(s, &unit(0))[0] - 1.0).abs() < 1e-15);
            assert!((bfs_sum(s, &unit(1))[0] - (13.0 - 16.0 * s) / 19f64.sqrt()).abs() < 1e-14);
            let q2 = (2.0 / 95.0f64).sqrt() * (29.0 - 4.0 * s * (25.0 - 19.0 * s));
            assert!((bfs_sum(s, &unit(2))[0] - q2).abs() < 1e-13);
            assert!((con_sum(s, &unit(1)) - (6.0 * s - 5.0)).abs() < 1e-14);
            assert!((con_sum(s, &unit(2)) - (15.0 - 14.0 * s * (3.0 - 2.0 * s))).abs() < 1e-13);
        }
    }

    #[test]
    fn slopes_are_orthonormal() {
        // (2 / pi) integral over 0..1 of S_m S_n / sqrt(1 - u^2) du, u = sin t, by the midpoint rule (exact here)
        let slope = |m: usize, u: f64| {
            let s = u * u;
            let [q, dq] = bfs_sum(s, &unit(m));
            2.0 * u * ((1.0 - 2.0 * s) * q + s * (1.0 - s) * dq)
        };
        for m in 0..7 {
            for n in 0..=m {
                let sum: f64 = (0..64)
                    .map(|i| {
                        let u = (std::f64::consts::FRAC_PI_2 * (f64::from(i) + 0.5) / 64.0).sin();
                        slope(m, u) * slope(n, u) / 64.0
                    })
                    .sum();
                assert!((sum - f64::from(u8::from(m == n))).abs() < 1e-12, "{m} {n} {sum}");
            }
        }
    }
}
