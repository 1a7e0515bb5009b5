//! Files that are damaged or made to do harm: an error that names file and place, soon, and within little memory.

mod terminal;

use std::io::Write;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};
use terminal::{Dng, burst, calotype, expect, only, stderr, tags, text};

/// Runs the command with at most 1.5 GB of address space (where the system can limit it), which threads' stacks and
/// the allocator's reserves are part of, and for at most 20 seconds.
fn confined(args: &[&str]) -> Output {
    let started = Instant::now();
    let output = if cfg!(target_os = "linux") {
        let script = "ulimit -v 1500000; exec \"$@\"";
        let program = env!("CARGO_BIN_EXE_calotype");
        std::process::Command::new("sh").args(["-c", script, "sh", program]).args(args).output().expect("a shell")
    } else {
        calotype(args)
    };
    assert!(started.elapsed() < Duration::from_secs(20), "{args:?} took {:?}", started.elapsed());
    output
}

/// The error of a spoilt file, which nothing must be made of.
#[track_caller]
fn refused(folder: &Path, dng: &Dng, words: &[&str]) {
    let (file, out) = (folder.join("spoilt.dng"), folder.join("out.jpg"));
    dng.write(&file);
    let words: Vec<&str> = ["spoilt.dng"].iter().chain(words).copied().collect();
    for command in ["develop", "merge"] {
        let out = out.with_extension(if command == "merge" { "dng" } else { "jpg" });
        let output = confined(&[command, text(&file), "-o", text(&out), "--threads", "2"]);
        expect(&output, 1, &words);
        assert!(!out.exists());
    }
}

#[test]
fn a_file_cut_anywhere_is_said_to_be_cut() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Dng::read(&burst(folder.path(), 1)[0]);
    let (file, out) = (folder.path().join("cut.dng"), folder.path().join("out.jpg"));
    for (parts, words) in [
        (1, "needs bytes"),
        (300, "the file is truncated or corrupt"),
        (600, "tile"),
        (900, "tile"),
        (999, "the file is truncated or corrupt"),
    ] {
        Dng(whole.0[..whole.0.len() * parts / 1000].to_vec()).write(&file);
        expect(
            &confined(&["develop", text(&file), "-o", text(&out)]),
            1,
            &["cut.dng", words, "copy it from the camera"],
        );
    }
    only(folder.path(), &["burst", "cut.dng"]);
}

#[test]
fn damaged_pixels_name_the_tile() {
    let folder = tempfile::tempdir().unwrap();
    let mut dng = Dng::read(&burst(folder.path(), 1)[0]);
    let (at, _) = dng.values(tags::TILE_OFFSETS);
    let third = dng.u32(at + 8);
    // behind the header of the tile
    dng.0[third + 600..third + 4000].fill(0xff);
    refused(folder.path(), &dng, &["IFD 0, tile 2 at offset", "row"]);
}

#[test]
fn huge_sizes_are_refused_before_memory_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let frame = burst(folder.path(), 1).remove(0);
    let dng = || Dng::read(&frame);
    let size = |w: u32, h: u32| dng().set_longs(tags::IMAGE_WIDTH, &[w]).set_longs(tags::IMAGE_LENGTH, &[h]);
    refused(folder.path(), &size(900_000, 900_000), &["900000x900000", "exceeds the limit"]);
    refused(folder.path(), &size(u32::MAX, u32::MAX), &["ImageWidth", "4294967295"]);
    refused(folder.path(), &size(0, 416), &["ImageWidth", "0 is not from"]);
    // many more tiles than there are
    refused(folder.path(), &size(17_000, 17_000), &["TileOffsets", "offsets for"]);
    // a tag of four thousand million values
    let mut dng = dng();
    let at = dng.entry(tags::TILE_OFFSETS);
    dng.0[at + 4..at + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    refused(folder.path(), &dng, &["TileOffsets", "truncated or corrupt"]);
}

