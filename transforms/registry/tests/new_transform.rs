//! A new transform needs its crate and two lines elsewhere: one in the registry's `Cargo.toml`, one in its list.
//!
//! The test adds them to a copy of the engine and the transforms below the target folder, and runs the contract of
//! pixel steps there. The copy has no formats, and is built without debug information and without the optimisation
//! of dependencies. It keeps its path, its target folder and its unchanged files, so that only the first run builds
//! all of its crates. It does not share the target folder of the checkout: Cargo would take the crates of one for
//! those of the other, and build both again each time.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// Folders of the checkout that the copy has.
const FOLDERS: [&str; 2] = ["engine", "transforms"];

/// The test that the copy runs. It needs no formats, and no crates of other tests.
const CONTRACT: &str = "pixel_steps";
const CONTRACT_FOLDER: &str = "transforms/registry/tests";

/// The tutorial, whose first two blocks of code are the files of the crate.
const TUTORIAL: &str = include_str!("../../../docs/write-a-transform.md");

/// Returns the first block of code of the tutorial that begins with `fence`.
fn block(fence: &str) -> &'static str {
    let block = TUTORIAL.split_once(fence).and_then(|(_, rest)| rest.split_once("```"));
    block.unwrap_or_else(|| panic!("the tutorial has no block {fence}")).0
}

/// A test of the copy that fails if the transform is not registered.
const REGISTERED: &str = "registered";
const REGISTERED_CODE: &str = r#"//! The parameter of the new transform is declared.

#[test]
fn the_parameter_is_declared() {
    assert!(safelight_registry::params_json().contains("\"solarize\""), "solarize is not registered");
}
"#;

/// The two lines, each with its file and the line that it follows.
const TWO_LINES: [(&str, &str, &str); 2] = [
    (
        "transforms/registry/Cargo.toml",
        "[dependencies]\n",
        "safelight-solarize = { path = \"../solarize\" }\n",
    ),
    (
        "transforms/registry/src/lib.rs",
        "pub const TRANSFORMS: &[&dyn Transform] = &[\n",
        "    &safelight_solarize::Solarize,\n",
    ),
];

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Writes a file of the copy if its content differs, because Cargo rebuilds files that are newer than its last build.
fn write(path: &Path, bytes: &[u8]) {
    if fs::read(path).is_ok_and(|found| found == bytes) {
        return;
    }
    let folder = path.parent().expect("a file in a folder");
    fs::create_dir_all(folder).and_then(|()| fs::write(path, bytes)).expect("a writable folder");
}

/// Returns the text of a file of the copy. Manifests lose the crates that only other tests need, which would take
/// minutes to build.
fn adapted(name: &str, mut text: String) -> String {
    if name.ends_with("Cargo.toml") {
        text = without_sections(&text, |heading| heading == "[dev-dependencies]");
    }
    if name == TWO_LINES[0].0 {
        text.push_str("\n[dev-dependencies]\nbytes.workspace = true\n");
    }
    text
}

/// Copies the folder `name` of the checkout, without tests other than the contract and without the files of
/// [`TWO_LINES`].
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
        } else if TWO_LINES.iter().all(|(file, ..)| *file != path) {
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

/// Removes the files of the copy that the checkout has no longer: an earlier run may have copied another commit.
fn remove_stale(name: &str, root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root.join(name))? {
        let entry = entry?;
        let path = format!("{name}/{}", entry.file_name().to_string_lossy());
        let is_known = checkout().join(&path).exists();
        match entry.file_type()?.is_dir() {
            true if is_known => remove_stale(&path, root)?,
            true => fs::remove_dir_all(entry.path())?,
            false if is_known => {}
            false => fs::remove_file(entry.path())?,
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

/// Makes the copy: a workspace of the engine and the transforms.
fn workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-transform");
    for folder in FOLDERS {
        copy(folder, &root).expect("the checkout can be read");
        remove_stale(folder, &root).expect("the copy can be changed");
    }
    let manifest = read(&checkout().join("Cargo.toml"));
    let is_member = |line: &&str| line.starts_with("members = ");
    let members = manifest.lines().find(is_member).expect("the workspace has members");
    let manifest = manifest.replace(members, "members = [\"engine/*\", \"transforms/*\"]");
    let manifest = without_sections(&manifest, |heading| heading.starts_with("[profile."));
    let manifest = format!("{manifest}\n[profile.dev]\ndebug = false\nincremental = false\nopt-level = 1\n");
    write(&root.join("Cargo.toml"), manifest.as_bytes());
    // A new member changes the lock file of the copy; versions stay those of the checkout.
    write(&root.join("Cargo.lock"), read(&checkout().join("Cargo.lock")).as_bytes());
    root
}

/// Writes the files of [`TWO_LINES`] with the first line or without it, and likewise the second.
fn write_lines(root: &Path, are_added: [bool; 2]) {
    for ((file, after, line), is_added) in TWO_LINES.into_iter().zip(are_added) {
        let text = read(&checkout().join(file));
        assert!(text.contains(after), "{file} has no line {after:?}");
        let text = if is_added { text.replacen(after, &format!("{after}{line}"), 1) } else { text };
        write(&root.join(file), adapted(file, text).as_bytes());
    }
}

/// Runs tests of the copy's registry; returns whether they pass, and what they print.
fn run(root: &Path, tests: &[&str]) -> (bool, String) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--offline", "--package", "safelight-registry", "--no-default-features"]);
    cargo.args(tests.iter().flat_map(|test| ["--test", test])).args(["--", "--nocapture"]);
    let output = cargo
        .current_dir(root)
        .env("CARGO_TARGET_DIR", root.join("target"))
        .output()
        .expect("Cargo runs this test");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.success(), text.concat())
}

#[test]
fn a_new_transform_takes_its_crate_and_two_lines() {
    let root = workspace();
    write(&root.join("transforms/solarize/Cargo.toml"), block("```toml\n").as_bytes());
    write(&root.join("transforms/solarize/src/lib.rs"), block("```rust,ignore\n").as_bytes());
    write(&root.join(CONTRACT_FOLDER).join(format!("{REGISTERED}.rs")), REGISTERED_CODE.as_bytes());

    write_lines(&root, [false, true]);
    let (passes, text) = run(&root, &[REGISTERED]);
    assert!(!passes && text.contains("safelight_solarize"), "built without the dependency: {text}");

    write_lines(&root, [true, false]);
    let (passes, text) = run(&root, &[REGISTERED]);
    assert!(!passes && text.contains("solarize is not registered"), "passed without the list's line: {text}");

    write_lines(&root, [true, true]);
    let (passes, text) = run(&root, &[REGISTERED, CONTRACT]);
    assert!(passes, "{text}");
    assert!(text.contains("solarize: "), "the contract did not run the new transform: {text}");
}
