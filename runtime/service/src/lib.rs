#![doc = include_str!("../README.md")]

// Start here.
pub mod handle;
pub mod driver;
pub mod decode_pool;

// What comes in.
pub mod auth;
pub mod http;
mod frames_door;
pub mod request;

// Where it comes from.
pub mod client;
pub mod health_imaging;
pub mod source;

// What goes out.
mod conditional;
pub mod problem;
mod range;
pub mod response;
mod passthrough;
pub mod status;

// What those who run it set, and see.
mod error;
pub mod log;
pub mod policy;

pub use error::StartError;
