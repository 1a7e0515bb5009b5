//! TIFF directories, little-endian: the carrier of EXIF and of 16-bit TIFF files (TIFF 6.0, section 2).

use std::collections::BTreeMap;

/// The value of a directory entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// BYTE, type 1.
    Byte(Vec<u8>),
    /// ASCII, type 2; the closing zero is added, zeros inside are dropped.
    Ascii(String),
    /// SHORT, type 3.
    Short(Vec<u16>),
    /// LONG, type 4.
    Long(Vec<u32>),
    /// RATIONAL, type 5: numerators and denominators.
    Rational(Vec<(u32, u32)>),
    /// UNDEFINED, type 7.
    Undefined(Vec<u8>),
    /// SRATIONAL, type 10.
    SRational(Vec<(i32, i32)>),
    /// Any other type by its number, with its count and its bytes in little-endian order.
    Other {
        /// The TIFF type number.
        kind: u16,
        /// Number of values.
        count: u32,
        /// The values.
        bytes: Vec<u8>,
    },
}

impl Value {
    /// Type number, count, and bytes in little-endian order.
    fn encode(&self) -> (u16, u32, Vec<u8>) {
        let le32 = |v: &[u32]| v.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        match self {
            Self::Byte(v) => (1, v.len() as u32, v.clone()),
            Self::Ascii(v) => {
                let mut bytes: Vec<u8> = v.bytes().filter(|&b| b != 0).collect();
                bytes.push(0);
                (2, bytes.len() as u32, bytes)
            }
            Self::Short(v) => (3, v.len() as u32, v.iter().flat_map(|v| v.to_le_bytes()).collect()),
            Self::Long(v) => (4, v.len() as u32, le32(v)),
            Self::Rational(v) => (5, v.len() as u32, v.iter().flat_map(|&(n, d)| le32(&[n, d])).collect()),
            Self::Undefined(v) => (7, v.len() as u32, v.clone()),
            Self::SRational(v) => {
                (10, v.len() as u32, v.iter().flat_map(|&(n, d)| le32(&[n as u32, d as u32])).collect())
            }
            Self::Other { kind, count, bytes } => (*kind, *count, bytes.clone()),
        }
    }

    fn is_empty(&self) -> bool {
        self.encode().1 == 0
    }

    /// Bytes outside the directory's table.
    fn outside(&self) -> usize {
        let size = self.encode().2.len();
        if size > 4 { size.next_multiple_of(2) } else { 0 }
    }
}

impl From<u16> for Value {
    fn from(v: u16) -> Self {
        Self::Short(vec![v])
    }
}

impl From<u32> for Value {
    fn from(v: u32) -> Self {
        Self::Long(vec![v])
    }
}

impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Self::Ascii(v.to_owned())
    }
}

/// One directory: values by tag, in the order TIFF asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ifd {
    entries: BTreeMap<u16, Value>,
}

impl Ifd {
    /// An empty directory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a tag, replacing an earlier value. A value without samples is left out.
    pub fn set(&mut self, tag: u16, value: impl Into<Value>) {
        let value = value.into();
        if !value.is_empty() {
            self.entries.insert(tag, value);
        }
    }

    /// The value of a tag.
    pub fn get(&self, tag: u16) -> Option<&Value> {
        self.entries.get(&tag)
    }

    /// True where there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes that [`Ifd::write`] appends. Values that are set later in place of others of the same size keep it.
    pub fn size(&self) -> usize {
        2 + 12 * self.entries.len() + 4 + self.entries.values().map(Value::outside).sum::<usize>()
    }

    /// Appends the directory, which begins at `offset` of its file, and the values outside its table.
    pub fn write(&self, offset: u32, out: &mut Vec<u8>) {
        let mut data_at = offset + (2 + 12 * self.entries.len() + 4) as u32;
        let mut data = Vec::new();
        out.extend((self.entries.len() as u16).to_le_bytes());
        for (tag, value) in &self.entries {
            let (kind, count, mut bytes) = value.encode();
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(count.to_le_bytes());
            if bytes.len() <= 4 {
                bytes.resize(4, 0);
                out.extend(bytes);
            } else {
                out.extend(data_at.to_le_bytes());
                bytes.resize(bytes.len().next_multiple_of(2), 0);
                data_at += bytes.len() as u32;
                data.extend(bytes);
            }
        }
        out.extend(0u32.to_le_bytes()); // no further directory
        out.extend(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_laid_out_as_tiff_asks() {
        let mut ifd = Ifd::new();
        ifd.set(0x0110, "Camera");
        ifd.set(0x0100, 7u16);
        ifd.set(0x010E, Value::Byte(vec![]));
        let mut out = Vec::new();
        ifd.write(8, &mut out);
        assert_eq!(out.len(), ifd.size());
        assert_eq!(&out[..2], [2, 0]);
        assert_eq!(&out[2..14], [0, 1, 3, 0, 1, 0, 0, 0, 7, 0, 0, 0]);
        assert_eq!(&out[14..26], [0x10, 1, 2, 0, 7, 0, 0, 0, 8 + 30, 0, 0, 0]);
        assert_eq!(&out[30..], b"Camera\0\0");
    }
}
