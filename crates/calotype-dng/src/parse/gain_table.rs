//! ProfileGainTableMap (52525) and ProfileGainTableMap2 (52544).

use super::{Notes, Sources};
use crate::error::DngError;
use crate::info::GainTableMap;
use crate::tiff::{Directory, Endian, tags};
use calotype_image::Plane;

/// Reads the newer of the two.
pub(super) fn gain_table_map(sources: &Sources<'_>, notes: &mut Notes) -> Option<GainTableMap> {
    for tag in [tags::PROFILE_GAIN_TABLE_MAP_2, tags::PROFILE_GAIN_TABLE_MAP] {
        for directory in [&sources.raw, &sources.main] {
            let map = notes.take(parse(directory, tag));
            if map.is_some() {
                return map;
            }
        }
    }
    None
}

/// Gains of all nodes; more than that is no tone curve any more.
const MAX_GAINS: u64 = 1 << 24;

fn parse(directory: &Directory<'_>, tag: u16) -> Result<Option<GainTableMap>, DngError> {
    let Some(bytes) = directory.bytes(tag)? else { return Ok(None) };
    // Written in the byte order of the file (unlike opcodes).
    let mut fields = Fields { bytes, at: 0, endian: directory.file().endian() };
    let cut = || directory.bad(tag, format!("{} bytes are too few", bytes.len()));
    let second = tag == tags::PROFILE_GAIN_TABLE_MAP_2;
    let [down, across] = [fields.u32().ok_or_else(cut)?, fields.u32().ok_or_else(cut)?];
    let [spacing_v, spacing_h] = [fields.f64().ok_or_else(cut)?, fields.f64().ok_or_else(cut)?];
    let [origin_v, origin_h] = [fields.f64().ok_or_else(cut)?, fields.f64().ok_or_else(cut)?];
    let count = fields.u32().ok_or_else(cut)?;
    let mut input_weights = [0.0; 5];
    for weight in &mut input_weights {
        *weight = fields.f32().ok_or_else(cut)?;
    }
    let (mut kind, mut gamma, mut range) = (3, 1.0, [0.0, 1.0]);
    if second {
        kind = fields.u32().ok_or_else(cut)?;
        gamma = fields.f32().ok_or_else(cut)?;
        range = [fields.f32().ok_or_else(cut)?, fields.f32().ok_or_else(cut)?];
    }
    let total = u64::from(down).saturating_mul(u64::from(across)).saturating_mul(u64::from(count));
    if down == 0 || across == 0 || count == 0 || total > MAX_GAINS {
        return Err(directory.bad(tag, format!("{across}x{down} nodes of {count} gains")));
    }
    let size = [1, 2, 2, 4].get(kind as usize).copied();
    let size = size.ok_or_else(|| directory.bad(tag, format!("the data type {kind} is unknown")))?;
    let data = fields.rest(total as usize * size).ok_or_else(cut)?;
    let [low, high] = range;
    let scaled = |v: f32| low + v * (high - low);
    let endian = fields.endian;
    let gains: Vec<f32> = match kind {
        0 => data.iter().map(|&v| scaled(f32::from(v) / 255.0)).collect(),
        1 => data.chunks_exact(2).map(|b| scaled(f32::from(endian.u16(b, 0).unwrap_or(0)) / 65535.0)).collect(),
        2 => data.chunks_exact(2).map(|b| crate::decode::half(endian.u16(b, 0).unwrap_or(0))).collect(),
        _ => data.chunks_exact(4).map(|b| endian.f32(b, 0).unwrap_or(1.0)).collect(),
    };
    let values = [spacing_v, spacing_h, origin_v, origin_h, f64::from(gamma), f64::from(low), f64::from(high)];
    let finite = values.iter().all(|v| v.is_finite()) && input_weights.iter().chain(&gains).all(|v| v.is_finite());
    let gains = Plane::from_vec(count as usize, (down * across) as usize, gains);
    let (true, Some(gains)) = (finite, gains) else {
        return Err(directory.bad(tag, "holds a number that is not finite"));
    };
    Ok(Some(GainTableMap {
        origin: [origin_h, origin_v],
        spacing: [spacing_h, spacing_v],
        size: [across as usize, down as usize, count as usize],
        input_weights,
        gamma,
        gains,
    }))
}

struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    endian: Endian,
}

impl<'a> Fields<'a> {
    fn u32(&mut self) -> Option<u32> {
        let value = self.endian.u32(self.bytes, self.at)?;
        self.at += 4;
        Some(value)
    }

    fn f32(&mut self) -> Option<f32> {
        let value = self.endian.f32(self.bytes, self.at)?;
        self.at += 4;
        Some(value)
    }

    fn f64(&mut self) -> Option<f64> {
        let value = self.endian.f64(self.bytes, self.at)?;
        self.at += 8;
        Some(value)
    }

    fn rest(&self, size: usize) -> Option<&'a [u8]> {
        self.bytes.get(self.at..)?.get(..size)
    }
}
