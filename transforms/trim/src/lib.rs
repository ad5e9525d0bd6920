#![doc = include_str!("../README.md")]

mod margins;

use margins::{Equal, Margins, Search};
use safelight_core::{
    Colour, Cost, Frame, Geometry, Param, ParamKind, PixelOp, Query, Rect, Result, Size, Step, Stop,
    Transform,
};

const PARAMS: &[Param] = &[
    Param {
        key: "trim",
        aliases: &[],
        kind: ParamKind::Text {
            form: "a number from 0 to 255, or true",
            example: "10",
            canonical: |value| threshold(value).map(|threshold| threshold.to_string()),
        },
        default: None,
        doc: "cuts off margins of one colour, from which samples differ by at most this threshold; true is 10",
    },
    Param {
        key: "trimColor",
        aliases: &[],
        kind: ParamKind::Colour,
        default: None,
        doc: "the colour of the margins; by default that of the top left pixel",
    },
    Param {
        key: "trimEqual",
        aliases: &[],
        kind: ParamKind::OneOf { words: &["h", "v", "hv"], synonyms: &[("vh", "hv")] },
        default: None,
        doc: "cuts off as much at opposite sides: h at left and right, v at top and bottom",
    },
];

/// The threshold of `true`, which is that of sharp.
const THRESHOLD: u8 = 10;

fn threshold(text: &str) -> Option<u8> {
    if text.eq_ignore_ascii_case("true") {
        return Some(THRESHOLD);
    }
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Trim;

impl Transform for Trim {
    fn name(&self) -> &'static str {
        "trim"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let Some(threshold) = query.get("trim").and_then(threshold) else { return Ok(None) };
        let is_equal = |word| query.get("trimEqual").is_some_and(|value| value.contains(word));
        let search = Search {
            threshold,
            colour: query.get("trimColor").and_then(Colour::parse),
            equal: Equal { horizontal: is_equal('h'), vertical: is_equal('v') },
        };
        Ok(Some(Step::Pixels(Box::new(TrimOp { search, content: None }))))
    }
}

struct TrimOp {
    search: Search,
    /// The part that is kept, once it is known and smaller than the image.
    content: Option<Rect>,
}

