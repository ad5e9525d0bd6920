//! The hosts of the service.

use crate::StartError;
use safelight_edge::sign::{Service, Target};
use url::{Host, Url};

/// The hosts of a region, and the service and region that signatures name.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) target: Target,
    /// Scheme, host and port for image sets.
    pub(super) image_sets: String,
    /// The same for DICOMweb.
    pub(super) dicom: String,
}

impl Endpoint {
    /// Returns the endpoint of `region`, or `other` with the same signatures.
    ///
    /// # Errors
    /// [`StartError::Setting`] if either is invalid.
    pub(super) fn new(region: &str, other: Option<&str>) -> Result<Self, StartError> {
        let host = |name: &str| format!("{name}-medical-imaging.{region}.amazonaws.com");
        let target = Target::of_domain(&host("runtime"))
            .filter(|target| target.service == Service::MEDICAL_IMAGING && target.region == region)
            .ok_or_else(|| StartError::setting(REGION, region, "a region such as eu-west-1"))?;
        if let Some(other) = other {
            let right = "https://host, or http:// on loopback, without a path";
            let url = origin(other).ok_or_else(|| StartError::setting(ENDPOINT, other, right))?;
            return Ok(Self { target, image_sets: url.clone(), dicom: url });
        }
        let url = |name| format!("https://{}", host(name));
        Ok(Self { target, image_sets: url("runtime"), dicom: url("dicom") })
    }
}

/// Parses the name of a region: any that AWS could have.
pub(super) fn parse_region(region: &str) -> Result<String, String> {
    Endpoint::new(region, None).map(|_| region.to_owned()).map_err(|error| error.to_string())
}

/// Parses the URL of an endpoint.
pub(super) fn parse_endpoint(other: &str) -> Result<String, String> {
    Endpoint::new("eu-west-1", Some(other)).map(|_| other.to_owned()).map_err(|error| error.to_string())
}

const REGION: &str = "SAFELIGHT_HEALTHIMAGING_REGION";
const ENDPOINT: &str = "SAFELIGHT_HEALTHIMAGING_ENDPOINT";

/// Returns scheme, host and port of `text`. Without TLS, anyone on the way could read frames and session tokens.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_loopback = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback);
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (is_safe && is_bare).then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_follow_from_the_region() {
        let endpoint = Endpoint::new("us-gov-west-1", None).unwrap();
        assert_eq!(endpoint.image_sets, "https://runtime-medical-imaging.us-gov-west-1.amazonaws.com");
        assert_eq!(endpoint.dicom, "https://dicom-medical-imaging.us-gov-west-1.amazonaws.com");
        for region in ["", "eu", "EU-west-1", "eu-west-1.example.org/", "eu-west-1@x", "eu-west-1:1"] {
            let error = Endpoint::new(region, None).unwrap_err().to_string();
            assert!(error.starts_with("SAFELIGHT_HEALTHIMAGING_REGION: invalid value"), "{error}");
        }
    }

    #[test]
    fn an_endpoint_has_tls_or_is_on_loopback() {
        for (text, expected) in [
            ("https://vpce.example.org", Some("https://vpce.example.org")),
            ("https://vpce.example.org:444/", Some("https://vpce.example.org:444")),
            ("http://127.0.0.1:9000", Some("http://127.0.0.1:9000")),
            ("http://[::1]:9000/", Some("http://[::1]:9000")),
            ("http://localhost:9000", Some("http://localhost:9000")),
            ("http://example.org", None),
            ("http://localhost.example.org", None),
            ("https://example.org/path", None),
            ("https://user@example.org", None),
            ("example.org", None),
            ("file:///etc", None),
        ] {
            let found = Endpoint::new("eu-west-1", Some(text));
            assert_eq!(found.as_ref().ok().map(|found| found.dicom.as_str()), expected, "{text}");
            if let Err(error) = found {
                assert!(error.to_string().starts_with("SAFELIGHT_HEALTHIMAGING_ENDPOINT: "), "{error}");
            }
        }
    }
}
