//! Conversion from luma and chroma to RGB: ITU-T T.871 (JFIF), section 7.

use crate::{Error, Frame, Kind, Model, Plane, Result, Samples, Size, View};

impl Frame {
    /// Converts [`Model::Ycc`] to one plane of [`Model::Rgb`] with a pixel for each luma sample, or for each
    /// chroma sample on an axis where chroma is finer; frames of other models, grey included, are returned
    /// unchanged.
    ///
    /// Samples are interpolated linearly between their centres. Only those that the view touches are read.
    ///
    /// # Errors
    /// [`Kind::Internal`] if a plane's buffer does not have its stated shape.
    pub fn into_rgb(self) -> Result<Self> {
        let Model::Ycc { .. } = self.model else { return Ok(self) };
        let plane = interleave(&self.planes, self.view, rgb_from_ycc)?;
        Ok(Self { model: Model::Rgb, planes: vec![plane], ..self })
    }
}

/// A sample of 8 or 16 bits that is interpolated.
pub trait Sample: Copy + Default {
    /// A sample times the resolution of interpolation.
    type Line: Copy + Default + Into<u32>;

    /// Returns the samples, if they are of this type.
    fn slice(samples: &Samples) -> Option<&[Self]>;
    /// Returns the buffer of `samples`.
    fn buffer(samples: Vec<Self>) -> Samples;
    /// Returns the mean of two samples, of which the second has the weight `part`.
    fn between(first: Self, second: Self, part: u16) -> Self::Line;
    /// Returns the sample nearest to `sum`, a sample times the square of the resolution.
    fn rounded(sum: u32) -> Self;
}

impl Sample for u8 {
    type Line = u16;

    fn slice(samples: &Samples) -> Option<&[Self]> {
        if let Samples::U8(samples) = samples { Some(samples) } else { None }
    }

    fn buffer(samples: Vec<Self>) -> Samples {
        Samples::U8(samples)
    }

    #[inline]
    fn between(first: Self, second: Self, part: u16) -> u16 {
        u16::from(first) * (PARTS - part) + u16::from(second) * part
    }

    #[inline]
    fn rounded(sum: u32) -> Self {
        ((sum + SUM / 2) / SUM) as Self
    }
}

impl Sample for u16 {
    type Line = u32;

    fn slice(samples: &Samples) -> Option<&[Self]> {
        if let Samples::U16(samples) = samples { Some(samples) } else { None }
    }

    fn buffer(samples: Vec<Self>) -> Samples {
        Samples::U16(samples)
    }

    #[inline]
    fn between(first: Self, second: Self, part: u16) -> u32 {
        u32::from(first) * u32::from(PARTS - part) + u32::from(second) * u32::from(part)
    }

    #[inline]
    fn rounded(sum: u32) -> Self {
        ((sum + SUM / 2) / SUM) as Self
    }
}

/// Interpolates three planes of one channel to the finest of their resolutions on each axis, and
/// interleaves the three channels that `convert` returns for each pixel.
///
/// Only samples that the view touches are interpolated.
///
/// # Errors
/// [`Kind::Internal`] for another number of planes, or if a plane's buffer does not have its stated shape or
/// other samples.
pub fn interleave<S: Sample>(
    planes: &[Plane],
    view: View,
    convert: impl Fn(S, S, S) -> [S; 3],
) -> Result<Plane> {
    let [first, second, third] = planes else {
        return Err(defect("three planes are expected"));
    };
    let planes = [first, second, third];
    let [Some(first), Some(second), Some(third)] = planes.map(Rows::new) else {
        return Err(defect("a plane's buffer does not have its stated shape"));
    };
    let Grid { size, step } = Grid::finest(planes);
    let [mut first, mut second, mut third] = [(planes[0], first), (planes[1], second), (planes[2], third)]
        .map(|(plane, rows)| Interpolation::new(Grid { size, step }, plane, rows, view));
    let mut samples = vec![S::default(); 3 * size.w as usize * size.h as usize];
    let pixels = samples.chunks_exact_mut((3 * size.w as usize).max(1));
    for (y, pixels) in pixels.enumerate() {
        let rows = first.row(y).iter().zip(second.row(y)).zip(third.row(y));
        for (pixel, ((a, b), c)) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(rows) {
            *pixel = convert(*a, *b, *c);
        }
    }
    Ok(Plane { size, channels: 3, samples: S::buffer(samples), step })
}

/// The sample points of a plane.
#[derive(Clone, Copy)]
struct Grid {
    size: Size,
    /// Source pixels for each point.
    step: (f64, f64),
}

impl Grid {
    /// Returns the grid of the finest of the planes on each axis.
    fn finest(planes: [&Plane; 3]) -> Self {
        let grid = |plane: &Plane| Self { size: plane.size, step: plane.step };
        let [first, others @ ..] = planes.map(grid);
        others.into_iter().fold(first, |finest, other| {
            let mut grid = finest;
            if other.step.0 < grid.step.0 {
                (grid.size.w, grid.step.0) = (other.size.w, other.step.0);
            }
            if other.step.1 < grid.step.1 {
                (grid.size.h, grid.step.1) = (other.size.h, other.step.1);
            }
            grid
        })
    }
}

