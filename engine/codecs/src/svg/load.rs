//! What a file draws, with its references multiplied out, counted before `resvg` follows any.
//!
//! The bounds reject files that are clearly hostile at once. The limits of the child process end what they miss, such
//! as references in style sheets, of which the selectors are not matched here.

use super::FORMAT;
use crate::error::CodecError;
use resvg::usvg::roxmltree::{Document, Node, NodeId};
use std::collections::HashMap;

/// The most elements that are drawn, each as often as it is referred to.
const MAX_ELEMENTS: u64 = 200_000;
/// The most passes of filters over layers.
const MAX_PASSES: u64 = 1000;
/// The most layers in one another.
const MAX_LAYERS: u64 = 40;
/// The longest chain of elements and references.
const MAX_DEPTH: u64 = 300;
/// The most declarations of one element or one rule, for which `usvg` takes the square of the time.
const MAX_DECLARATIONS: usize = 1000;
/// Bounds on filters (Filter Effects 1): octaves of noise, numbers in a kernel, primitives of one filter.
const MAX_OCTAVES: f64 = 16.0;
const MAX_KERNEL: usize = 121;
const MAX_PRIMITIVES: usize = 40;

/// What a file, or an element with all that is in it and that it refers to, takes to draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// Elements, and as such: letters, and every 40 bytes of a path.
    pub(super) elements: u64,
    /// Passes of filters over a layer.
    pub(super) passes: u64,
    /// Layers that are in memory at once, besides the canvas.
    pub(super) layers: u64,
    /// The longest chain of elements and references.
    depth: u64,
    /// Whether there is text.
    pub(super) has_text: bool,
}

/// Counts what `document` draws.
///
/// # Errors
/// [`CodecError::TooComplex`] beyond the bounds above.
pub(super) fn count(document: &Document<'_>) -> Result<Load, CodecError> {
    /// A style sheet may put elements in layers.
    const SHEET_LAYERS: u64 = 4;
    let mut ids: HashMap<&str, Node<'_, '_>> = HashMap::new();
    let mut has_sheet = false;
    for node in document.descendants().filter(Node::is_element) {
        check(node)?;
        has_sheet |= node.has_tag_name("style");
        if let Some(id) = node.attribute("id") {
            ids.entry(id).or_insert(node);
        }
    }
    let mut counter = Counter { ids, known: HashMap::new() };
    let mut load = counter.count(document.root_element(), MAX_DEPTH)?;
    if has_sheet {
        load.layers += SHEET_LAYERS;
    }
    Ok(load)
}

/// Checks an element on its own.
fn check(node: Node<'_, '_>) -> Result<(), CodecError> {
    let complex = |what| Err(CodecError::TooComplex(FORMAT, what));
    let number = |name| node.attribute(name).and_then(|value| value.trim().parse::<f64>().ok());
    match node.tag_name().name() {
        "feTurbulence" if number("numOctaves").is_some_and(|octaves| MAX_OCTAVES < octaves) => {
            return complex("noise of too many octaves");
        }
        "feConvolveMatrix" => {
            let kernel = node.attribute("kernelMatrix").unwrap_or_default();
            let numbers = kernel.split(|letter: char| letter == ',' || letter.is_ascii_whitespace());
            if MAX_KERNEL < numbers.filter(|number| !number.is_empty()).count() {
                return complex("a convolution with too many numbers");
            }
        }
        "filter" if MAX_PRIMITIVES < node.children().filter(Node::is_element).count() => {
            return complex("a filter of too many steps");
        }
        _ => (),
    }
    let sheet = node.text().filter(|_| node.has_tag_name("style")).unwrap_or_default();
    let mut styles = sheet.split('}').chain(node.attribute("style"));
    if styles.any(|style| MAX_DECLARATIONS < style.bytes().filter(|byte| *byte == b';').count()) {
        return complex("a style of too many declarations");
    }
    Ok(())
}

/// A count with the results so far.
struct Counter<'a, 'input> {
    ids: HashMap<&'a str, Node<'a, 'input>>,
    /// `None` while an element is being counted: one that refers to itself is not drawn again.
    known: HashMap<NodeId, Option<Load>>,
}

