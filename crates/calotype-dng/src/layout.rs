//! How the raw picture's samples are stored.

use crate::error::DngError;
use crate::info::Compression;
use crate::limits::Limits;
use crate::tiff::{Directory, tags};

/// What is done to samples before compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Predictor {
    None,
    /// Differences to the sample this many pixels to the left.
    Horizontal(usize),
    /// The same on the bytes of floating point numbers sorted by significance.
    FloatingPoint(usize),
}

/// The layout of one raw picture.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) name: String,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Samples per pixel as stored.
    pub(crate) samples: usize,
    pub(crate) bits: usize,
    pub(crate) float: bool,
    pub(crate) compression: Compression,
    pub(crate) predictor: Predictor,
    /// Bits of each byte run from the least significant one.
    pub(crate) lsb_first: bool,
    /// Each colour in tiles of its own.
    pub(crate) planar: bool,
    /// True for strips, whose last one is only as high as the rest of the picture.
    pub(crate) strips: bool,
    pub(crate) tile_width: usize,
    pub(crate) tile_height: usize,
    /// Rows and columns are stored as this many interleaved fields (DNG 1.7.1: RowInterleaveFactor).
    pub(crate) row_interleave: usize,
    pub(crate) column_interleave: usize,
    /// Offset and stored size of each strip or tile; either may lead beyond the end of the file.
    pub(crate) chunks: Vec<(u64, u64)>,
    /// Lossless JPEG as files before DNG 1.1 wrote it.
    pub(crate) legacy_16: bool,
}

impl Layout {
    /// Tiles across.
    pub(crate) fn across(&self) -> usize {
        self.width.div_ceil(self.tile_width)
    }

    /// Tiles down.
    pub(crate) fn down(&self) -> usize {
        self.height.div_ceil(self.tile_height)
    }

    /// Samples per pixel within a tile.
    pub(crate) fn samples_in_tile(&self) -> usize {
        if self.planar { 1 } else { self.samples }
    }

    /// "IFD 0, tile 3".
    pub(crate) fn place(&self, chunk: usize) -> String {
        format!("{}, {} {chunk}", self.name, if self.strips { "strip" } else { "tile" })
    }

    /// The error of a damaged tile.
    pub(crate) fn corrupt(&self, chunk: usize, reason: impl Into<String>) -> DngError {
        let offset = self.chunks.get(chunk).map_or(0, |c| c.0);
        DngError::Corrupt { place: format!("{} at offset {offset}", self.place(chunk)), reason: reason.into() }
    }

    /// Only the sizes and the coding, without the lists of tiles.
    pub(crate) fn shape(ifd: &Directory<'_>, dng_version: [u8; 4], limits: &Limits) -> Result<Self, DngError> {
        let dimension = |tag: u16| -> Result<usize, DngError> {
            match ifd.need_u64(tag)? {
                n @ 1..=1_000_000 => Ok(n as usize),
                n => Err(ifd.bad(tag, format!("{n} is not from 1 to 1000000"))),
            }
        };
        let (width, height) = (dimension(tags::IMAGE_WIDTH)?, dimension(tags::IMAGE_LENGTH)?);
        let pixels = width as u64 * height as u64;
        if pixels > limits.max_pixels {
            let what = format!("{}: number of pixels of {width}x{height}", ifd.name());
            return Err(DngError::Limit { what, value: pixels, limit: limits.max_pixels });
        }
        let samples = match ifd.u64(tags::SAMPLES_PER_PIXEL)?.unwrap_or(1) {
            n @ 1..=4 => n as usize,
            n => return Err(ifd.bad(tags::SAMPLES_PER_PIXEL, format!("{n} is not from 1 to 4"))),
        };
        let bits = ifd.u64s(tags::BITS_PER_SAMPLE)?.unwrap_or_else(|| vec![1]);
        if bits.is_empty() || bits.iter().any(|b| *b != bits[0]) || !(1..=32).contains(&bits[0]) {
            return Err(ifd.bad(tags::BITS_PER_SAMPLE, format!("{:?} is not one number from 1 to 32", Few(&bits))));
        }
        let float = match ifd.u64(tags::SAMPLE_FORMAT)?.unwrap_or(1) {
            1 => false,
            3 => true,
            n => return Err(unsupported(format!("{}: SampleFormat {n}", ifd.name()))),
        };
        let bits = bits[0] as usize;
        if float && !matches!(bits, 16 | 24 | 32) {
            return Err(ifd.bad(tags::BITS_PER_SAMPLE, format!("{bits} is not 16, 24 or 32, as floating point needs")));
        }
        let (compression, table_predictor) = compression(ifd)?;
        if (float || bits > 16) && matches!(compression, Compression::LosslessJpeg | Compression::LossyJpeg) {
            let kind = if float { "floating point" } else { "whole" };
            let reason = format!("{kind} numbers of {bits} bits cannot be in a JPEG, which holds whole ones up to 16");
            return Err(ifd.bad(tags::BITS_PER_SAMPLE, reason));
        }
        let strips = !ifd.has(tags::TILE_OFFSETS) && !ifd.has(tags::TILE_WIDTH);
        let (tile_width, tile_height) = if strips {
            let rows = ifd.u64(tags::ROWS_PER_STRIP)?.unwrap_or(u64::MAX).clamp(1, height as u64);
            (width, rows as usize)
        } else {
            (dimension(tags::TILE_WIDTH)?, dimension(tags::TILE_LENGTH)?)
        };
        // A tile may be larger than a small picture, but not out of all proportion.
        let tile = tile_width as u64 * tile_height as u64;
        if tile > 4 * pixels + (1 << 22) {
            return Err(ifd.bad(tags::TILE_WIDTH, format!("tiles of {tile_width}x{tile_height} for {width}x{height}")));
        }
        let interleave = |tag: u16, size: usize| match ifd.u64(tag) {
            Ok(Some(n)) if n == 0 || n > size as u64 => Err(ifd.bad(tag, format!("{n} is not from 1 to {size}"))),
            Ok(n) => Ok(n.unwrap_or(1) as usize),
            Err(e) => Err(e),
        };
        if ifd.u64s(tags::SUB_TILE_BLOCK_SIZE)?.is_some_and(|s| s.iter().any(|&n| n != 1)) {
            return Err(unsupported(format!("{}: SubTileBlockSize", ifd.name())));
        }
        Ok(Self {
            name: ifd.name().to_owned(),
            width,
            height,
            samples,
            bits,
            float,
            compression,
            predictor: match table_predictor {
                Some(predictor) => predictor,
                None => predictor(ifd, compression, bits)?,
            },
            lsb_first: ifd.u64(tags::FILL_ORDER)?.unwrap_or(1) == 2,
            planar: samples > 1 && ifd.u64(tags::PLANAR_CONFIGURATION)?.unwrap_or(1) == 2,
            strips,
            tile_width,
            tile_height,
            row_interleave: interleave(tags::ROW_INTERLEAVE_FACTOR, height)?,
            column_interleave: interleave(tags::COLUMN_INTERLEAVE_FACTOR, width)?,
            chunks: Vec::new(),
            legacy_16: dng_version < [1, 1, 0, 0],
        })
    }

