//! Black and white levels, masked borders, and the first opcode list, through whole files.

mod tiny;

use calotype_dng::opcode::{self, BayerPhase, Opcode, Operation};
use calotype_dng::tiff::{Value, tags};
use calotype_dng::{Limits, RawImage, read};
use calotype_image::{Plane, RAW_BLACK, RAW_WHITE};
use tiny::{Raw, entry, long};

fn samples(raw: &Raw) -> Plane<u16> {
    match read(&raw.file(), &Limits::default()).unwrap_or_else(|e| panic!("{e}")).image {
        RawImage::Cfa { samples, .. } | RawImage::Mono { samples } => samples,
        RawImage::Linear { planes } => planes[1].clone(),
    }
}

#[test]
fn a_black_pattern_counts_from_the_active_area() {
    let stored: Vec<u16> =
        (0..36).map(|i| if i % 6 == 0 || i < 6 { 999 } else { [40, 10, 30, 20][i / 6 % 2 * 2 + i % 2] }).collect();
    let raw = Raw::new(6, 6, &stored)
        .with(long(tags::ACTIVE_AREA, &[1, 1, 6, 6]))
        .with(entry(tags::BLACK_LEVEL_REPEAT_DIM, Value::Short(vec![2, 2])))
        .with(entry(tags::BLACK_LEVEL, Value::Rational(vec![[20, 1], [30, 1], [10, 1], [40, 1]])))
        .with(long(tags::WHITE_LEVEL, &[1000]));
    let found = samples(&raw);
    assert!(found.data().iter().all(|&v| v == RAW_BLACK), "{:?}", found.data());
}

#[test]
fn deltas_and_linearisation() {
    let stored = [1, 2, 1, 2, 3, 3];
    let raw = Raw::new(3, 2, &stored)
        .with(entry(tags::LINEARIZATION_TABLE, Value::Short(vec![0, 100, 105, 112])))
        .with(long(tags::BLACK_LEVEL, &[100]))
        .with(long(tags::WHITE_LEVEL, &[1000]))
        .with(entry(tags::BLACK_LEVEL_DELTA_H, Value::SRational(vec![[0, 1], [5, 1], [0, 1]])))
        .with(entry(tags::BLACK_LEVEL_DELTA_V, Value::SRational(vec![[0, 1], [7, 1]])));
    let found = samples(&raw);
    assert_eq!(found.row(0), [RAW_BLACK; 3]);
    assert_eq!(found.get(1, 1), RAW_BLACK);
    // 5 above black, on the scale from the highest black level (112) to white
    assert_eq!(found.get(2, 1), RAW_BLACK + (5.0 * 57343.0 / 888.0f64).round() as u16);
    assert!(found.get(0, 1) < RAW_BLACK);
}

#[test]
fn each_colour_has_its_own_white() {
    let raw = Raw::new(1, 1, &[100, 200, 400]).with(long(tags::WHITE_LEVEL, &[100, 200, 400]));
    let RawImage::Linear { planes } = read(&raw.file(), &Limits::default()).unwrap().image else {
        panic!("not linear")
    };
    assert!(planes.iter().all(|p| p.get(0, 0) == RAW_WHITE));
}

#[test]
fn masked_borders_give_black_only_where_the_file_has_none() {
    let stored: Vec<u16> =
        (0..64).map(|i| (if i % 8 < 3 { 64 } else { 512 }) + [0, 1, 2, 3][i / 8 % 2 * 2 + i % 2]).collect();
    let raw = Raw::new(8, 8, &stored)
        .with(long(tags::ACTIVE_AREA, &[1, 3, 8, 8]))
        .with(long(tags::MASKED_AREAS, &[0, 0, 8, 3]))
        .with(long(tags::WHITE_LEVEL, &[1023]));
    let dng = read(&raw.file(), &Limits::default()).unwrap();
    assert_eq!(dng.info.levels.black, [67.0, 65.5, 64.0], "red lies at column 3, row 1");
    let found = samples(&raw);
    let expected = f64::from(RAW_BLACK) + 448.0 * 57343.0 / (1023.0 - 67.0);
    assert!(found.data().iter().all(|&v| v == expected.round() as u16), "{:?}", found.data());
    let told = samples(&raw.with(long(tags::BLACK_LEVEL, &[0])));
    assert!(told.get(0, 0) > found.get(0, 0));
}

#[test]
fn the_first_opcode_list_works_on_stored_samples() {
    let mut stored = vec![500u16; 64];
    stored[3 * 8 + 4] = 0;
    let list = [Opcode::new(Operation::FixBadPixelsConstant { constant: 0, phase: BayerPhase::Red })];
    let raw = Raw::new(8, 8, &stored)
        .with(long(tags::WHITE_LEVEL, &[1000]))
        .with(entry(tags::OPCODE_LIST_1, Value::Undefined(opcode::encode(&list))));
    let found = samples(&raw);
    assert!(found.data().iter().all(|&v| v == found.get(0, 0)), "{:?}", found.data());
}
