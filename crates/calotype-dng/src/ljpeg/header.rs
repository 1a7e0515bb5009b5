//! Markers before the entropy-coded data.

use super::huffman::Table;

/// Everything needed to decode the scan.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) precision: u32,
    /// The Huffman table of each component, as places in `tables`.
    pub(super) table_of: Vec<usize>,
    pub(super) tables: Vec<Table>,
    pub(super) predictor: u8,
    pub(super) point_transform: u32,
    /// Rows between restart markers; 0 without.
    pub(super) restart_rows: usize,
    pub(super) data: &'a [u8],
}

/// The process of the first frame header, without reading more: 0xC3 for lossless, 0xC0 for baseline and so on.
pub(crate) fn process(bytes: &[u8]) -> Option<u8> {
    let mut at = 2;
    while let [0xff, marker, ..] = *bytes.get(at..)? {
        match marker {
            0xff => at += 1,
            0xc4 | 0xc8 | 0xcc => at += 2 + length(bytes, at)?,
            0xc0..=0xcf => return Some(marker),
            0xd9 | 0xda => return None,
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => at += 2 + length(bytes, at)?,
        }
    }
    None
}

fn length(bytes: &[u8], at: usize) -> Option<usize> {
    let b = bytes.get(at + 2..at + 4)?;
    Some(usize::from(u16::from_be_bytes([b[0], b[1]])))
}

impl<'a> Header<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        if bytes.get(..2) != Some(&[0xff, 0xd8]) {
            return Err("the data is no JPEG".into());
        }
        let mut at = 2;
        let mut slots: [Option<Table>; 4] = [const { None }; 4];
        let mut frame: Option<(u32, usize, usize, Vec<u8>)> = None;
        let mut restart_interval = 0usize;
        loop {
            let marker = match bytes.get(at..at + 2) {
                Some([0xff, 0xff]) => {
                    at += 1;
                    continue;
                }
                Some(&[0xff, marker]) => marker,
                Some(_) => return Err(format!("byte {at} of the JPEG is no marker")),
                None => return Err("the JPEG ends before its picture".into()),
            };
            if matches!(marker, 0x01 | 0xd0..=0xd8) {
                at += 2;
                continue;
            }
            let size = length(bytes, at).unwrap_or(0);
            let body = at.checked_add(2 + size).and_then(|end| bytes.get(at + 4..end));
            let body = body.ok_or_else(|| format!("the JPEG marker {marker:#04x} is cut"))?;
            at += 2 + size;
            match marker {
                0xc3 => frame = Some(start_of_frame(body)?),
                0xc4 => huffman_tables(body, &mut slots)?,
                0xc0..=0xcf => return Err(format!("the JPEG process {marker:#04x} is not lossless Huffman (0xc3)")),
                0xdd if body.len() >= 2 => restart_interval = usize::from(u16::from_be_bytes([body[0], body[1]])),
                0xda => {
                    let Some((precision, height, width, ids)) = frame else {
                        return Err("the JPEG scan comes before its frame".into());
                    };
                    return Self::start_of_scan(
                        body,
                        &bytes[at..],
                        (precision, height, width, ids),
                        slots,
                        restart_interval,
                    );
                }
                0xd9 => return Err("the JPEG ends before its picture".into()),
                _ => {}
            }
        }
    }

    fn start_of_scan(
        body: &[u8],
        data: &'a [u8],
        (precision, height, width, ids): (u32, usize, usize, Vec<u8>),
        mut slots: [Option<Table>; 4],
        restart_interval: usize,
    ) -> Result<Self, String> {
        let count = usize::from(*body.first().unwrap_or(&0));
        if count != ids.len() || body.len() < 4 + 2 * count {
            return Err(format!(
                "the JPEG scan holds {count} of {} components; only all at once can be read",
                ids.len()
            ));
        }
        let mut tables: Vec<Table> = Vec::new();
        let mut slot_place = [None; 4];
        let mut table_of = Vec::new();
        for (pair, &id) in body[1..1 + 2 * count].chunks_exact(2).zip(&ids) {
            if pair[0] != id {
                return Err(format!("the JPEG scan names the component {} where {id} should be", pair[0]));
            }
            let slot = usize::from(pair[1] >> 4);
            let missing = || format!("the JPEG has no Huffman table {slot}");
            let place = match *slot_place.get(slot).ok_or_else(missing)? {
                Some(place) => place,
                None => {
                    let table = slots[slot].take().ok_or_else(missing)?;
                    // Encoders often store one table twice; one copy is kinder to the cache.
                    let place = tables.iter().position(|t| *t == table).unwrap_or(tables.len());
                    if place == tables.len() {
                        tables.push(table);
                    }
                    place
                }
            };
            slot_place[slot] = Some(place);
            table_of.push(place);
        }
        let (predictor, point_transform) = (body[1 + 2 * count], u32::from(body[3 + 2 * count] & 15));
        if !(1..=7).contains(&predictor) {
            return Err(format!("the JPEG predictor is {predictor}, not 1 to 7"));
        }
        if point_transform >= precision {
            return Err(format!("the JPEG point transform {point_transform} leaves nothing of {precision} bits"));
        }
        if !restart_interval.is_multiple_of(width) {
            return Err(format!("the JPEG restart interval {restart_interval} is no multiple of the row of {width}"));
        }
        let restart_rows = restart_interval / width;
        Ok(Self { width, height, precision, table_of, tables, predictor, point_transform, restart_rows, data })
    }
}

fn start_of_frame(body: &[u8]) -> Result<(u32, usize, usize, Vec<u8>), String> {
    let &[precision, h0, h1, w0, w1, count, ref rest @ ..] = body else {
        return Err("the JPEG frame header is cut".into());
    };
    let (height, width) = (u16::from_be_bytes([h0, h1]), u16::from_be_bytes([w0, w1]));
    if !(2..=16).contains(&precision) || !(1..=4).contains(&count) || width == 0 || height == 0 {
        return Err(format!("the JPEG is {width}x{height} of {count} components with {precision} bits"));
    }
    let components: Vec<&[u8]> = rest.chunks_exact(3).take(usize::from(count)).collect();
    if components.len() != usize::from(count) {
        return Err("the JPEG frame header is cut".into());
    }
    if components.len() > 1 && components.iter().any(|c| c[1] != components[0][1]) {
        return Err("the JPEG has subsampled components".into());
    }
    let ids = components.iter().map(|c| c[0]).collect();
    Ok((u32::from(precision), usize::from(height), usize::from(width), ids))
}

fn huffman_tables(mut body: &[u8], slots: &mut [Option<Table>; 4]) -> Result<(), String> {
    while let [class_and_slot, rest @ ..] = body {
        let counts: &[u8; 16] = rest.first_chunk().ok_or("a Huffman table is cut")?;
        let total: usize = counts.iter().map(|&n| usize::from(n)).sum();
        let symbols = rest.get(16..16 + total).ok_or("a Huffman table is cut")?;
        let slot = slots.get_mut(usize::from(class_and_slot & 15));
        // Class 1 would be tables of AC coefficients, of no use here.
        if class_and_slot >> 4 == 0 {
            *slot.ok_or("a Huffman table has a number beyond 3")? = Some(Table::new(counts, symbols)?);
        }
        body = &rest[16 + total..];
    }
    Ok(())
}
