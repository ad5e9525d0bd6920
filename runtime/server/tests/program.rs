//! The program itself: arguments, environment, log, signals, memory.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Program, fetch, get, run, safelight, send, signal};
use serde_json::json;
use std::{
    fs,
    io::Write,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn images() -> &'static str {
    safelight_images::folder().to_str().unwrap()
}

#[tokio::test]
async fn a_folder_is_served_and_each_request_is_logged() {
    let mut program = Program::serve(images(), &[]);
    let reply =
        fetch(program.address, "GET", "/photo.jpg?v=1&Signature=secret", &[("x-request-id", "id-1")]).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "image/jpeg"));

    let line = program.request_line();
    let expected = json!({
        "level": "INFO",
        "id": "id-1",
        "method": "GET",
        "path": "/photo.jpg",
        "raw_query": "v=1&Signature=…",
        "query": "",
        "status": 200,
        "read": safelight_images::read("photo.jpg").len(),
        "sent": reply.body.len(),
        "complete": true,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&line[name], value, "{name} in {line}");
    }
    assert!(line["ms"].is_f64(), "{line}");
    assert!(line.get("error").is_none(), "{line}");

    let reply = get(program.address, "/photo.jpg?showExif=TRUE").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    let line = program.request_line();
    assert_eq!((&line["query"], &line["status"]), (&json!("showExif=true"), &json!(200)), "{line}");

    assert_eq!(get(program.address, "/none.jpg").await.status, 404);
    let line = program.request_line();
    assert_eq!((&line["level"], &line["status"]), (&json!("INFO"), &json!(404)), "{line}");
    assert!(line["error"].as_str().unwrap().contains("os error 2"), "{line}");
    assert!(program.terminate());
}

#[tokio::test]
async fn a_setting_may_come_from_the_environment() {
    let mut tags = Vec::new();
    let all = ("SAFELIGHT_EXIF", "all");
    for variables in [&[][..], &[("SAFELIGHT_REDACT", "no")], &[("SAFELIGHT_REDACT", "yes"), all], &[all]] {
        let program = Program::serve(images(), variables);
        let reply = get(program.address, "/photo.jpg?showExif=true").await;
        let has_place = reply.text().contains("GPSLatitude\":");
        assert_eq!((has_place, reply.text().contains("withheld")), (variables == [all], variables != [all]));
        tags.push(reply.header("etag").to_owned());
    }
    assert!(tags[0] == tags[1] && tags[1] == tags[2] && tags[2] != tags[3], "{tags:?}");
}

#[tokio::test]
async fn a_truncated_response_is_a_warning() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("cut.png"), cut_png()).unwrap();
    let mut program = Program::serve(folder.path().to_str().unwrap(), &[]);
    assert!(!get(program.address, "/cut.png").await.whole);
    let line = program.request_line();
    assert_eq!(line["level"], "WARN", "{line}");
    assert_eq!((&line["status"], &line["complete"]), (&json!(200), &json!(false)), "{line}");
    assert!(line["error"].is_string(), "{line}");
}

