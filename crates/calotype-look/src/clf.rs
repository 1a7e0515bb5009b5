//! Reading the Academy's Common LUT Format (S-2014-006, version 3; SMPTE ST 2136-1): a list of steps from codes to codes.

use crate::{Lattice, LookError};
use calotype_color::matrix::transform;
use half::f16;
use roxmltree::{Document, Node, ParsingOptions};

/// Bytes beyond which a text is refused unread: a table of 129 points along each axis, 40 bytes each.
const LIMIT: usize = 40 * 129 * 129 * 129;
/// Elements beyond which a text is refused.
const NODES: u32 = 10_000;
/// Smallest light of which a logarithm is taken.
const SMALLEST: f64 = f32::MIN_POSITIVE as f64;

/// A CLF file, ready to be applied.
#[derive(Clone, Debug)]
pub struct ProcessList {
    /// What the file says goes in; empty where it says nothing.
    pub input: String,
    /// What the file says comes out.
    pub output: String,
    steps: Vec<Step>,
}

/// One node, for values on a scale of 0 to 1 whatever the file's.
#[derive(Clone, Debug)]
enum Step {
    /// Three rows, and what is added.
    Matrix([[f64; 3]; 3], [f64; 3]),
    /// Factor, offset, and the bounds of the result.
    Range {
        scale: f64,
        offset: f64,
        low: f64,
        high: f64,
    },
    /// By channel.
    Curves([Curve; 3]),
    Table1 {
        channels: [Vec<f32>; 3],
        half_domain: bool,
    },
    Table3 {
        lattice: Lattice,
        tetrahedral: bool,
    },
    Cdl(Cdl),
}

