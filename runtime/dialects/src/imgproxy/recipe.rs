//! The edit of a picture: imgproxy's arithmetic, to the pixel (its `processing` package).

use super::{
    Imgproxy, format,
    options::{self, Extend, Options, Resizing},
};
use crate::{
    edit::{Edit, Sides, Word},
    image::Image,
    refusal::Refusal,
    turn::Turn,
    watermark::{Anchor, Length, Place, Position, Watermark},
    words,
};
use safelight_core::{Format, Kind, Rect, Size};

/// A side above this is an error later, and does not overflow before.
const MAX_SIDE: f64 = 1e9;

/// The smallest sides of AVIF that imgproxy writes.
const MIN_AVIF_SIDE: u32 = 16;

impl Options {
    /// Returns the parameters for a source. `mark` is the operator's watermark and a factor of its opacity.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn words(&self, image: &Image, mark: Option<&(String, f64)>) -> Result<Vec<Word>, Refusal> {
        let mut edit = Edit::default();
        let is_passed_on = self.is_raw
            || (image.is_vector() && self.format.is_none_or(|format| format == Format::Svg))
            || (self.skip.contains(&image.format) && self.format.is_none_or(|format| format == image.format));
        if is_passed_on {
            return Ok(Vec::new());
        }
        self.filters(&mut edit);
        let mut adds_alpha = self.padding != [0; 4];
        let mut dpr = self.dpr;
        // Animations are never trimmed.
        match (image.size, self.trim.as_ref().filter(|_| !image.is_animated)) {
            (Some(size), None) => {
                let placed = self.place(&mut edit, image, size)?;
                adds_alpha |= placed.has_sides;
                dpr = placed.dpr;
            }
            (_, Some(_)) => self.trimmed(&mut edit)?,
            (None, None) => self.boxed(&mut edit),
        }
        if let (Some(own), Some((name, opacity))) = (&self.watermark, mark) {
            own.of(name, *opacity, dpr).add(&mut edit, "watermark");
        }
        self.output(&mut edit, image, adds_alpha)?;
        Ok(edit.into_words(image))
    }

    /// Adds the steps whose sizes depend on that of the source.
    fn place(&self, edit: &mut Edit, image: &Image, stored: Size) -> Result<Placed, Refusal> {
        // Without a turn, a tag that is kept turns the picture in viewers.
        let upright =
            if self.auto_rotate || !self.strip_metadata { image.upright() } else { Turn::default() };
        edit.turn = upright.then(Turn::clockwise(self.rotate));
        if self.flip.0 {
            edit.turn = edit.turn.then(Turn::HORIZONTAL);
        }
        if self.flip.1 {
            edit.turn = edit.turn.then(Turn::VERTICAL);
        }
        let whole = edit.turn.size(stored);
        let part = self.crop_size(whole);
        if part != whole {
            let gravity = self.crop.gravity.unwrap_or(self.gravity);
            if gravity.is_smart() {
                return Err(Refusal::Unsupported {
                    service: Imgproxy::NAME,
                    option: "crop".to_owned(),
                    reason: ": not with the gravity sm, which needs a box",
                });
            }
            let (left, top) = gravity.place(whole, part, 1.0, false);
            edit.crop = Some(rect(left, top, part));
        }

        let Scale { x, y, dpr } = self.scale(part, image.is_vector());
        let scaled = Size::new(scaled(part.w, x), scaled(part.h, y));
        if scaled != part {
            edit.scaled = Some(scaled);
        }
        let target = (box_side(self.width, dpr * self.zoom.0), box_side(self.height, dpr * self.zoom.1));
        let result = self.result_box(target, scaled);
        let kept = Size::new(limited(result.0, scaled.w), limited(result.1, scaled.h));
        if kept != scaled {
            if self.gravity.is_smart() {
                edit.set("gravity", "attention", words::GRAVITY);
            }
            let (left, top) = self.gravity.place(scaled, kept, dpr, false);
            edit.cut = Some(rect(left, top, kept));
        }

        let mut size = kept;
        let mut has_sides = false;
        let mut extend = |extend: &Extend, outer: (u32, u32)| {
            let outer = Size::new(
                if outer.0 == 0 { size.w } else { outer.0 },
                if outer.1 == 0 { size.h } else { outer.1 },
            );
            if !extend.is_on || (outer.w <= size.w && outer.h <= size.h) {
                return;
            }
            let (left, top) = extend.gravity.place(outer, size, dpr, true);
            edit.sides = edit.sides.and(Sides::around(size, left, top, outer));
            size = outer;
            has_sides = true;
        };
        extend(&self.extend, target);
        extend(&self.extend_to_ratio, ratio_box(target, result, scaled));
        let [top, right, bottom, left] =
            self.padding.map(|side| (f64::from(side) * dpr).round_ties_even().min(MAX_SIDE) as i64);
        edit.sides = edit.sides.and(Sides { top, right, bottom, left });
        Ok(Placed { has_sides, dpr })
    }

    /// Returns the size of the part that is kept before all else.
    fn crop_size(&self, whole: Size) -> Size {
        let side = |side: u32, wanted: f64| match wanted {
            0.0 => side,
            1.0.. => side.min(wanted as u32),
            _ => side.min(((f64::from(side) * wanted).round() as u32).max(1)),
        };
        Size::new(side(whole.w, self.crop.width), side(whole.h, self.crop.height))
    }

    /// Returns the scales of a part.
    fn scale(&self, part: Size, is_vector: bool) -> Scale {
        let (source_w, source_h) = (f64::from(part.w), f64::from(part.h));
        let shrink = |side: f64, wanted: u32| if wanted == 0 { 1.0 } else { side / f64::from(wanted) };
        let (mut x, mut y) = (shrink(source_w, self.width), shrink(source_h, self.height));
        if (x, y) != (1.0, 1.0) {
            let wanted = |side: u32, own: f64| if side == 0 { own } else { f64::from(side) };
            let is_landscape = wanted(self.height, source_h) <= wanted(self.width, source_w);
            let resizing = match self.resizing {
                Resizing::Auto if (source_h <= source_w) == is_landscape => Resizing::Fill,
                Resizing::Auto => Resizing::Fit,
                resizing => resizing,
            };
            match resizing {
                Resizing::Force => (),
                _ if self.width == 0 => x = y,
                _ if self.height == 0 => y = x,
                Resizing::Fill | Resizing::FillDown => (x, y) = (x.min(y), x.min(y)),
                Resizing::Fit | Resizing::Auto => (x, y) = (x.max(y), x.max(y)),
            }
        }
        x /= self.zoom.0;
        y /= self.zoom.1;
        let mut dpr = self.dpr;
        if !self.enlarge && !is_vector {
            let least = x.min(y);
            if least < 1.0 {
                (x, y) = (x / least, y / least);
                if !self.extend.is_on {
                    dpr /= least;
                }
            }
            // The largest that does not enlarge.
            dpr = dpr.min(x.min(y));
        }
        if self.min_width != 0 && source_w / f64::from(self.min_width) < x {
            let least = source_w / f64::from(self.min_width);
            (x, y) = (least, y / (x / least));
        }
        if self.min_height != 0 && source_h / f64::from(self.min_height) < y {
            let least = source_h / f64::from(self.min_height);
            (x, y) = (x / (y / least), least);
        }
        Scale { x: 1.0 / (x / dpr).min(source_w), y: 1.0 / (y / dpr).min(source_h), dpr }
    }

    /// Returns the box to which a scaled picture is cut; 0 for a free side.
    fn result_box(&self, target: (u32, u32), scaled: Size) -> (u32, u32) {
        if self.resizing != Resizing::FillDown || self.enlarge || target.0 == 0 || target.1 == 0 {
            return target;
        }
        let (w, h) = (f64::from(target.0), f64::from(target.1));
        let (excess_w, excess_h) = (w / f64::from(scaled.w), h / f64::from(scaled.h));
        if excess_h < excess_w && 1.0 < excess_w {
            (scaled.w, rounded(f64::from(scaled.w) * (h / w)))
        } else if excess_w < excess_h && 1.0 < excess_h {
            (rounded(f64::from(scaled.h) * (w / h)), scaled.h)
        } else {
            target
        }
    }

    /// Adds the box as it is, for a source whose size is not known.
    fn boxed(&self, edit: &mut Edit) {
        let both = self.width != 0 && self.height != 0;
        let fit = match (self.resizing, self.enlarge) {
            (Resizing::Fill | Resizing::FillDown | Resizing::Auto, _) if both => Some("cover"),
            (Resizing::Force, _) if both => Some("fill"),
            (_, true) => Some("contain"),
            (_, false) => None,
        };
        for (key, side, zoom) in [("width", self.width, self.zoom.0), ("height", self.height, self.zoom.1)] {
            if side != 0 {
                edit.set(key, box_side(side, self.dpr * zoom), words::RESIZE);
            }
        }
        if let Some(fit) = fit.filter(|_| self.width != 0 || self.height != 0) {
            edit.set("fit", fit, words::RESIZE);
        }
    }

    /// Adds the search for a border, and steps that do not depend on what it leaves.
    fn trimmed(&self, edit: &mut Edit) -> Result<(), Refusal> {
        let Some(trim) = &self.trim else { return Ok(()) };
        words::trim(edit, trim.threshold, trim.colour, trim.is_symmetric);
        let depends_on_size = self.crop.width != 0.0 || self.crop.height != 0.0 || self.extend.is_on;
        if depends_on_size {
            return Err(Refusal::Unsupported {
                service: Imgproxy::NAME,
                option: "trim".to_owned(),
                reason: ": not beside crop and extend, whose sizes depend on its result",
            });
        }
        self.boxed(edit);
        edit.turn = Turn::clockwise(self.rotate);
        let [top, right, bottom, left] = self.padding.map(i64::from);
        edit.sides = Sides { top, right, bottom, left };
        Ok(())
    }

    fn filters(&self, edit: &mut Edit) {
        words::blur(edit, self.blur);
        words::sharpen(edit, self.sharpen);
        if 1 < self.pixelate {
            edit.set("pixelate", self.pixelate, "pixelate");
        }
    }

    /// Adds the parameters of the result's format.
    fn output(&self, edit: &mut Edit, image: &Image, adds_alpha: bool) -> Result<(), Refusal> {
        let is_flat = self.background.is_some();
        let wanted = self.format.unwrap_or(format::default(image, adds_alpha, is_flat));
        if wanted == Format::Svg {
            let message = "an SVG can only be made from an SVG: expected another format";
            return Err(Refusal::new(Kind::Corrupt, message));
        }
        let is_small = |size: Size| size.w < MIN_AVIF_SIDE || size.h < MIN_AVIF_SIDE;
        let result = image.size.map(|size| edit.sides.size(edit.kept(size)));
        let format = match wanted {
            Format::Avif if result.is_some_and(is_small) => {
                if image.has_alpha && !is_flat {
                    Format::Png
                } else {
                    Format::Jpeg
                }
            }
            wanted => wanted,
        };
        words::format(edit, Imgproxy::NAME, "format", image, format)?;
        if format != image.format || !edit.is_empty() || self.quality.is_set(format) {
            words::quality(edit, format, self.quality.of(format));
        }
        if self.max_bytes != 0 && words::has_quality(format) {
            edit.set("maxBytes", self.max_bytes.clamp(100, 100_000_000), "max_bytes");
        }
        if image.is_animated {
            // One frame is the default of imgproxy's limit.
            edit.set("animated", false, "max_animation_frames");
        }
        match self.background {
            Some(rgb) => {
                words::background(edit, rgb, 255, "background");
                words::flatten(edit, image, format, "background");
            }
            None if format == Format::Jpeg => words::background(edit, [255; 3], 255, "background"),
            None if edit.has_sides() => words::background(edit, [0; 3], 0, "background"),
            None => (),
        }
        Ok(())
    }
}

