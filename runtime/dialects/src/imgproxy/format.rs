//! Formats, qualities and colours of imgproxy.

use super::arguments::{Arguments, Invalid};
use crate::image::Image;
use safelight_core::Format;

/// Returns the format that a word names.
pub(super) fn parse(word: &str) -> Option<Format> {
    Some(match word {
        "jpg" | "jpeg" => Format::Jpeg,
        "png" => Format::Png,
        "webp" => Format::Webp,
        "gif" => Format::Gif,
        "avif" => Format::Avif,
        "tiff" => Format::Tiff,
        "bmp" => Format::Bmp,
        "ico" => Format::Ico,
        "svg" => Format::Svg,
        "jxl" => Format::JpegXl,
        "heic" => Format::Heic,
        _ => return None,
    })
}

/// Returns the colour of three or six hexadecimal digits.
pub(super) fn hex_colour(text: &str) -> Option<[u8; 3]> {
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(text, 16).ok()?;
    let [_, red, green, blue] = number.to_be_bytes();
    match text.len() {
        6 => Some([red, green, blue]),
        3 => Some([green & 15, blue >> 4, blue & 15].map(|digit| digit * 17)),
        _ => None,
    }
}

/// Qualities by format.
#[derive(Clone, Debug, Default)]
pub(super) struct Quality {
    /// That of all formats; 0 for none.
    all: u8,
    formats: Vec<(Format, u8)>,
}

impl Quality {
    pub(super) fn apply(&mut self, arguments: &Arguments<'_>) -> Result<(), Invalid> {
        self.all = quality(arguments.at_most(1)?, 0)?;
        Ok(())
    }

    pub(super) fn apply_formats(&mut self, arguments: &Arguments<'_>) -> Result<(), Invalid> {
        Invalid::unless(arguments.len().is_multiple_of(2))?;
        for index in (0..arguments.len()).step_by(2) {
            let format = arguments.all().get(index).and_then(|word| parse(word)).ok_or(Invalid::Option)?;
            self.formats.push((format, quality(arguments, index + 1)?));
        }
        Ok(())
    }

    /// Returns whether the URL has a quality for a format.
    pub(super) fn is_set(&self, format: Format) -> bool {
        self.all != 0 || self.formats.iter().any(|(own, _)| *own == format)
    }

    /// Returns the quality of a result.
    pub(super) fn of(&self, format: Format) -> u8 {
        let own = self.formats.iter().rev().find(|(own, _)| *own == format).map(|(_, quality)| *quality);
        match (self.all, own, format) {
            (1.., ..) => self.all,
            (_, Some(quality @ 1..), _) => quality,
            (_, _, Format::Webp) => 79,
            (_, _, Format::Avif) => 63,
            _ => 80,
        }
    }
}

fn quality(arguments: &Arguments<'_>, index: usize) -> Result<u8, Invalid> {
    let quality = arguments.whole(index)?;
    u8::try_from(quality).ok().filter(|quality| *quality <= 100).ok_or(Invalid::Option)
}

/// Returns the format of the result without one in the URL. `adds_alpha` is whether the picture gets clear sides.
pub(super) fn default(image: &Image, adds_alpha: bool, is_flat: bool) -> Format {
    match image.format {
        Format::Jpeg | Format::Png | Format::Gif | Format::Svg => image.format,
        _ if (image.has_alpha || adds_alpha) && !is_flat => Format::Png,
        _ => Format::Jpeg,
    }
}
