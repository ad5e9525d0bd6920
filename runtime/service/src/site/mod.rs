//! The images of a site: several origins, each below a prefix of paths with rules of its own.

mod settings;
mod path;

pub use settings::{CredentialSettings, OriginArguments, OriginSettings, Origins, QualityTarget};

use crate::{
    StartError,
    handle::Service,
    policy::Policy,
    source::{Origin, SourceSettings, check},
};
use http::{Method, request::Parts};
pub(crate) use path::Prefix;
pub(crate) use path::with_path;
use safelight_core::{Error, Kind, Result};
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// The routes of a site. The longest prefix that matches a path wins.
#[derive(Clone, Debug)]
pub struct Routes {
    /// In descending order of length.
    routes: Vec<Route>,
}

/// The images below a prefix.
#[derive(Clone, Debug)]
pub struct Route {
    prefix: Prefix,
    /// Starts of keys and what replaces them.
    rewrites: BTreeMap<String, String>,
    /// The state that all requests share, with the settings of this route.
    pub service: Service,
    /// The images.
    pub origin: Arc<dyn Origin>,
}

impl Routes {
    /// Serves `origin` at every path.
    pub fn single(service: Service, origin: Arc<dyn Origin>) -> Self {
        Self { routes: vec![Route::new(Prefix::ROOT, BTreeMap::new(), service, origin)] }
    }

    /// Adds `origin` below `prefix`, such as `/-/uploads`, with the service of the root.
    ///
    /// # Errors
    /// [`StartError`], if the prefix is invalid.
    pub fn with(mut self, prefix: &str, origin: Arc<dyn Origin>) -> Result<Self, StartError> {
        let route = Route::new(parse_prefix(prefix)?, BTreeMap::new(), self.last().service.clone(), origin);
        self.routes.push(route);
        self.routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        Ok(self)
    }

    /// Returns the routes of the origins that an operator names: `root` for all paths, and `origins` below their
    /// prefixes. Each has the settings of `policy` and `sources`, except those of its own.
    ///
    /// # Errors
    /// [`StartError`], with a message for the operator.
    pub fn new(
        root: Option<Arc<dyn Origin>>,
        origins: &Origins,
        service: &Service,
        policy: &Policy,
        sources: &SourceSettings,
    ) -> Result<Self, StartError> {
        let mut routes = Vec::new();
        for (prefix, settings) in origins {
            let named = |source| StartError::of_origin(prefix, source);
            let parsed = parse_prefix(prefix)?;
            if routes.iter().any(|route: &Route| route.prefix == parsed) {
                return Err(named(StartError::setting("prefix", prefix, "another prefix: it is taken")));
            }
            let service = policy.service_of(service, settings).map_err(named)?;
            let origin = settings.origin(sources).map_err(named)?;
            routes.push(Route::new(parsed, settings.rewrite.clone(), service, origin));
        }
        if let Some(root) = root {
            if routes.iter().any(|route| route.prefix == Prefix::ROOT) {
                return Err(StartError::setting("origins", "/", "no origin / beside a source"));
            }
            routes.push(Route::new(Prefix::ROOT, BTreeMap::new(), service.clone(), root));
        }
        if routes.is_empty() {
            return Err(StartError::NoSource);
        }
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        Ok(Self { routes })
    }

    /// Checks the settings of the origin at `prefix`, without opening it.
    ///
    /// # Errors
    /// [`StartError`], with a message for the operator.
    pub fn check_settings(
        prefix: &str,
        origin: &OriginSettings,
        service: &Service,
        policy: &Policy,
    ) -> Result<(), StartError> {
        parse_prefix(prefix)?;
        let check = || origin.check().and_then(|()| policy.service_of(service, origin).map(|_| ()));
        check().map_err(|error| StartError::of_origin(prefix, error))
    }

    /// Checks that every origin can be read.
    ///
    /// # Errors
    /// [`StartError::Source`], with the cause.
    pub async fn check(&self) -> Result<(), StartError> {
        for route in &self.routes {
            check(route.origin.as_ref()).await?;
        }
        Ok(())
    }

    /// Returns the route of a path as in a request; `None` if no prefix matches.
    pub(crate) fn find(&self, path: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.prefix.strip(path).is_some())
    }

    /// Returns the methods that some image supports.
    pub(crate) fn methods(&self) -> Vec<Method> {
        let mut methods: Vec<Method> = Vec::new();
        for method in self.routes.iter().flat_map(|route| route.origin.methods()) {
            if !methods.contains(method) {
                methods.push(method.clone());
            }
        }
        methods
    }

    /// Returns the route with the shortest prefix, for paths that none matches.
    pub(crate) fn last(&self) -> &Route {
        self.routes.last().expect("there is at least one route")
    }
}

fn parse_prefix(prefix: &str) -> Result<Prefix, StartError> {
    let expected = "a path such as /photos, of plain segments";
    let invalid = || StartError::of_origin(prefix, StartError::setting("prefix", prefix, expected));
    Prefix::parse(prefix).ok_or_else(invalid)
}

impl Route {
    fn new(
        prefix: Prefix,
        rewrites: BTreeMap<String, String>,
        mut service: Service,
        origin: Arc<dyn Origin>,
    ) -> Self {
        Arc::make_mut(&mut service.rules).ignore(origin.query_keys().iter().copied());
        service.sides = service.sides.of_origin(origin.clone());
        Self { prefix, rewrites, service, origin }
    }

    /// Returns the head of a request as the origin reads it: without the prefix, and rewritten.
    ///
    /// # Errors
    /// [`Kind::NotFound`], for a path that is not below the prefix or that cannot be rewritten.
    pub(crate) fn inner<'a>(&self, parts: &'a Parts) -> Result<Cow<'a, Parts>> {
        let absent = || Error::new(Kind::NotFound, "path", "no image at this path");
        let rest = self.prefix.strip(parts.uri.path()).ok_or_else(absent)?;
        if self.rewrites.is_empty() && self.prefix == Prefix::ROOT {
            return Ok(Cow::Borrowed(parts));
        }
        let path = path::rewritten(rest, &self.rewrites)?;
        with_path(parts, &path).map(Cow::Owned).ok_or_else(absent)
    }
}
