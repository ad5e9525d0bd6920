//! The boundary to third-party decoders: a panic in one of them is damage of the source.
//!
//! No panic is expected in Safelight's own code: one is a defect, and its response is an internal error. The same
//! cannot be promised of decoders that others write: `tiff` 0.10.3, which was used here, panics at 85 bytes. A source for
//! which a decoder panics cannot be decoded, and neither a later attempt nor an operator can change that, so the response
//! says the same as for other damage. The panic hook still logs the panic, for maintainers to report.

use crate::error::CodecError;
use bytes::Bytes;
use safelight_core::{Cost, Decode, Format, Header, Image, Isolation, Opened, Result, Size, Stop};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Opens a source with a third-party decoder. Panics in `open`, and later in the decode, are
/// [`safelight_core::Kind::Corrupt`].
pub(crate) fn open<O: Opened + 'static>(
    format: Format,
    open: impl FnOnce() -> Result<O>,
) -> Result<Box<dyn Opened>> {
    let opened = caught(format, open)?;
    Ok(Box::new(Guarded { format, opened }))
}

/// Calls `work`, and returns `None` if it panics. The caller drops what `work` may have left inconsistent.
pub(crate) fn attempt<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn caught<T>(format: Format, work: impl FnOnce() -> Result<T>) -> Result<T> {
    attempt(work).unwrap_or_else(|| Err(CodecError::Damaged(format, "the decoder panicked".into()).into()))
}

/// A source that a third-party decoder has opened.
struct Guarded<O> {
    format: Format,
    opened: O,
}

impl<O: Opened> Opened for Guarded<O> {
    fn header(&self) -> &Header {
        self.opened.header()
    }

    fn cost(&self, decode: &Decode) -> Cost {
        self.opened.cost(decode)
    }

    fn decoded_size(&self, decode: &Decode) -> Size {
        self.opened.decoded_size(decode)
    }

    fn has_transparency(&self) -> bool {
        self.opened.has_transparency()
    }

    fn is_vector(&self) -> bool {
        self.opened.is_vector()
    }

    fn fonts(&self) -> &[Bytes] {
        self.opened.fonts()
    }

    fn isolation(&self) -> Isolation {
        self.opened.isolation()
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let Self { format, opened } = *self;
        caught(format, || Box::new(opened).decode(decode, stop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Geometry, Kind, Orientation, Size};

    /// A source whose decode panics.
    struct Fragile(Header);

    impl Opened for Fragile {
        fn header(&self) -> &Header {
            &self.0
        }
        fn cost(&self, _decode: &Decode) -> Cost {
            Cost::new(7, 8)
        }
        fn decoded_size(&self, _decode: &Decode) -> Size {
            Size::new(9, 9)
        }
        fn decode(self: Box<Self>, _decode: &Decode, _stop: &Stop) -> Result<Image> {
            panic!("a decoder's defect")
        }
    }

    #[test]
    fn a_panic_is_damage() {
        let geometry = Geometry { size: Size::new(1, 1), orientation: Orientation::UPRIGHT };
        let header = Header { geometry, is_animated: false, frames: 1, has_palette: false, sample_bytes: 1 };
        let decode = Decode { needed: geometry.size, all_frames: false, keep_profile: false, chroma: (1, 1) };
        let opened = open(Format::Tiff, || Ok(Fragile(header))).expect("only its decode panics");
        assert_eq!((opened.header(), opened.cost(&decode)), (&header, Cost::new(7, 8)));
        assert_eq!(opened.decoded_size(&decode), Size::new(9, 9));
        let errors = [
            opened.decode(&decode, &Stop::default()).expect_err("it panics"),
            open::<Fragile>(Format::Tiff, || panic!("a decoder's defect")).err().expect("it panics"),
        ];
        for error in errors {
            assert_eq!(error.kind, Kind::Corrupt);
            assert_eq!(error.message, "the TIFF image is damaged and cannot be decoded");
        }
    }
}
