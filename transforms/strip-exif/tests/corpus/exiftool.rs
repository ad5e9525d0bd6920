//! The metadata that exiftool finds in files, to check stripped files.

use serde_json::{Map, Value};
use std::path::Path;

/// Returns the tags of each file below `folder` by file name, keyed `Group1:Tag`; `None` if exiftool is not
/// installed.
pub(crate) fn read(folder: &Path, options: &[&str]) -> Option<Map<String, Value>> {
    let mut exiftool = safelight_images::program("exiftool")?;
    exiftool.args(["-j", "-a", "-G1", "-ext", "*", "-q"]).args(options).arg(folder);
    let output = exiftool.output().expect("exiftool starts");
    let files: Vec<Map<String, Value>> =
        serde_json::from_slice(&output.stdout).expect("exiftool prints JSON");
    let name = |tags: &Map<String, Value>| {
        let path = tags.get("SourceFile").and_then(Value::as_str).expect("exiftool names its source");
        Path::new(path).file_name().expect("a file").to_string_lossy().into_owned()
    };
    Some(files.into_iter().map(|tags| (name(&tags), Value::Object(tags))).collect())
}
