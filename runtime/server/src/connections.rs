//! Connections: limited in number and in time, and finished at a graceful shutdown.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::Semaphore,
    task::JoinSet,
    time,
};
use tokio_io_timeout::TimeoutStream;
use tracing::{debug, info, warn};

/// Maximum bytes that a connection buffers of a request's head, or of a response that the client does not read; one
/// chunk of the response may be added to it.
const MAX_BUFFER_BYTES: usize = 64 << 10;

/// Limits of connections.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Maximum connections at a time; more wait to be accepted. Defaults to 1024.
    pub max_connections: usize,
    /// Maximum time for a request's head, and for an idle connection. Defaults to 75 seconds: longer than a proxy
    /// in front keeps idle connections (CloudFront 5 s, AWS load balancers 60 s), so the proxy never uses a closed
    /// one.
    pub header_timeout: Duration,
    /// Maximum time during which a client reads nothing of its response. Defaults to 60 seconds.
    pub client_timeout: Duration,
    /// Maximum time for requests in flight to finish after `stop`. Defaults to 30 seconds.
    pub shutdown_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            header_timeout: Duration::from_secs(75),
            client_timeout: Duration::from_mins(1),
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// Serves `router` on `listener` until `stop` completes, and then the requests in flight.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(limits.max_connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            // An error means that the semaphore is closed, which never happens.
            let slot = slots.clone().acquire_owned().await.ok();
            (slot, accept(&listener).await)
        };
        let (slot, stream) = select! {
            accepted = accepted => accepted,
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        let connection = graceful.watch(connect(stream, router.clone(), &limits));
        connections.spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "connection");
            }
            drop(slot);
        });
    }

    drop(listener);
    info!(in_flight = graceful.count(), "stopping");
    if time::timeout(limits.shutdown_timeout, graceful.shutdown()).await.is_err() {
        warn!("requests in flight were aborted");
        connections.shutdown().await;
    }
}

/// Accepts a connection. An error, such as a lack of file descriptors, may be temporary, so it retries.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                warn!(%error, "accept");
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

type Connection = http1::Connection<TokioIo<Pin<Box<TimeoutStream<TcpStream>>>>, TowerToHyperService<Router>>;

fn connect(stream: TcpStream, router: Router, limits: &ConnectionLimits) -> Connection {
    // Responses are written in large pieces: waiting to fill a packet would only delay their ends.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "nodelay");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.client_timeout));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router))
}
