#![doc = include_str!("../README.md")]

pub mod connections;
pub mod files;
pub mod list;
