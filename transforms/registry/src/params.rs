//! The declared parameters as JSON, for code that cannot call Rust: the CDN's allow-list and the edge's
//! normaliser.

use crate::TRANSFORMS;
use safelight_core::{
    Format, Param, ParamKind,
    keys::{RESERVED, TRACKERS},
    params::SERVICE,
};
use serde_json::{Map, Value, json};

/// Returns every query parameter in canonical order, as the text of `params.json`.
pub fn params_json() -> String {
    let params = TRANSFORMS
        .iter()
        .flat_map(|transform| transform.params().iter().map(|param| to_json(Some(transform.name()), param)));
    let service = SERVICE.iter().map(|param| to_json(None, param));
    format!("{:#}\n", params.chain(service).collect::<Value>())
}

/// Returns the query keys that are dropped although no parameter declares them, as the text of `keys.json`.
pub fn keys_json() -> String {
    format!("{:#}\n", json!({ "trackers": TRACKERS, "reserved": RESERVED }))
}

/// Returns a page about every parameter, as the text of `docs/parameters.md`.
pub fn parameters_page() -> String {
    let mut page = "# Parameters\n\n\
        Generated from the declarations by a test of safelight-registry.\n\n\
        The order of the keys does not matter: transforms run in the order of this page. \
        A flag is set by `true`, `1`, `yes` or `on`; any other value has no effect.\n"
        .to_owned();
    let section = |title: String, params: &[Param]| {
        let mut section = format!("\n## {title}\n\n| key | value | |\n|---|---|---|\n");
        for param in params {
            let names = [&[param.key], param.aliases].concat();
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            let default = param.default.map(|default| format!("; default `{default}`")).unwrap_or_default();
            let value = format!("{}{default}", param.kind).replace('|', "\\|");
            section.extend([
                "| ",
                &names.join(", "),
                " | ",
                &value,
                " | ",
                &param.doc.replace('|', "\\|"),
                " |\n",
            ]);
        }
        section
    };
    for transform in TRANSFORMS.iter().filter(|transform| !transform.params().is_empty()) {
        let name = transform.name();
        page.push_str(&section(name.to_owned(), transform.params()));
    }
    page.push_str(&section("the service".to_owned(), SERVICE));
    page
}

/// `transform` is `None` for a parameter of the service.
fn to_json(transform: Option<&str>, param: &Param) -> Value {
    let kind = match param.kind {
        ParamKind::Flag => json!({ "type": "flag", "or": [] }),
        ParamKind::FlagOr(words) => json!({ "type": "flag", "or": words }),
        ParamKind::Integer { min, max, unit } => {
            json!({ "type": "integer", "minimum": min, "maximum": max, "unit": unit })
        }
        ParamKind::IntegerOr { min, max, words } => {
            json!({ "type": "integer", "minimum": min, "maximum": max, "unit": "", "or": words })
        }
        ParamKind::Decimal { min, max, unit } => {
            json!({ "type": "number", "minimum": min, "maximum": max, "unit": unit })
        }
        ParamKind::Angle { step } => json!({ "type": "angle", "step": step, "unit": "degrees" }),
        ParamKind::Colour => json!({ "type": "color" }),
        ParamKind::OneOf { words, synonyms } => {
            json!({ "type": "string", "enum": words, "synonyms": to_object(synonyms) })
        }
        ParamKind::Negotiated { words, synonyms, auto } => {
            let is_auto = |mime: &&str| auto.iter().any(|(known, _)| known == mime);
            let types = words.iter().filter_map(|word| Format::from_word(word)).map(Format::mime);
            let others = types.filter(|mime| !is_auto(mime)).collect::<Value>();
            let auto =
                auto.iter().map(|(mime, word)| json!({ "accept": mime, "value": word })).collect::<Value>();
            json!({
                "type": "string",
                "enum": words,
                "synonyms": to_object(synonyms),
                "auto": auto,
                "others": others,
            })
        }
        ParamKind::Text { form, example, .. } => {
            json!({ "type": "string", "form": form, "example": example })
        }
    };
    json!({
        "key": param.key,
        "aliases": param.aliases,
        "transform": transform,
        "value": kind,
        "default": param.default,
        "doc": param.doc,
    })
}

fn to_object(synonyms: &[(&str, &str)]) -> Value {
    synonyms
        .iter()
        .map(|(synonym, word)| ((*synonym).to_owned(), Value::from(*word)))
        .collect::<Map<_, _>>()
        .into()
}
