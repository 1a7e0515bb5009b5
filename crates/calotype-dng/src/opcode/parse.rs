//! Reading opcode lists.

use super::{Area, BayerPhase, GainMapOpcode, Opcode, Operation, name};
use crate::tiff::Endian;
use crate::{DngError, Warning};
use calotype_image::{Vignette, Warp, WarpModel, WarpPlane};

/// The newest DNG version whose opcodes are known here.
const KNOWN_VERSION: [u8; 4] = [1, 7, 1, 0];
/// Colour planes a warp may have.
const MAX_WARP_PLANES: u32 = 8;

/// Reads opcode list `list` (1 to 3, for messages). The bytes are big-endian in files of either byte order.
///
/// Optional opcodes that are unknown or damaged are left out with a warning. Memory stays in proportion to the bytes.
///
/// # Errors
/// [`DngError::Opcode`] where the list is cut short, or a required opcode is unknown or damaged.
pub fn parse(list: u8, bytes: &[u8]) -> Result<(Vec<Opcode>, Vec<Warning>), DngError> {
    let fail = |reason: String| DngError::Opcode { list, reason };
    let (mut opcodes, mut warnings) = (Vec::new(), Vec::new());
    if bytes.is_empty() {
        return Ok((opcodes, warnings));
    }
    let mut reader = Reader { bytes };
    let count = reader.u32().ok_or_else(|| fail(format!("{} bytes are too few for a list", bytes.len())))?;
    for index in 0..count {
        let head = (|| {
            let (id, version, flags) = (reader.u32()?, reader.u32()?.to_be_bytes(), reader.u32()?);
            let size = reader.u32()? as usize;
            Some((id, version, flags, reader.take(size)?))
        })();
        let Some((id, version, flags, parameters)) = head else {
            return Err(fail(format!("cut short in opcode {} of {count}", index + 1)));
        };
        let optional = flags & 1 != 0;
        let what = name(id).map_or_else(|| format!("opcode {id}"), str::to_owned);
        let problem = match name(id) {
            None => "unknown".to_owned(),
            Some(_) if version > KNOWN_VERSION => {
                format!("of DNG {}.{}, newer than known", version[0], version[1])
            }
            Some(_) => match operation(id, &mut Reader { bytes: parameters }) {
                Ok(operation) => {
                    opcodes.push(Opcode { version, optional, skip_for_preview: flags & 2 != 0, operation });
                    continue;
                }
                Err(reason) => reason,
            },
        };
        if !optional {
            return Err(fail(format!("required {what} is {problem}")));
        }
        warnings.push(Warning::new(format!("OpcodeList{list}"), format!("optional {what} left out: {problem}")));
    }
    if !reader.bytes.is_empty() {
        let extra = format!("{} bytes after the last opcode ignored", reader.bytes.len());
        warnings.push(Warning::new(format!("OpcodeList{list}"), extra));
    }
    Ok((opcodes, warnings))
}

/// Bytes not yet read.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Endian::Big.u32(self.take(4)?, 0)
    }

    fn f64(&mut self) -> Option<f64> {
        Endian::Big.f64(self.take(8)?, 0).filter(|x| x.is_finite())
    }

    fn f64s<const N: usize>(&mut self) -> Option<[f64; N]> {
        let mut values = [0.0; N];
        for v in &mut values {
            *v = self.f64()?;
        }
        Some(values)
    }

    fn u32s<const N: usize>(&mut self) -> Option<[u32; N]> {
        let mut values = [0; N];
        for v in &mut values {
            *v = self.u32()?;
        }
        Some(values)
    }

    /// `count` floats.
    fn f32_list(&mut self, count: usize) -> Option<Vec<f32>> {
        let bytes = self.take(count.checked_mul(4)?)?;
        bytes.chunks_exact(4).map(|b| Endian::Big.f32(b, 0).filter(|x| x.is_finite())).collect()
    }

    fn area(&mut self) -> Option<Area> {
        let [top, left, bottom, right, plane, planes, row_pitch, column_pitch] = self.u32s()?;
        let area = Area { top, left, bottom, right, plane, planes, row_pitch, column_pitch };
        (top <= bottom && left <= right && row_pitch > 0 && column_pitch > 0).then_some(area)
    }

    fn phase(&mut self) -> Option<BayerPhase> {
        use BayerPhase::*;
        [Red, GreenInRedRow, GreenInBlueRow, Blue].get(self.u32()? as usize).copied()
    }
}

