//! The sizes of imagor (its `vips/process.go`), to the pixel.

use super::{Thumbnail, path::Side};
use crate::{edit::Edit, edit::Sides, image::Image, refusal::Refusal, turn::Turn, words};
use safelight_core::{Kind, Rect, Size};

/// The first side that imagor rejects.
const MAX_SIDE: u32 = 10_000;

impl Thumbnail {
    /// Adds the steps that change sizes.
    pub(super) fn place_imagor(&self, edit: &mut Edit, image: &Image) -> Result<(), Refusal> {
        let is_large = |side: Side| matches!(side, Side::Pixels(MAX_SIDE..));
        if is_large(self.path.width) || is_large(self.path.height) {
            return Err(Refusal::new(Kind::Corrupt, "the size is too large: expected sides below 10000"));
        }
        let Some(stored) = image.size else { return Ok(()) };
        edit.turn = image.upright().then(Turn::clockwise(self.effects.orient));
        let whole = edit.turn.size(stored);
        let trim = self.path.trim.map(|trim| trim.tolerance).filter(|_| !image.is_animated);
        if let Some(tolerance) = trim.or(self.effects.trim) {
            words::trim(edit, f64::from(tolerance), None, (false, false));
            return self.after_trim(edit);
        }
        let part = self.path.crop.and_then(|edges| cropped(edges, whole));
        edit.crop = part;
        let size = part.map_or(whole, |part| part.size);
        let kept = self.scaled_imagor(edit, size, part);
        if self.path.flip.0 {
            edit.after = edit.after.then(Turn::HORIZONTAL);
        }
        if self.path.flip.1 {
            edit.after = edit.after.then(Turn::VERTICAL);
        }
        let kept = self.cropped_again(edit, kept);
        self.finish(edit, kept, Size::new(0, 0));
        let turned = Turn::clockwise(self.effects.quarters).size(kept);
        self.add_sides(edit, turned);
        Ok(())
    }

    /// Returns the box; free sides follow from the picture.
    fn target(&self, size: Size) -> (u32, u32) {
        let side = |side: Side| if let Side::Pixels(pixels) = side { pixels } else { 0 };
        let target = (side(self.path.width), side(self.path.height));
        let is_turned = self.path.fit.is_some_and(|fit| fit.is_adaptive)
            && ((size.h < size.w && target.0 < target.1) || (size.w <= size.h && target.1 < target.0));
        if is_turned { (target.1, target.0) } else { target }
    }

    /// Adds the resize, and returns the size after it.
    fn scaled_imagor(&self, edit: &mut Edit, size: Size, part: Option<Rect>) -> Size {
        let (w, h) = self.target(size);
        if (w, h) == (0, 0) {
            return size;
        }
        let ratios = (f64::from(w) / f64::from(size.w), f64::from(h) / f64::from(size.h));
        let fit = self.path.fit;
        let enlarges = match fit {
            Some(fit) => (fit.is_full || self.effects.upscale) && !self.effects.no_upscale,
            None => !self.effects.no_upscale,
        };
        let both = w != 0 && h != 0;
        let is_stretched = both && fit.is_none() && (self.path.is_stretched || self.effects.is_stretched);
        if is_stretched {
            edit.scaled = Some(Size::new(w, h));
            return Size::new(w, h);
        }
        let covers = both && fit.is_none_or(|fit| fit.is_full);
        let scale = match (w, h) {
            (_, 0) => ratios.0,
            (0, _) => ratios.1,
            _ if covers => ratios.0.max(ratios.1),
            _ => ratios.0.min(ratios.1),
        };
        let scale = if enlarges { scale } else { scale.min(1.0) };
        // libvips rounds; imagor, which computes the free side after a crop itself, does not.
        let round = |side: u32| {
            let exact = f64::from(side) * scale;
            let is_free = part.is_some() && !both;
            (if is_free { (exact + 1e-6).floor() } else { (exact + 0.5).floor() }).clamp(1.0, 1e9) as u32
        };
        let scaled = Size::new(round(size.w), round(size.h));
        if scaled != size {
            edit.scaled = Some(scaled);
        }
        if fit.is_some() || !both {
            return scaled;
        }
        let kept = Size::new(scaled.w.min(w), scaled.h.min(h));
        if kept != scaled {
            if self.path.is_smart {
                edit.set("gravity", "attention", "smart");
            }
            let (x, y) = self.position(scaled, kept, size, part);
            edit.cut = Some(Rect { x, y, size: kept });
        }
        kept
    }

