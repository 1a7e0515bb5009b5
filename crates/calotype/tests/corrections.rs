//! What files ask for beside their samples is done: opcode lists, tables, crops.

use calotype::dng::opcode::{self, Area, GainMapOpcode, Opcode, Operation};
use calotype::dng::tiff::{Endian, Value, tags};
use calotype::dng::write::{Ifd, write_tiff};
use calotype::image::{NoProgress, RAW_BLACK, RAW_RANGE, SceneRgb};
use calotype::{Burst, DngBytes, Format, Look, Photo, PhotoPicture, Pixels, Recipe, Source, Task};
use std::borrow::Cow;

const SIDE: usize = 96;
const WHITE: u16 = 4000;

/// A flat picture at half of saturation: a mosaic, or linear with three samples a pixel.
fn flat(linear: bool) -> Ifd<'static> {
    let long = |v: usize| Value::Long(vec![v as u32]);
    let planes = if linear { 3 } else { 1 };
    let mut ifd = Ifd::default();
    ifd.set(tags::DNG_VERSION, Value::Byte(vec![1, 4, 0, 0]));
    ifd.set(tags::NEW_SUBFILE_TYPE, long(0));
    ifd.set(tags::IMAGE_WIDTH, long(SIDE));
    ifd.set(tags::IMAGE_LENGTH, long(SIDE));
    ifd.set(tags::BITS_PER_SAMPLE, Value::Short(vec![16; planes]));
    ifd.set(tags::COMPRESSION, Value::Short(vec![1]));
    ifd.set(tags::PHOTOMETRIC_INTERPRETATION, Value::Short(vec![if linear { 34892 } else { 32803 }]));
    ifd.set(tags::SAMPLES_PER_PIXEL, Value::Short(vec![planes as u16]));
    ifd.set(tags::ROWS_PER_STRIP, long(SIDE));
    if !linear {
        ifd.set(tags::CFA_REPEAT_PATTERN_DIM, Value::Short(vec![2, 2]));
        ifd.set(tags::CFA_PATTERN, Value::Byte(vec![0, 1, 1, 2]));
    }
    ifd.set(tags::WHITE_LEVEL, Value::Short(vec![WHITE; planes]));
    let d65 = [3.2405, -1.5371, -0.4985, -0.9693, 1.8760, 0.0416, 0.0556, -0.2040, 1.0572];
    ifd.set(tags::COLOR_MATRIX_1, Value::SRational(d65.map(|v| [(v * 1e4) as i32, 10_000]).to_vec()));
    ifd.set(tags::CALIBRATION_ILLUMINANT_1, Value::Short(vec![21]));
    ifd.set(tags::AS_SHOT_NEUTRAL, Value::Rational(vec![[1, 1]; 3]));
    ifd.set(tags::NOISE_PROFILE, Value::Double(vec![1e-5, 1e-8]));
    let samples = vec![(WHITE / 2).to_le_bytes(); SIDE * SIDE * planes];
    ifd.set_strips(vec![Cow::Owned(samples.concat())]);
    ifd
}

fn file(name: &str, ifd: Ifd) -> DngBytes {
    let mut bytes = Vec::new();
    write_tiff(&mut bytes, Endian::Little, &[ifd]).unwrap();
    DngBytes::new(name, bytes)
}

fn photo(file: &DngBytes, recipe: &Recipe) -> Photo {
    let burst = Burst::read(&[file as &dyn Source], &NoProgress).unwrap();
    let task = Task {
        format: Format::Exr,
        look: Look::builtin("neutral").unwrap(),
        lens: None,
        character: None,
        diagnostics: false,
    };
    calotype::develop(burst, recipe, &task, &NoProgress).unwrap()
}

fn light(photo: &Photo) -> &SceneRgb {
    match &photo.picture {
        PhotoPicture::Scene(light) => light,
        PhotoPicture::Display { .. } => panic!("light was asked for"),
    }
}

