//! Directories and the blocks of pixels they point to, as a classic TIFF file.

use crate::tiff::{Endian, FieldType, Value, tags};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// A directory to be written: tags with values, further directories below it, and strips or tiles of pixels.
///
/// ```
/// use calotype_dng::tiff::{Endian, Value, tags};
/// use calotype_dng::write::{Ifd, write_tiff};
///
/// let mut exif = Ifd::default();
/// exif.set(tags::F_NUMBER, Value::Rational(vec![[18, 10]]));
/// let mut main = Ifd::default();
/// main.set(tags::MAKE, Value::Ascii("Maker".into()));
/// main.set_child(tags::EXIF_IFD, exif);
/// let mut file = Vec::new();
/// write_tiff(&mut file, Endian::Little, &[main])?;
/// assert_eq!(&file[..4], b"II*\0");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ifd<'a> {
    fields: BTreeMap<u16, Field<'a>>,
    blocks: Option<Blocks<'a>>,
}

#[derive(Clone, Debug)]
enum Field<'a> {
    Value(Value),
    Directories(Vec<Ifd<'a>>),
}

#[derive(Clone, Debug)]
struct Blocks<'a> {
    offsets: u16,
    counts: u16,
    data: Vec<Cow<'a, [u8]>>,
}

impl<'a> Ifd<'a> {
    /// Sets a tag, in place of what it was. Empty values are left out, since TIFF has no tags without values.
    pub fn set(&mut self, tag: u16, value: Value) {
        if value.count() == 0 {
            self.fields.remove(&tag);
        } else {
            self.fields.insert(tag, Field::Value(value));
        }
    }

    /// The value of a tag; `None` for one that is not set or points to a directory.
    pub fn get(&self, tag: u16) -> Option<&Value> {
        match self.fields.get(&tag)? {
            Field::Value(value) => Some(value),
            Field::Directories(_) => None,
        }
    }

    /// True where the tag is set, to a value or to directories.
    pub fn contains(&self, tag: u16) -> bool {
        self.fields.contains_key(&tag)
    }

    /// Takes a tag away.
    pub fn remove(&mut self, tag: u16) {
        self.fields.remove(&tag);
    }

    /// Takes over all tags and blocks of another directory, in place of its own of the same number.
    pub fn absorb(&mut self, other: Ifd<'a>) {
        self.fields.extend(other.fields);
        self.blocks = other.blocks.or(self.blocks.take());
    }

    /// True where no tag is set.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.blocks.is_none()
    }

    /// Sets a tag that points to a directory, such as ExifIFD. Empty directories are left out.
    pub fn set_child(&mut self, tag: u16, child: Ifd<'a>) {
        if child.is_empty() {
            self.fields.remove(&tag);
        } else {
            self.fields.insert(tag, Field::Directories(vec![child]));
        }
    }

    /// Sets a tag that points to several directories, such as SubIFDs.
    pub fn set_children(&mut self, tag: u16, children: Vec<Ifd<'a>>) {
        self.fields.insert(tag, Field::Directories(children));
    }

    /// Gives the directory strips of pixels: StripOffsets and StripByteCounts.
    pub fn set_strips(&mut self, data: Vec<Cow<'a, [u8]>>) {
        self.blocks = Some(Blocks { offsets: tags::STRIP_OFFSETS, counts: tags::STRIP_BYTE_COUNTS, data });
    }

    /// Gives the directory tiles of pixels: TileOffsets and TileByteCounts.
    pub fn set_tiles(&mut self, data: Vec<Cow<'a, [u8]>>) {
        self.blocks = Some(Blocks { offsets: tags::TILE_OFFSETS, counts: tags::TILE_BYTE_COUNTS, data });
    }
}

