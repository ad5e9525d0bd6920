//! Settings of sources.

use super::{AddressRule, HostPort, MinRate};
use crate::{health_imaging::HealthImagingSettings, quantity::parse_bytes};
use clap::Args;

/// Settings of buckets, web servers and `HealthImaging`.
#[derive(Args, Clone, Debug)]
pub struct SourceSettings {
    /// Hosts to which a web server may redirect, separated by commas, with the port if it is not the scheme's default;
    /// default: redirects are not followed
    #[arg(long, env = "SAFELIGHT_FOLLOW_REDIRECTS", value_name = "HOSTS", value_delimiter = ',')]
    pub follow_redirects: Vec<HostPort>,

    /// Private addresses at which a web server may be, separated by commas: addresses, networks such as 10.0.0.0/8,
    /// and names of hosts that may have any address; default: those that the source itself names
    #[arg(long, env = "SAFELIGHT_ALLOW_ADDRESS", value_name = "ADDRESSES", value_delimiter = ',')]
    pub allow_address: Vec<AddressRule>,

    /// Minimum bytes per second of a bucket or a web server while it is waited for, over 30 seconds; 0 for no limit
    #[arg(long, env = "SAFELIGHT_SOURCE_MIN_RATE", value_name = "BYTES", value_parser = parse_bytes,
          default_value_t = MinRate::default().bytes_per_sec)]
    pub source_min_rate: u64,

    /// Settings of a bucket of Amazon S3. Defaults to those of the environment.
    #[arg(skip)]
    pub amazon: Amazon,

    /// Settings of HealthImaging.
    #[command(flatten)]
    pub health_imaging: HealthImagingSettings,
}

/// Settings of a bucket of Amazon S3, or of a store that is compatible with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amazon {
    /// Profile of AWS's configuration files. Defaults to `None`: credentials of the environment.
    pub profile: Option<String>,
    /// Region. Defaults to `None`: that of the profile or of the environment.
    pub region: Option<String>,
    /// Endpoint. Defaults to `None`: that of the profile or of the environment.
    pub endpoint: Option<String>,
    /// Whether the query key `versionId` chooses the version of an object. Defaults to `false`.
    pub versions: bool,
}

impl Default for SourceSettings {
    /// Redirects to no host, no private addresses, and the default of [`MinRate`].
    fn default() -> Self {
        Self {
            follow_redirects: Vec::new(),
            allow_address: Vec::new(),
            source_min_rate: MinRate::default().bytes_per_sec,
            amazon: Amazon::default(),
            health_imaging: HealthImagingSettings::default(),
        }
    }
}

impl SourceSettings {
    pub(super) fn min_rate(&self) -> MinRate {
        MinRate { bytes_per_sec: self.source_min_rate, ..MinRate::default() }
    }
}
