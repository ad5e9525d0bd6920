//! Tables and settings that apply to the scans after their segment: DQT, DHT, DAC and DRI (ITU-T T.81 B.2.4).

use super::ac::AcCodes;
use super::arithmetic::Conditioning;
use super::error::DecodeError;
use super::huffman::{Codes, DcCodes, TableSpec};
use crate::zigzag::NATURAL_ORDER;

/// The tables and settings of the segments so far.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Quantisation tables in natural order (row by row).
    quantisation: [Option<Box<[u16; 64]>>; 4],
    dc: [Slot; 4],
    ac: [Slot; 4],
    pub(super) conditioning: Conditioning,
    /// MCUs between restart markers, 0 for no restart markers.
    pub(super) restart_interval: u16,
}

/// A Huffman table, and the lookup tables built from it for the scans that use it.
#[derive(Debug, Default)]
struct Slot {
    spec: Option<TableSpec>,
    codes: Option<Codes>,
    dc: Option<DcCodes>,
    ac: Option<AcCodes>,
}

const NO_TABLE: DecodeError = DecodeError::Damaged("a scan without its tables");

impl Tables {
    /// Defines quantisation tables from the body of a DQT segment (B.2.4.1).
    pub(super) fn define_quantisation(&mut self, mut body: &[u8]) -> Result<(), DecodeError> {
        const BAD: DecodeError = DecodeError::Damaged("an invalid segment of quantisation tables");
        while let Some(head) = body.split_off_first() {
            let slot = self.quantisation.get_mut(usize::from(head & 15)).ok_or(BAD)?;
            let width = if head >> 4 == 0 { 1 } else { 2 };
            let values = body.split_off(..64 * width).ok_or(BAD)?;
            let table = slot.get_or_insert_with(|| Box::new([0; 64]));
            for (value, place) in values.chunks_exact(width).zip(NATURAL_ORDER) {
                table[usize::from(place)] = value.iter().fold(0, |high, low| high << 8 | u16::from(*low));
            }
        }
        Ok(())
    }

    /// Defines Huffman tables from the body of a DHT segment (B.2.4.2).
    pub(super) fn define_huffman(&mut self, mut body: &[u8]) -> Result<(), DecodeError> {
        const BAD: DecodeError = DecodeError::Damaged("an invalid segment of Huffman tables");
        while let Some(head) = body.split_off_first() {
            let slots = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let slot = slots.get_mut(usize::from(head & 15)).filter(|_| *head < 0x20).ok_or(BAD)?;
            *slot = Slot { spec: Some(TableSpec::take(&mut body).ok_or(BAD)?), ..Slot::default() };
        }
        Ok(())
    }

    /// Sets the restart interval from the body of a DRI segment (B.2.4.4).
    pub(super) fn define_restart_interval(&mut self, body: &[u8]) -> Result<(), DecodeError> {
        let interval =
            body.try_into().map_err(|_| DecodeError::Damaged("a restart interval of the wrong size"))?;
        self.restart_interval = u16::from_be_bytes(interval);
        Ok(())
    }

    /// Returns quantisation table `table`.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] if it is not defined.
    pub(super) fn quantisation(&self, table: u8) -> Result<&[u16; 64], DecodeError> {
        self.quantisation[usize::from(table)].as_deref().ok_or(NO_TABLE)
    }

    /// Builds the codes that [`dc`](Self::dc) returns.
    pub(super) fn prepare_dc(&mut self, table: u8) -> Result<(), DecodeError> {
        let slot = &mut self.dc[usize::from(table)];
        if slot.dc.is_none() {
            slot.dc = Some(DcCodes::new(slot.spec.get_or_insert_with(|| standard_dc(table)))?);
        }
        Ok(())
    }

    /// Builds the codes that [`ac`](Self::ac) returns.
    pub(super) fn prepare_ac(&mut self, table: u8) -> Result<(), DecodeError> {
        let slot = &mut self.ac[usize::from(table)];
        if slot.ac.is_none() {
            slot.ac = Some(AcCodes::new(slot.spec.get_or_insert_with(|| standard_ac(table)))?);
        }
        Ok(())
    }

    /// Builds the codes that [`codes`](Self::codes) returns.
    pub(super) fn prepare_codes(&mut self, table: u8) -> Result<(), DecodeError> {
        let slot = &mut self.ac[usize::from(table)];
        if slot.codes.is_none() {
            slot.codes = Some(Codes::new(slot.spec.get_or_insert_with(|| standard_ac(table)))?);
        }
        Ok(())
    }

    /// Builds the codes that [`differences`](Self::differences) returns.
    pub(super) fn prepare_differences(&mut self, table: u8) -> Result<(), DecodeError> {
        let slot = &mut self.dc[usize::from(table)];
        if slot.codes.is_none() {
            slot.codes =
                Some(Codes::of_differences(slot.spec.get_or_insert_with(|| standard_dc(table)), 16)?);
        }
        Ok(())
    }

    /// Returns the codes of differences of samples.
    pub(super) fn differences(&self, table: u8) -> &Codes {
        self.dc[usize::from(table)].codes.as_ref().expect("the table was prepared when the scan began")
    }

    /// Returns the codes of DC differences.
    pub(super) fn dc(&self, table: u8) -> &DcCodes {
        self.dc[usize::from(table)].dc.as_ref().expect("the table was prepared when the scan began")
    }

    /// Returns the codes of AC coefficients of a sequential scan.
    pub(super) fn ac(&self, table: u8) -> &AcCodes {
        self.ac[usize::from(table)].ac.as_ref().expect("the table was prepared when the scan began")
    }

    /// Returns the codes of AC coefficients of a progressive scan.
    pub(super) fn codes(&self, table: u8) -> &Codes {
        self.ac[usize::from(table)].codes.as_ref().expect("the table was prepared when the scan began")
    }
}

/// Returns the table of T.81 K.3.1 for luma (table 0) or chroma. Files of motion JPEG omit it.
fn standard_dc(table: u8) -> TableSpec {
    let counts = match table {
        0 => [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
        _ => [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
    };
    TableSpec::new(counts, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
}

/// Returns the table of T.81 K.3.2 for luma (table 0) or chroma.
pub(super) fn standard_ac(table: u8) -> TableSpec {
    match table {
        0 => TableSpec::new([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D], &STANDARD_LUMA_AC),
        _ => TableSpec::new([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77], &STANDARD_CHROMA_AC),
    }
}

#[rustfmt::skip]
const STANDARD_LUMA_AC: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
    0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72,
    0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x34, 0x35, 0x36, 0x37,
    0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
    0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3,
    0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3,
    0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2,
    0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
];

#[rustfmt::skip]
const STANDARD_CHROMA_AC: [u8; 162] = [
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
    0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1,
    0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x35, 0x36,
    0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
    0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A,
    0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A,
    0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA,
    0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA,
    0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
];
