//! Turns a query into the one session that answers it.

use crate::{
    ByteOp, Codec, Encode, Error, Kind, PixelOp, Query, Result, Session, Settings, Step, Transform,
    pixels::{self, Pixels},
};

/// Everything compiled in.
#[derive(Clone, Copy, Debug)]
pub struct Registry {
    /// Plug-ins, in execution order.
    pub transforms: &'static [&'static dyn Transform],
    /// Formats, in sniffing order.
    pub codecs: &'static [&'static dyn Codec],
}

impl Registry {
    /// Parses and checks a raw query string against every declared parameter. `accept` is the request's
    /// `Accept` header, empty if it has none.
    ///
    /// # Errors
    /// [`Kind::InvalidParam`].
    pub fn query(&self, raw: &str, accept: &str) -> Result<Query> {
        Query::parse(raw, accept, self.transforms.iter().flat_map(|transform| transform.params()))
    }
}

/// A checked request, ready to start.
pub struct Plan {
    /// The canonical query: equal plans have equal ones, so it belongs into cache keys.
    pub query: Query,
    work: Work,
}

enum Work {
    Bytes(Box<dyn ByteOp>),
    Pixels { registry: Registry, ops: Vec<Box<dyn PixelOp>>, encode: Encode },
}

impl Plan {
    /// Plans `query`.
    ///
    /// # Errors
    /// [`Kind::InvalidParam`], or [`Kind::Conflict`] for transforms that cannot run together.
    pub fn new(registry: Registry, query: Query) -> Result<Self> {
        let (mut bytes, mut ops, mut patches) = (Vec::new(), Vec::new(), Vec::new());
        let mut asks_for_pixels = false;
        for transform in registry.transforms {
            match transform.step(&query)? {
                Some(Step::Bytes(op)) => bytes.push((transform.name(), op)),
                Some(Step::Pixels(op)) => {
                    asks_for_pixels = true;
                    ops.push(op);
                }
                Some(Step::PixelsToo(op)) => ops.push(op),
                Some(Step::Encode(patch)) => {
                    asks_for_pixels = true;
                    patches.push(patch);
                }
                None => (),
            }
        }

        if !asks_for_pixels {
            let mut bytes = bytes.into_iter();
            return match (bytes.next(), bytes.next()) {
                (Some((_, op)), None) => Ok(Self { query, work: Work::Bytes(op) }),
                (Some((one, _)), Some((two, _))) => Err(conflict(two, &format!("with {one}"))),
                // Keys that ask for nothing on their own (`dpr` without a side) are as if they were absent.
                (None, _) if !query.is_empty() => Self::new(registry, query.cleared()),
                // A source never goes out as it came in because nothing had an opinion on it.
                (None, _) => Err(Error::new(Kind::Internal, "plan", "no transform answers this query")),
            };
        }

        let mut encode = Encode::default();
        for patch in patches {
            patch(&mut encode);
        }
        for (name, op) in bytes {
            if !op.absorb(&mut encode) {
                return Err(conflict(name, "with transforms that change the picture"));
            }
        }
        Ok(Self { query, work: Work::Pixels { registry, ops, encode } })
    }

    /// Most bytes that the run may hold at once, chunks handed in not counted.
    pub fn memory(&self, settings: &Settings) -> u64 {
        match &self.work {
            Work::Bytes(op) => op.memory(settings),
            Work::Pixels { .. } => pixels::memory(settings),
        }
    }

    /// Starts the run.
    pub fn start(self, settings: &Settings) -> Box<dyn Session> {
        match self.work {
            Work::Bytes(op) => op.start(settings),
            Work::Pixels { registry, ops, encode } => Box::new(Pixels::new(registry, settings, ops, encode)),
        }
    }
}

fn conflict(name: &'static str, with: &str) -> Error {
    Error::new(Kind::Conflict, name, format!("{name} cannot be combined {with} in one request"))
}
