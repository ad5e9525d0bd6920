//! Buckets of emulators, with credentials from where each cloud's own tools read them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Program, fetch, get};
use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The account of Azurite, which its documentation publishes.
const AZURITE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A running emulator, which ends when this value is dropped.
struct Emulator {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Emulator {
    /// Starts the program `name`, if it is installed, with arguments in which `PORT` is a free port and `FOLDER` an
    /// empty folder.
    async fn start(name: &str, arguments: &str) -> Option<Self> {
        let mut command: Command = safelight_images::program(name)?;
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = folder.path().to_str().unwrap();
        let arguments =
            arguments.split(' ').map(|word| word.replace("PORT", &port.to_string()).replace("FOLDER", path));
        let child = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut emulator = Self { child, port, folder };
        // No emulator reports by an event that it listens.
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(emulator.child.try_wait().unwrap().is_none(), "{name} ended");
            ticks.tick().await;
        }
        Some(emulator)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sends the photo to `target`.
    async fn put(&self, target: &str) {
        let status = self.send(&format!("PUT {target}"), &safelight_images::read("photo.jpg")).await;
        assert!(status.contains(" 200 ") || status.contains(" 201 "), "{status}");
    }

    /// Sends a request, such as that for a new bucket, and returns the status line.
    async fn send(&self, head: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let length = body.len();
        let media_type = if body.starts_with(b"{") { "application/json" } else { "image/jpeg" };
        let request = format!(
            "{head} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: {media_type}\r\nx-ms-blob-type: BlockBlob\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n",
            self.port
        );
        stream.write_all(&[request.as_bytes(), body].concat()).await.unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap();
        String::from_utf8_lossy(&response).lines().next().unwrap_or_default().to_owned()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The emulator may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the object whole, by a condition, and a missing one.
async fn check(url: &str, variables: &[(&str, &str)]) {
    let program = Program::serve(url, variables);
    let target = "/a%20b/%C3%BC.jpg";
    let whole = get(program.address, target).await;
    assert_eq!((whole.status, whole.whole), (200, true), "{url} {variables:?}");
    // The emulator of Google has no versions.
    if !url.starts_with("gs://") {
        let etag = [("if-none-match", whole.header("etag"))];
        assert_eq!(fetch(program.address, "GET", target, &etag).await.status, 304, "{url}");
    }
    let part = fetch(program.address, "GET", target, &[("range", "bytes=5-9")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &whole.body[5..10]), "{url}");
    assert_eq!(get(program.address, "/none.jpg").await.status, 404, "{url}");
}

#[tokio::test]
async fn profiles_of_aws_read_a_bucket_of_moto() {
    let Some(moto) = Emulator::start("moto_server", "-H 127.0.0.1 -p PORT").await else { return };
    assert!(moto.send("PUT /photos", b"").await.contains("200"));
    let url = moto.url();
    moto.put("/photos/a%20b/%C3%BC.jpg").await;

    let home = moto.folder.path().join(".aws");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("config"), format!("[profile work]\nregion = us-east-1\nendpoint_url = {url}\n"))
        .unwrap();
    let keys = "[work]\naws_access_key_id = AKEXAMPLE\naws_secret_access_key = secret\n";
    fs::write(home.join("credentials"), keys).unwrap();
    let folder = moto.folder.path().to_str().unwrap();
    check("s3://photos", &[("HOME", folder), ("AWS_PROFILE", "work")]).await;
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL_S3", &url),
    ];
    check("s3://photos", &keys).await;
}

#[tokio::test]
async fn accounts_of_azure_read_a_container_of_azurite() {
    let arguments = "--blobHost 127.0.0.1 --blobPort PORT --location FOLDER --skipApiVersionCheck --disableTelemetry --silent";
    let Some(azurite) = Emulator::start("azurite-blob", arguments).await else { return };
    let account = "devstoreaccount1";
    let endpoint = format!("{}/{account}", azurite.url());
    let created = azurite.send(&format!("PUT /{account}/photos?restype=container&{WRITE}"), b"").await;
    assert!(created.contains("201"), "{created}");
    azurite.put(&format!("/{account}/photos/a%20b/%C3%BC.jpg?{WRITE}")).await;

    let text = format!("AccountName={account};AccountKey={AZURITE_KEY};BlobEndpoint={endpoint};");
    check("az://photos", &[("AZURE_STORAGE_CONNECTION_STRING", &text)]).await;
    let key = [
        ("AZURE_STORAGE_ACCOUNT", account),
        ("AZURE_STORAGE_KEY", AZURITE_KEY),
        ("AZURE_STORAGE_ENDPOINT", &endpoint),
    ];
    check("az://photos", &key).await;
}

/// A permission to create containers and images, signed with [`AZURITE_KEY`] ("Create an account SAS").
const WRITE: &str = "sv=2019-02-02&ss=b&srt=co&sp=cw&se=2099-01-01T00:00:00Z\
                     &sig=xDQIFfWKz6FEGeQtwRMryVmCvVVZKx2iUDFhZ9y%2Bt5k%3D";

#[tokio::test]
async fn the_emulator_of_google_is_named_by_its_variable() {
    let Some(google) =
        Emulator::start("gcp-storage-emulator", "start --host=127.0.0.1 --port=PORT --in-memory").await
    else {
        return;
    };
    let created = google.send("POST /storage/v1/b?project=p", br#"{"name": "photos"}"#).await;
    assert!(created.contains("200"), "{created}");
    google.put("/photos/a%20b/%C3%BC.jpg").await;
    check("gs://photos", &[("STORAGE_EMULATOR_HOST", google.url().trim_start_matches("http://"))]).await;
}
