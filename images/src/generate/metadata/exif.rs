//! EXIF blocks, as a camera writes them.

use super::{CREATOR, NOTE, SERIAL};
use crate::generate::{Picture, Result};
use exif::{Context, Field, In, Rational, SRational, Tag, Value, experimental::Writer};
use std::io::Cursor;

/// The values that differ between samples.
pub(in crate::generate) struct Exif<'a> {
    /// EXIF orientation, 1 to 8.
    pub(in crate::generate) orientation: u16,
    /// Width and height of the stored image.
    pub(in crate::generate) size: (usize, usize),
    /// A small JPEG for IFD1.
    pub(in crate::generate) thumbnail: Option<&'a [u8]>,
    /// Byte order: `MM` instead of `II`.
    pub(in crate::generate) big_endian: bool,
    /// Whether the pixels are in Display P3 instead of sRGB; EXIF can only call it uncalibrated.
    pub(in crate::generate) display_p3: bool,
}

impl Exif<'_> {
    /// Returns the settings for `picture` as it is stored: little-endian, sRGB, without a thumbnail.
    pub(in crate::generate) fn new(picture: &Picture, orientation: u16) -> Self {
        let size = (picture.w, picture.h);
        Self { orientation, size, thumbnail: None, big_endian: false, display_p3: false }
    }

    /// Returns the block, starting with its TIFF header.
    pub(in crate::generate) fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut fields = [self.fields(), camera(), place()].concat();
        if self.thumbnail.is_some() {
            fields.extend(preview());
        }
        block(&fields, self.big_endian, |writer| {
            self.thumbnail.into_iter().for_each(|jpeg| writer.set_jpeg(jpeg, In::THUMBNAIL));
        })
    }

    fn fields(&self) -> Vec<Field> {
        let (w, h) = self.size;
        vec![
            field(Tag::Orientation, short(self.orientation)),
            field(Tag::YCbCrPositioning, short(1)),
            field(Tag::ColorSpace, short(if self.display_p3 { 0xFFFF } else { 1 })),
            field(Tag::PixelXDimension, Value::Long(vec![w as u32])),
            field(Tag::PixelYDimension, Value::Long(vec![h as u32])),
        ]
    }
}

/// Returns a TIFF structure of `fields`; `set` configures its writer further.
pub(in crate::generate) fn block<'a>(
    fields: &'a [Field],
    big_endian: bool,
    set: impl FnOnce(&mut Writer<'a>),
) -> Result<Vec<u8>> {
    let mut writer = Writer::new();
    for field in fields {
        writer.push_field(field);
    }
    set(&mut writer);
    let mut out = Cursor::new(Vec::new());
    writer.write(&mut out, !big_endian)?;
    Ok(out.into_inner())
}

/// Returns the fields that describe the camera, its owner and the exposure.
pub(in crate::generate) fn camera() -> Vec<Field> {
    // Tags that the library does not name.
    let xp_author = Tag(Context::Tiff, 0x9C9D);
    let offset_time_original = Tag(Context::Exif, 0x9011);
    let note = format!("SAFELIGHT\0\x01\0serial {SERIAL}\0owner {CREATOR}\0");
    let utf16 = CREATOR.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    vec![
        field(Tag::ImageDescription, text("Evening over the lake")),
        field(Tag::Make, text("Safelight")),
        field(Tag::Model, text("Darkroom One")),
        field(Tag::XResolution, ratio(72, 1)),
        field(Tag::YResolution, ratio(72, 1)),
        field(Tag::ResolutionUnit, short(2)),
        field(Tag::Software, text("Darkroom 1.4.2")),
        field(Tag::DateTime, text("2026:06:21 21:05:33")),
        field(Tag::Artist, text(CREATOR)),
        field(Tag::Copyright, text(&format!("(c) 2026 {CREATOR}"))),
        field(xp_author, Value::Byte(utf16)),
        field(Tag::ExposureTime, ratio(1, 60)),
        field(Tag::FNumber, ratio(80, 10)),
        field(Tag::ExposureProgram, short(3)),
        field(Tag::PhotographicSensitivity, short(100)),
        field(Tag::SensitivityType, short(2)),
        field(Tag::ExifVersion, opaque(b"0232")),
        field(Tag::DateTimeOriginal, text("2026:06:21 20:41:07")),
        field(Tag::DateTimeDigitized, text("2026:06:21 20:41:07")),
        field(offset_time_original, text("+02:00")),
        field(Tag::SubSecTimeOriginal, text("042")),
        field(Tag::ComponentsConfiguration, opaque(&[1, 2, 3, 0])),
        field(Tag::ShutterSpeedValue, signed(5907, 1000)),
        field(Tag::ApertureValue, ratio(6, 1)),
        field(Tag::BrightnessValue, signed(-21, 10)),
        field(Tag::ExposureBiasValue, signed(-1, 3)),
        field(Tag::MaxApertureValue, ratio(4, 1)),
        field(Tag::SubjectDistance, ratio(u32::MAX, 1)),
        field(Tag::MeteringMode, short(5)),
        field(Tag::LightSource, short(1)),
        field(Tag::Flash, short(16)),
        field(Tag::FocalLength, ratio(33, 1)),
        field(Tag::MakerNote, opaque(note.as_bytes())),
        field(Tag::UserComment, opaque(&[b"ASCII\0\0\0", NOTE.as_bytes()].concat())),
        field(Tag::FlashpixVersion, opaque(b"0100")),
        field(Tag::FileSource, opaque(&[3])),
        field(Tag::SceneType, opaque(&[1])),
        field(Tag::WhiteBalance, short(0)),
        field(Tag::FocalLengthIn35mmFilm, short(33)),
        field(Tag::SceneCaptureType, short(1)),
        field(Tag::ImageUniqueID, text("5afe11647000000000000000000020a1")),
        field(Tag::CameraOwnerName, text(CREATOR)),
        field(Tag::BodySerialNumber, text(SERIAL)),
        field(
            Tag::LensSpecification,
            Value::Rational([(33, 1), (33, 1), (28, 10), (28, 10)].map(pair).to_vec()),
        ),
        field(Tag::LensMake, text("Safelight")),
        field(Tag::LensModel, text("Enlarger 33mm f/2.8")),
        field(Tag::LensSerialNumber, text("L-7711")),
        field(Tag::InteroperabilityIndex, text("R98")),
        field(Tag::InteroperabilityVersion, opaque(b"0100")),
    ]
}

