//! Opcode lists: no bytes may panic the parser, what it accepts can be written and read again, and applying it to a
//! small picture ends.
//!
//! Seeds: `fuzz/seeds/opcodes`.
#![no_main]

use calotype_dng::opcode;
use calotype_image::Plane;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for list in 1..=3 {
        let Ok((opcodes, _)) = opcode::parse(list, data) else { continue };
        let again = opcode::parse(list, &opcode::encode(&opcodes));
        assert!(again.is_ok(), "what was parsed cannot be written");
        let mut planes = vec![Plane::filled(13, 9, 9000u16)];
        let _ = if list == 1 {
            opcode::apply_stored(&opcodes, &mut planes, true)
        } else {
            opcode::apply_linear(&opcodes, &mut planes, true)
        };
        if let Some(shading) = opcode::shading(&opcodes, 13, 9) {
            shading.gain_row(4, 0, 13, 9, &mut [0.0; 13]);
        }
        let _ = opcode::trim_bounds(&opcodes, 13, 9);
        let _ = opcode::lens_correction(&opcodes, 13, 9);
    }
});
