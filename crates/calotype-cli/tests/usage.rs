//! Usual and unusual ways to call the command.
#![allow(clippy::print_stderr)]

mod terminal;

use std::process::{Command, Stdio};
use terminal::{burst, calotype, command, expect, json, only, stderr, text};

#[test]
fn names_may_hold_spaces_and_any_letters() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 2);
    let place = folder.path().join("Ferien an der Küste – été ☀");
    std::fs::create_dir(&place).unwrap();
    let names = ["Bild 01 – Möwe.dng", "Bild 02 – Möwe.dng"];
    for (frame, name) in frames.iter().zip(names) {
        std::fs::copy(frame, place.join(name)).unwrap();
    }
    let (a, b) = (place.join(names[0]), place.join(names[1]));
    let out = place.join("schön, fertig.jpg");
    let output = calotype(&["develop", text(&a), text(&b), "-o", text(&out), "--json"]);
    expect(&output, 0, &[]);
    assert_eq!(json(&output)["output"], text(&out));
    // as a pattern, and as a folder
    let pattern = place.join("Bild *.dng");
    let merged = place.join("ver eint.dng");
    expect(&calotype(&["merge", text(&pattern), "-o", text(&merged)]), 0, &[]);
    let photos = folder.path().join("die Fotos");
    expect(&calotype(&["develop", text(&pattern), "-o", &format!("{}/", text(&photos))]), 0, &[]);
    only(&photos, &["Bild 01 – Möwe.jpg"]);
}

#[test]
#[cfg(target_os = "linux")]
fn names_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    let name = folder.path().join(std::ffi::OsStr::from_bytes(b"bild\xff.dng"));
    std::fs::copy(&frames[0], &name).unwrap();
    let out = folder.path().join(std::ffi::OsStr::from_bytes(b"foto\xff.jpg"));
    let output = command().arg("develop").arg(&name).arg("-o").arg(&out).output().unwrap();
    expect(&output, 0, &[]);
    assert!(out.exists());
}

#[test]
fn threads_do_not_change_a_byte() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 4);
    for (action, extension) in [("develop", "jpg"), ("develop", "tif"), ("develop", "exr"), ("merge", "dng")] {
        let made = |threads: &str| {
            let out = folder.path().join(format!("{threads}.{extension}"));
            let mut args = vec![action];
            args.extend(frames.iter().map(|f| text(f)));
            args.extend(["-o", text(&out), "--threads", threads, "-q"]);
            let output = calotype(&args);
            expect(&output, 0, &[]);
            assert_eq!(stderr(&output), "", "nothing to warn of");
            std::fs::read(out).unwrap()
        };
        let one = made("1");
        for threads in ["2", "4", "7"] {
            assert!(made(threads) == one, "{action} to {extension} differs with {threads} threads");
        }
    }
}

#[test]
fn missing_folders_are_named_and_folders_of_results_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    let missing = folder.path().join("not/there");
    let file = missing.join("photo.jpg");
    let output = calotype(&["develop", text(&frames[0]), "-o", text(&file)]);
    expect(&output, 1, &["cannot write", "does not exist", "Make the folder first"]);
    expect(&calotype(&["develop", text(&frames[0]), "-o", &format!("{}/", text(&missing))]), 0, &[]);
    only(&missing, &["frame_00.jpg"]);
    let inside = file.with_file_name("frame_00.jpg").join("x.jpg");
    let output = calotype(&["develop", text(&frames[0]), "-o", text(&inside)]);
    expect(&output, 1, &["cannot write", "is a file, not a folder"]);
}

#[test]
fn a_frame_named_twice_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 2);
    let (a, b) = (text(&frames[0]), text(&frames[1]));
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    expect(&calotype(&["develop", a, b, a, "-o", &out("thrice.jpg"), "-q"]), 0, &[]);
    expect(&calotype(&["develop", a, b, "-o", &out("once.jpg"), "-q"]), 0, &[]);
    assert!(std::fs::read(out("thrice.jpg")).unwrap() == std::fs::read(out("once.jpg")).unwrap());
    // under another name it is a copy, and that is said
    let other = frames[0].parent().unwrap().join(".").join("../burst/frame_00.dng");
    let output = calotype(&["develop", a, b, text(&other), "-o", &out("copy.jpg")]);
    expect(&output, 0, &["../burst/frame_00.dng was left out", "a copy of"]);
}

