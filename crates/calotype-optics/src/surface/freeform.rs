//! Surfaces without rotational symmetry: biconics, toroids, Zernike sags. Ray by ray.

use super::zernike::{noll_indices, noll_norm, polynomial};
use super::{Form, Shape};

/// A freeform surface ready for tracing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Freeform {
    shape: Shape,
    /// Radius in mm inside which the surface exists.
    pub domain: f64,
}

/// Steps of the search where Newton's method from the vertex plane does not end on the surface.
const STEPS: usize = 256;

impl Freeform {
    pub fn new(shape: &Shape, domain: f64) -> Self {
        Self { shape: shape.clone(), domain }
    }

    /// Sag and its derivatives along x and y; nothing where the surface does not reach.
    pub fn at(&self, x: f64, y: f64) -> Option<[f64; 3]> {
        let c = self.shape.curvature();
        let conic = |k: f64, r2: f64| {
            let e = 1.0 - (1.0 + k) * c * c * r2;
            (e > 1e-12).then(|| (c * r2 / (1.0 + e.sqrt()), c / e.sqrt()))
        };
        match &self.shape.form {
            Form::Biconic { radius_x, .. } => {
                let z = self.shape.sag(x, y)?;
                let (kx, ky) = (self.conic_x(), self.shape.conic);
                let cx = 1.0 / radius_x;
                // implicit: cx x^2 + cy y^2 = 2 z - z^2 ((1 + k) c) does not hold for two conics; differentiate N / D
                let e = (1.0 - (1.0 + kx) * cx * cx * x * x - (1.0 + ky) * c * c * y * y).sqrt();
                let (d, n) = (1.0 + e, cx * x * x + c * y * y);
                let part = |c: f64, k: f64, v: f64| 2.0 * c * v / d + n * (1.0 + k) * c * c * v / (e * d * d);
                (e > 1e-6).then(|| [z, part(cx, kx, x), part(c, ky, y)])
            }
            Form::Toroid { radius_x, powers } => {
                let (mut g, slope) = conic(self.shape.conic, y * y)?;
                let mut dg = slope * y;
                for (p, a) in powers {
                    g += a * y.abs().powi(*p as i32);
                    dg += a * f64::from(*p) * y.abs().powi(*p as i32 - 1) * if y < 0.0 { -1.0 } else { 1.0 };
                }
                if radius_x.is_infinite() {
                    return Some([g, 0.0, dg]);
                }
                let q = (radius_x - g) * (radius_x - g) - x * x;
                (q > 1e-12).then(|| {
                    let root = radius_x.signum() * q.sqrt();
                    [radius_x - root, x / root, (radius_x - g) * dg / root]
                })
            }
            Form::Zernike { norm_radius, coefficients } => {
                let (mut z, g) = conic(self.shape.conic, x * x + y * y)?;
                let (mut zx, mut zy) = (g * x, g * y);
                for (j, a) in (1..).zip(coefficients).filter(|(_, a)| **a != 0.0) {
                    let (n, m) = noll_indices(j);
                    let a = a * noll_norm(n, m);
                    let [v, dx, dy] = polynomial(n, m, x / norm_radius, y / norm_radius);
                    z += a * v;
                    zx += a * dx / norm_radius;
                    zy += a * dy / norm_radius;
                }
                Some([z, zx, zy])
            }
            _ => None,
        }
    }

    fn conic_x(&self) -> f64 {
        if let Form::Biconic { conic_x, .. } = self.shape.form { conic_x } else { 0.0 }
    }

    /// Where a ray from (x, y) on the vertex plane meets the surface: the path, and the sag's derivatives there.
    pub fn meet(&self, x: f64, y: f64, d: [f64; 3]) -> Option<(f64, f64, f64)> {
        let f = |t: f64| {
            let (px, py) = (x + t * d[0], y + t * d[1]);
            if px * px + py * py > self.domain * self.domain {
                return None;
            }
            let [z, zx, zy] = self.at(px, py)?;
            Some((t * d[2] - z, d[2] - zx * d[0] - zy * d[1], zx, zy))
        };
        let polish = |mut t: f64| {
            for _ in 0..20 {
                let (v, slope, zx, zy) = f(t)?;
                if v.abs() < 1e-13 * (1.0 + t.abs()) && slope * d[2] > 0.0 {
                    return Some((t, zx, zy));
                }
                t -= v / slope;
            }
            None
        };
        if let Some(hit) = polish(0.0) {
            return Some(hit);
        }
        // through the cylinder of the clear aperture, front to back
        let reach = 2.0 * self.domain;
        let mut before: Option<(f64, f64)> = None;
        for i in 0..=STEPS {
            let t = reach * (2.0 * i as f64 / STEPS as f64 - 1.0);
            let here = f(t).map(|v| (t, v.0 * d[2].signum()));
            if let (Some((a, va)), Some((b, vb))) = (before, here)
                && va < 0.0
                && vb >= 0.0
            {
                let (mut a, mut b) = (a, b);
                for _ in 0..60 {
                    let m = 0.5 * (a + b);
                    match f(m) {
                        Some(v) if v.0 * d[2].signum() < 0.0 => a = m,
                        _ => b = m,
                    }
                }
                return polish(b);
            }
            before = here;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_sag() {
        let forms = [
            Form::Biconic { radius_x: -25.0, conic_x: 0.7 },
            Form::Toroid { radius_x: -30.0, powers: vec![(4, 1e-4), (6, -2e-6)] },
            Form::Toroid { radius_x: f64::INFINITY, powers: vec![] },
            Form::Zernike { norm_radius: 5.0, coefficients: vec![0.0, 0.01, -0.02, 0.03, 0.004, -0.005, 0.001] },
        ];
        for form in forms {
            let shape = Shape { radius: 12.0, conic: -0.4, form };
            let surface = Freeform::new(&shape, 6.0);
            let (x, y, h) = (1.3, -2.1, 1e-6);
            let [z, zx, zy] = surface.at(x, y).unwrap();
            let sag = |x, y| shape.sag(x, y).unwrap();
            assert!((z - sag(x, y)).abs() < 1e-13, "{shape:?}");
            assert!((zx - (sag(x + h, y) - sag(x - h, y)) / (2.0 * h)).abs() < 1e-8, "{shape:?}");
            assert!((zy - (sag(x, y + h) - sag(x, y - h)) / (2.0 * h)).abs() < 1e-8, "{shape:?}");
            let d = [0.1, 0.2, (1.0f64 - 0.05).sqrt()];
            let (t, ..) = surface.meet(x, y, d).unwrap();
            assert!((t * d[2] - sag(x + t * d[0], y + t * d[1])).abs() < 1e-12);
        }
    }
}
