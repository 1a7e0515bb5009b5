//! Makes the seeds of the fuzz targets: one small file of each kind that the readers know.
#![allow(clippy::print_stdout)]

#[path = "../crates/calotype-dng/tests/tiny/mod.rs"]
mod tiny;

use calotype_dng::opcode::{self, Area, BayerPhase, Opcode, Operation};
use calotype_dng::tiff::{Endian, Value, tags};
use calotype_dng::write::LosslessJpeg;
use calotype_look::{Look, OutputSpace, TableInput};
use std::path::Path;
use tiny::{Raw, Tiny, entry, long, noise, pack, short, tile};

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let save = |target: &str, name: &str, bytes: &[u8]| {
        let folder = root.join(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(name), bytes)
    };
    for (name, bytes) in dngs() {
        save("dng", &format!("{name}.dng"), &bytes)?;
    }
    for predictor in 1..=7 {
        let components = 1 + predictor % 4;
        let mut encoder = LosslessJpeg::new(12, 8).with_components(components);
        encoder.predictor = predictor as u8;
        save("ljpeg", &format!("predictor{predictor}.jpg"), &encoder.encode(&noise(96, 4096)).expect("valid"))?;
    }
    save("opcodes", "all", &opcode::encode(&opcodes()))?;
    let table = Look::builtin("slide").expect("a built-in look").table(TableInput::Srgb, OutputSpace::Srgb, 3);
    save("cube", "cube.cube", table.to_cube("slide").as_bytes())?;
    save("cube", "curve.cube", b"# c\nLUT_1D_SIZE 2\nDOMAIN_MIN -1 0 0\nDOMAIN_MAX 1 2 1\n0 0 0\n1 1 1\n")?;
    let shaped = b"LUT_1D_SIZE 2\nLUT_1D_INPUT_RANGE 0 2\nLUT_3D_SIZE 2\n0 0 0\n1 1 1\n";
    save("cube", "shaper.cube", &[&shaped[..], &b"0 0.5 1\n".repeat(8)].concat())?;
    save("clf", "cube.clf", table.to_clf("slide").as_bytes())?;
    save("clf", "steps.clf", STEPS.as_bytes())?;
    save("profile", "profile.icc", &table.to_icc("slide").expect("it takes sRGB codes"))?;
    save("profile", "profile.xmp", table.to_xmp_profile("slide").expect("it is small").as_bytes())?;
    let map = calotype_color::HueSatMap { divisions: [2, 2, 1], entries: vec![[5.0, 1.1, 1.0]; 4], srgb_encoded: true };
    let profile = calotype_dng::LookProfile {
        look_table: Some(map),
        tone_curve: vec![[0.0, 0.0], [0.5, 0.7], [1.0, 1.0]],
        exposure_offset_ev: -1.5,
        ..Default::default()
    };
    let mut dcp = Vec::new();
    calotype_dng::write_look_profile(&mut dcp, &profile, &Default::default())?;
    save("profile", "profile.dcp", &dcp)?;
    let recipe = calotype::Recipe::default();
    save("record", "recipe.toml", recipe.to_toml().as_bytes())?;
    let mut own = Look::builtin("slide").expect("a built-in look");
    own.tone.slope = 1.3;
    let task = calotype::Task { format: calotype::Format::Jpeg, look: own, lens: None, character: None, diagnostics: false };
    let inputs = vec![calotype::InputFile { name: "1.dng".into(), content: "ab".into() }];
    let record = calotype::Record::new(inputs, &recipe, &task, &calotype::Report::default());
    save("record", "record.toml", record.to_toml().as_bytes())?;
    save("record", "record.xmp", record.to_xmp().as_bytes())?;
    println!("seeds written to {}", root.display());
    Ok(())
}

