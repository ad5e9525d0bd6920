//! The program `safelight`: `cli.rs` declares its arguments.

mod cli;
mod config;
mod explain;
mod sign;

use anyhow::Context;
use cli::{Cli, Command, Files, Serve};
use safelight::{
    admin::{self, Admin, Draining},
    connections::{
        ConnectionLimits, Connections,
        descriptors::{self, TooFew},
        serve,
    },
    files::{Batch, Existing, transform_files},
    list,
};
use safelight_service::{
    allocator::limit_kept_memory,
    auth::AuthSettings,
    decode_pool::PoolLimits,
    isolated,
    log::{chain, init},
    web::{Site, router},
};
use std::{
    future::pending,
    io::Write,
    net::SocketAddr,
    path::PathBuf,
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
        Command::Strip(strip) => return transform(strip.files, "", strip.output, false).await,
        Command::Exif(exif) => return transform(exif.files, "showExif=true", exif.output, false).await,
        Command::Transform(transformation) => {
            let cli::Transform { query, files, output } = transformation;
            return transform(files, &query, output, true).await;
        }
        Command::Sign(sign) => writeln!(std::io::stdout(), "{}", sign::signed(&sign)?)?,
        Command::Explain(explain) => write!(std::io::stdout(), "{}", explain::explained(&explain)?)?,
        Command::Transforms => {
            write!(std::io::stdout(), "{}", list::transforms(safelight_registry::REGISTRY))?;
        }
        Command::Config(command) => write!(std::io::stdout(), "{}", config::run(&command)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_server(arguments: Serve) -> anyhow::Result<()> {
    init(arguments.log, std::io::stderr);
    let routes = arguments.routes(isolated::registry()?)?;
    let signatures = arguments.signatures.check()?;
    let dialects = arguments.dialects.dialects()?;
    if !arguments.no_source_check {
        routes.check().await?;
    }
    let limits = fitting(arguments.connections.limits())?;
    let listener = bind(arguments.listen()).await?;
    let admin_listener = match arguments.admin_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let admin_address = admin_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let stop = stop_signal()?;
    info!(
        address = %listener.local_addr()?,
        admin_address = admin_address.map(tracing::field::display),
        max_connections = limits.max_connections,
        "listening"
    );

    let connections = Connections::new(limits);
    let draining = Arc::new(Draining::default());
    if let Some(listener) = admin_listener {
        let admin = Admin { connections: connections.clone(), readiness: vec![draining.clone()] };
        // Until the process ends: a platform watches the server while it stops, too.
        tokio::spawn(serve(listener, admin::router(admin), Connections::new(admin::limits()), pending()));
    }
    let stop = async {
        stop.await;
        draining.start();
        let delay = arguments.connections.drain_delay();
        info!(delay_secs = delay.as_secs(), "draining");
        sleep(delay).await;
    };
    let AuthSettings { authorize: auth, log_subject, .. } = arguments.auth;
    let site = Site { routes, auth, log_subject, signatures, dialects, states_range_length: false };
    serve(listener, router(site), connections, stop).await;
    Ok(())
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

/// Transforms files by `query`; `converts` as in [`Batch`].
async fn transform(files: Files, query: &str, output: PathBuf, converts: bool) -> anyhow::Result<ExitCode> {
    let Files { input: inputs, force, skip_existing, policy, .. } = files;
    let existing = match (force, skip_existing) {
        (true, _) => Existing::Replace,
        (false, true) => Existing::Skip,
        (false, false) => Existing::Fail,
    };
    let has_several = 1 < inputs.len() || inputs.iter().any(|input| input.is_dir());
    let batch = Batch { query: query.to_owned(), converts, inputs, output, existing };
    let stop = stop_signal()?;
    let service = policy.service(isolated::registry()?, &PoolLimits::default())?;
    let report = spawn_blocking(move || transform_files(&service, &batch, stop)).await?;
    for skipped in report.skipped.iter().filter(|skipped| skipped.reason.is_notable()) {
        eprintln!("safelight: skipped {}: {}", skipped.path.display(), skipped.reason);
    }
    for failure in &report.failures {
        eprintln!("safelight: {}: {}", failure.input.display(), chain(&failure.error));
    }
    let is_one_failure = report.converted == 0 && report.skipped.is_empty() && report.failures.len() == 1;
    if has_several && !is_one_failure || 0 < report.stopped || !report.skipped.is_empty() {
        eprintln!("{report}");
    }
    if 0 < report.stopped {
        // Not by a return: a read from a terminal cannot be cancelled, and the runtime would wait for it.
        exit(INTERRUPTED);
    }
    Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
