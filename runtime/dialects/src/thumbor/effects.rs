//! Filters, and the parameters for them.

use super::{Flavour, arguments::Arguments, watermark};
use crate::{edit::Edit, watermark::Watermark};
use safelight_core::{Colour, Format, Rect, Size};

/// What the filters of a URL ask for.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the URL")]
pub(super) struct Effects {
    pub(super) upscale: bool,
    pub(super) no_upscale: bool,
    pub(super) is_stretched: bool,
    pub(super) is_raw: bool,
    pub(super) is_expired: bool,
    pub(super) is_still: bool,
    /// Left, top, right, bottom: shares if all are at most 1.
    focal: Vec<[f64; 4]>,
    pub(super) fill: Option<Colour>,
    /// The colour behind the picture.
    pub(super) flat: Option<Colour>,
    /// Clockwise, after all else.
    pub(super) quarters: i64,
    /// Clockwise, before all else.
    pub(super) orient: i64,
    pub(super) proportion: Option<f64>,
    pub(super) crop: Option<[f64; 4]>,
    /// Tolerance.
    pub(super) trim: Option<u32>,
    /// Left, top, right, bottom.
    pub(super) padding: Option<[i64; 4]>,
    pub(super) format: Option<Format>,
    pub(super) quality: Option<u8>,
    pub(super) max_bytes: Option<u32>,
    /// Factors and offsets of red, green and blue, which filters have changed.
    linear: Option<[Change; 3]>,
    pub(super) watermark: Option<Watermark>,
    /// Parameters, their values, and the filters.
    words: Vec<(&'static str, String, &'static str)>,
    /// The first filter that has no translation.
    pub(super) unsupported: Option<String>,
}

/// A factor, and an offset in levels of 255.
type Change = (f64, f64);

/// The limits of `linear`.
const MAX_FACTOR: f64 = 16.0;
const MAX_OFFSET: f64 = 4096.0;

/// Filters with a translation, and those without an effect here, in alphabetical order, of one service or of both. Of the second kind are headers
/// for caches, and metadata, which is always removed.
pub(super) const TRANSLATED: &[(Option<Flavour>, &str)] = &[
    (Some(Flavour::Imagor), "attachment"),
    (None, "autojpg"),
    (None, "background_color"),
    (Some(Flavour::Imagor), "bitdepth"),
    (None, "blur"),
    (None, "brightness"),
    (Some(Flavour::Thumbor), "colorize"),
    (Some(Flavour::Imagor), "compression"),
    (None, "contrast"),
    (Some(Flavour::Imagor), "crop"),
    (Some(Flavour::Imagor), "expire"),
    (None, "extract_focal"),
    (Some(Flavour::Imagor), "fallback_format"),
    (None, "fill"),
    (None, "focal"),
    (None, "format"),
    (None, "grayscale"),
    (Some(Flavour::Imagor), "hue"),
    (Some(Flavour::Imagor), "invert"),
    (Some(Flavour::Imagor), "lossless"),
    (None, "max_age"),
    (None, "max_bytes"),
    (Some(Flavour::Imagor), "max_frames"),
    (Some(Flavour::Imagor), "modulate"),
    (None, "no_upscale"),
    (Some(Flavour::Imagor), "orient"),
    (Some(Flavour::Imagor), "padding"),
    (Some(Flavour::Imagor), "page"),
    (Some(Flavour::Imagor), "palette"),
    (Some(Flavour::Imagor), "pixelate"),
    (Some(Flavour::Imagor), "preview"),
    (None, "proportion"),
    (None, "quality"),
    (Some(Flavour::Imagor), "raw"),
    (None, "rgb"),
    (None, "rotate"),
    (None, "round_corner"),
    (None, "saturation"),
    (None, "sharpen"),
    (None, "stretch"),
    (None, "strip_exif"),
    (None, "strip_icc"),
    (Some(Flavour::Imagor), "strip_metadata"),
    (Some(Flavour::Imagor), "to_colorspace"),
    (Some(Flavour::Imagor), "trim"),
    (None, "upscale"),
    (None, "watermark"),
];

