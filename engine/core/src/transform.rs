//! The plug-in interface: an open set of transforms over a closed set of steps.

use crate::{Encode, Frame, Geometry, Param, Query, Result, Session, Settings, Size};
use std::fmt::Debug;

/// A plug-in: turns the query parameters it owns into a [`Step`], or into nothing.
pub trait Transform: Debug + Sync {
    /// Unique kebab-case name; also the crate's folder.
    fn name(&self) -> &'static str;

    /// Every query parameter that this transform reads. Validation, help, `params.json` and the
    /// CDN's allow-list are made from it.
    fn params(&self) -> &'static [Param];

    /// The step that `query` asks for, or `None` if it asks for none.
    ///
    /// `query` is checked already: known keys, values of the declared kind and range.
    ///
    /// # Errors
    /// [`crate::Kind::InvalidParam`] for what a [`crate::ParamKind`] cannot say.
    fn step(&self, query: &Query) -> Result<Option<Step>>;
}

/// The closed set of shapes that a transform can take.
pub enum Step {
    /// Works on the encoded bytes as they flow past.
    Bytes(Box<dyn ByteOp>),
    /// Works on pixels; all pixel steps share one decode and one encode.
    Pixels(Box<dyn PixelOp>),
    /// Works on pixels, but only where other steps ask for them: it joins their plan, and asks for none
    /// by itself.
    PixelsToo(Box<dyn PixelOp>),
    /// Adjusts the shared encode.
    Encode(Box<dyn FnOnce(&mut Encode) + Send>),
}

/// A step on encoded bytes.
pub trait ByteOp: Send {
    /// Starts a run for one request.
    fn start(self: Box<Self>, settings: &Settings) -> Box<dyn Session>;

    /// Most bytes that a run holds at once for any source, chunks handed in not counted.
    fn memory(&self, settings: &Settings) -> u64;

    /// Expresses this step as encoder options, for plans that re-encode anyway.
    /// Returns whether it could; if not, the combination is refused.
    fn absorb(&self, _encode: &mut Encode) -> bool {
        false
    }
}

/// A step on decoded frames. Sizes and coordinates are nominal: those of the source before any
/// shrink-on-load.
pub trait PixelOp: Send {
    /// Nominal geometry of the output for that of the input. Pure.
    ///
    /// # Errors
    /// [`crate::Kind::InvalidParam`] for parameters that do not fit this picture.
    fn output(&self, input: Geometry) -> Result<Geometry>;

    /// Smallest input that still gives `need` output at full quality, both in the pixels of the step's
    /// input and output. Pure, and monotonic in `need` on both axes. The default, all of it, is always
    /// safe.
    fn needed(&self, input: Geometry, _need: Size) -> Size {
        input.size
    }

    /// Maps a frame; its geometry becomes what [`PixelOp::output`] said.
    ///
    /// # Errors
    /// As for [`PixelOp::output`].
    fn apply(&self, frame: Frame) -> Result<Frame>;
}
