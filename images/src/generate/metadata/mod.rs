//! The private metadata in the samples: all about one fictitious photographer on one fictitious evening.

pub(super) mod c2pa;
pub(super) mod exif;
pub(super) mod icc;
pub(super) mod iptc;
pub(super) mod xmp;

pub(super) use crate::{CITY, CREATOR, NOTE, SERIAL};
