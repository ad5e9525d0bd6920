//! A bucket as origin, over the real protocol: an S3 server that checks signatures.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Program, fetch, get};
use http::{Request, header::RANGE};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use std::{
    fs::{self, File},
    io::Write,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A server with a bucket `photos` and a list of its requests.
struct Bucket {
    address: SocketAddr,
    folder: TempDir,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Bucket {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("photos/2026/a b")).unwrap();
        let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single("AKEXAMPLE", "secret"));
        let s3 = builder.build();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let log = requests.clone();
        let fickle = folder.path().join("photos/fickle.jpg");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (s3, log) = (s3.clone(), log.clone());
                let fickle = fickle.clone();
                let service = service_fn(move |request: Request<Incoming>| {
                    log.lock().unwrap().push(summary(&request));
                    change(&fickle);
                    let s3 = s3.clone();
                    async move { s3.call(request.map(s3s::Body::from)).await }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, folder, requests }
    }

    fn put(&self, key: &str, bytes: &[u8]) {
        fs::write(self.folder.path().join("photos").join(key), bytes).unwrap();
    }

    fn serve(&self, url: &str, secret: &str) -> Program {
        let endpoint = format!("http://{}", self.address);
        let variables = [
            ("AWS_ACCESS_KEY_ID", "AKEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ENDPOINT_URL", &endpoint),
            ("SAFELIGHT_NO_SOURCE_CHECK", "true"),
        ];
        Program::serve(url, &variables)
    }

    /// Returns the requests since the last call.
    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

/// Changes the file at `path`, if it exists: every request finds a new version.
fn change(path: &Path) {
    if let Ok(mut file) = File::options().append(true).open(path) {
        file.write_all(b".").unwrap();
    }
}

fn summary(request: &Request<Incoming>) -> String {
    let range = request.headers().get(RANGE).map_or("", |range| range.to_str().unwrap());
    format!("{} {} {range}", request.method(), request.uri().path()).trim_end().to_owned()
}

#[tokio::test]
async fn objects_are_served_like_files() {
    let bucket = Bucket::start().await;
    let photo = safelight_images::read("photo.jpg");
    bucket.put("2026/a b/ü.jpg", &photo);
    let program = bucket.serve("s3://photos/2026", "secret");
    let target = "/a%20b/%C3%BC.jpg";

    let reply = get(program.address, target).await;
    assert_eq!((reply.status, reply.whole), (200, true));
    assert_eq!(reply.header("content-type"), "image/jpeg");
    assert!(reply.body.starts_with(b"\xff\xd8") && reply.body.len() < photo.len());
    assert_ne!(reply.header("etag"), "");
    assert_ne!(reply.header("last-modified"), "");
    assert_eq!(bucket.requests(), ["GET /photos/2026/a%20b/%C3%BC.jpg"]);

    let same = fetch(program.address, "GET", target, &[("if-none-match", reply.header("etag"))]).await;
    assert_eq!(same.status, 304);
    assert_eq!(bucket.requests(), ["HEAD /photos/2026/a%20b/%C3%BC.jpg"]);

    let part = fetch(program.address, "GET", target, &[("range", "bytes=-100")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &reply.body[reply.body.len() - 100..]));
    assert_eq!(bucket.requests().len(), 2);

    let shown = get(program.address, &format!("{target}?showExif=true")).await;
    assert_eq!((shown.status, shown.header("content-type")), (200, "application/json"));
    assert_eq!(bucket.requests(), ["GET /photos/2026/a%20b/%C3%BC.jpg"]);
    assert!(program.terminate());
}

#[tokio::test]
async fn missing_and_foreign_objects_are_not_found() {
    let bucket = Bucket::start().await;
    bucket.put("2026/a.jpg", &safelight_images::read("photo.jpg"));
    bucket.put("outside.jpg", &safelight_images::read("photo.jpg"));
    let program = bucket.serve("s3://photos/2026", "secret");
    for target in ["/none.jpg", "/..%2foutside.jpg", "/../outside.jpg", "/a.jpg/", "/"] {
        assert_eq!(get(program.address, target).await.status, 404, "{target}");
    }
    assert_eq!(bucket.requests(), ["GET /photos/2026/none.jpg"], "this is the only request");

    let mut stranger = bucket.serve("s3://photos/2026", "wrong");
    assert_eq!(get(stranger.address, "/a.jpg").await.status, 502);
    let line = stranger.request_line();
    assert!(line["error"].as_str().unwrap().contains("SignatureDoesNotMatch"), "{line}");
    let etag = [("if-none-match", "\"1\"")];
    assert_eq!(fetch(stranger.address, "GET", "/a.jpg", &etag).await.status, 502, "HEAD has no error code");
}

/// Metadata after many pixels: the pixels are never fetched.
#[tokio::test]
async fn unneeded_bytes_are_not_fetched() {
    let bucket = Bucket::start().await;
    let (png, exif_at) = late_exif_png();
    bucket.put("late.png", &png);
    let mut program = bucket.serve("s3://photos", "secret");
    let reply = get(program.address, "/late.png?showExif=true").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_ne!(reply.text(), "{}");
    let requests = bucket.requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert_eq!(requests[1], format!("GET /photos/late.png bytes={exif_at}-"));
    let read = program.request_line()["read"].as_u64().unwrap();
    assert!(read < 1 << 20, "{read} bytes were read");
}

/// Some servers ignore conditions, as this one does, so Safelight compares the versions itself.
#[tokio::test]
async fn versions_are_never_joined() {
    let bucket = Bucket::start().await;
    let mut photo = safelight_images::read("restart.jpg");
    let scan = photo.windows(2).position(|bytes| bytes == b"\xff\xda").unwrap() + 100;
    photo.splice(scan..scan, std::iter::repeat_n(0x55, 1 << 20));
    bucket.put("fickle.jpg", &photo);
    let program = bucket.serve("s3://photos", "secret");

    let whole = get(program.address, "/fickle.jpg").await;
    assert_eq!((whole.status, whole.whole), (200, true));
    let part = fetch(program.address, "GET", "/fickle.jpg", &[("range", "bytes=-9")]).await;
    assert_eq!((part.status, part.json()["kind"].as_str()), (502, Some("upstream")));
}

#[tokio::test]
async fn an_unreachable_store_is_a_bad_gateway() {
    let bucket = Bucket::start().await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let bucket = Bucket { address: nobody, ..bucket };
    let program = bucket.serve("s3://photos", "secret");
    let reply = get(program.address, "/a.jpg").await;
    assert_eq!((reply.status, reply.json()["detail"].as_str()), (502, Some("the source could not be read")));
}

/// Returns the sample with its EXIF after 8 MiB of pixels, and the offset of the EXIF.
fn late_exif_png() -> (Vec<u8>, usize) {
    let sample = safelight_images::read("text-chunks.png");
    let chunk = |name: &[u8]| {
        let at = sample.windows(4).position(|window| window == name).unwrap() - 4;
        let length = u32::from_be_bytes(sample[at..at + 4].try_into().unwrap()) as usize;
        &sample[at..at + 12 + length]
    };
    let mut png = sample[..33].to_vec();
    png.extend_from_slice(b"\x00\x80\x00\x00IDAT");
    png.resize(png.len() + (8 << 20) + 4, 0);
    let exif_at = png.len();
    png.extend_from_slice(chunk(b"eXIf"));
    png.extend_from_slice(chunk(b"IEND"));
    (png, exif_at)
}
