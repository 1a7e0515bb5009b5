//! Text files of other programs: ASCII, UTF-8, UTF-16 with or without a byte order mark.

/// The text of such a file; bytes that are no text are replaced.
pub(crate) fn decode(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|p| unit([p[0], p[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        // a file of plain letters in UTF-16 without its mark has every second byte 0
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => wide(bytes, u16::from_le_bytes),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => wide(bytes, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn encodings_are_told_apart() {
        let le: Vec<u8> = "VERS 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "VERS 1".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [le.clone(), be.clone(), [&[0xff, 0xfe], &le[..]].concat(), [&[0xfe, 0xff], &be[..]].concat()] {
            assert_eq!(decode(&bytes), "VERS 1");
        }
        assert_eq!(decode(b"VERS 1"), "VERS 1");
        assert_eq!(decode(&[]), "");
    }
}
