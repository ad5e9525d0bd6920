//! Reduction of an image to few colours.

use quantette::deps::palette::Srgb;
use quantette::{ImageRef, PaletteSize, Pipeline};
use safelight_core::Size;

/// Returns the indices of `rgba`, shape `[size.h, size.w, 4]`, dithered to the best `max` colours, and these colours,
/// shape `[colours, 3]`. Alpha is ignored, except that transparent pixels add no colour.
pub(crate) fn nearest(rgba: &[u8], size: Size, max: usize) -> (Vec<u8>, Vec<u8>) {
    let (pixels, _) = rgba.as_chunks::<4>();
    let colour = |[r, g, b, _]: &[u8; 4]| Srgb::new(*r, *g, *b);
    let is_visible = |pixel: &&[u8; 4]| pixel[3] != 0;
    let mut last = pixels.iter().find(is_visible).map_or(Srgb::new(0, 0, 0), colour);
    // Transparent pixels repeat a neighbour, so they add no colour.
    let colours = pixels.iter().map(|pixel| {
        if is_visible(&pixel) {
            last = colour(pixel);
        }
        last
    });
    let colours: Vec<_> = colours.collect();
    let max = PaletteSize::from_u16_clamped(max as u16);
    let image = ImageRef::new(size.w, size.h, &colours).expect("the pixels match the size of the frame");
    let indexed = Pipeline::new().palette_size(max).input_image(image).output_srgb8_indexed_image();
    let (palette, indices) = indexed.into_parts();
    (indices, palette.into_iter().flat_map(|colour| [colour.red, colour.green, colour.blue]).collect())
}
