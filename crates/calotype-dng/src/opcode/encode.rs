//! Writing opcode lists.

use super::{Area, Opcode, Operation};
use crate::tiff::Endian;
use calotype_image::{Warp, WarpModel};

const BIG: Endian = Endian::Big;

/// The bytes of an opcode list; they are the same in files of either byte order. An empty list has no opcodes but is
/// not empty: leave the tag out instead.
pub fn encode(opcodes: &[Opcode]) -> Vec<u8> {
    let mut out = Vec::new();
    BIG.put_u32(&mut out, opcodes.len() as u32);
    for opcode in opcodes {
        BIG.put_u32(&mut out, id(&opcode.operation));
        out.extend(opcode.version);
        BIG.put_u32(&mut out, u32::from(opcode.optional) | u32::from(opcode.skip_for_preview) << 1);
        let mut body = Vec::new();
        parameters(&opcode.operation, &mut body);
        BIG.put_u32(&mut out, body.len() as u32);
        out.extend(body);
    }
    out
}

/// The number of an operation.
pub(super) fn id(operation: &Operation) -> u32 {
    match operation {
        Operation::Warp(w) if w.model == WarpModel::Fisheye => 2,
        Operation::Warp(w) if is_first_rectilinear(w) => 1,
        Operation::Warp(_) => 14,
        Operation::Vignette(_) => 3,
        Operation::FixBadPixelsConstant { .. } => 4,
        Operation::FixBadPixelsList { .. } => 5,
        Operation::TrimBounds { .. } => 6,
        Operation::MapTable { .. } => 7,
        Operation::MapPolynomial { .. } => 8,
        Operation::GainMap(_) => 9,
        Operation::DeltaPerRow { .. } => 10,
        Operation::DeltaPerColumn { .. } => 11,
        Operation::ScalePerRow { .. } => 12,
        Operation::ScalePerColumn { .. } => 13,
    }
}

/// True for what WarpRectilinear can say: even powers up to the sixth, all radii, no reciprocal.
fn is_first_rectilinear(w: &Warp) -> bool {
    !w.reciprocal
        && w.planes.iter().all(|p| {
            p.valid == (0.0, 1.0) && p.radial.iter().enumerate().all(|(i, &k)| k == 0.0 || (i <= 6 && i % 2 == 0))
        })
}

fn parameters(operation: &Operation, out: &mut Vec<u8>) {
    match operation {
        Operation::Warp(w) => warp(w, id(operation), out),
        Operation::Vignette(v) => {
            v.k.iter().for_each(|&k| BIG.put_f64(out, k));
            center(v.center, out);
        }
        Operation::FixBadPixelsConstant { constant, phase } => u32s(&[*constant, *phase as u32], out),
        Operation::FixBadPixelsList { phase, points, rects } => {
            u32s(&[*phase as u32, points.len() as u32, rects.len() as u32], out);
            points.iter().for_each(|p| u32s(p, out));
            rects.iter().for_each(|r| u32s(r, out));
        }
        Operation::TrimBounds { top, left, bottom, right } => u32s(&[*top, *left, *bottom, *right], out),
        Operation::MapTable { area, table } => {
            put_area(area, out);
            BIG.put_u32(out, table.len() as u32);
            table.iter().for_each(|&v| BIG.put_u16(out, v));
        }
        Operation::MapPolynomial { area, coefficients } => {
            put_area(area, out);
            BIG.put_u32(out, (coefficients.len() as u32).saturating_sub(1));
            coefficients.iter().for_each(|&k| BIG.put_f64(out, k));
        }
        Operation::GainMap(map) => {
            put_area(&map.area, out);
            u32s(&map.points, out);
            map.spacing.iter().chain(&map.origin).for_each(|&v| BIG.put_f64(out, v));
            BIG.put_u32(out, map.map_planes);
            map.gains.iter().for_each(|&v| BIG.put_f32(out, v));
        }
        Operation::DeltaPerRow { area, values }
        | Operation::DeltaPerColumn { area, values }
        | Operation::ScalePerRow { area, values }
        | Operation::ScalePerColumn { area, values } => {
            put_area(area, out);
            BIG.put_u32(out, values.len() as u32);
            values.iter().for_each(|&v| BIG.put_f32(out, v));
        }
    }
}