/// The result of [`Options::place`].
struct Placed {
    /// Whether the picture gets clear sides.
    has_sides: bool,
    /// The scale of paddings and offsets.
    dpr: f64,
}

impl options::Watermark {
    /// Returns the watermark for the picture `name`.
    fn of(&self, name: &str, opacity: f64, dpr: f64) -> Watermark {
        let length = |offset: f64| {
            if offset.abs() < 1.0 {
                Length::Share(offset)
            } else {
                Length::Pixels((offset * dpr).round_ties_even())
            }
        };
        let position = |side: i8, offset: f64| Position {
            anchor: match side {
                -1 => Anchor::Start,
                1 => Anchor::End,
                _ => Anchor::Centre,
            },
            distance: length(offset),
        };
        let place = match self.side {
            None => Place::Tiles(length(self.x), length(self.y)),
            Some((x, y)) => Place::At(position(x, self.x), position(y, self.y)),
        };
        let scale = (0.0 < self.scale).then_some((Some(self.scale), Some(self.scale)));
        Watermark { name: name.to_owned(), opacity: self.opacity * opacity, place, scale }
    }
}

/// The scales of a picture's sides, and that of paddings and offsets.
#[derive(Clone, Copy, Debug)]
struct Scale {
    x: f64,
    y: f64,
    dpr: f64,
}

