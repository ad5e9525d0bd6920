//! The program `safelight`: `cli.rs` declares its arguments.

mod cli;
mod config;
mod ask;
mod explain;
mod sign;

use anyhow::{Context, bail};
use clap::CommandFactory;
use cli::{Cli, Command, Files, Serve};
use safelight::{
    admin::{self, Admin, Draining, Readiness},
    connections::{
        ConnectionLimits, Connections,
        descriptors::{self, TooFew},
        serve,
    },
    dev::{self, Dev},
    files::{Batch, Converted, Existing, transform_files},
    list,
    live::{self, Live, Reachable},
    metrics::{Exporter, Process},
    system::{self, Change},
};
use safelight_service::{
    allocator::limit_kept_memory,
    auth::AuthSettings,
    decode_pool::PoolLimits,
    handle::Service,
    isolated,
    log::{chain, init},
    metrics::Metrics,
    results::Results,
    source::Directory,
    web::{Site, router},
};
use std::{
    future::pending,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitCode, exit},
    sync::Arc,
};
use tokio::{net::TcpListener, select, signal, task::spawn_blocking, time::sleep};
use tracing::{info, warn};

fn main() -> ExitCode {
    isolated::run_if_worker().unwrap_or_else(|| {
        limit_kept_memory();
        run().unwrap_or_else(|error| {
            // Not by `Debug`, which would add a backtrace: the causes say what the user can change.
            eprintln!("safelight: {error:#}");
            ExitCode::FAILURE
        })
    })
}

#[tokio::main]
async fn run() -> anyhow::Result<ExitCode> {
    match Cli::read()?.command {
        Command::Serve(arguments) => run_server(*arguments).await?,
        Command::Strip(strip) => return transform(strip.files, "", strip.output, None).await,
        Command::Exif(exif) => return transform(exif.files, "showExif=true", exif.output, None).await,
        Command::Transform(transformation) => {
            let cli::Transform { query, files, output, widths } = transformation;
            return transform(files, &query, output, Some(widths)).await;
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "safelight", &mut std::io::stdout());
        }
        Command::Man => clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?,
        Command::Sign(sign) => writeln!(std::io::stdout(), "{}", sign::signed(&sign)?)?,
        Command::Explain(explain) => write!(std::io::stdout(), "{}", explain::explained(&explain)?)?,
        Command::Transforms => {
            write!(std::io::stdout(), "{}", list::transforms(safelight_registry::REGISTRY))?;
        }
        Command::Purge { paths, admin_listen } => {
            write!(std::io::stdout(), "{}", ask::purge(admin_listen, &paths).await?)?;
        }
        Command::Health { address } => ask::health(address).await?,
        Command::Config(command) => write!(std::io::stdout(), "{}", config::run(&command)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_server(arguments: Serve) -> anyhow::Result<()> {
    init(arguments.log, std::io::stderr);
    let fonts = arguments.fonts.read()?;
    let (registry, children) = isolated::registry(&fonts)?;
    // Without the listener, nothing reads the metrics.
    let exporter = arguments.admin_listen.map(|_| Exporter::new()).transpose()?;
    let metrics = exporter
        .as_ref()
        .map_or_else(Metrics::default, |exporter| exporter.requests(registry, &arguments.metrics_subjects));
    let mut service = arguments.service(registry, metrics)?;
    service.settings.fonts = fonts.digest();
    let settings = arguments.results()?;
    let folder = settings.folder.clone().unwrap_or_default();
    let results = Results::open(settings);
    service.results = Arc::new(results.with_context(|| format!("cannot use {}", folder.display()))?);
    let site = site(&arguments, &service)?;
    if !arguments.no_source_check {
        site.routes.check().await?;
    }
    let limits = fitting(arguments.connections.limits())?;
    let listener =
        match system::inherited_listener().context("cannot use the socket of the service manager")? {
            Some(listener) => TcpListener::from_std(listener)?,
            None => bind(arguments.listen()).await?,
        };
    let admin_listener = match arguments.admin_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let admin_address = admin_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let stop = stop_signal()?;
    let live = Live::new(site);
    #[cfg(unix)]
    tokio::spawn(reload(
        signal::unix::signal(signal::unix::SignalKind::hangup())?,
        live.clone(),
        service.clone(),
    ));
    info!(
        address = %listener.local_addr()?,
        admin_address = admin_address.map(tracing::field::display),
        max_connections = limits.max_connections,
        "listening"
    );

    let connections = Connections::new(limits);
    let draining = Arc::new(Draining::default());
    if let (Some(listener), Some(exporter)) = (admin_listener, exporter) {
        let (connections, decode_pool) = (connections.clone(), service.decode_pool.clone());
        let results = service.results.clone();
        let metrics = exporter.of_process(Process { connections, decode_pool, children, results });
        let mut readiness: Vec<Arc<dyn Readiness>> = vec![draining.clone()];
        if let Some(interval) = arguments.source_check_interval() {
            readiness.push(Reachable::watch(live.clone(), interval));
        }
        let router = admin::router(Admin { metrics, readiness, results: service.results.clone() });
        // Until the process ends: a platform watches the server while it stops, too.
        let connections = Connections::new(admin::limits());
        tokio::spawn(serve(listener, move || router.clone(), connections, pending()));
    }
    system::notify(Change::Ready);
    let stop = async {
        stop.await;
        system::notify(Change::Stopping);
        draining.start();
        let delay = arguments.connections.drain_delay();
        info!(delay_secs = delay.as_secs(), "draining");
        sleep(delay).await;
    };
    serve(listener, move || live.router(), connections, stop).await;
    Ok(())
}

/// Returns what `arguments` say to serve, by a service with the pool and the metrics of `service`.
fn site(arguments: &Serve, service: &Service) -> anyhow::Result<live::Site> {
    let mut routes = arguments.routes(service)?;
    let dev = arguments.dev(service.settings.limits.max_source_bytes)?;
    if let Some(dev) = &dev {
        routes = routes.with(Dev::UPLOADS, Arc::new(Directory::open(dev.uploads())?))?;
    }
    let signatures = arguments.signatures.check()?;
    let AuthSettings { authorize: auth, log_subject, .. } = arguments.auth.clone();
    let dialects = arguments.dialects.dialects()?;
    let site =
        Site { routes: routes.clone(), auth, log_subject, signatures, dialects, states_range_length: false };
    let images = router(site);
    let served = match dev {
        Some(dev) => dev::router(images, dev),
        None => images,
    };
    Ok(live::Site { routes, router: served })
}

/// Reads the configuration file again after each signal, which is how Unix programs are asked to.
#[cfg(unix)]
async fn reload(mut signals: signal::unix::Signal, live: Live, service: Service) {
    while signals.recv().await.is_some() {
        match reread(&service) {
            Ok(site) => {
                live.replace(site);
                info!("configuration read again");
            }
            Err(error) => warn!(error = format!("{error:#}"), "configuration not changed"),
        }
    }
}

/// Returns what the configuration file now says to serve. Listeners, limits of connections and of the pool, fonts, and the
/// log stay as they are.
#[cfg(unix)]
fn reread(service: &Service) -> anyhow::Result<live::Site> {
    let Command::Serve(arguments) = Cli::reread()?.command else { bail!("not a server") };
    let mut new = arguments.service(service.registry, Metrics::default())?;
    new.settings.fonts.clone_from(&service.settings.fonts);
    let Service { decode_pool, metrics, results, .. } = service.clone();
    site(&arguments, &Service { decode_pool, metrics, results, ..new })
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Returns the limits, with no more connections than the process may open files for.
fn fitting(mut limits: ConnectionLimits) -> Result<ConnectionLimits, TooFew> {
    let Some(available) = descriptors::raise() else { return Ok(limits) };
    let fitting = descriptors::max_connections(available)?;
    let wanted = limits.max_connections;
    if fitting < wanted {
        warn!(
            "--max-connections {wanted} needs {} open files, but the process may have {available}: at most {fitting} \
             connections are accepted at a time",
            descriptors::needed(wanted)
        );
        limits.max_connections = fitting;
    }
    Ok(limits)
}

/// Returns a future that completes at Ctrl-C or, on Unix, at a termination signal.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        select! {
            _ = terminate.recv() => (),
            _ = signal::ctrl_c() => (),
        }
        #[cfg(not(unix))]
        let _ = signal::ctrl_c().await;
    })
}