/// Writes a TIFF file of directories that follow each other. All directories come first, then all pixels in the order
/// of the directories, so that readers find everything but the pixels at the start. The same input gives the same
/// bytes.
///
/// # Errors
/// What `out` says, and [`io::ErrorKind::FileTooLarge`] beyond 4 GiB, which classic TIFF cannot address.
pub fn write_tiff(out: &mut impl Write, endian: Endian, ifds: &[Ifd<'_>]) -> io::Result<()> {
    let mut file = Head { bytes: Vec::new(), endian, blocks: Vec::new() };
    file.bytes.extend_from_slice(if endian == Endian::Little { b"II" } else { b"MM" });
    endian.put_u16(&mut file.bytes, 42);
    file.chain(ifds)?;
    file.align();
    let mut position = file.bytes.len() as u64;
    let mut padded = Vec::new();
    for (field, data) in std::mem::take(&mut file.blocks) {
        file.patch(field, position)?;
        position += data.len() as u64 + data.len() as u64 % 2;
        padded.push(data);
    }
    if position > u64::from(u32::MAX) {
        return Err(too_large(position));
    }
    out.write_all(&file.bytes)?;
    for data in padded {
        out.write_all(data)?;
        if data.len() % 2 == 1 {
            out.write_all(&[0])?;
        }
    }
    Ok(())
}

fn too_large(size: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("a TIFF file cannot hold {size} bytes"))
}

/// The part of a file before the pixels.
struct Head<'b> {
    bytes: Vec<u8>,
    endian: Endian,
    /// Blocks in the order of the file, and where in `bytes` the offset of each belongs.
    blocks: Vec<(usize, &'b [u8])>,
}

