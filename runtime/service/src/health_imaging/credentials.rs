//! The keys that questions are signed with, by the chain that buckets use: environment, web identity,
//! container, instance; fetched again five minutes before they expire.

use object_store::{
    RetryConfig,
    aws::{AmazonS3Builder, AwsCredential, AwsCredentialProvider},
};
use safelight_core::{Error, Kind, Result};
use safelight_edge::sign::Credentials;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tracing::warn;

/// A viewer waits, so a failure to fetch keys must be known soon.
const RETRY_TIMEOUT: Duration = Duration::from_secs(5);

/// Where keys come from.
#[derive(Debug)]
pub(super) struct Keys {
    provider: AwsCredentialProvider,
    /// The last ones, which are good for minutes after a failure to fetch new ones.
    last: Mutex<Option<Arc<AwsCredential>>>,
}

impl Keys {
    /// What the environment says; nothing is fetched yet.
    ///
    /// # Errors
    /// If what it says contradicts itself.
    pub(super) fn from_env() -> Result<Self, object_store::Error> {
        // A store that is never asked, for its keys.
        let retry = RetryConfig { max_retries: 2, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
        let store = AmazonS3Builder::from_env().with_bucket_name("none").with_retry(retry).build()?;
        Ok(Self { provider: store.credentials().clone(), last: Mutex::default() })
    }

    /// The keys of this moment.
    ///
    /// # Errors
    /// [`Kind::Upstream`] if there are none.
    pub(super) async fn current(&self) -> Result<Credentials> {
        let key = match self.provider.get_credential().await {
            Ok(key) => {
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
                key
            }
            Err(error) => {
                let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let none = "has no credentials to ask HealthImaging with";
                let Some(key) = last else {
                    return Err(Error::new(Kind::Upstream, "source", none).with_source(error));
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
