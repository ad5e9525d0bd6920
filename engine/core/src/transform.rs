//! The plug-in interface: an open set of transforms over a closed set of steps.

use crate::{
    Cost, Encode, Frame, Geometry, Param, Query, Report, Result, Selection, Session, Settings, Side, Size,
    Stop,
};
use std::fmt::Debug;

/// A plug-in: turns the query parameters that it declares into a [`Step`].
pub trait Transform: Debug + Sync {
    /// Returns the unique kebab-case name, which is also the name of the crate's folder.
    fn name(&self) -> &'static str;

    /// Returns every query parameter that this transform declares. Validation, help, `params.json` and the
    /// CDN's allow-list are generated from it. [`Transform::step`] reads no other parameter, except those in
    /// [`crate::params`].
    fn params(&self) -> &'static [Param];

    /// Returns the step that `query` requests, or `None` if it requests none.
    ///
    /// `query` is validated: its keys are known and its values of the declared kind and range.
    ///
    /// # Errors
    /// [`crate::Kind::InvalidParam`] for rules that a [`crate::ParamKind`] cannot express.
    fn step(&self, query: &Query) -> Result<Option<Step>>;
}

/// A transform's part in a plan: a closed set of shapes.
pub enum Step {
    /// Works on the encoded bytes as they stream through.
    Bytes(Box<dyn ByteOp>),
    /// Works on pixels. All pixel steps share one decode and one encode.
    Pixels(Box<dyn PixelOp>),
    /// Works on pixels, but only if another transform requires a decode.
    PixelsIfDecoding(Box<dyn PixelOp>),
    /// Chooses what is decoded, and requires a decode. At most one transform does.
    Select(Selection),
    /// Describes the picture that the pixel steps leave, instead of encoding it.
    Report(Box<dyn Report>),
    /// Adjusts the shared encode, and requires one.
    Encode(EncodePatch),
    /// Adjusts the shared encode, but only if another transform requires one.
    EncodeIfDecoding(EncodePatch),
}

/// A change to the options of the shared encode.
pub type EncodePatch = Box<dyn FnOnce(&mut Encode) + Send>;

/// A step on encoded bytes.
pub trait ByteOp: Send {
    /// Starts a session for one request.
    fn start(self: Box<Self>, settings: &Settings) -> Box<dyn Session>;

    /// Returns the maximum number of bytes that a session buffers at once for any source; pushed chunks are
    /// not counted.
    fn memory(&self, settings: &Settings) -> u64;

    /// Expresses this step as encoder options, for plans that re-encode anyway. Returns whether that is
    /// possible; if not, the plan rejects the combination.
    fn absorb(&self, _encode: &mut Encode) -> bool {
        false
    }
}

/// A step on decoded frames.
///
/// Sizes and coordinates are nominal: in pixels of the source before the decoder chose a smaller scale. A
/// step never sees the colour profile: the planner converts or keeps it by the model of the frames that come
/// out ([`crate::Image::with_fitting_profile`]).
pub trait PixelOp: Send {
    /// Returns the geometry of the output for that of the input. Pure.
    ///
    /// # Errors
    /// [`crate::Kind::InvalidParam`] for parameters that do not fit this image.
    fn output(&self, input: Geometry) -> Result<Geometry>;

    /// Returns the smallest input that gives `need` of the output at full quality, within `input.size` unless the source
    /// is a drawing; in pixels of the step's input and output. Pure, and monotonic in `need` on both axes.
    ///
    /// A step that computes each sample from the sample at the same place returns `need`. A step that needs
    /// all pixels at full size, such as a filter with a radius in pixels, returns `input.size`. There is no
    /// default: either would be wrong for some steps, slow or blurred, without any visible error.
    fn needed(&self, input: Geometry, need: Size) -> Size;

    /// Prepares for a source that is a drawing ([`crate::Opened::is_vector`]), before any other call. A step that never
    /// enlarges may enlarge it, and [`PixelOp::needed`] may then exceed `input.size`. Defaults to nothing.
    fn expect_vector(&mut self) {}

    /// The cost of [`PixelOp::apply`] for a frame of `input` decoded pixels that becomes one of `output` pixels,
    /// with neither frame in the memory. Defaults to the cost of a few passes over all pixels without a buffer.
    fn cost(&self, input: u64, output: u64) -> Cost {
        /// Nanoseconds for each pixel that is read or written.
        const PIXEL_NS: u64 = 5;
        Cost::new(0, input.saturating_add(output).saturating_mul(PIXEL_NS))
    }

    /// Returns whether the output of an opaque image may have transparent parts. A JPEG then becomes a PNG, unless the query
    /// names a format. Defaults to `false`.
    fn adds_alpha(&self) -> bool {
        false
    }

    /// Returns whether [`PixelOp::output`] may be smaller once the step has examined a frame; before that it is the largest
    /// possible. Defaults to `false`.
    fn depends_on_content(&self) -> bool {
        false
    }

    /// Returns the need for an image besides the source. Defaults to none.
    fn side(&mut self) -> Option<&mut Side> {
        None
    }

    /// Examines the first frame before [`PixelOp::apply`] changes it, for a step that depends on what the image shows.
    /// Later frames of an animation are changed as the first one is. Defaults to nothing.
    ///
    /// # Errors
    /// Those of [`Stop::check`].
    fn examine(&mut self, _first: &Frame, _stop: &Stop) -> Result<()> {
        Ok(())
    }

    /// Changes a frame, whose geometry becomes that of [`PixelOp::output`], until `stop` is set.
    ///
    /// # Errors
    /// As for [`PixelOp::output`], and those of [`Stop::check`].
    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame>;
}
