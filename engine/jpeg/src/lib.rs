#![doc = include_str!("../README.md")]

pub mod decode;
pub mod encode;
pub mod downsample;
pub mod ycbcr;
pub mod markers;

mod dct;
mod avx2;
mod zigzag;
