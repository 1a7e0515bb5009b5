//! What other people's readers make of exported tables: OpenColorIO and colour-science, through the Python packages
//! `PyOpenColorIO` and `colour`; LittleCMS, through its library; and a decoder of enhanced profiles in Python. The interpreter is `python3`, or what the environment variable `CALOTYPE_PYTHON` names; where
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

#[test]
fn littlecms_shows_icc_profiles_as_the_look_is() {
    let script = "
lib = ctypes.util.find_library('lcms2')
if not lib:
    print('SKIP')
    sys.exit()
lcms = ctypes.CDLL(lib)
for name in ('cmsOpenProfileFromFile', 'cmsCreate_sRGBProfile', 'cmsCreateTransform'):
    getattr(lcms, name).restype = ctypes.c_void_p
profile = lcms.cmsOpenProfileFromFile(sys.argv[1].encode(), b'r')
assert profile, 'no profile'
srgb = lcms.cmsCreate_sRGBProfile()
RGB_DBL = 1 << 22 | 4 << 16 | 3 << 3
transform = lcms.cmsCreateTransform(ctypes.c_void_p(profile), RGB_DBL, ctypes.c_void_p(srgb), RGB_DBL, 1, 0x140)
assert transform, 'no transform'
for line in open(sys.argv[2]):
    code = (ctypes.c_double * 3)(*map(float, line.split()))
    out = (ctypes.c_double * 3)()
    lcms.cmsDoTransform(ctypes.c_void_p(transform), code, out, 1)
    print(*out)";
    let folder = folder("lcms");
    for name in LOOKS {
        let look = Look::builtin(name).expect("a built-in look");
        let table = look.table(TableInput::Srgb, OutputSpace::Srgb, 41);
        let (paths, expected) = files(&table, folder.join(format!("{name}.icc")), "", |code| code);
        std::fs::write(&paths[0], table.to_icc(name).expect("a profile")).expect("a file");
        let Some(printed) = python("ctypes, ctypes.util", script, &paths) else { return };
        if printed.trim() == "SKIP" {
            writeln!(std::io::stderr(), "SKIPPED: the library lcms2 is not installed").ok();
            return;
        }
        let mean = error(&printed, &expected);
        assert!(mean < 0.35, "{name}: {mean}");
    }
}

