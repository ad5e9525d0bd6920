//! The configuration, which is embedded at build time.

use safelight_edge::{
    authorize,
    config::ConfigError,
    normalize,
    sign::{Service, is_region},
    signed_url::SignedUrls,
};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::fmt;

/// The configuration of both handlers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Authorization of viewers.
    pub(crate) authorize: authorize::Config,
    /// Check of signed URLs. Defaults to null: signatures are not checked.
    #[serde(default)]
    pub(crate) signature: Option<Signature>,
    /// Normalisation of queries. Defaults to null: only tokens are removed from queries.
    #[serde(default)]
    pub(crate) normalize: Option<normalize::Config>,
    /// Signing of requests to the origin. Defaults to null: requests are not signed.
    #[serde(default)]
    pub(crate) sign: Option<Sign>,
}

/// Check of signed URLs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signature {
    /// Keys as `ID:SECRET`; all verify.
    keys: Vec<String>,
    /// Whether requests without a signature are rejected. Defaults to true.
    #[serde(default = "is_required")]
    pub(crate) required: bool,
}

fn is_required() -> bool {
    true
}

/// Without the secrets.
impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signature").field("required", &self.required).finish_non_exhaustive()
    }
}

impl Signature {
    /// Returns the keys.
    ///
    /// # Errors
    /// [`ConfigError`], without the text of a key.
    pub(crate) fn keys(&self) -> Result<SignedUrls, ConfigError> {
        SignedUrls::parse(&self.keys.join(","))
            .map_err(|error| ConfigError { key: "keys".to_owned(), message: error.to_string() })
    }
}

/// Signing of requests to the origin.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sign {
    pub(crate) target: Target,
}

/// The service and the region that requests are signed for.
#[derive(Debug)]
pub(crate) enum Target {
    /// The service and the region of the origin's domain.
    Auto,
    /// A fixed service and region.
    Fixed { service: String, region: String },
}

impl Sign {
    /// Returns the target of the signature; `None` if it depends on the origin's domain.
    ///
    /// # Errors
    /// [`ConfigError`] for an unknown service or an invalid region.
    pub(crate) fn target(&self) -> Result<Option<safelight_edge::sign::Target>, ConfigError> {
        let Target::Fixed { service: name, region } = &self.target else { return Ok(None) };
        let Some(service) = Service::ALL.into_iter().find(|service| service.name == name) else {
            let expected = format!("one of {}", Service::ALL.map(|service| service.name).join(", "));
            return Err(ConfigError::new("target.service", &expected, name));
        };
        if !is_region(region) {
            return Err(ConfigError::new("target.region", "a region such as eu-central-1", region));
        }
        Ok(Some(safelight_edge::sign::Target { service, region: region.clone() }))
    }
}

impl<'de> Deserialize<'de> for Target {
    /// Implemented by hand, because the errors of an untagged enum do not name the invalid key.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fixed {
            service: String,
            region: String,
        }
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Target;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"auto\", or an object with `service` and `region`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Target, E> {
                match text {
                    "auto" => Ok(Target::Auto),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Target, A::Error> {
                let Fixed { service, region } = Fixed::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Target::Fixed { service, region })
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
