//! A function in the test's own process that uses the runtime API.

use super::{
    Reply,
    client::{fetch, send},
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Request, Uri};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use safelight_local::{
    Cloud,
    body::{Body, BoxError, full},
    sign::{FUNCTION, Payload, Service, sign_request},
};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::task::AbortHandle;

/// An event, and the address of S3.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) json: Value,
    pub(crate) s3: SocketAddr,
    /// Deadline of the function, in milliseconds since the epoch.
    pub(crate) deadline: u64,
}

/// The function's response to the runtime API.
#[derive(Clone, Debug)]
pub(crate) enum FunctionReply {
    /// A value, sent at once.
    Value(Value),
    /// An error.
    Error,
    /// The given chunks, and a normal end.
    Stream(Vec<Bytes>),
    /// The given chunks, then trailers that report an error.
    Trailers(Vec<Bytes>),
    /// The given chunks, then a broken connection.
    Broken(Vec<Bytes>),
}

/// A running function. Dropping the value stops it.
pub(crate) struct Fake(AbortHandle);

impl Drop for Fake {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs `function` for every event of the cloud's first sandbox.
pub(crate) fn fake<F>(cloud: &Cloud, function: impl Fn(Event) -> F + Send + 'static) -> Fake
where
    F: Future<Output = FunctionReply> + Send + 'static,
{
    let (api, s3) = (cloud.function().apis()[0], cloud.s3());
    let task = tokio::spawn(async move {
        loop {
            let next = fetch(api, "GET", "/2018-06-01/runtime/invocation/next", &[]).await;
            let id = next.header("lambda-runtime-aws-request-id").to_owned();
            let deadline = next.header("lambda-runtime-deadline-ms").parse().unwrap();
            let event = Event { json: serde_json::from_slice(&next.body).unwrap(), s3, deadline };
            let reply = function(event).await;
            respond(api, &id, reply).await;
        }
    });
    Fake(task.abort_handle())
}

async fn respond(api: SocketAddr, id: &str, reply: FunctionReply) {
    let path = if matches!(reply, FunctionReply::Error) { "error" } else { "response" };
    let builder = Request::post(format!("http://{api}/2018-06-01/runtime/invocation/{id}/{path}"));
    let (chunks, end) = match reply {
        FunctionReply::Value(value) => {
            send(builder.body(full(value.to_string())).unwrap()).await;
            return;
        }
        FunctionReply::Error => {
            send(builder.body(full("{}")).unwrap()).await;
            return;
        }
        FunctionReply::Stream(chunks) => (chunks, None),
        FunctionReply::Trailers(chunks) => {
            let name = "lambda-runtime-function-error-type";
            let trailers = HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_static("Oops"))]);
            (chunks, Some(Ok(Frame::trailers(trailers))))
        }
        FunctionReply::Broken(chunks) => (chunks, Some(Err("the function crashed".into()))),
    };
    let frames = chunks.into_iter().map(|chunk| Ok(Frame::data(chunk))).chain(end);
    let body: Body =
        BodyExt::boxed_unsync(StreamBody::new(stream::iter(frames.collect::<Vec<Result<_, BoxError>>>())));
    let request = builder
        .header("lambda-runtime-function-response-mode", "streaming")
        .header("content-type", "application/vnd.awslambda.http-integration-response")
        .header("trailer", "Lambda-Runtime-Function-Error-Type");
    // A broken request gets no response.
    let client: hyper_util::client::legacy::Client<_, Body> =
        hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
    let _ = client.request(request.body(body).unwrap()).await;
}

/// Fetches the source of `event`. If `forward` is set, sends the headers that its URL requires, and the
/// conditions.
pub(crate) async fn read_source(event: &Event, forward: bool) -> Reply {
    let context = ["getObjectContext", "headObjectContext"].map(|name| &event.json[name]);
    let context = context.into_iter().find(|context| context.is_object()).unwrap();
    let method = if event.json["headObjectContext"].is_object() { "HEAD" } else { "GET" };
    let url: Uri = context["inputS3Url"].as_str().unwrap().parse().unwrap();
    let mut request = Request::builder().method(method).uri(&url);
    let query = url.query().unwrap();
    let signed = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-SignedHeaders=")).unwrap();
    let conditions = "%3Bif-match%3Bif-none-match%3Bif-modified-since%3Bif-unmodified-since";
    for name in format!("{signed}{conditions}").split("%3B").filter(|name| forward && *name != "host") {
        if let Some(value) = event.json["userRequest"]["headers"][name].as_str() {
            request = request.header(name, value);
        }
    }
    send(request.body(full("")).unwrap()).await
}

/// Calls `WriteGetObjectResponse` for `event`.
pub(crate) async fn write(event: &Event, headers: &[(&str, &str)], body: Body) -> Reply {
    let context = &event.json["getObjectContext"];
    let mut request = Request::post(format!("http://{}/WriteGetObjectResponse", event.s3))
        .header("x-amz-request-route", context["outputRoute"].as_str().unwrap())
        .header("x-amz-request-token", context["outputToken"].as_str().unwrap());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(body).unwrap();
    sign_request(&mut request, &FUNCTION, Service::S3ObjectLambda, Payload::Unsigned).unwrap();
    send(request).await
}

/// A function that returns objects in upper case, and forwards S3's errors.
pub(crate) async fn shout(event: Event) -> FunctionReply {
    let json = &event.json;
    if json["version"] == "2.0" {
        let path = json["rawPath"].as_str().unwrap();
        let query = json["rawQueryString"].as_str().unwrap();
        let prelude =
            r#"{"statusCode":200,"headers":{"content-type":"text/plain","etag":"\"v1\""},"cookies":[]}"#;
        // The separator is split into two chunks.
        return FunctionReply::Stream(vec![
            format!("{prelude}\0\0\0").into(),
            format!("\0\0\0\0\0{path}").into(),
            format!("?{query}").into(),
        ]);
    }
    if json["headObjectContext"].is_object() {
        let source = read_source(&event, true).await;
        let length = source.header("content-length").parse::<u64>().unwrap_or(0);
        return FunctionReply::Value(serde_json::json!({
            "statusCode": source.status,
            "headers": {"Content-Length": length, "ETag": source.header("etag"), "Content-Type": "text/plain"},
        }));
    }
    if let Some(url) = ["listObjectsContext", "listObjectsV2Context"]
        .iter()
        .find_map(|name| json[name]["inputS3Url"].as_str())
    {
        let list = send(Request::get(url).body(full("")).unwrap()).await;
        return FunctionReply::Value(
            serde_json::json!({"statusCode": list.status, "listResultXml": list.text()}),
        );
    }
    let source = read_source(&event, true).await;
    let status = source.status.to_string();
    if source.status == 200 {
        let fields = [
            ("x-amz-fwd-header-content-type", "text/plain"),
            ("x-amz-fwd-header-etag", source.header("etag")),
            ("x-amz-meta-by", "shout"),
        ];
        write(&event, &fields, full(source.body.to_ascii_uppercase())).await;
    } else {
        let code = source.code();
        let fields =
            [("x-amz-fwd-status", &*status), ("content-length", "0"), ("x-amz-fwd-error-code", code)];
        // A 304 has no code.
        let fields = if code.is_empty() { &fields[..2] } else { &fields };
        write(&event, fields, full("")).await;
    }
    FunctionReply::Value(Value::Null)
}
