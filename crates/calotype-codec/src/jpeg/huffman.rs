//! Huffman codes made for the picture, and the bits they make.

/// A coded symbol: its table (0 to 3) and byte in the low 10 bits, the value's bits from bit 16 on.
///
/// The byte's low four bits tell how many value bits follow, for differences of DC and for AC coefficients alike.
pub type Symbol = u32;

/// How often every symbol of the four tables occurs: luma DC, luma AC, colour DC, colour AC.
pub type Counts = [u32; 1024];

/// One table in the form a file holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Number of codes of 1 to 16 bits.
    pub lengths: [u8; 16],
    /// The coded bytes, shortest code first.
    pub values: Vec<u8>,
}

impl Table {
    /// The best codes of at most 16 bits for these counts (ITU-T T.81, annex K.2).
    pub fn optimal(counts: &[u32]) -> Self {
        // one more symbol keeps the code of all ones free, as the standard wants
        let mut weight: Vec<u64> = counts.iter().map(|&c| u64::from(c)).chain([1]).collect();
        let n = weight.len();
        let mut size = vec![0usize; n];
        let mut next = vec![usize::MAX; n];
        loop {
            let least = |weight: &[u64], but: usize| {
                (0..n).rev().filter(|&i| i != but && weight[i] > 0).min_by_key(|&i| weight[i])
            };
            let Some(a) = least(&weight, usize::MAX) else { break };
            let Some(b) = least(&weight, a) else { break };
            weight[a] += weight[b];
            weight[b] = 0;
            // both chains of symbols get a bit longer, and become one chain
            let mut i = a;
            loop {
                size[i] += 1;
                if next[i] == usize::MAX {
                    break;
                }
                i = next[i];
            }
            next[i] = b;
            while i != usize::MAX {
                i = next[i];
                if i != usize::MAX {
                    size[i] += 1;
                }
            }
        }
        let mut lengths = vec![0i32; size.iter().max().map_or(0, |m| m + 1).max(18)];
        size.iter().filter(|&&s| s > 0).for_each(|&s| lengths[s] += 1);
        // codes above 16 bits are shortened in pairs: one takes its parent's place, the other joins a shorter code
        for long in (17..lengths.len()).rev() {
            while lengths[long] > 0 {
                let mut short = long - 2;
                while lengths[short] == 0 {
                    short -= 1;
                }
                lengths[long] -= 2;
                lengths[long - 1] += 1;
                lengths[short + 1] += 2;
                lengths[short] -= 1;
            }
        }
        if let Some(longest) = (1..=16).rev().find(|&l| lengths[l] > 0) {
            lengths[longest] -= 1; // the reserved code
        }
        let mut values: Vec<u8> = (0..n - 1).filter(|&i| size[i] > 0).map(|i| i as u8).collect();
        values.sort_by_key(|&v| (size[usize::from(v)], v));
        Self { lengths: std::array::from_fn(|i| lengths[i + 1] as u8), values }
    }

    /// Code and length of every byte, packed as `code << 8 | length`; 0 for bytes without one.
    pub fn codes(&self) -> [u32; 256] {
        let mut out = [0; 256];
        let mut values = self.values.iter();
        let mut code = 0u32;
        for (i, &count) in self.lengths.iter().enumerate() {
            for &value in values.by_ref().take(usize::from(count)) {
                out[usize::from(value)] = code << 8 | (i as u32 + 1);
                code += 1;
            }
            code <<= 1;
        }
        out
    }
}

/// The four tables' codes side by side, as [`Symbol`] addresses them.
pub fn joined(tables: &[Table; 4]) -> Vec<u32> {
    tables.iter().flat_map(|t| t.codes()).collect()
}

