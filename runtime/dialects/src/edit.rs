//! Edits: what a translation does to a picture, in steps that are measured in pixels, and the query for it.

use crate::{image::Image, turn::Turn, words};
use safelight_core::{Rect, Size};

/// The steps of an edit, in their order. Sizes and rectangles are those of the picture after `turn`, although the query
/// turns it later.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edit {
    /// The turn of stored pixels.
    pub(crate) turn: Turn,
    /// The part that is kept. Defaults to `None`: all.
    pub(crate) crop: Option<Rect>,
    /// The size to which that part is scaled. Defaults to `None`: its own.
    pub(crate) scaled: Option<Size>,
    /// The part of the scaled picture that is kept. Defaults to `None`: all.
    pub(crate) cut: Option<Rect>,
    /// The turn after that.
    pub(crate) after: Turn,
    /// Columns and rows that are added. Defaults to none.
    pub(crate) sides: Sides,
    /// Other parameters.
    words: Vec<Word>,
}

/// Columns and rows beside a picture; negative ones are cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sides {
    pub(crate) top: i64,
    pub(crate) right: i64,
    pub(crate) bottom: i64,
    pub(crate) left: i64,
}

impl Sides {
    /// The sides for a picture of `inner` pixels at `left` and `top` of a canvas of `outer` pixels.
    pub(crate) fn around(inner: Size, left: i64, top: i64, outer: Size) -> Self {
        Self {
            top,
            right: i64::from(outer.w) - left - i64::from(inner.w),
            bottom: i64::from(outer.h) - top - i64::from(inner.h),
            left,
        }
    }

    /// The sides of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            top: self.top + other.top,
            right: self.right + other.right,
            bottom: self.bottom + other.bottom,
            left: self.left + other.left,
        }
    }

    /// Returns the size with the sides.
    pub(crate) fn size(self, inner: Size) -> Size {
        let side = |inner: u32, one: i64, two: i64| {
            u32::try_from((i64::from(inner) + one + two).max(1)).unwrap_or(u32::MAX)
        };
        Size::new(side(inner.w, self.left, self.right), side(inner.h, self.top, self.bottom))
    }

    fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// A parameter of the query, and the option that it translates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Key of the parameter.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// Name of the option in the service's documentation.
    pub option: &'static str,
}

impl Edit {
    /// Adds a parameter for `option`, in place of an earlier value.
    #[expect(clippy::needless_pass_by_value, reason = "callers write texts, numbers and formats")]
    pub(crate) fn set(&mut self, key: &'static str, value: impl ToString, option: &'static str) {
        self.words.retain(|word| word.key != key);
        self.words.push(Word { key, value: value.to_string(), option });
    }