impl<'b> Head<'b> {
    /// Directories that follow each other; the place before them receives the first one's offset.
    fn chain(&mut self, ifds: &'b [Ifd<'_>]) -> io::Result<()> {
        let mut link = self.bytes.len();
        self.endian.put_u32(&mut self.bytes, 0);
        for ifd in ifds {
            self.align();
            self.patch(link, self.bytes.len() as u64)?;
            link = self.directory(ifd)?;
        }
        Ok(())
    }

    /// One directory with all it points to but the pixels; gives the place of the link to the next.
    fn directory(&mut self, ifd: &'b Ifd<'_>) -> io::Result<usize> {
        let zeros = |n: usize| Value::Long(vec![0; n]);
        let mut entries: Vec<(u16, Cow<'b, Value>)> = Vec::new();
        for (&tag, field) in &ifd.fields {
            entries.push(match field {
                Field::Value(value) => (tag, Cow::Borrowed(value)),
                Field::Directories(children) => (tag, Cow::Owned(zeros(children.len()))),
            });
        }
        if let Some(blocks) = &ifd.blocks {
            let counts = blocks.data.iter().map(|b| u32::try_from(b.len()).map_err(|_| too_large(b.len() as u64)));
            entries.push((blocks.offsets, Cow::Owned(zeros(blocks.data.len()))));
            entries.push((blocks.counts, Cow::Owned(Value::Long(counts.collect::<Result<_, _>>()?))));
        }
        entries.sort_by_key(|e| e.0);
        let count = u16::try_from(entries.len()).map_err(|_| too_large(entries.len() as u64))?;
        self.endian.put_u16(&mut self.bytes, count);
        let start = self.bytes.len();
        self.bytes.resize(start + 12 * entries.len() + 4, 0);
        let mut offsets_at = BTreeMap::new();
        for (i, (tag, value)) in entries.iter().enumerate() {
            let mut entry = Vec::with_capacity(8);
            self.endian.put_u16(&mut entry, *tag);
            self.endian.put_u16(&mut entry, value.field_type().code());
            let count = u32::try_from(value.count()).map_err(|_| too_large(value.count() as u64))?;
            self.endian.put_u32(&mut entry, count);
            let mut stored = Vec::new();
            value.encode(self.endian, &mut stored);
            let mut at = start + 12 * i;
            self.bytes[at..at + 8].copy_from_slice(&entry);
            at += 8;
            if stored.len() <= 4 {
                self.bytes[at..at + stored.len()].copy_from_slice(&stored);
            } else {
                self.align();
                let place = self.bytes.len();
                self.patch(at, place as u64)?;
                self.bytes.extend(stored);
                at = place;
            }
            offsets_at.insert(*tag, at);
        }
        if let Some(blocks) = &ifd.blocks {
            let at = offsets_at[&blocks.offsets];
            self.blocks.extend(blocks.data.iter().enumerate().map(|(i, b)| (at + 4 * i, b.as_ref())));
        }
        for (tag, field) in &ifd.fields {
            if let Field::Directories(children) = field {
                for (i, child) in children.iter().enumerate() {
                    self.align();
                    self.patch(offsets_at[tag] + 4 * i, self.bytes.len() as u64)?;
                    self.directory(child)?;
                }
            }
        }
        Ok(start + 12 * entries.len())
    }

    /// Offsets must be even.
    fn align(&mut self) {
        if self.bytes.len() % 2 == 1 {
            self.bytes.push(0);
        }
    }

    fn patch(&mut self, at: usize, offset: u64) -> io::Result<()> {
        let offset = u32::try_from(offset).map_err(|_| too_large(offset))?;
        let mut stored = Vec::with_capacity(FieldType::Long.size());
        self.endian.put_u32(&mut stored, offset);
        self.bytes[at..at + 4].copy_from_slice(&stored);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries of the directory at `offset`: tag, type, count and the place of the value; and the next directory.
    fn entries(file: &[u8], e: Endian, offset: usize) -> (Vec<(u16, u16, u32, usize)>, u32) {
        let n = usize::from(e.u16(file, offset).unwrap());
        let list = (0..n).map(|i| {
            let at = offset + 2 + 12 * i;
            let (kind, count) = (e.u16(file, at + 2).unwrap(), e.u32(file, at + 4).unwrap());
            let bytes = FieldType::from_code(kind).unwrap().size() * count as usize;
            let place = if bytes <= 4 { at + 8 } else { e.u32(file, at + 8).unwrap() as usize };
            (e.u16(file, at).unwrap(), kind, count, place)
        });
        (list.collect(), e.u32(file, offset + 2 + 12 * n).unwrap())
    }

    #[test]
    fn everything_is_found_where_it_is_said_to_be() {
        for e in [Endian::Little, Endian::Big] {
            let mut exif = Ifd::default();
            exif.set(tags::F_NUMBER, Value::Rational(vec![[28, 10]]));
            let mut raw = Ifd::default();
            raw.set(tags::IMAGE_WIDTH, Value::Short(vec![7]));
            raw.set_tiles(vec![Cow::Borrowed(b"tile one"), Cow::Borrowed(b"odd")]);
            let mut main = Ifd::default();
            main.set(tags::XMP, Value::Byte(vec![]));
            main.set(tags::MAKE, Value::Ascii("four".into()));
            main.set_children(tags::SUB_IFDS, vec![raw.clone(), raw]);
            main.set_child(tags::EXIF_IFD, exif);
            main.set_child(tags::GPS_IFD, Ifd::default());
            main.set_strips(vec![Cow::Owned(vec![1, 2, 3])]);
            let mut next = Ifd::default();
            next.set(tags::MODEL, Value::Ascii("x".into()));
            let mut file = Vec::new();
            write_tiff(&mut file, e, &[main, next]).unwrap();

            let (list, link) = entries(&file, e, e.u32(&file, 4).unwrap() as usize);
            let names: Vec<u16> = list.iter().map(|e| e.0).collect();
            assert_eq!(names, [271, 273, 279, 330, 34665], "sorted, and without what is empty");
            assert_eq!(&file[list[0].3..][..5], b"four\0");
            let strip = e.u32(&file, list[1].3).unwrap() as usize;
            assert_eq!(&file[strip..][..3], [1, 2, 3]);
            for i in 0..2 {
                let raw = e.u32(&file, list[3].3 + 4 * i).unwrap() as usize;
                let (raw, end) = entries(&file, e, raw);
                assert_eq!(end, 0);
                assert_eq!(e.u16(&file, raw[0].3), Some(7));
                for (j, data) in [&b"tile one"[..], b"odd"].iter().enumerate() {
                    let at = e.u32(&file, raw[1].3 + 4 * j).unwrap() as usize;
                    assert_eq!(&file[at..][..data.len()], *data);
                    assert_eq!(e.u32(&file, raw[2].3 + 4 * j), Some(data.len() as u32));
                    assert_eq!(at % 2, 0);
                }
            }
            let (second, end) = entries(&file, e, link as usize);
            assert_eq!((second[0].0, end), (272, 0));
        }
    }
}
