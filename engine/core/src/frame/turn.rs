//! The eight combinations of quarter turns and mirrors: exact permutations of samples.

use crate::{Error, Frame, Kind, Orientation, Plane, Result, Samples, Size};

/// A combination of quarter turns and mirrors, applied in this order: transpose (mirror at the diagonal
/// through the top left corner), then the two mirrors. Defaults to no change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Whether rows become columns.
    pub is_transposed: bool,
    /// Whether left and right are then exchanged.
    pub is_mirrored_x: bool,
    /// Whether top and bottom are then exchanged.
    pub is_mirrored_y: bool,
}

impl From<Orientation> for Turn {
    /// Returns the turn that makes stored pixels upright (EXIF 2.32, tag 0x0112).
    fn from(orientation: Orientation) -> Self {
        let number = orientation.get();
        Self {
            is_transposed: orientation.is_transposed(),
            is_mirrored_x: matches!(number, 2 | 3 | 6 | 7),
            is_mirrored_y: matches!(number, 3 | 4 | 7 | 8),
        }
    }
}

impl From<Turn> for Orientation {
    /// Returns the orientation of stored pixels that need the turn: the inverse of the conversion above.
    fn from(turn: Turn) -> Self {
        let number = match (turn.is_transposed, turn.is_mirrored_x, turn.is_mirrored_y) {
            (false, false, false) => 1,
            (false, true, false) => 2,
            (false, true, true) => 3,
            (false, false, true) => 4,
            (true, false, false) => 5,
            (true, true, false) => 6,
            (true, true, true) => 7,
            (true, false, true) => 8,
        };
        Self::new(number).unwrap_or(Self::UPRIGHT)
    }
}

impl Turn {
    /// Returns the one turn that equals this and then `next`.
    #[must_use]
    pub const fn then(self, next: Self) -> Self {
        // A transpose after a mirror is the other mirror after a transpose.
        let (x, y) = if next.is_transposed {
            (self.is_mirrored_y, self.is_mirrored_x)
        } else {
            (self.is_mirrored_x, self.is_mirrored_y)
        };
        Self {
            is_transposed: self.is_transposed != next.is_transposed,
            is_mirrored_x: x != next.is_mirrored_x,
            is_mirrored_y: y != next.is_mirrored_y,
        }
    }

    /// Returns the size after the turn for `size` before it.
    pub const fn size(self, size: Size) -> Size {
        if self.is_transposed { size.transposed() } else { size }
    }
}

impl Frame {
    /// Turns the planes, at every scale of the decode; `geometry.orientation` is not changed.
    ///
    /// # Errors
    /// [`Kind::Internal`] if a plane's buffer does not have its stated shape.
    pub fn turn(mut self, turn: Turn) -> Result<Self> {
        if turn == Turn::default() {
            return Ok(self);
        }
        let is_mirrored = turn.is_mirrored_x || turn.is_mirrored_y;
        if is_mirrored && self.extent().is_none() {
            // A mirror's axis is the centre of a plane. Planes with different centres would move apart.
            self = self.into_rgb()?;
        }
        let extent = self.extent().or_else(|| (!is_mirrored).then_some((0.0, 0.0)));
        let (mut w, mut h) = extent.ok_or_else(|| defect("the planes cover different pixels"))?;
        for plane in &mut self.planes {
            *plane = plane.turned(turn)?;
        }
        self.geometry.size = turn.size(self.geometry.size);
        let view = &mut self.view;
        if turn.is_transposed {
            std::mem::swap(&mut w, &mut h);
            std::mem::swap(&mut view.x, &mut view.y);
            std::mem::swap(&mut view.w, &mut view.h);
        }
        if turn.is_mirrored_x {
            view.x = w - view.x - view.w;
        }
        if turn.is_mirrored_y {
            view.y = h - view.y - view.h;
        }
        Ok(self)
    }

    /// Returns the source pixels that every plane covers: rounded up to whole samples, so possibly more than
    /// the view. `None` if the planes differ.
    fn extent(&self) -> Option<(f64, f64)> {
        let of =
            |plane: &Plane| (f64::from(plane.size.w) * plane.step.0, f64::from(plane.size.h) * plane.step.1);
        let mut extents = self.planes.iter().map(of);
        let first = extents.next()?;
        extents.all(|other| other == first).then_some(first)
    }
}

impl Plane {
    fn turned(&self, turn: Turn) -> Result<Self> {
        let permuted = match &self.samples {
            Samples::U8(samples) => permuted(samples, self.size, self.channels, turn).map(Samples::U8),
            Samples::U16(samples) => permuted(samples, self.size, self.channels, turn).map(Samples::U16),
        };
        let samples = permuted.ok_or_else(|| defect("a plane's buffer does not have its stated shape"))?;
        let step = if turn.is_transposed { (self.step.1, self.step.0) } else { self.step };
        Ok(Self { size: turn.size(self.size), channels: self.channels, samples, step })
    }
}

