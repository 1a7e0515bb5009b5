//! Zernike polynomials.

/// Radial order n and azimuthal order m of Noll's polynomial j, counted from 1; m below 0 for the sines (Noll 1976).
pub fn noll_indices(j: usize) -> (u32, i32) {
    let (mut n, mut rest) = (0usize, j.saturating_sub(1));
    while rest > n {
        n += 1;
        rest -= n;
    }
    let m = (n % 2 + 2 * ((rest + (n + 1) % 2) / 2)) as i32;
    (n as u32, if j.is_multiple_of(2) { m } else { -m })
}

/// Noll's polynomial j at (x, y) in units of the pupil's radius; its mean square over the unit disc is 1.
pub fn noll(j: usize, x: f64, y: f64) -> f64 {
    let (n, m) = noll_indices(j);
    noll_norm(n, m) * polynomial(n, m, x, y)[0]
}

/// What makes the mean square 1.
pub(crate) fn noll_norm(n: u32, m: i32) -> f64 {
    f64::from(if m == 0 { n + 1 } else { 2 * (n + 1) }).sqrt()
}

/// R_n^|m|(r) cos(m t), or sin(|m| t) for m below 0, with its derivatives along x and y. R is 1 at the rim; the angle
/// counts from +x.
pub(crate) fn polynomial(n: u32, m: i32, x: f64, y: f64) -> [f64; 3] {
    let a = m.unsigned_abs();
    let r2 = x * x + y * y;
    // R / r^a as a polynomial in r^2, by Horner from the highest power
    let (mut p, mut dp) = (0.0, 0.0);
    for k in 0..=(n - a) / 2 {
        dp = dp * r2 + p;
        p = p * r2 + radial(n, a, k);
    }
    // (x + iy)^a and its derivative a (x + iy)^(a-1)
    let (mut re, mut im, mut dre, mut dim) = (1.0, 0.0, 0.0, 0.0);
    for _ in 0..a {
        (dre, dim) = (dre * x - dim * y + re, dre * y + dim * x + im);
        (re, im) = (re * x - im * y, re * y + im * x);
    }
    let (h, hx, hy) = if m < 0 { (im, dim, dre) } else { (re, dre, -dim) };
    [p * h, 2.0 * x * dp * h + p * hx, 2.0 * y * dp * h + p * hy]
}

/// (-1)^k (n - k)! / (k! ((n + a)/2 - k)! ((n - a)/2 - k)!)
fn radial(n: u32, a: u32, k: u32) -> f64 {
    let choose = |n: u32, k: u32| (0..k).fold(1.0, |v, i| v * f64::from(n - i) / f64::from(i + 1));
    let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
    sign * choose(n - k, k) * choose(n - 2 * k, (n - a) / 2 - k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nolls_order() {
        let first =
            [(0, 0), (1, 1), (1, -1), (2, 0), (2, -2), (2, 2), (3, -1), (3, 1), (3, -3), (3, 3), (4, 0), (4, 2)];
        for (j, nm) in (1..).zip(first) {
            assert_eq!(noll_indices(j), nm, "{j}");
        }
    }

    #[test]
    fn polynomials_are_orthonormal_and_their_derivatives_right() {
        // polar product grid; 24 radii in r^2 by the midpoint rule are good to a per mille here
        let points: Vec<(f64, f64)> = (0..200)
            .flat_map(|i| {
                let r = ((f64::from(i) + 0.5) / 200.0).sqrt();
                (0..32).map(move |k| {
                    let t = std::f64::consts::TAU * f64::from(k) / 32.0;
                    (r * t.cos(), r * t.sin())
                })
            })
            .collect();
        for j in 1..=21 {
            for k in 1..=j {
                let mean =
                    points.iter().map(|(x, y)| noll(j, *x, *y) * noll(k, *x, *y)).sum::<f64>() / points.len() as f64;
                assert!((mean - f64::from(u8::from(j == k))).abs() < 2e-3, "{j} {k} {mean}");
            }
            let (n, m) = noll_indices(j);
            let (x, y, h) = (0.31, -0.47, 1e-6);
            let [_, dx, dy] = polynomial(n, m, x, y);
            let at = |x, y| polynomial(n, m, x, y)[0];
            assert!((dx - (at(x + h, y) - at(x - h, y)) / (2.0 * h)).abs() < 1e-8);
            assert!((dy - (at(x, y + h) - at(x, y - h)) / (2.0 * h)).abs() < 1e-8);
        }
    }
}