fn defect(message: &str) -> Error {
    Error::new(Kind::Internal, "ycc", message)
}

/// Converts one pixel, in fixed point with 16 fractional bits, rounded to the nearest.
pub fn rgb_from_ycc(y: u8, blue: u8, red: u8) -> [u8; 3] {
    let (y, blue, red) = ((i32::from(y) << 16) + (1 << 15), i32::from(blue) - 128, i32::from(red) - 128);
    let clamped = |value: i32| (value >> 16).clamp(0, 255) as u8;
    // 1.402, 0.344136, 0.714136 and 1.772.
    [clamped(y + 91_881 * red), clamped(y - 22_554 * blue - 46_802 * red), clamped(y + 116_130 * blue)]
}

/// The rows of a plane of one channel.
#[derive(Clone, Copy)]
struct Rows<'a, S> {
    samples: &'a [S],
    w: usize,
}

impl<'a, S: Sample> Rows<'a, S> {
    /// Returns `None` if the plane has other samples or its buffer does not have its stated shape.
    fn new(plane: &'a Plane) -> Option<Self> {
        let samples = S::slice(&plane.samples)?;
        let is_whole =
            plane.channels == 1 && samples.len() as u64 == plane.size.pixels() && !samples.is_empty();
        is_whole.then_some(Self { samples, w: plane.size.w as usize })
    }

    fn get(self, y: usize) -> &'a [S] {
        &self.samples[y * self.w..][..self.w]
    }
}

/// Resolution of interpolation: steps between two samples.
const PARTS: u16 = 64;
/// Sum of the weights of the four samples around a point.
const SUM: u32 = PARTS as u32 * PARTS as u32;

/// A plane, interpolated to a grid.
struct Interpolation<'a, S: Sample> {
    rows: Rows<'a, S>,
    /// A position for each column of the grid; `None` if the plane has the same columns.
    column_positions: Option<Vec<Position>>,
    /// A position for each row of the grid.
    row_positions: Vec<Position>,
    /// One row of the plane, interpolated between two rows, times [`PARTS`].
    line: Vec<S::Line>,
    /// The same row with a sample for each column of the grid.
    row: Vec<S>,
}

/// A position between two samples.
#[derive(Clone, Copy, PartialEq)]
struct Position {
    first: usize,
    second: usize,
    /// Weight of the second sample, in [`PARTS`].
    part: u16,
}

impl Position {
    /// Returns the positions of `count` points of the grid, each `step` pixels wide, among `length` samples,
    /// each `width` pixels wide. The view limits which samples are interpolated.
    fn all(count: u32, step: f64, width: f64, length: u32, (start, extent): (f64, f64)) -> Vec<Self> {
        let last = f64::from(length - 1);
        let is_own = step.total_cmp(&width).is_eq();
        let lowest = if is_own { 0.0 } else { (start / width).floor().clamp(0.0, last) };
        let highest =
            if is_own { last } else { (((start + extent) / width).ceil() - 1.0).clamp(lowest, last) };
        let place = |i: u32| {
            let at = ((f64::from(i) + 0.5) * step / width - 0.5).clamp(lowest, highest);
            let first = at.floor();
            let part = ((at - first) * f64::from(PARTS)).round() as u16;
            Self { first: first as usize, second: (first + 1.0).min(highest) as usize, part }
        };
        (0..count).map(place).collect()
    }
}

impl<'a, S: Sample> Interpolation<'a, S> {
    fn new(grid: Grid, plane: &Plane, rows: Rows<'a, S>, view: View) -> Self {
        let View { x, y, w, h } = view;
        let columns = Position::all(grid.size.w, grid.step.0, plane.step.0, plane.size.w, (x, w));
        let is_own = columns.iter().enumerate().all(|(x, place)| place.first == x && place.part == 0);
        Self {
            rows,
            column_positions: (!is_own || rows.w != columns.len()).then_some(columns),
            row_positions: Position::all(grid.size.h, grid.step.1, plane.step.1, plane.size.h, (y, h)),
            line: vec![S::Line::default(); rows.w],
            row: vec![S::default(); grid.size.w as usize],
        }
    }

