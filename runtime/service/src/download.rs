//! `Content-Disposition` of responses that a browser saves (RFC 6266).

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All bytes but those of `attr-char` (RFC 8187, section 3.2.1).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Returns the header for the file name `name`: in ASCII for old clients, and as it is for all others.
pub(crate) fn attachment(name: &str) -> HeaderValue {
    // Not even escaped quotes and percent signs, which browsers read differently (RFC 6266, appendix D).
    let is_plain = |letter: char| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\' | '%');
    let plain: String = name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    let exact = if plain == name {
        String::new()
    } else {
        format!("; filename*=UTF-8''{}", utf8_percent_encode(name, ESCAPED))
    };
    HeaderValue::try_from(format!("attachment; filename=\"{plain}\"{exact}"))
        .expect("both names are printable ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place() {
        let check = |name: &str, expected: &str| assert_eq!(attachment(name), expected, "{name:?}");
        check("photo (1).jpg", "attachment; filename=\"photo (1).jpg\"");
        check("a\";b=\"c", "attachment; filename=\"a_;b=_c\"; filename*=UTF-8''a%22%3Bb%3D%22c");
        check("a%22b\\", "attachment; filename=\"a_22b_\"; filename*=UTF-8''a%2522b%5C");
        check("é.jpg", "attachment; filename=\"_.jpg\"; filename*=UTF-8''%C3%A9.jpg");
        check("a\r\nb: c", "attachment; filename=\"a__b: c\"; filename*=UTF-8''a%0D%0Ab%3A%20c");
    }
}
