use super::*;
use calotype_image::Plane;
use std::path::{Path, PathBuf};

/// A scene of grey and coloured patches with texture, under a light.
fn scene(light: [f32; 3]) -> CameraRgb {
    let colours =
        [[0.5, 0.5, 0.5], [0.4, 0.2, 0.1], [0.1, 0.3, 0.15], [0.8, 0.8, 0.8], [0.2, 0.25, 0.5], [0.1, 0.1, 0.1]];
    CameraRgb::from_planes([0, 1, 2].map(|c| {
        Plane::from_fn(180, 120, |x, y| {
            let patch = colours[(x / 30 + 2 * (y / 30)) % colours.len()];
            patch[c] * light[c] * (1.0 + 0.15 * ((x as f32 * 1.7).sin() * (y as f32 * 1.3).cos()))
        })
    }))
}

fn angle(a: [f32; 3], b: [f32; 3]) -> f32 {
    let dot = |a: [f32; 3], b: [f32; 3]| (0..3).map(|k| f64::from(a[k]) * f64::from(b[k])).sum::<f64>();
    (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()).min(1.0).acos().to_degrees() as f32
}

#[test]
fn the_light_of_a_mixed_scene_is_found() {
    for light in [[0.5, 1.0, 0.6], [0.8, 0.9, 0.3], [0.3, 0.8, 0.8]] {
        let e = WhiteEstimate::of(&scene(light), [1.0; 3]).unwrap();
        assert!(angle(e.neutral, light) < 1.5, "{light:?}: {e:?}");
    }
}

#[test]
fn the_answer_does_not_depend_on_exposure() {
    let light = [0.5, 1.0, 0.6];
    let a = WhiteEstimate::of(&scene(light), [1.0; 3]).unwrap();
    let b = WhiteEstimate::of(&scene(light.map(|v| 0.1 * v)), [1.0; 3]).unwrap();
    assert!(angle(a.neutral, b.neutral) < 0.05);
}

#[test]
fn clipped_pixels_say_nothing() {
    let mut p = scene([0.5, 1.0, 0.6]);
    // a large white area in which green and then all channels are clipped
    for plane in &mut p.planes {
        (0..40).for_each(|y| plane.row_mut(y)[..90].fill(1.0));
    }
    let e = WhiteEstimate::of(&p, [1.0; 3]).unwrap();
    assert!(angle(e.neutral, [0.5, 1.0, 0.6]) < 2.0, "{e:?}");
}

#[test]
fn nothing_tells_nothing() {
    for p in [CameraRgb::new(0, 0), CameraRgb::new(1, 1), CameraRgb::new(40, 30)] {
        assert_eq!(WhiteEstimate::of(&p, [1.0; 3]), None);
    }
    let bright = CameraRgb::from_planes([(); 3].map(|()| Plane::filled(9, 9, 1.0)));
    assert_eq!(WhiteEstimate::of(&bright, [1.0; 3]), None);
    let one = CameraRgb::from_planes([0.2, 0.4, 0.3].map(|v| Plane::filled(1, 1, v)));
    let e = WhiteEstimate::of(&one, [1.0; 3]).unwrap();
    assert!((e.neutral[0] - 0.5).abs() < 1e-4 && (e.neutral[2] - 0.75).abs() < 1e-4);
}

/// A camera whose colours are linear Rec.709.
fn rec709_camera() -> CameraModel {
    let light = calotype_color::IlluminantCalibration {
        white_xy: calotype_color::D65_XY,
        kelvin: 6504.0,
        color_matrix: [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]],
        forward_matrix: None,
        camera_calibration: None,
        hue_sat_map: None,
    };
    CameraModel::new(&calotype_color::CameraCalibration { illuminants: vec![light], ..Default::default() }).unwrap()
}

