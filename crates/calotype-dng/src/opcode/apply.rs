//! Doing what opcodes say to samples.

use super::bad_pixels::{self, Defects};
use super::{Area, Opcode, Operation};
use crate::{DngError, Warning};
use calotype_image::{Plane, RAW_BLACK, RAW_RANGE, par};

/// Samples that the opcodes of a list may touch, in pictures.
const MAX_PASSES: u64 = 256;

/// Which samples a list works on, and so what its numbers mean.
#[derive(Clone, Copy, PartialEq)]
enum Scale {
    /// As stored: 0 to 65535 is 0 to 1.
    Stored,
    /// [`RAW_BLACK`] to [`RAW_WHITE`](calotype_image::RAW_WHITE) is 0 to 1.
    Linear,
}

impl Scale {
    fn black(self) -> f32 {
        if self == Self::Stored { 0.0 } else { f32::from(RAW_BLACK) }
    }

    fn range(self) -> f32 {
        if self == Self::Stored { 65535.0 } else { RAW_RANGE }
    }
}

/// Applies OpcodeList1 to samples as stored (before LinearizationTable, masked borders included): one plane of a
/// mosaic (`is_mosaic`) or of a sensor without filters, or one per colour.
///
/// TrimBounds is left to [`trim_bounds`](super::trim_bounds); other opcodes that cannot work on such samples are left
/// out with a warning.
///
/// # Errors
/// [`DngError::Opcode`] for a required opcode that cannot be applied here, [`DngError::Limit`] for a list made to
/// waste time.
pub fn apply_stored(opcodes: &[Opcode], planes: &mut [Plane<u16>], is_mosaic: bool) -> Result<Vec<Warning>, DngError> {
    apply(1, opcodes, planes, is_mosaic, Scale::Stored)
}

/// Applies OpcodeList2 to linear samples of the active area, coded from [`RAW_BLACK`] to
/// [`RAW_WHITE`](calotype_image::RAW_WHITE). GainMaps are left out: see [`shading`](super::shading).
///
/// Below black, tables and polynomials are continued by point reflection at black, so that dark noise keeps its
/// mean. Codes are clamped to what 16 bits hold.
///
/// # Errors
/// As [`apply_stored`].
pub fn apply_linear(opcodes: &[Opcode], planes: &mut [Plane<u16>], is_mosaic: bool) -> Result<Vec<Warning>, DngError> {
    apply(2, opcodes, planes, is_mosaic, Scale::Linear)
}

