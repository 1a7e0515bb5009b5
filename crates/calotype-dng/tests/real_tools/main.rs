//! What other programs make of the files written here.
//!
//! A chart with known colours is written as a phone would, read, "merged" (of one frame) and given to LibRaw
//! (`dcraw_emu`), darktable, RawTherapee and exiftool. A tool that is not installed is named on standard error and its
//! part skipped: Debian has them as libraw-bin, darktable, rawtherapee and libimage-exiftool-perl.

mod chart;
mod tools;

use calotype_dng::write::{MergedDng, Preview, write_merged};
use calotype_dng::{Dng, Limits, RawImage, read};
use calotype_image::{Cfa, NoiseModel, Orientation, Plane, RAW_BLACK, RAW_WHITE, linear_to_raw, raw_to_linear};
use chart::{Chart, PATCHES};
use tools::Tool;

const ORDERS: [Cfa; 4] = [Cfa::RGGB, Cfa::BGGR, Cfa::GRBG, Cfa::GBRG];

/// The chart's source, read.
fn source(chart: &Chart) -> Dng {
    let dng = read(&chart.dng(), &Limits::default()).expect("the chart is a DNG");
    assert!(dng.warnings.is_empty(), "{:?}", dng.warnings);
    dng
}

fn mosaic(dng: &Dng) -> (&Plane<u16>, Cfa) {
    match &dng.image {
        RawImage::Cfa { samples, cfa } => (samples, *cfa),
        _ => panic!("the chart is a mosaic"),
    }
}

/// The bytes of the merged chart.
fn merged(dng: &Dng, samples: &Plane<u16>, preview: Option<Preview>, shading_applied: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let noise = dng.info.noise_profile.unwrap_or(NoiseModel::uniform(1e-4, 1e-6)).averaged(8.0);
    let merged = MergedDng {
        samples,
        cfa: mosaic(dng).1,
        black: RAW_BLACK,
        white: RAW_WHITE,
        default_crop: dng.info.default_crop,
        info: &dng.info,
        noise,
        baseline_exposure_ev: dng.info.baseline_exposure_ev,
        preview,
        unique_id: *b"sixteen bytes id",
        frames: [8, 7],
        shading_applied,
    };
    write_merged(&mut file, &merged).expect("a merged file can be written");
    file
}

/// A grey preview as JPEG.
fn jpeg_preview() -> Vec<u8> {
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 80);
    encoder.encode(&[128; 96 * 64 * 3], 96, 64, jpeg_encoder::ColorType::Rgb).expect("a JPEG");
    jpeg
}

#[test]
fn what_is_written_is_read_again() {
    for (cfa, gain_maps) in [(Cfa::GRBG, true), (Cfa::BGGR, false)] {
        let dng = source(&Chart { cfa, gain_maps, ..Chart::default() });
        let (samples, cfa) = mosaic(&dng);
        for preview in [None, Some(Preview::Jpeg(&jpeg_preview()))] {
            let back = read(&merged(&dng, samples, preview, false), &Limits::default()).unwrap();
            assert!(back.warnings.is_empty(), "{:?}", back.warnings);
            assert_eq!(mosaic(&back), (samples, cfa), "the same codes");
            let (a, b) = (&dng.info, &back.info);
            assert_eq!(a.calibration, b.calibration);
            assert_eq!(a.default_crop, b.default_crop);
            assert_eq!((a.orientation, &a.make, &a.model), (b.orientation, &b.make, &b.model));
            assert_eq!(a.exif.exposure_time_s, b.exif.exposure_time_s);
            assert_eq!(a.gps_raw, b.gps_raw);
            assert_eq!(b.opcode_lists[0], [], "applied when the frame was read");
            assert_eq!(a.opcode_lists[1], b.opcode_lists[1], "gain maps are kept");
            assert_eq!(a.opcode_lists[2], b.opcode_lists[2], "lens corrections are kept");
            assert_eq!(b.raw_unique_id, Some(*b"sixteen bytes id"));
            let (before, after) = (a.noise_profile.unwrap(), b.noise_profile.unwrap());
            assert!((before.shot[0] / after.shot[0] - 8.0).abs() < 1e-3);
            assert!((b.baseline_noise - 1.0 / 8f64.sqrt()).abs() < 1e-3);
        }
        let baked = read(&merged(&dng, samples, None, true), &Limits::default()).unwrap();
        assert_eq!(baked.info.opcode_lists[1], []);
    }
}

#[test]
fn exiftool_finds_nothing_to_say() {
    let Some(exiftool) = Tool::find("exiftool") else { return };
    let jpeg = jpeg_preview();
    let grey = [90u8; 40 * 30 * 3];
    let previews = [None, Some(Preview::Jpeg(&jpeg)), Some(Preview::Rgb8 { width: 40, height: 30, pixels: &grey })];
    let dng = source(&Chart { gain_maps: true, ..Chart::default() });
    for (i, preview) in previews.into_iter().enumerate() {
        let path = exiftool.file("exif.dng", &merged(&dng, mosaic(&dng).0, preview, false));
        let said = exiftool.run(&["-validate", "-warning", "-error", "-a"], &path);
        assert_eq!(said.trim(), "Validate                        : OK", "preview {i}");
        let said =
            exiftool.run(&["-s", "-n", "-G1", "-NoiseProfile", "-ImageUniqueID", "-Software", "-GPSLatitude"], &path);
        for expected in ["6.2500", "7369787465656e206279746573206964", "Calotype ", "48.5"] {
            assert!(said.contains(expected), "{expected} in {said}");
        }
    }
}

