//! Files that people hand over by mistake, known by how they begin.

/// What a file is that is no DNG, where its first bytes tell: "a JPEG picture".
pub fn name(bytes: &[u8]) -> Option<&'static str> {
    let brand = bytes.get(4..8).filter(|b| *b == b"ftyp").and_then(|_| bytes.get(8..12));
    if let Some(brand) = brand {
        return Some(match brand {
            b"crx " => "a Canon CR3 raw",
            b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1" => "a HEIC picture",
            b"avif" | b"avis" => "an AVIF picture",
            _ => "a video or another MP4-like file",
        });
    }
    let beginnings: [(&[u8], &str); 21] = [
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"\x89PNG", "a PNG picture"),
        (b"GIF8", "a GIF picture"),
        (b"BM", "a BMP picture"),
        (b"\xff\x0a", "a JPEG XL picture"),
        (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
        (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
        (b"8BPS", "a Photoshop document"),
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"<?xm", "an XML file, such as a sidecar"),
        (b"<x:x", "an XMP sidecar"),
        (b"{", "a JSON or another text file"),
        (b"RIFF", "a WebP picture or a sound"),
        (b"FOVb", "a Foveon raw (X3F)"),
        (b"FUJIFILMCCD-RAW", "a Fujifilm raw (RAF)"),
        (b"IIRO", "an Olympus raw (ORF)"),
        (b"IIRS", "an Olympus raw (ORF)"),
        (b"IIU\0", "a Panasonic raw (RW2)"),
        (b"\0MRM", "a Minolta raw (MRW)"),
    ];
    beginnings.into_iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, name)| name)
}

/// True for what one would develop, had the file not been damaged or its kind not been unknown.
pub fn is_raw(name: &str) -> bool {
    name.contains(" raw")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_tell() {
        assert_eq!(name(b"\xff\xd8\xff\xe1...."), Some("a JPEG picture"));
        assert_eq!(name(b"\0\0\0\x18ftypheic...."), Some("a HEIC picture"));
        assert_eq!(name(b"\0\0\0\x18ftyp"), None);
        assert_eq!(name(b"FOVb").map(is_raw), Some(true));
        assert_eq!(name(b"II*\0"), None);
        assert_eq!(name(b""), None);
    }
}
