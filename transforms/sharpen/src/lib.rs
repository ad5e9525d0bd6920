#![doc = include_str!("../README.md")]

mod mask;

use safelight_core::{
    Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform,
};

const SHARPEN: Param = Param {
    key: "sharpen",
    aliases: &[],
    kind: ParamKind::Decimal { min: 0.3, max: 100.0, unit: "px" },
    default: None,
    doc: "sharpens with an unsharp mask of this sigma, in pixels of the response",
};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Sharpen;

impl Transform for Sharpen {
    fn name(&self) -> &'static str {
        "sharpen"
    }

    fn params(&self) -> &'static [Param] {
        &[SHARPEN]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.decimal(SHARPEN.key).map(|sigma| Step::Pixels(Box::new(SharpenOp { sigma }))))
    }
}

/// An unsharp mask with a standard deviation of `sigma` pixels.
struct SharpenOp {
    sigma: f64,
}

impl PixelOp for SharpenOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, input: Geometry, _need: Size) -> Size {
        // Sigma is in pixels of the output, so a smaller decode would be blurred by too much.
        input.size
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let mut frame = frame.materialize()?.into_rgb()?;
        let has_alpha = frame.model.has_alpha();
        for plane in &mut frame.planes {
            mask::sharpen(plane, self.sigma, has_alpha, stop)?;
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Kind, Model, Samples};

    const SIGMAS: [&str; 5] = ["sharpen=0.3", "sharpen=1", "sharpen=2.5", "sharpen=12", "sharpen=100"];

    fn query(raw: &str) -> Result<Query> {
        Query::parse(raw, "", Sharpen.params())
    }

    fn sharpened(raw: &str, frame: &Frame) -> Frame {
        let Some(Step::Pixels(op)) = Sharpen.step(&query(raw).unwrap()).unwrap() else {
            panic!("{raw} requests no pixel step")
        };
        let found = op.apply(frame.clone(), &Stop::default()).unwrap();
        assert_eq!(found.geometry, op.output(frame.geometry).unwrap(), "{raw}");
        found
    }

    fn bytes(frame: &Frame) -> &[u8] {
        let Samples::U8(samples) = &frame.planes[0].samples else { panic!("expected 8 bits") };
        samples
    }

    /// Returns noise from Knuth's linear congruential generator (MMIX).
    fn noise(length: usize, mut seed: u64) -> Vec<u8> {
        let next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 56) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    #[test]
    fn sigma_is_validated() {
        let check = |raw, expected| assert_eq!(query(raw).unwrap().to_string(), expected);
        check("sharpen=0.3", "sharpen=0.3");
        check("sharpen=100.0", "sharpen=100");
        check("", "");
        assert!(Sharpen.step(&query("").unwrap()).unwrap().is_none());
    }

    #[test]
    fn an_invalid_value_is_reported_with_the_expected_form() {
        for value in ["0.299", "0", "100.001", "-1", "1e1", "inf", "true"] {
            let error = query(&format!("sharpen={value}")).unwrap_err();
            assert_eq!(error.kind, Kind::InvalidParam);
            let expected = format!("sharpen: expected a number from 0.3 to 100, got {value:?}");
            assert_eq!(error.message, expected);
        }
    }

