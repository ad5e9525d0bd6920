//! Changes of colour, each sample by itself: tables, matrices and gradients over every model and depth.

mod luma;
mod matrix;
mod gradient;
mod chroma;

pub use chroma::Chroma;
pub use gradient::gradient;
pub use luma::{Levels, into_grey, map_luma};
pub use matrix::Matrix;

use crate::{channels::with_colours, sample::Sample};
use safelight_core::{Frame, Result, Samples, Stop};

/// Samples between two checks of a [`Stop`]: less than a millisecond.
const STRIDE: usize = 3 << 16;

/// Replaces each colour sample `x`, from 0 to 1, by `curve(x)`, limited to this range. Alpha is unchanged, and luma and
/// chroma become RGB.
///
/// # Errors
/// Those of [`Stop::check`] and [`Frame::into_rgb`].
pub fn apply_curve(frame: Frame, curve: impl Fn(f64) -> f64, stop: &Stop) -> Result<Frame> {
    let mut frame = frame.into_rgb()?;
    let has_alpha = frame.model.has_alpha();
    frame.encoding = None;
    for plane in &mut frame.planes {
        let channels = usize::from(plane.channels);
        match &mut plane.samples {
            Samples::U8(samples) => look_up_same(samples, channels, has_alpha, &curve, stop)?,
            Samples::U16(samples) => look_up_same(samples, channels, has_alpha, &curve, stop)?,
        }
    }
    Ok(frame)
}

/// As [`apply_curve`], with a curve for each of red, green and blue; grey becomes RGB.
///
/// # Errors
/// Those of [`Stop::check`] and [`Frame::into_rgb`].
pub fn apply_curves(frame: Frame, curves: &[impl Fn(f64) -> f64; 3], stop: &Stop) -> Result<Frame> {
    let mut frame = with_colours(frame.into_rgb()?);
    frame.encoding = None;
    for plane in &mut frame.planes {
        let channels = usize::from(plane.channels);
        match &mut plane.samples {
            Samples::U8(samples) => look_up_each(samples, channels, curves, stop)?,
            Samples::U16(samples) => look_up_each(samples, channels, curves, stop)?,
        }
    }
    Ok(frame)
}

fn look_up_each<T: Sample>(
    samples: &mut [T],
    channels: usize,
    curves: &[impl Fn(f64) -> f64; 3],
    stop: &Stop,
) -> Result<()> {
    let tables = curves.each_ref().map(table);
    look_up(samples, channels, &tables.each_ref().map(Vec::as_slice), stop)
}

fn look_up_same<T: Sample>(
    samples: &mut [T],
    channels: usize,
    has_alpha: bool,
    curve: impl Fn(f64) -> f64,
    stop: &Stop,
) -> Result<()> {
    let table: Vec<T> = table(curve);
    look_up(samples, channels, &vec![&*table; channels - usize::from(has_alpha)], stop)
}

fn table<T: Sample>(curve: impl Fn(f64) -> f64) -> Vec<T> {
    T::levels().map(|level| T::from_unit(curve(level))).collect()
}

