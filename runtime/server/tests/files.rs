//! The options of the commands for files: several widths, names, reports, dry runs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::run;
use serde_json::{Value, json};
use std::{fs, path::Path, process::Output};
use tempfile::TempDir;

/// Transforms the sample photo and another file into `folder`.
fn transform(folder: &Path, arguments: &[&str]) -> Output {
    let photo = safelight_images::path("photo.jpg");
    let inputs = ["transform", arguments[0], photo.to_str().unwrap()];
    run(&[&inputs[..], &["-o", folder.to_str().unwrap()], &arguments[1..]].concat())
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Returns the names of the files in `folder`, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Returns the width of a PNG (W3C PNG, 11.2.1).
fn width(path: &Path) -> u32 {
    u32::from_be_bytes(fs::read(path).unwrap()[16..20].try_into().unwrap())
}

#[test]
fn several_widths_are_several_files() {
    let folder = TempDir::new().unwrap();
    let output = transform(folder.path(), &["format=png", "--widths", "30,60"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(names(folder.path()), ["photo-30.png", "photo-60.png"]);
    assert_eq!(width(&folder.path().join("photo-60.png")), 60);

    let name = ["--name", "{width}_{name}.{ext}"];
    assert!(transform(folder.path(), &[&["?", "--widths", "40"], &name[..]].concat()).status.success());
    assert!(transform(folder.path(), &[&["width=50&format=webp"], &name[..]].concat()).status.success());
    assert_eq!(names(folder.path())[..2], ["40_photo.jpg.jpg", "50_photo.jpg.webp"]);
}

#[test]
fn mistakes_are_named_before_any_file_is_written() {
    let folder = TempDir::new().unwrap();
    for (arguments, message) in [
        (&["width=9", "--widths", "30"][..], "width: expected one value, got"),
        (&["", "--widths", "0"], "invalid value '0' for '--widths"),
        (&["", "--widths", "99999"], "width: "),
        (
            &["", "--name", "{stem}-{width}.{ext}"],
            "{width} in the name needs a width in the query, or --widths",
        ),
        (
            &["", "--name", "{stem}{date}"],
            "unknown placeholder {date}: expected one of {name}, {stem}, {ext}, {width}",
        ),
        (&["", "--name", "../{stem}"], "a name with a slash"),
        (&["", "--name", "one.jpg"], "no placeholder"),
    ] {
        let output = transform(folder.path(), arguments);
        assert!(
            !output.status.success() && stderr(&output).contains(message),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert_eq!(names(folder.path()), [""; 0]);
    }
}

#[test]
fn a_dry_run_reports_and_writes_nothing() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    let report = |arguments: &[&str]| -> Value {
        let output = transform(&out, &[arguments, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)))
    };
    let arguments = ["format=png", "--widths", "30,60"];
    let dry = report(&[&arguments[..], &["--dry-run"]].concat());
    assert!(!out.exists());
    let wet = report(&arguments);
    assert_eq!(dry, wet);
    let converted = dry["converted"].as_array().unwrap();
    assert_eq!((converted.len(), &dry["skipped"], &dry["failed"]), (2, &json!([]), &json!([])));
    let path = out.join("photo-30.png");
    assert_eq!(converted[0]["output"], path.to_str().unwrap());
    assert_eq!(converted[0]["bytesOut"], fs::metadata(path).unwrap().len());

    let again = report(&[&arguments[..], &["--skip-existing"]].concat());
    assert_eq!(again["skipped"][1]["reason"], "existing", "{again}");
    let failed = report(&arguments);
    assert_eq!(
        (&failed["failed"][0]["kind"], &failed["converted"]),
        (&json!("conflict"), &json!([])),
        "{failed}"
    );
    let output = transform(&out, &["width=20&format=png", "--dry-run"]);
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.ends_with(&format!(" -> {}\n", out.join("photo.png").display())), "{line}");
}

#[test]
fn a_quiet_batch_prints_errors_only() {
    let folder = TempDir::new().unwrap();
    let images = safelight_images::folder().to_str().unwrap();
    let out = folder.path().to_str().unwrap();
    let output = run(&["transform", "width=9&format=png", images, "-o", out, "--dry-run", "--quiet"]);
    assert_eq!(output.stdout, b"");
    assert!(!stderr(&output).contains("converted"), "{}", stderr(&output));
    let output = run(&["transform", "", "none.jpg", "-o", out, "--quiet"]);
    assert!(
        !output.status.success() && stderr(&output).starts_with("safelight: none.jpg: "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn shells_and_man_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = String::from_utf8(run(&["completions", shell]).stdout).unwrap();
        assert!(["transform", "purge", "skip-existing"].iter().all(|word| script.contains(word)), "{shell}");
    }
    let page = String::from_utf8(run(&["man"]).stdout).unwrap();
    assert!(page.contains(".TH safelight 1") && page.contains("serve"), "{page}");
}