#[test]
fn results_among_the_frames_are_not_taken_for_frames() {
    let folder = tempfile::tempdir().unwrap();
    burst(folder.path(), 2);
    let merge = |input: &str, out: &str| {
        let output = command().args(["merge", input, "-o", out, "--json"]).current_dir(folder.path()).output().unwrap();
        expect(&output, 0, &[]);
        let said = json(&output);
        [&said["done"], &said["skipped"]].map(|n| n.as_u64().unwrap())
    };
    assert_eq!(merge(".", "merged/"), [1, 0]);
    for out in ["merged/", "./merged/", text(&folder.path().join("merged"))] {
        assert_eq!(merge(".", out), [0, 1], "{out}");
    }
    assert_eq!(merge("burst", "burst"), [1, 0]);
    assert_eq!(merge("burst", "burst/"), [0, 1]);
}

#[test]
fn pictures_of_several_bursts_go_to_folders_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 2);
    for day in ["a", "b"] {
        std::fs::create_dir_all(folder.path().join("all").join(day)).unwrap();
        for frame in &frames {
            std::fs::copy(frame, folder.path().join("all").join(day).join(frame.file_name().unwrap())).unwrap();
        }
    }
    let args = ["develop", "all", "-o", "out/", "--diagnostics", "what", "--format", "png", "-q"];
    expect(&command().args(args).current_dir(folder.path()).output().unwrap(), 0, &[]);
    for day in ["a", "b"] {
        only(&folder.path().join("what").join(day).join("frame_00"), &["frames.png", "motion_01.png", "rejected.png"]);
    }
}

#[test]
fn the_same_command_may_be_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    let (frame, out, recipe) = (text(&frames[0]), folder.path().join("out/"), folder.path().join("mine.toml"));
    let out = format!("{}/", text(&out));
    let develop = |ev: &str| calotype(&["develop", frame, "-o", &out, "--ev", ev, "--save-recipe", text(&recipe)]);
    expect(&develop("0.5"), 0, &[]);
    expect(&develop("0.5"), 0, &[]);
    // another recipe does not replace it
    expect(&develop("1"), 1, &["mine.toml exists already"]);
    assert!(std::fs::read_to_string(&recipe).unwrap().contains("ev = 0.5"));
    // nothing is left of a command that failed
    std::fs::remove_file(&recipe).unwrap();
    let args = ["develop", frame, "-o", "x.jpg", "--crop", "9999x1+0+0", "--save-recipe", text(&recipe)];
    expect(&calotype(&args), 1, &["leaves the picture"]);
    assert!(!recipe.exists());
}

#[test]
fn the_extension_of_a_file_is_not_contradicted() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    let out = folder.path().join("photo.jpg");
    let develop = |format: &str| calotype(&["develop", text(&frames[0]), "-o", text(&out), "--format", format]);
    expect(&develop("avif"), 2, &["is no .avif file", "Leave --format out"]);
    expect(&develop("jpg"), 0, &[]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_photograph_goes_through_a_pipe_whole() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 1);
    let output = calotype(&["develop", text(&frames[0]), "-o", "/dev/stdout"]);
    expect(&output, 0, &[]);
    assert!(output.stdout.starts_with(&[0xff, 0xd8]), "a JPEG");
    let both = calotype(&["develop", text(&frames[0]), "-o", "/dev/stdout", "--json"]);
    expect(&both, 2, &["cannot hold the result and --json"]);
    let out = folder.path().join("photo.jpg");
    expect(&calotype(&["develop", text(&frames[0]), "-o", text(&out)]), 0, &[]);
    assert!(output.stdout == std::fs::read(out).unwrap());
}

