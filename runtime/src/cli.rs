//! The command line and the environment, checked before anything starts.

use clap::{Args, CommandFactory, Parser, Subcommand, builder::BoolishValueParser, error::ContextKind};
use safelight_core::{Limits, Settings};
use safelight_runtime::{
    doors::connections::ConnectionLimits,
    handle::Service,
    workshop::{Workshop, WorkshopLimits},
};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tracing::level_filters::LevelFilter;

/// Serves images without the private metadata they carry.
#[derive(Debug, Parser)]
#[command(name = "safelight", version, subcommand_required = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a folder, a bucket or a web server's images over HTTP
    Serve(Serve),
    /// Transform files: several at a time, never half of one
    Transform(Transform),
    /// List the transforms and their parameters
    Transforms,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[arg(
        env = "SAFELIGHT_SOURCE",
        help = "A folder, or s3://bucket/prefix, gs://bucket, az://container, https://host/path"
    )]
    pub(crate) source: String,

    /// Address and port to listen on; TLS is for the proxy in front
    #[arg(long, env = "SAFELIGHT_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// What to log: off, error, warn, info (a line for each request), debug, trace
    #[arg(long, env = "SAFELIGHT_LOG", value_name = "LEVEL", default_value = "info")]
    pub(crate) log: LevelFilter,

    #[command(flatten)]
    pub(crate) policy: Policy,

    #[command(flatten)]
    pub(crate) bounds: Bounds,
}

#[derive(Args, Debug)]
pub(crate) struct Transform {
    /// What would follow the question mark of a URL; empty to strip private metadata
    pub(crate) query: String,

    /// Files and folders to read; - is standard input
    #[arg(required = true)]
    pub(crate) input: Vec<PathBuf>,

    /// File or folder to write, a folder if there are several inputs or one is a folder; - is standard output
    #[arg(short, long)]
    pub(crate) output: PathBuf,

    /// Replace files that exist
    #[arg(short, long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) policy: Policy,
}

/// What the operator allows.
#[derive(Args, Debug)]
pub(crate) struct Policy {
    /// Leave place, serial numbers and names out of EXIF shown as JSON
    #[arg(long, env = "SAFELIGHT_REDACT", value_parser = BoolishValueParser::new())]
    redact: bool,

    /// Most bytes of a source that must be held whole (TIFF, some HEIF)
    #[arg(long, env = "SAFELIGHT_MAX_SOURCE_BYTES", value_name = "BYTES",
          default_value_t = Limits::default().max_source_bytes)]
    max_source_bytes: u64,

    /// Most bytes of one metadata block
    #[arg(long, env = "SAFELIGHT_MAX_METADATA_BYTES", value_name = "BYTES",
          default_value_t = Limits::default().max_metadata_bytes)]
    max_metadata_bytes: u64,

    /// Most pixels of a source to be decoded, all frames of an animation together
    #[arg(long, env = "SAFELIGHT_MAX_PIXELS", value_name = "PIXELS",
          default_value_t = Limits::default().max_pixels)]
    max_pixels: u64,

    /// Most frames of an animation
    #[arg(long, env = "SAFELIGHT_MAX_FRAMES", value_name = "COUNT",
          default_value_t = Limits::default().max_frames)]
    max_frames: u32,

    /// Longest side of an answer
    #[arg(long, env = "SAFELIGHT_MAX_OUTPUT_SIDE", value_name = "PIXELS",
          default_value_t = Limits::default().max_output_side)]
    max_output_side: u32,

    /// Keep colour profiles in re-encoded pictures instead of converting to sRGB
    #[arg(long, env = "SAFELIGHT_KEEP_PROFILE", value_parser = BoolishValueParser::new())]
    keep_profile: bool,

    /// Bytes that decoded pictures may take, all requests together
    #[arg(long, env = "SAFELIGHT_MEMORY_BYTES", value_name = "BYTES",
          default_value_t = WorkshopLimits::default().memory_bytes)]
    memory_bytes: u64,

    /// Pictures that are worked on at a time; as many as there are cores if not given
    #[arg(long, env = "SAFELIGHT_WORKERS", value_name = "COUNT")]
    workers: Option<usize>,

    /// Pictures that may wait to be worked on; one more is refused
    #[arg(long, env = "SAFELIGHT_MAX_WAITING", value_name = "COUNT",
          default_value_t = WorkshopLimits::default().max_waiting)]
    max_waiting: usize,

    /// Longest wait for a source to send something
    #[arg(long, env = "SAFELIGHT_SOURCE_TIMEOUT_SECS", value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..))]
    source_timeout_secs: u64,
}