/// Filters without a translation: they answer with the status 501.
pub(super) const UNTRANSLATED: &[(Flavour, &str)] = &[
    (Flavour::Thumbor, "convolution"),
    (Flavour::Thumbor, "curve"),
    (Flavour::Thumbor, "distributed_collage"),
    (Flavour::Thumbor, "equalize"),
    (Flavour::Thumbor, "frame"),
    (Flavour::Thumbor, "noise"),
    (Flavour::Imagor, "dpi"),
    (Flavour::Imagor, "image"),
    (Flavour::Imagor, "label"),
    (Flavour::Imagor, "text"),
];

impl Effects {
    /// Reads filters. As in their service, unknown ones and those with invalid arguments have no effect.
    pub(super) fn new(flavour: Flavour, filters: &[(String, String)]) -> Self {
        let mut effects = Self::default();
        for (name, arguments) in filters {
            let arguments = Arguments::new(arguments);
            let is_untranslated = UNTRANSLATED.iter().any(|(own, known)| *own == flavour && known == name);
            if is_untranslated {
                // Without arguments they have no effect either.
                let has_arguments = !arguments.text(0).is_empty() || name == "equalize";
                effects.unsupported = effects.unsupported.or_else(|| has_arguments.then(|| name.clone()));
                continue;
            }
            match flavour {
                Flavour::Thumbor => effects.thumbor(name, &arguments).unwrap_or_default(),
                Flavour::Imagor => effects.imagor(name, &arguments),
            }
        }
        effects
    }

    /// Adds the parameters.
    pub(super) fn add(&self, edit: &mut Edit) {
        for (key, value, option) in &self.words {
            edit.set(key, value, option);
        }
        if let Some(watermark) = &self.watermark {
            watermark.add(edit, "watermark");
        }
    }

    /// Returns the center of what matters within a part, in pixels of the part.
    pub(super) fn focus(&self, size: Size, part: Option<Rect>) -> Option<(f64, f64)> {
        let (x, y) = part.map_or((0.0, 0.0), |part| (f64::from(part.x), f64::from(part.y)));
        let mut sums = (0.0, 0.0, 0.0);
        for area in &self.focal {
            let are_shares = area.iter().all(|edge| *edge <= 1.0);
            let [left, top, right, bottom] = if are_shares {
                let (w, h) = (f64::from(size.w), f64::from(size.h));
                [area[0] * w, area[1] * h, area[2] * w, area[3] * h]
            } else {
                [area[0] - x, area[1] - y, area[2] - x, area[3] - y]
            };
            let weight = ((right - left) * (bottom - top)).max(1.0);
            let center = (f64::midpoint(left, right), f64::midpoint(top, bottom));
            let is_inside = (0.0..=f64::from(size.w)).contains(&center.0)
                && (0.0..=f64::from(size.h)).contains(&center.1);
            if is_inside {
                sums = (sums.0 + center.0 * weight, sums.1 + center.1 * weight, sums.2 + weight);
            }
        }
        (0.0 < sums.2).then(|| (sums.0 / sums.2, sums.1 / sums.2))
    }

    fn word(&mut self, key: &'static str, value: &dyn ToString, option: &'static str) {
        self.words.retain(|(known, ..)| *known != key);
        self.words.push((key, value.to_string(), option));
    }

    fn sigma(&mut self, key: &'static str, sigma: f64) {
        /// Less shows no difference.
        const MIN_SIGMA: f64 = 0.3;
        if MIN_SIGMA <= sigma {
            self.word(key, &sigma.min(100.0), key);
        }
    }

