//! The list of transforms and parameters, from the declarations of the transforms.

use safelight_core::{Param, ParamKind, Registry};
use std::fmt::Write;

/// Returns every transform of `registry` with its parameters, for a terminal.
pub fn transforms(registry: Registry) -> String {
    let mut text = String::new();
    for transform in registry.transforms {
        let _ = writeln!(text, "{}", transform.name());
        for param in transform.params() {
            let keys = [&[param.key], param.aliases].concat().join(", ");
            let _ = writeln!(text, "  {keys} = {}\n      {}", values(param), param.doc);
        }
    }
    text
}

fn values(param: &Param) -> String {
    match param.kind {
        // Other words of flags are for programs.
        ParamKind::Flag | ParamKind::FlagOr(_) => "true".to_owned(),
        ParamKind::Integer { min, max, unit } => format!("{min} to {max} {unit}").trim_end().to_owned(),
        ParamKind::Decimal { min, max, unit } => format!("{min} to {max} {unit}").trim_end().to_owned(),
        ParamKind::OneOf { words, .. } => words.join(" | "),
        ParamKind::IntegerOr { min, max, words } => format!("{min} to {max} | {}", words.join(" | ")),
        ParamKind::Negotiated { words, .. } => format!("auto | best | {}", words.join(" | ")),
        ParamKind::Angle { .. } | ParamKind::Colour => param.kind.to_string(),
        ParamKind::Text { form, .. } => form.to_owned(),
    }
}
