//! Pictures in `data:` URLs (RFC 2397), which are stripped as files of their own.

use crate::strip::strip;
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use bytes::Bytes;
use safelight_core::Limits;
use safelight_formats::{Detection, Format};

/// Base64 of which the padding may be missing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The URL of the same picture without metadata; `None` unless `url` holds a picture in Base64 that can be stripped. An
/// SVG is none.
pub(super) fn stripped(url: &str, limits: &Limits) -> Option<String> {
    let (format, file) = picture(url)?;
    let file = strip(Bytes::from(file), limits).ok()?;
    Some(format!("data:{};base64,{}", format.mime(), STANDARD.encode(file)))
}

/// Returns the picture in a `data:` URL in Base64, of a format that is not SVG. Its stated type does not matter.
pub fn picture(url: &str) -> Option<(Format, Vec<u8>)> {
    const SCHEME: &str = "data:";
    let scheme = url.get(..SCHEME.len())?;
    let (head, data) = url[SCHEME.len()..].split_once(',')?;
    let is_base64 = head.rsplit(';').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"));
    if !scheme.eq_ignore_ascii_case(SCHEME) || !is_base64 {
        return None;
    }
    let data: Vec<u8> = data.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let file = LENIENT.decode(data).ok()?;
    match Format::detect(&file) {
        Detection::Known(format) if format != Format::Svg => Some((format, file)),
        _ => None,
    }
}
