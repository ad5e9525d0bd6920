//! Palettes of at most 256 colours for a frame: exact, or the nearest colours, dithered.

use crate::quantise::nearest;
use safelight_core::Size;
use std::collections::HashMap;

/// The most entries of a palette (GIF89a, section 19).
const MAX_COLOURS: usize = 256;

/// A frame of indices.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Indexed {
    /// Shape `[size.h, size.w]`.
    pub(super) indices: Vec<u8>,
    /// Shape `[colours, 3]`.
    pub(super) palette: Vec<u8>,
    /// The index of transparent pixels, if there are any.
    pub(super) transparent: Option<u8>,
}

/// Indexes `rgba`, shape `[size.h, size.w, 4]`, whose alpha is 0 or 255.
pub(super) fn index(rgba: &[u8], size: Size) -> Indexed {
    let has_transparent = rgba.chunks_exact(4).any(is_transparent);
    let max = MAX_COLOURS - usize::from(has_transparent);
    let (mut indices, mut palette) = exact(rgba, max).unwrap_or_else(|| nearest(rgba, size, max));
    if !has_transparent {
        return Indexed { indices, palette, transparent: None };
    }
    let transparent = (palette.len() / 3) as u8;
    palette.extend([0; 3]);
    let pixels = indices.iter_mut().zip(rgba.chunks_exact(4));
    pixels.filter(|(_, pixel)| is_transparent(pixel)).for_each(|(index, _)| *index = transparent);
    Indexed { indices, palette, transparent: Some(transparent) }
}

/// The table of colours that all frames share; empty if they have too many.
#[derive(Default)]
pub(super) struct Shared {
    /// Shape `[colours, 3]`, at most 256.
    pub(super) palette: Vec<u8>,
    known: HashMap<[u8; 3], u8>,
    transparent: Option<u8>,
}

impl Shared {
    /// Adds the colours of `rgba`, whose alpha is 0 or 255. Returns whether they fit.
    pub(super) fn add(&mut self, rgba: &[u8]) -> bool {
        let mut last = None;
        for pixel in rgba.as_chunks::<4>().0 {
            // Neighbours mostly have the same colour.
            if last == Some(pixel) || is_transparent(pixel) {
                continue;
            }
            last = Some(pixel);
            let [r, g, b, _] = *pixel;
            let Ok(next) = u8::try_from(self.known.len()) else {
                if self.known.contains_key(&[r, g, b]) {
                    continue;
                }
                return false;
            };
            self.known.entry([r, g, b]).or_insert_with(|| {
                self.palette.extend([r, g, b]);
                next
            });
        }
        true
    }

    /// Adds a transparent colour. Returns whether it fits.
    pub(super) fn add_transparent(&mut self) -> bool {
        self.transparent = u8::try_from(self.known.len()).ok();
        self.palette.extend(self.transparent.map_or(&[][..], |_| &[0; 3]));
        self.transparent.is_some()
    }

    /// Returns `frame` with indices into this table; `None` if a colour is not in it.
    pub(super) fn index(&self, frame: &Indexed) -> Option<Indexed> {
        let position = |(index, colour): (u8, &[u8; 3])| {
            if frame.transparent == Some(index) { self.transparent } else { self.known.get(colour).copied() }
        };
        let colours = (0..=u8::MAX).zip(frame.palette.as_chunks::<3>().0);
        let positions: Vec<u8> = colours.map(position).collect::<Option<_>>()?;
        let indices = frame.indices.iter().map(|index| positions[usize::from(*index)]).collect();
        let transparent = frame.transparent.and(self.transparent);
        Some(Indexed { indices, palette: Vec::new(), transparent })
    }
}

fn is_transparent(pixel: &[u8]) -> bool {
    matches!(pixel, [_, _, _, 0])
}

