//! The fast path against the definition, over colours, looks, outputs and sizes.

use super::*;
use calotype_color::oklab::rgb_to_oklab;
use calotype_color::transfer::srgb_encode;
use calotype_image::Plane;

/// A fixed pseudo-random sequence (Knuth's linear congruential generator), 0 to 1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 40) as f64 / (1u64 << 24) as f64
    }

    /// A scene colour over 18 stops, from grey to far outside any display's gamut, some with negative channels.
    fn colour(&mut self) -> [f32; 3] {
        let level = 0.18 * (self.next() * 18.0 - 12.0).exp2();
        let purity = self.next().powi(2) * 1.1;
        let rgb = [self.next(), self.next(), self.next()];
        let mean = (rgb[0] + rgb[1] + rgb[2]) / 3.0;
        rgb.map(|v| (level * (1.0 + (v / mean - 1.0) * purity)) as f32)
    }
}

fn odd_look() -> Look {
    let tone = crate::Tone { slope: 1.4, shoulder: 1.8, white: 1.02, toe: 0.05, black: 0.001, skin_lift_ev: 1.2 };
    let mut look = Look { tone, ..Look::default() };
    look.render.rotate_deg = [3.0, -4.0, 6.0];
    look.chroma = crate::Chroma { shadow: 1.4, mid: 1.2, highlight: 0.8, vibrance: 0.3, skin_guard: 0.4 };
    for (i, s) in look.sectors.iter_mut().enumerate() {
        s.shift_deg = [8.0, 2.0, -6.0, 9.0, -1.0, -14.0, -5.0, 6.0][i];
        s.chroma = [1.2, 1.0, 0.9, 0.8, 1.1, 1.3, 0.9, 1.0][i];
        s.lightness = [0.02, 0.0, -0.04, -0.06, 0.0, 0.05, 0.0, 0.0][i];
    }
    look.tint.shadow = [-0.5, -1.0];
    look.tint.highlight = [0.2, 1.0];
    look
}

/// Largest difference of sRGB-encoded values between the fast path and the definition.
fn worst(look: &CompiledLook, count: usize) -> f64 {
    let mut random = Random(7);
    let colours: Vec<[f32; 3]> = (0..count).map(|_| random.colour()).collect();
    let mut rows = [0, 1, 2].map(|c| colours.iter().map(|v| v[c]).collect::<Vec<f32>>());
    let [r, g, b] = &mut rows;
    look.apply_rows(r, g, b);
    let mut worst = 0.0f64;
    for (i, c) in colours.iter().enumerate() {
        let exact = look.exact().apply(c.map(f64::from));
        for k in 0..3 {
            let difference = f64::from(srgb_encode(rows[k][i]) - srgb_encode(exact[k] as f32)).abs();
            worst = worst.max(difference);
        }
    }
    worst
}

#[test]
fn fast_follows_the_definition() {
    for look in [Look::default(), odd_look()] {
        for (output, headroom) in
            [(OutputSpace::Srgb, 0.0), (OutputSpace::DisplayP3, 0.0), (OutputSpace::DisplayP3, 2.0)]
        {
            let error = worst(&look.compile_hdr(output, 1.0, headroom), 40_000);
            // Close to the tip of a tall gamut chroma hangs on the last digits of lightness.
            let tolerance = if headroom > 0.0 { 1.0 / 2000.0 } else { 1.0 / 4000.0 };
            assert!(error < tolerance, "{output:?} +{headroom} EV: {error:e}");
        }
    }
}

#[test]
fn every_length_gives_the_same_pixels() {
    let look = odd_look().compile(OutputSpace::Srgb, 1.0);
    let mut random = Random(3);
    let colours: Vec<[f32; 3]> = (0..130).map(|_| random.colour()).collect();
    let run = |n: usize| {
        let mut rows = [0, 1, 2].map(|c| colours[..n].iter().map(|v| v[c]).collect::<Vec<f32>>());
        let [r, g, b] = &mut rows;
        look.apply_rows(r, g, b);
        rows
    };
    let whole = run(130);
    for n in [0, 1, 2, 7, 31, 32, 33, 95, 129] {
        let part = run(n);
        assert!((0..3).all(|c| part[c] == whole[c][..n]), "{n}");
    }
}

/// Pixels outside the gamut wait for others: each must be what it is alone, and end up in its place, whatever the others are.
#[test]
fn every_company_gives_the_same_pixels() {
    let look = odd_look().compile(OutputSpace::Srgb, 1.0);
    let run = |colours: &[[f32; 3]]| {
        let mut rows = [0, 1, 2].map(|c| colours.iter().map(|v| v[c]).collect::<Vec<f32>>());
        let [r, g, b] = &mut rows;
        look.apply_rows(r, g, b);
        rows
    };
    // inside, below the cone, above the ceiling; mixed, all of one kind, and ends of rows with more than a block of a kind
    let kinds = [[0.2, 0.18, 0.15], [0.02, 0.001, 0.05], [0.3, 0.9, 6.0], [4.0, 0.5, 0.3]];
    let alone = kinds.map(|colour| run(&[colour]).map(|row| row[0]));
    let mut random = Random(5);
    for n in [3, 32, 40, 63, 64, 71, 95, 96, 400] {
        for share in [0.0, 0.3, 0.9, 1.0] {
            let kind = |random: &mut Random| {
                let any = (random.next() * 4.0) as usize;
                if random.next() < share { any.max(2) } else { any }
            };
            let which: Vec<usize> = (0..n).map(|_| kind(&mut random)).collect();
            let rows = run(&which.iter().map(|k| kinds[*k]).collect::<Vec<_>>());
            for (i, k) in which.iter().enumerate() {
                assert_eq!([rows[0][i], rows[1][i], rows[2][i]], alone[*k], "pixel {i} of {n}, kind {k}");
            }
        }
    }
}

