//! Profiles: DCP files (a TIFF), enhanced profiles (XMP), ICC profiles and HaldCLUT samples. No bytes may panic a reader, and
//! what a DCP holds must render within range.
#![no_main]

use calotype_dng::{Limits, read_look_profile, write_look_profile};
use calotype_look::{Lattice, ProfileLook, Table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(profile) = read_look_profile(data, &Limits::default()) {
        let mut out = Vec::new();
        write_look_profile(&mut out, &profile, &Default::default()).expect("memory");
        read_look_profile(&out, &Limits::default()).expect("what is written can be read");
        let look = ProfileLook {
            table: profile.look_table,
            curve: profile.tone_curve,
            exposure_offset_ev: profile.exposure_offset_ev,
        };
        for scene in [[0.18; 3], [1.0, 0.1, 0.0], [-0.1, 40.0, 0.3]] {
            assert!(look.render(scene).iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }
    if let Ok(read) = Table::icc_reader(data) {
        read([0.2, 0.4, 0.6]);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Lattice::from_xmp_profile(text);
    }
    if let [width, height, rest @ ..] = data {
        let samples: Vec<f32> = rest.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let _ = Lattice::from_hald(usize::from(*width), usize::from(*height), &samples);
    }
});
