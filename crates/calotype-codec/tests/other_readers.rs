//! What other people's decoders make of the files written here: values, not just that they open.
//!
//! The decoders are OpenEXR, libavif, libjxl and libultrahdr, through the Python packages `OpenEXR` and `imagecodecs`. The
//! interpreter is `python3`, or what the environment variable `CALOTYPE_PYTHON` names; where it or a package is missing,
//! the test says so on standard error and is skipped.

use calotype_codec::{
    Chroma, ColorSpace, EncodeOptions, GainMapImage, GainMapOptions, Metadata, ScenePrimaries, to_rgb16, write_avif,
    write_exr, write_jpeg, write_jxl,
};
use calotype_image::{DisplayRgb, Plane, SceneRgb};
use std::io::{Cursor, Write};
use std::process::Command;

const SIZE: (usize, usize) = (322, 243);

/// Runs a script that decodes the file `sys.argv[1]` (its bytes are `data`) and saves its samples as raw bytes in
/// `sys.argv[2]`; gives these bytes and what it printed, or `None` where a module is missing.
fn decoded(modules: &str, script: &str, file: &[u8]) -> Option<(Vec<u8>, String)> {
    let python = std::env::var("CALOTYPE_PYTHON").unwrap_or_else(|_| "python3".into());
    let there = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    if !there.is_ok_and(|o| o.status.success()) {
        // past the test harness, which keeps what passing tests print to itself
        writeln!(std::io::stderr(), "SKIPPED: {python} has not all of {modules}; see CALOTYPE_PYTHON").ok();
        return None;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [input, output] = ["in", "out"].map(|name| folder.path().join(name));
    std::fs::write(&input, file).expect("a temporary file");
    let script = format!("import sys, {modules}\ndata = open(sys.argv[1], 'rb').read()\n{script}");
    let said = Command::new(&python).arg("-c").arg(&script).args([&input, &output]).output().expect("it starts");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    Some((std::fs::read(&output).expect("samples"), String::from_utf8_lossy(&said.stdout).into_owned()))
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

fn shorts(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect()
}

/// Smooth hues inside a dark frame, 0 to 1.
fn picture() -> DisplayRgb {
    DisplayRgb::from_planes([(0.9f32, 61.0f32), (0.7, 83.0), (0.8, 47.0)].map(|(peak, period)| {
        Plane::from_fn(SIZE.0, SIZE.1, move |x, y| {
            let wave = 0.5 + 0.5 * (x as f32 / period + y as f32 / 90.0).sin();
            let inside = (20..300).contains(&x) && (15..220).contains(&y);
            peak * wave * wave * if inside { 1.0 } else { 0.05 }
        })
    }))
}

#[test]
fn openexr_reads_the_light_that_was_written() {
    let (w, h) = SIZE;
    let scene = SceneRgb::from_planes(
        [0.4f32, 1.0, 9.0]
            .map(|k| Plane::from_fn(w, h, move |x, y| k * ((x * 37 + y * 11) % 251) as f32 / 200.0 - 0.1)),
    );
    // Rec.2020 to Rec.709 (ITU-R BT.2407, annex 2)
    let to_709 = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]];
    for (primaries, half) in [
        (ScenePrimaries::Rec709, false),
        (ScenePrimaries::Rec709, true),
        (ScenePrimaries::Rec2020, false),
        (ScenePrimaries::Rec2020, true),
    ] {
        let options = EncodeOptions { half_float: half, ..EncodeOptions::default() };
        let mut metadata = Metadata::default();
        metadata.exif.iso = Some(320);
        let mut file = Cursor::new(Vec::new());
        write_exr(&mut file, &scene, primaries, &metadata, &options).unwrap();
        let script = "
f = OpenEXR.File(sys.argv[1])
h = f.header()
print(h['isoSpeed'], *(round(float(v), 4) for v in h['chromaticities']))
numpy.asarray(f.channels()['RGB'].pixels, '<f4').tofile(sys.argv[2])";
        let Some((bytes, said)) = decoded("numpy, OpenEXR", script, file.get_ref()) else { return };
        let expected = match primaries {
            ScenePrimaries::Rec709 => "320.0 0.64 0.33 0.3 0.6 0.15 0.06 0.3127 0.329",
            _ => "320.0 0.708 0.292 0.17 0.797 0.131 0.046 0.3127 0.329",
        };
        assert_eq!(said.trim(), expected);
        let got = floats(&bytes);
        assert_eq!(got.len(), 3 * w * h);
        for (i, got) in got.chunks_exact(3).enumerate() {
            let rgb = scene.get(i % w, i / w);
            for c in 0..3 {
                let (want, tolerance) = match primaries {
                    // the published matrix has four digits
                    ScenePrimaries::Rec709 => ((0..3).map(|k| to_709[c][k] * rgb[k]).sum(), 1e-3),
                    _ => (rgb[c], 0.0),
                };
                let tolerance = tolerance + if half { 0.5e-3 * f32::abs(want) + 1e-7 } else { 0.0 };
                assert!((got[c] - want).abs() <= tolerance, "{} instead of {want} in {primaries:?}", got[c]);
            }
        }
    }
}

