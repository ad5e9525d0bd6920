#![doc = include_str!("../README.md")]

mod areas;
mod cover;

use areas::{Areas, FORM};
use cover::{Cover, cover};
use safelight_core::{
    Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform,
};

const REDACT: Param = Param {
    key: "redact",
    aliases: &[],
    kind: ParamKind::Text {
        form: FORM,
        example: "8,8,40,30;60,20,24,24",
        canonical: |value| Some(Areas::parse(value)?.to_string()),
    },
    default: None,
    doc: "makes rectangles x,y,w,h of the upright image, separated by semicolons, unrecognisable",
};

const WITH: Param = Param {
    key: "redactWith",
    aliases: &[],
    kind: ParamKind::OneOf { words: &["pixelate", "blur", "fill"], synonyms: &[] },
    default: Some("pixelate"),
    doc: "what covers the rectangles of redact: large squares, the same with soft transitions, or black",
};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Redact;

impl Transform for Redact {
    fn name(&self) -> &'static str {
        "redact"
    }

    fn params(&self) -> &'static [Param] {
        &[REDACT, WITH]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let with = match query.get(WITH.key) {
            Some("blur") => Cover::Blur,
            Some("fill") => Cover::Fill,
            _ => Cover::Pixelate,
        };
        let areas = query.get(REDACT.key).and_then(Areas::parse);
        Ok(areas.map(|areas| Step::Pixels(Box::new(RedactOp { areas, with }))))
    }
}

struct RedactOp {
    areas: Areas,
    with: Cover,
}

impl PixelOp for RedactOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, input: Geometry, _need: Size) -> Size {
        // A sample of a smaller decode would mix what is inside with what is outside.
        input.size
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let mut frame = frame.materialize()?;
        frame.encoding = None;
        let (model, size) = (frame.model, frame.geometry.size);
        for (i, plane) in frame.planes.iter_mut().enumerate() {
            for area in self.areas.within(size) {
                cover(plane, area, self.with, model, i, stop)?;
            }
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Model, Plane, Samples};

    fn query(raw: &str) -> Result<Query> {
        Query::parse(raw, "", Redact.params())
    }

    fn redacted(raw: &str, frame: Frame) -> Frame {
        let Some(Step::Pixels(op)) = Redact.step(&query(raw).unwrap()).unwrap() else {
            panic!("{raw}: no step")
        };
        op.apply(frame, &Stop::default()).unwrap()
    }

    /// Returns noise in which every sample differs from its neighbours.
    fn noise(size: Size, model: Model) -> Frame {
        let samples =
            (0..size.pixels() * u64::from(model.channels())).map(|i| (i * 97 % 251) as u8).collect();
        Frame::whole(size, model, Samples::U8(samples))
    }

    fn bytes(frame: &Frame) -> &[u8] {
        let Samples::U8(samples) = &frame.planes[0].samples else { panic!("8 bits stay") };
        samples
    }

    #[test]
    fn values_are_lists_of_rectangles() {
        let check = |raw, expected: &str| assert_eq!(query(raw).unwrap().to_string(), expected, "{raw}");
        check("redact=1,2,3,4", "redact=1%2C2%2C3%2C4");
        check("redact=01,2,3,4;5,6,7,8;", "redact=1%2C2%2C3%2C4%3B5%2C6%2C7%2C8");
        check("redact=1,2,3,4&redactWith=FILL", "redact=1%2C2%2C3%2C4&redactWith=fill");
        let many = ["1,2,3,4"; 17].join(";");
        for value in ["1,2,3", "1,2,0,4", "-1,2,3,4", "1.5,2,3,4", ";", "1,2,3,4;;1,2,3,4", &many] {
            assert!(
                query(&format!("redact={value}")).unwrap_err().message.starts_with("redact: expected "),
                "{value}"
            );
        }
    }

    #[test]
    fn the_rest_of_the_image_is_untouched_and_a_rectangle_has_few_colours() {
        let size = Size::new(64, 48);
        let source = noise(size, Model::Rgb);
        for (with, most) in [("pixelate", 36), ("fill", 1), ("blur", 40 * 20)] {
            let found = redacted(&format!("redact=10,5,40,20&redactWith={with}"), source.clone());
            let mut colours = std::collections::BTreeSet::new();
            let pixels = bytes(&found).as_chunks::<3>().0.iter().zip(bytes(&source).as_chunks::<3>().0);
            for (i, (found, source)) in pixels.enumerate() {
                let (x, y) = (i % 64, i / 64);
                if (10..50).contains(&x) && (5..25).contains(&y) {
                    colours.insert(found);
                } else {
                    assert_eq!(found, source, "{with}: {x}, {y}");
                }
            }
            assert!(colours.len() <= most, "{with}: {} colours", colours.len());
        }
    }

    #[test]
    fn what_remains_depends_on_the_means_alone() {
        // Two images with the same means of squares: one is the other's mosaic.
        let source = noise(Size::new(60, 60), Model::GreyAlpha);
        let means = redacted("redact=6,12,48,36", source.clone());
        for with in ["pixelate", "blur"] {
            let raw = format!("redact=6,12,48,36&redactWith={with}");
            assert!(redacted(&raw, source.clone()) == redacted(&raw, means.clone()), "{with}");
        }
    }

    #[test]
    fn chroma_of_half_resolution_is_covered_too() {
        let plane = |side: u32, first: u8| Plane {
            size: Size::new(side, side),
            channels: 1,
            samples: Samples::U8((0..side * side).map(|i| first.wrapping_add(i as u8)).collect()),
            step: (16.0 / f64::from(side), 16.0 / f64::from(side)),
        };
        let whole = Frame::whole(Size::new(16, 16), Model::Grey, Samples::U8(vec![0; 256]));
        let planes = vec![plane(16, 0), plane(8, 0), plane(8, 100)];
        let source = Frame { model: Model::Ycc { chroma: (2, 2) }, planes, ..whole };
        let found = redacted("redact=3,3,2,2&redactWith=fill", source.clone());
        let count = |i: usize, value: u8| {
            let Samples::U8(samples) = &found.planes[i].samples else { panic!("8 bits stay") };
            let Samples::U8(before) = &source.planes[i].samples else { panic!("8 bits stay") };
            let changed = samples.iter().zip(before).filter(|(sample, before)| sample != before);
            changed.inspect(|(sample, _)| assert_eq!(**sample, value)).count()
        };
        // Four pixels of luma, and the four samples of chroma that they touch: columns and rows 1 and 2.
        assert_eq!([count(0, 0), count(1, 128), count(2, 128)], [4, 4, 4]);
    }

    #[test]
    fn rectangles_are_cut_at_the_edges_of_the_image() {
        let source = noise(Size::new(20, 10), Model::Grey);
        for raw in ["redact=20,0,5,5", "redact=0,10,4294967295,9", "redact=400,0,1,1"] {
            assert!(redacted(raw, source.clone()) == source, "{raw}");
        }
        let found = redacted("redact=15,8,4294967295,9&redactWith=fill", source.clone());
        assert_eq!(bytes(&found)[8 * 20 + 14..9 * 20], [bytes(&source)[174], 0, 0, 0, 0, 0]);
    }
}
