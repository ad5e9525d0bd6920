//! The grammar of each format.

use crate::{
    bmp::Bmp, gif::Gif, grammar::Grammar, ico::Ico, isobmff::IsoBmff, jpeg::Jpeg, jpeg2000::Jpeg2000,
    jpegxl::JpegXl, png::Png, svg::Svg, tiff::Tiff, webp::Webp,
};
use safelight_core::Limits;
use safelight_formats::Format;

/// Returns a grammar at the start of a source; `None` if the metadata of `format` cannot be told apart from
/// its image data.
#[allow(clippy::unnecessary_wraps, reason = "a format that is only decoded has no grammar")]
pub(crate) fn new_grammar(format: Format, limits: &Limits) -> Option<Box<dyn Grammar>> {
    Some(match format {
        Format::Jpeg => Box::<Jpeg>::default(),
        Format::Png => Box::<Png>::default(),
        Format::Webp => Box::<Webp>::default(),
        Format::Gif => Box::<Gif>::default(),
        Format::Avif | Format::Heic | Format::Heif => Box::new(IsoBmff::new(format, limits)),
        Format::Tiff => Box::new(Tiff::new(limits)),
        Format::Bmp => Box::<Bmp>::default(),
        Format::JpegXl => Box::<JpegXl>::default(),
        Format::Jpeg2000 => Box::new(Jpeg2000::new(limits)),
        Format::Svg => Box::new(Svg::new(limits)),
        Format::Ico => Box::new(Ico::new(limits)),
        Format::Psd | Format::Raw => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formats_that_can_be_stripped_have_a_grammar() {
        for format in Format::all() {
            let has_grammar = new_grammar(format, &Limits::default()).is_some();
            assert_eq!(format.abilities().strip, has_grammar, "{format}");
        }
    }
}