#[test]
fn libraw_sees_the_right_colours_in_every_filter_order() {
    let Some(dcraw) = Tool::find("dcraw_emu") else { return };
    let preview = jpeg_preview();
    for (i, cfa) in ORDERS.into_iter().enumerate() {
        let chart = Chart { cfa, ..Chart::default() };
        let dng = source(&chart);
        let preview = (i % 2 == 0).then_some(Preview::Jpeg(&preview));
        let path = dcraw.file("libraw.dng", &merged(&dng, mosaic(&dng).0, preview, false));
        let output = path.with_extension("ppm");
        let said = dcraw.run(&["-w", "-W", "-4", "-o", "1", "-Z", &output.to_string_lossy()], &path);
        assert_eq!(said, "", "no complaints about {cfa}");
        let picture = tools::read_ppm(&output);
        chart.check_linear(&picture, 0.015, &format!("LibRaw, {cfa}"));
    }
}

#[test]
fn libraw_needs_no_gain_maps_once_they_are_applied() {
    let Some(dcraw) = Tool::find("dcraw_emu") else { return };
    let chart = Chart { gain_maps: true, ..Chart::default() };
    let dng = source(&chart);
    let (opcodes, _) = calotype_dng::opcode::parse(2, &dng.info.opcode_lists[1]).unwrap();
    let mut samples = mosaic(&dng).0.clone();
    let (w, h) = (samples.width(), samples.height());
    let shading = calotype_dng::opcode::shading(&opcodes, w, h).unwrap();
    let mut gains = vec![0.0; w];
    for y in 0..h {
        shading.gain_row(y, 0, w, h, &mut gains);
        samples.row_mut(y).iter_mut().zip(&gains).for_each(|(s, g)| *s = linear_to_raw(raw_to_linear(*s) * g));
    }
    let path = dcraw.file("baked.dng", &merged(&dng, &samples, None, true));
    let output = path.with_extension("ppm");
    dcraw.run(&["-w", "-W", "-4", "-o", "1", "-Z", &output.to_string_lossy()], &path);
    chart.check_linear(&tools::read_ppm(&output), 0.015, "LibRaw, shading applied");
}

#[test]
fn darktable_sees_the_right_hues_and_applies_gain_maps() {
    let Some(darktable) = Tool::find("darktable-cli") else { return };
    for (cfa, gain_maps) in [(Cfa::GBRG, false), (Cfa::RGGB, true)] {
        let chart = Chart { cfa, gain_maps, ..Chart::default() };
        let dng = source(&chart);
        let path = darktable.file("darktable.dng", &merged(&dng, mosaic(&dng).0, None, false));
        let output = path.with_extension("ppm");
        let folder = path.parent().unwrap().join("settings");
        let settings = folder.to_string_lossy().into_owned();
        let arguments = [&*output.to_string_lossy(), "--core", "--configdir", &settings, "--library", ":memory:"];
        let said = darktable.run_after(&path, &arguments);
        assert!(!said.contains("[rawspeed]") && !said.contains("[dt_imageio"), "{said}");
        chart.check_hues(&tools::read_ppm(&output), &format!("darktable, {cfa}, gain maps {gain_maps}"));
    }
}

#[test]
fn rawtherapee_sees_the_right_hues() {
    let Some(rawtherapee) = Tool::find("rawtherapee-cli") else { return };
    for cfa in [Cfa::BGGR, Cfa::GRBG] {
        let chart = Chart { cfa, ..Chart::default() };
        let dng = source(&chart);
        let path = rawtherapee.file("rawtherapee.dng", &merged(&dng, mosaic(&dng).0, None, false));
        let output = path.with_extension("tif");
        rawtherapee.run(&["-t", "-Y", "-o", &output.to_string_lossy(), "-c"], &path);
        chart.check_hues(&tools::read_tiff16(&output), &format!("RawTherapee, {cfa}"));
    }
}

#[test]
fn tools_turn_the_picture_as_asked() {
    let Some(dcraw) = Tool::find("dcraw_emu") else { return };
    let chart = Chart { orientation: Orientation::Rotate90, ..Chart::default() };
    let dng = source(&chart);
    let path = dcraw.file("turned.dng", &merged(&dng, mosaic(&dng).0, None, false));
    let output = path.with_extension("ppm");
    dcraw.run(&["-w", "-W", "-4", "-Z", &output.to_string_lossy()], &path);
    let picture = tools::read_ppm(&output);
    assert!(picture.height > picture.width, "{}x{}", picture.width, picture.height);
    assert_eq!(PATCHES, (6, 4));
}
