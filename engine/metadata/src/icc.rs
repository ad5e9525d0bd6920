//! ICC profiles: their header and their name (ICC.1:2022 sections 7.2, 9.2.41, 10.15).

use serde::Serialize;

/// What a profile is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// Its name, such as `Display P3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_description: Option<String>,
    /// The colour space of the samples: `RGB`, `GRAY`, `CMYK`.
    pub color_space: String,
    /// `mntr`, `scnr`, `prtr`, `spac` and others.
    pub profile_class: String,
    /// Such as `4.3`.
    pub profile_version: String,
    /// Its length.
    pub bytes: usize,
}

/// Bytes of the header.
const HEADER: usize = 128;
/// The most tags that are searched.
const MAX_TAGS: usize = 128;
/// The longest name, in characters.
const MAX_NAME: usize = 256;

/// The beginnings of names that standards and vendors give to the profiles of colour spaces. Those of displays may have
/// names of people.
const KNOWN: &[&str] = &[
    "sRGB",
    "srgb",
    "Adobe RGB",
    "Display P3",
    "Image P3",
    "Apple RGB",
    "ColorMatch RGB",
    "ProPhoto",
    "ROMM",
    "Wide Gamut RGB",
    "WideGamut",
    "Rec",
    "ITU-R",
    "BT.",
    "DCI",
    "SMPTE",
    "HDTV",
    "PAL",
    "NTSC",
    "CIE",
    "eciRGB",
    "uRGB",
    "c2",
    "TINYsRGB",
    "Generic",
    "Dot Gain",
    "Gray Gamma",
    "Gray",
    "sGray",
    "Grayscale",
    "Linear",
    "Coated",
    "Uncoated",
    "U.S. Web Coated",
    "ISO",
    "Japan Color",
    "FOGRA",
    "PSO",
    "SWOP",
    "GRACoL",
    "Photoshop",
    "Nikon",
    "Canon",
    "Camera RGB",
    "Artifex",
    "E-sRGB",
    "opRGB",
    "Compat",
    "RGB built-in",
    "GIMP built-in",
    "Lab",
];

impl Description {
    /// Reads the header and the name of `profile`; `None` if it is not one.
    pub fn read(profile: &[u8]) -> Option<Self> {
        let header = profile.get(..HEADER)?;
        if &header[36..40] != b"acsp" {
            return None;
        }
        let code = |at: usize| {
            header[at..at + 4].iter().copied().map(char::from).collect::<String>().trim_end().to_owned()
        };
        let code = |at| Some(code(at)).filter(|code| code.bytes().all(|byte| byte.is_ascii_graphic()));
        Some(Self {
            profile_description: name(profile),
            color_space: code(16)?,
            profile_class: code(12)?,
            profile_version: format!("{}.{}", header[8], header[9] >> 4),
            bytes: profile.len(),
        })
    }

    /// Returns whether the name is that of a standard's or a vendor's colour space.
    pub fn has_known_name(&self) -> bool {
        let name = self.profile_description.as_deref().unwrap_or_default();
        name.len() <= 64 && KNOWN.iter().any(|known| name.starts_with(known))
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?)).ok()
}

/// The text of the tag `desc`.
fn name(profile: &[u8]) -> Option<String> {
    let count = be32(profile, HEADER)?.min(MAX_TAGS);
    let entry = |index: usize| profile.get(HEADER + 4 + 12 * index..)?.get(..12);
    let desc = (0..count).filter_map(entry).find(|entry| entry.starts_with(b"desc"))?;
    let tag = profile.get(be32(desc, 4)?..)?;
    let tag = tag.get(..be32(desc, 8)?).unwrap_or(tag);
    let text: String = match tag.get(..4)? {
        // Version 2: ASCII with its length.
        b"desc" => {
            let text = tag.get(12..)?.get(..be32(tag, 8)?)?;
            text.iter().take_while(|byte| **byte != 0).take(MAX_NAME).copied().map(char::from).collect()
        }
        b"mluc" => {
            let record = (0..be32(tag, 8)?.min(64)).filter_map(|index| tag.get(16 + 12 * index..)?.get(..12));
            let record =
                record.clone().find(|record| record.starts_with(b"en")).or_else(|| record.clone().next())?;
            let text = tag.get(be32(record, 8)?..)?;
            let text = text.get(..be32(record, 4)?.min(2 * MAX_NAME)).unwrap_or(text);
            let units = text.chunks_exact(2).map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
            char::decode_utf16(units.take_while(|unit| *unit != 0))
                .map(|letter| letter.unwrap_or('\u{FFFD}'))
                .collect()
        }
        b"text" => tag
            .get(8..)?
            .iter()
            .take_while(|byte| **byte != 0)
            .take(MAX_NAME)
            .copied()
            .map(char::from)
            .collect(),
        _ => return None,
    };
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(desc: &[u8]) -> Vec<u8> {
        let mut profile = vec![0; HEADER];
        profile[8..10].copy_from_slice(&[4, 0x30]);
        profile[12..16].copy_from_slice(b"mntr");
        profile[16..20].copy_from_slice(b"RGB ");
        profile[36..40].copy_from_slice(b"acsp");
        profile.extend([0, 0, 0, 1]);
        profile.extend(b"desc");
        profile.extend(144_u32.to_be_bytes());
        profile.extend((desc.len() as u32).to_be_bytes());
        profile.extend(desc);
        profile
    }

    #[test]
    fn both_kinds_of_names_are_read() {
        let name = |desc: &[u8]| Description::read(&profile(desc)).and_then(|icc| icc.profile_description);
        let ascii = b"desc\0\0\0\0\0\0\0\x05sRGB\0";
        let unicode = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS\0\0\0\x04\0\0\0\x1c\0P\x003";
        assert_eq!(name(ascii).as_deref(), Some("sRGB"));
        assert_eq!(name(unicode).as_deref(), Some("P3"));
        let icc = Description::read(&profile(ascii)).expect("a profile");
        assert_eq!(
            (icc.color_space.as_str(), icc.profile_version.as_str(), icc.has_known_name()),
            ("RGB", "4.3", true)
        );
        // Every truncation is read without a name, or not at all.
        for end in 0..profile(unicode).len() {
            Description::read(&profile(unicode)[..end]);
        }
        assert_eq!(Description::read(b"no profile"), None);
        let own = Description::read(&profile(b"desc\0\0\0\0\0\0\0\x0fJane's monitor")).expect("a profile");
        assert!(!own.has_known_name());
    }
}
