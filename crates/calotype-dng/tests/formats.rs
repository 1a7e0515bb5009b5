//! Every way of storing samples gives the same picture.

mod tiny;

use calotype_dng::tiff::{Endian, Value, tags};
use calotype_dng::write::LosslessJpeg;
use calotype_dng::{Limits, RawImage, RawKind, read, read_info};
use calotype_image::{Cfa, Plane};
use tiny::{Raw, entry, long, noise, pack, short, tile};

/// The code of a stored sample between black 0 and `white`.
fn code(v: f64, white: f64) -> u16 {
    (8192.0 + v / white * 57343.0).round().clamp(0.0, 65535.0) as u16
}

fn planes(bytes: &[u8]) -> Vec<Plane<u16>> {
    let dng = read(bytes, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(dng.warnings, []);
    match dng.image {
        RawImage::Cfa { samples, .. } | RawImage::Mono { samples } => vec![samples],
        RawImage::Linear { planes } => planes.to_vec(),
    }
}

/// Reads a file and compares every sample, colours interleaved, with the stored ones.
fn check(bytes: &[u8], width: usize, samples: &[u16], white: f64, what: &str) {
    let planes = planes(bytes);
    let n = planes.len();
    assert_eq!(planes[0].width(), width, "{what}");
    assert_eq!(planes[0].height() * width * n, samples.len(), "{what}");
    for (i, &v) in samples.iter().enumerate() {
        let (x, y) = (i / n % width, i / n / width);
        let (found, expected) = (planes[i % n].get(x, y), code(f64::from(v), white));
        // A tie may be rounded either way.
        assert!(found.abs_diff(expected) <= 1, "{what}: sample {} at {x}, {y}: {found}, not {expected}", i % n);
    }
}

#[test]
fn packed_samples_in_strips_and_tiles_of_both_byte_orders() {
    let (w, h) = (13, 7);
    for bits in [8, 10, 12, 14, 16, 9] {
        let samples = noise(w * h, 1 << bits);
        let white = f64::from((1u32 << bits) - 1);
        for (endian, big) in
            [(Endian::Little, false), (Endian::Big, false), (Endian::Little, true), (Endian::Big, true)]
        {
            let packed = |part: &[u16], width: usize| {
                let mut out = Vec::new();
                match bits {
                    16 => part.iter().for_each(|&v| endian.put_u16(&mut out, v)),
                    _ => out = pack(part, width, bits),
                }
                out
            };
            let mut raw = Raw { endian, big, bits, ..Raw::new(w, h, &samples) };
            raw.chunks = vec![packed(&samples, w)];
            check(&raw.file(), w, &samples, white, &format!("{bits} bits, one strip, {endian:?}"));
            raw.tile = (0, 3);
            raw.chunks = samples.chunks(3 * w).map(|s| packed(s, w)).collect();
            check(&raw.file(), w, &samples, white, &format!("{bits} bits, strips, {endian:?}"));
            raw.tile = (5, 4);
            raw.chunks = [(0, 0), (5, 0), (10, 0), (0, 4), (5, 4), (10, 4)]
                .map(|at| packed(&tile(&samples, w, 1, at, (5, 4)), 5))
                .to_vec();
            check(&raw.file(), w, &samples, white, &format!("{bits} bits, tiles, {endian:?}, big {big}"));
        }
    }
}

#[test]
fn mirrored_bytes() {
    let samples = noise(6 * 4, 1 << 12);
    let mut raw = Raw { bits: 12, ..Raw::new(6, 4, &samples) }.with(short(tags::FILL_ORDER, 2));
    raw.chunks = vec![pack(&samples, 6, 12).iter().map(|b| b.reverse_bits()).collect()];
    check(&raw.file(), 6, &samples, 4095.0, "FillOrder 2");
}

#[test]
fn three_linear_colours_interleaved_and_in_planes() {
    let (w, h) = (5, 3);
    let samples = noise(3 * w * h, 65536);
    let raw = Raw::new(w, h, &samples);
    assert_eq!(read_info(&raw.file(), &Limits::default()).unwrap().kind, RawKind::Linear);
    check(&raw.file(), w, &samples, 65535.0, "interleaved");
    let mut raw = raw.with(short(tags::PLANAR_CONFIGURATION, 2));
    raw.tile = (0, 2);
    let plane = |c: usize| samples.iter().skip(c).step_by(3).copied().collect::<Vec<u16>>();
    raw.chunks = (0..3)
        .flat_map(|c| {
            plane(c).chunks(2 * w).map(|s| s.iter().flat_map(|v| v.to_le_bytes()).collect()).collect::<Vec<_>>()
        })
        .collect();
    check(&raw.file(), w, &samples, 65535.0, "planar");
}

#[test]
fn whole_numbers_of_32_bits() {
    let values = [0u32, 1 << 30, u32::MAX, 123_456_789];
    let mut raw = Raw { bits: 32, ..Raw::new(2, 2, &[0; 4]) };
    raw.chunks = vec![values.iter().flat_map(|v| v.to_le_bytes()).collect()];
    let found = planes(&raw.file()).remove(0).into_vec();
    let expected = values.map(|v| code(f64::from(v), f64::from(u32::MAX)));
    assert!(found.iter().zip(expected).all(|(f, e)| f.abs_diff(e) <= 1), "{found:?} {expected:?}");
}

#[test]
fn lossless_jpeg_of_all_shapes() {
    let (w, h) = (22, 11);
    let samples = noise(w * h, 1 << 14);
    let lossless = |raw: Raw| raw.with(short(tags::COMPRESSION, 7));
    for predictor in 1..=7 {
        // One component, two (the Bayer way), and rows of the tile run together or cut up.
        let shapes = [
            (8usize, 6usize, 1usize),
            (8, 6, 2),
            (16, 3, 2),
            (16, 3, 1),
            (4, 12, 1),
            (4, 12, 2),
            (24, 2, 3),
            (8, 6, 4),
        ];
        for (jpeg_w, jpeg_h, components) in shapes {
            let mut raw = Raw { bits: 14, tile: (8, 6), ..lossless(Raw::new(w, h, &samples)) };
            raw.chunks = (0..2)
                .flat_map(|ty| (0..3).map(move |tx| (tx * 8, ty * 6)))
                .map(|at| {
                    let mut encoder = LosslessJpeg::new(jpeg_w, jpeg_h).with_components(components);
                    encoder.predictor = predictor;
                    encoder.encode(&tile(&samples, w, 1, at, (8, 6))).unwrap()
                })
                .collect();
            let what = format!("predictor {predictor}, {jpeg_w}x{jpeg_h} of {components}");
            check(&raw.file(), w, &samples, 16383.0, &what);
        }
    }
    // Three colours per pixel, in strips, the last of them shorter.
    let samples = noise(3 * w * h, 65536);
    let mut raw = Raw { tile: (0, 4), ..lossless(Raw::new(w, h, &samples)) };
    raw.chunks = samples
        .chunks(4 * w * 3)
        .map(|s| LosslessJpeg::new(w * 3, s.len() / w / 3).with_components(3).encode(s).unwrap())
        .collect();
    check(&raw.file(), w, &samples, 65535.0, "three components");
}

fn zlib(data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn deflate_with_integer_predictors() {
    let (w, h) = (9, 5);
    for (code, distance) in [(1, 0), (2, 1), (34892, 2), (34893, 4)] {
        for per_pixel in [1, 3] {
            let samples = noise(w * h * per_pixel, 65536);
            for endian in [Endian::Little, Endian::Big] {
                let mut data = Vec::new();
                for row in samples.chunks(w * per_pixel) {
                    for (i, &v) in row.iter().enumerate() {
                        let step = distance * per_pixel;
                        let before = if step > 0 && i >= step { row[i - step] } else { 0 };
                        endian.put_u16(&mut data, v.wrapping_sub(before));
                    }
                }
                let compression = if code == 1 { 32946 } else { 8 };
                let mut raw = Raw { endian, ..Raw::new(w, h, &samples) }
                    .with(short(tags::COMPRESSION, compression))
                    .with(short(tags::PREDICTOR, code));
                raw.chunks = vec![zlib(&data)];
                check(&raw.file(), w, &samples, 65535.0, &format!("predictor {code}, {per_pixel} colours, {endian:?}"));
            }
        }
    }
}

/// The most significant bytes of a number that fits a smaller floating point type exactly.
fn float_bytes(v: f32, bits: usize) -> Vec<u8> {
    let sign = u32::from(v < 0.0);
    let exponent = v.abs().log2().floor() as i32;
    let fraction = v.abs() / (exponent as f32).exp2() - 1.0;
    match bits {
        16 => {
            let half = sign << 15 | ((exponent + 15) as u32) << 10 | (fraction * 1024.0) as u32;
            (half as u16).to_be_bytes().to_vec()
        }
        24 => {
            let word = sign << 23 | ((exponent + 64) as u32) << 16 | (fraction * 65536.0) as u32;
            word.to_be_bytes()[1..].to_vec()
        }
        _ => v.to_be_bytes().to_vec(),
    }
}

#[test]
fn floating_point_of_three_sizes_with_and_without_prediction() {
    let (w, h) = (6usize, 4usize);
    let values: Vec<f32> = (0..w * h).map(|i| (i as f32 + 1.0) / 32.0).collect();
    for bits in [16, 24, 32] {
        let size = bits / 8;
        for (predictor, distance) in [(0, 0), (1, 0), (3, 1), (34894, 2), (34895, 4)] {
            let endian = if predictor == 3 { Endian::Little } else { Endian::Big };
            let mut data = Vec::new();
            for row in values.chunks(w) {
                let numbers: Vec<Vec<u8>> = row.iter().map(|&v| float_bytes(v, bits)).collect();
                if distance == 0 {
                    data.extend(numbers.into_iter().flatten());
                    continue;
                }
                let mut sorted: Vec<u8> = (0..size).flat_map(|b| numbers.iter().map(move |n| n[b])).collect();
                for i in (distance..sorted.len()).rev() {
                    sorted[i] = sorted[i].wrapping_sub(sorted[i - distance]);
                }
                data.extend(sorted);
            }
            let mut raw = Raw { endian, bits, ..Raw::new(w, h, &vec![0; w * h]) }.with(short(tags::SAMPLE_FORMAT, 3));
            if predictor > 0 {
                raw = raw.with(short(tags::COMPRESSION, 8)).with(short(tags::PREDICTOR, predictor));
                data = zlib(&data);
            }
            raw.chunks = vec![data];
            let found = planes(&raw.file()).remove(0).into_vec();
            for (i, &v) in values.iter().enumerate() {
                let expected = code(f64::from(v), 1.0);
                assert!(
                    found[i].abs_diff(expected) <= 1,
                    "{bits} bits, predictor {predictor}: {} not {expected}",
                    found[i]
                );
            }
        }
    }
}

#[test]
fn baseline_jpeg_through_a_linearisation_table() {
    let (w, h) = (40usize, 24usize);
    let pixels: Vec<u8> = (0..h).flat_map(|y| (0..w).flat_map(move |x| [4 * x as u8 + 20, 8 * y as u8, 128])).collect();
    let mut jpeg = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut jpeg, 100);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_1_1);
    encoder.encode(&pixels, w as u16, h as u16, jpeg_encoder::ColorType::Rgb).unwrap();
    let table: Vec<u16> = (0..256u32).map(|v| (v * v) as u16).collect();
    let mut raw = Raw { bits: 8, tile: (48, 32), ..Raw::new(w, h, &vec![0; 3 * w * h]) }
        .with(short(tags::COMPRESSION, 34892))
        .with(entry(tags::LINEARIZATION_TABLE, Value::Short(table)))
        .with(long(tags::WHITE_LEVEL, &[65025; 3]));
    raw.chunks = vec![jpeg];
    let planes = planes(&raw.file());
    for (i, &v) in pixels.iter().enumerate() {
        let found = f64::from(planes[i % 3].get(i / 3 % w, i / 3 / w)) - 8192.0;
        let back = (found.max(0.0) / 57343.0).sqrt() * 255.0;
        assert!((back - f64::from(v)).abs() < 4.0, "sample {i}: {back}, not {v}: more than rounding in YCbCr");
    }
}

