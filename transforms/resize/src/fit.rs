//! How a picture comes into a box: sizes and rectangles, without a sample.

use crate::gravity::Gravity;
use safelight_core::{Size, View};

/// The box that was asked for, in device pixels. A side that was not follows from the picture's aspect.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bounds {
    Width(u32),
    Height(u32),
    Both(Size),
}

/// What to do where the box has another aspect than the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Inside the box, and never larger than the picture was.
    ScaleDown,
    /// Inside the box.
    Contain,
    /// Over the box, and what hangs over is left out.
    Cover,
    /// Stretched to the box.
    Fill,
    /// Inside the box, and the rest is filled.
    Pad,
}

/// How a picture of some size comes into the box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Layout {
    /// What is kept of the picture, in its pixels.
    pub(crate) source: View,
    /// The size to which that is scaled.
    pub(crate) scaled: Size,
    /// Where that stands in the answer: columns, rows.
    pub(crate) offset: (u32, u32),
    /// Size of the answer.
    pub(crate) answer: Size,
}

impl Layout {
    pub(crate) fn new(picture: Size, bounds: Bounds, fit: Fit, gravity: Gravity) -> Self {
        let whole = |scaled| Self { source: View::whole(picture), scaled, offset: (0, 0), answer: scaled };
        match (fit, bounds) {
            (Fit::ScaleDown, _) if bounds.hold(picture) => whole(picture),
            (Fit::Fill, Bounds::Both(answer)) => whole(answer),
            (Fit::Cover, Bounds::Both(answer)) => {
                Self { source: covering(picture, answer, gravity), ..whole(answer) }
            }
            (Fit::Pad, Bounds::Both(answer)) => {
                let scaled = bounds.inside(picture);
                let share = |space: u32, gravity: f64| (f64::from(space) * gravity) as u32;
                let offset = (
                    share(answer.w.saturating_sub(scaled.w), gravity.x),
                    share(answer.h.saturating_sub(scaled.h), gravity.y),
                );
                Self { offset, answer, ..whole(scaled) }
            }
            _ => whole(bounds.inside(picture)),
        }
    }

    /// Smallest picture of which `need` of the answer's pixels can be made at full quality: no output
    /// pixel is made of less than one pixel of it, or of what the picture has if that is less.
    pub(crate) fn needed(&self, picture: Size, need: Size) -> Size {
        let axis = |picture: u32, kept: f64, scaled: u32, need: u32, answer: u32| {
            let density = f64::from(scaled) / kept * f64::from(need) / f64::from(answer.max(1));
            // What is whole but for the arithmetic is not rounded up.
            let pixels = (f64::from(picture) * density - 1e-6).ceil().max(1.0);
            pixels.min(f64::from(picture)) as u32
        };
        Size::new(
            axis(picture.w, self.source.w, self.scaled.w, need.w, self.answer.w),
            axis(picture.h, self.source.h, self.scaled.h, need.h, self.answer.h),
        )
    }
}

impl Bounds {
    /// Whether a picture fits as it is.
    fn hold(self, picture: Size) -> bool {
        match self {
            Self::Width(w) => picture.w <= w,
            Self::Height(h) => picture.h <= h,
            Self::Both(size) => size.covers(picture),
        }
    }

    /// The largest size inside that has the picture's aspect.
    fn inside(self, picture: Size) -> Size {
        let ratio = |side: u32, bound: u32| f64::from(side) / f64::from(bound);
        let shrink = match self {
            Self::Width(w) => ratio(picture.w, w),
            Self::Height(h) => ratio(picture.h, h),
            Self::Both(size) => ratio(picture.w, size.w).max(ratio(picture.h, size.h)),
        };
        Size::new(scaled(picture.w, shrink), scaled(picture.h, shrink))
    }
}

/// `side` divided by `shrink`, rounded half up, at least one pixel.
///
/// Where the quotient is half a pixel but for the arithmetic, the last bit decides. So it is computed as
/// libvips 8.18 does: `vips_reduce` divides by the inverse of the scale, `vips_affine` multiplies.
fn scaled(side: u32, shrink: f64) -> u32 {
    let scale = 1.0 / shrink;
    let exact = if scale < 1.0 { f64::from(side) / (1.0 / scale) } else { f64::from(side) * scale };
    (exact + 0.5).max(1.0) as u32
}

/// The largest part of a picture that has the aspect of `answer`.
fn covering(picture: Size, answer: Size, gravity: Gravity) -> View {
    let (w, h) = (f64::from(picture.w), f64::from(picture.h));
    let shrink = (w / f64::from(answer.w)).min(h / f64::from(answer.h));
    let part = (w.min(f64::from(answer.w) * shrink), h.min(f64::from(answer.h) * shrink));
    View { x: (w - part.0) * gravity.x, y: (h - part.1) * gravity.y, w: part.0, h: part.1 }
}