    /// Applies a filter of thumbor; `None` for arguments that do not fit.
    fn thumbor(&mut self, name: &str, arguments: &Arguments<'_>) -> Option<()> {
        match name {
            "brightness" => self.shift([f64::from(arguments.only_integer()?); 3], "brightness"),
            "rgb" if arguments.len() == 3 => {
                let [red, green, blue] = [0, 1, 2].map(|index| arguments.integer(index).map(f64::from));
                self.shift([red?, green?, blue?], "rgb");
            }
            "colorize" if arguments.len() == 4 => {
                // thumbor fails on the others.
                let colour = Colour::parse(arguments.text(3)).filter(|_| arguments.text(3).len() == 6);
                let Some(colour) = colour else {
                    self.unsupported.get_or_insert("colorize with a colour other than RRGGBB".to_owned());
                    return None;
                };
                let share = |index: usize| {
                    let share = f64::from(arguments.whole(index)?.min(100)) / 100.0;
                    Some((1.0 - share, share * f64::from(colour.rgb[index])))
                };
                self.linear([share(0)?, share(1)?, share(2)?], "colorize");
            }
            "contrast" => {
                let share = (100.0 + f64::from(arguments.only_integer()?.max(-100))) / 100.0;
                self.spread(share * share, 127.5);
            }
            "saturation" => self.word("saturation", &arguments.decimal(0)?.clamp(0.0, 5.0), "saturation"),
            "grayscale" if arguments.is_empty() => self.word("grayscale", &true, "grayscale"),
            "blur" => {
                let radius = arguments.whole(0)?.min(150);
                let sigma = if arguments.len() == 2 { arguments.whole(1)? } else { radius };
                self.sigma("blur", f64::from(if sigma == 0 { radius } else { sigma }));
            }
            "sharpen" if arguments.len() == 3 => {
                let (amount, radius) = (arguments.decimal(0)?, arguments.decimal(1)?);
                if 0.0 < amount {
                    self.sigma("sharpen", radius);
                }
            }
            "rotate" => {
                let degrees = arguments.only_integer()?;
                // Other angles have no effect.
                if degrees % 90 == 0 {
                    self.quarters -= i64::from(degrees / 90);
                }
            }
            "round_corner" => {
                let radius: u32 = arguments.text(0).split('|').next()?.parse().ok()?;
                let channel = |index| arguments.text(index).parse::<u8>().ok();
                let rgb = [channel(1)?, channel(2)?, channel(3)?];
                self.round(radius, Some(Colour { rgb, alpha: 255 }).filter(|_| arguments.len() < 5));
            }
            "fill" => {
                // The colours of the picture itself are not known.
                self.fill(arguments.text(0));
                if matches!(arguments.text(1).to_ascii_lowercase().as_str(), "1" | "true") {
                    self.flat = self.fill;
                }
            }
            "background_color" => {
                self.flat = Colour::parse(arguments.text(0)).filter(|colour| colour.alpha != 0);
            }
            "watermark" => self.watermark(watermark::thumbor(arguments.all())),
            "upscale" => self.upscale = true,
            "no_upscale" => self.no_upscale = true,
            "stretch" => self.is_stretched = true,
            "proportion" => {
                self.proportion = Some(arguments.decimal(0)?).filter(|share| 0.0 < *share && *share < 1.0);
            }
            "focal" => {
                let (start, end) = arguments.text(0).split_once(':')?;
                let end = end.split(':').next()?;
                let ((left, top), (right, bottom)) = (start.split_once('x')?, end.split_once('x')?);
                let edge = |text: &str| text.parse::<u32>().ok().map(f64::from);
                self.focal.push([edge(left)?, edge(top)?, edge(right)?, edge(bottom)?]);
            }
            "format" => self.format = format(&arguments.text(0).to_ascii_lowercase()),
            "quality" => {
                self.quality =
                    Some(u8::try_from(arguments.whole(0)?).ok().filter(|quality| *quality <= 100)?);
            }
            "max_bytes" => self.max_bytes = Some(arguments.whole(0)?),
            _ => (),
        }
        Some(())
    }

