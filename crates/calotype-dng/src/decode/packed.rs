//! Samples of any number of bits, row by row.

use crate::tiff::Endian;

/// The row with its bits in reading order: for FillOrder 2, every byte is mirrored, as other readers do.
pub(super) fn in_order<'a>(row: &'a [u8], lsb_first: bool, reversed: &'a mut Vec<u8>) -> &'a [u8] {
    if !lsb_first {
        return row;
    }
    reversed.clear();
    reversed.extend(row.iter().map(|b| b.reverse_bits()));
    reversed
}

/// Unpacks samples of 1 to 16 bits: 16 in the file's byte order, others most significant bit first.
pub(super) fn unpack(row: &[u8], bits: usize, endian: Endian, out: &mut [u16]) {
    match bits {
        8 => out.iter_mut().zip(row).for_each(|(o, &b)| *o = u16::from(b)),
        10 => blocks::<5, 4, 10>(row, out),
        12 => blocks::<3, 2, 12>(row, out),
        14 => blocks::<7, 4, 14>(row, out),
        16 => match endian {
            Endian::Little => {
                out.iter_mut().zip(row.chunks_exact(2)).for_each(|(o, b)| *o = u16::from_le_bytes([b[0], b[1]]))
            }
            Endian::Big => {
                out.iter_mut().zip(row.chunks_exact(2)).for_each(|(o, b)| *o = u16::from_be_bytes([b[0], b[1]]))
            }
        },
        _ => any(row, bits, 0, out, |v| v as u16),
    }
}

/// Unpacks whole numbers of 17 to 32 bits to floating point.
pub(super) fn unpack_wide(row: &[u8], bits: usize, endian: Endian, out: &mut [f32]) {
    if bits == 32 {
        let number = |b: &[u8]| endian.u32(b, 0).unwrap_or(0) as f32;
        out.iter_mut().zip(row.chunks_exact(4)).for_each(|(o, b)| *o = number(b));
    } else {
        any(row, bits, 0, out, |v| v as f32);
    }
}

/// `SAMPLES` samples of `BITS` bits in every `BYTES` bytes.
fn blocks<const BYTES: usize, const SAMPLES: usize, const BITS: usize>(row: &[u8], out: &mut [u16]) {
    let done = (row.len() / BYTES).min(out.len() / SAMPLES);
    for (bytes, samples) in row.chunks_exact(BYTES).zip(out.chunks_exact_mut(SAMPLES)) {
        let word = bytes.iter().fold(0u64, |word, &b| word << 8 | u64::from(b));
        for (i, sample) in samples.iter_mut().enumerate() {
            *sample = (word >> (BITS * (SAMPLES - 1 - i)) & ((1 << BITS) - 1)) as u16;
        }
    }
    any(&row[done * BYTES..], BITS, 0, &mut out[done * SAMPLES..], |v| v as u16);
}

fn any<T>(row: &[u8], bits: usize, start: usize, out: &mut [T], number: impl Fn(u64) -> T) {
    let mut at = start;
    for sample in out {
        let mut word = 0;
        let first = at / 8;
        for i in 0..5 {
            word = word << 8 | u64::from(row.get(first + i).copied().unwrap_or(0));
        }
        *sample = number(word >> (40 - at % 8 - bits) & ((1 << bits) - 1));
        at += bits;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples written bit by bit, most significant first.
    fn pack(values: &[u64], bits: usize) -> Vec<u8> {
        let mut out = vec![0u8; (values.len() * bits).div_ceil(8)];
        for (i, v) in values.iter().enumerate() {
            for b in 0..bits {
                let at = i * bits + b;
                out[at / 8] |= ((v >> (bits - 1 - b) & 1) as u8) << (7 - at % 8);
            }
        }
        out
    }

    #[test]
    fn every_width_of_sample_is_unpacked() {
        for bits in 1..=32usize {
            for count in [1usize, 3, 4, 9] {
                let values: Vec<u64> =
                    (0..count as u64).map(|i| (i * 0x9e37_79b9 + 0x1234_5677) & ((1 << bits) - 1)).collect();
                let row = pack(&values, bits);
                if bits <= 16 {
                    let mut out = vec![0; count];
                    unpack(&row, bits, Endian::Big, &mut out);
                    assert!(out.iter().zip(&values).all(|(&o, &v)| u64::from(o) == v), "{bits} bits, {count} samples");
                } else {
                    let mut out = vec![0.0; count];
                    unpack_wide(&row, bits, Endian::Big, &mut out);
                    assert!(out.iter().zip(&values).all(|(&o, &v)| o == v as f32), "{bits} bits, {count} samples");
                }
            }
        }
    }

    #[test]
    fn byte_order_and_fill_order() {
        let mut out = [0; 2];
        unpack(&[1, 2, 3, 4], 16, Endian::Little, &mut out);
        assert_eq!(out, [0x201, 0x403]);
        let mut reversed = Vec::new();
        assert_eq!(in_order(&[0x80, 0x03], true, &mut reversed), [0x01, 0xc0]);
    }
}
