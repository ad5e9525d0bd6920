//! Connections: limited in number and in time, and finished at a graceful shutdown.
//!
//! [`serve`] accepts, `slots` decides which connections may stay, `drive` runs one of them, and `phase` knows
//! whether it has a request in flight.

pub mod descriptors;
mod networks;
mod slots;
mod phase;
mod drive;

pub use networks::{NetworkError, Networks, PRIVATE_NETWORKS};
pub use slots::{Connections, Counts, Reason};

use axum::Router;
use phase::Phase;
use slots::Slot;
use std::{net::IpAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::watch,
    task::JoinSet,
    time::{self, Instant},
};
use tracing::{info, warn};

/// Limits of connections.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Maximum connections at a time. Above it, the connection that has waited longest for a request is closed; if
    /// all have requests in flight, new ones wait. Defaults to 1024.
    pub max_connections: usize,
    /// Maximum connections of one client: of an IPv4 address, or of an IPv6 network of 64 bits, which is what one
    /// customer has. Above it, the client's connection that has waited longest is closed, or the new one.
    /// Defaults to `None`: a quarter of `max_connections`, but at least 16, which browsers need.
    pub max_per_address: Option<usize>,
    /// The networks that `max_per_address` does not apply to. Defaults to [`PRIVATE_NETWORKS`].
    pub trusted_proxies: Networks,
    /// Maximum time for the first byte of a new connection. Defaults to 10 seconds.
    pub first_byte_timeout: Duration,
    /// Maximum time from the first byte of a request's head to its last. Defaults to 30 seconds.
    pub header_timeout: Duration,
    /// Maximum time without a byte between two requests. Defaults to 75 seconds: longer than a proxy in front keeps
    /// idle connections (CloudFront 5 s, AWS load balancers 60 s), so the proxy never uses a closed one.
    pub keep_alive_timeout: Duration,
    /// Maximum time during which a client reads nothing of its response. Defaults to 60 seconds.
    pub client_timeout: Duration,
    /// Maximum time for requests in flight to finish after `stop`. Defaults to 30 seconds.
    pub shutdown_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_per_address: None,
            trusted_proxies: Networks::default(),
            first_byte_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(75),
            client_timeout: Duration::from_mins(1),
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

impl ConnectionLimits {
    /// Returns the maximum connections of one client, even if the limit is not set.
    pub fn max_per_address(&self) -> usize {
        const MIN: usize = 16;
        self.max_per_address.unwrap_or((self.max_connections / 4).max(MIN))
    }

    /// Returns the maximum time in a phase, and the reason that ends the connection after it.
    fn timeout(&self, phase: Phase) -> Option<(Duration, Reason)> {
        match phase {
            Phase::New => Some((self.first_byte_timeout, Reason::FirstByteTimeout)),
            Phase::Head => Some((self.header_timeout, Reason::HeaderTimeout)),
            Phase::Idle => Some((self.keep_alive_timeout, Reason::KeepAliveTimeout)),
            // The source and the client have timeouts of their own.
            Phase::InFlight | Phase::Flushing => None,
        }
    }
}

/// Serves each request by what `router` then returns, on `listener` until `stop` completes, and then the requests in
/// flight.
pub async fn serve(
    listener: TcpListener,
    router: impl Fn() -> Router + Clone + Send + Sync + 'static,
    connections: Arc<Connections>,
    stop: impl Future<Output = ()>,
) {
    let (stopped, stopping) = watch::channel(());
    let mut tasks = JoinSet::new();
    let mut stop = pin!(stop);
    let mut rejections = Rejections { next_line: Instant::now() };
    loop {
        let admitted = async {
            let (stream, client) = accept(&listener).await;
            (stream, client, connections.admit(client).await)
        };
        let (stream, client, slot) = select! {
            admitted = admitted => admitted,
            () = &mut stop => break,
        };
        while tasks.try_join_next().is_some() {}
        match slot {
            Some(slot) => drop(tasks.spawn(run(stream, client, router.clone(), slot, stopping.clone()))),
            None => rejections.log(client, &connections),
        }
    }

    drop((listener, stopping));
    info!(connections = tasks.len(), in_flight = connections.counts().in_flight, "stopping");
    // The connections notice that the sender is gone.
    drop(stopped);
    let finished = async { while tasks.join_next().await.is_some() {} };
    if time::timeout(connections.limits().shutdown_timeout, finished).await.is_err() {
        warn!("requests in flight were aborted");
        tasks.shutdown().await;
    }
}

/// The lines about connections that were rejected because their client has too many.
struct Rejections {
    next_line: Instant,
}

impl Rejections {
    /// Logs a rejection, unless there was a line within the last second: attempts cost a client little, and must not
    /// fill the log.
    fn log(&mut self, client: IpAddr, connections: &Connections) {
        let now = Instant::now();
        if self.next_line <= now {
            let rejected = connections.counts().closed(Reason::AddressLimit);
            info!(%client, rejected, "too many connections from one address");
            self.next_line = now + Duration::from_secs(1);
        }
    }
}

/// Accepts a connection. An error, such as a lack of file descriptors, may be temporary, so it retries.
async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, address.ip().to_canonical()),
            Err(error) => {
                warn!(%error, "accept");
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Runs one connection to its end.
async fn run(
    stream: TcpStream,
    client: IpAddr,
    router: impl Fn() -> Router + Sync,
    mut slot: Slot,
    stopping: watch::Receiver<()>,
) {
    let reason = drive::drive(stream, client, router, &mut slot, stopping).await;
    slot.close(reason);
}
