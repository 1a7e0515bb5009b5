//! Values of tags.

use super::Endian;

/// How a tag's values are stored (TIFF 6.0, page 15, and BigTIFF).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum FieldType {
    /// 8-bit unsigned.
    Byte = 1,
    /// Text ending in a zero byte.
    Ascii = 2,
    /// 16-bit unsigned.
    Short = 3,
    /// 32-bit unsigned.
    Long = 4,
    /// Numerator and denominator, 32-bit unsigned.
    Rational = 5,
    /// 8-bit signed.
    SByte = 6,
    /// Bytes of any meaning.
    Undefined = 7,
    /// 16-bit signed.
    SShort = 8,
    /// 32-bit signed.
    SLong = 9,
    /// Numerator and denominator, 32-bit signed.
    SRational = 10,
    /// IEEE single.
    Float = 11,
    /// IEEE double.
    Double = 12,
    /// 32-bit offset of a directory.
    Ifd = 13,
    /// 64-bit unsigned (BigTIFF).
    Long8 = 16,
    /// 64-bit signed (BigTIFF).
    SLong8 = 17,
    /// 64-bit offset of a directory (BigTIFF).
    Ifd8 = 18,
}

impl FieldType {
    /// The type of a code in a file; `None` for codes that no standard defines.
    pub fn from_code(code: u16) -> Option<Self> {
        use FieldType::*;
        [
            Byte, Ascii, Short, Long, Rational, SByte, Undefined, SShort, SLong, SRational, Float, Double, Ifd, Long8,
            SLong8, Ifd8,
        ]
        .into_iter()
        .find(|t| *t as u16 == code)
    }

    /// The code in a file.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// Bytes of one value.
    pub fn size(self) -> usize {
        use FieldType::*;
        match self {
            Byte | Ascii | SByte | Undefined => 1,
            Short | SShort => 2,
            Long | SLong | Float | Ifd => 4,
            Rational | SRational | Double | Long8 | SLong8 | Ifd8 => 8,
        }
    }
}

/// All values of one tag.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// 8-bit unsigned.
    Byte(Vec<u8>),
    /// Text, without the zero byte that ends it; bytes that are not UTF-8 are taken for Latin-1.
    Ascii(String),
    /// 16-bit unsigned.
    Short(Vec<u16>),
    /// 32-bit unsigned, offsets of directories included.
    Long(Vec<u32>),
    /// Numerators and denominators.
    Rational(Vec<[u32; 2]>),
    /// 8-bit signed.
    SByte(Vec<i8>),
    /// Bytes of any meaning.
    Undefined(Vec<u8>),
    /// 16-bit signed.
    SShort(Vec<i16>),
    /// 32-bit signed.
    SLong(Vec<i32>),
    /// Numerators and denominators, signed.
    SRational(Vec<[i32; 2]>),
    /// IEEE single.
    Float(Vec<f32>),
    /// IEEE double.
    Double(Vec<f64>),
    /// 64-bit unsigned, offsets of directories included (BigTIFF).
    Long8(Vec<u64>),
    /// 64-bit signed (BigTIFF).
    SLong8(Vec<i64>),
}

/// One tag of a directory with its values.
#[derive(Clone, Debug, PartialEq)]
pub struct IfdEntry {
    /// Its number: see [`tags`](super::tags).
    pub tag: u16,
    /// Its values.
    pub value: Value,
}

impl IfdEntry {
    /// A tag with its values.
    pub fn new(tag: u16, value: Value) -> Self {
        Self { tag, value }
    }
}

impl Value {
    /// Decodes `count` values stored at the start of `bytes`; `None` where there are too few bytes.
    pub fn decode(kind: FieldType, count: usize, bytes: &[u8], endian: Endian) -> Option<Self> {
        use FieldType as T;
        let bytes = bytes.get(..count.checked_mul(kind.size())?)?;
        macro_rules! each {
            ($get:ident, $size:literal) => {
                bytes.chunks_exact($size).filter_map(|b| endian.$get(b, 0)).collect()
            };
        }
        Some(match kind {
            T::Byte => Self::Byte(bytes.to_vec()),
            T::Ascii => Self::Ascii(text(bytes)),
            T::Short => Self::Short(each!(u16, 2)),
            T::Long | T::Ifd => Self::Long(each!(u32, 4)),
            T::Rational => Self::Rational(
                bytes.chunks_exact(8).filter_map(|b| Some([endian.u32(b, 0)?, endian.u32(b, 4)?])).collect(),
            ),
            T::SByte => Self::SByte(bytes.iter().map(|&b| b as i8).collect()),
            T::Undefined => Self::Undefined(bytes.to_vec()),
            T::SShort => Self::SShort(each!(i16, 2)),
            T::SLong => Self::SLong(each!(i32, 4)),
            T::SRational => Self::SRational(
                bytes.chunks_exact(8).filter_map(|b| Some([endian.i32(b, 0)?, endian.i32(b, 4)?])).collect(),
            ),
            T::Float => Self::Float(each!(f32, 4)),
            T::Double => Self::Double(each!(f64, 8)),
            T::Long8 | T::Ifd8 => Self::Long8(each!(u64, 8)),
            T::SLong8 => Self::SLong8(each!(i64, 8)),
        })
    }

