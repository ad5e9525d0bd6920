//! Several origins, lifetimes in caches, images in place of errors, and client hints, from the configuration file to the
//! response.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Program, Reply, Upstream, fetch, get, response, safelight};
use std::fs;
use tempfile::TempDir;

/// Serves by the configuration `file`.
fn serve(file: &str, variables: &[(&str, &str)]) -> Program {
    let mut command = safelight(&["serve", "--listen", "127.0.0.1:0", "--no-source-check"]);
    Program::start(command.env("SAFELIGHT_CONFIG", file).envs(variables.iter().copied()))
}

fn images() -> &'static str {
    safelight_images::folder().to_str().unwrap()
}

fn photo() -> Vec<u8> {
    response("200 OK", "etag: \"1\"\r\n", &safelight_images::read("photo.jpg"))
}

#[track_caller]
fn assert_status(reply: &Reply, status: u16, target: &str) {
    assert_eq!(reply.status, status, "{target}: {}", String::from_utf8_lossy(&reply.body));
}

#[tokio::test]
async fn the_longest_prefix_chooses_the_origin_and_its_rules() {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("archive/2020")).unwrap();
    fs::write(folder.path().join("archive/2020/a b.jpg"), safelight_images::read("photo.jpg")).unwrap();
    let own = folder.path().display();
    let program = serve(
        &format!(
            "source = '{images}'\n\
             [origins.'/team']\nsource = '{own}'\nrewrite = {{ '/old/' = '/archive/' }}\nonly-presets = true\n\
             presets = {{ card = 'width=30&format=png' }}\n\
             [origins.'/team/all']\nsource = '{images}'\nallow = {{ keys = ['width'] }}\nladders = {{ width = [32, 64] }}\n",
            images = images()
        ),
        &[],
    );
    for (target, status) in [
        ("/photo.jpg?height=30", 200),
        ("/team/old/2020/a%20b.jpg?preset=card", 200),
        ("/%74eam/old/2020/a%20b.jpg?preset=card", 200),
        ("/team/archive/2020/a%20b.jpg?preset=card", 200),
        ("/team/old/2020/a%20b.jpg", 400),
        ("/team/old/2020/a%20b.jpg?width=30", 400),
        ("/team/photo.jpg?preset=card", 404),
        ("/team/all/photo.jpg?width=30", 200),
        ("/team/all/photo.jpg?height=30", 400),
        ("/team/all/photo.jpg?preset=card", 400),
        ("/teams/photo.jpg", 404),
        ("/team/../photo.jpg?preset=card", 404),
        ("/team/old/../../photo.jpg?preset=card", 404),
    ] {
        assert_status(&get(program.address, target).await, status, target);
    }
    let png = get(program.address, "/team/old/2020/a%20b.jpg?preset=card").await;
    assert_eq!(png.header("content-type"), "image/png");
    let rounded = get(program.address, "/team/all/photo.jpg?width=20").await;
    let rung = get(program.address, "/photo.jpg?width=32").await;
    assert_eq!((rounded.header("etag"), &rounded.body), (rung.header("etag"), &rung.body));
}

