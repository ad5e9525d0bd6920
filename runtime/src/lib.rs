#![doc = include_str!("../README.md")]

// Start here.
pub mod handle;
pub mod run;
pub mod workshop;

// What comes in.
pub mod guard;
pub mod request;

// Where it comes from.
mod client;
pub mod frames;
pub mod source;

// What goes out.
mod conditional;
mod problem;
mod range;
pub mod response;
mod stored;
pub mod status;

pub mod doors;

// What those who run it set, and see.
mod error;
pub mod log;
pub mod policy;

pub use error::StartError;
