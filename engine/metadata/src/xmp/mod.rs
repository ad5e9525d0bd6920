//! XMP packets (ISO 16684-1) as JSON: one object for each namespace, with the structure of the RDF.
//!
//! ```text
//! value = text | { field: value } (structure) | [value] (bag, sequence) | { language: text } (alternatives)
//! ```

mod element;
mod namespace;

use element::Element;
use namespace::{RDF, prefix};
use serde_json::{Map, Value};

/// The deepest nesting of values.
const MAX_DEPTH: usize = 16;

/// Reads the properties of `packet` by namespace and name.
///
/// Returns `None` if the packet is not well-formed XML in UTF-8, or exceeds the limits on elements and nesting.
pub fn read(packet: &[u8]) -> Option<Map<String, Value>> {
    let root = Element::parse(packet)?;
    let rdf =
        if root.is(RDF, "RDF") { &root } else { root.children.iter().find(|child| child.is(RDF, "RDF"))? };
    let mut spaces = Map::new();
    for description in rdf.children.iter().filter(|child| child.is(RDF, "Description")) {
        for (space, name, value) in fields(description, 0)? {
            let Value::Object(space) = spaces.entry(space).or_insert_with(|| Map::new().into()) else {
                continue;
            };
            space.entry(name).or_insert(value);
        }
    }
    Some(spaces)
}

/// The properties of a description or structure: attributes and elements.
fn fields(element: &Element, depth: usize) -> Option<Vec<(String, String, Value)>> {
    let attributes = element.attributes.iter().filter(|attribute| !attribute.is_syntax());
    let mut fields: Vec<_> = attributes
        .map(|attribute| {
            let space = prefix(&attribute.space, &attribute.prefix);
            let value = typed(&space, &attribute.name, &attribute.value);
            (space, attribute.name.clone(), value)
        })
        .collect();
    for child in &element.children {
        let space = prefix(&child.space, &child.prefix);
        let value = match value(child, depth + 1)? {
            Value::String(text) => typed(&space, &child.name, &text),
            value => value,
        };
        fields.push((space, child.name.clone(), value));
    }
    Some(fields)
}

/// The value of a property or of an item of a list.
fn value(element: &Element, depth: usize) -> Option<Value> {
    if MAX_DEPTH < depth {
        return None;
    }
    if let Some(resource) = element.attribute(RDF, "resource") {
        return Some(resource.into());
    }
    if element.attribute(RDF, "parseType") == Some("Resource") {
        return structure(element, depth);
    }
    if let [inner] = element.children.as_slice()
        && inner.space == RDF
    {
        return match inner.name.as_str() {
            "Bag" | "Seq" => list(inner, depth),
            "Alt" => alternatives(inner, depth),
            _ => structure(inner, depth),
        };
    }
    // Fields may be attributes of the property itself.
    if element.attributes.iter().any(|attribute| !attribute.is_syntax()) {
        return structure(element, depth);
    }
    Some(element.text.trim().into())
}

/// The fields of a structure, without their namespaces.
fn structure(element: &Element, depth: usize) -> Option<Value> {
    // A value with qualifiers (ISO 16684-1 section 7.8).
    if let Some(inner) = element.children.iter().find(|child| child.is(RDF, "value")) {
        return value(inner, depth + 1);
    }
    let fields = fields(element, depth)?.into_iter().map(|(_, name, value)| (name, value));
    Some(Value::Object(fields.collect()))
}

fn items(element: &Element) -> impl Iterator<Item = &Element> {
    element.children.iter().filter(|child| child.is(RDF, "li"))
}

fn list(element: &Element, depth: usize) -> Option<Value> {
    items(element).map(|item| value(item, depth + 1)).collect::<Option<Vec<_>>>().map(Value::Array)
}

