//! Grades made by other means than a look's numbers: what a fitter meets in the wild. Each takes scene-linear Rec.2020 and
//! gives display-linear sRGB within 0 and 1.

use calotype_color::RgbSpace;
use calotype_color::matrix::{invert, multiply, transform};
use calotype_look::{Look, OutputSpace, PointTransform};

type Rgb = [f64; 3];

/// A grade by name.
pub struct Grader {
    /// What it does.
    pub name: &'static str,
    grade: Box<dyn Fn(Rgb) -> Rgb + Sync>,
}

impl Grader {
    /// The graded picture's colour of a scene's.
    pub fn apply(&self, scene: Rgb) -> Rgb {
        (self.grade)(scene).map(|v| if v > 0.0 { v.min(1.0) } else { 0.0 })
    }
}

pub fn encode(v: f64) -> f64 {
    if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

pub fn decode(v: f64) -> f64 {
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// All of them. Fourteen grade the codes of a finished neutral picture, as people do in picture editors; eight start from the
/// scene's light, as film and cameras do.
pub fn graders() -> Vec<Grader> {
    let mut all = Vec::new();
    let mut on_codes = |name, grade: fn(Rgb) -> Rgb| {
        let neutral = PointTransform::new(&Look::default(), OutputSpace::Srgb, 0.0);
        let whole = move |scene: Rgb| grade(neutral.apply(scene).map(encode)).map(|v| decode(v.clamp(0.0, 1.0)));
        all.push(Grader { name, grade: Box::new(whole) });
    };
    on_codes("curves per channel", curves);
    on_codes("lift, gamma, gain", lift_gamma_gain);
    on_codes("hue twist in LCh", hue_twist);
    on_codes("teal and orange", teal_orange);
    on_codes("bleach bypass", bleach);
    on_codes("saturation in HSV", hsv);
    on_codes("channels mixed", mixer);
    on_codes("faded print", faded);
    on_codes("two inks", two_inks);
    on_codes("luma curve alone", luma_curve);
    on_codes("one hue picked out", picked_hue);
    on_codes("day for night", day_for_night);
    on_codes("steps of a table", coarse_table);
    on_codes("warm filter, soft", warm_soft);
    let mut on_light = |name, grade: fn(Rgb) -> Rgb| {
        let to = RgbSpace::Rec2020.to_space(RgbSpace::Rec709);
        all.push(Grader { name, grade: Box::new(move |scene| grade(transform(&to, scene))) });
    };
    on_light("negative and print", film);
    on_light("reversal film", reversal);
    on_light("camera matrix", camera);
    on_light("printer lights", printer_lights);
    on_light("curve on the largest", largest_curve);
    on_light("rational curve, wide", wide_rational);
    on_light("instant film", instant);
    on_light("plain gamma", plain_gamma);
    all
}

/// Ten more, by other means still, kept aside while fits were chosen: what is tuned to the others shows here, in the example.
#[allow(dead_code)]
pub fn aside() -> Vec<Grader> {
    let neutral = PointTransform::new(&Look::default(), OutputSpace::Srgb, 0.0);
    let on_codes = |name, grade: fn(Rgb) -> Rgb| {
        let neutral = neutral.clone();
        let whole = move |scene: Rgb| grade(neutral.apply(scene).map(encode)).map(|v| decode(v.clamp(0.0, 1.0)));
        Grader { name, grade: Box::new(whole) }
    };
    let to = RgbSpace::Rec2020.to_space(RgbSpace::Rec709);
    let on_light = |name, grade: fn(Rgb) -> Rgb| {
        let whole = move |scene: Rgb| grade(transform(&to, scene));
        Grader { name, grade: Box::new(whole) }
    };
    let white_balance = neutral.clone();
    let warmer = move |scene: Rgb| {
        let [r, g, b] = scene;
        white_balance.apply([1.22 * r, 0.98 * g, 0.70 * b]).map(|v| v.powf(1.12))
    };
    vec![
        on_codes("three wheels", three_wheels),
        on_codes("hues bent in HSL", hsl),
        on_codes("curves on opponents", opponents),
        on_codes("red and green swapped by a third", swapped),
        on_codes("vibrance, skin spared", vibrance),
        on_codes("three colours by lightness", three_colours),
        on_codes("solarised a little", solarised),
        on_light("square root, then broadcast", broadcast),
        on_light("crossed curves of a print", crossed),
        Grader { name: "another white balance", grade: Box::new(warmer) },
    ]
}

/// Wheels for shadows, mid-tones and lights, on codes squared.
fn three_wheels(code: Rgb) -> Rgb {
    let linear = code.map(|v| v * v);
    let luma = (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]).clamp(0.0, 1.0);
    let (low, high) = ((1.0 - luma).powi(6), luma.powi(2));
    let middle = 1.0 - low - high;
    let (shadow, mid, light) = ([0.94, 1.05, 1.20], [1.04, 0.98, 0.96], [1.10, 1.02, 0.86]);
    let v = [0, 1, 2].map(|c| linear[c] * (low * shadow[c] + middle * mid[c] + high * light[c]));
    v.map(|v| v.max(0.0).powf(0.54))
}

/// Hue, saturation and lightness of HSL bent: reds to orange, blues to violet, dull colours duller.
fn hsl(code: Rgb) -> Rgb {
    let (max, min) = (code[0].max(code[1]).max(code[2]), code[0].min(code[1]).min(code[2]));
    let (l, d) = ((max + min) / 2.0, max - min);
    if d < 1e-9 {
        return [l.powf(1.15); 3];
    }
    let s = d / (1.0 - (2.0 * l - 1.0).abs()).max(1e-6);
    let h = if max == code[0] {
        (code[1] - code[2]) / d
    } else if max == code[1] {
        2.0 + (code[2] - code[0]) / d
    } else {
        4.0 + (code[0] - code[1]) / d
    };
    let h = h + 0.10 * (h * std::f64::consts::PI / 3.0 + 0.5).cos() + 0.07 * (h * std::f64::consts::PI / 1.5).sin();
    let (s, l) = (s.min(1.0).powf(1.15) * 1.04, l.powf(1.15) * (1.0 - 0.08 * s.min(1.0)));
    let c = (1.0 - (2.0 * l - 1.0).abs()) * s.min(1.0);
    [0.0, 4.0, 2.0].map(|k| {
        let away = ((h + k).rem_euclid(6.0) - 3.0).abs();
        l + c * ((away - 1.0).clamp(0.0, 1.0) - 0.5)
    })
}

/// An S on luma, S curves on the two differences of colour, shadows towards green.
fn opponents(code: Rgb) -> Rgb {
    let luma = 0.299 * code[0] + 0.587 * code[1] + 0.114 * code[2];
    let (cb, cr) = (0.564 * (code[2] - luma), 0.713 * (code[0] - luma));
    let s = |v: f64, gain: f64| (gain * v).tanh() / gain * 1.18;
    let curved = luma + 0.10 * (std::f64::consts::TAU * (luma - 0.5)).sin() * 0.6;
    let fade = (1.0 - luma).powi(3);
    let (cb, cr) = (s(cb, 1.6) - 0.015 * fade, s(cr, 2.2) - 0.02 * fade);
    let (r, b) = (curved + cr / 0.713, curved + cb / 0.564);
    [r, (curved - 0.299 * r - 0.114 * b) / 0.587, b]
}

/// Foliage as infrared film shows it, by a third.
fn swapped(code: Rgb) -> Rgb {
    let [r, g, b] = code;
    let m = [r + 0.33 * (g - r), g + 0.33 * (r - g), b + 0.1 * (g - b)];
    m.map(|v| v.max(0.0).powf(0.92))
}

/// Dull colours more than pure ones, oranges spared, a veil over blacks.
fn vibrance(code: Rgb) -> Rgb {
    let max = code[0].max(code[1]).max(code[2]);
    let min = code[0].min(code[1]).min(code[2]);
    let luma = 0.2126 * code[0] + 0.7152 * code[1] + 0.0722 * code[2];
    let orange = ((code[0] - code[2]).max(0.0) * (1.0 - (code[0] + code[2] - 2.0 * code[1]).abs())).min(0.5);
    let gain = 1.0 + 0.55 * (1.0 - (max - min)).powi(2) * (1.0 - 1.6 * orange);
    code.map(|v| 0.03 + 0.97 * (luma + (v - luma) * gain))
}

/// A map from lightness to three colours, a quarter strong, over steeper codes.
fn three_colours(code: Rgb) -> Rgb {
    let luma = (0.3 * code[0] + 0.6 * code[1] + 0.1 * code[2]).clamp(0.0, 1.0);
    let (low, mid, high) = ([0.02, 0.08, 0.10], [0.58, 0.42, 0.36], [0.96, 1.0, 0.90]);
    let weights = [(1.0 - luma).powi(2), 2.0 * luma * (1.0 - luma), luma * luma];
    [0, 1, 2].map(|c| {
        let map = weights[0] * low[c] + weights[1] * mid[c] + weights[2] * high[c];
        let steep = code[c] + 0.5 * code[c] * (1.0 - code[c]) * (code[c] - 0.45);
        0.75 * steep + 0.25 * map
    })
}

/// The darkest shadows turn back a little and lights flatten, blue first.
fn solarised(code: Rgb) -> Rgb {
    let (shadow, light) = ([0.05, 0.07, 0.10], [0.10, 0.12, 0.20]);
    [0, 1, 2].map(|c| code[c] + shadow[c] * (-code[c] / 0.08).exp() - light[c] * code[c].max(0.0).powi(4))
}

/// A square root of the light, video levels pulled in, colours multiplied about luma.
fn broadcast(light: Rgb) -> Rgb {
    let v = light.map(|v| (v.max(0.0) * 0.9).sqrt());
    let knee = v.map(|v| if v < 0.7 { v } else { 0.7 + 0.3 * (1.0 - (-(v - 0.7) / 0.3).exp()) });
    let luma = 0.2126 * knee[0] + 0.7152 * knee[1] + 0.0722 * knee[2];
    knee.map(|v| decode((1.10 * (luma + 1.25 * (v - luma)) - 0.06).clamp(0.0, 1.0)))
}

/// Curves of three layers that cross: red steep in shadows, blue steep in lights.
fn crossed(light: Rgb) -> Rgb {
    let stops = light.map(|v| (v.max(1e-5) / 0.18).log2());
    [0, 1, 2].map(|c| {
        let (below, above, offset) = ([0.62, 0.55, 0.48][c], [0.42, 0.47, 0.55][c], [0.04, 0.0, -0.03][c]);
        let steep = below + (above - below) / (1.0 + (-1.2 * stops[c]).exp());
        decode(1.0 / (1.0 + (-(steep * stops[c] + offset)).exp()))
    })
}

/// Cross-processed: an S of its own for each channel.
fn curves(code: Rgb) -> Rgb {
    let s = |v: f64, pivot: f64, power: f64| {
        if v < pivot {
            pivot * (v / pivot).powf(power)
        } else {
            1.0 - (1.0 - pivot) * ((1.0 - v) / (1.0 - pivot)).powf(power)
        }
    };
    let [r, g, b] = code;
    [s(r, 0.48, 1.35), s(g, 0.45, 1.22), 0.06 + 0.88 * s(b, 0.52, 0.92)]
}

/// The decision list of the ASC: slope, offset, power, saturation.
fn lift_gamma_gain(code: Rgb) -> Rgb {
    let (slope, offset, power) = ([1.06, 1.0, 0.90], [-0.015, 0.01, 0.03], [0.96, 1.04, 1.10]);
    let v = [0, 1, 2].map(|c| (code[c] * slope[c] + offset[c]).clamp(0.0, 1.0).powf(power[c]));
    let luma = 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
    v.map(|v| luma + 1.15 * (v - luma))
}

/// Hues, chroma and lightness bent in CIELAB by smooth waves.
fn hue_twist(code: Rgb) -> Rgb {
    use calotype_color::lab::{lab_to_xyz, xyz_to_lab_d65};
    let xyz = RgbSpace::Rec709.to_xyz();
    let [l, a, b] = xyz_to_lab_d65(transform(&xyz, code.map(decode)));
    let (h, c) = (b.atan2(a), a.hypot(b));
    let hue = h + 0.14 * (2.0 * h + 0.6).sin() + 0.08 * (3.0 * h).cos() * (l / 100.0);
    let chroma = c * (1.05 + 0.18 * (h - 0.9).cos()) * (1.15 - 0.3 * (l / 100.0));
    let l = 100.0 * (l / 100.0).powf(1.08) - 0.06 * c * (0.5 - 0.5 * (h + 1.6).cos());
    let white = transform(&xyz, [1.0; 3]);
    let back = transform(&invert(&xyz).unwrap(), lab_to_xyz([l, chroma * hue.cos(), chroma * hue.sin()], white));
    back.map(|v| encode(v.max(0.0)))
}

/// A teal and an orange layer, soft light, through masks of shadows and lights.
fn teal_orange(code: Rgb) -> Rgb {
    let soft = |base: f64, layer: f64| (1.0 - 2.0 * layer) * base * base + 2.0 * layer * base;
    let luma = (0.299 * code[0] + 0.587 * code[1] + 0.114 * code[2]).clamp(0.0, 1.0);
    let (teal, orange) = ([0.30, 0.52, 0.58], [0.66, 0.50, 0.36]);
    let mask = luma * luma * (3.0 - 2.0 * luma);
    [0, 1, 2].map(|c| {
        let (shadow, light) = (soft(code[c], teal[c]), soft(code[c], orange[c]));
        let v = shadow * (1.0 - mask) + light * mask;
        (luma + 0.92 * (v - luma)) * 0.96 + 0.02
    })
}

/// A black and white copy over the colours, in overlay, half strong.
fn bleach(code: Rgb) -> Rgb {
    let luma = (0.25 * code[0] + 0.65 * code[1] + 0.10 * code[2]).clamp(0.0, 1.0);
    code.map(|v| {
        let overlay = if luma < 0.5 { 2.0 * luma * v } else { 1.0 - 2.0 * (1.0 - luma) * (1.0 - v) };
        let v = v + 0.55 * (overlay - v);
        luma + 0.85 * (v - luma)
    })
}

/// Density curves of a negative and a print film with dyes that absorb beside their own third of the spectrum.
fn film(light: Rgb) -> Rgb {
    let log = light.map(|v| (v.max(1e-5) / 0.18).log10());
    let logistic = |x: f64, gamma: f64, most: f64, mid: f64| most / (1.0 + (-4.0 * gamma / most * (x - mid)).exp());
    let negative = [0.58, 0.62, 0.66];
    let density = [0, 1, 2].map(|c| logistic(log[c], negative[c], 2.3, 0.15));
    let grey = [0, 1, 2].map(|c| logistic(0.0, negative[c], 2.3, 0.15));
    // inter-image: layers hold each other back
    let mixed = multiply(
        &[[1.16, -0.12, -0.04], [-0.08, 1.14, -0.06], [-0.02, -0.10, 1.12]],
        &[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    );
    let exposure = transform(&mixed, [0, 1, 2].map(|c| grey[c] - density[c]));
    let print = [0, 1, 2].map(|c| logistic(exposure[c], [2.5, 2.45, 2.35][c], 3.2, [0.22, 0.2, 0.21][c]));
    let dye = transform(&[[0.90, 0.09, 0.02], [0.07, 0.86, 0.08], [0.01, 0.12, 0.88]], print);
    dye.map(|d| 1.12 * 10f64.powf(-d))
}

/// A steep curve on the logarithm of light, layers that sharpen each other's colours, warm lights.
fn reversal(light: Rgb) -> Rgb {
    let log = light.map(|v| (v.max(1e-6) / 0.18).ln());
    let log = transform(&[[1.18, -0.13, -0.05], [-0.07, 1.15, -0.08], [-0.03, -0.12, 1.15]], log);
    [0, 1, 2].map(|c| {
        let x = log[c] * [1.52, 1.48, 1.42][c] + [-1.50, -1.52, -1.56][c];
        let y = x.exp() / (1.0 + x.exp());
        y * [1.03, 1.0, 0.95][c]
    })
}

/// A camera's own rendering: a matrix that pushes colours, a curve with a film-like shoulder, channels clipped.
fn camera(light: Rgb) -> Rgb {
    let v = transform(&[[1.42, -0.34, -0.08], [-0.14, 1.24, -0.10], [0.02, -0.30, 1.28]], light);
    v.map(|v| {
        let v = v.max(0.0) * 0.85;
        (v * (2.51 * v + 0.03)) / (v * (2.43 * v + 0.59) + 0.14)
    })
}

/// Saturation and value bent in HSV, more for reds than for blues.
fn hsv(code: Rgb) -> Rgb {
    let (max, min) = (code[0].max(code[1]).max(code[2]), code[0].min(code[1]).min(code[2]));
    let saturation = if max > 1e-9 { (max - min) / max } else { 0.0 };
    let warmth = if max > min { (code[0] - code[2]) / (max - min) } else { 0.0 };
    let gain = saturation.max(1e-9).powf(0.82 - 0.10 * warmth) / saturation.max(1e-9);
    let value = (max.powf(1.12) / max.max(1e-9)).min(2.0);
    code.map(|v| value * (max - (max - v) * gain.min(3.0)))
}

/// A channel mixer, then an S about the middle.
fn mixer(code: Rgb) -> Rgb {
    let m = transform(&[[0.86, 0.22, -0.08], [0.06, 0.90, 0.04], [-0.05, 0.18, 0.87]], code);
    m.map(|v| {
        let v = v.clamp(0.0, 1.0);
        v + 0.35 * v * (1.0 - v) * (2.0 * v - 1.0)
    })
}

/// Lifted blacks, dull whites, colours that fade by different amounts.
fn faded(code: Rgb) -> Rgb {
    let luma = 0.3 * code[0] + 0.59 * code[1] + 0.11 * code[2];
    let keep = [0.80, 0.74, 0.62];
    let (low, high) = ([0.13, 0.10, 0.12], [0.97, 0.94, 0.86]);
    [0, 1, 2].map(|c| low[c] + (high[c] - low[c]) * (luma + keep[c] * (code[c] - luma)).clamp(0.0, 1.0).powf(0.94))
}

/// A gradient from one ink to another by lightness, laid over the picture at two fifths.
fn two_inks(code: Rgb) -> Rgb {
    let luma = (0.21 * code[0] + 0.72 * code[1] + 0.07 * code[2]).clamp(0.0, 1.0);
    let (dark, middle, light) = ([0.05, 0.03, 0.16], [0.55, 0.38, 0.42], [1.0, 0.95, 0.80]);
    let ink = |c: usize| {
        if luma < 0.5 {
            dark[c] + (middle[c] - dark[c]) * 2.0 * luma
        } else {
            middle[c] + (light[c] - middle[c]) * (2.0 * luma - 1.0)
        }
    };
    [0, 1, 2].map(|c| code[c] + 0.4 * (ink(c) - code[c]))
}

/// A steep curve on luma; colours keep their differences from it.
fn luma_curve(code: Rgb) -> Rgb {
    let luma = (0.2126 * code[0] + 0.7152 * code[1] + 0.0722 * code[2]).clamp(0.0, 1.0);
    let curved = 1.0 / (1.0 + (-7.0 * (luma - 0.47)).exp());
    let (low, high) = (1.0 / (1.0 + (7.0f64 * 0.47).exp()), 1.0 / (1.0 + (-7.0f64 * 0.53).exp()));
    let curved = (curved - low) / (high - low);
    code.map(|v| curved + (v - luma))
}

/// Greens towards yellow, darker and duller, as with a selective panel; everything else hardly.
fn picked_hue(code: Rgb) -> Rgb {
    let (max, min) = (code[0].max(code[1]).max(code[2]), code[0].min(code[1]).min(code[2]));
    let chroma = max - min;
    let green = (code[1] - code[0].max(code[2])).max(0.0) / chroma.max(1e-6);
    let blue = (code[2] - code[0].max(code[1])).max(0.0) / chroma.max(1e-6);
    let weight = (chroma / (chroma + 0.08)) * green;
    let luma = 0.3 * code[0] + 0.59 * code[1] + 0.11 * code[2];
    let [r, g, b] = code;
    let moved = [r + 0.35 * chroma * weight, g - 0.08 * chroma * weight, b - 0.10 * chroma * weight];
    moved.map(|v| (luma + (v - luma) * (1.0 - 0.25 * weight)) * (1.0 - 0.10 * weight - 0.15 * blue))
}

/// Dark and blue, colours gone from the shadows.
fn day_for_night(code: Rgb) -> Rgb {
    let luma = (0.15 * code[0] + 0.65 * code[1] + 0.20 * code[2]).clamp(0.0, 1.0);
    let colour = 0.25 + 0.5 * luma;
    let tint = [0.72, 0.90, 1.22];
    [0, 1, 2].map(|c| 0.82 * tint[c] * (luma + colour * (code[c] - luma)).clamp(0.0, 1.0).powf(1.25))
}

/// A table of six points along each axis, moved by waves: its bends lie where no smooth form has them.
fn coarse_table(code: Rgb) -> Rgb {
    let at = |p: [f64; 3]| {
        let [r, g, b] = p;
        let wave = |a: f64, b: f64, phase: f64| (5.0 * a + 3.0 * b + phase).sin();
        [
            r + 0.05 * wave(r, g, 0.3) * (1.0 - r) * 2.0 * r + 0.03 * b * (1.0 - b),
            g + 0.05 * wave(g, b, 1.7) * (1.0 - g) * 2.0 * g,
            b + 0.06 * wave(b, r, 3.1) * (1.0 - b) * 2.0 * b - 0.04 * g * (1.0 - g),
        ]
    };
    let place = code.map(|v| v.clamp(0.0, 1.0) * 5.0);
    let cell = place.map(|v| v.floor().min(4.0));
    let mut sum = [0.0; 3];
    for corner in 0..8 {
        let up = [corner & 1, corner >> 1 & 1, corner >> 2].map(f64::from);
        let share = (0..3).map(|c| 1.0 - (place[c] - cell[c] - up[c]).abs()).product::<f64>();
        let there = at([0, 1, 2].map(|c| (cell[c] + up[c]) / 5.0));
        sum = [0, 1, 2].map(|c| sum[c] + share * there[c]);
    }
    sum
}

/// A warm filter in multiply, then a veil in screen.
fn warm_soft(code: Rgb) -> Rgb {
    let (filter, veil) = ([1.0, 0.91, 0.76], [0.07, 0.06, 0.09]);
    [0, 1, 2].map(|c| {
        let v = code[c] * (1.0 + 0.8 * (filter[c] - 1.0));
        1.0 - (1.0 - v) * (1.0 - veil[c])
    })
}

/// Light as printing density (a logarithm), lights of the printer, a print's S.
fn printer_lights(light: Rgb) -> Rgb {
    let (offset, steep) = ([0.04, -0.01, -0.05], [1.05, 1.0, 0.93]);
    let v = [0, 1, 2].map(|c| 0.42 + (steep[c] * (light[c].max(1e-5) / 0.18).log10() + offset[c]) * 0.30);
    let mean = (v[0] + v[1] + v[2]) / 3.0;
    v.map(|v| {
        let v = (mean + 1.35 * (v - mean)).clamp(0.0, 1.0);
        decode(v * v * (3.0 - 2.0 * v))
    })
}

/// The curve of the largest channel for all three, hues kept, and colours of lights led to white.
fn largest_curve(light: Rgb) -> Rgb {
    let most = light[0].max(light[1]).max(light[2]).max(1e-6);
    let x = most / 0.18;
    let curved = x.powf(1.3) / (x.powf(1.3) + 4.2);
    let white = (curved - 0.55).max(0.0).powi(2) * 2.5;
    light.map(|v| {
        let v = v.max(0.0) / most * curved;
        v + (curved - v) * white.min(1.0)
    })
}

/// A rational curve per channel in a wide space, as in film and games, back by a matrix that desaturates.
fn wide_rational(light: Rgb) -> Rgb {
    let wide = transform(&[[0.60, 0.35, 0.05], [0.08, 0.91, 0.01], [0.03, 0.13, 0.84]], light);
    let curved = wide.map(|v| {
        let v = v.max(0.0) * 1.1;
        (v * (v + 0.0246) - 0.0001).max(0.0) / (v * (0.984 * v + 0.433) + 0.238)
    });
    transform(&[[1.60, -0.53, -0.07], [-0.10, 1.11, -0.01], [-0.00, -0.07, 1.07]], curved)
}

/// Milky shadows that are blue, yellow lights, little contrast, dyes that mix.
fn instant(light: Rgb) -> Rgb {
    let log = light.map(|v| (v.max(1e-5) / 0.18).log10());
    let mixed = transform(&[[0.90, 0.08, 0.02], [0.10, 0.84, 0.06], [0.06, 0.14, 0.80]], log);
    let density = [0, 1, 2].map(|c| {
        let most = [1.75, 1.65, 1.35][c];
        most / (1.0 + ([3.1, 3.2, 2.7][c] * (mixed[c] + [0.05, 0.0, -0.08][c]) + 0.25).exp())
    });
    [0, 1, 2].map(|c| [0.93, 0.90, 0.80][c] * 10f64.powf(-density[c]))
}

/// No curve at all: light to a power, clipped where it ends.
fn plain_gamma(light: Rgb) -> Rgb {
    light.map(|v| (v.max(0.0) * 1.25).powf(1.1))
}
