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

/// Returns the index of the nearest of the best `max` colours for each of `colours`, `[r, g, b]`, all different, and of
/// these weights.
#[cfg(feature = "gif")]
pub(crate) fn grouped(colours: &[([u8; 3], u64)], max: usize) -> Vec<u8> {
    // A colour counts for its logarithm, so that a wide background does not take all entries.
    let repeats = |count: u64| 1 + count.max(1).ilog2() as usize;
    let repeated = colours
        .iter()
        .flat_map(|([r, g, b], count)| std::iter::repeat_n(Srgb::new(*r, *g, *b), repeats(*count)));
    let pixels: Vec<_> = repeated.collect();
    let image = ImageRef::new(pixels.len() as u32, 1, &pixels).expect("the pixels are one row");
    let max = PaletteSize::from_u16_clamped(max as u16);
    let pipeline = Pipeline::new().palette_size(max).ditherer(None).input_image(image);
    let (_, indices) = pipeline.output_srgb8_indexed_image().into_parts();
    let mut at = 0;
    let first = |(_, count): &([u8; 3], u64)| {
        let index = indices[at];
        at += repeats(*count);
        index
    };
    colours.iter().map(first).collect()
}
