//! Huffman codes of differences (ITU-T T.81, annexes C and H).

use super::bits::Bits;

/// Bits looked up at once. Two samples of one refill then take at most 2 * (11 + 16) = 54 of its 56 bits.
const LOOKUP_BITS: u32 = 11;

/// A Huffman table for difference categories.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    /// By the next [`LOOKUP_BITS`] bits: see [`entry`]; 0 where the code is longer or none.
    lookup: Box<[u32; 1 << LOOKUP_BITS]>,
    /// Symbols in the order of their codes.
    symbols: Vec<u8>,
    /// Per code length: the first code beyond those of that length, left-aligned in 16 bits...
    limit: [u32; 17],
    /// ...and what to add to a code (right-aligned) for its place in `symbols`.
    offset: [i32; 17],
}

/// What one look-up tells: bits 0-5 the length of code and magnitude together, 6-9 that of the code, 10-15 the shift
/// that brings the magnitude down (63 less its length), 16-31 what to add to a magnitude whose first bit is 0.
fn entry(code_bits: u32, category: u32) -> u32 {
    let negative = 1u32.wrapping_sub(1 << category) & 0xffff;
    (code_bits + category) | code_bits << 6 | (63 - category) << 10 | negative << 16
}

impl Table {
    /// The table of `counts[i]` codes of `i + 1` bits with these symbols; the reason where that is no code.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, String> {
        let total: usize = counts.iter().map(|&n| usize::from(n)).sum();
        if total == 0 || total != symbols.len() {
            return Err(format!("a Huffman table has {total} codes for {} symbols", symbols.len()));
        }
        if let Some(s) = symbols.iter().find(|&&s| s > 16) {
            return Err(format!("a Huffman table has the difference category {s}, beyond 16"));
        }
        let mut table = Self {
            lookup: Box::new([0; 1 << LOOKUP_BITS]),
            symbols: symbols.to_vec(),
            limit: [0; 17],
            offset: [0; 17],
        };
        let (mut code, mut place) = (0u32, 0usize);
        for length in 1..=16u32 {
            let count = u32::from(counts[length as usize - 1]);
            table.offset[length as usize] = place as i32 - code as i32;
            for i in 0..count {
                let category = u32::from(symbols[place + i as usize]);
                if length <= LOOKUP_BITS && category < 16 {
                    let first = (code + i) << (LOOKUP_BITS - length);
                    let last = first + (1 << (LOOKUP_BITS - length));
                    let slots = table.lookup.get_mut(first as usize..last as usize);
                    slots.ok_or("a Huffman table has too many codes")?.fill(entry(length, category));
                }
            }
            place += count as usize;
            code += count;
            if code > 1 << length {
                return Err("a Huffman table has too many codes".into());
            }
            table.limit[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// Decodes one difference. At least 27 bits must be in `bits`; afterwards a rare long code leaves 56 again.
    #[inline(always)]
    pub(super) fn difference(&self, bits: &mut Bits<'_>, legacy_16: bool) -> u16 {
        let buffer = bits.peek();
        let entry = self.lookup[(buffer >> (64 - LOOKUP_BITS)) as usize];
        if entry == 0 {
            return self.long_difference(bits, legacy_16);
        }
        let magnitude = buffer << (entry >> 6 & 15);
        let negative = ((!magnitude as i64) >> 63) as u32 & (entry >> 16);
        bits.skip(entry & 63);
        ((magnitude >> 1 >> (entry >> 10 & 63)) as u32).wrapping_add(negative) as u16
    }

    /// Long codes, the category 16, and codes that are none (which count as 0 and 16 bits, so that garbage ends soon).
    #[cold]
    #[inline(never)]
    fn long_difference(&self, bits: &mut Bits<'_>, legacy_16: bool) -> u16 {
        bits.refill();
        let code = (bits.peek() >> 48) as u32;
        let length = (1..=16usize).find(|&l| code < self.limit[l]);
        let symbol = length.and_then(|l| {
            let place = (code >> (16 - l)) as i32 + self.offset[l];
            self.symbols.get(usize::try_from(place).ok()?).copied()
        });
        let (Some(length), Some(category)) = (length, symbol) else {
            bits.skip(16);
            bits.refill();
            return 0;
        };
        bits.skip(length as u32);
        bits.refill();
        // Category 16 has no magnitude bits, but files of DNG 1.0 wrote them (as did early encoders).
        let difference = if category == 16 && !legacy_16 {
            1 << 15
        } else {
            let category = u32::from(category);
            let value = (bits.peek() >> 1 >> (63 - category)) as u32;
            let negative = category > 0 && bits.peek() >> 63 == 0;
            bits.skip(category);
            if negative { value.wrapping_add(1).wrapping_sub(1 << category) as u16 } else { value as u16 }
        };
        bits.refill();
        difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One code of each length 1 to 16 for the categories 16 down to 1... all of them through both paths.
    #[test]
    fn short_and_long_codes_give_the_same_differences() {
        let mut counts = [1u8; 16];
        counts[15] = 2;
        let symbols: Vec<u8> = (0..17).collect();
        let table = Table::new(&counts, &symbols).unwrap();
        let mut expected = Vec::new();
        let mut text = String::new();
        for category in 0u32..=16 {
            let code = if category < 16 { "1".repeat(category as usize) + "0" } else { "1".repeat(16) };
            for low in [true, false] {
                let bits = if category == 16 { 0 } else { category };
                let magnitude = if low { 0 } else { (1u32 << bits) - 1 };
                text += &code;
                if bits > 0 {
                    text += &format!("{magnitude:0width$b}", width = bits as usize);
                }
                expected.push(match (category, low) {
                    (16, _) => 1 << 15,
                    (0, _) => 0u16,
                    (c, true) => 1u32.wrapping_sub(1 << c) as u16,
                    (c, false) => ((1u32 << c) - 1) as u16,
                });
            }
        }
        let mut data = Vec::new();
        for byte in text.as_bytes().chunks(8) {
            let byte = byte.iter().enumerate().fold(0, |a, (i, b)| a | (b - b'0') << (7 - i));
            data.push(byte);
            if byte == 0xff {
                data.push(0);
            }
        }
        let mut bits = Bits::new(&data);
        for (i, &e) in expected.iter().enumerate() {
            bits.refill();
            assert_eq!(table.difference(&mut bits, false), e, "difference {i}");
        }
        assert!(!bits.overrun());
    }

    #[test]
    fn impossible_tables_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Table::new(&counts, &[0, 1, 2]).is_err());
        counts[0] = 2;
        assert!(Table::new(&counts, &[0, 1]).is_ok());
        assert!(Table::new(&counts, &[0, 17]).is_err());
        assert!(Table::new(&counts, &[0]).is_err());
    }
}
