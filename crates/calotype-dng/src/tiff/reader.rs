//! Directories of a file, read with every offset checked.

use super::{Endian, FieldType, Value, tags};
use crate::error::DngError;
use crate::limits::Limits;
use tags::Tag;

/// How deep directories may nest below the main chain.
const MAX_DEPTH: usize = 6;
/// Entries of a BigTIFF directory beyond which it is taken for garbage (a classic one cannot have more).
const MAX_ENTRIES: u64 = 65_535;

/// The bytes of a TIFF file and how to read them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiff<'a> {
    bytes: &'a [u8],
    endian: Endian,
    big: bool,
    first: u64,
}

/// Where a tag's values are.
#[derive(Clone, Copy, Debug)]
struct Entry {
    tag: u16,
    kind: FieldType,
    count: u64,
    at: u64,
}

/// One directory.
#[derive(Clone, Debug)]
pub(crate) struct Directory<'a> {
    file: Tiff<'a>,
    name: String,
    entries: Vec<Entry>,
}

impl<'a> Tiff<'a> {
    /// Reads the header.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, DngError> {
        let not = |reason: String| DngError::NotDng { reason };
        let endian = match bytes.get(..2) {
            None => return Err(not(format!("the file has {} bytes", bytes.len()))),
            Some(b"II") => Endian::Little,
            Some(b"MM") => Endian::Big,
            Some(_) => return Err(not("the file does not begin like a TIFF".into())),
        };
        let short = || not(format!("the file has {} bytes", bytes.len()));
        let magic = endian.u16(bytes, 2).ok_or_else(short)?;
        let (big, first) = match magic {
            42 => (false, u64::from(endian.u32(bytes, 4).ok_or_else(short)?)),
            43 if endian.u16(bytes, 4) == Some(8) => (true, endian.u64(bytes, 8).ok_or_else(short)?),
            _ => return Err(not(format!("the TIFF version is {magic}, not 42 or 43"))),
        };
        Ok(Self { bytes, endian, big, first })
    }

    /// Reads the header of a camera profile, whose version is "RC" in the order of its bytes, or of a TIFF.
    pub(crate) fn of_profile(bytes: &'a [u8]) -> Result<Self, DngError> {
        let (endian, magic) = match bytes.get(..4) {
            Some(b"IIRC") => (Endian::Little, true),
            Some(b"MMCR") => (Endian::Big, true),
            _ => (Endian::Little, false),
        };
        match endian.u32(bytes, 4) {
            Some(first) if magic => Ok(Self { bytes, endian, big: false, first: u64::from(first) }),
            _ => Self::new(bytes),
        }
    }

    pub(crate) fn endian(&self) -> Endian {
        self.endian
    }

    pub(crate) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// `count` bytes at `offset`; `place` is named in the error.
    pub(crate) fn slice(&self, offset: u64, count: u64, place: impl FnOnce() -> String) -> Result<&'a [u8], DngError> {
        let end = offset.saturating_add(count);
        if end > self.len() {
            return Err(DngError::Truncated { place: place(), offset, end, len: self.len() });
        }
        Ok(&self.bytes[offset as usize..end as usize])
    }

    /// All directories: the main chain and what hangs below it, each once, outer before inner.
    ///
    /// A damaged directory is left out with a reason, but for the first, which is an error.
    pub(crate) fn directories(&self, limits: &Limits) -> Result<(Vec<Directory<'a>>, Vec<crate::Warning>), DngError> {
        let mut found: Vec<Directory<'a>> = Vec::new();
        let mut warnings = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        // (offset, name, depth, whether the link to the next directory is followed)
        let mut todo = std::collections::VecDeque::from([(self.first, "IFD 0".to_owned(), 0, 0usize)]);
        while let Some((offset, name, depth, index)) = todo.pop_front() {
            if !seen.insert(offset) {
                warnings.push(crate::Warning::new(name, "leads back to a directory already read"));
                continue;
            }
            if found.len() >= limits.max_directories {
                return Err(DngError::Limit {
                    what: "number of directories".into(),
                    value: found.len() as u64 + 1,
                    limit: limits.max_directories as u64,
                });
            }
            let (directory, next) = match self.directory(offset, name.clone()) {
                Ok(read) => read,
                Err(error) if found.is_empty() => return Err(error),
                Err(error) => {
                    warnings.push(crate::Warning::new(name, error.to_string()));
                    continue;
                }
            };
            if depth < MAX_DEPTH && directory.has(tags::SUB_IFDS) {
                match directory.u64s(tags::SUB_IFDS) {
                    Ok(Some(offsets)) => {
                        for (i, &sub) in offsets.iter().enumerate().take(limits.max_directories) {
                            let prefix = if depth == 0 && index == 0 { String::new() } else { format!("{name}, ") };
                            todo.push_back((sub, format!("{prefix}SubIFD {i}"), depth + 1, 0));
                        }
                    }
                    Ok(None) => {}
                    Err(error) => warnings.push(crate::Warning::new(name, error.to_string())),
                }
            }
            if depth == 0 && next != 0 {
                todo.push_back((next, format!("IFD {}", index + 1), 0, index + 1));
            }
            found.push(directory);
        }
        Ok((found, warnings))
    }

    /// The directory at `offset` and the offset of the next one.
    pub(crate) fn directory(&self, offset: u64, name: String) -> Result<(Directory<'a>, u64), DngError> {
        let place = || format!("{name} at offset {offset}");
        let (head, step, link) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.slice(offset, head, place)?;
        let count = match self.big {
            true => self.endian.u64(count, 0).unwrap_or(0),
            false => u64::from(self.endian.u16(count, 0).unwrap_or(0)),
        };
        if count == 0 || count > MAX_ENTRIES {
            return Err(DngError::Corrupt { place: place(), reason: format!("the directory has {count} entries") });
        }
        let start = offset + head;
        let table = self.slice(start, count * step, place)?;
        let mut entries = Vec::with_capacity(count as usize);
        for (i, raw) in table.chunks_exact(step as usize).enumerate() {
            let (Some(tag), Some(code)) = (self.endian.u16(raw, 0), self.endian.u16(raw, 2)) else { continue };
            // Types that no standard defines are to be skipped (TIFF 6.0, page 16).
            let Some(kind) = FieldType::from_code(code) else { continue };
            let (count, inline, room) = match self.big {
                true => (self.endian.u64(raw, 4), 12, 8),
                false => (self.endian.u32(raw, 4).map(u64::from), 8, 4),
            };
            let count = count.unwrap_or(0);
            let bytes = count.saturating_mul(kind.size() as u64);
            let at = if bytes <= room {
                start + i as u64 * step + inline as u64
            } else if self.big {
                self.endian.u64(raw, inline).unwrap_or(u64::MAX)
            } else {
                self.endian.u32(raw, inline).map_or(u64::MAX, u64::from)
            };
            entries.push(Entry { tag, kind, count, at });
        }
        // A file cut right behind its last directory has no link; that is harmless.
        let next = self.slice(start + count * step, link, place).ok();
        let next =
            next.and_then(|b| if self.big { self.endian.u64(b, 0) } else { self.endian.u32(b, 0).map(u64::from) });
        Ok((Directory { file: *self, name, entries }, next.unwrap_or(0)))
    }
}