    #[test]
    fn a_flat_image_is_unchanged() {
        for raw in SIGMAS {
            for model in [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba] {
                let channels = usize::from(model.channels());
                for seed in 0..8 {
                    let pixel = noise(channels, seed);
                    let samples: Vec<_> = pixel.into_iter().cycle().take(30 * 20 * channels).collect();
                    let wide = samples.iter().map(|&sample| 257 * u16::from(sample)).collect();
                    for samples in [Samples::U8(samples), Samples::U16(wide)] {
                        let flat = Frame::whole(Size::new(30, 20), model, samples);
                        assert!(sharpened(raw, &flat) == flat, "{raw}, {model:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn flat_areas_next_to_detail_are_unchanged() {
        for (raw, sigma) in
            [("sharpen=0.3", 0.3), ("sharpen=1.9", 1.9), ("sharpen=2", 2.0), ("sharpen=6", 6.0)]
        {
            let reach = (4.0_f64 * sigma).ceil() as usize;
            let rough = 20;
            let w = rough + 2 * reach + 4;
            for (seed, grey) in [(1, 0), (2, 255), (3, 128)] {
                let mut samples = noise(w * 30 * 3, seed);
                for row in samples.chunks_exact_mut(w * 3) {
                    row[rough * 3..].fill(grey);
                }
                let before = Frame::whole(Size::new(w as u32, 30), Model::Rgb, Samples::U8(samples));
                let after = sharpened(raw, &before);
                for row in bytes(&after).chunks_exact(w * 3) {
                    assert!(row[(rough + reach) * 3..].iter().all(|&sample| sample == grey), "{raw}, {grey}");
                }
            }
        }
    }

    #[test]
    fn an_edge_gets_steeper_on_both_sides() {
        let samples = [[60, 60, 60, 60, 180, 180, 180, 180]; 6].concat();
        let soft = Frame::whole(Size::new(8, 6), Model::Grey, Samples::U8(samples));
        for raw in ["sharpen=0.5", "sharpen=1", "sharpen=2.5"] {
            let found = sharpened(raw, &soft);
            let row = &bytes(&found)[..8];
            let (dark, light) = (60 - row[3], row[4] - 180);
            assert!(0 < dark && dark.abs_diff(light) <= 1, "{raw}: {row:?}");
            assert!(dark <= 60, "{raw} overshoots by more than half the step: {row:?}");
        }
    }

    #[test]
    fn hues_are_unchanged() {
        let samples = noise(40 * 30 * 3, 5).into_iter().map(|sample| 96 + sample / 4).collect();
        let before = Frame::whole(Size::new(40, 30), Model::Rgb, Samples::U8(samples));
        let after = sharpened("sharpen=1.2", &before);
        for (before, after) in bytes(&before).chunks_exact(3).zip(bytes(&after).chunks_exact(3)) {
            let changes = [0, 1, 2].map(|channel| i16::from(after[channel]) - i16::from(before[channel]));
            assert_eq!(changes, [changes[0]; 3]);
        }
    }

    #[test]
    fn alpha_is_unchanged_and_hidden_colours_have_no_effect() {
        let pixels = |hidden: [u8; 3]| -> Vec<u8> {
            let [red, green, blue] = hidden;
            let pixel = |i: usize| match i % 40 {
                0..20 => [red, green, blue, 0],
                x => [100, 150, (x * 5) as u8, 200],
            };
            (0..40 * 30).flat_map(pixel).collect()
        };
        let frame = |hidden| Frame::whole(Size::new(40, 30), Model::Rgba, Samples::U8(pixels(hidden)));
        for raw in SIGMAS {
            let (white, black) = (sharpened(raw, &frame([255; 3])), sharpened(raw, &frame([0; 3])));
            for (i, (white, black)) in
                bytes(&white).chunks_exact(4).zip(bytes(&black).chunks_exact(4)).enumerate()
            {
                let is_hidden = i % 40 < 20;
                assert_eq!(white[3], if is_hidden { 0 } else { 200 }, "{raw}");
                assert_eq!(white, if is_hidden { &[255, 255, 255, 0][..] } else { black }, "{raw}");
            }
        }
    }

    #[test]
    fn depth_makes_no_difference() {
        let samples = noise(40 * 30 * 4, 9);
        let wide = samples.iter().map(|&sample| 257 * u16::from(sample)).collect();
        for raw in SIGMAS {
            let frame = |samples| Frame::whole(Size::new(40, 30), Model::Rgba, samples);
            let narrow = sharpened(raw, &frame(Samples::U8(samples.clone())));
            let wide = sharpened(raw, &frame(Samples::U16(Vec::clone(&wide))));
            let Samples::U16(wide) = &wide.planes[0].samples else { panic!("expected 16 bits") };
            let is_near =
                |(narrow, wide): (&u8, &u16)| (257 * u32::from(*narrow)).abs_diff((*wide).into()) <= 129;
            assert!(bytes(&narrow).iter().zip(wide).all(is_near), "{raw}");
        }
    }
}
