//! Opcodes as plain data for other steps.

use super::{GainMapOpcode, Opcode, Operation};
use crate::Warning;
use calotype_image::{GainMap, LensCorrection, LensStep, Plane, Rect, Shading};

/// The GainMaps of OpcodeList2 as the shading of a mosaic of `width` x `height`; `None` without any.
pub fn shading(opcodes: &[Opcode], width: usize, height: usize) -> Option<Shading> {
    plane_shading(opcodes, 0, width, height)
}

/// As [`shading`], for one colour plane of a picture that is no mosaic.
pub fn plane_shading(opcodes: &[Opcode], plane: usize, width: usize, height: usize) -> Option<Shading> {
    let maps: Vec<_> = opcodes
        .iter()
        .filter_map(|o| match &o.operation {
            Operation::GainMap(map) => gain_map(map, plane, width, height),
            _ => None,
        })
        .collect();
    (!maps.is_empty()).then_some(Shading { maps })
}

/// The part of a picture of `width` x `height` that TrimBounds leaves; `None` where it leaves everything.
pub fn trim_bounds(opcodes: &[Opcode], width: usize, height: usize) -> Option<Rect> {
    let mut rect = Rect::whole(width, height);
    for opcode in opcodes {
        if let Operation::TrimBounds { top, left, bottom, right } = opcode.operation {
            let (x, y) = (rect.x.max(left as usize), rect.y.max(top as usize));
            let end = |start: usize, size: usize, edge: u32| (start + size).min(edge as usize);
            let (right, bottom) = (end(rect.x, rect.width, right), end(rect.y, rect.height, bottom));
            if x >= right || y >= bottom {
                return None;
            }
            rect = Rect { x, y, width: right - x, height: bottom - y };
        }
    }
    (rect != Rect::whole(width, height)).then_some(rect)
}

/// OpcodeList3 as a lens correction of the demosaiced active area of `width` x `height`, with what it cannot express.
pub fn lens_correction(opcodes: &[Opcode], width: usize, height: usize) -> (LensCorrection, Vec<Warning>) {
    let (mut steps, mut warnings) = (Vec::new(), Vec::new());
    for opcode in opcodes {
        match &opcode.operation {
            Operation::Warp(warp) => steps.push(LensStep::Warp(warp.clone())),
            Operation::Vignette(vignette) => steps.push(LensStep::Vignette(vignette.clone())),
            Operation::GainMap(map) => steps.extend(
                (0..3).filter_map(|plane| Some(LensStep::Gain { plane, map: gain_map(map, plane, width, height)? })),
            ),
            _ => warnings
                .push(Warning::new("OpcodeList3", format!("{} left out: it is no lens correction", opcode.name()))),
        }
    }
    (LensCorrection { steps }, warnings)
}

fn gain_map(map: &GainMapOpcode, plane: usize, width: usize, height: usize) -> Option<GainMap> {
    let area = map.area;
    let (x, y) = (area.left as usize, area.top as usize);
    let (right, bottom) = ((area.right as usize).min(width), (area.bottom as usize).min(height));
    if !area.has_plane(plane) || x >= right || y >= bottom {
        return None;
    }
    let [rows, columns] = map.points.map(|n| n as usize);
    let planes = map.map_planes as usize;
    let layer = (plane - area.plane as usize).min(planes.checked_sub(1)?);
    let gains = map.gains.chunks_exact(planes).map(|node| node[layer]).collect();
    Some(GainMap {
        area: Rect { x, y, width: right - x, height: bottom - y },
        pitch: (area.column_pitch.max(1) as usize, area.row_pitch.max(1) as usize),
        origin: (map.origin[1], map.origin[0]),
        spacing: (map.spacing[1], map.spacing[0]),
        gains: Plane::from_vec(columns, rows, gains)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Area;
    use super::*;
    use calotype_image::Vignette;

    fn map(area: Area, map_planes: u32, gains: Vec<f32>) -> Opcode {
        let points = [1, gains.len() as u32 / map_planes];
        Opcode::new(Operation::GainMap(GainMapOpcode {
            area,
            points,
            spacing: [1.0, 1.0],
            origin: [0.0, 0.0],
            map_planes,
            gains,
        }))
    }

    #[test]
    fn four_maps_shade_the_four_photosites() {
        let opcodes: Vec<_> = (0..4)
            .map(|i| {
                let area = Area { top: i / 2, left: i % 2, row_pitch: 2, column_pitch: 2, ..Area::whole(90, 90) };
                map(area, 1, vec![1.0 + i as f32])
            })
            .collect();
        let shading = shading(&opcodes, 5, 3).unwrap();
        let mut row = [0.0; 5];
        shading.gain_row(0, 0, 5, 3, &mut row);
        assert_eq!(row, [1.0, 2.0, 1.0, 2.0, 1.0]);
        shading.gain_row(1, 0, 5, 3, &mut row);
        assert_eq!(row, [3.0, 4.0, 3.0, 4.0, 3.0]);
    }

    #[test]
    fn planes_beyond_the_map_use_its_last() {
        let area = Area { planes: 3, ..Area::whole(2, 2) };
        let opcodes = [map(area, 2, vec![1.0, 2.0, 3.0, 4.0])];
        let gains = |p| plane_shading(&opcodes, p, 2, 2).unwrap().maps[0].gains.row(0).to_vec();
        assert_eq!((gains(0), gains(1), gains(2)), (vec![1.0, 3.0], vec![2.0, 4.0], vec![2.0, 4.0]));
        assert_eq!(plane_shading(&opcodes, 3, 2, 2), None);
        assert_eq!(lens_correction(&opcodes, 2, 2).0.steps.len(), 3);
    }

    #[test]
    fn corrections_keep_their_order_and_the_rest_is_reported() {
        let v = |k| Opcode::new(Operation::Vignette(Vignette { k: [k; 5], center: (0.5, 0.5) }));
        let trim = Opcode::new(Operation::TrimBounds { top: 1, left: 0, bottom: 9, right: 3 });
        let (c, warnings) = lens_correction(&[v(1.0), trim.clone(), v(2.0)], 4, 4);
        assert!(matches!(&c.steps[..], [LensStep::Vignette(a), LensStep::Vignette(b)] if a.k[0] < b.k[0]));
        assert_eq!(warnings.len(), 1);
        assert_eq!(trim_bounds(&[trim], 4, 4), Some(Rect { x: 0, y: 1, width: 3, height: 3 }));
        assert_eq!(trim_bounds(&[v(1.0)], 4, 4), None);
    }
}