    /// The type under which the values are stored.
    pub fn field_type(&self) -> FieldType {
        match self {
            Self::Byte(_) => FieldType::Byte,
            Self::Ascii(_) => FieldType::Ascii,
            Self::Short(_) => FieldType::Short,
            Self::Long(_) => FieldType::Long,
            Self::Rational(_) => FieldType::Rational,
            Self::SByte(_) => FieldType::SByte,
            Self::Undefined(_) => FieldType::Undefined,
            Self::SShort(_) => FieldType::SShort,
            Self::SLong(_) => FieldType::SLong,
            Self::SRational(_) => FieldType::SRational,
            Self::Float(_) => FieldType::Float,
            Self::Double(_) => FieldType::Double,
            Self::Long8(_) => FieldType::Long8,
            Self::SLong8(_) => FieldType::SLong8,
        }
    }

    /// Number of values as the file counts them; for text, bytes with the final zero.
    pub fn count(&self) -> usize {
        match self {
            Self::Byte(v) | Self::Undefined(v) => v.len(),
            Self::Ascii(v) => v.len() + 1,
            Self::Short(v) => v.len(),
            Self::Long(v) => v.len(),
            Self::Rational(v) => v.len(),
            Self::SByte(v) => v.len(),
            Self::SShort(v) => v.len(),
            Self::SLong(v) => v.len(),
            Self::SRational(v) => v.len(),
            Self::Float(v) => v.len(),
            Self::Double(v) => v.len(),
            Self::Long8(v) => v.len(),
            Self::SLong8(v) => v.len(),
        }
    }

    /// Appends the values as a file stores them; text gets its final zero.
    pub fn encode(&self, endian: Endian, out: &mut Vec<u8>) {
        match self {
            Self::Byte(v) | Self::Undefined(v) => out.extend_from_slice(v),
            Self::Ascii(v) => {
                out.extend_from_slice(v.as_bytes());
                out.push(0);
            }
            Self::Short(v) => v.iter().for_each(|&x| endian.put_u16(out, x)),
            Self::Long(v) => v.iter().for_each(|&x| endian.put_u32(out, x)),
            Self::Rational(v) => v.iter().flatten().for_each(|&x| endian.put_u32(out, x)),
            Self::SByte(v) => out.extend(v.iter().map(|&x| x as u8)),
            Self::SShort(v) => v.iter().for_each(|&x| endian.put_i16(out, x)),
            Self::SLong(v) => v.iter().for_each(|&x| endian.put_i32(out, x)),
            Self::SRational(v) => v.iter().flatten().for_each(|&x| endian.put_i32(out, x)),
            Self::Float(v) => v.iter().for_each(|&x| endian.put_f32(out, x)),
            Self::Double(v) => v.iter().for_each(|&x| endian.put_f64(out, x)),
            Self::Long8(v) => v.iter().for_each(|&x| endian.put_u64(out, x)),
            Self::SLong8(v) => v.iter().for_each(|&x| endian.put_i64(out, x)),
        }
    }

