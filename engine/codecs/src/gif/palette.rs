//! Palettes of at most 256 colours for a frame: exact, or the nearest colours, dithered.

use crate::quantise::{grouped, nearest};
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

/// The colours of all frames, and how many pixels have them.
#[derive(Default)]
pub(super) struct Counted {
    /// In order of appearance.
    colours: Vec<([u8; 3], u64)>,
    positions: HashMap<[u8; 3], usize>,
}

/// The most colours that are counted. Photos have more, and each frame needs a table of its own.
const MAX_COUNTED: usize = 1 << 12;

impl Counted {
    /// Adds the colours of `rgba`, whose alpha is 0 or 255. Returns whether they are few.
    pub(super) fn add(&mut self, rgba: &[u8]) -> bool {
        // Neighbours mostly have the same colour.
        let mut last = None;
        for pixel in rgba.as_chunks::<4>().0 {
            if is_transparent(pixel) {
                continue;
            }
            let position = match last {
                Some((same, position)) if same == pixel => position,
                _ => {
                    let [r, g, b, _] = *pixel;
                    let position = *self.positions.entry([r, g, b]).or_insert(self.colours.len());
                    if position == MAX_COUNTED {
                        return false;
                    }
                    if position == self.colours.len() {
                        self.colours.push(([r, g, b], 0));
                    }
                    position
                }
            };
            self.colours[position].1 += 1;
            last = Some((pixel, position));
        }
        true
    }

    /// Returns the table that all frames share; `None` if it would change them visibly.
    pub(super) fn shared(self, has_transparent: bool) -> Option<Shared> {
        let max = MAX_COLOURS - usize::from(has_transparent);
        let (indices, mut palette) = if self.colours.len() <= max {
            let palette: Vec<_> = self.colours.iter().map(|(colour, _)| *colour).collect();
            ((0..=u8::MAX).take(palette.len()).collect(), palette)
        } else {
            self.reduced(max)?
        };
        let transparent = has_transparent.then_some(palette.len() as u8);
        palette.extend(transparent.map(|_| [0; 3]));
        let colours = self.colours.into_iter().map(|(colour, _)| colour);
        Some(Shared { palette: palette.concat(), known: colours.zip(indices).collect(), transparent })
    }

    /// Returns the index of each colour in a table of `max` colours, and the table; `None` if the error is large.
    fn reduced(&self, max: usize) -> Option<(Vec<u8>, Vec<[u8; 3]>)> {
        /// The most mean squared error of a channel, of 255: no eye sees it in a drawing, and photos exceed it.
        const MAX_ERROR: u64 = 4;
        /// Twelve levels of one channel, or seven of each.
        const MAX_SQUARE: u64 = 150;
        // The most frequent colour of a group stands for all: areas of one colour keep it.
        let mut most = vec![None; max];
        for (entry, index) in self.colours.iter().zip(grouped(&self.colours, max)) {
            let most: &mut Option<([u8; 3], u64)> = &mut most[usize::from(index)];
            if most.is_none_or(|(_, count)| count < entry.1) {
                *most = Some(*entry);
            }
        }
        let mut palette: Vec<_> = most.into_iter().flatten().map(|(colour, _)| colour).collect();
        let mut found: Vec<_> = self.colours.iter().map(|(colour, _)| closest(*colour, &palette)).collect();
        // Entries that no group took are for shades that would move by more than this, squared. More entries than
        // needed take bytes.
        while palette.len() < max {
            let worst = (0..found.len()).max_by_key(|at| found[*at].1).filter(|at| MAX_SQUARE < found[*at].1);
            let Some(worst) = worst else { break };
            let (colour, _) = self.colours[worst];
            for ((other, _), found) in self.colours.iter().zip(&mut found) {
                let square = square(*other, colour);
                if square < found.1 {
                    *found = (palette.len() as u8, square);
                }
            }
            palette.push(colour);
        }
        let counts = || self.colours.iter().map(|(_, count)| count);
        let error: u64 = found.iter().zip(counts()).map(|((_, square), count)| square * count).sum();
        let indices = found.into_iter().map(|(index, _)| index).collect();
        (error <= MAX_ERROR * 3 * counts().sum::<u64>()).then_some((indices, palette))
    }
}

