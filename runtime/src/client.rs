//! The client of everything that is read over HTTP, but for buckets, which `object_store` reads.

use reqwest::{Client, redirect::Policy};
use std::time::Duration;

/// A connection that takes longer will not come about.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client that follows nobody elsewhere, and gives up connections that nobody used for `idle`.
///
/// # Errors
/// If the system has no certificates to trust.
pub(crate) fn client(idle: Duration) -> Result<Client, reqwest::Error> {
    // An error means that the process chose a provider before, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(idle)
        .build()
}
