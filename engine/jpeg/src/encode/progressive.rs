//! The scans of a progressive file (T.81 Annex G).

use super::{
    EncodeError, Image, Options,
    coefficients::{Coefficients, ones},
    component::{Component, for_each_interleaved, mcus},
    symbols::{SIXTEEN_ZEROS, Symbols, Table, size_and_bits},
};

/// A scan: of all components for DC coefficients, else of one.
#[derive(Clone, Copy)]
struct Scan {
    /// The component of an AC scan.
    component: usize,
    /// The first and last coefficient, both 0 for DC.
    band: (u8, u8),
    /// Whether it adds a bit to the bits of earlier scans.
    is_refinement: bool,
    /// The number of low bits that it omits.
    shift: u8,
}

const fn first(component: usize, band: (u8, u8), shift: u8) -> Scan {
    Scan { component, band, is_refinement: false, shift }
}

const fn refine(component: usize, band: (u8, u8), shift: u8) -> Scan {
    Scan { component, band, is_refinement: true, shift }
}

/// The scans of a grey image, as in libjpeg's `jpeg_simple_progression`.
const GREY: [Scan; 6] = [
    first(0, (0, 0), 1),
    first(0, (1, 5), 2),
    first(0, (6, 63), 2),
    refine(0, (1, 63), 1),
    refine(0, (0, 0), 0),
    refine(0, (1, 63), 0),
];

/// The scans of Y, Cb and Cr, as in libjpeg's `jpeg_simple_progression`: chroma comes early, since it takes
/// few bytes.
const YCC: [Scan; 10] = [
    first(0, (0, 0), 1),
    first(0, (1, 5), 2),
    first(2, (1, 63), 1),
    first(1, (1, 63), 1),
    first(0, (6, 63), 2),
    refine(0, (1, 63), 1),
    refine(0, (0, 0), 0),
    refine(2, (1, 63), 0),
    refine(1, (1, 63), 0),
    refine(0, (1, 63), 0),
];

/// Appends all scans.
pub(super) fn put_scans(
    file: &mut Vec<u8>,
    image: &Image,
    components: &[Component],
    options: &Options,
) -> Result<(), EncodeError> {
    let coefficients = components.iter().map(|part| Coefficients::of(part, options));
    let coefficients = coefficients.collect::<Result<Vec<_>, _>>()?;
    let mcus = mcus(image, components);
    let scans = if components.len() == 1 { &GREY[..] } else { &YCC[..] };
    let mut symbols = Symbols::new();
    for scan in scans {
        symbols.clear();
        let part = &components[scan.component];
        let own = &coefficients[scan.component];
        let table = Table::AC[part.table];
        match (scan.band, scan.is_refinement) {
            ((0, 0), _) => push_dc(&mut symbols, scan, mcus, components, &coefficients, options)?,
            (_, false) => Bands::new(&mut symbols, table).push_first(scan, own),
            (_, true) => Bands::new(&mut symbols, table).push_refinement(scan, own),
        }
        let of = if scan.band == (0, 0) { components } else { std::slice::from_ref(part) };
        symbols.put_scan(file, &scan.header(of), options)?;
    }
    Ok(())
}

impl Scan {
    /// Returns the content of the SOS segment (T.81 B.2.3).
    fn header(&self, components: &[Component]) -> Vec<u8> {
        let mut header = vec![components.len() as u8];
        for part in components {
            // Selectors of unused tables are 0.
            let tables = match (self.band, self.is_refinement) {
                ((0, 0), false) => part.table << 4,
                ((0, 0), true) => 0,
                _ => part.table,
            };
            header.extend([part.id(), tables as u8]);
        }
        let previous_shift = if self.is_refinement { self.shift + 1 } else { 0 };
        header.extend([self.band.0, self.band.1, previous_shift << 4 | self.shift]);
        header
    }
}

/// Appends the symbols of a scan of DC coefficients (T.81 G.1.2.1). A block outside the image equals the
/// previous one.
fn push_dc(
    symbols: &mut Symbols,
    scan: &Scan,
    mcus: (usize, usize),
    components: &[Component],
    coefficients: &[Coefficients],
    options: &Options,
) -> Result<(), EncodeError> {
    let mut previous = [0; 3];
    for_each_interleaved(mcus, components, options, |number, position| {
        let part = &components[number];
        let dc = position.map_or(previous[number], |(x, y)| {
            i32::from(coefficients[number].dc[y * part.blocks.0 + x]) >> scan.shift
        });
        if scan.is_refinement {
            symbols.push_bits(dc as u32 & 1, 1);
        } else {
            symbols.push_dc(part.table, dc - previous[number]);
        }
        previous[number] = dc;
    })
}

