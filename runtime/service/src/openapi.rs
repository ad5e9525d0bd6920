//! A description of the interface of the web door for other programs (`OpenAPI` 3.1.1), from the declared parameters.

use crate::status;
use safelight_core::{AUTO, BEST, Kind, Param, ParamKind, params::SERVICE};
use safelight_edge::problem;
use safelight_registry::{ENCODERS, TRANSFORMS};
use serde_json::{Map, Value, json};

/// The kinds of failures that a request for an image may get.
const KINDS: &[Kind] = &[
    Kind::InvalidParam,
    Kind::Unauthorized,
    Kind::Forbidden,
    Kind::NotFound,
    Kind::MethodNotAllowed,
    Kind::NotAcceptable,
    Kind::SourceConflict,
    Kind::Gone,
    Kind::PreconditionFailed,
    Kind::LimitExceeded,
    Kind::UnsupportedFormat,
    Kind::RangeNotSatisfiable,
    Kind::Corrupt,
    Kind::Throttled,
    Kind::Internal,
    Kind::Unsupported,
    Kind::Upstream,
    Kind::Busy,
    Kind::Timeout,
];

/// Returns the document as text.
pub fn openapi_json() -> String {
    format!("{:#}\n", document())
}

fn document() -> Value {
    let key = json!({
        "name": "key", "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 },
        "description": "The path of the image in its source. Slashes are part of it.",
    });
    let declared = TRANSFORMS.iter().flat_map(|transform| transform.params()).chain(SERVICE);
    let parameters: Value = std::iter::once(key).chain(declared.map(parameter)).collect();
    let operation = |id: &str, summary: &str| json!({ "operationId": id, "summary": summary, "parameters": parameters, "responses": responses() });
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Safelight",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Images without private metadata, resized and re-encoded by the query. Without a query, metadata is removed and no pixel changes.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": {
            "/{key}": {
                "get": operation("image", "An image, or what is asked about it"),
                "head": operation("head", "The headers of an image, without a decode"),
            },
            "/healthz": {
                "get": { "operationId": "health", "summary": "Whether the server runs", "responses": { "200": {
                    "description": "It does.", "content": { "text/plain": { "schema": { "type": "string" } } },
                } } },
            },
        },
        "components": { "schemas": { "Problem": {
            "type": "object",
            "description": "Problem details (RFC 9457)",
            "required": ["type", "title", "status", "kind", "detail", "requestId"],
            "properties": {
                "type": { "type": "string" },
                "title": { "type": "string" },
                "status": { "type": "integer" },
                "kind": { "enum": KINDS.iter().chain(&[Kind::Conflict]).map(|kind| kind.name()).collect::<Vec<_>>() },
                "detail": { "type": "string" },
                "requestId": { "type": "string" },
            },
        } } },
    })
}

fn parameter(param: &Param) -> Value {
    let mut description = param.doc.to_owned();
    if !param.aliases.is_empty() {
        description.extend(["; also ", &param.aliases.join(", ")]);
    }
    let mut schema = schema(&param.kind);
    if let (Some(default), Some(schema)) = (param.default, schema.as_object_mut()) {
        let default = serde_json::from_str(default).ok().filter(Value::is_number);
        schema.extend(default.map(|default| ("default".to_owned(), default)));
    }
    json!({ "name": param.key, "in": "query", "required": false, "description": description, "schema": schema })
}

fn schema(kind: &ParamKind) -> Value {
    match *kind {
        ParamKind::Flag => json!({ "type": "string", "examples": ["true"] }),
        ParamKind::FlagOr(words) => {
            let examples: Vec<_> = ["true"].iter().chain(words).collect();
            json!({ "type": "string", "examples": examples })
        }
        ParamKind::Integer { min, max, .. } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        ParamKind::IntegerOr { min, max, words } => json!({
            "oneOf": [{ "type": "integer", "minimum": min, "maximum": max }, { "type": "string", "enum": words }],
        }),
        ParamKind::Decimal { min, max, .. } => json!({ "type": "number", "minimum": min, "maximum": max }),
        ParamKind::Angle { step } => json!({ "type": "integer", "multipleOf": step }),
        ParamKind::Colour => json!({ "type": "string", "examples": ["ff8800", "orange"] }),
        ParamKind::OneOf { words, synonyms } => {
            let all = words.iter().chain(synonyms.iter().map(|(synonym, _)| synonym));
            json!({ "type": "string", "enum": all.collect::<Vec<_>>() })
        }
        ParamKind::Negotiated { words, synonyms, .. } => {
            let all = [AUTO, BEST].iter().chain(words).chain(synonyms.iter().map(|(synonym, _)| synonym));
            json!({ "type": "string", "enum": all.collect::<Vec<_>>() })
        }
        ParamKind::Text { form, example, .. } => {
            json!({ "type": "string", "description": form, "examples": [example] })
        }
    }
}

fn responses() -> Value {
    let image = json!({ "schema": { "type": "string", "contentEncoding": "binary" } });
    let mut content: Map<_, _> =
        ENCODERS.iter().map(|encoder| (encoder.format().mime().to_owned(), image.clone())).collect();
    // Without a change of pixels, the format of the source stays.
    content.insert("image/*".to_owned(), image);
    content.insert("application/json".to_owned(), json!({ "schema": { "type": "object" } }));
    let mut responses = Map::new();
    let mut add = |status: http::StatusCode, response: Value| {
        responses.entry(status.as_str().to_owned()).or_insert(response);
    };
    add(status::WHOLE, json!({ "description": "The result", "content": content }));
    add(status::PART, json!({ "description": "A range of it", "content": content }));
    add(status::NOT_MODIFIED, json!({ "description": "The client has the current version" }));
    for kind in KINDS {
        let status = status::of(*kind);
        let description = status.canonical_reason().unwrap_or_default();
        let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
        add(status, json!({ "description": description, "content": { problem::CONTENT_TYPE: problem } }));
    }
    responses.into()
}
