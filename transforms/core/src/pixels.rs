//! The shared session of all pixel steps: one decode, the steps in order, one encode.

use crate::{Encode, Error, Flow, Head, Kind, PixelOp, Registry, Result, Session, Settings, Sink, Size};
use bytes::{Bytes, BytesMut};

/// Holds the whole source, then decodes once, applies every step and encodes once.
pub(crate) struct Pixels {
    pub(crate) registry: Registry,
    pub(crate) settings: Settings,
    pub(crate) ops: Vec<Box<dyn PixelOp>>,
    pub(crate) encode: Encode,
    pub(crate) source: BytesMut,
}

/// The smallest decode of `source` that serves every step: sizes fold forwards, needs backwards.
pub fn needed(ops: &[Box<dyn PixelOp>], source: Size) -> Size {
    let mut sizes = vec![source];
    for op in ops {
        sizes.push(op.output(sizes[sizes.len() - 1]));
    }
    let last = sizes[sizes.len() - 1];
    ops.iter().zip(&sizes).rev().fold(last, |need, (op, &input)| op.needed(input, need))
}

impl Session for Pixels {
    fn push(&mut self, chunk: Bytes, _out: &mut dyn Sink) -> Result<Flow> {
        let max = self.settings.limits.max_source_bytes;
        if max < (self.source.len() + chunk.len()) as u64 {
            let message = format!("the source is larger than {max} bytes");
            return Err(Error::new(Kind::LimitExceeded, "pixels", message));
        }
        self.source.extend_from_slice(&chunk);
        Ok(Flow::More)
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        let codecs = self.registry.codecs;
        let unknown =
            || Error::new(Kind::UnsupportedFormat, "pixels", "the source is of no known image format");
        let input = codecs.iter().find(|codec| codec.sniff(&self.source)).ok_or_else(unknown)?;
        let output = match self.encode.format {
            Some(mime) => codecs.iter().find(|codec| codec.mime() == mime).ok_or_else(unknown)?,
            None => input,
        };

        let size = input.header(&self.source)?.size;
        let mut frame = input.decode(&self.source, needed(&self.ops, size), &self.settings.limits)?;
        for op in &self.ops {
            frame = op.apply(frame)?;
        }
        let encoded = output.encode(&frame, &self.encode)?;
        out.head(Head { content_type: output.mime() });
        out.body(Bytes::from(encoded));
        Ok(())
    }
}