/// The exit code of a program that Ctrl-C ended, as shells report it.
const INTERRUPTED: i32 = 130;

/// Transforms files by `query`. With `widths`, even with none, the names of outputs may choose their formats.
async fn transform(
    files: Files,
    query: &str,
    output: PathBuf,
    widths: Option<Vec<u32>>,
) -> anyhow::Result<ExitCode> {
    let Files { input: inputs, force, skip_existing, policy, fonts, name, dry_run, json, quiet, .. } = files;
    let existing = match (force, skip_existing) {
        (true, _) => Existing::Replace,
        (false, true) => Existing::Skip,
        (false, false) => Existing::Fail,
    };
    if json && output.as_os_str() == "-" && !dry_run {
        bail!("--json with an output to standard output: expected a file or a folder as output");
    }
    let has_several = 1 < inputs.len() || inputs.iter().any(|input| input.is_dir());
    let batch = Batch {
        query: query.to_owned(),
        converts: widths.is_some(),
        inputs,
        output,
        existing,
        widths: widths.unwrap_or_default(),
        name,
        is_dry_run: dry_run,
        is_quiet: quiet,
    };
    let stop = stop_signal()?;
    let service = policy.service(isolated::registry(&fonts.read()?)?.0, &PoolLimits::default())?;
    let service = Service { sides: service.sides.clone().of_files(), ..service };
    let report = spawn_blocking(move || transform_files(&service, &batch, stop)).await?;
    for skipped in report.skipped.iter().filter(|skipped| !quiet && skipped.reason.is_notable()) {
        eprintln!("safelight: skipped {}: {}", skipped.path.display(), skipped.reason);
    }
    for failure in &report.failures {
        eprintln!("safelight: {}: {}", failure.input.display(), chain(&failure.error));
    }
    if json {
        writeln!(std::io::stdout(), "{:#}", report.to_json())?;
    } else if dry_run && !quiet {
        for Converted { input, output, .. } in &report.converted {
            let output = output.as_deref().unwrap_or(Path::new("-"));
            writeln!(std::io::stdout(), "{} -> {}", input.display(), output.display())?;
        }
    }
    let is_one_failure =
        report.converted.is_empty() && report.skipped.is_empty() && report.failures.len() == 1;
    let has_summary = has_several && !is_one_failure || 0 < report.stopped || !report.skipped.is_empty();
    if has_summary && !quiet {
        eprintln!("{report}");
    }
    if 0 < report.stopped {
        // Not by a return: a read from a terminal cannot be cancelled, and the runtime would wait for it.
        exit(INTERRUPTED);
    }
    Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
