#![doc = include_str!("../README.md")]

mod session;
mod tile_part;
mod error;

pub use error::ResolutionError;

use safelight_core::{ByteOp, Param, ParamKind, Query, Result, Session, Settings, Step, Transform};
use session::ResolutionSession;

const RESOLUTION: Param = Param {
    key: "resolution",
    aliases: &[],
    kind: ParamKind::Integer { min: 1, max: 33, unit: "" },
    default: None,
    doc: "truncates a JPEG 2000 or HTJ2K codestream after so many resolutions; 1 is the smallest",
};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Resolution;

impl Transform for Resolution {
    fn name(&self) -> &'static str {
        "resolution"
    }

    fn params(&self) -> &'static [Param] {
        &[RESOLUTION]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let wanted = query.integer(RESOLUTION.key).and_then(|wanted| u8::try_from(wanted).ok());
        Ok(wanted.map(|wanted| Step::Bytes(Box::new(ResolutionOp { wanted }))))
    }
}

/// A step that keeps the first resolutions, from the smallest.
struct ResolutionOp {
    wanted: u8,
}

impl ByteOp for ResolutionOp {
    fn start(self: Box<Self>, settings: &Settings) -> Box<dyn Session> {
        Box::new(ResolutionSession::new(self.wanted, settings))
    }

    fn memory(&self, settings: &Settings) -> u64 {
        session::memory(settings)
    }
}
