#![doc = include_str!("../README.md")]

// Start here.
mod cloud;

// The services.
mod access_point;
pub mod cloudfront;
mod frames;
mod function_url;
mod health_imaging;
mod oidc;
mod runtime_api;
mod s3;

// Shared code.
pub mod body;
mod clock;
mod conditional;
pub mod faults;
mod server;
pub mod sign;
mod xml;

pub use access_point::Feature;
pub use clock::Clock;
pub use cloud::{Builder, Cloud};
pub use frames::{CheckedBy, ImageFrames};
pub use health_imaging::HealthImaging;
pub use oidc::{AUDIENCE, Issuer};
pub use runtime_api::{Function, StreamEnding};
pub use s3::BUCKET;
