//! Fax coding of one bit for each pixel: ITU-T T.4 (Group 3) of one and two dimensions, T.6 (Group 4), and the rows of
//! T.4 without marks between them (TIFF 6.0, sections 10 and 11).

use super::error::{damaged, unsupported};
use crate::error::CodecError;
use fax::BitReader;
use fax::maps::{Mode, black, mode, white};
use safelight_core::{Result, Stop};
use std::convert::Infallible;

/// The coding of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fax {
    /// Each row starts at a whole byte.
    Rows,
    /// A mark is before each row. A bit after it states the dimensions if there may be two.
    Group3 {
        is_two_dimensional: bool,
    },
    Group4,
}

/// Rows that are decoded between two checks whether to stop.
const CHECKED_ROWS: usize = 64;

/// The most bytes that the decode of a piece of this width allocates.
pub(super) const fn work_bytes(width: u32) -> u64 {
    /// Positions in two rows.
    const COLUMN_BYTES: u64 = 2 * 4;
    COLUMN_BYTES * (width as u64 + 2)
}

/// Decodes rows of `width` pixels to `raw`, in which black is 1. Returns the decoded bytes: all if the code ends where
/// it may, since white rows at the end are left out.
pub(super) fn decode(fax: Fax, coded: &[u8], raw: &mut [u8], width: u32, stop: &Stop) -> Result<usize> {
    let mut reader =
        Reader { bits: Bits { coded, at: 0 }, width, before: changes(width), row: changes(width) };
    let row_bytes = width.div_ceil(8) as usize;
    raw.fill(0);
    let mut made = 0;
    for (index, out) in raw.chunks_exact_mut(row_bytes).enumerate() {
        if index.is_multiple_of(CHECKED_ROWS) {
            stop.check()?;
        }
        match reader.next(fax)? {
            // A mark of the end.
            Found::End => return Ok(raw.len()),
            Found::Nothing => return Ok(made),
            Found::Row => blacken(out, &reader.before, width),
        }
        made += row_bytes;
    }
    Ok(made)
}

fn changes(width: u32) -> Vec<u32> {
    Vec::with_capacity(width as usize + 2)
}

enum Found {
    /// The row that is now `before`.
    Row,
    /// The end that the code states.
    End,
    /// The end of the data.
    Nothing,
}

/// A reader of rows.
struct Reader<'a> {
    bits: Bits<'a>,
    width: u32,
    /// Columns at which the colour changes in the row before, from white.
    before: Vec<u32>,
    /// The same of the row that is read.
    row: Vec<u32>,
}

