//! What a file says is what is read.

mod tiny;

use calotype_color::AsShot;
use calotype_dng::tiff::{Endian, IfdEntry, Value, tags};
use calotype_dng::{DngError, DngInfo, Limits, RawKind, read, read_info};
use calotype_image::Orientation;
use tiny::{Raw, Tiny, entry, long, short};

fn base() -> Raw {
    Raw::new(4, 2, &[7; 8])
}

fn info(raw: &Raw) -> DngInfo {
    read_info(&raw.file(), &Limits::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn rationals(tag: u16, values: &[f64]) -> IfdEntry {
    entry(tag, Value::SRational(values.iter().map(|v| [(v * 1e4).round() as i32, 10_000]).collect()))
}

fn ascii(tag: u16, text: &str) -> IfdEntry {
    entry(tag, Value::Ascii(text.into()))
}

#[test]
fn calibration_of_three_illuminants_one_of_them_described() {
    let matrix = |d: f64| [d, 0.1, 0.2, 0.3, d, 0.4, 0.5, 0.6, d];
    let mut xy = Vec::new();
    let endian = Endian::Little;
    endian.put_u16(&mut xy, 0);
    for v in [4476u32, 10_000, 4074, 10_000] {
        endian.put_u32(&mut xy, v);
    }
    let raw = base()
        .with(rationals(tags::COLOR_MATRIX_1, &matrix(1.0)))
        .with(rationals(tags::COLOR_MATRIX_2, &matrix(2.0)))
        .with(rationals(tags::COLOR_MATRIX_3, &matrix(3.0)))
        .with(rationals(tags::FORWARD_MATRIX_2, &matrix(4.0)))
        .with(rationals(tags::CAMERA_CALIBRATION_1, &matrix(5.0)))
        .with(short(tags::CALIBRATION_ILLUMINANT_1, 17))
        .with(short(tags::CALIBRATION_ILLUMINANT_2, 21))
        .with(short(tags::CALIBRATION_ILLUMINANT_3, 255))
        .with(entry(tags::ILLUMINANT_DATA_3, Value::Undefined(xy)))
        .with(rationals(tags::AS_SHOT_NEUTRAL, &[0.5, 1.0, 0.6]))
        .with(rationals(tags::ANALOG_BALANCE, &[1.0, 1.0, 1.1]))
        .with(rationals(tags::BASELINE_EXPOSURE, &[0.5]))
        .with(rationals(tags::BASELINE_EXPOSURE_OFFSET, &[-0.25]));
    let c = info(&raw).calibration;
    let kelvin: Vec<f64> = c.illuminants.iter().map(|i| i.kelvin.round()).collect();
    assert_eq!(kelvin[..2], [2850.0, 6500.0]);
    assert!((kelvin[2] - 2856.0).abs() < 6.0, "{kelvin:?}");
    assert_eq!(c.illuminants[1].color_matrix, [[2.0, 0.1, 0.2], [0.3, 2.0, 0.4], [0.5, 0.6, 2.0]]);
    assert!(c.illuminants[0].forward_matrix.is_none());
    assert_eq!(c.illuminants[1].forward_matrix.unwrap()[1][1], 4.0);
    assert_eq!(c.illuminants[0].camera_calibration.unwrap()[2][2], 5.0);
    assert_eq!(c.as_shot, AsShot::Neutral([0.5, 1.0, 0.6]));
    assert_eq!(c.analog_balance, Some([1.0, 1.0, 1.1]));
    assert_eq!(c.baseline_exposure_ev, 0.25);

    // The camera's own calibration holds only for the profile it was made with.
    let other = raw.clone().with(ascii(tags::CAMERA_CALIBRATION_SIGNATURE, "one"));
    assert!(info(&other).calibration.illuminants[0].camera_calibration.is_none());
    let same = other.with(ascii(tags::PROFILE_CALIBRATION_SIGNATURE, "one"));
    assert!(info(&same).calibration.illuminants[0].camera_calibration.is_some());

    let white = base().with(rationals(tags::AS_SHOT_WHITE_XY, &[0.3127, 0.329]));
    assert_eq!(info(&white).calibration.as_shot, AsShot::WhiteXy([0.3127, 0.329]));
    assert_eq!(info(&base()).calibration.as_shot, AsShot::Unknown);
}

#[test]
fn a_spectrum_describes_an_illuminant() {
    let endian = Endian::Little;
    let mut data = Vec::new();
    endian.put_u16(&mut data, 1);
    endian.put_u32(&mut data, 81);
    for v in [380u32, 1, 5, 1] {
        endian.put_u32(&mut data, v);
    }
    for _ in 0..81 {
        endian.put_u32(&mut data, 3);
        endian.put_u32(&mut data, 2);
    }
    let raw = base()
        .with(rationals(tags::COLOR_MATRIX_1, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]))
        .with(short(tags::CALIBRATION_ILLUMINANT_1, 255))
        .with(entry(tags::ILLUMINANT_DATA_1, Value::Undefined(data)));
    let illuminant = &info(&raw).calibration.illuminants[0];
    assert!(illuminant.white_xy.iter().all(|v| (v - 1.0 / 3.0).abs() < 3e-3), "{illuminant:?}");
    assert!((illuminant.kelvin - 5455.0).abs() < 60.0);
}

#[test]
fn noise_profiles_of_one_three_and_four_planes() {
    let profile = |v: &[f64]| info(&base().with(entry(tags::NOISE_PROFILE, Value::Double(v.to_vec())))).noise_profile;
    let one = profile(&[1e-4, 1e-6]).unwrap();
    assert_eq!((one.shot, one.read), ([1e-4; 3], [1e-6; 3]));
    let three = profile(&[1e-4, 1e-6, 2e-4, 2e-6, 3e-4, -1e-9]).unwrap();
    assert_eq!((three.shot, three.read), ([1e-4, 2e-4, 3e-4], [1e-6, 2e-6, 0.0]));
    let four = profile(&[1e-4, 1e-6, 2e-4, 2e-6, 4e-4, 4e-6, 3e-4, 3e-6]).unwrap();
    assert!((four.shot[1] - 3e-4).abs() < 1e-9 && (four.read[1] - 3e-6).abs() < 1e-11);
    assert_eq!(profile(&[-1.0, 0.0]), None);
    assert_eq!(profile(&[0.0, 0.0]), None);
    assert_eq!(profile(&[1e-4, 1e-6, 1e-4, 1e-6]), None);
}

#[test]
fn exif_gps_xmp_and_what_may_be_carried_over() {
    let raw = base()
        .with(ascii(tags::MAKE, "Obscura "))
        .with(ascii(tags::COPYRIGHT, "nobody"))
        .with(short(tags::ORIENTATION, 6))
        .with(entry(tags::XMP, Value::Byte(b"<x/>".to_vec())))
        .with(entry(tags::RAW_DATA_UNIQUE_ID, Value::Byte((0..16).collect())))
        .with(ascii(tags::ORIGINAL_RAW_FILE_NAME, "one.dng"));
    let mut file = Tiny::new(raw.endian, false);
    let exif = [
        entry(tags::EXPOSURE_TIME, Value::Rational(vec![[1, 125]])),
        entry(tags::APERTURE_VALUE, Value::Rational(vec![[2, 1]])),
        entry(tags::PHOTOGRAPHIC_SENSITIVITY, Value::Short(vec![65535])),
        entry(tags::RECOMMENDED_EXPOSURE_INDEX, Value::Long(vec![102_400])),
        entry(tags::FOCAL_LENGTH, Value::Rational(vec![[43, 10]])),
        ascii(tags::DATE_TIME_ORIGINAL, "2024:02:03 04:05:06"),
        ascii(tags::SUB_SEC_TIME_ORIGINAL, "789"),
        ascii(tags::OFFSET_TIME_ORIGINAL, "+01:00"),
        ascii(tags::LENS_MODEL, "Pinhole"),
        entry(tags::MAKER_NOTE, Value::Undefined(vec![1, 2, 3, 4, 5, 6])),
        long(tags::INTEROPERABILITY_IFD, &[12]),
        short(tags::FLASH, 1),
    ];
    let exif = file.ifd(&exif, 0);
    let gps = file.ifd(&[ascii(1, "N")], 0);
    let mut entries = raw.entries(&mut file);
    entries.extend([long(tags::EXIF_IFD, &[exif as u32]), long(tags::GPS_IFD, &[gps as u32])]);
    let first = file.ifd(&entries, 0);
    let info = read_info(&file.finish(first), &Limits::default()).unwrap();
    assert_eq!(info.make, "Obscura");
    assert_eq!(info.orientation, Orientation::Rotate90);
    assert_eq!(info.unique_camera_model, "Pinhole One");
    assert_eq!(info.xmp.as_deref(), Some(&b"<x/>"[..]));
    assert_eq!(info.raw_unique_id.map(|id| id[15]), Some(15));
    assert_eq!(info.original_raw_name, "one.dng");
    let e = &info.exif;
    assert_eq!((e.exposure_time_s, e.f_number, e.iso), (Some(1.0 / 125.0), Some(2.0), Some(102_400.0)));
    assert_eq!((e.focal_mm, e.flash_fired), (Some(4.3), Some(true)));
    assert_eq!(e.date_time_original, "2024:02:03 04:05:06");
    assert_eq!((&*e.sub_sec_original, &*e.offset_original, &*e.lens_model), ("789", "+01:00", "Pinhole"));
    assert_eq!(info.exif_raw.len(), 11, "all but the offset of another directory");
    assert_eq!(info.gps_raw, [ascii(1, "N")]);
    let kept: Vec<u16> = info.preserve.iter().map(|e| e.tag).collect();
    assert!(kept.contains(&tags::COPYRIGHT) && kept.contains(&tags::UNIQUE_CAMERA_MODEL));
    assert!(!kept.contains(&tags::STRIP_OFFSETS) && !kept.contains(&tags::EXIF_IFD) && !kept.contains(&tags::XMP));
}

#[test]
fn tables_of_the_profile() {
    let map: Vec<f32> = (0..2 * 2 * 3).flat_map(|i| [i as f32, 1.0, 0.5]).collect();
    let raw = base()
        .with(rationals(tags::COLOR_MATRIX_1, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]))
        .with(long(tags::PROFILE_HUE_SAT_MAP_DIMS, &[2, 2, 3]))
        .with(entry(tags::PROFILE_HUE_SAT_MAP_DATA_1, Value::Float(map.clone())))
        .with(long(tags::PROFILE_HUE_SAT_MAP_ENCODING, &[1]))
        .with(long(tags::PROFILE_LOOK_TABLE_DIMS, &[2, 2, 2]))
        .with(entry(tags::PROFILE_LOOK_TABLE_DATA, Value::Float(map)))
        .with(entry(tags::PROFILE_TONE_CURVE, Value::Float(vec![0.0, 0.0, 0.5, 0.7, 1.0, 1.0])));
    let info = info(&raw);
    let map = info.calibration.illuminants[0].hue_sat_map.as_ref().unwrap();
    assert_eq!(map.divisions, [2, 2, 3]);
    assert_eq!((map.entries.len(), map.entries[11], map.srgb_encoded), (12, [11.0, 1.0, 0.5], true));
    assert!(info.look_table.is_none(), "twelve entries for eight places");
    assert_eq!(info.tone_curve, Some(vec![[0.0, 0.0], [0.5, 0.7], [1.0, 1.0]]));
    let warnings = read(&raw.file(), &Limits::default()).unwrap().warnings;
    assert!(warnings.iter().any(|w| w.place == "IFD 0: ProfileLookTableData"), "{warnings:?}");
}

