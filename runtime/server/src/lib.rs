#![doc = include_str!("../README.md")]

pub mod connections;
pub mod admin;
pub mod dev;
pub mod files;
pub mod list;
