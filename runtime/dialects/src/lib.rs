#![doc = include_str!("../README.md")]
// A side, its size and the sides are what this crate is about.
#![allow(clippy::similar_names)]

// Start here.
mod dialect;
mod translation;
mod image;
mod refusal;

// Services.
mod imgproxy;
mod thumbor;
mod dit;
mod cloudflare;
mod imgix;

// What they share.
mod edit;
mod boxes;
mod watermark;
mod words;
mod turn;
mod alpha;
mod source;
mod signature;

pub use cloudflare::Cloudflare;
pub use dialect::{Dialect, Settings};
pub use dit::{Dit, Dit8};
pub use edit::Word;
pub use image::Image;
pub use imgix::Imgix;
pub use imgproxy::Imgproxy;
pub use refusal::Refusal;
pub use signature::Hash;
pub use source::Sources;
pub use thumbor::{Imagor, Thumbor};
pub use translation::{Request, Translation};
