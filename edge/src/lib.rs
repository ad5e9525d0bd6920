//! The edge: signs CloudFront's origin requests, checks viewers' tokens, normalises queries. No I/O, clock
//! or environment: time, keys and credentials are arguments.

pub mod authorize;
pub mod normalize;
pub mod config;
