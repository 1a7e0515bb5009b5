//! A look's point part as a table for other programs, and what the table gets wrong.

use crate::{Lattice, Look, OutputSpace, PointTransform};
use calotype_color::lab::{delta_e_2000, xyz_to_lab_d65};
use calotype_color::matrix::transform;
use calotype_color::oklab::oklab_to_rgb;
use calotype_color::{Primaries, RgbSpace};
use calotype_image::par;
use std::fmt::Write;

/// Darkest and brightest light in stops about grey that the log2 codes hold.
const LOG2_EV: (f64, f64) = (-8.0, 6.0);
/// V-Gamut ("V-Log/V-Gamut Reference Manual", 2014).
const V_GAMUT: Primaries =
    Primaries { rgb: [[0.730, 0.280], [0.165, 0.840], [0.100, -0.030]], white: calotype_color::D65_XY };

/// What the codes that go into a table mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableInput {
    /// Scene light in Rec.2020, as `(log2(x / 0.18 + 2^-8) + 8) / 14`: 0 is black, 1 is 6 stops above grey.
    Log2,
    /// Scene light in V-Gamut with the V-Log curve: what many cameras record and most programs can make.
    VLog,
    /// sRGB codes of the neutral rendition: finished pictures.
    Srgb,
}

impl TableInput {
    /// Name for file headers and the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log2 => "log2",
            Self::VLog => "v-log",
            Self::Srgb => "srgb",
        }
    }

    /// What a `.cube` file of ours says goes in, in its header; `None` where it says nothing, as other programs' files do.
    pub fn of_cube(text: &str) -> Option<Self> {
        let said = text.lines().take_while(|l| l.starts_with('#')).find_map(|l| l.strip_prefix("# in: "))?;
        [Self::Log2, Self::VLog, Self::Srgb].into_iter().find(|input| input.meaning() == said.trim_end())
    }

    /// In a line, what to feed the table with.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Log2 => "scene-linear Rec.2020 (D65, grey 0.18) as (log2(x / 0.18 + 2^-8) + 8) / 14",
            Self::VLog => "scene light (grey 0.18) in V-Gamut with the V-Log curve",
            Self::Srgb => "sRGB codes of a picture in the neutral rendition",
        }
    }
}

/// A look as a table.
#[derive(Clone, Debug)]
pub struct Table {
    /// What goes in.
    pub input: TableInput,
    /// Primaries of the sRGB-encoded codes that come out.
    pub output: OutputSpace,
    /// The table.
    pub lattice: Lattice,
    codec: InputCodec,
    look: PointTransform,
}

/// How far a table is from the look, as CIEDE2000 of colours it was not made from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoundTrip {
    /// Mean.
    pub mean: f64,
    /// 95 of 100 colours are nearer.
    pub p95: f64,
}

impl RoundTrip {
    /// Of the differences of all probes.
    pub(crate) fn of(difference: impl Fn(u32) -> f64 + Sync + Send) -> Self {
        let mut errors = par::map(PROBES, |i| difference(i as u32));
        errors.sort_by(f64::total_cmp);
        Self { mean: errors.iter().sum::<f64>() / PROBES as f64, p95: errors[PROBES * 95 / 100] }
    }
}

impl Look {
    /// The look's point part as a table of `size` points along each axis (held within 2 and 144), at strength 1.
    pub fn table(&self, input: TableInput, output: OutputSpace, size: usize) -> Table {
        let look = PointTransform::new(self, output, 0.0);
        let codec = InputCodec::new(input);
        let lattice = Lattice::sample(size, |[g, b], reds, row| {
            let mut near = None;
            for (r, out) in reds.iter().zip(row) {
                let scene = codec.scene([*r, g, b], &mut near);
                *out = look.apply(scene).map(|v| encode(v) as f32);
            }
        });
        Table { input, output, lattice: lattice.balanced(), codec, look }
    }

    /// Blocks of the look that no table of colours carries, in words.
    pub fn beyond_tables(&self) -> Vec<&'static str> {
        let (l, o) = (&self.local, &self.optics);
        [
            (l.fine != 0.0 || l.medium != 0.0 || l.coarse != 0.0, "local contrast"),
            (l.lift_ev != 0.0 || l.hold_ev != 0.0, "lifting of shadows and holding of highlights"),
            (o.corner_ev != 0.0, "falloff"),
            (o.glow != 0.0, "glow"),
            (o.halation != 0.0, "halation"),
            (self.grain.rms != 0.0, "grain"),
        ]
        .into_iter()
        .filter_map(|(there, name)| there.then_some(name))
        .collect()
    }
}

