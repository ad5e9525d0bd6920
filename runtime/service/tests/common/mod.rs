//! A toy format, sources that count what is read of them, a client that sees every byte, and a server that
//! is only as much as the client needs.
//!
//! Tests of `runtime/server` use them too.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part of this")]

mod client;
mod memory;
mod toy;
mod upstream;

pub(crate) use client::{Reply, fetch, get, read, send};
pub(crate) use memory::Memory;
pub(crate) use toy::{TOY, toy};
pub(crate) use upstream::{Upstream, response};

use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use safelight_core::{Registry, Settings};
use safelight_service::{
    auth::LogSubject,
    cache_control::{CacheSettings, Fallback},
    decode_pool::{DecodePool, PoolLimits},
    dialect::Dialects,
    handle::{RuleSettings, Rules, Service},
    sides::Sides,
    site::Routes,
    source::Origin,
    streaming::Streaming,
    web::{Site, router},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// A server in this process, on a port of its own. It ends with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
}

/// Serves `origin` with the toy transforms.
pub(crate) async fn start(origin: Arc<dyn Origin>) -> Server {
    start_with(service(TOY), origin).await
}

pub(crate) async fn start_with(service: Service, origin: Arc<dyn Origin>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let images = Routes::single(service, origin);
    let router = router(Site {
        routes: images,
        auth: None,
        log_subject: LogSubject::default(),
        signatures: None,
        dialects: Dialects::default(),
        states_range_length: false,
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .max_buf_size(64 << 10)
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
            tokio::spawn(connection);
        }
    });
    Server { address }
}

pub(crate) fn service(registry: Registry) -> Service {
    let decode_pool = Arc::new(DecodePool::new(PoolLimits::default()));
    Service {
        registry,
        settings: Settings::default(),
        rules: Arc::new(Rules::new(RuleSettings::default(), registry.params()).unwrap()),
        source_timeout: Duration::from_secs(30),
        cache: CacheSettings::default(),
        fallback: Fallback::default(),
        has_client_hints: false,
        decode_pool,
        metrics: Arc::default(),
        results: Arc::default(),
        is_checked_by_cdn: false,
        streaming: Streaming::default(),
        sides: Sides::default(),
    }
}
