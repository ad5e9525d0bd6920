//! The metadata that exiftool finds in files, to check stripped files.

use serde_json::{Map, Value};
use std::{path::Path, process::Command};

/// Tags of each file below `folder` by file name, keyed `Group1:Tag`; nothing where exiftool is missing.
pub(crate) fn read(folder: &Path, options: &[&str]) -> Option<Map<String, Value>> {
    let output = Command::new("exiftool")
        .args(["-j", "-a", "-G1", "-ext", "*", "-q"])
        .args(options)
        .arg(folder)
        .output();
    let Ok(output) = output else {
        eprintln!("exiftool is not installed: metadata are not judged by it");
        return None;
    };
    let files: Vec<Map<String, Value>> =
        serde_json::from_slice(&output.stdout).expect("exiftool answers JSON when asked for it");
    let name = |tags: &Map<String, Value>| {
        let path = tags.get("SourceFile").and_then(Value::as_str).expect("exiftool names its source");
        Path::new(path).file_name().expect("a file").to_string_lossy().into_owned()
    };
    Some(files.into_iter().map(|tags| (name(&tags), Value::Object(tags))).collect())
}
