//! The names of outputs, and the formats that they state.

use super::Template;
use safelight_core::{Error, Format, Kind, Query, Result};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The destination of an output.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Stdout,
    File(PathBuf),
    /// A file in this folder, with the input's name.
    Folder {
        path: PathBuf,
        /// Whether another input differs only in its extension, so that the output keeps it and adds another one.
        keeps_extension: bool,
        /// The names of outputs; `None` for those of the inputs.
        template: Option<Arc<Template>>,
    },
}

impl Target {
    /// Returns the path of the output of `query` of the type `content_type`; `None` for standard output.
    pub(super) fn path(&self, input: &Path, query: &Query, content_type: &str) -> Option<PathBuf> {
        match self {
            Self::Stdout => None,
            Self::File(path) => Some(path.clone()),
            Self::Folder { path, template: Some(template), .. } => {
                let (extension, width) =
                    (extension(input, content_type), query.get("width").unwrap_or_default());
                Some(path.join(template.name(input, &extension, width)))
            }
            Self::Folder { path, keeps_extension, template: None } => {
                Some(path.join(file_name(input, content_type, *keeps_extension)))
            }
        }
    }

    /// The format that the name of the output states.
    fn format(&self) -> Option<Format> {
        let Self::File(path) = self else { return None };
        Format::from_extension(&path.extension()?.to_string_lossy().to_ascii_lowercase())
    }

    /// Returns the query to run on a source of `source`: `query`, with the format that the output's name states if
    /// the query states none.
    ///
    /// # Errors
    /// [`Kind::InvalidParam`] if images cannot be written in that format.
    pub(super) fn query(&self, query: &str, parsed: &Query, source: Option<Format>) -> Result<String> {
        let Some(format) = self.format().filter(|format| Some(*format) != source && !states_type(parsed))
        else {
            return Ok(query.to_owned());
        };
        let word = format.word().filter(|_| format.abilities().encode).ok_or_else(|| {
            let known = Format::names(|abilities| abilities.encode);
            let message = format!("{format} cannot be written: expected the extension of one of {known}");
            Error::new(Kind::InvalidParam, "output", message)
        })?;
        let separator = if query.is_empty() { "" } else { "&" };
        Ok(format!("{query}{separator}format={word}"))
    }

    /// Checks that an output of the type `content_type` has a name of that type, unless the query states the type.
    ///
    /// # Errors
    /// [`Kind::Conflict`].
    pub(super) fn check(&self, parsed: &Query, content_type: &str) -> Result<()> {
        let (Some(named), Some(found)) = (self.format(), Format::from_mime(content_type)) else {
            return Ok(());
        };
        let is_written = named.abilities().encode || found.abilities().encode;
        if named == found || !is_written || states_type(parsed) {
            return Ok(());
        }
        let extension = found.extensions().first().unwrap_or(&"");
        let message =
            format!("the output is {found}: expected a name that ends in .{extension}, or another format");
        Err(Error::new(Kind::Conflict, "output", message))
    }
}

/// Returns whether a query states the type of its response.
fn states_type(query: &Query) -> bool {
    ["format", "showExif", "resolution"].iter().any(|key| query.get(key).is_some())
}

/// Returns the type of the response to `query` about a source of `source`, if that is certain before it is read.
pub(super) fn expected_type(query: &Query, source: Option<Format>) -> Option<&'static str> {
    if query.flag("showExif") {
        return Some(JSON);
    }
    match query.get("format") {
        Some(word) => Format::from_word(word).map(Format::mime),
        // Whether it is only stripped or also encoded.
        None => source.filter(|source| source.encoded_as() == *source).map(Format::mime),
    }
}

const JSON: &str = "application/json";

/// Returns the extension of an output: the input's own if that suits the type.
fn extension(input: &Path, content_type: &str) -> String {
    if content_type == JSON {
        return "json".to_owned();
    }
    let own = input.extension().unwrap_or_default().to_string_lossy();
    match extensions(content_type) {
        known if known.contains(&own.to_ascii_lowercase().as_str()) => own.into_owned(),
        [usual, ..] => (*usual).to_owned(),
        [] => own.into_owned(),
    }
}

