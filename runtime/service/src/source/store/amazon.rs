//! Amazon S3: its settings in the environment and in the profiles of AWS's tools.
//!
//! `object_store` reads the environment only. The form of the files is that of the "AWS SDKs and Tools Reference
//! Guide", "Shared config and credentials files".

use crate::{StartError, source::Amazon};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use std::{collections::HashMap, env, fs, path::PathBuf};

/// The credentials that can be used.
pub(super) const CREDENTIALS: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE";

/// Name of the profile if none is chosen.
const DEFAULT: &str = "default";

/// Settings of a profile that stand for credentials of other forms.
const UNSUPPORTED: [&str; 8] = [
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "credential_process",
    "credential_source",
    "source_profile",
    "login_session",
    "role_arn",
];

/// Returns a builder with the settings of the environment, and of the profile that it names.
///
/// # Errors
/// [`StartError::Profile`] if that profile is missing, or has credentials of an unsupported form.
pub(crate) fn builder() -> Result<AmazonS3Builder, StartError> {
    from_variables(AmazonS3Builder::from_env(), |name| env::var(name).ok().filter(|value| !value.is_empty()))
}

/// Returns a builder as [`builder`], with the settings of one bucket instead of those of the environment.
///
/// # Errors
/// As for [`builder`].
pub(super) fn builder_for(bucket: &Amazon) -> Result<AmazonS3Builder, StartError> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let mut builder = match &bucket.profile {
        // Credentials of the environment would take precedence.
        Some(_) => AmazonS3Builder::new(),
        None => AmazonS3Builder::from_env(),
    };
    for (key, value) in
        [(AmazonS3ConfigKey::Region, &bucket.region), (AmazonS3ConfigKey::Endpoint, &bucket.endpoint)]
    {
        if let Some(value) = value {
            builder = builder.with_config(key, value);
        }
    }
    from_variables(builder, |name| match (&bucket.profile, name) {
        (Some(profile), "AWS_PROFILE") => Some(profile.clone()),
        _ => variable(name),
    })
}

fn from_variables(
    builder: AmazonS3Builder,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<AmazonS3Builder, StartError> {
    let builder = match Profile::load(&variable)? {
        Some(profile) => profile.apply(builder)?,
        None => builder,
    };
    let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint];
    let endpoint = endpoint.iter().find_map(|key| builder.get_config_value(key));
    // The operator chose it.
    Ok(match endpoint {
        Some(endpoint) if endpoint.starts_with("http://") => builder.with_allow_http(true),
        _ => builder,
    })
}

/// The settings of one profile.
#[derive(Debug)]
struct Profile {
    name: String,
    values: HashMap<String, String>,
}