fn apply(
    list: u8,
    opcodes: &[Opcode],
    planes: &mut [Plane<u16>],
    is_mosaic: bool,
    scale: Scale,
) -> Result<Vec<Warning>, DngError> {
    let mut warnings = Vec::new();
    let Some(first) = planes.first() else { return Ok(warnings) };
    let size = (first.width(), first.height());
    let mut budget = Budget { left: MAX_PASSES * ((size.0 * size.1) as u64 + 65536), list };
    let mut after_gain_map = false;
    for opcode in opcodes {
        let mut touch = |area: &Area| budget.spend(area.cost(size, planes.len()));
        match &opcode.operation {
            Operation::FixBadPixelsConstant { constant, phase } => {
                touch(&Area::whole(size.0 as u32, size.1 as u32))?;
                let constant = (*constant as f32 / 65535.0 * scale.range() + scale.black() + 0.5) as u16;
                for plane in planes.iter_mut() {
                    let defects = Defects::constant(plane, constant);
                    bad_pixels::fix(plane, &defects, is_mosaic.then_some(*phase));
                }
            }
            Operation::FixBadPixelsList { phase, points, rects } => {
                touch(&Area::whole(size.0 as u32, size.1 as u32))?;
                let defects = Defects::listed(size, points, rects);
                for plane in planes.iter_mut() {
                    bad_pixels::fix(plane, &defects, is_mosaic.then_some(*phase));
                }
            }
            Operation::MapTable { area, table } => {
                touch(area)?;
                let last = table.len().saturating_sub(1);
                let curve = |x: f32| f32::from(table[((x * 65535.0 + 0.5) as usize).min(last)]) / 65535.0;
                map(planes, area, &codes(scale, curve));
            }
            Operation::MapPolynomial { area, coefficients } => {
                touch(area)?;
                let curve = |x: f32| coefficients.iter().rev().fold(0.0, |y, k| y * f64::from(x) + k) as f32;
                map(planes, area, &codes(scale, curve));
            }
            Operation::GainMap(_) if scale == Scale::Linear => after_gain_map = true,
            Operation::GainMap(map) => {
                touch(&map.area)?;
                for (i, plane) in planes.iter_mut().enumerate() {
                    let Some(shading) = super::plane_shading(std::slice::from_ref(opcode), i, size.0, size.1) else {
                        continue;
                    };
                    gain(plane, scale, |y, row| shading.gain_row(y, 0, size.0, size.1, row));
                }
            }
            Operation::Vignette(v) => {
                touch(&Area::whole(size.0 as u32, size.1 as u32))?;
                for plane in planes.iter_mut() {
                    gain(plane, scale, |y, row| {
                        for (x, g) in row.iter_mut().enumerate() {
                            *g = v.gain(x as f64 + 0.5, y as f64 + 0.5, size.0, size.1) as f32;
                        }
                    });
                }
            }
            Operation::DeltaPerRow { area, values } => {
                touch(area)?;
                lines(planes, area, scale, values, true, false);
            }
            Operation::DeltaPerColumn { area, values } => {
                touch(area)?;
                lines(planes, area, scale, values, false, false);
            }
            Operation::ScalePerRow { area, values } => {
                touch(area)?;
                lines(planes, area, scale, values, true, true);
            }
            Operation::ScalePerColumn { area, values } => {
                touch(area)?;
                lines(planes, area, scale, values, false, true);
            }
            Operation::TrimBounds { .. } => {}
            Operation::Warp(_) if opcode.optional => {
                let reason = format!("{} left out: it needs a demosaiced picture", opcode.name());
                warnings.push(Warning::new(format!("OpcodeList{list}"), reason));
            }
            Operation::Warp(_) => {
                let reason = format!("required {} needs a demosaiced picture", opcode.name());
                return Err(DngError::Opcode { list, reason });
            }
        }
        if after_gain_map && !matches!(opcode.operation, Operation::GainMap(_) | Operation::TrimBounds { .. }) {
            let reason = format!("{} was applied before the gain maps it follows", opcode.name());
            warnings.push(Warning::new(format!("OpcodeList{list}"), reason));
        }
    }
    Ok(warnings)
}

/// What a list may still do.
struct Budget {
    left: u64,
    list: u8,
}

impl Budget {
    fn spend(&mut self, cost: u64) -> Result<(), DngError> {
        self.left = self.left.checked_sub(cost).ok_or_else(|| DngError::Limit {
            what: format!("OpcodeList{}: passes over the picture", self.list),
            value: MAX_PASSES + 1,
            limit: MAX_PASSES,
        })?;
        Ok(())
    }
}

impl Area {
    /// Samples touched in a picture of that size, tables made on the way included.
    fn cost(&self, (width, height): (usize, usize), planes: usize) -> u64 {
        let rows = height.min(self.bottom as usize).saturating_sub(self.top as usize);
        65536 + (rows.div_ceil(self.row_pitch.max(1) as usize) * width * planes) as u64
    }
}

/// A curve over linear values as a table over codes.
fn codes(scale: Scale, curve: impl Fn(f32) -> f32) -> Vec<u16> {
    let (black, range) = (scale.black(), scale.range());
    let at_black = curve(0.0);
    let code = |code: u16| {
        let x = (f32::from(code) - black) / range;
        let y = if x < 0.0 { 2.0 * at_black - curve(-x) } else { curve(x) };
        (y * range + (black + 0.5)) as u16
    };
    (0..=u16::MAX).map(code).collect()
}

