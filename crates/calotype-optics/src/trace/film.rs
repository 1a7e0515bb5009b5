//! Reflectance and transmittance of a surface with thin layers on it, by their characteristic matrices (H. A. Macleod,
//! *Thin-Film Optical Filters*, ch. 2; F. Abelès 1950). Without layers these are Fresnel's formulae.

use crate::{Coating, Layer};
use rustfft::num_complex::Complex64;
use std::f64::consts::TAU;

/// Cosine of the angle of incidence below which light counts as grazing.
const GRAZING: f64 = 1e-9;

/// What becomes of unpolarised light at a surface, as shares of its power; what is missing to 1 was absorbed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Split {
    pub reflected: f64,
    pub transmitted: f64,
}

/// A surface between two media, as light of one wavelength meets it.
#[derive(Clone, Debug)]
pub(crate) struct Film<'a> {
    pub coating: Option<&'a Coating>,
    /// Index where the light comes from, and behind.
    pub before: f64,
    pub behind: f64,
    /// True for a mirror, which has no medium behind it.
    pub mirror: bool,
    /// True for light that meets the surface from behind.
    pub reversed: bool,
    pub wavelength_um: f64,
}

impl Film<'_> {
    /// Shares for light of this cosine of the angle of incidence: the mean of both polarisations. A refracting surface whose
    /// coating is not stated is bare, a mirror reflects everything.
    pub fn split(&self, cosine: f64) -> Split {
        let all = |reflected: f64| Split { reflected, transmitted: 1.0 - reflected };
        match self.coating {
            Some(Coating::Ideal(share)) => all(*share),
            Some(Coating::Layers { layers, metal }) => {
                let behind = metal.filter(|_| self.mirror).map_or(Complex64::new(self.behind, 0.0), metallic);
                self.layered(layers, behind, cosine)
            }
            None | Some(Coating::Bare) if self.mirror => all(1.0),
            None | Some(Coating::Bare) => self.layered(&[], Complex64::new(self.behind, 0.0), cosine),
        }
    }

    fn layered(&self, layers: &[Layer], behind: Complex64, cosine: f64) -> Split {
        let cosine = cosine.clamp(GRAZING, 1.0);
        let sine = self.before * (1.0 - cosine * cosine).sqrt();
        // index times cosine inside a medium; a wave that dies away does so forwards
        let inside = |n: Complex64| {
            let q = (n * n - sine * sine).sqrt();
            if q.im > 0.0 { -q } else { q }
        };
        let mut split = Split { reflected: 0.0, transmitted: 0.0 };
        for s_wave in [true, false] {
            let admittance = |n: Complex64, q: Complex64| if s_wave { q } else { n * n / nonzero(q) };
            let front = admittance(Complex64::new(self.before, 0.0), Complex64::new(self.before * cosine, 0.0));
            let back = admittance(behind, inside(behind));
            let (mut b, mut c) = (Complex64::new(1.0, 0.0), back);
            let mut faded = 0.0;
            let mut through = |layer: &Layer| {
                let n = metallic([layer.n, layer.k]);
                let q = inside(n);
                let eta = admittance(n, q);
                let phase = q * (TAU * layer.thickness_nm * 1e-3 / self.wavelength_um);
                // sines and cosines of complex phases, without the factor by which they grow
                let fade = -phase.im;
                let (sin, cos) = phase.re.sin_cos();
                let (ahead, behind) = (Complex64::new(cos, sin), Complex64::new(cos, -sin) * (-2.0 * fade).exp());
                let (cosine, sine_i) = ((ahead + behind) * 0.5, (ahead - behind) * 0.5);
                (b, c) = (cosine * b + sine_i * c / nonzero(eta), sine_i * eta * b + cosine * c);
                faded += fade;
            };
            // from the medium behind outwards
            if self.reversed {
                layers.iter().for_each(&mut through)
            } else {
                layers.iter().rev().for_each(&mut through)
            }
            let sum = (front * b + c).norm_sqr();
            split.reflected += 0.5 * (front * b - c).norm_sqr() / sum;
            split.transmitted += 0.5 * 4.0 * front.re * back.re.max(0.0) / sum * (-2.0 * faded).exp();
        }
        split
    }
}

fn metallic([n, k]: [f64; 2]) -> Complex64 {
    Complex64::new(n, -k)
}

