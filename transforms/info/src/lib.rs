#![doc = include_str!("../README.md")]

mod session;
mod blocks;
mod document;
mod facts;
mod piece;

use safelight_core::{
    ByteOp, ExifDetail, Param, ParamKind, Query, Result, Session, Settings, Step, Transform,
};
use session::InfoSession;

const INFO: Param = Param {
    key: "info",
    aliases: &[],
    kind: ParamKind::FlagOr(&[FULL]),
    default: None,
    doc: "responds with what the image is and what metadata it has, as JSON; `full` reads all of a large source",
};

/// The value that asks for what only the whole source tells.
const FULL: &str = "full";

/// The transform `info`.
#[derive(Clone, Copy, Debug)]
pub struct Info;

impl Transform for Info {
    fn name(&self) -> &'static str {
        "info"
    }

    fn params(&self) -> &'static [Param] {
        &[INFO]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.get(INFO.key).map(|value| Step::Bytes(Box::new(InfoOp { reads_all: value == FULL }))))
    }
}

/// A step that responds with a document.
struct InfoOp {
    /// Whether the whole source is read.
    reads_all: bool,
}

impl ByteOp for InfoOp {
    fn start(self: Box<Self>, settings: &Settings) -> Box<dyn Session> {
        // An edge that asks for all tags of EXIF by the query does not ask for all of this document.
        let shows_all = settings.exif == ExifDetail::All;
        Box::new(InfoSession::new(settings, shows_all, self.reads_all))
    }

    fn memory(&self, settings: &Settings) -> u64 {
        session::memory(&settings.limits)
    }
}