/// OpcodeList2: samples are squared, then the right border is doubled.
fn second_list(planes: u32) -> Value {
    let side = SIDE as u32;
    let area = Area { planes, ..Area::whole(side, side) };
    let gains = GainMapOpcode {
        area,
        points: [1, 2],
        spacing: [1.0, 1.0],
        origin: [0.0, 0.0],
        map_planes: 1,
        gains: vec![1.0, 2.0],
    };
    let square = Operation::MapPolynomial { area, coefficients: vec![0.0, 0.0, 1.0] };
    Value::Undefined(opcode::encode(&[Opcode::new(square), Opcode::new(Operation::GainMap(gains))]))
}

#[test]
fn the_second_opcode_list_is_applied_to_samples() {
    let mut ifd = flat(false);
    ifd.set(tags::OPCODE_LIST_2, second_list(1));
    let file = file("square.dng", ifd);
    let burst = Burst::read(&[&file as &dyn Source], &NoProgress).unwrap();
    assert_eq!(burst.warnings, [""; 0]);
    let Pixels::Mosaic(frame) = &burst.frames[0].pixels else { panic!("a mosaic") };
    let expected = f32::from(RAW_BLACK) + 0.25 * RAW_RANGE;
    assert!(
        frame.samples.data().iter().all(|&v| (f32::from(v) - expected).abs() <= 1.0),
        "{}",
        frame.samples.get(0, 0)
    );
    assert!(frame.shading.is_some(), "the gain map is for later");
}

#[test]
fn pictures_demosaiced_already_are_corrected_as_well() {
    let mut ifd = flat(true);
    ifd.set(tags::OPCODE_LIST_2, second_list(3));
    let photo = photo(&file("linear.dng", ifd), &Recipe { denoise: 0.0, ..Recipe::default() });
    for x in [0, 30, SIDE - 1] {
        let expected = 0.25 * (1.0 + (x as f32 + 0.5) / SIDE as f32);
        for v in light(&photo).get(x, 50) {
            assert!((v - expected).abs() < 2e-3, "{v}, not {expected} at {x}");
        }
    }
}

#[test]
fn a_list_that_cannot_be_applied_is_left_out_and_the_file_is_named() {
    let mut ifd = flat(false);
    ifd.set(tags::OPCODE_LIST_2, Value::Undefined(vec![0, 0, 0, 1, 0, 0, 0, 99]));
    let file = file("odd.dng", ifd);
    let burst = Burst::read(&[&file as &dyn Source], &NoProgress).unwrap();
    assert_eq!(burst.warnings.len(), 1);
    assert!(burst.warnings[0].starts_with("odd.dng: lens shading"), "{:?}", burst.warnings);
}

#[test]
fn the_crop_chosen_on_the_camera_is_shown_unless_another_is_asked_for() {
    let mut ifd = flat(false);
    let quarter = [[1, 8], [0, 1], [7, 8], [1, 2]];
    ifd.set(tags::DEFAULT_USER_CROP, Value::Rational(quarter.to_vec()));
    let file = file("wide.dng", ifd);
    let size = |crop: &str| photo(&file, &Recipe { crop: crop.parse().unwrap(), ..Recipe::default() }).report.size;
    assert_eq!(size("default"), [SIDE / 2, SIDE * 3 / 4]);
    assert_eq!(size("full"), [SIDE, SIDE]);
    assert_eq!(size("1:1"), [SIDE, SIDE]);
}

#[test]
fn the_profiles_table_is_applied_unless_the_recipe_says_no() {
    let mut ifd = flat(true);
    // one division of hue, two of saturation: what is grey gets 1.5 times its value
    ifd.set(tags::PROFILE_HUE_SAT_MAP_DIMS, Value::Long(vec![1, 2, 1]));
    ifd.set(tags::PROFILE_HUE_SAT_MAP_DATA_1, Value::Float(vec![0.0, 1.0, 1.5, 0.0, 1.0, 1.5]));
    let file = file("table.dng", ifd);
    let grey = |profile_table| light(&photo(&file, &Recipe { profile_table, ..Recipe::default() })).get(40, 40)[1];
    assert!((grey(true) / grey(false) - 1.5).abs() < 0.02, "{} {}", grey(true), grey(false));
}