/// Texts by their languages; a list if there are no languages.
fn alternatives(element: &Element, depth: usize) -> Option<Value> {
    let mut languages = Map::new();
    for item in items(element) {
        let Some(language) = item.attributes.iter().find(|attribute| attribute.is_language()) else {
            return list(element, depth);
        };
        languages.insert(language.value.clone(), value(item, depth + 1)?);
    }
    Some(Value::Object(languages))
}

/// A number where the namespace has numbers, else the text.
fn typed(space: &str, name: &str, text: &str) -> Value {
    let has_numbers = matches!(space, "tiff" | "exif" | "exifEX" | "crs" | "hdrgm" | "GCamera")
        || (space, name) == ("xmp", "Rating");
    let is_canonical = |number: &i64| number.to_string() == text;
    match text.parse::<i64>().ok().filter(is_canonical) {
        Some(number) if has_numbers => number.into(),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn packet(body: &str) -> String {
        format!(
            "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
             <x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"{RDF}\">{body}</rdf:RDF></x:xmpmeta>\n   \
             <?xpacket end=\"w\"?>"
        )
    }

    #[test]
    fn every_form_of_a_property_is_read() {
        let body = r#"
          <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4" xmp:CreatorTool="A &amp; B">
            <d:title xmlns:d="http://purl.org/dc/elements/1.1/"><rdf:Alt>
              <rdf:li xml:lang="x-default">Harbour</rdf:li><rdf:li xml:lang="de">Hafen</rdf:li></rdf:Alt></d:title>
            <dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Seq><rdf:li>J. Doe</rdf:li></rdf:Seq></dc:creator>
          </rdf:Description>
          <rdf:Description xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:stRef="urn:ref" xmlns:own="urn:own">
            <xmpMM:DerivedFrom rdf:parseType="Resource"><stRef:documentID>1</stRef:documentID></xmpMM:DerivedFrom>
            <xmpMM:RenditionOf stRef:instanceID="2"/>
            <own:Link rdf:resource="https://example.com/"/>
            <own:Plain> 007 </own:Plain>
            <own:Qualified rdf:parseType="Resource"><rdf:value>v</rdf:value><own:unit>m</own:unit></own:Qualified>
            <own:Nested><rdf:Bag><rdf:li><rdf:Description own:x="1"/></rdf:li></rdf:Bag></own:Nested>
          </rdf:Description>"#;
        let expected = json!({
            "xmp": {"Rating": 4, "CreatorTool": "A & B"},
            "dc": {"title": {"x-default": "Harbour", "de": "Hafen"}, "creator": ["J. Doe"]},
            "xmpMM": {"DerivedFrom": {"documentID": "1"}, "RenditionOf": {"instanceID": "2"}},
            "own": {"Link": "https://example.com/", "Plain": "007", "Qualified": "v", "Nested": [{"x": "1"}]},
        });
        assert_eq!(read(packet(body).as_bytes()).map(Value::Object), Some(expected));
    }

    #[test]
    fn hostile_packets_are_not_read() {
        let deep = "<a:b xmlns:a=\"urn:a\" a:parseType=\"x\">".repeat(400) + &"</a:b>".repeat(400);
        let nested = "<a:b xmlns:a=\"urn:a\"><rdf:Bag><rdf:li><rdf:Description>".repeat(20)
            + &"</rdf:Description></rdf:li></rdf:Bag></a:b>".repeat(20);
        let wide = "<a/>".repeat(100_000);
        let entity = "<!DOCTYPE a [<!ENTITY e \"lol\">]>";
        for body in [deep, format!("<rdf:Description>{nested}</rdf:Description>"), wide] {
            assert_eq!(read(packet(&body).as_bytes()), None);
        }
        assert_eq!(read(b""), None);
        assert_eq!(read(b"\xFF\xFE<\0"), None);
        assert_eq!(read(format!("{entity}{}", packet("<rdf:Description x=\"&e;\"/>")).as_bytes()), None);
        assert_eq!(read(b"<rdf:RDF xmlns:rdf='x'>"), None);
    }
}
