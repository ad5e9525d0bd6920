#![doc = include_str!("../README.md")]
#![cfg(unix)]

// Start here: the codecs that run in a child.
mod encoder;
mod decoder;
mod cost;

// The parent's side.
mod pool;
mod child;
mod error;

// The child's side.
mod worker;
mod work;
mod sandbox;

// Between them.
mod message;
mod shared;
mod wire;

pub use decoder::IsolatedDecoder;
pub use encoder::IsolatedEncoder;
pub use error::IsolateError;
pub use pool::{Pool, PoolCounts, Task};
pub use shared::TaskResult;
pub use work::work;
pub use worker::{Input, Output, run_if_worker};

use cost::{BYTES_PER_NS, CHILD, MIN_OUTPUT_BYTES, is_isolated};
