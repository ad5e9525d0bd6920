//! What is served at the moment: it is replaced as a whole when the configuration is read again.

use crate::admin::Readiness;
use axum::Router;
use safelight_service::site::Routes;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::watch, time};
use tracing::{info, warn};

/// The images, and the routes of the web door to them.
#[derive(Clone)]
pub struct Site {
    /// The images.
    pub routes: Routes,
    /// The routes.
    pub router: Router,
}

/// What is served at the moment.
#[derive(Clone)]
pub struct Live(watch::Sender<Site>);

impl Live {
    /// Serves `site`.
    pub fn new(site: Site) -> Self {
        Self(watch::Sender::new(site))
    }

    /// Serves `site` from the next request on. Requests in flight end as they began.
    pub fn replace(&self, site: Site) {
        self.0.send_replace(site);
    }

    /// Returns the router for a request that arrives now.
    pub fn router(&self) -> Router {
        self.0.borrow().router.clone()
    }

    fn routes(&self) -> Routes {
        self.0.borrow().routes.clone()
    }
}

/// Whether the source could be read when it was checked last.
#[derive(Debug)]
pub struct Reachable(AtomicBool);

impl Reachable {
    /// Checks the source of `live` after each `interval`, in a task of the runtime, until the process ends.
    pub fn watch(live: Live, interval: Duration) -> Arc<Self> {
        let reachable = Arc::new(Self(AtomicBool::new(true)));
        let own = reachable.clone();
        tokio::spawn(async move {
            loop {
                time::sleep(interval).await;
                let result = live.routes().check().await;
                let was_reachable = own.0.swap(result.is_ok(), Ordering::Relaxed);
                match result {
                    Err(error) if was_reachable => {
                        warn!(error = safelight_service::log::chain(&error), "the source cannot be read");
                    }
                    Ok(()) if !was_reachable => info!("the source can be read again"),
                    _ => (),
                }
            }
        });
        reachable
    }
}

impl Readiness for Reachable {
    fn obstacle(&self) -> Option<&'static str> {
        (!self.0.load(Ordering::Relaxed)).then_some("the source cannot be read")
    }
}