    /// Everything, with the tiles checked against the file's size.
    pub(crate) fn new(ifd: &Directory<'_>, dng_version: [u8; 4], limits: &Limits) -> Result<Self, DngError> {
        let mut layout = Self::shape(ifd, dng_version, limits)?;
        let (offsets_tag, counts_tag) = match layout.strips {
            true => (tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS),
            false => (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS),
        };
        let needed =
            layout.across() as u64 * layout.down() as u64 * if layout.planar { layout.samples as u64 } else { 1 };
        let offsets = ifd
            .u64s(offsets_tag)?
            .ok_or_else(|| DngError::MissingTag { ifd: ifd.name().to_owned(), tag: tags::Tag(offsets_tag) })?;
        if (offsets.len() as u64) < needed {
            return Err(ifd.bad(offsets_tag, format!("{} offsets for {needed} parts of the picture", offsets.len())));
        }
        let len = ifd.file().len();
        let counts = match ifd.u64s(counts_tag)? {
            Some(counts) if counts.len() as u64 >= needed => counts,
            // Without sizes, each part may reach to the end of the file; harmless for a single one.
            _ if needed == 1 => vec![len],
            Some(counts) => {
                return Err(ifd.bad(counts_tag, format!("{} sizes for {needed} parts of the picture", counts.len())));
            }
            None => return Err(DngError::MissingTag { ifd: ifd.name().to_owned(), tag: tags::Tag(counts_tag) }),
        };
        layout.chunks = offsets.into_iter().zip(counts).take(needed as usize).collect();
        // Tiles that share their bytes could make a small file take for ever.
        let total: u64 = layout.chunks.iter().map(|&(offset, count)| count.min(len.saturating_sub(offset))).sum();
        if total > 2 * len + (1 << 16) && layout.compression != Compression::None {
            let reason = format!("the parts of the picture hold {total} bytes, the file {len}: they overlap");
            return Err(ifd.bad(counts_tag, reason));
        }
        Ok(layout)
    }
}

/// Compression, and the predictor where the compression's number implies one.
fn compression(ifd: &Directory<'_>) -> Result<(Compression, Option<Predictor>), DngError> {
    let code = ifd.u64(tags::COMPRESSION)?.unwrap_or(1);
    let what = |name: &str| format!("{}: {name} (compression {code})", ifd.name());
    Ok(match code {
        1 => (Compression::None, Some(Predictor::None)),
        7 => (Compression::LosslessJpeg, Some(Predictor::None)),
        8 | 32946 => (Compression::Deflate, None),
        34892 => (Compression::LossyJpeg, Some(Predictor::None)),
        52546 => (Compression::JpegXl, Some(Predictor::None)),
        9 => {
            let remedy = "; convert the file to DNG with the camera maker's or another converter first";
            return Err(DngError::Unsupported { what: what("GPR, that is VC-5 compression"), remedy });
        }
        _ => return Err(unsupported(what("this compression"))),
    })
}

fn predictor(ifd: &Directory<'_>, compression: Compression, bits: usize) -> Result<Predictor, DngError> {
    if compression != Compression::Deflate {
        return Ok(Predictor::None);
    }
    let number = ifd.u64(tags::PREDICTOR)?.unwrap_or(1);
    if matches!(number, 3 | 34894 | 34895) && !matches!(bits, 16 | 24 | 32) {
        return Err(unsupported(format!("{}: predictor {number} of samples of {bits} bits", ifd.name())));
    }
    Ok(match number {
        1 => Predictor::None,
        2 => Predictor::Horizontal(1),
        3 => Predictor::FloatingPoint(1),
        34892 => Predictor::Horizontal(2),
        34893 => Predictor::Horizontal(4),
        34894 => Predictor::FloatingPoint(2),
        34895 => Predictor::FloatingPoint(4),
        n => return Err(unsupported(format!("{}: predictor {n}", ifd.name()))),
    })
}

fn unsupported(what: String) -> DngError {
    DngError::Unsupported { what, remedy: "; convert the file with a DNG converter first" }
}

/// The first few numbers of a list, for messages.
struct Few<'a>(&'a [u64]);

impl std::fmt::Debug for Few<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().take(4)).finish()
    }
}
