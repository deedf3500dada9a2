//! What stands between the network and every endpoint.
//!
//! Ensures, file by file: who asks (`role`, `keyring`), from where (`client`), how much (`admission`, `rate`, `body`), and
//! what is said about it (`boundary`, `request_id`, `headers`); and what was asked for (`path`, `query`, `accept`), of whom
//! (`outside`). Knows no endpoint.

pub(crate) mod accept;
pub(crate) mod admission;
pub(crate) mod body;
pub(crate) mod boundary;
pub(crate) mod client;
pub(crate) mod headers;
pub(crate) mod keyring;
pub(crate) mod outside;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod rate;
pub(crate) mod request_id;
pub(crate) mod role;