/// Returns the input's name with the extension of the output's type.
fn file_name(input: &Path, content_type: &str, keeps_extension: bool) -> OsString {
    let name = input.file_name().unwrap_or_default();
    let with = |extension: &str| {
        let mut name = name.to_owned();
        name.push(".");
        name.push(extension);
        name
    };
    if content_type == JSON {
        return with("json");
    }
    let own = input.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extensions(content_type) {
        [usual, ..] if own.is_none_or(|own| !extensions(content_type).contains(&own.as_str())) => {
            if keeps_extension {
                with(usual)
            } else {
                Path::new(name).with_extension(usual).into_os_string()
            }
        }
        _ => name.to_owned(),
    }
}

/// Returns the file extensions of a MIME type, the usual one first; none if the name stays unchanged.
fn extensions(mime: &str) -> &'static [&'static str] {
    match Format::from_mime(mime) {
        Some(format) if format.abilities().encode => format.extensions(),
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_registry::REGISTRY;

    #[test]
    fn names_follow_the_type_of_the_output() {
        let check = |input: &str, content_type, expected: &str| {
            assert_eq!(file_name(Path::new(input), content_type, false), expected);
        };
        check("a/in.jpg", "image/webp", "in.webp");
        check("a/in.JPEG", "image/jpeg", "in.JPEG");
        check("in.tar.png", "image/avif", "in.tar.avif");
        check("in", "image/png", "in.png");
        check("in.heic", "image/heif", "in.heic");
        check("in.jpg", "application/json", "in.jpg.json");
        assert_eq!(file_name(Path::new("in.jpg"), "image/webp", true), "in.jpg.webp");
        assert_eq!(file_name(Path::new("in.jpg"), "image/jpeg", true), "in.jpg");
    }

    #[test]
    fn the_extension_chooses_the_format_if_the_query_does_not() {
        let check = |query: &str, output: &str, source, expected: Result<&str, &str>| {
            let parsed = REGISTRY.query(query, "").unwrap();
            let found = Target::File(output.into()).query(query, &parsed, source);
            assert_eq!(
                found.as_deref().map_err(|error| error.message.as_str()),
                expected.as_ref().copied().map_err(|message| *message),
                "{query} to {output}"
            );
        };
        let (jpeg, tiff) = (Some(Format::Jpeg), Some(Format::Tiff));
        check("width=3", "out.webp", jpeg, Ok("width=3&format=webp"));
        check("", "out.PNG", jpeg, Ok("format=png"));
        check("", "out.jpeg", jpeg, Ok(""));
        check("width=3", "out.jpg", tiff, Ok("width=3&format=jpeg"));
        check("format=gif", "out.webp", jpeg, Ok("format=gif"));
        check("showExif=true", "out.png", jpeg, Ok("showExif=true"));
        check("width=3", "out", jpeg, Ok("width=3"));
        check("width=3", "out.bin", jpeg, Ok("width=3"));
        let message =
            "TIFF cannot be written: expected the extension of one of JPEG, PNG, WebP, GIF and AVIF";
        check("width=3", "out.tif", jpeg, Err(message));
    }

    #[test]
    fn a_name_of_another_type_is_rejected() {
        let check = |query, output: &str, content_type, expected| {
            let parsed = REGISTRY.query(query, "").unwrap();
            assert_eq!(
                Target::File(output.into()).check(&parsed, content_type).is_ok(),
                expected,
                "{output}"
            );
        };
        check("", "out.jpg", "image/jpeg", true);
        check("", "out.jpg", "image/png", false);
        check("width=3", "out.tiff", "image/jpeg", false);
        check("format=png", "out.jpg", "image/png", true);
        check("", "out.heic", "image/heif", true);
        check("showExif=true", "out.jpg", "application/json", true);
        check("", "out", "image/png", true);
    }
}
