//! The verification of a caller's signature.

use super::{KEYS, Key, REGION, Service, canonical, canonical::Canonical, date};
use http::{HeaderMap, header::AUTHORIZATION, request::Parts};
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime};

/// The reason why a request is rejected: AWS's error code and a message to the caller. The status is always
/// 403.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
}

const fn rejection(code: &'static str, message: &'static str) -> Rejection {
    Rejection { code, message }
}

const MISMATCH: Rejection = rejection(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided.",
);
const MISSING: Rejection = rejection("AccessDenied", "The request is not signed.");
const MALFORMED: Rejection = rejection("AccessDenied", "The authorization is malformed.");
const SCOPE: Rejection = rejection("AccessDenied", "The signature is for another service, region or day.");
const SKEWED: Rejection = rejection(
    "RequestTimeTooSkewed",
    "The difference between the request time and the server's time is too large.",
);
const EXPIRED: Rejection = rejection("AccessDenied", "Request has expired");
const UNKNOWN: Rejection = rejection("InvalidAccessKeyId", "The access key id does not exist.");
const TOKEN: Rejection = rejection("InvalidToken", "The session token does not belong to the access key.");
const UNSIGNED_HEADERS: Rejection =
    rejection("AccessDenied", "There were headers present in the request which were not signed");
const PAYLOAD: Rejection = rejection("AccessDenied", "The body does not match the signed hash.");

/// Largest accepted difference between a signature's time and now.
const SKEW: Duration = Duration::from_mins(15);

const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Returns the key that signed the request of `parts` for `service`, in the headers or, for S3's services,
/// in the query. `body` is verified if it is known.
///
/// # Errors
/// If the signature is missing or invalid.
pub(crate) fn verify(
    parts: &Parts,
    body: Option<&[u8]>,
    service: Service,
    now: SystemTime,
) -> Result<Key, Rejection> {
    let claim = match parts.headers.get(AUTHORIZATION) {
        Some(value) => SignatureClaim::from_header(value.to_str().map_err(|_| MALFORMED)?, &parts.headers)?,
        None if service.is_s3() => SignatureClaim::from_query(parts.uri.query().unwrap_or_default())?,
        None => return Err(MISSING),
    };
    claim.check_time(now)?;
    let key = KEYS.into_iter().find(|key| key.id == claim.key_id).ok_or(UNKNOWN)?;
    if claim.token.as_deref() != key.session_token {
        return Err(TOKEN);
    }
    let scope = [&claim.date[..8], REGION, service.name(), "aws4_request"].join("/");
    if claim.scope != scope {
        return Err(SCOPE);
    }
    let signed: Vec<_> = claim.signed_headers.split(';').collect();
    let is_signed = |name: &str| signed.contains(&name);
    let must_be_signed = |name: &str| service.is_s3() && name.starts_with("x-amz-") && !is_signed(name);
    if !is_signed("host") || parts.headers.keys().any(|name| must_be_signed(name.as_str())) {
        return Err(UNSIGNED_HEADERS);
    }

    let payload = payload(&parts.headers, body, service, claim.expires_in.is_some())?;
    let canonical = Canonical {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        signed_headers: &signed,
        payload: &payload,
    };
    let expected = canonical.signature(&key, REGION, service, claim.time);
    // Timing reveals no secret here: the keys of this emulator are public.
    if expected.is_some_and(|expected| expected == claim.signature) { Ok(key) } else { Err(MISMATCH) }
}

/// Returns the payload hash of the canonical request.
fn payload(
    headers: &HeaderMap,
    body: Option<&[u8]>,
    service: Service,
    is_presigned: bool,
) -> Result<String, Rejection> {
    if is_presigned {
        return Ok(UNSIGNED_PAYLOAD.to_owned());
    }
    let actual = body.map(|body| canonical::hex(&Sha256::digest(body)));
    let Some(stated) = headers.get("x-amz-content-sha256") else {
        // S3's services require the header; others hash the body in any case.
        return actual.filter(|_| !service.is_s3()).ok_or(PAYLOAD);
    };
    let stated = stated.to_str().map_err(|_| MALFORMED)?;
    let is_unsigned = stated == UNSIGNED_PAYLOAD && service.is_s3();
    let is_body = actual.is_none_or(|actual| actual == stated) && stated != UNSIGNED_PAYLOAD;
    if is_unsigned || is_body { Ok(stated.to_owned()) } else { Err(PAYLOAD) }
}

/// The signature of a request, with its parameters.
#[derive(Debug)]
struct SignatureClaim {
    key_id: String,
    /// The credential's part after the key id: day, region, service.
    scope: String,
    signed_headers: String,
    signature: String,
    date: String,
    time: SystemTime,
    token: Option<String>,
    /// Only in presigned URLs.
    expires_in: Option<Duration>,
}

