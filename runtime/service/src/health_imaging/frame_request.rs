//! Requests to `HealthImaging`, parsed from HTTP requests. Every id is checked against AWS's patterns.

use crate::request::accept;
use bytes::Bytes;
use http::{HeaderValue, Method, request::Parts};
use safelight_core::{Error, Kind, Result};
use serde::Deserialize;
use serde_json::json;
use std::borrow::Cow;

/// Maximum bytes of a request's body; an id and its name take 60.
pub(super) const MAX_BODY_BYTES: usize = 4 << 10;

/// Maximum bytes of an `Accept` header that is forwarded.
const MAX_ACCEPT_BYTES: usize = 1 << 10;

/// Maximum number of frames in one request (DICOMweb takes a list).
const MAX_FRAMES: usize = 64;

/// The form of an id, for messages.
pub(super) const ID_FORM: &str = "32 digits and lower-case letters";

/// One request, in the service's own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FrameRequest {
    pub(super) operation: Operation,
    pub(super) data_store: String,
    /// Path and query.
    pub(super) target: String,
    /// Body: a JSON object, or empty.
    pub(super) body: Bytes,
    /// Accepted types of the response. Only DICOMweb has several.
    pub(super) accept: Option<HeaderValue>,
}

/// The operation that a request calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// `GetImageFrame`. The result never changes.
    Frame,
    /// `GetImageSetMetadata` of one version. The result never changes.
    Metadata,
    /// `GetImageSetMetadata` of the latest version.
    LatestMetadata,
    /// `GetImageSet`. The state of an image set changes, even of one version.
    ImageSet,
    /// DICOMweb: frames of an instance.
    DicomFrames,
    /// DICOMweb: an instance.
    DicomInstance,
    /// DICOMweb: metadata of an instance.
    DicomInstanceMetadata,
    /// DICOMweb: metadata of a series.
    DicomSeriesMetadata,
}

impl Operation {
    /// Returns whether it is a `POST` to the host for image sets.
    pub(super) fn is_image_set(self) -> bool {
        matches!(self, Self::Frame | Self::Metadata | Self::LatestMetadata | Self::ImageSet)
    }

    /// Returns whether the result is an image, to which transforms may apply.
    pub(super) fn is_image(self) -> bool {
        self == Self::Frame
    }
}

impl FrameRequest {
    /// Parses an HTTP request with the body `body`: a `GET` with everything in its URL, or, for image sets, a
    /// `POST` with the body that the service itself takes.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for a path that names nothing, [`Kind::MethodNotAllowed`], and
    /// [`Kind::InvalidParam`] for an invalid query, body or `Accept`.
    pub(super) fn from_http(parts: &Parts, body: &[u8]) -> Result<Self> {
        let segments: Vec<_> = parts.uri.path().split('/').collect();
        let query = parts.uri.query().unwrap_or_default();
        match segments[..] {
            ["", "datastore", store, "imageSet", set, action] if is_id(store) && is_id(set) => {
                is_allowed(&parts.method, &[Method::GET, Method::HEAD, Method::POST])?;
                image_set(parts.uri.path(), store, action, query, body)
            }
            ["", "datastore", store, ref rest @ ..] if is_id(store) => {
                let operation = dicom(rest).ok_or_else(not_found)?;
                is_allowed(&parts.method, &[Method::GET, Method::HEAD])?;
                let set = parameter(query, "imageSetId", is_id, ID_FORM)?;
                let query = set.map(|set| format!("?imageSetId={set}")).unwrap_or_default();
                Ok(Self {
                    operation,
                    data_store: store.to_owned(),
                    target: format!("{}{query}", parts.uri.path()),
                    body: Bytes::new(),
                    accept: accept_header(parts)?,
                })
            }
            _ => Err(not_found()),
        }
    }
}

/// The query keys of image sets and `DICOMweb`.
pub(super) const QUERY_KEYS: &[&str] = &["imageFrameId", "imageSetId", "version"];

/// Returns a path, or a value, without DICOM's identifiers, which lead to patients.
pub(super) fn without_uids(path: &str) -> String {
    let is_number = |segment: &str| segment.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_uid = |segment: &str| !is_id(segment) && (32 < segment.len() || is_number(segment));
    let shown = |segment| if is_uid(segment) && !segment.is_empty() { "…" } else { segment };
    path.split('/').map(shown).collect::<Vec<_>>().join("/")
}

