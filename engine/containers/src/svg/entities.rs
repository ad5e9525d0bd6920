//! Entities that the document type declares. Illustrator writes namespaces as such; what refers to anything else is
//! rejected.

use crate::ContainerError;
use safelight_formats::Format;
use std::{borrow::Cow, collections::BTreeMap};

/// The entities of a file: plain text, declared in the file itself.
#[derive(Debug, Default)]
pub(super) struct Entities {
    values: BTreeMap<String, String>,
    /// Bytes that references have become.
    expanded: usize,
}

/// The most entities of a file, and the most bytes of one.
const MAX_ENTITIES: usize = 64;
const MAX_VALUE_BYTES: usize = 1 << 10;
/// The most bytes that all references become.
const MAX_EXPANDED_BYTES: usize = 64 << 10;

impl Entities {
    /// Reads the declarations in a document type, which are in brackets.
    pub(super) fn declare(&mut self, document_type: &str) {
        let mut rest = document_type.split_once('[').map_or("", |(_, subset)| subset);
        while let Some(at) = rest.find("<!") {
            rest = &rest[at..];
            if let Some(comment) = rest.strip_prefix("<!--") {
                rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
                continue;
            }
            rest = match declaration(rest) {
                Some((name, value, after)) => {
                    // The first declaration of a name applies (XML 1.0, 4.2).
                    if self.values.len() < MAX_ENTITIES && is_plain(value) {
                        self.values.entry(name.to_owned()).or_insert_with(|| value.to_owned());
                    }
                    after
                }
                None => &rest[2..],
            };
        }
    }

    /// Replaces the references to entities and characters in `text`, which is part of the source.
    ///
    /// # Errors
    /// [`ContainerError::Damaged`].
    pub(super) fn resolve<'t>(&mut self, text: &'t str, at: u64) -> Result<Cow<'t, str>, ContainerError> {
        let damaged = |what| ContainerError::Damaged(Format::Svg, at, what);
        let resolve = |name: &str| {
            let predefined = quick_xml::escape::resolve_predefined_entity(name);
            predefined.or_else(|| {
                let value = self.values.get(name)?.as_str();
                self.expanded += value.len();
                (self.expanded <= MAX_EXPANDED_BYTES).then_some(value)
            })
        };
        quick_xml::escape::unescape_with(text, resolve)
            .map_err(|_| damaged("a reference to an entity that is not declared, or to no character"))
    }
}

/// A declaration of an entity at the start of `text`: its name, its value, and what follows them.
fn declaration(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.strip_prefix("<!ENTITY")?.trim_start();
    let (name, text) = text.split_once(|letter: char| letter.is_ascii_whitespace())?;
    let text = text.trim_start();
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, after) = text[1..].split_once(quote)?;
    Some((name, value, after))
}

/// Whether a value is text without references and elements.
fn is_plain(value: &str) -> bool {
    value.len() <= MAX_VALUE_BYTES && !value.contains(['&', '%', '<'])
}
