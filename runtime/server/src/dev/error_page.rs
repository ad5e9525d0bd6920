//! Problems as pages, for people.

use axum::{body::to_bytes, extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

/// The most bytes of a problem.
const MAX_BYTES: usize = 64 << 10;

/// The members of a problem that the page shows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    title: String,
    status: u16,
    kind: String,
    detail: String,
    request_id: String,
}

/// Responds with a page instead of a problem, if the client is a browser that opens a page.
pub(super) async fn for_browsers(request: Request, next: Next) -> Response {
    let wants_page = accepts_html(request.headers());
    let target = request.uri().to_string();
    let response = next.run(request).await;
    let is_problem =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    if !wants_page || !is_problem {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_BYTES).await.unwrap_or_default();
    let Ok(problem) = serde_json::from_slice(&body) else {
        return Response::from_parts(parts, body.into());
    };
    let page = render(&problem, &target);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    parts.headers.insert(header::CONTENT_SECURITY_POLICY, super::POLICY);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, page.into())
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

fn render(problem: &Problem, target: &str) -> String {
    let Problem { title, status, kind, detail, request_id } = problem;
    let [title, kind, detail, request_id, target] = [title, kind, detail, request_id, target].map(escaped);
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{status} {title}</title>\
         <style>:root{{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}}\
         body{{max-width:44rem;margin:10vh auto;padding:0 1rem}}code{{overflow-wrap:anywhere}}</style>\
         <h1>{status} {title}</h1><p><strong>{detail}</strong></p>\
         <p><code>{target}</code></p><p>Kind: <code>{kind}</code>, request <code>{request_id}</code></p>\
         <p><a href=\"/\">All images and parameters</a></p></html>\n"
    )
}

/// Text without the characters that HTML reads.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_no_markup_of_the_request() {
        let json = r#"{"title":"Bad Request","status":400,"kind":"invalid-param","detail":"<script>&","requestId":"1"}"#;
        let page = render(&serde_json::from_str(json).unwrap(), "/a?b=\"><img src=x onerror=1>");
        assert!(
            page.contains("&lt;script&gt;&amp;") && !page.contains("<script") && !page.contains("<img"),
            "{page}"
        );
    }
}
