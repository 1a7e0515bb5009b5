//! What another raw developer makes of exported camera profiles: RawTherapee, where `rawtherapee-cli` is installed; the test
//! says so on standard error and is skipped where it is not.

use calotype::color::lab::{delta_e_2000, xyz_to_lab_d65};
use calotype::color::matrix::transform;
use calotype::color::oklab::oklab_to_rgb;
use calotype::color::{CameraCalibration, D50_XY, D65_XY, IlluminantCalibration, Matrix3, RgbSpace, bradford};
use calotype::dng::tiff::{Endian, Value, tags};
use calotype::dng::write::{Ifd, write_tiff};
use calotype::dng::{LookProfile, write_look_profile};
use calotype::look::{Look, OutputSpace, PointTransform, ProfileLook};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Patches across and down, and pixels of a patch.
const PATCHES: [usize; 2] = [20, 12];
const SIDE: usize = 32;
/// The camera of the chart, whose colours are Rec.2020 themselves.
const MODEL: &str = "Calotype Pinhole";

/// Processing that leaves everything to the profile.
fn processing(profile: &Path) -> String {
    format!(
        "[Version]\nAppVersion=5.9\nVersion=349\n\n[White Balance]\nEnabled=true\nSetting=Camera\n\n\
         [Color Management]\nInputProfile=file:{}\nToneCurve=true\nApplyLookTable=true\nApplyBaselineExposureOffset=true\n\
         ApplyHueSatMap=false\nDCPIlluminant=0\nWorkingProfile=ProPhoto\nOutputProfile=RTv4_sRGB\n\
         OutputProfileIntent=Relative\nOutputBPC=false\n\n[RAW]\nCA=false\n\n[RAW Bayer]\nMethod=amaze\n",
        profile.display()
    )
}

/// Scene light of a patch: hues, chromas and lights from five stops below grey to two above, within the sensor's range.
fn scene(i: usize) -> [f64; 3] {
    let [u, v, w] = [0.819_172_513, 0.671_043_607, 0.549_700_478].map(|a: f64| (0.5 + a * (i + 1) as f64).fract());
    let (sin, cos) = (v * std::f64::consts::TAU).sin_cos();
    let chroma = if i.is_multiple_of(6) { 0.0 } else { 0.10 * w };
    let color = oklab_to_rgb(RgbSpace::Rec2020, [0.18f64.cbrt(), chroma * cos, chroma * sin]);
    color.map(|c| (c.max(0.0) * (7.0 * u - 5.0).exp2()).min(0.98))
}

fn calibration() -> CameraCalibration {
    let d65 = IlluminantCalibration {
        white_xy: D65_XY,
        kelvin: 6500.0,
        color_matrix: RgbSpace::Rec2020.from_xyz(),
        forward_matrix: Some(calotype::color::matrix::multiply(&bradford(D65_XY, D50_XY), &RgbSpace::Rec2020.to_xyz())),
        camera_calibration: None,
        hue_sat_map: None,
    };
    CameraCalibration { illuminants: vec![d65], ..CameraCalibration::default() }
}

/// The chart as a raw file of a Bayer sensor.
fn chart(path: &Path) {
    let (w, h) = (PATCHES[0] * SIDE, PATCHES[1] * SIDE);
    let mut samples = Vec::with_capacity(2 * w * h);
    for y in 0..h {
        for x in 0..w {
            let light = scene(y / SIDE * PATCHES[0] + x / SIDE);
            samples.extend(((light[x % 2 + y % 2] * 65535.0).round() as u16).to_le_bytes());
        }
    }
    let matrix =
        |m: &Matrix3| Value::SRational(m.iter().flatten().map(|v| [(v * 1e6).round() as i32, 1_000_000]).collect());
    let camera = calibration();
    let mut ifd = Ifd::default();
    for (tag, value) in [
        (tags::NEW_SUBFILE_TYPE, Value::Long(vec![0])),
        (tags::IMAGE_WIDTH, Value::Long(vec![w as u32])),
        (tags::IMAGE_LENGTH, Value::Long(vec![h as u32])),
        (tags::BITS_PER_SAMPLE, Value::Short(vec![16])),
        (tags::COMPRESSION, Value::Short(vec![1])),
        (tags::PHOTOMETRIC_INTERPRETATION, Value::Short(vec![32803])),
        (tags::SAMPLES_PER_PIXEL, Value::Short(vec![1])),
        (tags::ROWS_PER_STRIP, Value::Long(vec![h as u32])),
        (tags::CFA_REPEAT_PATTERN_DIM, Value::Short(vec![2, 2])),
        (tags::CFA_PATTERN, Value::Byte(vec![0, 1, 1, 2])),
        (tags::BLACK_LEVEL, Value::Short(vec![0])),
        (tags::WHITE_LEVEL, Value::Long(vec![65535])),
        (tags::MAKE, Value::Ascii("Calotype".into())),
        (tags::MODEL, Value::Ascii("Pinhole".into())),
        (tags::UNIQUE_CAMERA_MODEL, Value::Ascii(MODEL.into())),
        (tags::DNG_VERSION, Value::Byte(vec![1, 4, 0, 0])),
        (tags::COLOR_MATRIX_1, matrix(&camera.illuminants[0].color_matrix)),
        (tags::CALIBRATION_ILLUMINANT_1, Value::Short(vec![21])),
        (tags::AS_SHOT_NEUTRAL, Value::Rational(vec![[1, 1]; 3])),
    ] {
        ifd.set(tag, value);
    }
    ifd.set_strips(vec![samples.into()]);
    let mut file = Vec::new();
    write_tiff(&mut file, Endian::Little, &[ifd]).expect("memory");
    std::fs::write(path, file).expect("a file");
}

