//! Side images: images besides the source that steps need, such as a watermark.

use crate::{Cost, Error, Frame, Kind, Limits, Plan, Query, Registry, Report, Result, Size, Stop};
use std::{
    any::Any,
    ops::Deref,
    sync::{Arc, OnceLock},
};

/// A decoded side image: its first frame, in sRGB, without planes of chroma. Clones are cheap.
#[derive(Clone, Debug)]
pub struct SideImage {
    frame: Arc<Frame>,
    #[expect(dead_code, reason = "dropped with the last clone")]
    owner: Option<Arc<dyn Any + Send + Sync>>,
}

impl From<Frame> for SideImage {
    fn from(frame: Frame) -> Self {
        Self { frame: Arc::new(frame), owner: None }
    }
}

impl Deref for SideImage {
    type Target = Frame;

    fn deref(&self) -> &Frame {
        &self.frame
    }
}

impl SideImage {
    /// The most pixels of a side image.
    pub const MAX_PIXELS: u64 = 4_000_000;

    /// The most bytes of the file of a side image.
    pub const MAX_BYTES: u64 = 16 << 20;

    /// Returns the limits on a side image, within `limits` on a source.
    pub fn limits(limits: &Limits) -> Limits {
        Limits {
            max_pixels: limits.max_pixels.min(Self::MAX_PIXELS),
            max_source_bytes: limits.max_source_bytes.min(Self::MAX_BYTES),
            ..limits.clone()
        }
    }

    /// Returns the same image, which drops `owner` with its last clone: what stands for its memory.
    #[must_use]
    pub fn with_owner(self, owner: impl Any + Send + Sync) -> Self {
        Self { owner: Some(Arc::new(owner)), ..self }
    }
}

/// The need of a step for a side image. The owner of the plan decodes the image, and places it here before the session
/// starts.
#[derive(Clone, Debug)]
pub struct Side {
    /// The name that the query gives.
    pub name: String,
    /// The image; `None` until it is placed. The step then changes nothing.
    pub image: Option<SideImage>,
}

impl Side {
    /// The need for the image `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), image: None }
    }
}

/// The result of a plan that decodes a side image.
#[derive(Clone, Debug, Default)]
pub struct SideResult(Arc<OnceLock<SideImage>>);

impl SideResult {
    /// Returns the plan that decodes a side image, upright, and where the image is at the end of its session, whose output
    /// is of no use.
    ///
    /// # Errors
    /// As for [`Plan::new`].
    pub fn plan(registry: Registry) -> Result<(Plan, Self)> {
        let result = Self::default();
        let plan = Plan::with_reports(registry, Query::default(), vec![Box::new(Keep(result.clone()))])?;
        Ok((plan, result))
    }

    /// Returns the image.
    ///
    /// # Errors
    /// [`Kind::Internal`], if the session has not ended.
    pub fn image(&self) -> Result<SideImage> {
        let missing = || Error::new(Kind::Internal, "side", "the side image was not decoded");
        self.0.get().cloned().ok_or_else(missing)
    }
}

/// Keeps the image instead of describing it.
#[derive(Debug)]
struct Keep(SideResult);

impl Report for Keep {
    fn key(&self) -> &'static str {
        "side"
    }

    fn needed(&self, size: Size) -> Size {
        size
    }

    fn cost(&self, pixels: u64) -> Cost {
        /// Four samples of 16 bits.
        const PIXEL_BYTES: u64 = 8;
        const PIXEL_NS: u64 = 2;
        Cost::new(pixels.saturating_mul(PIXEL_BYTES), pixels.saturating_mul(PIXEL_NS))
    }

    fn value(&self, frame: &Frame, _stop: &Stop) -> Result<String> {
        /// The weights of a resize take memory for each column and row.
        const MAX_SIDE: u32 = 16_384;
        let Size { w, h } = frame.geometry.size;
        if MAX_SIDE < w.max(h) {
            let message =
                format!("an image of {w} × {h} pixels is too large: the limit is {MAX_SIDE} a side");
            return Err(Error::new(Kind::LimitExceeded, "side", message));
        }
        self.0.0.get_or_init(|| frame.clone().into());
        Ok("null".to_owned())
    }
}
