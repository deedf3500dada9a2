//! HubSpot: its webhooks.

pub(crate) mod webhook;