#[tokio::test]
async fn remote_images_are_those_of_named_hosts_only() {
    let upstream = Upstream::start(|_, _| photo()).await;
    let other = Upstream::start(|_, _| photo()).await;
    let (named, unnamed) = (upstream.address, other.address);
    let program =
        serve(&format!("[origins.'/remote']\nhosts = ['http://{named}', 'images.example.org']\n"), &[]);
    for (target, status) in [
        (format!("/remote/http://{named}/a/b.jpg?width=30"), 200),
        (format!("/remote/http:/{named}/a/b.jpg?width=30"), 200),
        (format!("/remote/http://{unnamed}/a.jpg"), 403),
        (format!("/remote/https://{named}/a.jpg"), 403),
        (format!("/remote/http://{named}@{unnamed}/a.jpg"), 404),
        (format!("/remote/http://{named}/../a.jpg"), 404),
        (format!("/remote/http%3A//{named}/a.jpg"), 404),
        ("/remote/a.jpg".to_owned(), 404),
        ("/a.jpg".to_owned(), 404),
    ] {
        assert_status(&get(program.address, &target).await, status, &target);
    }
    assert_eq!(upstream.requests(), ["GET /a/b.jpg", "GET /a/b.jpg"]);
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_bucket_has_credentials_and_versions_of_its_own() {
    let store = Upstream::start(|_, head| {
        if head.contains("credential=akwork/") { photo() } else { response("403 Forbidden", "", b"") }
    })
    .await;
    let home = TempDir::new().unwrap();
    fs::create_dir(home.path().join(".aws")).unwrap();
    let credentials = "[work]\naws_access_key_id = AKWORK\naws_secret_access_key = secret\n";
    fs::write(home.path().join(".aws/credentials"), credentials).unwrap();
    let endpoint = format!("http://{}", store.address);
    let own = format!("credentials = {{ profile = 'work', region = 'eu-west-1', endpoint = '{endpoint}' }}");
    let file = format!(
        "[origins.'/a']\nsource = 's3://photos/x'\nversions = true\n{own}\n[origins.'/b']\nsource = 's3://photos/x'\n{own}\n"
    );
    let variables = [
        ("HOME", home.path().to_str().unwrap()),
        ("AWS_ACCESS_KEY_ID", "AKOTHER"),
        ("AWS_SECRET_ACCESS_KEY", "other"),
    ];
    let program = serve(&file, &variables);
    for (target, status, asked) in [
        ("/a/p.jpg?versionId=v1.-_", 200, Some("GET /photos/x/p.jpg?versionid=v1.-_")),
        ("/b/p.jpg?versionId=v1", 200, Some("GET /photos/x/p.jpg")),
        ("/a/p.jpg?versionId=", 200, Some("GET /photos/x/p.jpg")),
        ("/a/p.jpg?versionId=a%20b", 400, None),
    ] {
        assert_status(&get(program.address, target).await, status, target);
        let requests: Vec<_> = store.requests();
        assert_eq!(requests.first().map(String::as_str), asked, "{target}: {requests:?}");
    }
}

#[tokio::test]
async fn lifetimes_and_fallbacks_are_those_of_the_origin() {
    let file = format!(
        "source = '{images}'\ncache = {{ errors = {{ 404 = 60 }} }}\n\
         [origins.'/long']\nsource = '{images}'\n\
         cache = {{ max-age = '1h', shared-max-age = '7days', stale-while-revalidate = 30, immutable = true }}\n\
         fallback = {{ 404 = '/photo.jpg', 4xx = '/none.jpg' }}\n",
        images = images()
    );
    let program = serve(&file, &[]);
    let long = "public, max-age=3600, s-maxage=604800, stale-while-revalidate=30, immutable";
    for (target, status, lifetime) in [
        ("/photo.jpg", 200, "public, max-age=86400"),
        ("/none.jpg", 404, "public, max-age=60"),
        ("/photo.jpg?width=0", 400, "no-store"),
        ("/long/photo.jpg?width=30", 200, long),
        ("/long/none.jpg?width=30&format=png", 404, "no-store"),
        ("/long/photo.jpg?width=0", 400, "no-store"),
    ] {
        let reply = get(program.address, target).await;
        assert_eq!((reply.status, reply.header("cache-control")), (status, lifetime), "{target}");
    }
    let conditional = [("if-none-match", "*"), ("range", "bytes=0-1")];
    let fallback = fetch(program.address, "GET", "/long/none.jpg?width=30&format=png", &conditional).await;
    assert_eq!((fallback.status, fallback.header("content-type")), (404, "image/png"));
    assert!(fallback.whole && fallback.header("etag").is_empty());
    // Where the image in its place is missing too, the error remains.
    assert_eq!(get(program.address, "/long/Cargo.toml").await.json()["status"], 415);
}

#[tokio::test]
async fn a_head_of_a_transformed_image_costs_no_decode() {
    let upstream = Upstream::start(|_, _| photo()).await;
    let program = serve(&format!("source = 'http://{}'\n", upstream.address), &[]);
    let target = "/a.jpg?width=30&format=webp";
    let get = get(program.address, target).await;
    upstream.requests();
    let head = fetch(program.address, "HEAD", target, &[]).await;
    assert_eq!(head.status, 200);
    for name in ["etag", "content-type", "cache-control", "accept-ranges"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert_eq!((head.header("content-length"), head.header("transfer-encoding")), ("", ""));
    assert_eq!(upstream.requests(), ["HEAD /a.jpg"], "the image must not be read");
    let etag = get.header("etag");
    assert_eq!(fetch(program.address, "HEAD", target, &[("if-none-match", etag)]).await.status, 304);
    // Without a key for the format, only the source has the content type.
    assert_eq!(fetch(program.address, "HEAD", "/a.jpg?width=30", &[]).await.header("content-type"), "");
}

#[tokio::test]
async fn client_hints_choose_the_width_if_the_operator_wants() {
    let hints = [("sec-ch-width", "30")];
    let without = serve(&format!("source = '{}'", images()), &[]);
    let reply = fetch(without.address, "GET", "/photo.jpg?width=auto", &hints).await;
    assert_eq!((reply.status, reply.header("accept-ch")), (400, ""));

    let mut program = serve(&format!("source = '{}'\nclient-hints = true", images()), &[]);
    let auto = fetch(program.address, "GET", "/photo.jpg?width=auto", &hints).await;
    let fixed = get(program.address, "/photo.jpg?width=30").await;
    assert_eq!((auto.status, auto.header("etag")), (200, fixed.header("etag")));
    assert_eq!(auto.header("vary"), "sec-ch-dpr, sec-ch-width, sec-ch-viewport-width, save-data");
    assert_eq!(fixed.header("vary"), "");
    assert_eq!(fixed.header("accept-ch"), "Sec-CH-DPR, Sec-CH-Width, Sec-CH-Viewport-Width, Save-Data");
    let line = program.request_line();
    assert_eq!((&line["raw_query"], &line["query"]), (&"width=auto".into(), &"width=30".into()));
}

#[test]
fn mistakes_in_origins_are_named() {
    for (content, expected) in [
        (
            "[origins.photos]\nsource = '.'",
            "origin photos: prefix: invalid value \"photos\": expected a path",
        ),
        ("[origins.'/a']\n", "origin /a: source: invalid value \"\": expected either source or hosts"),
        ("[origins.'/a']\nsource = '.'\nhosts = ['b']", "expected either source or hosts"),
        ("[origins.'/a']\nsuorce = '.'", "unknown field `suorce`: did you mean source?"),
        ("[origins.'/a']\nsource = '.'\nversions = true", "expected a source s3://bucket"),
        ("[origins.'/a']\nsource = '.'\nrewrite = { 'a' = '/b' }", "rewrite: invalid value \"a\""),
        (
            "[origins.'/a']\nsource = '.'\npresets = { b = 'wdith=1' }",
            "origin /a: presets.b: unsupported key",
        ),
        ("[origins.'/a']\nsource = '.'\ncache = { max-age = 'soon' }", "invalid time \"soon\""),
        ("[fallback]\n500 = '/a.png'", "unknown variant `500`"),
    ] {
        let output = safelight(&["config", "check", content]).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && text.contains(expected), "{content}: {text}");
    }
}
