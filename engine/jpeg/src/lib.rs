#![doc = include_str!("../README.md")]

pub mod decode;
pub mod encode;
pub mod downsample;
pub mod ycbcr;

mod dct;
mod avx2;
mod markers;
mod zigzag;
