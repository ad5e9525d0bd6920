//! What can be asked of `HealthImaging`: read from an HTTP request, every id checked against AWS's patterns.

use crate::request::accept;
use bytes::Bytes;
use http::{HeaderValue, Method, request::Parts};
use safelight_core::{Error, Kind, Result};
use serde::Deserialize;
use serde_json::json;
use std::borrow::Cow;

/// Most bytes of a request's body; an id and its name take 60.
pub(crate) const MAX_BODY_BYTES: usize = 4 << 10;

/// Most bytes of an `Accept` header that is passed on.
const MAX_ACCEPT_BYTES: usize = 1 << 10;

/// Most frames that one request may name (DICOMweb takes a list).
const MAX_FRAMES: usize = 64;

/// One question, in the service's own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(super) subject: Subject,
    pub(super) data_store: String,
    /// Path and query.
    pub(super) target: String,
    /// Sent along: an object in JSON, or nothing.
    pub(super) body: Bytes,
    /// In which form the answer is wanted; only DICOMweb knows several.
    pub(super) accept: Option<HeaderValue>,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// `GetImageFrame`: never changes.
    Frame,
    /// `GetImageSetMetadata` of one version: never changes.
    Metadata,
    /// `GetImageSetMetadata` of the version that is the latest now.
    LatestMetadata,
    /// `GetImageSet`: its state changes, whatever the version.
    ImageSet,
    /// DICOMweb, frames of an instance.
    DicomFrames,
    /// DICOMweb, an instance, or metadata of one or of a series.
    Dicom,
}

impl Subject {
    /// Whether it is asked with `POST`, of the host for image sets.
    pub(super) fn is_image_set(self) -> bool {
        !matches!(self, Self::DicomFrames | Self::Dicom)
    }

    /// Whether it is a picture that transforms may apply to.
    pub(crate) fn is_picture(self) -> bool {
        self == Self::Frame
    }
}

impl Question {
    /// What it is about.
    pub(crate) fn subject(&self) -> Subject {
        self.subject
    }

    /// Reads a request whose body is `body`: a `GET` with everything in its URL, or, for image sets, a `POST`
    /// with a body as the service itself takes it.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for a path that names nothing, [`Kind::MethodNotAllowed`], and
    /// [`Kind::InvalidParam`] for what is wrong in query, body or `Accept`.
    pub(crate) fn from_http(parts: &Parts, body: &[u8]) -> Result<Self> {
        let segments: Vec<_> = parts.uri.path().split('/').collect();
        let query = parts.uri.query().unwrap_or_default();
        match segments[..] {
            ["", "datastore", store, "imageSet", set, action] if is_id(store) && is_id(set) => {
                is_allowed(&parts.method, &[Method::GET, Method::HEAD, Method::POST])?;
                image_set(parts.uri.path(), store, action, query, body)
            }
            ["", "datastore", store, ref rest @ ..] if is_id(store) => {
                let subject = dicom(rest).ok_or_else(absent)?;
                is_allowed(&parts.method, &[Method::GET, Method::HEAD])?;
                let set = parameter(query, "imageSetId", is_id, "32 digits and lower-case letters")?;
                let query = set.map(|set| format!("?imageSetId={set}")).unwrap_or_default();
                Ok(Self {
                    subject,
                    data_store: store.to_owned(),
                    target: format!("{}{query}", parts.uri.path()),
                    body: Bytes::new(),
                    accept: accepted(parts)?,
                })
            }
            _ => Err(absent()),
        }
    }
}

/// A path as a log may show it. DICOM's identifiers lead to patients, so they are left out.
pub(crate) fn loggable(path: &str) -> String {
    let is_number = |segment: &str| segment.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_uid = |segment: &str| !is_id(segment) && (32 < segment.len() || is_number(segment));
    let shown = |segment| if is_uid(segment) && !segment.is_empty() { "…" } else { segment };
    path.split('/').map(shown).collect::<Vec<_>>().join("/")
}

