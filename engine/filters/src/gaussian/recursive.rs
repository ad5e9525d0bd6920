//! Deriche's recursive Gaussian, with the same number of operations for every sigma.
//!
//! R. Deriche, "Recursively implementing the Gaussian and its derivatives", INRIA research report 1893,
//! 1993: for 0 ≤ x the Gaussian exp(−x²/2) is very nearly the sum of two damped oscillations,
//!
//! ```text
//! (1.68 cos 0.6318x + 3.735 sin 0.6318x) e^(−1.783x) − (0.6803 cos 1.997x + 0.2598 sin 1.997x) e^(−1.723x)
//! ```
//!
//! Each is the real part of a geometric series with a complex ratio, that is, of a first-order recursion.
//! The recursions stay complex instead of being combined into one of fourth order, because their poles are then
//! exact in single precision.

use super::filter::{LANES, Lanes};

/// Weights, and logarithms of the poles for a sigma of 1: a sum of cosine and sine is the real part of
/// (cosine − i sine) times (their weights as a complex number).
const OSCILLATIONS: [(Complex, Complex); 2] = [
    (Complex { re: 1.68, im: 3.735 }, Complex { re: -1.783, im: -0.6318 }),
    (Complex { re: -0.6803, im: -0.2598 }, Complex { re: -1.723, im: -1.997 }),
];

/// The filter for one sigma.
#[derive(Debug)]
pub(crate) struct Recursive {
    forwards: [Oscillation; 2],
    backwards: [Oscillation; 2],
}

impl Recursive {
    pub(crate) fn new(sigma: f64) -> Self {
        let parts = OSCILLATIONS.map(|(weight, log)| (weight, log.scaled(1.0 / sigma).exp()));
        // The response to a constant 1: the series forwards, and backwards without its first term.
        let gain: f64 =
            parts.iter().map(|(weight, pole)| weight.times(pole.sum().plus(pole.sum_after())).re).sum();
        let forwards = parts.map(|(weight, pole)| Oscillation::new(weight.scaled(1.0 / gain), pole));
        let backwards =
            parts.map(|(weight, pole)| Oscillation::new(weight.times(pole).scaled(1.0 / gain), pole));
        Self { forwards, backwards }
    }

    /// Adds a forward pass, which includes the sample itself, and a backward pass, which does not. Both work on
    /// differences from the first sample, which are exactly 0 in flat lines, and start in the state that an
    /// endless continuation of the line's end would give.
    pub(crate) fn run(&self, input: &[Lanes], output: &mut [Lanes]) {
        let (Some(first), Some(last)) = (input.first(), input.last()) else { return };
        let mut states = self.forwards.map(|part| State::constant(&part, &[0.0; LANES]));
        for (out, x) in output.iter_mut().zip(input) {
            let x = difference(x, first);
            *out = *first;
            for (part, state) in self.forwards.iter().zip(&mut states) {
                state.push(part, &x);
                state.add_to(out, part);
            }
        }
        let mut states = self.backwards.map(|part| State::constant(&part, &difference(last, first)));
        for (out, x) in output.iter_mut().zip(input).rev() {
            let x = difference(x, first);
            for (part, state) in self.backwards.iter().zip(&mut states) {
                state.add_to(out, part);
                state.push(part, &x);
            }
        }
    }
}

/// The recursion z ← pole · z + x; Re(weight · z) is a term of the result.
#[derive(Clone, Copy, Debug)]
struct Oscillation {
    pole: [f32; 2],
    weight: [f32; 2],
    /// The limit of z for a constant 1.
    constant: [f32; 2],
}

impl Oscillation {
    fn new(weight: Complex, pole: Complex) -> Self {
        Self { pole: pole.narrow(), weight: weight.narrow(), constant: pole.sum().narrow() }
    }
}

/// The state z of each line.
struct State {
    re: Lanes,
    im: Lanes,
}

impl State {
    fn constant(part: &Oscillation, x: &Lanes) -> Self {
        let [re, im] = part.constant;
        Self { re: x.map(|x| re * x), im: x.map(|x| im * x) }
    }

    #[inline]
    fn push(&mut self, part: &Oscillation, x: &Lanes) {
        let [re, im] = part.pole;
        for ((z_re, z_im), x) in self.re.iter_mut().zip(&mut self.im).zip(x) {
            (*z_re, *z_im) = (re * *z_re - im * *z_im + x, im * *z_re + re * *z_im);
        }
    }

    #[inline]
    fn add_to(&self, out: &mut Lanes, part: &Oscillation) {
        let [re, im] = part.weight;
        for ((out, z_re), z_im) in out.iter_mut().zip(&self.re).zip(&self.im) {
            *out += re * z_re - im * z_im;
        }
    }
}

#[inline]
fn difference(x: &Lanes, from: &Lanes) -> Lanes {
    std::array::from_fn(|lane| x[lane] - from[lane])
}

#[derive(Clone, Copy, Debug)]
struct Complex {
    re: f64,
    im: f64,
}

impl Complex {
    fn scaled(self, factor: f64) -> Self {
        Self { re: factor * self.re, im: factor * self.im }
    }

    fn plus(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }

    fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    fn exp(self) -> Self {
        let (sin, cos) = self.im.sin_cos();
        Self { re: cos, im: sin }.scaled(self.re.exp())
    }

    /// Returns 1 + z + z² + …, which is 1 / (1 − z).
    fn sum(self) -> Self {
        let (re, im) = (1.0 - self.re, -self.im);
        Self { re, im: -im }.scaled(1.0 / (re * re + im * im))
    }

    /// Returns z + z² + …
    fn sum_after(self) -> Self {
        self.times(self.sum())
    }

    fn narrow(self) -> [f32; 2] {
        [self.re as f32, self.im as f32]
    }
}
