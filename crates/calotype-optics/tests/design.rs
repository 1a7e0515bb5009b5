//! Designs and tolerances as their users write them: the files of the documentation, and damaged ones.
#![allow(clippy::print_stderr)] // a test that skips says so

use calotype_optics::design::{
    Design, Merit, OPERANDS, Search, SearchState, Settings, State, Unwatched, optimise, search, spot_proofs,
};
use calotype_optics::tolerance::{KINDS, Tolerances, sensitivity};
use calotype_optics::{Catalogue, Lens, System};

const PLATES: &str = include_str!("../../../docs/how-to/designs/triplet-plates.toml");
const TRIPLET: &str = include_str!("../../../docs/how-to/designs/triplet.toml");
const GAUSS_PLATES: &str = include_str!("../../../docs/how-to/designs/gauss-plates.toml");
const GAUSS: &str = include_str!("../../../docs/how-to/designs/gauss.toml");
const PHONE: &str = include_str!("../../../docs/how-to/designs/phone.toml");
const TOLERANCES: &str = include_str!("../../../docs/how-to/designs/triplet-tolerances.toml");

fn lens(text: &str) -> Lens {
    Lens::from_toml(text, "plates.toml", &Catalogue::default()).unwrap()
}

#[test]
fn the_reference_lists_every_word() {
    let page = include_str!("../../../docs/reference/design-file.md");
    for w in OPERANDS {
        assert!(page.contains(&format!("| `{}` |", w.name)), "{} is missing", w.name);
        assert!(w.others.iter().all(|o| page.contains(&format!("`{o}`"))), "{:?} is missing", w.others);
    }
    let page = include_str!("../../../docs/reference/tolerance-file.md");
    assert!(KINDS.iter().all(|k| page.contains(&format!("| `{}` |", k.0))));
}

#[test]
fn three_plane_plates_become_a_triplet() {
    let start = lens(PLATES);
    let design = Design::from_toml(TRIPLET, "triplet.toml", &start).unwrap();
    let settings = Search { seed: 1, starts: 24, keep: 4, escapes: 4 };
    let found = search(&start, &design, SearchState::new(settings), &|_| true).unwrap();
    let merit = Merit::new(start, &design).unwrap();
    let best = &found.found[0];
    let figures = merit.figures(&best.x, &design.operands).unwrap();
    assert!(figures.iter().all(|f| f.met), "{figures:?}");
    // a good triplet of this speed and field has some 10 um; plates have no focus at all
    let proofs = spot_proofs(&System::new(merit.lens_at(&best.x).unwrap()).unwrap());
    assert!(proofs.iter().all(|p| p.rms_um.unwrap() < 30.0 && p.arrived > 0.999), "{proofs:?}");
    let mean = (proofs.iter().map(|p| p.rms_um.unwrap().powi(2)).sum::<f64>() / proofs.len() as f64).sqrt();
    // nine rays a wavelength and field hide some of the errors between them
    assert!(mean < 1.5 * best.merit, "the certified trace says {mean}, the merit {}", best.merit);
}

#[test]
fn plane_plates_become_a_double_gauss() {
    let start = lens(GAUSS_PLATES);
    let design = Design::from_toml(GAUSS, "gauss.toml", &start).unwrap();
    let settings = Search { seed: 1, starts: 120, keep: 6, escapes: 24 };
    let found = search(&start, &design, SearchState::new(settings), &|_| true).unwrap();
    let merit = Merit::new(start, &design).unwrap();
    let best = merit.lens_at(&found.found[0].x).unwrap();
    let figures = merit.figures(&found.found[0].x, &design.operands).unwrap();
    assert!(figures.iter().all(|f| f.met), "{figures:?}");
    let proofs = spot_proofs(&System::new(best).unwrap());
    assert!(proofs.iter().all(|p| p.rms_um.unwrap() < 60.0 && p.arrived > 0.999), "{proofs:?}");
}

#[test]
fn a_phone_lens_becomes_better_within_its_bounds() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lenses/mobile_6p_4p5_f1p68.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let start = calotype_optics::from_json(&text, "phone.json").unwrap();
    let design = Design::from_toml(PHONE, "phone.toml", &start).unwrap();
    let before = spot_proofs(&System::new(start.clone()).unwrap());
    let merit = Merit::new(start, &design).unwrap();
    let state = State::new(&merit, merit.start().unwrap()).unwrap();
    let end = optimise(&merit, state, &Settings { iterations: 60, ..Settings::default() }, &Unwatched).unwrap();
    let figures = merit.figures(&end.x, &design.operands).unwrap();
    let after = spot_proofs(&System::new(merit.lens_at(&end.x).unwrap()).unwrap());
    assert!(figures.iter().all(|f| f.met), "{figures:?}");
    let square =
        |list: &[calotype_optics::design::SpotProof]| list.iter().map(|p| p.rms_um.unwrap().powi(2)).sum::<f64>();
    assert!(square(&after) < 0.5 * square(&before), "{before:?} {after:?}");
    // the rim of the outermost field may meet the clear apertures, which stay as published
    assert!(before.iter().zip(&after).all(|(b, a)| a.arrived > b.arrived - 0.03), "{before:?} {after:?}");
}

