//! All services, wired up.

use crate::{
    access_point::{self, AccessPoint, Feature, writes::Writes},
    clock::Clock,
    cloudfront::{Behavior, CloudFront, Distribution, EdgeFunction, NodeEdge, Origin},
    faults::Faults,
    frames::{CheckedBy, ImageFrames},
    function_url,
    runtime_api::{self, Function},
    s3::{self, Asked, BUCKET, Bucket},
    server::{Server, Socket},
    sign::Service,
};
use http::header;
use std::{collections::BTreeSet, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// What a [`Cloud`] is to be.
#[derive(Clone, Debug)]
pub struct Builder {
    folder: Option<PathBuf>,
    edge: Option<PathBuf>,
    port: u16,
    function: runtime_api::Settings,
    access_point: access_point::Settings,
    frames: Option<(PathBuf, CheckedBy)>,
}

/// The running services. They end when it is dropped.
#[derive(Debug)]
pub struct Cloud {
    s3: Server,
    access_point: Server,
    function_url: Server,
    cloudfront: [Server; 2],
    distributions: Vec<Server>,
    function: Arc<Function>,
    frames: Option<ImageFrames>,
    faults: Arc<Faults>,
    clock: Clock,
    asked: Arc<Asked>,
    bucket: Bucket,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            folder: None,
            edge: None,
            port: 0,
            function: runtime_api::Settings {
                bootstrap: None,
                sandboxes: 1,
                timeout: Duration::from_mins(1),
                environment: Vec::new(),
            },
            access_point: access_point::Settings {
                features: BTreeSet::new(),
                payload: String::new(),
                limit: Duration::from_mins(1),
            },
            frames: None,
        }
    }
}

impl Builder {
    /// Serves the files of `folder`. Defaults to an empty bucket.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Runs the functions in `folder`, as `edge/node/build/build.mjs` makes it, at both of CloudFront's edges: all
    /// requests of viewers go through it. If it signs, it does so for the access point, for which its
    /// configuration must give the target: a domain on loopback says none. Defaults to no functions.
    #[must_use]
    pub fn edge(mut self, folder: impl Into<PathBuf>) -> Self {
        self.edge = Some(folder.into());
        self
    }

    /// Serves the image frames of `folder` too, with tokens checked by `check`. Defaults to none.
    #[must_use]
    pub fn frames(mut self, folder: impl Into<PathBuf>, check: CheckedBy) -> Self {
        self.frames = Some((folder.into(), check));
        self
    }

    /// Listens on `port` and the four that follow, and for image frames on four more. Defaults to any that are free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Runs `program` as the function. Defaults to none: whoever asks [`Function::apis`] is the function.
    #[must_use]
    pub fn bootstrap(mut self, program: impl Into<PathBuf>) -> Self {
        self.function.bootstrap = Some(program.into());
        self
    }

    /// Runs so many children, each with one event at a time. Defaults to 1.
    #[must_use]
    pub fn children(mut self, count: usize) -> Self {
        self.function.sandboxes = count;
        self
    }