/// The operation with parameters read from `r`, or what is wrong with them.
fn operation(id: u32, r: &mut Reader) -> Result<Operation, String> {
    let size = r.bytes.len();
    let operation = match id {
        1 => warp(r, 1),
        2 => warp(r, 2),
        3 => vignette(r),
        4 => bad_constant(r),
        5 => bad_list(r),
        6 => trim(r),
        7 => map_table(r),
        8 => map_polynomial(r),
        9 => gain_map(r),
        10..=13 => per_line(r, id),
        _ => warp(r, 14),
    };
    match operation {
        Some(_) if !r.bytes.is_empty() => Err(format!("damaged: {} of its {size} bytes are too many", r.bytes.len())),
        Some(operation) => Ok(operation),
        None => Err(format!("damaged: its {size} bytes make no sense")),
    }
}

fn warp(r: &mut Reader, id: u32) -> Option<Operation> {
    let count = r.u32().filter(|n| (1..=MAX_WARP_PLANES).contains(n))?;
    let model = if id == 2 { WarpModel::Fisheye } else { WarpModel::Rectilinear };
    let mut planes = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let mut plane = WarpPlane::identity(model);
        match id {
            1 => {
                let k: [f64; 4] = r.f64s()?;
                (0..4).for_each(|i| plane.radial[2 * i] = k[i]);
                plane.tangential = r.f64s()?;
            }
            2 => {
                let k: [f64; 4] = r.f64s()?;
                (0..4).for_each(|i| plane.radial[2 * i + 1] = k[i]);
            }
            _ => {
                plane.radial = r.f64s()?;
                plane.tangential = r.f64s()?;
                let [low, high] = r.f64s()?;
                plane.valid = (low, high);
                if low > high {
                    return None;
                }
            }
        }
        planes.push(plane);
    }
    let center = center(r)?;
    let reciprocal = id == 14 && r.u32()? != 0;
    Some(Operation::Warp(Warp { model, planes, center, reciprocal }))
}

/// An optical centre, which must lie in the picture.
fn center(r: &mut Reader) -> Option<(f64, f64)> {
    let [x, y] = r.f64s()?;
    ((0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)).then_some((x, y))
}

fn vignette(r: &mut Reader) -> Option<Operation> {
    Some(Operation::Vignette(Vignette { k: r.f64s()?, center: center(r)? }))
}

fn bad_constant(r: &mut Reader) -> Option<Operation> {
    Some(Operation::FixBadPixelsConstant { constant: r.u32()?, phase: r.phase()? })
}

fn bad_list(r: &mut Reader) -> Option<Operation> {
    let phase = r.phase()?;
    let [points, rects] = r.u32s()?.map(|n: u32| n as usize);
    if points.checked_mul(8)?.checked_add(rects.checked_mul(16)?)? != r.bytes.len() {
        return None;
    }
    let points = (0..points).map(|_| r.u32s()).collect::<Option<_>>()?;
    let rects = (0..rects).map(|_| r.u32s()).collect::<Option<_>>()?;
    Some(Operation::FixBadPixelsList { phase, points, rects })
}

fn trim(r: &mut Reader) -> Option<Operation> {
    let [top, left, bottom, right] = r.u32s()?;
    (top < bottom && left < right).then_some(Operation::TrimBounds { top, left, bottom, right })
}

fn map_table(r: &mut Reader) -> Option<Operation> {
    let area = r.area()?;
    let count = r.u32().filter(|n| (1..=65536).contains(n))? as usize;
    let table = r.take(count * 2)?.chunks_exact(2).filter_map(|b| Endian::Big.u16(b, 0)).collect();
    Some(Operation::MapTable { area, table })
}

