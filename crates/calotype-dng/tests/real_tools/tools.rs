//! Running other programs and reading the pictures they write.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An installed program, with a folder for its files that goes away with it.
pub struct Tool {
    program: &'static str,
    folder: PathBuf,
}

impl Tool {
    /// The program, or a note on standard error where it is not installed.
    pub fn find(program: &'static str) -> Option<Self> {
        if Command::new(program).arg("--version").output().is_err() {
            // past the test harness, which keeps what passing tests print to itself
            let _ =
                writeln!(std::io::stderr(), "SKIPPED: {program} is not installed, its part of this test did not run");
            return None;
        }
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("test").replace("::", "-");
        let folder = std::env::temp_dir().join(format!("calotype-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        Some(Self { program, folder })
    }

    /// Writes a file into the folder.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, bytes).expect("a temporary file");
        path
    }

    /// Runs the program with arguments before the file; gives what it says.
    pub fn run(&self, arguments: &[&str], file: &Path) -> String {
        self.command(Command::new(self.program).args(arguments).arg(file))
    }

    /// Runs the program with arguments behind the file; gives what it says.
    pub fn run_after(&self, file: &Path, arguments: &[&str]) -> String {
        self.command(Command::new(self.program).arg(file).args(arguments))
    }

    fn command(&self, command: &mut Command) -> String {
        let output = command.output().expect("the program starts");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{} failed: {said}", self.program);
        said
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A picture of three channels, 0 to 1.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[f64; 3]>,
}

/// A binary PPM of 8 or 16 bits.
pub fn read_ppm(path: &Path) -> Picture {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (mut at, mut header) = (0, Vec::new());
    while header.len() < 4 {
        let word = bytes[at..].iter().position(u8::is_ascii_whitespace).expect("a header") + at;
        if bytes[at] == b'#' {
            at += bytes[at..].iter().position(|&b| b == b'\n').expect("a line") + 1;
            continue;
        }
        header.push(String::from_utf8_lossy(&bytes[at..word]).into_owned());
        at = word + 1;
    }
    assert_eq!(header[0], "P6");
    let [width, height, top] = [1, 2, 3].map(|i| header[i].parse::<usize>().expect("a number"));
    let samples: Vec<f64> = match top > 255 {
        true => bytes[at..].chunks_exact(2).map(|b| f64::from(u16::from_be_bytes([b[0], b[1]]))).collect(),
        false => bytes[at..].iter().map(|&b| f64::from(b)).collect(),
    };
    picture(width, height, &samples, top as f64)
}

/// An uncompressed TIFF of 16 bits, little-endian.
pub fn read_tiff16(path: &Path) -> Picture {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let u16 = |i: usize| usize::from(u16::from_le_bytes([bytes[i], bytes[i + 1]]));
    let u32 = |i: usize| u16(i) | u16(i + 2) << 16;
    assert_eq!(&bytes[..4], b"II*\0");
    let ifd = u32(4);
    let values = |tag: usize| -> Vec<usize> {
        let entry = (0..u16(ifd)).map(|i| ifd + 2 + 12 * i).find(|&e| u16(e) == tag).expect("a tag");
        let (size, count) = (if u16(entry + 2) == 3 { 2 } else { 4 }, u32(entry + 4));
        let start = if size * count <= 4 { entry + 8 } else { u32(entry + 8) };
        (0..count).map(|i| if size == 2 { u16(start + 2 * i) } else { u32(start + 4 * i) }).collect()
    };
    assert_eq!((values(258), values(259)), (vec![16; 3], vec![1]), "16 bits, uncompressed");
    let strips = values(273).into_iter().zip(values(279));
    let samples: Vec<f64> = strips.flat_map(|(at, n)| (at..at + n).step_by(2)).map(|i| u16(i) as f64).collect();
    picture(values(256)[0], values(257)[0], &samples, 65535.0)
}

fn picture(width: usize, height: usize, samples: &[f64], top: f64) -> Picture {
    let pixels: Vec<_> = samples.chunks_exact(3).map(|p| [p[0] / top, p[1] / top, p[2] / top]).collect();
    assert!(pixels.len() >= width * height);
    Picture { width, height, pixels }
}