/// A formula of one channel.
#[derive(Clone, Copy, Debug)]
enum Curve {
    Log(Log),
    AntiLog(Log),
    /// Exponent, and what becomes of values below 0.
    Power(f64, Below),
    /// Exponent and offset of a power with a straight foot; forwards or back; mirrored about 0.
    Monitor {
        exponent: f64,
        offset: f64,
        back: bool,
        mirror: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Below {
    Zero,
    Mirror,
    Pass,
}

#[derive(Clone, Copy, Debug)]
struct Log {
    base: f64,
    log_slope: f64,
    log_offset: f64,
    lin_slope: f64,
    lin_offset: f64,
    /// Linear below that light, with that slope where it is told.
    straight: Option<(f64, Option<f64>)>,
}

/// ASC CDL: slope, offset and power of each channel, saturation; with or without clamping, forwards or back.
#[derive(Clone, Copy, Debug)]
struct Cdl {
    slope: [f64; 3],
    offset: [f64; 3],
    power: [f64; 3],
    saturation: f64,
    clamp: bool,
    back: bool,
}

impl ProcessList {
    /// Reads a CLF file: Matrix, Range, Log, Exponent, ASC_CDL, LUT1D and LUT3D.
    ///
    /// # Errors
    /// [`LookError::Clf`] with the line of the element in question.
    pub fn from_clf(text: &str) -> Result<Self, LookError> {
        if text.len() > LIMIT {
            let message = format!("{} bytes are more than any CLF file has", text.len());
            return Err(LookError::Clf { line: 0, message });
        }
        let options = ParsingOptions { nodes_limit: NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options)
            .map_err(|e| LookError::Clf { line: e.pos().row as usize, message: format!("this is no XML: {e}") })?;
        let root = document.root_element();
        if root.tag_name().name() != "ProcessList" {
            return Err(bad(&root, "the file holds no ProcessList: it is no CLF"));
        }
        let mut list = Self { input: String::new(), output: String::new(), steps: Vec::new() };
        for node in root.children().filter(Node::is_element) {
            let text = || node.text().unwrap_or_default().trim().to_owned();
            match node.tag_name().name() {
                "Description" | "Info" => {}
                "InputDescriptor" => list.input = text(),
                "OutputDescriptor" => list.output = text(),
                _ if node.attribute("bypass") == Some("true") => {}
                name => list.steps.push(match name {
                    "Matrix" => matrix(&node)?,
                    "Range" => range(&node)?,
                    "Log" => Step::Curves(by_channel(&node, "LogParams", log)?),
                    "Exponent" => Step::Curves(by_channel(&node, "ExponentParams", exponent)?),
                    "ASC_CDL" => cdl(&node)?,
                    "LUT1D" => table_1(&node)?,
                    "LUT3D" => table_3(&node)?,
                    other => return Err(bad(&node, format!("a step `{}` is not known", shown(other)))),
                }),
            }
        }
        if list.steps.is_empty() {
            return Err(bad(&root, "the list has no steps"));
        }
        Ok(list)
    }

    /// Carries a colour through all steps; codes count from 0 to 1 whatever the file's bit depths.
    pub fn apply(&self, code: [f64; 3]) -> [f64; 3] {
        self.steps.iter().fold(code, |v, step| step.apply(v))
    }

    /// The cube of what the list makes of codes from 0 to 1, with as many points as its largest table, and at least 33.
    pub fn lattice(&self) -> Lattice {
        let size = self.steps.iter().map(|s| if let Step::Table3 { lattice, .. } = s { lattice.size() } else { 33 });
        Lattice::sample(size.max().unwrap_or(33).max(33), |[g, b], reds, row| {
            for (r, out) in reds.iter().zip(row) {
                *out = self.apply([*r, g, b]).map(|v| if v.is_finite() { v.clamp(-1e6, 1e6) as f32 } else { 0.0 });
            }
        })
    }
}

impl Step {
    fn apply(&self, v: [f64; 3]) -> [f64; 3] {
        match self {
            Self::Matrix(m, add) => {
                let out = transform(m, v);
                [0, 1, 2].map(|c| out[c] + add[c])
            }
            Self::Range { scale, offset, low, high } => v.map(|v| (v * scale + offset).max(*low).min(*high)),
            Self::Curves(curves) => [0, 1, 2].map(|c| curves[c].apply(v[c])),
            Self::Table1 { channels, half_domain } => [0, 1, 2].map(|c| {
                let (table, v) = (&channels[c], v[c]);
                if *half_domain { of_halves(table, v) } else { of_codes(table, v) }
            }),
            Self::Table3 { lattice, tetrahedral: true } => lattice.at(v),
            Self::Table3 { lattice, .. } => trilinear(lattice, v),
            Self::Cdl(cdl) => cdl.apply(v),
        }
    }
}

impl Curve {
    fn apply(self, v: f64) -> f64 {
        match self {
            Self::Log(log) => log.encode(v),
            Self::AntiLog(log) => log.decode(v),
            Self::Power(e, Below::Zero) => v.max(0.0).powf(e),
            Self::Power(e, Below::Mirror) => v.abs().powf(e).copysign(v),
            Self::Power(e, Below::Pass) => {
                if v > 0.0 {
                    v.powf(e)
                } else {
                    v
                }
            }
            Self::Monitor { exponent: e, offset: o, back, mirror } => {
                let a = if mirror { v.abs() } else { v };
                // Where the power's tangent meets the straight foot (S-2014-006, Exponent).
                let foot = (o * e / ((e - 1.0) * (1.0 + o))).powf(e);
                let slope = (e - 1.0) / o * foot;
                let out = if back {
                    if a >= foot { (1.0 + o) * a.powf(1.0 / e) - o } else { a / slope }
                } else if a >= o / (e - 1.0) {
                    ((a + o) / (1.0 + o)).powf(e)
                } else {
                    a * slope
                };
                if mirror { out.copysign(v) } else { out }
            }
        }
    }
}

impl Log {
    fn curve(&self, v: f64) -> f64 {
        self.log_slope * (self.lin_slope * v + self.lin_offset).max(SMALLEST).ln() / self.base.ln() + self.log_offset
    }

    /// Slope and offset below the break, and the code there.
    fn foot(&self) -> Option<(f64, f64, f64, f64)> {
        let (at, told) = self.straight?;
        let light = (self.lin_slope * at + self.lin_offset).max(SMALLEST);
        let slope = told.unwrap_or(self.log_slope * self.lin_slope / (light * self.base.ln()));
        let code = self.curve(at);
        Some((at, slope, code - slope * at, code))
    }

    fn encode(&self, v: f64) -> f64 {
        match self.foot() {
            Some((at, slope, offset, _)) if v <= at => slope * v + offset,
            _ => self.curve(v),
        }
    }

    fn decode(&self, v: f64) -> f64 {
        match self.foot() {
            Some((_, slope, offset, code)) if v <= code => (v - offset) / slope,
            _ => (self.base.powf((v - self.log_offset) / self.log_slope) - self.lin_offset) / self.lin_slope,
        }
    }
}

impl Cdl {
    fn apply(&self, v: [f64; 3]) -> [f64; 3] {
        let held = |v: [f64; 3]| if self.clamp { v.map(|v| v.clamp(0.0, 1.0)) } else { v };
        let power = |v: f64, p: f64| if v > 0.0 { v.powf(p) } else { v };
        if self.back {
            let v = held(saturated(held(v), 1.0 / self.saturation));
            held([0, 1, 2].map(|c| (power(v[c], 1.0 / self.power[c]) - self.offset[c]) / self.slope[c]))
        } else {
            let v = held([0, 1, 2].map(|c| v[c] * self.slope[c] + self.offset[c]));
            held(saturated([0, 1, 2].map(|c| power(v[c], self.power[c])), self.saturation))
        }
    }
}

fn saturated(v: [f64; 3], saturation: f64) -> [f64; 3] {
    let luma = 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
    v.map(|v| luma + saturation * (v - luma))
}

/// A table over codes from 0 to 1, straight between its points.
fn of_codes(table: &[f32], v: f64) -> f64 {
    let p = (if v > 0.0 { v.min(1.0) } else { 0.0 }) * (table.len() - 1) as f64;
    let i = (p as usize).min(table.len() - 2);
    let (a, b) = (f64::from(table[i]), f64::from(table[i + 1]));
    a + (b - a) * (p - i as f64)
}

/// A table over all 16-bit floating-point numbers, straight between neighbours.
fn of_halves(table: &[f32], v: f64) -> f64 {
    let v = if v.is_nan() { 0.0 } else { v.clamp(f64::from(f16::MIN), f64::from(f16::MAX)) };
    let at = |h: f16| f64::from(table[usize::from(h.to_bits())]);
    let near = f16::from_f64(v);
    let toward = |up: bool| {
        let bits = near.to_bits();
        f16::from_bits(match (bits & 0x7FFF, (bits & 0x8000 == 0) == up) {
            (0, _) => {
                if up {
                    1
                } else {
                    0x8001
                }
            }
            (_, true) => bits + 1,
            (_, false) => bits - 1,
        })
    };
    let from = f64::from(near);
    if from == v {
        return at(near);
    }
    let other = toward(v > from);
    if !other.is_finite() {
        return at(near);
    }
    at(near) + (at(other) - at(near)) * (v - from) / (f64::from(other) - from)
}

fn trilinear(lattice: &Lattice, code: [f64; 3]) -> [f64; 3] {
    let n = lattice.size();
    let place = code.map(|v| if v > 0.0 { v.min(1.0) * (n - 1) as f64 } else { 0.0 });
    let cell = place.map(|v| (v as usize).min(n - 2));
    let mut out = [0.0; 3];
    for corner in 0..8 {
        let step = [corner & 1, corner >> 1 & 1, corner >> 2];
        let share = |c: usize| if step[c] == 1 { place[c] - cell[c] as f64 } else { 1.0 - (place[c] - cell[c] as f64) };
        let weight = share(0) * share(1) * share(2);
        let point = lattice.points()[cell[0] + step[0] + n * (cell[1] + step[1] + n * (cell[2] + step[2]))];
        out = [0, 1, 2].map(|c| out[c] + weight * f64::from(point[c]));
    }
    out
}

fn bad(node: &Node<'_, '_>, message: impl Into<String>) -> LookError {
    let line = node.document().text_pos_at(node.range().start).row as usize;
    LookError::Clf { line, message: message.into() }
}

/// The start of a text, for messages.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

/// The largest code of a bit depth, by which values are scaled.
fn depth(node: &Node<'_, '_>, attribute: &str) -> Result<f64, LookError> {
    match node.attribute(attribute) {
        Some("8i") => Ok(255.0),
        Some("10i") => Ok(1023.0),
        Some("12i") => Ok(4095.0),
        Some("16i") => Ok(65535.0),
        Some("16f" | "32f") => Ok(1.0),
        Some(other) => Err(bad(node, format!("{attribute} `{}` is none of 8i, 10i, 12i, 16i, 16f, 32f", shown(other)))),
        None => Err(bad(node, format!("{attribute} is missing"))),
    }
}

fn number(node: &Node<'_, '_>, text: &str) -> Result<f64, LookError> {
    let number = text.trim().parse::<f64>().ok().filter(|v| v.is_finite());
    number.ok_or_else(|| bad(node, format!("`{}` is no finite number", shown(text))))
}

/// An attribute's number, where it is there.
fn attribute(node: &Node<'_, '_>, name: &str) -> Result<Option<f64>, LookError> {
    node.attribute(name).map(|text| number(node, text)).transpose()
}

fn child<'a, 'i>(node: &Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|n| n.tag_name().name() == name)
}

/// Dimensions and numbers of the Array of a node; `count` tells from the dimensions how many there must be.
fn array(node: &Node<'_, '_>, count: impl Fn(&[usize]) -> Option<usize>) -> Result<(Vec<usize>, Vec<f64>), LookError> {
    let array = child(node, "Array").ok_or_else(|| bad(node, "it has no Array"))?;
    let told = array.attribute("dim").unwrap_or_default();
    let dims: Option<Vec<usize>> = told.split_whitespace().take(5).map(|w| w.parse().ok()).collect();
    let dims = dims.unwrap_or_default();
    let all = count(&dims).ok_or_else(|| bad(&array, format!("dim `{}` does not fit it", shown(told))))?;
    let mut values = Vec::new();
    for word in array.text().unwrap_or_default().split_whitespace() {
        if values.len() == all {
            return Err(bad(&array, format!("more than the {all} values of dim `{}`", shown(told))));
        }
        values.push(number(&array, word)?);
    }
    if values.len() < all {
        return Err(bad(&array, format!("{} values, but dim `{}` needs {all}", values.len(), shown(told))));
    }
    Ok((dims, values))
}

fn matrix(node: &Node<'_, '_>) -> Result<Step, LookError> {
    let scale = depth(node, "outBitDepth")? / depth(node, "inBitDepth")?;
    let (dims, v) = array(node, |dims| match dims {
        [3, 3] | [3, 3, 3] => Some(9),
        [3, 4] | [3, 4, 3] => Some(12),
        _ => None,
    })?;
    let (width, out) = (dims[1], depth(node, "outBitDepth")?);
    let rows = [0, 1, 2].map(|r| [0, 1, 2].map(|c| v[r * width + c] / scale));
    let add = [0, 1, 2].map(|r| if width == 4 { v[r * 4 + 3] / out } else { 0.0 });
    Ok(Step::Matrix(rows, add))
}

fn range(node: &Node<'_, '_>) -> Result<Step, LookError> {
    let (from, to) = (depth(node, "inBitDepth")?, depth(node, "outBitDepth")?);
    let value = |name: &str, scale: f64| {
        child(node, name).map(|n| number(&n, n.text().unwrap_or_default()).map(|v| v / scale)).transpose()
    };
    let (low_in, high_in) = (value("minInValue", from)?, value("maxInValue", from)?);
    let (low_out, high_out) = (value("minOutValue", to)?, value("maxOutValue", to)?);
    let (scale, offset) = match (low_in, high_in, low_out, high_out) {
        (Some(a), Some(b), Some(c), Some(d)) if b - a > 1e-12 => ((d - c) / (b - a), c - a * (d - c) / (b - a)),
        (Some(_), Some(_), Some(_), Some(_)) => return Err(bad(node, "maxInValue does not lie above minInValue")),
        (Some(a), None, Some(c), None) => (1.0, c - a),
        (None, Some(b), None, Some(d)) => (1.0, d - b),
        (None, None, None, None) => (1.0, 0.0),
        _ => return Err(bad(node, "the values of a Range go in pairs, in and out")),
    };
    let clamp = node.attribute("style").is_none_or(|s| !s.eq_ignore_ascii_case("noClamp"));
    let (low, high) = if clamp { (low_out, high_out) } else { (None, None) };
    Ok(Step::Range { scale, offset, low: low.unwrap_or(f64::NEG_INFINITY), high: high.unwrap_or(f64::INFINITY) })
}

/// Reads a formula for all channels, or for each of its own.
fn by_channel(
    node: &Node<'_, '_>,
    parameters: &str,
    read: impl Fn(&Node<'_, '_>, Option<Node<'_, '_>>) -> Result<Curve, LookError>,
) -> Result<[Curve; 3], LookError> {
    let all: Vec<Node<'_, '_>> = node.children().filter(|n| n.tag_name().name() == parameters).collect();
    let of = |channel: &str| {
        let own = all.iter().find(|n| n.attribute("channel") == Some(channel));
        own.or_else(|| all.iter().find(|n| n.attribute("channel").is_none())).copied()
    };
    Ok([read(node, of("R"))?, read(node, of("G"))?, read(node, of("B"))?])
}

fn log(node: &Node<'_, '_>, parameters: Option<Node<'_, '_>>) -> Result<Curve, LookError> {
    let plain = |base| Log { base, log_slope: 1.0, log_offset: 0.0, lin_slope: 1.0, lin_offset: 0.0, straight: None };
    let style = node.attribute("style").unwrap_or_default();
    match style {
        "log10" => return Ok(Curve::Log(plain(10.0))),
        "antiLog10" => return Ok(Curve::AntiLog(plain(10.0))),
        "log2" => return Ok(Curve::Log(plain(2.0))),
        "antiLog2" => return Ok(Curve::AntiLog(plain(2.0))),
        "linToLog" | "logToLin" | "cameraLinToLog" | "cameraLogToLin" => {}
        other => return Err(bad(node, format!("a Log of style `{}` is not known", shown(other)))),
    }
    let get = |name: &str, usual: f64| match parameters {
        Some(p) => attribute(&p, name).map(|v| v.unwrap_or(usual)),
        None => Ok(usual),
    };
    let mut log = Log {
        base: get("base", 2.0)?,
        log_slope: get("logSideSlope", 1.0)?,
        log_offset: get("logSideOffset", 0.0)?,
        lin_slope: get("linSideSlope", 1.0)?,
        lin_offset: get("linSideOffset", 0.0)?,
        straight: None,
    };
    if !(log.base > 0.0 && log.base != 1.0 && log.log_slope != 0.0 && log.lin_slope != 0.0) {
        return Err(bad(node, "a base must be positive and not 1, and slopes must not be 0"));
    }
    if style.starts_with("camera") {
        let p = parameters.ok_or_else(|| bad(node, "it has no LogParams"))?;
        let at = attribute(&p, "linSideBreak")?.ok_or_else(|| bad(&p, "linSideBreak is missing"))?;
        let slope = attribute(&p, "linearSlope")?;
        if slope == Some(0.0) {
            return Err(bad(&p, "linearSlope must not be 0"));
        }
        log.straight = Some((at, slope));
    }
    Ok(if style.ends_with("ToLin") { Curve::AntiLog(log) } else { Curve::Log(log) })
}

fn exponent(node: &Node<'_, '_>, parameters: Option<Node<'_, '_>>) -> Result<Curve, LookError> {
    let p = parameters.ok_or_else(|| bad(node, "it has no ExponentParams"))?;
    let e = attribute(&p, "exponent")?.ok_or_else(|| bad(&p, "exponent is missing"))?;
    if !(0.01..=100.0).contains(&e) {
        return Err(bad(&p, format!("the exponent {e} lies outside 0.01 to 100")));
    }
    let style = node.attribute("style").unwrap_or_default();
    let back = style.ends_with("Rev");
    Ok(match style {
        "basicFwd" | "basicRev" => Curve::Power(if back { 1.0 / e } else { e }, Below::Zero),
        "basicMirrorFwd" | "basicMirrorRev" => Curve::Power(if back { 1.0 / e } else { e }, Below::Mirror),
        "basicPassThruFwd" | "basicPassThruRev" => Curve::Power(if back { 1.0 / e } else { e }, Below::Pass),
        "monCurveFwd" | "monCurveRev" | "monCurveMirrorFwd" | "monCurveMirrorRev" => {
            let offset = attribute(&p, "offset")?.unwrap_or(0.0);
            if !(0.0..=0.9).contains(&offset) || e < 1.0 {
                return Err(bad(&p, "a monCurve has an exponent from 1 and an offset from 0 to 0.9"));
            }
            // Without a foot it is the power alone; the foot's formula would divide by zero.
            Curve::Monitor {
                exponent: e.max(1.000_001),
                offset: offset.max(1e-6),
                back,
                mirror: style.contains("Mirror"),
            }
        }
        other => return Err(bad(node, format!("an Exponent of style `{}` is not known", shown(other)))),
    })
}

fn cdl(node: &Node<'_, '_>) -> Result<Step, LookError> {
    let style = node.attribute("style").unwrap_or("Fwd");
    let (back, clamp) = match style {
        "Fwd" | "v1.2_Fwd" => (false, true),
        "Rev" | "v1.2_Rev" => (true, true),
        "FwdNoClamp" | "noClampFwd" => (false, false),
        "RevNoClamp" | "noClampRev" => (true, false),
        other => return Err(bad(node, format!("an ASC_CDL of style `{}` is not known", shown(other)))),
    };
    let three = |name: &str, usual: f64| -> Result<[f64; 3], LookError> {
        let Some(n) = child(node, "SOPNode").and_then(|s| child(&s, name)) else { return Ok([usual; 3]) };
        let all: Vec<f64> =
            n.text().unwrap_or_default().split_whitespace().take(4).map(|w| number(&n, w)).collect::<Result<_, _>>()?;
        all.try_into().map_err(|_| bad(&n, format!("{name} must be three numbers")))
    };
    let saturation = match child(node, "SatNode").and_then(|s| child(&s, "Saturation")) {
        Some(n) => number(&n, n.text().unwrap_or_default())?,
        None => 1.0,
    };
    let (slope, power) = (three("Slope", 1.0)?, three("Power", 1.0)?);
    let positive = |v: f64| v > 0.0;
    if !power.into_iter().all(positive) || (back && !(slope.into_iter().all(positive) && saturation > 0.0)) {
        return Err(bad(node, "powers must be above 0, and for the way back slopes and saturation as well"));
    }
    Ok(Step::Cdl(Cdl { slope, offset: three("Offset", 0.0)?, power, saturation, clamp, back }))
}

fn table_1(node: &Node<'_, '_>) -> Result<Step, LookError> {
    let scale = depth(node, "outBitDepth")?;
    let half_domain = node.attribute("halfDomain") == Some("true");
    let raw = node.attribute("rawHalfs") == Some("true");
    let (dims, v) = array(node, |dims| match dims {
        [n @ 2..=65_536, c @ (1 | 3)] => Some(n * c),
        _ => None,
    })?;
    let (n, count) = (dims[0], dims[1]);
    if half_domain && n != 65_536 {
        return Err(bad(node, format!("halfDomain needs 65536 values, not {n}")));
    }
    let value = |v: f64| if raw { f16::from_bits(v as u16).to_f32() } else { (v / scale) as f32 };
    let channel = |c: usize| -> Vec<f32> { (0..n).map(|i| value(v[i * count + c % count])).collect() };
    let mut channels = [channel(0), channel(1), channel(2)];
    for table in &mut channels {
        // The places of the format's infinities and of what is no number are never used.
        table.iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = 0.0);
    }
    Ok(Step::Table1 { channels, half_domain })
}

