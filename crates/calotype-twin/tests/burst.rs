//! Whole bursts, from the request to the files, against what must be.

use calotype_color::lab::{delta_e_2000, xyz_to_lab_d65};
use calotype_color::matrix::transform;
use calotype_color::{CameraModel, RgbSpace, WhiteBalance};
use calotype_dng::{Limits, RawImage, opcode};
use calotype_image::{Plane, raw_to_linear};
use calotype_twin::{Camera, Choice, Plan, Request, Shot, Truth, TwinError, write_burst};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex64;
use std::collections::BTreeMap;
use std::path::Path;

fn take(request: &Request, camera: &str) -> (Plan, Shot) {
    let plan = request.plan(Camera::load(camera).unwrap()).unwrap();
    let shot = plan.shoot(&|_| true).unwrap();
    (plan, shot)
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut out = BTreeMap::new();
    for sub in ["burst", "truth"] {
        for entry in std::fs::read_dir(folder.join(sub)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{sub}/{}", path.file_name().unwrap().to_str().unwrap());
            out.insert(name, std::fs::read(&path).unwrap());
        }
    }
    out
}

/// Linear samples of a DNG, with its shading undone.
fn read(bytes: &[u8]) -> (calotype_dng::DngInfo, Plane<f32>, calotype_image::Cfa) {
    let dng = calotype_dng::read(bytes, &Limits::default()).unwrap();
    assert!(dng.warnings.is_empty(), "{:?}", dng.warnings);
    let RawImage::Cfa { samples, cfa } = dng.image else { panic!("no mosaic") };
    let (w, h) = (samples.width(), samples.height());
    let (list, _) = opcode::parse(2, &dng.info.opcode_lists[1]).unwrap_or_default();
    let maps: Vec<_> = list.iter().filter(|o| o.name() == "GainMap").collect();
    assert!(maps.is_empty() || maps.len() == 4);
    let gain = |x: usize, y: usize| {
        maps.iter()
            .map(|o| {
                let opcode::Operation::GainMap(m) = &o.operation else { return 1.0 };
                if (x as u32 % 2, y as u32 % 2) != (m.area.left, m.area.top) {
                    return 1.0;
                }
                let at = |v: usize, n: usize, spacing: f64, points: u32| {
                    let p = ((v as f64 + 0.5) / n as f64 / spacing).min(f64::from(points) - 1.001);
                    (p as usize, (p - p.floor()) as f32)
                };
                let ((i, fx), (j, fy)) = (at(x, w, m.spacing[1], m.points[1]), at(y, h, m.spacing[0], m.points[0]));
                let g = |i: usize, j: usize| m.gains[j * m.points[1] as usize + i];
                let row = |j| g(i, j) + (g(i + 1, j) - g(i, j)) * fx;
                row(j) + (row(j + 1) - row(j)) * fy
            })
            .product::<f32>()
    };
    let plane = Plane::from_fn(w, h, |x, y| raw_to_linear(samples.get(x, y)) * gain(x, y));
    (dng.info, plane, cfa)
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let request = Request { frames: 2, size: Some((160, 120)), ..Request::new("valley") };
    let made = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let out = folder.path().join(format!("{threads}-{seed}"));
        pool.install(|| {
            let (plan, shot) = take(&Request { seed, ..request.clone() }, "flagship");
            write_burst(&plan, &shot, &out, false).unwrap();
        });
        files(&out)
    };
    let (one, four) = (made(1, 1), made(4, 1));
    assert_eq!(one.len(), 2 + 8);
    for (name, bytes) in &one {
        assert!(four[name] == *bytes, "{name} differs");
    }
    assert_ne!(made(4, 2)["burst/frame_00.dng"], one["burst/frame_00.dng"]);
}

