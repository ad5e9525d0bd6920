//! SVG: drawing elements, references to fragments, and pictures that are audited too.

use super::{Result, audit};
use base64::{Engine, engine::general_purpose::STANDARD};
use roxmltree::{Document, Node};

const SVG: &str = "http://www.w3.org/2000/svg";
const XLINK: &str = "http://www.w3.org/1999/xlink";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Elements that hold or run something other than a drawing, and those whose text is about the image.
const FORBIDDEN: &[&str] = &[
    "audio",
    "canvas",
    "cursor",
    "desc",
    "discard",
    "embed",
    "font-face-uri",
    "foreignObject",
    "handler",
    "iframe",
    "link",
    "listener",
    "metadata",
    "object",
    "script",
    "title",
    "video",
];

/// Accounts for every node of a file.
pub(super) fn audit_document(file: &[u8]) -> Result {
    let text = std::str::from_utf8(file).map_err(|error| error.to_string())?;
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    document.root().descendants().try_for_each(audit_node)
}

fn audit_node(node: Node<'_, '_>) -> Result {
    let parent = node.parent().map_or("", |parent| parent.tag_name().name());
    if node.is_comment() || node.is_pi() {
        return Err(format!("{:?} in <{parent}>", node.text()));
    }
    if node.is_text() {
        let text = node.text().unwrap_or_default();
        return match parent {
            "text" | "tspan" | "textPath" => Ok(()),
            "style" => audit_style(text),
            _ if text.trim().is_empty() => Ok(()),
            _ => Err(format!("the text {text:?} in <{parent}>")),
        };
    }
    if !node.is_element() {
        return Ok(());
    }
    let name = node.tag_name().name();
    if node.tag_name().namespace() != Some(SVG) || FORBIDDEN.contains(&name) {
        return Err(format!("the element <{name}>"));
    }
    for attribute in node.attributes() {
        let (key, value) = (attribute.name(), attribute.value());
        match (attribute.namespace(), key) {
            (None | Some(XLINK), "href") => audit_reference(value)?,
            (None, "attributeName") if value.contains("href") || value.trim().starts_with("on") => {
                return Err(format!("an animation of {value}"));
            }
            (None, "id" | "class") | (Some(XML), "space") => (),
            (None, _)
                if !key.starts_with("on")
                    && !key.contains('-') | PROPERTY_STEMS.iter().any(|stem| key.starts_with(stem)) =>
            {
                audit_style(value)?;
            }
            (_, key) => return Err(format!("the attribute {key}={value:?} of <{name}>")),
        }
    }
    Ok(())
}

/// The beginnings of presentation attributes with a hyphen.
const PROPERTY_STEMS: &[&str] = &[
    "alignment",
    "baseline",
    "clip",
    "color",
    "dominant",
    "enable",
    "fill",
    "flood",
    "font",
    "glyph",
    "image",
    "letter",
    "lighting",
    "line",
    "marker",
    "mask",
    "mix",
    "paint",
    "pointer",
    "shape",
    "stop",
    "stroke",
    "text",
    "transform",
    "unicode",
    "vector",
    "white",
    "word",
    "writing",
];

fn audit_reference(url: &str) -> Result {
    if url.starts_with('#') {
        return Ok(());
    }
    let data = url.strip_prefix("data:image/").and_then(|url| url.split_once(";base64,"));
    let (_, data) = data.ok_or(format!("the reference {url:?}"))?;
    audit(&STANDARD.decode(data).map_err(|error| error.to_string())?)
}

fn audit_style(style: &str) -> Result {
    let lower = style.to_ascii_lowercase();
    let urls =
        lower.match_indices("url(").map(|(at, _)| lower[at + 4..].trim_start_matches(['"', '\'', ' ']));
    let is_outside = urls.into_iter().any(|url| !url.starts_with('#'));
    let word = ["\\", "@import", "@font-face", "expression", "javascript:", "behavior:", "image-set", "src("];
    match word.iter().find(|word| lower.contains(*word)) {
        Some(word) => Err(format!("{word} in {style:?}")),
        None if is_outside => Err(format!("a reference in {style:?}")),
        None => Ok(()),
    }
}