/// Replaces codes by those of a table of 65536.
fn map(planes: &mut [Plane<u16>], area: &Area, table: &[u16]) {
    let (start, end, step) = area.column_range(planes.first().map_or(0, Plane::width));
    for (_, plane) in planes.iter_mut().enumerate().filter(|(i, _)| area.has_plane(*i)) {
        par::bands_mut(plane, 32, |top, mut band| {
            for y in 0..band.height() {
                if area.touches_row(top + y) {
                    band.row_mut(y)[start..end].iter_mut().step_by(step).for_each(|v| *v = table[usize::from(*v)]);
                }
            }
        });
    }
}

/// Adds to or multiplies samples by a value per row or column.
fn lines(planes: &mut [Plane<u16>], area: &Area, scale: Scale, values: &[f32], per_row: bool, multiply: bool) {
    let (start, end, step) = area.column_range(planes.first().map_or(0, Plane::width));
    let (black, range) = (scale.black(), scale.range());
    for (_, plane) in planes.iter_mut().enumerate().filter(|(i, _)| area.has_plane(*i)) {
        par::bands_mut(plane, 32, |top, mut band| {
            for y in 0..band.height() {
                if !area.touches_row(top + y) {
                    continue;
                }
                let row_number = (top + y - area.top as usize) / area.row_pitch.max(1) as usize;
                for (n, v) in band.row_mut(y)[start..end].iter_mut().step_by(step).enumerate() {
                    let Some(k) = values.get(if per_row { row_number } else { n }) else { break };
                    let x = f32::from(*v);
                    let x = if multiply { (x - black) * k + black } else { x + k * range };
                    *v = (x + 0.5) as u16;
                }
            }
        });
    }
}