    /// Returns whether a parameter was added.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.words.iter().any(|word| word.key == key)
    }

    /// Returns whether nothing was added yet.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { turn, crop, scaled, cut, after, sides, words } = self;
        *turn == Turn::default()
            && *after == Turn::default()
            && crop.is_none()
            && scaled.is_none()
            && cut.is_none()
            && sides.is_empty()
            && words.is_empty()
    }

    /// Returns whether columns or rows are added.
    pub(crate) fn has_sides(&self) -> bool {
        !self.sides.is_empty()
    }

    /// Returns the size of the picture before anything is added at its sides.
    pub(crate) fn kept(&self, image: Size) -> Size {
        let cut = self.cut.map(|rect| rect.size);
        cut.or(self.scaled).or(self.crop.map(|rect| rect.size)).unwrap_or(self.turn.size(image))
    }

    /// Scales the picture of `from` pixels, which the steps so far give, to `to`.
    pub(crate) fn rescale(&mut self, from: Size, to: Size) {
        let side = |side: u32, from: u32, to: u32| {
            ((f64::from(side) * f64::from(to) / f64::from(from)).round() as u32).max(1)
        };
        let Some(cut) = self.cut else {
            self.scaled = Some(to);
            return;
        };
        let scaled = self.scaled.unwrap_or(cut.size);
        self.scaled = Some(Size::new(side(scaled.w, from.w, to.w), side(scaled.h, from.h, to.h)));
        let (x, y) = (side(cut.x + 1, from.w, to.w) - 1, side(cut.y + 1, from.h, to.h) - 1);
        self.cut = Some(Rect { x, y, size: to });
    }

    /// Returns the parameters of the query.
    pub(crate) fn into_words(mut self, image: &Image) -> Vec<Word> {
        if let Some(size) = image.size {
            self.place(image, size);
        }
        self.words
    }

    /// Adds the parameters of turns, rectangles and sizes.
    fn place(&mut self, image: &Image, stored: Size) {
        let upright = image.upright().size(stored);
        // The query's rectangles are those of the upright picture.
        let turn = image.upright().inverse().then(self.turn);
        let back = turn.inverse();
        let turned = turn.size(upright);
        let whole = Rect { x: 0, y: 0, size: upright };
        let mut crop = self.crop.map_or(whole, |crop| back.rect(within(crop, turned), turned));
        let mut target = self.scaled.map_or(crop.size, |scaled| back.size(scaled));
        let mut gravity = None;
        if let Some(cut) = self.cut {
            let scaled = self.scaled.unwrap_or(turn.size(crop.size));
            let cut = back.rect(within(cut, scaled), scaled);
            if target == crop.size {
                crop = Rect { x: crop.x + cut.x, y: crop.y + cut.y, size: cut.size };
            } else if is_covering(crop.size, target, cut.size) {
                gravity = Some((share(cut.x, target.w - cut.size.w), share(cut.y, target.h - cut.size.h)));
            } else {
                crop = scaled_back(crop, target, cut);
            }
            target = cut.size;
        }
        if crop != whole {
            let Rect { x, y, size: Size { w, h } } = crop;
            self.set("crop", format_args!("{x},{y},{w},{h}"), words::CROP);
        }
        if target != crop.size || gravity.is_some() {
            self.set("width", target.w, words::RESIZE);
            self.set("height", target.h, words::RESIZE);
            match gravity {
                Some((x, y)) => {
                    self.set("fit", "cover", words::RESIZE);
                    // What catches the eye has another place.
                    if !self.has("gravity") {
                        self.set("gravity", format_args!("{x:.3},{y:.3}"), words::GRAVITY);
                    }
                }
                None => self.set("fit", "fill", words::RESIZE),
            }
        }
        let (degrees, flip) = turn.then(self.after).to_query();
        if degrees != 0 {
            self.set("rotate", degrees, words::ROTATE);
        }
        if let Some(flip) = flip {
            self.set("flip", flip, words::FLIP);
        }
        if !self.sides.is_empty() {
            words::extend(self, self.sides);
        }
    }
}

/// Returns the part of a rectangle within a picture of `size`; at least a pixel.
fn within(rect: Rect, size: Size) -> Rect {
    let axis = |start: u32, length: u32, side: u32| {
        let start = start.min(side.saturating_sub(1));
        (start, length.min(side - start).max(1))
    };
    let (x, w) = axis(rect.x, rect.size.w, size.w);
    let (y, h) = axis(rect.y, rect.size.h, size.h);
    Rect { x, y, size: Size::new(w, h) }
}

/// Returns whether `fit=cover` scales `from` to `scaled`, up to rounding, and then keeps a part of `cut` pixels.
fn is_covering(from: Size, scaled: Size, cut: Size) -> bool {
    let [w, h] = [(from.w, scaled.w), (from.h, scaled.h)].map(|(from, to)| f64::from(to) / f64::from(from));
    let is_alike = (f64::from(from.w) * h - f64::from(scaled.w)).abs() <= 1.5
        || (f64::from(from.h) * w - f64::from(scaled.h)).abs() <= 1.5;
    is_alike && (cut.w == scaled.w || cut.h == scaled.h)
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.5 } else { f64::from(part) / f64::from(whole) }
}

/// Returns the part of `crop` that becomes `cut` when all of it is scaled to `scaled`, to whole pixels.
fn scaled_back(crop: Rect, scaled: Size, cut: Rect) -> Rect {
    let axis = |start: u32, length: u32, from: u32, to: u32| {
        let edge = |at: u32| (f64::from(at) * f64::from(from) / f64::from(to)).round() as u32;
        let first = edge(start).min(from - 1);
        (first, edge(start.saturating_add(length)).clamp(first + 1, from) - first)
    };
    let (x, w) = axis(cut.x, cut.size.w, crop.size.w, scaled.w);
    let (y, h) = axis(cut.y, cut.size.h, crop.size.h, scaled.h);
    Rect { x: crop.x + x, y: crop.y + y, size: Size::new(w, h) }
}
