//! The doors: each translates what comes in into a [`crate::request::Request`], and what
//! [`crate::handle`] answers into what its callers understand.

pub mod connections;
mod frames;
pub mod http;

#[cfg(feature = "lambda")]
pub mod lambda;

pub mod files;
pub mod list;
