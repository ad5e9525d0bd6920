#![doc = include_str!("../README.md")]

// Start here.
pub mod handle;
pub mod run;

// What comes in.
pub mod request;
pub mod source;

// What goes out.
mod conditional;
mod problem;
mod range;
pub mod response;
pub mod status;

// The doors.
pub mod http;
pub mod list;
pub mod serve;
pub mod transform_files;

// What those who run it see.
mod error;
pub mod log;

pub use error::StartError;
