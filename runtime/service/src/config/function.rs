//! Settings that only the Lambda function reads. They are here so that one configuration file may have the settings of all
//! programs.

use crate::health_imaging::parse_region;
use clap::{Args, builder::BoolishValueParser};

/// The images that a Function URL or an API serves.
#[derive(Args, Clone, Debug)]
pub struct FunctionSettings {
    /// Bucket of the images that a Function URL or an API serves
    #[arg(long, env = "SAFELIGHT_BUCKET")]
    pub bucket: Option<String>,

    /// Prefix of the keys; not a part of URLs
    #[arg(long, env = "SAFELIGHT_PREFIX", default_value = "")]
    pub prefix: String,

    /// Region of HealthImaging whose image frames a Function URL or an API serves, instead of a bucket
    #[arg(long, env = "SAFELIGHT_HEALTHIMAGING_REGION", value_parser = parse_region)]
    pub healthimaging_region: Option<String>,

    /// Send responses to REST APIs of API Gateway at once, up to 4.4 MB, instead of streaming them; for methods whose
    /// response transfer mode is BUFFERED
    #[arg(long, env = "SAFELIGHT_BUFFER_RESPONSES", value_parser = BoolishValueParser::new())]
    pub buffer_responses: bool,
}