fn image_set(path: &str, store: &str, action: &str, query: &str, body: &[u8]) -> Result<Question> {
    let version = || parameter(query, "version", is_version, "a whole number");
    let (subject, query, body) = match action {
        "getImageFrame" => (Subject::Frame, String::new(), frame_id(query, body)?),
        "getImageSetMetadata" => match version()? {
            Some(version) => (Subject::Metadata, format!("?version={version}"), Bytes::new()),
            None => (Subject::LatestMetadata, String::new(), Bytes::new()),
        },
        "getImageSet" => {
            let query = version()?.map(|version| format!("?version={version}"));
            (Subject::ImageSet, query.unwrap_or_default(), Bytes::new())
        }
        _ => return Err(absent()),
    };
    let target = format!("{path}{query}");
    Ok(Question { subject, data_store: store.to_owned(), target, body, accept: None })
}

/// The body that names a frame, from the query or from such a body.
fn frame_id(query: &str, body: &[u8]) -> Result<Bytes> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        image_frame_id: String,
    }
    const FORM: &str = "32 digits and lower-case letters";
    let invalid = |message: String| Error::new(Kind::InvalidParam, "imageFrameId", message);
    let mut id = parameter(query, "imageFrameId", is_id, FORM)?.map(Cow::into_owned);
    if !body.is_empty() {
        let named: Named = serde_json::from_slice(body).map_err(|_| {
            invalid("the body must be a JSON object such as {\"imageFrameId\": \"…\"}".to_owned())
        })?;
        if !is_id(&named.image_frame_id) {
            return Err(invalid(format!("must be {FORM}")));
        }
        if id.is_some_and(|id| id != named.image_frame_id) {
            return Err(invalid("is another in the query than in the body; give it once".to_owned()));
        }
        id = Some(named.image_frame_id);
    }
    let id = id.ok_or_else(|| invalid(format!("must be given, and be {FORM}")))?;
    Ok(json!({ "imageFrameId": id }).to_string().into())
}

/// What `["studies", …]` behind a data store asks for.
fn dicom(segments: &[&str]) -> Option<Subject> {
    let is_list = |frames: &str| frames.split(',').all(is_frame) && frames.split(',').count() <= MAX_FRAMES;
    let (uids, subject) = match *segments {
        ["studies", study, "series", series, "metadata"] => ([study, series, series], Subject::Dicom),
        ["studies", study, "series", series, "instances", instance]
        | ["studies", study, "series", series, "instances", instance, "metadata"] => {
            ([study, series, instance], Subject::Dicom)
        }
        ["studies", study, "series", series, "instances", instance, "frames", frames] if is_list(frames) => {
            ([study, series, instance], Subject::DicomFrames)
        }
        _ => return None,
    };
    uids.into_iter().all(is_uid).then_some(subject)
}

/// The value of `key`, given once or several times alike.
fn parameter<'a>(
    query: &'a str,
    key: &'static str,
    is_right: fn(&str) -> bool,
    right: &str,
) -> Result<Option<Cow<'a, str>>> {
    let mut values =
        form_urlencoded::parse(query.as_bytes()).filter(|(own, _)| own == key).map(|(_, value)| value);
    let Some(value) = values.next() else { return Ok(None) };
    let is_one = values.all(|other| other == value);
    if is_one && is_right(&value) {
        return Ok(Some(value));
    }
    Err(Error::new(Kind::InvalidParam, key, format!("must be {right}, given once")))
}

fn accepted(parts: &Parts) -> Result<Option<HeaderValue>> {
    let accept = accept(&parts.headers);
    if MAX_ACCEPT_BYTES < accept.len() {
        let message = format!("may have {MAX_ACCEPT_BYTES} bytes, not {}", accept.len());
        return Err(Error::new(Kind::InvalidParam, "accept", message));
    }
    Ok(HeaderValue::from_str(&accept).ok().filter(|accept| !accept.is_empty()))
}

fn is_allowed(method: &Method, allowed: &[Method]) -> Result<()> {
    if allowed.contains(method) {
        return Ok(());
    }
    let names: Vec<_> = allowed.iter().map(Method::as_str).collect();
    let message = format!("must be one of {}", names.join(", "));
    Err(Error::new(Kind::MethodNotAllowed, "method", message))
}