fn rect(left: i64, top: i64, size: Size) -> Rect {
    let start = |at: i64| u32::try_from(at.max(0)).unwrap_or(u32::MAX);
    Rect { x: start(left), y: start(top), size }
}

fn rounded(number: f64) -> u32 {
    number.round().clamp(1.0, MAX_SIDE) as u32
}

fn scaled(side: u32, scale: f64) -> u32 {
    rounded(f64::from(side) * scale)
}

/// Returns a side of the box; 0 for a free one.
fn box_side(side: u32, scale: f64) -> u32 {
    if side == 0 { 0 } else { rounded(f64::from(side) * scale) }
}

fn limited(wanted: u32, side: u32) -> u32 {
    if wanted == 0 { side } else { wanted.min(side) }
}

/// Returns the smallest box around the result that has the shape of the target.
fn ratio_box(target: (u32, u32), result: (u32, u32), scaled: Size) -> (u32, u32) {
    if target.0 == 0 || target.1 == 0 {
        return (0, 0);
    }
    let (w, h) = (f64::from(target.0), f64::from(target.1));
    let out = Size::new(limited(result.0, scaled.w), limited(result.1, scaled.h));
    let (excess_w, excess_h) = (w / f64::from(out.w), h / f64::from(out.h));
    if excess_w < excess_h {
        (out.w, rounded(f64::from(out.w) * (h / w)))
    } else if excess_h < excess_w {
        (rounded(f64::from(out.h) * (w / h)), out.h)
    } else {
        (0, 0)
    }
}
