//! The rules for query keys, from the setting to the response and the log.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Program, get};

fn serve(variables: &[(&str, &str)]) -> Program {
    Program::serve(safelight_images::folder().to_str().unwrap(), variables)
}

#[tokio::test]
async fn unknown_keys_are_rejected_and_those_of_trackers_dropped() {
    let mut program = serve(&[]);
    let plain = get(program.address, "/photo.jpg?width=30").await;
    let tracked = "/photo.jpg?utm_source=a%20b&w=030&x-id=GetObject&X-Amz-Signature=abc";
    let reply = get(program.address, tracked).await;
    assert_eq!((reply.status, reply.header("etag")), (200, plain.header("etag")));
    program.request_line();
    let line = program.request_line();
    assert_eq!(line["query"], "width=30");
    assert_eq!(line["raw_query"], "utm_source=a%20b&w=030&x-id=GetObject&X-Amz-Signature=…");

    let reply = get(program.address, "/photo.jpg?wdith=30").await;
    let detail = "unsupported key \"wdith\": did you mean width?";
    assert_eq!((reply.status, &reply.json()["detail"]), (400, &detail.into()));
    assert_eq!(program.request_line()["raw_query"], "wdith=30");
}

#[tokio::test]
async fn the_operator_may_ignore_keys() {
    for (variable, accepted) in
        [(("SAFELIGHT_IGNORE_KEYS", "ref,pk_*"), false), (("SAFELIGHT_LENIENT", "true"), true)]
    {
        let program = serve(&[variable]);
        for (query, is_accepted) in [("ref=1&pk_x=2", true), ("wdith=30", accepted)] {
            let status = get(program.address, &format!("/photo.jpg?{query}")).await.status;
            assert_eq!(status, if is_accepted { 200 } else { 400 }, "{variable:?} {query}");
        }
    }
}

#[tokio::test]
async fn equal_requests_have_one_entity_tag() {
    let presets = ("SAFELIGHT_PRESETS", r#"{"card": "f=png&w=30", "other": "width=31"}"#);
    let program = serve(&[presets]);
    let mut tags = Vec::new();
    for query in [
        "width=30&format=png",
        "format=PNG&width=30",
        "w=0030&f=png",
        "f=%70%6e%67&%77=30.2&utm_source=x",
        "preset=card",
        "preset=card&w=030&v=3",
        "preset=other&width=30&f=png&dpr=1",
    ] {
        let reply = get(program.address, &format!("/photo.jpg?{query}")).await;
        assert_eq!(reply.status, 200, "{query}: {}", String::from_utf8_lossy(&reply.body));
        tags.push(reply.header("etag").to_owned());
    }
    assert!(tags.iter().all(|tag| *tag == tags[0]), "{tags:?}");
}

#[tokio::test]
async fn a_download_has_the_name_that_the_viewer_wants() {
    let program = serve(&[]);
    let plain = get(program.address, "/photo.jpg?width=30").await;
    let reply = get(program.address, "/photo.jpg?width=30&download=%C3%A9%22;a%3Db.jpg").await;
    assert_eq!((reply.status, reply.header("etag")), (200, plain.header("etag")));
    let expected = "attachment; filename=\"__;a=b.jpg\"; filename*=UTF-8''%C3%A9%22%3Ba%3Db.jpg";
    assert_eq!((plain.header("content-disposition"), reply.header("content-disposition")), ("", expected));
    for name in ["a%0D%0Aset-cookie:%20b", "..%2Fa", ".a"] {
        assert_eq!(get(program.address, &format!("/photo.jpg?download={name}")).await.status, 400, "{name}");
    }
}
