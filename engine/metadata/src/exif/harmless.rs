//! The tags that every viewer may see: camera, exposure, dates and sizes, each only with values of its own shape.
//!
//! It is an allow-list, so that a new tag, or text in a tag for numbers, is left out until someone has looked at it.

use super::{
    directory::{Entry, Group},
    kind::Kind,
    names::names,
    value,
};
use std::sync::LazyLock;

/// The shape of a harmless value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// At most so many numbers.
    Numbers(usize),
    /// The name of a product: at most [`MAX_NAME_BYTES`] of text.
    Name,
    /// A date, or text of the characters of dates.
    Date,
    /// A version: UNDEFINED, at most four bytes, digits or zero.
    Version,
    /// Codes: UNDEFINED, at most four bytes below 32.
    Codes,
}
use Shape::{Codes, Date, Name, Numbers, Version};

/// The longest product name. Those of lenses have up to 50 characters.
const MAX_NAME_BYTES: usize = 64;

/// The longest text of a date, such as `2024-12-31T23:59:59.123456+02:00`.
const MAX_DATE_BYTES: usize = 32;

/// The names of harmless tags in alphabetical order, and the shapes that EXIF 2.32 section 4.6 and TIFF 6.0 define.
///
/// Offsets from UTC are missing because they tell the part of the world, temperature, pressure, depth and the camera's
/// attitude because they tell the place.
const HARMLESS: &[(&str, Shape)] = &[
    ("ApertureValue", Numbers(1)),
    ("BitsPerSample", Numbers(8)),
    ("BrightnessValue", Numbers(1)),
    ("ColorSpace", Numbers(1)),
    ("ComponentsConfiguration", Codes),
    ("CompositeImage", Numbers(1)),
    ("CompressedBitsPerPixel", Numbers(1)),
    ("Compression", Numbers(1)),
    ("Contrast", Numbers(1)),
    ("CustomRendered", Numbers(1)),
    ("DateTime", Date),
    ("DateTimeDigitized", Date),
    ("DateTimeOriginal", Date),
    ("DigitalZoomRatio", Numbers(1)),
    ("ExifTag", Numbers(1)),
    ("ExifVersion", Version),
    ("ExposureBiasValue", Numbers(1)),
    ("ExposureIndex", Numbers(1)),
    ("ExposureMode", Numbers(1)),
    ("ExposureProgram", Numbers(1)),
    ("ExposureTime", Numbers(1)),
    ("ExtraSamples", Numbers(4)),
    ("FNumber", Numbers(1)),
    ("FileSource", Codes),
    ("FillOrder", Numbers(1)),
    ("Flash", Numbers(1)),
    ("FlashEnergy", Numbers(1)),
    ("FlashpixVersion", Version),
    ("FocalLength", Numbers(1)),
    ("FocalLengthIn35mmFilm", Numbers(1)),
    ("FocalPlaneResolutionUnit", Numbers(1)),
    ("FocalPlaneXResolution", Numbers(1)),
    ("FocalPlaneYResolution", Numbers(1)),
    ("GainControl", Numbers(1)),
    ("Gamma", Numbers(1)),
    ("ISOSpeed", Numbers(1)),
    ("ISOSpeedLatitudeyyy", Numbers(1)),
    ("ISOSpeedLatitudezzz", Numbers(1)),
    ("ISOSpeedRatings", Numbers(2)),
    ("ImageLength", Numbers(1)),
    ("ImageWidth", Numbers(1)),
    ("InteroperabilityIndex", Name),
    ("InteroperabilityTag", Numbers(1)),
    ("InteroperabilityVersion", Version),
    ("JPEGInterchangeFormat", Numbers(1)),
    ("JPEGInterchangeFormatLength", Numbers(1)),
    ("LensMake", Name),
    ("LensModel", Name),
    ("LensSpecification", Numbers(4)),
    ("LightSource", Numbers(1)),
    ("Make", Name),
    ("MaxApertureValue", Numbers(1)),
    ("MeteringMode", Numbers(1)),
    ("Model", Name),
    ("NewSubfileType", Numbers(1)),
    ("Orientation", Numbers(1)),
    ("PhotometricInterpretation", Numbers(1)),
    ("PixelXDimension", Numbers(1)),
    ("PixelYDimension", Numbers(1)),
    ("PlanarConfiguration", Numbers(1)),
    ("Predictor", Numbers(1)),
    ("PrimaryChromaticities", Numbers(6)),
    ("RecommendedExposureIndex", Numbers(1)),
    ("ReferenceBlackWhite", Numbers(6)),
    ("RelatedImageLength", Numbers(1)),
    ("RelatedImageWidth", Numbers(1)),
    ("ResolutionUnit", Numbers(1)),
    ("RowsPerStrip", Numbers(1)),
    ("SampleFormat", Numbers(8)),
    ("SamplesPerPixel", Numbers(1)),
    ("Saturation", Numbers(1)),
    ("SceneCaptureType", Numbers(1)),
    ("SceneType", Codes),
    ("SensingMethod", Numbers(1)),
    ("SensitivityType", Numbers(1)),
    ("Sharpness", Numbers(1)),
    ("ShutterSpeedValue", Numbers(1)),
    ("Software", Name),
    ("SourceImageNumberOfCompositeImage", Numbers(2)),
    ("StandardOutputSensitivity", Numbers(1)),
    ("SubjectArea", Numbers(4)),
    ("SubjectDistance", Numbers(1)),
    ("SubjectDistanceRange", Numbers(1)),
    ("SubjectLocation", Numbers(2)),
    ("TileLength", Numbers(1)),
    ("TileWidth", Numbers(1)),
    ("WhiteBalance", Numbers(1)),
    ("WhitePoint", Numbers(2)),
    ("XResolution", Numbers(1)),
    ("YCbCrCoefficients", Numbers(3)),
    ("YCbCrPositioning", Numbers(1)),
    ("YCbCrSubSampling", Numbers(2)),
    ("YResolution", Numbers(1)),
];

