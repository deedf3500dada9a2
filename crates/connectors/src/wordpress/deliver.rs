//! A delivery to WordPress, step by step.
//!
//! Ensures the order that makes a repeated, lost or late request harmless: look (`observe`); media,
//! terms, a draft under our own slug, its id remembered, the real slug, then `publish` by id
//! (`act`); read everything back (`verify`); sweep up what came late (`tidy`).

mod act;
mod attachment;
mod canonical;
mod desired;
mod entry;
mod listing;
mod media;
mod observe;
mod parts;
mod proof;
mod site;
mod terms;
mod tidy;
mod uploads;
mod verify;

pub(super) use act::act;
pub(super) use desired::check;
pub(super) use entry::{Kind, entry_refs};
pub(super) use listing::list;
pub(super) use media::discard as discard_media;
pub(super) use observe::observe;
pub(super) use site::{Site, probe};
pub(super) use tidy::{tidy, undo};
pub(super) use verify::verify;
