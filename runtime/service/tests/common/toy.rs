//! A transform of an invented format: files that begin with `TOY`, converted to upper case. Its parameters trigger
//! what real sessions do rarely.

use bytes::Bytes;
use safelight_core::{
    ByteOp, Error, Flow, Head, Kind, Param, ParamKind, Query, Registry, Result, Session, Settings, Sink,
    Step, Transform,
};

/// A registry with the toy only.
pub(crate) const TOY: Registry = Registry { transforms: &[&Toy], decoders: &[], encoders: &[] };

/// Returns a file of the format with `length` bytes.
pub(crate) fn toy(length: usize) -> Vec<u8> {
    let letters = b"TOY".iter().copied().chain((b'a'..=b'z').cycle());
    letters.take(length).collect()
}

#[derive(Debug)]
struct Toy;

const fn flag(key: &'static str, doc: &'static str) -> Param {
    Param { key, aliases: &[], kind: ParamKind::Flag, default: None, doc }
}

const fn count(key: &'static str, doc: &'static str) -> Param {
    Param {
        key,
        aliases: &[],
        kind: ParamKind::Integer { min: 1, max: u32::MAX, unit: "bytes" },
        default: None,
        doc,
    }
}

const PARAMS: &[Param] = &[
    flag("stop", "return the first ten bytes and stop reading"),
    count("skip", "skip this many bytes after the first ten"),
    count("fail", "find damage after this many bytes"),
    count("panic", "fail unexpectedly after this many bytes"),
    flag("late", "buffer everything, return it at the end"),
];

impl Transform for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let limit = |key| query.integer(key).map(u64::from);
        Ok(Some(Step::Bytes(Box::new(Run {
            stop: query.flag("stop"),
            skip: limit("skip"),
            fail: limit("fail"),
            panic: limit("panic"),
            late: query.flag("late"),
            seen: 0,
            held: Vec::new(),
        }))))
    }
}

struct Run {
    stop: bool,
    skip: Option<u64>,
    fail: Option<u64>,
    panic: Option<u64>,
    late: bool,
    seen: u64,
    held: Vec<u8>,
}

impl ByteOp for Run {
    fn start(self: Box<Self>, _: &Settings) -> Box<dyn Session> {
        self
    }

    fn memory(&self, _: &Settings) -> u64 {
        0
    }
}

const HEAD: Head = Head::new("image/x-toy");

impl Session for Run {
    fn push(&mut self, chunk: Bytes, out: &mut dyn Sink) -> Result<Flow> {
        if self.seen == 0 {
            if !chunk.starts_with(b"TOY") {
                return Err(Error::new(Kind::UnsupportedFormat, "toy", "the file is not a toy"));
            }
            if !self.late {
                out.head(HEAD);
            }
        }
        self.seen += chunk.len() as u64;
        assert!(self.panic.is_none_or(|at| self.seen <= at), "a defect of the toy");
        if self.fail.is_some_and(|at| at < self.seen) {
            return Err(Error::new(Kind::Corrupt, "toy", "the toy is broken"));
        }
        if self.stop {
            out.body(chunk.slice(..10).to_ascii_uppercase().into());
            return Ok(Flow::Done);
        }
        if let Some(skip) = self.skip.take() {
            // Skips count from the end of the chunk, so subtract the part that is in it.
            let rest = chunk.len() as u64 - 10;
            out.body(chunk.slice(..10).to_ascii_uppercase().into());
            if let Some(beyond) = skip.checked_sub(rest) {
                return Ok(Flow::Skip(beyond));
            }
            out.body(chunk.slice(10 + skip as usize..).to_ascii_uppercase().into());
        } else if self.late {
            self.held.extend_from_slice(&chunk);
        } else {
            out.body(chunk.to_ascii_uppercase().into());
        }
        Ok(Flow::More)
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        if self.seen == 0 {
            return Err(Error::new(Kind::UnsupportedFormat, "toy", "the file is empty"));
        }
        if self.late {
            out.head(HEAD);
            out.body(self.held.to_ascii_uppercase().into());
        }
        Ok(())
    }
}
