//! Conversion of planes to grey and RGB (ITU-T H.273 section 8).

use super::planes::{Plane, Planes};
use crate::hdr;
use safelight_core::{Frame, Model, Samples, Size};

/// The meaning of samples, in code points of ITU-T H.273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signal {
    pub(super) primaries: u8,
    pub(super) transfer: u8,
    pub(super) matrix: u8,
    pub(super) is_full_range: bool,
}

impl Signal {
    /// The meaning of samples about which a file says nothing (ISO/IEC 23000-22 section 7.3.6.4).
    pub(super) const UNSPECIFIED: Self = Self { primaries: 2, transfer: 2, matrix: 2, is_full_range: true };

    /// Returns whether 8-bit samples are those of [`Model::Ycc`].
    pub(super) const fn is_jfif(self) -> bool {
        self.is_full_range && matches!(self.matrix, 2 | 5 | 6)
    }

    /// Returns whether the curve of the samples has a high dynamic range.
    pub(super) fn is_high_range(self) -> bool {
        hdr::Transfer::from_code(self.transfer).is_some()
    }

    /// Returns whether samples with this matrix can be converted.
    pub(super) fn is_supported(self) -> bool {
        Matrix::of(self).is_some()
    }
}

/// The conversion of one pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Matrix {
    /// The planes are green, blue and red.
    Identity,
    /// Differences of green and orange.
    GreenOrange,
    /// Luma with these shares of red and blue, and their differences from it.
    Luma { red: f32, blue: f32 },
}

impl Matrix {
    /// `None` for those that need more than three multiplications: constant luminance, `ICtCp` and others.
    fn of(signal: Signal) -> Option<Self> {
        // ITU-T H.273, table 4.
        let luma = |red, blue| Some(Self::Luma { red, blue });
        match signal.matrix {
            0 => Some(Self::Identity),
            1 => luma(0.2126, 0.0722),
            4 => luma(0.3, 0.11),
            2 | 5 | 6 => luma(0.299, 0.114),
            7 => luma(0.212, 0.087),
            8 => Some(Self::GreenOrange),
            9 => luma(0.2627, 0.0593),
            // Derived from the primaries.
            12 => match signal.primaries {
                9 => luma(0.2627, 0.0593),
                11 => luma(0.2095, 0.0689),
                12 => luma(0.2290, 0.0793),
                5..=7 => luma(0.2122, 0.0866),
                _ => luma(0.2126, 0.0722),
            },
            _ => None,
        }
    }

    /// Converts luma from 0 to 1 and two differences from -0.5 to 0.5.
    fn rgb(self, y: f32, first: f32, second: f32) -> [f32; 3] {
        match self {
            Self::Identity => [second, y, first],
            Self::GreenOrange => [y - first + second, y + first, y - first - second],
            Self::Luma { red, blue } => {
                let (red_gap, blue_gap) = (2.0 * (1.0 - red), 2.0 * (1.0 - blue));
                let green = 1.0 - red - blue;
                let below = blue * blue_gap * first + red * red_gap * second;
                [y + red_gap * second, y - below / green, y + blue_gap * first]
            }
        }
    }
}

/// The scale of stored values: subtract, then multiply.
#[derive(Clone, Copy, Debug)]
struct Scale {
    zero: f32,
    factor: f32,
}

impl Scale {
    fn luma(bits: u8, is_full_range: bool) -> Self {
        let unit = f32::from(1_u16 << (bits - 8));
        if is_full_range {
            Self { zero: 0.0, factor: 1.0 / max(bits) }
        } else {
            Self { zero: 16.0 * unit, factor: 1.0 / (219.0 * unit) }
        }
    }

    fn chroma(bits: u8, is_full_range: bool) -> Self {
        let unit = f32::from(1_u16 << (bits - 8));
        let factor = if is_full_range { 1.0 / max(bits) } else { 1.0 / (224.0 * unit) };
        Self { zero: 128.0 * unit, factor }
    }