fn defect(message: &str) -> Error {
    Error::new(Kind::Internal, "turn", message)
}

fn permuted<T: Copy + Default>(samples: &[T], size: Size, channels: u8, turn: Turn) -> Option<Vec<T>> {
    match channels {
        1 => pixels_permuted::<T, 1>(samples, size, turn),
        2 => pixels_permuted::<T, 2>(samples, size, turn),
        3 => pixels_permuted::<T, 3>(samples, size, turn),
        4 => pixels_permuted::<T, 4>(samples, size, turn),
        _ => None,
    }
}

/// `None` if `samples` is not of the shape `[size.h, size.w, C]`.
fn pixels_permuted<T: Copy + Default, const C: usize>(
    samples: &[T],
    size: Size,
    turn: Turn,
) -> Option<Vec<T>> {
    let (pixels, rest) = samples.as_chunks::<C>();
    if !rest.is_empty() || pixels.is_empty() || pixels.len() as u64 != size.pixels() {
        return None;
    }
    let permuted = if turn.is_transposed {
        transposed(pixels, [T::default(); C], size, turn)
    } else {
        mirrored(pixels, size.w as usize, turn)
    };
    Some(permuted.into_flattened())
}

fn mirrored<P: Copy>(pixels: &[P], w: usize, turn: Turn) -> Vec<P> {
    let mut out = Vec::with_capacity(pixels.len());
    let mut push = |row: &[P]| {
        if turn.is_mirrored_x {
            out.extend(row.iter().rev());
        } else {
            out.extend_from_slice(row);
        }
    };
    let rows = pixels.chunks_exact(w);
    if turn.is_mirrored_y {
        rows.rev().for_each(&mut push);
    } else {
        rows.for_each(&mut push);
    }
    out
}

/// Side of the blocks that are transposed one at a time, in pixels: source and target rows of a block fit
/// into the first-level cache, so each cache line is used completely before it is evicted.
const BLOCK: usize = 16;