/// The entry of `palette` that is closest to `colour`, and its squared distance.
fn closest(colour: [u8; 3], palette: &[[u8; 3]]) -> (u8, u64) {
    let squares = palette.iter().map(|entry| square(colour, *entry));
    let entries = (0..=u8::MAX).zip(squares);
    entries.min_by_key(|(_, square)| *square).unwrap_or_default()
}

/// The squared distance of two colours.
fn square(a: [u8; 3], b: [u8; 3]) -> u64 {
    a.into_iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(b)).pow(2)).sum()
}

/// The table of colours that all frames share.
pub(super) struct Shared {
    /// Shape `[colours, 3]`, at most 256.
    pub(super) palette: Vec<u8>,
    known: HashMap<[u8; 3], u8>,
    transparent: Option<u8>,
}

impl Shared {
    /// Indexes `rgba`, whose alpha is 0 or 255; `None` if it has a colour that was not counted.
    pub(super) fn index(&self, rgba: &[u8]) -> Option<Indexed> {
        let mut last = None;
        let mut has_transparent = false;
        let index = |pixel: &[u8; 4]| {
            if is_transparent(pixel) {
                has_transparent = true;
                return self.transparent;
            }
            if let Some((_, index)) = last.filter(|(same, _)| same == pixel) {
                return Some(index);
            }
            let [r, g, b, _] = *pixel;
            let index = *self.known.get(&[r, g, b])?;
            last = Some((*pixel, index));
            Some(index)
        };
        let indices = rgba.as_chunks::<4>().0.iter().map(index).collect::<Option<_>>()?;
        let transparent = self.transparent.filter(|_| has_transparent);
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
        let [red, green, blue] = [[9, 0, 0, 255], [0, 9, 0, 255], [0, 0, 9, 255]];
        let table = |pixels: &[[u8; 4]], has_transparent| {
            let mut counted = Counted::default();
            assert!(counted.add(&pixels.concat()));
            counted.shared(has_transparent).unwrap()
        };
        let shared = table(&[red, green, [0; 4], red], true);
        assert_eq!(shared.palette, [9, 0, 0, 0, 9, 0, 0, 0, 0]);
        let found = shared.index(&[[0; 4], green, red].concat()).unwrap();
        assert_eq!((found.indices, found.transparent), (vec![2, 1, 0], Some(2)));
        assert_eq!(shared.index(&green).unwrap().transparent, None);
        assert_eq!(shared.index(&blue), None);
        let greys: Vec<_> = (0..=255).map(|level| [level, level, level, 255]).collect();
        assert_eq!(table(&greys, false).palette.len(), 768);
    }

    #[test]
    fn a_shared_table_keeps_areas_and_moves_shades_a_little() {
        // Two areas, and the shades between them, as a resize makes them.
        let shades: Vec<_> = (0..300_u32).map(|i| [(i % 150) as u8, (i / 3) as u8, 90, 255]).collect();
        let areas = [[250, 251, 252, 255].repeat(5000), [3, 2, 1, 255].repeat(4000)].concat();
        let mut counted = Counted::default();
        assert!(counted.add(&areas) && counted.add(&shades.concat()));
        let shared = counted.shared(true).unwrap();
        assert!(shared.palette.len() <= 768);
        let shown = |pixel: &[u8; 4]| {
            let index = usize::from(shared.index(pixel).unwrap().indices[0]);
            [0, 1, 2].map(|channel| shared.palette[3 * index + channel])
        };
        assert_eq!((shown(&[250, 251, 252, 255]), shown(&[3, 2, 1, 255])), ([250, 251, 252], [3, 2, 1]));
        let worst = shades.iter().map(|shade| square(shown(shade), [shade[0], shade[1], shade[2]])).max();
        assert!(worst.unwrap() <= 150, "squared distance {worst:?}");
        // Noise has no table that all frames could share.
        let noise = (0..4000_u32)
            .flat_map(|i| [((i * 7919) >> 4) as u8, ((i * 104_729) >> 7) as u8, (i * 31) as u8, 255]);
        let mut counted = Counted::default();
        assert!(counted.add(&noise.collect::<Vec<_>>()));
        assert!(counted.shared(false).is_none());
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
