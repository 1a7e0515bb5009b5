//! What other people's readers make of exported tables: OpenColorIO and colour-science, through the Python packages
//! `PyOpenColorIO` and `colour`. The interpreter is `python3`, or what the environment variable `CALOTYPE_PYTHON` names; where
//! it or a package is missing, the test says so on standard error and is skipped.

use calotype_color::RgbSpace;
use calotype_color::lab::{delta_e_2000, xyz_to_lab_d65};
use calotype_color::matrix::transform;
use calotype_color::transfer::srgb_decode;
use calotype_look::{Look, OutputSpace, Table, TableInput};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

const LOOKS: [&str; 3] = ["authentic", "slide", "mono-toned"];

/// Runs a script with `arguments`; what it printed, or `None` where a module is missing.
fn python(modules: &str, script: &str, arguments: &[PathBuf]) -> Option<String> {
    let python = std::env::var("CALOTYPE_PYTHON").unwrap_or_else(|_| "python3".into());
    let there = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    if !there.is_ok_and(|o| o.status.success()) {
        // past the test harness, which keeps what passing tests print to itself
        writeln!(std::io::stderr(), "SKIPPED: {python} has not all of {modules}; see CALOTYPE_PYTHON").ok();
        return None;
    }
    let script = format!("import sys, {modules}\n{script}");
    let said = Command::new(&python).args(["-W", "ignore", "-c", &script]).args(arguments).output().expect("it starts");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    Some(String::from_utf8_lossy(&said.stdout).into_owned())
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).expect("a temporary folder");
    path
}

/// Mean CIEDE2000 between the colours a reader printed, a line each, and what the look makes of the same.
fn error(printed: &str, expected: &[[f64; 3]]) -> f64 {
    let lab = |code: [f64; 3]| {
        let linear = code.map(|v| f64::from(srgb_decode(v as f32)));
        xyz_to_lab_d65(transform(&RgbSpace::Rec709.to_xyz(), linear))
    };
    let read: Vec<[f64; 3]> = printed
        .lines()
        .map(|line| {
            let v: Vec<f64> = line.split_whitespace().map(|w| w.parse().expect("a number")).collect();
            [v[0], v[1], v[2]]
        })
        .collect();
    assert_eq!(read.len(), expected.len());
    read.iter().zip(expected).map(|(a, b)| delta_e_2000(lab(*a), lab(*b))).sum::<f64>() / read.len() as f64
}

/// Writes a table and 500 colours to try it with; gives the two paths and what the look makes of the colours.
fn files(
    table: &Table,
    at: PathBuf,
    text: &str,
    input: impl Fn([f64; 3]) -> [f64; 3],
) -> ([PathBuf; 2], Vec<[f64; 3]>) {
    let examples = table.examples(500);
    let line = |(code, _): &([f64; 3], [f64; 3])| input(*code).map(|v| v.to_string()).join(" ") + "\n";
    let colours = at.with_extension("txt");
    std::fs::write(&at, text).expect("a file");
    std::fs::write(&colours, examples.iter().map(line).collect::<String>()).expect("a file");
    ([at, colours], examples.into_iter().map(|e| e.1).collect())
}

const OCIO: &str = "
transform = PyOpenColorIO.FileTransform(sys.argv[1], interpolation=PyOpenColorIO.INTERP_TETRAHEDRAL)
cpu = PyOpenColorIO.Config.CreateRaw().getProcessor(transform).getDefaultCPUProcessor()
for line in open(sys.argv[2]):
    print(*cpu.applyRGB([float(v) for v in line.split()]))";

#[test]
fn opencolorio_reads_cubes_and_clf_as_the_look_is() {
    let folder = folder("ocio");
    for name in LOOKS {
        let look = Look::builtin(name).expect("a built-in look");
        for (input, size) in [(TableInput::Log2, 65), (TableInput::VLog, 65), (TableInput::Log2, 33)] {
            let table = look.table(input, OutputSpace::Srgb, size);
            let limit = if size == 65 { 0.12 } else { 0.35 };
            let at = folder.join(format!("{name}-{}-{size}.cube", input.name()));
            let (paths, expected) = files(&table, at, &table.to_cube(name), |code| code);
            let Some(printed) = python("PyOpenColorIO", OCIO, &paths) else { return };
            let mean = error(&printed, &expected);
            assert!(mean < limit, "{name} {} {size}: {mean}", input.name());
        }
        // CLF takes the light itself.
        let table = look.table(TableInput::Log2, OutputSpace::Srgb, 33);
        let light = |code: [f64; 3]| code.map(|c| 0.18 * ((14.0 * c - 8.0).exp2() - 2f64.powi(-8)));
        let (paths, expected) = files(&table, folder.join(format!("{name}.clf")), &table.to_clf(name), light);
        let Some(printed) = python("PyOpenColorIO", OCIO, &paths) else { return };
        let mean = error(&printed, &expected);
        assert!(mean < 0.35, "{name} CLF: {mean}");
    }
}

#[test]
fn colour_science_reads_cubes_as_the_look_is() {
    let script = "
lut = colour.io.read_LUT(sys.argv[1])
points = numpy.loadtxt(sys.argv[2])
out = lut.apply(points, interpolator=colour.algebra.table_interpolation_tetrahedral)
print('\\n'.join(' '.join(map(repr, map(float, row))) for row in out))";
    let folder = folder("colour");
    let table = Look::builtin("authentic").expect("a built-in look").table(TableInput::Log2, OutputSpace::Srgb, 33);
    let (paths, expected) = files(&table, folder.join("authentic.cube"), &table.to_cube("authentic"), |code| code);
    let Some(printed) = python("numpy, colour", script, &paths) else { return };
    let mean = error(&printed, &expected);
    assert!(mean < 0.35, "{mean}");
}
