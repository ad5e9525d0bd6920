#![doc = include_str!("../README.md")]

mod session;
mod error;

pub use error::ShowError;

use safelight_core::{
    ByteOp, ExifDetail, Param, ParamKind, Query, Result, Session, Settings, Step, Transform,
};
use session::ShowSession;

const SHOW_EXIF: Param = Param {
    key: "showExif",
    aliases: &[],
    kind: ParamKind::FlagOr(&[ALL]),
    default: None,
    doc: "responds with the image's EXIF as JSON instead of the image",
};

/// The value with which an edge asks for all tags, for a viewer who may see them.
const ALL: &str = "all";

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
        Ok(query.get(SHOW_EXIF.key).map(|value| Step::Bytes(Box::new(ShowOp { wants_all: value == ALL }))))
    }
}

/// A step that responds with EXIF.
struct ShowOp {
    /// Whether the query asks for all tags. The settings decide whether that has an effect.
    wants_all: bool,
}

impl ByteOp for ShowOp {
    fn start(self: Box<Self>, settings: &Settings) -> Box<dyn Session> {
        let shows_all = match settings.exif {
            ExifDetail::All => true,
            ExifDetail::ByQuery => self.wants_all,
            ExifDetail::Harmless => false,
        };
        Box::new(ShowSession::new(settings, shows_all))
    }

    fn memory(&self, settings: &Settings) -> u64 {
        session::memory(&settings.limits)
    }
}
