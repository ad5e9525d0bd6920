//! The `safelight-local` program: AWS services on loopback for a folder of images.

use anyhow::{Context, bail};
use clap::Parser;
use safelight_local::{
    BUCKET, CheckedBy, Cloud, Feature, ImageFrames,
    sign::{REGION, Service, USER},
};
use std::{
    fmt::Write as _,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

/// Runs S3, Lambda, an Object Lambda access point, a Function URL and CloudFront on loopback.
#[derive(Debug, Parser)]
#[command(name = "safelight-local", version)]
struct Cli {
    /// Folder whose files are the bucket's objects
    folder: PathBuf,

    /// Lambda program to run; defaults to `bootstrap` in this program's folder
    #[arg(long, env = "SAFELIGHT_BOOTSTRAP", value_name = "PROGRAM")]
    bootstrap: Option<PathBuf>,

    /// Folder of edge functions for CloudFront, built by edge/node/build/build.mjs
    #[arg(long, value_name = "FOLDER")]
    edge: Option<PathBuf>,

    /// Maximum number of concurrent events, each in a child process of its own
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    children: usize,

    /// Folder of image frames: {data store}/{image set}/{frame id}.jph, with ids of 32 digits and lower-case
    /// letters
    #[arg(long, value_name = "FOLDER")]
    frames: Option<PathBuf>,

    /// First of five consecutive ports, nine with --frames; 0 selects free ports
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// Time limit for one event; a child that takes longer is killed
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,

    /// Configuration that the access point passes to the function with each event
    #[arg(long, value_name = "JSON", default_value = "")]
    payload: String,

    /// Environment variable for the function; can be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Cli::parse();
    let cloud = start(&arguments).await?;
    let mut text = describe(&cloud, &sample(&arguments.folder)?);
    if let (Some(frames), Some(folder)) = (cloud.frames(), &arguments.frames) {
        text += &describe_frames(frames, &sample_frame(folder));
    }
    std::io::stdout().write_all(text.as_bytes())?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}

async fn start(arguments: &Cli) -> anyhow::Result<Cloud> {
    let bootstrap = match &arguments.bootstrap {
        Some(program) => program.clone(),
        None => std::env::current_exe()?.with_file_name("bootstrap"),
    };
    if !bootstrap.is_file() {
        bail!("no Lambda program at {}: build `bootstrap`, or name it with --bootstrap", bootstrap.display());
    }
    let mut builder = Cloud::builder()
        .folder(&arguments.folder)
        .bootstrap(bootstrap)
        .children(arguments.children)
        .port(arguments.port)
        .timeout(Duration::from_secs(arguments.timeout))
        .payload(&arguments.payload)
        .features(Feature::ALL);
    if let Some(edge) = &arguments.edge {
        builder = builder.edge(edge);
    }
    if let Some(folder) = &arguments.frames {
        builder = builder.frames(folder, CheckedBy::Function);
    }
    for variable in &arguments.env {
        let (name, value) = variable
            .split_once('=')
            .with_context(|| format!("invalid --env {variable:?}: expected NAME=VALUE"))?;
        builder = builder.env(name, value);
    }
    builder.start().await.with_context(|| format!("cannot serve {}", arguments.folder.display()))
}

/// Returns the name of a file for the example commands.
fn sample(folder: &Path) -> anyhow::Result<String> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names: Vec<_> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    // Hidden files are not served.
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    let ends_with = |ends: &[&str]| names.iter().find(|name| ends.iter().any(|end| name.ends_with(end)));
    let sample = ends_with(&[".jpg", ".jpeg"]).or_else(|| ends_with(&[".png", ".webp", ".gif"]));
    Ok(sample.cloned().unwrap_or_else(|| "photo.jpg".to_owned()))
}

fn describe(cloud: &Cloud, sample: &str) -> String {
    let mut text = String::new();
    let mut add = |name: &str, address: SocketAddr, service: Option<Service>, path: &str| {
        let sign = service.map_or_else(String::new, |service| {
            format!(" --aws-sigv4 aws:amz:{REGION}:{} --user {}:{}", service.name(), USER.id, USER.secret)
        });
        // S3's services require a header for an unsigned body; a Function URL requires a signed body.
        let needs_header = service.is_some_and(|service| service != Service::Lambda);
        let hash = if needs_header { " -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD'" } else { "" };
        let _ = writeln!(text, "{name:40} http://{address}");
        let _ = writeln!(text, "  curl{sign}{hash} -o out 'http://{address}{path}'\n");
    };
    let resized = format!("/{sample}?width=320");
    add("CloudFront, Function URL", cloud.cloudfront_function_url(), None, &resized);
    add("CloudFront, Object Lambda access point", cloud.cloudfront_access_point(), None, &resized);
    add("Function URL", cloud.function_url(), Some(Service::Lambda), &resized);
    add("Object Lambda access point", cloud.access_point(), Some(Service::S3ObjectLambda), &resized);
    add("S3", cloud.s3(), Some(Service::S3), &format!("/{BUCKET}/{sample}"));
    text
}

/// Returns the path of a frame in `folder` for the example commands.
fn sample_frame(folder: &Path) -> String {
    let below =
        |path: PathBuf| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let frames = below(folder.to_owned()).flat_map(below).flat_map(below);
    let first = frames.filter(|path| path.is_file() && name(path).len() == 32).min();
    let path = first.unwrap_or_else(|| "store/set/frame".into());
    let part = |up: usize| name(path.ancestors().nth(up).unwrap_or(&path));
    format!("/datastore/{}/imageSet/{}/getImageFrame?imageFrameId={}", part(2), part(1), part(0))
}

fn describe_frames(frames: &ImageFrames, sample: &str) -> String {
    let token = frames.issuer().token();
    format!(
        "CloudFront, image frames                 http://{0}\n  curl -H 'token: {token}' -o out 'http://{0}{sample}'\n\n\
         HealthImaging                            http://{1}\nToken issuer                             http://{2}\n",
        frames.cloudfront(),
        frames.imaging().address(),
        frames.issuer().address(),
    )
}
