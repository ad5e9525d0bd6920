//! What is baked in at build.

use safelight_edge::{
    authorize,
    config::ConfigError,
    normalize,
    sign::{Service, is_region},
};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::fmt;

/// Everything that the handlers do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Who may see what.
    pub(crate) authorize: authorize::Config,
    /// What viewers may ask for. Defaults to null: queries stay as they are, but for tokens.
    #[serde(default)]
    pub(crate) normalize: Option<normalize::Config>,
    /// How requests to the origin are signed. Defaults to null: they are not.
    #[serde(default)]
    pub(crate) sign: Option<Sign>,
}

/// How requests to the origin are signed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sign {
    pub(crate) target: Target,
}

/// Whom requests are signed for.
#[derive(Debug)]
pub(crate) enum Target {
    /// What the origin's domain says.
    Auto,
    /// One service of one region.
    Given { service: String, region: String },
}

impl Sign {
    /// Whom requests are signed for; `None` is what the origin's domain says.
    ///
    /// # Errors
    /// [`ConfigError`] for what is no service or no region.
    pub(crate) fn target(&self) -> Result<Option<safelight_edge::sign::Target>, ConfigError> {
        let Target::Given { service: name, region } = &self.target else { return Ok(None) };
        let Some(service) = Service::ALL.into_iter().find(|service| service.name == name) else {
            let right = format!("one of {}", Service::ALL.map(|service| service.name).join(", "));
            return Err(ConfigError::new("target.service", &right, name));
        };
        if !is_region(region) {
            return Err(ConfigError::new("target.region", "a region such as eu-central-1", region));
        }
        Ok(Some(safelight_edge::sign::Target { service, region: region.clone() }))
    }
}

impl<'de> Deserialize<'de> for Target {
    /// By hand, since an untagged enum does not say which key is wrong.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Given {
            service: String,
            region: String,
        }
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Target;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"auto\", or a `service` and a `region`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Target, E> {
                match text {
                    "auto" => Ok(Target::Auto),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Target, A::Error> {
                let Given { service, region } = Given::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Target::Given { service, region })
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
