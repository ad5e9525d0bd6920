#![doc = include_str!("../README.md")]

mod session;
mod output;

use safelight_core::{ByteOp, Encode, Param, Query, Result, Session, Settings, Step, Transform};
use session::StripSession;

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct StripExif;

impl Transform for StripExif {
    fn name(&self) -> &'static str {
        "strip-exif"
    }

    fn params(&self) -> &'static [Param] {
        &[]
    }

    /// Runs if the query is empty.
    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.is_empty().then(|| Step::Bytes(Box::new(Self))))
    }
}

impl ByteOp for StripExif {
    fn start(self: Box<Self>, settings: &Settings) -> Box<dyn Session> {
        Box::new(StripSession::new(settings))
    }

    fn memory(&self, settings: &Settings) -> u64 {
        session::memory(settings)
    }

    /// Encoders write no metadata, so an encode makes this step unnecessary.
    fn absorb(&self, _encode: &mut Encode) -> bool {
        true
    }
}
