//! The description of a source on which translations depend: a session that reads the header and no more.

use crate::{
    driver::SessionDriver,
    handle::Service,
    meter::Meter,
    source::{Reader, Source},
};
use bytes::{Bytes, BytesMut};
use safelight_core::{
    Decoder, Detection, Error, Flow, Format, Head, Kind, Limits, Opening, Registry, Result, Session, Sink,
};
use safelight_dialects::Image;
use std::sync::{Arc, OnceLock};

/// A source with a longer header is buffered whole.
const MAX_HEAD_BYTES: usize = 1 << 20;

/// Reads the header of a source.
///
/// # Errors
/// Those of the source, and those of its decoder about the header.
pub(super) async fn describe(
    service: &Service,
    source: &Arc<dyn Source>,
    meter: Arc<Meter>,
) -> Result<Image> {
    let image = Arc::new(OnceLock::new());
    let session = Description {
        registry: service.registry,
        limits: service.settings.limits.clone(),
        source: BytesMut::new(),
        next_attempt: 1,
        image: image.clone(),
    };
    let reader = Reader::open(source.clone(), service.source_timeout, meter).await?;
    let mut driver = SessionDriver::new(reader, Box::new(session), service.decode_pool.clone());
    driver.commit(0).await?;
    let none = || Error::new(Kind::Internal, "dialect", "the source was not described");
    image.get().copied().ok_or_else(none)
}

/// The session.
struct Description {
    registry: Registry,
    limits: Limits,
    source: BytesMut,
    /// The length at which the header is read next.
    next_attempt: usize,
    image: Arc<OnceLock<Image>>,
}

impl Description {
    /// Reads the header, if enough of the source has arrived.
    fn attempt(&mut self, is_whole: bool) -> Result<Option<Image>> {
        let format = match Format::detect(&self.source) {
            Detection::Known(format) => format,
            Detection::NeedMore if !is_whole => return Ok(None),
            Detection::NeedMore | Detection::Unknown => {
                let message = "unrecognised image format";
                return Err(Error::new(Kind::UnsupportedFormat, "dialect", message));
            }
        };
        let Some(decoder) = self.registry.decoder(format) else {
            return Ok(Some(Image::unknown(format)));
        };
        if is_whole {
            return self.opened(decoder).map(Some);
        }
        Ok(match decoder.open_stream(&self.source, &self.limits)? {
            Opening::NeedMore => None,
            Opening::NeedAll => {
                self.next_attempt = usize::MAX;
                None
            }
            Opening::Opened(opened) => Some(Image::new(format, opened.header(), &self.source)),
        })
    }

    /// Reads the header of the whole source.
    fn opened(&mut self, decoder: &dyn Decoder) -> Result<Image> {
        let source = self.source.split().freeze();
        let opened = decoder.open(source.clone(), &self.limits)?;
        let image = Image::new(decoder.format(), opened.header(), &source);
        Ok(Image { has_alpha: image.has_alpha || opened.has_transparency(), ..image })
    }

    /// Ends the session.
    fn end(&self, image: Image, out: &mut dyn Sink) {
        // The first and only image.
        let _ = self.image.set(image);
        out.head(Head::new(image.format.mime()));
    }
}

impl Session for Description {
    fn push(&mut self, chunk: Bytes, out: &mut dyn Sink) -> Result<Flow> {
        self.source.extend_from_slice(&chunk);
        if self.next_attempt <= self.source.len().min(MAX_HEAD_BYTES) {
            if let Some(image) = self.attempt(false)? {
                self.end(image, out);
                return Ok(Flow::Done);
            }
            // The same attempts however the source is cut would cost more than they tell.
            self.next_attempt = self.next_attempt.max(self.source.len().saturating_mul(2));
        }
        Ok(if MAX_HEAD_BYTES < self.next_attempt { Flow::Keep } else { Flow::More })
    }

    fn expect(&mut self, bytes: u64) {
        let missing = bytes.saturating_sub(self.source.len() as u64);
        self.source.reserve(usize::try_from(missing).unwrap_or(0));
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        if let Some(image) = self.attempt(true)? {
            self.end(image, out);
        }
        Ok(())
    }
}
