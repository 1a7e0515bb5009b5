//! Damaged files give errors or pictures, never a panic, and never take long or much.

mod tiny;

use calotype_dng::tiff::{Endian, Value, tags};
use calotype_dng::write::LosslessJpeg;
use calotype_dng::{DngError, Limits, read, read_info};
use tiny::{Raw, Tiny, entry, long, noise, short};

/// One file of every kind of compression, with tables and lists.
fn victims() -> Vec<(&'static str, Vec<u8>)> {
    let (w, h) = (16usize, 12usize);
    let samples = noise(w * h, 4096);
    let zlib = |data: &[u8]| {
        use std::io::Write;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    };
    let plain = Raw::new(w, h, &samples)
        .with(entry(tags::LINEARIZATION_TABLE, Value::Short((0..4096).collect())))
        .with(entry(tags::BLACK_LEVEL_DELTA_V, Value::SRational(vec![[1, 2]; h])))
        .with(entry(tags::NOISE_PROFILE, Value::Double(vec![1e-4, 1e-6])))
        .with(entry(tags::PROFILE_HUE_SAT_MAP_DIMS, Value::Long(vec![2, 2, 1])))
        .with(entry(tags::PROFILE_HUE_SAT_MAP_DATA_1, Value::Float(vec![1.0; 12])))
        .with(entry(tags::COLOR_MATRIX_1, Value::SRational(vec![[1, 2]; 9])));
    let mut lossless = plain.clone().with(short(tags::COMPRESSION, 7));
    lossless.chunks = vec![LosslessJpeg::new(w, h).with_components(2).encode(&samples).unwrap()];
    let mut deflate = plain.clone().with(short(tags::COMPRESSION, 8)).with(short(tags::PREDICTOR, 2));
    deflate.chunks = vec![zlib(&plain.chunks[0])];
    let mut lossy = Raw { bits: 8, ..Raw::new(w, h, &vec![0; 3 * w * h]) }.with(short(tags::COMPRESSION, 34892));
    let mut jpeg = Vec::new();
    let pixels: Vec<u8> = noise(3 * w * h, 256).iter().map(|&v| v as u8).collect();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 80);
    encoder.encode(&pixels, w as u16, h as u16, jpeg_encoder::ColorType::Rgb).unwrap();
    lossy.chunks = vec![jpeg];
    let mut xl = Raw::new(w, h, &samples).with(short(tags::COMPRESSION, 52546));
    let bytes: Vec<u8> = samples.iter().flat_map(|v| v.to_ne_bytes()).collect();
    let options = zune_core::options::EncoderOptions::new(
        w,
        h,
        zune_core::colorspace::ColorSpace::Luma,
        zune_core::bit_depth::BitDepth::Sixteen,
    );
    let mut jxl = Vec::new();
    zune_jpegxl::JxlSimpleEncoder::new(&bytes, options).encode(&mut jxl).unwrap();
    xl.chunks = vec![jxl];
    let big = Raw { big: true, endian: Endian::Big, ..plain.clone() };
    vec![
        ("plain", plain.file()),
        ("BigTIFF", big.file()),
        ("lossless JPEG", lossless.file()),
        ("deflate", deflate.file()),
        ("lossy JPEG", lossy.file()),
        ("JPEG XL", xl.file()),
    ]
}

#[test]
fn the_victims_are_whole() {
    for (name, bytes) in victims() {
        let dng = read(&bytes, &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(dng.warnings, [], "{name}");
    }
}

#[test]
fn cut_files_are_refused_or_read_in_part() {
    for (name, bytes) in victims() {
        for i in 0..50 {
            let cut = &bytes[..bytes.len() * i / 50];
            // The directory stands behind the pixels, so that every cut goes through it or before.
            assert!(read(cut, &Limits::default()).is_err(), "{name} cut at {i}/50");
            let _ = read_info(cut, &Limits::default());
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for (_, bytes) in victims() {
        let places = noise(if cfg!(debug_assertions) { 800 } else { 4000 }, 65536);
        for (i, place) in places.iter().enumerate() {
            let mut damaged = bytes.clone();
            let at = usize::from(*place) * bytes.len() / 65536;
            damaged[at] = match i % 3 {
                0 => damaged[at] ^ 1 << (i % 8),
                1 => 0xff,
                _ => damaged[at].wrapping_add(i as u8),
            };
            let mut limits = Limits::default();
            limits.max_alloc = 64 << 20;
            limits.max_pixels = 1 << 22;
            let _ = read(&damaged, &limits);
        }
    }
}

#[test]
fn a_chain_of_directories_is_followed_to_the_limit_only() {
    let raw = Raw::new(2, 2, &[0; 4]);
    let mut file = Tiny::new(raw.endian, false);
    let mut next = 0;
    for _ in 0..1000 {
        next = file.ifd(&[short(tags::ORIENTATION, 1)], next);
    }
    let entries = raw.entries(&mut file);
    let first = file.ifd(&entries, next);
    assert!(matches!(read(&file.finish(first), &Limits::default()), Err(DngError::Limit { .. })));
}

#[test]
fn tiles_that_share_their_bytes_are_refused() {
    let samples = noise(64 * 64, 4096);
    let mut raw = Raw { tile: (1, 1), ..Raw::new(64, 64, &samples) }.with(short(tags::COMPRESSION, 7));
    raw.chunks = vec![vec![0xff; 4000]];
    let mut file = Tiny::new(raw.endian, false);
    let at = file.blob(&raw.chunks[0]) as u32;
    let mut entries = raw.entries(&mut file);
    entries.retain(|e| !matches!(e.tag, tags::TILE_OFFSETS | tags::TILE_BYTE_COUNTS));
    entries.push(long(tags::TILE_OFFSETS, &vec![at; 4096]));
    entries.push(long(tags::TILE_BYTE_COUNTS, &vec![4000; 4096]));
    let first = file.ifd(&entries, 0);
    let message = read(&file.finish(first), &Limits::default()).unwrap_err().to_string();
    assert!(message.contains("they overlap"), "{message}");
}

#[test]
fn errors_name_the_tile_and_its_offset() {
    let samples = noise(16 * 8, 4096);
    let mut raw = Raw { tile: (16, 4), ..Raw::new(16, 8, &samples) }.with(short(tags::COMPRESSION, 7));
    let mut good = LosslessJpeg::new(16, 4).encode(&samples[..64]).unwrap();
    let bad = good[..good.len() - 50].to_vec();
    good.push(0);
    raw.chunks = vec![good, bad];
    let message = read(&raw.file(), &Limits::default()).unwrap_err().to_string();
    assert!(message.starts_with("IFD 0, tile 1 at offset "), "{message}");
    assert!(message.contains("row 1 of 4") || message.contains("row 2 of 4"), "{message}");
}