#[test]
fn libjxl_reads_every_bit() {
    for color_space in [ColorSpace::Srgb, ColorSpace::DisplayP3] {
        let mut file = Vec::new();
        write_jxl(&mut file, &picture(), &Metadata { color_space, ..Metadata::default() }).unwrap();
        let script = "
a = imagecodecs.jpegxl_decode(data)
print(*a.shape, a.dtype)
a.astype('<u2').tofile(sys.argv[2])";
        let Some((bytes, said)) = decoded("imagecodecs", script, &file) else { return };
        assert_eq!(said.trim(), format!("{} {} 3 uint16", SIZE.1, SIZE.0));
        assert!(shorts(&bytes) == to_rgb16(&picture()).data(), "{color_space:?}");
    }
}

#[test]
fn libavif_reads_the_same_colours() {
    for (chroma, most) in [(Chroma::Full, 4.0), (Chroma::Half, 14.0)] {
        let mut file = Vec::new();
        let options = EncodeOptions { chroma, ..EncodeOptions::with_quality(95) };
        let metadata = Metadata { color_space: ColorSpace::DisplayP3, ..Metadata::default() };
        write_avif(&mut file, &picture(), &metadata, &options).unwrap();
        let script = "
a = imagecodecs.avif_decode(data)
print(*a.shape, a.dtype)
a.astype('<u2').tofile(sys.argv[2])";
        let Some((bytes, said)) = decoded("imagecodecs", script, &file) else { return };
        assert_eq!(said.trim(), format!("{} {} 3 uint16", SIZE.1, SIZE.0));
        // in steps of 10 bits
        let want = to_rgb16(&picture());
        let difference = |(&got, &want): (&u16, &u16)| f64::from(got) - f64::from(want) * 1023.0 / 65535.0;
        let differences: Vec<f64> = shorts(&bytes).iter().zip(want.data()).map(difference).collect();
        let n = (SIZE.0 * SIZE.1) as f64;
        for c in 0..3 {
            let own = || differences.iter().skip(c).step_by(3);
            let (mean, rms) = (own().sum::<f64>() / n, (own().map(|d| d * d).sum::<f64>() / n).sqrt());
            assert!(mean.abs() < 0.7 && rms < most, "colour {c}, {chroma:?}: mean {mean}, rms {rms} of 1023");
        }
    }
}

#[test]
fn libultrahdr_applies_the_gain_map_to_the_picture_that_was_meant() {
    for (color, color_space) in
        [(false, ColorSpace::DisplayP3), (true, ColorSpace::DisplayP3), (false, ColorSpace::Srgb)]
    {
        // up to a stop brighter, and with three gains redder as well; smooth, because the map has half the size, and
        // without very dark colours, which one gain for all and its offset bend a little
        let base = DisplayRgb::from_planes([(0.8f32, 161.0f32), (0.6, 183.0), (0.7, 147.0)].map(|(peak, period)| {
            Plane::from_fn(SIZE.0, SIZE.1, move |x, y| {
                peak * (0.6 + 0.4 * (x as f32 / period * 3.0 + y as f32 / 90.0).sin())
            })
        }));
        let peaks = if color { [5.0, 4.0, 3.0] } else { [4.0; 3] };
        let mut bright = base.clone();
        for (plane, peak) in bright.planes.iter_mut().zip(peaks) {
            for y in 0..SIZE.1 {
                for (x, v) in plane.row_mut(y).iter_mut().enumerate() {
                    *v *= 1.0 + (peak - 1.0) * base.get(x, y)[1].powi(2);
                }
            }
        }
        let options = GainMapOptions { color, ..GainMapOptions::default() };
        let map = GainMapImage::compute(&base, &bright, color_space, &options).unwrap().unwrap();
        let options = EncodeOptions { chroma: Chroma::Full, gain_map_quality: 95, ..EncodeOptions::with_quality(97) };
        let mut file = Vec::new();
        write_jpeg(&mut file, &base, Some(&map), &Metadata { color_space, ..Metadata::default() }, &options).unwrap();
        // linear, in the primaries of the file, 1 is standard white
        let script = "
assert imagecodecs.ultrahdr_check(data)
a = imagecodecs.ultrahdr_decode(data)
print(*a.shape, a.dtype)
a[..., :3].astype('<f4').tofile(sys.argv[2])";
        let Some((bytes, said)) = decoded("imagecodecs", script, &file) else { return };
        assert_eq!(said.trim(), format!("{} {} 4 float16", SIZE.1, SIZE.0));
        let got = floats(&bytes);
        let (mut sums, mut squares, mut light) = ([0.0f64; 3], [0.0f64; 3], [0.0f64; 3]);
        for (i, got) in got.chunks_exact(3).enumerate() {
            let want = bright.get(i % SIZE.0, i / SIZE.0);
            for c in 0..3 {
                let difference = f64::from(got[c] - want[c]);
                sums[c] += difference;
                squares[c] += difference * difference;
                light[c] += f64::from(want[c]);
            }
        }
        let n = (SIZE.0 * SIZE.1) as f64;
        for c in 0..3 {
            let (bias, rms, mean) = (sums[c] / light[c], (squares[c] / n).sqrt(), light[c] / n);
            let what =
                format!("colour {c} of {color_space:?}, three gains {color}: mean {mean}, off by {bias}, rms {rms}");
            assert!(bias.abs() < 0.01 && rms < 0.05 * mean, "{what}");
        }
    }
}