    /// Applies a filter of imagor, which reads invalid numbers as 0.
    fn imagor(&mut self, name: &str, arguments: &Arguments<'_>) {
        let number = |index| arguments.decimal(index).unwrap_or(0.0);
        match name {
            "brightness" => self.shift([number(0); 3], "brightness"),
            "rgb" if arguments.len() == 3 => self.shift([0, 1, 2].map(number), "rgb"),
            "contrast" => {
                let level = number(0).clamp(-100.0, 100.0) * 2.55;
                self.spread(259.0 * (level + 255.0) / (255.0 * (259.0 - level)), 128.0);
            }
            "saturation" => self.saturation(number(0)),
            "hue" => self.word("hue", &number(0).round(), "hue"),
            "modulate" => {
                self.word("brightness", &(1.0 + number(0) / 100.0).clamp(0.0, 5.0), "modulate");
                self.saturation(number(1));
                self.word("hue", &number(2).round(), "modulate");
            }
            "grayscale" => self.word("grayscale", &true, "grayscale"),
            "invert" => self.word("invert", &true, "invert"),
            "blur" => {
                let sigma = if arguments.len() < 2 { number(0) / 2.0 } else { number(1) };
                self.sigma("blur", sigma);
            }
            "sharpen" => {
                let amount = if arguments.len() < 2 { number(0) } else { number(1) };
                self.sigma("sharpen", if 0.0 < amount { 1.0 + amount * 2.0 } else { 0.0 });
            }
            "pixelate" => self.pixelate(number(0)),
            "rotate" => {
                if let Some(degrees @ (90 | 180 | 270)) = arguments.only_integer() {
                    self.quarters -= i64::from(degrees / 90);
                }
            }
            "orient" => {
                if let Some(degrees @ (90 | 180 | 270)) = arguments.only_integer() {
                    self.orient -= i64::from(degrees / 90);
                }
            }
            "round_corner" => {
                let last = arguments.text(arguments.len() - 1);
                let colour = if last.parse::<f64>().is_ok() { None } else { Colour::parse(last) };
                self.round(number(0).max(0.0) as u32, colour);
            }
            "fill" => self.fill(arguments.text(0)),
            "background_color" => {
                let colour = Colour::parse(arguments.text(0)).unwrap_or(Colour { rgb: [0; 3], alpha: 255 });
                let is_none = matches!(arguments.text(0), "" | "none");
                self.flat = Some(colour).filter(|_| !is_none);
            }
            "padding" => {
                let side = |index: usize| arguments.text(index).parse::<i64>().unwrap_or(0);
                self.padding = match arguments.len() {
                    0 | 1 => return,
                    2 => Some([side(1); 4]),
                    3 | 4 => Some([side(1), side(2), side(1), side(2)]),
                    _ => Some([side(1), side(2), side(3), side(4)]),
                }
                .map(|sides| sides.map(|side| side.clamp(-16_384, 16_384)));
                let fill = self.fill;
                self.fill(arguments.text(0));
                if fill.is_none() && self.unsupported.is_none() {
                    // The colour, without the box of `fill`.
                    self.flat = self.fill.take();
                }
            }
            "watermark" => self.watermark(watermark::imagor(arguments.all())),
            "upscale" => self.upscale = true,
            "no_upscale" => self.no_upscale = true,
            "stretch" => self.is_stretched = true,
            "proportion" => {
                let share = number(0).min(100.0);
                let share = if 1.0 < share { share / 100.0 } else { share };
                self.proportion = Some(share).filter(|share| 0.0 < *share && *share < 1.0);
            }
            "focal" => self.focal_imagor(arguments),
            "crop" => self.crop = Some([number(0), number(1), number(2), number(3)]),
            "trim" => self.trim = Some(arguments.text(0).parse().unwrap_or(1)),
            "format" => match arguments.text(0) {
                "tiff" => self.unsupported = Some("format(tiff)".to_owned()),
                // libvips has no encoder of these, and imagor then writes JPEG.
                "bmp" | "pdf" => self.format = Some(Format::Jpeg),
                word => self.format = format(word).or(self.format),
            },
            "autojpg" => self.format = self.format.or(Some(Format::Jpeg)),
            "quality" => {
                let quality = arguments.only_integer().unwrap_or(0);
                self.quality = u8::try_from(quality).ok().filter(|quality| (1..=100).contains(quality));
            }
            "max_bytes" => self.max_bytes = arguments.text(0).parse().ok().filter(|bytes| 0 < *bytes),
            "lossless" => self.word("compression", &"lossless", "lossless"),
            "max_frames" => self.is_still |= arguments.text(0) == "1",
            "page" => {
                if let Some(page @ 2..) = arguments.only_integer() {
                    self.word("page", &(page - 1), "page");
                }
            }
            "raw" => self.is_raw = true,
            "attachment" if !arguments.text(0).is_empty() => {
                self.word("download", &arguments.text(0), "attachment");
            }
            _ => (),
        }
    }

