//! Version 8: the path is the key, and the query has the edits.

use super::{edits::Edits, query};
use crate::{
    refusal::Refusal,
    source::{decoded, missing, normalized, path_of},
    translation::{Request, Translation},
};
use safelight_core::Colour;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The settings of URLs of Dynamic Image Transformation 8.
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Dit8 {
    /// Starts of paths, as in the mappings of paths, and the paths of this site that replace them, such as "/img/" = "/".
    /// Defaults to none: paths stay.
    pub mappings: BTreeMap<String, String>,
}

/// The kinds of edits in queries, with and without a translation.
pub(crate) const TRANSLATED: &[&str] = &[
    "animated",
    "blur",
    "extract",
    "flatten",
    "flip",
    "flop",
    "format",
    "grayscale",
    "normalize",
    "quality",
    "resize",
    "rotate",
    "sharpen",
    "stripExif",
    "stripIcc",
    "tint",
];
pub(crate) const UNTRANSLATED: &[&str] = &["convolve", "policyId", "smartCrop", "watermark"];

/// The most pairs of a query that are read.
const MAX_PAIRS: usize = 50;

/// The most edits.
const MAX_EDITS: usize = 10;

impl Dit8 {
    pub(crate) const NAME: &'static str = "dit8";

    /// Checks the settings, as [`crate::Dialect::check`].
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let is_path = |path: &String| path.starts_with('/') && path.ends_with('/');
        if self.mappings.iter().all(|(start, path)| is_path(start) && is_path(path)) {
            Ok(())
        } else {
            Err(("mappings", "paths that begin and end with a slash"))
        }
    }

    /// Translates a request.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn translate(&self, request: &Request<'_>) -> Result<Translation, Refusal> {
        let asked = path_of(&normalized(&decoded(request.path)?)?);
        let matching = self.mappings.iter().filter(|(start, _)| asked.starts_with(start.as_str()));
        let path = match matching.max_by_key(|(start, _)| start.len()) {
            Some((start, path)) => format!("{path}{}", &asked[start.len()..]),
            None if self.mappings.is_empty() => asked,
            None => return Err(missing()),
        };
        let pairs = query::pairs(request.query.unwrap_or_default());
        if query::last(&pairs, "policyId").is_some_and(|id| !id.is_empty()) {
            return Err(missing());
        }
        let no_folder = |_: &str| Err(missing());
        let edits = Edits::new(Self::NAME, &edits(&pairs), None, &no_folder)?;
        Ok(Translation::new(path, move |image| edits.words(image)))
    }
}

/// Returns the edits of a query. As in the service, an edit with an invalid value has no effect.
fn edits(pairs: &[(String, String)]) -> Map<String, Value> {
    let pairs: Vec<_> = pairs
        .iter()
        .take(MAX_PAIRS)
        .map(|(key, value)| (key.replace('[', ".").replace(']', ""), value.as_str()))
        .collect();
    let is_once = |key: &str| pairs.iter().filter(|(own, _)| own == key).count() == 1;
    let get = |key: &str| {
        let value = pairs.iter().find(|(own, _)| own == key).map(|(_, value)| *value);
        value.filter(|value| !value.is_empty() && is_once(key))
    };
    let mut edits = Map::new();
    let is_asked =
        |name: &str| pairs.iter().any(|(key, _)| key == name || key.starts_with(&format!("{name}.")));
    // A resize beside an extract comes last.
    let geometry = if is_asked("extract") && is_asked("resize") {
        ["rotate", "extract", "resize"]
    } else {
        ["extract", "resize", "rotate"]
    };
    let others = [
        "flip",
        "flop",
        "grayscale",
        "normalize",
        "tint",
        "blur",
        "sharpen",
        "flatten",
        "format",
        "quality",
        "convolve",
        "watermark",
        "smartCrop",
    ];
    let asked: Vec<_> =
        geometry.into_iter().chain(others).filter(|name| is_asked(name)).take(MAX_EDITS).collect();
    for name in asked {
        let value = match name {
            "resize" => resize(&pairs, &get),
            "extract" => extract(&get),
            "rotate" => get(name).and_then(number).map(|degrees| (degrees % 360.0).into()),
            "flip" | "flop" | "grayscale" => get(name).filter(|text| *text == "true").map(|_| true.into()),
            "normalize" => get(name).filter(|text| ["true", "false"].contains(text)).map(|_| true.into()),
            "tint" => get(name).map(|text| colour(text).unwrap_or_else(|| text.into())),
            "flatten" => {
                get(name).map(|text| json!({"background": colour(text).unwrap_or_else(|| text.into())}))
            }
            "blur" => {
                get(name).and_then(number).filter(|sigma| (0.3..=1000.0).contains(sigma)).map(Value::from)
            }
            "sharpen" => match get("sharpen.sigma").and_then(number) {
                Some(sigma) if (0.000_001..=10.0).contains(&sigma) => Some(json!({"sigma": sigma})),
                None if get(name) == Some("true") => Some(true.into()),
                _ => None,
            },
            "format" => get(name)
                .filter(|word| ["jpg", "jpeg", "png", "tiff", "webp", "gif", "avif"].contains(word))
                .map(Value::from),
            "quality" => get(name)
                .and_then(number)
                .filter(|quality| quality.fract() == 0.0 && (1.0..=100.0).contains(quality))
                .map(|quality| json!({"quality": quality as u32})),
            "convolve" => {
                get("convolve.kernel").filter(|kernel| kernel.split(',').count() == 9).map(Value::from)
            }
            name => get(name).map(Value::from),
        };
        let Some(value) = value else { continue };
        match name {
            "quality" => {
                for format in ["jpeg", "png", "webp", "avif"] {
                    edits.insert(format.to_owned(), value.clone());
                }
            }
            "format" => drop(edits.insert("toFormat".to_owned(), value)),
            name => drop(edits.insert(name.to_owned(), value)),
        }
    }
    edits
}

