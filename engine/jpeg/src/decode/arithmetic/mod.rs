//! Arithmetic decoding (ITU-T T.81 annex D): binary decisions with adaptive estimates of their probability.

mod models;
mod estimation;
#[cfg(test)]
pub(super) mod encoder;
#[cfg(test)]
mod tests;

pub(super) use models::{Conditioning, DcClass, Statistics};

use estimation::ESTIMATES;

/// The estimate of a kind of decision: an index of [`ESTIMATES`], and in the highest bit the more probable
/// decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Context(u8);

/// The registers of the decoder between two calls (D.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Registers {
    /// The width of the interval, 0x8000 to 0x10000.
    interval: u32,
    /// The position in the interval in the upper 16 bits, and the bits after it.
    code: u32,
    /// The bits of `code` that were read ahead.
    count: u32,
}

/// A reader of decisions, for entropy-coded data without stuffed bytes. An endless run of zeros follows the
/// data: encoders omit zeros at the end (D.1.8).
#[derive(Debug)]
pub(super) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    registers: Registers,
}

impl Context {
    /// Returns the context of decisions that are equally probable, whatever was decided before.
    const EVEN: Self = Self(0);

    /// Returns whether 1 is the more probable decision.
    fn is_one(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// Adapts the estimate after a decision that renormalises the interval (D.1.5).
    fn adapt(&mut self, is_probable: bool) {
        let estimate = &ESTIMATES[usize::from(self.0 & 0x7F)];
        let sense = self.0 & 0x80;
        self.0 = if is_probable {
            estimate.after_probable | sense
        } else {
            estimate.after_improbable | (sense ^ estimate.exchange)
        };
    }
}

impl<'a> Reader<'a> {
    /// Returns a reader that begins at byte `at` of `data` (D.2.7).
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        let mut reader = Self { data, at, registers: Registers { interval: 0x1_0000, code: 0, count: 0 } };
        reader.registers.code = reader.byte() << 24 | reader.byte() << 16;
        reader
    }

    /// Returns a reader that continues at byte `at` of `data`.
    pub(super) fn resume(data: &'a [u8], at: usize, registers: Registers) -> Self {
        Self { data, at, registers }
    }

    /// Returns the registers, to continue with more data.
    pub(super) fn registers(&self) -> Registers {
        self.registers
    }

    /// Returns the position of the next byte; it is past the end of the data once zeros were read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> u32 {
        let byte = self.data.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        byte.into()
    }

    /// Reads a decision (D.2.4 to D.2.6). The more probable one has the lower part of the interval, unless
    /// that is the smaller one.
    #[inline]
    fn decide(&mut self, context: &mut Context) -> bool {
        let width = u32::from(ESTIMATES[usize::from(context.0 & 0x7F)].width);
        let Registers { interval, code, .. } = &mut self.registers;
        *interval -= width;
        let is_probable = if *code >> 16 < *interval {
            if 0x8000 <= *interval {
                return context.is_one();
            }
            width <= *interval
        } else {
            *code -= *interval << 16;
            let is_exchanged = *interval < width;
            *interval = width;
            is_exchanged
        };
        let decision = context.is_one() == is_probable;
        context.adapt(is_probable);
        self.renormalise();
        decision
    }

    /// Reads a decision that is as probable as its opposite.
    #[inline]
    pub(super) fn decide_evenly(&mut self) -> bool {
        self.decide(&mut { Context::EVEN })
    }

    /// Doubles the interval until it is at least 0x8000 (D.2.6).
    fn renormalise(&mut self) {
        let mut missing = self.registers.interval.leading_zeros().saturating_sub(16);
        while missing != 0 {
            if self.registers.count == 0 {
                let byte = self.byte();
                self.registers.code |= byte << 8;
                self.registers.count = 8;
            }
            let shift = missing.min(self.registers.count);
            self.registers.interval <<= shift;
            self.registers.code <<= shift;
            self.registers.count -= shift;
            missing -= shift;
        }
    }
}
