//! Decoded pixels and the nominal geometry that they stand for.

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub w: u32,
    /// Rows.
    pub h: u32,
}

impl Size {
    /// A size of `w` columns and `h` rows.
    pub const fn new(w: u32, h: u32) -> Self {
        Self { w, h }
    }

    /// Whether `self` is at least `other` on both axes.
    pub const fn covers(self, other: Self) -> bool {
        other.w <= self.w && other.h <= self.h
    }
}

/// A half-open rectangle, origin top left, in nominal pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Extent.
    pub size: Size,
}

/// The part of a plane that is the picture, as fractions of the plane's width and height.
///
/// One view serves every plane of a frame, whatever its subsampling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Left edge, 0 to 1.
    pub x: f64,
    /// Top edge, 0 to 1.
    pub y: f64,
    /// Width, 0 to 1.
    pub w: f64,
    /// Height, 0 to 1.
    pub h: f64,
}

impl View {
    /// All of the plane.
    pub const WHOLE: Self = Self { x: 0.0, y: 0.0, w: 1.0, h: 1.0 };
}

/// Samples of one or more interleaved channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plane {
    /// Size of the buffer.
    pub size: Size,
    /// Channels per pixel.
    pub channels: u8,
    /// Samples, shape `[size.h, size.w, channels]`, row-major, no padding.
    pub data: Vec<u8>,
}

/// Decoded pixels and the picture that they stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Size of the picture in source pixels, whatever the decoder's shrink.
    pub nominal: Size,
    /// Where the picture lies in each plane.
    pub view: View,
    /// One plane of grey, RGB or RGBA, or the three planes Y, Cb and Cr.
    pub planes: Vec<Plane>,
}

impl Frame {
    /// Narrows the picture to `rect`; touches no sample.
    pub fn crop(&mut self, rect: Rect) {
        let view = self.view;
        let (sx, sy) = (view.w / f64::from(self.nominal.w), view.h / f64::from(self.nominal.h));
        self.view = View {
            x: view.x + sx * f64::from(rect.x),
            y: view.y + sy * f64::from(rect.y),
            w: sx * f64::from(rect.size.w),
            h: sy * f64::from(rect.size.h),
        };
        self.nominal = rect.size;
    }
}
