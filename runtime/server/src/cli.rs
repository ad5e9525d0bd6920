//! The command line and the environment, checked before anything starts.

use clap::{Args, CommandFactory, Parser, Subcommand};
use safelight::connections::ConnectionLimits;
use safelight_service::{
    auth::AuthSettings,
    health_imaging::FrameSettings,
    policy::{Policy, blamed},
};
use std::{net::SocketAddr, path::PathBuf, time::Duration};
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
        help = "A folder, or s3://bucket/prefix, gs://bucket, az://container, https://host/path, \
                healthimaging://region"
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
    pub(crate) guard: AuthSettings,

    #[command(flatten)]
    pub(crate) frames: FrameSettings,

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
    let mut command = Cli::command();
    command.build();
    let arguments = command.get_subcommands().flat_map(clap::Command::get_arguments);
    let argument = blamed(arguments, error)?;
    let name = argument.to_string();
    let is_given =
        || std::env::args().any(|given| name.starts_with(given.split('=').next().unwrap_or_default()));
    let variable = argument.get_env().filter(|name| std::env::var_os(name).is_some())?;
    (!is_given()).then(|| variable.to_string_lossy().into_owned())
}
