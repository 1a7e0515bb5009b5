//! A writer of small TIFF files, for tests only: it writes whatever it is told, right or wrong.
#![allow(dead_code)]

use calotype_dng::tiff::{Endian, IfdEntry, Value, tags};

/// A file under construction.
pub struct Tiny {
    pub bytes: Vec<u8>,
    pub endian: Endian,
    pub big: bool,
}

impl Tiny {
    pub fn new(endian: Endian, big: bool) -> Self {
        let mut bytes = if endian == Endian::Little { b"II".to_vec() } else { b"MM".to_vec() };
        if big {
            endian.put_u16(&mut bytes, 43);
            endian.put_u16(&mut bytes, 8);
            endian.put_u16(&mut bytes, 0);
            endian.put_u64(&mut bytes, 0);
        } else {
            endian.put_u16(&mut bytes, 42);
            endian.put_u32(&mut bytes, 0);
        }
        Self { bytes, endian, big }
    }

    /// Appends bytes and gives their offset.
    pub fn blob(&mut self, data: &[u8]) -> u64 {
        if self.bytes.len() % 2 == 1 {
            self.bytes.push(0);
        }
        let at = self.bytes.len() as u64;
        self.bytes.extend_from_slice(data);
        at
    }

    /// Appends a directory and gives its offset.
    pub fn ifd(&mut self, entries: &[IfdEntry], next: u64) -> u64 {
        let mut entries = entries.to_vec();
        entries.sort_by_key(|e| e.tag);
        let (endian, big) = (self.endian, self.big);
        let room = if big { 8 } else { 4 };
        let mut table = Vec::new();
        for entry in &entries {
            let mut value = Vec::new();
            entry.value.encode(endian, &mut value);
            endian.put_u16(&mut table, entry.tag);
            endian.put_u16(&mut table, entry.value.field_type().code());
            self.word(&mut table, entry.value.count() as u64);
            if value.len() <= room {
                value.resize(room, 0);
                table.extend_from_slice(&value);
            } else {
                let at = self.blob(&value);
                self.word(&mut table, at);
            }
        }
        let mut head = Vec::new();
        if big {
            endian.put_u64(&mut head, entries.len() as u64);
        } else {
            endian.put_u16(&mut head, entries.len() as u16);
        }
        self.word(&mut table, next);
        head.extend_from_slice(&table);
        self.blob(&head)
    }

    fn word(&self, out: &mut Vec<u8>, value: u64) {
        if self.big { self.endian.put_u64(out, value) } else { self.endian.put_u32(out, value as u32) }
    }

    /// The file, with its first directory at `first`.
    pub fn finish(mut self, first: u64) -> Vec<u8> {
        let mut word = Vec::new();
        self.word(&mut word, first);
        let at = if self.big { 8 } else { 4 };
        self.bytes[at..at + word.len()].copy_from_slice(&word);
        self.bytes
    }
}

/// A raw picture to be put into a file of one directory.
#[derive(Clone)]
pub struct Raw {
    pub endian: Endian,
    pub big: bool,
    pub width: usize,
    pub height: usize,
    pub samples: usize,
    pub bits: usize,
    /// Tile width and height, or 0 and rows per strip.
    pub tile: (usize, usize),
    /// Compressed strips or tiles.
    pub chunks: Vec<Vec<u8>>,
    /// Tags beside, or instead of, the usual ones.
    pub tags: Vec<IfdEntry>,
}

pub fn entry(tag: u16, value: Value) -> IfdEntry {
    IfdEntry { tag, value }
}

pub fn short(tag: u16, v: u16) -> IfdEntry {
    entry(tag, Value::Short(vec![v]))
}

pub fn long(tag: u16, v: &[u32]) -> IfdEntry {
    entry(tag, Value::Long(v.to_vec()))
}

impl Raw {
    /// One strip of 16-bit samples.
    pub fn new(width: usize, height: usize, samples: &[u16]) -> Self {
        let endian = Endian::Little;
        let mut data = Vec::new();
        samples.iter().for_each(|&v| endian.put_u16(&mut data, v));
        let per_pixel = samples.len() / (width * height).max(1);
        Self {
            endian,
            big: false,
            width,
            height,
            samples: per_pixel,
            bits: 16,
            tile: (0, height),
            chunks: vec![data],
            tags: Vec::new(),
        }
    }