#[test]
fn enhanced_profiles_decode_as_the_look_is() {
    // Written from the format's description alone, with nothing of the writer in it.
    let script = "
DIGITS = \"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?`'|()[]{}@%$#\"
CRS = '{http://ns.adobe.com/camera-raw-settings/1.0/}'
node = next(e for e in ElementTree.parse(sys.argv[1]).iter() if CRS + 'RGBTable' in e.attrib)
name = node.attrib[CRS + 'RGBTable']
text = node.attrib[CRS + 'Table_' + name]
packed = bytearray()
for i in range(0, len(text), 5):
    group = text[i:i + 5]
    word = sum(DIGITS.index(c) * 85 ** k for k, c in enumerate(group))
    packed += word.to_bytes(5, 'little')[:len(group) - 1]
block = zlib.decompress(bytes(packed[4:]))
assert struct.unpack('<I', packed[:4])[0] == len(block)
assert hashlib.md5(block).hexdigest() == name.lower()
kind, version, dimensions, n = struct.unpack('<4I', block[:16])
assert (kind, version, dimensions) == (1, 1, 3)
lut = numpy.frombuffer(block[16:16 + 6 * n ** 3], '<u2').reshape(n, n, n, 3).astype(numpy.int64)
own = (numpy.arange(n) * 65535 + n // 2) // (n - 1)
nodes = numpy.stack(numpy.meshgrid(own, own, own, indexing='ij'), -1)
lut = ((lut + nodes) % 65536) / 65535.0
assert struct.unpack('<3I2d', block[16 + 6 * n ** 3:]) == (0, 1, 0, 0.0, 2.0)
for line in open(sys.argv[2]):
    p = numpy.clip([float(v) for v in line.split()], 0, 1) * (n - 1)
    i = numpy.minimum(p.astype(int), n - 2)
    f = p - i
    order = numpy.argsort(-f, kind='stable')
    at, out = i.copy(), lut[tuple(i)] * (1 - f[order[0]])
    for k, axis in enumerate(order):
        at[axis] += 1
        out = out + lut[tuple(at)] * (f[axis] - (f[order[k + 1]] if k < 2 else 0))
    print(*out)";
    let folder = folder("xmp");
    for name in LOOKS {
        let look = Look::builtin(name).expect("a built-in look");
        let table = look.table(TableInput::Srgb, OutputSpace::Srgb, 32);
        let text = table.to_xmp_profile(name).expect("a profile");
        let (paths, expected) = files(&table, folder.join(format!("{name}.xmp")), &text, |code| code);
        let modules = "hashlib, numpy, struct, zlib, xml.etree.ElementTree as ElementTree";
        let Some(printed) = python(modules, script, &paths) else { return };
        let mean = error(&printed, &expected);
        assert!(mean < 0.35, "{name}: {mean}");
    }
}

/// Steps of CLF that others write, and what OpenColorIO makes of them.
#[test]
fn clf_steps_are_those_of_opencolorio() {
    let depths = "inBitDepth=\"32f\" outBitDepth=\"32f\"";
    let params = "base=\"10\" logSideSlope=\"0.24\" logSideOffset=\"0.6\" linSideSlope=\"1.1\" linSideOffset=\"0.01\"";
    let curve: String = (0..17).map(|i| format!("{} ", 1023.0 * (f64::from(i) / 16.0).powf(0.6))).collect();
    let steps = [
        "<Matrix inBitDepth=\"10i\" outBitDepth=\"12i\"><Array dim=\"3 4\">3 1 0 40 0.5 3 0 -8 0 0.2 3.5 0</Array></Matrix>\
         <Matrix inBitDepth=\"12i\" outBitDepth=\"32f\"><Array dim=\"3 3\">0.0002 0 0 0 0.0002 0 0 0 0.0002</Array></Matrix>"
            .to_owned(),
        format!("<Range {depths}><minInValue>0.1</minInValue><maxInValue>0.9</maxInValue><minOutValue>0</minOutValue>\
                 <maxOutValue>1.5</maxOutValue></Range>"),
        format!("<Range {depths} style=\"noClamp\"><minInValue>0.1</minInValue><maxInValue>0.9</maxInValue>\
                 <minOutValue>0</minOutValue><maxOutValue>1.5</maxOutValue></Range>"),
        format!("<Log {depths} style=\"linToLog\"><LogParams {params}/></Log>"),
        format!("<Log {depths} style=\"logToLin\"><LogParams {params}/></Log>"),
        format!("<Log {depths} style=\"cameraLinToLog\"><LogParams {params} linSideBreak=\"0.2\"/></Log>"),
        format!("<Log {depths} style=\"cameraLogToLin\"><LogParams {params} linSideBreak=\"0.2\" linearSlope=\"0.9\"/></Log>"),
        format!("<Log {depths} style=\"log2\"/>"),
        format!("<Exponent {depths} style=\"basicRev\"><ExponentParams exponent=\"2.2\"/></Exponent>"),
        format!("<Exponent {depths} style=\"basicPassThruFwd\"><ExponentParams exponent=\"1.7\"/></Exponent>"),
        format!("<Exponent {depths} style=\"monCurveFwd\"><ExponentParams exponent=\"2.4\" offset=\"0.055\"/></Exponent>"),
        format!("<Exponent {depths} style=\"monCurveMirrorRev\"><ExponentParams exponent=\"2.4\" offset=\"0.055\"/></Exponent>"),
        format!("<ASC_CDL {depths} style=\"Fwd\"><SOPNode><Slope>1.2 1 0.9</Slope><Offset>0.05 0 -0.02</Offset>\
                 <Power>0.9 1.1 1</Power></SOPNode><SatNode><Saturation>0.7</Saturation></SatNode></ASC_CDL>"),
        format!("<ASC_CDL {depths} style=\"RevNoClamp\"><SOPNode><Slope>1.2 1 0.9</Slope><Offset>0.05 0 -0.02</Offset>\
                 <Power>0.9 1.1 1</Power></SOPNode><SatNode><Saturation>0.7</Saturation></SatNode></ASC_CDL>"),
        format!("<LUT1D inBitDepth=\"32f\" outBitDepth=\"10i\"><Array dim=\"17 1\">{curve}</Array></LUT1D>\
                 <Range inBitDepth=\"10i\" outBitDepth=\"32f\"><minInValue>0</minInValue><maxInValue>1023</maxInValue>\
                 <minOutValue>0</minOutValue><maxOutValue>1</maxOutValue></Range>"),
        format!("<LUT3D {depths}><Array dim=\"2 2 2 3\">0 0 0 0.1 0.2 1 0 1 0.3 0 0.9 1 1 0 0 0.8 0 1 1 0.9 0.1 1 1 1</Array></LUT3D>"),
    ];
    let folder = folder("clf-steps");
    let colours: Vec<[f64; 3]> = (0..60).map(|i| [7, 11, 13].map(|k| f64::from(i * k % 61) / 50.0 - 0.1)).collect();
    let list: String = colours.iter().map(|c| c.map(|v| v.to_string()).join(" ") + "\n").collect();
    // Defaults of interpolation differ between a file's own and a transform's: ours is the file's.
    let script = OCIO.replace(", interpolation=PyOpenColorIO.INTERP_TETRAHEDRAL", "");
    for (i, step) in steps.iter().enumerate() {
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ProcessList id=\"s\" compCLFversion=\"3.0\" \
             xmlns=\"urn:AMPAS:CLF:v3.0\">{step}</ProcessList>"
        );
        let [clf, points] = ["clf", "txt"].map(|e| folder.join(format!("{i}.{e}")));
        std::fs::write(&clf, &text).expect("a file");
        std::fs::write(&points, &list).expect("a file");
        let Some(printed) = python("PyOpenColorIO", &script, &[clf, points]) else { return };
        let ours = calotype_look::ProcessList::from_clf(&text).expect("our reader takes it");
        for (line, code) in printed.lines().zip(&colours) {
            let theirs: Vec<f64> = line.split_whitespace().map(|w| w.parse().expect("a number")).collect();
            let got = ours.apply(*code);
            let far = (0..3).map(|c| (got[c] - theirs[c]).abs() / theirs[c].abs().max(1.0)).fold(0.0, f64::max);
            assert!(far < 2e-4, "{step}: of {code:?} {got:?}, OpenColorIO {theirs:?}");
        }
    }
}
