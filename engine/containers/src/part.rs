//! What a walker says about a source: parts that cover it without gap or overlap.

use crate::ExifFraming;
use bytes::Bytes;

/// What a walker has found next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A part begins; it ends where the next one begins.
    Begin(Part),
    /// The part's next bytes, of its framing: markers, lengths, signatures, checksums, padding.
    Framing(Bytes),
    /// The part's next bytes, of what it carries.
    Payload(Bytes),
}

/// A stretch of the source, and what may be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub class: Class,
    /// What takes its place when it is taken out.
    pub removal: Removal,
}

/// What a part of a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Framing and headers without which there is no picture.
    Structure,
    /// Coded samples.
    ImageData,
    /// An index of the container, or a header, that also mentions metadata.
    /// Its removal leaves it without them.
    Index,
    /// An ICC profile.
    Icc,
    /// An EXIF block.
    Exif,
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
    /// A small copy of the picture, which may show what an edit took out.
    Thumbnail,
    /// A further picture: gain map, depth map, burst, stereo pair.
    Secondary,
    /// A block that belongs to one maker or program.
    Vendor,
    /// Bytes that nothing refers to, or whose meaning is not known.
    Unknown,
    /// What follows the end of the image: motion photos, further pictures, appended files.
    Trailer,
}

/// What takes a part's place when it is taken out, so that the file around it still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Nothing: what follows moves up.
    Cut,
    /// As many bytes as before, because offsets or sizes elsewhere count on them:
    /// these first, then zeros.
    Blank(Bytes),
    /// These bytes.
    Replace(Bytes),
    /// An EXIF block that holds the orientation found in the payload, and nothing else.
    Reorient(ExifFraming),
}

impl Part {
    pub(crate) const fn new(class: Class, removal: Removal) -> Self {
        Self { class, removal }
    }

    /// A part that can be cut out.
    pub(crate) const fn cut(class: Class) -> Self {
        Self::new(class, Removal::Cut)
    }

    /// A part that must keep its length.
    pub(crate) const fn zeros(class: Class) -> Self {
        Self::new(class, Removal::Blank(Bytes::new()))
    }
}