#[test]
fn files_are_read_back_as_they_were_meant() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("burst");
    let exposure = Choice { shutter_s: Some(0.02), iso: Some(400.0), ev: 0.0 };
    let request = Request { frames: 2, size: Some((322, 242)), exposure, ..Request::new("chart") };
    let (plan, shot) = take(&request, "main");
    write_burst(&plan, &shot, &out, false).unwrap();
    for k in 0..2 {
        let bytes = std::fs::read(out.join(format!("burst/frame_{k:02}.dng"))).unwrap();
        let dng = calotype_dng::read(&bytes, &Limits::default()).unwrap();
        let RawImage::Cfa { samples, cfa } = &dng.image else { panic!("no mosaic") };
        assert_eq!(*cfa, shot.cfa);
        let range = f64::from(1023 - 64);
        for y in 0..242 {
            for (read, code) in samples.row(y).iter().zip(shot.frames[k].row(y)) {
                let linear = (f64::from(*code) - 64.0) / range;
                assert!((f64::from(raw_to_linear(*read)) - linear).abs() < 2e-5);
            }
        }
        let i = &dng.info;
        assert_eq!((i.exif.exposure_time_s, i.exif.iso, i.exif.f_number), (Some(0.02), Some(400.0), Some(1.8)));
        assert_eq!(i.calibration.illuminants.len(), 2);
        assert!(i.calibration.illuminants.iter().all(|c| c.forward_matrix.is_some()));
        let noise = i.noise_profile.unwrap();
        let meant = plan.camera.sensor.noise(&shot.gains[k], 0.02);
        assert!(
            (noise.shot[1] / meant.shot[1] - 1.0).abs() < 1e-6 && (noise.read[2] / meant.read[2] - 1.0).abs() < 1e-6
        );
        assert!(i.unique_camera_model.contains("Twin main"));
    }
    let times: Vec<String> = (0..2)
        .map(|k| {
            calotype_dng::read_info(
                &std::fs::read(out.join(format!("burst/frame_{k:02}.dng"))).unwrap(),
                &Limits::default(),
            )
            .unwrap()
            .exif
            .sub_sec_original
        })
        .collect();
    assert!(times[0] < times[1], "{times:?}");
}

#[test]
fn charts_have_their_colours_through_the_files_own_matrices() {
    let folder = tempfile::tempdir().unwrap();
    for (camera, light, mean_most, most) in
        [("clean", "D65", 1.3, 4.5), ("flagship", "D50", 1.8, 5.5), ("flagship", "A", 2.0, 7.5)]
    {
        let out = folder.path().join(format!("{camera}-{light}"));
        let request = Request {
            frames: 1,
            size: Some((480, 360)),
            illuminant: Some(light.into()),
            lux: Some(2000.0),
            grip: "tripod".into(),
            ..Request::new("chart")
        };
        let (plan, shot) = take(&request, camera);
        write_burst(&plan, &shot, &out, false).unwrap();
        let (info, plane, cfa) = read(&std::fs::read(out.join("burst/frame_00.dng")).unwrap());
        let model = CameraModel::new(&info.calibration).unwrap().resolve(WhiteBalance::AsShot).unwrap();
        let mut errors = Vec::new();
        for mark in plan.scene.marks.iter().filter(|m| m.kind == "patch") {
            let [x0, y0, x1, y1] = mark.place.map(|v| (v * 360.0).round() as usize);
            let (mut sum, mut count) = ([0f64; 3], [0f64; 3]);
            for y in y0..y1 {
                for x in x0..x1 {
                    let c = cfa.color_at(x, y) as usize;
                    sum[c] += f64::from(plane.get(x, y));
                    count[c] += 1.0;
                }
            }
            let raw = [0, 1, 2].map(|c| sum[c] / count[c]);
            let got = transform(&RgbSpace::Rec2020.to_xyz(), transform(&model.camera_to_scene, raw));
            let light = mark.light.unwrap();
            // the chart's white reflects nine tenths: relative to a white surface, as CIELAB wants it
            let white = plan.scene.lux / std::f64::consts::PI;
            let want = transform(&RgbSpace::Rec709.to_xyz(), [3, 4, 5].map(|i| f64::from(light[i]) / white));
            let scale = shot.cd_m2_at_1 / white;
            errors.push(delta_e_2000(xyz_to_lab_d65(got.map(|v| v * scale)), xyz_to_lab_d65(want)));
        }
        let mean = errors.iter().sum::<f64>() / 24.0;
        let largest = errors.iter().fold(0.0, |a: f64, b| a.max(*b));
        assert!(errors.len() == 24 && mean < mean_most && largest < most, "{camera} under {light}: {mean} {largest}");
    }
}

