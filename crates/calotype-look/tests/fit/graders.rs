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

/// All of them. Five grade the codes of a finished neutral picture, as people do in picture editors; three start from the
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
    let mut on_light = |name, grade: fn(Rgb) -> Rgb| {
        let to = RgbSpace::Rec2020.to_space(RgbSpace::Rec709);
        all.push(Grader { name, grade: Box::new(move |scene| grade(transform(&to, scene))) });
    };
    on_light("negative and print", film);
    on_light("reversal film", reversal);
    on_light("camera matrix", camera);
    all
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
