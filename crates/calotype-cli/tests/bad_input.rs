//! What can be wrong with the input, and what the command says to it.

mod terminal;

use std::process::Output;
use terminal::{Dng, burst, calotype, expect, json, only, tags, text};

#[test]
fn wrong_usage_is_exit_code_2() {
    for args in
        [&["develop"][..], &["develop", "a.dng"], &["nonsense"], &["develop", "a.dng", "-o", "a.jpg", "--wb", "sunny"]]
    {
        assert_eq!(calotype(args).status.code(), Some(2), "{args:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.dng");
    std::fs::write(&file, b"x").unwrap();
    expect(&calotype(&["develop", text(&file), "-o", "a.gif"]), 2, &["cannot make a .gif", ".jpg"]);
}

#[test]
fn files_that_are_no_raw_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("note.dng"), folder.path().join("o.jpg"));
    std::fs::write(&file, b"this is no picture").unwrap();
    expect(&calotype(&["develop", text(&file), "-o", text(&out)]), 1, &["note.dng"]);
    std::fs::write(&file, b"").unwrap();
    expect(&calotype(&["develop", text(&file), "-o", text(&out)]), 1, &["empty"]);
    expect(&calotype(&["develop", text(&folder.path().join("no.dng")), "-o", text(&out)]), 1, &["does not exist"]);
    only(folder.path(), &["note.dng"]);
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    expect(&calotype(&["develop", text(&empty), "-o", text(&out)]), 1, &["no raw files"]);
    expect(&calotype(&["develop", &format!("{}/*.dng", text(&empty)), "-o", text(&out)]), 1, &["no file matches"]);
}

#[test]
fn unreadable_frames_and_copies_are_left_out_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 3);
    let whole = std::fs::read(&frames[1]).unwrap();
    std::fs::write(&frames[1], &whole[..whole.len() / 2]).unwrap();
    let copy = folder.path().join("copy.dng");
    std::fs::copy(&frames[0], &copy).unwrap();
    let out = folder.path().join("merged.dng");
    let (a, b, c) = (text(&frames[0]), text(&frames[1]), text(&frames[2]));
    let merged = calotype(&["merge", a, b, c, text(&copy), "-o", text(&out), "--json"]);
    expect(&merged, 0, &["frame_01.dng was left out", "copy.dng was left out", "a copy of"]);
    let json = json(&merged);
    assert_eq!(json["ok"], true);
    let used = |i: usize| json["report"]["frames"][i]["used"].clone();
    assert_eq!([used(0), used(1), used(2), used(3)], [true, false, true, false]);
}

/// The same file with its tiles in reverse order: as sharp, of the same camera and size, and another scene.
fn shuffled(mut dng: Dng) -> Dng {
    for tag in [tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS] {
        let (at, count) = dng.values(tag);
        assert!(count > 3, "{count} tiles");
        let tiles: Vec<u32> = (0..count).map(|i| dng.u32(at + 4 * i) as u32).rev().collect();
        dng = dng.set_longs(tag, &tiles);
    }
    dng
}

#[test]
fn frames_of_another_scene_are_left_out_with_a_warning() {
    // the odd one out is the second, or the first, which would be the reference
    for odd in [1, 0] {
        let folder = tempfile::tempdir().unwrap();
        let frames = burst(folder.path(), 4);
        shuffled(Dng::read(&frames[odd])).write(&frames[odd]);
        let out = folder.path().join("merged.dng");
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| text(&frames[i]));
        let merged = calotype(&["merge", a, b, c, d, "-o", text(&out), "--json"]);
        expect(&merged, 0, &[&format!("frame_0{odd}.dng was left out"), "another scene"]);
        let json = json(&merged);
        let used = |i: usize| json["report"]["frames"][i]["used"] == true;
        assert_eq!([0, 1, 2, 3].map(used), [0, 1, 2, 3].map(|i| i != odd), "{json}");
        assert!(json["report"]["frames"][odd]["left_out"].as_str().unwrap().contains("another scene"));
    }
}

/// What is said to a burst whose second frame has been changed.
#[track_caller]
fn mixed(change: impl Fn(Dng) -> Dng, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 3);
    change(Dng::read(&frames[1])).write(&frames[1]);
    let out = folder.path().join("o.jpg");
    let [a, b, c] = [0, 1, 2].map(|i| text(&frames[i]));
    let output = calotype(&["develop", a, b, c, "-o", text(&out)]);
    let words: Vec<&str> =
        ["do not belong together", "frame_00.dng", "frame_01.dng"].iter().chain(words).copied().collect();
    expect(&output, 1, &words);
    assert!(!out.exists());
    // a folder as output tells them apart instead
    let input = folder.path().join("burst");
    let output =
        calotype(&["develop", text(&input), "-o", &format!("{}/", text(&folder.path().join("out"))), "--json"]);
    expect(&output, 0, &[]);
    assert_eq!(json(&output)["done"], 2);
}

#[test]
fn frames_of_different_cameras_are_refused() {
    mixed(|dng| dng.replace("Twin main", "Next main"), &["camera", "Calotype Next main"]);
}

#[test]
fn frames_of_different_sizes_are_refused() {
    // one column less, as another crop of the sensor would be
    mixed(|dng| dng.set_longs(tags::ACTIVE_AREA, &[0, 0, 416, 542]), &["size", "544x416", "542x416"]);
}

#[test]
fn frames_of_different_colour_filters_are_refused() {
    mixed(|dng| dng.set(tags::CFA_PATTERN, &[2, 1, 1, 0]), &["colour filters", "GRBG", "BGGR"]);
}

