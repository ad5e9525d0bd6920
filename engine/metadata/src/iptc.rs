//! IPTC information interchange (IIM 4.2), alone or within Photoshop image resources, as JSON.

use serde_json::{Map, Value};

/// The Photoshop image resource that contains IIM (Adobe Photoshop file formats, "Image Resource IDs").
const IIM_RESOURCE: u16 = 0x0404;
/// The most datasets that are read. Programs write a few dozen.
const MAX_DATASETS: usize = 4096;

/// The datasets of the application record: number, the name that exiftool gives it, and whether it may be repeated.
const NAMES: &[(u8, &str, bool)] = &[
    (0, "ApplicationRecordVersion", false),
    (3, "ObjectTypeReference", false),
    (4, "ObjectAttributeReference", true),
    (5, "ObjectName", false),
    (7, "EditStatus", false),
    (8, "EditorialUpdate", false),
    (10, "Urgency", false),
    (12, "SubjectReference", true),
    (15, "Category", false),
    (20, "SupplementalCategories", true),
    (22, "FixtureIdentifier", false),
    (25, "Keywords", true),
    (26, "ContentLocationCode", true),
    (27, "ContentLocationName", true),
    (30, "ReleaseDate", false),
    (35, "ReleaseTime", false),
    (37, "ExpirationDate", false),
    (38, "ExpirationTime", false),
    (40, "SpecialInstructions", false),
    (42, "ActionAdvised", false),
    (45, "ReferenceService", true),
    (47, "ReferenceDate", true),
    (50, "ReferenceNumber", true),
    (55, "DateCreated", false),
    (60, "TimeCreated", false),
    (62, "DigitalCreationDate", false),
    (63, "DigitalCreationTime", false),
    (65, "OriginatingProgram", false),
    (70, "ProgramVersion", false),
    (75, "ObjectCycle", false),
    (80, "By-line", true),
    (85, "By-lineTitle", true),
    (90, "City", false),
    (92, "Sub-location", false),
    (95, "Province-State", false),
    (100, "Country-PrimaryLocationCode", false),
    (101, "Country-PrimaryLocationName", false),
    (103, "OriginalTransmissionReference", false),
    (105, "Headline", false),
    (110, "Credit", false),
    (115, "Source", false),
    (116, "CopyrightNotice", false),
    (118, "Contact", true),
    (120, "Caption-Abstract", false),
    (121, "LocalCaption", false),
    (122, "Writer-Editor", true),
    (130, "ImageType", false),
    (131, "ImageOrientation", false),
    (135, "LanguageIdentifier", false),
    (184, "JobID", false),
    (185, "MasterDocumentID", false),
    (186, "ShortDocumentID", false),
    (187, "UniqueDocumentID", false),
    (188, "OwnerID", false),
    (221, "Prefs", false),
    (230, "DocumentNotes", false),
    (231, "DocumentHistory", false),
];

/// Reads `bytes`: Photoshop image resources, or IIM. Returns the datasets of the application record by their names, in
/// the order of their numbers.
pub fn read(bytes: &[u8]) -> Map<String, Value> {
    let iim = if bytes.starts_with(b"8BIM") { resource(bytes).unwrap_or_default() } else { bytes };
    let mut is_utf8 = false;
    let mut found: Vec<(u8, Vec<Value>)> = Vec::new();
    for (record, number, data) in Datasets(iim).take(MAX_DATASETS) {
        match (record, number) {
            // The escape sequence that selects UTF-8 (ISO 2022).
            (1, 90) => is_utf8 = data == b"\x1B%G",
            (2, number) => {
                let Some(&(_, _, repeats)) = NAMES.iter().find(|(known, ..)| *known == number) else {
                    continue;
                };
                let value = value(number, data, is_utf8);
                match found.iter_mut().find(|(known, _)| *known == number) {
                    Some((_, values)) if repeats => values.push(value),
                    // exiftool shows the last of several.
                    Some((_, values)) => *values = vec![value],
                    None => found.push((number, vec![value])),
                }
            }
            _ => (),
        }
    }
    found.sort_by_key(|(number, _)| *number);
    let named = found.into_iter().filter_map(|(number, mut values)| {
        let (_, name, repeats) = NAMES.iter().find(|(known, ..)| *known == number)?;
        let value = if *repeats { Value::Array(values) } else { values.pop()? };
        Some(((*name).to_owned(), value))
    });
    named.collect()
}

