#![doc = include_str!("../README.md")]

// Start here: an event comes in.
mod invocation;
mod event;

// One file for each kind of event.
mod object;
mod head_list;
mod web;

// What they are made of.
mod presigned;
mod writer;
mod reply;
mod deadline;
mod function;

// What the operator sets, and sees.
mod metrics;
mod settings;

pub use event::{Event, EventError, Object, Output, Web};
pub use invocation::run;
pub use settings::{Settings, SettingsError};