    pub fn with(mut self, tag: IfdEntry) -> Self {
        self.tags.push(tag);
        self
    }

    /// The usual tags, replaced by the given ones.
    pub fn entries(&self, file: &mut Tiny) -> Vec<IfdEntry> {
        let offsets: Vec<u64> = self.chunks.iter().map(|c| file.blob(c)).collect();
        let words = |v: Vec<u64>| match self.big {
            true => Value::Long8(v),
            false => Value::Long(v.iter().map(|&x| x as u32).collect()),
        };
        let counts = words(self.chunks.iter().map(|c| c.len() as u64).collect());
        let mosaic = self.samples == 1;
        let mut all = vec![
            long(tags::NEW_SUBFILE_TYPE, &[0]),
            long(tags::IMAGE_WIDTH, &[self.width as u32]),
            long(tags::IMAGE_LENGTH, &[self.height as u32]),
            entry(tags::BITS_PER_SAMPLE, Value::Short(vec![self.bits as u16; self.samples])),
            short(tags::COMPRESSION, 1),
            short(tags::PHOTOMETRIC_INTERPRETATION, if mosaic { 32803 } else { 34892 }),
            short(tags::SAMPLES_PER_PIXEL, self.samples as u16),
            entry(tags::DNG_VERSION, Value::Byte(vec![1, 7, 1, 0])),
            entry(tags::UNIQUE_CAMERA_MODEL, Value::Ascii("Pinhole One".into())),
        ];
        if mosaic {
            all.push(entry(tags::CFA_REPEAT_PATTERN_DIM, Value::Short(vec![2, 2])));
            all.push(entry(tags::CFA_PATTERN, Value::Byte(vec![0, 1, 1, 2])));
        }
        if self.tile.0 == 0 {
            all.push(long(tags::ROWS_PER_STRIP, &[self.tile.1 as u32]));
            all.push(entry(tags::STRIP_OFFSETS, words(offsets)));
            all.push(entry(tags::STRIP_BYTE_COUNTS, counts));
        } else {
            all.push(long(tags::TILE_WIDTH, &[self.tile.0 as u32]));
            all.push(long(tags::TILE_LENGTH, &[self.tile.1 as u32]));
            all.push(entry(tags::TILE_OFFSETS, words(offsets)));
            all.push(entry(tags::TILE_BYTE_COUNTS, counts));
        }
        all.retain(|e| !self.tags.iter().any(|t| t.tag == e.tag));
        all.extend(self.tags.iter().cloned());
        all
    }

    pub fn file(&self) -> Vec<u8> {
        let mut file = Tiny::new(self.endian, self.big);
        let entries = self.entries(&mut file);
        let first = file.ifd(&entries, 0);
        file.finish(first)
    }
}

/// Samples written bit by bit, each row from a new byte, most significant bit first.
pub fn pack(samples: &[u16], width: usize, bits: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for row in samples.chunks(width) {
        let (mut word, mut count) = (0u64, 0);
        for &v in row {
            word = word << bits | u64::from(v);
            count += bits;
            while count >= 8 {
                out.push((word >> (count - 8)) as u8);
                count -= 8;
            }
        }
        if count > 0 {
            out.push((word << (8 - count)) as u8);
        }
    }
    out
}

/// The part of a picture that a tile covers, padded with its last sample to the tile's size.
pub fn tile(samples: &[u16], width: usize, per_pixel: usize, at: (usize, usize), size: (usize, usize)) -> Vec<u16> {
    let height = samples.len() / width / per_pixel;
    let mut out = Vec::new();
    for y in at.1..at.1 + size.1 {
        for x in at.0..at.0 + size.0 {
            let (x, y) = (x.min(width - 1), y.min(height - 1));
            out.extend_from_slice(&samples[(y * width + x) * per_pixel..][..per_pixel]);
        }
    }
    out
}

/// Numbers that look random and are the same everywhere.
pub fn noise(count: usize, below: u32) -> Vec<u16> {
    let mut state = 0x2545_f491u32;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            ((u64::from(state) * u64::from(below)) >> 32) as u16
        })
        .collect()
}
