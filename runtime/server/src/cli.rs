//! The command line and the environment.

use crate::explain::{parse_format, parse_size};
use anyhow::{Context, bail};
use clap::{Arg, Args, CommandFactory, Parser, Subcommand, builder::BoolishValueParser, error::ContextKind};
use clap_complete::Shell;
use safelight::{
    connections::{ConnectionLimits, Networks, PRIVATE_NETWORKS},
    dev::Dev,
    files::Template,
};
use safelight_core::{Format, Registry, Size};
use safelight_service::{
    StartError,
    auth::AuthSettings,
    config::{ConfigError, ConfigFile, ConfigSettings, add_file, check_variables, name_of},
    decode_pool::PoolLimits,
    dialect::DialectArguments,
    fonts::FontSettings,
    handle::Service,
    metrics::Metrics,
    policy::Policy,
    quantity::parse_bytes,
    results::ResultSettings,
    signature::{SignatureKeys, SignatureSettings},
    site::{OriginArguments, Routes},
    source::{SourceSettings, origin},
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
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
    /// Show the source and the query of another service's URL
    Explain(Explain),
    /// Forget the results that a server keeps of images that have changed
    Purge {
        /// Paths of images, as in their URLs; with a slash at the end, all images below
        #[arg(required = true)]
        paths: Vec<String>,

        /// The address of the admin listener of the server
        #[arg(long, env = "SAFELIGHT_ADMIN_LISTEN", value_name = "ADDRESS", value_parser = parse_address)]
        admin_listen: SocketAddr,
    },
    /// List the transforms and their parameters
    Transforms,
    /// Check that a server with --admin-listen responds, for health checks of containers
    Health {
        /// The address of its admin listener
        #[arg(env = "SAFELIGHT_ADMIN_LISTEN", value_parser = parse_address)]
        address: SocketAddr,
    },
    /// Print a script that completes the commands of this program in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
    /// Check the configuration file, or print its JSON Schema
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[arg(
        env = "SAFELIGHT_SOURCE",
        hide_env_values = true,
        help = "A folder, or s3://bucket/prefix, gs://bucket, az://container, https://host/path, \
                healthimaging://region"
    )]
    pub(crate) source: Option<String>,

    #[command(flatten)]
    origins: OriginArguments,

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

    /// Viewers with a token whom /metrics counts by name, as the log names them, separated by commas
    #[arg(long, env = "SAFELIGHT_METRICS_SUBJECTS", value_name = "NAMES", value_delimiter = ',')]
    pub(crate) metrics_subjects: Vec<String>,

    /// Show a page of all images and parameters at / [default: true on a loopback address for a folder, without tokens and required
    /// signatures]
    #[arg(long, env = "SAFELIGHT_DEV", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    dev: Option<bool>,

    /// Log level: off, error, warn, info (a line for each request), debug, trace
    #[arg(long, env = "SAFELIGHT_LOG", value_name = "LEVEL", default_value = "info")]
    pub(crate) log: LevelFilter,

    #[command(flatten)]
    config: ConfigSettings,

    #[command(flatten)]
    pub(crate) policy: Policy,

    #[command(flatten)]
    pub(crate) fonts: FontSettings,

    #[command(flatten)]
    pub(crate) auth: AuthSettings,

    #[command(flatten)]
    pub(crate) signatures: SignatureSettings,

    #[command(flatten)]
    pub(crate) dialects: DialectArguments,

    #[command(flatten)]
    pub(crate) source_settings: SourceSettings,

    /// Start without checking that the source can be read
    #[arg(long, env = "SAFELIGHT_NO_SOURCE_CHECK", value_parser = BoolishValueParser::new())]
    pub(crate) no_source_check: bool,

    /// Seconds between the checks that the source can be read, without which /readyz responds with 503; 0 turns them
    /// off
    #[arg(long, env = "SAFELIGHT_SOURCE_CHECK_SECS", value_name = "SECONDS", default_value_t = 10)]
    source_check_secs: u64,

    #[command(flatten)]
    results: ResultArguments,

    #[command(flatten)]
    pub(crate) connections: ConnectionSettings,
}

/// The results that are kept.
#[derive(Args, Debug)]
#[expect(clippy::struct_field_names, reason = "the names of the flags")]
struct ResultArguments {
    /// Memory for results of transforms, in addition to --memory-bytes; 0 keeps none
    #[arg(long, env = "SAFELIGHT_RESULT_CACHE_BYTES", value_name = "BYTES", value_parser = parse_bytes, default_value_t = 0)]
    result_cache_bytes: u64,

    /// Folder for results on disk, of this server alone; needs --result-cache-bytes too
    #[arg(long, env = "SAFELIGHT_RESULT_CACHE_FOLDER", value_name = "FOLDER")]
    result_cache_folder: Option<PathBuf>,

