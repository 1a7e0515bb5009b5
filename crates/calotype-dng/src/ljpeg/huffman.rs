//! Huffman codes of differences (ITU-T T.81, annexes C and H).

use super::bits::Bits;

/// Bits looked up at once. Two samples of one refill then take at most 2 * (11 + 16) = 54 of its 56 bits.
const LOOKUP_BITS: u32 = 11;

/// By the next [`LOOKUP_BITS`] bits: see [`entry`].
pub(super) type Lookup = [u32; 1 << LOOKUP_BITS];

/// A Huffman table for difference categories.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    /// By the next [`LOOKUP_BITS`] bits: see [`entry`]; 0 where the code is longer or none.
    pub(super) lookup: Box<Lookup>,
    /// Symbols in the order of their codes.
    symbols: Vec<u8>,
    /// Per code length: the first code beyond those of that length, left-aligned in 16 bits...
    limit: [u32; 17],
    /// ...and what to add to a code (right-aligned) for its place in `symbols`.
    offset: [i32; 17],
}

/// What one look-up tells: in the low 6 bits how many bits a code and its magnitude take together, and above bit 16
/// what to add to those bits, read as one number, for the difference (modulo 2^16).
///
/// Added are the code's own bits, taken away again, and for a negative difference, which is stored as its lowest
/// value's distance, that value. The look-up knows the sign because it reaches one bit into the magnitude.
fn entry(code: u32, code_bits: u32, category: u32, negative: bool) -> u32 {
    let lowest = if negative { 1u32.wrapping_sub(1 << category) } else { 0 };
    (code_bits + category) | lowest.wrapping_sub(code << category) << 16
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
                let reach = length + u32::from(category > 0);
                if reach <= LOOKUP_BITS && category < 16 {
                    let first = ((code + i) << (LOOKUP_BITS - length)) as usize;
                    let slots = table.lookup.get_mut(first..first + (1 << (LOOKUP_BITS - length)));
                    let slots = slots.ok_or("a Huffman table has too many codes")?;
                    let (low, high) = slots.split_at_mut(slots.len() / 2);
                    low.fill(entry(code + i, length, category, category > 0));
                    high.fill(entry(code + i, length, category, false));
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

    /// Decodes one difference; `lookup` is the table's own, which the caller keeps at hand. At least 27 bits must be in `bits`; afterwards a rare long code leaves 56 again.
    #[inline(always)]
    pub(super) fn difference(&self, lookup: &Lookup, bits: &mut Bits<'_>, legacy_16: bool) -> u16 {
        let buffer = bits.peek();
        let entry = lookup[(buffer >> (64 - LOOKUP_BITS)) as usize];
        if entry == 0 {
            let (difference, after) = self.long_difference(*bits, legacy_16);
            *bits = after;
            return difference;
        }
        // Only six bits of a shift count, and of the number of bits left: the field needs no mask.
        bits.skip(entry);
        ((buffer >> (entry.wrapping_neg() & 63)) as u16).wrapping_add((entry >> 16) as u16)
    }

    /// Long codes, the category 16, and codes that are none (which count as 0 and 16 bits, so that garbage ends soon).
    #[cold]
    #[inline(never)]
    fn long_difference<'a>(&self, mut bits: Bits<'a>, legacy_16: bool) -> (u16, Bits<'a>) {
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
            return (0, bits);
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
        (difference, bits)
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
            assert_eq!(table.difference(&table.lookup, &mut bits, false), e, "difference {i}");
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
