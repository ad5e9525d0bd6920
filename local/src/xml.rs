//! S3's XML: errors, and lists converted from JSON.

use crate::body::{Body, full};
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;
use uuid::Uuid;

/// Returns an error response of S3: an XML document with a code and a message.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let id = Uuid::new_v4();
    let (code, message) = (escaped(code), escaped(message));
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{message}</Message><RequestId>{id}</RequestId></Error>"
    );
    document(status, text)
}

/// Returns a response with an XML document.
pub(crate) fn document(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

/// Converts a JSON list to S3's XML document: names get a capital letter, arrays become repeated elements.
pub(crate) fn list(list: &Value) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write(&mut text, "listBucketResult", list);
    text
}

fn write(text: &mut String, name: &str, value: &Value) {
    if let Value::Array(values) = value {
        for value in values {
            write(text, name, value);
        }
        return;
    }
    let name: String =
        name.chars().take(1).map(|first| first.to_ascii_uppercase()).chain(name.chars().skip(1)).collect();
    text.extend(["<", &name, ">"]);
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| write(text, name, value)),
        Value::String(value) => *text += &escaped(value),
        Value::Null => (),
        other => *text += &other.to_string(),
    }
    text.extend(["</", &name, ">"]);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_becomes_its_document() {
        let value = json!({"name": "b", "maxKeys": 1, "isTruncated": false, "prefix": null,
            "contents": [{"key": "a&b", "eTag": "\"x\""}, {"key": "c"}]});
        assert!(list(&value).ends_with(
            "<ListBucketResult><Name>b</Name><MaxKeys>1</MaxKeys><IsTruncated>false</IsTruncated>\
             <Prefix></Prefix><Contents><Key>a&amp;b</Key><ETag>&quot;x&quot;</ETag></Contents>\
             <Contents><Key>c</Key></Contents></ListBucketResult>"
        ));
    }
}
