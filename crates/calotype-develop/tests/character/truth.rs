//! The truth: every pixel's rays traced from the film backwards through the prescription and out into the scene, each as
//! far as the first layer that it meets. It shares the tracer of rays with what it judges, but no table and no rounding.

use crate::scene::{FOCUS_M, HEIGHT, WIDTH, corner, scene};
use calotype_image::Plane;
use calotype_optics::camera::Bands;
use calotype_optics::{
    Aperture, Clear, Clip, Field, FieldKind, FirstOrder, Form, Glass, Lens, Rays, Shape, Surface, System, Until,
    Wavelength, first_order,
};

/// Half the diagonal of 24 x 36 mm.
const HALF_FILM_MM: f64 = 21.633;
/// Places down and across the exit pupil's plane for each of five wavelengths, and how many of its radii they reach.
const GRID: usize = 40;
const REACH: f64 = 2.0;

/// A camera for 24 x 36 mm with a lens of this focal length, focused at [`FOCUS_M`].
pub struct Camera {
    /// From the film to the scene.
    backwards: System,
    /// Heights on the film, in mm of the prescription, of chief rays whose slopes run evenly from 0 to the corner's.
    heights: Vec<f64>,
    /// Tangent of the field angle in the picture's corner.
    pub corner_slope: f64,
    /// mm of the prescription to a metre of the scene.
    metre: f64,
    pupil: f64,
}

impl Camera {
    pub fn new(lens: &Lens, focal_mm: f64) -> Self {
        let mut lens = Lens { object_mm: None, ..lens.clone() };
        let first = first_order(&lens, lens.primary_um()).unwrap();
        let (stop, f) = (lens.stop(), first.efl);
        lens.surfaces[stop].clear.outer = Some(first.stop_semi_diameter_paraxial);
        lens.aperture = Aperture::StopRadius(first.stop_semi_diameter_paraxial);
        lens.field_kind = FieldKind::AngleDeg;
        let metre = 1e3 * f / focal_mm;
        lens.object_mm = Some(metre * FOCUS_M);
        let at_focus = first_order(&lens, lens.primary_um()).unwrap();
        let last = lens.surfaces.len() - 1;
        lens.surfaces[last].thickness -= at_focus.defocus;
        lens.surfaces[last].thickness += sharpest(&lens, f);
        // what of the scene the film's corner sees, to first order, from the entrance pupil
        let to_film = -at_focus.magnification * (metre * FOCUS_M + at_focus.enp_from_s1);
        let corner_slope = HALF_FILM_MM * f / focal_mm / to_film;
        let heights = chief_heights(&lens, corner_slope);
        let backwards = System::new(turned(&lens, &first)).unwrap();
        Self { backwards, heights, corner_slope, metre, pupil: first.enp_from_s1 }
    }

    /// Height on the film of what a pinhole would show at a radius of 0 to 1.
    fn height(&self, radius: f64) -> f64 {
        let x = radius * (self.heights.len() - 1) as f64;
        let i = (x as usize).min(self.heights.len() - 2);
        self.heights[i] + (x - i as f64) * (self.heights[i + 1] - self.heights[i])
    }

    /// Rays from the film at a place in pixels off the axis, in picture pixels of the plane of each distance, with the light
    /// they stand for.
    fn rays(&self, dx: f64, dy: f64, mut each: impl FnMut(f64, &dyn Fn(f64) -> [f64; 2])) {
        let radius = dx.hypot(dy);
        let height = self.height(radius / corner());
        let field = Field { x: height * dx / radius.max(1e-9), y: height * dy / radius.max(1e-9), ..Field::up(0.0) };
        for w in 0..self.backwards.lens().wavelengths.len() {
            let phase = |step: f64| (0.5 + step * w as f64).fract();
            let place = |i: usize, phase: f64| REACH * (2.0 * (i as f64 + phase) / GRID as f64 - 1.0);
            let places: Vec<[f64; 2]> =
                (0..GRID * GRID).map(|i| [place(i % GRID, phase(0.618)), place(i / GRID, phase(0.755))]).collect();
            let starts = self.backwards.aim(&field, w).paraxial(&places);
            let cosines: Vec<f64> = starts.iter().map(|r| r.d[2]).collect();
            let mut rays = Rays::new(starts);
            self.backwards.trace(w, &mut rays, Clip::Apertures, Until::Image);
            for (i, cos) in cosines.iter().enumerate() {
                let Some(ray) = rays.get(i) else { continue };
                let slopes = [ray.d[0] / ray.d[2], ray.d[1] / ray.d[2]];
                let pixel = |distance_m: f64| {
                    let d = distance_m * self.metre;
                    // the pinhole stands in the entrance pupil and turns the picture round
                    [0, 1].map(|k| -(ray.at[k] + slopes[k] * d) / (d + self.pupil) / self.corner_slope * corner())
                };
                // light per film area of a wall of even radiance: cos of the solid angle
                each(cos.powi(4), &pixel);
            }
        }
    }

