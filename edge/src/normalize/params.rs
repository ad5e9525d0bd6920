//! The parameters that the registry declares, read from its `params.json`: a dependency on the registry would
//! bring every codec to the edge.

use safelight_core::{Param, ParamKind};
use serde::Deserialize;
use std::sync::LazyLock;

/// Written by the registry, whose tests keep it true.
const PARAMS_JSON: &str = include_str!("../../params.json");

/// Longest text value that is escaped anew. Every sensible one is shorter.
const MAX_TEXT_BYTES: usize = 100;

/// Every parameter, in canonical order.
///
/// `Param` holds `'static` text, so it is leaked: under two kilobytes, once in a process.
pub(super) static PARAMS: LazyLock<Vec<Param>> = LazyLock::new(|| {
    let declared: Vec<Declared> =
        serde_json::from_str(PARAMS_JSON).expect("a test reads what is compiled in here");
    declared.into_iter().map(Param::from).collect()
});

/// An entry of `params.json`; what only humans read is left out.
#[derive(Deserialize)]
struct Declared {
    key: String,
    aliases: Vec<String>,
    value: Value,
    default: Option<String>,
}

/// Text is free where it has no words.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Value {
    Flag,
    Integer {
        minimum: u32,
        maximum: u32,
    },
    Number {
        minimum: f64,
        maximum: f64,
    },
    String {
        #[serde(default, rename = "enum")]
        words: Vec<String>,
        #[serde(default)]
        auto: Vec<Auto>,
    },
}

#[derive(Deserialize)]
struct Auto {
    accept: String,
    value: String,
}

impl From<Declared> for Param {
    fn from(declared: Declared) -> Self {
        let kind = match declared.value {
            Value::Flag => ParamKind::Flag,
            Value::Integer { minimum: min, maximum: max } => ParamKind::Integer { min, max, unit: "" },
            Value::Number { minimum: min, maximum: max } => ParamKind::Decimal { min, max, unit: "" },
            // Only the transform knows what is of this form. Whatever is not reaches it, for its 400.
            Value::String { words, .. } if words.is_empty() => ParamKind::Text {
                form: "short text",
                example: "",
                canonical: |text| (text.len() <= MAX_TEXT_BYTES).then(|| text.to_owned()),
            },
            Value::String { words, auto } if auto.is_empty() => ParamKind::OneOf(leak(words)),
            Value::String { words, auto } => {
                let auto = auto.into_iter().map(|auto| (&*auto.accept.leak(), &*auto.value.leak()));
                ParamKind::Negotiated { words: leak(words), auto: auto.collect::<Vec<_>>().leak() }
            }
        };
        let default = declared.default.map(|default| &*default.leak());
        Self { key: declared.key.leak(), aliases: leak(declared.aliases), kind, default, doc: "" }
    }
}

fn leak(texts: Vec<String>) -> &'static [&'static str] {
    texts.into_iter().map(|text| &*text.leak()).collect::<Vec<_>>().leak()
}