fn transposed<P: Copy>(pixels: &[P], blank: P, size: Size, turn: Turn) -> Vec<P> {
    let (w, h) = (size.w as usize, size.h as usize);
    let mut out = vec![blank; pixels.len()];
    for (strip, rows) in out.chunks_mut(h * BLOCK).enumerate() {
        for left in (0..h).step_by(BLOCK) {
            let right = h.min(left + BLOCK);
            for (row, y) in rows.chunks_exact_mut(h).zip(strip * BLOCK..) {
                let from_x = if turn.is_mirrored_y { w - 1 - y } else { y };
                for (pixel, x) in row[left..right].iter_mut().zip(left..) {
                    let from_y = if turn.is_mirrored_x { h - 1 - x } else { x };
                    *pixel = pixels[from_y * w + from_x];
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, View};

    const MODELS: [Model; 4] = [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba];

    /// A frame whose pixel `i` has the samples `names[i]`, `names[i] + 1` …
    fn frame(names: &[u8], size: Size, model: Model, has_16_bits: bool) -> Frame {
        let samples = names.iter().flat_map(|&name| (0..model.channels()).map(move |channel| name + channel));
        let samples = if has_16_bits {
            Samples::U16(samples.map(|sample| u16::from(sample) * 257 - 1).collect())
        } else {
            Samples::U8(samples.collect())
        };
        Frame::whole(size, model, samples)
    }

    #[test]
    fn every_orientation_becomes_upright() {
        // EXIF 2.32: the 0th row is at the visual top, the 0th column at the visual left, and so on.
        let check = |number, expected: &str| {
            let rows: Vec<_> = expected.split('/').collect();
            let size = Size::new(rows[0].len() as u32, rows.len() as u32);
            for model in MODELS {
                for has_16_bits in [false, true] {
                    let source = frame(b"abcdef", Size::new(3, 2), model, has_16_bits);
                    let turned = source.turn(Orientation::new(number).unwrap().into()).unwrap();
                    let upright = frame(rows.concat().as_bytes(), size, model, has_16_bits);
                    assert_eq!(turned, upright, "orientation {number}, {model:?}, 16 bits: {has_16_bits}");
                }
            }
        };
        check(1, "abc/def");
        check(2, "cba/fed");
        check(3, "fed/cba");
        check(4, "def/abc");
        check(5, "ad/be/cf");
        check(6, "da/eb/fc");
        check(7, "fc/eb/da");
        check(8, "cf/be/ad");
    }

    #[test]
    fn turns_follow_one_another() {
        let all = || (1..=8).filter_map(Orientation::new);
        for (one, two) in all().flat_map(|one| all().map(move |two| (one, two))) {
            let source = || frame(b"abcdef", Size::new(3, 2), Model::Grey, false);
            let joined = Turn::from(one).then(two.into());
            let expected = source().turn(one.into()).and_then(|it| it.turn(two.into())).unwrap();
            assert_eq!(source().turn(joined).unwrap(), expected, "{one:?}, {two:?}");
            assert_eq!(Turn::from(Orientation::from(joined)), joined);
        }
    }

    #[test]
    fn blocks_are_joined_without_seams() {
        let size = Size::new(37, 53);
        let samples = Samples::U16((0..37 * 53).collect());
        let turn = Turn { is_transposed: true, is_mirrored_x: true, is_mirrored_y: false };
        let turned = Frame::whole(size, Model::Grey, samples).turn(turn).unwrap();
        let expected = (0..37).flat_map(|x| (0..53).rev().map(move |y| y * 37 + x)).collect();
        assert_eq!(turned, Frame::whole(Size::new(53, 37), Model::Grey, Samples::U16(expected)));
    }

    #[test]
    fn a_view_turns_with_its_planes() {
        // An image of 5 × 3 pixels decoded at one half: 3 × 2 samples, which cover 6 × 4 pixels.
        let mut shrunk = frame(b"abcdef", Size::new(3, 2), Model::Grey, false);
        shrunk.planes[0].step = (2.0, 2.0);
        shrunk.geometry.size = Size::new(5, 3);
        shrunk.view = View { x: 0.0, y: 0.0, w: 5.0, h: 3.0 };
        let turned = shrunk.turn(Orientation::new(6).unwrap().into()).unwrap();
        assert_eq!(turned.geometry.size, Size::new(3, 5));
        // The margin that was below the view is left of it now.
        assert_eq!(turned.view, View { x: 1.0, y: 0.0, w: 3.0, h: 5.0 });
        assert_eq!(turned.planes[0].samples, Samples::U8(b"daebfc".to_vec()));
    }

    #[test]
    fn a_transpose_exchanges_steps_and_axes() {
        let mut frame = frame(b"abcdef", Size::new(3, 2), Model::Grey, false);
        frame.planes[0].step = (4.0, 2.0);
        frame.view = View { x: 1.0, y: 0.5, w: 8.0, h: 3.0 };
        let turned = frame.turn(Turn { is_transposed: true, ..Turn::default() }).unwrap();
        assert_eq!(turned.planes[0].step, (2.0, 4.0));
        assert_eq!(turned.view, View { x: 0.5, y: 1.0, w: 3.0, h: 8.0 });
    }

    #[test]
    fn a_mirror_that_cuts_chroma_samples_converts_to_rgb() {
        // Three columns of luma under two of chroma.
        let size = Size::new(3, 2);
        let plane = |size: Size, samples: &[u8], step| Plane {
            size,
            channels: 1,
            samples: Samples::U8(samples.to_vec()),
            step,
        };
        let chroma = Size::new(2, 1);
        let planes = vec![
            plane(size, b"abcdef", (1.0, 1.0)),
            plane(chroma, &[0, 255], (2.0, 2.0)),
            plane(chroma, &[128, 128], (2.0, 2.0)),
        ];
        let model = Model::Ycc { chroma: (2, 2) };
        let source = Frame { model, planes, ..frame(b"abcdef", size, Model::Grey, false) };
        let transposed = source.clone().turn(Orientation::new(5).unwrap().into()).unwrap();
        assert_eq!((transposed.model, transposed.planes[1].size), (model, Size::new(1, 2)));
        assert_eq!(transposed.planes[0].samples, Samples::U8(b"adbecf".to_vec()));
        let mirror: Turn = Orientation::new(2).unwrap().into();
        let mirrored = source.clone().turn(mirror).unwrap();
        assert_eq!(mirrored, source.into_rgb().unwrap().turn(mirror).unwrap());
    }

    #[test]
    fn inconsistent_planes_are_internal_errors() {
        let mut two = frame(b"abcd", Size::new(2, 2), Model::Grey, false);
        two.planes.push(Plane { step: (2.0, 2.0), ..two.planes[0].clone() });
        assert_eq!(two.turn(Orientation::new(2).unwrap().into()).unwrap_err().kind, Kind::Internal);

        let mut short = frame(b"abcd", Size::new(2, 2), Model::Grey, false);
        short.planes[0].samples = Samples::U8(b"abc".to_vec());
        assert_eq!(short.turn(Orientation::new(6).unwrap().into()).unwrap_err().kind, Kind::Internal);
    }
}
