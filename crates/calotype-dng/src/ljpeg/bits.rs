//! Bits of an entropy-coded segment.

/// Reads bits, most significant first, skipping the zero bytes stuffed behind 0xFF; stops at a marker.
///
/// Bits live at the top of a 64-bit buffer that is refilled eight bytes at a time where none of them is 0xFF.
/// Beyond the end it gives zeros; [`overrun`](Self::overrun) tells.
///
/// It is small and handed to the rare, cold functions by value, so that in the loop over samples it stays in registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a> {
    /// Bytes not yet loaded.
    rest: &'a [u8],
    /// Bits not yet used, from the top. Below the valid ones lie bits that a later refill will set again to the same.
    buffer: u64,
    /// Valid bits in `buffer`, at most 63, modulo 64: only the lower six bits count.
    count: u32,
    /// Zero bits given for want of data.
    padding: u32,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x8080_8080_8080_8080;

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { rest: data, buffer: 0, count: 0, padding: 0 }
    }

    /// Makes at least 56 bits available.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if let Some(&bytes) = self.rest.first_chunk::<8>() {
            let word = u64::from_be_bytes(bytes);
            // A byte is 0xFF where its complement is zero.
            if (!word).wrapping_sub(ONES) & word & TOPS == 0 {
                let count = self.count & 63;
                self.buffer |= word >> count;
                self.rest = &self.rest[((63 - count) >> 3) as usize..];
                self.count = count | 56;
                return;
            }
        }
        *self = self.refilled_slowly();
    }

    #[cold]
    #[inline(never)]
    fn refilled_slowly(mut self) -> Self {
        self.count &= 63;
        // Forget what a fast refill left below the valid bits.
        self.buffer = if self.count == 0 { 0 } else { self.buffer >> (64 - self.count) << (64 - self.count) };
        while self.count < 56 {
            let byte = match self.rest {
                [0xff, 0, rest @ ..] => {
                    self.rest = rest;
                    0xff
                }
                [0xff, ..] | [] => {
                    self.padding = self.padding.saturating_add(8);
                    0
                }
                [byte, rest @ ..] => {
                    self.rest = rest;
                    *byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// The buffer: the next bits from the top.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Drops `n` modulo 64 bits, no more than there are.
    #[inline(always)]
    pub(super) fn skip(&mut self, n: u32) {
        self.buffer <<= n & 63;
        self.count = self.count.wrapping_sub(n);
    }

    /// True where bits were used that the data does not have.
    pub(super) fn overrun(&self) -> bool {
        self.padding > self.count & 63
    }

    /// Goes on behind the next restart marker; false where another marker or the end comes first.
    pub(super) fn restart(&mut self) -> bool {
        // Loaded but unused bytes never reach past a marker, so the search may begin at the next one to load.
        self.buffer = 0;
        self.count = 0;
        self.padding = 0;
        loop {
            self.rest = match self.rest {
                [0xff, 0xd0..=0xd7, rest @ ..] => {
                    self.rest = rest;
                    return true;
                }
                [0xff, 0x00, rest @ ..] => rest,
                [0xff, 0xff, ..] => &self.rest[1..],
                [0xff, ..] | [] => return false,
                [_, rest @ ..] => rest,
            };
        }
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
