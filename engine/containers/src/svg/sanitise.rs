//! The pass over a file, which writes what the lists name.

use super::{
    check_length,
    entities::Entities,
    names::{ANIMATIONS, ATTRIBUTES, ELEMENTS, PROPERTIES, TEXTS, find},
    output::Output,
    picture, style, value,
};
use crate::ContainerError;
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
    name::QName,
};
use safelight_core::Limits;
use safelight_formats::Format;
use std::{borrow::Cow, collections::BTreeSet};

/// The deepest nesting of elements.
const MAX_DEPTH: usize = 256;
/// The most namespaces that are declared at one place.
const MAX_NAMESPACES: usize = 256;

/// A namespace, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    Svg,
    Xlink,
    Xml,
    Other,
}

/// Writes the SVG `source` anew, with what draws and nothing else: no scripts, no references out of the file, no metadata.
///
/// Allocates at most seven times the length of `source`.
///
/// # Errors
/// [`ContainerError::TooLarge`] if it has more than 16 MiB or a quarter of [`Limits::max_source_bytes`],
/// [`ContainerError::Damaged`] if it is not well-formed, [`ContainerError::Unsupported`] if it is not in UTF-8, has
/// another root element, or is nested too deep.
pub fn sanitise(source: &[u8], limits: &Limits) -> Result<Vec<u8>, ContainerError> {
    check_length(source.len(), limits)?;
    let unsupported = |what| ContainerError::Unsupported(Format::Svg, what);
    let text = std::str::from_utf8(source).map_err(|_| unsupported("a text that is not in UTF-8"))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let is_invalid = |letter: char| matches!(letter, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}');
    if let Some(at) = text.find(is_invalid) {
        return Err(ContainerError::Damaged(Format::Svg, at as u64, "a character that XML does not allow"));
    }
    let mut pass = Pass {
        reader: Reader::from_str(text),
        limits,
        entities: Entities::default(),
        spaces: Vec::new(),
        depth: 0,
        open: Vec::new(),
        sheet: String::new(),
        is_ended: false,
        out: Output::default(),
    };
    while pass.step()? {}
    if !pass.is_ended {
        return Err(ContainerError::Truncated(Format::Svg, source.len() as u64, "an element"));
    }
    Ok(pass.out.finish().into_bytes())
}

/// A pass over a file.
struct Pass<'a> {
    reader: Reader<&'a [u8]>,
    limits: &'a Limits,
    entities: Entities,
    /// The namespaces in scope: depth of the element, prefix, namespace.
    spaces: Vec<(usize, String, Space)>,
    /// Elements that are open in the source.
    depth: usize,
    /// Elements that are open in the output. If the source has more, they are inside of one that is cut.
    open: Vec<&'static str>,
    /// The text of the open style sheet.
    sheet: String,
    /// Whether the root element has ended.
    is_ended: bool,
    out: Output,
}

/// An attribute, with its prefix, its local name and its value without references.
struct Attribute {
    prefix: Option<String>,
    name: String,
    value: String,
}

