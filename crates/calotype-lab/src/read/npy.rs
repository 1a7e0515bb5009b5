//! NPY, the array file of NumPy (format 1.0 to 3.0): float32 or float64, C order, (height, width) or
//! (height, width, 1 | 3 | 4).

use super::encoding::planes;
use super::{Encoding, Input, planes_of};
use crate::{Picture, Result};

pub(super) fn read(file: &Input<'_>) -> Result<Picture> {
    let short = || file.wrong("the NPY header is cut off");
    let at = |i: usize| file.bytes.get(i).copied().ok_or_else(short);
    let (start, length): (usize, usize) = match at(6)? {
        1 => (10usize, usize::from(u16::from_le_bytes([at(8)?, at(9)?]))),
        2 | 3 => (12, u32::from_le_bytes([at(8)?, at(9)?, at(10)?, at(11)?]) as usize),
        v => return Err(file.wrong(format!("NPY of version {v}"))),
    };
    let header = start.checked_add(length).and_then(|end| file.bytes.get(start..end)).ok_or_else(short)?;
    let header = String::from_utf8_lossy(header);
    let after = |key: &str| header.split_once(key).map(|(_, rest)| rest.trim_start_matches([' ', ':']));
    let size = match after("'descr'").unwrap_or("") {
        d if d.starts_with("'<f4'") => 4,
        d if d.starts_with("'<f8'") => 8,
        d => {
            let kind: String = d.chars().take(8).collect();
            return Err(file.wrong(format!("NPY of type {kind}; float32 and float64 are read")));
        }
    };
    if !after("'fortran_order'").is_some_and(|v| v.starts_with("False")) {
        return Err(file.wrong("an NPY in Fortran order"));
    }
    let shape = after("'shape'").and_then(|v| v.strip_prefix('(')).and_then(|v| v.split_once(')')).map(|v| v.0);
    let shape: Vec<usize> = shape.unwrap_or("").split(',').filter_map(|v| v.trim().parse().ok()).collect();
    let (height, width, channels) = match shape[..] {
        [h, w] => (h, w, 1),
        [h, w, c @ (1 | 3 | 4)] => (h, w, c),
        _ => return Err(file.wrong(format!("an NPY of shape {shape:?}; (height, width, 3) is read"))),
    };
    if height > 1 << 24 || width > 1 << 24 {
        return Err(file.wrong(format!("an NPY of {width}x{height}")));
    }
    file.check_size(width, height)?;
    let data = &file.bytes[start + length..];
    if data.len() < width * height * channels * size {
        return Err(file.wrong(format!("the file ends after {} bytes of pixels", data.len())));
    }
    let planes = planes(width, height, channels, |i| {
        let b = &data[i * size..];
        match size {
            4 => f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
            _ => f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32,
        }
    });
    planes_of(file, planes, file.encoding.unwrap_or(Encoding::LINEAR), "float")
}
