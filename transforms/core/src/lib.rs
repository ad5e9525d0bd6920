#![doc = include_str!("../README.md")]

pub mod query;
pub mod transform;
pub mod plan;
pub mod session;
pub mod answer;
pub mod pixels;
pub mod codec;
pub mod frame;
pub mod turn;
pub mod ycc;
pub mod limits;
pub mod error;

pub use answer::Answer;
pub use codec::{Codec, Decode, Decoding, Encode, Header, Streaming};
pub use error::{Error, Kind, Result, Upstream};
pub use frame::{Frame, Geometry, Image, Model, Orientation, Plane, Rect, Samples, Size, Stored, View};
pub use limits::{Limits, Settings};
pub use plan::{Plan, Registry};
pub use query::{Param, ParamKind, Query};
pub use session::{Flow, Head, Session, Sink};
pub use transform::{ByteOp, PixelOp, Step, Transform};
pub use turn::Turn;