/// A photo of 64 MiB needs no more memory than a small one.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_large_photo_streams_in_little_memory() {
    const SIZE: usize = 64 << 20;
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("large.jpg"), safelight_images::long_jpeg(SIZE)).unwrap();
    let program = Program::serve(folder.path().to_str().unwrap(), &[]);
    let mut stream = send(program.address, "GET", "/large.jpg", &[]).await;
    let (mut taken, mut buffer) = (0, vec![0; 1 << 16]);
    loop {
        match stream.read(&mut buffer).await.unwrap() {
            0 => break,
            count => taken += count,
        }
    }
    assert!(SIZE < taken);
    let peak = program.peak_kib();
    assert!(peak < 24 << 10, "{peak} KiB were resident");
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let photo = safelight_images::path("photo.jpg").to_str().unwrap().to_owned();
    fs::write(path("text.jpg"), "no image").unwrap();
    fs::write(path("cut.png"), cut_png()).unwrap();

    let output = run(&["transform", "", &photo, "-o", &path("out.jpg")]);
    assert!(output.status.success(), "{}", stderr(&output));
    let converted = fs::read(path("out.jpg")).unwrap();
    assert!(
        converted.starts_with(b"\xff\xd8") && converted.len() < safelight_images::read("photo.jpg").len()
    );

    // An existing file stays, unless it may be replaced.
    fs::write(path("out.jpg"), "mine").unwrap();
    let output = run(&["transform", "", &photo, "-o", &path("out.jpg")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--force"), "{}", stderr(&output));
    assert_eq!(fs::read(path("out.jpg")).unwrap(), b"mine");
    assert!(run(&["transform", "", &photo, "-o", &path("out.jpg"), "--force"]).status.success());
    assert_eq!(fs::read(path("out.jpg")).unwrap(), converted);

    // In place, too.
    fs::copy(&photo, path("own.jpg")).unwrap();
    assert!(run(&["transform", "", &path("own.jpg"), "-o", &path("own.jpg"), "-f"]).status.success());
    assert_eq!(fs::read(path("own.jpg")).unwrap(), converted);

    // Several inputs go into a folder; a failure affects no other input.
    let inputs = [&path("text.jpg"), &path("cut.png"), &path("none.jpg")];
    let output = run(&["transform", "", &photo, inputs[0], inputs[1], inputs[2], "-o", &path("all")]);
    assert_eq!(output.status.code(), Some(1));
    for name in ["text.jpg", "cut.png", "none.jpg"] {
        assert!(stderr(&output).contains(&format!("{}: ", path(name))), "{}", stderr(&output));
    }
    assert_eq!(stderr(&output).lines().count(), 4, "{}", stderr(&output));
    assert!(stderr(&output).contains("\n1 converted, 3 failed, 0 skipped"), "{}", stderr(&output));
    assert_eq!(names(Path::new(&path("all"))), ["photo.jpg"]);
    assert_eq!(fs::read(path("all/photo.jpg")).unwrap(), converted);

    // Output that is not an image has another extension.
    let output = run(&["transform", "showExif=true", &photo, "-o", &path("json/")]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(names(Path::new(&path("json"))), ["photo.jpg.json"]);
}

#[test]
fn folders_include_their_subfolders() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir_all(path("in/deep/.hidden")).unwrap();
    for name in ["in/a.jpg", "in/deep/a.jpg", "in/deep/.hidden/a.jpg", "in/.a.jpg"] {
        fs::write(path(name), safelight_images::read("photo.jpg")).unwrap();
    }
    fs::write(path("in/notes.txt"), "no image").unwrap();
    fs::write(path("in/cut.png"), cut_png()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(path("in/a.jpg"), path("in/link.jpg")).unwrap();

    // Twice, into a folder within: the output of the first time is not an input of the second time.
    for force in [None, Some("--force")] {
        let input = path("in");
        let output = path("in/out");
        let arguments = ["transform", "width=40&format=png", &input, "-o", &output].into_iter().chain(force);
        let output = run(&arguments.collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(1));
        let lines: Vec<_> = stderr(&output).lines().collect();
        let (report, named) = lines.split_last().unwrap();
        let skipped = |name: &str, reason: &str| format!("safelight: skipped {}: {reason}", path(name));
        let hidden = "hidden: its name begins with a dot";
        let mut expected = vec![skipped("in/.a.jpg", hidden), skipped("in/deep/.hidden", hidden)];
        expected.extend(cfg!(unix).then(|| skipped("in/link.jpg", "symbolic link")));
        assert_eq!(named[..named.len() - 1], expected);
        assert!(named[named.len() - 1].contains(&path("in/cut.png")), "{named:?}");
        let skips =
            if cfg!(unix) { "4 skipped (2 hidden, 1 symbolic link, 1 not an image); " } else { "3 skipped " };
        assert!(report.starts_with(&format!("2 converted, 1 failed, {skips}")), "{report}");
        assert_eq!(names(Path::new(&path("in/out"))), ["a.png", "deep"]);
        assert_eq!(names(Path::new(&path("in/out/deep"))), ["a.png"]);
    }

    // Inputs that differ only in their extension keep it.
    fs::write(path("in/a.png"), safelight_images::read("text-chunks.png")).unwrap();
    let inputs = [path("in/a.jpg"), path("in/a.png"), path("in/deep/a.jpg")];
    let output = run(&["transform", "format=webp", &inputs[0], &inputs[1], "-o", &path("two")]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(names(Path::new(&path("two"))), ["a.jpg.webp", "a.png.webp"]);

    // Of two inputs of one name, one is converted, and the other is reported.
    let output = run(&["transform", "width=9", &inputs[0], &inputs[2], "-o", &path("one")]);
    assert_eq!(output.status.code(), Some(1));
    let message = format!("{}: another input has the same name", inputs[2]);
    assert!(stderr(&output).contains(&message), "{}", stderr(&output));
    assert!(stderr(&output).contains("\n1 converted, 1 failed, 0 skipped; "), "{}", stderr(&output));
}

#[test]
fn the_samples_are_converted_as_the_readme_says() {
    let folder = TempDir::new().unwrap();
    let output = run(&["transform", "width=80&format=webp", images(), "-o", folder.path().to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let names = names(folder.path());
    for name in
        ["photo.avif.webp", "photo.jpg.webp", "photo.tiff.webp", "still.webp", "orientation-6.png.webp"]
    {
        assert!(names.iter().any(|known| known == name), "{name} is not in {names:?}");
    }
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_does_not_stop_the_rest() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("in/closed")).unwrap();
    fs::copy(safelight_images::path("orientation-1.jpg"), path("in/a.jpg")).unwrap();
    fs::set_permissions(path("in/closed"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(path("in/closed")).is_ok() {
        eprintln!("this user may read every folder: it is not checked");
        return;
    }
    let output = run(&["strip", path("in").to_str().unwrap(), "-o", path("out").to_str().unwrap()]);
    fs::set_permissions(path("in/closed"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("in/closed: cannot read the folder"), "{}", stderr(&output));
    assert!(stderr(&output).contains("\n1 converted, 1 failed, 0 skipped; "), "{}", stderr(&output));
}

#[test]
fn existing_output_may_be_skipped() {
    let folder = TempDir::new().unwrap();
    let output = folder.path().to_str().unwrap();
    let sample = |name: &str| safelight_images::path(name).to_str().unwrap().to_owned();
    fs::write(folder.path().join("photo.webp"), "mine").unwrap();
    let inputs = [sample("photo.jpg"), sample("orientation-1.jpg")];
    let done =
        run(&["transform", "width=9&format=webp", &inputs[0], &inputs[1], "-o", output, "--skip-existing"]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(
        stderr(&done).starts_with("1 converted, 0 failed, 1 skipped (1 existing); "),
        "{}",
        stderr(&done)
    );
    assert_eq!(fs::read(folder.path().join("photo.webp")).unwrap(), b"mine");
    assert_eq!(names(folder.path()), ["orientation-1.webp", "photo.webp"]);
}

#[test]
fn the_extension_of_the_output_chooses_the_format() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let photo = safelight_images::path("photo.jpg").to_str().unwrap().to_owned();
    for (query, name, start) in [
        ("?width=40", "a.webp", &b"RIFF"[..]),
        ("", "b.png", b"\x89PNG"),
        ("width=40&format=png", "c.jpg", b"\x89PNG"),
        ("width=40", "d.bin", b"\xFF\xD8"),
    ] {
        let output = run(&["transform", query, &photo, "-o", &path(name)]);
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        assert!(fs::read(path(name)).unwrap().starts_with(start), "{name}");
    }
    let from_pipe = safelight(&["transform", "width=40", "-", "-o", &path("e.webp")])
        .stdin(fs::File::open(&photo).unwrap())
        .output()
        .unwrap();
    assert!(from_pipe.status.success(), "{}", stderr(&from_pipe));
    assert_eq!(fs::read(path("e.webp")).unwrap(), fs::read(path("a.webp")).unwrap());

    // A strip never converts.
    let output = run(&["strip", &photo, "-o", &path("f.png")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("the output is JPEG: expected a name that ends in .jpg"),
        "{}",
        stderr(&output)
    );
    assert!(!Path::new(&path("f.png")).exists());
    assert!(run(&["strip", &photo, "-o", &path("g.jpg")]).status.success());
    assert!(run(&["transform", "", &photo, "-o", &path("h.jpg")]).status.success());
    assert_eq!(fs::read(path("g.jpg")).unwrap(), fs::read(path("h.jpg")).unwrap());
}

#[test]
fn exif_is_shown_on_standard_output() {
    let photo = safelight_images::path("photo.jpg").to_str().unwrap().to_owned();
    let harmless = run(&["exif", &photo]);
    assert!(harmless.status.success(), "{}", stderr(&harmless));
    let harmless: serde_json::Value = serde_json::from_str(stdout(&harmless)).unwrap();
    assert!(harmless["Image"].is_object() && harmless.get("GPSInfo").is_none(), "{harmless}");
    let all: serde_json::Value =
        serde_json::from_str(stdout(&run(&["exif", &photo, "--exif", "all"]))).unwrap();
    assert!(all["GPSInfo"].is_object() && all.get("withheld").is_none(), "{all}");
}

#[test]
fn an_unknown_parameter_is_an_error_before_any_file() {
    let output = run(&["transform", "widht=40", "nowhere.jpg", "-o", "out.jpg"]);
    assert_eq!(output.status.code(), Some(1));
    let message = "safelight: widht=40: unsupported key \"widht\": did you mean width?\n";
    assert_eq!(stderr(&output), message);
    assert_eq!(stderr(&run(&["transform", "widht=40", images(), "-o", "out"])), message);
}

#[tokio::test]
async fn a_platform_may_assign_the_port() {
    for (address, expected) in [(None, "0.0.0.0"), (Some("127.0.0.1:0"), "127.0.0.1")] {
        let variables =
            [("PORT", "0")].into_iter().chain(address.map(|address| ("SAFELIGHT_LISTEN", address)));
        let program = Program::start(safelight(&["serve", images()]).envs(variables));
        assert_eq!(program.address.ip().to_string(), expected);
    }
    let program = Program::start(&mut safelight(&["serve", images(), "--listen", ":0"]));
    assert_eq!(program.address.ip().to_string(), "0.0.0.0");
}

#[test]
fn pipes_are_files_too() {
    let photo = safelight_images::path("photo.jpg");
    let from_file = run(&["transform", "", photo.to_str().unwrap(), "-o", "-"]);
    let from_pipe = safelight(&["transform", "", "-", "-o", "-"])
        .stdin(fs::File::open(&photo).unwrap())
        .output()
        .unwrap();
    assert!(from_file.status.success() && from_pipe.status.success(), "{}", stderr(&from_pipe));
    assert!(from_file.stdout.starts_with(b"\xff\xd8"));
    assert_eq!(from_file.stdout, from_pipe.stdout);
}

#[test]
fn a_stopped_conversion_leaves_no_partial_output() {
    let folder = TempDir::new().unwrap();
    let output = folder.path().join("out.jpg");
    let mut child = safelight(&["transform", "", "-", "-o", output.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Without its end, and still open.
    let mut source = child.stdin.take().unwrap();
    let photo = safelight_images::long_jpeg(1 << 20);
    source.write_all(&photo[..photo.len() - 2]).unwrap();
    while names(folder.path()).is_empty() {
        assert_eq!(child.try_wait().unwrap(), None, "the program ended too early");
        std::thread::sleep(Duration::from_millis(1));
    }
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains(" 1 stopped"), "{}", stderr(&output));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn contradictory_arguments_are_rejected() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().to_str().unwrap();
    for (arguments, message) in [
        (
            vec!["transform", "", "a/x.jpg", "b/x.jpg", "-o", folder],
            "b/x.jpg: another input has the same name",
        ),
        (
            vec!["transform", "", "a.jpg", "b.jpg", "-o", "-"],
            "standard output takes the output of one input only",
        ),
        (vec!["transform", "", "-", "-o", folder], "standard input needs a file as output"),
        (vec!["transform", "", folder, "-o", "none"], "the folder contains no files"),
        (vec!["transform", "", images(), "-o", "-"], "standard output takes the output of one input only"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn an_invalid_setting_ends_the_program_and_is_named() {
    for (arguments, variable, message) in [
        (vec!["serve", "."], Some(("SAFELIGHT_LISTEN", "nowhere")), "SAFELIGHT_LISTEN"),
        (vec!["serve", "."], Some(("SAFELIGHT_REDACT", "perhaps")), "SAFELIGHT_REDACT"),
        (vec!["serve", "."], Some(("SAFELIGHT_MAX_SOURCE_BYTES", "1 XB")), "SAFELIGHT_MAX_SOURCE_BYTES"),
        (vec!["serve", "."], Some(("SAFELIGHT_EXIF", "some")), "SAFELIGHT_EXIF"),
        (vec!["serve", "."], Some(("SAFELIGHT_SOURCE_TIMEOUT_SECS", "0")), "SAFELIGHT_SOURCE_TIMEOUT_SECS"),
        (vec!["serve", ".", "--max-metadata-bytes", "much"], None, "--max-metadata-bytes"),
        (vec!["serve", ".", "--max-connections", "0"], None, "--max-connections"),
        (vec!["serve", "nowhere"], None, "cannot open the folder nowhere"),
        (vec!["serve", "ftp://host/folder"], None, "unsupported source \"ftp://host/folder\""),
        (vec!["serve"], None, "no images to serve: expected a source"),
        (vec![], None, "Usage"),
    ] {
        let output = safelight(&arguments).envs(variable).env("RUST_BACKTRACE", "1").output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("backtrace"), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn help_lists_transforms_and_settings() {
    assert_eq!(stdout(&run(&["--version"])).trim(), format!("safelight {}", env!("CARGO_PKG_VERSION")));
    let transforms = run(&["transforms"]);
    for word in ["strip-exif", "show-exif", "showExif = true"] {
        assert!(stdout(&transforms).contains(word), "{}", stdout(&transforms));
    }
    for word in ["SAFELIGHT_LISTEN", "s3://bucket/prefix", "--redact", "--exif"] {
        assert!(stdout(&run(&["serve", "--help"])).contains(word), "{word}");
    }
}

/// Returns a PNG that ends within a text, after so many pixels that its response has begun by then.
fn cut_png() -> Vec<u8> {
    let mut png = safelight_images::read("text-chunks.png");
    png.truncate(33);
    png.extend_from_slice(b"\x00\x04\x00\x00IDAT");
    png.resize(png.len() + (4 << 16) + 4, 0);
    png.extend_from_slice(b"\x00\x00\x10\x00tEXtComment");
    png
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
