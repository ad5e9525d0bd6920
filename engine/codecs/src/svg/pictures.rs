//! Pictures in `data:` URLs: each is decoded once, by the decoder of its format, within the limits of a source.

use super::{FORMAT, raster::Raster};
use crate::decoders::DECODERS;
use crate::error::CodecError;
use resvg::usvg::roxmltree::{Document, Node};
use safelight_containers::svg::picture;
use safelight_core::{Cost, Decode, Format, Kind, Limits, Opened, Result, Size, Stop, Turn};
use std::collections::HashMap;
use std::ops::Range;

/// The most pictures that differ.
const MAX_PICTURES: usize = 1000;

/// The pictures of a drawing, of which the elements have the numbers.
#[derive(Default)]
pub(super) struct Pictures(Vec<Picture>);

/// A picture whose header was read.
struct Picture {
    /// `None` if it is damaged: it is not drawn, as in browsers.
    opened: Option<Box<dyn Opened>>,
    /// The size when it is upright.
    size: Size,
    /// Bytes of its URL.
    url_bytes: u64,
}

impl Pictures {
    /// Opens the pictures of `document`, which was parsed from `text`; and returns `text` with the number of a picture in
    /// place of each URL.
    ///
    /// # Errors
    /// [`Kind::LimitExceeded`] if they are too many or have too many pixels together; [`Kind::UnsupportedFormat`] for one
    /// that the build cannot decode.
    pub(super) fn take(text: &str, document: &Document<'_>, limits: &Limits) -> Result<(String, Self)> {
        let mut pictures = Self::default();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut numbered = String::with_capacity(text.len());
        let mut at = 0;
        for range in document.descendants().filter(is_picture).flat_map(urls) {
            let url = &text[range.clone()];
            let number = match numbers.get(url) {
                Some(number) => *number,
                None => pictures.open(url, limits)?,
            };
            numbers.insert(url, number);
            numbered.push_str(&text[at..range.start]);
            numbered.push_str(&number.to_string());
            at = range.end;
        }
        numbered.push_str(&text[at..]);
        Ok((numbered, pictures))
    }

    /// Opens the picture in a URL, and returns its number.
    fn open(&mut self, url: &str, limits: &Limits) -> Result<usize> {
        let (number, url_bytes) = (self.0.len(), url.len() as u64);
        if number == MAX_PICTURES {
            return Err(CodecError::TooComplex(FORMAT, "it contains too many pictures").into());
        }
        let opened = picture(url).and_then(|(format, file)| {
            let decoder = DECODERS.iter().find(|decoder| decoder.format() == format && format != Format::Svg);
            decoder.map(|decoder| decoder.open(file.into(), limits))
        });
        let unsupported = || CodecError::Unsupported(FORMAT, "it contains a picture that cannot be decoded");
        let picture = match opened.ok_or_else(unsupported)? {
            Ok(opened) => {
                let geometry = opened.header().geometry;
                let size = Turn::from(geometry.orientation).size(geometry.size);
                Picture { opened: Some(opened), size, url_bytes }
            }
            Err(error) if error.kind == Kind::Corrupt => {
                Picture { opened: None, size: Size::new(0, 0), url_bytes }
            }
            Err(error) => return Err(error),
        };
        self.0.push(picture);
        let pixels = self.0.iter().fold(0, |sum: u64, picture| sum.saturating_add(picture.size.pixels()));
        if limits.max_pixels < pixels {
            return Err(CodecError::TooComplex(FORMAT, "its pictures have too many pixels together").into());
        }
        Ok(number)
    }

    /// The cost of all: their files and the pixels of all stay in memory, and one after the other is decoded.
    pub(super) fn cost(&self) -> Cost {
        /// The copies of the sanitiser.
        const URL_BYTES: u64 = 8;
        const CONVERT_NS: u64 = 10;
        let (mut kept, mut peak, mut ns) = (0_u64, 0, 0_u64);
        for Picture { opened, size, url_bytes } in &self.0 {
            kept = kept.saturating_add(url_bytes.saturating_mul(URL_BYTES));
            let Some(opened) = opened else { continue };
            let (pixels, Cost { bytes, cpu_ns }) = (size.pixels(), opened.cost(&wanted(&**opened)));
            kept = kept.saturating_add(pixels.saturating_mul(Raster::PIXEL_BYTES));
            peak = bytes.saturating_add(pixels.saturating_mul(Raster::WORK_BYTES)).max(peak);
            ns = ns.saturating_add(cpu_ns).saturating_add(pixels.saturating_mul(CONVERT_NS));
        }
        Cost::new(kept.saturating_add(peak), ns)
    }

    /// Decodes them.
    ///
    /// # Errors
    /// Those of the decoders, apart from damage.
    pub(super) fn decode(self, stop: &Stop) -> Result<Vec<Raster>> {
        let decode = |Picture { opened, size, .. }| {
            let missing = Raster { size, levels: Vec::new() };
            let Some(opened) = opened else { return Ok(missing) };
            let decode = wanted(&*opened);
            match opened.decode(&decode, stop) {
                Ok(image) => Raster::new(image, size),
                Err(error) if error.kind == Kind::Corrupt => Ok(missing),
                Err(error) => Err(error),
            }
        };
        self.0.into_iter().map(decode).collect()
    }
}

/// All of the first frame, in sRGB.
fn wanted(opened: &dyn Opened) -> Decode {
    Decode { needed: opened.header().geometry.size, all_frames: false, keep_profile: false, chroma: (1, 1) }
}

/// Whether an element draws a picture.
fn is_picture(node: &Node<'_, '_>) -> bool {
    matches!(node.tag_name().name(), "image" | "feImage")
}

/// The places of the URLs of an element, which the sanitiser wrote without references to entities.
fn urls<'a>(node: Node<'a, '_>) -> impl Iterator<Item = Range<usize>> + 'a {
    let links = node.attributes().filter(|it| it.name() == "href" && it.value().starts_with("data:"));
    links.map(|it| it.range_value())
}
