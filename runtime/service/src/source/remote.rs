//! Images of other sites, at paths such as `/https://host/photo.jpg`. Only named hosts are read.

use super::{Origin, Resource, SourceSettings, WebServer, key::METHODS};
use crate::{StartError, site::with_path};
use http::{Method, request::Parts};
use safelight_core::{Error, Kind, Result};
use url::Url;

/// The images of named web servers.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Each with its origin in ASCII (WHATWG URL standard, "origin serialization").
    servers: Vec<(String, WebServer)>,
}

impl Remote {
    /// Serves images of `hosts`: names or addresses, with a port unless it is the default. HTTPS, unless one begins with
    /// `http://`. As for any web server, only private names lead to private addresses.
    ///
    /// # Errors
    /// [`StartError::Setting`] for something else than a host.
    pub fn new(hosts: &[String], settings: &SourceSettings) -> Result<Self, StartError> {
        let server = |host: &String| {
            let url = if host.contains("://") { host.clone() } else { format!("https://{host}") };
            let base = Url::parse(&url).ok().filter(is_bare).ok_or_else(|| {
                let expected = "a host such as images.example.org, or http://images.example.org";
                StartError::setting("hosts", host, expected)
            })?;
            let server = WebServer::new(&base, settings)?;
            Ok((base.origin().ascii_serialization(), server))
        };
        Ok(Self { servers: hosts.iter().map(server).collect::<Result<_, StartError>>()? })
    }
}

/// Returns whether `url` has a host and nothing below it.
fn is_bare(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

/// Returns the origin and the path of a URL that is the rest of a path. Proxies make one slash of two.
fn split(path: &str) -> Option<(String, &str)> {
    let rest = path.strip_prefix('/')?;
    let (scheme, rest) = rest.split_once(":/")?;
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let end = rest.find('/')?;
    let url = Url::parse(&format!("{scheme}://{}", &rest[..end])).ok().filter(is_bare)?;
    Some((url.origin().ascii_serialization(), &rest[end..]))
}

impl Origin for Remote {
    fn resolve(&self, parts: &Parts, body: &[u8]) -> Result<Resource> {
        let absent = || Error::new(Kind::NotFound, "path", "no image at this path");
        let (origin, path) = split(parts.uri.path()).ok_or_else(absent)?;
        let Some((_, server)) = self.servers.iter().find(|(own, _)| *own == origin) else {
            let message = format!("images of {origin} are not allowed: expected another host");
            return Err(Error::new(Kind::Forbidden, "path", message));
        };
        server.resolve(&with_path(parts, path).ok_or_else(absent)?, body)
    }

    fn methods(&self) -> &'static [Method] {
        METHODS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_an_origin_and_a_path() {
        let check = |path: &str, expected: Option<(&str, &str)>| {
            let found = split(path);
            assert_eq!(found.as_ref().map(|(origin, path)| (origin.as_str(), *path)), expected, "{path}");
        };
        check("/https://a.example/b/c.jpg", Some(("https://a.example", "/b/c.jpg")));
        check("/https:/A.example:443/b", Some(("https://a.example", "/b")));
        check("/http://a.example:8080/", Some(("http://a.example:8080", "/")));
        check("/https://[::1]/a", Some(("https://[::1]", "/a")));
        for path in [
            "/https://a.example",
            "/ftp://a.example/b",
            "/https://user@a.example/b",
            "/https://a.example:x/b",
            "/https:///b",
            "/https%3A//a.example/b",
            "/a.example/b",
            "https://a.example/b",
            "/https://a.example?x/b",
            "/https://a.example\\@b.example/c",
        ] {
            check(path, None);
        }
    }

    #[test]
    fn only_hosts_can_be_named() {
        for host in
            ["", "a b", "https://a.example/photos", "ftp://a.example", "https://u@a.example", "a.example?x"]
        {
            assert!(Remote::new(&[host.to_owned()], &SourceSettings::default()).is_err(), "{host}");
        }
    }
}
