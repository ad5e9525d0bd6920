#![doc = include_str!("../README.md")]

use safelight_core::{Param, ParamKind, Query, Result, Selection, Step, Transform};

const PAGE: Param = Param {
    key: "page",
    aliases: &[],
    kind: ParamKind::Integer { min: 0, max: 99_999, unit: "" },
    default: None,
    doc: "the number, from 0, of an image of a TIFF, ICO, HEIC or AVIF, or of a frame of an animation",
};

const ANIMATED: Param = Param {
    key: "animated",
    aliases: &[],
    kind: ParamKind::OneOf {
        words: &[FALSE, TRUE],
        synonyms: &[("1", TRUE), ("yes", TRUE), ("on", TRUE), ("0", FALSE), ("no", FALSE), ("off", FALSE)],
    },
    default: Some(TRUE),
    doc: "false shows an animation as a still image",
};

const TRUE: &str = "true";
const FALSE: &str = "false";

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Page;

impl Transform for Page {
    fn name(&self) -> &'static str {
        "page"
    }

    fn params(&self) -> &'static [Param] {
        &[PAGE, ANIMATED]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let page = query.integer(PAGE.key);
        let is_still = page.is_some() || query.get(ANIMATED.key) == Some(FALSE);
        Ok(is_still.then_some(Step::Select(Selection { page, is_still })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_select_what_is_decoded() {
        let check = |raw: &str, expected: Option<Selection>| {
            let query = Query::parse(raw, "", Page.params()).unwrap();
            let found = Page.step(&query).unwrap().map(|step| match step {
                Step::Select(selection) => selection,
                _ => panic!("{raw} selects nothing"),
            });
            assert_eq!(found, expected, "{raw}");
        };
        let page = |page| Some(Selection { page: Some(page), is_still: true });
        check("page=0", page(0));
        check("page=7&animated=true", page(7));
        for value in ["false", "FALSE", "0", "no", "off"] {
            check(&format!("animated={value}"), Some(Selection { page: None, is_still: true }));
        }
        check("animated=1", None);
        check("animated=", None);
        let error = |raw: &str| Query::parse(raw, "", Page.params()).unwrap_err().message;
        assert_eq!(error("page=-1"), "page: expected an integer from 0 to 99999, got \"-1\"");
        assert_eq!(error("animated=maybe"), "animated: expected one of false, true, got \"maybe\"");
    }
}
