//! Style sheets and style attributes: rules and declarations that refer to nothing outside of the file (CSS Syntax 3).

use super::{names::PROPERTIES, value::is_safe};
use std::fmt::Write;

/// Rules with rules inside that are kept.
const GROUPS: &[&str] = &["@keyframes", "@media", "@supports"];
/// The deepest nesting of such rules.
const MAX_DEPTH: u32 = 4;

/// The safe rules of a style sheet.
pub(super) fn sheet(source: &str) -> String {
    let mut out = String::new();
    rules(&without_comments(source), MAX_DEPTH, &mut out);
    out
}

/// The safe declarations of a style attribute, or of a rule.
pub(super) fn declarations(source: &str) -> String {
    let mut out = String::new();
    let source = without_comments(source);
    let mut rest = source.as_str();
    while !rest.is_empty() {
        let (declaration, after) = split(rest, &[';']).map_or((rest, ""), |(one, _, after)| (one, after));
        rest = after;
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        let is_known = PROPERTIES.binary_search(&name.as_str()).is_ok() || is_variable(&name);
        if is_known && !value.is_empty() && is_safe(value) {
            let separator = if out.is_empty() { "" } else { ";" };
            let _ = write!(out, "{separator}{name}:{value}");
        }
    }
    out
}

/// Appends the safe rules in `source`.
fn rules(source: &str, depth: u32, out: &mut String) {
    let mut rest = source;
    while let Some((prelude, end, after)) = split(rest, &['{', ';', '}']) {
        rest = after;
        if end != '{' {
            // A rule without a block, such as an import, or the end of one that was not begun.
            continue;
        }
        let Some((block, after)) = block(rest) else { return };
        rest = after;
        let prelude = prelude.trim();
        let mut body = String::new();
        if prelude.starts_with('@') {
            let name = prelude.split_ascii_whitespace().next().unwrap_or_default().to_ascii_lowercase();
            if GROUPS.contains(&name.as_str()) && 0 < depth {
                rules(block, depth - 1, &mut body);
            }
        } else {
            body = declarations(block);
        }
        if !body.is_empty() && is_prelude(prelude) {
            let _ = write!(out, "{prelude}{{{body}}}");
        }
    }
}

/// The name of a variable of a style sheet (CSS Variables 1).
fn is_variable(name: &str) -> bool {
    name.strip_prefix("--")
        .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

/// Whether a selector, or the condition of a group, has no escapes and nothing that ends or begins a rule.
fn is_prelude(prelude: &str) -> bool {
    !prelude.contains(['\\', '<', '{', '}', ';']) && !prelude.to_ascii_lowercase().contains("url(")
}

/// Splits `text` at the first of `ends` outside of strings, parentheses and brackets: what is before it, which one it is,
/// and what is after it.
fn split<'a>(text: &'a str, ends: &[char]) -> Option<(&'a str, char, &'a str)> {
    let (mut quote, mut depth) = (None, 0_u32);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, letter) if depth == 0 && ends.contains(&letter) => {
                return Some((&text[..at], letter, &text[at + letter.len_utf8()..]));
            }
            _ => (),
        }
    }
    None
}

/// The block that ends at the brace that closes the one before `text`, and what follows it.
fn block(text: &str) -> Option<(&str, &str)> {
    let (mut at, mut depth) = (0, 1_u32);
    while let Some((before, brace, _)) = split(&text[at..], &['{', '}']) {
        at += before.len() + 1;
        depth = if brace == '{' { depth + 1 } else { depth - 1 };
        if depth == 0 {
            return Some((&text[..at - 1], &text[at..]));
        }
    }
    None
}

/// `text` with a space in place of each comment.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        out.push_str(before);
        out.push(' ');
        rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_keep_safe_rules() {
        let check = |source: &str, expected: &str| assert_eq!(sheet(source), expected, "{source}");
        check(".a, #b > c { fill : red ; stroke:blue }", ".a, #b > c{fill:red;stroke:blue}");
        check("a{fill:red}/* note */b{fill:blue}", "a{fill:red}b{fill:blue}");
        check("@import 'http://host/a.css'; a{fill:red}", "a{fill:red}");
        check("@import url(a;b.css); a{fill:red}", "a{fill:red}");
        check("@charset \"UTF-7\";a{fill:red}", "a{fill:red}");
        check("@font-face{font-family:x;src:url(http://host/)} a{fill:red}", "a{fill:red}");
        check(
            "@media (width > 1px){a{fill:red}b{fill:url(http://host/)}}",
            "@media (width > 1px){a{fill:red}}",
        );
        check("@media x{@media x{@media x{@media x{@media x{a{fill:red}}}}}}", "");
        check("@keyframes k{from{opacity:0}50%{opacity:1}}", "@keyframes k{from{opacity:0}50%{opacity:1}}");
        check(
            "a{background:url(http://host/);fill:red;behavior:url(#b);-moz-binding:url(#b)}",
            "a{fill:red}",
        );
        check("a{fill:url(#a);--b:1px;-inkscape-font:'J. Doe'}", "a{fill:url(#a);--b:1px}");
        check("a{fill:red", "");
        check("a{fill:'}' ; stroke:red}", "a{fill:'}';stroke:red}".replace("fill:'}';", "").as_str());
        check("a{b{fill:red}}", "");
        check("}a{fill:red}", "a{fill:red}");
        check("a[href='http://host/']{fill:red}", "a[href='http://host/']{fill:red}");
        check("\\61{fill:red}", "");
        check("a</style><script>{fill:red}", "");
        check("a{fill:u/**/rl(http://host/)}", "");
    }

    #[test]
    fn attributes_keep_safe_declarations() {
        let check = |source: &str, expected: &str| assert_eq!(declarations(source), expected, "{source}");
        check("fill:red;;stroke : none;", "fill:red;stroke:none");
        check("FILL:red !important", "fill:red !important");
        check("fill:red;width:expression(alert(1))", "fill:red");
        check("fill:\\75rl(http://host/)", "");
        check("font-family:'a;b:c';fill:red", "font-family:'a;b:c';fill:red");
        check("fill:red}b{fill:blue", "");
        check("", "");
    }
}
