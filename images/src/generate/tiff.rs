//! The TIFF sample.

use super::metadata::exif::{self, field, opaque, short};
use super::metadata::{icc, iptc, xmp};
use super::{Picture, Result};
use ::exif::{Context, Field, In, Tag, Value};

/// Rows per strip.
const STRIP: usize = 16;

/// Returns an uncompressed big-endian TIFF in strips, with every kind of metadata.
pub(super) fn photo(scene: &Picture) -> Result<Vec<u8>> {
    let picture = scene.shrunk(240, 160).to_display_p3();
    let strips: Vec<&[u8]> = picture.rgb.chunks(STRIP * picture.w * 3).collect();
    let fields = [layout(&picture), blocks(), exif::camera(), exif::place()].concat();
    exif::block(&fields, true, |writer| writer.set_strips(&strips, In::PRIMARY))
}

/// Returns the fields of the layout: RGB, 8 bits each, interleaved, uncompressed, upright.
fn layout(picture: &Picture) -> Vec<Field> {
    vec![
        field(Tag::ImageWidth, Value::Long(vec![picture.w as u32])),
        field(Tag::ImageLength, Value::Long(vec![picture.h as u32])),
        field(Tag::BitsPerSample, Value::Short(vec![8, 8, 8])),
        field(Tag::Compression, short(1)),
        field(Tag::PhotometricInterpretation, short(2)),
        field(Tag::Orientation, short(1)),
        field(Tag::SamplesPerPixel, short(3)),
        field(Tag::RowsPerStrip, Value::Long(vec![STRIP as u32])),
        field(Tag::PlanarConfiguration, short(1)),
        field(Tag::ColorSpace, short(0xFFFF)),
    ]
}

/// Returns blocks in other formats: XMP, IPTC, Photoshop resources, the ICC profile.
fn blocks() -> Vec<Field> {
    let tag = |number| Tag(Context::Tiff, number);
    vec![
        field(tag(700), Value::Byte(xmp::packet("").into_bytes())),
        field(tag(33_723), opaque(&iptc::records())),
        field(tag(34_377), Value::Byte(iptc::resources())),
        field(tag(34_675), opaque(&icc::display_p3())),
    ]
}