    fn apply(self, value: f32) -> f32 {
        (value - self.zero) * self.factor
    }
}

fn max(bits: u8) -> f32 {
    ((1_u32 << bits) - 1) as f32
}

/// An alpha plane.
pub(super) struct AlphaPlane<'a> {
    pub(super) planes: &'a Planes,
    pub(super) is_full_range: bool,
    /// Whether colours were multiplied with it; the result never is.
    pub(super) is_premultiplied: bool,
}

/// Converts `planes` to one plane of `size` pixels: grey or RGB, with alpha if there is any; 8 bits if all planes have
/// them and the range is not high, else 16. Planes of other sizes are interpolated linearly between the centres of their samples.
///
/// The matrix of `signal` is supported.
pub(super) fn convert(planes: &Planes, size: Size, signal: Signal, alpha: Option<&AlphaPlane>) -> Frame {
    let bits = planes.layout.bits;
    let is_wide =
        bits != 8 || signal.is_high_range() || alpha.is_some_and(|alpha| alpha.planes.layout.bits != 8);
    let model = match (planes.planes.len(), alpha.is_some()) {
        (1, false) => Model::Grey,
        (1, true) => Model::GreyAlpha,
        (_, false) => Model::Rgb,
        (_, true) => Model::Rgba,
    };
    let samples = if is_wide {
        Samples::U16(pixels(planes, size, signal, alpha, model, |value| (value * 65_535.0 + 0.5) as u16))
    } else {
        Samples::U8(pixels(planes, size, signal, alpha, model, |value| (value * 255.0 + 0.5) as u8))
    };
    Frame::whole(size, model, samples)
}

fn pixels<T: Copy>(
    planes: &Planes,
    size: Size,
    signal: Signal,
    alpha: Option<&AlphaPlane>,
    model: Model,
    // A cast to an integer cuts what is too small or too large.
    narrow: impl Fn(f32) -> T,
) -> Vec<T> {
    let bits = planes.layout.bits;
    let matrix = Matrix::of(signal).unwrap_or(Matrix::Identity);
    let luma_scale = Scale::luma(bits, signal.is_full_range);
    let chroma_scale = match matrix {
        Matrix::Identity => luma_scale,
        _ => Scale::chroma(bits, signal.is_full_range),
    };
    let (across, down) = planes.layout.chroma.unwrap_or((1, 1));
    let scale = planes.scale(size);
    let chroma_step = (scale.0 / f64::from(across), scale.1 / f64::from(down));
    let steps = [scale, chroma_step, chroma_step];
    let mut lines: Vec<_> =
        planes.planes.iter().zip(steps).map(|(plane, step)| Lines::new(plane, size, step)).collect();
    let mut opacity = alpha.and_then(|alpha| {
        let scale = Scale::luma(alpha.planes.layout.bits, alpha.is_full_range);
        let lines = Lines::new(alpha.planes.planes.first()?, size, alpha.planes.scale(size));
        Some((lines, scale, alpha.is_premultiplied))
    });
    let mut out = Vec::with_capacity(size.pixels() as usize * usize::from(model.channels()));
    for y in 0..size.h as usize {
        let rows: Vec<_> = lines.iter_mut().map(|lines| lines.row(y)).collect();
        let opacity = opacity
            .as_mut()
            .map(|(lines, scale, is_premultiplied)| (lines.row(y), *scale, *is_premultiplied));
        let alpha = |x: usize| match opacity {
            Some((row, scale, _)) => scale.apply(row[x]).clamp(0.0, 1.0),
            None => 1.0,
        };
        let straight = |value: f32, alpha: f32| match opacity {
            Some((.., true)) if alpha == 0.0 => 0.0,
            Some((.., true)) => (value / alpha).min(1.0),
            _ => value,
        };
        match *rows {
            [luma, first, second] => {
                for (x, ((luma, first), second)) in luma.iter().zip(first).zip(second).enumerate() {
                    let (first, second) = (chroma_scale.apply(*first), chroma_scale.apply(*second));
                    let rgb = matrix.rgb(luma_scale.apply(*luma), first, second);
                    if opacity.is_some() {
                        let alpha = alpha(x);
                        out.extend(rgb.map(|value| narrow(straight(value, alpha))));
                        out.push(narrow(alpha));
                    } else {
                        out.extend(rgb.map(&narrow));
                    }
                }
            }
            [luma, ..] => {
                for (x, luma) in luma.iter().enumerate() {
                    let alpha = alpha(x);
                    out.push(narrow(straight(luma_scale.apply(*luma), alpha)));
                    if opacity.is_some() {
                        out.push(narrow(alpha));
                    }
                }
            }
            [] => (),
        }
    }
    out
}

