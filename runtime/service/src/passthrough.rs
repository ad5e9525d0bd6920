//! A session for sources that are delivered as they are stored, such as image frames: they carry pixels and no
//! private metadata, and their checksums cover every byte.

use bytes::Bytes;
use safelight_core::{Flow, Head, Result, Session, Sink};

/// Forwards the source unchanged. The headers of the source say what it is.
#[derive(Debug, Default)]
pub(crate) struct Passthrough {
    has_head: bool,
}

impl Passthrough {
    fn head(&mut self, out: &mut dyn Sink) {
        if !self.has_head {
            self.has_head = true;
            out.head(Head::new("application/octet-stream"));
        }
    }
}

impl Session for Passthrough {
    fn push(&mut self, chunk: Bytes, out: &mut dyn Sink) -> Result<Flow> {
        self.head(out);
        out.body(chunk);
        Ok(Flow::More)
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        self.head(out);
        Ok(())
    }
}