#[test]
fn directories_in_circles_end() {
    let folder = tempfile::tempdir().unwrap();
    let frame = burst(folder.path(), 1).remove(0);
    // the directory follows itself: nothing is lost, and the file is developed
    let mut dng = Dng::read(&frame);
    let (link, first) = (dng.link(), dng.u32(4) as u32);
    dng.0[link..link + 4].copy_from_slice(&first.to_le_bytes());
    let (file, out) = (folder.path().join("circle.dng"), folder.path().join("circle.jpg"));
    dng.write(&file);
    expect(&confined(&["develop", text(&file), "-o", text(&out)]), 0, &["leads back to a directory already read"]);
    // and the first directory is nowhere
    let mut dng = Dng::read(&frame);
    dng.0[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    refused(folder.path(), &dng, &["IFD 0 at offset 4294967295", "truncated or corrupt"]);
}

#[test]
fn tiles_on_top_of_each_other_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dng = Dng::read(&burst(folder.path(), 1)[0]);
    let (_, count) = dng.values(tags::TILE_OFFSETS);
    let all = dng.0.len() as u32 - 8;
    let dng = dng.set_longs(tags::TILE_OFFSETS, &vec![8; count]).set_longs(tags::TILE_BYTE_COUNTS, &vec![all; count]);
    refused(folder.path(), &dng, &["TileByteCounts", "they overlap"]);
}

#[test]
fn bombs_fill_their_tile_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let frame = burst(folder.path(), 1).remove(0);
    // a gigabyte of zeros in a megabyte, where one tile belongs
    let mut zeros = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..1024 {
        zeros.write_all(&[0; 1 << 20]).unwrap();
    }
    let bomb = zeros.finish().unwrap();
    let mut dng = Dng::read(&frame).set(tags::COMPRESSION, &8u16.to_le_bytes());
    let (_, count) = dng.values(tags::TILE_OFFSETS);
    let at = dng.0.len() as u32;
    dng.0.extend_from_slice(&bomb);
    let mut offsets = vec![at; count];
    let mut sizes = vec![2000u32; count];
    (offsets[0], sizes[0]) = (at, bomb.len() as u32);
    // the others hold the first two thousand bytes of it, which inflate to the tile as well
    let dng = dng.set_longs(tags::TILE_OFFSETS, &offsets).set_longs(tags::TILE_BYTE_COUNTS, &sizes);
    let (file, out) = (folder.path().join("bomb.dng"), folder.path().join("bomb.png"));
    dng.write(&file);
    let output = confined(&["develop", text(&file), "-o", text(&out), "--threads", "2"]);
    expect(&output, 0, &[]);
}

#[test]
#[cfg(unix)]
fn files_without_end_are_not_read_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("endless.dng"), folder.path().join("out.jpg"));
    std::fs::File::create(&file).unwrap().set_len(1 << 40).unwrap();
    let output = confined(&["develop", text(&file), "-o", text(&out)]);
    expect(&output, 1, &["endless.dng", "bytes in the file", "exceeds the limit"]);
    let output = confined(&["develop", "/dev/null", "-o", text(&out)]);
    expect(&output, 1, &["/dev/null", "empty"]);
    only(folder.path(), &["endless.dng"]);
}

#[test]
fn noise_is_refused_whatever_its_length_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.jpg");
    let mut state = 7u32;
    let noise: Vec<u8> = (0..300_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    for name in ["a.dng", "a.nef", "a.cr3", "a.raf", "a.arw"] {
        let file = folder.path().join(name);
        for (head, length) in
            [("", 1), ("II*\0", 4), ("II*\0\x08\0\0\0", 300_000), ("MM\0*\0\0\0\x08", 70_000), ("", 300_000)]
        {
            let mut bytes = noise[..length].to_vec();
            bytes.splice(..head.len().min(length), head.bytes().take(length));
            std::fs::write(&file, &bytes).unwrap();
            let output = confined(&["develop", text(&file), "-o", text(&out)]);
            expect(&output, 1, &[name]);
            assert!(!stderr(&output).contains("RUST_BACKTRACE"));
        }
    }
}

#[test]
#[cfg(feature = "vendor-raw")]
fn decoders_of_other_formats_are_confined() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("a.nef"), folder.path().join("out.jpg"));
    // a directory of one entry that asks for 34 gigabytes: tag 271, type 12 (8 bytes each), count, offset
    let mut tiff = b"II*\0\x08\0\0\0\x01\0\x0f\x01\x0c\0".to_vec();
    tiff.extend_from_slice(&u32::MAX.to_le_bytes());
    tiff.extend_from_slice(&[8, 0, 0, 0, 0, 0, 0, 0]);
    std::fs::write(&file, &tiff).unwrap();
    let output = confined(&["develop", text(&file), "-o", text(&out)]);
    expect(&output, 1, &["a.nef", "no raw file that can be read"]);
    // the same in the middle of a burst only costs that frame
    let frames = burst(folder.path(), 2);
    let args = ["develop", text(&frames[0]), text(&file), text(&frames[1]), "-o", text(&out)];
    expect(&confined(&args), 0, &["a.nef was left out"]);
}
