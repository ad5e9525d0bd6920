//! Sizes, rectangles, orientations and views.

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Columns.
    pub w: u32,
    /// Rows.
    pub h: u32,
}

impl Size {
    /// Returns a size of `w` columns and `h` rows.
    pub const fn new(w: u32, h: u32) -> Self {
        Self { w, h }
    }

    /// Returns whether `self` is at least as large as `other` on both axes.
    pub const fn covers(self, other: Self) -> bool {
        other.w <= self.w && other.h <= self.h
    }

    /// Returns the smallest size that covers both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self::new(self.w.max(other.w), self.h.max(other.h))
    }

    /// Returns the largest size that both cover.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self::new(self.w.min(other.w), self.h.min(other.h))
    }

    /// Returns the size with width and height exchanged.
    #[must_use]
    pub const fn transposed(self) -> Self {
        Self::new(self.h, self.w)
    }

    /// Returns the number of pixels.
    pub const fn pixels(self) -> u64 {
        self.w as u64 * self.h as u64
    }
}

/// A half-open rectangle in nominal pixels; the origin is the top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width and height.
    pub size: Size,
}

/// The turn that stored pixels need for display: the value of EXIF 2.32 tag 0x0112, 1 to 8; 1 is upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Orientation(u8);

impl Orientation {
    /// Row 0 is the top and column 0 the left side.
    pub const UPRIGHT: Self = Self(1);

    /// Returns the orientation for the EXIF value `value`, or `None` outside 1 to 8.
    pub fn new(value: u8) -> Option<Self> {
        (1..=8).contains(&value).then_some(Self(value))
    }

    /// Returns the EXIF value, 1 to 8.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Returns whether display exchanges width and height: values 5 to 8.
    pub const fn is_transposed(self) -> bool {
        5 <= self.0
    }
}

/// Size and orientation of an image, known before its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Nominal size as stored, before `orientation` is applied.
    pub size: Size,
    /// The turn that is still to be applied.
    pub orientation: Orientation,
}

/// The part of a frame's planes that the image consists of, in source pixels, possibly fractional.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl View {
    /// Returns the view of a whole image of `size`.
    pub fn whole(size: Size) -> Self {
        Self { x: 0.0, y: 0.0, w: size.w.into(), h: size.h.into() }
    }

    /// Returns, in source pixels, `part` of the image, which is in pixels of an image of `size` at this view.
    #[must_use]
    pub fn part(self, size: Size, part: Self) -> Self {
        let (sx, sy) = (self.w / f64::from(size.w), self.h / f64::from(size.h));
        Self { x: self.x + sx * part.x, y: self.y + sy * part.y, w: sx * part.w, h: sy * part.h }
    }
}
