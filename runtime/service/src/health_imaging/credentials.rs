//! The keys that sign requests, from the same chain as for buckets: environment, profile, web identity, container,
//! instance. They are fetched again five minutes before they expire.

use crate::{StartError, source::store::amazon};
use object_store::{
    RetryConfig,
    aws::{AwsCredential, AwsCredentialProvider},
};
use safelight_core::{Error, Kind, Result};
use safelight_edge::sign::Credentials;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tracing::warn;

/// The longest time for fetching keys: a viewer waits for the result.
const RETRY_TIMEOUT: Duration = Duration::from_secs(5);

/// A provider of keys.
#[derive(Debug)]
pub(super) struct Keys {
    provider: AwsCredentialProvider,
    /// The last keys. They are valid for some minutes after a failure to fetch new ones.
    last: Mutex<Option<Arc<AwsCredential>>>,
}

impl Keys {
    /// Configures the provider from the environment. Fetches nothing yet.
    ///
    /// # Errors
    /// The environment contradicts itself, or its profile cannot be used.
    pub(super) fn from_env() -> Result<Self, StartError> {
        // A store that is never read: it provides the keys.
        let retry = RetryConfig { max_retries: 2, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
        let store = amazon::builder()?.with_bucket_name("none").with_retry(retry).build()?;
        Ok(Self { provider: store.credentials().clone(), last: Mutex::default() })
    }

    /// Returns the current keys.
    ///
    /// # Errors
    /// [`Kind::Upstream`] if no keys can be fetched.
    pub(super) async fn current(&self) -> Result<Credentials> {
        let key = match self.provider.get_credential().await {
            Ok(key) => {
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
                key
            }
            Err(error) => {
                let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let message = "the server has no credentials for HealthImaging";
                let Some(key) = last else {
                    return Err(Error::new(Kind::Upstream, "credentials", message).with_source(error));
                };
                warn!(%error, "credentials");
                key
            }
        };
        Ok(Credentials {
            access_key_id: key.key_id.clone(),
            secret_access_key: key.secret_key.clone(),
            session_token: key.token.clone(),
        })
    }
}
