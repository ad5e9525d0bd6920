#![doc = include_str!("../README.md")]

pub mod query;
pub mod param;
pub mod keys;
pub mod nearest;
mod accept;
pub mod colour;
mod gravity;
pub mod params;
pub mod transform;
pub mod plan;
mod by_format;
pub mod report;
pub mod side;
pub mod side_plan;
pub mod session;
pub mod stop;
pub mod pixels;
pub mod codec;
pub mod cost;
pub mod frame;
pub mod limits;
pub mod error;
pub mod testing;

pub use codec::{
    Chroma, Compression, Decode, Decoder, Decoding, Encode, Encoder, Header, Isolation, Opened, OpenedStream,
    Opening, Selection, no_page,
};
pub use colour::Colour;
pub use cost::Cost;
pub use error::{Error, Kind, Result, Upstream};
pub use frame::{
    ColourClass, Frame, Geometry, Image, Model, Orientation, Plane, Profile, Rect, SampleEncoding, Samples,
    Size, Turn, View,
};
pub use gravity::Gravity;
pub use keys::KeyRules;
pub use limits::{ExifDetail, Limits, Settings};
pub use param::{AUTO, BEST, Param, ParamKind, best_words, plain_decimal, signed_decimal};
pub use plan::{Plan, Registry};
pub use query::Query;
pub use report::Report;
pub use safelight_formats::{Detection, Format, mime};
pub use session::{Flow, Head, Session, Sink, Stage};
pub use side::{Side, SideImage};
pub use side_plan::SideResult;
pub use stop::{Stop, StopReason};
pub use transform::{ByteOp, PixelOp, Step, Transform};