/// Turns symbols into bytes, with a zero after every 255, filled up with ones (ITU-T T.81, F.1.2.3).
pub fn emit(symbols: &[Symbol], codes: &[u32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(symbols.len() * 3 / 4 + 16);
    let Some(codes) = codes.first_chunk::<1024>() else { return out };
    let (mut bits, mut used) = (0u64, 0u32);
    for &symbol in symbols {
        let entry = codes[(symbol & 1023) as usize];
        let (code, length, size) = (entry >> 8, entry & 255, symbol & 15);
        // at most 31 bits wait, at most 16 + 11 come
        bits = bits << (length + size) | u64::from(code << size | symbol >> 16);
        used += length + size;
        if used >= 32 {
            used -= 32;
            push_word((bits >> used) as u32, &mut out);
        }
    }
    let rest = used.div_ceil(8) * 8 - used;
    bits = bits << rest | ((1 << rest) - 1);
    used += rest;
    while used > 0 {
        used -= 8;
        let byte = (bits >> used) as u8;
        out.push(byte);
        if byte == 0xFF {
            out.push(0);
        }
    }
    out
}

#[inline(always)]
fn push_word(word: u32, out: &mut Vec<u8>) {
    // some byte is 255 where one's complement has a zero byte
    let inverse = !word;
    if inverse.wrapping_sub(0x0101_0101) & !inverse & 0x8080_8080 == 0 {
        out.extend_from_slice(&word.to_be_bytes());
    } else {
        for byte in word.to_be_bytes() {
            out.push(byte);
            if byte == 0xFF {
                out.push(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kraft(table: &Table) -> f64 {
        table.lengths.iter().enumerate().map(|(i, &n)| f64::from(n) / f64::from(1u32 << (i + 1))).sum()
    }

    #[test]
    fn codes_are_prefix_free_short_and_leave_all_ones() {
        // Fibonacci counts make the deepest trees
        let mut counts = vec![1u32, 1];
        while counts.len() < 40 {
            counts.push(counts[counts.len() - 1] + counts[counts.len() - 2]);
        }
        for counts in [counts, vec![5; 256], vec![0, 0, 9], vec![1, 0, 7, 3], vec![0; 256]] {
            let table = Table::optimal(&counts);
            assert_eq!(table.values.len(), counts.iter().filter(|&&c| c > 0).count());
            assert_eq!(table.lengths.iter().map(|&l| usize::from(l)).sum::<usize>(), table.values.len());
            assert!(kraft(&table) < 1.0);
            let codes = table.codes();
            let used: Vec<(u32, u32)> =
                table.values.iter().map(|&v| codes[usize::from(v)]).map(|c| (c >> 8, c & 255)).collect();
            for (i, &(a, la)) in used.iter().enumerate() {
                assert!(a != (1 << la) - 1, "all ones");
                for &(b, lb) in &used[i + 1..] {
                    let shared = la.min(lb);
                    assert!(a >> (la - shared) != b >> (lb - shared));
                }
            }
        }
    }

    #[test]
    fn frequent_symbols_have_short_codes() {
        let table = Table::optimal(&[1, 1000, 10, 100]);
        let codes = table.codes().map(|c| c & 255);
        assert!(codes[1] < codes[3] && codes[3] <= codes[2] && codes[2] <= codes[0]);
    }

    #[test]
    fn bits_are_stuffed_and_filled() {
        // the codes 0, 10, 110 for sizes 0, 1, 2 of table 0
        let tables =
            [(); 4].map(|()| Table { lengths: std::array::from_fn(|i| u8::from(i < 3)), values: vec![0, 1, 2] });
        let codes = joined(&tables);
        assert!(emit(&[], &codes).is_empty());
        assert_eq!(emit(&[0], &codes), [0x7F]);
        // five times 11011, filled with ones, which make a byte of 255
        assert_eq!(emit(&[3 << 16 | 2; 5], &codes), [0b1101_1110, 0b1111_0111, 0b1011_1101, 0xFF, 0]);
        let long = emit(&[3 << 16 | 2; 1000], &codes);
        assert_eq!(long.len(), 625);
        let tables =
            [(); 4].map(|()| Table { lengths: [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], values: vec![8] });
        assert_eq!(emit(&[0xFF << 16 | 8; 2], &joined(&tables)), [0, 0xFF, 0, 0, 0xFF, 0]);
    }
}
