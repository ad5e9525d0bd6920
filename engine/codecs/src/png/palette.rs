//! Exact palettes for images of few colours.

use png::BitDepth;

/// An image as indices into a palette.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Paletted {
    pub(super) table: Table,
    /// Indices, the first in the highest bits, rows padded to whole bytes.
    pub(super) rows: Vec<u8>,
}

/// The entries of a palette as a file has them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// `[r, g, b]` of each entry.
    pub(super) colours: Vec<u8>,
    /// Alpha of the first entries; the others are opaque.
    pub(super) alphas: Vec<u8>,
    /// The depth of each index.
    pub(super) depth: BitDepth,
    /// The entry of each index of a [`Palette`].
    places: Vec<u8>,
}

const MAX_COLOURS: usize = 256;
/// Slots for colours: four for each colour, so that searches are short.
const SLOTS: usize = 1024;

/// The palette of `samples`, shape `[.., width, channels]`, with `channels` 3 or 4; `None` for more colours than a
/// palette has entries.
pub(super) fn of(samples: &[u8], width: usize, channels: usize) -> Option<Paletted> {
    let mut palette = Palette::new();
    let indices = palette.indices(samples, channels)?;
    let table = palette.table();
    Some(Paletted { rows: table.pack(&indices, width), table })
}

/// The colours of images, in the order in which they are found.
pub(super) struct Palette {
    /// Indices of colours plus one, each at its hash or in the next free slot; 0 for an empty slot.
    slots: [u16; SLOTS],
    colours: Vec<[u8; 4]>,
}

impl Palette {
    pub(super) fn new() -> Self {
        Self { slots: [0; SLOTS], colours: Vec::with_capacity(MAX_COLOURS) }
    }

    /// The index of each pixel of `samples`, whose colours are added; `None` if there are too many.
    pub(super) fn indices(&mut self, samples: &[u8], channels: usize) -> Option<Vec<u8>> {
        let mut indices = Vec::new();
        let mut last = ([0; 4], None);
        for pixel in samples.chunks_exact(channels) {
            let mut colour = [0, 0, 0, 255];
            colour[..channels].copy_from_slice(pixel);
            if last.1.is_none() || last.0 != colour {
                last = (colour, Some(self.index(colour)?));
            }
            indices.extend(last.1);
        }
        Some(indices)
    }

    /// The index of `colour`, which is added if it is new; `None` if the palette is full.
    fn index(&mut self, colour: [u8; 4]) -> Option<u8> {
        // Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4).
        let hash = u32::from_le_bytes(colour).wrapping_mul(0x9E37_79B9) >> 22;
        let mut slot = hash as usize % SLOTS;
        loop {
            match self.slots[slot] {
                0 => break,
                found if self.colours[usize::from(found) - 1] == colour => return Some((found - 1) as u8),
                _ => slot = (slot + 1) % SLOTS,
            }
        }
        if self.colours.len() == MAX_COLOURS {
            return None;
        }
        self.colours.push(colour);
        self.slots[slot] = self.colours.len() as u16;
        Some((self.colours.len() - 1) as u8)
    }

    /// The entries of all colours.
    pub(super) fn table(&self) -> Table {
        // Entries that are not opaque come first, so that the list of alphas can end early.
        let mut order: Vec<usize> = (0..self.colours.len()).collect();
        order.sort_by_key(|index| self.colours[*index][3] == 255);
        let mut places = vec![0; self.colours.len()];
        for (place, index) in order.iter().enumerate() {
            places[*index] = place as u8;
        }
        let entries = || order.iter().map(|index| self.colours[*index]);
        let depth = match self.colours.len() {
            0..=2 => BitDepth::One,
            3..=4 => BitDepth::Two,
            5..=16 => BitDepth::Four,
            _ => BitDepth::Eight,
        };
        Table {
            colours: entries().flat_map(|[red, green, blue, _]| [red, green, blue]).collect(),
            alphas: entries().map(|colour| colour[3]).take_while(|alpha| *alpha < 255).collect(),
            depth,
            places,
        }
    }
}

impl Table {
    /// The rows of an image of this width as the entries of its `indices`.
    pub(super) fn pack(&self, indices: &[u8], width: usize) -> Vec<u8> {
        let bits = self.depth as usize;
        let pack = |run: &[u8]| {
            let place = |index: &u8| u32::from(self.places[usize::from(*index)]);
            let packed = run.iter().fold(0, |packed, index| (packed << bits) | place(index));
            let missing = 8 / bits - run.len();
            (packed << (missing * bits)) as u8
        };
        let row = |row: &[u8]| row.chunks(8 / bits).map(pack).collect::<Vec<_>>();
        indices.chunks(width.max(1)).flat_map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_packed_and_padded() {
        let [black, white] = [[0; 3], [255; 3]];
        let picture = [black, white, white, white, black, white].concat();
        let table = Table {
            colours: [black, white].concat(),
            alphas: vec![],
            depth: BitDepth::One,
            places: vec![0, 1],
        };
        let expected = Paletted { table, rows: vec![0b0110_0000, 0b1010_0000] };
        assert_eq!(of(&picture, 3, 3), Some(expected));
    }

    #[test]
    fn transparent_entries_come_first() {
        let picture = [9, 9, 9, 255, 1, 2, 3, 0, 1, 2, 3, 128];
        let table = Table {
            colours: vec![1, 2, 3, 1, 2, 3, 9, 9, 9],
            alphas: vec![0, 128],
            depth: BitDepth::Two,
            places: vec![2, 0, 1],
        };
        let expected = Paletted { table, rows: vec![0b1000_0100] };
        assert_eq!(of(&picture, 3, 4), Some(expected));
    }

    #[test]
    fn a_palette_has_at_most_256_colours() {
        let colours =
            |count: u16| (0..count).flat_map(|n| [(n % 200) as u8, (n / 200) as u8, 7]).collect::<Vec<_>>();
        let full = of(&colours(256), 16, 3).unwrap();
        assert_eq!((full.table.depth, full.table.colours.len()), (BitDepth::Eight, 3 * 256));
        assert_eq!(full.rows, (0..=255).collect::<Vec<_>>());
        assert_eq!(of(&colours(257), 1, 3), None);
    }
}