impl<'a> Directory<'a> {
    /// Its name in messages: "IFD 0", "SubIFD 1".
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn file(&self) -> &Tiff<'a> {
        &self.file
    }

    pub(crate) fn has(&self, tag: u16) -> bool {
        self.find(tag).is_some()
    }

    /// Its tags in the order of the file.
    pub(crate) fn tags(&self) -> impl Iterator<Item = u16> + '_ {
        self.entries.iter().map(|e| e.tag)
    }

    /// Bytes that a tag's values take in the file, 0 where there is no such tag.
    pub(crate) fn stored_bytes(&self, tag: u16) -> u64 {
        self.find(tag).map_or(0, |e| e.count.saturating_mul(e.kind.size() as u64))
    }

    /// A tag's values as stored.
    pub(crate) fn bytes(&self, tag: u16) -> Result<Option<&'a [u8]>, DngError> {
        let Some(e) = self.find(tag) else { return Ok(None) };
        let size = e.count.saturating_mul(e.kind.size() as u64);
        self.file.slice(e.at, size, || format!("{}: {}", self.name, Tag(tag))).map(Some)
    }

    /// A tag's values.
    pub(crate) fn value(&self, tag: u16) -> Result<Option<Value>, DngError> {
        let Some(e) = self.find(tag) else { return Ok(None) };
        let Some(bytes) = self.bytes(tag)? else { return Ok(None) };
        Ok(Value::decode(e.kind, e.count as usize, bytes, self.file.endian))
    }

    /// A tag's values as numbers.
    pub(crate) fn f64s(&self, tag: u16) -> Result<Option<Vec<f64>>, DngError> {
        let Some(value) = self.value(tag)? else { return Ok(None) };
        value.f64s().map(Some).ok_or_else(|| self.bad(tag, "holds something that is not a finite number"))
    }

    /// A tag's values as whole numbers not below 0.
    pub(crate) fn u64s(&self, tag: u16) -> Result<Option<Vec<u64>>, DngError> {
        let Some(value) = self.value(tag)? else { return Ok(None) };
        value.u64s().map(Some).ok_or_else(|| self.bad(tag, "holds something that is not a whole number from 0"))
    }

    /// A tag's first value as a number.
    pub(crate) fn f64(&self, tag: u16) -> Result<Option<f64>, DngError> {
        let Some(value) = self.value(tag)? else { return Ok(None) };
        match value.f64_at(0).filter(|x| x.is_finite()) {
            Some(x) => Ok(Some(x)),
            None => Err(self.bad(tag, "holds no finite number")),
        }
    }

    /// A tag's first value as a whole number not below 0.
    pub(crate) fn u64(&self, tag: u16) -> Result<Option<u64>, DngError> {
        let Some(value) = self.value(tag)? else { return Ok(None) };
        match value.u64_at(0) {
            Some(x) => Ok(Some(x)),
            None => Err(self.bad(tag, "holds no whole number from 0")),
        }
    }

    /// Like [`u64`](Self::u64), for tags without which the picture cannot be read.
    pub(crate) fn need_u64(&self, tag: u16) -> Result<u64, DngError> {
        self.u64(tag)?.ok_or_else(|| DngError::MissingTag { ifd: self.name.clone(), tag: Tag(tag) })
    }

    /// Exactly `N` numbers.
    pub(crate) fn array<const N: usize>(&self, tag: u16) -> Result<Option<[f64; N]>, DngError> {
        let Some(all) = self.f64s(tag)? else { return Ok(None) };
        let count = all.len();
        all.try_into().map(Some).map_err(|_| self.bad(tag, format!("holds {count} values instead of {N}")))
    }

    /// A tag's text.
    pub(crate) fn text(&self, tag: u16) -> Result<Option<String>, DngError> {
        Ok(self.value(tag)?.and_then(|v| v.text()))
    }

    /// An error about a tag of this directory.
    pub(crate) fn bad(&self, tag: u16, reason: impl Into<String>) -> DngError {
        DngError::BadTag { ifd: self.name.clone(), tag: Tag(tag), reason: reason.into() }
    }

    fn find(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|e| e.tag == tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little-endian classic file of one directory.
    fn file(entries: &[(u16, u16, u32, u32)], next: u32) -> Vec<u8> {
        let e = Endian::Little;
        let mut out = b"II*\0\x08\0\0\0".to_vec();
        e.put_u16(&mut out, entries.len() as u16);
        for &(tag, kind, count, value) in entries {
            e.put_u16(&mut out, tag);
            e.put_u16(&mut out, kind);
            e.put_u32(&mut out, count);
            e.put_u32(&mut out, value);
        }
        e.put_u32(&mut out, next);
        out
    }

    #[test]
    fn a_loop_of_directories_ends() {
        let bytes = file(&[(tags::SUB_IFDS, 4, 1, 8)], 8);
        let (found, warnings) = Tiff::new(&bytes).unwrap().directories(&Limits::default()).unwrap();
        assert_eq!((found.len(), warnings.len()), (1, 2));
    }

    #[test]
    fn offsets_beyond_the_end_are_errors_that_name_the_tag() {
        let bytes = file(&[(tags::MAKE, 2, 100, 4_000_000_000), (tags::ORIENTATION, 3, 1, 6)], 0);
        let (found, _) = Tiff::new(&bytes).unwrap().directories(&Limits::default()).unwrap();
        assert_eq!(found[0].u64(tags::ORIENTATION).unwrap(), Some(6));
        let message = found[0].text(tags::MAKE).unwrap_err().to_string();
        assert!(message.starts_with("IFD 0: Make: needs bytes 4000000000 to 4000000100"), "{message}");
        assert!(found[0].text(tags::MODEL).unwrap().is_none());
    }

    #[test]
    fn other_files_are_refused_with_the_reason() {
        for (bytes, words) in [
            (&b""[..], "0 bytes"),
            (b"\xff\xd8\xff\xe0", "begin like a TIFF"),
            (b"MM\0\x2b\0\x07\0\0", "version is 43"),
            (b"II*\0\x08", "5 bytes"),
        ] {
            let message = Tiff::new(bytes).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
        let bytes = b"II*\0\xff\0\0\0".to_vec();
        assert!(matches!(
            Tiff::new(&bytes).unwrap().directories(&Limits::default()),
            Err(DngError::Truncated { offset: 255, .. })
        ));
    }
}
