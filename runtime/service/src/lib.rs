#![doc = include_str!("../README.md")]

// Start here.
pub mod handle;
pub mod driver;
pub mod results;
pub mod decode_pool;
mod queue;
mod defect;
pub mod isolated;
pub mod fonts;
mod passthrough;
pub mod sides;

// Requests.
pub mod door;
pub mod web;
pub mod auth;
pub mod signature;
mod client_hints;
pub mod request;
pub mod dialect;

// Sources.
pub mod site;
pub mod source;
pub mod health_imaging;
pub mod client;

// Responses.
pub mod response;
pub mod streaming;
mod download;
mod conditional;
mod hex;
pub mod cache_control;
mod range;
pub mod rejection;
pub mod problem;
pub mod openapi;
pub mod status;

// Settings and log.
pub mod policy;
mod rules;
pub mod config;
pub mod setting;
pub mod quantity;
pub mod log;
pub mod meter;
pub mod metrics;
pub mod allocator;
mod error;

pub use error::StartError;