    /// The photograph at every `step`th pixel from `first` on; 1 where a wall of light 1 is seen on the axis.
    pub fn photograph(&self, first: usize, step: usize) -> Plane<f32> {
        let mut even = 0.0;
        self.rays(0.0, 0.0, |share, _| even += share);
        let scene = scene();
        Plane::from_fn(WIDTH.div_ceil(step), HEIGHT.div_ceil(step), |x, y| {
            let place = |v: usize, size: usize| (v * step + first) as f64 + 0.5 - 0.5 * size as f64;
            let mut sum = 0.0;
            self.rays(place(x, WIDTH), place(y, HEIGHT), |share, pixel| {
                let light = scene.iter().rev().find_map(|layer| {
                    let [x, y] = pixel(layer.distance_m);
                    layer.at(x + 0.5 * WIDTH as f64, y + 0.5 * HEIGHT as f64)
                });
                sum += share * light.unwrap_or(0.0);
            });
            (sum / even) as f32
        })
    }
}

/// The middle colour's light.
fn green() -> Vec<Wavelength> {
    Bands::default().0[1].iter().map(|um| Wavelength { name: um.to_string(), um: *um, weight: 1.0 }).collect()
}

/// How far behind the film the point in focus looks sharpest: most light within 1/3000 of the focal length.
fn sharpest(lens: &Lens, f: f64) -> f64 {
    let lens = Lens { wavelengths: green(), primary: 2, ..lens.clone() };
    let system = System::new(lens).unwrap();
    let mut found = Vec::new();
    for w in 0..system.lens().wavelengths.len() {
        let places: Vec<[f64; 2]> = (0..200).map(|i| [0.0, ((f64::from(i) + 0.5) / 200.0).sqrt()]).collect();
        let mut rays = Rays::new(system.aim(&Field::up(0.0), w).paraxial(&places));
        system.trace(w, &mut rays, Clip::Apertures, Until::Image);
        found.extend(rays.iter().map(|r| [r.at[1], r.d[1] / r.d[2]]));
    }
    let light = |z: f64| found.iter().map(|[y, u]| 1.0 / (1.0 + ((y + u * z) / f * 3000.0).powi(2))).sum::<f64>();
    let place = |i: i32| 2e-5 * f * f64::from(i);
    (-1500..=1500).map(place).max_by(|a, b| light(*a).total_cmp(&light(*b))).unwrap()
}

/// Where chief rays meet the film.
fn chief_heights(lens: &Lens, corner_slope: f64) -> Vec<f64> {
    let system = System::new(lens.clone()).unwrap();
    let height = |i: i32| {
        let field = Field::up((corner_slope * f64::from(i) / 64.0).atan().to_degrees());
        let mut rays = Rays::new(system.aim(&field, lens.primary).through_stop(&[[0.0, 0.0]]));
        system.trace(lens.primary, &mut rays, Clip::Nothing, Until::Image);
        rays.get(0).unwrap().at[1]
    };
    (0..=64).map(height).collect()
}

/// The lens turned round, the film its object, its image the plane of the front vertex.
fn turned(lens: &Lens, first: &FirstOrder) -> Lens {
    let n = lens.surfaces.len();
    let medium_before = |i: usize| if i == 0 { Glass::air() } else { lens.surfaces[i - 1].glass.clone() };
    let surface = |i: usize| {
        let s = &lens.surfaces[i];
        assert_eq!(s.shape.form, Form::Conic);
        let shape = Shape { radius: -s.shape.radius, ..s.shape.clone() };
        let thickness = if i == 0 { 0.0 } else { lens.surfaces[i - 1].thickness };
        Surface { clear: Clear { ..s.clear }, stop: s.stop, ..Surface::refracting(shape, thickness, medium_before(i)) }
    };
    Lens {
        object_mm: Some(lens.surfaces[n - 1].thickness),
        aperture: Aperture::StopRadius(first.stop_semi_diameter_paraxial),
        field_kind: FieldKind::ObjectHeight,
        fields: vec![Field::up(0.0)],
        wavelengths: green(),
        primary: 2,
        surfaces: (0..n).rev().map(surface).collect(),
        image: None,
        configurations: vec![],
        ..lens.clone()
    }
}
