#![doc = include_str!("../README.md")]

pub mod connections;
pub mod admin;
pub mod dev;
pub mod metrics;
pub mod live;
pub mod system;
pub mod files;
pub mod list;
