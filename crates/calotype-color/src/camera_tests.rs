//! Against two made-up cameras whose camera colours were computed independently from the exact forward model.

use super::*;
use crate::matrix::to_f32;

type Rows = [[f64; 3]; 3];

struct Truth {
    camera: usize,
    /// Kelvin of the light; "A" is 2850 and "D65" is 6500, as files name them.
    light: f64,
    neutral: [f64; 3],
    /// Camera colours (green of white = 1) to linear Rec.709.
    to_rec709: Rows,
    /// Largest deviation of a matrix entry, relative to the largest entry.
    tolerance: f64,
}

/// XYZ to camera under A and D65.
const COLOR: [[Rows; 2]; 2] = [
    [
        [[1.1053, -0.2594, -0.0733], [-0.4666, 1.4018, 0.3046], [-0.0798, 0.1786, 0.6651]],
        [[0.7583, -0.0765, -0.1022], [-0.5071, 1.2698, 0.1951], [-0.1833, 0.2741, 0.4875]],
    ],
    [
        [[1.0218, -0.2599, -0.0593], [-0.4862, 1.4185, 0.3179], [-0.0107, 0.0750, 0.7491]],
        [[0.6761, -0.0697, -0.0901], [-0.4980, 1.2462, 0.2089], [-0.0552, 0.1111, 0.5791]],
    ],
];

/// White balanced camera to XYZ D50 under A and D65.
const FORWARD: [[Rows; 2]; 2] = [
    [
        [
            [0.7810651219241517, 0.031167091321612595, 0.15206346318380348],
            [0.22522129377480626, 0.8522403682859271, -0.07746166206073367],
            [0.09198552844554679, -0.5323031697331073, 1.2654222437980207],
        ],
        [
            [0.7837333967138357, 0.06825953067311856, 0.11230274904261381],
            [0.29691528653654, 0.8714245361119984, -0.1683398226485383],
            [0.09049688719879884, -0.3487439002250411, 1.0833516155367025],
        ],
    ],
    [
        [
            [0.7586436816408874, 0.08043496308001923, 0.12521703170866114],
            [0.23997224715032467, 0.831788608266071, -0.07176085541639596],
            [-0.025316313729092817, -0.23856255383534364, 1.0889834700748966],
        ],
        [
            [0.7752697062453309, 0.09800704871592562, 0.09101892146831135],
            [0.3097171215708772, 0.8525580786384636, -0.16227520020934105],
            [0.008234180512656867, -0.10639946020349111, 0.9232698822012946],
        ],
    ],
];

fn calibration(camera: usize, forward: bool, as_shot: AsShot) -> CameraCalibration {
    let at = |i: usize, xy, kelvin| IlluminantCalibration {
        white_xy: xy,
        kelvin,
        color_matrix: COLOR[camera][i],
        forward_matrix: forward.then_some(FORWARD[camera][i]),
        camera_calibration: None,
        hue_sat_map: None,
    };
    CameraCalibration {
        illuminants: vec![at(0, [0.44757, 0.40745], 2850.0), at(1, [0.3127, 0.3290], 6500.0)],
        as_shot,
        ..CameraCalibration::default()
    }
}

