//! The command line and the environment.

use clap::{Arg, Args, CommandFactory, Parser, Subcommand, builder::BoolishValueParser, error::ContextKind};
use safelight::connections::{ConnectionLimits, Networks, PRIVATE_NETWORKS};
use safelight_service::{
    auth::AuthSettings,
    policy::Policy,
    signature::{SignatureKeys, SignatureSettings},
    source::SourceSettings,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use tracing::level_filters::LevelFilter;

/// Serves images without their private metadata, resized and re-encoded on request.
#[derive(Debug, Parser)]
#[command(name = "safelight", version, subcommand_required = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the images of a folder, a bucket or a web server over HTTP
    Serve(Box<Serve>),
    /// Remove private metadata from files, without touching a pixel
    Strip(Strip),
    /// Show the EXIF of files as JSON
    Exif(Exif),
    /// Transform files, several at a time; a file is written whole or not at all
    Transform(Transform),
    /// Sign URLs, for a server with --signature-keys
    Sign(Sign),
    /// List the transforms and their parameters
    Transforms,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[arg(
        env = "SAFELIGHT_SOURCE",
        hide_env_values = true,
        help = "A folder, or s3://bucket/prefix, gs://bucket, az://container, https://host/path, \
                healthimaging://region"
    )]
    pub(crate) source: String,

    /// Address and port to listen on, without TLS; :8080 is that port of all IPv4 addresses [default: 127.0.0.1:8080,
    /// or all IPv4 addresses with the port in the environment variable PORT]
    #[arg(long, env = "SAFELIGHT_LISTEN", value_name = "ADDRESS", value_parser = parse_address)]
    listen: Option<SocketAddr>,

    /// Port that a platform assigns.
    #[arg(long, env = "PORT", hide = true)]
    port: Option<u16>,

    /// Address and port for /livez, /readyz and /metrics; off by default. Not for viewers
    #[arg(long, env = "SAFELIGHT_ADMIN_LISTEN", value_name = "ADDRESS", value_parser = parse_address)]
    pub(crate) admin_listen: Option<SocketAddr>,

    /// Log level: off, error, warn, info (a line for each request), debug, trace
    #[arg(long, env = "SAFELIGHT_LOG", value_name = "LEVEL", default_value = "info")]
    pub(crate) log: LevelFilter,

    #[command(flatten)]
    pub(crate) policy: Policy,

    #[command(flatten)]
    pub(crate) auth: AuthSettings,

    #[command(flatten)]
    pub(crate) signatures: SignatureSettings,

    #[command(flatten)]
    pub(crate) source_settings: SourceSettings,

    /// Start without checking that the source can be read
    #[arg(long, env = "SAFELIGHT_NO_SOURCE_CHECK", value_parser = BoolishValueParser::new())]
    pub(crate) no_source_check: bool,

    #[command(flatten)]
    pub(crate) connections: ConnectionSettings,
}

#[derive(Args, Debug)]
pub(crate) struct Sign {
    /// URL, or path and query, such as /photo.jpg?width=300
    pub(crate) url: String,

    #[command(flatten)]
    pub(crate) keys: SignatureKeys,

    /// Time for which the URL is valid, such as 90s, 15m, 24h or 7days [default: without end]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, conflicts_with = "expires_at")]
    pub(crate) expires_in: Option<Duration>,

    /// Time until which the URL is valid, in seconds since 1970
    #[arg(long, value_name = "SECONDS")]
    pub(crate) expires_at: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Strip {
    #[command(flatten)]
    pub(crate) files: Files,

    /// File or folder to write: a folder for several inputs or for a folder; - is standard output
    #[arg(short, long)]
    pub(crate) output: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Exif {
    #[command(flatten)]
    pub(crate) files: Files,

    /// File or folder to write: a folder for several inputs or for a folder; - is standard output
    #[arg(short, long, default_value = "-")]
    pub(crate) output: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Transform {
    /// Query as in a URL, with or without the question mark; empty to strip private metadata. Without format=, the
    /// extension of the output file chooses the format
    pub(crate) query: String,

    #[command(flatten)]
    pub(crate) files: Files,

    /// File or folder to write: a folder for several inputs or for a folder; - is standard output
    #[arg(short, long)]
    pub(crate) output: PathBuf,
}

/// The files of a command.
#[derive(Args, Debug)]
pub(crate) struct Files {
    /// Files and folders to read; - is standard input
    #[arg(required = true)]
    pub(crate) input: Vec<PathBuf>,

    /// Replace existing files
    #[arg(short, long)]
    pub(crate) force: bool,

    /// Skip inputs whose output exists
    #[arg(long, conflicts_with = "force")]
    pub(crate) skip_existing: bool,

    #[command(flatten)]
    pub(crate) policy: Policy,
}

impl Serve {
    /// Returns the address to listen on.
    pub(crate) fn listen(&self) -> SocketAddr {
        let assigned = self.port.map(|port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
        self.listen.or(assigned).unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))
    }
}

/// Parses an address with a port. A port alone is that of all IPv4 addresses.
fn parse_address(text: &str) -> Result<SocketAddr, &'static str> {
    const EXPECTED: &str = "expected an address and a port, such as 127.0.0.1:8080, [::1]:8080 or :8080";
    match text.strip_prefix(':') {
        Some(port) => {
            port.parse().map(|port: u16| (Ipv4Addr::UNSPECIFIED, port).into()).map_err(|_| EXPECTED)
        }
        None => text.parse().map_err(|_| EXPECTED),
    }
}

/// Limits of connections.
#[derive(Args, Debug)]
pub(crate) struct ConnectionSettings {
    /// Maximum connections at a time, as far as open files suffice. Above it, the connection that has waited longest
    /// for a request is closed; if all have requests in flight, new ones wait
    #[arg(long, env = "SAFELIGHT_MAX_CONNECTIONS", value_name = "COUNT",
          default_value_t = ConnectionLimits::default().max_connections as u64, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    max_connections: u64,

