//! Byte order.

/// The order of bytes in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    /// Least significant byte first ("II").
    Little,
    /// Most significant byte first ("MM").
    Big,
}

macro_rules! conversions {
    ($($get:ident $put:ident $type:ty;)*) => {
        $(
            #[doc = concat!("The `", stringify!($type), "` at `offset`; `None` beyond the end.")]
            #[inline]
            pub fn $get(self, bytes: &[u8], offset: usize) -> Option<$type> {
                let end = offset.checked_add(size_of::<$type>())?;
                let array = bytes.get(offset..end)?.try_into().ok()?;
                Some(match self {
                    Self::Little => <$type>::from_le_bytes(array),
                    Self::Big => <$type>::from_be_bytes(array),
                })
            }

            #[doc = concat!("Appends a `", stringify!($type), "`.")]
            #[inline]
            pub fn $put(self, out: &mut Vec<u8>, value: $type) {
                match self {
                    Self::Little => out.extend_from_slice(&value.to_le_bytes()),
                    Self::Big => out.extend_from_slice(&value.to_be_bytes()),
                }
            }
        )*
    };
}

impl Endian {
    conversions! {
        u16 put_u16 u16;
        u32 put_u32 u32;
        u64 put_u64 u64;
        i16 put_i16 i16;
        i32 put_i32 i32;
        i64 put_i64 i64;
        f32 put_f32 f32;
        f64 put_f64 f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_read_what_they_wrote() {
        for endian in [Endian::Little, Endian::Big] {
            let mut out = Vec::new();
            endian.put_u16(&mut out, 0x1234);
            endian.put_f64(&mut out, -0.1);
            endian.put_i32(&mut out, -7);
            assert_eq!(endian.u16(&out, 0), Some(0x1234));
            assert_eq!(endian.f64(&out, 2), Some(-0.1));
            assert_eq!(endian.i32(&out, 10), Some(-7));
            assert_eq!(endian.i32(&out, 11), None);
            assert_eq!(endian.u64(&out, usize::MAX), None);
        }
        let mut out = Vec::new();
        Endian::Big.put_u16(&mut out, 0x1234);
        assert_eq!(out, [0x12, 0x34]);
    }
}
