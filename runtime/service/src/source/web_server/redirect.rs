//! Redirects of a web server.

use crate::source::fault::{Cause, Fault};
use http::{HeaderMap, header};
use std::str::FromStr;
use url::{Host, Url};

/// Maximum redirects of a request.
pub(super) const MAX_REDIRECTS: u32 = 5;

/// A host to which a web server may redirect, and its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// Name or address.
    pub host: Host,
    /// Port. Defaults to `None`: that of the URL's scheme.
    pub port: Option<u16>,
}

impl FromStr for HostPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let invalid = || {
            format!("invalid host {text:?}: expected a host, or a host and a port such as cdn.example:8080")
        };
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().map_err(|_| invalid())?)),
            _ => (text, None),
        };
        let host = Host::parse(host).map_err(|_| invalid())?;
        Ok(Self { host, port })
    }
}

impl HostPort {
    fn matches(&self, url: &Url) -> bool {
        let default = if url.scheme() == "https" { 443 } else { 80 };
        url.host().is_some_and(|host| host.to_owned() == self.host)
            && url.port().unwrap_or(default) == self.port.unwrap_or(default)
    }
}

/// Returns the URL to which `fault`, the response to a request for `from`, redirects.
///
/// # Errors
/// The fault, with the reason, if that host is not one of `allowed`.
pub(super) fn target(
    from: &Url,
    fault: Fault,
    headers: &HeaderMap,
    allowed: &[HostPort],
) -> Result<Url, Fault> {
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    let Some(target) = location.and_then(|location| from.join(location).ok()) else {
        return Err(fault.with_cause(Cause::Redirect, "it names no valid location"));
    };
    // The rest of the location may contain a signature.
    let host = target.host_str().unwrap_or_default();
    let port = target.port().map(|port| format!(":{port}")).unwrap_or_default();
    let is_web = target.scheme() == "https" || (target.scheme() == "http" && from.scheme() == "http");
    let reason = if !is_web {
        format!("from {} to {}", from.scheme(), target.scheme())
    } else if !target.username().is_empty() || target.password().is_some() {
        format!("to {host}{port} with a user name")
    } else if !allowed.iter().any(|allowed| allowed.matches(&target)) {
        format!("to {host}{port}: allow it by --follow-redirects {host}{port}")
    } else {
        return Ok(target);
    };
    Err(fault.with_cause(Cause::Redirect, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn only_named_hosts_are_followed() {
        let allowed: Vec<HostPort> =
            ["cdn.example", "cdn.example:8080", "[::1]:81"].map(|text| text.parse().unwrap()).into();
        let check = |from: &str, location: &str, expected: Result<&str, &str>| {
            let headers = HeaderMap::from_iter([(header::LOCATION, location.parse().unwrap())]);
            let fault = Fault::web(StatusCode::FOUND, &headers);
            let found = target(&from.parse().unwrap(), fault, &headers, &allowed);
            match (found, expected) {
                (Ok(url), Ok(expected)) => assert_eq!(url.as_str(), expected),
                (Err(fault), Err(part)) => assert!(fault.message.contains(part), "{}", fault.message),
                (found, _) => panic!("{location}: {found:?}"),
            }
        };
        let source = "https://photos.example/a.jpg";
        check(source, "https://cdn.example/b.jpg?sig=1", Ok("https://cdn.example/b.jpg?sig=1"));
        check(source, "//CDN.example:8080/b", Ok("https://cdn.example:8080/b"));
        check("http://photos.example/", "http://[::1]:81/", Ok("http://[::1]:81/"));
        check(source, "/b.jpg", Err("--follow-redirects photos.example"));
        check(source, "https://cdn.example:8443/?sig=secret", Err("--follow-redirects cdn.example:8443"));
        check(source, "https://evil.cdn.example/", Err("to evil.cdn.example"));
        check(source, "https://127.0.0.1/", Err("to 127.0.0.1"));
        check(source, "https://0x7f.1/", Err("to 127.0.0.1"));
        check(source, "http://cdn.example/", Err("from https to http"));
        check(source, "file:///etc/passwd", Err("to file"));
        check(source, "https://user:pass@cdn.example/", Err("with a user name"));
        check(source, "https://", Err("no valid location"));
    }

    #[test]
    fn a_host_may_have_a_port() {
        for text in ["", "a b", "http://host", "host:port", "host:99999"] {
            assert!(text.parse::<HostPort>().is_err(), "{text}");
        }
        assert_eq!("[::1]".parse::<HostPort>().unwrap().port, None);
    }
}