fn table_3(node: &Node<'_, '_>) -> Result<Step, LookError> {
    let scale = depth(node, "outBitDepth")?;
    let (dims, v) = array(node, |dims| match dims {
        [a, b, c, 3] if a == b && b == c && Lattice::SIZES.contains(a) => Some(3 * a * a * a),
        _ => None,
    })?;
    let n = dims[0];
    // Here blue runs fastest.
    let point = |i: usize| {
        let from = 3 * (i / n / n + n * (i / n % n + n * (i % n)));
        [0, 1, 2].map(|c| (v[from + c] / scale) as f32)
    };
    let lattice = Lattice::new(n, (0..n * n * n).map(point).collect());
    let lattice = lattice.ok_or_else(|| bad(node, "a value is too large"))?;
    Ok(Step::Table3 { lattice, tetrahedral: node.attribute("interpolation") == Some("tetrahedral") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Look, OutputSpace, TableInput};

    fn list(steps: &str) -> Result<ProcessList, LookError> {
        ProcessList::from_clf(&format!(
            "<?xml version=\"1.0\"?>\n<ProcessList id=\"1\" compCLFversion=\"3\">\n{steps}\n</ProcessList>"
        ))
    }

    fn near(a: [f64; 3], b: [f64; 3]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6)
    }

    #[test]
    fn our_own_come_back() {
        for input in [TableInput::Log2, TableInput::Srgb] {
            let table = Look::builtin("slide").unwrap().table(input, OutputSpace::Srgb, 33);
            let list = ProcessList::from_clf(&table.to_clf("slide & more")).unwrap();
            let light = |code: [f64; 3]| code.map(|c| 0.18 * ((14.0 * c - 8.0).exp2() - 2f64.powi(-8)));
            for (code, _) in table.examples(200) {
                let into = if input == TableInput::Log2 { light(code) } else { code };
                let (got, want) = (list.apply(into), table.lattice.at(code));
                assert!((0..3).all(|c| (got[c] - want[c]).abs() < 1e-5), "{got:?} {want:?}");
            }
            assert_eq!(list.lattice().size(), 33);
        }
    }

    #[test]
    fn steps_do_what_they_say() {
        let matrix = "<Matrix inBitDepth=\"10i\" outBitDepth=\"8i\"><Array dim=\"3 4\">0.25 0 0 51 0 0.25 0 0 0 0 0.25 0</Array></Matrix>";
        let got = list(matrix).unwrap().apply([0.5, 1.0, 0.0]);
        assert!(near(got, [0.5 * 0.25 * 1023.0 / 255.0 + 0.2, 0.25 * 1023.0 / 255.0, 0.0]), "{got:?}");
        let range = "<Range inBitDepth=\"32f\" outBitDepth=\"32f\"><minInValue>0.1</minInValue><maxInValue>0.6</maxInValue>\
                     <minOutValue>0</minOutValue><maxOutValue>1</maxOutValue></Range>";
        assert!(near(list(range).unwrap().apply([0.35, -1.0, 2.0]), [0.5, 0.0, 1.0]));
        let power = |style: &str| {
            format!(
                "<Exponent inBitDepth=\"32f\" outBitDepth=\"32f\" style=\"{style}\"><ExponentParams exponent=\"2.4\" offset=\"0.055\"/></Exponent>"
            )
        };
        let decoded = list(&power("monCurveFwd")).unwrap().apply([0.5, 0.02, 1.0]);
        assert!(
            (decoded[0] - 0.214_041_14).abs() < 1e-6 && (decoded[1] - 0.02 / 12.923_21).abs() < 1e-6,
            "{decoded:?}"
        );
        let back = list(&(power("monCurveFwd") + &power("monCurveRev"))).unwrap().apply([0.5, 0.02, -0.1]);
        assert!(near(back, [0.5, 0.02, -0.1]), "{back:?}");
        let mirror = list(&power("basicMirrorFwd")).unwrap().apply([-0.5, 0.5, 0.0]);
        assert!(near(mirror, [-0.5f64.powf(2.4), 0.5f64.powf(2.4), 0.0]));
        // V-Log, as a camera's curve with a straight foot
        let params = "<LogParams base=\"10\" logSideSlope=\"0.241514\" logSideOffset=\"0.598206\" linSideSlope=\"1\" \
                      linSideOffset=\"0.00873\" linSideBreak=\"0.01\" linearSlope=\"5.6\"/>";
        let log = |style: &str| format!("<Log inBitDepth=\"32f\" outBitDepth=\"32f\" style=\"{style}\">{params}</Log>");
        let code = list(&log("cameraLinToLog")).unwrap().apply([0.18, 0.0, 0.01]);
        assert!((code[0] - 0.423_31).abs() < 1e-5 && (code[1] - 0.125).abs() < 2e-4, "{code:?}");
        let again = list(&(log("cameraLinToLog") + &log("cameraLogToLin"))).unwrap().apply([0.18, 0.001, 4.0]);
        assert!(near(again, [0.18, 0.001, 4.0]), "{again:?}");
        let cdl = |style: &str| {
            format!(
                "<ASC_CDL inBitDepth=\"32f\" outBitDepth=\"32f\" style=\"{style}\"><SOPNode><Slope>1.2 1 0.8</Slope><Offset>0.01 0 0\
             </Offset><Power>1.1 1 0.9</Power></SOPNode><SatNode><Saturation>0.8</Saturation></SatNode></ASC_CDL>"
            )
        };
        let again = list(&(cdl("FwdNoClamp") + &cdl("RevNoClamp"))).unwrap().apply([0.3, 0.4, 0.5]);
        assert!(near(again, [0.3, 0.4, 0.5]), "{again:?}");
    }

    #[test]
    fn tables_of_one_dimension() {
        let plain = "<LUT1D inBitDepth=\"32f\" outBitDepth=\"10i\"><Array dim=\"3 1\">0 1023 0</Array></LUT1D>";
        assert!(near(list(plain).unwrap().apply([0.25, 0.5, 2.0]), [0.5, 1.0, 0.0]));
        let halves: String = (0..65536u32)
            .map(|i| {
                let v = f16::from_bits(i as u16);
                format!("{}\n", if v.is_finite() { 2.0 * v.to_f32() } else { 0.0 })
            })
            .collect();
        let halves = format!(
            "<LUT1D inBitDepth=\"16f\" outBitDepth=\"16f\" halfDomain=\"true\"><Array dim=\"65536 1\">{halves}</Array></LUT1D>"
        );
        let double = list(&halves).unwrap();
        for v in [0.0, 0.1, -0.333_333, 1e-9, -1e-9, 70_000.0, 1234.567] {
            let got = double.apply([v; 3])[0];
            assert!((got - 2.0 * v.min(65504.0)).abs() < 1e-9 * v.abs().max(1.0), "{v}: {got}");
        }
    }

    #[test]
    fn bad_files_are_refused_with_the_line() {
        let message = |text: &str| list(text).unwrap_err().to_string();
        assert_eq!(message(""), "line 2: the list has no steps");
        assert_eq!(message("<Warp/>"), "line 3: a step `Warp` is not known");
        assert!(message("<Matrix/>").contains("outBitDepth is missing"));
        let lut = |dim: &str, body: &str| {
            format!("<LUT3D inBitDepth=\"32f\" outBitDepth=\"32f\"><Array dim=\"{dim}\">{body}</Array></LUT3D>")
        };
        assert!(message(&lut("2 2 2 3", "0 0")).contains("2 values, but dim `2 2 2 3` needs 24"));
        assert!(message(&lut("2 2 2 3", &"0 ".repeat(25))).contains("more than the 24"));
        assert!(message(&lut("2 2 2 3", &"nan ".repeat(24))).contains("`nan` is no finite number"));
        assert!(message(&lut("999999 999999 999999 3", "")).contains("does not fit"));
        assert!(message("<Log inBitDepth=\"32f\" outBitDepth=\"32f\" style=\"odd\"/>").contains("style `odd`"));
        assert!(
            message("<Range inBitDepth=\"32f\" outBitDepth=\"32f\"><minInValue>0</minInValue></Range>")
                .contains("pairs")
        );
        assert!(ProcessList::from_clf("<a").unwrap_err().to_string().contains("no XML"));
        assert!(ProcessList::from_clf("<a/>").unwrap_err().to_string().contains("no CLF"));
        assert!(ProcessList::from_clf("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>").is_err());
    }
}
