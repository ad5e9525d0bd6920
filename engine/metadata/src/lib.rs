#![doc = include_str!("../README.md")]

pub mod exif;
pub mod icc;
pub mod iptc;
pub mod xmp;
