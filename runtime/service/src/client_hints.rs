//! Client hints: sizes that the browser knows and the page does not (draft "Responsive Image Client Hints" of the WICG,
//! RFC 8942; `Save-Data` of the WICG's "Save Data API").

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that asks browsers for hints.
pub(crate) const ACCEPT_CH: HeaderName = HeaderName::from_static("accept-ch");

/// The hints that are used.
pub(crate) const HINTS: HeaderValue =
    HeaderValue::from_static("Sec-CH-DPR, Sec-CH-Width, Sec-CH-Viewport-Width, Save-Data");

const DPR: HeaderName = HeaderName::from_static("sec-ch-dpr");
const WIDTH: HeaderName = HeaderName::from_static("sec-ch-width");
const VIEWPORT_WIDTH: HeaderName = HeaderName::from_static("sec-ch-viewport-width");
const SAVE_DATA: HeaderName = HeaderName::from_static("save-data");

/// The range of `dpr`, within which a hint is useful.
const DPR_RANGE: (f64, f64) = (1.0, 5.0);

/// The range of `width`.
const WIDTH_RANGE: (f64, f64) = (1.0, 16_384.0);

/// A query whose automatic sizes are resolved.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// The raw query.
    pub(crate) query: String,
    /// The headers on which it depends.
    pub(crate) vary: Vec<HeaderName>,
}

/// Replaces `width=auto` and `dpr=auto` in the raw query `raw` by what the hints of `headers` say. Without a hint, the
/// key is removed. With `Save-Data`, sizes are those of a screen with one pixel for each pixel of CSS.
pub(crate) fn resolve(raw: &str, headers: &HeaderMap) -> Resolved {
    let mut vary = Vec::new();
    let mut resolved = |pair: &str| {
        let (key, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
        let is_auto = value.eq_ignore_ascii_case("auto");
        let (value, used) = match &*key {
            "width" | "w" if is_auto => {
                (width(headers).map(|width| width.to_string()), &[DPR, WIDTH, VIEWPORT_WIDTH, SAVE_DATA][..])
            }
            "dpr" if is_auto => (dpr(headers).map(|dpr| dpr.to_string()), &[DPR, SAVE_DATA][..]),
            _ => return Some(pair.to_owned()),
        };
        for name in used {
            if !vary.contains(name) {
                vary.push(name.clone());
            }
        }
        value.map(|value| format!("{key}={value}"))
    };
    let pairs: Vec<_> = raw.split('&').filter_map(&mut resolved).collect();
    Resolved { query: pairs.join("&"), vary }
}

/// Returns the width of the image in the page, in pixels of the screen, or that of the window.
fn width(headers: &HeaderMap) -> Option<u32> {
    let ratio = number(headers, &DPR, DPR_RANGE).unwrap_or(1.0);
    let saved = if saves_data(headers) { ratio } else { 1.0 };
    let own = number(headers, &WIDTH, WIDTH_RANGE).map(|width| width / saved);
    let width =
        own.or_else(|| number(headers, &VIEWPORT_WIDTH, WIDTH_RANGE).map(|width| width * ratio / saved))?;
    Some(width.ceil().clamp(WIDTH_RANGE.0, WIDTH_RANGE.1) as u32)
}

fn dpr(headers: &HeaderMap) -> Option<f64> {
    if saves_data(headers) { None } else { number(headers, &DPR, DPR_RANGE) }
}

fn saves_data(headers: &HeaderMap) -> bool {
    headers.get(SAVE_DATA).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"on"))
}

/// Returns a number of a header, limited to a range; `None` for anything but digits and a point.
fn number(headers: &HeaderMap, name: &HeaderName, (min, max): (f64, f64)) -> Option<f64> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = text.parse().ok().filter(|_| is_plain)?;
    Some((number.clamp(min, max) * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automatic_sizes_are_those_of_the_browser() {
        let check = |raw: &str, hints: &[(&'static str, &'static str)], expected: &str| {
            let headers = hints
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            let found = resolve(raw, &headers.collect());
            assert_eq!(found.query, expected, "{raw} {hints:?}");
            let is_automatic =
                ["w=auto", "width=auto", "width=AUTO", "dpr=auto"].iter().any(|auto| raw.contains(auto));
            assert_eq!(found.vary.is_empty(), !is_automatic, "{raw}");
        };
        let width = ("sec-ch-width", "640");
        check("w=auto&f=webp", &[width], "w=640&f=webp");
        check("width=AUTO", &[("sec-ch-viewport-width", "412"), ("sec-ch-dpr", "2.625")], "width=1082");
        check("width=auto", &[width, ("sec-ch-dpr", "2"), ("save-data", "on")], "width=320");
        check("width=auto&h=5", &[], "h=5");
        check("width=auto", &[("sec-ch-width", "1e9")], "");
        check("width=auto", &[("sec-ch-width", "99999999")], "width=16384");
        check("dpr=auto&w=5", &[("sec-ch-dpr", "1.5")], "dpr=1.5&w=5");
        check("dpr=auto&w=5", &[("sec-ch-dpr", "3"), ("save-data", "on")], "w=5");
        check("f=auto&w=5&&h", &[width], "f=auto&w=5&h");
    }
}
