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
    let reply = fetch(program.address, "GET", "/photo.jpg?token=secret", &[("x-request-id", "id-1")]).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "image/jpeg"));

    let line = program.request_line();
    let expected = json!({
        "level": "INFO",
        "id": "id-1",
        "method": "GET",
        "path": "/photo.jpg",
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
    for variables in [&[][..], &[("SAFELIGHT_REDACT", "no")], &[("SAFELIGHT_REDACT", "yes")]] {
        let program = Program::serve(images(), variables);
        tags.push(get(program.address, "/photo.jpg?showExif=true").await.header("etag").to_owned());
    }
    assert_eq!(tags[0], tags[1]);
    assert_ne!(tags[1], tags[2]);
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
        let [failed, report] = lines.as_slice() else { panic!("{lines:?}") };
        assert!(failed.contains(&path("in/cut.png")), "{failed}");
        assert!(report.starts_with("2 converted, 1 failed, 1 skipped (not an image); "), "{report}");
        assert_eq!(names(Path::new(&path("in/out"))), ["a.png", "deep"]);
        assert_eq!(names(Path::new(&path("in/out/deep"))), ["a.png"]);
    }

    // Two outputs of one name: one is written, and the other is reported.
    fs::write(path("in/a.png"), safelight_images::read("text-chunks.png")).unwrap();
    let output =
        run(&["transform", "format=webp", &path("in/a.jpg"), &path("in/a.png"), "-f", "-o", &path("two")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("a.webp is already the output of another input"), "{}", stderr(&output));
    assert_eq!(names(Path::new(&path("two"))), ["a.webp"]);
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
        (vec!["transform", "", folder, "-o", "-"], "the folder contains no files"),
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
        (vec!["serve", "."], Some(("SAFELIGHT_MAX_SOURCE_BYTES", "1 GB")), "SAFELIGHT_MAX_SOURCE_BYTES"),
        (vec!["serve", "."], Some(("SAFELIGHT_SOURCE_TIMEOUT_SECS", "0")), "SAFELIGHT_SOURCE_TIMEOUT_SECS"),
        (vec!["serve", ".", "--max-metadata-bytes", "much"], None, "--max-metadata-bytes"),
        (vec!["serve", ".", "--max-connections", "0"], None, "--max-connections"),
        (vec!["serve", "nowhere"], None, "cannot open the folder nowhere"),
        (vec!["serve", "ftp://host/folder"], None, "unsupported source \"ftp://host/folder\""),
        (vec!["serve"], None, "<SOURCE>"),
        (vec![], None, "Usage"),
    ] {
        let output = safelight(&arguments).envs(variable).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn help_lists_transforms_and_settings() {
    assert_eq!(stdout(&run(&["--version"])).trim(), format!("safelight {}", env!("CARGO_PKG_VERSION")));
    let transforms = run(&["transforms"]);
    for word in ["strip-exif", "show-exif", "showExif = true"] {
        assert!(stdout(&transforms).contains(word), "{}", stdout(&transforms));
    }
    for word in ["SAFELIGHT_LISTEN", "s3://bucket/prefix", "--redact"] {
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
