//! The scans of a progressive file (T.81 Annex G).

use super::{
    Image,
    coefficients::{Coefficients, ones},
    component::{Component, for_each_interleaved, mcus},
    symbols::{SIXTEEN_ZEROS, Symbols, Table, size_and_bits},
};

/// A scan: of all components if it is of DC coefficients, else of one.
#[derive(Clone, Copy)]
struct Scan {
    /// Which component, where it is of one.
    component: usize,
    /// First and last coefficient, both 0 for DC.
    band: (u8, u8),
    /// Whether it adds a bit to what is there already.
    is_refinement: bool,
    /// How many of the lowest bits are left for later.
    shift: u8,
}

const fn first(component: usize, band: (u8, u8), shift: u8) -> Scan {
    Scan { component, band, is_refinement: false, shift }
}

const fn refine(component: usize, band: (u8, u8), shift: u8) -> Scan {
    Scan { component, band, is_refinement: true, shift }
}

/// What libjpeg's `jpeg_simple_progression` writes of a grey picture.
const GREY: [Scan; 6] = [
    first(0, (0, 0), 1),
    first(0, (1, 5), 2),
    first(0, (6, 63), 2),
    refine(0, (1, 63), 1),
    refine(0, (0, 0), 0),
    refine(0, (1, 63), 0),
];

/// What it writes of Y, Cb and Cr: colours come early, since they are few bytes.
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
pub(super) fn put_scans(file: &mut Vec<u8>, image: &Image, components: &[Component]) {
    let coefficients: Vec<_> = components.iter().map(Coefficients::of).collect();
    let mcus = mcus(image, components);
    let scans = if components.len() == 1 { &GREY[..] } else { &YCC[..] };
    let mut symbols = Symbols::new();
    for scan in scans {
        symbols.clear();
        let part = &components[scan.component];
        let own = &coefficients[scan.component];
        let table = Table::AC[part.table];
        match (scan.band, scan.is_refinement) {
            ((0, 0), _) => push_dc(&mut symbols, scan, mcus, components, &coefficients),
            (_, false) => Bands::new(&mut symbols, table).push_first(scan, own),
            (_, true) => Bands::new(&mut symbols, table).push_refinement(scan, own),
        }
        let of = if scan.band == (0, 0) { components } else { std::slice::from_ref(part) };
        symbols.put_scan(file, &scan.header(of));
    }
}

impl Scan {
    /// What SOS says of it (T.81 B.2.3).
    fn header(&self, components: &[Component]) -> Vec<u8> {
        let mut header = vec![components.len() as u8];
        for part in components {
            // What a scan does not use is 0.
            let tables = match (self.band, self.is_refinement) {
                ((0, 0), false) => part.table << 4,
                ((0, 0), true) => 0,
                _ => part.table,
            };
            header.extend([part.id(), tables as u8]);
        }
        let before = if self.is_refinement { self.shift + 1 } else { 0 };
        header.extend([self.band.0, self.band.1, before << 4 | self.shift]);
        header
    }
}

/// A scan of DC coefficients (T.81 G.1.2.1). A block that nobody sees is as the one before.
fn push_dc(
    symbols: &mut Symbols,
    scan: &Scan,
    mcus: (usize, usize),
    components: &[Component],
    coefficients: &[Coefficients],
) {
    let mut before = [0; 3];
    for_each_interleaved(mcus, components, |number, position| {
        let part = &components[number];
        let dc = position.map_or(before[number], |(x, y)| {
            i32::from(coefficients[number].dc[y * part.blocks.0 + x]) >> scan.shift
        });
        if scan.is_refinement {
            symbols.push_bits(dc as u32 & 1, 1);
        } else {
            symbols.push_dc(part.table, dc - before[number]);
        }
        before[number] = dc;
    });
}

