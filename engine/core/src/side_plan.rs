//! The plan that decodes a side image.

use crate::{Cost, Error, Frame, Kind, Plan, Query, Registry, Report, Result, SideImage, Size, Stop};
use std::sync::{Arc, OnceLock};

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
