#![doc = include_str!("../README.md")]
#![cfg(unix)]

// Start here: the encoder that runs in a child.
mod encoder;

// The parent's side.
mod pool;
mod child;
mod error;

// The child's side.
mod worker;
mod sandbox;

// Between them.
mod message;
mod shared;
mod wire;

pub use encoder::{IsolatedEncoder, encode};
pub use error::IsolateError;
pub use pool::{Pool, Task};
pub use worker::{Input, run_if_worker};
