//! Connections of the HTTP door: accepted, bounded in number and in time, and let finish at the end.

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

/// Most bytes that a connection holds of a request's head, or of an answer that the client does not
/// take; one chunk of the answer may come on top.
const MAX_BUFFER: usize = 64 << 10;

/// Bounds on what connections may take.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Most connections at a time; more wait to be accepted. Defaults to 1024.
    pub max_connections: usize,
    /// How long a request's head may take, and a connection may idle between two. Defaults to 75
    /// seconds: longer than the proxy in front keeps one, or it would meet closed ones (CloudFront
    /// 5 s, AWS load balancers 60 s).
    pub header_timeout: Duration,
    /// How long a client may take nothing of what is sent to it. Defaults to 60 seconds.
    pub client_timeout: Duration,
    /// How long, after `stop`, requests in flight may take to finish. Defaults to 30 seconds.
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

/// Serves `router` on `listener` until `stop` is done, and then what is in flight until that is.
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
            // Fails only if the semaphore is closed, which nobody does.
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
        warn!("requests in flight are given up");
        connections.shutdown().await;
    }
}

/// The next connection. Out of file descriptors, say, there is none for a while, but later there is.
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
    // Answers are written in large pieces: waiting to fill a packet would only delay their ends.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "nodelay");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.client_timeout));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router))
}