impl PixelOp for TrimOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(Geometry { size: self.content.map_or(input.size, |content| content.size), ..input })
    }

    fn needed(&self, input: Geometry, _need: Size) -> Size {
        input.size
    }

    fn depends_on_content(&self) -> bool {
        true
    }

    fn cost(&self, input: u64, _output: u64) -> Cost {
        /// A copy of the frame, in RGB if it was luma and chroma.
        const COPY_BYTES: u64 = 8;
        const PIXEL_NS: u64 = 8;
        Cost::new(input.saturating_mul(COPY_BYTES), input.saturating_mul(PIXEL_NS))
    }

    fn examine(&mut self, first: &Frame, stop: &Stop) -> Result<()> {
        let frame = first.clone().materialize()?.into_rgb()?;
        self.content =
            Margins::of(&frame, &self.search, stop)?.map(|margins| margins.inside(frame.geometry.size));
        Ok(())
    }

    fn apply(&self, mut frame: Frame, _stop: &Stop) -> Result<Frame> {
        if let Some(content) = self.content {
            frame.crop(content);
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Model, Samples};

    /// Returns the rectangle that is kept: x, y, width, height.
    fn kept(raw: &str, frame: &Frame) -> [u32; 4] {
        let query = Query::parse(raw, "", PARAMS).unwrap();
        let Some(Step::Pixels(mut op)) = Trim.step(&query).unwrap() else { panic!("{raw} requests no step") };
        op.examine(frame, &Stop::default()).unwrap();
        let stated = op.output(frame.geometry).unwrap();
        let found = op.apply(frame.clone(), &Stop::default()).unwrap();
        assert_eq!(found.geometry, stated, "{raw}");
        [found.view.x, found.view.y, found.view.w, found.view.h].map(|edge| edge.round() as u32)
    }

    /// Returns an image of `margin` with a rectangle of `content` at column 5 and row 3, of 8 by 6 pixels in 20 by 12.
    fn image(model: Model, margin: &[u8], content: &[u8]) -> Frame {
        let is_content = |i: u32| (5..13).contains(&(i % 20)) && (3..9).contains(&(i / 20));
        let samples = (0..240).flat_map(|i| if is_content(i) { content } else { margin }).copied().collect();
        Frame::whole(Size::new(20, 12), model, Samples::U8(samples))
    }

    const CONTENT: [u32; 4] = [5, 3, 8, 6];
    const WHOLE: [u32; 4] = [0, 0, 20, 12];

    #[test]
    fn content_is_what_differs_by_more_than_the_threshold() {
        let check = |raw, frame: &Frame, expected| assert_eq!(kept(raw, frame), expected, "{raw}");
        let grey = image(Model::Grey, &[100], &[111]);
        check("trim=10", &grey, CONTENT);
        check("trim=true", &grey, CONTENT);
        check("trim=11", &grey, WHOLE);
        check("trim=0", &image(Model::Grey, &[100], &[99]), CONTENT);
        check("trim=10", &image(Model::Rgb, &[255, 255, 255], &[255, 255, 200]), CONTENT);
        check("trim=10&trimColor=white", &image(Model::Rgb, &[255, 255, 255], &[1, 2, 3]), CONTENT);
        // The margins have another colour, so all is content.
        check("trim=10&trimColor=black", &image(Model::Rgb, &[255, 255, 255], &[1, 2, 3]), WHOLE);
        check("trim=10", &image(Model::Rgba, &[9, 9, 9, 0], &[9, 9, 9, 255]), CONTENT);
        check("trim=10&trimColor=transparent", &image(Model::GreyAlpha, &[70, 0], &[200, 90]), CONTENT);
        check("trim=10", &image(Model::Grey, &[7], &[7]), WHOLE);
    }

    #[test]
    fn equal_margins_are_the_smaller_ones() {
        let frame = image(Model::Grey, &[0], &[200]);
        // 5 at the left and 7 at the right, 3 at the top and at the bottom.
        assert_eq!(kept("trim=1&trimEqual=h", &frame)[..3], [5, 3, 10]);
        let mut low = image(Model::Grey, &[0], &[200]);
        low.crop(Rect { x: 0, y: 2, size: Size::new(20, 10) });
        assert_eq!(kept("trim=1&trimEqual=vh", &low)[1..], [3, 10, 8]);
        assert_eq!(kept("trim=1", &low)[1..], [3, 8, 6]);
    }

    #[test]
    fn single_pixels_are_no_content() {
        let mut frame = image(Model::Grey, &[0], &[200]);
        let Samples::U8(samples) = &mut frame.planes[0].samples else { panic!("8 bits") };
        samples[21] = 255;
        samples[230] = 255;
        assert_eq!(kept("trim=10", &frame), CONTENT);
    }

    #[test]
    fn sixteen_bits_have_the_threshold_of_eight() {
        let narrow = image(Model::Grey, &[100], &[111]);
        let Samples::U8(samples) = &narrow.planes[0].samples else { panic!("8 bits") };
        let wide = samples.iter().map(|sample| 257 * u16::from(*sample)).collect();
        let wide = Frame::whole(Size::new(20, 12), Model::Grey, Samples::U16(wide));
        for raw in ["trim=10", "trim=11"] {
            assert_eq!(kept(raw, &wide), kept(raw, &narrow), "{raw}");
        }
    }

    #[test]
    fn values_have_one_canonical_form() {
        let query = |raw: &str| Query::parse(raw, "", PARAMS).map(|query| query.to_string());
        assert_eq!(query("trim=TRUE&trimColor=white").unwrap(), "trim=10&trimColor=ffffff");
        assert_eq!(query("trim=010&trimEqual=VH").unwrap(), "trim=10&trimEqual=hv");
        for value in ["256", "-1", "1.5", "yes"] {
            let message = query(&format!("trim={value}")).unwrap_err().message;
            assert_eq!(message, format!("trim: expected a number from 0 to 255, or true, got {value:?}"));
        }
    }
}