impl Table {
    /// Compares a table read back from a file, made of this one, with the look itself, on 2000 colours between the points:
    /// all hues, muted to colourful, five stops below grey to four above.
    pub fn round_trip(&self, read: &Lattice) -> RoundTrip {
        self.round_trip_by(|code| read.at(code))
    }

    /// The same for any reader: a function from the table's input codes to the codes that come out.
    pub fn round_trip_by(&self, read: impl Fn([f64; 3]) -> [f64; 3] + Sync + Send) -> RoundTrip {
        let space = self.output.space();
        let lab = |codes: [f64; 3]| xyz_to_lab_d65(transform(&space.to_xyz(), codes.map(decode)));
        RoundTrip::of(|i| {
            let scene = probe(i);
            // What the codes cannot hold is another matter.
            let code = self.codec.code(scene).map(|v| v.clamp(0.0, 1.0));
            let scene = if self.input == TableInput::Srgb { scene } else { self.codec.scene(code, &mut None) };
            delta_e_2000(lab(read(code)), lab(self.look.apply(scene).map(encode)))
        })
    }

    /// A few codes and what the look, not the table, makes of them: for other readers to be tested with.
    pub fn examples(&self, count: usize) -> Vec<([f64; 3], [f64; 3])> {
        let one = |i| {
            let scene = probe(i as u32);
            (self.codec.code(scene).map(|v| v.clamp(0.0, 1.0)), self.look.apply(scene).map(encode))
        };
        par::map(count, one)
    }

    /// The table as a `.cube` file whose header tells what goes in and what comes out.
    pub fn to_cube(&self, name: &str) -> String {
        let comments = [
            format!("Calotype look {name}"),
            format!("in: {}", self.input.meaning()),
            format!("out: sRGB-encoded codes, {}", self.output_name()),
            "interpolation: tetrahedral".into(),
        ];
        self.lattice.to_cube(&format!("{name} ({} in)", self.input.name()), &comments)
    }

    /// The table as a file in the Academy's Common LUT Format (SMPTE ST 2136-1): scene-linear Rec.2020 goes in where the
    /// table takes log2 codes, as a node of its own makes these.
    pub fn to_clf(&self, name: &str) -> String {
        let safe = |s: &str| s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let n = self.lattice.size();
        let mut out = String::with_capacity(30 * n * n * n + 2000);
        let (low, high) = LOG2_EV;
        let _ = write!(
            out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ProcessList id=\"{0}\" name=\"{0}\" compCLFversion=\"3.0\" xmlns=\"urn:AMPAS:CLF:v3.0\">\n  \
             <Description>Calotype look {0}</Description>\n  \
             <InputDescriptor>{1}</InputDescriptor>\n  \
             <OutputDescriptor>sRGB-encoded codes, {2}</OutputDescriptor>\n",
            safe(name),
            if self.input == TableInput::Log2 {
                "scene-linear Rec.2020, D65, grey 0.18".into()
            } else {
                safe(self.input.meaning())
            },
            self.output_name(),
        );
        if self.input == TableInput::Log2 {
            let (slope, offset) = (1.0 / (high - low), -low / (high - low));
            let _ = write!(
                out,
                "  <Range inBitDepth=\"32f\" outBitDepth=\"32f\">\n    <minInValue>0</minInValue>\n    \
                 <minOutValue>0</minOutValue>\n  </Range>\n  \
                 <Log inBitDepth=\"32f\" outBitDepth=\"32f\" style=\"linToLog\">\n    \
                 <LogParams base=\"2\" logSideSlope=\"{slope}\" logSideOffset=\"{offset}\" linSideSlope=\"{}\" \
                 linSideOffset=\"{}\"/>\n  </Log>\n",
                1.0 / 0.18,
                low.exp2(),
            );
        }
        let _ = write!(
            out,
            "  <LUT3D inBitDepth=\"32f\" outBitDepth=\"32f\" interpolation=\"tetrahedral\">\n    \
             <Array dim=\"{n} {n} {n} 3\">\n"
        );
        // Here blue runs fastest.
        for r in 0..n {
            for g in 0..n {
                for b in 0..n {
                    let [x, y, z] = self.lattice.points()[r + n * (g + n * b)];
                    let _ = writeln!(out, "{x:.7} {y:.7} {z:.7}");
                }
            }
        }
        out.push_str("    </Array>\n  </LUT3D>\n</ProcessList>\n");
        out
    }

    /// What the steps of [`Self::to_clf`] take where the table takes `code`: the light itself for log2 codes.
    pub fn light_of_clf(&self, code: [f64; 3]) -> [f64; 3] {
        if self.input == TableInput::Log2 { self.codec.scene(code, &mut None) } else { code }
    }