/// Returns location and time, as a satellite receiver records them: 46°17'1.68" N, 13°51'25.2" E, 525.8 m.
pub(in crate::generate) fn place() -> Vec<Field> {
    let positioning_error = Tag(Context::Gps, 0x1F);
    vec![
        field(Tag::GPSVersionID, Value::Byte(vec![2, 3, 0, 0])),
        field(Tag::GPSLatitudeRef, text("N")),
        field(Tag::GPSLatitude, Value::Rational([(46, 1), (17, 1), (168, 100)].map(pair).to_vec())),
        field(Tag::GPSLongitudeRef, text("E")),
        field(Tag::GPSLongitude, Value::Rational([(13, 1), (51, 1), (2520, 100)].map(pair).to_vec())),
        field(Tag::GPSAltitudeRef, Value::Byte(vec![0])),
        field(Tag::GPSAltitude, ratio(5258, 10)),
        field(Tag::GPSTimeStamp, Value::Rational([(18, 1), (41, 1), (7, 1)].map(pair).to_vec())),
        field(Tag::GPSImgDirectionRef, text("T")),
        field(Tag::GPSImgDirection, ratio(29_150, 100)),
        field(Tag::GPSMapDatum, text("WGS-84")),
        field(Tag::GPSProcessingMethod, opaque(b"ASCII\0\0\0GPS")),
        field(Tag::GPSDateStamp, text("2026:06:21")),
        field(positioning_error, ratio(4, 1)),
    ]
}

/// Returns the fields of IFD1 for the thumbnail, besides its position.
fn preview() -> Vec<Field> {
    let of = |tag, value| Field { tag, ifd_num: In::THUMBNAIL, value };
    vec![
        of(Tag::Compression, short(6)),
        of(Tag::XResolution, ratio(72, 1)),
        of(Tag::YResolution, ratio(72, 1)),
        of(Tag::ResolutionUnit, short(2)),
    ]
}

/// Returns a field of the primary image.
pub(in crate::generate) fn field(tag: Tag, value: Value) -> Field {
    Field { tag, ifd_num: In::PRIMARY, value }
}

/// Returns an unsigned 16-bit number.
pub(in crate::generate) fn short(value: u16) -> Value {
    Value::Short(vec![value])
}

/// Returns an ASCII string.
pub(in crate::generate) fn text(value: &str) -> Value {
    Value::Ascii(vec![value.as_bytes().to_vec()])
}

/// Returns bytes whose meaning depends on the tag.
pub(in crate::generate) fn opaque(bytes: &[u8]) -> Value {
    Value::Undefined(bytes.to_vec(), 0)
}

/// Returns an unsigned rational.
pub(in crate::generate) fn ratio(num: u32, denom: u32) -> Value {
    Value::Rational(vec![pair((num, denom))])
}

fn signed(num: i32, denom: i32) -> Value {
    Value::SRational(vec![SRational { num, denom }])
}

fn pair((num, denom): (u32, u32)) -> Rational {
    Rational { num, denom }
}