impl Reader<'_> {
    /// Reads the next row.
    fn next(&mut self, fax: Fax) -> Result<Found, CodecError> {
        self.row.clear();
        let is_read = match fax {
            Fax::Rows => {
                self.bits.at = self.bits.at.next_multiple_of(8);
                if self.bits.is_at_end() {
                    return Ok(Found::Nothing);
                }
                self.read_runs()
            }
            Fax::Group3 { is_two_dimensional } => {
                let is_marked = self.bits.skip_mark();
                let is_flat = !is_two_dimensional || !is_marked || self.bits.take(1) == 1;
                if is_marked && self.bits.skip_mark() {
                    return Ok(Found::End);
                }
                if self.bits.is_at_end() {
                    return Ok(Found::Nothing);
                }
                let is_read = if is_flat { self.read_runs() } else { self.read_changes()?.is_some() };
                // A damaged row is shown as far as it is read: rows after the next mark do not depend on it.
                if !is_read && self.row.len() % 2 == 1 {
                    self.row.pop();
                }
                is_read || self.bits.find_mark()
            }
            Fax::Group4 => match self.read_changes()? {
                _ if self.bits.is_past_end() => return Ok(Found::Nothing),
                Some(Changes::End) => return Ok(Found::End),
                read => read.is_some(),
            },
        };
        if !is_read {
            // Zeros that fill the last byte are no code.
            let is_end = self.bits.is_at_end();
            return if is_end { Ok(Found::Nothing) } else { Err(damaged("an invalid fax code")) };
        }
        std::mem::swap(&mut self.before, &mut self.row);
        Ok(Found::Row)
    }

    /// Reads a row of runs (T.4, 4.1); returns whether all codes are valid.
    fn read_runs(&mut self) -> bool {
        let (mut at, mut is_black) = (0, false);
        while at < self.width {
            let Some(run) = self.run(is_black) else { return false };
            at = at.saturating_add(run).min(self.width);
            self.change(at);
            is_black = !is_black;
        }
        true
    }

    /// Reads a row of changes since the row before (T.4, 4.2; T.6); returns `None` if a code is invalid.
    fn read_changes(&mut self) -> Result<Option<Changes>, CodecError> {
        // The first pixel is after an imagined white one.
        let (mut at, mut is_black) = (None, false);
        let mut reference = 0;
        while at.is_none_or(|at| at < self.width) {
            let column = at.unwrap_or(0);
            // The first change to the other colour that is right of `at`: changes to black have even indices.
            while 0 < reference && at.is_none_or(|at| at < self.before[reference - 1]) {
                reference -= 1;
            }
            let is_passed = |change: &u32| at.is_some_and(|at| *change <= at);
            while self.before.get(reference).is_some_and(is_passed) || (reference % 2 == 1) != is_black {
                reference += 1;
            }
            let change = |index: usize| self.before.get(index).copied().unwrap_or(self.width);
            match mode::decode(&mut self.bits) {
                Some(Mode::Pass) => at = Some(change(reference + 1)),
                Some(Mode::Vertical(shift)) => {
                    let to = change(reference).saturating_add_signed(shift.into()).clamp(column, self.width);
                    self.change(to);
                    (at, is_black) = (Some(to), !is_black);
                }
                Some(Mode::Horizontal) => {
                    let mut to = column;
                    for is_black in [is_black, !is_black] {
                        let Some(run) = self.run(is_black) else { return Ok(None) };
                        to = to.saturating_add(run).min(self.width);
                        self.change(to);
                    }
                    at = Some(to);
                }
                Some(Mode::EOF) => return Ok(Some(Changes::End)),
                Some(Mode::Extension) => {
                    return Err(unsupported("fax coding with parts that are not coded"));
                }
                None => return Ok(None),
            }
            reference = reference.min(self.before.len());
        }
        Ok(Some(Changes::Row))
    }

    /// Reads a run: codes of 64 pixels and more are followed by another one.
    fn run(&mut self, is_black: bool) -> Option<u32> {
        const LAST: u16 = 64;
        let mut sum = 0_u32;
        loop {
            let code = if is_black { black::decode(&mut self.bits) } else { white::decode(&mut self.bits) }?;
            sum = sum.saturating_add(code.into());
            if code < LAST {
                return Some(sum);
            }
            if self.width < sum {
                return None;
            }
        }
    }

    /// Adds a change at `column`; a second one at the same column undoes the first.
    fn change(&mut self, column: u32) {
        if self.row.last() == Some(&column) {
            self.row.pop();
        } else {
            self.row.push(column);
        }
    }
}

enum Changes {
    Row,
    End,
}

/// Sets the bits of the black pixels of an empty row.
fn blacken(row: &mut [u8], changes: &[u32], width: u32) {
    for run in changes.chunks(2) {
        let (from, to) = (run[0], run.get(1).copied().unwrap_or(width));
        let (first, last) = ((from / 8) as usize, (to / 8) as usize);
        let (head, tail) = (0xFF_u8 >> (from % 8), !(0xFF_u8 >> (to % 8)));
        if first == last {
            if let Some(byte) = row.get_mut(first) {
                *byte |= head & tail;
            }
            continue;
        }
        row[first] |= head;
        row[first + 1..last].fill(0xFF);
        // The run may end with the row.
        if let Some(byte) = row.get_mut(last) {
            *byte |= tail;
        }
    }
}

