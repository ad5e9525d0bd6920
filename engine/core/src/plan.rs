//! Plans: from a validated query to one session.

use crate::{
    ByteOp, Decoder, Encode, Encoder, Error, Format, Kind, Param, Query, Report, Result, Selection, Session,
    Settings, Side, Stage, Step, Transform,
    by_format::ByFormat,
    pixels::{self, Pixels, Steps},
};

/// All transforms and codecs of the program.
#[derive(Clone, Copy, Debug)]
pub struct Registry {
    /// Transforms in execution order.
    pub transforms: &'static [&'static dyn Transform],
    /// At most one for each format.
    pub decoders: &'static [&'static dyn Decoder],
    /// At most one for each format.
    pub encoders: &'static [&'static dyn Encoder],
}

impl Registry {
    /// Returns every declared parameter, in the order of the canonical query.
    pub fn params(&self) -> impl Iterator<Item = &'static Param> + Clone {
        self.transforms.iter().flat_map(|transform| transform.params())
    }

    /// Parses a raw query string and validates it against every declared parameter. `accept` is the
    /// request's `Accept` header, empty if it has none.
    ///
    /// # Errors
    /// [`Kind::InvalidParam`].
    pub fn query(&self, raw: &str, accept: &str) -> Result<Query> {
        Query::parse(raw, accept, self.params())
    }

    /// The decoder of `format`, if there is one.
    pub fn decoder(&self, format: Format) -> Option<&'static dyn Decoder> {
        self.decoders.iter().copied().find(|decoder| decoder.format() == format)
    }

    /// The encoder of `format`, if there is one.
    pub fn encoder(&self, format: Format) -> Option<&'static dyn Encoder> {
        self.encoders.iter().copied().find(|encoder| encoder.format() == format)
    }
}

/// A validated combination of steps, ready to start.
pub struct Plan {
    /// The canonical query. Equal plans have equal queries, so it is part of cache keys.
    pub query: Query,
    work: Work,
}

enum Work {
    Bytes(Bytes),
    Pixels(Decoded),
    /// Bytes if every client shows the format of the source, else pixels.
    ByFormat(Bytes, Decoded),
}