#[test]
fn gain_table_maps_of_both_versions() {
    for endian in [Endian::Little, Endian::Big] {
        let head = |out: &mut Vec<u8>| {
            [2u32, 3].iter().for_each(|&v| endian.put_u32(out, v));
            [0.5, 0.25, 0.125, 0.0625].iter().for_each(|&v| endian.put_f64(out, v));
            endian.put_u32(out, 2);
            [0.1f32, 0.2, 0.3, 0.15, 0.25].iter().for_each(|&v| endian.put_f32(out, v));
        };
        let mut first = Vec::new();
        head(&mut first);
        (0..12).for_each(|i| endian.put_f32(&mut first, i as f32));
        let mut second = Vec::new();
        head(&mut second);
        endian.put_u32(&mut second, 1);
        [2.0f32, 1.0, 3.0].iter().for_each(|&v| endian.put_f32(&mut second, v));
        (0..12).for_each(|i| endian.put_u16(&mut second, i * 5957));
        for (tag, data, last, gamma) in
            [(tags::PROFILE_GAIN_TABLE_MAP, first, 11.0, 1.0), (tags::PROFILE_GAIN_TABLE_MAP_2, second, 2.99985, 2.0)]
        {
            let raw = Raw { endian, ..base() }.with(entry(tag, Value::Undefined(data.clone())));
            let map = info(&raw).gain_table_map.unwrap();
            assert_eq!((map.size, map.gamma), ([3, 2, 2], gamma));
            assert_eq!((map.spacing, map.origin), ([0.25, 0.5], [0.0625, 0.125]));
            assert_eq!(map.input_weights[4], 0.25);
            assert!((map.gains.row(5)[1] - last).abs() < 1e-4, "{map:?}");
            let cut = base().with(entry(tag, Value::Undefined(data[..data.len() - 1].to_vec())));
            assert!(info(&cut).gain_table_map.is_none());
        }
    }
}

