//! A zoom of real glass in three states: read, judged, written to another program's format, and made better in all of them at once.

use calotype_optics::design::{Design, Merit, Settings, State, Unwatched, optimise, spot_proofs};
use calotype_optics::show::{chart, drawing};
use calotype_optics::{Catalogue, Lens, System, first_order, from_zmx, to_zmx};

const STATES: [(&str, f64); 3] = [("wide", 40.0), ("middle", 50.0), ("long", 64.0)];

fn zoom() -> Lens {
    Lens::from_toml(include_str!("data/zoom.toml"), "zoom.toml", &Catalogue::default()).unwrap()
}

#[test]
fn every_state_is_the_lens_it_says() {
    let lens = zoom();
    for (name, focal) in STATES {
        let state = lens.configured(name).unwrap();
        let first = first_order(&state, 0.5875618).unwrap();
        assert!((first.efl - focal).abs() < 1e-4 && first.defocus.abs() < 1e-4, "{name}: {first:?}");
        let system = System::new(state).unwrap();
        assert!(system.lens().name.contains(name));
        for analysis in ["first-order", "spots", "field", "transmission"] {
            assert!(!chart(&system, analysis).unwrap().tables[0].rows.is_empty(), "{name} {analysis}");
        }
        assert!(drawing(&system, 3).unwrap().contains("<polyline"));
    }
}

#[test]
fn another_program_s_file_holds_every_state() {
    let lens = zoom();
    let mut warnings = Vec::new();
    let text = to_zmx(&lens, &mut warnings).unwrap();
    // layers of coatings have no place there
    assert!(warnings.iter().all(|w| w.contains("layers")), "{warnings:?}");
    let again = from_zmx(text.as_bytes(), "zoom.zmx", &Catalogue::default(), &mut warnings).unwrap();
    for (name, _) in STATES {
        let spots = |lens: &Lens| spot_proofs(&System::new(lens.configured(name).unwrap()).unwrap());
        for (a, b) in spots(&lens).iter().zip(spots(&again)) {
            assert!((a.rms_um.unwrap() - b.rms_um.unwrap()).abs() < 1e-6 && a.field == b.field, "{name} {a:?} {b:?}");
        }
    }
}

#[test]
fn all_states_become_better_together() {
    let lens = zoom();
    let mut text = String::from(
        "schema = \"design/1\"\n[[variable]]\nsurface = \"all\"\nwhat = \"curvature\"\nmin_radius_mm = 12\n\
         [[variable]]\nsurface = [3, 9]\nwhat = \"thickness\"\nconfiguration = \"all\"\nmin = 2\nmax = 100\n\
         [[operand]]\nis = \"SPOT\"\nconfiguration = \"all\"\n[manufacture]\nglass_edge_mm = 0.6\nair_edge_mm = 0.1\n",
    );
    for (name, focal) in STATES {
        text += &format!("[[operand]]\nis = \"EFL\"\nconfiguration = \"{name}\"\ntarget = {focal}\n");
    }
    let design = Design::from_toml(&text, "zoom-design.toml", &lens).unwrap();
    let merit = Merit::new(lens.clone(), &design).unwrap();
    let state = State::new(&merit, merit.start().unwrap()).unwrap();
    let start = state.merits[0];
    let end = optimise(&merit, state, &Settings { iterations: 40, ..Settings::default() }, &Unwatched).unwrap();
    assert!(end.merit < 0.5 * start, "{start} {}", end.merit);
    let better = merit.lens_at(&end.x).unwrap();
    // groups move, and only they: the radii are one lens's
    for (name, focal) in STATES {
        let state = better.configured(name).unwrap();
        assert!((first_order(&state, 0.5875618).unwrap().efl / focal - 1.0).abs() < 2e-3, "{name}");
        assert!(state.surfaces.iter().zip(&better.surfaces).all(|(a, b)| a.shape == b.shape));
        let mean = |lens: &Lens| {
            let spots = spot_proofs(&System::new(lens.configured(name).unwrap()).unwrap());
            spots.iter().map(|s| s.rms_um.unwrap()).sum::<f64>() / spots.len() as f64
        };
        assert!(mean(&better) < 0.8 * mean(&lens), "{name}: {} {}", mean(&lens), mean(&better));
    }
    // written and read again it is the same zoom
    let again = Lens::from_toml(&better.to_toml(), "better.toml", &Catalogue::default()).unwrap();
    assert_eq!(again, better);
}