#[test]
fn frames_differ_by_the_noise_their_profile_promises() {
    let request = Request { frames: 2, size: Some((400, 300)), grip: "tripod".into(), ..Request::new("flat") };
    for (camera, lux) in [("flagship", 500.0), ("main", 5.0), ("budget", 50.0), ("clean", 20.0)] {
        let (plan, shot) = take(&Request { lux: Some(lux), ..request.clone() }, camera);
        let s = &plan.camera.sensor;
        let noise = s.noise(&shot.gains[0], shot.times[0].exposure.shutter_s);
        let range = f64::from(s.white_level() - s.black_level);
        let (mut measured, mut promised) = (0.0, 0.0);
        for y in 0..300 {
            for x in 0..400 {
                let [a, b] = [0, 1].map(|k| (f64::from(shot.frames[k].get(x, y)) - f64::from(s.black_level)) / range);
                let clean = shot.clean.get(x, y);
                // hot photosites have noise of their own
                if (a - f64::from(clean)).abs() < 8.0 * f64::from(noise.variance(1, clean)).sqrt() {
                    measured += (a - b) * (a - b) / 2.0;
                    promised += f64::from(noise.variance(1, clean));
                }
            }
        }
        assert!((measured / promised - 1.0).abs() < 0.03, "{camera}: {}", measured / promised);
    }
}

/// The shift of `b` against `a` (both `n` x `n`), by phase correlation: the peak to a whole sample, then the slope of
/// the phase at low frequencies.
fn phase_shift(a: &[f64], b: &[f64], n: usize) -> (f64, f64) {
    let mut planner = FftPlanner::new();
    let (forward, inverse) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
    let two = |data: &mut Vec<Complex64>, fft: &std::sync::Arc<dyn rustfft::Fft<f64>>| {
        fft.process(data);
        *data = (0..n * n).map(|i| data[i % n * n + i / n]).collect();
        fft.process(data);
    };
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let load = |v: &[f64]| -> Vec<Complex64> {
        let hann = |i: usize| 0.5 - 0.5 * (std::f64::consts::TAU * (i as f64 + 0.5) / n as f64).cos();
        let m = mean(v);
        v.iter().enumerate().map(|(i, x)| Complex64::new((x - m) * hann(i % n) * hann(i / n), 0.0)).collect()
    };
    let (mut fa, mut fb) = (load(a), load(b));
    two(&mut fa, &forward);
    two(&mut fb, &forward);
    // transposed: index = kx * n + ky
    let cross: Vec<Complex64> = fa.iter().zip(&fb).map(|(a, b)| b * a.conj()).collect();
    let mut peak: Vec<Complex64> = cross.iter().map(|c| c / (c.norm() + 1e-12)).collect();
    two(&mut peak, &inverse);
    let best = (0..n * n).max_by(|i, j| peak[*i].re.total_cmp(&peak[*j].re)).unwrap();
    let signed = |i: usize| if i < n / 2 { i as f64 } else { i as f64 - n as f64 };
    // two transposes: row order again
    let (mut sx, mut sy) = (signed(best % n), signed(best / n));
    for _ in 0..4 {
        let (mut m, mut v) = ([[0.0; 2]; 2], [0.0; 2]);
        for kx in 0..n {
            for ky in 0..n {
                let (fx, fy) = (signed(kx) / n as f64, signed(ky) / n as f64);
                let r = fx.hypot(fy);
                if r == 0.0 || r > 0.12 {
                    continue;
                }
                let c = cross[kx * n + ky] * Complex64::cis(std::f64::consts::TAU * (fx * sx + fy * sy));
                let (w, phase) = (c.norm(), -c.arg() / std::f64::consts::TAU);
                let f = [fx, fy];
                for i in 0..2 {
                    v[i] += w * f[i] * phase;
                    for j in 0..2 {
                        m[i][j] += w * f[i] * f[j];
                    }
                }
            }
        }
        let det = m[0][0] * m[1][1] - m[0][1] * m[1][0];
        sx += (v[0] * m[1][1] - v[1] * m[0][1]) / det;
        sy += (v[1] * m[0][0] - v[0] * m[1][0]) / det;
    }
    (sx, sy)
}