impl SignatureClaim {
    fn from_header(value: &str, headers: &HeaderMap) -> Result<Self, Rejection> {
        let fields = value.strip_prefix("AWS4-HMAC-SHA256").ok_or(MALFORMED)?;
        let field = |name: &str| {
            let mut fields = fields.split(',').filter_map(|field| field.trim().split_once('='));
            fields.find_map(|(key, value)| (key == name).then(|| value.to_owned()))
        };
        let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        Self::new(field, header("x-amz-date"), header("x-amz-security-token"), None)
    }

    fn from_query(query: &str) -> Result<Self, Rejection> {
        let parameter = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find_map(|(key, value)| {
                (key.strip_prefix("X-Amz-") == Some(name)).then(|| value.into_owned())
            })
        };
        if parameter("Algorithm").ok_or(MISSING)? != "AWS4-HMAC-SHA256" {
            return Err(MALFORMED);
        }
        let expires = parameter("Expires").and_then(|text| text.parse().ok()).ok_or(MALFORMED)?;
        Self::new(
            parameter,
            parameter("Date"),
            parameter("Security-Token"),
            Some(Duration::from_secs(expires)),
        )
    }

    fn new(
        field: impl Fn(&str) -> Option<String>,
        date: Option<String>,
        token: Option<String>,
        expires_in: Option<Duration>,
    ) -> Result<Self, Rejection> {
        let credential = field("Credential").ok_or(MALFORMED)?;
        let (key_id, scope) = credential.split_once('/').ok_or(MALFORMED)?;
        let date = date.ok_or(MALFORMED)?;
        Ok(Self {
            key_id: key_id.to_owned(),
            scope: scope.to_owned(),
            signed_headers: field("SignedHeaders").ok_or(MALFORMED)?,
            signature: field("Signature").ok_or(MALFORMED)?,
            time: date::parse(&date).ok_or(MALFORMED)?,
            date,
            token,
            expires_in,
        })
    }

    fn check_time(&self, now: SystemTime) -> Result<(), Rejection> {
        match self.expires_in {
            None if SKEW < date::distance(self.time, now) => Err(SKEWED),
            Some(expires_in) if self.time.checked_add(expires_in).is_none_or(|end| end < now) => Err(EXPIRED),
            Some(_) if now + SKEW < self.time => Err(SKEWED),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::{CLOUDFRONT, FUNCTION, Payload, Presigned, USER, presign, sign_request};
    use http::{Request, header::HOST};

    const SERVICES: [Service; 4] =
        [Service::S3, Service::S3ObjectLambda, Service::Lambda, Service::MedicalImaging];

    /// Returns a request as a server receives it, signed by AWS's own code.
    fn signed(target: &str, key: &Key, service: Service) -> Parts {
        let request = Request::get(format!("http://local:8080{target}")).header(HOST, "local:8080");
        let mut request = request.header("x-amz-meta-a", " b   c ").body(()).unwrap();
        sign_request(&mut request, key, service, Payload::Bytes(b"")).unwrap();
        // S3 accepts a path in any encoding; other services accept only the encoding that was signed.
        let sent = request.uri().path_and_query().unwrap().as_str();
        let sent = if service.is_s3() { target } else { sent };
        *request.uri_mut() = sent.parse().unwrap();
        request.into_parts().0
    }

    #[test]
    fn signatures_of_aws_are_accepted() {
        let targets = [
            "/",
            "/a%20b.jpg",
            "/a/./b",
            "/a//b",
            "/a%2Fb",
            "/%E2%82%AC",
            "/[a]",
            "/a+b",
            "/a%2Bb",
            "/~a",
            "/?a",
            "/?a=&b",
            "/?b=2&a=1&a=0",
            "/?a=%20&b=+",
            "/?x=%5B%5D/",
            "/a=b,c;d:e@f!g*h(i)",
        ];
        for service in SERVICES {
            for target in targets {
                for key in KEYS {
                    let accepted = verify(&signed(target, &key, service), None, service, SystemTime::now());
                    assert_eq!(accepted.map(|accepted| accepted.id), Ok(key.id), "{service:?} {target}");
                }
            }
        }
    }

    #[test]
    fn signatures_of_the_edge_are_accepted() {
        use safelight_edge::sign as edge;
        let services = [
            (Service::S3, edge::Service::S3),
            (Service::S3ObjectLambda, edge::Service::S3_OBJECT_LAMBDA),
            (Service::Lambda, edge::Service::LAMBDA),
            (Service::MedicalImaging, edge::Service::MEDICAL_IMAGING),
        ];
        let credentials = edge::Credentials {
            access_key_id: CLOUDFRONT.id.to_owned(),
            secret_access_key: CLOUDFRONT.secret.to_owned(),
            session_token: CLOUDFRONT.session_token.map(Into::into),
        };
        let now = SystemTime::now();
        for (service, signed_for) in services {
            for uri in ["/", "/a b+c.jpg", "//a//", "/a%2Fb%2f", "/100%", "/ä[1](2)", "/a=b,c;d:e@f!g*h'~"] {
                for query in ["", "b=2&a=1&a=0", "a", "a=&b", "a+b=%20+", "x[]=[]/?", "x-amz-date=1&=2&é=%zz"]
                {
                    let mut request = serde_json::from_value(serde_json::json!({
                        "clientIp": "::1", "method": "GET", "uri": uri, "querystring": query, "headers": {},
                        "origin": {"custom": {"domainName": "local", "path": "/prefix", "port": 443,
                            "protocol": "https", "customHeaders": {}}},
                    }))
                    .unwrap();
                    let target = edge::Target { service: signed_for, region: REGION.to_owned() };
                    edge::sign_origin_request(&mut request, "the-id", &target, &credentials, now).unwrap();

                    let target = format!("/prefix{}?{}", request.uri, request.querystring);
                    let mut sent = Request::get(target).header("x-amz-cf-id", "the-id");
                    for (name, values) in request.headers.iter() {
                        sent = sent.header(name, &values[0].value);
                    }
                    let parts = sent.body(()).unwrap().into_parts().0;
                    let verdict = verify(&parts, Some(b""), service, now);
                    assert_eq!(verdict.map(|key| key.id), Ok(CLOUDFRONT.id), "{service:?} {uri} {query}");
                }
            }
        }
    }

    #[test]
    fn changed_requests_are_rejected() {
        let now = SystemTime::now();
        let rejection_code = |change: &dyn Fn(&mut Parts)| {
            let mut parts = signed("/a?b=1", &CLOUDFRONT, Service::S3);
            change(&mut parts);
            verify(&parts, None, Service::S3, now).unwrap_err().code
        };
        let set = |parts: &mut Parts, name: &'static str, value: &str| {
            parts.headers.insert(name, value.parse().unwrap());
        };
        assert_eq!(rejection_code(&|parts| parts.uri = "/a?b=2".parse().unwrap()), MISMATCH.code);
        assert_eq!(rejection_code(&|parts| parts.method = http::Method::PUT), MISMATCH.code);
        assert_eq!(rejection_code(&|parts| set(parts, "host", "other")), MISMATCH.code);
        assert_eq!(rejection_code(&|parts| set(parts, "x-amz-meta-a", "c")), MISMATCH.code);
        assert_eq!(rejection_code(&|parts| set(parts, "x-amz-meta-b", "c")), UNSIGNED_HEADERS.code);
        assert_eq!(rejection_code(&|parts| set(parts, "x-amz-date", "20200101T000000Z")), SKEWED.code);
        assert_eq!(rejection_code(&|parts| set(parts, "x-amz-security-token", "x")), TOKEN.code);
        assert_eq!(rejection_code(&|parts| set(parts, "authorization", "Bearer x")), MALFORMED.code);
        assert_eq!(rejection_code(&|parts| _ = parts.headers.remove("authorization")), MISSING.code);
        for service in SERVICES {
            let others = SERVICES.into_iter().filter(|other| *other != service);
            for other in others {
                let verdict = verify(&signed("/a", &USER, service), None, other, now);
                assert!(verdict.is_err(), "{service:?} passes for {other:?}");
            }
        }
    }

    #[test]
    fn a_presigned_url_expires() {
        let signed_at = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        let url = presign(Presigned {
            method: "GET",
            address: ([127, 0, 0, 1], 80).into(),
            path: "/images/a%20b",
            query: "versionId=1",
            headers: HeaderMap::new(),
            key: &FUNCTION,
            time: signed_at,
            expires_in: Duration::from_mins(1),
        });
        let parts = Request::get(&url).header(HOST, "127.0.0.1:80").body(()).unwrap().into_parts().0;
        for (seconds, expected) in [(0, None), (60, None), (61, Some(EXPIRED))] {
            let now = signed_at + Duration::from_secs(seconds);
            assert_eq!(verify(&parts, None, Service::S3, now).err(), expected, "{seconds}");
        }
        assert_eq!(verify(&parts, None, Service::S3, signed_at - SKEW * 2).err(), Some(SKEWED));
    }
}