fn warp(w: &Warp, id: u32, out: &mut Vec<u8>) {
    BIG.put_u32(out, w.planes.len() as u32);
    for p in &w.planes {
        match id {
            1 => (0..4).for_each(|i| BIG.put_f64(out, p.radial[2 * i])),
            2 => (0..4).for_each(|i| BIG.put_f64(out, p.radial[2 * i + 1])),
            _ => p.radial.iter().for_each(|&k| BIG.put_f64(out, k)),
        }
        if id != 2 {
            p.tangential.iter().for_each(|&k| BIG.put_f64(out, k));
        }
        if id == 14 {
            BIG.put_f64(out, p.valid.0);
            BIG.put_f64(out, p.valid.1);
        }
    }
    center(w.center, out);
    if id == 14 {
        BIG.put_u32(out, u32::from(w.reciprocal));
    }
}

fn center((x, y): (f64, f64), out: &mut Vec<u8>) {
    BIG.put_f64(out, x);
    BIG.put_f64(out, y);
}

fn u32s(values: &[u32], out: &mut Vec<u8>) {
    values.iter().for_each(|&v| BIG.put_u32(out, v));
}

fn put_area(a: &Area, out: &mut Vec<u8>) {
    u32s(&[a.top, a.left, a.bottom, a.right, a.plane, a.planes, a.row_pitch, a.column_pitch], out);
}

#[cfg(test)]
mod tests {
    use super::super::{BayerPhase, GainMapOpcode, parse};
    use super::*;
    use calotype_image::{Vignette, WarpPlane};

    #[test]
    fn every_operation_is_read_as_written() {
        let area = Area { top: 1, left: 2, bottom: 8, right: 9, plane: 0, planes: 1, row_pitch: 2, column_pitch: 3 };
        let mut first = WarpPlane::identity(WarpModel::Rectilinear);
        first.radial[2] = -0.03;
        first.tangential = [1e-4, -2e-4];
        let mut second = first.clone();
        second.radial[5] = 1e-3;
        second.valid = (0.1, 0.9);
        let warp = |model, planes, reciprocal| Operation::Warp(Warp { model, planes, center: (0.5, 0.25), reciprocal });
        let operations = [
            warp(WarpModel::Rectilinear, vec![first.clone(); 3], false),
            warp(WarpModel::Fisheye, vec![WarpPlane::identity(WarpModel::Fisheye)], false),
            warp(WarpModel::Rectilinear, vec![first, second], true),
            Operation::Vignette(Vignette { k: [1.0, 2.0, 3.0, 4.0, 5.0], center: (0.0, 1.0) }),
            Operation::FixBadPixelsConstant { constant: 9, phase: BayerPhase::Blue },
            Operation::FixBadPixelsList {
                phase: BayerPhase::GreenInBlueRow,
                points: vec![[3, 4]],
                rects: vec![[1, 2, 3, 4]],
            },
            Operation::TrimBounds { top: 1, left: 2, bottom: 3, right: 4 },
            Operation::MapTable { area, table: vec![1, 65535] },
            Operation::MapPolynomial { area, coefficients: vec![0.0, 1.0, -0.5] },
            Operation::GainMap(GainMapOpcode {
                area,
                points: [1, 2],
                spacing: [1.0, 0.5],
                origin: [0.25, 0.0],
                map_planes: 1,
                gains: vec![1.0, 1.5],
            }),
            Operation::DeltaPerRow { area, values: vec![0.1; 4] },
            Operation::DeltaPerColumn { area, values: vec![0.1; 3] },
            Operation::ScalePerRow { area, values: vec![0.1; 4] },
            Operation::ScalePerColumn { area, values: vec![0.1; 3] },
        ];
        let mut opcodes: Vec<_> = operations.into_iter().map(Opcode::new).collect();
        opcodes[4].optional = true;
        opcodes[5].skip_for_preview = true;
        let (back, warnings) = parse(1, &encode(&opcodes)).unwrap();
        assert_eq!(back, opcodes);
        assert!(warnings.is_empty());
        assert_eq!(opcodes[2].name(), "WarpRectilinear2");
        assert_eq!(opcodes[2].version, [1, 6, 0, 0]);
    }
}