/// Replaces samples by the entries of `tables`, one for each of the first channels.
fn look_up<T: Sample>(samples: &mut [T], channels: usize, tables: &[&[T]], stop: &Stop) -> Result<()> {
    for part in samples.chunks_mut(STRIDE / channels * channels) {
        stop.check()?;
        for pixel in part.chunks_exact_mut(channels) {
            for (sample, table) in pixel.iter_mut().zip(tables) {
                *sample = table[sample.index()];
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Model, Plane, Size, View};

    const COLOURS: [[u8; 3]; 6] =
        [[255, 0, 0], [0, 255, 0], [10, 20, 200], [255, 255, 255], [0, 0, 0], [90, 130, 70]];

    fn rgb() -> Frame {
        Frame::whole(Size::new(6, 1), Model::Rgb, Samples::U8(COLOURS.concat()))
    }

    /// Returns the colours of [`rgb`] with an alpha of 16 bits.
    fn rgba16() -> Frame {
        let wide = |rgb: &[u8; 3]| {
            let [r, g, b] = rgb.map(|sample| 257 * u16::from(sample));
            [r, g, b, 1234]
        };
        Frame::whole(Size::new(6, 1), Model::Rgba, Samples::U16(COLOURS.iter().flat_map(wide).collect()))
    }

    fn eight(frame: &Frame) -> Vec<u8> {
        match &frame.planes[0].samples {
            Samples::U8(samples) => samples.clone(),
            Samples::U16(samples) => samples.iter().map(|sample| (sample / 257) as u8).collect(),
        }
    }

    #[test]
    fn grey_is_the_luma_of_jfif_at_both_depths() {
        let expected = [76, 150, 38, 255, 0, 111];
        let stop = Stop::default();
        assert_eq!(eight(&into_grey(rgb(), &stop).unwrap()), expected);
        let found = into_grey(rgba16(), &stop).unwrap();
        assert_eq!(found.model, Model::GreyAlpha);
        let Samples::U16(samples) = &found.planes[0].samples else { panic!("16 bits stay") };
        for (pixel, expected) in samples.chunks_exact(2).zip(expected) {
            assert!(i32::from(pixel[0]).abs_diff(257 * i32::from(expected)) <= 129 && pixel[1] == 1234);
        }
        // The plane of luma is not touched.
        let planes = [7, 90, 200].map(|sample| Plane {
            size: Size::new(1, 1),
            channels: 1,
            samples: Samples::U8(vec![sample]),
            step: (1.0, 1.0),
        });
        let ycc = Frame { planes: planes.into(), model: Model::Ycc { chroma: (1, 1) }, ..rgb() };
        assert_eq!(eight(&into_grey(ycc, &stop).unwrap()), [7]);
    }

    #[test]
    fn a_curve_leaves_alpha_and_is_exact_at_its_ends() {
        let stop = Stop::default();
        let inverted = apply_curve(rgb(), |level| 1.0 - level, &stop).unwrap();
        assert_eq!(eight(&inverted)[..6], [0, 255, 255, 255, 0, 255]);
        assert_eq!(apply_curve(rgba16(), |level| level, &stop).unwrap(), rgba16());
        let beyond = apply_curve(rgba16(), |level| 9.0 * level - 4.0, &stop).unwrap();
        assert_eq!(eight(&beyond)[..4], [255, 0, 0, 4]);
    }

    #[test]
    fn each_colour_has_its_curve_and_grey_is_coloured() {
        let stop = Stop::default();
        let shift = |by: f64| move |level: f64| level + by;
        let curves = || [shift(0.0), shift(0.2), shift(-0.2)];
        let found = apply_curves(rgba16(), &curves(), &stop).unwrap();
        assert_eq!(eight(&found)[20..24], [90, 181, 19, 4]);
        let grey = Frame::whole(Size::new(1, 1), Model::GreyAlpha, Samples::U8(vec![100, 9]));
        let found = apply_curves(grey, &curves(), &stop).unwrap();
        assert_eq!((found.model, eight(&found)), (Model::Rgba, vec![100, 151, 49, 9]));
    }

    #[test]
    fn chroma_changes_alike_in_planes_and_in_rgb() {
        let (y, cb, cr) = (120_u8, 100, 150);
        let plane = |sample| Plane {
            size: Size::new(1, 1),
            channels: 1,
            samples: Samples::U8(vec![sample]),
            step: (1.0, 1.0),
        };
        let model = Model::Ycc { chroma: (1, 1) };
        let size = Size::new(1, 1);
        let ycc = Frame {
            planes: [y, cb, cr].map(plane).into(),
            model,
            view: View::whole(size),
            ..Frame::whole(size, Model::Grey, Samples::U8(vec![0]))
        };
        for (degrees, factor) in [(0.0, 0.0), (0.0, 1.0), (90.0, 1.0), (200.0, 0.5), (0.0, 2.0)] {
            let chroma = Chroma::new(degrees, factor);
            let stop = Stop::default();
            let planar = eight(&chroma.apply(ycc.clone(), &stop).unwrap().into_rgb().unwrap());
            let direct = eight(&chroma.apply(ycc.clone().into_rgb().unwrap(), &stop).unwrap());
            for (one, other) in planar.iter().zip(&direct) {
                assert!(one.abs_diff(*other) <= 2, "{degrees}, {factor}: {planar:?}, not {direct:?}");
            }
        }
        // Red becomes yellow, not magenta.
        let stop = Stop::default();
        let red = Frame::whole(size, Model::Rgb, Samples::U8(vec![200, 0, 0]));
        let [r, g, b] = eight(&Chroma::new(60.0, 1.0).apply(red, &stop).unwrap())[..] else { panic!("RGB") };
        assert!(b < r && b < g, "{r} {g} {b}");
    }

    #[test]
    fn a_matrix_colours_grey_only_if_it_changes_grey() {
        let stop = Stop::default();
        let grey = Frame::whole(Size::new(2, 1), Model::GreyAlpha, Samples::U8(vec![100, 9, 200, 8]));
        let kept = Matrix::IDENTITY.apply(grey.clone(), |level| level, &stop).unwrap();
        assert_eq!(kept, grey);
        let half_blue = Matrix([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.5]]);
        let coloured = half_blue.apply(grey, |level| level, &stop).unwrap();
        assert_eq!(
            (coloured.model, eight(&coloured)),
            (Model::Rgba, vec![100, 100, 50, 9, 200, 200, 100, 8])
        );
    }

    #[test]
    fn a_gradient_replaces_luma() {
        let stop = Stop::default();
        let colour = |level: f64| [level, 0.0, 1.0 - level];
        let found = gradient(rgb(), colour, &stop).unwrap();
        assert_eq!(eight(&found)[..6], [76, 0, 179, 150, 0, 105]);
        let grey = gradient(into_grey(rgba16(), &stop).unwrap(), colour, &stop).unwrap();
        assert_eq!(grey, gradient(rgba16(), colour, &stop).unwrap());
    }

    #[test]
    fn quantiles_count_what_is_visible_in_the_view() {
        let samples = Samples::U8(vec![9, 255, 50, 255, 100, 255, 200, 255, 250, 0, 255, 255]);
        let mut frame = Frame::whole(Size::new(6, 1), Model::GreyAlpha, samples);
        frame.crop(safelight_core::Rect { x: 1, y: 0, size: Size::new(4, 1) });
        let levels = Levels::of(&frame, &Stop::default()).unwrap();
        let quantile = |share| (levels.quantile(share).unwrap() * 255.0).round() as u32;
        assert_eq!([0.0, 0.34, 1.0].map(quantile), [50, 100, 200]);
        let clear = Frame::whole(Size::new(1, 1), Model::GreyAlpha, Samples::U8(vec![7, 0]));
        assert_eq!(Levels::of(&clear, &Stop::default()).unwrap().quantile(0.5), None);
    }
}