#[test]
fn an_interrupted_optimisation_goes_on_as_if_it_had_not_been() {
    let start = lens(GAUSS_PLATES);
    let design = Design::from_toml(GAUSS, "gauss.toml", &start).unwrap();
    let merit = Merit::new(start, &design).unwrap();
    // plates with a little power, so that there is something to do
    let mut x = merit.start().unwrap();
    x[0] = 0.01;
    x[2] = 0.012;
    let run = |state: State, iterations| {
        optimise(&merit, state, &Settings { iterations, tolerance: 0.0 }, &Unwatched).unwrap()
    };
    let whole = run(State::new(&merit, x.clone()).unwrap(), 12);
    let half = run(State::new(&merit, x).unwrap(), 5);
    let text = toml::to_string(&half.state).unwrap();
    let rest = run(toml::from_str(&text).unwrap(), 7);
    assert_eq!(rest.state, whole.state);
    assert!(whole.merit < 0.7 * whole.state.merits[0], "{:?}", whole.state.merits);
}

#[test]
fn what_cannot_be_is_said() {
    let start = lens(PLATES);
    let design = |text: &str| Design::from_toml(text, "d.toml", &start);
    // a variable that changes nothing that is asked for
    let text = "schema = \"design/1\"\n[[variable]]\nsurface = 6\nwhat = \"thickness\"\n[[operand]]\nis = \"CV\"\nsurface = 1\ntarget = 0.01\nweight = 1\n";
    let error = Merit::new(start.clone(), &design(text).unwrap()).unwrap().check_variables().unwrap_err().to_string();
    assert!(error.contains("surface 6") && error.contains("changes nothing"), "{error}");
    // limits that contradict each other, one by one not absurd
    let text = "schema = \"design/1\"\n[[variable]]\nsurface = [1, 2, 3, 4, 5]\nwhat = \"thickness\"\nmin = 2\nmax = 20\n\
        [[operand]]\nis = \"TTL\"\nmax = 45\n[[operand]]\nis = \"CT\"\nsurface = 1\nweight = 1\ntarget = 3\n";
    let impossible = design(text).unwrap();
    let merit = Merit::new(start.clone(), &impossible).unwrap();
    let state = State::new(&merit, merit.start().unwrap()).unwrap();
    let end = optimise(&merit, state, &Settings::default(), &Unwatched).unwrap();
    let figures = merit.figures(&end.x, &impossible.operands).unwrap();
    assert!(figures.iter().any(|f| !f.met && f.operand == "TTL"), "{figures:?} {:?}", end.ending);
    // a number set twice
    let text = "schema = \"design/1\"\n[[variable]]\nsurface = 1\nwhat = \"curvature\"\n[[pickup]]\nsurface = 1\nwhat = \"curvature\"\nfrom = 2\n\
        [[operand]]\nis = \"SPOT\"\n";
    let error = Merit::new(start.clone(), &design(text).unwrap()).unwrap_err().to_string();
    assert!(error.contains("each number once"), "{error}");
    // rays that do not get through at the start
    let mut dark = start;
    dark.surfaces[0].shape.radius = 3.0;
    let design = Design::from_toml(TRIPLET, "triplet.toml", &dark).unwrap();
    let merit = Merit::new(dark, &design).unwrap();
    let error = merit.rows(&merit.start().unwrap()).unwrap_err().to_string();
    assert!(error.contains("surface 1"), "{error}");
}

/// A small generator (Steele, Lea, Flood 2014: SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below.max(1) as u64) as usize
    }
}

#[test]
fn damaged_files_are_errors_or_designs() {
    let mut random = Random(11);
    let (plates, mut read) = (lens(PLATES), 0);
    let words = ["1e308", "-1e308", "nan", "inf", "-inf", "0", "-1", "1e-300", "99999999999999999999", "\"", "[", "{"];
    for i in 0..2000 {
        let text = if i % 2 == 0 { TRIPLET } else { TOLERANCES };
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..1 + random.next(3) {
            let at = random.next(bytes.len());
            if random.next(3) == 0 {
                bytes[at] = random.next(256) as u8;
            } else if let Some(digit) = (at..bytes.len()).find(|j| bytes[*j].is_ascii_digit()) {
                drop(bytes.splice(digit..=digit, words[random.next(words.len())].bytes()));
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let error = if i % 2 == 0 {
            match Design::from_toml(&text, "d.toml", &plates) {
                Ok(design) => {
                    read += 1;
                    // what is read can be asked about, or says why not
                    let rows = Merit::new(plates.clone(), &design).and_then(|m| m.rows(&m.start()?));
                    rows.err().map(|e| e.to_string())
                }
                Err(e) => Some(e.to_string()),
            }
        } else {
            match Tolerances::from_toml(&text, "t.toml", &plates) {
                Ok(_) => {
                    read += 1;
                    None
                }
                Err(e) => Some(e.to_string()),
            }
        };
        assert!(error.is_none_or(|e| !e.is_empty()));
    }
    assert!(read > 50, "only {read} of the mutations are still files");
}

#[test]
fn the_tolerances_of_the_documentation_are_read() {
    let plates = lens(PLATES);
    let tolerances = Tolerances::from_toml(TOLERANCES, "t.toml", &plates).unwrap();
    assert!(tolerances.list.len() > 20 && tolerances.limit.is_some());
    // plates have no focus: said, not computed
    assert!(sensitivity(&plates, &tolerances).is_err() || tolerances.criterion.is_contrast());
}