#[test]
fn jpeg_xl_tiles_with_interleaved_rows_and_columns() {
    use zune_core::bit_depth::BitDepth;
    use zune_core::colorspace::ColorSpace;
    use zune_core::options::EncoderOptions;
    let jxl = |samples: &[u16], w: usize, h: usize, space: ColorSpace| {
        let bytes: Vec<u8> = samples.iter().flat_map(|v| v.to_ne_bytes()).collect();
        let options = EncoderOptions::new(w, h, space, BitDepth::Sixteen);
        let mut out = Vec::new();
        zune_jpegxl::JxlSimpleEncoder::new(&bytes, options).encode(&mut out).unwrap();
        out
    };
    let (w, h) = (20usize, 10usize);
    let samples = noise(w * h, 65536);
    let xl = |raw: Raw| raw.with(short(tags::COMPRESSION, 52546));
    let mut raw = Raw { tile: (12, 10), ..xl(Raw::new(w, h, &samples)) };
    raw.chunks =
        [(0, 0), (12, 0)].map(|at| jxl(&tile(&samples, w, 1, at, (12, 10)), 12, 10, ColorSpace::Luma)).to_vec();
    check(&raw.file(), w, &samples, 65535.0, "JPEG XL mosaic");
    let raw = raw.with(short(tags::ROW_INTERLEAVE_FACTOR, 2)).with(short(tags::COLUMN_INTERLEAVE_FACTOR, 2));
    // The four colours of the cell lie in the four quarters of what is stored.
    let expected: Vec<u16> = (0..w * h)
        .map(|i| {
            let (x, y) = (i % w, i / w);
            samples[(y % 2 * h / 2 + y / 2) * w + x % 2 * w / 2 + x / 2]
        })
        .collect();
    check(&raw.file(), w, &expected, 65535.0, "JPEG XL with interleaving");
    let samples = noise(3 * w * h, 65536);
    let mut raw = Raw { tile: (w, h), ..xl(Raw::new(w, h, &samples)) };
    raw.chunks = vec![jxl(&samples, w, h, ColorSpace::RGB)];
    check(&raw.file(), w, &samples, 65535.0, "JPEG XL linear");
}

