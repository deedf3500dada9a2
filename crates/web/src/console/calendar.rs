//! `/calendar`: what has a time of its own that lies ahead, or was given a slot, by day.

use askama::Template;

use super::frame::{Frame, Room, Visit};
use super::jobs;
use super::page::{self, Shown};
use super::times::{Moment, day, hour};
use crate::endpoints::calendar::{self, By, Entry};
use crate::router::Endpoint;

#[derive(Template)]
#[template(path = "calendar.html")]
struct Page {
    frame: Frame,
    days: Vec<Day>,
    more: bool,
}

/// What a day has.
struct Day {
    name: String,
    publishes: Vec<Due>,
}

/// A publish with its time.
struct Due {
    hour: String,
    at: Moment,
    content_id: String,
    publish_id: String,
    action: String,
    environment: String,
    locale: String,
    version: String,
    destinations: Vec<String>,
    /// Whether its destination gave it that time.
    by_slot: bool,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/calendar", None, calendar)
}

async fn calendar(visit: Visit) -> Shown {
    let frame = visit.frame(Room::Calendar, "Calendar");
    let found = calendar::ahead(&*visit.doors.store, visit.owner()).await?;
    let mut days: Vec<Day> = Vec::new();
    for entry in found.items {
        let name = day(entry.at);
        if days.last().is_none_or(|last| last.name != name) {
            days.push(Day {
                name,
                publishes: Vec::new(),
            });
        }
        if let Some(last) = days.last_mut() {
            last.publishes.push(due(entry, &frame));
        }
    }
    page::show(&Page {
        frame,
        days,
        more: found.more,
    })
}

fn due(entry: Entry, frame: &Frame) -> Due {
    Due {
        hour: hour(entry.at),
        at: frame.when(&entry.at),
        content_id: entry.content_id,
        publish_id: entry.publish_id.to_string(),
        action: jobs::action(entry.action),
        environment: entry.environment,
        locale: entry.locale,
        version: entry.version.to_string(),
        destinations: entry.destinations,
        by_slot: entry.by == By::Slot,
    }
}