impl Pass<'_> {
    /// Reads an event. Returns whether there may be more.
    fn step(&mut self) -> Result<bool, ContainerError> {
        let event = self.reader.read_event().map_err(|_| self.damaged("text that is not well-formed XML"))?;
        match event {
            Event::Start(start) => self.start(&start)?,
            Event::Empty(start) => {
                self.start(&start)?;
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&lines(as_text(&text))),
            Event::CData(text) => self.text(&lines(as_text(&text))),
            Event::GeneralRef(name) => {
                let at = self.reader.buffer_position();
                let reference = format!("&{};", as_text(&name));
                let text = self.entities.resolve(&reference, at)?;
                self.text(&text);
            }
            Event::DocType(document_type) => self.entities.declare(as_text(&document_type)),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => (),
            Event::Eof => return Ok(false),
        }
        Ok(true)
    }

    fn start(&mut self, start: &BytesStart) -> Result<(), ContainerError> {
        if MAX_DEPTH <= self.depth {
            return Err(ContainerError::Unsupported(Format::Svg, "elements nested more than 256 deep"));
        }
        if self.is_ended {
            return Err(self.damaged("a second root element"));
        }
        self.depth += 1;
        let attributes = self.attributes(start)?;
        let (prefix, name) = split_name(start.name());
        let name = find(ELEMENTS, name).filter(|_| self.space(prefix.unwrap_or_default()) == Space::Svg);
        if self.depth == 1 && name != Some("svg") {
            let what = "a root element that is not <svg> in the namespace of SVG";
            return Err(ContainerError::Unsupported(Format::Svg, what));
        }
        let is_inside = self.open.len() + 1 == self.depth && self.open.last() != Some(&"style");
        let Some(name) = name.filter(|name| is_inside && !is_hostile_animation(name, &attributes)) else {
            return Ok(());
        };
        self.open.push(name);
        self.out.start(name);
        let mut seen = BTreeSet::new();
        for attribute in attributes {
            if let Some((key, value)) = self.kept(name, attribute).filter(|(key, _)| seen.insert(*key)) {
                self.out.attribute(key, &value);
            }
        }
        Ok(())
    }

    fn end(&mut self) {
        let is_kept = self.open.len() == self.depth;
        if let Some(name) = self.open.pop_if(|_| is_kept) {
            if name == "style" {
                self.out.text(&style::sheet(&std::mem::take(&mut self.sheet)));
            }
            self.out.end(name);
        }
        while self.spaces.last().is_some_and(|(depth, ..)| *depth == self.depth) {
            self.spaces.pop();
        }
        self.depth = self.depth.saturating_sub(1);
        self.is_ended = self.depth == 0;
    }

    /// Writes text, if it is inside of an element that draws it.
    fn text(&mut self, text: &str) {
        match self.open.last().filter(|_| self.open.len() == self.depth) {
            Some(&"style") => self.sheet.push_str(text),
            Some(name) if TEXTS.contains(name) => self.out.text(text),
            _ => (),
        }
    }

    /// Reads the attributes of an element, and brings its declarations of namespaces into scope.
    fn attributes(&mut self, start: &BytesStart) -> Result<Vec<Attribute>, ContainerError> {
        let at = self.reader.buffer_position();
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| self.damaged("an attribute that is not well-formed"))?;
            let (prefix, name) = split_name(attribute.key);
            // XML 1.0, 3.3.3.
            let raw = as_text(&attribute.value).replace(['\t', '\n', '\r'], " ");
            let value = self.entities.resolve(&raw, at)?.into_owned();
            let declared = match (prefix, name) {
                (None, "xmlns") => Some(""),
                (Some("xmlns"), name) => Some(name),
                _ => None,
            };
            if let Some(prefix) = declared {
                if MAX_NAMESPACES <= self.spaces.len() {
                    return Err(ContainerError::Unsupported(Format::Svg, "more than 256 namespaces"));
                }
                self.spaces.push((self.depth, prefix.to_owned(), Space::from_name(value.trim())));
            } else {
                attributes.push(Attribute {
                    prefix: prefix.map(str::to_owned),
                    name: name.to_owned(),
                    value,
                });
            }
        }
        Ok(attributes)
    }

    /// The name and the value that are written for an attribute of `element`, if it is kept.
    fn kept(&self, element: &str, attribute: Attribute) -> Option<(&'static str, String)> {
        let Attribute { prefix, name, value } = attribute;
        match (prefix.as_deref().map(|prefix| self.space(prefix)), name.as_str()) {
            (None, "href") => Some(("href", self.reference(element, &value)?)),
            (Some(Space::Xlink), "href") => Some(("xlink:href", self.reference(element, &value)?)),
            (Some(Space::Xml), "space") if matches!(value.as_str(), "preserve" | "default") => {
                Some(("xml:space", value))
            }
            (None, "style") => {
                let style = style::declarations(&value);
                (!style.is_empty()).then_some(("style", style))
            }
            (None, name) => {
                let name = find(ATTRIBUTES, name).or_else(|| find(PROPERTIES, name))?;
                (IDENTIFIERS.contains(&name) || value::is_safe(&value)).then_some((name, value))
            }
            _ => None,
        }
    }

    /// A reference of `element` that stays in the file.
    fn reference(&self, element: &str, url: &str) -> Option<String> {
        let url = url.trim();
        if url.starts_with('#') {
            return Some(url.to_owned());
        }
        matches!(element, "image" | "feImage").then(|| picture::stripped(url, self.limits))?
    }

    /// The namespace of a prefix, which is empty for none.
    fn space(&self, prefix: &str) -> Space {
        if prefix == "xml" {
            return Space::Xml;
        }
        let found = self.spaces.iter().rev().find(|(_, known, _)| known == prefix);
        found.map_or(Space::Other, |(.., space)| *space)
    }

    fn damaged(&self, what: &'static str) -> ContainerError {
        ContainerError::Damaged(Format::Svg, self.reader.buffer_position(), what)
    }
}

impl Space {
    fn from_name(name: &str) -> Self {
        match name {
            "http://www.w3.org/2000/svg" => Self::Svg,
            "http://www.w3.org/1999/xlink" => Self::Xlink,
            _ => Self::Other,
        }
    }
}

/// Attributes whose values are names, not style.
const IDENTIFIERS: &[&str] = &[
    "class",
    "id",
    "in",
    "in2",
    "lang",
    "requiredExtensions",
    "requiredFeatures",
    "result",
    "systemLanguage",
];

/// Whether an element is an animation of an attribute that does not draw, such as a reference.
fn is_hostile_animation(element: &str, attributes: &[Attribute]) -> bool {
    let draws = |name: &str| {
        let is_known = find(PROPERTIES, name).or_else(|| find(ATTRIBUTES, name)).is_some();
        is_known && !IDENTIFIERS.contains(&name)
    };
    let mut targets = attributes.iter().filter(|attribute| attribute.name == "attributeName");
    ANIMATIONS.contains(&element) && !targets.all(|target| draws(target.value.trim()))
}

/// The prefix of a name, and the rest of it.
fn split_name(name: QName<'_>) -> (Option<&str>, &str) {
    let name = as_text(name.into_inner());
    name.split_once(':').map_or((None, name), |(prefix, name)| (Some(prefix), name))
}

/// A part of the source, which is text, as text.
fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// `text` with one kind of line end (XML 1.0, 2.11).
fn lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}
