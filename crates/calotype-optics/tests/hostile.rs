//! Damaged lens files of every kind: no panic, no endless work, no numbers that are none. The same as the fuzz target `lens`,
//! over a few thousand seeded mutations, so that every test run does it.

use calotype_optics::{
    Catalogue, Clip, Lens, Rays, System, Until, analysis::hexapolar, from_json, from_seq, from_zmx, read_agf, to_zmx,
};

const TOML: &str = include_str!("data/triplet.toml");
const ZMX: &str = include_str!("data/doublet.zmx");
const SEQ: &str = include_str!("data/triplet.seq");
const JSON: &str = include_str!("data/singlet.json");
const AGF: &str = "CC sample\nNM N-BK7 2 517642.251 1.5168 64.17 0 1 -1\nCD 1.03961212 6.0E-03 2.3E-01 2.0E-02 1.01 1.03E+02\nLD 0.3 2.5\nIT 0.4 0.98 10\nIT 0.6 0.99 10\n";

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

/// Words that hurt: huge, tiny, negative, none.
const WORDS: [&str; 12] =
    ["1e308", "-1e308", "nan", "inf", "-inf", "0", "-1", "1e-300", "99999999999999999999", "\"", "[", "{"];

fn mutate(text: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..1 + random.next(3) {
        let at = random.next(bytes.len());
        match random.next(6) {
            0 => bytes[at] = random.next(256) as u8,
            1 => drop(bytes.drain(at..(at + 1 + random.next(20)).min(bytes.len()))),
            2 => {
                let piece: Vec<u8> = bytes[at..(at + random.next(200)).min(bytes.len())].to_vec();
                let to = random.next(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
            _ => {
                // a number becomes another
                let is_digit = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'e' | b'E');
                if let Some(start) = (at..bytes.len()).find(|i| bytes[*i].is_ascii_digit()) {
                    let end = (start..bytes.len()).find(|i| !is_digit(&bytes[*i])).unwrap_or(bytes.len());
                    drop(bytes.splice(start..end, WORDS[random.next(WORDS.len())].bytes()));
                }
            }
        }
        if bytes.is_empty() {
            bytes.push(b'x');
        }
    }
    bytes
}

/// What is accepted must be written, read back, and traced to finite numbers.
fn use_it(lens: Lens) -> bool {
    let text = lens.to_toml();
    let again = Lens::from_toml(&text, "again.toml", &Catalogue::default()).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert!(again == lens, "read back otherwise: {text}\n{}", again.to_toml());
    to_zmx(&lens, &mut vec![]).ok();
    for state in &lens.configurations {
        let state = lens.configured(&state.name).unwrap_or_else(|e| panic!("{e}"));
        System::new(state).ok();
    }
    let Ok(system) = System::new(lens) else { return false };
    for field in system.lens().fields.iter().take(2) {
        let mut rays = Rays::new(system.aim(field, 0).paraxial(&hexapolar(2)));
        let mut lit = rays.clone();
        system.trace(0, &mut rays, Clip::Apertures, Until::Image);
        let light = system.trace_light(0, &mut lit, Clip::Apertures);
        assert!(lit == rays && light.iter().all(|v| (0.0..=1.0 + 1e-9).contains(v)), "{}", system.lens().to_toml());
        for list in [&rays.x, &rays.y, &rays.z, &rays.l, &rays.m, &rays.n, &rays.opl] {
            assert!(list.iter().all(|v| v.is_finite()), "{}", system.lens().to_toml());
        }
    }
    true
}

#[test]
fn damaged_files_are_errors_or_lenses() {
    let catalogue = Catalogue::default();
    let mut random = Random(7);
    let mut traced = 0;
    for i in 0..4000 {
        let kind = i % 5;
        let bytes = mutate([TOML, ZMX, SEQ, JSON, AGF][kind], &mut random);
        let text = String::from_utf8_lossy(&bytes);
        let lens = match kind {
            0 => Lens::from_toml(&text, "a.toml", &catalogue),
            1 => from_zmx(&bytes, "a.zmx", &catalogue, &mut vec![]),
            2 => from_seq(&bytes, "a.seq", &catalogue, &mut vec![]),
            3 => from_json(&text, "a.json"),
            _ => {
                read_agf(&bytes, "a.agf").ok();
                continue;
            }
        };
        match lens {
            Ok(lens) => traced += usize::from(use_it(lens)),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!(traced > 200, "only {traced} of the mutations are still lenses");
}
