//! Placement of an image in a box: sizes and rectangles only.

use crate::gravity::Gravity;
use safelight_core::{Size, View};

/// The requested box in device pixels. A missing side follows from the image's aspect ratio.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bounds {
    Width(u32),
    Height(u32),
    Both(Size),
}

/// The way to fit an image into a box of another aspect ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Inside the box, never enlarged.
    ScaleDown,
    /// Inside the box.
    Contain,
    /// Covers the box; the overhang is cut off.
    Cover,
    /// Stretched to the box.
    Fill,
    /// Covers the box; nothing is cut off.
    Outside,
    /// Inside the box; the rest is filled.
    Pad,
}

/// The placement of an image of one size in a box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Layout {
    /// The part of the image that is kept, in its pixels.
    pub(crate) source: View,
    /// The size to which that part is scaled.
    pub(crate) scaled: Size,
    /// Position of the scaled part in the output: columns, rows.
    pub(crate) offset: (u32, u32),
    /// Size of the output.
    pub(crate) output: Size,
}

impl Layout {
    pub(crate) fn new(image: Size, bounds: Bounds, fit: Fit, gravity: Gravity) -> Self {
        let whole = |scaled| Self { source: View::whole(image), scaled, offset: (0, 0), output: scaled };
        match (fit, bounds) {
            (Fit::ScaleDown, _) if bounds.contain(image) => whole(image),
            (Fit::Fill, Bounds::Both(output)) => whole(output),
            (Fit::Outside, Bounds::Both(_)) => whole(bounds.scaled(image, f64::min)),
            (Fit::Cover, Bounds::Both(output)) => {
                Self { source: covering(image, output, gravity), ..whole(output) }
            }
            (Fit::Pad, Bounds::Both(output)) => {
                let scaled = bounds.inside(image);
                let share = |space: u32, gravity: f64| (f64::from(space) * gravity) as u32;
                let offset = (
                    share(output.w.saturating_sub(scaled.w), gravity.x),
                    share(output.h.saturating_sub(scaled.h), gravity.y),
                );
                Self { offset, output, ..whole(scaled) }
            }
            _ => whole(bounds.inside(image)),
        }
    }

    /// Returns the smallest image for `need` of the output's pixels at full quality, which has one pixel for each output
    /// pixel. May be larger than the image.
    pub(crate) fn needed(&self, image: Size, need: Size) -> Size {
        let axis = |image: u32, kept: f64, scaled: u32, need: u32, output: u32| {
            let density = f64::from(scaled) / kept * f64::from(need) / f64::from(output.max(1));
            // A number that is an integer except for rounding errors is not rounded up.
            (f64::from(image) * density - 1e-6).ceil().max(1.0) as u32
        };
        Size::new(
            axis(image.w, self.source.w, self.scaled.w, need.w, self.output.w),
            axis(image.h, self.source.h, self.scaled.h, need.h, self.output.h),
        )
    }
}

impl Bounds {
    /// Returns whether an image fits without scaling.
    fn contain(self, image: Size) -> bool {
        match self {
            Self::Width(w) => image.w <= w,
            Self::Height(h) => image.h <= h,
            Self::Both(size) => size.covers(image),
        }
    }

    /// Returns the largest size inside the box with the image's aspect ratio.
    fn inside(self, image: Size) -> Size {
        self.scaled(image, f64::max)
    }

    /// Returns the size with the image's aspect ratio that is smaller by the one of the two ratios of sides that
    /// `choose` returns.
    fn scaled(self, image: Size, choose: fn(f64, f64) -> f64) -> Size {
        let ratio = |side: u32, bound: u32| f64::from(side) / f64::from(bound);
        let shrink = match self {
            Self::Width(w) => ratio(image.w, w),
            Self::Height(h) => ratio(image.h, h),
            Self::Both(size) => choose(ratio(image.w, size.w), ratio(image.h, size.h)),
        };
        Size::new(scaled(image.w, shrink), scaled(image.h, shrink))
    }
}

/// Returns `side` divided by `shrink`, rounded half up, at least one pixel.
///
/// Near half a pixel, rounding errors decide. The order of operations is that of libvips 8.18: `vips_reduce` divides by the inverse of the scale, `vips_affine` multiplies.
fn scaled(side: u32, shrink: f64) -> u32 {
    let scale = 1.0 / shrink;
    let exact = if scale < 1.0 { f64::from(side) / (1.0 / scale) } else { f64::from(side) * scale };
    (exact + 0.5).max(1.0) as u32
}

/// Returns the largest part of an image that has the aspect ratio of `output`.
fn covering(image: Size, output: Size, gravity: Gravity) -> View {
    let (w, h) = (f64::from(image.w), f64::from(image.h));
    let shrink = (w / f64::from(output.w)).min(h / f64::from(output.h));
    let part = (w.min(f64::from(output.w) * shrink), h.min(f64::from(output.h) * shrink));
    View { x: (w - part.0) * gravity.x, y: (h - part.1) * gravity.y, w: part.0, h: part.1 }
}
