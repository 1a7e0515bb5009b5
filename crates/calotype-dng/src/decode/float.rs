//! Floating point samples of 16, 24 and 32 bits.

use crate::tiff::Endian;

/// Unpacks a row of numbers in the file's byte order.
pub(super) fn unpack(row: &[u8], bits: usize, endian: Endian, out: &mut [f32]) {
    match bits {
        16 => {
            for (o, b) in out.iter_mut().zip(row.chunks_exact(2)) {
                *o = half(endian.u16(b, 0).unwrap_or(0));
            }
        }
        24 => {
            for (o, b) in out.iter_mut().zip(row.chunks_exact(3)) {
                let bytes = if endian == Endian::Big { [0, b[0], b[1], b[2]] } else { [0, b[2], b[1], b[0]] };
                *o = float24(u32::from_be_bytes(bytes));
            }
        }
        _ => {
            for (o, b) in out.iter_mut().zip(row.chunks_exact(4)) {
                *o = endian.f32(b, 0).unwrap_or(0.0);
            }
        }
    }
}

/// IEEE half precision: 5 bits of exponent, 10 of mantissa.
pub(crate) fn half(bits: u16) -> f32 {
    widen(u32::from(bits), 5, 10)
}

/// 24 bits: 7 of exponent (bias 64, DNG 1.7.1, chapter 3), 16 of mantissa.
fn float24(bits: u32) -> f32 {
    let (exponent, mantissa) = (bits >> 16 & 127, bits & 0xffff);
    // The bias is one more than IEEE's rule would give, which halves the value.
    if exponent == 127 {
        widen(bits, 7, 16)
    } else if exponent == 0 && mantissa == 0 {
        0.0
    } else {
        widen(bits, 7, 16) * 0.5
    }
}

/// A small IEEE-like number with `e` bits of exponent and `m` of mantissa.
fn widen(bits: u32, e: u32, m: u32) -> f32 {
    let sign = if bits >> (e + m) & 1 == 1 { -1.0 } else { 1.0 };
    let (exponent, mantissa) = (bits >> m & ((1 << e) - 1), bits & ((1 << m) - 1));
    let bias = (1 << (e - 1)) - 1;
    let fraction = mantissa as f32 / (1u32 << m) as f32;
    let magnitude = if exponent == (1 << e) - 1 {
        if mantissa == 0 { f32::INFINITY } else { f32::NAN }
    } else if exponent == 0 {
        fraction * f32::exp2((1 - bias) as f32)
    } else {
        (1.0 + fraction) * f32::exp2((exponent as i32 - bias) as f32)
    };
    sign * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_floats_have_their_values() {
        assert_eq!(half(0x3c00), 1.0);
        assert_eq!(half(0xc000), -2.0);
        assert_eq!(half(0x7bff), 65504.0);
        assert_eq!(half(0x0001), 2f32.powi(-24));
        assert_eq!(half(0x7c00), f32::INFINITY);
        assert!(half(0x7e00).is_nan());
        assert_eq!(float24(64 << 16), 1.0);
        assert_eq!(float24(65 << 16 | 0x8000), 3.0);
        assert_eq!(float24(1 << 23 | 64 << 16), -1.0);
    }

    #[test]
    fn both_byte_orders() {
        let mut out = [0.0];
        unpack(&[0x40, 0, 0], 24, Endian::Big, &mut out);
        assert_eq!(out, [1.0]);
        unpack(&[0, 0, 0x40], 24, Endian::Little, &mut out);
        assert_eq!(out, [1.0]);
        unpack(&(-0.75f32).to_le_bytes(), 32, Endian::Little, &mut out);
        assert_eq!(out, [-0.75]);
    }
}
