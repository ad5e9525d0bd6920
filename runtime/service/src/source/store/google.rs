//! Google Cloud Storage: its settings in the environment.

use object_store::gcp::GoogleCloudStorageBuilder;
use std::env;

/// The credentials that can be used.
pub(super) const CREDENTIALS: &str = "set GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT_KEY, or log in by \
                                      gcloud auth application-default login";

/// Returns a builder with the settings that `gcloud` and Google's libraries read.
pub(super) fn builder() -> GoogleCloudStorageBuilder {
    let builder = GoogleCloudStorageBuilder::from_env();
    match env::var("STORAGE_EMULATOR_HOST") {
        // An emulator knows no accounts.
        Ok(host) if !host.is_empty() => builder.with_base_url(&emulator_url(&host)).with_skip_signature(true),
        _ => builder,
    }
}

/// Returns the URL of the emulator at `host`, with or without a scheme, as Google's libraries read it.
fn emulator_url(host: &str) -> String {
    let host = host.trim_end_matches('/');
    if host.contains("://") { host.to_owned() } else { format!("http://{host}") }
}