    /// Value `i` as a number; `None` beyond the end, for text, and for a fraction with the denominator 0.
    pub fn f64_at(&self, i: usize) -> Option<f64> {
        fn fraction(n: f64, d: f64) -> Option<f64> {
            (d != 0.0).then(|| n / d)
        }
        match self {
            Self::Byte(v) | Self::Undefined(v) => v.get(i).map(|&x| f64::from(x)),
            Self::Ascii(_) => None,
            Self::Short(v) => v.get(i).map(|&x| f64::from(x)),
            Self::Long(v) => v.get(i).map(|&x| f64::from(x)),
            Self::Rational(v) => v.get(i).and_then(|&[n, d]| fraction(f64::from(n), f64::from(d))),
            Self::SByte(v) => v.get(i).map(|&x| f64::from(x)),
            Self::SShort(v) => v.get(i).map(|&x| f64::from(x)),
            Self::SLong(v) => v.get(i).map(|&x| f64::from(x)),
            Self::SRational(v) => v.get(i).and_then(|&[n, d]| fraction(f64::from(n), f64::from(d))),
            Self::Float(v) => v.get(i).map(|&x| f64::from(x)),
            Self::Double(v) => v.get(i).copied(),
            Self::Long8(v) => v.get(i).map(|&x| x as f64),
            Self::SLong8(v) => v.get(i).map(|&x| x as f64),
        }
    }

    /// All values as numbers; `None` where one is not a finite number, or for text.
    pub fn f64s(&self) -> Option<Vec<f64>> {
        if matches!(self, Self::Ascii(_)) {
            return None;
        }
        (0..self.count()).map(|i| self.f64_at(i).filter(|x| x.is_finite())).collect()
    }

    /// Value `i` as a whole number not below 0; `None` for anything else.
    pub fn u64_at(&self, i: usize) -> Option<u64> {
        match self {
            Self::Long8(v) => v.get(i).copied(),
            Self::SLong8(v) => v.get(i).and_then(|&x| u64::try_from(x).ok()),
            _ => self.f64_at(i).filter(|&x| x >= 0.0 && x.fract() == 0.0 && x < 9e15).map(|x| x as u64),
        }
    }

    /// All values as whole numbers not below 0; `None` where one is something else.
    pub fn u64s(&self) -> Option<Vec<u64>> {
        (0..self.count()).map(|i| self.u64_at(i)).collect()
    }

    /// The text, up to the first zero and without blanks around it; bytes are accepted as text.
    pub fn text(&self) -> Option<String> {
        let all = match self {
            Self::Ascii(s) => s.clone(),
            Self::Byte(v) | Self::Undefined(v) => text(v),
            _ => return None,
        };
        Some(all.split('\0').next().unwrap_or("").trim().to_owned())
    }

    /// The bytes of a byte-wise value.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Byte(v) | Self::Undefined(v) => Some(v),
            Self::Ascii(s) => Some(s.as_bytes()),
            _ => None,
        }
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|&b| b != 0).map_or(0, |i| i + 1);
    match std::str::from_utf8(&bytes[..end]) {
        Ok(s) => s.to_owned(),
        Err(_) => bytes[..end].iter().map(|&b| char::from(b)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_survives_encoding() {
        let values = [
            Value::Byte(vec![0, 255]),
            Value::Ascii("a\0b".into()),
            Value::Short(vec![1, 65535]),
            Value::Long(vec![1 << 31]),
            Value::Rational(vec![[1, 3], [4, 0]]),
            Value::SByte(vec![-128, 127]),
            Value::Undefined(vec![1, 2, 3]),
            Value::SShort(vec![-3]),
            Value::SLong(vec![i32::MIN]),
            Value::SRational(vec![[-1, 7]]),
            Value::Float(vec![1.5]),
            Value::Double(vec![-2.25, 1e300]),
            Value::Long8(vec![u64::MAX]),
            Value::SLong8(vec![-1]),
        ];
        for value in values {
            for endian in [Endian::Little, Endian::Big] {
                let mut out = Vec::new();
                value.encode(endian, &mut out);
                assert_eq!(out.len(), value.count() * value.field_type().size());
                assert_eq!(FieldType::from_code(value.field_type().code()), Some(value.field_type()));
                let back = Value::decode(value.field_type(), value.count(), &out, endian);
                assert_eq!(back.as_ref(), Some(&value));
                assert_eq!(Value::decode(value.field_type(), value.count() + 1, &out, endian), None);
            }
        }
    }

    #[test]
    fn numbers_are_read_through_any_type() {
        assert_eq!(Value::SRational(vec![[-1, 4]]).f64_at(0), Some(-0.25));
        assert_eq!(Value::Rational(vec![[1, 0]]).f64_at(0), None);
        assert_eq!(Value::Rational(vec![[8, 2]]).u64_at(0), Some(4));
        assert_eq!(Value::SShort(vec![-1]).u64_at(0), None);
        assert_eq!(Value::Float(vec![f32::NAN]).f64s(), None);
        assert_eq!(Value::decode(FieldType::Ascii, 3, b"\xe9t\0", Endian::Big).unwrap().text().unwrap(), "ét");
    }
}
