//! A toy format, sources that tell what was read of them, and a client that sees every byte.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part of this")]

mod client;
mod memory;
mod program;
mod toy;

pub(crate) use client::{Reply, fetch, get, read, send};
pub(crate) use memory::Memory;
pub(crate) use program::{Program, run, safelight, signal};
pub(crate) use toy::{TOY, toy};

use safelight_core::{Registry, Settings};
use safelight_runtime::{
    doors::{
        connections::{ConnectionLimits, serve},
        http::{Served, Site, router},
    },
    handle::Service,
    source::Origin,
    workshop::{Workshop, WorkshopLimits},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// A server in this process, on a port of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) done: JoinHandle<()>,
}

/// Serves `origin` with the toy transforms.
pub(crate) async fn start(origin: Arc<dyn Origin>) -> Server {
    start_with(service(TOY), origin, ConnectionLimits::default()).await
}

pub(crate) async fn start_with(
    service: Service,
    origin: Arc<dyn Origin>,
    limits: ConnectionLimits,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let site = Site { service, origin: Served::Pictures(origin), guard: None };
    let done = tokio::spawn(serve(listener, router(site), limits, async move {
        let _ = stopped.await;
    }));
    Server { address, stop, done }
}

pub(crate) fn service(registry: Registry) -> Service {
    let workshop = Arc::new(Workshop::new(WorkshopLimits::default()));
    Service { registry, settings: Settings::default(), source_timeout: Duration::from_secs(30), workshop }
}
