//! The statistical models of coefficients (ITU-T T.81 F.1.4 and G.1.3): which decisions make a coefficient,
//! and the context of each.

use super::{Context, Reader};
use crate::decode::error::DecodeError;

/// Contexts of a DC table: 5 conditions of 4, and those of magnitudes (table F.4).
const DC_CONTEXTS: usize = 49;
/// Contexts of an AC table: 63 coefficients of 3, and two sets of those of magnitudes (table F.5).
const AC_CONTEXTS: usize = 245;
/// The first context of the magnitudes of DC differences.
const DC_MAGNITUDE: usize = 20;
/// The first context of the magnitudes of AC coefficients up to the conditioning's `split`.
const LOW_MAGNITUDE: usize = 189;
/// The same for coefficients above it.
const HIGH_MAGNITUDE: usize = 217;
/// The distance from the context of the size of a magnitude to that of its bits.
const BITS: usize = 14;

/// The contexts of all tables.
#[derive(Clone, Debug)]
pub(in crate::decode) struct Statistics {
    dc: [[Context; DC_CONTEXTS]; 4],
    ac: [[Context; AC_CONTEXTS]; 4],
}

/// The settings of DAC segments (B.2.4.3).
#[derive(Clone, Copy, Debug)]
pub(in crate::decode) struct Conditioning {
    /// For each DC table, the sizes in bits up to which a difference is zero, and above which it is large.
    bounds: [(u8, u8); 4],
    /// For each AC table, the last coefficient with the first set of contexts of magnitudes.
    split: [u8; 4],
}

impl Default for Conditioning {
    /// Returns the settings of files without a DAC segment (F.1.4.4.1.4 and F.1.4.4.2.1).
    fn default() -> Self {
        Self { bounds: [(0, 1); 4], split: [5; 4] }
    }
}

impl Conditioning {
    /// Changes the settings by the body of a DAC segment.
    pub(in crate::decode) fn define(&mut self, body: &[u8]) -> Result<(), DecodeError> {
        const BAD: DecodeError = DecodeError::Damaged("an invalid segment of arithmetic conditioning");
        let (pairs, rest) = body.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(BAD);
        }
        for [head, value] in pairs {
            let table = usize::from(head & 15);
            let (lower, upper) = (value & 15, value >> 4);
            match head >> 4 {
                0 if table < 4 && lower <= upper => self.bounds[table] = (lower, upper),
                1 if table < 4 && (1..=63).contains(value) => self.split[table] = *value,
                _ => return Err(BAD),
            }
        }
        Ok(())
    }
}

/// The class of the previous DC difference of a component: the first context of the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::decode) struct DcClass(u8);

impl Statistics {
    /// Returns the statistics at the start of a scan or restart interval.
    pub(in crate::decode) fn new() -> Box<Self> {
        Box::new(Self { dc: [[Context(0); DC_CONTEXTS]; 4], ac: [[Context(0); AC_CONTEXTS]; 4] })
    }

    /// Reads a DC difference (F.1.4.1). Returns `None` if it has more than 15 bits.
    pub(in crate::decode) fn difference(
        &mut self,
        reader: &mut Reader<'_>,
        table: usize,
        class: &mut DcClass,
        conditioning: &Conditioning,
    ) -> Option<i32> {
        let (contexts, first) = (&mut self.dc[table], usize::from(class.0));
        if !reader.decide(&mut contexts[first]) {
            *class = DcClass(0);
            return Some(0);
        }
        let is_negative = reader.decide(&mut contexts[first + 1]);
        let (highest, magnitude) = if reader.decide(&mut contexts[first + 2 + usize::from(is_negative)]) {
            magnitude(reader, contexts, DC_MAGNITUDE, 1)?
        } else {
            (0, 1)
        };
        let (lower, upper) = conditioning.bounds[table];
        let sign = 4 * u8::from(is_negative);
        *class = DcClass(match highest {
            _ if highest < 1 << lower >> 1 => 0,
            _ if 1 << upper >> 1 < highest => 12 + sign,
            _ => 4 + sign,
        });
        Some(if is_negative { -magnitude } else { magnitude })
    }

    /// Returns whether the block has no more coefficients from coefficient `k` on, in zigzag order.
    pub(in crate::decode) fn is_end(&mut self, reader: &mut Reader<'_>, table: usize, k: usize) -> bool {
        reader.decide(&mut self.ac[table][3 * (k - 1)])
    }

    /// Returns whether coefficient `k`, which was zero, is not.
    pub(in crate::decode) fn is_nonzero(&mut self, reader: &mut Reader<'_>, table: usize, k: usize) -> bool {
        reader.decide(&mut self.ac[table][3 * (k - 1) + 1])
    }

    /// Returns whether coefficient `k`, which was not zero, has another bit (G.1.3.3).
    pub(in crate::decode) fn is_corrected(
        &mut self,
        reader: &mut Reader<'_>,
        table: usize,
        k: usize,
    ) -> bool {
        reader.decide(&mut self.ac[table][3 * (k - 1) + 2])
    }

    /// Reads coefficient `k`, which is not zero (F.1.4.2). Returns `None` if it has more than 15 bits.
    pub(in crate::decode) fn coefficient(
        &mut self,
        reader: &mut Reader<'_>,
        table: usize,
        k: usize,
        conditioning: &Conditioning,
    ) -> Option<i32> {
        let contexts = &mut self.ac[table];
        let is_negative = reader.decide_evenly();
        let first = 3 * (k - 1) + 2;
        let is_above_one = reader.decide(&mut contexts[first]);
        let magnitude = if !is_above_one {
            1
        } else if !reader.decide(&mut contexts[first]) {
            2
        } else {
            let is_low = k <= usize::from(conditioning.split[table]);
            magnitude(reader, contexts, if is_low { LOW_MAGNITUDE } else { HIGH_MAGNITUDE }, 2)?.1
        };
        Some(if is_negative { -magnitude } else { magnitude })
    }
}

/// Reads a magnitude of which the `highest` bit so far is known: further bits with contexts from `at` on, and
/// the bits below them. Returns the highest bit and the magnitude, or `None` if it has more than 15 bits.
///
/// Magnitudes are coded without the 1 that every one has at least (F.1.4.3).
fn magnitude(
    reader: &mut Reader<'_>,
    contexts: &mut [Context],
    mut at: usize,
    mut highest: u32,
) -> Option<(u32, i32)> {
    while reader.decide(&mut contexts[at]) {
        highest <<= 1;
        if highest == 0x8000 {
            return None;
        }
        at += 1;
    }
    let mut bits = highest;
    let mut bit = highest >> 1;
    while bit != 0 {
        if reader.decide(&mut contexts[at + BITS]) {
            bits |= bit;
        }
        bit >>= 1;
    }
    Some((highest, bits.cast_signed() + 1))
}
