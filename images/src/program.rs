//! Programs that some tests compare with.

use std::process::Command;

/// Programs, and where to get them.
const SOURCES: &[(&str, &str)] = &[
    ("avifdec", "Debian package libavif-bin"),
    ("azurite-blob", "npm package azurite"),
    ("cjpeg", "Debian package libjpeg-turbo-progs"),
    ("djpeg", "Debian package libjpeg-turbo-progs"),
    ("dwebp", "Debian package webp"),
    ("exiftool", "Debian package libimage-exiftool-perl"),
    ("file", "Debian package file"),
    ("gcp-storage-emulator", "Python package gcp-storage-emulator"),
    ("heif-convert", "Debian package libheif-examples"),
    ("jpegtran", "Debian package libjpeg-turbo-progs"),
    ("moto_server", "Python package moto[server]"),
    ("node", "Node.js 20.11 or later from https://nodejs.org"),
    ("webpinfo", "Debian package webp"),
];

/// Returns a command for the program `name`, or `None` if it is not installed. Then one line on standard error
/// says that the comparison is skipped, and the test must skip it.
///
/// # Panics
/// If the program is missing and the environment variable `CI` is set, so that no test passes in continuous
/// integration because a program is missing.
pub fn program(name: &str) -> Option<Command> {
    let command = is_installed(name).then(|| Command::new(name));
    if command.is_none() {
        let source = SOURCES.iter().find(|(known, _)| *known == name);
        skip(&format!("the program {name}"), source.map_or("install it on the PATH", |(_, source)| source));
    }
    command
}

/// Returns the name of a Python that has Pillow: the first on the path, or else the system's. `None` as for [`program`].
///
/// # Panics
/// As for [`program`].
pub fn python_with_pillow() -> Option<&'static str> {
    let has_pillow = |python: &&str| {
        Command::new(python).args(["-c", "import PIL"]).output().is_ok_and(|output| output.status.success())
    };
    let python = ["python3", "/usr/bin/python3"].into_iter().find(has_pillow);
    if python.is_none() {
        skip("Pillow for Python", "Debian package python3-pil");
    }
    python
}

/// Reports that a test skips a comparison because `missing` is missing. `remedy` says how to get it.
///
/// # Panics
/// If the environment variable `CI` is set.
pub fn skip(missing: &str, remedy: &str) {
    let thread = std::thread::current();
    let message = format!("{}: {missing} is missing ({remedy})", thread.name().unwrap_or("test"));
    assert!(!is_ci(), "{message}; CI must have it");
    eprintln!("{message}; skipped");
}

#[expect(clippy::disallowed_methods, reason = "only tests use this crate")]
fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false")
}

fn is_installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).any(|folder| folder.join(&file).is_file())
}