impl<'a, 'input> Counter<'a, 'input> {
    /// Counts an element, at most `depth` deep.
    fn count(&mut self, node: Node<'a, 'input>, depth: u64) -> Result<Load, CodecError> {
        if let Some(known) = self.known.get(&node.id()) {
            return Ok(known.unwrap_or_default());
        }
        let complex = |what| CodecError::TooComplex(FORMAT, what);
        let depth = depth.checked_sub(1).ok_or(complex("elements and references are nested too deep"))?;
        self.known.insert(node.id(), None);
        let own = own(node);
        let mut load = Load { layers: 0, ..own };
        for child in node.children().filter(Node::is_element) {
            load.add(self.count(child, depth)?, 1);
        }
        for attribute in node.attributes() {
            // A marker is drawn at each point.
            let times = if attribute.name().starts_with("marker") { points(node) } else { 1 };
            for target in references(attribute.name(), attribute.value()) {
                if let Some(&target) = self.ids.get(target) {
                    load.add(self.count(target, depth)?, times);
                }
            }
        }
        load.layers += own.layers;
        load.depth += 1;
        let beyond = [
            (MAX_ELEMENTS < load.elements, "it draws too many elements"),
            (MAX_PASSES < load.passes, "it has too many filters"),
            (MAX_LAYERS < load.layers, "groups with effects are nested too deep"),
            (MAX_DEPTH < load.depth, "elements and references are nested too deep"),
        ];
        if let Some((_, what)) = beyond.into_iter().find(|(is_beyond, _)| *is_beyond) {
            return Err(complex(what));
        }
        self.known.insert(node.id(), Some(load));
        Ok(load)
    }
}

impl Load {
    /// Adds an element inside, or what it refers to, that is drawn so many `times`.
    fn add(&mut self, other: Self, times: u64) {
        self.elements = self.elements.saturating_add(other.elements.saturating_mul(times));
        self.passes = self.passes.saturating_add(other.passes.saturating_mul(times));
        self.layers = self.layers.max(other.layers);
        self.depth = self.depth.max(other.depth);
        self.has_text |= other.has_text;
    }
}

/// The load of an element without those inside.
fn own(node: Node<'_, '_>) -> Load {
    /// Bytes of a path that take the time of an element.
    const ELEMENT_BYTES: usize = 40;
    /// The buffers of a filter.
    const FILTER_LAYERS: u64 = 4;
    let name = node.tag_name().name();
    let has_text = matches!(name, "text" | "tspan" | "textPath");
    let texts = node.children().filter(|child| has_text && child.is_text());
    let letters: usize = texts.map(|text| text.text().map_or(0, str::len)).sum();
    let path: usize = node.attributes().map(|attribute| attribute.value().len()).sum();
    let has = |property: &str| {
        node.has_attribute(property) || node.attribute("style").is_some_and(|style| style.contains(property))
    };
    let is_layer = ["opacity", "mask", "clip-path", "mix-blend-mode", "isolation"].into_iter().any(has);
    Load {
        elements: (1 + letters + path / ELEMENT_BYTES) as u64,
        passes: u64::from(name.starts_with("fe")),
        layers: u64::from(is_layer) + if has("filter") { FILTER_LAYERS } else { 0 },
        depth: 0,
        has_text,
    }
}

/// The names of the fragments to which an attribute refers.
fn references<'v>(name: &str, value: &'v str) -> impl Iterator<Item = &'v str> {
    let link = (name == "href").then(|| value.trim().strip_prefix('#')).flatten();
    let urls = value.split("url(").skip(1).filter_map(|rest| {
        let (url, _) = rest.split_once(')')?;
        url.trim_matches([' ', '"', '\'']).strip_prefix('#')
    });
    link.into_iter().chain(urls)
}

/// The most points of a shape: a coordinate takes two bytes.
fn points(node: Node<'_, '_>) -> u64 {
    let data = ["d", "points"].map(|name| node.attribute(name).map_or(0, str::len));
    data.into_iter().sum::<usize>() as u64 / 4 + 4
}
