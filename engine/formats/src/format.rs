//! The formats, and what can be looked up of each.

use crate::{
    Abilities,
    table::{Row, TABLE},
};
use std::fmt;

/// An image format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG, ITU-T T.81 Annex B and JFIF 1.02.
    Jpeg,
    /// Portable Network Graphics, animated ones included, W3C PNG Third Edition.
    Png,
    /// WebP, RFC 9649.
    Webp,
    /// GIF87a and GIF89a.
    Gif,
    /// AV1 Image File Format 1.1, over ISO/IEC 14496-12 and 23008-12.
    Avif,
    /// HEIF with HEVC inside, ISO/IEC 23008-12 Annex B.
    Heic,
    /// HEIF whose brands do not say what coding is inside.
    Heif,
    /// JPEG 2000 and HTJ2K, ITU-T T.800 and T.814: codestreams, JP2 and JPH files.
    Jpeg2000,
    /// JPEG XL, ISO/IEC 18181-1 and 18181-2: codestreams and files of boxes.
    JpegXl,
    /// TIFF 6.0 and `BigTIFF`.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// Windows icon.
    Ico,
    /// Scalable Vector Graphics 1.1 and 2, as XML.
    Svg,
    /// Photoshop's PSD and PSB, of which the composite is shown.
    Psd,
    /// Camera raw in a form of its own: Canon's CR3 and Fujifilm's RAF. DNG, CR2, NEF, ARW, ORF and RW2 have the form of
    /// TIFF, and are told apart by their directories.
    Raw,
}

impl Format {
    /// Every format, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.format)
    }

    /// The name that messages use, such as `JPEG`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The MIME type that a response states.
    pub const fn mime(self) -> &'static str {
        self.row().mime
    }

    /// The word of the query parameter `format`, if responses can be encoded in this format.
    pub fn word(self) -> Option<&'static str> {
        self.abilities().encode.then(|| self.row().word)
    }

    /// File extensions in lower case without a dot, the usual one first.
    pub fn extensions(self) -> &'static [&'static str] {
        self.row().extensions
    }

    /// The operations that the full build supports.
    pub fn abilities(self) -> Abilities {
        self.row().abilities
    }

    /// The format of responses to a source of this format where the query names none.
    ///
    /// It is the same format if that can be encoded.
    #[must_use]
    pub fn encoded_as(self) -> Self {
        self.row().encoded_as
    }

    /// Returns whether every client shows images of this format, whatever its `Accept` header says.
    #[must_use]
    pub const fn is_universal(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp | Self::Gif | Self::Bmp | Self::Ico)
    }

    /// The format with this MIME type.
    pub fn from_mime(mime: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.mime == mime).map(|row| row.format)
    }

    /// The format that `word` names in the query parameter `format`.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::all().find(|format| format.word() == Some(word))
    }

    /// The format of files with this extension, in any letter case.
    pub fn from_extension(extension: &str) -> Option<Self> {
        let has = |row: &&Row| row.extensions.iter().any(|own| own.eq_ignore_ascii_case(extension));
        TABLE.iter().find(has).map(|row| row.format)
    }

    /// The names of the formats for which `can` is true, as `JPEG, PNG and WebP`.
    pub fn names(can: impl Fn(Abilities) -> bool) -> String {
        Self::list(Self::all().filter(|format| can(format.abilities())))
    }

    /// The names of `formats`, as `JPEG, PNG and WebP`.
    pub fn list(formats: impl IntoIterator<Item = Self>) -> String {
        let names: Vec<_> = formats.into_iter().map(Self::name).collect();
        match names.as_slice() {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [first @ .., last] => format!("{} and {last}", first.join(", ")),
        }
    }

    const fn row(self) -> &'static Row {
        // The variants are in the order of the table, as a test checks.
        &TABLE[self as usize]
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn rows_are_in_the_order_of_the_variants() {
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(row.format as usize, at, "{}", row.name);
            assert_eq!(row.format.name(), row.name);
        }
    }

    #[test]
    fn names_types_words_and_extensions_are_unique() {
        let is_unique = |values: Vec<&str>| values.iter().collect::<HashSet<_>>().len() == values.len();
        assert!(is_unique(TABLE.iter().map(|row| row.name).collect()));
        assert!(is_unique(TABLE.iter().map(|row| row.mime).collect()));
        assert!(is_unique(TABLE.iter().map(|row| row.word).collect()));
        assert!(is_unique(TABLE.iter().flat_map(|row| row.extensions).copied().collect()));
    }

    #[test]
    fn every_decodable_format_has_an_encodable_one() {
        for format in Format::all().filter(|format| format.abilities().decode) {
            assert!(format.encoded_as().abilities().encode, "{format}");
            if format.abilities().encode {
                assert_eq!(format.encoded_as(), format);
            }
        }
    }

    #[test]
    fn lookups_find_their_row() {
        assert_eq!(Format::from_extension("JFIF"), Some(Format::Jpeg));
        assert_eq!(Format::from_extension("txt"), None);
        assert_eq!(Format::from_mime("image/webp"), Some(Format::Webp));
        assert_eq!(Format::from_word("gif"), Some(Format::Gif));
        assert_eq!(Format::from_word("tiff"), None, "TIFF is not encoded");
        assert_eq!(Format::names(|can| can.encode), "JPEG, PNG, WebP, GIF and AVIF");
    }
}
