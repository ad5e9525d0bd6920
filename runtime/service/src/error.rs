//! Errors at start. Errors of a request are [`safelight_core::Error`].

use std::{io, path::PathBuf};

/// Reasons for which a source cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder does not exist, is not a folder, or may not be read.
    #[error("cannot open the folder {}", path.display())]
    Folder {
        /// Path as it was given.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// The folder of fonts cannot be used.
    #[error("cannot use the fonts in {}: expected a readable folder of TrueType or OpenType fonts", path.display())]
    Fonts {
        /// Path as it was given.
        path: PathBuf,
        /// What is wrong.
        source: io::Error,
    },
    /// The URL has an unsupported scheme.
    #[error(
        "unsupported source {url:?}: expected a folder, s3://, gs://, az://, https:// or healthimaging://"
    )]
    Url {
        /// URL as it was given.
        url: String,
    },
    /// The URL has a user name or a password, which this message omits.
    #[error("{scheme} source with a user name or a password: expected a URL without them")]
    User {
        /// Scheme of the URL.
        scheme: String,
    },
    /// A setting has an invalid value.
    #[error("{setting}: invalid value {value:?}: expected {expected}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// Value as it was given.
        value: String,
        /// Form of a valid value.
        expected: &'static str,
    },
    /// A setting has a value that cannot be parsed.
    #[error("{setting}: invalid value {value:?}: {reason}")]
    Text {
        /// Name of the setting.
        setting: &'static str,
        /// Value as it was given.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An origin cannot be served.
    #[error("origin {prefix}")]
    Origin {
        /// Prefix of the origin.
        prefix: String,
        /// The reason.
        source: Box<StartError>,
    },
    /// There is nothing to serve.
    #[error("no images to serve: expected a source, or origins in the configuration file")]
    NoSource,
    /// A secret setting has an invalid value, which this message omits.
    #[error("{setting}: invalid value: expected {expected}")]
    Secret {
        /// Name of the setting.
        setting: &'static str,
        /// Form of a valid value.
        expected: &'static str,
    },
    /// The profile of AWS's configuration files has no credentials that can be used.
    #[error("profile {profile:?}: {problem}")]
    Profile {
        /// Name of the profile.
        profile: String,
        /// The problem, and what would be right.
        problem: String,
    },
    /// The source cannot be read.
    #[error("cannot read the source (--no-source-check starts without this check)")]
    Source(#[source] safelight_core::Error),
    /// The HTTPS client cannot be created.
    #[error("cannot create an HTTPS client")]
    Client(#[from] reqwest::Error),
    /// The program cannot start isolated processes.
    #[error("cannot run codecs in isolated processes")]
    Isolation(#[source] std::io::Error),
    /// The rules for queries do not fit the parameters.
    #[error(transparent)]
    Rules(#[from] safelight_edge::config::ConfigError),
    /// The settings of the store are incomplete or contradict each other.
    #[error("cannot configure the store")]
    Store(#[from] object_store::Error),
}

impl StartError {
    /// The error of the origin at `prefix`.
    pub(crate) fn of_origin(prefix: &str, source: Self) -> Self {
        Self::Origin { prefix: prefix.to_owned(), source: Box::new(source) }
    }

    pub(crate) fn setting(setting: &'static str, value: &str, expected: &'static str) -> Self {
        Self::Setting { setting, value: value.to_owned(), expected }
    }
}