impl Planes {
    /// Returns the samples of luma, columns and rows, for each of `size` pixels.
    fn scale(&self, size: Size) -> (f64, f64) {
        let luma = self.planes.first().map_or(size, |luma| luma.size);
        (f64::from(luma.w) / f64::from(size.w), f64::from(luma.h) / f64::from(size.h))
    }
}

/// The rows of a plane, interpolated to another size.
struct Lines<'a> {
    plane: &'a Plane,
    /// Positions of columns; `None` if the plane has the same.
    columns: Option<Vec<Position>>,
    /// Rows of the plane for each row of the result.
    step: f64,
    line: Vec<f32>,
    row: Vec<f32>,
}

/// A position between two samples, and the weight of the second.
#[derive(Clone, Copy)]
struct Position {
    first: usize,
    second: usize,
    part: f32,
}

impl Position {
    /// The centre of pixel `at` among `count` samples, of which there are `step` for each pixel.
    fn new(at: usize, step: f64, count: u32) -> Self {
        let last = f64::from(count - 1);
        let place = ((at as f64 + 0.5) * step - 0.5).clamp(0.0, last);
        let first = place.floor();
        Self { first: first as usize, second: (first + 1.0).min(last) as usize, part: (place - first) as f32 }
    }
}

impl<'a> Lines<'a> {
    /// Prepares the rows of `size`; a pixel of it is as wide and high as `step` samples.
    fn new(plane: &'a Plane, size: Size, step: (f64, f64)) -> Self {
        let w = plane.size.w;
        let is_same = w == size.w && step.0.total_cmp(&1.0).is_eq();
        let columns = || (0..size.w as usize).map(|x| Position::new(x, step.0, w)).collect();
        Self {
            plane,
            columns: (!is_same).then(columns),
            step: step.1,
            line: vec![0.0; w as usize],
            row: vec![0.0; size.w as usize],
        }
    }

    fn row(&mut self, y: usize) -> &[f32] {
        let Position { first, second, part } = Position::new(y, self.step, self.plane.size.h);
        let w = self.plane.size.w as usize;
        match &self.plane.samples {
            Samples::U8(samples) => {
                blend(&mut self.line, &samples[first * w..], &samples[second * w..], part);
            }
            Samples::U16(samples) => {
                blend(&mut self.line, &samples[first * w..], &samples[second * w..], part);
            }
        }
        let Some(columns) = &self.columns else { return &self.line };
        for (value, Position { first, second, part }) in self.row.iter_mut().zip(columns) {
            *value = self.line[*first] + (self.line[*second] - self.line[*first]) * part;
        }
        &self.row
    }
}

fn blend<T: Copy + Into<f32>>(line: &mut [f32], above: &[T], below: &[T], part: f32) {
    for ((value, above), below) in line.iter_mut().zip(above).zip(below) {
        let above: f32 = (*above).into();
        *value = above + ((*below).into() - above) * part;
    }
}

#[cfg(test)]
mod tests {
    use super::super::planes::Layout;
    use super::*;

