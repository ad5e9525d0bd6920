//! Adding a transform takes its crate and two lines elsewhere: one in the registry's `Cargo.toml`, one in its list.
//!
//! The test does just that in a copy of the engine and the transforms below the target folder, and runs the
//! contract of pixel steps there. The copy keeps its path and its unchanged files, so that only the first run
//! builds everything.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// Folders of the checkout that the copy has.
const FOLDERS: [&str; 2] = ["engine", "transforms"];

/// The test that the copy runs; it needs no further crates.
const CONTRACT: &str = "pixel_steps";
const CONTRACT_FOLDER: &str = "transforms/registry/tests";

const MANIFEST: &str = r#"[package]
name = "safelight-invert"
description = "Inverts the colours"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[lints]
workspace = true

[dependencies]
safelight-core.workspace = true
"#;

const CODE: &str = r#"//! Inverts the colours.

use safelight_core::{Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Samples, Size, Step, Transform};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Invert;

const INVERT: Param = Param {
    key: "invert",
    aliases: &[],
    kind: ParamKind::Flag,
    default: None,
    doc: "inverts the colours",
};

impl Transform for Invert {
    fn name(&self) -> &'static str {
        "invert"
    }

    fn params(&self) -> &'static [Param] {
        &[INVERT]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.flag(INVERT.key).then(|| Step::Pixels(Box::new(InvertOp))))
    }
}

struct InvertOp;

impl PixelOp for InvertOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, _input: Geometry, need: Size) -> Size {
        need
    }

    fn apply(&self, mut frame: Frame) -> Result<Frame> {
        let has_alpha = frame.model.has_alpha();
        for plane in &mut frame.planes {
            let channels = usize::from(plane.channels);
            let is_alpha = |i: usize| has_alpha && i % channels + 1 == channels;
            match &mut plane.samples {
                Samples::U8(samples) => {
                    samples.iter_mut().enumerate().filter(|(i, _)| !is_alpha(*i)).for_each(|(_, it)| *it = !*it);
                }
                Samples::U16(samples) => {
                    samples.iter_mut().enumerate().filter(|(i, _)| !is_alpha(*i)).for_each(|(_, it)| *it = !*it);
                }
            }
        }
        frame.encoding = None;
        Ok(frame)
    }
}
"#;

/// The two lines, each with the line that it follows.
const TWO_LINES: [(&str, &str, &str); 2] = [
    ("transforms/registry/Cargo.toml", "[dependencies]\n", "safelight-invert = { path = \"../invert\" }\n"),
    (
        "transforms/registry/src/lib.rs",
        "pub const TRANSFORMS: &[&dyn Transform] = &[\n",
        "    &safelight_invert::Invert,\n",
    ),
];

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Writes a file of the copy, unless it is as it should be: Cargo builds what is newer than its last build.
fn write(path: &Path, bytes: &[u8]) {
    if fs::read(path).is_ok_and(|found| found == bytes) {
        return;
    }
    let folder = path.parent().expect("a file of the copy is in a folder");
    fs::create_dir_all(folder).and_then(|()| fs::write(path, bytes)).expect("the target folder takes files");
}

/// Returns the text of a file of the copy: with the two lines, and manifests without the crates that only other
/// tests need, which would take minutes to build.
fn adapted(name: &str, mut text: String) -> String {
    for (file, after, line) in TWO_LINES {
        if file == name {
            assert!(text.contains(after), "{name} has no line {after:?}");
            text = text.replacen(after, &format!("{after}{line}"), 1);
        }
    }
    if name.ends_with("Cargo.toml") {
        text = without_sections(&text, |heading| heading == "[dev-dependencies]");
    }
    if name == TWO_LINES[0].0 {
        text.push_str("\n[dev-dependencies]\nbytes.workspace = true\n");
    }
    text
}

/// Copies the folder `name` of the checkout, without tests other than the contract.
fn copy(name: &str, root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(checkout().join(name))? {
        let entry = entry?;
        let path = format!("{name}/{}", entry.file_name().to_string_lossy());
        let is_contract = path.contains(CONTRACT) || path == CONTRACT_FOLDER;
        if path.contains("/tests") && !path.contains("/src/") && !is_contract {
            continue;
        }
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "target" {
                copy(&path, root)?;
            }
        } else {
            let bytes = fs::read(entry.path())?;
            let bytes = match String::from_utf8(bytes) {
                Ok(text) => adapted(&path, text).into_bytes(),
                Err(error) => error.into_bytes(),
            };
            write(&root.join(&path), &bytes);
        }
    }
    Ok(())
}

/// Returns a manifest without the sections whose heading `is_dropped`.
fn without_sections(manifest: &str, is_dropped: impl Fn(&str) -> bool) -> String {
    let mut is_kept = true;
    let mut lines = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_kept = !is_dropped(line);
        }
        if is_kept {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

/// Makes the copy: engine and transforms, with a workspace of just these.
fn workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-transform");
    for folder in FOLDERS {
        copy(folder, &root).expect("the checkout can be read");
    }
    let manifest = read(&checkout().join("Cargo.toml"));
    let is_member = |line: &&str| line.starts_with("members = ");
    let members = manifest.lines().find(is_member).expect("the workspace has members");
    let manifest = manifest.replace(members, "members = [\"engine/*\", \"transforms/*\"]");
    write(&root.join("Cargo.toml"), manifest.as_bytes());
    // A new member changes the lock file of the copy; versions stay those of the checkout.
    if !root.join("Cargo.lock").exists() {
        write(&root.join("Cargo.lock"), read(&checkout().join("Cargo.lock")).as_bytes());
    }
    root
}

#[test]
fn a_new_transform_takes_its_crate_and_two_lines() {
    let root = workspace();
    write(&root.join("transforms/invert/Cargo.toml"), MANIFEST.as_bytes());
    write(&root.join("transforms/invert/src/lib.rs"), CODE.as_bytes());
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--package", "safelight-registry", "--no-default-features"])
        .args(["--test", CONTRACT, "--", "--nocapture"])
        .current_dir(&root)
        .env("CARGO_TARGET_DIR", root.join("target"))
        .output()
        .expect("Cargo runs this test, so it is there");
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("invert: "), "the contract did not run the new transform: {text}");
}
