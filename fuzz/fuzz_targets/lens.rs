//! Lens files: no bytes may panic a reader, what is accepted is written and read back unchanged, and rays through it are numbers.
//!
//! Seeds: `fuzz/seeds/lens`. Every reader gets every input; a lens file of one kind is damage to the others.
#![no_main]

use calotype_optics::{
    Catalogue, Clip, Lens, Rays, System, Until, analysis::hexapolar, from_json, from_seq, from_zmx, read_agf, to_zmx,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let catalogue = Catalogue::default();
    let text = String::from_utf8_lossy(data);
    read_agf(data, "a.agf").ok();
    let lenses = [
        Lens::from_toml(&text, "a.toml", &catalogue),
        from_zmx(data, "a.zmx", &catalogue, &mut vec![]),
        from_seq(data, "a.seq", &catalogue, &mut vec![]),
        from_json(&text, "a.json"),
    ];
    for lens in lenses.into_iter().flatten() {
        let again = Lens::from_toml(&lens.to_toml(), "again.toml", &catalogue).expect("what is written can be read");
        assert_eq!(again, lens);
        to_zmx(&lens, &mut vec![]).ok();
        for state in &lens.configurations {
            System::new(lens.configured(&state.name).expect("a checked state is a lens")).ok();
        }
        let Ok(system) = System::new(lens) else { continue };
        let mut rays = Rays::new(system.aim(&system.lens().fields[0], 0).paraxial(&hexapolar(2)));
        system.trace(0, &mut rays, Clip::Apertures, Until::Image);
        let light = system.trace_light(0, &mut rays.clone(), Clip::Apertures);
        assert!(light.iter().all(|v| (0.0..=1.0 + 1e-9).contains(v)));
        assert!(rays.x.iter().chain(&rays.y).chain(&rays.opl).all(|v| v.is_finite()));
    }
});