impl Profile {
    /// Reads the profile that is chosen, from both files. `None` if none is chosen and there is no default.
    fn load(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, StartError> {
        let file = |name: &str, own: &str| {
            let home = || variable("HOME").or_else(|| variable("USERPROFILE"));
            variable(name).map(PathBuf::from).or_else(|| Some(PathBuf::from(home()?).join(".aws").join(own)))
        };
        let config = file("AWS_CONFIG_FILE", "config");
        let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let chosen = variable("AWS_PROFILE");
        let name = chosen.clone().unwrap_or_else(|| DEFAULT.to_owned());

        let read = |path: &Option<PathBuf>| path.as_ref().and_then(|path| fs::read_to_string(path).ok());
        let mut values = HashMap::new();
        let mut is_found = false;
        for (path, prefix) in [(&config, "profile "), (&credentials, "")] {
            let Some(text) = read(path) else { continue };
            let is_own = |section: &str| {
                section.strip_prefix(prefix).is_some_and(|own| own.trim() == name)
                    || (name == DEFAULT && section == DEFAULT)
            };
            is_found |= settings(&text, is_own, &mut values);
        }
        if is_found {
            return Ok(Some(Self { name, values }));
        }
        let Some(profile) = chosen else { return Ok(None) };
        let files = [config, credentials].into_iter().flatten().map(|path| path.display().to_string());
        let files = files.collect::<Vec<_>>().join(" and ");
        Err(StartError::Profile {
            profile,
            problem: format!("missing in {files}: expected AWS_PROFILE to name one"),
        })
    }

    /// Adds the profile to `builder`, whose settings from the environment come first.
    fn apply(mut self, mut builder: AmazonS3Builder) -> Result<AmazonS3Builder, StartError> {
        use AmazonS3ConfigKey::{
            AccessKeyId, DefaultRegion, Endpoint, Region, RoleArn, RoleSessionName, S3Endpoint,
            SecretAccessKey, Token, WebIdentityTokenFile,
        };
        let is_set = |builder: &AmazonS3Builder, keys: &[AmazonS3ConfigKey]| {
            keys.iter().any(|key| builder.get_config_value(key).is_some())
        };
        if !is_set(&builder, &[AccessKeyId, SecretAccessKey]) {
            let keys: &[(&str, AmazonS3ConfigKey)] = if self.values.contains_key("aws_access_key_id") {
                &[
                    ("aws_access_key_id", AccessKeyId),
                    ("aws_secret_access_key", SecretAccessKey),
                    ("aws_session_token", Token),
                ]
            } else if self.values.contains_key("web_identity_token_file") {
                &[
                    ("web_identity_token_file", WebIdentityTokenFile),
                    ("role_arn", RoleArn),
                    ("role_session_name", RoleSessionName),
                ]
            } else if let Some(name) = UNSUPPORTED.iter().find(|name| self.values.contains_key(**name)) {
                return Err(self.unsupported(name));
            } else {
                &[]
            };
            for (name, key) in keys {
                if let Some(value) = self.values.remove(*name) {
                    builder = builder.with_config(*key, value);
                }
            }
        }
        for (name, key, same) in
            [("region", Region, [Region, DefaultRegion]), ("endpoint_url", Endpoint, [Endpoint, S3Endpoint])]
        {
            if let Some(value) = self.values.remove(name).filter(|_| !is_set(&builder, &same)) {
                builder = builder.with_config(key, value);
            }
        }
        Ok(builder)
    }

    fn unsupported(self, setting: &str) -> StartError {
        let Self { name: profile, .. } = self;
        let problem = format!(
            "unsupported credentials {setting}: expected aws_access_key_id with aws_secret_access_key, or \
             web_identity_token_file with role_arn; aws configure export-credentials --profile {profile} --format env \
             prints variables that can be set instead"
        );
        StartError::Profile { profile, problem }
    }
}

/// Adds the settings of the sections whose name `is_own` to `values`. Returns whether there is one.
fn settings(text: &str, is_own: impl Fn(&str) -> bool, values: &mut HashMap<String, String>) -> bool {
    let mut is_found = false;
    let mut is_in = false;
    for line in text.lines() {
        let trimmed = line.trim();
        // An indented line belongs to a nested setting, such as `s3 =`.
        if trimmed.is_empty() || line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        if let Some(section) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            is_in = is_own(section.trim());
            is_found |= is_in;
        } else if let Some((name, value)) = trimmed.split_once('=').filter(|_| is_in) {
            values.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    is_found
}

#[cfg(test)]
mod tests {
    use super::*;
    use AmazonS3ConfigKey::{AccessKeyId, Endpoint, Region, RoleArn, SecretAccessKey, Token};
    use std::fs;

    const CONFIG: &str = "\
# comment
[default]
region = eu-west-1
[profile work]
region=eu-central-1
endpoint_url = http://127.0.0.1:9
s3 =
  max_concurrent_requests = 20
[profile web]
role_arn = arn:aws:iam::1:role/r
web_identity_token_file = /token
[profile sso]
sso_session = s
[profile chained]
role_arn = arn:aws:iam::1:role/r
source_profile = default
";
    const CREDENTIALS: &str = "\
[default]
aws_access_key_id = AKDEFAULT
aws_secret_access_key = a=b/c
[work]
AWS_ACCESS_KEY_ID = AKWORK
aws_secret_access_key = secret
aws_session_token = token
";

    fn read(variables: &[(&str, &str)]) -> Result<AmazonS3Builder, StartError> {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".aws")).unwrap();
        fs::write(home.path().join(".aws/config"), CONFIG).unwrap();
        fs::write(home.path().join(".aws/credentials"), CREDENTIALS).unwrap();
        let home = home.path().to_str().unwrap();
        let variables = [&[("HOME", home)], variables].concat();
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let mut builder = AmazonS3Builder::new();
        for (name, value) in &variables {
            if let Ok(key) = name.to_ascii_lowercase().parse() {
                builder = builder.with_config(key, *value);
            }
        }
        from_variables(builder, variable)
    }

    #[test]
    fn a_profile_is_read_as_the_tools_of_aws_read_it() {
        let check = |variables: &[(&str, &str)], expected: &[(AmazonS3ConfigKey, Option<&str>)]| {
            let builder = read(variables).unwrap();
            for (key, value) in expected {
                assert_eq!(builder.get_config_value(key).as_deref(), *value, "{variables:?} {key:?}");
            }
        };
        check(
            &[],
            &[
                (AccessKeyId, Some("AKDEFAULT")),
                (SecretAccessKey, Some("a=b/c")),
                (Region, Some("eu-west-1")),
            ],
        );
        let work = ("AWS_PROFILE", "work");
        check(
            &[work],
            &[(AccessKeyId, Some("AKWORK")), (Token, Some("token")), (Endpoint, Some("http://127.0.0.1:9"))],
        );
        let keys =
            [work, ("AWS_ACCESS_KEY_ID", "AKENV"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_REGION", "r")];
        check(&keys, &[(AccessKeyId, Some("AKENV")), (Token, None), (Region, Some("r"))]);
        check(&[("AWS_PROFILE", "web")], &[(AccessKeyId, None), (RoleArn, Some("arn:aws:iam::1:role/r"))]);
        let elsewhere = [("AWS_SHARED_CREDENTIALS_FILE", "/nowhere"), ("AWS_CONFIG_FILE", "/nowhere")];
        check(&elsewhere, &[(AccessKeyId, None), (Region, None)]);
    }

    #[test]
    fn an_unsupported_profile_is_rejected() {
        for (profile, problem) in
            [("sso", "sso_session"), ("chained", "source_profile"), ("none", "missing in")]
        {
            let text = read(&[("AWS_PROFILE", profile)]).map(|_| ()).unwrap_err().to_string();
            assert!(text.contains(profile) && text.contains(problem), "{text}");
        }
    }
}