    /// Returns the row for row `y` of the grid.
    fn row(&mut self, y: usize) -> &[S] {
        let Position { first, second, part } = self.row_positions[y];
        let (above, below) = (self.rows.get(first), self.rows.get(second));
        if part == 0 && self.column_positions.is_none() {
            return above;
        }
        for ((line, above), below) in self.line.iter_mut().zip(above).zip(below) {
            *line = S::between(*above, *below, part);
        }
        match &self.column_positions {
            None => {
                for (sample, line) in self.row.iter_mut().zip(&self.line) {
                    *sample = S::rounded((*line).into() * u32::from(PARTS));
                }
            }
            Some(columns) => {
                for (sample, Position { first, second, part }) in self.row.iter_mut().zip(columns) {
                    let [left, right] = [*first, *second].map(|x| self.line[x].into());
                    *sample = S::rounded(left * u32::from(PARTS - part) + right * u32::from(*part));
                }
            }
        }
        &self.row
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rect;

    /// Returns grey luma with the given chroma of half the resolution.
    fn frame(size: Size, blue: &[u8], red: &[u8]) -> Frame {
        let chroma = Size::new(size.w.div_ceil(2), size.h.div_ceil(2));
        let plane = |size: Size, samples: Vec<u8>, step| Plane {
            size,
            channels: 1,
            samples: Samples::U8(samples),
            step: (step, step),
        };
        let grey = vec![128; size.pixels() as usize];
        let planes =
            vec![plane(size, grey, 1.0), plane(chroma, blue.to_vec(), 2.0), plane(chroma, red.to_vec(), 2.0)];
        Frame {
            model: Model::Ycc { chroma: (2, 2) },
            planes,
            ..Frame::whole(size, Model::Grey, Samples::U8(vec![]))
        }
    }

    fn pixels(frame: &Frame) -> Vec<[u8; 3]> {
        assert_eq!(frame.model, Model::Rgb);
        let Samples::U8(samples) = &frame.planes[0].samples else { panic!("8 bits went in") };
        samples.as_chunks().0.to_vec()
    }

    #[test]
    fn conversion_follows_jfif() {
        let check = |[y, blue, red]: [u8; 3], expected| assert_eq!(rgb_from_ycc(y, blue, red), expected);
        check([0, 128, 128], [0, 0, 0]);
        check([255, 128, 128], [255, 255, 255]);
        check([76, 85, 255], [254, 0, 0]);
        check([150, 44, 21], [0, 255, 1]);
        check([29, 255, 107], [0, 0, 254]);
        check([255, 255, 255], [255, 121, 255]);
        check([0, 0, 0], [0, 135, 0]);
    }

    #[test]
    fn chroma_is_interpolated_between_sample_centres() {
        let blue: Vec<_> = pixels(&frame(Size::new(5, 1), &[128, 168, 128], &[128; 3]).into_rgb().unwrap());
        // Interpolated chroma: 128, 138, 158, 158, 138.
        let expected = [128, 138, 158, 158, 138].map(|blue| rgb_from_ycc(128, blue, 128));
        assert_eq!(blue, expected);
        let red: Vec<_> = pixels(&frame(Size::new(1, 5), &[128; 3], &[128, 168, 128]).into_rgb().unwrap());
        assert_eq!(red, [128, 138, 158, 158, 138].map(|red| rgb_from_ycc(128, 128, red)));
    }

    #[test]
    fn sixteen_bits_are_interpolated_like_eight() {
        let plane = |samples: Vec<u16>, w, step| Plane {
            size: Size::new(w, 1),
            channels: 1,
            samples: Samples::U16(samples),
            step: (step, 1.0),
        };
        let planes =
            [plane(vec![7; 4], 4, 1.0), plane(vec![0, 65_535], 2, 2.0), plane(vec![65_535; 2], 2, 2.0)];
        let view = View::whole(Size::new(4, 1));
        let found = interleave(&planes, view, |a: u16, b, c| [a, b, c]).unwrap();
        let expected = [0, 16_384, 49_151, 65_535].map(|second| [7, second, 65_535]).concat();
        assert_eq!((found.samples, found.step), (Samples::U16(expected), (1.0, 1.0)));
        assert!(interleave(&planes, view, |a: u8, b, c| [a, b, c]).is_err());
    }

    #[test]
    fn chroma_outside_the_view_is_not_used() {
        let mut wide = frame(Size::new(8, 1), &[0, 128, 128, 255], &[128; 4]);
        wide.crop(Rect { x: 2, y: 0, size: Size::new(4, 1) });
        let seen = pixels(&wide.clone().into_rgb().unwrap());
        assert!(seen[2..6].iter().all(|pixel| *pixel == [128; 3]), "{seen:?}");
        // A cut through a chroma sample cannot be expressed in chroma planes, so it gives RGB.
        let whole = wide.clone().materialize().unwrap();
        assert_eq!((whole.model, whole.planes[1].size), (wide.model, Size::new(2, 1)));
        wide.crop(Rect { x: 1, y: 0, size: Size::new(3, 1) });
        let cut = wide.materialize().unwrap();
        assert_eq!(pixels(&cut), [[128; 3]; 3]);
    }

    #[test]
    fn planes_of_wrong_shape_are_internal_errors() {
        let mut short = frame(Size::new(4, 4), &[128; 4], &[128; 3]);
        assert_eq!(short.clone().into_rgb().unwrap_err().kind, Kind::Internal);
        short.planes.pop();
        assert_eq!(short.into_rgb().unwrap_err().kind, Kind::Internal);
    }
}
