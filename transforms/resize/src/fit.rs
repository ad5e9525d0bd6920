//! Placement of an image in a box: sizes and rectangles only.

use safelight_core::{Gravity, Size, View};

/// The requested box in device pixels. A missing side follows from the image's aspect ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bounds {
    /// No box: the image keeps its size.
    Image,
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

/// The requested change of an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) bounds: Bounds,
    pub(crate) fit: Fit,
    /// The part that is kept where something is cut off.
    pub(crate) gravity: Gravity,
    /// The part of the image that is kept at first is smaller by this factor on each side.
    pub(crate) zoom: f64,
    /// The least sides of the scaled image; 0 for none.
    pub(crate) min: Size,
}

impl Request {
    pub(crate) fn changes_nothing(&self) -> bool {
        self.bounds == Bounds::Image && self.zoom <= 1.0 && self.min == Size::new(0, 0)
    }
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
    pub(crate) fn new(image: Size, request: &Request) -> Self {
        let Request { bounds, fit, gravity, zoom, min } = *request;
        // Without a zoom, the part is the image itself.
        let side = |side: u32| (f64::from(side) / zoom).round().max(1.0) as u32;
        let part = Size::new(side(image.w), side(image.h));
        let (whole, own) = (pair(image), pair(part));
        let start = gravity.start(whole, own);
        // On whole pixels, so that a zoom alone moves samples and computes none.
        let start = (start.0.round(), start.1.round());
        let gravity = gravity.within(whole, start, own);
        let mut layout = Self::fitted(part, bounds, fit, gravity).at_least(part, min, bounds, fit, gravity);
        layout.source.x += start.0;
        layout.source.y += start.1;
        layout
    }

    fn fitted(image: Size, bounds: Bounds, fit: Fit, gravity: Gravity) -> Self {
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
                // A focus chooses what is kept, and here all is.
                let place = if let Gravity::At { .. } = gravity { gravity } else { Gravity::CENTRE };
                let (x, y) = place.start(pair(output), pair(scaled));
                Self { offset: (x as u32, y as u32), output, ..whole(scaled) }
            }
            _ => whole(bounds.inside(image)),
        }
    }

    /// Enlarges the scaled image to at least `min`, and cuts off what is then beyond the box. Fits that give the box itself
    /// have its size in any case.
    fn at_least(self, image: Size, min: Size, bounds: Bounds, fit: Fit, gravity: Gravity) -> Self {
        let ratio = |min: u32, side: u32| f64::from(min) / f64::from(side);
        let is_box = matches!(bounds, Bounds::Both(_)) && matches!(fit, Fit::Cover | Fit::Fill | Fit::Pad);
        if self.scaled.covers(min) || is_box {
            return self;
        }
        // Without a box, both sides have one scale. The rounded size would miss it.
        let scale = ratio(min.w, image.w).max(ratio(min.h, image.h));
        let scaled = |side: u32, min: u32| ((f64::from(side) * scale).round() as u32).max(min);
        let enlarged = Size::new(scaled(image.w, min.w), scaled(image.h, min.h));
        let (max_w, max_h) = match (fit, bounds) {
            (Fit::Outside, _) | (_, Bounds::Image) => (u32::MAX, u32::MAX),
            (_, Bounds::Width(w)) => (w, u32::MAX),
            (_, Bounds::Height(h)) => (u32::MAX, h),
            (_, Bounds::Both(size)) => (size.w, size.h),
        };
        let output = Size::new(enlarged.w.min(max_w), enlarged.h.min(max_h));
        let (whole, share) =
            (pair(image), |side: u32, output, enlarged| f64::from(side) * ratio(output, enlarged));
        let part = (share(image.w, output.w, enlarged.w), share(image.h, output.h, enlarged.h));
        let (x, y) = gravity.start(whole, part);
        Self { source: View { x, y, w: part.0, h: part.1 }, scaled: output, offset: (0, 0), output }
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
            Self::Image => true,
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
            Self::Image => 1.0,
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
    let (x, y) = gravity.start((w, h), part);
    View { x, y, w: part.0, h: part.1 }
}

fn pair(size: Size) -> (f64, f64) {
    (size.w.into(), size.h.into())
}