/// The contents of the resource with IIM.
fn resource(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let rest = bytes.strip_prefix(b"8BIM")?;
        let id = u16::from_be_bytes(*rest.first_chunk()?);
        // A Pascal string and its length byte, padded to an even number of bytes.
        let name = (1 + usize::from(*rest.get(2)?)).next_multiple_of(2);
        let rest = rest.get(2 + name..)?;
        let length = usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?;
        let rest = rest.get(4..)?;
        if id == IIM_RESOURCE {
            return Some(rest.get(..length).unwrap_or(rest));
        }
        bytes = rest.get(length.checked_next_multiple_of(2)?..)?;
    }
}

/// The datasets of IIM: record, number, data (IIM section 1.6).
struct Datasets<'a>(&'a [u8]);

impl<'a> Iterator for Datasets<'a> {
    type Item = (u8, u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let &[0x1C, record, number, high, low] = self.0.first_chunk()? else { return None };
        let length = u16::from_be_bytes([high, low]);
        let rest = &self.0[5..];
        let (length, rest) = if length & 0x8000 == 0 {
            (usize::from(length), rest)
        } else {
            // An extended dataset: the field has the number of bytes of the length.
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7FFF).min(5))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        };
        let (data, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((record, number, data))
    }
}

fn value(number: u8, data: &[u8], is_utf8: bool) -> Value {
    if number == 0 {
        return data.iter().take(4).fold(0_u32, |version, byte| version << 8 | u32::from(*byte)).into();
    }
    let text = match std::str::from_utf8(data) {
        Ok(text) => text.to_owned(),
        Err(_) if is_utf8 => String::from_utf8_lossy(data).into_owned(),
        Err(_) => data.iter().copied().map(char::from).collect(),
    };
    let text = text.trim_end_matches('\0');
    match number {
        30 | 37 | 47 | 55 | 62 => date(text),
        35 | 38 | 60 | 63 => time(text),
        _ => None,
    }
    .unwrap_or_else(|| text.to_owned())
    .into()
}

/// `CCYYMMDD` as `CCYY-MM-DD`.
fn date(text: &str) -> Option<String> {
    let is_date = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_date.then(|| format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]))
}

/// `HHMMSS±HHMM` as `HH:MM:SS±HH:MM`.
fn time(text: &str) -> Option<String> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (time, zone) = text.split_at_checked(6).filter(|(time, _)| digits(time))?;
    let time = format!("{}:{}:{}", &time[..2], &time[2..4], &time[4..]);
    match zone.strip_prefix(['+', '-']) {
        Some(offset) if offset.len() == 4 && digits(offset) => {
            Some(format!("{time}{}{}:{}", &zone[..1], &offset[..2], &offset[2..]))
        }
        _ => zone.is_empty().then_some(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn dataset(record: u8, number: u8, data: &[u8]) -> Vec<u8> {
        [&[0x1C, record, number], &(data.len() as u16).to_be_bytes()[..], data].concat()
    }

    #[test]
    fn datasets_have_names_and_repeat() {
        let iim = [
            dataset(1, 90, b"\x1B%G"),
            dataset(2, 0, &[0, 4]),
            dataset(2, 25, "Müll".as_bytes()),
            dataset(2, 25, b"Tonne"),
            dataset(2, 55, b"20240501"),
            dataset(2, 60, b"101112+0200"),
            dataset(2, 80, b"J. Doe"),
            dataset(2, 250, b"unknown"),
        ]
        .concat();
        let expected = json!({
            "ApplicationRecordVersion": 4, "Keywords": ["Müll", "Tonne"], "DateCreated": "2024-05-01",
            "TimeCreated": "10:11:12+02:00", "By-line": ["J. Doe"],
        });
        assert_eq!(Value::Object(read(&iim)), expected);
        let thumbnail = b"8BIM\x04\x0C\0\0\0\0\0\x03abc\0";
        let resources =
            [&thumbnail[..], b"8BIM\x04\x04\0\0", &(iim.len() as u32).to_be_bytes(), &iim].concat();
        assert_eq!(Value::Object(read(&resources)), expected);
        // Every truncation gives what is complete.
        for end in 0..resources.len() {
            read(&resources[..end]);
        }
        assert_eq!(read(&resources[..resources.len() - 4]).get("Keywords"), expected.get("Keywords"));
    }

    #[test]
    fn text_without_a_character_set_may_be_latin_1() {
        assert_eq!(read(&dataset(2, 90, b"Z\xFCrich"))["City"], "Zürich");
    }
}