/// The tolerance is that of the weight of interpolation: A measures 2856 K where files say 2850, and the black body of
/// the forward model at 2900 K measures 2907 K.
const TRUTH: [Truth; 7] = [
    Truth {
        camera: 0,
        light: 2850.0,
        neutral: [0.9308501401944906, 1.0, 0.32837532909568967],
        to_rec709: [
            [2.1899986046758415, -1.0195383600908368, -0.057927725339448385],
            [-0.3543485540123553, 1.5848012072819522, -0.7764159234184602],
            [0.143854109410047, -0.9409920303798712, 5.503109405033502],
        ],
        tolerance: 3e-4,
    },
    Truth {
        camera: 0,
        light: 6500.0,
        neutral: [0.532769747014236, 1.0, 0.6306085511942386],
        to_rec709: [
            [3.6257629877274526, -1.0243794271270021, 0.14697344251302738],
            [-0.36624257890314804, 1.5913957995892347, -0.6283975391652101],
            [0.2169609640052545, -0.684744138040604, 2.4883167959321226],
        ],
        tolerance: 1e-6,
    },
    Truth {
        camera: 0,
        light: 2900.0,
        neutral: [0.915750951596196, 1.0, 0.3345256710227191],
        to_rec709: [
            [2.218803378538509, -1.0130102327711368, -0.05638120460947514],
            [-0.354355099492119, 1.5822070535504529, -0.7703625897096333],
            [0.14940013828100074, -0.9302389571579827, 5.3611000385565015],
        ],
        tolerance: 4e-4,
    },
    Truth {
        camera: 0,
        light: 5003.0,
        neutral: [0.6093127231210966, 1.0, 0.5331137485847703],
        to_rec709: [
            [3.1827570320715135, -0.9636951068555213, 0.04577046624906348],
            [-0.36238037997640166, 1.5713475098310226, -0.6575417777131999],
            [0.2186089756191063, -0.7400192076135204, 3.0140245512432418],
        ],
        tolerance: 5e-5,
    },
    Truth {
        camera: 0,
        light: 5600.0,
        neutral: [0.5726502092397613, 1.0, 0.576263078556967],
        to_rec709: [
            [3.3803624645472308, -0.9854481987096633, 0.08621589713880691],
            [-0.36446738056915634, 1.5798822429005221, -0.6440980920586072],
            [0.21858700064299785, -0.713292020602538, 2.755890733766183],
        ],
        tolerance: 5e-5,
    },
    Truth {
        camera: 1,
        light: 6500.0,
        neutral: [0.47460017129710386, 1.0, 0.6890483275805382],
        to_rec709: [
            [4.055683696446623, -1.019541603400755, 0.13745558152385112],
            [-0.34778386102431613, 1.53423084397592, -0.535771697642058],
            [-0.007503044632386216, -0.33769618959647035, 1.9465355790548173],
        ],
        tolerance: 1e-6,
    },
    Truth {
        camera: 1,
        light: 4300.0,
        neutral: [0.601747530922583, 1.0, 0.4971580765927962],
        to_rec709: [
            [3.209540931420309, -0.9270020026869241, -0.00871194931518534],
            [-0.33959025464953985, 1.494192942438065, -0.583004454900105],
            [-0.006374567383802787, -0.40039465243234285, 2.824515075163679],
        ],
        tolerance: 5e-5,
    },
];

