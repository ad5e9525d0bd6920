//! Requests that come from this machine's own pages.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderName, header, uri::Authority};
use safelight_core::Kind;
use safelight_service::status;
use std::net::IpAddr;

/// The site of the page that sends a request (W3C Fetch Metadata).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Rejects requests for another host, which a name that a stranger points here would make (DNS rebinding), and requests
/// that pages of other sites send.
pub(super) async fn only_local(request: Request, next: Next) -> Response {
    if is_local(request.headers()) {
        return next.run(request).await;
    }
    let mut response = Response::new("only for pages of this machine\n".into());
    *response.status_mut() = status::of(Kind::Forbidden);
    response
}

fn is_local(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_loopback = |host: &str| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    };
    let host = text(header::HOST).and_then(|host| host.parse::<Authority>().ok());
    let is_own = matches!(text(FETCH_SITE), None | Some("same-origin" | "none"));
    host.is_some_and(|host| is_loopback(host.host())) && is_own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_machine_are_local() {
        let check = |host: Option<&str>, site: Option<&str>, expected| {
            let mut headers = HeaderMap::new();
            headers.extend(host.map(|host| (header::HOST, host.parse().unwrap())));
            headers.extend(site.map(|site| (FETCH_SITE, site.parse().unwrap())));
            assert_eq!(is_local(&headers), expected, "{host:?} {site:?}");
        };
        for host in ["localhost:8080", "LOCALHOST", "127.0.0.1:80", "127.9.9.9", "[::1]:8080"] {
            check(Some(host), None, true);
            check(Some(host), Some("same-origin"), true);
            check(Some(host), Some("cross-site"), false);
        }
        for host in ["example.com", "127.0.0.1.example.com", "localhost.example", "10.0.0.1:80", "[::2]", ""]
        {
            check(Some(host), None, false);
        }
        check(None, None, false);
    }
}