#[test]
fn what_files_say_is_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    burst(folder.path(), 2);
    let output = command().args(["info", "burst"]).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in [
        "  stored        DNG 1.4, lossless JPEG\n",
        "  orientation   as stored\n",
        "  calibration   2 illuminants, neutral as shot 0.6886 1.0000 0.6122\n",
        "  2 frames: burst/frame_00.dng to frame_01.dng",
    ] {
        assert!(said.contains(line), "{line} is not in {said}");
    }
}

#[test]
fn json_is_one_object_whatever_happens() {
    let folder = tempfile::tempdir().unwrap();
    let frames = burst(folder.path(), 2);
    let (a, b) = (text(&frames[0]), text(&frames[1]));
    let out = folder.path().join("o.jpg");
    let out = text(&out);
    let good = calotype(&["develop", a, b, "-o", out, "--json", "--timings"]);
    let said = json(&good);
    assert_eq!(said["ok"], true);
    assert!(said["timings"]["total_s"].as_f64().unwrap() > 0.0);
    for step in ["read", "align", "merge", "develop", "look", "write"] {
        assert!(said["timings"]["steps_s"][step].is_number(), "{step}: {said}");
    }
    for (args, code) in [
        (vec!["develop", a, "-o", out, "--json"], 1),
        (vec!["develop", "no.dng", "-o", "no.jpg", "--json"], 1),
        (vec!["info", "no.dng", "--json"], 1),
        (vec!["develop", a, "-o", "x.gif", "--json"], 2),
        (vec!["develop", a, "--json"], 2),
        (vec!["--json", "develop", "--nonsense"], 2),
        (vec!["develop", a, "-o", out, "--threads", "0", "--json"], 2),
        (vec!["develop", a, "-o", "y.jpg", "--look", "nosuch", "--json"], 2),
    ] {
        let output = calotype(&args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        let said = json(&output);
        assert_eq!(said["ok"], false, "{args:?}");
        let message = said["error"]["message"].as_str().unwrap();
        assert!(!message.is_empty() && !message.contains('\n'), "{args:?}: {message}");
    }
    assert!(json(&calotype(&["info", a, "--json"]))["files"][0].is_object());
    assert!(json(&calotype(&["look", "list", "--json"])).is_object());
}

#[test]
fn help_has_examples_everywhere() {
    for words in
        [&["--help"][..], &["develop", "--help"], &["merge", "--help"], &["info", "--help"], &["demo", "--help"]]
    {
        let output = calotype(words);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success());
        assert!(said.contains("Examples:\n  calotype "), "{words:?}: {said}");
    }
    for words in [&["look", "--help"][..], &["completions", "--help"]] {
        let said = String::from_utf8_lossy(&calotype(words).stdout).into_owned();
        assert!(said.contains("  calotype "), "{words:?}: {said}");
    }
    let version = calotype(&["--version"]);
    assert!(String::from_utf8_lossy(&version.stdout).starts_with("calotype "));
}

#[test]
fn completions_load_in_their_shells() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, check) in [
        ("bash", "source \"$0\" && complete -p calotype"),
        ("zsh", "autoload -U compinit && compinit -u -D && source \"$0\" && (( $+functions[_calotype] ))"),
        ("fish", "source $argv[1]; and complete -c calotype | string match -q '*develop*'"),
    ] {
        let script = calotype(&["completions", shell]);
        expect(&script, 0, &[]);
        let file = folder.path().join(format!("calotype.{shell}"));
        std::fs::write(&file, &script.stdout).unwrap();
        let mut run = Command::new(shell);
        run.args(["-c", check]).arg(&file).env("HOME", folder.path()).stdin(Stdio::null());
        match run.output() {
            Ok(output) => expect(&output, 0, &[]),
            Err(_) => eprintln!("SKIPPED: {shell} is not installed"),
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child =
        command().args(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    expect(&output, 0, &[]);
    assert_eq!(stderr(&output), "");
}