/// T.81 G.1.2.2: the longest run of bands without anything more to say.
const MOST_ENDED: u32 = 0x7FFF;
/// libjpeg holds so many bits of correction when it decides to end a run, and so do we.
const MOST_CORRECTIONS: usize = 1000 - 63;

/// A scan of AC coefficients.
struct Bands<'a> {
    symbols: &'a mut Symbols,
    table: Table,
    /// Bands that ended and were not yet said to.
    ended: u32,
    /// Bits of correction (T.81 G.1.2.3) that follow when they are.
    corrections: Vec<bool>,
}

impl<'a> Bands<'a> {
    fn new(symbols: &'a mut Symbols, table: Table) -> Self {
        Self { symbols, table, ended: 0, corrections: Vec::new() }
    }

    /// What the highest bits of the coefficients are (T.81 G.1.2.2).
    fn push_first(mut self, scan: &Scan, coefficients: &Coefficients) {
        let (first, last) = (scan.band.0.into(), scan.band.1.into());
        for (mask, values) in coefficients.bands(first, last) {
            let mut next = first;
            for (at, &value) in ones(mask).zip(values) {
                // Towards zero.
                let value = i32::from(value) / (1 << scan.shift);
                if value == 0 {
                    continue;
                }
                self.say_ended();
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
        self.say_ended();
    }

    /// One more bit of each coefficient (T.81 G.1.2.3): a symbol for those that were zero and no longer are,
    /// and between them, unsaid, a bit for each of the others.
    fn push_refinement(mut self, scan: &Scan, coefficients: &Coefficients) {
        let (first, last) = (scan.band.0.into(), scan.band.1.into());
        let mut corrections = Vec::new();
        for (mask, values) in coefficients.bands(first, last) {
            let known = |value: &i16| value.unsigned_abs() >> scan.shift;
            let last_new = ones(mask).zip(values).filter(|(_, value)| known(value) == 1).last();
            let last_new = last_new.map_or(0, |(at, _)| at);
            let mut next = first;
            let mut zeros = 0;
            for (at, value) in ones(mask).zip(values) {
                let magnitude = known(value);
                if magnitude == 0 {
                    continue;
                }
                zeros += at - next;
                next = at + 1;
                // Zeros behind the last symbol need none: the band ends there.
                while 16 <= zeros && at <= last_new {
                    self.say_ended();
                    self.symbols.push(self.table, SIXTEEN_ZEROS, 0);
                    self.say_corrections(&mut corrections);
                    zeros -= 16;
                }
                if 1 < magnitude {
                    corrections.push(magnitude & 1 != 0);
                    continue;
                }
                self.say_ended();
                self.symbols.push(self.table, (zeros << 4 | 1) as u8, u32::from(0 < *value));
                self.say_corrections(&mut corrections);
                zeros = 0;
            }
            if next <= last || 0 < zeros || !corrections.is_empty() {
                self.corrections.append(&mut corrections);
                self.end_band();
            }
        }
        self.say_ended();
    }

    fn end_band(&mut self) {
        self.ended += 1;
        if self.ended == MOST_ENDED || MOST_CORRECTIONS < self.corrections.len() {
            self.say_ended();
        }
    }

    /// How many bands ended: the power of two in the symbol, the rest behind it (T.81 Table G.1).
    fn say_ended(&mut self) {
        if self.ended == 0 {
            return;
        }
        let size = self.ended.ilog2();
        self.symbols.push(self.table, (size << 4) as u8, self.ended - (1 << size));
        self.ended = 0;
        let mut corrections = std::mem::take(&mut self.corrections);
        self.say_corrections(&mut corrections);
        self.corrections = corrections;
    }

    fn say_corrections(&mut self, corrections: &mut Vec<bool>) {
        for bits in corrections.chunks(16) {
            let value = bits.iter().fold(0, |sum, bit| sum << 1 | u32::from(*bit));
            self.symbols.push_bits(value, bits.len() as u32);
        }
        corrections.clear();
    }
}
