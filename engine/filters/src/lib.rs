#![doc = include_str!("../README.md")]

mod gaussian;
pub mod colour;

pub use gaussian::gaussian;
