#![doc = include_str!("../README.md")]

// Start here.
mod invocation;
mod event;
mod web_event;

// One file for each kind of event.
mod object;
mod head_list;
mod web;

// Their parts.
mod function;
mod presigned;
mod s3_error;
mod writer;
mod reply;
mod whole;
mod deadline;

// Settings and metrics.
mod settings;
mod metrics;

pub use event::{Event, EventError, Object, Output};
pub use invocation::run;
pub use settings::{Settings, SettingsError};
pub use web_event::{Sender, Web};
