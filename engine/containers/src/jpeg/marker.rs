//! Markers (ITU-T T.81 table B.1).

pub(super) const SOF0: u8 = 0xC0;
pub(super) const DHT: u8 = 0xC4;
pub(super) const JPG: u8 = 0xC8;
pub(super) const DAC: u8 = 0xCC;
pub(super) const SOF15: u8 = 0xCF;
pub(super) const SOI: u8 = 0xD8;
pub(super) const EOI: u8 = 0xD9;
pub(super) const SOS: u8 = 0xDA;
pub(super) const DQT: u8 = 0xDB;
pub(super) const DNL: u8 = 0xDC;
pub(super) const DRI: u8 = 0xDD;
pub(super) const EXP: u8 = 0xDF;
pub(super) const APP0: u8 = 0xE0;
pub(super) const APP1: u8 = 0xE1;
pub(super) const APP2: u8 = 0xE2;
pub(super) const APP11: u8 = 0xEB;
pub(super) const APP13: u8 = 0xED;
pub(super) const APP14: u8 = 0xEE;
pub(super) const APP15: u8 = 0xEF;
pub(super) const COM: u8 = 0xFE;

/// Markers of tables among those of frame headers.
pub(super) const TABLES: [u8; 3] = [DHT, JPG, DAC];