#[test]
fn nonsense_stays_in_range() {
    let look = odd_look().compile_hdr(OutputSpace::Srgb, 1.0, 2.0);
    let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, f32::MAX, f32::MIN_POSITIVE, -1.0];
    for a in bad {
        for b in bad {
            let mut rows = [vec![a], vec![b], vec![0.3]];
            let [r, g, bl] = &mut rows;
            look.apply_rows(r, g, bl);
            assert!(rows.iter().all(|v| (0.0..=4.0).contains(&v[0])), "{a} {b}: {rows:?}");
        }
    }
}

#[test]
fn greys_do_not_band_and_stay_grey() {
    let look = odd_look();
    let mut plain = look.clone();
    plain.tint = crate::Tint::default();
    let compiled = plain.compile(OutputSpace::Srgb, 1.0);
    let ramp: Vec<f32> = (0..20_000).map(|i| 0.18 * ((i as f32 / 1000.0) - 14.0).exp2()).collect();
    let mut rows = [ramp.clone(), ramp.clone(), ramp];
    let [r, g, b] = &mut rows;
    compiled.apply_rows(r, g, b);
    for i in 1..r.len() {
        // A step up of a thousandth of a stop may not become a step down larger than rounding.
        assert!(r[i] - r[i - 1] > -3e-7, "{i}: {} {}", r[i - 1], r[i]);
        assert!((r[i] - g[i]).abs() < 3e-5 && (b[i] - g[i]).abs() < 3e-5, "{i}: {} {} {}", r[i], g[i], b[i]);
    }
}

#[test]
fn hdr_is_sdr_below_grey_and_brighter_above() {
    let (sdr, hdr) =
        (Look::default().compile(OutputSpace::Srgb, 1.0), Look::default().compile_hdr(OutputSpace::Srgb, 1.0, 2.0));
    for i in -30..30 {
        let x = 0.18 * (f64::from(i) / 5.0).exp2();
        let (s, h) = (sdr.exact().apply([x, x * 0.7, x * 0.5]), hdr.exact().apply([x, x * 0.7, x * 0.5]));
        for k in 0..3 {
            assert!(if i <= 0 { (s[k] - h[k]).abs() < 1e-12 } else { h[k] >= s[k] - 1e-3 }, "{i}: {s:?} {h:?}");
        }
    }
    assert_eq!(hdr.ceiling(), 4.0);
}

#[test]
fn pictures_and_rows_agree() {
    let look = odd_look().compile(OutputSpace::DisplayP3, 1.0);
    for (w, h) in [(1, 1), (3, 2), (37, 70), (0, 4)] {
        let plane = |k: usize| Plane::from_fn(w, h, |x, y| ((x * 7 + y * 13 + k * 5) % 31) as f32 / 20.0);
        let scene = SceneRgb::from_planes([plane(0), plane(1), plane(2)]);
        let display = look.apply(scene.clone());
        for y in 0..h {
            let [mut r, mut g, mut b] = scene.row(y).map(<[f32]>::to_vec);
            look.apply_rows(&mut r, &mut g, &mut b);
            assert_eq!(display.row(y), [&r[..], &g[..], &b[..]]);
        }
    }
}

#[test]
fn the_corner_gets_its_stops() {
    let mut look = Look::default();
    look.optics.corner_ev = -0.6;
    let compiled = look.compile(OutputSpace::Srgb, 1.0);
    assert_eq!(compiled.vignette_gain(50.0, 40.0, 100, 80), 1.0);
    assert!((compiled.vignette_gain(0.0, 80.0, 100, 80).log2() + 0.6).abs() < 1e-6);
    let mut rows = [vec![1.0f32; 100], vec![1.0; 100], vec![1.0; 100]];
    let [r, g, b] = &mut rows;
    compiled.vignette_row(3, 100, 80, [r, g, b]);
    for x in 0..100 {
        assert!((r[x] - compiled.vignette_gain(x as f64 + 0.5, 3.5, 100, 80)).abs() < 1e-6 && r[x] == b[x]);
    }
}

#[test]
fn white_is_where_the_targets_say() {
    for (name, ev) in [("authentic", 5.0), ("vibrant", 4.5), ("natural", 4.9), ("mono-natural", 5.2)] {
        let got = Look::builtin(name).unwrap().compile(OutputSpace::Srgb, 1.0).white_ev();
        assert!((got - ev).abs() < 0.1, "{name}: {got}");
    }
}