#[test]
fn estimates_are_drawn_to_lights_that_exist() {
    let camera = rec709_camera();
    let estimate = |neutral: [f32; 3], spread| WhiteEstimate {
        neutral,
        spread,
        cues: [neutral; 4],
        chroma: vec![Chroma { red: neutral[0].ln(), blue: neutral[2].ln(), share: 1.0 }],
    };
    let sure = estimate([1.0, 1.0, 1.0], 0.0).natural(&camera, None).unwrap();
    assert!((5600.0..6800.0).contains(&sure.kelvin) && sure.tint.abs() < 12.0, "{sure:?}");
    // a lawn fills the picture: the estimate is green, daylight is not
    let lawn = estimate([0.9, 1.0, 0.8], 0.1);
    let (free, open) = (lawn.natural(&camera, None).unwrap(), lawn.natural(&camera, Some(14.0)).unwrap());
    let direct = camera.resolve(WhiteBalance::Neutral([0.9, 1.0, 0.8])).unwrap();
    assert!(free.tint.abs() < 0.5 * direct.tint.abs(), "{} of {}", free.tint, direct.tint);
    assert!((open.kelvin - 5600.0).abs() < (free.kelvin - 5600.0).abs() + 1.0 && (open.tint - 3.0).abs() < 5.0);
    // samples that were balanced before: no light is like that, so the estimate stands
    let baked = estimate([2.4, 1.0, 1.8], 0.01).natural(&camera, Some(14.0)).unwrap();
    assert!((baked.neutral[0] - 2.4).abs() < 1e-3 && (baked.neutral[2] - 1.8).abs() < 1e-3);
}

/// Linear camera pictures of a phone's sensor whose light was measured (set imx135-awb: INTEL-TAU).
struct Measured {
    picture: CameraRgb,
    light: [f32; 3],
}

fn measured() -> Option<Vec<Measured>> {
    let root = std::env::var_os("CALOTYPE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let mut files: Vec<PathBuf> = std::fs::read_dir(root.join("imx135-awb")).ok()?.map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "png"));
    files.sort();
    Some(files.iter().map(|f| read(f)).collect())
}

fn read(file: &Path) -> Measured {
    let json =
        std::fs::read_to_string(file.with_extension("").to_string_lossy().into_owned() + "_metadata.json").unwrap();
    let numbers = &json[json.find('[').unwrap() + 1..json.find(']').unwrap()];
    let light: Vec<f32> = numbers.split(',').map(|n| n.trim().parse().unwrap()).collect();
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(std::fs::File::open(file).unwrap())).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((info.bit_depth, info.color_type), (png::BitDepth::Sixteen, png::ColorType::Rgb));
    let (w, h) = (info.width as usize, info.height as usize);
    let at = |i: usize| f32::from(u16::from_be_bytes([bytes[2 * i], bytes[2 * i + 1]]));
    let most = (0..w * h * 3).map(at).fold(1.0, f32::max);
    let planes = [0, 1, 2].map(|c| Plane::from_fn(w, h, |x, y| at(3 * (y * w + x) + c) / most));
    Measured { picture: CameraRgb::from_planes(planes), light: [light[0], light[1], light[2]] }
}

/// The p-norm mean of each channel: p = 1 is grey world, large p white patch.
fn minkowski(picture: &CameraRgb, p: i32) -> [f32; 3] {
    let good = cues::trusted(picture, [1.0; 3]);
    let mut sums = [0.0f64; 3];
    for pixel in cues::pixels(picture, &good) {
        (0..3).for_each(|k| sums[k] += f64::from(pixel[k]).powi(p));
    }
    sums.map(|s| s.powf(1.0 / f64::from(p)) as f32)
}

#[test]
fn measured_lights_are_met_better_than_by_the_classics() {
    let Some(set) = measured() else {
        eprintln!("skipped: the set imx135-awb is not there");
        return;
    };
    let score = |name: &str, f: &dyn Fn(&CameraRgb) -> [f32; 3]| {
        let mut errors: Vec<f32> = set.iter().map(|m| angle(f(&m.picture), m.light)).collect();
        errors.sort_by(f32::total_cmp);
        let mean = errors.iter().sum::<f32>() / errors.len() as f32;
        eprintln!(
            "{name:15} mean {mean:.2}  median {:.2}  worst {:.2} degrees",
            errors[errors.len() / 2],
            errors[errors.len() - 1]
        );
        mean
    };
    let classics = [
        score("grey world", &|p| minkowski(p, 1)),
        score("white patch", &|p| {
            let mut most = [0.0f32; 3];
            (0..3).for_each(|c| most[c] = p.planes[c].data().iter().fold(0.0, |a, &b| a.max(b)));
            most
        }),
        score("shades of grey", &|p| minkowski(p, 6)),
        score("grey edge", &|p| cues::all(p, [1.0; 3]).unwrap()[2]),
    ];
    let ours = score("ours", &|p| WhiteEstimate::of(p, [1.0; 3]).unwrap().neutral);
    assert!(classics.iter().all(|&c| ours < 0.85 * c), "mean error {ours} degrees");
    assert!(ours < 2.5);
}
