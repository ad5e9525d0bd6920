//! The commands that ask a running server, by its admin listener.

use anyhow::{Context, ensure};
use safelight_service::client::client;
use std::{net::SocketAddr, time::Duration};

/// The longest time for a response.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Forgets the results of `paths`, and returns how many there were.
pub(crate) async fn purge(address: SocketAddr, paths: &[String]) -> anyhow::Result<String> {
    let url = format!("http://{address}/purge");
    let request = client(TIMEOUT)?.post(&url).timeout(TIMEOUT).body(paths.join("\n"));
    let response = request.send().await.with_context(|| format!("no response from {url}"))?;
    let status = response.status();
    ensure!(status.is_success(), "{url} responds with {status}");
    Ok(format!("results purged: {}", response.text().await?))
}

/// Checks that the server responds.
pub(crate) async fn health(address: SocketAddr) -> anyhow::Result<()> {
    let url = format!("http://{address}/livez");
    let request = client(TIMEOUT)?.get(&url).timeout(TIMEOUT);
    let status = request.send().await.with_context(|| format!("no response from {url}"))?.status();
    ensure!(status.is_success(), "{url} responds with {status}");
    Ok(())
}