    /// Maximum bytes of the results on disk
    #[arg(long, env = "SAFELIGHT_RESULT_CACHE_FOLDER_BYTES", value_name = "BYTES", value_parser = parse_bytes,
          default_value_t = ResultSettings::default().folder_bytes)]
    result_cache_folder_bytes: u64,

    /// Seconds for which a result is sent before the source is asked whether it has changed
    #[arg(long, env = "SAFELIGHT_RESULT_CACHE_MAX_AGE_SECS", value_name = "SECONDS",
          default_value_t = ResultSettings::default().max_age.as_secs())]
    result_cache_max_age_secs: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check a configuration file without reading any image
    Check {
        /// File to check
        #[arg(env = "SAFELIGHT_CONFIG", hide_env_values = true)]
        file: String,
    },
    /// Print the JSON Schema of the configuration file
    Schema,
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
pub(crate) struct Explain {
    /// URL, or path and query, of a service that --dialect names
    pub(crate) url: String,

    #[command(flatten)]
    config: ConfigSettings,

    #[command(flatten)]
    pub(crate) dialects: DialectArguments,

    /// Width and height of the source, in pixels: sizes of some services depend on it
    #[arg(long, value_name = "SIZE", default_value = "4000x3000", value_parser = parse_size)]
    pub(crate) size: Size,

    /// Format of the source, by its extension [default: as in the URL, or jpg]
    #[arg(long, value_name = "EXTENSION", value_parser = parse_format)]
    pub(crate) format: Option<Format>,

    /// The source has transparency
    #[arg(long)]
    pub(crate) alpha: bool,
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

    /// Widths of several outputs for each input, separated by commas, such as 320,640,1280
    #[arg(long, value_delimiter = ',', value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) widths: Vec<u32>,
}

/// The files of a command.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
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

    /// Names of outputs in a folder, with {stem} or {name} of the input, {ext} of the output, and {width} of the query
    /// [default: the input's, and with --widths {stem}-{width}.{ext}]
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) name: Option<Template>,

    /// Convert everything and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print a report in JSON to standard output: converted, skipped, failed
    #[arg(long)]
    pub(crate) json: bool,

    /// Print errors only: no progress, no summary
    #[arg(short, long)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    config: ConfigSettings,

    #[command(flatten)]
    pub(crate) policy: Policy,

    #[command(flatten)]
    pub(crate) fonts: FontSettings,
}

impl Serve {
    /// Checks the settings of every origin, without opening any.
    ///
    /// # Errors
    /// [`StartError`].
    pub(crate) fn check_origins(&self, registry: Registry) -> Result<(), StartError> {
        let service = self.policy.service(registry, &PoolLimits::default())?;
        self.origins
            .origins
            .iter()
            .flatten()
            .try_for_each(|(prefix, origin)| Routes::check_settings(prefix, origin, &service, &self.policy))
    }

    /// Returns the state that all requests share.
    ///
    /// # Errors
    /// [`StartError`].
    pub(crate) fn service(&self, registry: Registry, metrics: Metrics) -> Result<Service, StartError> {
        let service = self.policy.service(registry, &PoolLimits::default())?;
        let is_checked_by_cdn = self.auth.checked_by_cdn;
        Ok(Service { metrics: Arc::new(metrics), is_checked_by_cdn, ..service })
    }

    /// Returns the images to serve, without reading any.
    ///
    /// # Errors
    /// [`StartError`].
    pub(crate) fn routes(&self, service: &Service) -> Result<Routes, StartError> {
        let root = self.source.as_deref().map(|source| origin(source, &self.source_settings)).transpose()?;
        let origins = self.origins.origins.clone().unwrap_or_default();
        Routes::new(root, &origins, service, &self.policy, &self.source_settings)
    }

    /// Returns the bounds of the results that are kept.
    ///
    /// # Errors
    /// [`StartError::Setting`].
    pub(crate) fn results(&self) -> Result<ResultSettings, StartError> {
        let ResultArguments { result_cache_bytes, result_cache_folder, .. } = &self.results;
        if let (0, Some(folder)) = (result_cache_bytes, result_cache_folder) {
            return Err(StartError::Setting {
                setting: "result-cache-folder",
                value: folder.display().to_string(),
                expected: "result-cache-bytes beside it, for results on their way to and from the folder",
            });
        }
        Ok(ResultSettings {
            memory_bytes: *result_cache_bytes,
            folder: result_cache_folder.clone(),
            folder_bytes: self.results.result_cache_folder_bytes,
            max_age: Duration::from_secs(self.results.result_cache_max_age_secs),
        })
    }

    /// Returns the time between the checks of the source; `None` if it is not checked.
    pub(crate) fn source_check_interval(&self) -> Option<Duration> {
        let is_checked = !self.no_source_check && 0 < self.source_check_secs;
        is_checked.then(|| Duration::from_secs(self.source_check_secs))
    }

