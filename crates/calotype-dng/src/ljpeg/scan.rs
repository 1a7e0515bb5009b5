//! The samples.

use super::bits::Bits;
use super::header::Header;
use super::huffman::{Lookup, Table};
use fearless_simd::{Level, dispatch};

/// Decodes all rows into `out`, which has exactly the picture's size.
pub(super) fn decode(header: &Header<'_>, out: &mut [u16], legacy_16: bool) -> Result<(), String> {
    // Compiled once per instruction set for the three-operand shifts of the newer ones.
    let row = dispatch!(Level::new(), _simd => match header.table_of.len() {
        1 => rows::<1>(header, out, legacy_16),
        2 => rows::<2>(header, out, legacy_16),
        3 => rows::<3>(header, out, legacy_16),
        _ => rows::<4>(header, out, legacy_16),
    });
    match row {
        Ok(()) => {
            if header.point_transform > 0 {
                out.iter_mut().for_each(|v| *v <<= header.point_transform);
            }
            Ok(())
        }
        Err(row) => Err(format!("the JPEG data ends or breaks in row {row} of {}", header.height)),
    }
}

/// The row where the data ended is the error.
#[inline(always)]
fn rows<const N: usize>(header: &Header<'_>, out: &mut [u16], legacy_16: bool) -> Result<(), usize> {
    let mut bits = Bits::new(header.data);
    let pitch = header.width * N;
    let mut tables = [(&header.tables[0], &*header.tables[0].lookup); N];
    for c in 0..N {
        let table = &header.tables[header.table_of[c]];
        tables[c] = (table, &table.lookup);
    }
    let half = 1u16 << (header.precision - header.point_transform - 1);
    for y in 0..header.height {
        let restart = header.restart_rows > 0 && y > 0 && y % header.restart_rows == 0;
        if restart && !bits.restart() {
            return Err(y);
        }
        let (above, row) = out[..(y + 1) * pitch].split_at_mut(y * pitch);
        if y == 0 || restart {
            left_row(&mut bits, tables, row, [half; N], legacy_16);
        } else {
            let above = &above[(y - 1) * pitch..];
            let mut start = [0; N];
            start.copy_from_slice(&above[..N]);
            match header.predictor {
                1 => left_row(&mut bits, tables, row, start, legacy_16),
                2 => predicted_row::<N, 2>(&mut bits, tables, row, above, legacy_16),
                3 => predicted_row::<N, 3>(&mut bits, tables, row, above, legacy_16),
                4 => predicted_row::<N, 4>(&mut bits, tables, row, above, legacy_16),
                5 => predicted_row::<N, 5>(&mut bits, tables, row, above, legacy_16),
                6 => predicted_row::<N, 6>(&mut bits, tables, row, above, legacy_16),
                _ => predicted_row::<N, 7>(&mut bits, tables, row, above, legacy_16),
            }
        }
        if bits.overrun() {
            return Err(y);
        }
    }
    Ok(())
}

/// A row where each sample is predicted by its left neighbour, the first by `before`.
#[inline(always)]
fn left_row<const N: usize>(
    bits: &mut Bits<'_>,
    tables: [(&Table, &Lookup); N],
    row: &mut [u16],
    mut before: [u16; N],
    legacy_16: bool,
) {
    for pixel in row.chunks_exact_mut(N) {
        for c in 0..N {
            if c % 2 == 0 {
                bits.refill();
            }
            before[c] = before[c].wrapping_add(tables[c].0.difference(tables[c].1, bits, legacy_16));
            pixel[c] = before[c];
        }
    }
}

/// A row predicted from the left, above and above left (T.81, table H.1), the first pixel from above.
#[inline(always)]
fn predicted_row<const N: usize, const PREDICTOR: u8>(
    bits: &mut Bits<'_>,
    tables: [(&Table, &Lookup); N],
    row: &mut [u16],
    above: &[u16],
    legacy_16: bool,
) {
    for x in 0..row.len() / N {
        for c in 0..N {
            if c % 2 == 0 {
                bits.refill();
            }
            let at = x * N + c;
            let prediction = if x == 0 {
                i32::from(above[at])
            } else {
                let (a, b, c) = (i32::from(row[at - N]), i32::from(above[at]), i32::from(above[at - N]));
                match PREDICTOR {
                    1 => a,
                    2 => b,
                    3 => c,
                    4 => a + b - c,
                    5 => a + ((b - c) >> 1),
                    6 => b + ((a - c) >> 1),
                    _ => (a + b) >> 1,
                }
            };
            row[at] = (prediction as u16).wrapping_add(tables[c].0.difference(tables[c].1, bits, legacy_16));
        }
    }
}
