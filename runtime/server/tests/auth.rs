//! Tokens of viewers, checked by the program.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Program, fetch, get, safelight};
use safelight_local::Issuer;
use serde_json::json;
use std::{fs, net::SocketAddr};
use tempfile::TempDir;

/// An issuer, and a folder that needs its tokens.
struct Stage {
    issuer: Issuer,
    program: Program,
    folder: TempDir,
}

async fn stage() -> Stage {
    let issuer = Issuer::start(0).await.unwrap();
    let folder = TempDir::new().unwrap();
    fs::copy(safelight_images::path("photo.jpg"), folder.path().join("photo.jpg")).unwrap();
    let settings = folder.path().join("authorize.json");
    let mut authorize = issuer.settings();
    authorize["issuers"][0]["oidc"]["scopes"] = json!(["photos"]);
    authorize["issuers"][0]["oidc"]["exifScopes"] = json!(["photos:exif"]);
    authorize["tokenFrom"]["cookies"] = json!(["session"]);
    fs::write(&settings, authorize.to_string()).unwrap();
    let setting = format!("@{}", settings.display());
    let program = Program::serve(folder.path().to_str().unwrap(), &[("SAFELIGHT_AUTHORIZE", &setting)]);
    Stage { issuer, program, folder }
}

impl Stage {
    fn token(&self) -> String {
        self.issuer.mint(&json!({ "scope": "photos" }))
    }
}

