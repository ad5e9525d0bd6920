//! Keeps `formats.json`, the table for programs that are not written in Rust, equal to the table.

use safelight_formats::Format;
use std::fs;

/// Returns the table as JSON. No name, type or extension has a character that JSON escapes.
fn formats_json() -> String {
    let quoted = |texts: &[&str]| texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ");
    let rows = Format::all().map(|format| {
        let can = format.abilities();
        format!(
            "  {{\n    \"name\": {:?},\n    \"mime\": {:?},\n    \"extensions\": [{}],\n    \
             \"strip\": {}, \"decode\": {}, \"encode\": {}, \"animate\": {}\n  }}",
            format.name(),
            format.mime(),
            quoted(format.extensions()),
            can.strip,
            can.decode,
            can.encode,
            can.animate
        )
    });
    format!("[\n{}\n]\n", rows.collect::<Vec<_>>().join(",\n"))
}

#[test]
fn the_checked_in_table_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/formats.json");
    let current = formats_json();
    if fs::read_to_string(path).ok().as_deref() != Some(&current) {
        fs::write(path, &current).expect("the checkout can be written");
        panic!("formats.json was stale and has been rewritten: check it in");
    }
}