/// The bits of coded data, the highest of each byte first. After the end there are zeros.
struct Bits<'a> {
    coded: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    const fn is_at_end(&self) -> bool {
        self.coded.len() * 8 <= self.at
    }

    /// Whether bits were read that do not exist.
    const fn is_past_end(&self) -> bool {
        self.coded.len() * 8 < self.at
    }

    /// The next `count` bits, at most 16.
    fn next(&self, count: u8) -> u16 {
        let bytes = self.coded.get(self.at / 8..).unwrap_or_default();
        let held =
            (0..3).fold(0_u32, |held, index| held << 8 | bytes.get(index).map_or(0, |byte| u32::from(*byte)));
        (held << 8 << (self.at % 8) >> 16 >> (16 - u32::from(count))) as u16
    }

    fn take(&mut self, count: u8) -> u16 {
        let bits = self.next(count);
        self.at += usize::from(count);
        bits
    }

    /// Skips a mark, if one is next: at least 11 zeros, and a one (T.4, 4.1.2). Returns whether it was there.
    fn skip_mark(&mut self) -> bool {
        const ZEROS: usize = 11;
        let start = self.at;
        if self.next(11) != 0 {
            return false;
        }
        self.at += ZEROS;
        while !self.is_at_end() {
            if self.take(1) == 1 {
                return true;
            }
        }
        self.at = start;
        false
    }

    /// Skips to the next mark; returns whether there is one.
    fn find_mark(&mut self) -> bool {
        while !self.is_at_end() {
            if self.next(12) == 1 {
                return true;
            }
            self.at += 1;
        }
        false
    }
}

impl BitReader for Bits<'_> {
    type Error = Infallible;

    fn peek(&self, bits: u8) -> Option<u16> {
        (1..=16).contains(&bits).then(|| self.next(bits))
    }

    fn consume(&mut self, bits: u8) -> Result<(), Infallible> {
        self.at += usize::from(bits);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        (self.at.next_multiple_of(8) - self.at) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits, of which spaces are left out.
    fn packed(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
        let byte = |bits: &[u8]| bits.iter().enumerate().fold(0, |byte, (at, bit)| byte | bit << (7 - at));
        bits.chunks(8).map(byte).collect()
    }

    #[test]
    fn rows_of_every_coding_are_decoded() {
        const MARK: &str = "000000000001";
        let check = |fax, coded: &str, expected: &[u8], made: usize| {
            let mut raw = vec![0x55; expected.len()];
            let found = decode(fax, &packed(coded), &mut raw, 12, &Stop::default()).unwrap();
            assert_eq!((&raw[..], found), (expected, made), "{fax:?} {coded}");
        };
        // White 3, black 2, white 7; then black 1 at both ends.
        let (first, second) = ("1000 11 1111", "00110101 010 00111 010");
        let rows = [0x18, 0x00, 0x80, 0x10];
        check(Fax::Rows, &format!("{first} 000000 {second}"), &rows, 4);
        check(Fax::Rows, first, &[0x18, 0x00, 0, 0], 2);
        let flat = Fax::Group3 { is_two_dimensional: false };
        check(flat, &format!("{MARK} {first} {MARK} {second} {MARK}"), &rows, 4);
        // Zeros before a mark, no marks, and a damaged row between two.
        check(flat, &format!("{MARK} {first} 0000{MARK} {second}"), &rows, 4);
        check(flat, &format!("{first} {second}"), &rows, 4);
        check(
            flat,
            &format!("{MARK} {first} {MARK} 1000 00000000 {MARK} {second}"),
            &[0x18, 0, 0, 0, 0x80, 0x10],
            6,
        );
        check(flat, &format!("{MARK} {first} {}", MARK.repeat(6)), &[0x18, 0, 0, 0, 0, 0], 6);
        let both = Fax::Group3 { is_two_dimensional: true };
        // The changes of the first row, one pixel to the right and one to the left.
        check(both, &format!("{MARK}1 {first} {MARK}0 011 010 1"), &[0x18, 0, 0x00, 0, 0, 0], 4);
        check(Fax::Group4, "001 1000 11 1 1 1 1 011 1 1", &[0x18, 0, 0x18, 0, 0x08, 0], 6);
        // A pass, then the end.
        check(Fax::Group4, &format!("001 1000 11 1 0001 1 {MARK}{MARK}"), &[0x18, 0, 0, 0, 0, 0], 6);
        check(Fax::Group4, "001 1000 11 1", &[0x18, 0, 0, 0], 2);
    }

    #[test]
    fn damage_ends_in_an_error_or_in_rows() {
        let mut random = 1_u32;
        for length in 0..400 {
            let coded: Vec<u8> = (0..length % 40)
                .map(|_| {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (random >> 24) as u8
                })
                .collect();
            for fax in [Fax::Rows, Fax::Group3 { is_two_dimensional: true }, Fax::Group4] {
                let mut raw = [0; 30];
                if let Ok(made) = decode(fax, &coded, &mut raw, 20, &Stop::default()) {
                    assert!(made <= raw.len() && made.is_multiple_of(3), "{fax:?} {coded:?}");
                }
            }
        }
    }
}
