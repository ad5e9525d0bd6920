#![doc = include_str!("../README.md")]

mod session;
mod json;
mod directory;
mod kind;
mod value;
mod names;
mod harmless;
mod error;

pub use error::ShowError;

use safelight_core::{ByteOp, Param, ParamKind, Query, Result, Session, Settings, Step, Transform};
use session::ShowSession;

const SHOW_EXIF: Param = Param {
    key: "showExif",
    aliases: &[],
    kind: ParamKind::Flag,
    default: None,
    doc: "responds with the image's EXIF as JSON instead of the image",
};

/// The transform `show-exif`.
#[derive(Clone, Copy, Debug)]
pub struct ShowExif;

impl Transform for ShowExif {
    fn name(&self) -> &'static str {
        "show-exif"
    }

    fn params(&self) -> &'static [Param] {
        &[SHOW_EXIF]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.flag(SHOW_EXIF.key).then(|| Step::Bytes(Box::new(Self))))
    }
}

impl ByteOp for ShowExif {
    fn start(self: Box<Self>, settings: &Settings) -> Box<dyn Session> {
        Box::new(ShowSession::new(settings))
    }

    fn memory(&self, settings: &Settings) -> u64 {
        session::memory(&settings.limits)
    }
}
