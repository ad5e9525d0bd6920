//! Pseudo-random origin requests from a fixed seed, and their signatures.

use safelight_edge::{
    event::{self, EventType},
    sign::{Credentials, Service, Target, sign_origin_request},
};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// The services, each with the domain of an origin in `{region}`.
const SERVICES: [(Service, &str); 4] = [
    (Service::S3, "photos.s3.{region}.amazonaws.com"),
    (Service::S3_OBJECT_LAMBDA, "photos-111122223333.s3-object-lambda.{region}.amazonaws.com"),
    (Service::LAMBDA, "abcdefghijklmnopqrstuvwxyz012345.lambda-url.{region}.on.aws"),
    (Service::MEDICAL_IMAGING, "runtime-medical-imaging.{region}.amazonaws.com"),
];

/// Pieces of paths and values: unreserved, reserved, escaped, partly escaped and non-ASCII characters.
const PIECES: [&str; 46] = [
    "a", "Zq", "09", "-", "_", ".jpg", "~", " ", "+", "%", "%20", "%2F", "%2f", "%2b", "%41", "%zz",
    "%c3%a4", "é", "€", "🐱", "日本", "[", "]", "(", ")", "'", "*", "!", "$", ",", ";", ":", "@", "\"", "<",
    ">", "^", "`", "{", "|", "}", "\\", "//", "%5B", "%25", "\u{7f}",
];

const KEYS: [&str; 10] = ["a", "b", "width", "showExif", "a[]", "é", "a b", "A", "a%5b", "x+y"];

/// The linear congruential generator of Numerical Recipes.
struct Random(u32);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(self.0) * end as u64) >> 32) as usize
    }

    fn choose<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn text(&mut self, pieces: &[&str], count: usize) -> String {
        (0..count).map(|_| self.choose(pieces)).collect()
    }

    fn path(&mut self, and: &[&str]) -> String {
        let pieces: Vec<_> = PIECES.iter().chain(and).copied().collect();
        let segments = (0..=self.below(4)).map(|_| {
            let count = self.below(6);
            format!("/{}", self.text(&pieces, count))
        });
        segments.collect()
    }

    fn query(&mut self) -> String {
        let parameters = (0..self.below(6)).map(|_| {
            let key = self.choose(&KEYS);
            let count = self.below(4);
            let value = self.text(&PIECES, count);
            match self.below(12) {
                0 => key.to_owned(),
                1 => format!("{key}="),
                2 => format!("={value}"),
                3 => String::new(),
                4 => format!("%58-amz-Signature={value}"),
                5 => format!("x-amz-security-token={value}"),
                _ => format!("{key}={value}"),
            }
        });
        parameters.collect::<Vec<_>>().join("&")
    }

    /// Returns an origin-request event with a request to `domain`.
    fn event(&mut self, domain: &str) -> Value {
        const HEX: [&str; 16] =
            ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"];
        let method = self.choose(&["GET", "GET", "HEAD", "POST"]);
        let path = self.choose(&["", "", "/prefix", "/a/b-c"]);
        let origin = match self.below(3) {
            0 => {
                json!({"s3": {"domainName": domain, "path": path, "customHeaders": {}, "authMethod": "none"}})
            }
            kind => {
                let protocol = if kind == 1 { "https" } else { "http" };
                json!({"custom": {"domainName": domain, "path": path, "port": 443, "protocol": protocol,
                    "customHeaders": {}, "keepaliveTimeout": 5, "readTimeout": 30, "sslProtocols": ["TLSv1.2"]}})
            }
        };
        let mut request = json!({
            "clientIp": "203.0.113.178",
            "method": method,
            "uri": self.path(&["&", "="]),
            "querystring": self.query(),
            "headers": {
                "host": [{"key": "Host", "value": "d111111abcdef8.cloudfront.net"}],
                "via": [{"key": "Via", "value": "2.0 abc.cloudfront.net (CloudFront)"}],
                "authorization": [{"key": "Authorization", "value": "Bearer of the viewer"}],
                "x-amz-date": [{"key": "X-Amz-Date", "value": "20000101T000000Z"}],
            },
            "origin": origin,
        });
        if method == "POST" {
            let count = self.below(40);
            let data = self.text(&PIECES, count);
            request["body"] =
                json!({"inputTruncated": false, "action": "replace", "encoding": "text", "data": data});
        }
        let id = self.text(&HEX, 40);
        let config = json!({"distributionDomainName": "d111111abcdef8.cloudfront.net",
            "distributionId": "EDFDVBD6EXAMPLE", "eventType": "origin-request", "requestId": id + "=="});
        json!({"Records": [{"cf": {"config": config, "request": request}}]})
    }
}

/// Returns `count` signed requests for each service, in the format of [`signed`].
pub(crate) fn requests(count: usize) -> impl Iterator<Item = Value> {
    let mut random = Random(20_261_122);
    SERVICES.into_iter().flat_map(move |service| std::iter::repeat_n(service, count)).map(
        move |(service, domain)| {
            let region = random.choose(&["us-east-1", "eu-central-1", "ap-southeast-2", "us-gov-west-1"]);
            let domain = domain.replace("{region}", region);
            let token = ["", "IQoJb3JpZ2luX2VjEPT//////////wEaCXVz+/=="][random.below(2)];
            let keys = json!({
                "access_key_id": format!("ASIA{}", random.text(&["A", "B", "7", "Q"], 16)),
                "secret_access_key": random.text(&["wJalr", "XUtn/", "FEMI+", "K7MD", "bPx="], 8),
                "session_token": if token.is_empty() { Value::Null } else { token.into() },
            });
            let seconds = 1_577_836_800 + random.below(500_000_000) as u64;
            let event = random.event(&domain);
            signed(&event, &keys, seconds).map_or_else(
                |error| panic!("{error}: {event}"),
                |line| {
                    assert_eq!(line["service"], service.name);
                    line
                },
            )
        },
    )
}

/// Signs the request of `event` with `keys`, at `seconds` since the epoch, for the service of the origin's
/// domain. Returns the inputs and the signed request as JSON.
pub(crate) fn signed(event: &Value, keys: &Value, seconds: u64) -> Result<Value, Box<dyn std::error::Error>> {
    let event::Event { config, mut request } = serde_json::from_value(event.clone())?;
    let before = request.clone();
    let origin = before.origin.as_ref().ok_or("missing origin")?;
    let target = Target::of_domain(origin.domain_name()).ok_or("the domain contains no known service")?;
    let text = |name: &str| keys[name].as_str().map(ToOwned::to_owned);
    let credentials = Credentials {
        access_key_id: text("access_key_id").ok_or("missing key")?,
        secret_access_key: text("secret_access_key").ok_or("missing key")?,
        session_token: text("session_token"),
    };
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    sign_origin_request(&mut request, &config.request_id, &target, &credentials, time)?;
    event::check_request(EventType::OriginRequest, &before, &request)?;

    let header = |name: &str| request.headers.values(name).collect::<Vec<_>>().join(",");
    Ok(json!({
        "event": event,
        "keys": keys,
        "seconds": seconds,
        "service": target.service.name,
        "region": target.region,
        "method": request.method,
        "host": header("host"),
        "path": format!("{}{}", origin.path(), request.uri),
        "query": request.querystring,
        "body": request.body.as_ref().map_or("", |body| body.data.as_str()),
        "x-amz-cf-id": config.request_id,
        "x-amz-content-sha256": header("x-amz-content-sha256"),
        "x-amz-date": header("x-amz-date"),
        "x-amz-security-token": header("x-amz-security-token"),
        "authorization": header("authorization"),
    }))
}
