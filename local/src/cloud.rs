//! Starts all services and connects them.

use crate::{
    access_point::{self, AccessPoint, Feature, writes::Writes},
    clock::Clock,
    cloudfront::{Behavior, CloudFront, Distribution, EdgeFunction, NodeEdge, Origin},
    faults::Faults,
    frames::{CheckedBy, ImageFrames},
    function_url,
    runtime_api::{self, Function, StreamEnding},
    s3::{self, BUCKET, Bucket, RequestLog},
    server::{Server, Socket},
    sign::Service,
};
use http::header;
use std::{collections::BTreeSet, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// Configuration of a [`Cloud`].
#[derive(Clone, Debug)]
pub struct Builder {
    folder: Option<PathBuf>,
    edge: Option<PathBuf>,
    port: u16,
    function: runtime_api::Settings,
    access_point: access_point::Settings,
    frames: Option<(PathBuf, CheckedBy)>,
}

/// The running services. Dropping the value stops them.
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
    log: Arc<RequestLog>,
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
                stream_ending: StreamEnding::default(),
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

    /// Runs the functions in `folder`, as `edge/node/build/build.mjs` builds it, in both CloudFront
    /// distributions: all viewer requests pass through them. If they sign, they sign for the access point.
    /// Their configuration must then name service and region, because a domain on loopback does not.
    /// Defaults to no functions.
    #[must_use]
    pub fn edge(mut self, folder: impl Into<PathBuf>) -> Self {
        self.edge = Some(folder.into());
        self
    }

    /// Also serves the image frames of `folder`, with tokens checked by `check`. Defaults to none.
    #[must_use]
    pub fn frames(mut self, folder: impl Into<PathBuf>, check: CheckedBy) -> Self {
        self.frames = Some((folder.into(), check));
        self
    }

    /// Listens on `port` and the four ports after it, and on four more for image frames. Defaults to free
    /// ports.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Runs `program` as the function. Defaults to none: the client of [`Function::apis`] is the function.
    #[must_use]
    pub fn bootstrap(mut self, program: impl Into<PathBuf>) -> Self {
        self.function.bootstrap = Some(program.into());
        self
    }

    /// Runs `count` children, each with one event at a time. Defaults to 1.
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

    /// Kills the function when one event takes longer. Defaults to a minute.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.function.timeout = timeout;
        self
    }

    /// Ends streamed responses that fail in this way. Defaults to [`StreamEnding::Successful`], the worse one.
    #[must_use]
    pub fn stream_ending(mut self, ending: StreamEnding) -> Self {
        self.function.stream_ending = ending;
        self
    }

    /// Allows these requests for parts at the access point. Defaults to none, as at AWS.
    #[must_use]
    pub fn features(mut self, features: impl IntoIterator<Item = Feature>) -> Self {
        self.access_point.features.extend(features);
        self
    }

    /// Sets the payload that the access point passes to the function with each event. Defaults to an empty
    /// text.
    #[must_use]
    pub fn payload(mut self, payload: impl Into<String>) -> Self {
        self.access_point.payload = payload.into();
        self
    }

    /// Limits the time of a whole response through the access point. Defaults to a minute, as at AWS.
    #[must_use]
    pub fn access_point_limit(mut self, limit: Duration) -> Self {
        self.access_point.limit = limit;
        self
    }

    /// Starts all services.
    ///
    /// # Errors
    /// If the folder cannot be served, or a port is in use.
    pub async fn start(mut self) -> io::Result<Cloud> {
        let faults = Arc::new(Faults::default());
        let clock = Clock::default();
        let bucket = Bucket::open(self.folder.as_deref())?;
        let writes = Arc::new(Writes::new(faults.clone()));
        let log = Arc::new(RequestLog::default());
        let s3 = Socket::bind(self.port).await?;
        let s3 = s3.serve(s3::handler(&bucket, writes.clone(), log.clone(), faults.clone())?);

        let frames_function = self.function.clone();
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
        let to_access_point = single_behavior(access_point.address, Service::S3ObjectLambda, edge.as_ref());
        let to_function_url = single_behavior(function_url.address, Service::Lambda, edge.as_ref());
        let cloudfront = [
            serve(self.socket(3).await?, to_access_point, &clock),
            serve(self.socket(4).await?, to_function_url, &clock),
        ];
        let distributions = Vec::new();
        let frames = match self.frames.take() {
            Some((folder, check)) => {
                let port = if self.port == 0 { 0 } else { self.port.saturating_add(5) };
                Some(ImageFrames::start(folder, port, check, &frames_function, &clock).await?)
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
            log,
            bucket,
        })
    }

    async fn socket(&self, offset: u16) -> io::Result<Socket> {
        Socket::bind(if self.port == 0 { 0 } else { self.port.saturating_add(offset) }).await
    }
}

/// Returns the function's environment variables besides Lambda's own.
fn environment(s3: SocketAddr) -> Vec<(String, String)> {
    let variables = [
        ("AWS_ENDPOINT_URL_S3", format!("http://{s3}")),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("SAFELIGHT_BUCKET", BUCKET.to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Returns a distribution with one behaviour. `Accept` is part of the cache key, because `format=auto`
/// depends on it, unless `edge` normalises the query and resolves `auto`.
fn single_behavior(origin: SocketAddr, service: Service, edge: Option<&Arc<NodeEdge>>) -> Distribution {
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

fn serve(socket: Socket, distribution: Distribution, clock: &Clock) -> Server {
    socket.serve(Arc::new(CloudFront::new(distribution, clock.clone())).handler())
}

impl Cloud {
    /// Returns the default configuration.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Address of the S3 server; it expects the bucket in the path.
    pub fn s3(&self) -> SocketAddr {
        self.s3.address
    }

    /// Address of the Object Lambda access point.
    pub fn access_point(&self) -> SocketAddr {
        self.access_point.address
    }

    /// Address of the Function URL.
    pub fn function_url(&self) -> SocketAddr {
        self.function_url.address
    }

    /// Address of the CloudFront distribution in front of the access point.
    pub fn cloudfront_access_point(&self) -> SocketAddr {
        self.cloudfront[0].address
    }

    /// Address of the CloudFront distribution in front of the Function URL.
    pub fn cloudfront_function_url(&self) -> SocketAddr {
        self.cloudfront[1].address
    }

    /// Adds a distribution, and returns its address.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn distribute(&mut self, distribution: Distribution) -> io::Result<SocketAddr> {
        let server = serve(Socket::bind(0).await?, distribution, &self.clock);
        let address = server.address;
        self.distributions.push(server);
        Ok(address)
    }

    /// The function.
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// The services of image frames, if they were configured.
    pub fn frames(&self) -> Option<&ImageFrames> {
        self.frames.as_ref()
    }

    /// Faults to inject.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The clock of all caches and edge functions.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The folder of the bucket; its files are the objects.
    pub fn bucket(&self) -> PathBuf {
        self.bucket.path()
    }

    /// Returns the requests that the bucket received since the last call: method, path and range.
    pub fn take_requests(&self) -> Vec<String> {
        self.log.take()
    }
}