fn deviation(got: &ResolvedCamera, want: &Rows) -> f64 {
    let to_rec709 = multiply(&RgbSpace::Rec2020.to_space(RgbSpace::Rec709), &got.camera_to_scene);
    let largest = want.iter().flatten().fold(0.0f64, |a, v| a.max(v.abs()));
    to_rec709.iter().flatten().zip(want.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / largest
}

#[test]
fn inverts_the_forward_model() {
    for t in &TRUTH {
        let model = CameraModel::new(&calibration(t.camera, false, AsShot::Neutral(t.neutral))).unwrap();
        let got = model.resolve(WhiteBalance::AsShot).unwrap();
        assert!((got.kelvin - t.light).abs() < 8.0, "{} K: {}", t.light, got.kelvin);
        let d = deviation(&got, &t.to_rec709);
        assert!(d < t.tolerance, "camera {} at {} K: {d:e}", t.camera, t.light);
        assert_eq!(got.white_source, WhiteSource::File);
    }
}

#[test]
fn forward_matrices_that_add_nothing_change_nothing() {
    for t in &TRUTH {
        let model = CameraModel::new(&calibration(t.camera, true, AsShot::Neutral(t.neutral))).unwrap();
        let d = deviation(&model.resolve(WhiteBalance::AsShot).unwrap(), &t.to_rec709);
        assert!(d < t.tolerance, "camera {} at {} K: {d:e}", t.camera, t.light);
    }
}

#[test]
fn forward_matrices_of_their_own_are_followed() {
    let mut c = calibration(0, true, AsShot::Neutral(TRUTH[1].neutral));
    // A desaturating profile: white balanced colours drawn a tenth towards white.
    let grey = [[0.1 / 3.0; 3]; 3];
    let draw = [0, 1, 2].map(|i| [0, 1, 2].map(|j| grey[i][j] + if i == j { 0.9 } else { 0.0 }));
    for light in &mut c.illuminants {
        light.forward_matrix = light.forward_matrix.map(|m| multiply(&m, &draw));
    }
    let got = CameraModel::new(&c).unwrap().resolve(WhiteBalance::AsShot).unwrap();
    let plain = CameraModel::new(&calibration(0, false, c.as_shot)).unwrap().resolve(WhiteBalance::AsShot).unwrap();
    let want = multiply(&plain.balanced_to_scene, &draw);
    for (a, b) in got.balanced_to_scene.iter().flatten().zip(want.iter().flatten()) {
        assert!((a - b).abs() < 1e-4, "{:?} {want:?}", got.balanced_to_scene);
    }
}

#[test]
fn neutral_becomes_white_whatever_the_light() {
    for forward in [false, true] {
        for neutral in [[0.6, 1.0, 0.5], [3.0, 2.0, 4.0], [0.2, 1.0, 0.9]] {
            let mut c = calibration(1, forward, AsShot::Unknown);
            c.analog_balance = Some([1.1, 1.0, 0.9]);
            c.illuminants[0].camera_calibration = Some(diagonal([0.98, 1.0, 1.03]));
            c.illuminants[1].camera_calibration = Some(diagonal([0.97, 1.0, 1.05]));
            let got = CameraModel::new(&c).unwrap().resolve(WhiteBalance::Neutral(neutral)).unwrap();
            let white = transform(&got.camera_to_scene, neutral.map(|v| v / neutral[1]));
            assert!(white.iter().all(|v| (v - 1.0).abs() < 1e-12), "{white:?}");
            let balanced = transform(&got.balanced_to_scene, [1.0; 3]);
            assert!(balanced.iter().all(|v| (v - 1.0).abs() < 1e-12), "{balanced:?}");
            assert_eq!(got.neutral[1], 1.0);
            assert!(to_f32(&got.camera_to_scene).iter().flatten().all(|v| v.is_finite()));
        }
    }
}

#[test]
fn temperature_and_neutral_are_one_white() {
    let model = CameraModel::new(&calibration(0, false, AsShot::Unknown)).unwrap();
    for (kelvin, tint) in [(2700.0, 0.0), (3400.0, 15.0), (5000.0, -8.0), (9000.0, 5.0)] {
        let by_kelvin = model.resolve(WhiteBalance::Kelvin { kelvin, tint }).unwrap();
        let by_neutral = model.resolve(WhiteBalance::Neutral(by_kelvin.neutral.map(f64::from))).unwrap();
        assert!((by_neutral.kelvin / kelvin - 1.0).abs() < 2e-3, "{} K: {}", kelvin, by_neutral.kelvin);
        assert!((by_neutral.tint - tint).abs() < 0.5, "{tint}: {}", by_neutral.tint);
    }
}

#[test]
fn three_illuminants_meet_at_the_middle_one() {
    let mut c = calibration(0, false, AsShot::Unknown);
    let middle = mix(&c.illuminants[0].color_matrix, &c.illuminants[1].color_matrix, 0.3);
    let xy = daylight_xy(5000.0);
    let kelvin = TemperatureTint::from_xy(xy).kelvin;
    c.illuminants
        .insert(1, IlluminantCalibration { kelvin, white_xy: xy, color_matrix: middle, ..c.illuminants[0].clone() });
    let at = CameraModel::new(&c).unwrap().under(xy).xyz_to_camera;
    assert!(at.iter().flatten().zip(middle.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn beyond_the_illuminants_the_ends_hold() {
    let model = CameraModel::new(&calibration(0, false, AsShot::Unknown)).unwrap();
    for (kelvin, want) in [(2000.0, COLOR[0][0]), (12000.0, COLOR[0][1])] {
        let got = model.under(planckian(kelvin)).xyz_to_camera;
        assert!(got.iter().flatten().zip(want.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}

fn planckian(kelvin: f64) -> [f64; 2] {
    crate::planckian_xy(kelvin)
}

#[test]
fn a_file_that_says_nothing_still_resolves() {
    let model = CameraModel::new(&CameraCalibration::default()).unwrap();
    let got = model.resolve(WhiteBalance::Neutral([0.5, 1.0, 0.25])).unwrap();
    assert!(!got.calibrated && got.wb_gains == [2.0, 1.0, 4.0]);
    let assumed = model.resolve(WhiteBalance::AsShot).unwrap();
    assert_eq!(assumed.white_source, WhiteSource::Assumed);
    let warm = model.resolve(WhiteBalance::Kelvin { kelvin: 3000.0, tint: 0.0 }).unwrap();
    assert!(warm.wb_gains[2] > 2.0 && warm.wb_gains[0] < 1.0);
}

#[test]
fn bad_calibrations_and_whites_are_errors() {
    let mut c = calibration(0, false, AsShot::Neutral([0.0, 1.0, f64::NAN]));
    let model = CameraModel::new(&c).unwrap();
    assert_eq!(model.resolve(WhiteBalance::AsShot).unwrap().white_source, WhiteSource::Assumed);
    assert!(matches!(model.resolve(WhiteBalance::Neutral([1.0, -1.0, 1.0])), Err(ColorError::BadNeutral(_))));
    let cold = WhiteBalance::Kelvin { kelvin: 10.0, tint: 0.0 };
    assert!(matches!(model.resolve(cold), Err(ColorError::BadTemperature { .. })));
    c.illuminants[1].color_matrix = [[1.0; 3]; 3];
    let error = CameraModel::new(&c).unwrap_err();
    assert!(error.to_string().starts_with("the ColorMatrix of calibrated illuminant 2"), "{error}");
}
