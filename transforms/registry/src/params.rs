//! The declared parameters as JSON, for code that cannot call Rust: the CDN's allow-list and the edge's
//! normaliser.

use crate::TRANSFORMS;
use safelight_core::{Param, ParamKind};
use serde_json::{Value, json};

/// Returns every query parameter in canonical order, as the text of `params.json`.
pub fn params_json() -> String {
    let params = TRANSFORMS
        .iter()
        .flat_map(|transform| transform.params().iter().map(|param| to_json(transform.name(), param)));
    format!("{:#}\n", params.collect::<Value>())
}

fn to_json(transform: &str, param: &Param) -> Value {
    let kind = match param.kind {
        ParamKind::Flag => json!({ "type": "flag" }),
        ParamKind::Integer { min, max, unit } => {
            json!({ "type": "integer", "minimum": min, "maximum": max, "unit": unit })
        }
        ParamKind::Decimal { min, max, unit } => {
            json!({ "type": "number", "minimum": min, "maximum": max, "unit": unit })
        }
        ParamKind::OneOf(words) => json!({ "type": "string", "enum": words }),
        ParamKind::Negotiated { words, auto } => {
            let auto = auto.iter().map(|(mime, word)| json!({ "accept": mime, "value": word }));
            json!({ "type": "string", "enum": words, "auto": auto.collect::<Value>() })
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
