//! Other people's implementations as judges: scikit-image, colour-science and NumPy, through the Python that
//! `CALOTYPE_PYTHON` names (`python3` without). What is not installed is skipped, which is said on standard error.

use calotype_lab::{CompareOptions, EdgeOptions, Limits, compare, edges, find_chart, read_picture};
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Runs a script; `None`, with a note, where a package it imports is missing.
fn python(folder: &Path, package: &str, script: &str) -> Option<Vec<f64>> {
    let program = std::env::var("CALOTYPE_PYTHON").unwrap_or_else(|_| "python3".into());
    let there = Command::new(&program).args(["-c", &format!("import numpy, {package}")]).output();
    if !there.is_ok_and(|o| o.status.success()) {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {package} is not installed for {program}, this test did not run");
        return None;
    }
    let file = folder.join("oracle.py");
    std::fs::write(&file, script).expect("a temporary file");
    let output = Command::new(&program).arg(&file).current_dir(folder).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).split_whitespace().filter_map(|v| v.parse().ok()).collect())
}

const PICTURES: &str = "
import numpy as np
rng = np.random.default_rng(5)
y, x = np.mgrid[:160, :200]
t = np.stack([0.4 + 0.3 * np.sin(x / 9 + c) * np.cos(y / 7) for c in range(3)], -1).astype('f4')
t[40:90, 50:120] *= 0.3
p = (t + rng.normal(0, 0.02, t.shape)).astype('f4')
np.save('truth.npy', t); np.save('picture.npy', p)
enc = lambda v: np.where(np.clip(v, 0, 1) <= 0.0031308, np.clip(v, 0, 1) * 12.92, 1.055 * np.clip(v, 1e-9, 1) ** (1 / 2.4) - 0.055)
";

#[test]
fn psnr_ssim_and_ciede2000_agree_with_scikit_image() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "{PICTURES}
from skimage.metrics import structural_similarity as ssim
from skimage.color import deltaE_ciede2000, rgb2lab
w = np.array([0.2126390058715103, 0.7151686787677559, 0.0721923153607338])
inner = (slice(12, -12), slice(12, -12))
a, b = enc(p.astype(float)), enc(t.astype(float))
print(-10 * np.log10(((a - b)[inner] ** 2).mean()))
_, s = ssim(b @ w, a @ w, data_range=1, gaussian_weights=True, sigma=1.5, full=True)
print(s[inner].mean())
d = deltaE_ciede2000(rgb2lab(b), rgb2lab(a))[inner]
print(d.mean(), np.quantile(d, 0.95))
"
    );
    let Some(want) = python(folder.path(), "skimage", &script) else { return };
    let read = |name: &str| read_picture(&folder.path().join(name), None, &Limits::default()).unwrap();
    // four pixels beside the border of what is valid are left out, too
    let options = CompareOptions { fit_exposure: false, margin: 8, perceptual: false, ..Default::default() };
    let got = compare(&read("picture.npy"), &read("truth.npy"), &options).unwrap();
    assert!((got.all.psnr_db - want[0]).abs() < 1e-3, "{} {want:?}", got.all.psnr_db);
    assert!((got.ssim - want[1]).abs() < 1e-5, "{} {want:?}", got.ssim);
    // scikit-image takes the white of its own tables, a ten-thousandth off
    assert!((got.all.delta_e_mean - want[2]).abs() < 2e-3, "{} {want:?}", got.all.delta_e_mean);
    assert!((got.all.delta_e_p95 - want[3]).abs() < 1e-2, "{} {want:?}", got.all.delta_e_p95);
}