#[test]
fn sensors_that_are_not_bayer_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let frame = burst(folder.path(), 1).remove(0);
    let (file, out) = (folder.path().join("sensor.dng"), folder.path().join("o.jpg"));
    let refused = |bytes: &[u8], words: &[&str]| {
        std::fs::write(&file, bytes).unwrap();
        expect(&calotype(&["develop", text(&file), "-o", text(&out)]), 1, words);
    };
    let pattern = |n: u8| Dng::read(&frame).set(tags::CFA_REPEAT_PATTERN_DIM, &[n, 0, n, 0]).0;
    refused(&pattern(4), &["sensor.dng", "quad-Bayer", "not supported", "linear DNG"]);
    refused(&pattern(6), &["sensor.dng", "X-Trans", "not supported", "linear DNG"]);
    refused(b"FOVb\0\0\x02\0 and what follows", &["sensor.dng", "Foveon raw (X3F)"]);
}

#[test]
fn finished_pictures_are_called_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("o.png");
    for (name, bytes, words) in [
        ("a.dng", &b"\xff\xd8\xff\xe1 and so on"[..], "a JPEG picture, no raw file"),
        ("b.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC picture, no raw file"),
        ("c.png", b"\x89PNG\r\n\x1a\n", "a PNG picture, no raw file"),
        ("d.txt", b"just text", "no raw file"),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        expect(&calotype(&["develop", text(&file), "-o", text(&out)]), 1, &[name, words, "Name raw files"]);
    }
}

#[test]
fn monochrome_sensors_give_grey_photographs() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 2);
    // the same samples without filters: linear raw data of one colour
    for frame in &frames {
        let dng = Dng::read(frame).set(tags::PHOTOMETRIC, &34892u16.to_le_bytes());
        // corrections of the lens colour by colour make no sense without colours: empty lists
        dng.set(tags::OPCODE_LIST_2, &[0; 4]).set(tags::OPCODE_LIST_3, &[0; 4]).write(frame);
    }
    for (name, more) in [("grey.png", &[][..]), ("warm.png", &["--wb", "3000"])] {
        // there is no colour to balance
        let out = folder.path().join(name);
        let mut args = vec!["develop", text(&frames[0]), text(&frames[1]), "-o", text(&out), "--json"];
        args.extend(more);
        let output = calotype(&args);
        expect(&output, 0, &[]);
        assert_eq!(json(&output)["report"]["frames"][1]["used"], true);
        let mut reader =
            png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&out).unwrap())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, info.bit_depth), (544, 416, png::BitDepth::Sixteen));
        let value = |b: &[u8]| i32::from(u16::from_be_bytes([b[0], b[1]]));
        let mut range = (i32::MAX, 0);
        for pixel in pixels.chunks_exact(6) {
            let [r, g, b] = [0, 2, 4].map(|i| value(&pixel[i..]));
            assert!((r - g).abs() <= 300 && (b - g).abs() <= 300, "{r} {g} {b} is not grey");
            range = (range.0.min(g), range.1.max(g));
        }
        assert!(range.1 - range.0 > 30_000, "a picture, not a surface: {range:?}");
    }
    // merged, it is monochrome again
    let merged = folder.path().join("merged.dng");
    expect(&calotype(&["merge", text(&frames[0]), text(&frames[1]), "-o", text(&merged)]), 0, &[]);
    let info = calotype(&["info", text(&merged)]);
    assert!(String::from_utf8_lossy(&info.stdout).contains("monochrome"), "{info:?}");
}

#[test]
fn existing_and_unwritable_outputs_are_refused_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    let out = folder.path().join("mine.jpg");
    std::fs::write(&out, b"mine").unwrap();
    expect(&calotype(&["develop", text(&frames[0]), "-o", text(&out)]), 1, &["exists already", "--overwrite"]);
    assert_eq!(std::fs::read(&out).unwrap(), b"mine");
    expect(&calotype(&["develop", text(&frames[0]), "-o", text(&out.join("x.jpg"))]), 1, &["cannot write"]);
    assert!(calotype(&["develop", text(&frames[0]), "-o", text(&out), "--overwrite", "-q"]).status.success());
    assert_eq!(&std::fs::read(&out).unwrap()[..2], [0xFF, 0xD8]);
}

#[test]
fn folders_go_on_after_a_failure_and_make_only_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    burst(folder.path(), 2);
    std::fs::write(folder.path().join("burst/broken.dng"), b"no").unwrap();
    let (input, out) = (folder.path().join("burst"), folder.path().join("out/"));
    let run = || calotype(&["develop", text(&input), "-o", &format!("{}/", text(&out)), "--json"]);
    let counts = |o: &Output| {
        let json = json(o);
        [json["done"].as_u64(), json["skipped"].as_u64(), json["failed"].as_u64()].map(Option::unwrap)
    };
    let first = run();
    expect(&first, 1, &["broken.dng"]);
    assert_eq!(counts(&first), [1, 0, 1]);
    only(&out, &["frame_00.jpg"]);
    assert_eq!(counts(&run()), [0, 1, 1]);
}

#[test]
fn earlier_diagnostics_are_not_replaced_and_stop_the_work_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 2);
    let (pictures, out) = (folder.path().join("pictures"), folder.path().join("o.jpg"));
    let run = |more: &[&str]| {
        let mut args = vec!["develop", text(&frames[0]), text(&frames[1]), "-o", text(&out)];
        args.extend(["--diagnostics", text(&pictures)]);
        args.extend(more);
        calotype(&args)
    };
    expect(&run(&[]), 0, &[]);
    std::fs::remove_file(&out).unwrap();
    expect(&run(&[]), 1, &["frames.png exists already", "--overwrite"]);
    assert!(!out.exists());
    expect(&run(&["--overwrite"]), 0, &[]);
}
