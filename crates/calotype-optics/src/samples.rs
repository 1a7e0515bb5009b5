//! Lenses with closed-form answers, for tests.

use crate::{
    After, Aperture, Clear, Coating, Configuration, Field, FieldKind, Form, Glass, Kind, Layer, Lens, Pose, Shape,
    Surface, Vignetting, Wavelength,
};

fn lens(name: &str, surfaces: Vec<Surface>, epd: f64) -> Lens {
    Lens {
        name: name.into(),
        title: String::new(),
        source: String::new(),
        notes: vec![],
        air: None,
        object_mm: None,
        aperture: Aperture::EntrancePupil(epd),
        field_kind: FieldKind::AngleDeg,
        fields: vec![Field::up(0.0), Field::up(5.0)],
        wavelengths: vec![Wavelength { name: "d".into(), um: 0.5875618, weight: 1.0 }],
        primary: 0,
        surfaces,
        image: None,
        configurations: vec![],
    }
}

fn constant(n: f64) -> Glass {
    Glass::unnamed(crate::Dispersion::Constant(n))
}

/// A single lens with its stop at the front.
pub(crate) fn singlet(n: f64, r1: f64, r2: f64, t: f64) -> Lens {
    let mut front = Surface::refracting(Shape::sphere(r1), t, constant(n));
    front.stop = true;
    lens("singlet", vec![front, Surface::refracting(Shape::sphere(r2), 90.0, Glass::air())], 10.0)
}

/// A concave paraboloid of this radius, f = radius / 2, with its image plane at the focus.
pub(crate) fn parabolic_mirror(radius: f64) -> Lens {
    let mut mirror = Surface::refracting(Shape::conic(-radius, -1.0), -0.5 * radius, Glass::air());
    mirror.kind = Kind::Reflect;
    mirror.stop = true;
    lens("parabola", vec![mirror], 0.4 * radius)
}

/// A plano-convex lens whose second surface is the hyperboloid k = -n^2 that images infinity without aberration.
pub(crate) fn hyperbolic_singlet(n: f64, radius: f64) -> Lens {
    let mut front = Surface::refracting(Shape::plane(), 5.0, constant(n));
    front.stop = true;
    let back = Surface::refracting(Shape::conic(-radius, -n * n), radius / (n - 1.0), Glass::air());
    lens("hyperboloid", vec![front, back], 0.8 * radius)
}

/// A triplet of nobody's, reasonable at f/5: for tests that need a picture-taking lens.
pub(crate) fn triplet() -> Lens {
    let crown = Glass::model(1.62, 60.0);
    let flint = Glass::model(1.62, 36.4);
    let list = [
        (22.0, 3.26, crown.clone()),
        (-436.0, 6.0, Glass::air()),
        (-22.2, 1.0, flint),
        (20.3, 4.75, Glass::air()),
        (79.7, 2.95, crown),
        (-18.4, 42.2, Glass::air()),
    ];
    let mut surfaces: Vec<Surface> =
        list.into_iter().map(|(r, t, g)| Surface::refracting(Shape::sphere(r), t, g)).collect();
    surfaces[3].stop = true;
    for (s, r) in surfaces.iter_mut().zip([8.0, 8.0, 5.5, 5.5, 7.0, 7.0]) {
        s.clear = Clear { outer: Some(r), inner: 0.0 };
    }
    let mut lens = lens("triplet", surfaces, 10.0);
    lens.fields = vec![Field::up(0.0), Field::up(14.0), Field::up(20.0)];
    lens.wavelengths = [("F", 0.4861327), ("d", 0.5875618), ("C", 0.6562725)]
        .map(|(name, um)| Wavelength { name: name.into(), um, weight: 1.0 })
        .to_vec();
    lens.primary = 1;
    lens
}

/// Two ideal lenses of 100 and -50 mm, whose distance zooms: 250 mm at 70, 500 mm at 60.
pub(crate) fn thin_zoom() -> Lens {
    let ideal = |f: f64, thickness: f64| {
        let mut s = Surface::refracting(Shape::plane(), thickness, Glass::air());
        s.kind = Kind::ThinLens(f);
        s
    };
    let mut lens = lens("thin zoom", vec![ideal(100.0, 70.0), ideal(-50.0, 75.0)], 10.0);
    lens.surfaces[0].stop = true;
    lens.fields[1].y = 1.0;
    for (name, gap, image) in [("wide", 70.0, 75.0), ("tele", 60.0, 200.0)] {
        let mut state = Configuration::new(name);
        state.surface(0).thickness = Some(gap);
        state.surface(1).thickness = Some(image);
        lens.configurations.push(state);
    }
    lens
}

/// Every kind of surface and setting in one file, not a good lens.
pub(crate) fn everything() -> Lens {
    let mut lens = triplet();
    lens.title = "every kind of \"surface\"".into();
    lens.source = "made up".into();
    lens.notes = vec!["first".into(), "second".into()];
    lens.fields[1].vignetting = Vignetting { decentre: [0.0, 0.1], compression: [0.0, 0.2], angle_deg: 5.0 };
    lens.fields[2].x = 3.0;
    lens.wavelengths[0].weight = 0.5;
    let shape = |radius, conic, form| Shape { radius, conic, form };
    let s = &mut lens.surfaces;
    s[0].shape = shape(22.0, -0.5, Form::Powers(vec![(4, 1e-6), (6, -2e-9)]));
    s[1].shape = shape(-436.0, 0.0, Form::Qbfs { norm_radius: 9.0, coefficients: vec![0.01, 0.001] });
    s[2].shape = shape(-22.2, 0.1, Form::Qcon { norm_radius: 9.0, coefficients: vec![0.002] });
    s[3].shape = shape(20.3, 0.0, Form::Powers(vec![(3, 1e-5), (4, 1e-6)]));
    s[4].shape = shape(79.7, 0.2, Form::Biconic { radius_x: 81.0, conic_x: 0.1 });
    s[5].shape = shape(-18.4, 0.0, Form::Toroid { radius_x: -18.5, powers: vec![(4, 1e-7)] });
    s[5].pose =
        Some(Pose { decentre: [0.01, 0.0, 0.0], tilt_deg: [0.1, 0.0, 0.0], tilt_first: false, after: After::Return });
    s[2].clear.inner = 0.5;
    s[0].label = "front".into();
    s[0].coating = Some(Coating::Bare);
    s[1].coating = Some(Coating::Ideal(0.005));
    s[2].coating = Some(Coating::Layers { layers: vec![Layer { n: 1.38, k: 0.0, thickness_nm: 99.6 }], metal: None });
    s[0].glass.internal = vec![[0.4, 0.98, 10.0], [0.6, 0.99, 10.0]];
    s[4].glass = crate::glass::built_in("N-BK7").unwrap_or_else(Glass::air);
    let mut z = Surface::refracting(
        shape(f64::INFINITY, 0.0, Form::Zernike { norm_radius: 20.0, coefficients: vec![0.0, 0.0, 0.0, 0.001] }),
        1.0,
        Glass::unnamed(crate::Dispersion::Table(vec![[0.4, 1.53], [0.55, 1.52], [0.7, 1.51]])),
    );
    z.clear.outer = Some(15.0);
    let mut thin = Surface::refracting(Shape::plane(), 40.0, Glass::air());
    thin.kind = Kind::ThinLens(5000.0);
    s[5].thickness = 1.0;
    s.push(z);
    s.push(Surface::refracting(Shape::plane(), 0.5, Glass::air()));
    s.push(thin);
    lens.image = Some(Shape::conic(-300.0, 0.2));
    lens
}
