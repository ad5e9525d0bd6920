//! The names nearest to a mistyped one.

use strsim::osa_distance;

/// Letters of a name for each mistake in it. A short name may have one mistake.
const LETTERS_PER_MISTAKE: usize = 3;

/// Returns those of `names` that need the fewest edits to become `word`, without regard to letter case: several if they
/// need equally many, none if `word` resembles no name. An edit adds, removes or replaces a letter, or swaps two.
///
/// # Examples
/// ```
/// use safelight_core::nearest::nearest;
///
/// assert_eq!(nearest("wdith", ["width", "height"]), ["width"]);
/// assert_eq!(nearest("colour", ["width", "height"]), [""; 0]);
/// ```
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let (mut found, mut fewest) = (Vec::new(), usize::MAX);
    for name in names {
        let max = (name.len() / LETTERS_PER_MISTAKE).max(1);
        // First, so that a long word costs nothing.
        if max < length.abs_diff(name.len()) {
            continue;
        }
        let edits = osa_distance(&word, &name.to_lowercase());
        if max < edits || fewest < edits {
            continue;
        }
        if edits < fewest {
            found.clear();
            fewest = edits;
        }
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Returns `names` as alternatives: `a`, `a or b`, or `a, b or c`.
pub fn alternatives(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_edits_win() {
        const NAMES: [&str; 7] = ["width", "w", "h", "bg", "dpr", "showExif", "format"];
        let check = |word: &str, expected: &[&str]| assert_eq!(nearest(word, NAMES), expected, "{word}");
        check("widht", &["width"]);
        check("Width", &["width"]);
        check("iwdth", &["width"]);
        check("showexif", &["showExif"]);
        check("shwExf", &["showExif"]);
        check("x", &["w", "h"]);
        check("bh", &["h", "bg"]);
        check("", &["w", "h"]);
        check("wifht", &[]);
        check("formaté", &["format"]);
        check("utm_source", &[]);
        check(&"w".repeat(100_000), &[]);
    }

    #[test]
    fn alternatives_are_listed() {
        assert_eq!(alternatives(&[]), "");
        assert_eq!(alternatives(&["a"]), "a");
        assert_eq!(alternatives(&["a", "b", "c"]), "a, b or c");
    }
}