    /// One pixel with the values `samples`.
    fn pixel(bits: u8, samples: [u16; 3]) -> Planes {
        let plane = |value: u16| Plane {
            size: Size::new(1, 1),
            samples: if bits == 8 { Samples::U8(vec![value as u8]) } else { Samples::U16(vec![value]) },
        };
        Planes { layout: Layout { bits, chroma: Some((1, 1)) }, planes: samples.map(plane).to_vec() }
    }

    #[test]
    fn matrices_follow_the_standard() {
        let check = |matrix, is_full_range, samples, expected: [u8; 3]| {
            let signal = Signal { matrix, is_full_range, ..Signal::UNSPECIFIED };
            let frame = convert(&pixel(8, samples), Size::new(1, 1), signal, None);
            assert_eq!(frame.planes[0].samples, Samples::U8(expected.to_vec()), "{signal:?} {samples:?}");
        };
        check(6, true, [76, 85, 255], [254, 0, 0]);
        check(2, true, [128, 128, 128], [128; 3]);
        // Red, green and blue of ITU-R BT.709 in limited range.
        check(1, false, [63, 102, 240], [255, 1, 0]);
        check(1, false, [173, 42, 26], [0, 255, 1]);
        check(1, false, [32, 240, 118], [1, 0, 255]);
        check(1, false, [235, 128, 128], [255; 3]);
        check(1, false, [16, 128, 128], [0; 3]);
        check(9, true, [67, 92, 255], [254, 0, 0]);
        check(0, true, [10, 20, 30], [30, 10, 20]);
        check(0, false, [16, 235, 16], [0, 0, 255]);
        check(8, true, [100, 138, 108], [70, 110, 110]);
        let wide = Signal { is_full_range: false, matrix: 9, ..Signal::UNSPECIFIED };
        let frame = convert(&pixel(10, [940, 512, 512]), Size::new(1, 1), wide, None);
        assert_eq!(frame.planes[0].samples, Samples::U16(vec![65_535; 3]));
        assert!(!Signal { matrix: 14, ..wide }.is_supported());
    }

    #[test]
    fn alpha_is_interpolated_and_colours_become_straight() {
        let grey = |bits, samples, size| Planes {
            layout: Layout { bits, chroma: None },
            planes: vec![Plane { size, samples }],
        };
        let size = Size::new(4, 1);
        let luma = grey(8, Samples::U8(vec![40, 40, 0, 90]), size);
        let alpha = grey(8, Samples::U8(vec![80, 0]), Size::new(2, 1));
        let convert = |is_premultiplied, is_full_range| {
            let alpha = AlphaPlane { planes: &alpha, is_full_range, is_premultiplied };
            convert(&luma, size, Signal::UNSPECIFIED, Some(&alpha)).planes[0].samples.clone()
        };
        assert_eq!(convert(false, true), Samples::U8(vec![40, 80, 40, 60, 0, 20, 90, 0]));
        assert_eq!(convert(true, true), Samples::U8(vec![128, 80, 170, 60, 0, 20, 0, 0]));
        assert_eq!(convert(false, false), Samples::U8(vec![40, 75, 40, 51, 0, 5, 90, 0]));
    }

    #[test]
    fn chroma_is_interpolated_between_its_centres() {
        let plane = |w, samples| Plane { size: Size::new(w, 1), samples: Samples::U16(samples) };
        let layout = Layout { bits: 16, chroma: Some((2, 2)) };
        let planes = Planes {
            layout,
            planes: vec![plane(5, vec![0; 5]), plane(3, vec![0, 40, 0]), plane(3, vec![0; 3])],
        };
        let signal = Signal { matrix: 0, ..Signal::UNSPECIFIED };
        let frame = convert(&planes, Size::new(5, 1), signal, None);
        let Samples::U16(samples) = &frame.planes[0].samples else { panic!("16 bits went in") };
        let blue: Vec<_> = samples.chunks_exact(3).map(|pixel| pixel[2]).collect();
        assert_eq!(blue, [0, 10, 30, 30, 10]);
    }
}