/// The maximum number of consecutive ended bands (T.81 G.1.2.2).
const MAX_ENDED: u32 = 0x7FFF;
/// The number of buffered correction bits at which libjpeg writes the end of a run.
const MAX_CORRECTIONS: usize = 1000 - 63;

/// The writer of a scan of AC coefficients.
struct Bands<'a> {
    symbols: &'a mut Symbols,
    table: Table,
    /// The number of ended bands whose symbol is not written yet.
    ended: u32,
    /// The correction bits (T.81 G.1.2.3) that follow that symbol.
    corrections: Vec<bool>,
}

impl<'a> Bands<'a> {
    fn new(symbols: &'a mut Symbols, table: Table) -> Self {
        Self { symbols, table, ended: 0, corrections: Vec::new() }
    }

    /// Writes the first scan of coefficients, with their highest bits (T.81 G.1.2.2).
    fn push_first(mut self, scan: &Scan, coefficients: &Coefficients) {
        let (first, last) = (scan.band.0.into(), scan.band.1.into());
        for (mask, values) in coefficients.bands(first, last) {
            let mut next = first;
            for (at, &value) in ones(mask).zip(values) {
                // The division rounds towards zero.
                let value = i32::from(value) / (1 << scan.shift);
                if value == 0 {
                    continue;
                }
                self.flush_ended();
                let mut zeros = at - next;
                next = at + 1;
                while 16 <= zeros {
                    self.symbols.push(self.table, SIXTEEN_ZEROS, 0);
                    zeros -= 16;
                }
                let (size, bits) = size_and_bits(value);
                self.symbols.push(self.table, (zeros << 4 | size) as u8, bits);
            }
            if next <= last {
                self.end_band();
            }
        }
        self.flush_ended();
    }

    /// Writes one more bit of each coefficient (T.81 G.1.2.3): a symbol for each coefficient that becomes
    /// nonzero, and between these a correction bit, without a symbol, for each that was nonzero before.
    fn push_refinement(mut self, scan: &Scan, coefficients: &Coefficients) {
        let (first, last) = (scan.band.0.into(), scan.band.1.into());
        let mut corrections = Vec::new();
        for (mask, values) in coefficients.bands(first, last) {
            let magnitude_so_far = |value: &i16| value.unsigned_abs() >> scan.shift;
            let last_new = ones(mask).zip(values).filter(|(_, value)| magnitude_so_far(value) == 1).last();
            let last_new = last_new.map_or(0, |(at, _)| at);
            let mut next = first;
            let mut zeros = 0;
            for (at, value) in ones(mask).zip(values) {
                let magnitude = magnitude_so_far(value);
                if magnitude == 0 {
                    continue;
                }
                zeros += at - next;
                next = at + 1;
                // Zeros after the last symbol need no symbol: the band ends there.
                while 16 <= zeros && at <= last_new {
                    self.flush_ended();
                    self.symbols.push(self.table, SIXTEEN_ZEROS, 0);
                    self.flush_corrections(&mut corrections);
                    zeros -= 16;
                }
                if 1 < magnitude {
                    corrections.push(magnitude & 1 != 0);
                    continue;
                }
                self.flush_ended();
                self.symbols.push(self.table, (zeros << 4 | 1) as u8, u32::from(0 < *value));
                self.flush_corrections(&mut corrections);
                zeros = 0;
            }
            if next <= last || 0 < zeros || !corrections.is_empty() {
                self.corrections.append(&mut corrections);
                self.end_band();
            }
        }
        self.flush_ended();
    }

    /// Counts an ended band.
    fn end_band(&mut self) {
        self.ended += 1;
        if self.ended == MAX_ENDED || MAX_CORRECTIONS < self.corrections.len() {
            self.flush_ended();
        }
    }

    /// Writes the number of ended bands: the power of two in the symbol, the rest in the bits after it (T.81
    /// Table G.1).
    fn flush_ended(&mut self) {
        if self.ended == 0 {
            return;
        }
        let size = self.ended.ilog2();
        self.symbols.push(self.table, (size << 4) as u8, self.ended - (1 << size));
        self.ended = 0;
        let mut corrections = std::mem::take(&mut self.corrections);
        self.flush_corrections(&mut corrections);
        self.corrections = corrections;
    }

    /// Writes correction bits.
    fn flush_corrections(&mut self, corrections: &mut Vec<bool>) {
        for bits in corrections.chunks(16) {
            let value = bits.iter().fold(0, |sum, bit| sum << 1 | u32::from(*bit));
            self.symbols.push_bits(value, bits.len() as u32);
        }
        corrections.clear();
    }
}