    /// Maximum connections of one client address, or of one IPv6 network of 64 bits [default: a quarter of
    /// --max-connections, at least 16]
    #[arg(long, env = "SAFELIGHT_MAX_CONNECTIONS_PER_ADDRESS", value_name = "COUNT",
          value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    max_connections_per_address: Option<u64>,

    /// Networks of proxies, which the limit for one address does not apply to, separated by commas. By default
    /// loopback and private networks
    #[arg(long, env = "SAFELIGHT_TRUSTED_PROXIES", value_name = "NETWORKS",
          default_value = PRIVATE_NETWORKS, hide_default_value = true)]
    trusted_proxies: Networks,

    /// Maximum seconds for the first byte of a new connection
    #[arg(long, env = "SAFELIGHT_FIRST_BYTE_TIMEOUT_SECS", value_name = "SECONDS",
          default_value_t = ConnectionLimits::default().first_byte_timeout.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    first_byte_timeout_secs: u64,

    /// Maximum seconds from the first byte of a request's head to its last
    #[arg(long, env = "SAFELIGHT_HEADER_TIMEOUT_SECS", value_name = "SECONDS",
          default_value_t = ConnectionLimits::default().header_timeout.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    header_timeout_secs: u64,

    /// Maximum seconds between two requests of a connection; keep it above that of a proxy in front
    #[arg(long, env = "SAFELIGHT_KEEP_ALIVE_TIMEOUT_SECS", value_name = "SECONDS",
          default_value_t = ConnectionLimits::default().keep_alive_timeout.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    keep_alive_timeout_secs: u64,

    /// Maximum seconds without progress while a client receives a response
    #[arg(long, env = "SAFELIGHT_CLIENT_TIMEOUT_SECS", value_name = "SECONDS",
          default_value_t = ConnectionLimits::default().client_timeout.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    client_timeout_secs: u64,

    /// Seconds for which connections are still accepted after a signal to stop, while /readyz responds with 503
    #[arg(long, env = "SAFELIGHT_DRAIN_DELAY_SECS", value_name = "SECONDS", default_value_t = 0)]
    drain_delay_secs: u64,

    /// Maximum seconds for requests in flight to finish after that
    #[arg(long, env = "SAFELIGHT_SHUTDOWN_TIMEOUT_SECS", value_name = "SECONDS",
          default_value_t = ConnectionLimits::default().shutdown_timeout.as_secs())]
    shutdown_timeout_secs: u64,
}

impl ConnectionSettings {
    /// Returns the limits for [`safelight::connections::serve`].
    pub(crate) fn limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            max_connections: self.max_connections as usize,
            max_per_address: self.max_connections_per_address.map(|count| count as usize),
            trusted_proxies: self.trusted_proxies.clone(),
            first_byte_timeout: Duration::from_secs(self.first_byte_timeout_secs),
            header_timeout: Duration::from_secs(self.header_timeout_secs),
            keep_alive_timeout: Duration::from_secs(self.keep_alive_timeout_secs),
            client_timeout: Duration::from_secs(self.client_timeout_secs),
            shutdown_timeout: Duration::from_secs(self.shutdown_timeout_secs),
        }
    }

    /// Returns the time for which connections are still accepted after a signal to stop.
    pub(crate) fn drain_delay(&self) -> Duration {
        Duration::from_secs(self.drain_delay_secs)
    }
}

impl Cli {
    /// Parses arguments and environment. Ends the process if they are invalid or request help; the message names
    /// the argument and, if the value came from there, the environment variable.
    pub(crate) fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            if let Some(variable) = variable_of(&error) {
                eprintln!("{variable}:");
            }
            error.exit()
        })
    }
}

/// Returns the environment variable that is set for the argument that `error` is about.
fn variable_of(error: &clap::Error) -> Option<String> {
    let mut command = Cli::command();
    command.build();
    let arguments = command.get_subcommands().flat_map(clap::Command::get_arguments);
    let argument = argument_of(arguments, error)?;
    let name = argument.to_string();
    let is_argument =
        || std::env::args().any(|argument| name.starts_with(argument.split('=').next().unwrap_or_default()));
    let variable = argument.get_env().filter(|name| std::env::var_os(name).is_some())?;
    (!is_argument()).then(|| variable.to_string_lossy().into_owned())
}

/// Returns the argument that `error` is about.
fn argument_of<'a>(arguments: impl IntoIterator<Item = &'a Arg>, error: &clap::Error) -> Option<&'a Arg> {
    let name = error.get(ContextKind::InvalidArg)?.to_string();
    arguments.into_iter().find(|argument| argument.to_string() == name)
}
