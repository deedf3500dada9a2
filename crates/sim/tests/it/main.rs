//! The simulation itself: that it repeats, and that seeds that once failed keep every promise.

#![allow(unreachable_pub, reason = "nobody imports a test")]

mod repeats;
mod seeds;
