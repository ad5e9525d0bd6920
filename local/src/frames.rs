//! The services around image frames: `HealthImaging`, a token issuer, a function behind its own Function
//! URL, and a distribution.

use crate::{
    clock::Clock,
    cloudfront::{Behavior, CloudFront, Distribution, EdgeFunction, Origin},
    faults::Faults,
    function_url,
    health_imaging::HealthImaging,
    oidc::Issuer,
    runtime_api::{self, Function},
    server::{Server, Socket},
    sign::{REGION, Service},
};
use http::{HeaderName, Method, header};
use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

/// Query parameters that identify a frame or a version.
const QUERY_KEYS: [&str; 3] = ["imageFrameId", "imageSetId", "version"];

/// The services of image frames.
#[derive(Debug)]
pub struct ImageFrames {
    imaging: HealthImaging,
    issuer: Issuer,
    function_url: Server,
    cloudfront: Server,
}

/// Place where viewers' tokens are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckedBy {
    /// In the function; caches then store no responses.
    Function,
    /// The edge, before the cache.
    Edge,
}

impl ImageFrames {
    /// Starts the services over `folder`, on `port` and the three ports after it, or on free ports if it is
    /// 0.
    pub(crate) async fn start(
        folder: PathBuf,
        port: u16,
        check: CheckedBy,
        function: &runtime_api::Settings,
        clock: &Clock,
    ) -> io::Result<Self> {
        let port = |offset| if port == 0 { 0 } else { port.saturating_add(offset) };
        let imaging = HealthImaging::start(folder, port(0)).await?;
        let issuer = Issuer::start(port(1)).await?;
        let mut function = function.clone();
        let mut environment = vec![
            ("SAFELIGHT_HEALTHIMAGING_REGION".to_owned(), REGION.to_owned()),
            ("SAFELIGHT_HEALTHIMAGING_ENDPOINT".to_owned(), format!("http://{}", imaging.address())),
        ];
        if check == CheckedBy::Function {
            environment.push(("SAFELIGHT_AUTHORIZE".to_owned(), issuer.settings().to_string()));
        }
        // Inserted first, so that explicit settings override them.
        function.environment.splice(0..0, environment);
        let function = Arc::new(Function::start(&function, &Arc::new(Faults::default())).await?);
        let function_url = Socket::bind(port(2)).await?.serve(function_url::handler(function));
        let distribution = distribution(Origin::new(function_url.address, Some(Service::Lambda)));
        let cloudfront = Socket::bind(port(3)).await?;
        let cloudfront = cloudfront.serve(Arc::new(CloudFront::new(distribution, clock.clone())).handler());
        Ok(Self { imaging, issuer, function_url, cloudfront })
    }

    /// The service.
    pub fn imaging(&self) -> &HealthImaging {
        &self.imaging
    }

    /// The issuer of accepted tokens.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Address of the Function URL.
    pub fn function_url(&self) -> SocketAddr {
        self.function_url.address
    }

    /// Address of the CloudFront distribution, which has no edge functions.
    pub fn cloudfront(&self) -> SocketAddr {
        self.cloudfront.address
    }

    /// Returns that distribution with the viewer-request function `viewer`. Origin requests are signed by
    /// `signer`, or by origin access control if it is `None`.
    pub fn distribution(
        &self,
        viewer: &Arc<dyn EdgeFunction>,
        signer: Option<&Arc<dyn EdgeFunction>>,
    ) -> Distribution {
        let access_control = if signer.is_some() { None } else { Some(Service::Lambda) };
        let mut distribution = distribution(Origin::new(self.function_url.address, access_control));
        for behavior in distribution.behaviors.iter_mut().chain([&mut distribution.default]) {
            behavior.viewer_request = Some(viewer.clone());
            behavior.origin_request_function = signer.cloned();
        }
        distribution
    }
}

/// Returns the distribution of image frames. The token is in no cache key. `Accept` is only in the cache key
/// of DICOMweb, where it selects the transfer syntax of a frame.
fn distribution(origin: Origin) -> Distribution {
    let mut frames = Behavior::new(origin);
    frames.methods = vec![Method::GET, Method::HEAD, Method::OPTIONS, Method::POST];
    frames.cache.queries.extend(QUERY_KEYS.map(ToOwned::to_owned));
    // Origin access control signs in `Authorization`, so a token for the function needs another header.
    frames.origin_request.headers = vec![
        HeaderName::from_static("token"),
        header::ORIGIN,
        header::ACCESS_CONTROL_REQUEST_HEADERS,
        header::ACCESS_CONTROL_REQUEST_METHOD,
    ];
    frames.origin_request.queries.insert("token".to_owned());
    let mut dicom = Behavior { path_pattern: "/datastore/*/studies/*".to_owned(), ..frames.clone() };
    dicom.cache.headers = vec![header::ACCEPT];
    Distribution { behaviors: vec![dicom], default: frames }
}