/// Multiplies samples by gains that `fill` gives for a row.
fn gain(plane: &mut Plane<u16>, scale: Scale, fill: impl Fn(usize, &mut [f32]) + Sync) {
    let black = scale.black();
    par::bands_mut(plane, 32, |top, mut band| {
        let mut gains = vec![1.0; band.width()];
        for y in 0..band.height() {
            fill(top + y, &mut gains);
            for (v, g) in band.row_mut(y).iter_mut().zip(&gains) {
                *v = ((f32::from(*v) - black) * g + (black + 0.5)) as u16;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{RAW_WHITE, Vignette, Warp, WarpModel, WarpPlane, linear_to_raw, raw_to_linear};

    fn one(operation: Operation) -> [Opcode; 1] {
        [Opcode::new(operation)]
    }

    #[test]
    fn a_table_replaces_stored_codes_where_it_applies() {
        let mut planes = [Plane::from_fn(5, 4, |x, y| (y * 5 + x) as u16)];
        let area = Area { top: 1, left: 1, bottom: 9, right: 4, row_pitch: 2, column_pitch: 2, ..Area::whole(0, 0) };
        apply_stored(&one(Operation::MapTable { area, table: (100..110).collect() }), &mut planes, true).unwrap();
        assert_eq!(planes[0].row(1), [5, 106, 7, 108, 9]);
        assert_eq!(planes[0].row(2), [10, 11, 12, 13, 14]);
        assert_eq!(planes[0].row(3), [15, 109, 17, 109, 19], "the last entry serves what is beyond");
    }

    #[test]
    fn a_polynomial_works_on_linear_values_and_is_odd_below_black() {
        let dark = linear_to_raw(-0.05);
        let mut planes = [Plane::from_vec(4, 1, vec![RAW_BLACK, linear_to_raw(0.5), RAW_WHITE, dark]).unwrap()];
        let coefficients = vec![0.0, 0.5, 0.5];
        apply_linear(&one(Operation::MapPolynomial { area: Area::whole(4, 1), coefficients }), &mut planes, true)
            .unwrap();
        let got: Vec<f32> = planes[0].row(0).iter().map(|&c| raw_to_linear(c)).collect();
        for (got, expected) in got.iter().zip([0.0, 0.375, 1.0, -0.02625]) {
            assert!((got - expected).abs() < 2e-5, "{got} {expected}");
        }
    }

    #[test]
    fn rows_and_columns_are_shifted_and_scaled() {
        let mut planes = [Plane::filled(2, 2, linear_to_raw(0.25))];
        let area = Area::whole(2, 2);
        let opcodes = [
            Opcode::new(Operation::DeltaPerRow { area, values: vec![0.0, 0.25] }),
            Opcode::new(Operation::ScalePerColumn { area, values: vec![1.0, 0.5] }),
        ];
        apply_linear(&opcodes, &mut planes, true).unwrap();
        let got: Vec<f32> = planes[0].data().iter().map(|&c| raw_to_linear(c)).collect();
        for (got, expected) in got.iter().zip([0.25, 0.125, 0.5, 0.25]) {
            assert!((got - expected).abs() < 2e-5);
        }
        let mut stored = [Plane::filled(2, 2, 1000)];
        let opcodes = [
            Opcode::new(Operation::DeltaPerColumn { area, values: vec![0.0, 100.0 / 65535.0] }),
            Opcode::new(Operation::ScalePerRow { area, values: vec![2.0, 1e9] }),
        ];
        apply_stored(&opcodes, &mut stored, true).unwrap();
        assert_eq!(stored[0].data(), [2000, 2200, 65535, 65535]);
    }

    #[test]
    fn planes_are_told_apart() {
        let mut planes = [Plane::filled(1, 1, 10), Plane::filled(1, 1, 10), Plane::filled(1, 1, 10)];
        let area = Area { plane: 1, planes: 2, ..Area::whole(1, 1) };
        apply_stored(&one(Operation::ScalePerRow { area, values: vec![3.0] }), &mut planes, false).unwrap();
        assert_eq!(planes.map(|p| p.get(0, 0)), [10, 30, 30]);
    }

    #[test]
    fn a_vignette_brightens_the_corners() {
        let mut planes = [Plane::filled(9, 7, 1000)];
        let v = Vignette { k: [1.0, 0.0, 0.0, 0.0, 0.0], center: (0.5, 0.5) };
        apply_stored(&one(Operation::Vignette(v)), &mut planes, true).unwrap();
        assert_eq!(planes[0].get(4, 3), 1000);
        assert!(planes[0].get(0, 0) > 1500);
    }

    #[test]
    fn warps_need_a_finished_picture_and_lists_may_not_go_on_for_ever() {
        let plane = WarpPlane::identity(WarpModel::Fisheye);
        let warp = Warp { model: WarpModel::Fisheye, planes: vec![plane], center: (0.5, 0.5), reciprocal: false };
        let mut opcode = Opcode::new(Operation::Warp(warp));
        let mut planes = [Plane::new(4, 4)];
        assert!(apply_linear(&[opcode.clone()], &mut planes, true).is_err());
        opcode.optional = true;
        assert_eq!(apply_linear(&[opcode], &mut planes, true).unwrap().len(), 1);
        let scale = Opcode::new(Operation::ScalePerRow { area: Area::whole(4, 4), values: vec![1.0; 4] });
        let endless = vec![scale; 1000];
        assert!(matches!(apply_linear(&endless, &mut planes, true), Err(DngError::Limit { .. })));
    }

    #[test]
    fn nothing_happens_to_nothing() {
        assert!(apply_stored(&[], &mut [], true).unwrap().is_empty());
        let v = Vignette { k: [0.0; 5], center: (0.5, 0.5) };
        apply_stored(&one(Operation::Vignette(v)), &mut [Plane::new(0, 3)], true).unwrap();
    }
}
