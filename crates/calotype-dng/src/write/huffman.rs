//! Huffman tables made to measure.

/// Symbols that a table can hold: the categories 0 to 16 of differences of 16-bit samples.
pub(super) const SYMBOLS: usize = 17;
/// The longest code that JPEG allows.
const LONGEST: usize = 16;

/// Codes for the categories of differences.
#[derive(Clone, Debug)]
pub(super) struct HuffmanTable {
    /// Number of codes of length 1 to 16.
    pub counts: [u8; LONGEST],
    /// Symbols, shortest code first.
    pub symbols: Vec<u8>,
    /// Code and length of each symbol; length 0 for symbols without a code.
    pub codes: [(u32, u32); SYMBOLS],
}

impl HuffmanTable {
    /// The table that codes symbols of these frequencies in the fewest bits, with no code of ones only and none
    /// longer than 16 bits (ITU-T T.81, K.2). Symbols that do not occur get no code; one code is always there.
    pub fn optimal(frequencies: &[u32; SYMBOLS]) -> Self {
        // one symbol more takes the code of ones only
        let mut weights = [0u64; SYMBOLS + 1];
        for (w, &f) in weights.iter_mut().zip(frequencies) {
            *w = u64::from(f);
        }
        weights[SYMBOLS] = 1;
        if frequencies.iter().all(|&f| f == 0) {
            weights[0] = 1;
        }
        let lengths = code_lengths(weights);
        let mut counts = [0usize; SYMBOLS + 2];
        lengths.iter().for_each(|&(length, ..)| counts[length] += 1);
        shorten(&mut counts);
        // the reserved symbol is one of the longest
        if let Some(longest) = (1..=LONGEST).rev().find(|&n| counts[n] > 0) {
            counts[longest] -= 1;
        }
        let mut order: Vec<(usize, u64, u8)> = lengths
            .into_iter()
            .filter(|&(_, symbol, _)| symbol != SYMBOLS)
            .map(|(length, symbol, weight)| (length, u64::MAX - weight, symbol as u8))
            .collect();
        order.sort_unstable();
        let symbols: Vec<u8> = order.into_iter().map(|(.., symbol)| symbol).collect();
        let counts = std::array::from_fn(|i| counts[i + 1] as u8);
        Self { counts, codes: assign(&counts, &symbols), symbols }
    }
}

/// Length, symbol and weight of every symbol that occurs.
fn code_lengths(weights: [u64; SYMBOLS + 1]) -> Vec<(usize, usize, u64)> {
    // trees as weight and members; the smallest two are joined until one is left
    let mut trees: Vec<(u64, Vec<usize>)> =
        (0..weights.len()).filter(|&i| weights[i] > 0).map(|i| (weights[i], vec![i])).collect();
    let mut lengths = [0usize; SYMBOLS + 1];
    while trees.len() > 1 {
        // the symbol for ones only has the highest number, and of equal weights goes first, so it ends deepest
        trees.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.iter().max().cmp(&b.1.iter().max())));
        if let (Some(mut a), Some(b)) = (trees.pop(), trees.pop()) {
            a.0 += b.0;
            a.1.extend(b.1);
            a.1.iter().for_each(|&i| lengths[i] += 1);
            trees.push(a);
        }
    }
    (0..weights.len()).filter(|&i| weights[i] > 0).map(|i| (lengths[i], i, weights[i])).collect()
}

/// Moves codes longer than 16 bits up: a pair of longest ones gives its prefix to one of the two, and the other
/// shares the place of a shorter code (ITU-T T.81, figure K.3).
fn shorten(counts: &mut [usize; SYMBOLS + 2]) {
    for long in (LONGEST + 1..counts.len()).rev() {
        while counts[long] > 0 {
            let Some(short) = (1..long - 1).rev().find(|&n| counts[n] > 0) else { return };
            counts[long] -= 2;
            counts[long - 1] += 1;
            counts[short] -= 1;
            counts[short + 1] += 2;
        }
    }
}

/// Codes in canonical order (ITU-T T.81, C.2).
fn assign(counts: &[u8; LONGEST], symbols: &[u8]) -> [(u32, u32); SYMBOLS] {
    let mut codes = [(0, 0); SYMBOLS];
    let (mut code, mut next) = (0, symbols.iter());
    for (i, &count) in counts.iter().enumerate() {
        for &symbol in next.by_ref().take(usize::from(count)) {
            codes[usize::from(symbol)] = (code, i as u32 + 1);
            code += 1;
        }
        code <<= 1;
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(frequencies: [u32; SYMBOLS]) -> HuffmanTable {
        let t = HuffmanTable::optimal(&frequencies);
        assert_eq!(t.counts.iter().map(|&c| usize::from(c)).sum::<usize>(), t.symbols.len());
        let space: f64 = t.codes.iter().filter(|c| c.1 > 0).map(|c| 0.5f64.powi(c.1 as i32)).sum();
        assert!(space < 1.0, "a code is left for ones only: {space}");
        for (i, &(code, length)) in t.codes.iter().enumerate() {
            assert_eq!(length > 0, frequencies[i] > 0 || (i == 0 && frequencies == [0; SYMBOLS]));
            assert!(length <= 16 && (length == 0 || code < (1 << length) - 1), "{i}: {code:b} in {length} bits");
            for &(other, n) in t.codes[..i].iter().filter(|c| c.1 > 0 && length > 0) {
                let short = n.min(length);
                assert_ne!(code >> (length - short), other >> (n - short), "no code begins another");
            }
        }
        t
    }

    #[test]
    fn tables_are_prefix_codes_and_close_to_entropy() {
        let mut f = [0; SYMBOLS];
        assert_eq!(check(f).symbols, [0]);
        f[16] = 7;
        assert_eq!(check(f).codes[16].1, 1);
        f = std::array::from_fn(|i| 1000 >> i.abs_diff(6));
        let t = check(f);
        let total: f64 = f.iter().map(|&f| f64::from(f)).sum();
        let bits: f64 = (0..SYMBOLS).map(|i| f64::from(f[i]) * f64::from(t.codes[i].1)).sum();
        let entropy: f64 = f.iter().filter(|&&f| f > 0).map(|&f| f64::from(f) * (total / f64::from(f)).log2()).sum();
        assert!(bits < entropy * 1.05, "{bits} {entropy}");
    }

    #[test]
    fn no_code_is_longer_than_sixteen() {
        // weights like Fibonacci's numbers make the deepest tree
        let mut f = [1; SYMBOLS];
        for i in 2..SYMBOLS {
            f[i] = f[i - 1] + f[i - 2];
        }
        check(f);
        f.reverse();
        check(f);
        check(std::array::from_fn(|i| 3u32.pow(i as u32)));
    }
}