    fn output_name(&self) -> &'static str {
        match self.output {
            OutputSpace::Srgb => "sRGB primaries",
            OutputSpace::DisplayP3 => "Display P3 primaries",
            OutputSpace::Rec2020 => "Rec.2020 primaries",
        }
    }
}

/// Colours by which tables are judged.
const PROBES: usize = 2000;

/// Scene-linear Rec.2020 of probe `i`: places of a low-discrepancy sequence (M. Roberts' R3) in stops, hue and chroma.
pub(crate) fn probe(i: u32) -> [f64; 3] {
    let [u, v, w] = [0.819_172_513, 0.671_043_607, 0.549_700_478].map(|a: f64| (0.5 + a * f64::from(i + 1)).fract());
    let (sin, cos) = (v * std::f64::consts::TAU).sin_cos();
    let chroma = 0.14 * w;
    let color = oklab_to_rgb(RgbSpace::Rec2020, [0.18f64.cbrt(), chroma * cos, chroma * sin]);
    color.map(|c| c.max(0.0) * (9.0 * u - 5.0).exp2())
}

/// Between codes and scene light.
#[derive(Clone, Debug)]
pub(crate) struct InputCodec {
    input: TableInput,
    /// Rec.2020 to the input's primaries and back.
    to: calotype_color::Matrix3,
    back: calotype_color::Matrix3,
    neutral: PointTransform,
}

impl InputCodec {
    pub fn new(input: TableInput) -> Self {
        let identity = calotype_color::matrix::IDENTITY;
        let (mut to, mut back) = (identity, identity);
        if let (TableInput::VLog, Some(xyz)) = (input, V_GAMUT.to_xyz()) {
            back = calotype_color::matrix::multiply(&RgbSpace::Rec2020.from_xyz(), &xyz);
            to = calotype_color::matrix::invert(&back).unwrap_or(identity);
        }
        Self { input, to, back, neutral: PointTransform::new(&Look::default(), OutputSpace::Srgb, 0.0) }
    }

    /// Scene-linear Rec.2020 of codes. `near` holds the light of a neighbouring code, where one was asked for before.
    pub fn scene(&self, code: [f64; 3], near: &mut Option<[f64; 3]>) -> [f64; 3] {
        match self.input {
            TableInput::Log2 => code.map(|c| {
                let (low, high) = LOG2_EV;
                0.18 * ((c * (high - low) + low).exp2() - low.exp2())
            }),
            TableInput::VLog => transform(&self.back, code.map(v_log_decode)),
            TableInput::Srgb => {
                let scene = self.neutral.invert(code.map(decode), *near);
                *near = Some(scene);
                scene
            }
        }
    }

    pub fn code(&self, scene: [f64; 3]) -> [f64; 3] {
        match self.input {
            TableInput::Log2 => scene.map(|x| {
                let (low, high) = LOG2_EV;
                ((x.max(0.0) / 0.18 + low.exp2()).log2() - low) / (high - low)
            }),
            TableInput::VLog => transform(&self.to, scene).map(v_log_encode),
            TableInput::Srgb => self.neutral.apply(scene).map(encode),
        }
    }
}

/// V-Log ("V-Log/V-Gamut Reference Manual", 2014).
fn v_log_encode(x: f64) -> f64 {
    if x < 0.01 { 5.6 * x + 0.125 } else { 0.241_514 * (x + 0.008_73).log10() + 0.598_206 }
}

fn v_log_decode(code: f64) -> f64 {
    if code < 0.181 { (code - 0.125) / 5.6 } else { 10f64.powf((code - 0.598_206) / 0.241_514) - 0.008_73 }
}

