//! Programs that share no code with us. Where one is missing, it judges nothing, and that is said.

use std::{fs, path::Path, process::Command};

/// What a program says and whether it is content; `None` where it is not installed.
pub(crate) fn run(program: &str, args: &[&str], path: &Path) -> Option<(bool, String)> {
    let Ok(output) = Command::new(program).args(args).arg(path).output() else {
        eprintln!("{program} is not installed: it judges nothing");
        return None;
    };
    let text = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

/// The PNG that `avifdec` makes of an AVIF.
///
/// # Panics
/// If it cannot be decoded.
pub(crate) fn avifdec(avif: &[u8]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, target) = (folder.path().join("source.avif"), folder.path().join("target.png"));
    fs::write(&source, avif).expect("the folder takes files");
    let output = Command::new("avifdec").arg(&source).arg(&target).output();
    let Ok(output) = output else {
        eprintln!("avifdec is not installed: an AVIF is not judged by it");
        return None;
    };
    assert!(output.status.success(), "avifdec: {}", String::from_utf8_lossy(&output.stderr));
    Some(fs::read(target).expect("avifdec wrote a PNG"))
}
