//! The output of a component: what its scans have decoded, and the samples made from it.

use super::coefficients::Coefficients;
use super::layout::Part;
use super::lossless::LosslessSamples;
use super::planes::Component;
use super::retained::RetainedCoefficients;
use super::scan::ScanPart;
use crate::dct::{Inverse, WideInverse};
use rayon::prelude::*;

/// The output of a component.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) retained: RetainedCoefficients,
    /// Blocks from one row of blocks to the next.
    pub(super) across: usize,
    /// The coefficients of a file that buffers them.
    pub(super) coefficients: Coefficients,
    /// The samples of a file that does not.
    pub(super) samples: Vec<u8>,
    /// Built when the component's first scan begins: tables may change later.
    pub(super) reconstruction: Option<Reconstruction>,
    /// The coefficients that no later scan changes: bit k for coefficient k.
    pub(super) complete: u64,
}

/// The way from decoded data to samples.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "an image has one for each component")]
pub(super) enum Reconstruction {
    /// The inverse transform of 8 bits.
    Narrow(Inverse),
    /// The inverse transform of 12 bits.
    Wide(WideInverse),
    /// Lossless coding, which has no transform.
    Lossless(LosslessSamples),
}

/// The settings for making samples of coefficients.
#[derive(Clone, Copy)]
pub(super) struct Finish<'a> {
    pub(super) is_parallel: bool,
    pub(super) is_interrupted: &'a (dyn Fn() -> bool + Sync),
}

impl Reconstruction {
    /// Returns the transform of a component that is decoded directly to samples of 8 bits.
    pub(super) fn narrow(of: Option<&Self>) -> &Inverse {
        match of {
            Some(Self::Narrow(inverse)) => inverse,
            _ => unreachable!("the transform was built when the scan began"),
        }
    }
}

impl Output {
    /// Returns the output of a component before its first scan.
    pub(super) fn new(part: &Part) -> Self {
        Self {
            retained: RetainedCoefficients::new(part.n),
            across: part.padded.0,
            coefficients: Coefficients::default(),
            samples: Vec::new(),
            reconstruction: None,
            complete: 0,
        }
    }

    /// Returns the samples of 8 bits.
    pub(super) fn into_plane(mut self, part: &Part, finish: Finish<'_>) -> Component {
        let samples = match &self.reconstruction {
            Some(Reconstruction::Narrow(inverse)) if self.samples.is_empty() => {
                let stride = part.stride();
                self.transformed(part, finish, |block, last, out| inverse.block(block, last, out, stride))
            }
            Some(_) => std::mem::take(&mut self.samples),
            None => vec![128; part.samples()],
        };
        padded(samples, part)
    }

    /// Returns the samples of more than 8 bits, which are `bits` bits.
    pub(super) fn into_wide_plane(self, part: &Part, bits: u8, finish: Finish<'_>) -> Component<u16> {
        let samples = match self.reconstruction {
            Some(Reconstruction::Wide(ref inverse)) => {
                let stride = part.stride();
                self.transformed(part, finish, |block, last, out| inverse.block(block, last, out, stride))
            }
            Some(Reconstruction::Lossless(samples)) => samples.into_samples(bits),
            _ => vec![1 << (bits - 1); part.samples()],
        };
        padded(samples, part)
    }

    /// Transforms the coefficients; `inverse` is that of [`Coefficients::transform`].
    fn transformed<S: Copy + Default + Send>(
        &self,
        part: &Part,
        finish: Finish<'_>,
        inverse: impl Fn(&[i16; 64], usize, &mut [S]) + Sync,
    ) -> Vec<S> {
        let mut samples = vec![S::default(); part.samples()];
        let transform = |(row, out): (usize, &mut [S])| {
            if !(finish.is_interrupted)() {
                self.coefficients.transform(&self.retained, part, row, out, &inverse);
            }
        };
        let rows = part.stride() * part.n;
        if finish.is_parallel {
            samples.par_chunks_exact_mut(rows).enumerate().for_each(transform);
        } else {
            samples.chunks_exact_mut(rows).enumerate().for_each(transform);
        }
        samples
    }
}

fn padded<S: Copy>(samples: Vec<S>, part: &Part) -> Component<S> {
    let mut component = Component { samples, w: part.stride(), h: part.padded.1 * part.n, step: part.step };
    component.pad(part.blocks.0 * part.n, part.blocks.1 * part.n);
    component
}

/// Calls `each` with every block of the MCU at `column` and `row`, until it returns false. Returns whether it did not.
#[inline]
pub(super) fn all_blocks(
    (column, row): (usize, usize),
    parts: &mut [ScanPart],
    outputs: &mut [Output],
    mut each: impl FnMut(&mut ScanPart, &mut Output, usize) -> bool,
) -> bool {
    for part in parts {
        let output = &mut outputs[part.component];
        let (h, v) = part.factors;
        for y in row * v..(row + 1) * v {
            for x in column * h..(column + 1) * h {
                let block = y * output.across + x;
                if !each(part, output, block) {
                    return false;
                }
            }
        }
    }
    true
}
