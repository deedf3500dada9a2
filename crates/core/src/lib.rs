//! The rules of Slugline: values in, values out.
//!
//! Ensures that every decision (intake, order, retry, what to do at a destination) is a pure
//! function whose time and random numbers are arguments, so that it can be tested and simulated.
//! Does not do I/O, does not read a clock, does not await; the traits that cross rooms are
//! declared here because `connectors` and `engine` must not know each other.

pub mod answer;
pub mod backoff;
pub mod budget;
pub mod canonical;
pub mod connector;
pub mod contract;
pub mod credential;
pub mod decide;
pub mod dependency;
pub mod drift;
pub mod event;
pub mod exchange;
pub mod failure;
pub mod http;
pub mod ids;
pub mod intake;
pub mod item;
pub mod key;
pub mod lane;
pub mod lifecycle;
pub mod markdown;
pub mod media;
pub mod operator;
pub mod pace;
pub mod pause;
pub mod payload;
pub mod port;
pub mod pressure;
pub mod problem;
pub mod reason;
pub mod remedy;
pub mod request;
pub mod route;
pub mod secret;
pub mod slug;
pub mod source;
pub mod time;
pub mod version;
pub mod webhook;