/// The shapes of harmless tags by their numbers, for each group in the order of [`Group::ALL`]. A comparison of names for each
/// entry would take a tenth of the time of a response.
static SHAPES: LazyLock<[Vec<(u16, Shape)>; Group::ALL.len()]> = LazyLock::new(|| {
    let shape = |name: &str| HARMLESS.iter().find(|(known, _)| *known == name).map(|(_, shape)| *shape);
    Group::ALL.map(|group| names(group).iter().filter_map(|(tag, name)| Some((*tag, shape(name)?))).collect())
});

/// Returns whether every viewer may see `entry` of the block `tiff`. An entry without a value that can be read is
/// harmless if its tag is: it has no value in the response either.
pub(crate) fn is_harmless(entry: &Entry, tiff: &[u8]) -> bool {
    let shapes = &SHAPES[entry.group as usize];
    let Ok(index) = shapes.binary_search_by_key(&entry.tag, |(tag, _)| *tag) else { return false };
    let (_, shape) = shapes[index];
    match (entry.kind, entry.value.clone().and_then(|value| tiff.get(value))) {
        (Some(kind), Some(bytes)) => shape.matches(kind, bytes),
        _ => true,
    }
}

impl Shape {
    fn matches(self, kind: Kind, bytes: &[u8]) -> bool {
        let is_undefined = kind == Kind::Undefined && bytes.len() <= 4;
        match self {
            Self::Numbers(max) => kind.is_number() && bytes.len() <= max * kind.bytes(),
            Self::Name => {
                let name = value::text(bytes);
                kind.is_text() && name.len() <= MAX_NAME_BYTES && !name.contains(char::is_control)
            }
            Self::Date => {
                let is_part = |part: char| part.is_ascii_digit() || "+-./: TZ".contains(part);
                let date = value::text(bytes);
                kind.is_text() && date.len() <= MAX_DATE_BYTES && date.chars().all(is_part)
            }
            Self::Version => is_undefined && bytes.iter().all(|byte| *byte == 0 || byte.is_ascii_digit()),
            Self::Codes => is_undefined && bytes.iter().all(|byte| *byte < 32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exif::directory::Group;

    #[test]
    fn the_names_ascend_and_are_those_of_tags() {
        assert!(HARMLESS.is_sorted_by(|(one, _), (two, _)| one < two));
        let tags = |group| names(group).iter().map(|(_, name)| *name);
        let names: Vec<_> = [Group::Image, Group::Photo, Group::Iop].into_iter().flat_map(tags).collect();
        for (harmless, _) in HARMLESS {
            assert!(names.contains(harmless), "{harmless}");
        }
        let places: Vec<_> =
            tags(Group::GpsInfo).filter(|name| HARMLESS.iter().any(|(known, _)| known == name)).collect();
        assert_eq!(places, [""; 0], "places are never harmless");
    }

    #[test]
    fn the_readme_names_every_harmless_tag() {
        let readme = include_str!("../../README.md");
        let missing: Vec<_> =
            HARMLESS.iter().filter(|(name, _)| !readme.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_value_has_the_shape_of_its_tag() {
        let check = |shape: Shape, kind, bytes: &[u8], expected| {
            assert_eq!(shape.matches(kind, bytes), expected, "{shape:?} {kind:?} {bytes:?}");
        };
        check(Numbers(1), Kind::Short, &[0, 6], true);
        check(Numbers(1), Kind::Rational, &[0; 8], true);
        check(Numbers(1), Kind::Short, &[0, 6, 0, 7], false);
        check(Numbers(4), Kind::Byte, b"text", true);
        check(Numbers(4), Kind::Byte, b"texts", false);
        check(Numbers(8), Kind::Ascii, b"6", false);
        check(Numbers(8), Kind::Undefined, b"6", false);
        check(Name, Kind::Ascii, b"Canon EOS 5D\0", true);
        check(Name, Kind::Utf8, "Kamera für Zürich".as_bytes(), true);
        check(Name, Kind::Ascii, b"two\nlines\0", false);
        check(Name, Kind::Ascii, &[b'x'; 65], false);
        check(Name, Kind::Undefined, b"Canon", false);
        check(Date, Kind::Ascii, b"2008:11:01 21:15:07\0", true);
        check(Date, Kind::Ascii, b"2024-12-31T23:59:59.5+02:00\0", true);
        check(Date, Kind::Ascii, b"    :  :     :  :  \0", true);
        check(Date, Kind::Ascii, b"at the house of J. Doe\0", false);
        check(Date, Kind::Undefined, b"2008:11:01 21:15:07", false);
        check(Version, Kind::Undefined, b"0232", true);
        check(Version, Kind::Undefined, b"J.D.", false);
        check(Version, Kind::Undefined, b"02320", false);
        check(Codes, Kind::Undefined, &[1, 2, 3, 0], true);
        check(Codes, Kind::Undefined, b"J", false);
    }
}