fn nonzero(v: Complex64) -> Complex64 {
    if v.norm_sqr() < 1e-24 { Complex64::new(1e-12, 0.0) } else { v }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(coating: Option<&Coating>, before: f64, behind: f64) -> Film<'_> {
        Film { coating, before, behind, mirror: false, reversed: false, wavelength_um: 0.55 }
    }

    fn quarter(n: f64) -> Layer {
        Layer { n, k: 0.0, thickness_nm: 550.0 / (4.0 * n) }
    }

    fn layers(list: &[Layer]) -> Coating {
        Coating::Layers { layers: list.to_vec(), metal: None }
    }

    #[test]
    fn bare_glass_reflects_as_fresnel_says() {
        let bare = film(None, 1.0, 1.5168).split(1.0);
        assert!((bare.reflected - (0.5168f64 / 2.5168).powi(2)).abs() < 1e-15, "{bare:?}");
        assert!((bare.reflected - 0.042).abs() < 2e-4);
        for (n, m) in [(1.0, 1.5168), (1.5168, 1.0), (1.8, 1.5)] {
            for degrees in [10.0f64, 30.0, 40.0] {
                let cos = degrees.to_radians().cos();
                let behind = (1.0 - (n / m * degrees.to_radians().sin()).powi(2)).sqrt();
                let s = ((n * cos - m * behind) / (n * cos + m * behind)).powi(2);
                let p = ((m * cos - n * behind) / (m * cos + n * behind)).powi(2);
                let split = film(Some(&Coating::Bare), n, m).split(cos);
                assert!((split.reflected - 0.5 * (s + p)).abs() < 1e-14, "{n} {m} {degrees}");
                assert!((split.reflected + split.transmitted - 1.0).abs() < 1e-14);
            }
        }
        // Brewster's angle: half of the light of one polarisation only
        let brewster = 1.5168f64.atan();
        let s = (brewster - (std::f64::consts::FRAC_PI_2 - brewster)).sin().powi(2);
        assert!((film(None, 1.0, 1.5168).split(brewster.cos()).reflected - 0.5 * s).abs() < 1e-14);
        // total reflection, and grazing light
        assert_eq!(film(None, 1.5168, 1.0).split(45f64.to_radians().cos()).transmitted, 0.0);
        assert!((film(None, 1.0, 1.5).split(0.0).reflected - 1.0).abs() < 1e-6);
    }

    #[test]
    fn quarter_waves_and_v_coats_are_those_of_the_books() {
        let glass = 1.5168;
        // one quarter wave: ((n0 ns - n1^2) / (n0 ns + n1^2))^2
        let magnesium = layers(&[quarter(1.38)]);
        let found = film(Some(&magnesium), 1.0, glass).split(1.0).reflected;
        let n2 = 1.38f64 * 1.38;
        assert!(
            (found - ((glass - n2) / (glass + n2)).powi(2)).abs() < 1e-15 && (found - 0.0129).abs() < 1e-4,
            "{found}"
        );
        // two: ((n0 n2^2 - ns n1^2) / (n0 n2^2 + ns n1^2))^2, none where n2 = n1 sqrt(ns)
        let v_coat = |second: f64| {
            let coating = layers(&[quarter(1.38), quarter(second)]);
            film(Some(&coating), 1.0, glass).split(1.0).reflected
        };
        let (a, b) = (1.7f64 * 1.7, glass * n2);
        assert!((v_coat(1.7) - ((a - b) / (a + b)).powi(2)).abs() < 1e-15);
        assert!(v_coat(1.38 * glass.sqrt()) < 1e-15);
        // a half wave is not there
        let half = layers(&[Layer { thickness_nm: 2.0 * quarter(2.1).thickness_nm, ..quarter(2.1) }]);
        assert!((film(Some(&half), 1.0, glass).split(1.0).reflected - (0.5168f64 / 2.5168).powi(2)).abs() < 1e-15);
    }

    #[test]
    fn a_mirror_of_many_quarter_waves_is_that_of_the_books() {
        // (HL)^p H on glass: Y = (nH / nL)^(2 p) nH^2 / ns
        let mut stack = Vec::new();
        for _ in 0..6 {
            stack.extend([quarter(2.35), quarter(1.38)]);
        }
        stack.push(quarter(2.35));
        let y = (2.35f64 / 1.38).powi(12) * 2.35 * 2.35 / 1.52;
        let found = film(Some(&layers(&stack)), 1.0, 1.52).split(1.0);
        assert!((found.reflected - ((1.0 - y) / (1.0 + y)).powi(2)).abs() < 1e-13, "{found:?}");
        assert!((found.reflected + found.transmitted - 1.0).abs() < 1e-13);
    }

    #[test]
    fn light_is_kept_and_goes_both_ways_alike() {
        let coating = layers(&[quarter(1.38), Layer { n: 2.0, k: 0.0, thickness_nm: 130.0 }, quarter(1.65)]);
        let cos = 35f64.to_radians().cos();
        let there = film(Some(&coating), 1.0, 1.7).split(cos);
        assert!((there.reflected + there.transmitted - 1.0).abs() < 1e-14);
        let inside = (1.0 - (35f64.to_radians().sin() / 1.7).powi(2)).sqrt();
        let back = Film { reversed: true, ..film(Some(&coating), 1.7, 1.0) }.split(inside);
        assert!((there.transmitted - back.transmitted).abs() < 1e-14, "{there:?} {back:?}");
        // an absorbing layer takes light away; one of a millimetre takes all of it, and stays a number
        for (nm, most) in [(10.0, 0.9), (1e6, 1e-12)] {
            let smoke = layers(&[Layer { n: 1.7, k: 0.8, thickness_nm: nm }]);
            let split = film(Some(&smoke), 1.0, 1.5).split(cos);
            assert!(split.reflected + split.transmitted < 1.0 && split.transmitted < most, "{split:?}");
            assert!(split.transmitted >= 0.0 && split.reflected > 0.0);
        }
    }

    #[test]
    fn metals_reflect_by_their_two_numbers() {
        // aluminium at 0.55 um: ((n - 1)^2 + k^2) / ((n + 1)^2 + k^2)
        let metal = Coating::Layers { layers: vec![], metal: Some([0.96, 6.69]) };
        let mirror = Film { mirror: true, ..film(Some(&metal), 1.0, 1.0) };
        let exact = (0.04f64.powi(2) + 6.69f64.powi(2)) / (1.96f64.powi(2) + 6.69f64.powi(2));
        assert!((mirror.split(1.0).reflected - exact).abs() < 1e-14 && exact > 0.91);
        assert_eq!(Film { mirror: true, ..film(None, 1.0, 1.0) }.split(0.3).reflected, 1.0);
        assert_eq!(film(Some(&Coating::Ideal(0.005)), 1.0, 1.5).split(0.3).transmitted, 0.995);
    }
}
