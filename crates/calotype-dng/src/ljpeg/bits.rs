//! Bits of an entropy-coded segment.

/// Reads bits, most significant first, skipping the zero bytes stuffed behind 0xFF; stops at a marker.
///
/// Bits live at the top of a 64-bit buffer that is refilled eight bytes at a time where none of them is 0xFF.
/// Beyond the end it gives zeros; [`overrun`](Self::overrun) tells.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    /// Next byte to load.
    at: usize,
    /// Bits not yet used, from the top. Below `count` lie bits that a later refill will set again to the same.
    buffer: u64,
    /// Valid bits in `buffer`, at most 63 after a refill.
    count: u32,
    /// Zero bits given for want of data.
    padding: u32,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x8080_8080_8080_8080;

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, buffer: 0, count: 0, padding: 0 }
    }

    /// Makes at least 56 bits available.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if let Some(bytes) = self.data.get(self.at..self.at + 8) {
            let word =
                u64::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]]);
            // A byte is 0xFF where its complement is zero.
            if (!word).wrapping_sub(ONES) & word & TOPS == 0 {
                self.buffer |= word >> self.count;
                let bytes = (63 - self.count) >> 3;
                self.at += bytes as usize;
                self.count += bytes * 8;
                return;
            }
        }
        self.refill_slowly();
    }

    #[cold]
    #[inline(never)]
    fn refill_slowly(&mut self) {
        // Forget what a fast refill left below the valid bits.
        self.buffer = if self.count == 0 { 0 } else { self.buffer >> (64 - self.count) << (64 - self.count) };
        while self.count < 56 {
            let byte = match self.data.get(self.at) {
                Some(0xff) => match self.data.get(self.at + 1) {
                    Some(0) => {
                        self.at += 2;
                        0xff
                    }
                    _ => self.pad(),
                },
                Some(&byte) => {
                    self.at += 1;
                    byte
                }
                None => self.pad(),
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    fn pad(&mut self) -> u8 {
        self.padding = self.padding.saturating_add(8);
        0
    }

    /// The buffer: the next bits from the top.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Drops `n` bits, at most 63 and no more than there are.
    #[inline(always)]
    pub(super) fn skip(&mut self, n: u32) {
        self.buffer <<= n & 63;
        self.count = self.count.wrapping_sub(n);
    }

    /// True where bits were used that the data does not have.
    pub(super) fn overrun(&self) -> bool {
        self.padding > self.count
    }

    /// Goes on behind the next restart marker; false where another marker or the end comes first.
    pub(super) fn restart(&mut self) -> bool {
        // Loaded but unused bytes never reach past a marker, so the search may begin at the next one to load.
        self.buffer = 0;
        self.count = 0;
        self.padding = 0;
        while let Some(pair) = self.data.get(self.at..self.at + 2) {
            match pair {
                [0xff, 0xd0..=0xd7] => {
                    self.at += 2;
                    return true;
                }
                [0xff, 0x00] => self.at += 2,
                [0xff, 0xff] => self.at += 1,
                [0xff, _] => return false,
                _ => self.at += 1,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffing_is_removed_and_markers_end_the_data() {
        let mut data: Vec<u8> = (0..40).map(|i| (i * 37) as u8).collect();
        data[5] = 0xff;
        data[21] = 0xff;
        let mut stuffed = Vec::new();
        for &b in &data {
            stuffed.push(b);
            if b == 0xff {
                stuffed.push(0);
            }
        }
        stuffed.extend([0xff, 0xd3, 0xab, 0xcd, 0xff, 0xd9]);
        let mut bits = Bits::new(&stuffed);
        for (i, &byte) in data.iter().enumerate() {
            // uneven steps: 3 bits, then 5
            bits.refill();
            let high = (bits.peek() >> 61) as u8;
            bits.skip(3);
            let low = (bits.peek() >> 59) as u8;
            bits.skip(5);
            assert_eq!(high << 5 | low, byte, "byte {i}");
            assert!(!bits.overrun());
        }
        bits.refill();
        bits.skip(1);
        assert!(bits.overrun());
        assert!(bits.restart());
        bits.refill();
        assert_eq!(bits.peek() >> 48, 0xabcd);
        assert!(!bits.restart());
    }
}