async fn with_token(address: SocketAddr, target: &str, token: &str) -> common::Reply {
    fetch(address, "GET", target, &[("authorization", &format!("Bearer {token}"))]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_valid_tokens_are_admitted() {
    let stage = stage().await;
    let address = stage.program.address;
    let good = stage.token();
    let reply = with_token(address, "/photo.jpg?width=30", &good).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "image/jpeg"));
    assert_eq!(reply.header("cache-control"), "private, no-cache");
    // A browser sends the cookie for any site that embeds the image.
    assert_eq!(reply.header("cross-origin-resource-policy"), "same-site");
    assert_eq!(reply.header("vary"), "authorization, cookie, token");
    let auto = with_token(address, "/photo.jpg?format=auto", &good).await;
    assert_eq!(auto.header("vary"), "accept, authorization, cookie, token");
    for (name, value) in [("token", good.clone()), ("cookie", format!("a=b; session={good}"))] {
        assert_eq!(fetch(address, "GET", "/photo.jpg", &[(name, &value)]).await.status, 200, "{name}");
    }
    assert_eq!(get(address, &format!("/photo.jpg?token={good}&width=30")).await.status, 200);

    let other = Issuer::start(0).await.unwrap();
    let mut forged = good.clone();
    forged.replace_range(good.len() - 8..good.len() - 4, "AAAA");
    for (token, status, said) in [
        (String::new(), 401, r#"Bearer realm="safelight""#),
        (forged, 401, r#"Bearer realm="safelight", error="invalid_token""#),
        (
            stage.issuer.mint(&json!({"scope": "photos", "exp": 1})),
            401,
            r#"Bearer realm="safelight", error="invalid_token""#,
        ),
        (other.mint(&json!({"scope": "photos"})), 401, r#"Bearer realm="safelight", error="invalid_token""#),
        (
            other.mint(&json!({"scope": "photos", "iss": stage.issuer.url()})),
            401,
            r#"Bearer realm="safelight", error="invalid_token""#,
        ),
        (
            stage.issuer.mint(&json!({"scope": "films"})),
            403,
            r#"Bearer realm="safelight", error="insufficient_scope""#,
        ),
    ] {
        // The response does not reveal whether the image exists.
        for target in ["/photo.jpg", "/none.jpg", "/photo.jpg?width=x"] {
            let reply = with_token(address, target, &token).await;
            assert_eq!((reply.status, reply.header("www-authenticate")), (status, said), "{target} {token}");
            assert_eq!(reply.header("cache-control"), "no-store");
            assert_eq!(reply.header("content-type"), "application/problem+json");
            assert!(!reply.text().contains("signature"), "{}", reply.text());
        }
    }
    // Tokens of another issuer, and forged ones of a known key, cause no fetch.
    assert_eq!((other.fetches(), stage.issuer.fetches()), (0, 1));
    assert_eq!(with_token(address, "/none.jpg", &good).await.status, 404);
    assert_eq!(get(address, "/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_shows_all_exif() {
    let stage = stage().await;
    let show = async |scope: &str| {
        let token = stage.issuer.mint(&json!({ "scope": scope }));
        let reply = with_token(stage.program.address, "/photo.jpg?showExif=1", &token).await;
        assert_eq!((reply.status, reply.header("cache-control")), (200, "private, no-cache"));
        (reply.header("etag").to_owned(), serde_json::from_str::<serde_json::Value>(reply.text()).unwrap())
    };
    let (harmless_tag, harmless) = show("photos").await;
    assert!(harmless.get("GPSInfo").is_none(), "{harmless}");
    let withheld = harmless["withheld"].as_array().unwrap();
    assert!(withheld.contains(&json!("GPSInfo.GPSLatitude")), "{harmless}");
    let (all_tag, all) = show("photos photos:exif").await;
    assert!(all["GPSInfo"]["GPSLatitude"].is_array() && all.get("withheld").is_none(), "{all}");
    // What one viewer may see must not be taken for what another one saw.
    assert_ne!(harmless_tag, all_tag);
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_limit_paths_presets_and_exif() {
    let issuer = Issuer::start(0).await.unwrap();
    let folder = TempDir::new().unwrap();
    for name in ["team", "public"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::copy(safelight_images::path("photo.jpg"), folder.path().join(name).join("photo.jpg")).unwrap();
    }
    let mut authorize = issuer.settings();
    authorize["rights"] = json!([
        { "claim": "groups", "values": ["staff"], "paths": ["/"], "exif": true },
        { "claim": "groups", "values": ["guests"], "paths": ["/public"], "presets": ["card"] },
    ]);
    let file = format!("source = '{}'\n[presets]\ncard = 'width=30'\n", folder.path().display());
    let variables = [("SAFELIGHT_AUTHORIZE", authorize.to_string()), ("SAFELIGHT_CONFIG", file)];
    let mut command = safelight(&["serve", "--listen", "127.0.0.1:0"]);
    let mut program = Program::start(command.envs(variables));
    let mut subjects = Vec::new();
    for (group, target, status) in [
        ("staff", "/team/photo.jpg?width=40", 200),
        ("guests", "/public/photo.jpg?preset=card", 200),
        ("guests", "/%70ublic/photo.jpg?preset=card&v=1", 200),
        ("guests", "/public/photo.jpg?preset=card&width=40", 403),
        ("guests", "/public/photo.jpg", 403),
        ("guests", "/team/photo.jpg?preset=card", 403),
        ("guests", "/public/../team/photo.jpg?preset=card", 403),
        ("guests", "/public/..%2Fteam/photo.jpg?preset=card", 403),
        ("strangers", "/public/photo.jpg?preset=card", 403),
    ] {
        let token = issuer.mint(&json!({ "groups": [group], "sub": group }));
        let reply = with_token(program.address, target, &token).await;
        assert_eq!(reply.status, status, "{group} {target}");
        let line = program.request_line();
        assert_eq!(
            (&line["status"], line["subject"].as_str().unwrap().len()),
            (&json!(status), 24),
            "{line}"
        );
        subjects.push(line["subject"].clone());
    }
    subjects.dedup();
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    let staff = issuer.mint(&json!({ "groups": "staff" }));
    let exif = with_token(program.address, "/team/photo.jpg?showExif=1", &staff).await;
    assert!(exif.json()["GPSInfo"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_name_the_viewers_that_the_operator_names() {
    let issuer = Issuer::start(0).await.unwrap();
    let variables = [
        ("SAFELIGHT_AUTHORIZE", issuer.settings().to_string()),
        ("SAFELIGHT_LOG_SUBJECT", "plain".to_owned()),
        ("SAFELIGHT_METRICS_SUBJECTS", "ann,eve".to_owned()),
        ("SAFELIGHT_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
    ];
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let program = Program::serve(safelight_images::folder().to_str().unwrap(), &variables);
    for subject in ["ann", "bob", "ann", "other"] {
        let token = issuer.mint(&json!({ "sub": subject }));
        assert_eq!(with_token(program.address, "/photo.jpg?width=9", &token).await.status, 200);
    }
    assert_eq!(get(program.address, "/photo.jpg").await.status, 401);
    let metrics = get(program.admin_address(), "/metrics").await;
    let count =
        |line: &'_ str| line.strip_prefix("safelight_subject_requests_total{subject=").map(str::to_owned);
    let mut counts: Vec<_> = metrics.text().lines().filter_map(count).collect();
    counts.sort_unstable();
    assert_eq!(counts, ["\"ann\"} 2", "\"eve\"} 0", "\"other\"} 3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_no_token() {
    let mut stage = stage().await;
    let token = stage.token();
    let part = token.rsplit('.').next().unwrap();
    get(stage.program.address, &format!("/photo.jpg?token={token}&width=30")).await;
    let line = stage.program.request_line();
    assert_eq!((&line["query"], &line["status"]), (&"width=30".into(), &200.into()));
    assert!(!line.to_string().contains(part), "{line}");
    get(stage.program.address, &format!("/photo.jpg?token={}x", &token)).await;
    let line = stage.program.request_line();
    assert_eq!((&line["status"], &line["kind"]), (&401.into(), &"unauthorized".into()));
    assert!(line["error"].as_str().unwrap().starts_with("missing or invalid token: "), "{line}");
    assert!(!line.to_string().contains(part), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_and_are_fetched_once_for_all_waiting_requests() {
    let stage = stage().await;
    let address = stage.program.address;
    for round in 1..=2 {
        stage.issuer.rotate();
        let token = stage.token();
        let viewers = (0..16).map(|_| with_token(address, "/photo.jpg?width=30", &token));
        for reply in futures_util::future::join_all(viewers).await {
            assert_eq!(reply.status, 200);
        }
        assert_eq!(stage.issuer.fetches(), round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_checked_is_503() {
    let stage = stage().await;
    stage.issuer.set_down(true);
    let reply = with_token(stage.program.address, "/photo.jpg", &stage.token()).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, "10"));
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(get(stage.program.address, "/photo.jpg").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn preflight_needs_no_token() {
    let stage = stage().await;
    let headers = [
        ("origin", "https://viewer.example"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization, token"),
    ];
    let reply = fetch(stage.program.address, "OPTIONS", "/photo.jpg", &headers).await;
    assert_eq!((reply.status, reply.header("access-control-allow-headers")), (200, "authorization, token"));
    let rejected = fetch(stage.program.address, "GET", "/photo.jpg", &headers[..1]).await;
    assert_eq!((rejected.status, rejected.header("access-control-allow-origin")), (401, "*"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_none_needs_no_token() {
    let stage = stage().await;
    let setting = [("SAFELIGHT_AUTHORIZE", r#"{"mode": "none"}"#)];
    let open = Program::serve(stage.folder.path().to_str().unwrap(), &setting);
    let reply = with_token(open.address, "/photo.jpg", "anything").await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "public, max-age=86400"));
    assert_eq!(reply.header("vary"), "");
    assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
}
