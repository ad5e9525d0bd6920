//! Side images: images besides the source that steps need, such as a watermark.

use crate::{Frame, Limits};
use std::{any::Any, ops::Deref, sync::Arc};

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

    /// Returns the same image with an owner of its memory, which is dropped with the last clone.
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
