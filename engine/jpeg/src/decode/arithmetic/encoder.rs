//! An arithmetic encoder for tests (ITU-T T.81 D.1 and F.1.4). It keeps the whole code as one number, so it
//! needs none of the standard's rules for carries.

use super::estimation::ESTIMATES;

/// An encoder of decisions.
pub(in crate::decode) struct Encoder {
    interval: u32,
    /// The lower end of the interval: the 16 bits below `bits`.
    code: u32,
    bits: Vec<bool>,
}

/// The contexts of a component, and its last DC difference.
pub(in crate::decode) struct Model {
    dc: [(usize, bool); 64],
    ac: [(usize, bool); 256],
    class: usize,
    /// The bounds of DC differences and the split of AC coefficients (B.2.4.3).
    pub(in crate::decode) conditioning: (u32, u32, usize),
}

impl Model {
    pub(in crate::decode) fn new(conditioning: (u32, u32, usize)) -> Self {
        Self { dc: [(0, false); 64], ac: [(0, false); 256], class: 0, conditioning }
    }
}

impl Encoder {
    pub(in crate::decode) fn new() -> Self {
        Self { interval: 0x1_0000, code: 0, bits: Vec::new() }
    }

    /// Encodes a decision; the context is a state and the more probable decision.
    pub(in crate::decode) fn decide(&mut self, (state, sense): &mut (usize, bool), decision: bool) {
        let estimate = &ESTIMATES[*state];
        let width = u32::from(estimate.width);
        self.interval -= width;
        let is_probable = decision == *sense;
        if is_probable && 0x8000 <= self.interval {
            return;
        }
        // The larger part is the upper one only where it belongs to the more probable decision.
        if is_probable == (self.interval < width) {
            self.code += self.interval;
            self.interval = width;
        }
        if is_probable {
            *state = estimate.after_probable.into();
        } else {
            *sense ^= estimate.exchange != 0;
            *state = estimate.after_improbable.into();
        }
        while self.interval < 0x8000 {
            self.shift();
            self.interval <<= 1;
        }
    }

    fn shift(&mut self) {
        if self.code >> 16 != 0 {
            for bit in self.bits.iter_mut().rev() {
                *bit = !*bit;
                if *bit {
                    break;
                }
            }
        }
        self.bits.push(self.code >> 15 & 1 != 0);
        self.code = self.code << 1 & 0xFFFF;
    }

    /// Returns the code without the zeros at its end.
    pub(in crate::decode) fn finish(mut self) -> Vec<u8> {
        (0..24).for_each(|_| self.shift());
        let byte = |bits: &[bool]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        let mut bytes: Vec<u8> = self.bits.as_chunks::<8>().0.iter().map(|bits| byte(bits)).collect();
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        bytes
    }

    /// Encodes a block: a DC difference, and AC coefficients from the first on.
    pub(in crate::decode) fn block(&mut self, model: &mut Model, difference: i32, ac: &[i32; 63]) {
        self.difference(model, difference);
        let end = ac.iter().rposition(|value| *value != 0).map_or(0, |at| at + 1);
        let mut is_after_zero = false;
        for (at, value) in ac.iter().enumerate().take(end) {
            if !is_after_zero {
                self.decide(&mut model.ac[3 * at], false);
            }
            self.decide(&mut model.ac[3 * at + 1], *value != 0);
            is_after_zero = *value == 0;
            if *value != 0 {
                self.decide(&mut (0, false), *value < 0);
                let first = if at < model.conditioning.2 { 189 } else { 217 };
                self.magnitude(&mut model.ac, [3 * at + 2, 3 * at + 2, first], value.unsigned_abs() - 1);
            }
        }
        if end < 63 {
            self.decide(&mut model.ac[3 * end], true);
        }
    }

    fn difference(&mut self, model: &mut Model, difference: i32) {
        let first = model.class;
        self.decide(&mut model.dc[first], difference != 0);
        if difference == 0 {
            model.class = 0;
            return;
        }
        let is_negative = difference < 0;
        self.decide(&mut model.dc[first + 1], is_negative);
        let magnitude = difference.unsigned_abs() - 1;
        self.magnitude(&mut model.dc, [first + 2 + usize::from(is_negative), 20, 21], magnitude);
        let (lower, upper, _) = model.conditioning;
        let is_below = |bits: u32| magnitude < 1 << bits >> 1;
        model.class = match (is_below(lower), magnitude >> upper != 0) {
            (true, _) => 0,
            (_, true) => 12 + 4 * usize::from(is_negative),
            _ => 4 + 4 * usize::from(is_negative),
        };
    }

    /// Encodes the size of a number in bits, in unary by `contexts` of which the last is followed by more,
    /// and the bits below the highest.
    fn magnitude(&mut self, model: &mut [(usize, bool)], contexts: [usize; 3], magnitude: u32) {
        let context = |size: usize| contexts.get(size).copied().unwrap_or(contexts[2] + size - 2);
        let size = 32 - magnitude.leading_zeros();
        for smaller in 0..size as usize {
            self.decide(&mut model[context(smaller)], true);
        }
        self.decide(&mut model[context(size as usize)], false);
        for bit in (0..size.saturating_sub(1)).rev() {
            self.decide(&mut model[context(size as usize) + 14], magnitude >> bit & 1 != 0);
        }
    }
}
