//! Traces of a lens and of a film's base in scene-linear light: glow, halation, falloff.

use crate::CompiledLook;
use crate::scatter::Halo;
use calotype_image::{SceneRgb, par};

/// Rows a thread takes at a time.
const BAND: usize = 32;

impl CompiledLook {
    /// Lays the look's glow, halation and falloff over a scene-linear picture (Rec.2020, exposed), in place, on all cores.
    ///
    /// `out_c = falloff ((1 - g - h_c) x_c + g glow(x_c) + h_c halation(x_c))`, with `h_c` the halation's share times its
    /// tint: light is moved and not made, so that an even field keeps its exposure. Radii are standard deviations along
    /// an axis, as shares of the diagonal. The centre is that of the picture at hand, cropped or not.
    pub fn apply_optics(&self, picture: &mut SceneRgb) {
        let (width, height) = (picture.width(), picture.height());
        let optics = &self.look().optics;
        let diagonal = (width as f64).hypot(height as f64);
        for (plane, tint) in picture.planes.iter_mut().zip(optics.halation_tint) {
            let shares = [(optics.glow, optics.glow_radius), (optics.halation * tint, optics.halation_radius)];
            let halos: Vec<(f32, Halo)> = shares
                .into_iter()
                .filter(|(share, _)| *share > 0.0)
                .map(|(share, radius)| (share as f32, Halo::new(plane, radius * diagonal)))
                .collect();
            if halos.is_empty() {
                continue;
            }
            let own = 1.0 - halos.iter().map(|h| h.0).sum::<f32>();
            par::bands_mut(plane, BAND, |top, mut band| {
                let mut stray = vec![0.0f32; width];
                for y in 0..band.height() {
                    band.row_mut(y).iter_mut().for_each(|v| *v *= own);
                    for (share, halo) in &halos {
                        halo.row(top + y, &mut stray);
                        band.row_mut(y).iter_mut().zip(&stray).for_each(|(v, s)| *v += share * s);
                    }
                }
            });
        }
        if !self.vignette_is_flat() {
            par::bands3_mut(&mut picture.planes, BAND, |top, [mut r, mut g, mut b]| {
                for y in 0..r.height() {
                    self.vignette_row(top + y, width, height, [r.row_mut(y), g.row_mut(y), b.row_mut(y)]);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Look, OutputSpace};
    use calotype_image::{Plane, SceneRgb};

    fn with(change: impl Fn(&mut crate::Optics)) -> crate::CompiledLook {
        let mut look = Look::default();
        change(&mut look.optics);
        look.compile(OutputSpace::Srgb, 1.0)
    }

    fn lamp(size: usize) -> SceneRgb {
        let disc = |x: usize, y: usize| {
            let r = (x as f32 - size as f32 / 2.0).hypot(y as f32 - size as f32 / 2.0);
            if r < 6.0 { 40.0 } else { 0.02 }
        };
        SceneRgb::from_planes([(); 3].map(|()| Plane::from_fn(size, size, disc)))
    }

    #[test]
    fn nothing_asked_changes_nothing() {
        let (mut after, before) = (lamp(64), lamp(64));
        with(|_| ()).apply_optics(&mut after);
        assert!((0..3).all(|c| after.planes[c].data() == before.planes[c].data()));
    }

    #[test]
    fn even_light_keeps_its_exposure_under_glow_and_halation() {
        let look = with(|o| (o.glow, o.halation) = (0.1, 0.2));
        let mut picture = SceneRgb::from_planes([(); 3].map(|()| Plane::filled(90, 70, 0.18f32)));
        look.apply_optics(&mut picture);
        assert!(picture.planes.iter().flat_map(|p| p.rows()).flatten().all(|v| (v - 0.18).abs() < 1e-5));
    }

    #[test]
    fn lamps_glow_white_and_halate_red() {
        let near = |look: crate::CompiledLook| {
            let mut picture = lamp(256);
            look.apply_optics(&mut picture);
            picture.get(128 + 12, 128)
        };
        let [r, g, b] = near(with(|o| (o.glow, o.glow_radius) = (0.05, 0.02)));
        assert!(r > 0.05 && r == g && g == b, "{r} {g} {b}");
        let [r, g, b] = near(with(|o| (o.halation, o.halation_radius) = (0.05, 0.02)));
        assert!(r > 2.0 * g && g > b && b > 0.02, "{r} {g} {b}");
    }

    #[test]
    fn corners_get_what_the_contract_says_at_odd_sizes() {
        for (w, h) in [(1, 1), (401, 301)] {
            let mut picture = SceneRgb::from_planes([(); 3].map(|()| Plane::filled(w, h, 1.0f32)));
            with(|o| o.corner_ev = -0.6).apply_optics(&mut picture);
            let corner = picture.get(0, 0)[1].log2();
            assert!(w == 1 || (corner + 0.6).abs() < 0.01, "{corner}");
            assert!(picture.get(w / 2, h / 2)[0] > 0.999);
        }
    }
}