    /// Returns the state of the page of development; `None` if it is off. Uploads have at most `max_upload_bytes`.
    ///
    /// # Errors
    /// If the page is requested where strangers could see it, or if it has no folder for uploads.
    pub(crate) fn dev(&self, max_upload_bytes: u64) -> anyhow::Result<Option<Arc<Dev>>> {
        let is_private = self.listen().ip().is_loopback()
            && self.auth.authorize.is_none()
            && !self.signatures.are_required();
        if self.dev == Some(true) && !is_private {
            bail!("--dev needs a loopback address in --listen, without tokens and required signatures");
        }
        let folder = self.source.as_deref().filter(|source| !source.contains("://")).map(PathBuf::from);
        if !self.dev.unwrap_or(is_private && folder.is_some()) {
            return Ok(None);
        }
        let dev = Dev::new(folder, max_upload_bytes).context("cannot create a folder for uploads")?;
        Ok(Some(dev))
    }

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
    /// Parses arguments, environment and configuration file. Ends the process if they are invalid or request help; the
    /// message names the argument and, if the value came from there, the environment variable or the file.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub(crate) fn read() -> Result<Self, ConfigError> {
        check_variables(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        let mut arguments = std::env::args_os().collect();
        let file = add_file(&Self::command(), &mut arguments, &[])?;
        Ok(Self::try_parse_from(arguments).unwrap_or_else(|error| {
            if let Some(place) = place_of(&error, file.as_ref()) {
                eprintln!("{place}:");
            }
            error.exit()
        }))
    }

    /// Reads the configuration file again, with the arguments and the environment of the start.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(crate) fn reread() -> anyhow::Result<Self> {
        let mut arguments = std::env::args_os().collect();
        add_file(&Self::command(), &mut arguments, &[])?;
        Ok(Self::try_parse_from(arguments)?)
    }
}

/// Returns the environment variable, or the setting of `file`, that the argument has its value from that `error` is about.
fn place_of(error: &clap::Error, file: Option<&ConfigFile>) -> Option<String> {
    let mut command = Cli::command();
    command.build();
    let arguments = command.get_subcommands().flat_map(clap::Command::get_arguments);
    let argument = argument_of(arguments, error)?;
    let name = argument.to_string();
    let is_argument =
        || std::env::args().any(|argument| name.starts_with(argument.split('=').next().unwrap_or_default()));
    if is_argument() {
        return None;
    }
    if let Some(variable) = argument.get_env().filter(|name| std::env::var_os(name).is_some()) {
        return Some(variable.to_string_lossy().into_owned());
    }
    let file = file?;
    let name = name_of(argument);
    file.has(name).then(|| format!("{}: {name}", file.name))
}