fn resize<'a>(pairs: &[(String, &str)], get: &impl Fn(&str) -> Option<&'a str>) -> Option<Value> {
    const KEYS: [&str; 6] = ["width", "height", "fit", "background", "withoutEnlargement", "ratio"];
    let is_known = |key: &String| key.strip_prefix("resize.").is_none_or(|key| KEYS.contains(&key));
    if !pairs.iter().all(|(key, _)| is_known(key)) {
        return None;
    }
    let mut resize = Map::new();
    for key in ["width", "height"] {
        if let Some(text) = get(&format!("resize.{key}")) {
            let side = number(text).filter(|side| side.fract() == 0.0 && (1.0..=4000.0).contains(side))?;
            resize.insert(key.to_owned(), side.into());
        }
    }
    if let Some(fit) = get("resize.fit") {
        ["cover", "contain", "fill", "inside", "outside"].contains(&fit).then_some(())?;
        resize.insert("fit".to_owned(), fit.into());
    }
    if let Some(text) = get("resize.background") {
        resize.insert("background".to_owned(), colour(text)?);
    }
    if let Some(text) = get("resize.withoutEnlargement") {
        resize.insert("withoutEnlargement".to_owned(), text.parse::<bool>().ok()?.into());
    }
    if let Some(text) = get("resize.ratio") {
        let ratio = number(text).filter(|ratio| (0.0..=1.0).contains(ratio))?;
        resize.insert("ratio".to_owned(), ratio.into());
    }
    Some(resize.into())
}

fn extract<'a>(get: &impl Fn(&str) -> Option<&'a str>) -> Option<Value> {
    let text = get("extract")?.trim_matches(['[', ']']);
    let edges: Vec<u32> = text.split(',').map(|edge| edge.parse().ok()).collect::<Option<_>>()?;
    let &[left, top, right, bottom] = edges.as_slice() else { return None };
    Some(json!({
        "left": left, "top": top, "width": right.saturating_sub(left), "height": bottom.saturating_sub(top)
    }))
}

/// Returns a number of JavaScript in decimal.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Returns a colour: text of CSS, or its channels with commas, of which the fourth is a share.
fn colour(text: &str) -> Option<Value> {
    let channels: Vec<f64> = text.split(',').map_while(number).collect();
    match channels.as_slice() {
        [red, green, blue] => Some(json!({"r": red, "g": green, "b": blue})),
        [red, green, blue, alpha] => Some(json!({"r": red, "g": green, "b": blue, "alpha": alpha})),
        _ => Colour::parse(text)
            .filter(|_| !text.starts_with(|digit: char| digit.is_ascii_digit()))
            .map(|_| text.into()),
    }
}