/// The step on bytes, and the name of its transform.
type Bytes = (&'static str, Box<dyn ByteOp>);

/// The steps on pixels.
pub(crate) struct Decoded {
    pub(crate) registry: Registry,
    pub(crate) selection: Selection,
    pub(crate) steps: Steps,
    pub(crate) encode: Encode,
    /// If there are any, nothing is encoded.
    pub(crate) reports: Vec<Box<dyn Report>>,
}

impl Plan {
    /// Plans the steps that `query` requests.
    ///
    /// # Errors
    /// [`Kind::InvalidParam`], or [`Kind::Conflict`] for transforms that cannot be combined.
    pub fn new(registry: Registry, query: Query) -> Result<Self> {
        Self::with_reports(registry, query, Vec::new())
    }

    /// As [`Plan::new`], with reports besides those that `query` requests.
    pub(crate) fn with_reports(
        registry: Registry,
        query: Query,
        mut reports: Vec<Box<dyn Report>>,
    ) -> Result<Self> {
        let (mut bytes, mut steps, mut patches) = (Vec::new(), Steps::default(), Vec::new());
        let (mut must_decode, mut selection) = (!reports.is_empty(), Selection::default());
        // The name of the first transform that requires an encode.
        let mut encodes = None;
        for transform in registry.transforms {
            match transform.step(&query)? {
                Some(Step::Bytes(op)) => bytes.push((transform.name(), op)),
                Some(Step::Pixels(op)) => {
                    must_decode = true;
                    steps.push(transform.name(), op);
                }
                Some(Step::PixelsIfDecoding(op)) => steps.push(transform.name(), op),
                Some(Step::Select(selected)) => {
                    must_decode = true;
                    selection = selected;
                }
                Some(Step::Report(report)) => {
                    must_decode = true;
                    reports.push(report);
                }
                Some(Step::Encode(patch)) => {
                    must_decode = true;
                    encodes.get_or_insert(transform.name());
                    patches.push(patch);
                }
                Some(Step::EncodeIfDecoding(patch)) => patches.push(patch),
                None => (),
            }
        }

        if let (Some(report), Some(encodes)) = (reports.first(), encodes) {
            return Err(conflict(encodes, report.key()));
        }
        let mut encode = Encode::default();
        for patch in patches {
            patch(&mut encode);
        }
        if !must_decode {
            let mut bytes = bytes.into_iter();
            return match (bytes.next(), bytes.next()) {
                (Some(bytes), None) => Ok(Self { query, work: Work::Bytes(bytes) }),
                (Some((one, _)), Some((two, _))) => Err(conflict(two, one)),
                // Keys without effect on their own, such as `dpr` without a side, are equivalent to no query.
                (None, _) if !query.is_empty() => match Self::new(registry, query.clone().cleared())? {
                    Self { work: Work::Bytes(bytes), .. } if encode.universal => Ok(Self {
                        query,
                        work: Work::ByFormat(bytes, Decoded { registry, selection, steps, encode, reports }),
                    }),
                    plan => Ok(plan),
                },
                // A source is never passed through unchanged because no transform handles the query.
                (None, _) => Err(Error::new(Kind::Internal, "plan", "no transform handles this query")),
            };
        }

        for (name, op) in bytes {
            if !op.absorb(&mut encode) {
                return Err(conflict(name, "transforms that change the image"));
            }
        }
        Ok(Self { query, work: Work::Pixels(Decoded { registry, selection, steps, encode, reports }) })
    }

    /// Returns the needs for images besides the source.
    pub fn sides(&mut self) -> impl Iterator<Item = &mut Side> {
        let steps = match &mut self.work {
            Work::Bytes(_) => None,
            Work::Pixels(decoded) | Work::ByFormat(_, decoded) => Some(&mut decoded.steps),
        };
        steps.into_iter().flat_map(Steps::sides)
    }

    /// Returns whether the source is decoded and the result encoded.
    pub fn decodes(&self) -> bool {
        !matches!(self.work, Work::Bytes(_))
    }

    /// Returns the stage in which the session begins; `None` if its first bytes tell.
    pub fn stage(&self) -> Option<Stage> {
        match self.work {
            Work::Bytes((name, _)) | Work::ByFormat((name, _), _) => Some(Stage::Transform(name)),
            Work::Pixels(_) => None,
        }
    }

    /// Returns the MIME type of the response as far as the query alone tells it.
    pub fn content_type(&self) -> Option<&'static str> {
        match &self.work {
            Work::Bytes(_) | Work::ByFormat(..) => None,
            Work::Pixels(Decoded { reports, .. }) if !reports.is_empty() => Some(pixels::REPORT_TYPE),
            Work::Pixels(Decoded { encode, .. }) => {
                let format = encode.format?;
                encode.animated_format.is_none_or(|animated| animated == format).then(|| format.mime())
            }
        }
    }

    /// Returns the maximum number of bytes that the session buffers at once; pushed chunks and the decode,
    /// which is reserved separately, are not counted.
    pub fn memory(&self, settings: &Settings) -> u64 {
        match &self.work {
            Work::Bytes((_, op)) => op.memory(settings),
            Work::Pixels(_) => pixels::memory(settings),
            Work::ByFormat((_, op), _) => op.memory(settings).max(pixels::memory(settings)),
        }
    }

    /// Starts the session.
    pub fn start(self, settings: &Settings) -> Box<dyn Session> {
        match self.work {
            Work::Bytes((_, op)) => op.start(settings),
            Work::Pixels(decoded) => Box::new(decoded.start(settings)),
            Work::ByFormat((_, op), decoded) => {
                Box::new(ByFormat::new(op.start(settings), Box::new(decoded.start(settings))))
            }
        }
    }
}

impl Decoded {
    fn start(self, settings: &Settings) -> Pixels {
        Pixels::new(settings, self)
    }
}

fn conflict(name: &'static str, other: &str) -> Error {
    let message = format!("{name} cannot be combined with {other} in one request");
    Error::new(Kind::Conflict, name, message)
}
