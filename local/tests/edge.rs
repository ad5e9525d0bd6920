//! The real functions of `edge/node` at CloudFront's edge.
//!
//! They run in Node.js, with an addon built from the current sources. Without Node.js the tests are skipped,
//! in CI they fail.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Reply, bootstrap, edge, expected, fake, fetch, get, shout};
use safelight_local::{Cloud, Issuer};
use serde_json::{Value, json};
use std::{fs, net::SocketAddr};

fn signed_for(region: &str) -> Value {
    json!({"target": {"service": "s3-object-lambda", "region": region}})
}

/// Returns a configuration that requires a token of `issuer`.
fn guarded(issuer: &Issuer) -> Value {
    let mut authorize = issuer.settings();
    authorize["tokenFrom"]["cookies"] = json!(["session"]);
    json!({
        "authorize": authorize,
        "normalize": {},
        "sign": signed_for("eu-central-1"),
    })
}

fn status_and_cache(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.header("x-cache"))
}

const MISS: (u16, &str) = (200, "Miss from cloudfront");
const HIT: (u16, &str) = (200, "Hit from cloudfront");

#[tokio::test]
async fn an_invalid_token_reaches_neither_function_nor_bucket() {
    let (issuer, stranger) = (Issuer::start(0).await.unwrap(), Issuer::start(0).await.unwrap());
    let Some(folder) = edge(&guarded(&issuer)) else { return };
    let cloud = Cloud::builder().edge(folder.path()).start().await.unwrap();
    fs::write(cloud.bucket().join("a.txt"), "hello").unwrap();
    let _function = fake(&cloud, shout);
    let realm = "Bearer realm=\"safelight\"";
    for address in [cloud.cloudfront_access_point(), cloud.cloudfront_function_url()] {
        let anonymous = get(address, "/a.txt").await;
        assert_eq!((anonymous.status, anonymous.header("www-authenticate")), (401, realm));
        for token in [issuer.mint(&json!({"aud": "mail"})), stranger.token(), "x.y.z".to_owned()] {
            let rejected = get(address, &format!("/a.txt?token={token}")).await;
            let expected = format!("{realm}, error=\"invalid_token\"");
            assert_eq!((rejected.status, rejected.header("www-authenticate")), (401, expected.as_str()));
            assert_eq!(rejected.header("cache-control"), "no-store");
        }
    }
    assert_eq!(cloud.take_requests(), [""; 0], "the bucket received a request");

    let token = issuer.token();
    let target = format!("/a.txt?token={token}");
    assert_eq!(status_and_cache(&get(cloud.cloudfront_access_point(), &target).await), MISS);
    let reply = get(cloud.cloudfront_function_url(), &format!("{target}&w=05&utm_source=mail")).await;
    assert_eq!(
        reply.text(),
        "/a.txt?width=5",
        "the function must get neither the token nor unknown parameters"
    );
    // Cached responses require a token too.
    assert_eq!(get(cloud.cloudfront_access_point(), "/a.txt").await.status, 401);
}

#[tokio::test]
async fn the_access_point_verifies_signatures_of_the_edge() {
    let open = |region| json!({"authorize": {"mode": "none"}, "normalize": {}, "sign": signed_for(region)});
    for (config, status) in [
        (open("eu-central-1"), 200),
        (open("eu-west-1"), 403),
        (json!({"authorize": {"mode": "none"}, "sign": {"target": "auto"}}), 503),
        (json!({"authorize": {"mode": "none"}}), 200),
    ] {
        let Some(folder) = edge(&config) else { return };
        let cloud = Cloud::builder().edge(folder.path()).start().await.unwrap();
        let _function = fake(&cloud, shout);
        for (name, path) in [
            ("a b+c%[ü].txt", "/a%20b%2Bc%25%5B%C3%BC%5D.txt"),
            ("a'(b)!*&=@,;$.txt", "/a'(b)!*&=@,;$.txt"),
            ("~-_.txt", "/%7E%2D%5F.txt"),
        ] {
            fs::write(cloud.bucket().join(name), "hello").unwrap();
            let reply = get(cloud.cloudfront_access_point(), path).await;
            assert_eq!(reply.status, status, "{config} {path}: {}", reply.text());
            let head = fetch(cloud.cloudfront_access_point(), "HEAD", &format!("{path}?w=1"), &[]).await;
            assert_eq!(head.status, status, "{config} {path}");
        }
    }
}

/// Requests with tokens at all locations, through all services.
#[tokio::test]
async fn equivalent_requests_share_one_response_of_the_transforms() {
    let issuer = Issuer::start(0).await.unwrap();
    let Some(folder) = edge(&guarded(&issuer)) else { return };
    let cloud = Cloud::builder().bootstrap(bootstrap()).edge(folder.path()).start().await.unwrap();
    fs::copy(safelight_images::path("photo.jpg"), cloud.bucket().join("photo.jpg")).unwrap();
    let (bearer, cookie) = (format!("Bearer {}", issuer.token()), format!("session={}", issuer.token()));
    let (bearer, cookie) = (("authorization", bearer.as_str()), ("cookie", cookie.as_str()));

    for address in [cloud.cloudfront_access_point(), cloud.cloudfront_function_url()] {
        assert_eq!(get(address, "/photo.jpg?width=60").await.status, 401);
        for (query, accept, token, canonical, expected_cache) in [
            ("width=60", "*/*", bearer, "width=60", MISS),
            ("utm_source=mail&w=060&fbclid=1", "image/webp", cookie, "width=60", HIT),
            ("f=auto&w=60", "image/webp,*/*", bearer, "width=60&format=webp", MISS),
            ("format=webp&width=60", "*/*", cookie, "width=60&format=webp", HIT),
            ("showExif=TRUE", "*/*", cookie, "showExif=true", MISS),
            ("", "*/*", bearer, "", MISS),
        ] {
            let expected = expected(safelight_images::read("photo.jpg"), canonical);
            let reply = fetch_photo(address, query, &[("accept", accept), token]).await;
            assert_eq!(status_and_cache(&reply), expected_cache, "{query}");
            assert_eq!(reply.header("content-type"), expected.content_type(), "{query}");
            assert!(reply.body == expected.body(), "{query}: the bytes differ");
        }
        let invalid = fetch_photo(address, "width=0", &[bearer]).await;
        assert_eq!(invalid.status, 400);
    }
}

async fn fetch_photo(address: SocketAddr, query: &str, headers: &[(&str, &str)]) -> Reply {
    fetch(address, "GET", &format!("/photo.jpg?{query}"), headers).await
}
