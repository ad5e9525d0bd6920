//! Keeps the table of formats in the project's README equal to the table of this crate.

use safelight_formats::Format;
use std::fs;

/// The table, as the README has it between its marks.
fn table() -> String {
    let mark = |is_able: bool| if is_able { "✓" } else { "–" };
    let rows = Format::all().map(|format| {
        let can = format.abilities();
        let extensions: Vec<_> =
            format.extensions().iter().map(|extension| format!("`{extension}`")).collect();
        let marks = [can.strip, can.decode, can.encode, can.animate].map(mark).join(" | ");
        format!("| {} | {} | {marks} |\n", format.name(), extensions.join(" "))
    });
    format!(
        "| format | files | strip, show EXIF | decode | encode | animations |\n|---|---|---|---|---|---|\n{}",
        rows.collect::<String>()
    )
}

#[test]
fn the_readme_has_the_current_table() {
    const START: &str = "<!-- formats: written by a test of safelight-formats -->\n";
    const END: &str = "<!-- end of formats -->";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let readme = fs::read_to_string(path).expect("the README is there");
    let (before, rest) = readme.split_once(START).expect("the README has the first mark");
    let (found, after) = rest.split_once(END).expect("the README has the second mark");
    let table = table();
    if found != table {
        fs::write(path, [before, START, &table, END, after].concat()).expect("the checkout can be written");
        panic!("the table of formats in README.md was stale and has been rewritten: check it in");
    }
}
