//! The binary as a user drives it: command line in, output and exit code out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod check;
mod content;
mod control;
mod harness;
mod hooks;
mod init;
mod moving;
mod nodes;
mod operator;
mod publish;
mod reconcile;
mod reloading;
mod replay;
mod stopping;
mod stub;
mod tls;
mod token;
mod verify_webhook;
mod webhooks;
