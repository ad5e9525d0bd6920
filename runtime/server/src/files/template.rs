//! Templates of the names of outputs, such as `{stem}-{width}.{ext}`.

use std::{ffi::OsString, path::Path, str::FromStr};

/// The placeholders of a template.
const PLACEHOLDERS: [&str; 4] = ["name", "stem", "ext", "width"];

/// A template of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The name of the input.
    Name,
    /// The same without its extension.
    Stem,
    /// The extension of the output.
    Extension,
    /// The width in the query.
    Width,
}

/// A template that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A placeholder does not exist.
    #[error("unknown placeholder {{{0}}}: expected one of {{{known}}}", known = PLACEHOLDERS.join("}, {"))]
    Placeholder(String),
    /// A brace is not closed.
    #[error("a brace is not closed: expected a placeholder such as {{stem}}")]
    Open,
    /// The template is a path.
    #[error("a name with a slash: expected a name within the output folder")]
    Path,
    /// All outputs would have one name.
    #[error("no placeholder: expected {{name}} or {{stem}}, else all outputs have the same name")]
    Constant,
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        if text.contains(['/', '\\']) {
            return Err(TemplateError::Path);
        }
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (placeholder, after) = after.split_once('}').ok_or(TemplateError::Open)?;
            parts.push(match placeholder {
                "name" => Part::Name,
                "stem" => Part::Stem,
                "ext" => Part::Extension,
                "width" => Part::Width,
                other => return Err(TemplateError::Placeholder(other.to_owned())),
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        if !parts.iter().any(|part| matches!(part, Part::Name | Part::Stem)) {
            return Err(TemplateError::Constant);
        }
        Ok(Self(parts))
    }
}

impl Template {
    /// Returns the template for several widths of each input.
    pub(super) fn of_widths() -> Self {
        let dash = || Part::Text("-".to_owned());
        Self(vec![Part::Stem, dash(), Part::Width, Part::Text(".".to_owned()), Part::Extension])
    }

    /// Returns whether the names need a width.
    pub(super) fn has_width(&self) -> bool {
        self.0.contains(&Part::Width)
    }

    /// Returns the name of the output for `input`.
    pub(super) fn name(&self, input: &Path, extension: &str, width: &str) -> OsString {
        let mut name = OsString::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => name.push(text),
                Part::Name => name.push(input.file_name().unwrap_or_default()),
                Part::Stem => name.push(input.file_stem().unwrap_or_default()),
                Part::Extension => name.push(extension),
                Part::Width => name.push(width),
            }
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced() {
        let check = |template: &str, expected: Result<&str, TemplateError>| {
            let name = template
                .parse()
                .map(|template: Template| template.name(Path::new("a/in.tar.jpg"), "webp", "40"));
            assert_eq!(name, expected.map(OsString::from), "{template}");
        };
        check("{stem}-{width}.{ext}", Ok("in.tar-40.webp"));
        check("x{name}", Ok("xin.tar.jpg"));
        check("{stem}}", Ok("in.tar}"));
        check("{stem}{", Err(TemplateError::Open));
        check("{stem}{height}", Err(TemplateError::Placeholder("height".to_owned())));
        check("small.{ext}", Err(TemplateError::Constant));
        check("", Err(TemplateError::Constant));
        for path in ["a/{stem}", "..\\{stem}"] {
            check(path, Err(TemplateError::Path));
        }
        assert_eq!(Template::of_widths(), "{stem}-{width}.{ext}".parse().unwrap());
    }
}