#[test]
fn saturated_colours_do_not_jump_as_they_brighten() {
    // a hundredth of a stop at a time over 12 stops; pure and nearly pure colours of Rec.2020, blues closely spaced
    let mut colours = vec![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]];
    for i in 0..=20 {
        let v = i as f32 / 40.0;
        colours.extend([[0.0, v, 1.0], [v, 0.0, 1.0], [0.05, v, 1.0]]);
    }
    for name in ["authentic", "vibrant", "natural"] {
        for output in [OutputSpace::Srgb, OutputSpace::DisplayP3] {
            let look = Look::builtin(name).unwrap().compile(output, 1.0);
            for colour in &colours {
                let ramp = |c: usize| (0..1200).map(|i| colour[c] * 0.18 * (i as f32 / 100.0 - 8.0).exp2()).collect();
                let mut rows: [Vec<f32>; 3] = [ramp(0), ramp(1), ramp(2)];
                let [r, g, b] = &mut rows;
                look.apply_rows(r, g, b);
                let lab = |i: usize| rgb_to_oklab(output.space(), [0, 1, 2].map(|c| f64::from(rows[c][i])));
                for i in 1..1200 {
                    let (p, q) = (lab(i - 1), lab(i));
                    let step = (0..3).map(|k| (p[k] - q[k]).powi(2)).sum::<f64>().sqrt();
                    assert!(step < 0.006, "{name} {output:?} {colour:?} step {i}: {step}, {p:?} to {q:?}");
                }
            }
        }
    }
}

#[test]
fn up_to_a_known_light_displays_are_alike() {
    for look in [Look::default(), odd_look()] {
        let (sdr, hdr) = (look.compile(OutputSpace::Srgb, 1.0), look.compile_hdr(OutputSpace::Srgb, 1.0, 2.0));
        assert_eq!(sdr.alike_up_to(), f32::INFINITY);
        let most = hdr.alike_up_to();
        assert!(most > 0.1 && most < 0.4, "{most}");
        let mut random = Random(11);
        let colours: Vec<[f32; 3]> = (0..2000).map(|_| random.colour().map(|v| v.clamp(0.0, most))).collect();
        let run = |look: &CompiledLook| {
            let mut rows = [0, 1, 2].map(|c| colours.iter().map(|v| v[c]).collect::<Vec<f32>>());
            let [r, g, b] = &mut rows;
            look.apply_rows(r, g, b);
            (0..2000).map(|i| 0.26 * rows[0][i] + 0.68 * rows[1][i] + 0.06 * rows[2][i]).collect::<Vec<f32>>()
        };
        for (s, h) in run(&sdr).into_iter().zip(run(&hdr)) {
            assert!(((h + 1.0 / 64.0) / (s + 1.0 / 64.0)).log2().abs() < 0.01, "{s} {h}");
        }
    }
}

#[test]
fn shades_of_dark_saturated_colours_stay_apart() {
    // greyish to pure reds, greens and blues of Rec.709, one to three stops below grey: what is more colourful stays so
    let to_scene = calotype_color::RgbSpace::Rec709.to_space(calotype_color::RgbSpace::Rec2020);
    for name in ["authentic", "natural"] {
        let look = Look::builtin(name).unwrap().compile(OutputSpace::Srgb, 1.0);
        for ev in [-3.0f64, -2.0, -1.0] {
            for primary in [[1.0, 0.05, 0.05], [0.1, 1.0, 0.1], [0.1, 0.2, 1.0]] {
                let at = |purity: f64| {
                    let rgb = primary.map(|v: f64| 0.18 * ev.exp2() * (1.0 + purity * (v / 0.4 - 1.0)));
                    let scene = calotype_color::matrix::transform(&to_scene, rgb);
                    let [_, a, b] = rgb_to_oklab(OutputSpace::Srgb.space(), look.exact().apply(scene));
                    let [_, x, y] = rgb_to_oklab(calotype_color::RgbSpace::Rec2020, scene);
                    (a.hypot(b), x.hypot(y))
                };
                for i in 2..10 {
                    let (less, more) = (at(f64::from(i) / 10.0), at(f64::from(i + 1) / 10.0));
                    let slope = (more.0 - less.0) / (more.1 - less.1);
                    assert!((0.2..2.0).contains(&slope), "{name} {ev} {primary:?} {i}: {slope}");
                }
            }
        }
    }
}

#[test]
fn blues_outside_the_gamut_stay_blue() {
    for name in ["authentic", "natural", "neutral"] {
        let look = Look::builtin(name).unwrap().compile(OutputSpace::Srgb, 1.0);
        for scene in [[0.0, 0.0, 0.8], [-0.01, 0.05, 0.8], [-0.02, 0.15, 0.7]] {
            let [r, g, b] = look.exact().apply(scene).map(|v| srgb_encode(v as f32));
            assert!(b > 0.6 && b > g + 0.15 && b > r + 0.3, "{name} {scene:?}: {r} {g} {b}");
        }
    }
}