    fn focal_imagor(&mut self, arguments: &Arguments<'_>) {
        let edge = |text: &str| text.parse::<f64>().ok().filter(|edge| 0.0 <= *edge && edge.is_finite());
        let point = || Some((edge(arguments.text(0))?, edge(arguments.text(1))?));
        if let Some((x, y)) = point() {
            self.focal.push([x, y, x, y]);
            return;
        }
        let area = || {
            let (start, end) = arguments.text(0).split_once(':')?;
            let ((left, top), (right, bottom)) = (start.split_once('x')?, end.split_once('x')?);
            Some([edge(left)?, edge(top)?, edge(right)?, edge(bottom)?])
        };
        // Turned round, it is nothing.
        self.focal.extend(area().filter(|[left, top, right, bottom]| left < right && top < bottom));
    }

    fn pixelate(&mut self, block: f64) {
        // Blocks of one pixel change nothing.
        let block = if block < 1.0 { 10 } else { block as u32 };
        if 1 < block {
            self.word("pixelate", &block.min(1000), "pixelate");
        }
    }

    /// Adds these percentages of white to red, green and blue.
    fn shift(&mut self, percent: [f64; 3], option: &'static str) {
        self.linear(percent.map(|percent| (1.0, 2.55 * percent)), option);
    }

    /// Multiplies the distance from a level.
    fn spread(&mut self, factor: f64, level: f64) {
        let factor = factor.clamp(0.0, MAX_FACTOR);
        self.linear([(factor, level * (1.0 - factor)); 3], "contrast");
    }

    /// Changes red, green and blue after the filters before.
    fn linear(&mut self, changes: [Change; 3], option: &'static str) {
        let before = self.linear.unwrap_or([(1.0, 0.0); 3]);
        let after = [0, 1, 2].map(|index| {
            let ((factor, offset), (by, plus)) = (before[index], changes[index]);
            let limited = |number: f64, max: f64| (number.clamp(-max, max) * 1000.0).round() / 1000.0;
            (limited(factor * by, MAX_FACTOR), limited(offset * by + plus, MAX_OFFSET))
        });
        self.linear = Some(after);
        let pairs: Vec<_> = after.iter().map(|(factor, offset)| format!("{factor},{offset}")).collect();
        self.word("linear", &pairs.join(","), option);
    }

    fn saturation(&mut self, percent: f64) {
        self.word("saturation", &(1.0 + percent / 100.0).clamp(0.0, 5.0), "saturation");
    }

    /// Takes a watermark, if there is one.
    fn watermark(&mut self, found: Option<watermark::Found>) {
        match found {
            None => (),
            // One parameter has one.
            Some(Ok(_)) if self.watermark.is_some() => {
                self.unsupported.get_or_insert("a second watermark".to_owned());
            }
            Some(Ok(watermark)) => self.watermark = Some(watermark),
            Some(Err(option)) => {
                self.unsupported.get_or_insert(option.to_owned());
            }
        }
    }

    fn round(&mut self, radius: u32, colour: Option<Colour>) {
        if 0 < radius {
            self.word("round", &radius, "round_corner");
            self.flat = self.flat.or(colour);
        }
    }

    fn fill(&mut self, colour: &str) {
        match colour {
            "auto" | "blur" => self.unsupported = Some(format!("fill({colour})")),
            "none" | "transparent" => self.fill = Some(Colour::TRANSPARENT),
            colour => self.fill = Some(Colour::parse(colour).unwrap_or(Colour { rgb: [0; 3], alpha: 255 })),
        }
    }
}

fn format(word: &str) -> Option<Format> {
    Some(match word {
        "jpeg" | "jpg" => Format::Jpeg,
        "png" => Format::Png,
        "webp" => Format::Webp,
        "gif" => Format::Gif,
        "avif" => Format::Avif,
        _ => return None,
    })
}
