#![doc = include_str!("../README.md")]

pub mod authorize;
pub mod config;
pub mod event;
pub mod normalize;
pub mod percent;
pub mod problem;
pub mod rules;
pub mod sign;
pub mod signed_url;
