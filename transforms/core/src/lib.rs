#![doc = include_str!("../README.md")]

pub mod answer;
pub mod codec;
pub mod error;
pub mod frame;
pub mod limits;
pub mod pixels;
pub mod plan;
pub mod query;
pub mod session;
pub mod transform;

pub use answer::Answer;
pub use codec::{Codec, Encode, Header};
pub use error::{Error, Kind, Result};
pub use frame::{Frame, Plane, Rect, Size, View};
pub use limits::{Limits, Settings};
pub use plan::{Plan, Registry};
pub use query::{Param, ParamKind, Query};
pub use session::{Flow, Head, Session, Sink};
pub use transform::{ByteOp, PixelOp, Step, Transform};