/// The sRGB curve (IEC 61966-2-1).
pub(crate) fn encode(v: f64) -> f64 {
    if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

pub(crate) fn decode(v: f64) -> f64 {
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

impl PointTransform {
    /// Scene-linear Rec.2020 whose rendition is nearest to a display-linear colour, by damped Gauss-Newton steps
    /// (Levenberg and Marquardt) in stops, from `near` if there is a guess. Twelve stops below grey and darker are black.
    pub(crate) fn invert(&self, display: [f64; 3], near: Option<[f64; 3]>) -> [f64; 3] {
        const RANGE: (f64, f64) = (-12.0, 8.0);
        let target = display.map(encode);
        let stops = |x: f64| (x / 0.18).max(1e-9).log2().clamp(RANGE.0, RANGE.1);
        let guess = || {
            let rec2020 = transform(&self.output.space().to_space(RgbSpace::Rec2020), display);
            rec2020.map(|v| self.tone.sdr.invert(v.clamp(0.0, 0.9)))
        };
        let light = |u: [f64; 3]| u.map(|v| 0.18 * v.exp2());
        let residual = |u: [f64; 3]| {
            let code = self.apply(light(u)).map(encode);
            [0, 1, 2].map(|c| code[c] - target[c])
        };
        let square = |r: &[f64; 3]| r.iter().map(|v| v * v).sum::<f64>();
        let solve = |start: [f64; 3]| {
            let mut u = start.map(stops);
            let mut r = residual(u);
            let mut damping = 1e-6;
            for _ in 0..40 {
                if square(&r) < 1e-12 {
                    break;
                }
                let columns = [0, 1, 2].map(|i| {
                    let mut v = u;
                    v[i] += 1e-4;
                    let moved = residual(v);
                    [0, 1, 2].map(|c| (moved[c] - r[c]) / 1e-4)
                });
                let product = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let mut better = false;
                for _ in 0..6 {
                    let normal = [0, 1, 2].map(|i| {
                        [0, 1, 2].map(|j| product(&columns[i], &columns[j]) + if i == j { damping } else { 0.0 })
                    });
                    let Some(inverse) = calotype_color::matrix::invert(&normal) else { break };
                    let step = transform(&inverse, [0, 1, 2].map(|i| product(&columns[i], &r)));
                    let next = [0, 1, 2].map(|i| (u[i] - step[i].clamp(-1.0, 1.0)).clamp(RANGE.0, RANGE.1));
                    let there = residual(next);
                    if square(&there) < square(&r) {
                        (u, r, better) = (next, there, true);
                        damping = (damping * 0.1).max(1e-9);
                        break;
                    }
                    damping *= 20.0;
                }
                if !better {
                    break;
                }
            }
            (u, square(&r))
        };
        // Beyond what the rendition can show, slopes vanish and steps may strand: then the neighbour's light is a second try.
        let (mut u, error) = solve(guess());
        if let (true, Some(near)) = (error > 1e-8, near) {
            let (other, there) = solve(near);
            if there < error {
                u = other;
            }
        }
        u.map(|v| if v <= RANGE.0 { 0.0 } else { 0.18 * v.exp2() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v_log_is_as_published_and_inverts() {
        assert!((v_log_encode(0.18) - 0.423_31).abs() < 1e-5 && (v_log_encode(0.0) - 0.125).abs() < 1e-12);
        for i in 0..100 {
            let x = 1e-4 * 1.15f64.powi(i);
            assert!((v_log_decode(v_log_encode(x)) / x - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn codes_go_there_and_back() {
        for input in [TableInput::Log2, TableInput::VLog, TableInput::Srgb] {
            let codec = InputCodec::new(input);
            for i in 0..200 {
                let scene = probe(i);
                let code = codec.code(scene);
                let again = codec.code(codec.scene(code, &mut None));
                assert!((0..3).all(|c| (code[c] - again[c]).abs() < 2e-4), "{input:?} {scene:?}: {code:?} {again:?}");
            }
            let white = codec.scene([1.0; 3], &mut None);
            assert!(white.iter().all(|v| *v > 1.5), "{input:?}: {white:?}");
        }
        assert_eq!(InputCodec::new(TableInput::Log2).scene([0.0; 3], &mut None), [0.0; 3]);
    }

    /// The figures the design asks for, for every look, through the text of the file.
    #[test]
    fn tables_are_as_near_as_designed() {
        for name in Look::builtin_names() {
            let look = Look::builtin(name).unwrap();
            for (size, mean) in [(33, 0.35), (65, 0.12)] {
                let table = look.table(TableInput::Log2, OutputSpace::Srgb, size);
                let read = Lattice::from_cube(&table.to_cube(name)).unwrap();
                let error = table.round_trip(&read);
                assert!(error.mean <= mean, "{name} {size}: {error:?}");
                assert!(error.mean > 1e-4, "a table cannot be that good");
            }
        }
        let table = Look::default().table(TableInput::Srgb, OutputSpace::Srgb, 17);
        let grey = table.lattice.at([0.5; 3]);
        assert!(grey.iter().all(|v| (v - 0.5).abs() < 2e-3), "neutral in, neutral out: {grey:?}");
    }

    #[test]
    fn what_tables_lack_is_told() {
        let lacks = Look::builtin("mono-natural").unwrap().beyond_tables();
        assert!(lacks.contains(&"grain") && lacks.contains(&"falloff") && !lacks.contains(&"glow"), "{lacks:?}");
    }
}