    /// Returns where the kept part is.
    fn position(&self, scaled: Size, kept: Size, size: Size, part: Option<Rect>) -> (u32, u32) {
        let room = (scaled.w - kept.w, scaled.h - kept.h);
        if let Some((x, y)) = self.effects.focus(size, part) {
            let at = |center: f64, own: u32, scaled: u32, kept: u32| {
                let start = center * f64::from(scaled) / f64::from(own) - f64::from(kept) / 2.0;
                start.round().clamp(0.0, f64::from(scaled - kept)) as u32
            };
            return (at(x, size.w, scaled.w, kept.w), at(y, size.h, scaled.h, kept.h));
        }
        let (horizontal, vertical) = (self.path.horizontal, self.path.vertical);
        // One word alone is the start or the end of the side that is cut.
        let (x, y) = match (horizontal, vertical) {
            (Some(side), None) | (None, Some(side)) => (side, side),
            (x, y) => (x.unwrap_or(0), y.unwrap_or(0)),
        };
        let at = |side: i8, room: u32| match side {
            -1 => 0,
            1 => room,
            _ => room / 2,
        };
        (at(x, room.0), at(y, room.1))
    }

    /// Applies the filter `crop` to the scaled picture.
    fn cropped_again(&self, edit: &mut Edit, kept: Size) -> Size {
        let Some([left, top, width, height]) = self.effects.crop else { return kept };
        let pixels = |number: f64, side: u32| if number < 1.0 { number * f64::from(side) } else { number };
        let axis = |start: f64, length: f64, side: u32| {
            let first = pixels(start.max(0.0), side) as u32;
            let length = pixels(length, side) as u32;
            (first < side && 0 < length).then(|| (first, length.min(side - first)))
        };
        let (Some((x, w)), Some((y, h))) = (axis(left, width, kept.w), axis(top, height, kept.h)) else {
            return kept;
        };
        let start = edit.cut.map_or((0, 0), |cut| (cut.x, cut.y));
        let size = Size::new(w, h);
        edit.cut = Some(Rect { x: start.0 + x, y: start.1 + y, size });
        size
    }

    /// Adds the sides of `fill` and `padding`.
    fn add_sides(&self, edit: &mut Edit, kept: Size) {
        let size = kept;
        if self.effects.fill.is_some() {
            let [left, top, right, bottom] = self.path.padding;
            let turn = Turn::clockwise(self.effects.quarters);
            let (w, h) = self.target(kept);
            let wanted = turn.size(Size::new(w, h));
            let pads = turn.size(Size::new(left.saturating_add(right), top.saturating_add(bottom)));
            let inner = Size::new(wanted.w.max(size.w), wanted.h.max(size.h));
            let outer = Size::new(inner.w.saturating_add(pads.w), inner.h.saturating_add(pads.h));
            let at = |inner: u32, own: u32, pad: u32| i64::from((inner - own) / 2) + i64::from(pad);
            let (start_x, start_y) = if turn.is_transposed() { (top, left) } else { (left, top) };
            let place = (at(inner.w, size.w, start_x), at(inner.h, size.h, start_y));
            edit.sides = Sides::around(size, place.0, place.1, outer);
        }
        if let Some([left, top, right, bottom]) = self.effects.padding {
            edit.sides = edit.sides.and(Sides { top, right, bottom, left });
        }
    }
}

/// Returns the rectangle between edges: fractions if all may be; right and bottom end before the last pixel.
fn cropped([left, top, right, bottom]: [f64; 4], whole: Size) -> Option<Rect> {
    let are_fractions = left < 1.0 && top < 1.0 && right <= 1.0 && bottom <= 1.0;
    let edge = |edge: f64, side: u32| {
        let pixels = if are_fractions { edge * f64::from(side) } else { edge };
        pixels.round() as u32
    };
    let end = |pixels: u32, side: u32| if pixels == 0 { side - 1 } else { pixels.min(side - 1) };
    let (left, top) = (edge(left, whole.w), edge(top, whole.h));
    let (right, bottom) = (end(edge(right, whole.w), whole.w), end(edge(bottom, whole.h), whole.h));
    let is_something = left < right && top < bottom;
    is_something.then(|| Rect { x: left, y: top, size: Size::new(right - left, bottom - top) })
}