/// The indices and the palette of the opaque pixels' colours, in order of appearance; `None` if there are more
/// than `max`.
fn exact(rgba: &[u8], max: usize) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut known: HashMap<[u8; 3], u8> = HashMap::new();
    let mut palette = Vec::new();
    let mut indices = Vec::with_capacity(rgba.len() / 4);
    // Neighbours mostly have the same colour.
    let mut last = ([0; 3], None);
    for pixel in rgba.chunks_exact(4) {
        let &[r, g, b, _] = pixel else { continue };
        let colour = [r, g, b];
        if is_transparent(pixel) {
            indices.push(0);
            continue;
        }
        if last.0 != colour || last.1.is_none() {
            let next = known.len();
            if next == max && !known.contains_key(&colour) {
                return None;
            }
            let index = *known.entry(colour).or_insert_with(|| {
                palette.extend(colour);
                next as u8
            });
            last = (colour, Some(index));
        }
        indices.push(last.1.unwrap_or_default());
    }
    Some((indices, palette))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rgba(indexed: &Indexed) -> Vec<[u8; 4]> {
        let (colours, _) = indexed.palette.as_chunks::<3>();
        let pixel = |&index: &u8| match colours[usize::from(index)] {
            _ if indexed.transparent == Some(index) => [0; 4],
            [r, g, b] => [r, g, b, 255],
        };
        indexed.indices.iter().map(pixel).collect()
    }

    #[test]
    fn few_colours_are_kept_exactly() {
        let check = |pixels: &[[u8; 4]], colours: usize, transparent: Option<u8>| {
            let indexed = index(&pixels.concat(), Size::new(pixels.len() as u32, 1));
            assert_eq!(rgba(&indexed), pixels);
            assert_eq!((indexed.palette.len(), indexed.transparent), (colours * 3, transparent));
        };
        let grey = |level: u8| [level, level, level, 255];
        let greys: Vec<_> = (0..=255).map(grey).collect();
        check(&[grey(3), grey(3), grey(2)], 2, None);
        check(&[[0; 4], grey(9), [0; 4]], 2, Some(1));
        check(&[[0; 4]], 1, Some(0));
        check(&greys, 256, None);
        check(&[&greys[1..], &[[0; 4]]].concat(), 256, Some(255));
    }

    #[test]
    fn a_table_is_shared_by_frames_whose_colours_are_in_it() {
        let frame = |pixels: &[[u8; 4]]| index(&pixels.concat(), Size::new(pixels.len() as u32, 1));
        let [red, green, blue] = [[9, 0, 0, 255], [0, 9, 0, 255], [0, 0, 9, 255]];
        let mut shared = Shared::default();
        assert!(shared.add(&[red, green, [0; 4], red].concat()) && shared.add_transparent());
        assert_eq!(shared.palette, [9, 0, 0, 0, 9, 0, 0, 0, 0]);
        let found = shared.index(&frame(&[[0; 4], green, red])).unwrap();
        assert_eq!((found.indices, found.transparent), (vec![2, 1, 0], Some(2)));
        assert_eq!(shared.index(&frame(&[green])).unwrap().transparent, None);
        assert_eq!(shared.index(&frame(&[blue])), None);
        // A full table has room only for what it has.
        let greys: Vec<_> = (0..=255).map(|level| [level, level, level, 255]).collect();
        let mut full = Shared::default();
        assert!(full.add(&greys.concat()) && full.add(&greys[7]));
        assert!(!full.add(&red) && !full.add_transparent());
        assert_eq!((full.palette.len(), full.index(&frame(&[[0; 4]]))), (768, None));
    }

    #[test]
    fn many_colours_become_the_nearest() {
        let size = Size::new(64, 64);
        let pixel =
            |i: u32| [(i % 64 * 4) as u8, (i / 64 * 4) as u8, 128, if i.is_multiple_of(7) { 0 } else { 255 }];
        let pixels: Vec<[u8; 4]> = (0..64 * 64).map(pixel).collect();
        let indexed = index(&pixels.concat(), size);
        assert!(indexed.palette.len() <= MAX_COLOURS * 3);
        let mut error = 0;
        for (now, before) in rgba(&indexed).iter().zip(&pixels) {
            assert_eq!(now[3], before[3], "transparency is exact");
            let colours = now.iter().zip(before).take(if before[3] == 0 { 0 } else { 3 });
            error += colours.map(|(now, before)| u64::from(now.abs_diff(*before)).pow(2)).sum::<u64>();
        }
        let mean = error as f64 / (3.0 * 64.0 * 64.0);
        assert!(mean < 100.0, "mean squared error {mean}");
    }
}