    /// Adds a variable to the function's environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.function.environment.push((name.into(), value.into()));
        self
    }

    /// Kills the function when it works longer on one event. Defaults to a minute.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.function.timeout = timeout;
        self
    }

    /// Lets the access point take requests for parts. Defaults to none, as at AWS.
    #[must_use]
    pub fn features(mut self, features: impl IntoIterator<Item = Feature>) -> Self {
        self.access_point.features.extend(features);
        self
    }

    /// What the access point hands to the function with each event. Defaults to nothing.
    #[must_use]
    pub fn payload(mut self, payload: impl Into<String>) -> Self {
        self.access_point.payload = payload.into();
        self
    }

    /// How long an answer through the access point may take as a whole. Defaults to a minute, as at AWS.
    #[must_use]
    pub fn access_point_limit(mut self, limit: Duration) -> Self {
        self.access_point.limit = limit;
        self
    }

    /// Starts everything.
    ///
    /// # Errors
    /// If the folder cannot be served, or a port is taken.
    pub async fn start(mut self) -> io::Result<Cloud> {
        let faults = Arc::new(Faults::default());
        let clock = Clock::default();
        let bucket = Bucket::open(self.folder.as_deref())?;
        let writes = Arc::new(Writes::new(faults.clone()));
        let asked = Arc::new(Asked::default());
        let s3 = Socket::bind(self.port).await?;
        let s3 = s3.serve(s3::handler(&bucket, writes.clone(), asked.clone(), faults.clone())?);

        let plain = self.function.clone();
        self.function.environment.splice(0..0, environment(s3.address));
        let function = Arc::new(Function::start(&self.function, &faults).await?);
        let access_point = AccessPoint {
            settings: self.access_point.clone(),
            s3: s3.address,
            function: function.clone(),
            writes,
            faults: faults.clone(),
        };
        let access_point = self.socket(1).await?.serve(Arc::new(access_point).handler());
        let function_url = self.socket(2).await?.serve(function_url::handler(function.clone()));
        let edge = self.edge.as_deref().map(|folder| NodeEdge::start(folder, clock.clone()));
        let edge = edge.transpose()?.map(Arc::new);
        let at_access_point = default(access_point.address, Service::S3ObjectLambda, edge.as_ref());
        let at_function_url = default(function_url.address, Service::Lambda, edge.as_ref());
        let cloudfront = [
            distribution(self.socket(3).await?, at_access_point, &clock),
            distribution(self.socket(4).await?, at_function_url, &clock),
        ];
        let distributions = Vec::new();
        let frames = match self.frames.take() {
            Some((folder, check)) => {
                let port = if self.port == 0 { 0 } else { self.port.saturating_add(5) };
                Some(ImageFrames::start(folder, port, check, &plain, &clock).await?)
            }
            None => None,
        };
        Ok(Cloud {
            s3,
            access_point,
            function_url,
            cloudfront,
            distributions,
            function,
            frames,
            faults,
            clock,
            asked,
            bucket,
        })
    }

    async fn socket(&self, offset: u16) -> io::Result<Socket> {
        Socket::bind(if self.port == 0 { 0 } else { self.port.saturating_add(offset) }).await
    }
}

/// What the function's environment holds besides Lambda's own variables.
fn environment(s3: SocketAddr) -> Vec<(String, String)> {
    let variables = [
        ("AWS_ENDPOINT_URL_S3", format!("http://{s3}")),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("SAFELIGHT_BUCKET", BUCKET.to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into()
}

/// A distribution of one behaviour. `Accept` tells answers apart, for `format=auto` goes by it, unless `edge`
/// has settled that.
fn default(origin: SocketAddr, service: Service, edge: Option<&Arc<NodeEdge>>) -> Distribution {
    let function = |edge: &Arc<NodeEdge>| -> Arc<dyn EdgeFunction> { edge.clone() };
    let signer = edge.filter(|edge| edge.signs() && service == Service::S3ObjectLambda);
    let access_control = if signer.is_some() { None } else { Some(service) };
    let mut behavior = Behavior::new(Origin::new(origin, access_control));
    if !edge.is_some_and(|edge| edge.normalizes()) {
        behavior.cache.headers = vec![header::ACCEPT];
    }
    behavior.viewer_request = edge.map(function);
    behavior.origin_request_function = signer.map(function);
    Distribution { behaviors: Vec::new(), default: behavior }
}

fn distribution(socket: Socket, distribution: Distribution, clock: &Clock) -> Server {
    socket.serve(Arc::new(CloudFront::new(distribution, clock.clone())).handler())
}

impl Cloud {
    /// A cloud to be.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where the S3 server is; it takes buckets in the path.
    pub fn s3(&self) -> SocketAddr {
        self.s3.address
    }

    /// Where the Object Lambda access point is.
    pub fn access_point(&self) -> SocketAddr {
        self.access_point.address
    }

    /// Where the Function URL is.
    pub fn function_url(&self) -> SocketAddr {
        self.function_url.address
    }

    /// Where CloudFront is, in front of the access point.
    pub fn cloudfront_access_point(&self) -> SocketAddr {
        self.cloudfront[0].address
    }

    /// Where CloudFront is, in front of the Function URL.
    pub fn cloudfront_function_url(&self) -> SocketAddr {
        self.cloudfront[1].address
    }

    /// Adds a distribution, and says where it is.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn distribute(&mut self, wish: Distribution) -> io::Result<SocketAddr> {
        let server = distribution(Socket::bind(0).await?, wish, &self.clock);
        let address = server.address;
        self.distributions.push(server);
        Ok(address)
    }

    /// The function.
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// The services of image frames, if they were wanted.
    pub fn frames(&self) -> Option<&ImageFrames> {
        self.frames.as_ref()
    }

    /// Where faults are ordered.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The clock of every cache, and of the functions at the edge.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The folder whose files are the objects.
    pub fn bucket(&self) -> PathBuf {
        self.bucket.path()
    }

    /// What the bucket was asked since this was asked last: method, path and range.
    pub fn asked(&self) -> Vec<String> {
        self.asked.take()
    }
}
