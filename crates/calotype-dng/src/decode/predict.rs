//! Differences of neighbours, undone (TIFF 6.0, section 14; TIFF Technical Note 3; DNG 1.7.1, chapter 3).

use crate::tiff::Endian;

/// Undoes differences to the sample `step` before, on samples of 8, 16 or 32 bits.
pub(super) fn horizontal(row: &mut [u8], step: usize, bits: usize, endian: Endian) {
    match bits {
        16 => {
            for i in step..row.len() / 2 {
                let sum =
                    endian.u16(row, 2 * (i - step)).unwrap_or(0).wrapping_add(endian.u16(row, 2 * i).unwrap_or(0));
                let bytes = if endian == Endian::Little { sum.to_le_bytes() } else { sum.to_be_bytes() };
                row[2 * i..2 * i + 2].copy_from_slice(&bytes);
            }
        }
        32 => {
            for i in step..row.len() / 4 {
                let sum =
                    endian.u32(row, 4 * (i - step)).unwrap_or(0).wrapping_add(endian.u32(row, 4 * i).unwrap_or(0));
                let bytes = if endian == Endian::Little { sum.to_le_bytes() } else { sum.to_be_bytes() };
                row[4 * i..4 * i + 4].copy_from_slice(&bytes);
            }
        }
        _ => {
            for i in step..row.len() {
                row[i] = row[i].wrapping_add(row[i - step]);
            }
        }
    }
}

/// Undoes the floating point predictor: byte differences over the whole row, whose bytes are sorted by significance,
/// highest first. `size` is 2, 3 or 4 bytes; the result is in the file's byte order.
pub(super) fn floating_point(row: &mut [u8], step: usize, size: usize, endian: Endian) {
    for i in step..row.len() {
        row[i] = row[i].wrapping_add(row[i - step]);
    }
    let sorted = row.to_vec();
    let count = row.len() / size;
    for (i, number) in row.chunks_exact_mut(size).enumerate() {
        for (b, byte) in number.iter_mut().enumerate() {
            let significance = if endian == Endian::Big { b } else { size - 1 - b };
            *byte = sorted[significance * count + i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn horizontal_differences_are_undone() {
        for endian in [Endian::Little, Endian::Big] {
            let values = [7u16, 65535, 9, 300, 12, 0];
            let mut row = Vec::new();
            for i in 0..values.len() {
                let before = if i >= 2 { values[i - 2] } else { 0 };
                endian.put_u16(&mut row, values[i].wrapping_sub(before));
            }
            horizontal(&mut row, 2, 16, endian);
            assert!(values.iter().enumerate().all(|(i, &v)| endian.u16(&row, 2 * i) == Some(v)));
        }
        let mut row = [1, 2, 3];
        horizontal(&mut row, 1, 8, Endian::Little);
        assert_eq!(row, [1, 3, 6]);
    }

    #[test]
    fn floats_are_put_together_again() {
        for endian in [Endian::Little, Endian::Big] {
            let values = [1.5f32, -0.25, 1e-3, 700.0];
            let mut sorted: Vec<u8> = (0..4).flat_map(|b| values.map(|v| v.to_be_bytes()[b])).collect();
            for i in (1..sorted.len()).rev() {
                sorted[i] = sorted[i].wrapping_sub(sorted[i - 1]);
            }
            floating_point(&mut sorted, 1, 4, endian);
            assert!(values.iter().enumerate().all(|(i, &v)| endian.f32(&sorted, 4 * i) == Some(v)));
        }
    }
}
