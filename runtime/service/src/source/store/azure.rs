//! Azure Blob Storage: its settings in the environment.

use crate::StartError;
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use std::env;

/// The credentials that can be used.
pub(super) const CREDENTIALS: &str = "set AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or \
                                      AZURE_STORAGE_SAS_TOKEN, or use a managed identity";

/// The variable with a connection string.
const CONNECTION_STRING: &str = "AZURE_STORAGE_CONNECTION_STRING";

/// Returns a builder with the settings that `az` and Azure's libraries read.
///
/// # Errors
/// [`StartError::Secret`] for an invalid connection string.
pub(super) fn builder() -> Result<MicrosoftAzureBuilder, StartError> {
    from_variables(MicrosoftAzureBuilder::from_env(), |name| env::var(name).ok())
}

fn from_variables(
    mut builder: MicrosoftAzureBuilder,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<MicrosoftAzureBuilder, StartError> {
    // Names that `object_store` does not know.
    let names = [
        ("AZURE_STORAGE_ACCOUNT", AzureConfigKey::AccountName),
        ("AZURE_STORAGE_KEY", AzureConfigKey::AccessKey),
    ];
    for (name, key) in names {
        if let Some(value) = variable(name).filter(|_| builder.get_config_value(&key).is_none()) {
            builder = builder.with_config(key, value);
        }
    }
    if let Some(text) = variable(CONNECTION_STRING) {
        builder = with_connection_string(builder, &text)?;
    }
    let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint).unwrap_or_default();
    // The operator chose it.
    Ok(if endpoint.starts_with("http://") { builder.with_allow_http(true) } else { builder })
}

/// Applies a connection string ("Configure Azure Storage connection strings"), which comes before other settings.
fn with_connection_string(
    builder: MicrosoftAzureBuilder,
    text: &str,
) -> Result<MicrosoftAzureBuilder, StartError> {
    let invalid = || StartError::Secret {
        setting: CONNECTION_STRING,
        expected: "AccountName=…;AccountKey=…, or SharedAccessSignature instead of the key, with BlobEndpoint or \
                   EndpointSuffix where needed, or UseDevelopmentStorage=true",
    };
    let mut pairs = Vec::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        pairs.push(part.split_once('=').ok_or_else(invalid)?);
    }
    let get = |name: &str| {
        let found = pairs.iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    };
    if get("UseDevelopmentStorage") == Some("true") {
        return Ok(builder.with_use_emulator(true));
    }
    let blob_endpoint = get("BlobEndpoint").map(str::to_owned);
    let account = get("AccountName").or_else(|| blob_endpoint.as_deref().and_then(account_of));
    let account = account.ok_or_else(invalid)?;
    let endpoint = blob_endpoint.clone().or_else(|| {
        let protocol = get("DefaultEndpointsProtocol").unwrap_or("https");
        get("EndpointSuffix").map(|suffix| format!("{protocol}://{account}.blob.{suffix}"))
    });
    let builder = builder.with_account(account);
    let builder = match endpoint {
        Some(endpoint) => builder.with_endpoint(endpoint),
        None => builder,
    };
    match (get("AccountKey"), get("SharedAccessSignature")) {
        (Some(key), _) => Ok(builder.with_access_key(key)),
        (None, Some(signature)) => Ok(builder.with_config(AzureConfigKey::SasKey, signature)),
        (None, None) => Err(invalid()),
    }
}

/// Returns the account in the URL of its endpoint, `https://account.blob.…`.
fn account_of(endpoint: &str) -> Option<&str> {
    endpoint.split_once("://")?.1.split_once(".blob.").map(|(account, _)| account)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [AzureConfigKey; 4] = [
        AzureConfigKey::AccountName,
        AzureConfigKey::AccessKey,
        AzureConfigKey::SasKey,
        AzureConfigKey::Endpoint,
    ];

    fn check(variables: &[(&str, &str)], expected: [Option<&str>; 4]) {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let builder = from_variables(MicrosoftAzureBuilder::new(), variable).unwrap();
        let found = KEYS.map(|key| builder.get_config_value(&key));
        assert_eq!(found.each_ref().map(Option::as_deref), expected, "{variables:?}");
    }

    #[test]
    fn accounts_are_found_where_az_finds_them() {
        let account = ("AZURE_STORAGE_ACCOUNT", "a");
        check(&[account, ("AZURE_STORAGE_KEY", "a2V5")], [Some("a"), Some("a2V5"), None, None]);
        let full =
            "DefaultEndpointsProtocol=https;AccountName=b;AccountKey=a2V5==;EndpointSuffix=core.example";
        let endpoint = Some("https://b.blob.core.example");
        check(&[account, (CONNECTION_STRING, full)], [Some("b"), Some("a2V5=="), None, endpoint]);
        let signed = "BlobEndpoint=https://c.blob.core.example;SharedAccessSignature=sv=1&sig=x%3D";
        let endpoint = Some("https://c.blob.core.example");
        check(&[(CONNECTION_STRING, signed)], [Some("c"), None, Some("sv=1&sig=x%3D"), endpoint]);
    }

    #[test]
    fn an_invalid_connection_string_is_not_repeated() {
        for text in ["AccountName=a;s3cret", "AccountKey=s3cret", "AccountName=s3cret"] {
            let error = from_variables(MicrosoftAzureBuilder::new(), |name| {
                (name == CONNECTION_STRING).then(|| text.to_owned())
            });
            let text = error.map(|_| ()).unwrap_err().to_string();
            assert!(text.contains(CONNECTION_STRING) && !text.contains("s3cret"), "{text}");
        }
    }
}