/// Every step of CLF but tables of three dimensions.
const STEPS: &str = "<ProcessList id='s'>
<Matrix inBitDepth='32f' outBitDepth='32f'><Array dim='3 4'>1 0 0 0 0 1 0 0 0 0 1 0.1</Array></Matrix>
<Range inBitDepth='32f' outBitDepth='10i'><minInValue>0</minInValue><minOutValue>0</minOutValue></Range>
<Log inBitDepth='10i' outBitDepth='32f' style='cameraLinToLog'><LogParams base='10' linSideOffset='0.1' linSideBreak='0.01'/></Log>
<Exponent inBitDepth='32f' outBitDepth='32f' style='monCurveRev'><ExponentParams channel='R' exponent='2.4' offset='0.055'/>\
<ExponentParams exponent='1'/></Exponent>
<ASC_CDL inBitDepth='32f' outBitDepth='32f' style='RevNoClamp'><SOPNode><Slope>1 1 1</Slope><Power>1 2 1</Power></SOPNode></ASC_CDL>
<LUT1D inBitDepth='32f' outBitDepth='8i'><Array dim='2 3'>0 0 0 255 128 255</Array></LUT1D>
</ProcessList>";

fn zlib(data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

fn opcodes() -> Vec<Opcode> {
    let area = Area { top: 0, left: 0, bottom: 8, right: 12, plane: 0, planes: 1, row_pitch: 2, column_pitch: 2 };
    vec![
        Opcode::new(Operation::FixBadPixelsConstant { constant: 0, phase: BayerPhase::Red }),
        Opcode::new(Operation::FixBadPixelsList {
            phase: BayerPhase::Blue,
            points: vec![[1, 2], [3, 4]],
            rects: vec![[0, 0, 2, 2]],
        }),
        Opcode::new(Operation::TrimBounds { top: 1, left: 1, bottom: 7, right: 11 }),
        Opcode::new(Operation::MapPolynomial { area, coefficients: vec![0.0, 0.9, 0.1] }),
        Opcode::new(Operation::MapTable { area, table: vec![0, 1, 3, 7] }),
    ]
}

fn dngs() -> Vec<(&'static str, Vec<u8>)> {
    let (w, h) = (12usize, 8usize);
    let samples = noise(w * h, 4096);
    let plain = Raw::new(w, h, &samples)
        .with(long(tags::ACTIVE_AREA, &[1, 2, 8, 12]))
        .with(long(tags::MASKED_AREAS, &[0, 0, 8, 2]))
        .with(long(tags::WHITE_LEVEL, &[4095]));
    let rich = Raw::new(w, h, &samples)
        .with(entry(tags::LINEARIZATION_TABLE, Value::Short((0..64).map(|v| v * 64).collect())))
        .with(entry(tags::BLACK_LEVEL_REPEAT_DIM, Value::Short(vec![2, 2])))
        .with(entry(tags::BLACK_LEVEL, Value::Rational(vec![[64, 1]; 4])))
        .with(entry(tags::BLACK_LEVEL_DELTA_H, Value::SRational(vec![[1, 2]; w])))
        .with(entry(tags::BLACK_LEVEL_DELTA_V, Value::SRational(vec![[-1, 2]; h])))
        .with(entry(tags::NOISE_PROFILE, Value::Double(vec![1e-4, 1e-6])))
        .with(entry(tags::COLOR_MATRIX_1, Value::SRational(vec![[1, 2]; 9])))
        .with(short(tags::CALIBRATION_ILLUMINANT_1, 255))
        .with(entry(
            tags::ILLUMINANT_DATA_1,
            Value::Undefined(vec![0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0]),
        ))
        .with(entry(tags::PROFILE_HUE_SAT_MAP_DIMS, Value::Long(vec![2, 2, 1])))
        .with(entry(tags::PROFILE_HUE_SAT_MAP_DATA_1, Value::Float(vec![1.0; 12])))
        .with(entry(tags::PROFILE_TONE_CURVE, Value::Float(vec![0.0, 0.0, 1.0, 1.0])))
        .with(entry(tags::OPCODE_LIST_1, Value::Undefined(opcode::encode(&opcodes()))))
        .with(entry(tags::OPCODE_LIST_2, Value::Undefined(opcode::encode(&opcodes()[3..]))));
    let packed = |bits: usize| {
        let samples = noise(w * h, 1 << bits);
        Raw { bits, chunks: vec![pack(&samples, w, bits)], ..Raw::new(w, h, &samples) }.file()
    };
    let mut tiles = Raw { tile: (8, 5), big: true, endian: Endian::Big, ..Raw::new(w, h, &samples) };
    let parts = [(0, 0), (8, 0), (0, 5), (8, 5)].map(|at| tile(&samples, w, 1, at, (8, 5)));
    tiles.chunks = parts.iter().map(|t| t.iter().flat_map(|v| v.to_be_bytes()).collect()).collect();
    let mut lossless = Raw { tile: (8, 5), ..Raw::new(w, h, &samples) }.with(short(tags::COMPRESSION, 7));
    let encode = |t: &Vec<u16>| LosslessJpeg::new(8, 5).with_components(2).encode(t).expect("valid");
    lossless.chunks = parts.iter().map(encode).collect();
    let mut deflate = Raw::new(w, h, &samples).with(short(tags::COMPRESSION, 8)).with(short(tags::PREDICTOR, 2));
    deflate.chunks = vec![zlib(&deflate.chunks[0])];
    let mut float = Raw { bits: 24, ..Raw::new(w, h, &samples) }
        .with(short(tags::SAMPLE_FORMAT, 3))
        .with(short(tags::COMPRESSION, 8))
        .with(short(tags::PREDICTOR, 34894));
    float.chunks = vec![zlib(&vec![1; w * h * 3])];
    let mut lossy = Raw { bits: 8, ..Raw::new(w, h, &vec![0; 3 * w * h]) }.with(short(tags::COMPRESSION, 34892));
    let mut jpeg = Vec::new();
    let pixels: Vec<u8> = noise(3 * w * h, 256).iter().map(|&v| v as u8).collect();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 80);
    encoder.encode(&pixels, w as u16, h as u16, jpeg_encoder::ColorType::Rgb).expect("memory");
    lossy.chunks = vec![jpeg];
    let mut xl = Raw::new(w, h, &samples)
        .with(short(tags::COMPRESSION, 52546))
        .with(short(tags::ROW_INTERLEAVE_FACTOR, 2))
        .with(short(tags::COLUMN_INTERLEAVE_FACTOR, 2));
    let bytes: Vec<u8> = samples.iter().flat_map(|v| v.to_ne_bytes()).collect();
    let options = zune_core::options::EncoderOptions::new(
        w,
        h,
        zune_core::colorspace::ColorSpace::Luma,
        zune_core::bit_depth::BitDepth::Sixteen,
    );
    let mut jxl = Vec::new();
    zune_jpegxl::JxlSimpleEncoder::new(&bytes, options).encode(&mut jxl).expect("memory");
    xl.chunks = vec![jxl];
    let linear = Raw { tile: (0, 3), ..Raw::new(w, h, &noise(3 * w * h, 65536)) };
    let mut planar = linear.clone().with(short(tags::PLANAR_CONFIGURATION, 2));
    let row = vec![vec![5; w * 6]; 2];
    planar.chunks = (0..3).flat_map(|_| row.iter().cloned().chain([vec![6; w * 4]])).collect();
    let mut linear = linear;
    linear.chunks = vec![vec![5; w * 18], vec![6; w * 18], vec![7; w * 12]];
    let mut tree = Tiny::new(Endian::Little, false);
    let inner = plain.entries(&mut tree);
    let inner = tree.ifd(&inner, 0);
    let exif = tree.ifd(&[entry(tags::EXPOSURE_TIME, Value::Rational(vec![[1, 60]]))], 0);
    let main = [
        long(tags::NEW_SUBFILE_TYPE, &[1]),
        entry(tags::DNG_VERSION, Value::Byte(vec![1, 4, 0, 0])),
        entry(tags::MAKE, Value::Ascii("Obscura".into())),
        long(tags::SUB_IFDS, &[inner as u32]),
        long(tags::EXIF_IFD, &[exif as u32]),
    ];
    let first = tree.ifd(&main, 0);
    vec![
        ("plain", plain.file()),
        ("rich", rich.file()),
        ("packed10", packed(10)),
        ("packed12", packed(12)),
        ("packed14", packed(14)),
        ("tiles", tiles.file()),
        ("lossless", lossless.file()),
        ("deflate", deflate.file()),
        ("float", float.file()),
        ("lossy", lossy.file()),
        ("jxl", xl.file()),
        ("linear", linear.file()),
        ("planar", planar.file()),
        ("tree", tree.finish(first)),
    ]
}