fn image_set(path: &str, store: &str, action: &str, query: &str, body: &[u8]) -> Result<FrameRequest> {
    let version = || parameter(query, "version", is_version, "a whole number");
    let (operation, query, body) = match action {
        "getImageFrame" => (Operation::Frame, String::new(), frame_id(query, body)?),
        "getImageSetMetadata" => match version()? {
            Some(version) => (Operation::Metadata, format!("?version={version}"), Bytes::new()),
            None => (Operation::LatestMetadata, String::new(), Bytes::new()),
        },
        "getImageSet" => {
            let query = version()?.map(|version| format!("?version={version}"));
            (Operation::ImageSet, query.unwrap_or_default(), Bytes::new())
        }
        _ => return Err(not_found()),
    };
    let target = format!("{path}{query}");
    Ok(FrameRequest { operation, data_store: store.to_owned(), target, body, accept: None })
}

/// Returns the body that names a frame, from the query or from a body of the same form.
fn frame_id(query: &str, body: &[u8]) -> Result<Bytes> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        image_frame_id: String,
    }
    let invalid = |message: String| Error::param("imageFrameId", message);
    let mut id = parameter(query, "imageFrameId", is_id, ID_FORM)?.map(Cow::into_owned);
    if !body.is_empty() {
        let named: Named = serde_json::from_slice(body)
            .map_err(|_| invalid("expected a body such as {\"imageFrameId\": \"…\"} in JSON".to_owned()))?;
        if !is_id(&named.image_frame_id) {
            return Err(invalid(format!("expected {ID_FORM}, got {:?}", shown(&named.image_frame_id))));
        }
        if id.is_some_and(|id| id != named.image_frame_id) {
            return Err(invalid(
                "the values in the query and in the body differ: expected one value".to_owned(),
            ));
        }
        id = Some(named.image_frame_id);
    }
    let id = id.ok_or_else(|| invalid(format!("missing: expected {ID_FORM}")))?;
    Ok(json!({ "imageFrameId": id }).to_string().into())
}

/// Returns the operation of the path segments `["studies", …]` after a data store.
fn dicom(segments: &[&str]) -> Option<Operation> {
    let is_list = |frames: &str| frames.split(',').all(is_frame) && frames.split(',').count() <= MAX_FRAMES;
    let (uids, operation) = match *segments {
        ["studies", study, "series", series, "metadata"] => {
            ([study, series, series], Operation::DicomSeriesMetadata)
        }
        ["studies", study, "series", series, "instances", instance] => {
            ([study, series, instance], Operation::DicomInstance)
        }
        ["studies", study, "series", series, "instances", instance, "metadata"] => {
            ([study, series, instance], Operation::DicomInstanceMetadata)
        }
        ["studies", study, "series", series, "instances", instance, "frames", frames] if is_list(frames) => {
            ([study, series, instance], Operation::DicomFrames)
        }
        _ => return None,
    };
    uids.into_iter().all(is_uid).then_some(operation)
}

/// Returns the value of `key`, which may occur several times with the same value.
fn parameter<'a>(
    query: &'a str,
    key: &'static str,
    is_valid: fn(&str) -> bool,
    form: &str,
) -> Result<Option<Cow<'a, str>>> {
    let mut values =
        form_urlencoded::parse(query.as_bytes()).filter(|(own, _)| own == key).map(|(_, value)| value);
    let Some(value) = values.next() else { return Ok(None) };
    let is_one = values.all(|other| other == value);
    if is_one && is_valid(&value) {
        return Ok(Some(value));
    }
    Err(Error::param(key, format_args!("expected {form}, one value only, got {:?}", shown(&value))))
}

/// Returns the beginning of a value, for a message.
fn shown(value: &str) -> String {
    value.chars().take(40).collect()
}

fn accept_header(parts: &Parts) -> Result<Option<HeaderValue>> {
    let accept = accept(&parts.headers);
    if MAX_ACCEPT_BYTES < accept.len() {
        let message = format!("expected at most {MAX_ACCEPT_BYTES} bytes, got {}", accept.len());
        return Err(Error::param("accept", message));
    }
    Ok(HeaderValue::from_str(&accept).ok().filter(|accept| !accept.is_empty()))
}

fn is_allowed(method: &Method, allowed: &[Method]) -> Result<()> {
    if allowed.contains(method) {
        return Ok(());
    }
    let names: Vec<_> = allowed.iter().map(Method::as_str).collect();
    let message = format!("unsupported method {method}: use one of {}", names.join(", "));
    Err(Error::new(Kind::MethodNotAllowed, "method", message))
}

