//! A source as it is stored: for image frames, which are measured in pixels and in nothing else, and whose
//! every byte counts.

use bytes::Bytes;
use safelight_core::{Flow, Head, Result, Session, Sink};

/// Hands on what it is given. The source's own headers say what it is.
#[derive(Debug, Default)]
pub(crate) struct Passthrough {
    has_head: bool,
}

impl Passthrough {
    fn head(&mut self, out: &mut dyn Sink) {
        if !self.has_head {
            self.has_head = true;
            out.head(Head { content_type: "application/octet-stream" });
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
