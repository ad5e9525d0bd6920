//! The program `safelight`: `cli.rs` declares its arguments.

mod cli;

use anyhow::Context;
use cli::{Cli, Command, Serve, Transform};
use safelight::{
    connections::serve,
    files::{Batch, transform_files},
    list,
};
use safelight_service::{
    decode_pool::PoolLimits,
    isolated,
    log::{chain, init},
    source::origin,
    web::{Site, router},
};
use std::{
    io::Write,
    process::{ExitCode, exit},
};
use tokio::{net::TcpListener, select, signal, task::spawn_blocking};
use tracing::info;

fn main() -> anyhow::Result<ExitCode> {
    match isolated::run_if_worker() {
        Some(code) => Ok(code),
        None => run(),
    }
}

#[tokio::main]
async fn run() -> anyhow::Result<ExitCode> {
    match Cli::read().command {
        Command::Serve(arguments) => run_server(arguments).await?,
        Command::Transform(arguments) => return transform(arguments).await,
        Command::Transforms => {
            write!(std::io::stdout(), "{}", list::transforms(safelight_registry::REGISTRY))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_server(arguments: Serve) -> anyhow::Result<()> {
    init(arguments.log, std::io::stderr);
    let origin = origin(&arguments.source, &arguments.health_imaging)?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let stop = stop_signal()?;
    info!(address = %listener.local_addr()?, "listening");

    let service = arguments.policy.service(isolated::registry()?, &PoolLimits::default());
    let site = Site { service, origin, auth: arguments.auth.authorize };
    serve(listener, router(site), arguments.connections.limits(), stop).await;
    Ok(())
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

async fn transform(arguments: Transform) -> anyhow::Result<ExitCode> {
    let Transform { query, input: inputs, output, force, policy } = arguments;
    let has_several = 1 < inputs.len() || inputs.iter().any(|input| input.is_dir());
    let batch = Batch { query, inputs, output, force };
    let stop = stop_signal()?;
    let service = policy.service(isolated::registry()?, &PoolLimits::default());
    let report = spawn_blocking(move || transform_files(&service, &batch, stop)).await?;
    for failure in &report.failures {
        eprintln!("safelight: {}: {}", failure.input.display(), chain(&failure.error));
    }
    if has_several || 0 < report.stopped {
        eprintln!("{report}");
    }
    if 0 < report.stopped {
        // Not by a return: a read from a terminal cannot be cancelled, and the runtime would wait for it.
        exit(INTERRUPTED);
    }
    Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
