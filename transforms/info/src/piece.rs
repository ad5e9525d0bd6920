//! The parts of a source, each with its first bytes and its length.

use safelight_containers::{Class, Event};

/// One part of a source.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) class: Class,
    /// Its first bytes, framing included; all of it in short parts.
    pub(crate) head: Vec<u8>,
    /// Its length in bytes.
    pub(crate) bytes: u64,
}

/// The most bytes of [`Piece::head`], which is enough for every header of a format that streams.
const HEAD_BYTES: usize = 64;

impl Piece {
    pub(crate) const fn new(class: Class) -> Self {
        Self { class, head: Vec::new(), bytes: 0 }
    }

    /// Adds the bytes of an event of this part.
    pub(crate) fn add(&mut self, event: &Event) {
        let (Event::Framing(bytes) | Event::Payload(bytes)) = event else { return };
        let room = HEAD_BYTES.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        self.bytes += bytes.len() as u64;
    }

    /// The name of the class in the document; `None` for parts that a strip keeps.
    pub(crate) const fn removed(&self) -> Option<&'static str> {
        Some(match self.class {
            Class::Structure | Class::ImageData | Class::Index => return None,
            Class::Icc => "icc",
            Class::Exif | Class::ExifText => "exif",
            Class::Xmp | Class::ExtendedXmp => "xmp",
            Class::Iptc => "iptc",
            Class::Comment => "comment",
            Class::Text => "text",
            Class::Time => "time",
            Class::C2pa => "c2pa",
            Class::Thumbnail => "thumbnail",
            Class::Secondary => "secondary",
            Class::Vendor => "vendor",
            Class::Unknown => "unknown",
            Class::Trailer => "trailer",
        })
    }
}