#[test]
fn the_largest_full_size_raw_picture_of_the_tree_is_read() {
    let samples = noise(8 * 6, 65536);
    let big = Raw::new(8, 6, &samples);
    let mut file = tiny::Tiny::new(Endian::Big, false);
    let (mut preview, mut small) = (Raw::new(10, 10, &[0; 300]), Raw::new(2, 2, &[1; 4]));
    preview.endian = Endian::Big;
    small.endian = Endian::Big;
    preview = preview.with(long(tags::NEW_SUBFILE_TYPE, &[1])).with(short(tags::PHOTOMETRIC_INTERPRETATION, 2));
    let mut raw = Raw { endian: Endian::Big, ..big };
    raw.chunks = vec![samples.iter().flat_map(|v| v.to_be_bytes()).collect()];
    let (a, b) = (small.entries(&mut file), raw.entries(&mut file));
    let (a, b) = (file.ifd(&a, 0), file.ifd(&b, 0));
    let main = preview.with(long(tags::SUB_IFDS, &[a as u32, b as u32]));
    let main = main.entries(&mut file);
    let first = file.ifd(&main, 0);
    check(&file.finish(first), 8, &samples, 65535.0, "second SubIFD");
}

#[test]
fn all_orders_of_the_mosaic_from_an_odd_active_area() {
    let (w, h) = (9usize, 8usize);
    let samples = noise(w * h, 65536);
    for (pattern, cfa) in
        [([0, 1, 1, 2], Cfa::RGGB), ([2, 1, 1, 0], Cfa::BGGR), ([1, 0, 2, 1], Cfa::GRBG), ([1, 2, 0, 1], Cfa::GBRG)]
    {
        let raw = Raw::new(w, h, &samples)
            .with(entry(tags::CFA_PATTERN, Value::Byte(pattern.to_vec())))
            .with(long(tags::ACTIVE_AREA, &[3, 1, 8, 8]))
            .with(long(tags::DEFAULT_CROP_ORIGIN, &[1, 2]))
            .with(long(tags::DEFAULT_CROP_SIZE, &[4, 3]));
        let dng = read(&raw.file(), &Limits::default()).unwrap();
        let RawImage::Cfa { samples: found, cfa: found_cfa } = dng.image else { panic!("no mosaic") };
        // The pattern counts from the active area's corner (DNG 1.7.1, CFAPattern).
        assert_eq!(found_cfa, cfa);
        assert_eq!((found.width(), found.height()), (7, 5));
        assert_eq!(found.get(0, 0), code(f64::from(samples[3 * w + 1]), 65535.0));
        assert_eq!(found.get(6, 4), code(f64::from(samples[7 * w + 7]), 65535.0));
        let crop = dng.info.default_crop;
        assert_eq!((crop.x, crop.y, crop.width, crop.height), (1, 2, 4, 3));
    }
}
