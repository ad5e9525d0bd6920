//! The parts of a source, which cover it without gap or overlap, and the events that report them.

use crate::ExifFraming;
use bytes::Bytes;

/// One step of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A part begins; it ends where the next one begins.
    Begin(Part),
    /// The next bytes of the part's framing: markers, lengths, signatures, checksums, padding.
    Framing(Bytes),
    /// The next bytes of the part's contents.
    Payload(Bytes),
}

/// A range of the source, and how to remove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The kind of its contents.
    pub class: Class,
    /// The bytes that replace it if it is removed.
    pub removal: Removal,
}

/// The kind of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Framing and headers that a decoder needs.
    Structure,
    /// Coded samples.
    ImageData,
    /// An index of the container, or a header, that also refers to metadata.
    /// Its removal leaves an index without these references.
    Index,
    /// An ICC profile. Its removal leaves one with the same colours and without identities, or none if it is invalid.
    Icc,
    /// An EXIF block.
    Exif,
    /// An EXIF block as text, which [`crate::decode_exif_text`] reads (PNG, from programs older than `eXIf`).
    ExifText,
    /// An XMP packet.
    Xmp,
    /// The rest of an XMP packet that was too large for one segment.
    ExtendedXmp,
    /// Photoshop image resources, IPTC among them.
    Iptc,
    /// A comment.
    Comment,
    /// Keyed text.
    Text,
    /// A date.
    Time,
    /// Content credentials (C2PA) and other JUMBF boxes.
    C2pa,
    /// A small copy of the image, which may show parts that were edited out.
    Thumbnail,
    /// Another image: gain map, depth map, burst, stereo pair.
    Secondary,
    /// A block that one vendor or program defines.
    Vendor,
    /// Bytes that nothing refers to, or of unknown meaning.
    Unknown,
    /// The bytes after the end of the image: motion photos, further images, appended files.
    Trailer,
}

/// The replacement of a removed part, which keeps the rest of the file valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// No bytes; the following bytes move up.
    Cut,
    /// A replacement of the same length, because offsets or sizes elsewhere depend on it: these bytes, then
    /// zeros.
    Blank(Bytes),
    /// The given bytes.
    Replace(Bytes),
    /// An EXIF block with the orientation that the payload states, and nothing else.
    Reorient(ExifFraming),
}

impl Part {
    pub(crate) const fn new(class: Class, removal: Removal) -> Self {
        Self { class, removal }
    }

    /// A part that can be cut.
    pub(crate) const fn cut(class: Class) -> Self {
        Self::new(class, Removal::Cut)
    }

    /// A part whose bytes become zeros.
    pub(crate) const fn zeros(class: Class) -> Self {
        Self::new(class, Removal::Blank(Bytes::new()))
    }
}