#[test]
fn what_cannot_be_read_is_refused_by_name_with_the_remedy() {
    let message = |raw: Raw| read(&raw.file(), &Limits::default()).map(|_| ()).unwrap_err().to_string();
    let dims = |n| entry(tags::CFA_REPEAT_PATTERN_DIM, Value::Short(vec![n, n]));
    for (raw, words) in [
        (base().with(dims(4)), "quad-Bayer"),
        (base().with(dims(6)), "X-Trans"),
        (base().with(entry(tags::CFA_PATTERN, Value::Byte(vec![3, 4, 5, 1]))), "colour filter pattern [3, 4, 5, 1]"),
        (
            base().with(short(tags::COMPRESSION, 9)),
            "GPR, that is VC-5 compression (compression 9) is not supported; convert",
        ),
        (Raw { bits: 32, ..base() }.with(short(tags::COMPRESSION, 7)), "whole numbers of 32 bits cannot be in a JPEG"),
        (
            Raw { bits: 16, ..base() }.with(short(tags::COMPRESSION, 34892)).with(short(tags::SAMPLE_FORMAT, 3)),
            "floating point numbers of 16 bits cannot be in a JPEG",
        ),
        (base().with(short(tags::COMPRESSION, 5)), "this compression (compression 5)"),
        (base().with(entry(tags::DNG_BACKWARD_VERSION, Value::Byte(vec![1, 8, 0, 0]))), "DNG 1.8.0.0"),
        (base().with(short(tags::PHOTOMETRIC_INTERPRETATION, 2)), "no directory holds a full-size raw picture"),
        (base().with(long(tags::ACTIVE_AREA, &[0, 0, 3, 4])), "ActiveArea: [0, 0, 3, 4]"),
        (base().with(long(tags::ACTIVE_AREA, &[2, 4, 0, 0])), "ActiveArea: [2, 4, 0, 0]"),
        (
            base().with(long(tags::WHITE_LEVEL, &[10])).with(long(tags::BLACK_LEVEL, &[10])),
            "white 10 is not above black 10",
        ),
        (Raw::new(2, 2, &[0; 16]), "linear raw data of 4 colours"),
    ] {
        let found = message(raw);
        assert!(found.contains(words), "{found:?} lacks {words:?}");
    }
    let raw = base().with(long(tags::IMAGE_WIDTH, &[900_000])).with(long(tags::IMAGE_LENGTH, &[900_000]));
    assert!(matches!(read(&raw.file(), &Limits::default()), Err(DngError::Limit { value: 810_000_000_000, .. })));
    let mut limits = Limits::default();
    limits.max_alloc = 10;
    assert!(matches!(read(&base().file(), &limits), Err(DngError::Limit { value: 528, limit: 10, .. })));
    let mut file = Tiny::new(Endian::Little, false);
    let first = file.ifd(&[ascii(tags::MODEL, "Plate 5")], 0);
    let message = read(&file.finish(first), &Limits::default()).unwrap_err().to_string();
    assert!(message.contains("no DNGVersion") && message.contains("Plate 5"), "{message}");
}

#[test]
fn mono_sensors_are_told_from_mosaics() {
    let linear = base().with(short(tags::PHOTOMETRIC_INTERPRETATION, 34892));
    assert_eq!(info(&linear).kind, RawKind::Mono);
    assert_eq!(info(&base().with(entry(tags::CFA_PATTERN, Value::Byte(vec![1; 4])))).kind, RawKind::Mono);
    // colours of another model, left in by a converter, mean nothing
    let colored = linear
        .with(rationals(tags::COLOR_MATRIX_1, &[1.0, 0.1, 0.2, 0.3, 1.0, 0.4, 0.5, 0.6, 1.0]))
        .with(rationals(tags::AS_SHOT_NEUTRAL, &[0.5, 1.0, 0.6]));
    let calibration = info(&colored).calibration;
    assert_eq!((calibration.illuminants.len(), calibration.as_shot), (0, AsShot::Neutral([1.0; 3])));
}
