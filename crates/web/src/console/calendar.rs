//! `/calendar`: what has a time that lies ahead, by day.

use askama::Template;
use slugline_engine::store::PublishView;

use super::frame::{Frame, Room, Visit};
use super::jobs;
use super::page::{self, Shown};
use super::times::{Moment, day, hour};
use crate::router::Endpoint;

/// Publishes that are shown.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "calendar.html")]
struct Page {
    frame: Frame,
    days: Vec<Day>,
    full: bool,
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
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/calendar", None, calendar)
}

async fn calendar(visit: Visit) -> Shown {
    let frame = visit.frame(Room::Calendar, "Calendar");
    let found = visit.doors.store.upcoming(visit.owner(), SHOWN).await?;
    let full = found.len() == SHOWN;
    let mut days: Vec<Day> = Vec::new();
    for publish in found {
        let at = publish.publish_at.unwrap_or(publish.accepted_at);
        let name = day(at);
        if days.last().is_none_or(|last| last.name != name) {
            days.push(Day {
                name,
                publishes: Vec::new(),
            });
        }
        if let Some(last) = days.last_mut() {
            last.publishes.push(due(publish, at, &frame));
        }
    }
    page::show(&Page { frame, days, full })
}

fn due(publish: PublishView, at: slugline_core::time::Timestamp, frame: &Frame) -> Due {
    Due {
        hour: hour(at),
        at: frame.when(&at),
        content_id: publish.content_id,
        publish_id: publish.publish_id.to_string(),
        action: jobs::action(publish.action),
        environment: publish.environment,
        locale: publish.locale,
        version: publish.version.to_string(),
        destinations: publish
            .jobs
            .into_iter()
            .map(|job| job.destination)
            .collect(),
    }
}
