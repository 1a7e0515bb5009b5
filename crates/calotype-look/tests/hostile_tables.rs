//! Tables and profiles that are damaged in thousands of ways: no reader may panic, whatever it says.

use calotype_look::{Lattice, Look, OutputSpace, ProcessList, Table, TableInput};

/// A fixed pseudo-random sequence (Knuth's linear congruential generator).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// Copies of `seed` with a few bytes changed, cut out, doubled or exchanged for telling words.
fn damaged(seed: &[u8], words: &[&str], count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut random = Random(seed.len() as u64);
    (0..count).map(move |_| {
        let mut bytes = seed.to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            let end = (at + 1 + random.below(12)).min(bytes.len());
            match random.below(5) {
                0 if at < bytes.len() => bytes[at] = random.below(256) as u8,
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                3 => bytes.truncate(at),
                _ => {
                    let word = words[random.below(words.len())].bytes();
                    bytes.splice(at..end, word);
                }
            }
        }
        bytes
    })
}

const NUMBERS: &[&str] = &[
    "nan",
    "-inf",
    "1e308",
    "-1e-308",
    "0",
    "2",
    "144",
    "145",
    "4294967296",
    "-1",
    "\n",
    " ",
    "\"",
    "\u{e9}",
    "LUT_1D_SIZE 2",
    "LUT_3D_SIZE 3",
    "DOMAIN_MAX 0 0 0",
    "LUT_3D_INPUT_RANGE 1 0",
];

fn slide(input: TableInput, size: usize) -> Table {
    Look::builtin("slide").expect("a built-in look").table(input, OutputSpace::Srgb, size)
}

#[test]
fn damaged_cubes_never_panic() {
    let shaped = format!("LUT_1D_SIZE 3\nLUT_1D_INPUT_RANGE 0 2\nLUT_3D_SIZE 2\n{}", "0 0.5 1\n".repeat(11));
    let curve = "# c\nDOMAIN_MIN -1 0 0\nDOMAIN_MAX 1 2 1\nLUT_1D_SIZE 2\n0 0 0\n1 1 1\n".to_owned();
    let mut read = 0;
    for seed in [slide(TableInput::Srgb, 3).to_cube("slide"), shaped, curve] {
        assert!(Lattice::from_cube(&seed).is_ok());
        for bytes in damaged(seed.as_bytes(), NUMBERS, 1500) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = TableInput::of_cube(&text);
            if let Ok(cube) = Lattice::from_cube(&text) {
                read += 1;
                let out = cube.at([0.1, 0.5, f64::NAN]);
                assert!(out.iter().all(|v| v.is_finite()), "{text}");
            }
        }
    }
    assert!(read > 100, "damage that only touches comments and digits is read: {read}");
}

#[test]
fn damaged_clf_never_panics() {
    const STEPS: &str = "<ProcessList id='s'>
<Matrix inBitDepth='32f' outBitDepth='32f'><Array dim='3 4'>1 0 0 0 0 1 0 0 0 0 1 0.1</Array></Matrix>
<Range inBitDepth='32f' outBitDepth='10i'><minInValue>0</minInValue><minOutValue>0</minOutValue></Range>
<Log inBitDepth='10i' outBitDepth='32f' style='cameraLinToLog'><LogParams base='10' linSideOffset='0.1' linSideBreak='0.01'/></Log>
<Exponent inBitDepth='32f' outBitDepth='32f' style='monCurveRev'><ExponentParams exponent='2.4' offset='0.055'/></Exponent>
<ASC_CDL inBitDepth='32f' outBitDepth='32f' style='RevNoClamp'><SOPNode><Slope>1 1 1</Slope><Power>1 2 1</Power></SOPNode></ASC_CDL>
<LUT1D inBitDepth='32f' outBitDepth='8i'><Array dim='2 3'>0 0 0 255 128 255</Array></LUT1D>
</ProcessList>";
    const WORDS: &[&str] = &[
        "0",
        "-1",
        "1e308",
        "nan",
        "65536",
        "'",
        "<",
        ">",
        "/>",
        "style='log2'",
        "halfDomain='true'",
        "rawHalfs='true'",
        "16f",
        "monCurveFwd",
        "linToLog",
        "Fwd",
        "dim='2 2 2 3'",
        "LUT3D",
        "&amp;",
        "<!-- ",
        "channel='R'",
    ];
    let mut read = 0;
    for seed in [slide(TableInput::Log2, 3).to_clf("slide"), STEPS.to_owned()] {
        assert!(ProcessList::from_clf(&seed).is_ok());
        for bytes in damaged(seed.as_bytes(), WORDS, 2000) {
            if let Ok(list) = ProcessList::from_clf(&String::from_utf8_lossy(&bytes)) {
                read += 1;
                for code in [[0.0, 0.5, 1.0], [f64::NAN, f64::INFINITY, -65504.0]] {
                    list.apply(code);
                }
            }
        }
    }
    assert!(read > 100, "{read}");
}

#[test]
fn damaged_profiles_never_panic() {
    let table = slide(TableInput::Srgb, 3);
    let xmp = table.to_xmp_profile("slide").expect("it is small");
    assert!(Lattice::from_xmp_profile(&xmp).is_ok());
    for bytes in damaged(xmp.as_bytes(), &["\"", "#####", "Lir00", "crs:RGBTable=\"", "crs:Table_", "%$#"], 2000) {
        let _ = Lattice::from_xmp_profile(&String::from_utf8_lossy(&bytes));
    }
    let icc = table.to_icc("slide").expect("it takes sRGB codes");
    for bytes in damaged(&icc, &["A2B0", "mft2", "\u{ff}\u{ff}", "\0\0\0\0"], 2000) {
        if let Ok(read) = Table::icc_reader(&bytes) {
            read([0.2, 0.5, 0.9]);
        }
    }
}

#[test]
fn damaged_looks_with_tables_never_panic() {
    let mut look = Look::from_table(slide(TableInput::Srgb, 3).lattice, "t.cube");
    look.meta.name = "t".into();
    look.promise();
    let text = look.to_toml();
    let table = |_: &str| Ok(slide(TableInput::Srgb, 3).lattice);
    assert_eq!(Look::from_toml_with(&text, &table).expect("it is as written"), look);
    let lattice = slide(TableInput::Srgb, 2).lattice;
    for bytes in
        damaged(text.as_bytes(), &["[residual]", "amount = 2", "sha256 = ''", "file = 'x.cube'", "nan", "=", "'"], 1500)
    {
        if let Ok(read) = Look::from_toml_with(&String::from_utf8_lossy(&bytes), &|_| Ok(lattice.clone())) {
            let again = Look::from_toml_with(&read.to_toml(), &|_| Ok(lattice.clone()));
            assert_eq!(again.expect("what is written can be read"), read);
        }
    }
}
