//! Programs that share no code with this project. A missing one fails its test in CI, and is skipped
//! elsewhere.

use std::{fs, path::Path};

/// Runs `program` on `path`, and returns whether it succeeded, with its output. `None` if it is not
/// installed.
pub(crate) fn run(program: &str, args: &[&str], path: &Path) -> Option<(bool, String)> {
    let output =
        safelight_images::program(program)?.args(args).arg(path).output().expect("the program starts");
    let text = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

/// Decodes an AVIF to PNG with `avifdec`. `None` if it is not installed.
///
/// # Panics
/// If it cannot be decoded.
pub(crate) fn avifdec(avif: &[u8]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, target) = (folder.path().join("source.avif"), folder.path().join("target.png"));
    fs::write(&source, avif).expect("the folder takes files");
    let mut avifdec = safelight_images::program("avifdec")?;
    let output = avifdec.arg(&source).arg(&target).output().expect("avifdec starts");
    assert!(output.status.success(), "avifdec: {}", String::from_utf8_lossy(&output.stderr));
    Some(fs::read(target).expect("avifdec wrote a PNG"))
}