/// sRGB codes in the middle of every patch of a 16-bit PNG.
fn read(path: &Path) -> Vec<[f64; 3]> {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("the picture"));
    let mut reader = png::Decoder::new(file).read_info().expect("a PNG");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
    reader.next_frame(&mut bytes).expect("pixels");
    let info = reader.info();
    let (w, h) = (info.width as usize, info.height as usize);
    assert_eq!((info.bit_depth, info.color_type), (png::BitDepth::Sixteen, png::ColorType::Rgb));
    // A border may be cut off, the same on all sides.
    let border = [(PATCHES[0] * SIDE - w) / 2, (PATCHES[1] * SIDE - h) / 2];
    let code = |x: usize, y: usize, c: usize| {
        let at = 2 * (3 * ((y - border[1]) * w + x - border[0]) + c);
        f64::from(u16::from_be_bytes([bytes[at], bytes[at + 1]])) / 65535.0
    };
    let patch = |i: usize| {
        let (x, y) = (i % PATCHES[0] * SIDE + SIDE / 2, i / PATCHES[0] * SIDE + SIDE / 2);
        [0, 1, 2].map(|c| (0..16).map(|k| code(x + k % 4, y + k / 4, c)).sum::<f64>() / 16.0)
    };
    (0..PATCHES[0] * PATCHES[1]).map(patch).collect()
}

#[test]
fn rawtherapee_shows_profiles_as_the_look_is() {
    let program = "rawtherapee-cli";
    if !Command::new(program).arg("--version").stdin(Stdio::null()).output().is_ok_and(|o| o.status.success()) {
        writeln!(std::io::stderr(), "SKIPPED: {program} is not installed").ok();
        return;
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("rawtherapee");
    std::fs::create_dir_all(&folder).expect("a folder");
    let raw = folder.join("chart.dng");
    chart(&raw);
    for name in ["authentic", "slide", "mono-natural"] {
        let look = Look::builtin(name).expect("a built-in look");
        let (profile, _) = ProfileLook::of(&look);
        let profile = LookProfile {
            name: name.into(),
            camera: MODEL.into(),
            look_table: profile.table,
            tone_curve: profile.curve,
            exposure_offset_ev: profile.exposure_offset_ev,
            ..LookProfile::default()
        };
        let [dcp, pp3, out] = ["dcp", "pp3", "png"].map(|e| folder.join(format!("{name}.{e}")));
        write_look_profile(std::fs::File::create(&dcp).expect("a file"), &profile, &calibration()).expect("a profile");
        std::fs::write(&pp3, processing(&dcp)).expect("a file");
        let mut command = Command::new(program);
        command.arg("-o").arg(&out).args(["-n", "-b16", "-Y", "-p"]).arg(&pp3).arg("-c").arg(&raw);
        // Its own settings and caches have no say.
        command.env("XDG_CONFIG_HOME", folder.join("config")).env("XDG_CACHE_HOME", folder.join("cache"));
        let said = command.stdin(Stdio::null()).output().expect("it starts");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let transform_of = PointTransform::new(&look, OutputSpace::Srgb, 0.0);
        let lab = |v: [f64; 3]| xyz_to_lab_d65(transform(&RgbSpace::Rec709.to_xyz(), v));
        let linear = |v: f64| if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) };
        let mut errors: Vec<f64> = read(&out)
            .into_iter()
            .enumerate()
            .map(|(i, code)| delta_e_2000(lab(code.map(linear)), lab(transform_of.apply(scene(i)))))
            .collect();
        errors.sort_by(f64::total_cmp);
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let p95 = errors[errors.len() * 95 / 100];
        writeln!(std::io::stderr(), "{name} in RawTherapee: mean {mean:.3}, 95 of 100 within {p95:.3}").ok();
        assert!(mean < 0.55, "{name}: mean {mean}, p95 {p95}, {errors:?}");
    }
}
