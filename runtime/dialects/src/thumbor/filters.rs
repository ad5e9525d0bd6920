//! The list of filters in a path.

use percent_encoding::percent_decode_str;

/// Names and arguments of filters, and the rest of the path.
type Filters<'a> = (Vec<(String, String)>, &'a str);

/// Parses the filters of thumbor: up to the first parenthesis before a slash.
pub(super) fn thumbor(text: &str) -> Option<Filters<'_>> {
    let end = text.find(")/").filter(|end| 0 < *end)?;
    let list = percent_decode_str(&text[..=end]).decode_utf8_lossy();
    let filter = |entry: &str| {
        let (name, arguments) = entry.split_once('(')?;
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name.then(|| (name.to_owned(), arguments.trim_end_matches(')').to_owned()))
    };
    Some((list.split("):").filter_map(filter).collect(), &text[end + 2..]))
}

/// Parses the filters of imagor: up to the first slash outside of parentheses.
pub(super) fn imagor(text: &str) -> Option<Filters<'_>> {
    let (mut depth, mut start, mut entries) = (0_usize, 0, Vec::new());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b':' | b'/' if depth == 0 => {
                entries.push(&text[start..at]);
                start = at + 1;
            }
            _ => (),
        }
        if byte == b'/' && depth == 0 {
            let filter = |entry: &&str| {
                let (name, arguments) = entry.split_once('(')?;
                let arguments = arguments.rsplit_once(')').map_or(arguments, |(inside, _)| inside);
                Some((name.to_owned(), arguments.to_owned()))
            };
            return Some((entries.iter().filter_map(filter).collect(), &text[start..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: Option<Filters<'_>>, expected: Option<(&[(&str, &str)], &str)>) {
        let found = found.map(|(filters, rest)| {
            let filters: Vec<_> =
                filters.into_iter().map(|(name, arguments)| format!("{name}({arguments})")).collect();
            (filters.join(":"), rest)
        });
        let expected = expected.map(|(filters, rest)| {
            let filters: Vec<_> =
                filters.iter().map(|(name, arguments)| format!("{name}({arguments})")).collect();
            (filters.join(":"), rest)
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn lists_end_where_their_service_ends_them() {
        check(thumbor("a(1,2):b()/k"), Some((&[("a", "1,2"), ("b", "")], "k")));
        check(thumbor("a()%3Ab(1%2C2)/k"), Some((&[("a", ""), ("b", "1,2")], "k")));
        check(thumbor("a()::b()/k"), Some((&[("a", "")], "k")));
        check(thumbor("a/k"), None);
        check(thumbor("a%28%29/k"), None);
        check(imagor("a(x/y,(z)):b/c"), Some((&[("a", "x/y,(z)")], "c")));
        check(imagor("a()::b(1)x/k"), Some((&[("a", ""), ("b", "1")], "k")));
        check(imagor("/k"), Some((&[], "k")));
        check(imagor("a(/k"), None);
    }
}