#[test]
fn the_motion_field_is_what_phase_correlation_finds() {
    for (camera, grip) in [("clean", "hand"), ("flagship", "one-hand")] {
        let exposure = Choice { shutter_s: Some(0.004), ..Choice::default() };
        let request = Request {
            frames: 4,
            size: Some((640, 480)),
            grip: grip.into(),
            exposure,
            lux: Some(5000.0),
            ..Request::new("leaves")
        };
        let (plan, shot) = take(&request, camera);
        let truth = Truth::new(&plan, &shot);
        // one green plane at half size
        let (ox, oy) = if shot.cfa.color_at(0, 0) as usize == 1 { (0, 0) } else { (1, 0) };
        let n = 128;
        let tile = |k: usize, left: usize, top: usize| -> Vec<f64> {
            (0..n * n).map(|i| f64::from(shot.frames[k].get(ox + 2 * (left + i % n), oy + 2 * (top + i / n)))).collect()
        };
        let (mut moved, mut worst) = (0.0f64, 0.0f64);
        for k in 1..4 {
            let field = truth.motion(k);
            for (left, top) in [(0, 0), (96, 56), (192, 112), (0, 112)] {
                let (sx, sy) = phase_shift(&tile(0, left, top), &tile(k, left, top), n);
                // the mean of the field over the middle of the tile
                let (mut fx, mut fy, mut count) = (0.0, 0.0, 0.0);
                for j in (2 * top + 64) / 8..(2 * top + 192) / 8 {
                    for i in (2 * left + 64) / 8..(2 * left + 192) / 8 {
                        let [x, y, _] = field.get(i, j);
                        (fx, fy, count) = (fx + f64::from(x), fy + f64::from(y), count + 1.0);
                    }
                }
                let (fx, fy) = (fx / count, fy / count);
                moved = moved.max(fx.hypot(fy));
                worst = worst.max((2.0 * sx - fx).hypot(2.0 * sy - fy));
            }
        }
        assert!(moved > 0.5 && worst < 0.2, "{camera}: {moved} {worst}");
    }
}

