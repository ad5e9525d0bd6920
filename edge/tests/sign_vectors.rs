//! The published test vectors of Signature Version 4 in `corpus/sigv4`, signed in headers. For every folder,
//! the canonical request, the string to sign and the signature must equal those of the suite.
//!
//! The suite's service escapes paths once, like S3. It resolves paths if the name of a folder requests it, like the other
//! services. The suite does not cover double escaping, which `sign_oracle.rs` tests. Signatures in the query
//! are not supported by this crate.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use safelight_edge::sign::{Credentials, Escapes, Payload, Service, Signed, Target, Unsigned, sign};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tracing::{Event, Metadata, Subscriber, field, span};

/// The time of every vector: 2015-08-30T12:36:00Z.
const TIME: Duration = Duration::from_mins(24_015_636);

#[test]
fn published_vectors() {
    let corpus = std::env::var_os("SAFELIGHT_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"), PathBuf::from);
    let folder = corpus.join("sigv4/tests/aws-signing-test-suite/v4");
    let Ok(vectors) = fs::read_dir(&folder) else {
        return println!("skipped: the corpus is missing");
    };
    let mut count = 0;
    for vector in vectors {
        check(&vector.unwrap().path());
        count += 1;
    }
    assert_eq!(count, 38);
}

fn check(folder: &Path) {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let context: Value = serde_json::from_str(&read("context.json")).unwrap();
    assert_eq!(context["timestamp"], "2015-08-30T12:36:00Z");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    // In `post-sts-header-after` the token is added after signing, so the signer does not receive it. This
    // crate signs every token that it receives, because its services require signed tokens.
    let omits_token = context["omit_session_token"] == true;
    let token = context["credentials"]["token"].as_str().filter(|_| !omits_token).map(ToOwned::to_owned);
    let credentials = Credentials {
        access_key_id: text(&context["credentials"]["access_key_id"]),
        secret_access_key: text(&context["credentials"]["secret_access_key"]),
        session_token: token.clone(),
    };
    let service = Service {
        name: "service",
        escapes: Escapes::Once,
        normalizes_path: context["normalize"].as_bool().unwrap(),
        accepts_unsigned: false,
        sends_body_hash: context["sign_body"].as_bool().unwrap(),
    };
    assert_eq!(context["service"], service.name);
    let target = Target { service, region: text(&context["region"]) };

    let request = read("request.txt");
    let (head, body) = request.split_once("\n\n").unwrap_or((request.trim_end(), ""));
    let (line, fields) = head.split_once('\n').unwrap();
    let (method, rest) = line.split_once(' ').unwrap();
    let uri = rest.strip_suffix(" HTTP/1.1").unwrap();
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let fields = fields_of(fields);
    let mut headers: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let host = headers.iter().position(|(name, _)| *name == "host").unwrap();
    let (_, host) = headers.remove(host);
    let unsigned =
        Unsigned { method, host, path, query, headers: &headers, payload: Payload::Bytes(body.as_bytes()) };

    let log = Log::default();
    let signed = tracing::subscriber::with_default(log.clone(), || {
        sign(unsigned, &target, &credentials, SystemTime::UNIX_EPOCH + TIME).unwrap()
    });
    // AWS's crate logs the canonical request with the token replaced by its length.
    let mut canonical = log.0.lock().unwrap().take().expect("the canonical request is logged");
    if let Some(token) = token {
        let redacted = format!("x-amz-security-token:** redacted (length={}) **", token.len());
        assert!(canonical.contains(&redacted), "{name}");
        canonical = canonical.replace(&redacted, &format!("x-amz-security-token:{token}"));
    }
    assert_eq!(canonical, read("header-canonical-request.txt"), "{name}");

    let value = |name: &str| value(&signed, name);
    let authorization = value("authorization");
    let (_, scope) = authorization.split_once("Credential=AKIDEXAMPLE/").unwrap();
    let (scope, rest) = scope.split_once(", SignedHeaders=").unwrap();
    let hash: Vec<_> = Sha256::digest(&canonical).iter().map(|byte| format!("{byte:02x}")).collect();
    let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", value("x-amz-date"), hash.concat());
    assert_eq!(to_sign, read("header-string-to-sign.txt"), "{name}");

    let (_, signature) = rest.split_once(", Signature=").unwrap();
    assert_eq!(signature, read("header-signature.txt"), "{name}");
    let signed_request = read("header-signed-request.txt");
    assert!(signed_request.contains(&format!("Authorization:{authorization}")), "{name}");
}

fn value<'a>(signed: &'a Signed, name: &str) -> &'a str {
    &signed.headers.iter().find(|(found, _)| *found == name).unwrap().1
}

/// Parses the header fields of `text`, names in lower case. Folded lines are joined (RFC 9112 section 5.2).
fn fields_of(text: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let (true, Some((_, value))) = (line.starts_with(' '), fields.last_mut()) {
            value.extend([" ", line.trim_start()]);
        } else {
            let (name, value) = line.split_once(':').unwrap();
            fields.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }
    fields
}

/// A log subscriber that records the canonical request of AWS's crate.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Option<String>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Visitor(&self.0));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Visitor<'a>(&'a Mutex<Option<String>>);

impl field::Visit for Visitor<'_> {
    fn record_debug(&mut self, field: &field::Field, value: &dyn fmt::Debug) {
        if field.name() == "canonical_request" {
            *self.0.lock().unwrap() = Some(format!("{value:?}"));
        }
    }
}