/// Returns the argument that `error` is about.
fn argument_of<'a>(arguments: impl IntoIterator<Item = &'a Arg>, error: &clap::Error) -> Option<&'a Arg> {
    let name = error.get(ContextKind::InvalidArg)?.to_string();
    arguments.into_iter().find(|argument| argument.to_string() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::FromArgMatches;
    use safelight_registry::REGISTRY;
    use safelight_service::{config::schema::settings, decode_pool::PoolLimits};
    use std::ffi::OsString;

    /// A value of each setting that differs from its default.
    const SAMPLES: &[(&str, &str)] = &[
        ("admin-listen", "'127.0.0.1:9'"),
        ("allow", "{ keys = ['width'] }"),
        ("allow-address", "['10.0.0.0/8']"),
        ("authorize", "{ mode = 'none' }"),
        ("cache", "{ max-age = '1h' }"),
        ("checked-by-cdn", "true"),
        ("client-hints", "true"),
        ("client-timeout-secs", "3"),
        ("data-stores", "['0123456789abcdef0123456789abcdef']"),
        ("dev", "false"),
        ("dialect", "['imgproxy=/i']"),
        ("dialects", "{ imgproxy = { only-presets = true } }"),
        ("drain-delay-secs", "3"),
        ("exif", "'all'"),
        ("fallback", "{ 404 = '/none.png' }"),
        ("first-byte-timeout-secs", "3"),
        ("follow-redirects", "['a.example', 'b.example:81']"),
        ("fonts", "'fonts'"),
        ("header-timeout-secs", "3"),
        ("healthimaging-endpoint", "'http://127.0.0.1:9'"),
        ("ignore-keys", "['ref', 'pk_*']"),
        ("keep-alive-timeout-secs", "3"),
        ("keep-profile", "true"),
        ("ladders", "{ width = [100, 200] }"),
        ("lenient", "true"),
        ("listen", "':9'"),
        ("log", "'warn'"),
        ("log-subject", "'plain'"),
        ("max-connections", "3"),
        ("max-connections-per-address", "3"),
        ("max-enlargement", "3"),
        ("max-frames", "3"),
        ("max-metadata-bytes", "'3KiB'"),
        ("max-output-pixels", "'3M'"),
        ("max-output-side", "3"),
        ("max-pixels", "'3M'"),
        ("max-source-bytes", "'3MiB'"),
        ("max-waiting", "3"),
        ("max-work", "3"),
        ("memory-bytes", "'300MiB'"),
        ("metrics-subjects", "['a', 'b']"),
        ("no-source-check", "true"),
        ("only-presets", "true"),
        ("origins", "{ '/a' = { source = '.' } }"),
        ("presets", "{ card = 'width=9' }"),
        ("quality-target", "60"),
        ("queue-timeout-secs", "3"),
        ("redact", "true"),
        ("require-signature", "true"),
        ("result-cache-bytes", "'3MiB'"),
        ("result-cache-folder", "'cache'"),
        ("result-cache-folder-bytes", "'3MiB'"),
        ("result-cache-max-age-secs", "3"),
        ("shutdown-timeout-secs", "3"),
        ("signature-keys", "['a:0123456789abcdef0123456789abcdef']"),
        ("source", "'elsewhere'"),
        ("source-check-secs", "3"),
        ("source-min-rate", "'3KiB'"),
        ("source-timeout-secs", "3"),
        ("trusted-proxies", "['10.0.0.0/8']"),
        ("watermark-paths", "['/logos/']"),
        ("watermarks", "{ logo = '/logo.png' }"),
        ("work-timeout-secs", "3"),
        ("workers", "3"),
    ];

    /// Returns the settings of `arguments` as the server uses them.
    fn effect(command: &clap::Command, arguments: &[&str]) -> String {
        let mut arguments: Vec<_> = ["serve"].iter().chain(arguments).map(OsString::from).collect();
        add_file(command, &mut arguments, &[]).unwrap();
        let matches =
            command.clone().try_get_matches_from(&arguments).unwrap_or_else(|error| panic!("{error}"));
        let serve = Serve::from_arg_matches(&matches).unwrap();
        let Serve { policy, auth, signatures, source_settings, connections, .. } = &serve;
        // Rules that contradict each other are compared as they were set.
        let service = policy.service(REGISTRY, &PoolLimits::default());
        let service = service.map_or_else(|_| format!("{policy:?}"), |service| format!("{service:?}"));
        let limits = (connections.limits(), connections.drain_delay());
        let rest = (
            &serve.source,
            &serve.origins,
            serve.listen(),
            serve.admin_listen,
            &serve.metrics_subjects,
            serve.log,
            serve.source_check_interval(),
            &serve.dialects,
            serve.dev,
            &serve.results,
            &serve.fonts,
        );
        format!("{service} {auth:?} {signatures:?} {source_settings:?} {limits:?} {rest:?}")
    }

    #[test]
    fn every_setting_takes_effect_from_the_file_and_from_its_flag() {
        let command = Serve::augment_args(clap::Command::new("serve"));
        let command = command.mut_args(|arg| arg.env(clap::builder::Resettable::Reset));
        let default = effect(&command, &["folder"]);
        for (name, value) in SAMPLES {
            let file = format!("{name} = {value}");
            let source: &[&str] = if *name == "source" { &[] } else { &["folder"] };
            let from_file = effect(&command, &[source, &["--config", &file]].concat());
            // `redact` is the default, unless `exif` is not.
            let is_default = *name == "redact";
            assert_eq!(from_file == default, is_default, "{file} has no effect");

            let table: toml::Table = toml::from_str(&file).unwrap();
            let text = match &table[*name] {
                toml::Value::String(text) => text.clone(),
                toml::Value::Array(items) => {
                    items.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(",")
                }
                other => serde_json::to_string(other).unwrap(),
            };
            let flag = format!("--{name}={text}");
            let flag = match (*name, text.as_str()) {
                ("source", text) => text,
                (_, "true") => flag.trim_end_matches("=true"),
                _ => &flag,
            };
            assert_eq!(effect(&command, &[source, &[flag]].concat()), from_file, "{flag}");
        }
    }

    #[test]
    fn every_setting_has_a_sample_and_a_variable_of_its_name() {
        let command = Serve::augment_args(clap::Command::new("serve"));
        let mut names: Vec<_> = settings(&command).map(|(name, _)| name.to_owned()).collect();
        names.sort();
        assert_eq!(names, SAMPLES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        for (name, variable) in settings(&command) {
            let expected = match name {
                "data-stores" => "SAFELIGHT_HEALTHIMAGING_DATASTORES".to_owned(),
                _ => format!("SAFELIGHT_{}", name.to_uppercase().replace('-', "_")),
            };
            assert_eq!(variable, expected);
        }
    }
}
