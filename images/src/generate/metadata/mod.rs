//! The private things that samples carry: all of one invented photographer on one invented evening.

pub(super) mod c2pa;
pub(super) mod exif;
pub(super) mod icc;
pub(super) mod iptc;
pub(super) mod xmp;

pub(super) use crate::{CITY, CREATOR, NOTE, SERIAL};