pub(super) fn absent() -> Error {
    Error::new(Kind::NotFound, "path", "there is no image frame here")
}

/// `^[0-9a-z]{32}$`, the ids of data stores, image sets and frames (medical-imaging 2023-07-19).
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z'))
}

/// `^\d+$`, of no more digits than a version will ever have.
fn is_version(text: &str) -> bool {
    (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Numbers of frames count from 1 (DICOM PS3.18 10.4.1.1.6).
fn is_frame(text: &str) -> bool {
    is_version(text) && !text.starts_with('0') && text.len() <= 9
}

/// A DICOM UID: numbers between dots, up to 64 characters (DICOM PS3.5 9.1).
fn is_uid(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 64 && text.split('.').all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    const STORE: &str = "0123456789abcdefghijklmnopqrstuv";
    const SET: &str = "11111111111111111111111111111111";
    const FRAME: &str = "22222222222222222222222222222222";

    fn ask(method: &str, target: &str, body: &str) -> Result<Question> {
        let target = target.replace("STORE", STORE).replace("SET", SET).replace("FRAME", FRAME);
        let body = body.replace("FRAME", FRAME);
        let request = Request::builder().method(method).uri(target).header("accept", "a/b;c=d");
        Question::from_http(&request.body(()).unwrap().into_parts().0, body.as_bytes())
    }

    #[test]
    fn a_get_and_a_post_are_the_same_question() {
        let path = "/datastore/STORE/imageSet/SET/getImageFrame";
        let get = ask("GET", &format!("{path}?width=3&imageFrameId=FRAME"), "").unwrap();
        assert_eq!(get, ask("POST", path, r#"{"imageFrameId":"FRAME","x":1}"#).unwrap());
        assert_eq!(get, ask("HEAD", &format!("{path}?imageFrameId=FRAME&imageFrameId=FRAME"), "").unwrap());
        assert_eq!(get.target, format!("/datastore/{STORE}/imageSet/{SET}/getImageFrame"));
        assert_eq!(get.body, format!(r#"{{"imageFrameId":"{FRAME}"}}"#));
        assert_eq!((get.subject, get.accept), (Subject::Frame, None));
    }

    #[test]
    fn every_question_keeps_what_the_service_knows() {
        for (target, subject, sent) in [
            ("imageSet/SET/getImageSet?width=1", Subject::ImageSet, "imageSet/SET/getImageSet"),
            ("imageSet/SET/getImageSetMetadata", Subject::LatestMetadata, "imageSet/SET/getImageSetMetadata"),
            (
                "imageSet/SET/getImageSetMetadata?x=1&version=3",
                Subject::Metadata,
                "imageSet/SET/getImageSetMetadata?version=3",
            ),
            ("studies/1.2/series/3.4/metadata", Subject::Dicom, "studies/1.2/series/3.4/metadata"),
            ("studies/1/series/2/instances/3", Subject::Dicom, "studies/1/series/2/instances/3"),
            (
                "studies/1/series/2/instances/3/frames/1,20?imageSetId=SET&x=1",
                Subject::DicomFrames,
                "studies/1/series/2/instances/3/frames/1,20?imageSetId=SET",
            ),
        ] {
            let question = ask("GET", &format!("/datastore/STORE/{target}"), "").unwrap();
            let sent = format!("/datastore/{STORE}/{}", sent.replace("SET", SET));
            assert_eq!((question.subject, question.target), (subject, sent));
            assert_eq!(question.accept.is_some(), !subject.is_image_set());
        }
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let long = "1".repeat(65);
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
            assert_eq!(ask(method, target, body).unwrap_err().kind, kind, "{method} {target} {body}");
        }
    }

    #[test]
    fn a_log_shows_no_uid() {
        let path = format!("/datastore/{STORE}/studies/1.2.840/series/7/instances/1.3/frames/1");
        assert_eq!(loggable(&path), format!("/datastore/{STORE}/studies/…/series/…/instances/…/frames/…"));
        let path = format!("/datastore/{STORE}/imageSet/{SET}/getImageFrame");
        assert_eq!(loggable(&path), path);
    }
}