impl Policy {
    /// What every request shares.
    pub(crate) fn service(&self) -> Service {
        let limits = Limits {
            max_source_bytes: self.max_source_bytes,
            max_metadata_bytes: self.max_metadata_bytes,
            max_pixels: self.max_pixels,
            max_frames: self.max_frames,
            max_output_side: self.max_output_side,
        };
        let defaults = WorkshopLimits::default();
        let workshop = WorkshopLimits {
            memory_bytes: self.memory_bytes,
            workers: self.workers.unwrap_or(defaults.workers),
            max_waiting: self.max_waiting,
        };
        Service {
            registry: safelight_registry::REGISTRY,
            settings: Settings { limits, redact: self.redact, keep_profile: self.keep_profile },
            source_timeout: Duration::from_secs(self.source_timeout_secs),
            workshop: Arc::new(Workshop::new(workshop)),
        }
    }
}

/// Bounds on what connections may take.
#[derive(Args, Debug)]
pub(crate) struct Bounds {
    /// Most connections at a time; more wait
    #[arg(long, env = "SAFELIGHT_MAX_CONNECTIONS", value_name = "COUNT",
          default_value_t = ConnectionLimits::default().max_connections as u64, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    max_connections: u64,

    /// How long a request's head may take, and a connection may idle
    #[arg(long, env = "SAFELIGHT_HEADER_TIMEOUT_SECS", value_name = "SECONDS",
          default_value_t = ConnectionLimits::default().header_timeout.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    header_timeout_secs: u64,

    /// How long a client may take nothing of what is sent to it
    #[arg(long, env = "SAFELIGHT_CLIENT_TIMEOUT_SECS", value_name = "SECONDS",
          default_value_t = ConnectionLimits::default().client_timeout.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    client_timeout_secs: u64,

    /// How long requests in flight may take to finish after a signal to stop
    #[arg(long, env = "SAFELIGHT_SHUTDOWN_TIMEOUT_SECS", value_name = "SECONDS",
          default_value_t = ConnectionLimits::default().shutdown_timeout.as_secs())]
    shutdown_timeout_secs: u64,
}

impl Bounds {
    /// The same, in the server's terms.
    pub(crate) fn limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            max_connections: self.max_connections as usize,
            header_timeout: Duration::from_secs(self.header_timeout_secs),
            client_timeout: Duration::from_secs(self.client_timeout_secs),
            shutdown_timeout: Duration::from_secs(self.shutdown_timeout_secs),
        }
    }
}

impl Cli {
    /// Reads arguments and environment. Ends the process where they are wrong, or ask for help; the
    /// message names the argument and, if the value came from there, the environment variable.
    pub(crate) fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            if let Some(variable) = blamed_variable(&error) {
                eprintln!("{variable}:");
            }
            error.exit()
        })
    }
}

/// The environment variable that is set for the argument that `error` is about.
fn blamed_variable(error: &clap::Error) -> Option<String> {
    let blamed = error.get(ContextKind::InvalidArg)?.to_string();
    let mut command = Cli::command();
    command.build();
    let mut arguments = command.get_subcommands().flat_map(clap::Command::get_arguments);
    let argument = arguments.find(|argument| argument.to_string() == blamed)?;
    let is_given =
        || std::env::args().any(|given| blamed.starts_with(given.split('=').next().unwrap_or_default()));
    let variable = argument.get_env().filter(|name| std::env::var_os(name).is_some())?;
    (!is_given()).then(|| variable.to_string_lossy().into_owned())
}