pub(super) fn not_found() -> Error {
    Error::new(Kind::NotFound, "path", "no image frame at this path")
}

/// `^[0-9a-z]{32}$`, the ids of data stores, image sets and frames (medical-imaging 2023-07-19).
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z'))
}

/// `^\d+$`, with no more digits than any version has.
fn is_version(text: &str) -> bool {
    (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Frame numbers count from 1 (DICOM PS3.18 10.4.1.1.6).
fn is_frame(text: &str) -> bool {
    is_version(text) && !text.starts_with('0') && text.len() <= 9
}

/// Maximum characters of a UID: AWS stores longer ones than the 64 of DICOM PS3.5 9.1 (AWS `HealthImaging`, "Release
/// history", 28 June 2024).
const MAX_UID: usize = 256;

/// A DICOM UID: numbers between dots.
fn is_uid(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= MAX_UID && text.split('.').all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    const STORE: &str = "0123456789abcdefghijklmnopqrstuv";
    const SET: &str = "11111111111111111111111111111111";
    const FRAME: &str = "22222222222222222222222222222222";

    fn parse(method: &str, target: &str, body: &str) -> Result<FrameRequest> {
        let target = target.replace("STORE", STORE).replace("SET", SET).replace("FRAME", FRAME);
        let body = body.replace("FRAME", FRAME);
        let request = Request::builder().method(method).uri(target).header("accept", "a/b;c=d");
        FrameRequest::from_http(&request.body(()).unwrap().into_parts().0, body.as_bytes())
    }

    /// Returns the action of AWS that permits an operation ("Actions, resources, and condition keys for AWS
    /// HealthImaging" of the Service Authorization Reference).
    fn action(operation: Operation) -> &'static str {
        match operation {
            Operation::Frame => "GetImageFrame",
            Operation::Metadata | Operation::LatestMetadata => "GetImageSetMetadata",
            Operation::ImageSet => "GetImageSet",
            Operation::DicomFrames => "GetDICOMInstanceFrames",
            Operation::DicomInstance => "GetDICOMInstance",
            Operation::DicomInstanceMetadata => "GetDICOMInstanceMetadata",
            Operation::DicomSeriesMetadata => "GetDICOMSeriesMetadata",
        }
    }

    /// The tests of the AWS stacks read this file: the role of the function needs these actions, and no others.
    #[test]
    fn the_file_of_actions_lists_every_operation() {
        #[derive(Deserialize)]
        struct Entry {
            action: String,
            resource: String,
            path: String,
        }
        let entries: Vec<Entry> = serde_json::from_str(include_str!("actions.json")).unwrap();
        for Entry { action: name, resource, path } in &entries {
            let operation = parse("GET", path, "").unwrap().operation;
            assert_eq!(action(operation), name, "{path}");
            let expected = if operation.is_image_set() { "imageset" } else { "datastore" };
            assert_eq!(resource, expected, "{path}");
        }
        // One path for each variant of `Operation`.
        assert_eq!(entries.len(), Operation::DicomSeriesMetadata as usize + 1);
    }

    #[test]
    fn a_get_and_a_post_are_the_same_request() {
        let path = "/datastore/STORE/imageSet/SET/getImageFrame";
        let get = parse("GET", &format!("{path}?width=3&imageFrameId=FRAME"), "").unwrap();
        assert_eq!(get, parse("POST", path, r#"{"imageFrameId":"FRAME","x":1}"#).unwrap());
        assert_eq!(get, parse("HEAD", &format!("{path}?imageFrameId=FRAME&imageFrameId=FRAME"), "").unwrap());
        assert_eq!(get.target, format!("/datastore/{STORE}/imageSet/{SET}/getImageFrame"));
        assert_eq!(get.body, format!(r#"{{"imageFrameId":"{FRAME}"}}"#));
        assert_eq!((get.operation, get.accept), (Operation::Frame, None));
    }

    #[test]
    fn only_parameters_of_the_service_are_forwarded() {
        for (target, operation, sent) in [
            ("imageSet/SET/getImageSet?width=1", Operation::ImageSet, "imageSet/SET/getImageSet"),
            (
                "imageSet/SET/getImageSetMetadata",
                Operation::LatestMetadata,
                "imageSet/SET/getImageSetMetadata",
            ),
            (
                "imageSet/SET/getImageSetMetadata?x=1&version=3",
                Operation::Metadata,
                "imageSet/SET/getImageSetMetadata?version=3",
            ),
            (
                "studies/1.2/series/3.4/metadata",
                Operation::DicomSeriesMetadata,
                "studies/1.2/series/3.4/metadata",
            ),
            (
                "studies/1.2/series/3.4/instances/05/metadata",
                Operation::DicomInstanceMetadata,
                "studies/1.2/series/3.4/instances/05/metadata",
            ),
            ("studies/1/series/2/instances/3", Operation::DicomInstance, "studies/1/series/2/instances/3"),
            (
                "studies/1/series/2/instances/3/frames/1,20?imageSetId=SET&x=1",
                Operation::DicomFrames,
                "studies/1/series/2/instances/3/frames/1,20?imageSetId=SET",
            ),
        ] {
            let request = parse("GET", &format!("/datastore/STORE/{target}"), "").unwrap();
            let sent = format!("/datastore/{STORE}/{}", sent.replace("SET", SET));
            assert_eq!((request.operation, request.target), (operation, sent));
            assert_eq!(request.accept.is_some(), !operation.is_image_set());
        }
    }

    #[test]
    fn invalid_requests_are_rejected() {
        let long = "1".repeat(MAX_UID + 1);
        let many = ["1"; MAX_FRAMES + 1].join(",");
        for (method, target, body, kind) in [
            ("GET", "/", "", Kind::NotFound),
            ("GET", "/datastore/STORE", "", Kind::NotFound),
            ("GET", "/datastore/STOREx/imageSet/SET/getImageSet", "", Kind::NotFound),
            ("GET", "/x/datastore/STORE/imageSet/SET/getImageSet", "", Kind::NotFound),
            ("GET", "/datastore/STORE/imageSet/SET/getImageSet/", "", Kind::NotFound),
            ("GET", "/datastore/STORE/imageSet/SET/deleteImageSet", "", Kind::NotFound),
            ("GET", "/datastore/STORE/imageSet/%31SET/getImageSet", "", Kind::NotFound),
            ("DELETE", "/datastore/STORE/imageSet/SET/getImageSet", "", Kind::MethodNotAllowed),
            ("GET", "/datastore/STORE/imageSet/SET/getImageSet?version=1.0", "", Kind::InvalidParam),
            ("GET", "/datastore/STORE/imageSet/SET/getImageFrame", "", Kind::InvalidParam),
            ("GET", "/datastore/STORE/imageSet/SET/getImageFrame?imageFrameId=X", "", Kind::InvalidParam),
            (
                "GET",
                "/datastore/STORE/imageSet/SET/getImageFrame?imageFrameId=FRAME&imageFrameId=SET",
                "",
                Kind::InvalidParam,
            ),
            (
                "POST",
                "/datastore/STORE/imageSet/SET/getImageFrame?imageFrameId=SET",
                r#"{"imageFrameId":"FRAME"}"#,
                Kind::InvalidParam,
            ),
            (
                "POST",
                "/datastore/STORE/imageSet/SET/getImageFrame",
                r#"{"imageFrameId":"FRAMEx"}"#,
                Kind::InvalidParam,
            ),
            ("POST", "/datastore/STORE/imageSet/SET/getImageFrame", "[]", Kind::InvalidParam),
            ("POST", "/datastore/STORE/studies/1/series/2/metadata", "", Kind::MethodNotAllowed),
            ("GET", "/datastore/STORE/studies/1/series/2/instances/3/frames/0", "", Kind::NotFound),
            ("GET", "/datastore/STORE/studies/1/series/2/instances/3/frames/1,", "", Kind::NotFound),
            ("GET", "/datastore/STORE/studies/1./series/2/metadata", "", Kind::NotFound),
            ("GET", "/datastore/STORE/studies/1/series/2/metadata?imageSetId=1", "", Kind::InvalidParam),
            ("GET", &format!("/datastore/STORE/studies/{long}/series/2/metadata"), "", Kind::NotFound),
            (
                "GET",
                &format!("/datastore/STORE/studies/1/series/2/instances/3/frames/{many}"),
                "",
                Kind::NotFound,
            ),
        ] {
            assert_eq!(parse(method, target, body).unwrap_err().kind, kind, "{method} {target} {body}");
        }
    }

    #[test]
    fn a_log_shows_no_uid() {
        let path = format!("/datastore/{STORE}/studies/1.2.840/series/7/instances/1.3/frames/1");
        assert_eq!(
            without_uids(&path),
            format!("/datastore/{STORE}/studies/…/series/…/instances/…/frames/…")
        );
        let path = format!("/datastore/{STORE}/imageSet/{SET}/getImageFrame");
        assert_eq!(without_uids(&path), path);
    }
}