#[test]
fn chart_colours_agree_with_colour_science() {
    let folder = tempfile::tempdir().unwrap();
    let script = "
import numpy as np, colour
c = colour.CCS_COLOURCHECKERS['ColorChecker24 - After November 2014']
XYZ = np.array([colour.xyY_to_XYZ(v) for v in c.data.values()])
rgb = colour.XYZ_to_RGB(XYZ, 'sRGB', c.illuminant, 'Bradford').reshape(4, 6, 3)
img = np.full((4 * 60 + 40, 6 * 60 + 40, 3), 0.25); img[10:-10, 10:-10] = 0.01
for j in range(4):
    for i in range(6):
        img[25 + 60 * j:75 + 60 * j, 25 + 60 * i:75 + 60 * i] = rgb[j, i]
np.save('chart.npy', (0.5 * img).astype('f4'))
for lab in colour.XYZ_to_Lab(XYZ, c.illuminant): print(*lab)
";
    let Some(lab) = python(folder.path(), "colour", script) else { return };
    let picture = read_picture(&folder.path().join("chart.npy"), None, &Limits::default()).unwrap();
    let reference = calotype_lab::ChartReference::Since2014;
    let report = calotype_lab::colour(&picture, &find_chart(&picture).unwrap(), &reference).unwrap();
    assert!((report.exposure_error_ev + 1.0).abs() < 0.02, "{}", report.exposure_error_ev);
    // its table and ours round differently, and its sRGB matrix has four digits
    assert!(report.delta_e_max < 0.25, "{}", report.delta_e_max);
    for (patch, want) in report.patches.iter().zip(lab.chunks_exact(3)) {
        let off = patch.lab.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 0.5, "{}: {:?} is not {want:?}", patch.name, patch.lab);
    }
}

/// An edge whose response is known from an independent transform of its own, finely sampled spread function.
#[test]
fn an_edge_through_a_box_and_a_bell_has_its_response() {
    let folder = tempfile::tempdir().unwrap();
    let script = "
import numpy as np
from scipy.special import erf
n, ss, sigma, angle = 200, 8, 0.7, np.deg2rad(5.5)
g = (np.arange(n * ss) + 0.5) / ss
x, y = np.meshgrid(g, g)
d = (x - n / 2) * np.cos(angle) - (y - n / 2) * np.sin(angle)
e = 0.08 + 0.5 * 0.5 * (1 + erf(d / sigma / np.sqrt(2)))
e = e.reshape(n, ss, n, ss).mean((1, 3))
np.save('edge.npy', e.astype('f4'))
for f in (0.1, 0.2, 0.3, 0.4):
    print(np.exp(-2 * (np.pi * sigma * f) ** 2) * np.sinc(f * np.cos(angle)) * np.sinc(f * np.sin(angle)))
";
    let Some(want) = python(folder.path(), "scipy", script) else { return };
    let picture = read_picture(&folder.path().join("edge.npy"), None, &Limits::default()).unwrap();
    let report = edges(&picture, &EdgeOptions::default()).unwrap();
    for (f, want) in [0.1, 0.2, 0.3, 0.4].into_iter().zip(want) {
        let got = report.edges[0].main().mtf.at(f);
        assert!((got - want).abs() < 0.01, "{f}: {got}, not {want}");
    }
}

/// Files as other programs write them come to the same numbers.
#[test]
fn files_of_other_programs_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "{PICTURES}
import tifffile
from PIL import Image, ImageCms
import io
tifffile.imwrite('f32.tif', t)
tifffile.imwrite('f16.tif', t.astype('f2'))
tifffile.imwrite('u16.tif', np.round(enc(t) * 65535).astype('u2'), compression='zlib')
tifffile.imwrite('u8.tif', np.round(enc(t) * 255).astype('u1'))
Image.fromarray(np.round(enc(t) * 255).astype('u1')).save('u8.png')
icc = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
Image.fromarray(np.round(enc(t) * 255).astype('u1')).save('icc.png', icc_profile=icc)
Image.fromarray(np.round(enc(t) * 255).astype('u1')).save('q.jpg', quality=98, subsampling=0, icc_profile=icc)
"
    );
    if python(folder.path(), "tifffile, PIL", &script).is_none() {
        return;
    }
    let read = |name: &str| read_picture(&folder.path().join(name), None, &Limits::default()).unwrap();
    let truth = read("truth.npy");
    for (name, tolerance) in [
        ("f32.tif", 0.0),
        ("f16.tif", 4e-4),
        ("u16.tif", 3e-5),
        ("u8.tif", 5e-3),
        ("u8.png", 5e-3),
        ("icc.png", 6e-3),
        ("q.jpg", 0.05),
    ] {
        let picture = read(name);
        assert_eq!(picture.size(), truth.size(), "{name}");
        let off = (0..3).flat_map(|c| picture.rgb.planes[c].data().iter().zip(truth.rgb.planes[c].data()));
        let off = off.map(|(a, b)| (a - b.clamp(0.0, 1.0)).abs()).fold(0.0f32, f32::max);
        assert!(off <= tolerance, "{name}: {off}");
    }
}
