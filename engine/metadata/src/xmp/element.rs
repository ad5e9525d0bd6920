//! The elements of a packet with resolved namespaces.

use super::namespace::{RDF, XML};
use quick_xml::{
    NsReader,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
    name::{PrefixDeclaration, ResolveResult},
};

/// The most elements and attributes of a packet. Lightroom's history has a few thousand.
const MAX_NODES: usize = 50_000;
/// The deepest nesting of elements.
const MAX_DEPTH: usize = 64;

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) space: String,
    pub(super) prefix: String,
    pub(super) name: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
}

/// An attribute, which is no declaration of a namespace.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) space: String,
    pub(super) prefix: String,
    pub(super) name: String,
    pub(super) value: String,
}

impl Attribute {
    /// Whether it belongs to the syntax of RDF or XML.
    pub(super) fn is_syntax(&self) -> bool {
        self.space == RDF || self.space == XML || self.space.is_empty()
    }

    /// Whether it is `xml:lang`.
    pub(super) fn is_language(&self) -> bool {
        self.space == XML && self.name == "lang"
    }
}

impl Element {
    /// The root element of `packet`, a text in UTF-8 with anything before the root.
    pub(super) fn parse(packet: &[u8]) -> Option<Self> {
        let start = packet.iter().position(|byte| *byte == b'<')?;
        let packet = &packet[start..];
        // A packet in a GIF ends in bytes that are no text.
        let text = match std::str::from_utf8(packet) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(packet.get(..error.valid_up_to())?).ok()?,
        };
        let mut reader = NsReader::from_str(text);
        let (mut open, mut nodes) = (Vec::<Self>::new(), 0);
        loop {
            let ended = match reader.read_event().ok()? {
                Event::Start(start) => {
                    let element = Self::new(&reader, &start, &mut nodes)?;
                    if open.len() == MAX_DEPTH {
                        return None;
                    }
                    open.push(element);
                    None
                }
                Event::Empty(start) => Some(Self::new(&reader, &start, &mut nodes)?),
                Event::End(_) => Some(open.pop()?),
                Event::Text(text) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text.decode().ok()?);
                    }
                    None
                }
                Event::CData(text) => {
                    open.last_mut()?.text.push_str(&text.decode().ok()?);
                    None
                }
                Event::GeneralRef(reference) => {
                    open.last_mut()?.text.push_str(&resolve(&reference)?);
                    None
                }
                // It could declare entities.
                Event::DocType(_) | Event::Eof => return None,
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => None,
            };
            if let Some(element) = ended {
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => return Some(element),
                }
            }
        }
    }

    fn new(reader: &NsReader<&[u8]>, start: &BytesStart<'_>, nodes: &mut usize) -> Option<Self> {
        *nodes += 1;
        let (space, _) = reader.resolver().resolve_element(start.name());
        let (prefix, name) = (start.name().prefix(), start.local_name());
        let mut element = Self {
            space: resolved(&space),
            prefix: prefix.map(|prefix| text(prefix.as_ref())).unwrap_or_default(),
            name: text(name.as_ref()),
            attributes: Vec::new(),
            children: Vec::new(),
            text: String::new(),
        };
        for attribute in start.attributes() {
            let attribute = attribute.ok()?;
            *nodes += 1;
            if MAX_NODES < *nodes {
                return None;
            }
            if attribute.key.as_namespace_binding().is_some_and(|binding| {
                matches!(binding, PrefixDeclaration::Default | PrefixDeclaration::Named(_))
            }) {
                continue;
            }
            let (space, name) = reader.resolver().resolve_attribute(attribute.key);
            element.attributes.push(Attribute {
                space: resolved(&space),
                prefix: attribute.key.prefix().map(|prefix| text(prefix.as_ref())).unwrap_or_default(),
                name: text(name.as_ref()),
                value: attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?.into_owned(),
            });
        }
        (*nodes <= MAX_NODES).then_some(element)
    }

    /// Whether it has this namespace and name.
    pub(super) fn is(&self, space: &str, name: &str) -> bool {
        self.space == space && self.name == name
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, space: &str, name: &str) -> Option<&str> {
        let is_it = |attribute: &&Attribute| attribute.space == space && attribute.name == name;
        self.attributes.iter().find(is_it).map(|attribute| attribute.value.as_str())
    }
}

/// The text of a reference to a character or a predefined entity.
fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character.into());
    }
    resolve_predefined_entity(&reference.decode().ok()?).map(str::to_owned)
}

fn resolved(space: &ResolveResult<'_>) -> String {
    match space {
        ResolveResult::Bound(space) => text(space.as_ref()),
        ResolveResult::Unbound | ResolveResult::Unknown(_) => String::new(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