#[test]
fn what_exists_stays_and_what_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let request = Request { frames: 1, size: Some((64, 48)), ..Request::new("flat") };
    let (plan, shot) = take(&request, "clean");
    let out = folder.path().join("mine");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("notes.txt"), "mine").unwrap();
    for overwrite in [false, true] {
        // not even asked to: this is no burst
        assert!(matches!(write_burst(&plan, &shot, &out, overwrite), Err(TwinError::Exists { .. })));
    }
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1);
    let burst = folder.path().join("burst");
    write_burst(&plan, &shot, &burst, false).unwrap();
    assert!(matches!(write_burst(&plan, &shot, &burst, false), Err(TwinError::Exists { .. })));
    write_burst(&plan, &shot, &burst, true).unwrap();
    assert!(matches!(plan.shoot(&|_| false), Err(TwinError::Cancelled)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing half-written");
}

#[test]
fn files_describe_the_lens_unless_told_not_to() {
    let folder = tempfile::tempdir().unwrap();
    let request = Request { frames: 1, size: Some((322, 242)), ..Request::new("chart") };
    for corrections in [true, false] {
        let (plan, shot) = take(&Request { corrections, ..request.clone() }, "flagship");
        let out = folder.path().join(format!("{corrections}"));
        write_burst(&plan, &shot, &out, false).unwrap();
        let bytes = std::fs::read(out.join("burst/frame_00.dng")).unwrap();
        let info = calotype_dng::read_info(&bytes, &Limits::default()).unwrap();
        let names = |list: usize| -> Vec<&str> {
            let (opcodes, _) = opcode::parse(list as u8, &info.opcode_lists[list - 1]).unwrap_or_default();
            opcodes.iter().map(|o| o.name()).collect()
        };
        let wanted: (&[&str], &[&str]) = if corrections { (&["GainMap"; 4], &["WarpRectilinear"]) } else { (&[], &[]) };
        assert_eq!((&names(2)[..], &names(3)[..]), wanted);
        assert_eq!(out.join("truth/scene_corrected.exr").is_file(), corrections);
        let toml = std::fs::read_to_string(out.join("truth/truth.toml")).unwrap();
        let truth: toml::Table = toml.parse().unwrap();
        assert_eq!(truth["geometry"]["warp_rectilinear"].as_bool(), Some(corrections));
        // the preview: a JPEG of the whole picture, as bright as it was metered
        let start = bytes.windows(3).position(|w| w == [0xFF, 0xD8, 0xFF]).unwrap();
        let mut decoder = zune_jpeg::JpegDecoder::new(zune_core::bytestream::ZCursor::new(&bytes[start..]));
        let pixels = decoder.decode().unwrap();
        assert_eq!(decoder.dimensions(), Some((161, 121)));
        let mean = pixels.iter().map(|v| f64::from(*v)).sum::<f64>() / pixels.len() as f64;
        assert!((60.0..160.0).contains(&mean), "{mean}");
    }
}

#[test]
fn requests_that_cannot_be_are_refused() {
    let camera = || Camera::load("budget").unwrap();
    let refused = |request: Request| match request.plan(camera()).and_then(|p| p.shoot(&|_| true)) {
        Ok(_) => panic!("{request:?} was taken"),
        Err(e) => e.to_string(),
    };
    let small = || Request { size: Some((64, 48)), ..Request::new("flat") };
    for (request, word) in [
        (Request { frames: 0, ..small() }, "frames"),
        (Request { size: Some((9000, 48)), ..small() }, "4032x3024"),
        (Request { lux: Some(f64::NAN), ..small() }, "light"),
        (Request { grip: "drone".into(), ..small() }, "tripod"),
        (Request { illuminant: Some("moon".into()), ..small() }, "D65"),
        (Request { reference: 9, ..small() }, "reference"),
        (Request { bracket: vec![40.0], ..small() }, "bracket"),
        (Request { focus_m: Some(-1.0), ..small() }, "focus"),
        (Request { exposure: Choice { iso: Some(1e9), ..Choice::default() }, ..small() }, "iso"),
        (Request { scene: "no.exr".into(), ..small() }, "no.exr"),
        (Request { scene: "moon".into(), ..small() }, "valley"),
    ] {
        let error = refused(request);
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn every_scene_is_light_everywhere_and_the_same_twice() {
    for entry in calotype_twin::SCENES {
        let request = Request {
            frames: 1,
            size: Some((96, 72)),
            grip: "one-hand".into(),
            seed: 1 << 40,
            ..Request::new(entry.name)
        };
        let plan = request.plan(Camera::load("clean").unwrap()).unwrap();
        let again = request.plan(Camera::load("clean").unwrap()).unwrap();
        let mut brightest = 0f32;
        for j in -10..60 {
            for i in -10..80 {
                let (u, v) = (i as f32 / 50.0, j as f32 / 50.0);
                let light = plan.scene.at(u, v, 0.003);
                assert_eq!(light, again.scene.at(u, v, 0.003), "{}", entry.name);
                assert!(light.iter().all(|l| l.is_finite()), "{} at {u},{v}: {light:?}", entry.name);
                assert!(light[..3].iter().all(|l| *l >= 0.0), "{} at {u},{v}: {light:?}", entry.name);
                brightest = brightest.max(light[1]);
            }
        }
        assert!(brightest > 0.0, "{}", entry.name);
    }
}