fn map_polynomial(r: &mut Reader) -> Option<Operation> {
    let area = r.area()?;
    let degree = r.u32().filter(|&n| n <= 8)?;
    let coefficients = (0..=degree).map(|_| r.f64()).collect::<Option<_>>()?;
    Some(Operation::MapPolynomial { area, coefficients })
}

fn gain_map(r: &mut Reader) -> Option<Operation> {
    let area = r.area()?;
    let points: [u32; 2] = r.u32s()?;
    let (spacing, origin) = (r.f64s()?, r.f64s()?);
    let map_planes = r.u32()?;
    let count = (points[0] as usize).checked_mul(points[1] as usize)?.checked_mul(map_planes as usize)?;
    if count == 0 {
        return None;
    }
    let gains = r.f32_list(count)?;
    Some(Operation::GainMap(GainMapOpcode { area, points, spacing, origin, map_planes, gains }))
}

fn per_line(r: &mut Reader, id: u32) -> Option<Operation> {
    let area = r.area()?;
    let count = r.u32()?;
    if count != if id.is_multiple_of(2) { area.rows() } else { area.columns() } {
        return None;
    }
    let values = r.f32_list(count as usize)?;
    Some(match id {
        10 => Operation::DeltaPerRow { area, values },
        11 => Operation::DeltaPerColumn { area, values },
        12 => Operation::ScalePerRow { area, values },
        _ => Operation::ScalePerColumn { area, values },
    })
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;

    fn list(opcodes: &[(u32, u32, &[u8])]) -> Vec<u8> {
        let mut out = (opcodes.len() as u32).to_be_bytes().to_vec();
        for (id, flags, parameters) in opcodes {
            out.extend(id.to_be_bytes());
            out.extend([1, 3, 0, 0]);
            out.extend(flags.to_be_bytes());
            out.extend((parameters.len() as u32).to_be_bytes());
            out.extend(*parameters);
        }
        out
    }

    #[test]
    fn unknown_opcodes_are_skipped_only_if_optional() {
        let (opcodes, warnings) = parse(3, &list(&[(77, 1, &[1, 2, 3]), (3, 0, &[0; 56])])).unwrap();
        assert_eq!(opcodes.len(), 1);
        assert!(warnings[0].to_string().contains("opcode 77"), "{}", warnings[0]);
        let error = parse(3, &list(&[(77, 0, &[])])).unwrap_err().to_string();
        assert_eq!(error, "OpcodeList3: required opcode 77 is unknown");
    }

    #[test]
    fn newer_versions_and_damage_count_as_unknown() {
        let mut newer = list(&[(3, 1, &[0; 56])]);
        newer[9] = 9;
        assert_eq!(parse(3, &newer).unwrap().0.len(), 0);
        assert_eq!(parse(3, &list(&[(3, 1, &[0; 55])])).unwrap().0.len(), 0);
        assert!(parse(3, &list(&[(3, 0, &[0; 55])])).is_err());
        assert!(parse(3, &list(&[(3, 0, &[0; 57])])).is_err());
    }

    #[test]
    fn every_cut_is_noticed() {
        let area = Area::whole(4, 3);
        let full = encode(&[
            Opcode::new(Operation::MapTable { area, table: vec![3, 2, 1] }),
            Opcode::new(Operation::ScalePerRow { area, values: vec![1.0; 3] }),
        ]);
        assert_eq!(parse(1, &full).unwrap().0.len(), 2);
        for end in 1..full.len() {
            assert!(parse(1, &full[..end]).is_err(), "cut at {end}");
        }
        assert_eq!(parse(1, &[]).unwrap().0.len(), 0);
    }

    #[test]
    fn counts_are_checked_against_the_bytes() {
        let mut huge = vec![0; 4];
        huge.extend([0xFF; 8]);
        assert!(parse(1, &list(&[(5, 0, &huge)])).is_err());
        assert!(parse(1, &[0xFF; 12]).is_err());
    }
}
